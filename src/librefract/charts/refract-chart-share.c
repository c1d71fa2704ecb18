/* refract-chart-share.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "charts/refract-chart-private.h"
#include "core/refract-json.h"

#define CARD_MARGIN 60.0
#define SPLIT 500.0

/* (transfer full) (nullable) */
static char *
saving_text (RefractReport *report)
{
  JsonObject *kv = refract_json_get_object (refract_report_get_extension (report), "kv");
  double saving = refract_json_get_double (kv, "saving", NAN) * 100;

  if (!(fabs (saving) >= 0.5 && saving < 100 && saving > -10000))
    return NULL;
  return g_strdup_printf (saving > 0 ? _ ("%.0f %% less KV memory") : _ ("%.0f %% more KV memory"),
                          fabs (saving));
}

static const char *
verdict (RefractReport *report)
{
  JsonObject *ship = refract_json_get_object (refract_report_get_extension (report), "ship");

  return refract_json_get_string (
      ship, "sentence", refract_json_get_string (refract_report_get_root (report), "summary", ""));
}

static void
add_head (RefractScene *scene, RefractReport *report)
{
  RefractTextStyle model
      = refract_chart_style (REFRACT_ROLE_FOREGROUND, 46, TRUE, REFRACT_ANCHOR_START);
  RefractTextStyle pair = refract_chart_style (REFRACT_ROLE_DIM, 26, FALSE, REFRACT_ANCHOR_START);
  g_autofree char *name = refract_report_dup_model_name (report);
  g_autofree char *candidate = refract_report_dup_candidate_label (report);
  g_autofree char *reference = refract_report_dup_reference_label (report);
  g_autofree char *line = g_strdup_printf (_ ("KV cache %s against %s"), candidate, reference);

  refract_scene_add_text_fit (scene, &model, CARD_MARGIN, 92,
                              REFRACT_SHARE_CARD_WIDTH - 2 * CARD_MARGIN, name);
  refract_scene_add_text_fit (scene, &pair, CARD_MARGIN, 136,
                              REFRACT_SHARE_CARD_WIDTH - 2 * CARD_MARGIN, line);
}

static void
add_foot (RefractScene *scene, RefractReport *report)
{
  double width = REFRACT_SHARE_CARD_WIDTH - 2 * CARD_MARGIN;
  RefractTextStyle text
      = refract_chart_style (REFRACT_ROLE_FOREGROUND, 24, FALSE, REFRACT_ANCHOR_START);
  RefractTextStyle strong
      = refract_chart_style (REFRACT_ROLE_FOREGROUND, 24, TRUE, REFRACT_ANCHOR_START);
  RefractTextStyle by = refract_chart_style (REFRACT_ROLE_DIM, 20, FALSE, REFRACT_ANCHOR_END);
  g_autofree char *saving = saving_text (report);

  refract_scene_add_line (scene, REFRACT_ROLE_GRID, CARD_MARGIN, 498, CARD_MARGIN + width, 498, 1);
  refract_scene_add_paragraph (scene, &text, CARD_MARGIN, 514, width, 2, verdict (report));
  if (saving != NULL)
    refract_scene_add_text_fit (scene, &strong, CARD_MARGIN, 608, width / 2, saving);
  refract_scene_add_text (scene, &by, CARD_MARGIN + width, 608, _ ("Measured with Refract"));
}

RefractScene *
refract_chart_share_card_new (RefractReport *report, double width, double text_scale)
{
  g_autoptr (RefractScene) scene = refract_scene_new (REFRACT_SHARE_CARD_WIDTH);
  RefractScoreRow rows[REFRACT_N_AXES];
  RefractTextStyle style = refract_chart_style (REFRACT_ROLE_DIM, 20, FALSE, REFRACT_ANCHOR_MIDDLE);
  g_autofree char *interval = refract_chart_interval_text (refract_report_get_extension (report));
  g_autofree char *name = refract_report_dup_model_name (report);
  g_autofree char *candidate = refract_report_dup_candidate_label (report);
  double y, composite = refract_report_get_composite (report);
  g_autofree char *score = isnan (composite) ? g_strdup ("—") : refract_format_score (composite, 1);

  refract_scene_set_height (scene, REFRACT_SHARE_CARD_HEIGHT);
  refract_scene_add_rect (scene, REFRACT_ROLE_BACKGROUND, 0, 0, REFRACT_SHARE_CARD_WIDTH,
                          REFRACT_SHARE_CARD_HEIGHT, 0);
  add_head (scene, report);
  y = refract_chart_add_gauge (scene, report, CARD_MARGIN - 20, 160, SPLIT - CARD_MARGIN, 190, 1.6);
  if (interval != NULL && !isnan (composite))
    refract_scene_add_paragraph (scene, &style, CARD_MARGIN - 20 + (SPLIT - CARD_MARGIN) / 2,
                                 y + 12, SPLIT - CARD_MARGIN, 1, interval);
  refract_chart_fill_axis_rows (report, rows);
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    if (isnan (rows[i].score))
      {
        g_free (rows[i].note);
        rows[i].note = g_strdup (_ ("Not measured"));
      }
  refract_chart_add_score_rows (scene, rows, REFRACT_N_AXES, SPLIT + 20, 178,
                                REFRACT_SHARE_CARD_WIDTH - CARD_MARGIN - SPLIT - 20, 1.5);
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    refract_score_row_clear (&rows[i]);
  add_foot (scene, report);
  refract_scene_take_words (
      scene, g_strdup_printf (_ ("Refract report of %s"), name),
      g_strdup_printf (_ ("Composite %s of 100 for %s. %s"), score, candidate, verdict (report)));
  return g_steal_pointer (&scene);
}
