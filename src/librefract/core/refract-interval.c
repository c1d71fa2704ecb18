/* refract-interval.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "core/refract-random.h"
#include "core/refract-score.h"
#include "core/refract-statistics.h"

#define N_RESAMPLES 2000
#define SEED 42
#define ALPHA 0.05
#define FEW_SAMPLES 10
#define FEW_ODD_ONES 5

/* What one resample is scored as. */
enum
{
  PLAIN, /* every axis drawn */
  FIXED, /* the same, but with the axes of LOSS at their estimate */
  LOW,   /* with one imagined unit of random weight that went as badly as it can */
  HIGH,  /* with one that went as well as it can */
  N_VARIANTS,
};

typedef double Scores[2][REFRACT_N_AXES];

/**
 * Problem:
 * @units: of one candidate, or of two over the same units; %NULL for an axis that has no part
 * @group: the axis whose weights an axis shares: itself, but for PLAD with Trajectory's prompts
 * @imagine: whether the axis gets an imagined unit
 * @count: how often each unit is in the current resample
 * @spacing: exponential weights of the units, one more for the imagined unit; %NULL for a group
 *   without one
 * @n_variants: without LOW and HIGH where no axis has an imagined unit
 * @point: the scores as measured
 */
typedef struct
{
  const RefractUnits *units[2][REFRACT_N_AXES];
  guint n_sides;
  RefractAxisId group[REFRACT_N_AXES];
  gboolean imagine[REFRACT_N_AXES];
  double *count[REFRACT_N_AXES];
  double *spacing[REFRACT_N_AXES];
  guint n_variants;
  Scores point;
} Problem;

static guint
count_informative (const RefractUnits *units)
{
  guint n = 0;

  for (guint i = 0; i < units->n; i++)
    n += units->denominator[i] > 0;
  return n;
}

static gboolean
is_usable (const RefractUnits *units)
{
  for (guint i = 0; i < units->n; i++)
    if (!isfinite (units->numerator[i]) || !isfinite (units->denominator[i]))
      return FALSE;
  return count_informative (units) > 0;
}

/* How many units differ from the usual one: in their ratio, or for two candidates in the difference
 * of the ratios. */
static guint
count_odd_ones (const Problem *self,
                RefractAxisId axis)
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

static void
problem_init (Problem *self)
{
  const RefractUnits *const *units = self->units[0];

  self->n_variants = LOW;
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
      if (units[axis] == NULL)
        continue;
      if (units[axis]->link == REFRACT_LINK_LOSS)
        continue;
      /* KLD has no worst case: an imagined chunk would drown what was measured. */
      odd = count_odd_ones (self, axis);
      self->imagine[axis]
        = odd == 0 || (units[axis]->link == REFRACT_LINK_AGREEMENT && odd <= FEW_ODD_ONES);
      self->count[axis] = g_new (double, units[axis]->n);
      if (!self->imagine[axis])
        continue;
      self->n_variants = N_VARIANTS;
      if (self->spacing[self->group[axis]] == NULL)
        self->spacing[self->group[axis]] = g_new (double, units[axis]->n + 1);
    }
}

static void
problem_clear (Problem *self)
{
  for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
    {
      g_free (self->count[axis]);
      g_free (self->spacing[axis]);
    }
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Problem, problem_clear)

/* The composite, or its difference. */
static double
problem_value (const Problem *self,
               const double scores[2][REFRACT_N_AXES])
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
draw_lost (const Problem *self,
           RefractAxisId axis,
           RefractRandom *random,
           double scores[2])
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
draw_weights (const Problem *self,
              RefractAxisId group,
              guint index,
              RefractRandom *random)
{
  static const double steps[REFRACT_N_AXES] = { 0.41421356237309505, 0.73205080756887729, 0,
                                                0.23606797749978970 };
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

static double
weighted_score (const RefractUnits *units,
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
imagined_scores (const Problem *self,
                 RefractAxisId axis,
                 guint side,
                 double ends[2])
{
  const RefractUnits *units = self->units[side][axis];
  const double *spacing = self->spacing[self->group[axis]];
  double weight = spacing[units->n];

  if (units->link == REFRACT_LINK_AGREEMENT)
    {
      double denominator = weight * refract_sum (units->denominator, units->n)
                           / count_informative (units);

      ends[0] = weighted_score (units, spacing, 0, denominator);
      ends[1] = weighted_score (units, spacing, denominator, denominator);
    }
  else
    {
      double share = weight / refract_sum (spacing, units->n + 1);

      ends[0] = self->point[side][axis] * (1 - share);
      ends[1] = ends[0] + 100 * share;
    }
}

static void
resample (const Problem *self,
          guint index,
          RefractRandom *random,
          Scores scores[N_VARIANTS])
{
  for (guint variant = 0; variant < N_VARIANTS; variant++)
    memcpy (scores[variant], self->point, sizeof (Scores));
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
          double plain = is_lost
                           ? lost[side]
                           : weighted_score (units, self->count[self->group[axis]], 0, 0);
          double ends[2] = { plain, plain };

          if (self->imagine[axis])
            imagined_scores (self, axis, side, ends);
          scores[PLAIN][side][axis] = plain;
          if (!is_lost)
            scores[FIXED][side][axis] = plain;
          /* what is worst for a difference is best for its second side */
          scores[LOW][side][axis] = ends[side];
          scores[HIGH][side][axis] = ends[1 - side];
        }
    }
}

/* Acceleration from the influence of each unit (Efron and Tibshirani 1993, 14.3, for several
 * independent samples). */
static double
acceleration (const Problem *self)
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
          Scores scores;

          memcpy (scores, self->point, sizeof scores);
          for (guint j = 0; j < n; j++)
            self->count[group][j] = j != i;
          for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
            for (guint side = 0; side < self->n_sides; side++)
              if (self->units[side][axis] != NULL && self->group[axis] == group)
                scores[side][axis] = weighted_score (self->units[side][axis], self->count[group],
                                                     0, 0);
          values[i] = problem_value (self, scores);
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
variance (const double *values,
          guint n)
{
  double mean = refract_sum (values, n) / n;
  double squares = 0;

  for (guint i = 0; i < n; i++)
    squares += (values[i] - mean) * (values[i] - mean);
  return squares / n;
}

/* Share of @values below @point, in standard normal units; equal ones count half. */
static double
bias (const double *values,
      guint n,
      double point)
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
adjusted_level (double z,
                double z0,
                double a)
{
  double slope = 1 - a * (z0 + z);

  if (slope <= 0)
    return z < 0 ? 0 : 1;
  return refract_normal_cdf (z0 + (z0 + z) / slope);
}

static guint
smallest_n (const Problem *self,
            gboolean with_loss)
{
  guint n = G_MAXUINT;

  for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
    for (guint side = 0; side < self->n_sides; side++)
      if (self->units[side][axis] != NULL
          && (with_loss || self->units[side][axis]->link != REFRACT_LINK_LOSS))
        n = MIN (n, count_informative (self->units[side][axis]));
  return n;
}

/* Bias-corrected accelerated percentiles, no narrower than those with an imagined unit, never
 * without the point itself. */
static void
solve (const Problem *self,
       RefractInterval *interval)
{
  g_autoptr (RefractRandom) random = refract_random_new (SEED);
  g_autofree double *values = g_new (double, N_VARIANTS * N_RESAMPLES);
  double *of[N_VARIANTS];
  double point = problem_value (self, self->point);
  guint n = smallest_n (self, FALSE);
  double z = n == G_MAXUINT ? refract_normal_quantile (1 - ALPHA / 2) : half_width (n);
  double z0, a, share;

  for (guint variant = 0; variant < N_VARIANTS; variant++)
    of[variant] = values + variant * N_RESAMPLES;
  for (guint i = 0; i < N_RESAMPLES; i++)
    {
      Scores scores[N_VARIANTS];

      resample (self, i, random, scores);
      for (guint variant = 0; variant < self->n_variants; variant++)
        of[variant][i] = problem_value (self, scores[variant]);
    }
  /* posterior draws need no correction: as much of it as the bootstrapped part has of the skewness */
  share = variance (of[FIXED], N_RESAMPLES) / variance (of[PLAIN], N_RESAMPLES);
  share = isfinite (share) ? pow (MIN (share, 1), 1.5) : 0;
  z0 = share * bias (of[FIXED], N_RESAMPLES, point);
  a = share * acceleration (self);
  refract_sort_doubles (of[PLAIN], N_RESAMPLES);
  interval->low = refract_quantile (of[PLAIN], N_RESAMPLES, adjusted_level (-z, z0, a));
  interval->high = refract_quantile (of[PLAIN], N_RESAMPLES, adjusted_level (z, z0, a));
  if (self->n_variants == N_VARIANTS)
    {
      refract_sort_doubles (of[LOW], N_RESAMPLES);
      refract_sort_doubles (of[HIGH], N_RESAMPLES);
      interval->low = MIN (interval->low, refract_quantile (of[LOW], N_RESAMPLES, ALPHA));
      interval->high = MAX (interval->high, refract_quantile (of[HIGH], N_RESAMPLES, 1 - ALPHA));
    }
  interval->low = MIN (interval->low, point);
  interval->high = MAX (interval->high, point);
}

/* Jeffreys' interval on the lost trials, closed at the end that was reached (Brown, Cai and DasGupta
 * 2001). */
static void
solve_lost (const RefractUnits *units,
            RefractInterval *interval)
{
  double n = refract_sum (units->denominator, units->n);
  double lost = CLAMP (refract_sum (units->numerator, units->n), 0, n);
  double score = refract_units_score (units);

  interval->high = 100 * (1 - refract_beta_quantile (ALPHA / 2, lost + 0.5, n - lost + 0.5));
  interval->low = 100 * (1 - refract_beta_quantile (1 - ALPHA / 2, lost + 0.5, n - lost + 0.5));
  if (lost == n)
    interval->low = 0;
  interval->low = MIN (interval->low, score);
  interval->high = MAX (interval->high, score);
}

/* Units that are all alike: the rule of three on either side. */
static void
solve_constant (const RefractUnits *units,
                RefractInterval *interval)
{
  double score = refract_units_score (units);
  double keep = pow (ALPHA, 1.0 / count_informative (units));

  interval->low = score * keep;
  interval->high = 100 - (100 - score) * keep;
}

/* Sets the counts; FALSE, and everything between the limits, where nothing can be said. */
static gboolean
interval_init (RefractInterval *interval,
               const Problem *self,
               double lowest)
{
  guint n = smallest_n (self, TRUE);

  n = n == G_MAXUINT ? 0 : n;
  *interval = (RefractInterval){ lowest, 100, n, n < FEW_SAMPLES };
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
 * SCORING, "confidence interval". Trials (LOSS): Jeffreys' interval on the lost ones. Units that are
 * all alike: the rule of three, lower = score · 0.05^(1/n), and mirrored upwards. Otherwise a BCa
 * bootstrap of 2,000 resamples with a fixed seed. Where at most five prompts differ from the rest,
 * BCa alone covers only 91 % (five odd ones say too little about how many more there are); there it
 * is never narrower than the 5 % and 95 % points of a Bayesian bootstrap with one more prompt at the
 * worst or best end (Gaffke 2005), of which the rule of three is the case without odd ones. Units
 * without a denominator, or with values that are not finite, give [0, 100].
 */
void
refract_units_interval (const RefractUnits *self,
                        RefractInterval *interval)
{
  g_auto (Problem) problem = { .n_sides = 1 };
  RefractAxisId axis = self->link == REFRACT_LINK_LOSS ? REFRACT_AXIS_RNIAH
                       : self->link == REFRACT_LINK_NATS ? REFRACT_AXIS_KLD
                                                         : REFRACT_AXIS_TRAJECTORY;

  problem.units[0][axis] = self;
  if (!interval_init (interval, &problem, 0))
    return;
  if (self->link == REFRACT_LINK_LOSS)
    solve_lost (self, interval);
  else if (count_odd_ones (&problem, axis) == 0)
    solve_constant (self, interval);
  else
    {
      problem_init (&problem);
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
  g_auto (Problem) problem = { .n_sides = 1 };
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
  problem_init (&problem);
  solve (&problem, interval);
}

/* Any fixed order of two candidates, so that their difference does not depend on which comes first. */
static int
compare_sides (const Problem *self)
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
  g_auto (Problem) problem = { .n_sides = 2 };
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
  problem_init (&problem);
  *difference = problem_value (&problem, problem.point);
  if (interval_init (interval, &problem, -100))
    solve (&problem, interval);
  if (order == 0)
    {
      interval->high = MAX (interval->high, -interval->low);
      interval->low = -interval->high;
    }
  if (swapped)
    {
      double low = interval->low;

      *difference = -*difference;
      interval->low = -interval->high;
      interval->high = -low;
    }
  return TRUE;
}
