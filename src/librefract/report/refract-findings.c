/* refract-findings.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include <glib/gi18n-lib.h>

#include "core/refract-json.h"
#include "core/refract-perturb.h"
#include "report/refract-diagnosis-private.h"

#define TRAJECTORY REFRACT_AXIS_BIT (REFRACT_AXIS_TRAJECTORY)
#define KLD REFRACT_AXIS_BIT (REFRACT_AXIS_KLD)
#define RNIAH REFRACT_AXIS_BIT (REFRACT_AXIS_RNIAH)
#define PLAD REFRACT_AXIS_BIT (REFRACT_AXIS_PLAD)

#define PARADOX_NATS 0.05 /* mean KLD above which a better perplexity is a paradox */
#define EARLY_TOKENS 4    /* a divergence before this token is "near token 0" */
#define STRICT_POINTS 1.0 /* difference of strict and published score worth a line */

static void
add_paradox (GPtrArray *findings, const RefractConfigResult *result)
{
  const RefractAxisResult *kld = result->axes[REFRACT_AXIS_KLD];
  double ppl, ppl_reference, mean;

  if (!refract_config_result_is_scored (result, REFRACT_AXIS_KLD))
    return;
  ppl = refract_json_get_double (kld->json, "ppl", NAN);
  ppl_reference = refract_json_get_double (kld->extension, "ppl_reference", NAN);
  mean = refract_json_get_double (kld->json, "mean_kld", NAN);
  if (!(ppl <= ppl_reference && mean > PARADOX_NATS))
    return;

  refract_findings_add (
      findings, N_ ("Trust the distribution: perplexity looks at one token only."),
      "Perplexity says better (%.3f against %.3f), the distribution says otherwise "
      "(mean KLD %.3f nats).",
      ppl, ppl_reference, mean);
}

static void
add_trajectory_against_kld (GPtrArray *findings, const RefractSurfaces *surfaces)
{
  RefractAxes both = TRAJECTORY | KLD;

  if ((surfaces->scored & both) != both)
    return;
  if (surfaces->fail & TRAJECTORY && !(surfaces->low & KLD))
    refract_findings_add (
        findings,
        N_ ("Check the chat template, the prompt mode and the prompts themselves, then "
            "measure again."),
        "KLD@D is clean while Trajectory is broken: suspect the chat template or "
        "the workload before the quantization.");
  else if (surfaces->fail & KLD && !(surfaces->low & TRAJECTORY))
    refract_findings_add (findings, N_ ("Use more bits, whatever the decoded text looks like."),
                          "KLD@D says broken although the decoded text still agrees: trust KLD@D.");
}

static void
add_early_divergence (GPtrArray *findings,
                      const RefractConfigResult *result,
                      const RefractSurfaces *surfaces,
                      const RefractDamage *damage)
{
  JsonArray *prompts;
  guint n, n_early = 0;

  if (!(surfaces->low & TRAJECTORY))
    return;
  prompts = refract_json_get_array (result->axes[REFRACT_AXIS_TRAJECTORY]->json, "per_prompt");
  n = refract_json_get_length (prompts);
  for (guint i = 0; i < n; i++)
    {
      JsonObject *prompt = json_array_get_object_element (prompts, i);
      gint64 first = refract_json_get_int (prompt, "first_divergence", -1);

      n_early += first >= 0 && first < EARLY_TOKENS;
    }
  if (2 * n_early <= n)
    return;

  refract_findings_add (
      findings,
      damage->side == REFRACT_SIDE_V ? N_ ("Give V more bits.")
      : damage->dialect == REFRACT_KV_SERVER
          ? N_ ("Use a KV type with more bits.")
          : N_ ("Give K more bits first: 4-bit K that destroys the attention sinks "
                "looks like this."),
      "On %u of %u prompts the answer parts within the first %d tokens: an error "
      "of the token distribution itself, not one that builds up.",
      n_early, n, EARLY_TOKENS);
}

static void
add_strict_score (GPtrArray *findings, const RefractConfigResult *result)
{
  const RefractAxisResult *trajectory = result->axes[REFRACT_AXIS_TRAJECTORY];
  g_autofree char *published = NULL;
  g_autofree char *counted = NULL;
  double strict;

  if (!refract_config_result_is_scored (result, REFRACT_AXIS_TRAJECTORY))
    return;
  strict = refract_json_get_double (trajectory->extension, "score_strict", NAN);
  if (!(fabs (trajectory->score - strict) > STRICT_POINTS))
    return;

  published = refract_format_score (trajectory->score, 1);
  counted = refract_format_score (strict, 1);
  refract_findings_add (
      findings, N_ ("Look at the answers that end early before you trust the score."),
      "Answers end at another length than the reference's: Trajectory is %s by the "
      "published formula, %s when the missing tokens count.",
      published, counted);
}

static void
add_perturbation (GPtrArray *findings, RefractPerturbation perturbation, double score)
{
  const char *name = refract_perturbation_get_name (perturbation);
  g_autofree char *text = refract_format_score (score, 1);

  switch (perturbation)
    {
    case REFRACT_PERTURBATION_TYPO:
      refract_findings_add (findings,
                            N_ ("Correct the input's spelling before it reaches the model."),
                            "Typing errors upset the answers (%s %s).", name, text);
      break;
    case REFRACT_PERTURBATION_CASE:
      refract_findings_add (findings, N_ ("Bring the input's case into order first."),
                            "Upper and lower case upset the answers (%s %s).", name, text);
      break;
    case REFRACT_PERTURBATION_PUNCT:
      refract_findings_add (findings, N_ ("Make all inputs end in the same way."),
                            "The last punctuation mark upsets the answers, as if it were an end "
                            "signal (%s %s).",
                            name, text);
      break;
    case REFRACT_PERTURBATION_PARAPHRASE:
      refract_findings_add (findings, N_ ("No cleaning of the input helps here: use more bits."),
                            "Another word for the same thing upsets the answers, the most worrying "
                            "of the four (%s %s).",
                            name, text);
      break;
    default:
      g_assert_not_reached ();
    }
}

static void
add_perturbations (GPtrArray *findings, const RefractConfigResult *result)
{
  JsonObject *scores;

  if (!refract_config_result_is_scored (result, REFRACT_AXIS_PLAD)
      || result->axes[REFRACT_AXIS_PLAD]->confidence == REFRACT_CONFIDENCE_LOW)
    return;
  scores
      = refract_json_get_object (result->axes[REFRACT_AXIS_PLAD]->json, "per_perturbation_score");
  for (guint i = 0; i < REFRACT_N_PERTURBATIONS; i++)
    {
      double score = refract_json_get_double (scores, refract_perturbation_get_name (i), NAN);

      if (score < REFRACT_LOW_SCORE)
        add_perturbation (findings, i, score);
    }
}

static void
add_workload (GPtrArray *findings, const RefractSurfaces *surfaces)
{
  if (surfaces->low & RNIAH)
    refract_findings_add (findings,
                          N_ ("Keep this configuration away from such work, or test it there."),
                          "Work that suffers: retrieval, summaries and code over long files.");
  if (surfaces->low & PLAD)
    refract_findings_add (findings, N_ ("Stress it with real input before users do."),
                          "Work that suffers: whatever real people type, with their typing errors "
                          "and their own wording.");
  if (surfaces->low != 0 && !(surfaces->low & (RNIAH | PLAD)))
    {
      RefractAxes unknown = (surfaces->missing | surfaces->uncertain) & (RNIAH | PLAD);
      g_autofree char *untold = refract_axes_describe_surfaces (unknown);

      if (unknown == 0)
        refract_findings_add (
            findings, N_ ("Test code, quotations and structured output."),
            "Where the exact text does not matter the other surfaces hold; where it "
            "does, this configuration does not.");
      else
        refract_findings_add (
            findings, N_ ("Test code, quotations and structured output; measure the other axes."),
            "Work that depends on the exact text suffers; nothing is known about "
            "%s.",
            untold);
    }
}

/* A bound may hide what the ship rule would have seen. */
static void
add_bound (GPtrArray *findings, const RefractConfigResult *result)
{
  const RefractAxisResult *kld = result->axes[REFRACT_AXIS_KLD];
  g_autofree char *score = NULL;

  if (!refract_config_result_is_scored (result, REFRACT_AXIS_KLD)
      || !refract_json_get_boolean (kld->extension, "lower_bound", FALSE))
    return;
  score = refract_format_score (kld->score, 1);
  refract_findings_add (
      findings,
      N_ ("Judge by the other axes where the score is close to an edge, or measure "
          "with an engine that gives the whole vocabulary."),
      "KLD@D is a lower bound: the engine gave the top %.0f tokens, and %.2g %% "
      "of the probability was not seen. Its %s and the composite are the best "
      "that they can be.",
      refract_json_get_double (kld->extension, "top_k", NAN),
      100 * refract_json_get_double (kld->extension, "mean_tail", NAN), score);
}

static void
add_confidence (GPtrArray *findings, const RefractConfigResult *result)
{
  const RefractAxisResult *rniah = result->axes[REFRACT_AXIS_RNIAH];
  const RefractAxisResult *plad = result->axes[REFRACT_AXIS_PLAD];

  if (refract_config_result_is_scored (result, REFRACT_AXIS_RNIAH)
      && rniah->confidence == REFRACT_CONFIDENCE_LOW)
    {
      double found = refract_json_get_double (rniah->json, "base_acc_avg", NAN);
      g_autofree char *score = refract_format_score (rniah->score, 1);
      g_autofree char *share
          = isnan (found) ? g_strdup (N_ ("too few")) : g_strdup_printf ("%.0f %%", 100 * found);

      refract_findings_add (
          findings,
          N_ ("Use a stronger model, shorter contexts or another needle, or leave the "
              "axis out."),
          "R-NIAH says nothing here: the reference itself finds the needle in %s "
          "of the cells. Its %s is a reading of the noise floor, and the composite "
          "includes it.",
          share, score);
    }
  if (!refract_config_result_is_scored (result, REFRACT_AXIS_PLAD))
    return;
  if (plad->confidence == REFRACT_CONFIDENCE_LOW)
    refract_findings_add (findings, N_ ("Use prompts with longer, steadier answers."),
                          "PLAD says little here: the reference's own answers change about as much "
                          "as they can. The composite includes it.");
  else if (plad->confidence == REFRACT_CONFIDENCE_PARTIAL)
    {
      JsonArray *skipped = refract_json_get_array (plad->json, "skipped_perturbations");
      g_autoptr (GString) names = g_string_new (NULL);

      for (guint i = 0; i < refract_json_get_length (skipped); i++)
        g_string_append_printf (names, "%s%s", i > 0 ? ", " : "",
                                json_array_get_string_element (skipped, i));
      refract_findings_add (findings, N_ ("Add prompts to which they apply."),
                            "PLAD is partial: no prompt fits these perturbations: %s.",
                            names->len > 0 ? names->str : "unknown");
    }
}

void
refract_findings_add_details (GPtrArray *findings,
                              const RefractConfigResult *result,
                              const RefractSurfaces *surfaces,
                              const RefractDamage *damage)
{
  if (result->not_proved)
    {
      const char *remedy
          = N_ ("Use an engine that says which KV types it allocated, or check its log.");
      const char *label = refract_kv_config_get_label (result->kv);

      if (result->doubt != NULL)
        refract_findings_add (
            findings, remedy,
            "%s It could not be proved that %s was in use, so that there is no composite.",
            result->doubt, label);
      else
        refract_findings_add (
            findings, remedy,
            "It could not be proved that %s was in use, so that there is no composite.", label);
    }
  if (result->same_as_reference)
    refract_findings_add (findings, N_ ("Measure a type with fewer bits."),
                          "%s is the same as the reference here, to the last bit: the type stores "
                          "what the reference's does.",
                          refract_kv_config_get_label (result->kv));
  refract_damage_add_finding (damage, findings, result);
  add_paradox (findings, result);
  add_trajectory_against_kld (findings, surfaces);
  add_early_divergence (findings, result, surfaces, damage);
  add_strict_score (findings, result);
  add_perturbations (findings, result);
  add_workload (findings, surfaces);
  add_confidence (findings, result);
  add_bound (findings, result);
}
