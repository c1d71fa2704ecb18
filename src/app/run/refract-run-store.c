/* refract-run-store.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "audit/refract-estimate.h"
#include "core/refract-json.h"
#include "report/refract-repeatability.h"
#include "run/refract-run-store.h"

typedef struct
{
  RefractLibrary *library; /* (nullable) */
  RefractAudit *audit;
  RefractRun *run;
  GPtrArray *reports;
  GPtrArray *summaries; /* of the reports that are stored so far */
} Store;

static void
store_free (gpointer data)
{
  Store *self = data;

  g_clear_object (&self->library);
  g_clear_object (&self->audit);
  g_clear_pointer (&self->run, refract_run_free);
  g_clear_pointer (&self->reports, g_ptr_array_unref);
  g_clear_pointer (&self->summaries, g_ptr_array_unref);
  g_free (self);
}

/* Brings the recommended candidate's report to the front. */
static void
put_recommended_first (GPtrArray *reports)
{
  JsonObject *extension = refract_report_get_extension (g_ptr_array_index (reports, 0));
  JsonObject *recommendation = refract_json_get_object (extension, "recommendation");
  const char *recommended = refract_json_get_string (recommendation, "candidate", NULL);

  for (guint i = 1; i < reports->len; i++)
    {
      JsonObject *root = refract_report_get_root (g_ptr_array_index (reports, i));

      if (g_strcmp0 (refract_json_get_string (root, "candidate", ""), recommended) == 0)
        {
          g_ptr_array_insert (reports, 0, g_ptr_array_steal_index (reports, i));
          return;
        }
    }
}

static void
build_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  Store *self = task_data;

  self->reports = refract_report_new_for_run (self->run, self->library == NULL);
  put_recommended_first (self->reports);
  g_task_return_boolean (task, TRUE);
}

static void
forget_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  Store *self = task_data;
  g_autoptr (GError) error = NULL;

  refract_audit_forget (self->audit);
  /* All that is lost with it is a better estimate the next time. */
  if (!refract_estimate_record (self->run, &error))
    g_message ("%s", error->message);
  g_task_return_boolean (task, TRUE);
}

static void
forgotten_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Store *self = g_task_get_task_data (task);

  g_task_return_pointer (task, g_steal_pointer (&self->summaries),
                         (GDestroyNotify) g_ptr_array_unref);
}

/* The same thing done in a worker; @task keeps the data alive. */
static void
run_in_worker (GTask *task, GTaskThreadFunc function, GAsyncReadyCallback callback)
{
  g_autoptr (GTask) worker = g_task_new (NULL, NULL, callback, g_object_ref (task));

  g_task_set_source_tag (worker, run_in_worker);
  g_task_set_task_data (worker, g_task_get_task_data (task), NULL);
  g_task_run_in_thread (worker, function);
}

static void add_next (GTask *task);

static void
added_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RefractLibrary *library = REFRACT_LIBRARY (source);
  g_autoptr (GTask) task = user_data;
  Store *self = g_task_get_task_data (task);
  GError *error = NULL;
  RefractSummary *summary = refract_library_add_finish (library, result, &error);

  if (summary != NULL)
    {
      g_ptr_array_add (self->summaries, summary);
      add_next (task);
      return;
    }

  /* Going on later writes all of them again. */
  for (guint i = 0; i < self->summaries->len; i++)
    {
      RefractSummary *stored = g_ptr_array_index (self->summaries, i);

      if (refract_library_delete (library, stored, NULL))
        refract_library_purge (library, stored);
    }
  g_task_return_error (task, error);
}

static void
add_next (GTask *task)
{
  Store *self = g_task_get_task_data (task);

  if (self->library == NULL || self->summaries->len == self->reports->len)
    {
      run_in_worker (task, forget_thread, forgotten_cb);
      return;
    }
  refract_library_add_async (self->library, g_ptr_array_index (self->reports, self->summaries->len),
                             NULL, added_cb, g_object_ref (task));
}

static void
built_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;

  add_next (task);
}

void
refract_run_store_async (RefractLibrary *library,
                         RefractAudit *audit,
                         RefractRun *run,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);
  Store *self = g_new0 (Store, 1);

  self->library = library != NULL ? g_object_ref (library) : NULL;
  self->audit = g_object_ref (audit);
  self->run = run;
  self->summaries = g_ptr_array_new_with_free_func (g_object_unref);
  g_task_set_source_tag (task, refract_run_store_async);
  g_task_set_task_data (task, self, store_free);
  run_in_worker (task, build_thread, built_cb);
}

GPtrArray *
refract_run_store_finish (GAsyncResult *result, GPtrArray **reports, GError **error)
{
  Store *self = g_task_get_task_data (G_TASK (result));
  GPtrArray *summaries = g_task_propagate_pointer (G_TASK (result), error);

  if (summaries != NULL)
    *reports = g_ptr_array_ref (self->reports);
  return summaries;
}

static void
judge_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  GPtrArray *runs = task_data;
  GPtrArray *first = g_ptr_array_index (runs, 0);
  g_autoptr (GPtrArray) candidates = refract_repeatability_new (runs);
  g_autoptr (GError) error = NULL;

  if (refract_repeatability_store (candidates, g_ptr_array_index (first, 0), &error))
    g_task_return_pointer (task, g_steal_pointer (&candidates), (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

void
refract_run_judge_async (GPtrArray *runs, GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, callback, user_data);

  g_task_set_source_tag (task, refract_run_judge_async);
  g_task_set_task_data (task, g_ptr_array_ref (runs), (GDestroyNotify) g_ptr_array_unref);
  g_task_run_in_thread (task, judge_thread);
}

GPtrArray *
refract_run_judge_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
