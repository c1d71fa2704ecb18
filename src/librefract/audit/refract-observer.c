/* refract-observer.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "audit/refract-observer-private.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

#define LOAD_WORK 256 /* what loading weighs in the progress bar, prompt tokens */

void
refract_observations_free (RefractObservations *self)
{
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    g_clear_pointer (&self->axes[i], refract_observation_free);
  g_clear_pointer (&self->worst_texts, json_array_unref);
  g_free (self);
}

void
refract_observer_clear (RefractObserver *self)
{
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      g_clear_object (&self->axes[i]);
      g_clear_pointer (&self->requests[i], g_ptr_array_unref);
    }
  g_clear_pointer (&self->slots_evidence, g_free);
}

static double
seconds_since (gint64 monotonic_time)
{
  return (g_get_monotonic_time () - monotonic_time) / (double) G_USEC_PER_SEC;
}

static gboolean
takes_part (RefractObserver *self, RefractRole role, RefractAxisId axis)
{
  return self->axes[axis] != NULL
         && (role != REFRACT_ROLE_FLOOR || refract_plan_has_floor_axis (self->plan, axis));
}

static gboolean
decodes (RefractObserver *self, RefractRole role)
{
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    if (i != REFRACT_AXIS_KLD && takes_part (self, role, i))
      return TRUE;
  return FALSE;
}

guint
refract_observer_add_stages (RefractObserver *self, RefractKvConfig *kv, RefractRole role)
{
  g_autofree char *label = role == REFRACT_ROLE_FLOOR
                               ? g_strdup_printf ("%s, again", refract_kv_config_get_label (kv))
                               : g_strdup (refract_kv_config_get_label (kv));
  guint first = G_MAXUINT;

  if (takes_part (self, role, REFRACT_AXIS_KLD))
    first = refract_progress_add_stage (self->progress, label, "kld",
                                        refract_observer_kld_work (self));
  if (decodes (self, role))
    {
      guint stage = refract_progress_add_stage (self->progress, label, "load", LOAD_WORK);

      first = MIN (first, stage);
    }

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      RefractEstimate estimate = { 0 };
      guint stage;

      if (i == REFRACT_AXIS_KLD || !takes_part (self, role, i))
        continue;
      refract_axis_estimate (self->axes[i], self->plan, &self->inputs, &estimate);
      stage = refract_progress_add_stage (self->progress, label, refract_axis_id_get_name (i),
                                          estimate.prompt_tokens
                                              + estimate.predict_tokens * REFRACT_WORK_DECODED);
      first = MIN (first, stage);
    }

  return first;
}

/* All of an axis' requests at one configuration, batch by batch. @session may be NULL when
 * everything is in the journal. */
static RefractObservation *
observe_requests (RefractObserver *self,
                  RefractAxisId axis,
                  RefractSession *session,
                  RefractKvConfig *kv,
                  RefractRole role,
                  guint stage,
                  double *engine_seconds,
                  GError **error)
{
  g_autoptr (RefractObservation) observation = refract_observation_new (axis);
  GPtrArray *requests = self->requests[axis];
  RefractStageProgress progress = { self->progress, stage, 0, 0, 0 };
  guint64 total = 0;

  for (guint i = 0; i < requests->len; i++)
    total += refract_observer_request_work (g_ptr_array_index (requests, i));
  refract_progress_begin (self->progress, stage, total);

  observation->generations
      = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_generation_free);
  for (guint first = 0; first < requests->len;)
    {
      guint n = refract_observer_batch_length (self, requests, first);
      g_autoptr (GPtrArray) batch = g_ptr_array_new ();
      g_auto (GStrv) keys = g_new0 (char *, n + 1);
      gboolean recalled;
      guint64 work = 0;

      for (guint i = 0; i < n; i++)
        {
          RefractRequest *request = g_ptr_array_index (requests, first + i);

          g_ptr_array_add (batch, request);
          keys[i] = refract_observer_request_key (self, role, kv, axis, request);
        }
      recalled = refract_observer_lookup_batch (self, keys, n, observation->generations);
      if (!recalled
          && !refract_observer_decode_batch (self, session, batch, keys, &progress,
                                             observation->generations, error))
        return NULL;
      *engine_seconds += refract_observer_batch_seconds (observation->generations, n);

      for (guint i = 0; i < n; i++)
        work += refract_observer_request_work (g_ptr_array_index (requests, first + i));
      progress.done += work;
      if (recalled)
        refract_progress_recall (self->progress, stage, work);
      refract_progress_update (self->progress, stage, progress.done, progress.tokens);
      first += n;
    }

  refract_progress_finish (self->progress, stage, FALSE);
  return g_steal_pointer (&observation);
}

/* Whether a session has nothing left to do: all batches and its own facts are in the journal. */
static gboolean
all_recorded (RefractObserver *self, RefractKvConfig *kv, RefractRole role)
{
  g_autofree char *facts = refract_observer_journal_key (role, kv, "session");

  if (refract_journal_lookup (self->journal, facts) == NULL)
    return FALSE;
  for (guint axis = 0; axis < REFRACT_N_AXES; axis++)
    for (guint i = 0; self->requests[axis] != NULL && takes_part (self, role, axis)
                      && i < self->requests[axis]->len;
         i++)
      {
        g_autofree char *key = refract_observer_request_key (
            self, role, kv, axis, g_ptr_array_index (self->requests[axis], i));

        if (refract_journal_lookup (self->journal, key) == NULL)
          return FALSE;
      }
  return TRUE;
}

/* Opens the reference; out of memory halves the number of slots. */
static RefractSession *
open_session (RefractObserver *self, RefractKvConfig *kv, RefractRole role, GError **error)
{
  for (;;)
    {
      RefractSessionNeeds needs = { self->n_slots, self->n_cells };
      g_autoptr (GError) own_error = NULL;
      RefractSession *session;

      session = refract_backend_open (self->backend, self->model, kv, &needs, self->cancellable,
                                      &own_error);
      if (session != NULL || role != REFRACT_ROLE_REFERENCE || self->n_slots == 1
          || !g_error_matches (own_error, REFRACT_ERROR, REFRACT_ERROR_MEMORY))
        {
          if (session == NULL)
            g_propagate_error (error, g_steal_pointer (&own_error));
          return session;
        }

      g_ptr_array_add (
          self->notes,
          g_strdup_printf (N_ ("Out of memory with %u slots of %u cells: went on with %u. "
                               "The results are the same, the run is slower."),
                           self->n_slots, self->n_cells, self->n_slots / 2));
      refract_progress_log (self->progress, "Out of memory with %u slots; trying %u.",
                            self->n_slots, self->n_slots / 2);
      self->n_slots /= 2;
    }
}

/* What each axis decodes, from the reference's session. */
static gboolean
prepare_axes (RefractObserver *self, RefractSession *session, GError **error)
{
  self->inputs.engine_context = refract_session_get_context_cells (session);
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      if (self->axes[i] == NULL || i == REFRACT_AXIS_KLD)
        continue;
      self->requests[i] = refract_axis_prepare (self->axes[i], self->plan, &self->inputs, session,
                                                self->cancellable, error);
      if (self->requests[i] == NULL)
        return FALSE;
    }
  if (refract_session_has_thinking_template (session))
    g_ptr_array_add (
        self->notes,
        g_strdup (N_ ("The model's chat template opens a thinking block although thinking "
                      "was switched off: answers in chat mode are its thoughts.")));
  return TRUE;
}

static gboolean
record_session (RefractObserver *self,
                RefractKvConfig *kv,
                RefractRole role,
                const RefractConfigResult *result,
                GError **error)
{
  g_autofree char *key = refract_observer_journal_key (role, kv, "session");
  g_autoptr (JsonObject) facts = json_object_new ();

  json_object_set_object_member (facts, "kv_in_use", refract_kv_in_use_to_json (result->kv_in_use));
  refract_json_set_double (facts, "prefill_tps", result->performance.prefill_tps);
  refract_json_set_double (facts, "decode_tps", result->performance.decode_tps);
  refract_json_set_double (facts, "load_seconds", result->performance.load_seconds);
  refract_json_set_double (facts, "engine_seconds", result->performance.engine_seconds);
  json_object_set_int_member (facts, "peak_rss", result->performance.peak_rss);
  json_object_set_int_member (facts, "n_requests", result->performance.n_requests);
  return refract_journal_record (self->journal, key, facts, error);
}

static void
recall_session (RefractObserver *self,
                RefractKvConfig *kv,
                RefractRole role,
                RefractConfigResult *result)
{
  g_autofree char *key = refract_observer_journal_key (role, kv, "session");
  JsonObject *facts = refract_journal_lookup (self->journal, key);
  JsonObject *in_use = refract_json_get_object (facts, "kv_in_use");

  if (in_use != NULL)
    {
      g_clear_pointer (&result->kv_in_use, refract_kv_in_use_free);
      result->kv_in_use = refract_kv_in_use_from_json (in_use);
    }
  result->performance.prefill_tps = refract_json_get_double (facts, "prefill_tps", -1);
  result->performance.decode_tps = refract_json_get_double (facts, "decode_tps", -1);
  result->performance.load_seconds = refract_json_get_double (facts, "load_seconds", -1);
  result->performance.engine_seconds = refract_json_get_double (facts, "engine_seconds", 0);
  result->performance.peak_rss = refract_json_get_int (facts, "peak_rss", 0);
  result->performance.n_requests = refract_json_get_int (facts, "n_requests", 0);
}

static gboolean
observe_with_session (RefractObserver *self,
                      RefractSession *session,
                      RefractKvConfig *kv,
                      RefractRole role,
                      RefractConfigResult *result,
                      RefractObservations *observations,
                      gint64 session_started,
                      guint *stage,
                      GError **error)
{
  double *engine_seconds = &result->performance.engine_seconds;
  gint64 started;

  if (session != NULL)
    {
      if (role == REFRACT_ROLE_REFERENCE
          && (!prepare_axes (self, session, error)
              || !refract_observer_calibrate_slots (self, session, engine_seconds, error)))
        return FALSE;
      if (!refract_observer_measure_speed (self, session, kv, role, &result->performance, error))
        return FALSE;
      g_clear_pointer (&result->kv_in_use, refract_kv_in_use_free);
      result->kv_in_use = refract_kv_in_use_copy (refract_session_get_kv_in_use (session));
      result->performance.load_seconds += refract_session_get_load_seconds (session);
    }
  else
    {
      recall_session (self, kv, role, result);
      refract_progress_recall (self->progress, *stage, LOAD_WORK);
    }
  refract_progress_finish (self->progress, (*stage)++, FALSE);
  result->performance.setup_seconds = seconds_since (session_started);

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      if (self->requests[i] == NULL || !takes_part (self, role, i))
        continue;
      started = g_get_monotonic_time ();
      observations->axes[i]
          = observe_requests (self, i, session, kv, role, (*stage)++, engine_seconds, error);
      if (observations->axes[i] == NULL)
        return FALSE;
      result->performance.axis_seconds[i] = seconds_since (started);
    }

  if (session == NULL)
    return TRUE;
  result->performance.n_requests += refract_session_get_n_requests (session);
  result->performance.peak_rss
      = MAX (result->performance.peak_rss, refract_session_close (session));
  return record_session (self, kv, role, result, error);
}

RefractObservations *
refract_observer_observe (RefractObserver *self,
                          RefractKvConfig *kv,
                          RefractRole role,
                          RefractConfigResult *result,
                          guint first_stage,
                          GError **error)
{
  g_autoptr (RefractObservations) observations = g_new0 (RefractObservations, 1);
  g_autoptr (RefractSession) session = NULL;
  guint stage = first_stage;
  gint64 started = g_get_monotonic_time ();
  gboolean observed;

  result->performance.load_seconds = 0;

  if (takes_part (self, role, REFRACT_AXIS_KLD))
    {
      observations->axes[REFRACT_AXIS_KLD]
          = refract_observer_observe_kld (self, kv, role, result, stage++, error);
      if (observations->axes[REFRACT_AXIS_KLD] == NULL)
        return NULL;
      result->performance.axis_seconds[REFRACT_AXIS_KLD] = seconds_since (started);
      started = g_get_monotonic_time ();
    }
  if (!decodes (self, role))
    return g_steal_pointer (&observations);

  refract_progress_begin (self->progress, stage, LOAD_WORK);
  if (role == REFRACT_ROLE_REFERENCE || !all_recorded (self, kv, role))
    {
      session = open_session (self, kv, role, error);
      if (session == NULL)
        return NULL;
    }
  observed = (role != REFRACT_ROLE_CANDIDATE
              || refract_observer_observe_worst_texts (self, session, kv, observations, error))
             && observe_with_session (self, session, kv, role, result, observations, started,
                                      &stage, error);
  if (session != NULL)
    refract_session_close (session);

  return observed ? g_steal_pointer (&observations) : NULL;
}
