/* refract-recommend.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include <glib/gi18n-lib.h>

#include "report/refract-diagnosis-private.h"

void
refract_recommendation_free (RefractRecommendation *self)
{
  g_free (self->sentence);
  g_free (self->control_sentence);
  g_free (self);
}

/* "86.4 [83.1, 89.0]" */
static char *
format_composite (const RefractConfigResult *result)
{
  return refract_format_score_range (result->composite, result->composite_interval.low,
                                     result->composite_interval.high, 1);
}

static gboolean
is_clearly_below (const RefractConfigResult *control, const RefractConfigResult *candidate)
{
  double difference;
  RefractInterval interval;

  refract_compare_results (control, candidate, &difference, &interval);
  return interval.high < 0;
}

static const RefractConfigResult *
find_control (const RefractRun *run)
{
  for (guint i = 0; i < run->candidates->len; i++)
    {
      const RefractConfigResult *result = g_ptr_array_index (run->candidates, i);

      if (result->is_control)
        return result;
    }
  return NULL;
}

static gboolean
meets_quality (const RefractRun *run, const RefractConfigResult *result)
{
  return refract_ship_rule (result) == REFRACT_SHIP_SAFE
         && (result->composite >= refract_plan_get_double (run->plan, "threshold")
             || refract_within_noise (run, result));
}

/* Bytes that are not known keep no budget. */
static gboolean
meets_budget (const RefractRun *run, const RefractRanked *ranked)
{
  double budget = refract_plan_get_double (run->plan, "max-bytes-per-token");

  return budget <= 0 || (ranked->bytes_per_token >= 0 && ranked->bytes_per_token <= budget);
}

static gboolean
is_better_pick (const RefractRanked *candidate, const RefractRanked *best)
{
  if (best == NULL)
    return TRUE;
  if (candidate->bytes_per_token < 0)
    return FALSE;
  return best->bytes_per_token < 0 || candidate->bytes_per_token < best->bytes_per_token;
}

static char *
describe_memory (const RefractRun *run, const RefractRanked *pick)
{
  double reference = refract_config_result_get_bytes_per_token (run->reference, run->model, NULL);
  double saving;

  if (pick->bytes_per_token < 0 || reference <= 0)
    return g_strdup (N_ ("its KV memory is not known"));
  saving = 1 - pick->bytes_per_token / reference;
  if (fabs (saving) < 0.005)
    return g_strdup (N_ ("the same KV memory"));
  return g_strdup_printf (saving > 0 ? N_ ("%.0f %% less KV memory")
                                     : N_ ("%.0f %% more KV memory"),
                          100 * fabs (saving));
}

static char *
describe_pick (const RefractRun *run, const RefractRanked *pick)
{
  g_autofree char *memory = describe_memory (run, pick);
  g_autofree char *reference = refract_run_dup_reference_name (run);
  g_autofree char *composite = format_composite (pick->result);

  if (refract_within_noise (run, pick->result))
    return g_strdup_printf (N_ ("Ship %s: %s, indistinguishable from %s here."),
                            refract_kv_config_get_label (pick->result->kv), memory, reference);
  return g_strdup_printf (N_ ("Ship %s: %s, and %s of 100 against %s."),
                          refract_kv_config_get_label (pick->result->kv), memory, composite,
                          reference);
}

/* @closest: the best that fits the budget, else the best of all */
static char *
describe_none (const RefractRun *run, const RefractRanked *closest)
{
  g_autofree char *composite = format_composite (closest->result);
  g_autofree char *reason = NULL;

  if (!meets_budget (run, closest))
    reason = g_strdup_printf (N_ ("it does not fit %.0f bytes per token"),
                              refract_plan_get_double (run->plan, "max-bytes-per-token"));
  else if (refract_ship_rule (closest->result) != REFRACT_SHIP_SAFE)
    {
      RefractSurfaces surfaces;
      g_autofree char *low = NULL;

      refract_surfaces_init (&surfaces, closest->result);
      low = refract_axes_describe_scores (surfaces.low, closest->result);
      reason = surfaces.low != 0 ? g_strdup_printf (N_ ("but %s"), low)
                                 : g_strdup (N_ ("but at low confidence"));
    }
  else
    {
      g_autofree char *threshold
          = refract_format_score (refract_plan_get_double (run->plan, "threshold"), 1);

      reason = g_strdup_printf (N_ ("below the %s that is asked for"), threshold);
    }
  return g_strdup_printf (N_ ("None of these can be recommended. The closest is %s with %s, %s."),
                          refract_kv_config_get_label (closest->result->kv), composite, reason);
}

/* The control is a configuration chosen to be bad. The setup can tell configurations apart when the
 * control scores clearly lower (paired, 95 %) than the best candidate; a candidate that it does not
 * score clearly below is as bad as the control for all we know, and is not recommended. */
static void
judge_control (RefractRecommendation *self, const RefractConfigResult *control, GPtrArray *ranked)
{
  const char *label = refract_kv_config_get_label (control->kv);
  g_autoptr (GString) alike = g_string_new (NULL);
  g_autofree char *composite = NULL;

  if (!refract_can_rank (control))
    {
      self->control_sentence = g_strdup_printf (N_ ("The control %s could not be measured, so that "
                                                    "nothing shows that this setup can tell "
                                                    "configurations apart."),
                                                label);
      return;
    }
  if (ranked->len == 0)
    return;

  composite = format_composite (control);
  for (guint i = 0; i < ranked->len; i++)
    {
      const RefractRanked *entry = g_ptr_array_index (ranked, i);

      if (is_clearly_below (control, entry->result))
        continue;
      if (i == 0)
        {
          self->can_tell_apart = FALSE;
          self->control_sentence = g_strdup_printf (
              N_ ("The control %s scores %s, not clearly lower than the best candidate: this setup "
                  "cannot tell configurations apart. Use more prompts, longer answers or another "
                  "corpus."),
              label, composite);
          return;
        }
      g_string_append_printf (alike, "%s%s", alike->len > 0 ? ", " : "",
                              refract_kv_config_get_label (entry->result->kv));
    }

  if (alike->len > 0)
    self->control_sentence = g_strdup_printf (
        N_ ("The control %s scores %s, clearly lower than the best candidate, but not than %s."),
        label, composite, alike->str);
  else
    self->control_sentence = g_strdup_printf (
        N_ ("The control %s scores %s, clearly lower than every candidate: this setup "
            "can tell configurations apart."),
        label, composite);
}

/**
 * refract_recommend:
 *
 * SCORING, "Recommendation and control": the fewest bytes per token among the candidates whose ship
 * rule says safe, that are within the noise or reach the plan's threshold, that fit its budget, and
 * that a control, where there is one, scores clearly below. Equal bytes: the higher composite.
 * Candidates whose bytes are not known come last.
 *
 * Returns: (transfer full): never %NULL
 */
RefractRecommendation *
refract_recommend (const RefractRun *run)
{
  RefractRecommendation *self = g_new0 (RefractRecommendation, 1);
  g_autoptr (GPtrArray) ranked = refract_rank (run);
  const RefractConfigResult *control = find_control (run);
  const RefractRanked *best = NULL;
  const RefractRanked *closest = NULL;

  self->can_tell_apart = TRUE;
  if (control != NULL)
    judge_control (self, control, ranked);

  if (ranked->len == 0)
    {
      self->sentence
          = g_strdup (N_ ("None of these can be recommended: no candidate has a composite."));
      return self;
    }
  if (!self->can_tell_apart)
    {
      self->sentence
          = g_strdup (N_ ("No recommendation: a configuration chosen to be bad scores as well "
                          "here, so that the scores prove nothing."));
      return self;
    }

  for (guint i = 0; i < ranked->len; i++)
    {
      const RefractRanked *entry = g_ptr_array_index (ranked, i);

      if (closest == NULL && meets_budget (run, entry))
        closest = entry;
      if (meets_quality (run, entry->result) && meets_budget (run, entry)
          && (control == NULL || !refract_can_rank (control)
              || is_clearly_below (control, entry->result))
          && is_better_pick (entry, best))
        best = entry;
    }
  if (best != NULL)
    {
      self->pick = best->result;
      self->sentence = describe_pick (run, best);
    }
  else
    self->sentence = describe_none (run, closest != NULL ? closest : g_ptr_array_index (ranked, 0));
  return self;
}
