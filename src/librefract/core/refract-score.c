/* refract-score.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include <glib/gi18n-lib.h>

#include "core/refract-error.h"
#include "core/refract-score.h"
#include "core/refract-statistics.h"

static const struct
{
  const char *name;
  const char *key;
  const char *title;
} axes[REFRACT_N_AXES] = {
  [REFRACT_AXIS_TRAJECTORY] = { "trajectory", "gtm", "Trajectory" },
  [REFRACT_AXIS_KLD] = { "kld", "kld", "KLD@D" },
  [REFRACT_AXIS_RNIAH] = { "rniah", "rniah", "R-NIAH" },
  [REFRACT_AXIS_PLAD] = { "plad", "plad", "PLAD" },
};

const char *
refract_axis_id_get_name (RefractAxisId axis)
{
  g_return_val_if_fail (axis < REFRACT_N_AXES, NULL);

  return axes[axis].name;
}

const char *
refract_axis_id_get_key (RefractAxisId axis)
{
  g_return_val_if_fail (axis < REFRACT_N_AXES, NULL);

  return axes[axis].key;
}

const char *
refract_axis_id_get_title (RefractAxisId axis)
{
  g_return_val_if_fail (axis < REFRACT_N_AXES, NULL);

  return axes[axis].title;
}

RefractBand
refract_band_for_score (double score)
{
  if (score >= 90)
    return REFRACT_BAND_EXCELLENT;
  if (score >= 80)
    return REFRACT_BAND_PASS;
  return score >= 60 ? REFRACT_BAND_DEGRADED : REFRACT_BAND_FAIL;
}

const char *
refract_band_get_name (RefractBand band)
{
  static const char *const names[] = {
    [REFRACT_BAND_FAIL] = N_ ("FAIL"),
    [REFRACT_BAND_DEGRADED] = N_ ("DEGRADED"),
    [REFRACT_BAND_PASS] = N_ ("PASS"),
    [REFRACT_BAND_EXCELLENT] = N_ ("EXCELLENT"),
  };

  g_return_val_if_fail (band < G_N_ELEMENTS (names), NULL);

  return names[band];
}

gboolean
refract_composite (const double *scores, guint n, double *composite, GError **error)
{
  double reciprocals = 0;
  guint n_scored = 0;
  gboolean zero = FALSE;

  for (guint i = 0; i < n; i++)
    {
      if (isnan (scores[i]))
        continue;
      n_scored++;
      zero |= scores[i] <= 0;
      reciprocals += 1 / scores[i];
    }
  if (n_scored == 0)
    {
      g_set_error_literal (error, REFRACT_ERROR, REFRACT_ERROR_NOTHING_MEASURED,
                           "No axis was scored, so there is no composite. "
                           "Choose at least one axis that this model and engine can measure.");
      return FALSE;
    }
  *composite = zero ? 0 : n_scored / reciprocals;
  return TRUE;
}

/**
 * refract_format_score:
 * @score: in [0, 100]
 * @decimals: digits after the point
 *
 * Returns: (transfer full): the score with a decimal point in every locale, ordinarily rounded, but
 *   below a band's edge (and below 100) where the score is
 */
char *
refract_format_score (double score, guint decimals)
{
  static const double edges[] = { 60, 80, 90, 100 };
  g_autofree char *format = g_strdup_printf ("%%.%uf", decimals);
  char text[64];

  g_ascii_formatd (text, sizeof text, format, score);
  for (guint i = 0; i < G_N_ELEMENTS (edges); i++)
    if (score < edges[i] && g_ascii_strtod (text, NULL) >= edges[i])
      g_ascii_formatd (text, sizeof text, format, edges[i] - pow (10, -(double) decimals));
  return g_strdup (text);
}

char *
refract_format_score_range (double score, double low, double high, guint decimals)
{
  g_autofree char *text = NULL;
  g_autofree char *from = NULL;
  g_autofree char *to = NULL;

  if (isnan (score))
    return g_strdup ("—");
  text = refract_format_score (score, decimals);
  from = refract_format_score (CLAMP (low, 0, 100), decimals);
  to = refract_format_score (CLAMP (high, 0, 100), decimals);
  return g_strdup_printf ("%s [%s, %s]", text, from, to);
}

/**
 * refract_units_new:
 * @link: how the ratio becomes a score
 * @n: number of units
 *
 * Returns: (transfer full): units with all numerators and denominators 0, to be filled in
 */
RefractUnits *
refract_units_new (RefractLink link, guint n)
{
  RefractUnits *self = g_new0 (RefractUnits, 1);

  self->link = link;
  self->n = n;
  self->numerator = g_new0 (double, n);
  self->denominator = g_new0 (double, n);
  return self;
}

void
refract_units_free (RefractUnits *self)
{
  if (self == NULL)
    return;
  g_free (self->numerator);
  g_free (self->denominator);
  g_free (self);
}

/**
 * refract_link_score:
 * @link: how the ratio becomes a score
 * @numerator: Σ of the units' numerators
 * @denominator: Σ of the units' denominators
 *
 * Returns: [0, 100]; 0 where the ratio is not a number, so that nothing measured never reads as
 *   perfect
 */
double
refract_link_score (RefractLink link, double numerator, double denominator)
{
  double ratio = denominator > 0 ? numerator / denominator : NAN;
  double score;

  if (isnan (ratio))
    return 0;
  switch (link)
    {
    case REFRACT_LINK_AGREEMENT:
      score = 100 * ratio;
      break;
    case REFRACT_LINK_NATS:
      score = 100 * exp (-MAX (ratio, 0));
      break;
    case REFRACT_LINK_LOSS:
      score = 100 * (1 - ratio);
      break;
    default:
      g_assert_not_reached ();
    }
  return CLAMP (score, 0, 100);
}

double
refract_units_score (const RefractUnits *self)
{
  return refract_link_score (self->link, refract_sum (self->numerator, self->n),
                             refract_sum (self->denominator, self->n));
}
