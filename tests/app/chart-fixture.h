/* chart-fixture.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* A chart in a window of its own, with the report that it shows. */

#pragma once

#include "../data-fixture.h"
#include "app-fixture.h"

static inline GtkWindow *
present_chart (GtkWidget *widget)
{
  GtkWidget *window = adw_window_new ();

  gtk_widget_set_valign (widget, GTK_ALIGN_START);
  adw_window_set_content (ADW_WINDOW (window), widget);
  gtk_window_set_default_size (GTK_WINDOW (window), 420, 500);
  gtk_window_present (GTK_WINDOW (window));
  app_fixture_wait (app_fixture_is_mapped, window, 10);
  gtk_test_widget_wait_for_draw (window);
  return GTK_WINDOW (window);
}
