/* refract-plot.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <float.h>
#include <math.h>

#include "charts/refract-plot.h"

double
refract_scale_map (const RefractScale *scale, double value)
{
  double min = scale->min, max = scale->max, share;

  if (isnan (value))
    return NAN;
  if (scale->is_log)
    {
      min = log10 (min);
      max = log10 (max);
      value = value > 0 ? log10 (value) : min;
    }
  if (!(max > min))
    return (scale->start + scale->end) / 2;
  /* Halves, as the difference of two huge values overflows. */
  share = value <= min ? 0 : value >= max ? 1 : (value / 2 - min / 2) / (max / 2 - min / 2);
  return scale->start + share * (scale->end - scale->start);
}

gboolean
refract_range (const double *values, guint n, gboolean positive, double *min, double *max)
{
  *min = INFINITY;
  *max = -INFINITY;
  for (guint i = 0; i < n; i++)
    {
      if (!isfinite (values[i]) || (positive && !(values[i] > 0)))
        continue;
      *min = MIN (*min, values[i]);
      *max = MAX (*max, values[i]);
    }
  return *min <= *max;
}

double
refract_nice_ceil (double value)
{
  static const double steps[] = { 1, 2, 5, 10 };
  double power;

  g_return_val_if_fail (isfinite (value) && value > 0, 1);

  /* 10⁻³⁰⁸ is the least power that keeps all of its digits. */
  power = pow (10, MAX (floor (log10 (value)), -307));
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    if (steps[i] * power >= value * (1 - 1e-12))
      return MIN (steps[i] * power, DBL_MAX);
  return value;
}

guint
refract_ticks_linear (double min, double max, guint most, double ticks[REFRACT_MAX_TICKS])
{
  double step, first;
  guint n = 0;

  most = CLAMP (most, 2, REFRACT_MAX_TICKS);
  if (!isfinite (min) || !isfinite (max) || max < min)
    return 0;
  step = max / (most - 1) - min / (most - 1);
  if (!(step > 0))
    {
      ticks[0] = min;
      return 1;
    }
  step = refract_nice_ceil (MIN (step, DBL_MAX));
  first = ceil (min / step - 1e-9);
  for (double at = first; n < most && at * step <= max + step * 1e-9; at++)
    {
      ticks[n++] = at * step + 0.0;
      if (at + 1 == at) /* the extent is below what a double tells apart */
        break;
    }
  return n;
}

guint
refract_ticks_log (double min, double max, guint most, double ticks[REFRACT_MAX_TICKS])
{
  int from, to, step;
  guint n = 0;

  most = CLAMP (most, 2, REFRACT_MAX_TICKS);
  if (!(min > 0) || !isfinite (max) || max < min)
    return 0;
  from = (int) ceil (log10 (min) - 1e-9);
  to = (int) floor (log10 (max) + 1e-9);
  step = MAX ((to - from + (int) most - 2) / ((int) most - 1), 1);
  for (int exponent = from; exponent <= to && n < most; exponent += step)
    ticks[n++] = pow (10, exponent);
  return n;
}

void
refract_decades (double *min, double *max)
{
  double from = floor (log10 (*min) + 1e-9), to = ceil (log10 (*max) - 1e-9);

  from = CLAMP (from, -307, 307);
  to = CLAMP (MAX (to, from + 1), -306, 308);
  *min = pow (10, from);
  *max = pow (10, to);
}

char *
refract_format_tick (double value)
{
  if (fabs (value) >= 1000 && fabs (value) < 1e6)
    return g_strdup_printf ("%'.0f", value);
  return g_strdup_printf ("%.4g", value);
}

char *
refract_format_power (int exponent)
{
  static const char *const digits[] = { "⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹" };
  g_autofree char *plain = g_strdup_printf ("%d", ABS (exponent));
  GString *text;

  if (exponent == 0 || exponent == 1)
    return g_strdup (exponent == 0 ? "1" : "10");
  text = g_string_new (exponent < 0 ? "10⁻" : "10");
  for (const char *at = plain; *at != '\0'; at++)
    g_string_append (text, digits[*at - '0']);
  return g_string_free (text, FALSE);
}
