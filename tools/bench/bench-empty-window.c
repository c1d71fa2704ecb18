/* bench-empty-window.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Prints the milliseconds until the first frame of a libadwaita window with nothing in it but a
 * header bar: what no application can be faster than. */

#include "bench-frame.h"

static void
painted_cb (GtkWidget *window)
{
  g_print ("{\"first_frame_ms\": %.1f}\n", bench_frame_since_start ());
  gtk_window_close (GTK_WINDOW (window));
}

static void
activate_cb (GtkApplication *application)
{
  GtkWidget *window = adw_application_window_new (application);
  GtkWidget *view = adw_toolbar_view_new ();

  adw_toolbar_view_add_top_bar (ADW_TOOLBAR_VIEW (view), adw_header_bar_new ());
  adw_application_window_set_content (ADW_APPLICATION_WINDOW (window), view);
  gtk_window_set_title (GTK_WINDOW (window), "Empty");
  gtk_window_set_default_size (GTK_WINDOW (window), 1100, 760);
  bench_frame_watch (window, painted_cb);
  gtk_window_present (GTK_WINDOW (window));
}

int
main (int argc, char **argv)
{
  g_autoptr (AdwApplication) application
      = adw_application_new ("io.github.refract_desktop.Empty", G_APPLICATION_NON_UNIQUE);

  g_signal_connect (application, "activate", G_CALLBACK (activate_cb), NULL);
  return g_application_run (G_APPLICATION (application), argc, argv);
}
