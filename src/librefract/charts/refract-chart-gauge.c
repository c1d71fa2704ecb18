/* refract-chart-gauge.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "charts/refract-chart-private.h"
#include "core/refract-json.h"
#include "core/refract-text.h"
#include "core/refract-translate.h"
#include "report/refract-report-text.h"

typedef struct
{
  RefractScene *scene;
  double x; /* centre */
  double y;
  double radius;
  double stroke;
} Dial;

static double
angle (double score)
{
  return G_PI + G_PI * score / 100;
}

static void
add_mark (const Dial *dial, double score, double text_size)
{
  double a = angle (score), inner = dial->radius - dial->stroke / 2,
         outer = dial->radius + dial->stroke / 2;
  double distance = outer + 10 + text_size * 0.7;
  RefractTextStyle style
      = refract_chart_style (REFRACT_ROLE_DIM, text_size, FALSE, REFRACT_ANCHOR_MIDDLE);
  g_autofree char *label = g_strdup_printf ("%.0f", score);

  refract_scene_add_line (dial->scene, REFRACT_ROLE_BACKGROUND, dial->x + inner * cos (a),
                          dial->y + inner * sin (a), dial->x + outer * cos (a),
                          dial->y + outer * sin (a), 2);
  refract_scene_try_text (dial->scene, &style, dial->x + (distance + text_size * 0.3) * cos (a),
                          dial->y + distance * sin (a) + text_size * 0.3, 0, label);
}

static void
add_interval (const Dial *dial, double low, double high)
{
  double radius = dial->radius + dial->stroke / 2 + 6;
  double ends[] = { angle (low), angle (high) };

  refract_scene_add_arc (dial->scene, REFRACT_ROLE_FOREGROUND, dial->x, dial->y, radius, ends[0],
                         MAX (ends[1], ends[0] + 0.01), 2);
  for (guint i = 0; i < 2; i++)
    refract_scene_add_line (
        dial->scene, REFRACT_ROLE_FOREGROUND, dial->x + (radius - 4) * cos (ends[i]),
        dial->y + (radius - 4) * sin (ends[i]), dial->x + (radius + 4) * cos (ends[i]),
        dial->y + (radius + 4) * sin (ends[i]), 2);
}

/* The band's name with its shape, centred */
static void
add_band (const Dial *dial, RefractBand band, double baseline, double size)
{
  const char *label = refract_chart_band_label (band);
  double left = dial->x - (refract_text_width (label, size, TRUE) + size * 1.2) / 2;
  RefractTextStyle style
      = refract_chart_style (REFRACT_ROLE_FOREGROUND, size, TRUE, REFRACT_ANCHOR_START);

  refract_chart_add_band_mark (dial->scene, band, left + size * 0.4, baseline - size * 0.36,
                               size * 0.8);
  refract_scene_add_text (dial->scene, &style, left + size * 1.2, baseline, label);
}

/* The number and the band in the middle of the dial, the band below where the dial is too small for
 * it; returns the bottom. */
static double
add_centre (const Dial *dial, double score, double text_scale)
{
  double size = MIN (44 * MAX (text_scale, dial->radius / 110), dial->radius * 0.5);
  double band_size = 15 * MAX (text_scale, dial->radius / 140);
  double bottom = dial->y + CAPTION * text_scale * 1.6;
  RefractTextStyle number
      = refract_chart_style (REFRACT_ROLE_FOREGROUND, size, TRUE, REFRACT_ANCHOR_MIDDLE);
  g_autofree char *text = isnan (score) ? g_strdup ("—") : refract_format_score (score, 1);
  gboolean below = band_size > dial->radius * 0.19;

  refract_scene_add_text (dial->scene, &number, dial->x, dial->y - (below ? 0 : band_size * 1.3),
                          text);
  if (isnan (score))
    return bottom;
  add_band (dial, refract_band_for_score (score),
            below ? bottom + REFRACT_TEXT_ASCENT (band_size) : dial->y + band_size * 0.3,
            band_size);
  return below ? bottom + REFRACT_TEXT_LINE (band_size) : bottom;
}

double
refract_chart_add_gauge (RefractScene *scene,
                         RefractReport *report,
                         double x,
                         double y,
                         double width,
                         double max_radius,
                         double text_scale)
{
  static const double marks[] = { 60, 80, 90 };
  JsonObject *extension = refract_report_get_extension (report);
  double score = refract_report_get_composite (report), low, high;
  double size = CAPTION * text_scale;
  double outside = 12 + 2 * size, bottom;
  Dial dial = { .scene = scene, .x = x + width / 2 };
  RefractTextStyle style
      = refract_chart_style (REFRACT_ROLE_DIM, size, FALSE, REFRACT_ANCHOR_MIDDLE);

  dial.radius = MIN (max_radius, width / 2 - outside);
  dial.stroke = dial.radius * 0.16;
  dial.y = y + outside + dial.radius;
  refract_scene_add_arc (scene, REFRACT_ROLE_TRACK, dial.x, dial.y, dial.radius, G_PI, 2 * G_PI,
                         dial.stroke);
  if (score > 0)
    refract_scene_add_arc (scene, refract_chart_band_role (refract_band_for_score (score)), dial.x,
                           dial.y, dial.radius, G_PI, angle (score), dial.stroke);
  bottom = add_centre (&dial, score, text_scale);
  for (guint i = 0; i < G_N_ELEMENTS (marks); i++)
    add_mark (&dial, marks[i], size);
  if (!isnan (score) && refract_chart_read_interval (extension, &low, &high))
    add_interval (&dial, low, high);
  refract_scene_try_text (scene, &style, dial.x - dial.radius, dial.y + size * 1.2, 0, "0");
  refract_scene_try_text (scene, &style, dial.x + dial.radius, dial.y + size * 1.2, 0, "100");
  return bottom;
}

/* "Weakest axis: Trajectory, 18.6"; (transfer full) (nullable) */
static char *
weakest_text (JsonObject *extension)
{
  JsonObject *weakest
      = extension != NULL ? refract_json_get_object (extension, "weakest_axis") : NULL;
  double score = weakest != NULL ? refract_json_get_double (weakest, "score", NAN) : NAN;
  g_autofree char *title = NULL;
  g_autofree char *translated = NULL;
  g_autofree char *text = NULL;

  if (!(score >= 0 && score <= 100))
    return NULL;
  title = refract_text_clean (refract_json_get_string (weakest, "title", ""), 40);
  text = refract_format_score (score, 1);
  translated = refract_translate (title);
  return g_strdup_printf (_ ("Weakest axis: %s, %s"), translated, text);
}

static char *
describe (double score, const char *interval, const char *bound)
{
  g_autofree char *text = NULL;
  g_autofree char *at_best = NULL;
  const char *band;

  if (isnan (score))
    return g_strdup (_ ("No composite score: nothing proves that the setting was in use, or "
                        "nothing was scored."));
  text = refract_format_score (score, 1);
  band = refract_chart_band_label (refract_band_for_score (score));
  if (bound != NULL)
    band = at_best = g_strdup_printf (_ ("%s at best, as KLD is %s"), band, bound);
  if (interval == NULL)
    return g_strdup_printf (_ ("Composite %s of 100, %s."), text, band);
  return g_strdup_printf (_ ("Composite %s of 100, %s; %s."), text, band, interval);
}

RefractScene *
refract_chart_gauge_new (RefractReport *report, double width, double text_scale)
{
  g_autoptr (RefractScene) scene = refract_chart_begin (width, &text_scale);
  JsonObject *extension = refract_report_get_extension (report);
  JsonObject *interval_object
      = extension != NULL ? refract_json_get_object (extension, "interval") : NULL;
  double score = refract_report_get_composite (report), size = BODY * text_scale, y;
  g_autofree char *interval = isnan (score) ? NULL : refract_chart_interval_text (extension);
  g_autofree char *weakest = weakest_text (extension);
  g_autofree char *bound = refract_report_dup_bound_text (report);
  g_autofree char *sentence = describe (score, interval, bound);
  RefractTextStyle style
      = refract_chart_style (REFRACT_ROLE_FOREGROUND, size, FALSE, REFRACT_ANCHOR_MIDDLE);

  width = refract_scene_get_width (scene);
  y = refract_chart_add_gauge (scene, report, 0, 0, width, 120 * MIN (text_scale, 1.5), text_scale);
  refract_scene_take_point (scene, MARGIN, MARGIN, width - 2 * MARGIN, y - MARGIN, -1,
                            g_strdup (sentence));
  y += size * 0.5;
  if (isnan (score))
    y = refract_scene_add_paragraph (scene, &style, width / 2, y, width - 2 * MARGIN, 8, sentence);
  if (interval != NULL)
    {
      g_autofree char *few = g_strdup_printf (_ ("%s, few samples"), interval);
      gboolean is_few = refract_json_get_boolean (interval_object, "few_samples", FALSE);

      y = refract_scene_add_paragraph (scene, &style, width / 2, y, width - 2 * MARGIN, 4,
                                       is_few ? few : interval);
    }
  if (bound != NULL && !isnan (score))
    {
      g_autofree char *text = g_strdup_printf (_ ("At best: KLD is %s"), bound);

      y = refract_scene_add_paragraph (scene, &style, width / 2, y, width - 2 * MARGIN, 4, text);
    }
  if (weakest != NULL)
    {
      double top = y;

      style.role = REFRACT_ROLE_DIM;
      y = refract_scene_add_paragraph (scene, &style, width / 2, y, width - 2 * MARGIN, 4, weakest);
      refract_scene_take_point (scene, MARGIN, top, width - 2 * MARGIN, y - top, -1,
                                g_strconcat (weakest, ".", NULL));
    }
  refract_scene_set_height (scene, y + MARGIN);
  refract_scene_take_words (scene, g_strdup (_ ("Composite score")),
                            weakest != NULL ? g_strdup_printf ("%s %s.", sentence, weakest)
                                            : g_steal_pointer (&sentence));
  return g_steal_pointer (&scene);
}
