/* test-run-page.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Real audits of the bundled model, in the window. */

#include "config.h"

#include <signal.h>
#include <string.h>

#include <glib/gstdio.h>

#include "app-fixture.h"
#include "app-watchdog.h"
#include "core/refract-data.h"
#include "core/refract-json.h"
#include "report/refract-report.h"
#include "run/refract-audit-queue.h"
#include "run/refract-run-page.h"
#include "run/refract-window-runs.h"

#define RUN_SECONDS 120

typedef struct
{
  RefractRunItem *item;
  RefractRunState state;
  double fraction;
} Wanted;

static gboolean
is_in_state (gpointer data)
{
  const Wanted *wanted = data;

  return refract_run_item_get_state (wanted->item) == wanted->state;
}

static gboolean
is_at_fraction (gpointer data)
{
  const Wanted *wanted = data;

  g_assert_cmpint (refract_run_item_get_state (wanted->item), ==, REFRACT_RUN_RUNNING);
  return refract_run_item_get_fraction (wanted->item) >= wanted->fraction;
}

static void
wait_state (RefractRunItem *item, RefractRunState state)
{
  Wanted wanted = { item, state, 0 };

  app_fixture_wait (is_in_state, &wanted, RUN_SECONDS);
}

static void
wait_fraction (RefractRunItem *item, double fraction)
{
  Wanted wanted = { item, REFRACT_RUN_RUNNING, fraction };

  app_fixture_wait (is_at_fraction, &wanted, RUN_SECONDS);
}

static RefractPlan *
small_plan (const char *candidate, gint64 n_predict)
{
  const char *const candidates[] = { candidate, NULL };
  g_autofree char *model = refract_data_dup_path ("demo/model.gguf");
  g_autofree char *corpus = refract_data_dup_path ("demo/corpus.txt");
  RefractPlan *plan = refract_plan_new ();

  g_object_set (plan, "model", model, "corpus", corpus, "candidates", candidates, "axes",
                "trajectory,kld", "n-predict", n_predict, "chunks", G_GINT64_CONSTANT (4), NULL);
  return plan;
}

static RefractAuditQueue *
get_queue (void)
{
  return refract_application_get_queue (app_fixture);
}

static RefractRunItem *
add (const char *candidate, gint64 n_predict)
{
  g_autoptr (RefractPlan) plan = small_plan (candidate, n_predict);

  return g_object_ref (refract_audit_queue_add (get_queue (), plan, TRUE));
}

static guint
count_items (void)
{
  return g_list_model_get_n_items (G_LIST_MODEL (get_queue ()));
}

/* What says when, how fast and how wide a run was; see docs/report-schema.md. */
static JsonNode *
without_times (JsonNode *node)
{
  static const char *const varying[]
      = { "timestamp", "run_id",      "wall_seconds", "performance",   "reference_performance",
          "slots",     "prefill_tps", "decode_tps",   "repro_command", NULL };
  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      g_autoptr (JsonObject) object = json_object_new ();
      JsonObjectIter iter;
      const char *name;
      JsonNode *member;

      json_object_iter_init_ordered (&iter, json_node_get_object (node));
      while (json_object_iter_next_ordered (&iter, &name, &member))
        if (!g_strv_contains (varying, name))
          json_object_set_member (object, name, without_times (member));
      return json_node_init_object (json_node_alloc (), object);
    }
  if (JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *from = json_node_get_array (node);
      g_autoptr (JsonArray) array = json_array_new ();

      for (guint i = 0; i < json_array_get_length (from); i++)
        json_array_add_element (array, without_times (json_array_get_element (from, i)));
      return json_node_init_array (json_node_alloc (), array);
    }
  return json_node_copy (node);
}

/* The one report of a finished run, without what may differ between two runs of a plan. */
static char *
report_text (RefractRunItem *item)
{
  GPtrArray *summaries = refract_run_item_get_summaries (item);
  g_autoptr (RefractReport) report = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonNode) node = json_node_alloc ();
  g_autoptr (JsonNode) bare = NULL;

  g_assert_nonnull (summaries);
  g_assert_cmpuint (summaries->len, ==, 1);
  report
      = refract_report_load (refract_summary_get_path (g_ptr_array_index (summaries, 0)), &error);
  g_assert_no_error (error);
  json_node_init_object (node, refract_report_get_root (report));
  bare = without_times (node);
  return json_to_string (bare, FALSE);
}

/* (nullable): the first descendant of @of_type in the tree that is visible */
static GtkWidget *
find_visible (GtkWidget *widget, const char *action)
{
  if (!gtk_widget_get_mapped (widget))
    return NULL;
  if (GTK_IS_BUTTON (widget)
      && g_strcmp0 (gtk_actionable_get_action_name (GTK_ACTIONABLE (widget)), action) == 0)
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = find_visible (child, action);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static gboolean
shows_text (GtkWidget *widget, const char *text)
{
  if (!gtk_widget_get_mapped (widget))
    return FALSE;
  if (GTK_IS_LABEL (widget) && strstr (gtk_label_get_text (GTK_LABEL (widget)), text) != NULL)
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (shows_text (child, text))
      return TRUE;
  return FALSE;
}

static void
press (RefractWindow *window, const char *action)
{
  GtkWidget *button = find_visible (GTK_WIDGET (window), action);

  g_assert_nonnull (button);
  g_assert_true (gtk_widget_is_sensitive (button));
  g_signal_emit_by_name (button, "clicked");
}

/* Ids of living descendants of this process that run @program. */
static GArray *
find_engines (const char *program)
{
  g_autoptr (GArray) ours = g_array_new (FALSE, FALSE, sizeof (int));
  GArray *found = g_array_new (FALSE, FALSE, sizeof (int));
  int self = getpid ();

  g_array_append_val (ours, self);
  for (guint known = 0; known != ours->len;)
    {
      g_autoptr (GDir) dir = g_dir_open ("/proc", 0, NULL);
      const char *name;

      known = ours->len;
      while ((name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *path = g_build_filename ("/proc", name, "stat", NULL);
          g_autofree char *text = NULL;
          int pid = atoi (name), parent = 0;
          char state = 'Z';
          gboolean is_ours = FALSE, is_known = FALSE;

          if (pid == 0 || !g_file_get_contents (path, &text, NULL, NULL)
              || sscanf (strrchr (text, ')') + 2, "%c %d", &state, &parent) != 2 || state == 'Z')
            continue;
          for (guint i = 0; i < ours->len; i++)
            {
              is_ours |= g_array_index (ours, int, i) == parent;
              is_known |= g_array_index (ours, int, i) == pid;
            }
          if (!is_ours || is_known)
            continue;
          g_array_append_val (ours, pid);
          if (strstr (text, program) != NULL)
            g_array_append_val (found, pid);
        }
    }
  return found;
}

static void
assert_no_engine (void)
{
  g_autoptr (GArray) found = find_engines ("(llama");

  g_assert_cmpuint (found->len, ==, 0);
}

static gboolean
is_in_library (RefractRunItem *item)
{
  RefractSummary *summary = g_ptr_array_index (refract_run_item_get_summaries (item), 0);

  return refract_library_lookup (refract_application_get_library (app_fixture),
                                 refract_summary_get_id (summary))
         == summary;
}

static void
test_to_the_end (void)
{
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (RefractRunItem) item = add ("ctk=q8_0,ctv=q8_0", 8);
  AppWatchdog watchdog;

  app_watchdog_start (&watchdog);
  refract_window_show_run (window, item);
  g_assert_true (REFRACT_IS_RUN_PAGE (refract_window_get_page (window)));
  g_assert_cmpint (refract_run_item_get_state (item), ==, REFRACT_RUN_RUNNING);
  g_assert_true (refract_audit_queue_get_busy (get_queue ()));
  wait_fraction (item, 0.3);
  g_assert_true (shows_text (GTK_WIDGET (window), "Trajectory"));
  wait_state (item, REFRACT_RUN_FINISHED);
  app_watchdog_stop (&watchdog);

  g_assert_cmpuint (refract_run_item_get_summaries (item)->len, ==, 1);
  g_assert_true (is_in_library (item));
  g_assert_cmpuint (count_items (), ==, 0);
  g_assert_false (refract_audit_queue_get_busy (get_queue ()));
  assert_no_engine ();
  app_fixture_close_window (window);
}

static void
test_stop_and_resume (void)
{
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (RefractRunItem) whole = add ("ctk=q4_0,ctv=q4_0", 24);
  g_autoptr (RefractRunItem) item = NULL;
  g_autofree char *expected = NULL;
  g_autofree char *resumed = NULL;

  wait_state (whole, REFRACT_RUN_FINISHED);
  expected = report_text (whole);

  item = add ("ctk=q4_0,ctv=q4_0", 24);
  refract_window_show_run (window, item);
  wait_fraction (item, 0.3);
  press (window, "run.stop");
  g_assert_true (refract_run_item_get_stopping (item));
  wait_state (item, REFRACT_RUN_STOPPED);
  assert_no_engine ();
  g_assert_cmpuint (count_items (), ==, 1);
  g_assert_true (refract_run_item_has_measured (item));
  g_assert_nonnull (refract_run_item_get_journal_id (item));

  press (window, "run.resume");
  wait_state (item, REFRACT_RUN_FINISHED);
  g_assert_cmpuint (count_items (), ==, 0);
  resumed = report_text (item);
  g_assert_cmpstr (resumed, ==, expected);
  app_fixture_close_window (window);
}

static void
test_one_at_a_time (void)
{
  g_autoptr (RefractRunItem) first = add ("ctk=q8_0,ctv=q8_0", 8);
  g_autoptr (RefractRunItem) second = add ("ctk=q4_0,ctv=q4_0", 8);
  g_autoptr (RefractRunItem) third = add ("ctk=q8_0,ctv=q4_0", 8);
  g_autoptr (RefractRunItem) at_one = NULL;

  g_assert_cmpint (refract_run_item_get_state (first), ==, REFRACT_RUN_RUNNING);
  g_assert_cmpint (refract_run_item_get_state (second), ==, REFRACT_RUN_WAITING);
  g_assert_cmpuint (refract_audit_queue_get_n_waiting (get_queue ()), ==, 2);

  refract_audit_queue_move (get_queue (), third, 1);
  at_one = g_list_model_get_item (G_LIST_MODEL (get_queue ()), 1);
  g_assert_true (at_one == third);
  refract_audit_queue_stop (get_queue (), third);
  g_assert_cmpuint (count_items (), ==, 2);

  wait_state (first, REFRACT_RUN_FINISHED);
  g_assert_cmpint (refract_run_item_get_state (second), ==, REFRACT_RUN_RUNNING);
  wait_state (second, REFRACT_RUN_FINISHED);
  g_assert_cmpint (refract_run_item_get_state (third), ==, REFRACT_RUN_STOPPED);
}

/* In the first half of what the reference decodes, so that its engine is needed for a while. */
static gboolean
is_decoding (gpointer data)
{
  RefractRunItem *item = data;
  g_autoptr (GPtrArray) stages = refract_progress_dup_stages (refract_run_item_get_progress (item));

  g_assert_cmpint (refract_run_item_get_state (item), ==, REFRACT_RUN_RUNNING);
  for (guint i = 0; i < stages->len; i++)
    {
      const RefractStage *stage = g_ptr_array_index (stages, i);

      if (g_strcmp0 (stage->step, "trajectory") == 0)
        return stage->state == REFRACT_STAGE_RUNNING && stage->done < stage->total / 2;
    }
  return FALSE;
}

static void
test_engine_killed (void)
{
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (RefractRunItem) item = add ("ctk=q8_0,ctv=q8_0", 64);
  g_autoptr (GArray) engines = NULL;

  refract_window_show_run (window, item);
  app_fixture_wait (is_decoding, item, RUN_SECONDS);
  engines = find_engines ("(llama-server)");
  g_assert_cmpuint (engines->len, ==, 1);
  g_assert_cmpint (kill (g_array_index (engines, int, 0), SIGKILL), ==, 0);
  wait_state (item, REFRACT_RUN_FAILED);

  g_assert_nonnull (refract_run_item_get_error (item));
  g_assert_true (shows_text (GTK_WIDGET (window), refract_run_item_get_error (item)->message));
  assert_no_engine ();
  press (window, "run.resume");
  wait_state (item, REFRACT_RUN_FINISHED);
  app_fixture_close_window (window);
}

static gboolean
has_alert (gpointer window)
{
  return ADW_IS_ALERT_DIALOG (adw_application_window_get_visible_dialog (window));
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
  g_autoptr (RefractRunItem) item = add ("ctk=q8_0,ctv=q8_0", 64);
  gpointer watched = window;

  g_object_add_weak_pointer (G_OBJECT (window), &watched);
  wait_fraction (item, 0.1);
  gtk_window_close (GTK_WINDOW (window));
  app_fixture_wait (has_alert, window, 10);
  g_assert_true (shows_text (GTK_WIDGET (window), "model"));
  respond (window, "stop");
  wait_state (item, REFRACT_RUN_STOPPED);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_null (watched);
  assert_no_engine ();
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
  g_test_add_func ("/run-page/engine-killed", test_engine_killed);
  g_test_add_func ("/run-page/close-asks", test_close_asks);
  return app_fixture_run ();
}
