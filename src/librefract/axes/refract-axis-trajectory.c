/* refract-axis-trajectory.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "axes/refract-axis-private.h"
#include "core/refract-error.h"
#include "core/refract-json.h"
#include "core/refract-statistics.h"

/**
 * RefractTrajectoryAxis:
 *
 * Axis A: how far the candidate's greedy answer follows the reference's, in the ids that were
 * decoded (SCORING, "Axis A — Trajectory").
 */
struct _RefractTrajectoryAxis
{
  RefractAxis parent_instance;
  GPtrArray *prompts;
  guint n_predict;
  gboolean chat;
};

G_DEFINE_FINAL_TYPE (RefractTrajectoryAxis, refract_trajectory_axis, REFRACT_TYPE_AXIS)

/* Sums over all prompts; lengths in tokens. */
typedef struct
{
  guint64 prefix;
  guint64 ref_length;
  guint64 cand_length;
  guint64 longer_length;
  guint n_matched;
  guint n_early;
  GArray *divergences;
} Totals;

static gboolean
is_chat (RefractPlan *plan)
{
  return g_strcmp0 (refract_plan_get_string (plan, "prompt-mode"), "chat") == 0;
}

static void
refract_trajectory_axis_estimate (RefractAxis *axis,
                                  RefractPlan *plan,
                                  const RefractInputs *inputs,
                                  RefractEstimate *estimate)
{
  guint n_predict = refract_plan_get_int (plan, "n-predict");

  for (guint i = 0; i < refract_prompts_get_n (inputs->prompts); i++)
    refract_axis_estimate_prompt (refract_prompts_get (inputs->prompts, i)->text, is_chat (plan),
                                  n_predict, estimate);
}

static GPtrArray *
refract_trajectory_axis_prepare (RefractAxis *axis,
                                 RefractPlan *plan,
                                 const RefractInputs *inputs,
                                 RefractSession *session,
                                 GCancellable *cancellable,
                                 GError **error)
{
  RefractTrajectoryAxis *self = REFRACT_TRAJECTORY_AXIS (axis);
  g_autoptr (GPtrArray) requests
      = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_request_free);

  g_clear_pointer (&self->prompts, g_ptr_array_unref);
  self->prompts = refract_axis_copy_prompts (inputs);
  self->n_predict = refract_plan_get_int (plan, "n-predict");
  self->chat = is_chat (plan);

  for (guint i = 0; i < self->prompts->len; i++)
    {
      const RefractPrompt *prompt = g_ptr_array_index (self->prompts, i);
      GArray *ids = refract_axis_tokenize_prompt (session, inputs, prompt, prompt->text, self->chat,
                                                  self->n_predict, cancellable, error);

      if (ids == NULL)
        return NULL;
      g_ptr_array_add (requests, refract_request_new (prompt->id, ids, self->n_predict));
      g_array_unref (ids);
    }

  return g_steal_pointer (&requests);
}

static void
add_prompt (const RefractPrompt *prompt,
            const RefractGeneration *ref,
            const RefractGeneration *cand,
            Totals *totals,
            JsonArray *per_prompt,
            JsonArray *texts)
{
  const gint32 *ref_ids = (gconstpointer) ref->ids->data;
  const gint32 *cand_ids = (gconstpointer) cand->ids->data;
  guint prefix = refract_common_prefix (ref_ids, ref->ids->len, cand_ids, cand->ids->len);
  gboolean matched = prefix == ref->ids->len && prefix == cand->ids->len;
  JsonObject *entry = json_object_new ();
  JsonObject *text = json_object_new ();

  totals->prefix += prefix;
  totals->ref_length += ref->ids->len;
  totals->cand_length += cand->ids->len;
  totals->longer_length += MAX (ref->ids->len, cand->ids->len);
  totals->n_matched += matched;
  totals->n_early += cand->stop == REFRACT_STOP_EOS;
  if (!matched)
    {
      double divergence = prefix;

      g_array_append_val (totals->divergences, divergence);
    }

  json_object_set_string_member (entry, "id", prompt->id);
  json_object_set_string_member (entry, "category", prompt->category);
  json_object_set_string_member (entry, "prompt", prompt->text);
  json_object_set_array_member (entry, "ref_token_ids",
                                refract_json_array_from_ids (ref_ids, ref->ids->len));
  json_object_set_array_member (entry, "cand_token_ids",
                                refract_json_array_from_ids (cand_ids, cand->ids->len));
  if (matched)
    json_object_set_null_member (entry, "first_divergence");
  else
    json_object_set_int_member (entry, "first_divergence", prefix);
  json_object_set_int_member (entry, "prefix_agreement_length", prefix);
  json_object_set_int_member (entry, "cand_length", cand->ids->len);
  json_object_set_int_member (entry, "ref_length", ref->ids->len);
  json_object_set_boolean_member (entry, "matched", matched);
  json_array_add_object_element (per_prompt, entry);

  json_object_set_string_member (text, "id", prompt->id);
  json_object_set_string_member (text, "ref_text", ref->text);
  json_object_set_string_member (text, "cand_text", cand->text);
  json_object_set_string_member (text, "ref_stop", refract_stop_get_name (ref->stop));
  json_object_set_string_member (text, "cand_stop", refract_stop_get_name (cand->stop));
  json_array_add_object_element (texts, text);
}

static void
write_result (RefractTrajectoryAxis *self,
              RefractAxisResult *result,
              const Totals *totals,
              JsonArray *per_prompt,
              JsonArray *texts)
{
  double n = self->prompts->len;
  double strict = 100.0 * ((double) totals->prefix / (double) totals->longer_length);

  json_object_set_double_member (result->json, "full_match_rate", totals->n_matched / n);
  if (totals->divergences->len > 0)
    {
      double *values = (gpointer) totals->divergences->data;

      refract_sort_doubles (values, totals->divergences->len);
      json_object_set_double_member (result->json, "median_first_divergence",
                                     refract_quantile (values, totals->divergences->len, 0.5));
    }
  else
    json_object_set_null_member (result->json, "median_first_divergence");
  json_object_set_double_member (result->json, "mean_prefix_agreement_length", totals->prefix / n);
  json_object_set_double_member (result->json, "mean_cand_length", totals->cand_length / n);
  json_object_set_double_member (result->json, "mean_ref_length", totals->ref_length / n);
  json_object_set_int_member (result->json, "n_prompts", self->prompts->len);
  json_object_set_int_member (result->json, "n_tokens_each", self->n_predict);
  json_object_set_array_member (result->json, "per_prompt", per_prompt);

  json_object_set_double_member (result->extension, "score_strict", strict);
  json_object_set_string_member (result->extension, "prompt_mode", self->chat ? "chat" : "raw");
  json_object_set_array_member (result->extension, "per_prompt", texts);

  if (self->chat)
    refract_axis_result_note (result, "Prompts were asked as a chat, thinking disabled; published "
                                      "results continue them as raw text.");
  if (totals->n_early > 0)
    refract_axis_result_note (result,
                              "%u of %u candidate answers ended before the limit of %u tokens.",
                              totals->n_early, self->prompts->len, self->n_predict);
  if (fabs (result->score - strict) > 1.0)
    refract_axis_result_note (result,
                              "Some answers differ in length: measured against the longer answer "
                              "of each pair, the score is %.2f.",
                              strict);
}

static RefractAxisResult *
refract_trajectory_axis_score (RefractAxis *axis,
                               const RefractObservation *reference,
                               const RefractObservation *candidate,
                               GError **error)
{
  RefractTrajectoryAxis *self = REFRACT_TRAJECTORY_AXIS (axis);
  g_autoptr (RefractAxisResult) result = refract_axis_result_new (REFRACT_AXIS_TRAJECTORY);
  g_autoptr (RefractUnits) units = NULL;
  g_autoptr (GArray) divergences = g_array_new (FALSE, FALSE, sizeof (double));
  g_autoptr (JsonArray) per_prompt = json_array_new ();
  g_autoptr (JsonArray) texts = json_array_new ();
  Totals totals = { .divergences = divergences };

  if (!refract_axis_check_generations (axis, reference, candidate, self->prompts->len, error))
    return NULL;

  units = refract_units_new (REFRACT_LINK_AGREEMENT, self->prompts->len);
  for (guint i = 0; i < self->prompts->len; i++)
    {
      const RefractPrompt *prompt = g_ptr_array_index (self->prompts, i);
      const RefractGeneration *ref = g_ptr_array_index (reference->generations, i);
      const RefractGeneration *cand = g_ptr_array_index (candidate->generations, i);
      guint64 prefix_before = totals.prefix;

      if (ref->ids->len == 0 && cand->ids->len == 0)
        {
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                       "The engine decoded nothing for prompt “%s”, neither on the reference nor "
                       "on the candidate. Remove the prompt, or check the engine with a self-test.",
                       prompt->id);
          return NULL;
        }
      add_prompt (prompt, ref, cand, &totals, per_prompt, texts);
      units->numerator[i] = totals.prefix - prefix_before;
      units->denominator[i] = cand->ids->len;
    }

  refract_axis_result_take_units (result, g_steal_pointer (&units));
  write_result (self, result, &totals, g_steal_pointer (&per_prompt), g_steal_pointer (&texts));
  return g_steal_pointer (&result);
}

static void
refract_trajectory_axis_finalize (GObject *object)
{
  RefractTrajectoryAxis *self = REFRACT_TRAJECTORY_AXIS (object);

  g_clear_pointer (&self->prompts, g_ptr_array_unref);

  G_OBJECT_CLASS (refract_trajectory_axis_parent_class)->finalize (object);
}

static void
refract_trajectory_axis_class_init (RefractTrajectoryAxisClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  RefractAxisClass *axis_class = REFRACT_AXIS_CLASS (klass);

  object_class->finalize = refract_trajectory_axis_finalize;

  axis_class->id = REFRACT_AXIS_TRAJECTORY;
  axis_class->estimate = refract_trajectory_axis_estimate;
  axis_class->prepare = refract_trajectory_axis_prepare;
  axis_class->score = refract_trajectory_axis_score;
}

static void
refract_trajectory_axis_init (RefractTrajectoryAxis *self)
{
}
