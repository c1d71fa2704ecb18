/* refract-rank.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "report/refract-diagnosis-private.h"

/* Points of a score that the measurement cannot resolve: 2e-6 nats (SCORING, axis B). */
#define RESOLUTION 2e-4

gboolean
refract_can_rank (const RefractConfigResult *result)
{
  return result->error == NULL && result->has_composite && !result->not_proved;
}

void
refract_compare_results (const RefractConfigResult *a,
                         const RefractConfigResult *b,
                         double *difference,
                         RefractInterval *interval)
{
  const RefractUnits *units_a[REFRACT_N_AXES];
  const RefractUnits *units_b[REFRACT_N_AXES];

  refract_config_result_get_units (a, units_a);
  refract_config_result_get_units (b, units_b);
  if (refract_paired_difference (units_a, units_b, difference, interval))
    return;

  *difference = a->composite - b->composite;
  interval->low = a->composite_interval.low - b->composite_interval.high;
  interval->high = a->composite_interval.high - b->composite_interval.low;
  interval->n_units = MIN (a->composite_interval.n_units, b->composite_interval.n_units);
  interval->few_samples = a->composite_interval.few_samples || b->composite_interval.few_samples;
}

/* One axis: not below the floor's own score by more than chance, paired over the same units;
 * without a floor for it, an interval that reaches 100. Few samples cannot tell, so that they do
 * not count: there the score itself has to reach it. */
static gboolean
axis_within_noise (const RefractConfigResult *result,
                   const RefractConfigResult *floor,
                   RefractAxisId axis)
{
  const RefractAxisResult *scored = result->axes[axis];
  const RefractUnits *units[REFRACT_N_AXES] = { NULL };
  const RefractUnits *floor_units[REFRACT_N_AXES] = { NULL };
  gboolean few = scored->interval.few_samples;
  double difference;
  RefractInterval interval;

  if (floor != NULL && refract_config_result_is_scored (floor, axis))
    {
      units[axis] = scored->units;
      floor_units[axis] = floor->axes[axis]->units;
      if (refract_paired_difference (units, floor_units, &difference, &interval))
        return (few ? difference : interval.high) >= -RESOLUTION;
    }
  return (few ? scored->score : scored->interval.high) >= 100 - RESOLUTION;
}

/**
 * refract_within_noise:
 *
 * SCORING, "floor": inside the noise of the reference. Every axis that was scored has to be inside,
 * so that a good composite does not hide a broken surface, and at least one of them at a confidence
 * that is not low. For an axis that the floor measured: the 95 % interval of the paired difference
 * between candidate and floor reaches 0. For another: the axis' interval reaches 100. With fewer
 * than 10 units the score itself has to reach it, as a wide interval would prove nothing.
 */
gboolean
refract_within_noise (const RefractRun *run, const RefractConfigResult *result)
{
  gboolean informative = FALSE;

  if (!refract_can_rank (result))
    return FALSE;
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      if (!refract_config_result_is_scored (result, i))
        continue;
      if (!axis_within_noise (result, run->floor, i))
        return FALSE;
      informative |= result->axes[i]->confidence != REFRACT_CONFIDENCE_LOW;
    }
  return informative;
}

static int
compare_ranked (gconstpointer a, gconstpointer b)
{
  const RefractRanked *left = *(const RefractRanked *const *) a;
  const RefractRanked *right = *(const RefractRanked *const *) b;

  if (left->result->composite != right->result->composite)
    return left->result->composite > right->result->composite ? -1 : 1;
  if (left->bytes_per_token != right->bytes_per_token)
    {
      if (left->bytes_per_token < 0 || right->bytes_per_token < 0)
        return left->bytes_per_token < 0 ? 1 : -1;
      return left->bytes_per_token < right->bytes_per_token ? -1 : 1;
    }
  return g_strcmp0 (refract_kv_config_get_text (left->result->kv),
                    refract_kv_config_get_text (right->result->kv));
}

/* SCORING, "KV memory". */
static gboolean
dominates (const RefractRanked *better, const RefractRanked *worse)
{
  double difference;
  RefractInterval interval;

  if (better->bytes_per_token < 0 || worse->bytes_per_token < 0
      || better->bytes_per_token > worse->bytes_per_token)
    return FALSE;
  refract_compare_results (better->result, worse->result, &difference, &interval);
  return interval.low > 0
         || (better->bytes_per_token < worse->bytes_per_token && interval.high >= 0);
}

GPtrArray *
refract_rank (const RefractRun *run)
{
  GPtrArray *ranked = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < run->candidates->len; i++)
    {
      const RefractConfigResult *result = g_ptr_array_index (run->candidates, i);
      RefractRanked *entry;

      if (result->is_control || !refract_can_rank (result))
        continue;
      entry = g_new0 (RefractRanked, 1);
      entry->result = result;
      entry->bytes_per_token = refract_config_result_get_bytes_per_token (result, run->model, NULL);
      g_ptr_array_add (ranked, entry);
    }
  g_ptr_array_sort (ranked, compare_ranked);

  for (guint i = 0; i < ranked->len; i++)
    {
      RefractRanked *entry = g_ptr_array_index (ranked, i);

      for (guint k = 0; k < ranked->len && entry->dominated_by == NULL; k++)
        {
          const RefractRanked *other = g_ptr_array_index (ranked, k);

          if (k != i && dominates (other, entry))
            entry->dominated_by = other->result;
        }
    }
  return ranked;
}
