/* refract-chart-common.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "charts/refract-chart-private.h"
#include "core/refract-json.h"
#include "core/refract-text.h"
#include "core/refract-kv-config.h"

RefractChartFunc
refract_chart_lookup (const char *name)
{
  static const struct
  {
    const char *name;
    RefractChartFunc function;
  } charts[] = {
    { "gauge", refract_chart_gauge_new },
    { "axes", refract_chart_axes_new },
    { "divergence", refract_chart_divergence_new },
    { "kld-histogram", refract_chart_kld_histogram_new },
    { "kld-depth", refract_chart_kld_depth_new },
    { "kld-contexts", refract_chart_kld_contexts_new },
    { "rniah", refract_chart_rniah_new },
    { "plad", refract_chart_plad_new },
    { "speed", refract_chart_speed_new },
    { "scatter", refract_chart_scatter_new },
    { "share-card", refract_chart_share_card_new },
  };

  for (guint i = 0; i < G_N_ELEMENTS (charts); i++)
    if (g_strcmp0 (charts[i].name, name) == 0)
      return charts[i].function;
  return NULL;
}

RefractScene *
refract_chart_begin (double width, double *text_scale)
{
  width = width >= REFRACT_CHART_MIN_WIDTH ? MIN (width, 10000) : REFRACT_CHART_MIN_WIDTH;
  /* Twice as large is the most that the least width has room for. */
  *text_scale = *text_scale >= 1 ? MIN (*text_scale, MIN (width / 140, 3)) : 1;
  return refract_scene_new (width);
}

RefractTextStyle
refract_chart_style (RefractRole role, double size, gboolean bold, RefractAnchor anchor)
{
  return (RefractTextStyle) { role, size, bold, anchor };
}

RefractRole
refract_chart_band_role (RefractBand band)
{
  switch (band)
    {
    case REFRACT_BAND_EXCELLENT:
      return REFRACT_ROLE_EXCELLENT;
    case REFRACT_BAND_PASS:
      return REFRACT_ROLE_PASS;
    case REFRACT_BAND_DEGRADED:
      return REFRACT_ROLE_DEGRADED;
    case REFRACT_BAND_FAIL:
      return REFRACT_ROLE_FAIL;
    default:
      g_assert_not_reached ();
    }
}

const char *
refract_chart_band_label (RefractBand band)
{
  switch (band)
    {
    case REFRACT_BAND_EXCELLENT:
      return _ ("Excellent");
    case REFRACT_BAND_PASS:
      return _ ("Pass");
    case REFRACT_BAND_DEGRADED:
      return _ ("Degraded");
    case REFRACT_BAND_FAIL:
      return _ ("Fail");
    default:
      g_assert_not_reached ();
    }
}

void
refract_chart_add_band_mark (RefractScene *scene, RefractBand band, double x, double y, double size)
{
  RefractRole role = refract_chart_band_role (band);
  double half = size / 2;

  switch (band)
    {
    case REFRACT_BAND_EXCELLENT:
      refract_scene_add_circle (scene, role, x, y, half, 0);
      break;
    case REFRACT_BAND_PASS:
      refract_scene_add_rect (scene, role, x - half * 0.9, y - half * 0.9, size * 0.9, size * 0.9,
                              size * 0.15);
      break;
    case REFRACT_BAND_DEGRADED:
      {
        double points[] = { x, y - half, x + half, y + half * 0.8, x - half, y + half * 0.8 };

        refract_scene_add_polygon (scene, role, points, 3);
      }
      break;
    case REFRACT_BAND_FAIL:
      {
        double d = half * 0.8, stroke = MAX (size * 0.26, 2);

        refract_scene_add_line (scene, role, x - d, y - d, x + d, y + d, stroke);
        refract_scene_add_line (scene, role, x - d, y + d, x + d, y - d, stroke);
      }
      break;
    default:
      g_assert_not_reached ();
    }
}

gboolean
refract_chart_read_interval (JsonObject *owner, double *low, double *high)
{
  JsonObject *interval = owner != NULL ? refract_json_get_object (owner, "interval") : NULL;

  *low = interval != NULL ? refract_json_get_double (interval, "low", NAN) : NAN;
  *high = interval != NULL ? refract_json_get_double (interval, "high", NAN) : NAN;
  if (*low >= 0 && *low <= *high && *high <= 100)
    return TRUE;
  *low = *high = NAN;
  return FALSE;
}

char *
refract_chart_interval_text (JsonObject *owner)
{
  double low, high;
  g_autofree char *low_text = NULL;
  g_autofree char *high_text = NULL;

  if (!refract_chart_read_interval (owner, &low, &high))
    return NULL;
  low_text = refract_format_score (low, 1);
  high_text = refract_format_score (high, 1);
  return g_strdup_printf (_ ("95 %% interval %s to %s"), low_text, high_text);
}

char *
refract_chart_format_count (double value)
{
  return fabs (value) < 1e15 ? g_strdup_printf ("%'.0f", value) : g_strdup_printf ("%.3g", value);
}

char *
refract_chart_format_bytes (double bytes)
{
  return g_format_size_full ((guint64) CLAMP (bytes, 0, 1e18), G_FORMAT_SIZE_IEC_UNITS);
}

char *
refract_chart_kv_label (const char *label, const char *text)
{
  g_autoptr (RefractKvConfig) kv = NULL;

  if (label == NULL || *label == '\0')
    {
      kv = text != NULL ? refract_kv_config_parse (text, NULL) : NULL;
      label = kv != NULL ? refract_kv_config_get_label (kv) : text;
    }
  return refract_text_clean (label != NULL ? label : _ ("Unknown configuration"), 120);
}

void
refract_chart_add_title (RefractScene *scene, const char *subtitle)
{
  RefractTextStyle title
      = refract_chart_style (REFRACT_ROLE_FOREGROUND, 18, TRUE, REFRACT_ANCHOR_START);
  RefractTextStyle line
      = refract_chart_style (REFRACT_ROLE_DIM, CAPTION, FALSE, REFRACT_ANCHOR_START);
  double width = refract_scene_get_width (scene) - 2 * MARGIN, y;
  double height = refract_scene_get_height (scene);
  guint n = refract_scene_get_n_items (scene);

  y = refract_scene_add_paragraph (scene, &title, MARGIN, MARGIN, width, 2,
                                   refract_scene_get_title (scene));
  if (subtitle != NULL)
    y = refract_scene_add_paragraph (scene, &line, MARGIN, y + 2, width, 3, subtitle);
  y += 4;
  refract_scene_move (scene, n, y);
  refract_scene_set_height (scene, height + y);
}

void
refract_chart_add_heading (RefractScene *scene, RefractReport *report)
{
  g_autofree char *model = refract_report_dup_model_name (report);
  g_autofree char *candidate = refract_report_dup_candidate_label (report);
  g_autofree char *reference = refract_report_dup_reference_label (report);
  g_autofree char *subtitle
      = g_strdup_printf (_ ("%s, KV cache %s against %s"), model, candidate, reference);

  refract_chart_add_title (scene, subtitle);
}

JsonObject *
refract_chart_array_object (JsonArray *array, guint index)
{
  JsonNode *node = json_array_get_element (array, index);

  return JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

guint
refract_chart_array_length (JsonArray *array)
{
  return array != NULL ? MIN (json_array_get_length (array), MAX_ELEMENTS) : 0;
}

void
refract_chart_add_key (RefractScene *scene,
                       RefractKeyKind kind,
                       RefractRole role,
                       double *x,
                       double *y,
                       double text_scale,
                       const char *text)
{
  double size = CAPTION * text_scale, patch = size * (kind == REFRACT_KEY_PATCH ? 0.8 : 1.6);
  double width = refract_text_width (text, size, FALSE), middle;
  RefractTextStyle style
      = refract_chart_style (REFRACT_ROLE_FOREGROUND, size, FALSE, REFRACT_ANCHOR_START);

  if (kind == REFRACT_KEY_HATCH)
    patch = size * 0.8;
  if (*x > MARGIN && *x + patch + 6 + width > refract_scene_get_width (scene) - MARGIN)
    {
      *x = MARGIN;
      *y += REFRACT_TEXT_LINE (size) + 2;
    }
  middle = *y + REFRACT_TEXT_ASCENT (size) * 0.58;
  if (kind == REFRACT_KEY_PATCH)
    refract_scene_add_rect (scene, role, *x, middle - patch / 2, patch, patch, 2);
  else if (kind == REFRACT_KEY_HATCH)
    {
      refract_scene_add_rect (scene, REFRACT_ROLE_TRACK, *x, middle - patch / 2, patch, patch, 0);
      refract_scene_add_hatch (scene, *x, middle - patch / 2, patch, patch, 4);
    }
  else
    {
      double points[] = { *x, middle, *x + patch, middle };

      refract_scene_add_polyline (scene, role, points, 2, 2, kind == REFRACT_KEY_DASHES);
    }
  *y = refract_scene_add_paragraph (scene, &style, *x + patch + 6, *y,
                                    refract_scene_get_width (scene) - MARGIN - *x - patch - 6, 3,
                                    text)
       - REFRACT_TEXT_LINE (size);
  *x += patch + 6 + width + 18;
}
