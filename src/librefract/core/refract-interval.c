/* refract-interval.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "core/refract-interval-private.h"
#include "core/refract-statistics.h"

#define N_RESAMPLES 2000
#define N_VALUES (REFRACT_N_VARIANTS * N_RESAMPLES)
#define SEED 42
#define ALPHA 0.05
#define FEW_SAMPLES 10

static gboolean
is_usable (const RefractUnits *units)
{
  for (guint i = 0; i < units->n; i++)
    if (!isfinite (units->numerator[i]) || !isfinite (units->denominator[i]))
      return FALSE;
  return refract_problem_count_informative (units) > 0;
}

/* Acceleration from the influence of each unit (Efron and Tibshirani 1993, 14.3, for several
 * independent samples). */
static double
acceleration (const RefractProblem *self)
{
  double squares = 0;
  double cubes = 0;

  for (RefractAxisId group = 0; group < REFRACT_N_AXES; group++)
    {
      g_autofree double *values = NULL;
      guint n;
      double mean;

      if (self->units[0][group] == NULL || self->group[group] != group
          || self->units[0][group]->link == REFRACT_LINK_LOSS)
        continue;
      n = self->units[0][group]->n;
      values = g_new (double, n);
      for (guint i = 0; i < n; i++)
        {
          RefractProblemScores scores;

          memcpy (scores, self->point, sizeof scores);
          for (guint j = 0; j < n; j++)
            self->count[group][j] = j != i;
          for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
            for (guint side = 0; side < self->n_sides; side++)
              if (self->units[side][axis] != NULL && self->group[axis] == group)
                scores[side][axis] = refract_problem_weighted_score (self->units[side][axis],
                                                                     self->count[group], 0, 0);
          values[i] = refract_problem_value (self, scores);
        }
      mean = refract_sum (values, n) / n;
      for (guint i = 0; i < n; i++)
        {
          double influence = (n - 1) * (mean - values[i]) / n;

          squares += influence * influence;
          cubes += influence * influence * influence;
        }
    }
  return squares > 0 ? cubes / (6 * pow (squares, 1.5)) : 0;
}

static double
variance (const double *values, guint n)
{
  double mean = refract_sum (values, n) / n;
  double squares = 0;

  for (guint i = 0; i < n; i++)
    squares += (values[i] - mean) * (values[i] - mean);
  return squares / n;
}

/* Share of @values below @point, in standard normal units; equal ones count half. */
static double
bias (const double *values, guint n, double point)
{
  double below = 0;

  for (guint i = 0; i < n; i++)
    {
      double tie = 1e-9;

      below += values[i] < point - tie ? 1 : values[i] <= point + tie ? 0.5 : 0;
    }
  return refract_normal_quantile (CLAMP (below / n, 0.5 / n, 1 - 0.5 / n));
}

/* Half width of a 95 % interval in standard errors. The bootstrap of few units is too narrow by
 * √((n − 1)/n) and takes no account of its own error: Student's t, as for a mean (Hesterberg 2015,
 * "expanded percentile"). */
static double
half_width (guint n)
{
  double x;

  n = MAX (n, 2);
  x = refract_beta_quantile (ALPHA, (n - 1) / 2.0, 0.5);
  return sqrt ((n - 1) * (1 / x - 1)) * sqrt (n / (n - 1.0));
}

static double
adjusted_level (double z, double z0, double a)
{
  double slope = 1 - a * (z0 + z);

  if (slope <= 0)
    return z < 0 ? 0 : 1;
  return refract_normal_cdf (z0 + (z0 + z) / slope);
}

static guint
smallest_n (const RefractProblem *self, gboolean with_loss)
{
  guint n = G_MAXUINT;

  for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
    for (guint side = 0; side < self->n_sides; side++)
      if (self->units[side][axis] != NULL
          && (with_loss || self->units[side][axis]->link != REFRACT_LINK_LOSS))
        n = MIN (n, refract_problem_count_informative (self->units[side][axis]));
  return n;
}

/* Bias-corrected accelerated percentiles, no narrower than those with an imagined unit, never
 * without the point itself. */
static void
solve (const RefractProblem *self, RefractInterval *interval)
{
  g_autoptr (RefractRandom) random = refract_random_new (SEED);
  g_autofree double *values = g_new (double, N_VALUES);
  double *of[REFRACT_N_VARIANTS];
  double point = refract_problem_value (self, self->point);
  guint n = smallest_n (self, FALSE);
  double z = n == G_MAXUINT ? refract_normal_quantile (1 - ALPHA / 2) : half_width (n);
  double z0, a, share;

  for (guint variant = 0; variant < REFRACT_N_VARIANTS; variant++)
    of[variant] = values + variant * N_RESAMPLES;
  for (guint i = 0; i < N_RESAMPLES; i++)
    {
      RefractProblemScores scores[REFRACT_N_VARIANTS];

      refract_problem_resample (self, i, random, scores);
      for (guint variant = 0; variant < self->n_variants; variant++)
        of[variant][i] = refract_problem_value (self, scores[variant]);
    }
  /* Posterior draws need no correction: it is scaled to what the bootstrap adds to the skewness. */
  share = variance (of[REFRACT_VARIANT_FIXED], N_RESAMPLES)
          / variance (of[REFRACT_VARIANT_PLAIN], N_RESAMPLES);
  share = isfinite (share) ? pow (MIN (share, 1), 1.5) : 0;
  z0 = share * bias (of[REFRACT_VARIANT_FIXED], N_RESAMPLES, point);
  a = share * acceleration (self);
  refract_sort_doubles (of[REFRACT_VARIANT_PLAIN], N_RESAMPLES);
  interval->low
      = refract_quantile (of[REFRACT_VARIANT_PLAIN], N_RESAMPLES, adjusted_level (-z, z0, a));
  interval->high
      = refract_quantile (of[REFRACT_VARIANT_PLAIN], N_RESAMPLES, adjusted_level (z, z0, a));
  if (self->n_variants == REFRACT_N_VARIANTS)
    {
      refract_sort_doubles (of[REFRACT_VARIANT_LOW], N_RESAMPLES);
      refract_sort_doubles (of[REFRACT_VARIANT_HIGH], N_RESAMPLES);
      interval->low
          = MIN (interval->low, refract_quantile (of[REFRACT_VARIANT_LOW], N_RESAMPLES, ALPHA));
      interval->high = MAX (interval->high,
                            refract_quantile (of[REFRACT_VARIANT_HIGH], N_RESAMPLES, 1 - ALPHA));
    }
  interval->low = MIN (interval->low, point);
  interval->high = MAX (interval->high, point);
}

/* Jeffreys' interval on the lost trials, closed where none or all are lost (Brown, Cai and DasGupta
 * 2001): there the score itself is the end. */
static void
solve_lost (const RefractUnits *units, RefractInterval *interval)
{
  double n = refract_sum (units->denominator, units->n);
  double lost = CLAMP (refract_sum (units->numerator, units->n), 0, n);
  double score = refract_units_score (units);

  interval->high = 100 * (1 - refract_beta_quantile (ALPHA / 2, lost + 0.5, n - lost + 0.5));
  interval->low = 100 * (1 - refract_beta_quantile (1 - ALPHA / 2, lost + 0.5, n - lost + 0.5));
  interval->low = MIN (interval->low, score);
  interval->high = MAX (interval->high, score);
}

/* Units that are all alike: the rule of three on either side. */
static void
solve_constant (const RefractUnits *units, RefractInterval *interval)
{
  double score = refract_units_score (units);
  double keep = pow (ALPHA, 1.0 / refract_problem_count_informative (units));

  interval->low = score * keep;
  interval->high = 100 - (100 - score) * keep;
}

/* Sets the counts; FALSE, and everything between the limits, where nothing can be said. */
static gboolean
interval_init (RefractInterval *interval, const RefractProblem *self, double lowest)
{
  guint n = smallest_n (self, TRUE);

  n = n == G_MAXUINT ? 0 : n;
  *interval = (RefractInterval) { lowest, 100, n, n < FEW_SAMPLES };
  for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
    for (guint side = 0; side < self->n_sides; side++)
      if (self->units[side][axis] != NULL && !is_usable (self->units[side][axis]))
        return FALSE;
  return n > 0;
}

/**
 * refract_units_interval:
 * @self: the units of one axis
 * @interval: (out): of its score, in points
 *
 * SCORING, "confidence interval". Trials (LOSS): Jeffreys' interval on the lost ones. Units that
 * are all alike: the rule of three, lower = score · 0.05^(1/n), and mirrored upwards. Otherwise a
 * BCa bootstrap of 2,000 resamples with a fixed seed. Where at most five prompts differ from the
 * rest, BCa alone covers only 91 % (five odd ones say too little about how many more there are);
 * there it is never narrower than the 5 % and 95 % points of a Bayesian bootstrap with one more
 * prompt at the worst or best end (Gaffke 2005), of which the rule of three is the case without odd
 * ones. Units without a denominator, or with values that are not finite, give [0, 100].
 */
void
refract_units_interval (const RefractUnits *self, RefractInterval *interval)
{
  g_auto (RefractProblem) problem = { .n_sides = 1 };
  RefractAxisId axis = self->link == REFRACT_LINK_LOSS   ? REFRACT_AXIS_RNIAH
                       : self->link == REFRACT_LINK_NATS ? REFRACT_AXIS_KLD
                                                         : REFRACT_AXIS_TRAJECTORY;

  problem.units[0][axis] = self;
  if (!interval_init (interval, &problem, 0))
    return;
  if (self->link == REFRACT_LINK_LOSS)
    solve_lost (self, interval);
  else if (refract_problem_count_odd_ones (&problem, axis) == 0)
    solve_constant (self, interval);
  else
    {
      refract_problem_init (&problem);
      solve (&problem, interval);
    }
}

/**
 * refract_composite_interval:
 * @units: by axis, %NULL where not scored
 * @interval: (out): of the composite, in points; [0, 100] where no axis was scored
 *
 * As refract_units_interval(), over the composite. Trajectory and PLAD share the resampled prompts
 * (and the imagined one) where they have equally many; the lost trials are drawn from Jeffreys'
 * posterior, so that no axis is ever certain.
 */
void
refract_composite_interval (const RefractUnits *const units[REFRACT_N_AXES],
                            RefractInterval *interval)
{
  g_auto (RefractProblem) problem = { .n_sides = 1 };
  const RefractUnits *only = NULL;
  guint n_axes = 0;

  for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
    {
      problem.units[0][axis] = units[axis];
      if (units[axis] == NULL)
        continue;
      only = units[axis];
      n_axes++;
    }
  if (n_axes == 1)
    {
      refract_units_interval (only, interval);
      return;
    }
  if (!interval_init (interval, &problem, 0))
    return;
  refract_problem_init (&problem);
  solve (&problem, interval);
}

/* Any fixed order of two candidates, so that their difference does not depend on which comes first.
 */
static int
compare_sides (const RefractProblem *self)
{
  for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
    {
      const RefractUnits *a = self->units[0][axis];
      const RefractUnits *b = self->units[1][axis];
      int order;

      if (a == NULL)
        continue;
      order = memcmp (a->numerator, b->numerator, a->n * sizeof (double));
      if (order == 0)
        order = memcmp (a->denominator, b->denominator, a->n * sizeof (double));
      if (order != 0)
        return order;
    }
  return 0;
}

/**
 * refract_paired_difference:
 *
 * Over the axes that both have with equally many units: the same resampled units for both, and the
 * imagined unit at its worst for one and at its best for the other. Two candidates that agree in
 * every unit therefore have the difference 0 within the rule of three on either side. Exchanging
 * them changes the sign and nothing else.
 */
gboolean
refract_paired_difference (const RefractUnits *const a[REFRACT_N_AXES],
                           const RefractUnits *const b[REFRACT_N_AXES],
                           double *difference,
                           RefractInterval *interval)
{
  g_auto (RefractProblem) problem = { .n_sides = 2 };
  gboolean swapped;
  int order;

  for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
    if (a[axis] != NULL && b[axis] != NULL && a[axis]->n == b[axis]->n && a[axis]->n > 0)
      {
        problem.units[0][axis] = a[axis];
        problem.units[1][axis] = b[axis];
      }
  order = compare_sides (&problem);
  swapped = order < 0;
  for (RefractAxisId axis = 0; swapped && axis < REFRACT_N_AXES; axis++)
    {
      const RefractUnits *first = problem.units[0][axis];

      problem.units[0][axis] = problem.units[1][axis];
      problem.units[1][axis] = first;
    }
  if (smallest_n (&problem, TRUE) == G_MAXUINT)
    return FALSE;
  refract_problem_init (&problem);
  *difference = refract_problem_value (&problem, problem.point);
  if (interval_init (interval, &problem, -100))
    solve (&problem, interval);
  if (order == 0)
    interval->low = -interval->high;
  if (swapped)
    {
      double low = interval->low;

      *difference = -*difference;
      interval->low = -interval->high;
      interval->high = -low;
    }
  return TRUE;
}
