/* run-fixture.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Real audits of the bundled model in the application's queue, and what to look at in the window.
 */

#pragma once

#include <string.h>

#include "app-fixture.h"
#include "core/refract-data.h"
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
} RunFixtureWanted;

static inline gboolean
run_fixture_is_in_state (gpointer data)
{
  const RunFixtureWanted *wanted = data;

  return refract_run_item_get_state (wanted->item) == wanted->state;
}

static inline gboolean
run_fixture_is_at_fraction (gpointer data)
{
  const RunFixtureWanted *wanted = data;

  g_assert_cmpint (refract_run_item_get_state (wanted->item), ==, REFRACT_RUN_RUNNING);
  return refract_run_item_get_fraction (wanted->item) >= wanted->fraction;
}

static inline void
run_fixture_wait_state (RefractRunItem *item, RefractRunState state)
{
  RunFixtureWanted wanted = { item, state, 0 };

  app_fixture_wait (run_fixture_is_in_state, &wanted, RUN_SECONDS);
}

static inline void
run_fixture_wait_fraction (RefractRunItem *item, double fraction)
{
  RunFixtureWanted wanted = { item, REFRACT_RUN_RUNNING, fraction };

  app_fixture_wait (run_fixture_is_at_fraction, &wanted, RUN_SECONDS);
}

static inline RefractPlan *
run_fixture_plan (const char *candidate, gint64 n_predict)
{
  const char *const candidates[] = { candidate, NULL };
  g_autofree char *model = refract_data_dup_path ("demo/model.gguf");
  g_autofree char *corpus = refract_data_dup_path ("demo/corpus.txt");
  RefractPlan *plan = refract_plan_new ();

  g_object_set (plan, "model", model, "corpus", corpus, "candidates", candidates, "axes",
                "trajectory,kld", "n-predict", n_predict, "chunks", G_GINT64_CONSTANT (4), NULL);
  return plan;
}

static inline RefractAuditQueue *
run_fixture_queue (void)
{
  return refract_application_get_queue (app_fixture);
}

static inline RefractRunItem *
run_fixture_add (const char *candidate, gint64 n_predict)
{
  g_autoptr (RefractPlan) plan = run_fixture_plan (candidate, n_predict);

  return g_object_ref (refract_audit_queue_add (run_fixture_queue (), plan, TRUE));
}

static inline guint
run_fixture_count (void)
{
  return g_list_model_get_n_items (G_LIST_MODEL (run_fixture_queue ()));
}

/* What says when, how fast and how wide a run was; see docs/report-schema.md. */
static inline JsonNode *
run_fixture_without_times (JsonNode *node)
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
          json_object_set_member (object, name, run_fixture_without_times (member));
      return json_node_init_object (json_node_alloc (), object);
    }
  if (JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *from = json_node_get_array (node);
      g_autoptr (JsonArray) array = json_array_new ();

      for (guint i = 0; i < json_array_get_length (from); i++)
        json_array_add_element (array,
                                run_fixture_without_times (json_array_get_element (from, i)));
      return json_node_init_array (json_node_alloc (), array);
    }
  return json_node_copy (node);
}

/* The one report of a finished run, without what may differ between two runs of a plan. */
static inline char *
run_fixture_report_text (RefractRunItem *item)
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
  bare = run_fixture_without_times (node);
  return json_to_string (bare, FALSE);
}

/* (nullable): the button for @action that is visible */
static inline GtkWidget *
run_fixture_find_button (GtkWidget *widget, const char *action)
{
  if (!gtk_widget_get_mapped (widget))
    return NULL;
  if (GTK_IS_BUTTON (widget)
      && g_strcmp0 (gtk_actionable_get_action_name (GTK_ACTIONABLE (widget)), action) == 0)
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      GtkWidget *found = run_fixture_find_button (child, action);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static inline gboolean
run_fixture_shows (GtkWidget *widget, const char *text)
{
  if (!gtk_widget_get_mapped (widget))
    return FALSE;
  if (GTK_IS_LABEL (widget) && strstr (gtk_label_get_text (GTK_LABEL (widget)), text) != NULL)
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (run_fixture_shows (child, text))
      return TRUE;
  return FALSE;
}

static inline void
run_fixture_press (RefractWindow *window, const char *action)
{
  GtkWidget *button = run_fixture_find_button (GTK_WIDGET (window), action);

  g_assert_nonnull (button);
  g_assert_true (gtk_widget_is_sensitive (button));
  g_signal_emit_by_name (button, "clicked");
}

/* Ids of living descendants of this process that run @program. */
static inline GArray *
run_fixture_find_engines (const char *program)
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

static inline void
run_fixture_assert_no_engine (void)
{
  g_autoptr (GArray) found = run_fixture_find_engines ("(llama");

  g_assert_cmpuint (found->len, ==, 0);
}
