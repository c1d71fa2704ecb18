/* refract-observer-kld.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "audit/refract-observer-private.h"
#include "core/refract-json.h"

guint64
refract_observer_kld_work (RefractObserver *self)
{
  g_autoptr (GArray) ctx = refract_plan_get_uints (self->plan, "ctx");
  guint64 tokens = 0;

  for (guint i = 0; i < ctx->len; i++)
    tokens += (guint64) g_array_index (ctx, guint, i) * refract_plan_get_int (self->plan, "chunks");
  return tokens;
}

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
      = g_strdup_printf ("kld2|%u|%u|%s", spec.n_ctx, spec.n_chunks, self->inputs.corpus->sha256);
  g_autofree char *key = refract_observer_journal_key (role, kv, what);
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
      refract_progress_recall (self->progress, reading->stage, reading->work);
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
  reading->positions->phase = run->phase;
  reading->positions->is_unverified = run->is_unverified;

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

RefractObservation *
refract_observer_observe_kld (RefractObserver *self,
                              RefractKvConfig *kv,
                              RefractRole role,
                              RefractConfigResult *result,
                              guint stage,
                              GError **error)
{
  g_autoptr (RefractObservation) observation = refract_observation_new (REFRACT_AXIS_KLD);
  g_autoptr (GArray) ctx = refract_plan_get_uints (self->plan, "ctx");
  LogitsReading reading = { self, NULL, role == REFRACT_ROLE_REFERENCE, stage, 0, 0, NULL };

  refract_progress_begin (self->progress, stage, refract_observer_kld_work (self));
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
gboolean
refract_observer_observe_worst_texts (RefractObserver *self,
                                      RefractSession *session,
                                      RefractKvConfig *kv,
                                      RefractObservations *observations,
                                      GError **error)
{
  const RefractObservation *kld = observations->axes[REFRACT_AXIS_KLD];
  g_autofree char *key = refract_observer_journal_key (REFRACT_ROLE_CANDIDATE, kv, "worst-texts");
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
