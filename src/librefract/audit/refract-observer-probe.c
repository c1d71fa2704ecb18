/* refract-observer-probe.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "audit/refract-observer-private.h"
#include "core/refract-json.h"

#define CALIBRATION_PROMPTS 8 /* decoded alone and side by side, at least */
#define CALIBRATION_TOKENS 48 /* of each */
#define CALIBRATION_SHARE 64  /* of what the run decodes, one token in so many alone at most */
#define SPEED_PROMPT_TOKENS 512
#define SPEED_DECODE_TOKENS 48

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
      guint n = refract_observer_batch_length (self, requests, 0);

      for (guint i = 0; i < n; i++)
        g_ptr_array_add (short_ones,
                         shorten_request (g_ptr_array_index (requests, i), CALIBRATION_TOKENS));
    }
  return short_ones;
}

/* How many of @n prompts are decoded alone as well: all of them in a run that is long enough for it
 * not to matter. */
static guint
count_alone (RefractObserver *self, guint n)
{
  g_autoptr (GPtrArray) candidates = refract_plan_get_candidates (self->plan, NULL);
  guint64 tokens = 0;

  for (guint axis = 0; axis < REFRACT_N_AXES; axis++)
    for (guint i = 0; self->requests[axis] != NULL && i < self->requests[axis]->len; i++)
      tokens += ((const RefractRequest *) self->requests[axis]->pdata[i])->n_predict;
  tokens *= 1 + candidates->len;

  return MIN (n, MAX (CALIBRATION_PROMPTS, tokens / CALIBRATION_SHARE / CALIBRATION_TOKENS));
}

/* Decodes prompts side by side and some of them, evenly spread, alone; side by side is only used
 * where it changes nothing. */
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
      self->slots_evidence
          = g_strdup (N_ ("One at a time: there are no two short prompts to compare."));
      return TRUE;
    }

  together = refract_session_generate (session, requests, NULL, NULL, self->cancellable, error);
  if (together == NULL)
    return FALSE;
  *engine_seconds += refract_observer_batch_seconds (together, together->len);
  n_alone = count_alone (self, requests->len);
  for (guint k = 0; k < n_alone; k++)
    {
      guint i = k * requests->len / n_alone;
      g_autoptr (GPtrArray) one = g_ptr_array_new ();
      g_autoptr (GPtrArray) alone = NULL;

      g_ptr_array_add (one, g_ptr_array_index (requests, i));
      alone = refract_session_generate (session, one, NULL, NULL, self->cancellable, error);
      if (alone == NULL)
        return FALSE;
      *engine_seconds += refract_observer_batch_seconds (alone, 1);
      if (!refract_generation_same_ids (g_ptr_array_index (alone, 0),
                                        g_ptr_array_index (together, i)))
        {
          self->batch = 1;
          self->slots_evidence = g_strdup_printf (
              N_ ("One at a time: %u prompts decoded side by side gave other tokens than alone."),
              requests->len);
          return TRUE;
        }
    }

  self->slots_evidence = g_strdup_printf (
      N_ ("%u prompts side by side: %u of them gave the same tokens alone and side by side."),
      self->batch, n_alone);
  return TRUE;
}

gboolean
refract_observer_calibrate_slots (RefractObserver *self,
                                  RefractSession *session,
                                  double *engine_seconds,
                                  GError **error)
{
  g_autofree char *key = NULL;
  g_autoptr (JsonObject) found = NULL;
  JsonObject *known;

  /* some engines decode one prompt at a time, whatever they are asked for */
  self->n_slots = MIN (self->n_slots, refract_session_get_n_slots (session));
  self->batch = self->n_slots;
  if (self->n_slots == 1)
    {
      self->slots_evidence = g_strdup (N_ ("One slot: there is nothing to decode side by side."));
      return TRUE;
    }
  if (refract_plan_get_int (self->plan, "slots") > 0)
    {
      self->slots_evidence = g_strdup_printf (N_ ("%u slots, as asked for."), self->n_slots);
      return TRUE;
    }
  key = g_strdup_printf ("slots|%u", self->n_slots);
  known = refract_journal_lookup (self->journal, key);
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
gboolean
refract_observer_measure_speed (RefractObserver *self,
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

  keys[0] = refract_observer_journal_key (role, kv, "speed");
  g_ptr_array_add (batch, request);
  if (!refract_observer_lookup_batch (self, keys, 1, out)
      && !refract_observer_decode_batch (self, session, batch, keys, NULL, out, error))
    return FALSE;

  generation = g_ptr_array_index (out, 0);
  /* Several tokens in no time: when they were decoded is not known, and so not what the prompt
   * took.
   */
  if (generation->predicted_ms > 0 && generation->ids->len > 1)
    performance->decode_tps = generation->ids->len / generation->predicted_ms * 1000;
  if (generation->prompt_ms > 0 && (generation->predicted_ms > 0 || generation->ids->len < 2))
    performance->prefill_tps = request->ids->len / generation->prompt_ms * 1000;
  performance->engine_seconds += refract_observer_batch_seconds (out, 1);
  return TRUE;
}
