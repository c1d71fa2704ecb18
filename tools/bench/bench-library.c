/* bench-library.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* The application's window over the library in $XDG_DATA_HOME, from the start of the program.
 * Prints one line of JSON; milliseconds on the wall but where it says otherwise.
 *
 * Usage: bench-library frame|list: until the first frame only, or until everything is listed and
 * its index written, and then key by key through a search. */

#include "config.h"

#include <string.h>

#include "app-watchdog.h"
#include "bench-frame.h"
#include "refract-application.h"
#include "refract-window.h"

static RefractWindow *window;
static guint n_frames;
static double first_frame;
static double list_shown; /* a frame with rows */

static GListModel *
get_model (void)
{
  return refract_sidebar_get_model (refract_window_get_sidebar (window));
}

static gpointer
get_child (const char *name)
{
  return gtk_widget_get_template_child (GTK_WIDGET (refract_window_get_sidebar (window)),
                                        REFRACT_TYPE_SIDEBAR, name);
}

static void
painted_cb (GtkWidget *widget)
{
  if (n_frames++ == 0)
    first_frame = bench_frame_since_start ();
  if (list_shown == 0 && gtk_widget_get_mapped (get_child ("list_view"))
      && gtk_widget_get_first_child (get_child ("list_view")) != NULL)
    list_shown = bench_frame_since_start ();
}

static gboolean
rested_cb (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* Until all that a change set off is done, idle work included, and a frame shows it. */
static void
settle (void)
{
  gboolean rested = FALSE;
  guint n;

  g_idle_add_full (G_PRIORITY_LOW + 100, rested_cb, &rested, NULL);
  while (!rested)
    g_main_context_iteration (NULL, TRUE);
  n = n_frames;
  gtk_widget_queue_draw (get_child ("list_view"));
  gtk_widget_queue_draw (GTK_WIDGET (window));
  while (n_frames == n)
    g_main_context_iteration (NULL, TRUE);
}

/* Each prefix of @text, and back. */
static void
type (const char *text)
{
  g_autoptr (GString) keys = g_string_new (NULL);

  for (guint i = 1; i < 2 * strlen (text); i++)
    {
      g_autofree char *typed = g_strndup (text, i <= strlen (text) ? i : 2 * strlen (text) - 1 - i);
      gint64 start = g_get_monotonic_time ();
      gint64 start_cpu = app_watchdog_now ();

      gtk_editable_set_text (get_child ("search_entry"), typed);
      settle ();
      g_string_append_printf (keys, "%s{\"ms\": %.1f, \"cpu_ms\": %.1f, \"listed\": %u}",
                              i > 1 ? ", " : "", (g_get_monotonic_time () - start) / 1000.0,
                              (app_watchdog_now () - start_cpu) / 1000.0,
                              g_list_model_get_n_items (get_model ()));
    }
  g_print (", \"keys\": [%s]", keys->str);
}

static long
get_memory (const char *key)
{
  g_autofree char *text = NULL;
  const char *found;

  if (!g_file_get_contents ("/proc/self/status", &text, NULL, NULL))
    return 0;
  found = strstr (text, key);
  return found != NULL ? strtol (found + strlen (key), NULL, 10) : 0;
}

static void
bench_list (void)
{
  RefractLibrary *library = refract_application_get_library (refract_application_get_default ());
  g_autofree char *index
      = g_build_filename (refract_library_get_folder (library), ".index.jsonl", NULL);
  AppWatchdog watchdog = { 0 };
  gint64 loading;
  double listed;

  app_watchdog_start (&watchdog);
  while (refract_library_is_loading (library))
    g_main_context_iteration (NULL, TRUE);
  listed = bench_frame_since_start ();
  while (!g_file_test (index, G_FILE_TEST_EXISTS))
    g_main_context_iteration (NULL, TRUE);
  settle ();
  loading = app_watchdog_end (&watchdog);
  g_print (
      ", \"list_shown_ms\": %.1f, \"all_listed_ms\": %.1f, \"n\": %u, \"loading_cpu_ms\": %.1f",
      list_shown, listed, g_list_model_get_n_items (get_model ()), loading / 1000.0);

  app_watchdog_start (&watchdog);
  type ("q8_0 v q4_0");
  g_print (", \"typing_cpu_ms\": %.1f, \"rss_kb\": %ld, \"peak_kb\": %ld",
           app_watchdog_end (&watchdog) / 1000.0, get_memory ("VmRSS:"), get_memory ("VmHWM:"));
}

int
main (int argc, char **argv)
{
  g_autoptr (RefractApplication) application = NULL;

  adw_init ();
  application = refract_application_new ();
  g_application_set_flags (G_APPLICATION (application),
                           g_application_get_flags (G_APPLICATION (application))
                               | G_APPLICATION_NON_UNIQUE);
  g_application_set_default (G_APPLICATION (application));
  if (!g_application_register (G_APPLICATION (application), NULL, NULL))
    return 1;
  window = refract_window_new (application);
  bench_frame_watch (GTK_WIDGET (window), painted_cb);
  gtk_window_present (GTK_WINDOW (window));
  while (n_frames == 0)
    g_main_context_iteration (NULL, TRUE);
  g_print ("{\"first_frame_ms\": %.1f", first_frame);
  if (argc > 1 && g_str_equal (argv[1], "list"))
    bench_list ();
  g_print ("}\n");
  gtk_window_destroy (GTK_WINDOW (window));
  return 0;
}
