/* refract-observer.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "audit/refract-observer.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

#define LOAD_WORK 256         /* what loading weighs in the progress bar, prompt tokens */
#define CALIBRATION_PROMPTS 4 /* decoded alone and side by side */
#define CALIBRATION_TOKENS 48
#define SPEED_PROMPT_TOKENS 512
#define SPEED_DECODE_TOKENS 48

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

static const char *
role_name (RefractRole role)
{
  switch (role)
    {
    case REFRACT_ROLE_REFERENCE:
      return "reference";
    case REFRACT_ROLE_FLOOR:
      return "floor";
    case REFRACT_ROLE_CANDIDATE:
      return "candidate";
    default:
      g_assert_not_reached ();
    }
}

/* The floor is measured where it is cheap: on A and B when the plan has one of them. */
static gboolean
takes_part (RefractObserver *self, RefractRole role, RefractAxisId axis)
{
  gboolean has_cheap
      = self->axes[REFRACT_AXIS_TRAJECTORY] != NULL || self->axes[REFRACT_AXIS_KLD] != NULL;

  return self->axes[axis] != NULL
         && (role != REFRACT_ROLE_FLOOR || !has_cheap || axis == REFRACT_AXIS_TRAJECTORY
             || axis == REFRACT_AXIS_KLD);
}

static gboolean
decodes (RefractObserver *self, RefractRole role)
{
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    if (i != REFRACT_AXIS_KLD && takes_part (self, role, i))
      return TRUE;
  return FALSE;
}

static guint64
kld_work (RefractObserver *self)
{
  g_autoptr (GArray) ctx = refract_plan_get_uints (self->plan, "ctx");
  guint64 tokens = 0;

  for (guint i = 0; i < ctx->len; i++)
    tokens += (guint64) g_array_index (ctx, guint, i) * refract_plan_get_int (self->plan, "chunks");
  return tokens;
}

guint
refract_observer_add_stages (RefractObserver *self, RefractKvConfig *kv, RefractRole role)
{
  g_autofree char *label = role == REFRACT_ROLE_FLOOR
                               ? g_strdup_printf ("%s, again", refract_kv_config_get_label (kv))
                               : g_strdup (refract_kv_config_get_label (kv));
  guint first = G_MAXUINT;

  if (takes_part (self, role, REFRACT_AXIS_KLD))
    first = refract_progress_add_stage (self->progress, label, "kld", kld_work (self));
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

/* What is being decoded, for the progress of a stage. */
typedef struct
{
  RefractProgress *progress;
  guint stage;
  guint64 done;
  guint64 tokens;
} StageProgress;

static void
tokens_cb (guint64 n_tokens, gpointer user_data)
{
  StageProgress *stage = user_data;

  refract_progress_update (stage->progress, stage->stage,
                           stage->done + n_tokens * REFRACT_WORK_DECODED, stage->tokens + n_tokens);
}

static guint64
request_work (const RefractRequest *request)
{
  return request->ids->len + (guint64) request->n_predict * REFRACT_WORK_DECODED;
}

static char *
journal_key (RefractRole role, RefractKvConfig *kv, const char *what)
{
  return g_strdup_printf ("%s|%s|%s", role_name (role), refract_kv_config_get_text (kv), what);
}

static char *
request_key (RefractObserver *self,
             RefractRole role,
             RefractKvConfig *kv,
             RefractAxisId axis,
             const RefractRequest *request)
{
  g_autofree char *hash = refract_request_dup_hash (request);
  g_autofree char *what = g_strdup_printf ("%s|%s|%u|%u|%s", refract_axis_id_get_name (axis),
                                           request->key, self->batch, self->n_cells, hash);

  return journal_key (role, kv, what);
}

/* The next requests from @first on that are decoded side by side. */
static guint
batch_length (RefractObserver *self, GPtrArray *requests, guint first)
{
  return MIN (self->batch, requests->len - first);
}

/* Fills @out from the journal when all of a batch is there: a batch is repeated whole or not at
 * all, since its shape is part of how it is computed. */
static gboolean
lookup_batch (RefractObserver *self, char **keys, guint n, GPtrArray *out)
{
  g_autoptr (GPtrArray) found
      = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_generation_free);

  for (guint i = 0; i < n; i++)
    {
      JsonObject *entry = refract_journal_lookup (self->journal, keys[i]);
      RefractGeneration *generation = entry != NULL ? refract_generation_from_json (entry) : NULL;

      if (generation == NULL)
        return FALSE;
      g_ptr_array_add (found, generation);
    }

  g_ptr_array_extend_and_steal (out, g_steal_pointer (&found));
  return TRUE;
}

static gboolean
decode_batch (RefractObserver *self,
              RefractSession *session,
              GPtrArray *batch,
              char **keys,
              StageProgress *progress,
              GPtrArray *out,
              GError **error)
{
  g_autoptr (GPtrArray) generations = NULL;

  generations = refract_session_generate (session, batch, progress != NULL ? tokens_cb : NULL,
                                          progress, self->cancellable, error);
  if (generations == NULL)
    return FALSE;

  for (guint i = 0; i < generations->len; i++)
    {
      RefractGeneration *generation = g_ptr_array_index (generations, i);
      g_autoptr (JsonObject) entry = refract_generation_to_json (generation);

      if (progress != NULL)
        progress->tokens += generation->ids->len;
      if (!refract_journal_record (self->journal, keys[i], entry, error))
        return FALSE;
    }

  g_ptr_array_extend_and_steal (out, g_steal_pointer (&generations));
  return TRUE;
}

/* What the engine says it took for the last @n generations, which it computed side by side. */
static double
batch_seconds (GPtrArray *generations, guint n)
{
  double longest = 0;

  for (guint i = generations->len - n; i < generations->len; i++)
    {
      const RefractGeneration *generation = g_ptr_array_index (generations, i);

      longest = MAX (longest, generation->prompt_ms + generation->predicted_ms);
    }
  return longest / 1000;
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
  StageProgress progress = { self->progress, stage, 0, 0 };
  guint64 total = 0;

  for (guint i = 0; i < requests->len; i++)
    total += request_work (g_ptr_array_index (requests, i));
  refract_progress_begin (self->progress, stage, total);

  observation->generations
      = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_generation_free);
  for (guint first = 0; first < requests->len;)
    {
      guint n = batch_length (self, requests, first);
      g_autoptr (GPtrArray) batch = g_ptr_array_new ();
      g_auto (GStrv) keys = g_new0 (char *, n + 1);

      for (guint i = 0; i < n; i++)
        {
          RefractRequest *request = g_ptr_array_index (requests, first + i);

          g_ptr_array_add (batch, request);
          keys[i] = request_key (self, role, kv, axis, request);
        }
      if (!lookup_batch (self, keys, n, observation->generations)
          && !decode_batch (self, session, batch, keys, &progress, observation->generations, error))
        return NULL;
      *engine_seconds += batch_seconds (observation->generations, n);

      for (guint i = 0; i < n; i++)
        progress.done += request_work (g_ptr_array_index (requests, first + i));
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
  g_autofree char *facts = journal_key (role, kv, "session");

  if (refract_journal_lookup (self->journal, facts) == NULL)
    return FALSE;
  for (guint axis = 0; axis < REFRACT_N_AXES; axis++)
    for (guint i = 0; self->requests[axis] != NULL && takes_part (self, role, axis)
                      && i < self->requests[axis]->len;
         i++)
      {
        g_autofree char *key
            = request_key (self, role, kv, axis, g_ptr_array_index (self->requests[axis], i));

        if (refract_journal_lookup (self->journal, key) == NULL)
          return FALSE;
      }
  return TRUE;
}

static gboolean
equal_ids (GArray *a, GArray *b)
{
  return a->len == b->len && memcmp (a->data, b->data, a->len * sizeof (gint32)) == 0;
}

/* A request for the first @n_tokens of an answer. */
static RefractRequest *
shorten_request (const RefractRequest *request, guint n_tokens)
{
  return refract_request_new (request->key, request->ids, MIN (request->n_predict, n_tokens));
}

/* The first requests that fit into the cells side by side. */
static GPtrArray *
calibration_requests (RefractObserver *self)
{
  GPtrArray *short_ones = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_request_free);
  GPtrArray *requests = NULL;

  for (guint axis = 0; axis < REFRACT_N_AXES && (requests == NULL || requests->len < 2); axis++)
    if (self->requests[axis] != NULL && axis != REFRACT_AXIS_RNIAH)
      requests = self->requests[axis];

  if (requests != NULL)
    {
      guint n = batch_length (self, requests, 0);

      for (guint i = 0; i < n; i++)
        g_ptr_array_add (short_ones,
                         shorten_request (g_ptr_array_index (requests, i), CALIBRATION_TOKENS));
    }
  return short_ones;
}

/* Decodes a few prompts alone and side by side; side by side is only used where it changes nothing.
 */
static gboolean
compare_slots (RefractObserver *self,
               RefractSession *session,
               double *engine_seconds,
               GError **error)
{
  g_autoptr (GPtrArray) requests = NULL;
  g_autoptr (GPtrArray) together = NULL;
  guint n_alone;

  requests = calibration_requests (self);
  if (requests->len < 2)
    {
      self->batch = 1;
      self->slots_evidence = g_strdup ("One at a time: there are no two short prompts to compare.");
      return TRUE;
    }

  together = refract_session_generate (session, requests, NULL, NULL, self->cancellable, error);
  if (together == NULL)
    return FALSE;
  n_alone = MIN (requests->len, CALIBRATION_PROMPTS);
  for (guint i = 0; i < n_alone; i++)
    {
      g_autoptr (GPtrArray) one = g_ptr_array_new ();
      g_autoptr (GPtrArray) alone = NULL;
      RefractGeneration *a, *b = g_ptr_array_index (together, i);

      g_ptr_array_add (one, g_ptr_array_index (requests, i));
      alone = refract_session_generate (session, one, NULL, NULL, self->cancellable, error);
      if (alone == NULL)
        return FALSE;
      a = g_ptr_array_index (alone, 0);
      *engine_seconds += (a->prompt_ms + a->predicted_ms) / 1000;
      if (i == 0)
        *engine_seconds += (b->prompt_ms + b->predicted_ms) / 1000;
      if (!equal_ids (a->ids, b->ids))
        {
          self->batch = 1;
          self->slots_evidence = g_strdup_printf (
              "One at a time: %u prompts decoded side by side gave other tokens than alone.",
              requests->len);
          return TRUE;
        }
    }

  self->slots_evidence = g_strdup_printf (
      "%u prompts side by side: %u of them gave the same tokens alone and side by side.",
      self->batch, n_alone);
  return TRUE;
}

static gboolean
calibrate_slots (RefractObserver *self,
                 RefractSession *session,
                 double *engine_seconds,
                 GError **error)
{
  g_autofree char *key = g_strdup_printf ("slots|%u", self->n_slots);
  JsonObject *known = refract_journal_lookup (self->journal, key);
  g_autoptr (JsonObject) found = NULL;

  self->batch = self->n_slots;
  if (refract_plan_get_int (self->plan, "slots") > 0)
    {
      self->slots_evidence = g_strdup_printf ("%u slots, as asked for.", self->n_slots);
      return TRUE;
    }
  if (self->n_slots == 1)
    {
      self->slots_evidence = g_strdup ("One slot: there is nothing to decode side by side.");
      return TRUE;
    }
  if (known != NULL)
    {
      self->batch = CLAMP (refract_json_get_int (known, "batch", 1), 1, self->n_slots);
      self->slots_evidence = g_strdup (refract_json_get_string (known, "evidence", ""));
      return TRUE;
    }

  if (!compare_slots (self, session, engine_seconds, error))
    return FALSE;
  found = json_object_new ();
  json_object_set_int_member (found, "batch", self->batch);
  json_object_set_string_member (found, "evidence", self->slots_evidence);
  return refract_journal_record (self->journal, key, found, error);
}

/* A prompt of some hundred tokens made of the run's own prompts; NULL when there are none. */
static RefractRequest *
speed_request (RefractObserver *self)
{
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  guint limit = MIN (SPEED_PROMPT_TOKENS, self->n_cells / 2);

  for (guint axis = 0; axis < REFRACT_N_AXES; axis++)
    for (guint i = 0;
         self->requests[axis] != NULL && i < self->requests[axis]->len && ids->len < limit; i++)
      {
        const RefractRequest *request = g_ptr_array_index (self->requests[axis], i);

        g_array_append_vals (ids, request->ids->data, MIN (request->ids->len, limit - ids->len));
      }

  return ids->len > 0 ? refract_request_new ("speed", ids, SPEED_DECODE_TOKENS) : NULL;
}

/* One prompt decoded alone: speed that can be compared between the configurations of a run. */
static gboolean
measure_speed (RefractObserver *self,
               RefractSession *session,
               RefractKvConfig *kv,
               RefractRole role,
               RefractPerformance *performance,
               GError **error)
{
  g_autoptr (RefractRequest) request = speed_request (self);
  g_autoptr (GPtrArray) batch = g_ptr_array_new ();
  g_autoptr (GPtrArray) out
      = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_generation_free);
  g_auto (GStrv) keys = g_new0 (char *, 2);
  const RefractGeneration *generation;

  if (request == NULL)
    return TRUE;

  keys[0] = journal_key (role, kv, "speed");
  g_ptr_array_add (batch, request);
  if (!lookup_batch (self, keys, 1, out)
      && !decode_batch (self, session, batch, keys, NULL, out, error))
    return FALSE;

  generation = g_ptr_array_index (out, 0);
  if (generation->prompt_ms > 0)
    performance->prefill_tps = request->ids->len / generation->prompt_ms * 1000;
  if (generation->predicted_ms > 0 && generation->ids->len > 1)
    performance->decode_tps = generation->ids->len / generation->predicted_ms * 1000;
  performance->engine_seconds += batch_seconds (out, 1);
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

      g_ptr_array_add (self->notes,
                       g_strdup_printf ("Out of memory with %u slots of %u cells: went on with %u. "
                                        "The results are the same, the run is slower.",
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
    g_ptr_array_add (self->notes,
                     g_strdup ("The model's chat template opens a thinking block although thinking "
                               "was switched off: answers in chat mode are its thoughts."));
  return TRUE;
}

static gboolean
record_session (RefractObserver *self,
                RefractKvConfig *kv,
                RefractRole role,
                const RefractConfigResult *result,
                GError **error)
{
  g_autofree char *key = journal_key (role, kv, "session");
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
  g_autofree char *key = journal_key (role, kv, "session");
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
                      guint *stage,
                      GError **error)
{
  double *engine_seconds = &result->performance.engine_seconds;

  if (session != NULL)
    {
      if (role == REFRACT_ROLE_REFERENCE
          && (!prepare_axes (self, session, error)
              || !calibrate_slots (self, session, engine_seconds, error)))
        return FALSE;
      if (!measure_speed (self, session, kv, role, &result->performance, error))
        return FALSE;
      g_clear_pointer (&result->kv_in_use, refract_kv_in_use_free);
      result->kv_in_use = refract_kv_in_use_copy (refract_session_get_kv_in_use (session));
      result->performance.load_seconds += refract_session_get_load_seconds (session);
    }
  else
    recall_session (self, kv, role, result);
  refract_progress_finish (self->progress, (*stage)++, FALSE);

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      if (self->requests[i] == NULL || !takes_part (self, role, i))
        continue;
      observations->axes[i]
          = observe_requests (self, i, session, kv, role, (*stage)++, engine_seconds, error);
      if (observations->axes[i] == NULL)
        return FALSE;
    }

  if (session == NULL)
    return TRUE;
  result->performance.n_requests += refract_session_get_n_requests (session);
  result->performance.peak_rss
      = MAX (result->performance.peak_rss, refract_session_close (session));
  return record_session (self, kv, role, result, error);
}

/* ---- KLD ---- */

typedef struct
{
  RefractObserver *observer;
  const char *reference_path;
  gboolean is_reference;
  guint stage;
  guint64 work_before;
  guint64 work;
  RefractKldPositions *positions;
} LogitsReading;

static void
rows_cb (guint64 done, guint64 total, gpointer user_data)
{
  LogitsReading *reading = user_data;
  guint64 work = reading->work_before + (total > 0 ? reading->work * done / total : 0);

  refract_progress_update (reading->observer->progress, reading->stage, work, work);
}

static gboolean
read_logits_cb (int fd, gpointer user_data, GCancellable *cancellable, GError **error)
{
  LogitsReading *reading = user_data;

  reading->positions = reading->is_reference
                           ? refract_kld_observe_reference (fd, reading->reference_path, rows_cb,
                                                            reading, cancellable, error)
                           : refract_kld_observe_candidate (fd, reading->reference_path, rows_cb,
                                                            reading, cancellable, error);
  return reading->positions != NULL;
}

static void
add_logits_run (RefractConfigResult *result, const RefractLogitsRun *run)
{
  RefractPerformance *performance = &result->performance;

  if (result->kv_in_use == NULL && run->kv_in_use != NULL)
    result->kv_in_use = refract_kv_in_use_copy (run->kv_in_use);
  performance->load_seconds += run->load_seconds;
  performance->engine_seconds += run->compute_seconds;
  performance->peak_rss = MAX (performance->peak_rss, run->peak_rss);
}

/* One pass over the corpus; (transfer full) */
static RefractKldPositions *
observe_logits (RefractObserver *self,
                RefractKvConfig *kv,
                RefractRole role,
                RefractConfigResult *result,
                LogitsReading *reading,
                guint n_ctx,
                GError **error)
{
  RefractLogitsSpec spec
      = { self->inputs.corpus->path, n_ctx, refract_plan_get_int (self->plan, "chunks") };
  g_autofree char *what
      = g_strdup_printf ("kld|%u|%u|%s", spec.n_ctx, spec.n_chunks, self->inputs.corpus->sha256);
  g_autofree char *key = journal_key (role, kv, what);
  g_autofree char *name = g_strdup_printf ("reference-%u-%u-%.16s.logits", spec.n_ctx,
                                           spec.n_chunks, self->inputs.corpus->sha256);
  g_autofree char *path = g_build_filename (refract_journal_get_folder (self->journal), name, NULL);
  JsonObject *entry = refract_journal_lookup (self->journal, key);
  g_autoptr (RefractLogitsRun) run = NULL;
  g_autoptr (JsonObject) recorded = NULL;

  if (entry != NULL && (!reading->is_reference || g_file_test (path, G_FILE_TEST_EXISTS)))
    {
      JsonObject *in_use = refract_json_get_object (entry, "kv_in_use");

      if (result->kv_in_use == NULL && in_use != NULL)
        result->kv_in_use = refract_kv_in_use_from_json (in_use);
      return refract_kld_positions_from_json (refract_json_get_object (entry, "positions"), error);
    }

  reading->reference_path = path;
  reading->positions = NULL;
  run = refract_backend_logits (self->backend, self->model, kv, &spec, read_logits_cb, reading,
                                self->cancellable, error);
  if (run == NULL)
    {
      g_clear_pointer (&reading->positions, refract_kld_positions_free);
      return NULL;
    }
  add_logits_run (result, run);

  recorded = json_object_new ();
  json_object_set_object_member (recorded, "positions",
                                 refract_kld_positions_to_json (reading->positions));
  if (run->kv_in_use != NULL)
    json_object_set_object_member (recorded, "kv_in_use",
                                   refract_kv_in_use_to_json (run->kv_in_use));
  if (!refract_journal_record (self->journal, key, recorded, error))
    g_clear_pointer (&reading->positions, refract_kld_positions_free);
  return reading->positions;
}

static RefractObservation *
observe_kld (RefractObserver *self,
             RefractKvConfig *kv,
             RefractRole role,
             RefractConfigResult *result,
             guint stage,
             GError **error)
{
  g_autoptr (RefractObservation) observation = refract_observation_new (REFRACT_AXIS_KLD);
  g_autoptr (GArray) ctx = refract_plan_get_uints (self->plan, "ctx");
  LogitsReading reading = { self, NULL, role == REFRACT_ROLE_REFERENCE, stage, 0, 0, NULL };

  refract_progress_begin (self->progress, stage, kld_work (self));
  if (role == REFRACT_ROLE_REFERENCE)
    {
      g_autoptr (GPtrArray) none = refract_axis_prepare (
          self->axes[REFRACT_AXIS_KLD], self->plan, &self->inputs, NULL, self->cancellable, error);

      if (none == NULL)
        return NULL;
    }
  observation->positions
      = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_kld_positions_free);
  for (guint i = 0; i < ctx->len; i++)
    {
      guint n_ctx = g_array_index (ctx, guint, i);
      RefractKldPositions *positions;

      reading.work = (guint64) n_ctx * refract_plan_get_int (self->plan, "chunks");
      positions = observe_logits (self, kv, role, result, &reading, n_ctx, error);
      if (positions == NULL)
        return NULL;
      g_ptr_array_add (observation->positions, positions);
      reading.work_before += reading.work;
    }

  refract_progress_finish (self->progress, stage, FALSE);
  return g_steal_pointer (&observation);
}

/* What the worst positions read: the engine turns their ids into text while it is there. */
static JsonArray *
read_worst_texts (RefractObserver *self,
                  RefractSession *session,
                  const RefractKldPositions *positions,
                  GError **error)
{
  g_autoptr (JsonObject) statistics = refract_kld_statistics (positions);
  JsonArray *worst = refract_json_get_array (statistics, "worst");
  g_autoptr (JsonArray) texts = json_array_new ();

  for (guint i = 0; i < json_array_get_length (worst); i++)
    {
      JsonObject *position = json_array_get_object_element (worst, i);
      g_autoptr (GArray) context
          = refract_json_array_to_ids (refract_json_get_array (position, "context"));
      g_autoptr (GArray) token = g_array_new (FALSE, FALSE, sizeof (gint32));
      gint32 id = refract_json_get_int (position, "token", 0);
      g_autofree char *context_text = NULL;
      g_autofree char *token_text = NULL;
      JsonObject *text;

      g_array_append_val (token, id);
      context_text = refract_session_detokenize (session, context, self->cancellable, error);
      if (context_text == NULL)
        return NULL;
      token_text = refract_session_detokenize (session, token, self->cancellable, error);
      if (token_text == NULL)
        return NULL;
      text = json_object_new ();
      json_object_set_string_member (text, "context", context_text);
      json_object_set_string_member (text, "token", token_text);
      json_array_add_object_element (texts, text);
    }

  return g_steal_pointer (&texts);
}

/* The texts of a candidate's worst positions, from the journal or from the session. */
static gboolean
observe_worst_texts (RefractObserver *self,
                     RefractSession *session,
                     RefractKvConfig *kv,
                     RefractObservations *observations,
                     GError **error)
{
  const RefractObservation *kld = observations->axes[REFRACT_AXIS_KLD];
  g_autofree char *key = journal_key (REFRACT_ROLE_CANDIDATE, kv, "worst-texts");
  JsonObject *known = refract_journal_lookup (self->journal, key);
  JsonArray *texts = known != NULL ? refract_json_get_array (known, "texts") : NULL;
  g_autoptr (JsonObject) entry = NULL;

  if (texts != NULL)
    {
      observations->worst_texts = json_array_ref (texts);
      return TRUE;
    }
  if (session == NULL || kld == NULL)
    return TRUE;

  observations->worst_texts
      = read_worst_texts (self, session, g_ptr_array_index (kld->positions, 0), error);
  if (observations->worst_texts == NULL)
    return FALSE;
  entry = json_object_new ();
  json_object_set_array_member (entry, "texts", json_array_ref (observations->worst_texts));
  return refract_journal_record (self->journal, key, entry, error);
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
  gboolean observed;

  result->performance.load_seconds = 0;

  if (takes_part (self, role, REFRACT_AXIS_KLD))
    {
      observations->axes[REFRACT_AXIS_KLD] = observe_kld (self, kv, role, result, stage++, error);
      if (observations->axes[REFRACT_AXIS_KLD] == NULL)
        return NULL;
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
              || observe_worst_texts (self, session, kv, observations, error))
             && observe_with_session (self, session, kv, role, result, observations, &stage, error);
  if (session != NULL)
    refract_session_close (session);

  return observed ? g_steal_pointer (&observations) : NULL;
}
