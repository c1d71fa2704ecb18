/* refract-axis-plad.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "axes/refract-axis-private.h"
#include "core/refract-error.h"
#include "core/refract-json.h"
#include "core/refract-perturb.h"
#include "core/refract-statistics.h"

#define DECAY 5.0
/* From here on the reference itself says something else: nothing is left to measure. */
#define SATURATED_DRIFT 0.95

/**
 * RefractPladAxis:
 *
 * Axis D: how much further than the reference's the candidate's answer moves when a prompt changes
 * a little (SCORING, "Axis D — PLAD").
 */
struct _RefractPladAxis
{
  RefractAxis parent_instance;
  GPtrArray *prompts;
  GArray *pairs;
};

G_DEFINE_FINAL_TYPE (RefractPladAxis, refract_plad_axis, REFRACT_TYPE_AXIS)

/* Indices into prompts and requests. */
typedef struct
{
  guint prompt;
  RefractPerturbation perturbation;
  guint anchor;
  guint variant;
  char *text;
} Pair;

typedef struct
{
  double ref_drift;
  double cand_drift;
  double excess;
  double score; /* [0, 1] */
} Outcome;

static void
pair_clear (Pair *self)
{
  g_free (self->text);
}

static void
refract_plad_axis_estimate (RefractAxis *axis,
                            RefractPlan *plan,
                            const RefractInputs *inputs,
                            RefractEstimate *estimate)
{
  guint64 seed = refract_plan_get_int (plan, "seed");
  guint n_predict = refract_plan_get_int (plan, "n-predict");

  for (guint i = 0; i < refract_prompts_get_n (inputs->prompts); i++)
    {
      const char *text = refract_prompts_get (inputs->prompts, i)->text;
      char *variants[REFRACT_N_PERTURBATIONS];

      refract_axis_estimate_prompt (text, TRUE, n_predict, estimate);
      refract_perturb (text, seed + i, variants);
      for (guint j = 0; j < REFRACT_N_PERTURBATIONS; j++)
        {
          if (variants[j] != NULL)
            refract_axis_estimate_prompt (variants[j], TRUE, n_predict, estimate);
          g_free (variants[j]);
        }
    }
}

/* What one call of prepare needs everywhere. */
typedef struct
{
  const RefractInputs *inputs;
  RefractSession *session;
  guint n_predict;
  GHashTable *keys; /* borrows from requests */
  GPtrArray *requests;
  GCancellable *cancellable;
} Preparation;

/* @key: (transfer full) */
static gboolean
add_request (Preparation *preparation,
             const RefractPrompt *prompt,
             const char *text,
             char *key,
             GError **error)
{
  g_autofree char *owned_key = key;
  RefractRequest *request;
  GArray *ids;

  if (g_hash_table_contains (preparation->keys, key))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                   "The prompt id “%s” is also the name of a perturbed prompt. Rename the prompt.",
                   key);
      return FALSE;
    }
  ids = refract_axis_tokenize_prompt (preparation->session, preparation->inputs, prompt, text, TRUE,
                                      preparation->n_predict, preparation->cancellable, error);
  if (ids == NULL)
    return FALSE;

  request = refract_request_new (key, ids, preparation->n_predict);
  g_ptr_array_add (preparation->requests, request);
  g_hash_table_add (preparation->keys, request->key);
  g_array_unref (ids);

  return TRUE;
}

static gboolean
prepare_prompt (
    RefractPladAxis *self, Preparation *preparation, guint index, guint64 seed, GError **error)
{
  const RefractPrompt *prompt = g_ptr_array_index (self->prompts, index);
  guint anchor = preparation->requests->len;
  char *variants[REFRACT_N_PERTURBATIONS];
  gboolean added = add_request (preparation, prompt, prompt->text, g_strdup (prompt->id), error);

  refract_perturb (prompt->text, seed, variants);
  for (guint i = 0; i < REFRACT_N_PERTURBATIONS; i++)
    {
      Pair pair = { index, i, anchor, preparation->requests->len, variants[i] };

      if (variants[i] == NULL)
        continue;
      added = added
              && add_request (
                  preparation, prompt, variants[i],
                  g_strconcat (prompt->id, "/", refract_perturbation_get_name (i), NULL), error);
      g_array_append_val (self->pairs, pair);
    }

  return added;
}

static GPtrArray *
refract_plad_axis_prepare (RefractAxis *axis,
                           RefractPlan *plan,
                           const RefractInputs *inputs,
                           RefractSession *session,
                           GCancellable *cancellable,
                           GError **error)
{
  RefractPladAxis *self = REFRACT_PLAD_AXIS (axis);
  guint64 seed = refract_plan_get_int (plan, "seed");
  g_autoptr (GHashTable) keys = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) requests
      = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_request_free);
  Preparation preparation = {
    .inputs = inputs,
    .session = session,
    .n_predict = refract_plan_get_int (plan, "n-predict"),
    .keys = keys,
    .requests = requests,
    .cancellable = cancellable,
  };

  g_clear_pointer (&self->prompts, g_ptr_array_unref);
  self->prompts = refract_axis_copy_prompts (inputs);
  g_array_set_size (self->pairs, 0);

  for (guint i = 0; i < self->prompts->len; i++)
    if (!prepare_prompt (self, &preparation, i, seed + i, error))
      return NULL;

  return g_steal_pointer (&requests);
}

static double
measure_drift (const RefractObservation *observation, const Pair *pair)
{
  const RefractGeneration *anchor = g_ptr_array_index (observation->generations, pair->anchor);
  const RefractGeneration *variant = g_ptr_array_index (observation->generations, pair->variant);
  guint distance;

  if (anchor->ids->len == 0)
    return variant->ids->len == 0 ? 0.0 : 1.0;

  distance = refract_edit_distance ((gconstpointer) anchor->ids->data, anchor->ids->len,
                                    (gconstpointer) variant->ids->data, variant->ids->len);
  return MIN (1.0, (double) distance / anchor->ids->len);
}

static Outcome
score_pair (const RefractObservation *reference,
            const RefractObservation *candidate,
            const Pair *pair)
{
  Outcome outcome;

  outcome.ref_drift = measure_drift (reference, pair);
  outcome.cand_drift = measure_drift (candidate, pair);
  outcome.excess = MAX (0.0, outcome.cand_drift - outcome.ref_drift);
  outcome.score = exp (-DECAY * outcome.excess);

  return outcome;
}

static JsonObject *
describe_pair (RefractPladAxis *self, const Pair *pair, const Outcome *outcome)
{
  const RefractPrompt *prompt = g_ptr_array_index (self->prompts, pair->prompt);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "prompt_id", prompt->id);
  json_object_set_string_member (object, "perturbation",
                                 refract_perturbation_get_name (pair->perturbation));
  json_object_set_string_member (object, "perturbed_prompt", pair->text);
  json_object_set_double_member (object, "ref_drift", outcome->ref_drift);
  json_object_set_double_member (object, "cand_drift", outcome->cand_drift);
  json_object_set_double_member (object, "excess_drift", outcome->excess);
  json_object_set_double_member (object, "plad_pp", 100.0 * outcome->score);

  return object;
}

/* Both answers to request number @index; @perturbation NULL for the prompt as it stands. */
static JsonObject *
describe_answers (const RefractObservation *reference,
                  const RefractObservation *candidate,
                  guint index,
                  const char *id,
                  const char *perturbation)
{
  const RefractGeneration *ref = g_ptr_array_index (reference->generations, index);
  const RefractGeneration *cand = g_ptr_array_index (candidate->generations, index);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "prompt_id", id);
  refract_json_set_string_or_null (object, "perturbation", perturbation);
  json_object_set_string_member (object, "ref_text", ref->text);
  json_object_set_string_member (object, "cand_text", cand->text);
  json_object_set_string_member (object, "ref_stop", refract_stop_get_name (ref->stop));
  json_object_set_string_member (object, "cand_stop", refract_stop_get_name (cand->stop));

  return object;
}

static void
write_perturbations (RefractAxisResult *result,
                     const double sums[REFRACT_N_PERTURBATIONS],
                     const guint counts[REFRACT_N_PERTURBATIONS])
{
  JsonObject *scores = json_object_new ();
  JsonObject *n_pairs = json_object_new ();
  JsonArray *skipped = json_array_new ();

  for (guint i = 0; i < REFRACT_N_PERTURBATIONS; i++)
    {
      const char *name = refract_perturbation_get_name (i);

      json_object_set_int_member (n_pairs, name, counts[i]);
      if (counts[i] > 0)
        json_object_set_double_member (scores, name, 100.0 * (sums[i] / counts[i]));
      else
        {
          json_object_set_null_member (scores, name);
          json_array_add_string_element (skipped, name);
          result->confidence = REFRACT_CONFIDENCE_PARTIAL;
        }
    }

  json_object_set_object_member (result->json, "per_perturbation_score", scores);
  json_object_set_array_member (result->json, "skipped_perturbations", skipped);
  json_object_set_object_member (result->extension, "pairs_per_perturbation", n_pairs);
}

static void
write_notes (RefractPladAxis *self, RefractAxisResult *result, guint n_saturated)
{
  guint n_possible = self->prompts->len * REFRACT_N_PERTURBATIONS;
  double share = (double) n_saturated / self->pairs->len;

  refract_axis_result_note (result, "Drift compares the ids that were decoded; REFRACT tokenizes "
                                    "the answers again.");
  if (self->pairs->len < n_possible)
    refract_axis_result_note (result,
                              "%u of %u pairs of prompt and perturbation were skipped, as "
                              "the perturbation does not apply.",
                              n_possible - self->pairs->len, n_possible);
  if (share > 0.5)
    {
      result->confidence = REFRACT_CONFIDENCE_LOW;
      refract_axis_result_note (result,
                                "In %u of %u pairs the reference itself gives another answer, "
                                "so little can be measured.",
                                n_saturated, self->pairs->len);
    }

  json_object_set_double_member (result->extension, "saturated_share", share);
  json_object_set_int_member (result->extension, "n_pairs", self->pairs->len);
  json_object_set_string_member (result->json, "confidence",
                                 refract_confidence_get_name (result->confidence));
}

static RefractAxisResult *
refract_plad_axis_score (RefractAxis *axis,
                         const RefractObservation *reference,
                         const RefractObservation *candidate,
                         GError **error)
{
  RefractPladAxis *self = REFRACT_PLAD_AXIS (axis);
  guint n_requests = self->prompts->len + self->pairs->len;
  g_autoptr (RefractAxisResult) result = refract_axis_result_new (REFRACT_AXIS_PLAD);
  double sums[REFRACT_N_PERTURBATIONS] = { 0.0 };
  guint counts[REFRACT_N_PERTURBATIONS] = { 0 };
  guint n_saturated = 0;
  guint last_anchor = G_MAXUINT;
  RefractUnits *units;
  JsonArray *per_prompt, *answers;

  if (!refract_axis_check_generations (axis, reference, candidate, n_requests, error))
    return NULL;
  if (self->pairs->len == 0)
    {
      g_set_error_literal (error, REFRACT_ERROR, REFRACT_ERROR_NOTHING_MEASURED,
                           "PLAD has nothing to score: no perturbation applies to any prompt. Use "
                           "other prompts.");
      return NULL;
    }

  units = refract_units_new (REFRACT_LINK_AGREEMENT, self->prompts->len);
  per_prompt = json_array_new ();
  answers = json_array_new ();
  for (guint i = 0; i < self->pairs->len; i++)
    {
      const Pair *pair = &g_array_index (self->pairs, Pair, i);
      const char *id = ((RefractPrompt *) self->prompts->pdata[pair->prompt])->id;
      Outcome outcome = score_pair (reference, candidate, pair);

      units->numerator[pair->prompt] += outcome.score;
      units->denominator[pair->prompt] += 1.0;
      sums[pair->perturbation] += outcome.score;
      counts[pair->perturbation]++;
      n_saturated += outcome.ref_drift >= SATURATED_DRIFT;
      json_array_add_object_element (per_prompt, describe_pair (self, pair, &outcome));
      if (pair->anchor != last_anchor)
        json_array_add_object_element (
            answers, describe_answers (reference, candidate, pair->anchor, id, NULL));
      json_array_add_object_element (
          answers, describe_answers (reference, candidate, pair->variant, id,
                                     refract_perturbation_get_name (pair->perturbation)));
      last_anchor = pair->anchor;
    }

  refract_axis_result_take_units (result, units);
  json_object_set_array_member (result->json, "per_prompt", per_prompt);
  json_object_set_int_member (result->json, "n_prompts", self->prompts->len);
  json_object_set_int_member (result->json, "n_perturbations", REFRACT_N_PERTURBATIONS);
  json_object_set_array_member (result->extension, "answers", answers);
  write_perturbations (result, sums, counts);
  write_notes (self, result, n_saturated);

  return g_steal_pointer (&result);
}

static void
refract_plad_axis_finalize (GObject *object)
{
  RefractPladAxis *self = REFRACT_PLAD_AXIS (object);

  g_clear_pointer (&self->prompts, g_ptr_array_unref);
  g_clear_pointer (&self->pairs, g_array_unref);

  G_OBJECT_CLASS (refract_plad_axis_parent_class)->finalize (object);
}

static void
refract_plad_axis_class_init (RefractPladAxisClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  RefractAxisClass *axis_class = REFRACT_AXIS_CLASS (klass);

  object_class->finalize = refract_plad_axis_finalize;

  axis_class->id = REFRACT_AXIS_PLAD;
  axis_class->estimate = refract_plad_axis_estimate;
  axis_class->prepare = refract_plad_axis_prepare;
  axis_class->score = refract_plad_axis_score;
}

static void
refract_plad_axis_init (RefractPladAxis *self)
{
  self->pairs = g_array_new (FALSE, FALSE, sizeof (Pair));
  g_array_set_clear_func (self->pairs, (GDestroyNotify) pair_clear);
}
