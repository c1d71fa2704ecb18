/* test-run-page.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Real audits of the bundled model, in the window. */

#include "config.h"

#include "app-watchdog.h"
#include "report/refract-report-page.h"
#include "run-fixture.h"

static gboolean
is_in_library (RefractRunItem *item)
{
  RefractSummary *summary = g_ptr_array_index (refract_run_item_get_summaries (item), 0);

  return refract_library_lookup (refract_application_get_library (app_fixture),
                                 refract_summary_get_id (summary))
         == summary;
}

/* The rate is of what is read and decoded: a prompt of the thirty has more tokens than the eight of
 * its answer. */
static void
assert_counts_prompts (RefractRunItem *item)
{
  g_autoptr (GPtrArray) stages = refract_progress_dup_stages (refract_run_item_get_progress (item));
  guint n = 0;

  for (guint i = 0; i < stages->len; i++)
    {
      const RefractStage *stage = g_ptr_array_index (stages, i);

      if (!g_str_equal (stage->step, "trajectory"))
        continue;
      g_assert_cmpuint (stage->tokens, >, 2 * 30 * 8);
      g_assert_cmpuint (stage->tokens, <, stage->done);
      n++;
    }
  g_assert_cmpuint (n, >=, 2);
}

static void
test_to_the_end (void)
{
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (RefractRunItem) item = run_fixture_add ("ctk=q8_0,ctv=q8_0", 8);
  AdwNavigationPage *page;
  RefractSummary *summary;
  AppWatchdog watchdog;

  app_watchdog_start (&watchdog);
  refract_window_show_run (window, item);
  g_assert_true (REFRACT_IS_RUN_PAGE (refract_window_get_page (window)));
  g_assert_cmpint (refract_run_item_get_state (item), ==, REFRACT_RUN_RUNNING);
  g_assert_true (refract_audit_queue_get_busy (run_fixture_queue ()));
  run_fixture_wait_fraction (item, 0.3);
  g_assert_true (run_fixture_shows (GTK_WIDGET (window), "Trajectory"));
  run_fixture_wait_state (item, REFRACT_RUN_FINISHED);
  app_watchdog_stop (&watchdog);

  assert_counts_prompts (item);
  g_assert_cmpuint (refract_run_item_get_summaries (item)->len, ==, 1);
  g_assert_true (is_in_library (item));
  page = refract_window_get_page (window);
  g_assert_true (REFRACT_IS_REPORT_PAGE (page));
  summary = g_ptr_array_index (refract_run_item_get_summaries (item), 0);
  g_assert_cmpstr (refract_report_page_get_summary_id (REFRACT_REPORT_PAGE (page)), ==,
                   refract_summary_get_id (summary));
  g_assert_cmpuint (run_fixture_count (), ==, 0);
  g_assert_false (refract_audit_queue_get_busy (run_fixture_queue ()));
  run_fixture_assert_no_engine ();
  app_fixture_close_window (window);
}

static void
test_stop_and_resume (void)
{
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (RefractRunItem) whole = run_fixture_add ("ctk=q4_0,ctv=q4_0", 24);
  g_autoptr (RefractRunItem) item = NULL;
  g_autofree char *expected = NULL;
  g_autofree char *resumed = NULL;

  run_fixture_wait_state (whole, REFRACT_RUN_FINISHED);
  expected = run_fixture_report_text (whole);

  item = run_fixture_add ("ctk=q4_0,ctv=q4_0", 24);
  refract_window_show_run (window, item);
  run_fixture_wait_fraction (item, 0.3);
  run_fixture_press (window, "run.stop");
  g_assert_true (refract_run_item_get_stopping (item));
  run_fixture_wait_state (item, REFRACT_RUN_STOPPED);
  run_fixture_assert_no_engine ();
  g_assert_cmpuint (run_fixture_count (), ==, 1);
  g_assert_true (refract_run_item_has_measured (item));
  g_assert_nonnull (refract_run_item_get_journal_id (item));

  run_fixture_press (window, "run.resume");
  run_fixture_wait_state (item, REFRACT_RUN_FINISHED);
  g_assert_cmpuint (run_fixture_count (), ==, 0);
  resumed = run_fixture_report_text (item);
  g_assert_cmpstr (resumed, ==, expected);
  app_fixture_close_window (window);
}

static void
test_one_at_a_time (void)
{
  g_autoptr (RefractRunItem) first = run_fixture_add ("ctk=q8_0,ctv=q8_0", 8);
  g_autoptr (RefractRunItem) second = run_fixture_add ("ctk=q4_0,ctv=q4_0", 8);
  g_autoptr (RefractRunItem) third = run_fixture_add ("ctk=q8_0,ctv=q4_0", 8);
  g_autoptr (RefractRunItem) at_one = NULL;
  RefractWindow *window = app_fixture_open_window ();
  RefractSidebar *sidebar = refract_window_get_sidebar (window);

  while (g_list_model_get_n_items (refract_sidebar_get_model (sidebar)) < 3)
    g_main_context_iteration (NULL, TRUE);
  g_assert_cmpint (refract_run_item_get_state (first), ==, REFRACT_RUN_RUNNING);
  g_assert_cmpint (refract_run_item_get_state (second), ==, REFRACT_RUN_WAITING);
  g_assert_cmpuint (refract_audit_queue_get_n_waiting (run_fixture_queue ()), ==, 2);

  refract_audit_queue_move (run_fixture_queue (), third, 1);
  at_one = g_list_model_get_item (G_LIST_MODEL (run_fixture_queue ()), 1);
  g_assert_true (at_one == third);
  g_clear_object (&at_one);

  /* as the sidebar does */
  refract_sidebar_select (sidebar, G_OBJECT (third));
  gtk_widget_activate_action (GTK_WIDGET (sidebar), "library.earlier", NULL); /* is the first */
  gtk_widget_activate_action (GTK_WIDGET (sidebar), "library.later", NULL);
  at_one = g_list_model_get_item (G_LIST_MODEL (run_fixture_queue ()), 1);
  g_assert_true (at_one == second);
  g_assert_true (refract_sidebar_get_selected (sidebar) == G_OBJECT (third));
  gtk_widget_activate_action (GTK_WIDGET (sidebar), "library.earlier", NULL);
  g_clear_object (&at_one);
  at_one = g_list_model_get_item (G_LIST_MODEL (run_fixture_queue ()), 1);
  g_assert_true (at_one == third);
  refract_sidebar_select (sidebar, G_OBJECT (first));
  gtk_widget_activate_action (GTK_WIDGET (sidebar), "library.later", NULL); /* it runs */
  g_clear_object (&at_one);
  at_one = g_list_model_get_item (G_LIST_MODEL (run_fixture_queue ()), 1);
  g_assert_true (at_one == third);
  app_fixture_close_window (window);

  refract_audit_queue_stop (run_fixture_queue (), third);
  g_assert_cmpuint (run_fixture_count (), ==, 2);

  run_fixture_wait_state (first, REFRACT_RUN_FINISHED);
  g_assert_cmpint (refract_run_item_get_state (second), ==, REFRACT_RUN_RUNNING);
  run_fixture_wait_state (second, REFRACT_RUN_FINISHED);
  g_assert_cmpint (refract_run_item_get_state (third), ==, REFRACT_RUN_STOPPED);
}

static gboolean
has_alert (gpointer window)
{
  return ADW_IS_ALERT_DIALOG (adw_application_window_get_visible_dialog (window));
}

static gboolean
has_no_dialog (gpointer window)
{
  return adw_application_window_get_visible_dialog (window) == NULL;
}

static void
respond (RefractWindow *window, const char *response)
{
  AdwDialog *dialog = adw_application_window_get_visible_dialog (ADW_APPLICATION_WINDOW (window));

  g_signal_emit_by_name (dialog, "response::cancel", response);
}

static void
test_close_asks (void)
{
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (RefractRunItem) item = run_fixture_add ("ctk=q8_0,ctv=q8_0", 64);
  gpointer watched = window;

  g_object_add_weak_pointer (G_OBJECT (window), &watched);
  run_fixture_wait_fraction (item, 0.1);
  gtk_window_close (GTK_WINDOW (window));
  app_fixture_wait (has_alert, window, 10);
  g_assert_true (run_fixture_shows (GTK_WIDGET (window), "model"));
  adw_dialog_close (adw_application_window_get_visible_dialog (ADW_APPLICATION_WINDOW (window)));
  app_fixture_wait (has_no_dialog, window, 10);
  g_assert_nonnull (watched);
  g_assert_cmpint (refract_run_item_get_state (item), ==, REFRACT_RUN_RUNNING);

  gtk_window_close (GTK_WINDOW (window));
  app_fixture_wait (has_alert, window, 10);
  respond (window, "stop");
  run_fixture_wait_state (item, REFRACT_RUN_STOPPED);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (watched);
  run_fixture_assert_no_engine ();
}

static void
test_close_keeps_running (void)
{
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (RefractRunItem) item = run_fixture_add ("ctk=q8_0,ctv=q8_0", 8);
  gpointer watched = window;

  g_object_add_weak_pointer (G_OBJECT (window), &watched);
  refract_window_show_run (window, item);
  g_action_group_activate_action (G_ACTION_GROUP (app_fixture), "quit", NULL);
  app_fixture_wait (has_alert, window, 10);
  respond (window, "background");
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (watched);
  run_fixture_wait_state (item, REFRACT_RUN_FINISHED);
}

/* Without a question; all four axes, so that every kind of report is built beside the main loop. */
static void
test_demo (void)
{
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (RefractRunItem) item = NULL;
  AppWatchdog watchdog;

  app_watchdog_start (&watchdog);
  gtk_widget_activate_action (GTK_WIDGET (window), "win.try-demo", NULL);
  item = g_object_ref (refract_audit_queue_get_running (run_fixture_queue ()));
  /* The second time shows the same one. */
  gtk_widget_activate_action (GTK_WIDGET (window), "win.try-demo", NULL);
  g_assert_cmpuint (run_fixture_count (), ==, 1);
  run_fixture_wait_state (item, REFRACT_RUN_FINISHED);
  app_watchdog_stop (&watchdog);
  g_test_message ("the demo took %.1f s", refract_run_item_get_elapsed (item));
  g_assert_cmpuint (refract_run_item_get_summaries (item)->len, ==, 3);
  app_fixture_close_window (window);
}

int
main (int argc, char **argv)
{
  g_autofree char *engine = g_find_program_in_path ("llama-server");

  app_fixture_init (&argc, &argv);
  if (engine == NULL)
    {
      g_print ("1..0 # SKIP no llama-server here\n");
      return 0;
    }
  g_test_add_func ("/run-page/to-the-end", test_to_the_end);
  g_test_add_func ("/run-page/stop-and-resume", test_stop_and_resume);
  g_test_add_func ("/run-page/one-at-a-time", test_one_at_a_time);
  g_test_add_func ("/run-page/close-asks", test_close_asks);
  g_test_add_func ("/run-page/close-keeps-running", test_close_keeps_running);
  if (g_test_slow ())
    g_test_add_func ("/run-page/demo", test_demo);
  return app_fixture_run ();
}
