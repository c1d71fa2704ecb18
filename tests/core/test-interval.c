/* test-interval.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "core/refract-random.h"
#include "core/refract-score.h"
#include "core/refract-statistics.h"

static RefractUnits *
units_new (RefractLink link, guint n, const double *numerator, const double *denominator)
{
  RefractUnits *units = refract_units_new (link, n);

  for (guint i = 0; i < n; i++)
    {
      units->numerator[i] = numerator[i];
      units->denominator[i] = denominator[i];
    }
  return units;
}

/* @n units with the ratio @usual, but for the first @n_odd, which have @odd */
static RefractUnits *
units_new_alike (RefractLink link, guint n, double usual, guint n_odd, double odd)
{
  RefractUnits *units = refract_units_new (link, n);

  for (guint i = 0; i < n; i++)
    {
      units->denominator[i] = 100;
      units->numerator[i] = 100 * (i < n_odd ? odd : usual);
    }
  return units;
}

static gboolean
contains (const RefractInterval *interval, double value)
{
  return interval->low <= value && value <= interval->high;
}

static void
assert_interval (const RefractUnits *units, double low, double high, double tolerance)
{
  RefractInterval interval;

  refract_units_interval (units, &interval);
  g_assert_cmpfloat_with_epsilon (interval.low, low, tolerance);
  g_assert_cmpfloat_with_epsilon (interval.high, high, tolerance);
}

static void
test_rule_of_three (void)
{
  g_autoptr (RefractUnits) perfect = units_new_alike (REFRACT_LINK_AGREEMENT, 30, 1, 0, 0);
  g_autoptr (RefractUnits) nothing = units_new_alike (REFRACT_LINK_AGREEMENT, 30, 0, 0, 0);
  g_autoptr (RefractUnits) middle = units_new_alike (REFRACT_LINK_AGREEMENT, 30, 0.8, 0, 0);
  g_autoptr (RefractUnits) chunks = units_new_alike (REFRACT_LINK_NATS, 32, 0, 0, 0);
  g_autoptr (RefractUnits) one = units_new_alike (REFRACT_LINK_NATS, 1, 0, 0, 0);
  double keep = pow (0.05, 1.0 / 30);
  RefractInterval interval;

  refract_units_interval (perfect, &interval);
  g_assert_true (interval.low == 100 * keep);
  g_assert_true (interval.high == 100);
  assert_interval (nothing, 0, 100 - 100 * keep, 1e-9);
  assert_interval (middle, 80 * keep, 100 - 20 * keep, 1e-9);
  assert_interval (chunks, 100 * pow (0.05, 1.0 / 32), 100, 1e-9);
  assert_interval (one, 5, 100, 1e-9);
}

static void
test_few_odd_ones (void)
{
  double keep = pow (0.05, 1.0 / 30);
  RefractInterval interval;

  /* one small difference tells no more about the prompts not seen than none does */
  for (guint n_odd = 1; n_odd <= 5; n_odd++)
    {
      g_autoptr (RefractUnits) near = units_new_alike (REFRACT_LINK_AGREEMENT, 30, 1, n_odd, 0.99);
      g_autoptr (RefractUnits) far = units_new_alike (REFRACT_LINK_AGREEMENT, 30, 0, n_odd, 0.01);

      refract_units_interval (near, &interval);
      g_assert_cmpfloat (interval.low, <=, 100 * keep + 0.05);
      g_assert_cmpfloat (interval.high, >, refract_units_score (near));
      refract_units_interval (far, &interval);
      g_assert_cmpfloat (interval.low, <, refract_units_score (far));
      g_assert_cmpfloat (interval.high, >=, 100 - 100 * keep - 0.05);
    }
}

static void
test_bca (void)
{
  /* ends from an independent implementation with a million resamples */
  static const double prefix[]
      = { 128, 128, 64, 10, 128, 5, 90, 33, 128, 70, 128, 2, 128, 128, 47 };
  static const double length[]
      = { 128, 128, 128, 100, 128, 60, 128, 128, 128, 120, 128, 30, 128, 128, 128 };
  static const double nats[]
      = { 0.2, 0.3, 0.3, 0.4, 0.5, 0.5, 0.6, 0.7, 0.9, 1.0, 1.2, 1.5, 2.0, 3.5, 6.0, 14.0 };
  static const double positions[]
      = { 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255 };
  g_autoptr (RefractUnits) prompts = units_new (REFRACT_LINK_AGREEMENT, 15, prefix, length);
  g_autoptr (RefractUnits) chunks = units_new (REFRACT_LINK_NATS, 16, nats, positions);
  RefractInterval interval;

  assert_interval (prompts, 49.65, 87.74, 1.5);
  /* skewed: 99.665 without bias correction, 99.689 without acceleration, 99.716 without both */
  refract_units_interval (chunks, &interval);
  g_assert_cmpfloat_with_epsilon (interval.low, 97.80, 0.3);
  g_assert_cmpfloat_with_epsilon (interval.high, 99.633, 0.02);
}

static void
test_jeffreys (void)
{
  g_autoptr (RefractUnits) none = units_new_alike (REFRACT_LINK_LOSS, 9, 0, 0, 0);
  g_autoptr (RefractUnits) all = units_new_alike (REFRACT_LINK_LOSS, 9, 1, 0, 0);
  g_autoptr (RefractUnits) one = units_new_alike (REFRACT_LINK_LOSS, 9, 0, 1, 1);
  g_autoptr (RefractUnits) part = units_new_alike (REFRACT_LINK_LOSS, 9, 0, 1, 0.001);
  RefractUnits *const trials[] = { none, all, one, part };
  RefractInterval interval;

  for (guint i = 0; i < G_N_ELEMENTS (trials); i++)
    for (guint j = 0; j < 9; j++)
      {
        trials[i]->numerator[j] /= 100;
        trials[i]->denominator[j] = 1;
      }
  assert_interval (none, 76.2389901367096865, 100, 1e-10);
  assert_interval (all, 0, 23.7610098632903135, 1e-10);
  assert_interval (one, 100 - 41.4469277440532657, 100 - 1.22640876216194506, 1e-10);
  refract_units_interval (part, &interval);
  g_assert_cmpfloat (interval.low, <, 76.24);
  g_assert_cmpfloat (interval.low, >, 76.1);
  g_assert_cmpfloat (interval.high, >=, refract_units_score (part));
}

static void
test_edges (void)
{
  g_autoptr (RefractUnits) empty = refract_units_new (REFRACT_LINK_AGREEMENT, 0);
  g_autoptr (RefractUnits) unmeasured = refract_units_new (REFRACT_LINK_LOSS, 12);
  g_autoptr (RefractUnits) poisoned = units_new_alike (REFRACT_LINK_NATS, 12, 0.1, 3, NAN);
  g_autoptr (RefractUnits) infinite = units_new_alike (REFRACT_LINK_NATS, 12, 0.1, 3, INFINITY);
  g_autoptr (RefractUnits) gaps = units_new_alike (REFRACT_LINK_AGREEMENT, 12, 1, 4, 0.5);
  const RefractUnits *none[REFRACT_N_AXES] = { NULL };
  RefractInterval interval;

  refract_units_interval (empty, &interval);
  g_assert_true (interval.low == 0 && interval.high == 100);
  g_assert_cmpuint (interval.n_units, ==, 0);
  g_assert_true (interval.few_samples);
  assert_interval (unmeasured, 0, 100, 1e-12);
  assert_interval (poisoned, 0, 100, 1e-12);
  assert_interval (infinite, 0, 100, 1e-12);
  refract_composite_interval (none, &interval);
  g_assert_true (interval.low == 0 && interval.high == 100);
  g_assert_true (interval.few_samples);

  refract_units_interval (gaps, &interval);
  g_assert_cmpuint (interval.n_units, ==, 12);
  g_assert_false (interval.few_samples);
  /* a unit that measured nothing is none */
  for (guint i = 0; i < 3; i++)
    gaps->numerator[i] = gaps->denominator[i] = 0;
  refract_units_interval (gaps, &interval);
  g_assert_cmpuint (interval.n_units, ==, 9);
  g_assert_true (interval.few_samples);
}

/* Whatever the units: an interval around the score, with some width, in range. */
static void
test_any_units (void)
{
  g_autoptr (RefractRandom) random = refract_random_new (7);

  for (guint i = 0; i < 600; i++)
    {
      RefractLink link = i % 3;
      guint n = 1 + refract_random_below (random, 6);
      g_autoptr (RefractUnits) units = refract_units_new (link, n);
      RefractInterval interval;

      for (guint j = 0; j < n; j++)
        {
          units->denominator[j] = refract_random_below (random, 3);
          units->numerator[j] = units->denominator[j] * refract_random_below (random, 5) / 4;
        }
      refract_units_interval (units, &interval);
      g_assert_true (contains (&interval, refract_units_score (units)));
      g_assert_cmpfloat (interval.low, <, interval.high);
      g_assert_true (interval.low >= 0 && interval.high <= 100);
      g_assert_cmpuint (interval.n_units, <=, n);
    }
}

/* Units of one candidate as they come out of audits.
 * @match: share of prompts with the same answer to the end
 * @early: above 1 the others part early, below 1 late
 * @typical: share of perturbed pairs without excess drift
 * @excess: mean excess drift of the others
 * @nats: mean KLD
 * @spread: standard deviation of its logarithm between chunks (0.6 on the bundled model)
 * @lost: share of trials lost */
typedef struct
{
  const char *name;
  double match, early;
  double typical, excess;
  double nats, spread;
  double lost;
} Truth;

static const Truth truths[] = {
  { "near 100", 0.95, 1, 0.95, 0.05, 0.002, 0.3, 0.02 },
  { "skewed", 0.8, 3, 0.8, 0.4, 0.02, 0.6, 0.1 },
  { "mid-range", 0.3, 2, 0.3, 0.3, 0.5, 0.4, 0.4 },
};

/* @ease in [0, 1): of the prompt, shared by A and D */
static void
draw_prompt_a (
    const Truth *truth, double ease, RefractRandom *random, double *numerator, double *denominator)
{
  *denominator
      = refract_random_below (random, 5) == 0 ? 20 + refract_random_below (random, 100) : 128;
  *numerator = ease < truth->match
                   ? *denominator
                   : floor (pow (refract_random_double (random), truth->early) * *denominator);
}

static void
draw_prompt_d (
    const Truth *truth, double ease, RefractRandom *random, double *numerator, double *denominator)
{
  double typical = truth->typical + (1 - truth->typical) * (0.5 - ease);

  *denominator = 3 + refract_random_below (random, 2);
  *numerator = 0;
  for (guint i = 0; i < *denominator; i++)
    *numerator
        += refract_random_double (random) < typical
               ? 1
               : exp (5 * MAX (-1, truth->excess * log (1 - refract_random_double (random))));
}

static double
draw_chunk (const Truth *truth, RefractRandom *random)
{
  double z = refract_normal_quantile (refract_random_double (random));

  return truth->nats * exp (truth->spread * (z - truth->spread / 2));
}

typedef RefractUnits *Drawn[REFRACT_N_AXES];

static void
draw_units (const Truth *truth, guint n_prompts, RefractRandom *random, Drawn units)
{
  RefractUnits *a = units[REFRACT_AXIS_TRAJECTORY]
      = refract_units_new (REFRACT_LINK_AGREEMENT, n_prompts);
  RefractUnits *b = units[REFRACT_AXIS_KLD] = refract_units_new (REFRACT_LINK_NATS, 32);
  RefractUnits *c = units[REFRACT_AXIS_RNIAH] = refract_units_new (REFRACT_LINK_LOSS, 9);
  RefractUnits *d = units[REFRACT_AXIS_PLAD]
      = refract_units_new (REFRACT_LINK_AGREEMENT, n_prompts);

  for (guint i = 0; i < n_prompts; i++)
    {
      double ease = refract_random_double (random);

      draw_prompt_a (truth, ease, random, &a->numerator[i], &a->denominator[i]);
      draw_prompt_d (truth, ease, random, &d->numerator[i], &d->denominator[i]);
    }
  for (guint i = 0; i < b->n; i++)
    {
      b->denominator[i] = 255;
      b->numerator[i] = 255 * draw_chunk (truth, random);
    }
  for (guint i = 0; i < c->n; i++)
    {
      c->denominator[i] = 1;
      c->numerator[i] = refract_random_double (random) < truth->lost;
    }
}

static void
clear_units (Drawn units)
{
  for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
    g_clear_pointer (&units[axis], refract_units_free);
}

/* What the scores would be with prompts, chunks and trials without end. */
static double
true_scores (const Truth *truth, double scores[REFRACT_N_AXES])
{
  g_autoptr (RefractRandom) random = refract_random_new (1);
  Drawn units;
  double composite;

  draw_units (truth, 100000, random, units);
  scores[REFRACT_AXIS_TRAJECTORY] = refract_units_score (units[REFRACT_AXIS_TRAJECTORY]);
  scores[REFRACT_AXIS_KLD] = 100 * exp (-truth->nats);
  scores[REFRACT_AXIS_RNIAH] = 100 * (1 - truth->lost);
  scores[REFRACT_AXIS_PLAD] = refract_units_score (units[REFRACT_AXIS_PLAD]);
  clear_units (units);
  g_assert_true (refract_composite (scores, REFRACT_N_AXES, &composite, NULL));
  return composite;
}

/* audits drawn: more where the coverage is close to the limit, fewer where an interval takes long
 */
#define N_DRAWS 500
static const guint n_draws[REFRACT_N_AXES] = { 500, 2000, 0, 500 };
#define N_DRAWS_COMPOSITE 250

static void
assert_coverage (
    const Truth *truth, const char *what, double score, double covered, double n, double width)
{
  g_test_message ("%s, %s: true score %.1f, coverage %.3f, mean width %.2f", truth->name, what,
                  score, covered / n, width / n);
  g_assert_cmpfloat (covered / n, >=, 0.93);
}

/* A, B, D and the composite: how often the interval of an audit holds the true score. */
static void
test_coverage (gconstpointer data)
{
  const Truth *truth = data;
  g_autoptr (RefractRandom) random = refract_random_new (2);
  double scores[REFRACT_N_AXES];
  double measured[REFRACT_N_AXES];
  double value;
  double composite = true_scores (truth, scores);
  double covered[REFRACT_N_AXES + 1] = { 0 };
  double width[REFRACT_N_AXES + 1] = { 0 };

  for (guint i = 0; i < 2000; i++)
    {
      Drawn units;
      RefractInterval interval;

      draw_units (truth, 30, random, units);
      for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
        {
          if (i >= n_draws[axis])
            continue;
          refract_units_interval (units[axis], &interval);
          g_assert_true (contains (&interval, refract_units_score (units[axis])));
          g_assert_cmpfloat (interval.low, <, interval.high);
          covered[axis] += contains (&interval, scores[axis]);
          width[axis] += interval.high - interval.low;
        }
      if (i < N_DRAWS_COMPOSITE)
        {
          refract_composite_interval ((const RefractUnits *const *) units, &interval);
          for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
            measured[axis] = refract_units_score (units[axis]);
          g_assert_true (refract_composite (measured, REFRACT_N_AXES, &value, NULL));
          g_assert_true (contains (&interval, value));
          g_assert_cmpfloat (interval.low, <, interval.high);
          g_assert_cmpuint (interval.n_units, ==, 9);
          g_assert_true (interval.few_samples);
          covered[REFRACT_N_AXES] += contains (&interval, composite);
          width[REFRACT_N_AXES] += interval.high - interval.low;
        }
      clear_units (units);
    }
  for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
    if (n_draws[axis] > 0)
      assert_coverage (truth, refract_axis_id_get_title (axis), scores[axis], covered[axis],
                       n_draws[axis], width[axis]);
  assert_coverage (truth, "composite", composite, covered[REFRACT_N_AXES], N_DRAWS_COMPOSITE,
                   width[REFRACT_N_AXES]);
}

/* C has so few outcomes that its coverage is computed, not drawn. It swings with the true share, as
 * that of every interval for a share does, so it is averaged over each range. */
static void
test_coverage_trials (void)
{
  static const struct
  {
    double from, to;
  } ranges[] = { { 0, 0.1 }, { 0.05, 0.3 }, { 0.3, 0.7 }, { 0.9, 1 } };
  const guint counts[] = { 9, 27, 45 };

  for (guint i = 0; i < G_N_ELEMENTS (counts); i++)
    for (guint j = 0; j < G_N_ELEMENTS (ranges); j++)
      {
        guint n = counts[i];
        double covered = 0;

        for (guint lost = 0; lost <= n; lost++)
          {
            g_autoptr (RefractUnits) units = refract_units_new (REFRACT_LINK_LOSS, n);
            RefractInterval interval;

            for (guint k = 0; k < n; k++)
              {
                units->denominator[k] = 1;
                units->numerator[k] = k < lost;
              }
            refract_units_interval (units, &interval);
            for (guint k = 0; k < 200; k++)
              {
                double share = ranges[j].from + (ranges[j].to - ranges[j].from) * (k + 0.5) / 200;

                if (contains (&interval, 100 * (1 - share)))
                  covered += exp (lgamma (n + 1.0) - lgamma (lost + 1.0) - lgamma (n - lost + 1.0)
                                  + lost * log (share) + (n - lost) * log1p (-share))
                             / 200;
              }
          }
        g_test_message ("%u trials, %.2f to %.2f lost: coverage %.3f", n, ranges[j].from,
                        ranges[j].to, covered);
        g_assert_cmpfloat (covered, >=, 0.93);
      }
}

static void
test_composite (void)
{
  g_autoptr (RefractRandom) random = refract_random_new (3);
  Drawn units;
  const RefractUnits *picked[REFRACT_N_AXES] = { NULL };
  RefractInterval interval, again, axis;

  draw_units (&truths[1], 30, random, units);
  refract_composite_interval ((const RefractUnits *const *) units, &interval);
  refract_composite_interval ((const RefractUnits *const *) units, &again);
  g_assert_true (interval.low == again.low && interval.high == again.high);

  /* of one axis: that axis */
  picked[REFRACT_AXIS_KLD] = units[REFRACT_AXIS_KLD];
  refract_composite_interval (picked, &interval);
  refract_units_interval (units[REFRACT_AXIS_KLD], &axis);
  g_assert_true (interval.low == axis.low && interval.high == axis.high);
  g_assert_cmpuint (interval.n_units, ==, 32);
  g_assert_false (interval.few_samples);
  clear_units (units);
}

/* A and D rise and fall together with the prompts; turned round, they would cancel. */
static void
test_composite_shares_prompts (void)
{
  g_autoptr (RefractUnits) a = refract_units_new (REFRACT_LINK_AGREEMENT, 20);
  g_autoptr (RefractUnits) same = refract_units_new (REFRACT_LINK_AGREEMENT, 20);
  g_autoptr (RefractUnits) turned = refract_units_new (REFRACT_LINK_AGREEMENT, 20);
  g_autoptr (RefractUnits) other = refract_units_new (REFRACT_LINK_AGREEMENT, 40);
  const RefractUnits *units[REFRACT_N_AXES] = { a, NULL, NULL, same };
  RefractInterval joint, opposed, independent;

  for (guint i = 0; i < 40; i++)
    {
      other->numerator[i] = 0.5 + 0.02 * (i % 20);
      other->denominator[i] = 1;
      if (i >= 20)
        continue;
      a->numerator[i] = same->numerator[i] = turned->numerator[19 - i] = other->numerator[i];
      a->denominator[i] = same->denominator[i] = turned->denominator[i] = 1;
    }
  refract_composite_interval (units, &joint);
  units[REFRACT_AXIS_PLAD] = turned;
  refract_composite_interval (units, &opposed);
  units[REFRACT_AXIS_PLAD] = other;
  refract_composite_interval (units, &independent);
  g_assert_cmpfloat (opposed.high - opposed.low, <, 0.1 * (joint.high - joint.low));
  g_assert_cmpfloat (independent.high - independent.low, <, 0.9 * (joint.high - joint.low));
}

static void
test_composite_perfect (void)
{
  g_autoptr (RefractUnits) prompts = units_new_alike (REFRACT_LINK_AGREEMENT, 30, 1, 0, 0);
  g_autoptr (RefractUnits) chunks = units_new_alike (REFRACT_LINK_NATS, 32, 0, 0, 0);
  g_autoptr (RefractUnits) trials = refract_units_new (REFRACT_LINK_LOSS, 9);
  const RefractUnits *units[REFRACT_N_AXES] = { prompts, NULL, NULL, prompts };
  RefractInterval interval;

  for (guint i = 0; i < 9; i++)
    trials->denominator[i] = 1;
  /* the same imagined prompt for both, so the rule of three itself */
  refract_composite_interval (units, &interval);
  g_assert_cmpfloat_with_epsilon (interval.low, 100 * pow (0.05, 1.0 / 30), 0.05);
  g_assert_true (interval.high == 100);
  /* prompts and chunks fail independently: near the 5 % point of the mean of two such shares */
  units[REFRACT_AXIS_PLAD] = NULL;
  units[REFRACT_AXIS_KLD] = chunks;
  refract_composite_interval (units, &interval);
  g_assert_cmpfloat_with_epsilon (interval.low, 100 - 4.744 / 2 / 31 * 100, 0.4);
  units[REFRACT_AXIS_RNIAH] = trials;
  units[REFRACT_AXIS_PLAD] = prompts;
  refract_composite_interval (units, &interval);
  g_assert_cmpfloat (interval.low, >, 80);
  g_assert_cmpfloat (interval.low, <, 95);
  g_assert_true (interval.high == 100);
  /* an axis at 0 */
  chunks->numerator[0] = 1e9;
  refract_composite_interval (units, &interval);
  g_assert_true (interval.low == 0);
  g_assert_cmpfloat (interval.high, <=, 100);
}

/* The chunks' skewness must not move what the trials leave open. */
static void
test_composite_trials (void)
{
  g_autoptr (RefractUnits) chunks = refract_units_new (REFRACT_LINK_NATS, 16);
  g_autoptr (RefractUnits) trials = refract_units_new (REFRACT_LINK_LOSS, 9);
  const RefractUnits *units[REFRACT_N_AXES] = { NULL, chunks, trials, NULL };
  RefractInterval interval;
  double expected[2];

  for (guint i = 0; i < 16; i++)
    {
      chunks->denominator[i] = 255;
      chunks->numerator[i] = 1e-4 * exp (i * i / 30.0);
    }
  for (guint i = 0; i < 9; i++)
    {
      trials->denominator[i] = 1;
      trials->numerator[i] = i < 2;
    }
  refract_composite_interval (units, &interval);
  /* 1.4 % at either end: Student's t for 16 chunks */
  for (guint i = 0; i < 2; i++)
    {
      double retrieved = 100 * refract_beta_quantile (i == 0 ? 0.014 : 0.986, 7.5, 2.5);

      expected[i] = 2 / (1 / retrieved + 1 / refract_units_score (chunks));
    }
  g_assert_cmpfloat_with_epsilon (interval.low, expected[0], 2);
  g_assert_cmpfloat_with_epsilon (interval.high, expected[1], 0.5);

  for (guint i = 0; i < 9; i++)
    trials->numerator[i] = 1;
  refract_composite_interval (units, &interval);
  g_assert_true (interval.low == 0);
  g_assert_cmpfloat (interval.high, >, 20);
}

/* With two chunks Student's t is so wide that the acceleration of skewed prompts would turn the
 * levels round. */
static void
test_composite_few_chunks (void)
{
  g_autoptr (RefractUnits) prompts = refract_units_new (REFRACT_LINK_AGREEMENT, 30);
  g_autoptr (RefractUnits) chunks = units_new_alike (REFRACT_LINK_NATS, 2, 0.1, 1, 0.11);
  const RefractUnits *units[REFRACT_N_AXES] = { prompts, chunks, NULL, NULL };
  RefractInterval interval;
  double scores[2];
  double composite;

  for (guint i = 0; i < 30; i++)
    {
      prompts->denominator[i] = 1;
      prompts->numerator[i] = pow (i / 29.0, 8);
    }
  scores[0] = refract_units_score (prompts);
  scores[1] = refract_units_score (chunks);
  g_assert_true (refract_composite (scores, 2, &composite, NULL));
  refract_composite_interval (units, &interval);
  g_assert_cmpfloat (interval.low, <, composite - 4);
  g_assert_cmpfloat (interval.high, >, composite + 4);
  g_assert_true (interval.few_samples);
}

static void
test_paired_mirrored (void)
{
  g_autoptr (RefractRandom) random = refract_random_new (4);

  for (guint i = 0; i < 10; i++)
    {
      Drawn a, b;
      double forward, backward;
      RefractInterval there, back;

      draw_units (&truths[0], 30, random, a);
      draw_units (&truths[i % 3], 30, random, b);
      g_assert_true (refract_paired_difference ((const RefractUnits *const *) a,
                                                (const RefractUnits *const *) b, &forward, &there));
      g_assert_true (refract_paired_difference ((const RefractUnits *const *) b,
                                                (const RefractUnits *const *) a, &backward, &back));
      g_assert_true (forward == -backward);
      g_assert_true (there.low == -back.high && there.high == -back.low);
      g_assert_true (contains (&there, forward));
      g_assert_true (there.low >= -100 && there.high <= 100);
      clear_units (a);
      clear_units (b);
    }
}

static void
test_paired_identical (void)
{
  g_autoptr (RefractRandom) random = refract_random_new (5);

  for (guint i = 0; i < G_N_ELEMENTS (truths); i++)
    {
      Drawn a;
      const RefractUnits *picked[REFRACT_N_AXES] = { NULL };
      double difference;
      RefractInterval interval;

      draw_units (&truths[i], 30, random, a);
      g_assert_true (refract_paired_difference ((const RefractUnits *const *) a,
                                                (const RefractUnits *const *) a, &difference,
                                                &interval));
      g_assert_true (difference == 0);
      g_assert_true (interval.high > 0 && interval.high < 25 && interval.low == -interval.high);
      /* whatever the axis, never [0, 0] */
      for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
        {
          picked[axis] = a[axis];
          g_assert_true (refract_paired_difference (picked, picked, &difference, &interval));
          g_assert_true (difference == 0);
          g_assert_true (interval.high > 0 && interval.low == -interval.high);
          picked[axis] = NULL;
        }
      clear_units (a);
    }
}

static void
test_paired_axes (void)
{
  g_autoptr (RefractUnits) a = units_new_alike (REFRACT_LINK_AGREEMENT, 30, 0.9, 10, 0.6);
  g_autoptr (RefractUnits) b = units_new_alike (REFRACT_LINK_AGREEMENT, 30, 0.7, 10, 0.3);
  g_autoptr (RefractUnits) shorter = units_new_alike (REFRACT_LINK_AGREEMENT, 29, 0.7, 10, 0.3);
  g_autoptr (RefractUnits) chunks = units_new_alike (REFRACT_LINK_NATS, 32, 0.1, 0, 0);
  g_autoptr (RefractUnits) empty = refract_units_new (REFRACT_LINK_AGREEMENT, 0);
  g_autoptr (RefractUnits) poisoned = units_new_alike (REFRACT_LINK_AGREEMENT, 30, 0.1, 3, NAN);
  const RefractUnits *first[REFRACT_N_AXES] = { a, chunks, NULL, NULL };
  const RefractUnits *second[REFRACT_N_AXES] = { b, NULL, NULL, NULL };
  double difference;
  RefractInterval interval;

  /* only what both have: 80 against 170/3 */
  g_assert_true (refract_paired_difference (first, second, &difference, &interval));
  g_assert_cmpfloat_with_epsilon (difference, 80 - 170.0 / 3, 1e-9);
  g_assert_cmpuint (interval.n_units, ==, 30);
  g_assert_false (interval.few_samples);
  /* 20 or 30 points in each prompt: between the two, though each score alone is less certain */
  g_assert_cmpfloat (interval.low, >, 20);
  g_assert_cmpfloat (interval.high, <, 30);

  second[REFRACT_AXIS_TRAJECTORY] = poisoned;
  g_assert_true (refract_paired_difference (first, second, &difference, &interval));
  g_assert_true (interval.low == -100 && interval.high == 100);
  second[REFRACT_AXIS_TRAJECTORY] = shorter;
  g_assert_false (refract_paired_difference (first, second, &difference, &interval));
  first[REFRACT_AXIS_TRAJECTORY] = second[REFRACT_AXIS_TRAJECTORY] = empty;
  g_assert_false (refract_paired_difference (first, second, &difference, &interval));
}

/* Two candidates on the same prompts: the second diverges wherever the first does, and elsewhere.
 */
static void
test_coverage_paired (void)
{
  static const Truth pairs[][2] = {
    { { "close, near 100", 0.97, 1 }, { NULL, 0.92, 1 } },
    { { "apart", 0.9, 1 }, { NULL, 0.6, 1 } },
    { { "close, mid-range", 0.4, 2 }, { NULL, 0.3, 2 } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (pairs); i++)
    {
      g_autoptr (RefractRandom) random = refract_random_new (6);
      double scores[2];
      double covered = 0;
      double width = 0;

      for (guint side = 0; side < 2; side++)
        {
          /* the true mean of U^early is 1/(early + 1); the floor costs half a token at most */
          const Truth *truth = &pairs[i][side];

          scores[side] = 100 * (truth->match + (1 - truth->match) / (truth->early + 1));
        }
      for (guint j = 0; j < N_DRAWS; j++)
        {
          g_autoptr (RefractUnits) a = refract_units_new (REFRACT_LINK_AGREEMENT, 30);
          g_autoptr (RefractUnits) b = refract_units_new (REFRACT_LINK_AGREEMENT, 30);
          const RefractUnits *first[REFRACT_N_AXES] = { a };
          const RefractUnits *second[REFRACT_N_AXES] = { b };
          double difference;
          RefractInterval interval;

          for (guint k = 0; k < 30; k++)
            {
              double ease = refract_random_double (random);

              draw_prompt_a (&pairs[i][0], ease, random, &a->numerator[k], &a->denominator[k]);
              draw_prompt_a (&pairs[i][1], ease, random, &b->numerator[k], &b->denominator[k]);
            }
          g_assert_true (refract_paired_difference (first, second, &difference, &interval));
          covered += contains (&interval, scores[0] - scores[1]);
          width += interval.high - interval.low;
        }
      assert_coverage (&pairs[i][0], "paired difference", scores[0] - scores[1], covered, N_DRAWS,
                       width);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/interval/rule-of-three", test_rule_of_three);
  g_test_add_func ("/interval/few-odd-ones", test_few_odd_ones);
  g_test_add_func ("/interval/bca", test_bca);
  g_test_add_func ("/interval/jeffreys", test_jeffreys);
  g_test_add_func ("/interval/edges", test_edges);
  g_test_add_func ("/interval/any-units", test_any_units);
  g_test_add_func ("/interval/composite", test_composite);
  g_test_add_func ("/interval/composite-shares-prompts", test_composite_shares_prompts);
  g_test_add_func ("/interval/composite-perfect", test_composite_perfect);
  g_test_add_func ("/interval/composite-trials", test_composite_trials);
  g_test_add_func ("/interval/composite-few-chunks", test_composite_few_chunks);
  g_test_add_func ("/interval/paired-mirrored", test_paired_mirrored);
  g_test_add_func ("/interval/paired-identical", test_paired_identical);
  g_test_add_func ("/interval/paired-axes", test_paired_axes);
  g_test_add_data_func ("/interval/coverage/near-100", &truths[0], test_coverage);
  g_test_add_data_func ("/interval/coverage/skewed", &truths[1], test_coverage);
  g_test_add_data_func ("/interval/coverage/mid-range", &truths[2], test_coverage);
  g_test_add_func ("/interval/coverage/trials", test_coverage_trials);
  g_test_add_func ("/interval/coverage/paired", test_coverage_paired);
  return g_test_run ();
}
