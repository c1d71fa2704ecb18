/* refract-plot.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* From values to px. @is_log: both ends are above 0. */
typedef struct
{
  double min;
  double max;
  double start; /* px of min */
  double end;   /* px of max */
  gboolean is_log;
} RefractScale;

/* px of @value, clamped to the ends; NAN for NAN; the middle where the scale has no extent. On a
 * logarithmic scale whatever is not above 0 lies at the start. */
double refract_scale_map (const RefractScale *scale, double value);

/* The finite values' extent, of those above 0 only with @positive; %FALSE when there are none. */
gboolean refract_range (const double *values, guint n, gboolean positive, double *min, double *max);

/* 1, 2 or 5 × 10ⁿ, the least that is at least @value (finite, above 0). */
double refract_nice_ceil (double value);

#define REFRACT_MAX_TICKS 16

/* Round values within [min, max], evenly apart, at most @most (2 to %REFRACT_MAX_TICKS); just @min
 * where there is no extent, none where an end is not finite. Returns how many. */
guint refract_ticks_linear (double min, double max, guint most, double ticks[REFRACT_MAX_TICKS]);
/* Powers of ten within [min, max], evenly apart; none where @min is not above 0. */
guint refract_ticks_log (double min, double max, guint most, double ticks[REFRACT_MAX_TICKS]);

/* The whole decades around [min, max], at least one; both above 0. */
void refract_decades (double *min, double *max);

/* (transfer full): "250", "1.5", "2e+06" */
char *refract_format_tick (double value);
/* (transfer full): "10⁻³"; "1" for 10⁰, "10" for 10¹ */
char *refract_format_power (int exponent);

G_END_DECLS
