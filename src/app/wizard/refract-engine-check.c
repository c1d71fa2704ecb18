/* refract-engine-check.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "audit/refract-audit.h"
#include "wizard/refract-engine-check.h"

typedef struct
{
  RefractPlan *plan;
  RefractModel *model; /* nullable */
  gboolean loads_model;
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;

  g_object_unref (job->plan);
  g_clear_object (&job->model);
  g_free (job);
}

void
refract_engine_check_free (RefractEngineCheck *self)
{
  g_clear_pointer (&self->checks, g_ptr_array_unref);
  g_clear_pointer (&self->engine, refract_engine_info_free);
  g_clear_object (&self->backend);
  g_clear_error (&self->error);
  g_free (self);
}

static gboolean
has_failed (GPtrArray *checks)
{
  for (guint i = 0; i < checks->len; i++)
    if (((RefractCheck *) g_ptr_array_index (checks, i))->status == REFRACT_CHECK_FAILED)
      return TRUE;
  return FALSE;
}

static void
check_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  const Job *job = task_data;
  RefractEngineCheck *outcome = g_new0 (RefractEngineCheck, 1);
  g_autoptr (RefractBackend) backend
      = refract_plan_create_backend (job->plan, job->model, cancellable, &outcome->error);

  if (backend != NULL)
    {
      const RefractEngineInfo *engine
          = refract_backend_detect (backend, cancellable, &outcome->error);

      outcome->checks
          = refract_backend_selftest (backend, job->loads_model ? job->model : NULL, cancellable);
      if (engine != NULL && !has_failed (outcome->checks))
        {
          outcome->engine = refract_engine_info_copy (engine);
          outcome->backend = g_object_ref (backend);
        }
    }
  g_task_return_pointer (task, outcome, (GDestroyNotify) refract_engine_check_free);
}

void
refract_engine_check_async (GObject *source,
                            RefractPlan *plan,
                            RefractModel *model,
                            gboolean loads_model,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback)
{
  g_autoptr (GTask) task = g_task_new (source, cancellable, callback, NULL);
  Job *job = g_new0 (Job, 1);

  job->plan = refract_plan_copy (plan);
  g_set_object (&job->model, model);
  job->loads_model = loads_model;
  g_task_set_source_tag (task, refract_engine_check_async);
  g_task_set_task_data (task, job, job_free);
  g_task_run_in_thread (task, check_thread);
}

RefractEngineCheck *
refract_engine_check_finish (GAsyncResult *result)
{
  return g_task_propagate_pointer (G_TASK (result), NULL);
}
