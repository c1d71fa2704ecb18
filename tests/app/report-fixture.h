/* report-fixture.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Reports to be shown, and the page that shows them. */

#pragma once

#include <string.h>

#include "../data-fixture.h"
#include "app-fixture.h"
#include "app-shot.h"
#include "app-watchdog.h"
#include "core/refract-json.h"
#include "report/refract-raw-dialog.h"
#include "report/refract-report-list.h"
#include "report/refract-report-page.h"
#include "report/refract-report-private.h"
#include "report/refract-report-row.h"
#include "widget-fixture.h"

static const char *const section_names[]
    = { "overview", "trajectory", "kld", "rniah", "plad", "details" };

static inline RefractReport *
load_full (void)
{
  return load_report ("full-demo-q4_0.refract.json");
}

static inline RefractReport *
load_legacy (void)
{
  return load_report ("legacy-v0.3.1-gemma26b.json");
}

/* (transfer full): the full report, to be changed */
static inline JsonObject *
parse_full (void)
{
  g_autoptr (RefractReport) full = load_full ();
  g_autofree char *text = refract_json_to_text (refract_report_get_root (full), FALSE);
  g_autoptr (GError) error = NULL;
  JsonObject *root = refract_json_parse_object (text, strlen (text), &error);

  g_assert_no_error (error);
  return root;
}

/* KLD as an engine gives it that tells its most likely tokens only. */
static inline RefractReport *
load_bound (void)
{
  RefractReport *report = load_full ();
  JsonObject *kld = refract_report_get_axis_extension (report, REFRACT_AXIS_KLD);

  json_object_set_boolean_member (kld, "lower_bound", TRUE);
  json_object_set_int_member (kld, "top_k", 64);
  json_object_set_double_member (kld, "mean_tail", 0.1235);
  json_object_set_string_member (kld, "precision", "32-bit log-probabilities");
  json_object_set_string_member (kld, "phase", "prefill");
  json_object_set_boolean_member (kld, "probe_verified", FALSE);
  return report;
}

#define assert_text(widget, text) g_assert_nonnull (widget_find (widget, widget_has_text, text))
/* A window that shows the page of @report (transfer full). */
static inline RefractWindow *
open_report (RefractReport *report, RefractReportPage **page)
{
  RefractWindow *window = app_fixture_open_window ();
  AppWatchdog watchdog = { 0 };

  app_watchdog_start (&watchdog);
  *page = refract_report_page_new (report);
  refract_window_set_page (window, ADW_NAVIGATION_PAGE (*page));
  app_fixture_wait (app_fixture_is_mapped, *page, 10);
  app_shot_settle (GTK_WIDGET (window));
  app_watchdog_stop (&watchdog);
  g_object_unref (report);
  return window;
}

static inline AdwDialog *
get_dialog (RefractWindow *window)
{
  return adw_application_window_get_visible_dialog (ADW_APPLICATION_WINDOW (window));
}

static inline gboolean
has_no_dialog (gpointer window)
{
  return get_dialog (window) == NULL;
}

/* Activates the first row of the section's list, which opens a dialog. */
static inline AdwDialog *
open_first_row (RefractWindow *window, RefractReportPage *page, const char *section)
{
  GtkWidget *list, *row;

  refract_report_page_show_section (page, section);
  app_shot_settle (GTK_WIDGET (window));
  list = widget_find (page, widget_has_type, GSIZE_TO_POINTER ((gsize) REFRACT_TYPE_REPORT_LIST));
  while (list != NULL && !gtk_widget_get_mapped (list))
    list = NULL;
  /* Hidden sections stay in the tree: the list that is meant is in the visible one. */
  if (list == NULL)
    {
      AdwViewStack *stack = ADW_VIEW_STACK (widget_find_type (page, ADW_TYPE_VIEW_STACK));

      list = widget_find_type (adw_view_stack_get_visible_child (stack), REFRACT_TYPE_REPORT_LIST);
    }
  g_assert_nonnull (list);
  row = widget_find_type (list, REFRACT_TYPE_REPORT_ROW);
  g_assert_nonnull (row);
  gtk_widget_activate (row);
  gtk_test_widget_wait_for_draw (GTK_WIDGET (window));
  g_assert_nonnull (get_dialog (window));
  return get_dialog (window);
}

static inline void
close_dialog (RefractWindow *window)
{
  adw_dialog_force_close (get_dialog (window));
  app_fixture_wait (has_no_dialog, window, 10);
}

/* With --verbose it says how long the main loop stood still: the watchdog's ticks keep what waits
 * for quiet waiting. */
static inline void
visit_sections (RefractWindow *window, RefractReportPage *page)
{
  for (guint i = 0; i < G_N_ELEMENTS (section_names); i++)
    {
      AppWatchdog watchdog = { 0 };

      if (g_test_verbose ())
        app_watchdog_start (&watchdog);
      refract_report_page_show_section (page, section_names[i]);
      app_shot_settle (GTK_WIDGET (window));
      if (g_test_verbose ())
        g_test_message ("%s: longest turn of the main loop %.1f ms", section_names[i],
                        app_watchdog_end (&watchdog) / 1000.0);
    }
}
