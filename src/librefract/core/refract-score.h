/* refract-score.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The four axes, in the order of the report. */
typedef enum
{
  REFRACT_AXIS_TRAJECTORY,
  REFRACT_AXIS_KLD,
  REFRACT_AXIS_RNIAH,
  REFRACT_AXIS_PLAD,
} RefractAxisId;
#define REFRACT_N_AXES 4

/* "trajectory", "kld", "rniah", "plad": commands, plans, screens */
const char *refract_axis_id_get_name (RefractAxisId axis);
/* "gtm", "kld", "rniah", "plad": report JSON */
const char *refract_axis_id_get_key (RefractAxisId axis);
/* "Trajectory", "KLD@D", "R-NIAH", "PLAD" */
const char *refract_axis_id_get_title (RefractAxisId axis);

typedef enum
{
  REFRACT_BAND_FAIL,
  REFRACT_BAND_DEGRADED,
  REFRACT_BAND_PASS,
  REFRACT_BAND_EXCELLENT,
} RefractBand;

/* score in [0, 100]; ≥ 90, ≥ 80, ≥ 60, else FAIL */
RefractBand refract_band_for_score (double score);
/* "FAIL", "DEGRADED", "PASS", "EXCELLENT" */
const char *refract_band_get_name (RefractBand band);

/**
 * refract_composite:
 * @scores: per axis in [0, 100], NAN for an axis that was not scored
 * @composite: (out): harmonic mean of the scored axes; 0 when one of them is ≤ 0
 *
 * Returns: %FALSE with %REFRACT_ERROR_NOTHING_MEASURED when no axis was scored
 */
gboolean refract_composite (const double *scores, guint n, double *composite, GError **error);

/* @score with @decimals (1 on screens, 2 in exports), never rounded across a band's edge:
 * 79.96 with one decimal is "79.9"; 100 only for exactly 100. */
char *refract_format_score (double score, guint decimals);
/* "86.4 [83.1, 89.0]"; "—" where @score is NAN. (transfer full) */
char *refract_format_score_range (double score, double low, double high, guint decimals);

/* How a ratio Σ numerator / Σ denominator becomes a score. */
typedef enum
{
  REFRACT_LINK_AGREEMENT, /* 100 · x, clipped to [0, 100]: A, D */
  REFRACT_LINK_NATS,      /* 100 · exp (−max (x, 0)): B */
  REFRACT_LINK_LOSS,      /* 100 · (1 − x): C */
} RefractLink;

/**
 * RefractUnits:
 *
 * The units over which an axis varies: prompts (A, D), chunks (B), trials (C). The axis score is
 * `link (Σ numerator / Σ denominator)`, so that resampling needs no knowledge of the axis. Units of
 * A and D with the same index are the same prompt.
 */
typedef struct
{
  RefractLink link;
  guint n;
  double *numerator;
  double *denominator;
} RefractUnits;

/* the score of Σ numerator / Σ denominator; 0 where that is not a number */
double refract_link_score (RefractLink link, double numerator, double denominator);

RefractUnits *refract_units_new (RefractLink link, guint n);
void refract_units_free (RefractUnits *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractUnits, refract_units_free)
/* the axis' score, full precision; Σ denominator = 0 → 0 */
double refract_units_score (const RefractUnits *self);

/**
 * RefractInterval:
 * @low: lower end, [0, 100]
 * @high: upper end, [0, 100]; @low ≤ score ≤ @high always
 * @n_units: what it rests on (for a composite the smallest count among its axes)
 * @few_samples: fewer than 10 units
 */
typedef struct
{
  double low;
  double high;
  guint n_units;
  gboolean few_samples;
} RefractInterval;

/* 95 % interval of one axis: SCORING, "confidence interval" (BCa, Jeffreys, rule of three). */
void refract_units_interval (const RefractUnits *self, RefractInterval *interval);

/* 95 % interval of the composite; @units by axis, %NULL where not scored. A and D are resampled
 * jointly. */
void refract_composite_interval (const RefractUnits *const units[REFRACT_N_AXES],
                                 RefractInterval *interval);

/**
 * refract_paired_difference:
 * @a: units of one candidate by axis, %NULL where not scored
 * @b: units of the other, over the same units
 * @difference: (out): composite(a) − composite(b)
 * @interval: (out): 95 % interval of that difference; low/high in [−100, 100]
 *
 * Returns: %FALSE when the two have no axis with equal units in common (nothing to pair)
 */
gboolean refract_paired_difference (const RefractUnits *const a[REFRACT_N_AXES],
                                    const RefractUnits *const b[REFRACT_N_AXES],
                                    double *difference,
                                    RefractInterval *interval);

G_END_DECLS
