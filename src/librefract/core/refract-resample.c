/* refract-resample.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "core/refract-interval-private.h"
#include "core/refract-statistics.h"

#define FEW_ODD_ONES 5

guint
refract_problem_count_informative (const RefractUnits *units)
{
  guint n = 0;

  for (guint i = 0; i < units->n; i++)
    n += units->denominator[i] > 0;
  return n;
}

guint
refract_problem_count_odd_ones (const RefractProblem *self, RefractAxisId axis)
{
  const RefractUnits *a = self->units[0][axis];
  const RefractUnits *b = self->units[self->n_sides - 1][axis];
  g_autofree double *values = g_new (double, a->n);
  guint n = 0;
  guint odd = 0;

  for (guint i = 0; i < a->n; i++)
    if (a->denominator[i] > 0 && b->denominator[i] > 0)
      {
        values[n] = a->numerator[i] / a->denominator[i];
        if (self->n_sides == 2)
          values[n] -= b->numerator[i] / b->denominator[i];
        n++;
      }
  refract_sort_doubles (values, n);
  for (guint i = 0; i < n; i++)
    odd += fabs (values[i] - values[n / 2]) > 1e-12;
  return odd;
}

void
refract_problem_init (RefractProblem *self)
{
  const RefractUnits *const *units = self->units[0];

  self->n_variants = REFRACT_VARIANT_LOW;
  for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
    {
      gboolean joint = axis == REFRACT_AXIS_PLAD && units[axis] != NULL
                       && units[REFRACT_AXIS_TRAJECTORY] != NULL
                       && units[REFRACT_AXIS_TRAJECTORY]->n == units[axis]->n;
      guint odd;

      self->group[axis] = joint ? REFRACT_AXIS_TRAJECTORY : axis;
      for (guint side = 0; side < 2; side++)
        self->point[side][axis] = side < self->n_sides && units[axis] != NULL
                                      ? refract_units_score (self->units[side][axis])
                                      : NAN;
      if (units[axis] == NULL || units[axis]->link == REFRACT_LINK_LOSS)
        continue;
      /* KLD has no worst case: an imagined chunk would drown what was measured. */
      odd = refract_problem_count_odd_ones (self, axis);
      self->imagine[axis]
          = odd == 0 || (units[axis]->link == REFRACT_LINK_AGREEMENT && odd <= FEW_ODD_ONES);
      self->count[axis] = g_new (double, units[axis]->n);
      if (!self->imagine[axis])
        continue;
      self->n_variants = REFRACT_N_VARIANTS;
      if (self->spacing[self->group[axis]] == NULL)
        self->spacing[self->group[axis]] = g_new (double, units[axis]->n + 1);
    }
}

void
refract_problem_clear (RefractProblem *self)
{
  for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
    {
      g_free (self->count[axis]);
      g_free (self->spacing[axis]);
    }
}

double
refract_problem_value (const RefractProblem *self, const double scores[2][REFRACT_N_AXES])
{
  double value[2] = { 0, 0 };

  for (guint side = 0; side < self->n_sides; side++)
    refract_composite (scores[side], REFRACT_N_AXES, &value[side], NULL);
  return value[0] - value[1];
}

/* From the posterior of the share of trials lost, Jeffreys' for each candidate: for two of them the
 * trials fall into four cells (lost by both, one, the other, none), each with a quarter of a trial
 * beforehand. */
static void
draw_lost (const RefractProblem *self, RefractAxisId axis, RefractRandom *random, double scores[2])
{
  const RefractUnits *a = self->units[0][axis];
  const RefractUnits *b = self->units[self->n_sides - 1][axis];
  double cells[4] = { 0 };
  double total = 0;

  for (guint i = 0; i < a->n; i++)
    {
      double both = MIN (a->numerator[i], b->numerator[i]);

      cells[0] += both;
      cells[1] += a->numerator[i] - both;
      cells[2] += b->numerator[i] - both;
      cells[3] += a->denominator[i] - MAX (a->numerator[i], b->numerator[i]);
    }
  for (guint i = 0; i < G_N_ELEMENTS (cells); i++)
    {
      cells[i] = refract_random_gamma (random, MAX (cells[i], 0) + 0.25);
      total += cells[i];
    }
  scores[0] = 100 * (1 - (cells[0] + cells[1]) / total);
  scores[1] = 100 * (1 - (cells[0] + cells[2]) / total);
}

static void
draw_weights (const RefractProblem *self, RefractAxisId group, guint index, RefractRandom *random)
{
  static const double steps[REFRACT_N_AXES]
      = { 0.41421356237309505, 0.73205080756887729, 0, 0.23606797749978970 };
  double *spacing = self->spacing[group];
  guint n = self->units[0][group]->n;
  double keep;

  memset (self->count[group], 0, n * sizeof (double));
  for (guint i = 0; i < n; i++)
    self->count[group][((guint64) refract_random_next (random) * n) >> 32]++;
  if (spacing == NULL)
    return;
  for (guint i = 0; i < n; i++)
    spacing[i] = -log (1 - refract_random_double (random));
  /* The imagined unit's share is Beta (1, n). Multiples of an irrational number are spread more
   * evenly than random ones, and its quantiles are what the ends rest on. */
  keep = pow (fmod ((index + 1) * steps[group], 1), 1.0 / n);
  spacing[n] = refract_sum (spacing, n) * (1 - keep) / keep;
}

double
refract_problem_weighted_score (const RefractUnits *units,
                                const double *weights,
                                double numerator,
                                double denominator)
{
  for (guint i = 0; i < units->n; i++)
    {
      numerator += weights[i] * units->numerator[i];
      denominator += weights[i] * units->denominator[i];
    }
  return refract_link_score (units->link, numerator, denominator);
}

/* The ends that an imagined unit of random weight gives, worst first. */
static void
imagined_scores (const RefractProblem *self, RefractAxisId axis, guint side, double ends[2])
{
  const RefractUnits *units = self->units[side][axis];
  const double *spacing = self->spacing[self->group[axis]];
  double weight = spacing[units->n];

  if (units->link == REFRACT_LINK_AGREEMENT)
    {
      double denominator = weight * refract_sum (units->denominator, units->n)
                           / refract_problem_count_informative (units);

      ends[0] = refract_problem_weighted_score (units, spacing, 0, denominator);
      ends[1] = refract_problem_weighted_score (units, spacing, denominator, denominator);
    }
  else
    {
      double share = weight / refract_sum (spacing, units->n + 1);

      ends[0] = self->point[side][axis] * (1 - share);
      ends[1] = ends[0] + 100 * share;
    }
}

void
refract_problem_resample (const RefractProblem *self,
                          guint index,
                          RefractRandom *random,
                          RefractProblemScores scores[REFRACT_N_VARIANTS])
{
  for (guint variant = 0; variant < REFRACT_N_VARIANTS; variant++)
    memcpy (scores[variant], self->point, sizeof (RefractProblemScores));
  for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
    {
      double lost[2];

      if (self->units[0][axis] == NULL)
        continue;
      if (self->units[0][axis]->link == REFRACT_LINK_LOSS)
        draw_lost (self, axis, random, lost);
      else if (self->group[axis] == axis)
        draw_weights (self, axis, index, random);
      for (guint side = 0; side < self->n_sides; side++)
        {
          const RefractUnits *units = self->units[side][axis];
          gboolean is_lost = units->link == REFRACT_LINK_LOSS;
          double plain
              = is_lost
                    ? lost[side]
                    : refract_problem_weighted_score (units, self->count[self->group[axis]], 0, 0);
          double ends[2] = { plain, plain };

          if (self->imagine[axis])
            imagined_scores (self, axis, side, ends);
          scores[REFRACT_VARIANT_PLAIN][side][axis] = plain;
          if (!is_lost)
            scores[REFRACT_VARIANT_FIXED][side][axis] = plain;
          /* what is worst for a difference is best for its second side */
          scores[REFRACT_VARIANT_LOW][side][axis] = ends[side];
          scores[REFRACT_VARIANT_HIGH][side][axis] = ends[1 - side];
        }
    }
}
