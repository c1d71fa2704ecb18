/* refract-observer-batch.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "audit/refract-observer-private.h"

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

static void
tokens_cb (guint64 n_tokens, gpointer user_data)
{
  RefractStageProgress *stage = user_data;
  guint64 read = (guint64) ((double) n_tokens * stage->read);

  refract_progress_update (stage->progress, stage->stage,
                           stage->done + read + n_tokens * REFRACT_WORK_DECODED,
                           stage->tokens + read + n_tokens);
}

/* An engine does not say how much of the prompts it has read: as much as it has decoded of what it
 * may. */
static void
begin_batch (RefractStageProgress *stage, GPtrArray *batch)
{
  double n_read = 0, n_predict = 0;

  for (guint i = 0; i < batch->len; i++)
    {
      const RefractRequest *request = g_ptr_array_index (batch, i);

      n_read += request->ids->len;
      n_predict += request->n_predict;
    }
  stage->read = n_predict > 0 ? n_read / n_predict : 0;
}

guint64
refract_observer_request_work (const RefractRequest *request)
{
  return request->ids->len + (guint64) request->n_predict * REFRACT_WORK_DECODED;
}

char *
refract_observer_journal_key (RefractRole role, RefractKvConfig *kv, const char *what)
{
  return g_strdup_printf ("%s|%s|%s", role_name (role), refract_kv_config_get_text (kv), what);
}

char *
refract_observer_request_key (RefractObserver *self,
                              RefractRole role,
                              RefractKvConfig *kv,
                              RefractAxisId axis,
                              const RefractRequest *request)
{
  g_autofree char *hash = refract_request_dup_hash (request);
  g_autofree char *what = g_strdup_printf ("%s|%s|%u|%u|%s", refract_axis_id_get_name (axis),
                                           request->key, self->batch, self->n_cells, hash);

  return refract_observer_journal_key (role, kv, what);
}

/* The next requests from @first on that are decoded side by side. */
guint
refract_observer_batch_length (RefractObserver *self, GPtrArray *requests, guint first)
{
  return MIN (self->batch, requests->len - first);
}

/* Fills @out from the journal when all of a batch is there: a batch is repeated whole or not at
 * all, since its shape is part of how it is computed. */
gboolean
refract_observer_lookup_batch (RefractObserver *self, char **keys, guint n, GPtrArray *out)
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

gboolean
refract_observer_decode_batch (RefractObserver *self,
                               RefractSession *session,
                               GPtrArray *batch,
                               char **keys,
                               RefractStageProgress *progress,
                               GPtrArray *out,
                               GError **error)
{
  g_autoptr (GPtrArray) generations = NULL;

  if (progress != NULL)
    begin_batch (progress, batch);
  generations = refract_session_generate (session, batch, progress != NULL ? tokens_cb : NULL,
                                          progress, self->cancellable, error);
  if (generations == NULL)
    return FALSE;

  for (guint i = 0; i < generations->len; i++)
    {
      RefractGeneration *generation = g_ptr_array_index (generations, i);
      g_autoptr (JsonObject) entry = refract_generation_to_json (generation);

      if (progress != NULL)
        progress->tokens
            += ((const RefractRequest *) batch->pdata[i])->ids->len + generation->ids->len;
      if (!refract_journal_record (self->journal, keys[i], entry, error))
        return FALSE;
    }

  g_ptr_array_extend_and_steal (out, g_steal_pointer (&generations));
  return TRUE;
}

/* What the engine says it took for the last @n generations, which it computed side by side. */
double
refract_observer_batch_seconds (GPtrArray *generations, guint n)
{
  double longest = 0;

  for (guint i = generations->len - n; i < generations->len; i++)
    {
      const RefractGeneration *generation = g_ptr_array_index (generations, i);

      longest = MAX (longest, generation->prompt_ms + generation->predicted_ms);
    }
  return longest / 1000;
}
