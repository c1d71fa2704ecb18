/* refract-statistics.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <stdlib.h>

#include "core/refract-statistics.h"

static int
compare_doubles (const void *a, const void *b)
{
  double x = *(const double *) a;
  double y = *(const double *) b;

  if (isnan (x) || isnan (y))
    return !!isnan (x) - !!isnan (y);
  return (x > y) - (x < y);
}

/**
 * refract_sort_doubles:
 *
 * Ascending; NaN after everything else.
 */
void
refract_sort_doubles (double *values, gsize n)
{
  if (n > 1)
    qsort (values, n, sizeof *values, compare_doubles);
}

double
refract_quantile (const double *sorted, gsize n, double q)
{
  double position;
  gsize i;

  g_return_val_if_fail (n >= 1, NAN);

  position = CLAMP (q, 0.0, 1.0) * (n - 1);
  i = (gsize) position;
  if (i + 1 >= n || sorted[i] == sorted[i + 1])
    return sorted[i];
  return sorted[i] + (sorted[i + 1] - sorted[i]) * (position - i);
}

double
refract_sum (const double *values, gsize n)
{
  double sum = 0;

  if (n > 64)
    return refract_sum (values, n / 2) + refract_sum (values + n / 2, n - n / 2);
  for (gsize i = 0; i < n; i++)
    sum += values[i];
  return sum;
}

double
refract_normal_cdf (double x)
{
  return 0.5 * erfc (-x * M_SQRT1_2);
}

/**
 * refract_normal_quantile:
 * @p: in (0, 1)
 *
 * Abramowitz and Stegun 26.2.23, then two Halley steps to full precision.
 *
 * Returns: the x with refract_normal_cdf (x) = @p; −∞ and +∞ at and beyond the ends
 */
double
refract_normal_quantile (double p)
{
  double t, x;

  if (p <= 0)
    return -INFINITY;
  if (p >= 1)
    return INFINITY;
  /* the upper tail of the distribution has no precision left near 1 */
  if (p > 0.5)
    return -refract_normal_quantile (1 - p);

  t = sqrt (-2 * log (p));
  x = (2.515517 + t * (0.802853 + t * 0.010328))
          / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)))
      - t;
  for (guint i = 0; i < 2; i++)
    {
      double u = (refract_normal_cdf (x) - p) * sqrt (2 * G_PI) * exp (x * x / 2);

      x -= u / (1 + x * u / 2);
    }
  return x;
}

/* log of x^a (1 − x)^b / B (a, b) */
static double
log_beta_term (double x, double a, double b)
{
  int sign;

  return lgamma_r (a + b, &sign) - lgamma_r (a, &sign) - lgamma_r (b, &sign) + a * log (x)
         + b * log1p (-x);
}

/* Regularised incomplete beta function by its continued fraction (DLMF 8.17.22) with Lentz's
 * method, for x in (0, 1). */
static double
beta_cdf (double x, double a, double b)
{
  const double tiny = 1e-300;
  double c = 1;
  double d, fraction;

  /* it converges fast only on this side of the mean */
  if (x > (a + 1) / (a + b + 2))
    return 1 - beta_cdf (1 - x, b, a);

  d = 1 - (a + b) * x / (a + 1);
  d = 1 / (fabs (d) < tiny ? tiny : d);
  fraction = d;
  for (guint m = 1; m < 100000; m++)
    {
      double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
      double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));

      d = 1 + even * d;
      d = 1 / (fabs (d) < tiny ? tiny : d);
      c = 1 + even / c;
      c = fabs (c) < tiny ? tiny : c;
      fraction *= c * d;
      d = 1 + odd * d;
      d = 1 / (fabs (d) < tiny ? tiny : d);
      c = 1 + odd / c;
      c = fabs (c) < tiny ? tiny : c;
      fraction *= c * d;
      if (fabs (c * d - 1) < 1e-15)
        break;
    }
  return exp (log_beta_term (x, a, b)) * fraction / a;
}

/**
 * refract_beta_quantile:
 * @p: in [0, 1]
 * @a: above 0
 * @b: above 0
 *
 * Newton steps, halving the bracket wherever one would leave it.
 *
 * Returns: the x in [0, 1] below which a Beta (@a, @b) variable lies with probability @p
 */
double
refract_beta_quantile (double p, double a, double b)
{
  double low = 0;
  double high = 1;
  double x;

  g_return_val_if_fail (a > 0 && b > 0, NAN);

  if (p <= 0)
    return 0;
  if (p >= 1)
    return 1;
  x = a / (a + b);
  for (guint i = 0; i < 300 && high - low > 1e-16 * high; i++)
    {
      double error = beta_cdf (x, a, b) - p;
      double density = exp (log_beta_term (x, a, b)) / (x * (1 - x));
      double next;

      if (error > 0)
        high = x;
      else
        low = x;
      next = x - error / density;
      if (!(next > low && next < high))
        next = (low + high) / 2;
      if (next == x)
        break;
      x = next;
    }
  return x;
}

guint
refract_edit_distance (const gint32 *a, gsize n_a, const gint32 *b, gsize n_b)
{
  g_autofree guint *row = g_new (guint, n_b + 1);

  for (gsize j = 0; j <= n_b; j++)
    row[j] = j;
  for (gsize i = 0; i < n_a; i++)
    {
      guint diagonal = row[0];

      row[0] = i + 1;
      for (gsize j = 0; j < n_b; j++)
        {
          guint replaced = diagonal + (a[i] != b[j]);

          diagonal = row[j + 1];
          row[j + 1] = MIN (replaced, MIN (row[j], diagonal) + 1);
        }
    }
  return row[n_b];
}

guint
refract_common_prefix (const gint32 *a, gsize n_a, const gint32 *b, gsize n_b)
{
  gsize n = MIN (n_a, n_b);
  gsize i = 0;

  while (i < n && a[i] == b[i])
    i++;
  return i;
}
