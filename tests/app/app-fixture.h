/* app-fixture.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* The application in the test's own process: started once, driven by iterating the main context. */

#pragma once

#include <adwaita.h>

#include "refract-application.h"
#include "refract-window.h"

static RefractApplication *app_fixture;

/* GTK 4.24's own, under X11, now and then when a surface opens; every other warning is fatal. */
static inline GLogWriterOutput
app_fixture_log (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  for (gsize i = 0; i < n_fields; i++)
    if (g_str_equal (fields[i].key, "MESSAGE") && fields[i].length < 0
        && g_str_has_prefix (fields[i].value, "gdk_frame_timings_submitted() called on submitted"))
      return G_LOG_WRITER_HANDLED;
  return g_log_writer_default (level, fields, n_fields, data);
}

static inline void
app_fixture_init (int *argc, char ***argv)
{
  g_log_set_writer_func (app_fixture_log, NULL, NULL);
  /* Not gtk_test_init (): it wants a locale that need not be there. */
  g_test_init (argc, argv, NULL);
  adw_init ();
}

static inline int
app_fixture_run (void)
{
  int status;

  app_fixture = refract_application_new ();
  g_application_set_flags (G_APPLICATION (app_fixture),
                           g_application_get_flags (G_APPLICATION (app_fixture))
                               | G_APPLICATION_NON_UNIQUE);
  g_assert_true (g_application_register (G_APPLICATION (app_fixture), NULL, NULL));
  g_application_set_default (G_APPLICATION (app_fixture));
  status = g_test_run ();
  g_clear_object (&app_fixture);
  return status;
}

/* Iterates until @done says so; fails after @seconds, or ten times as many under valgrind. */
static inline void
app_fixture_wait (gboolean (*done) (gpointer), gpointer data, guint seconds)
{
  guint slower = g_getenv ("REFRACT_TEST_SLOW") != NULL ? 10 : 1;
  gint64 deadline = g_get_monotonic_time () + seconds * slower * G_USEC_PER_SEC;

  while (!done (data))
    {
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
      if (!g_main_context_iteration (NULL, FALSE))
        g_usleep (1000);
    }
}

static inline gboolean
app_fixture_is_mapped (gpointer widget)
{
  return gtk_widget_get_mapped (widget);
}

static inline RefractWindow *
app_fixture_open_window (void)
{
  RefractWindow *window = refract_window_new (app_fixture);

  gtk_window_present (GTK_WINDOW (window));
  app_fixture_wait (app_fixture_is_mapped, window, 10);
  gtk_test_widget_wait_for_draw (GTK_WIDGET (window));
  return window;
}

static inline void
app_fixture_close_window (RefractWindow *window)
{
  gtk_window_destroy (GTK_WINDOW (window));
  while (g_main_context_iteration (NULL, FALSE))
    ;
}
