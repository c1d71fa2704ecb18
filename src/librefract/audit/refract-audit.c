/* refract-audit.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "audit/refract-audit-private.h"
#include "audit/refract-engaged.h"
#include "core/refract-error.h"
#include "core/refract-json.h"
#include "core/refract-translate.h"

#define FLOOR_MINIMUM 99.5 /* below it, REFRACT 0.3 stops */

struct _RefractAudit
{
  GObject parent_instance;

  RefractPlan *plan;
  RefractProgress *progress;
  RefractJournal *journal;
  gboolean fresh;
};

G_DEFINE_FINAL_TYPE (RefractAudit, refract_audit, G_TYPE_OBJECT)

static void
refract_audit_finalize (GObject *object)
{
  RefractAudit *self = REFRACT_AUDIT (object);

  g_clear_object (&self->plan);
  g_clear_object (&self->progress);
  g_clear_object (&self->journal);

  G_OBJECT_CLASS (refract_audit_parent_class)->finalize (object);
}

static void
refract_audit_class_init (RefractAuditClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = refract_audit_finalize;
}

static void
refract_audit_init (RefractAudit *self)
{
  self->progress = refract_progress_new ();
}

RefractAudit *
refract_audit_new (RefractPlan *plan, gboolean fresh)
{
  RefractAudit *self = g_object_new (REFRACT_TYPE_AUDIT, NULL);

  self->plan = refract_plan_copy (plan);
  self->fresh = fresh;
  return self;
}

RefractProgress *
refract_audit_get_progress (RefractAudit *self)
{
  g_return_val_if_fail (REFRACT_IS_AUDIT (self), NULL);

  return self->progress;
}

const char *
refract_audit_get_journal_id (RefractAudit *self)
{
  g_return_val_if_fail (REFRACT_IS_AUDIT (self), NULL);

  return self->journal != NULL ? refract_journal_get_id (self->journal) : NULL;
}

void
refract_audit_forget (RefractAudit *self)
{
  g_return_if_fail (REFRACT_IS_AUDIT (self));

  if (self->journal != NULL)
    refract_journal_remove (self->journal);
  g_clear_object (&self->journal);
}

/* The engine's words for KLD's worst positions, beside their ids. */
static void
add_worst_texts (const RefractAxisResult *kld, JsonArray *texts)
{
  JsonArray *worst = refract_json_get_array (kld->extension, "worst");

  for (guint i = 0; i < refract_json_get_length (worst) && i < json_array_get_length (texts); i++)
    {
      JsonObject *position = json_array_get_object_element (worst, i);
      JsonObject *text = json_array_get_object_element (texts, i);

      json_object_set_string_member (position, "context_text",
                                     refract_json_get_string (text, "context", ""));
      json_object_set_string_member (position, "token_text",
                                     refract_json_get_string (text, "token", ""));
    }
}

static gboolean
score_configuration (RefractObserver *observer,
                     RefractConfigResult *result,
                     const RefractObservations *reference,
                     const RefractObservations *candidate,
                     GError **error)
{
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      if (observer->axes[i] == NULL || candidate->axes[i] == NULL)
        continue;
      result->axes[i]
          = refract_axis_score (observer->axes[i], reference->axes[i], candidate->axes[i], error);
      if (result->axes[i] == NULL)
        return FALSE;
    }

  if (candidate->worst_texts != NULL)
    add_worst_texts (result->axes[REFRACT_AXIS_KLD], candidate->worst_texts);
  refract_config_result_compose (result);
  return TRUE;
}

static gboolean
measure_floor (RefractObserver *observer,
               RefractRun *run,
               RefractKvConfig *kv,
               const RefractObservations *reference,
               guint stage,
               GError **error)
{
  g_autoptr (RefractObservations) again = NULL;
  const RefractAxisResult *trajectory;

  run->floor = refract_config_result_new (kv);
  again = refract_observer_observe (observer, kv, REFRACT_ROLE_FLOOR, run->floor, stage, error);
  if (again == NULL || !score_configuration (observer, run->floor, reference, again, error))
    return FALSE;

  trajectory = run->floor->axes[REFRACT_AXIS_TRAJECTORY];
  if (refract_plan_get_boolean (run->plan, "strict-floor")
      && (run->floor->composite < FLOOR_MINIMUM
          || (trajectory != NULL
              && refract_json_get_double (trajectory->json, "full_match_rate", 1) < 1)))
    {
      g_autofree char *score = refract_format_score (run->floor->composite, 2);

      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_FLOOR,
                   "The reference measured twice agrees with itself to %s only, and a strict floor "
                   "wants %.1f and the same tokens: this engine's results vary from run to run. "
                   "Leave out --strict-floor to go on and see the floor beside every score.",
                   score, FLOOR_MINIMUM);
      return FALSE;
    }
  return TRUE;
}

/* One candidate; its own failure is part of the result, a cancelled run is not. */
static gboolean
measure_candidate (RefractObserver *observer,
                   RefractConfigResult *result,
                   RefractKvConfig *reference_kv,
                   const RefractObservations *reference,
                   guint stage,
                   GError **error)
{
  g_autoptr (RefractObservations) observations = NULL;
  g_autoptr (GError) own_error = NULL;

  observations = refract_observer_observe (observer, result->kv, REFRACT_ROLE_CANDIDATE, result,
                                           stage, &own_error);
  if (observations != NULL
      && score_configuration (observer, result, reference, observations, &own_error))
    {
      refract_engaged_check (result, reference_kv, reference, observations);
      return TRUE;
    }

  if (g_cancellable_set_error_if_cancelled (observer->cancellable, error))
    return FALSE;
  refract_progress_log (observer->progress, "%s could not be measured: %s",
                        refract_kv_config_get_label (result->kv), own_error->message);
  result->error = g_steal_pointer (&own_error);
  return TRUE;
}

static gboolean
measure (RefractObserver *observer, RefractRun *run, RefractKvConfig *reference, GError **error)
{
  g_autoptr (RefractObservations) observations = NULL;
  g_autoptr (GArray) stages = g_array_new (FALSE, FALSE, sizeof (guint));
  guint reference_stage, floor_stage = 0;
  gboolean with_floor = refract_plan_get_boolean (run->plan, "measure-floor");
  gboolean scored = FALSE;

  reference_stage = refract_observer_add_stages (observer, reference, REFRACT_ROLE_REFERENCE);
  if (with_floor)
    floor_stage = refract_observer_add_stages (observer, reference, REFRACT_ROLE_FLOOR);
  for (guint i = 0; i < run->candidates->len; i++)
    {
      RefractConfigResult *result = g_ptr_array_index (run->candidates, i);
      guint stage = refract_observer_add_stages (observer, result->kv, REFRACT_ROLE_CANDIDATE);

      g_array_append_val (stages, stage);
    }

  run->reference = refract_config_result_new (reference);
  observations = refract_observer_observe (observer, reference, REFRACT_ROLE_REFERENCE,
                                           run->reference, reference_stage, error);
  if (observations == NULL)
    return FALSE;
  if (with_floor && !measure_floor (observer, run, reference, observations, floor_stage, error))
    return FALSE;

  for (guint i = 0; i < run->candidates->len; i++)
    {
      RefractConfigResult *result = g_ptr_array_index (run->candidates, i);

      if (!measure_candidate (observer, result, reference, observations,
                              g_array_index (stages, guint, i), error))
        return FALSE;
      scored |= result->error == NULL;
    }

  refract_engaged_check_all (run->candidates);
  if (!scored)
    {
      const RefractConfigResult *first = g_ptr_array_index (run->candidates, 0);

      g_propagate_error (error, g_error_copy (first->error));
      return FALSE;
    }
  return TRUE;
}

/* Short, sortable, and not repeated: time and a few random digits. */
static char *
make_run_id (GDateTime *time)
{
  g_autofree char *stamp = g_date_time_format (time, "%Y%m%d-%H%M%S");

  return g_strdup_printf ("%s-%04x", stamp, g_random_int () & 0xffff);
}

RefractRun *
refract_audit_run (RefractAudit *self, GCancellable *cancellable, GError **error)
{
  g_auto (RefractEnglish) english = refract_english_begin ();
  g_autoptr (RefractRun) run = NULL;
  g_autoptr (RefractKvConfig) reference = NULL;
  RefractObserver observer = { 0 };
  gboolean finished;

  g_return_val_if_fail (REFRACT_IS_AUDIT (self), NULL);
  g_return_val_if_fail (self->journal == NULL, NULL);

  run = refract_run_new ();
  run->plan = refract_plan_copy (self->plan);
  observer.plan = self->plan;
  observer.progress = self->progress;
  observer.cancellable = cancellable;
  observer.notes = run->notes;

  finished = refract_audit_set_up (&observer, run, self->fresh, &reference, error)
             && measure (&observer, run, reference, error);
  self->journal = observer.journal;
  run->n_slots = observer.batch;
  run->n_cells = observer.n_cells;
  run->slots_evidence = g_strdup (observer.slots_evidence != NULL ? observer.slots_evidence
                                                                  : "No prompt was decoded.");
  refract_observer_clear (&observer);
  g_clear_object (&observer.backend);
  if (!finished)
    return NULL;

  run->finished = g_date_time_new_now_local ();
  run->run_id = make_run_id (run->finished);
  run->wall_seconds = refract_progress_get_elapsed (self->progress);
  return g_steal_pointer (&run);
}

static void
run_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  RefractRun *run = refract_audit_run (source_object, cancellable, &error);

  if (run != NULL)
    g_task_return_pointer (task, run, (GDestroyNotify) refract_run_free);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

/* An audit takes minutes: a thread of its own, so that GLib's small pool stays free. */
static gpointer
own_thread (gpointer data)
{
  g_autoptr (GTask) task = data;

  run_thread (task, g_task_get_source_object (task), NULL, g_task_get_cancellable (task));
  return NULL;
}

void
refract_audit_run_async (RefractAudit *self,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  GTask *task;

  g_return_if_fail (REFRACT_IS_AUDIT (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, refract_audit_run_async);
  /* The run tells by itself that it was cancelled, after its engines are gone. */
  g_task_set_check_cancellable (task, FALSE);
  g_thread_unref (g_thread_new ("refract-audit", own_thread, task));
}

RefractRun *
refract_audit_run_finish (RefractAudit *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
