/* refract-chart-speed.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "charts/refract-chart-configs.h"
#include "charts/refract-chart-private.h"

typedef enum
{
  PANEL_BYTES,
  PANEL_DECODE,
  PANEL_PREFILL,
} Panel;
#define N_PANELS 3

static const char *const panel_titles[N_PANELS]
    = { N_ ("KV cache per token"), N_ ("Decoding"), N_ ("Prompt reading") };

static double
panel_value (const RefractChartConfig *config, Panel panel)
{
  return panel == PANEL_BYTES    ? config->bytes
         : panel == PANEL_DECODE ? config->decode
                                 : config->prefill;
}

/* (transfer full) */
static char *
format_value (double value, Panel panel)
{
  g_autofree char *count = NULL;

  if (panel == PANEL_BYTES)
    return refract_chart_format_bytes (value);
  count = value < 100 ? g_strdup_printf ("%.3g", value) : refract_chart_format_count (value);
  return g_strdup_printf (_ ("%s tokens/s"), count);
}

static char *
describe (const RefractChartConfig *config, Panel panel, double reference)
{
  double value = panel_value (config, panel), change = (value / reference - 1) * 100;
  g_autofree char *text = NULL;

  if (isnan (value))
    return g_strdup_printf (_ ("%s, %s: unknown."), _ (panel_titles[panel]), config->label);
  text = format_value (value, panel);
  if (config->is_reference)
    return g_strdup_printf (_ ("%s, %s, the reference: %s."), _ (panel_titles[panel]),
                            config->label, text);
  if (!isfinite (change))
    return g_strdup_printf ("%s, %s: %s.", _ (panel_titles[panel]), config->label, text);
  return g_strdup_printf (change < 0 ? _ ("%s, %s: %s, %.0f %% less than the reference.")
                                     : _ ("%s, %s: %s, %.0f %% more than the reference."),
                          _ (panel_titles[panel]), config->label, text, fabs (change));
}

static double
add_bar (RefractScene *scene,
         const RefractChartConfig *config,
         Panel panel,
         double x,
         double y,
         double width,
         double max,
         double text_scale)
{
  double size = CAPTION * text_scale, value = panel_value (config, panel);
  g_autofree char *text = isnan (value) ? g_strdup ("—") : format_value (value, panel);
  double value_width = refract_text_width (text, size, TRUE);
  RefractTextStyle label
      = refract_chart_style (REFRACT_ROLE_FOREGROUND, size, config->is_own, REFRACT_ANCHOR_START);
  RefractTextStyle number
      = refract_chart_style (REFRACT_ROLE_FOREGROUND, size, TRUE, REFRACT_ANCHOR_END);
  RefractRole role = config->is_reference ? REFRACT_ROLE_DIM
                     : config->is_own     ? REFRACT_ROLE_ACCENT
                                          : REFRACT_ROLE_ACCENT_SOFT;
  double bar = 8 * MIN (text_scale, 1.5);
  gboolean beside
      = refract_text_width (config->label, size, config->is_own) + size + value_width <= width;

  y = refract_scene_add_paragraph (scene, &label, x, y, width, 3, config->label);
  if (beside)
    y -= REFRACT_TEXT_LINE (size);
  refract_scene_add_text (scene, &number, x + width, y + REFRACT_TEXT_ASCENT (size), text);
  y += REFRACT_TEXT_LINE (size) + 1;
  refract_scene_add_rect (scene, REFRACT_ROLE_TRACK, x, y, width, bar, bar / 2);
  if (value > 0)
    refract_scene_add_rect (scene, role, x, y, MAX (width * (value / max), bar), bar, bar / 2);
  return y + bar;
}

static double
add_panel (RefractScene *scene,
           GArray *configs,
           Panel panel,
           double x,
           double y,
           double width,
           double text_scale)
{
  double size = BODY * text_scale, max = 0, reference = NAN;
  RefractTextStyle title
      = refract_chart_style (REFRACT_ROLE_FOREGROUND, size, TRUE, REFRACT_ANCHOR_START);

  for (guint i = 0; i < configs->len; i++)
    {
      const RefractChartConfig *config = &g_array_index (configs, RefractChartConfig, i);
      double value = panel_value (config, panel);

      if (value > max)
        max = value;
      if (config->is_reference)
        reference = value;
    }
  y = refract_scene_add_paragraph (scene, &title, x, y, width, 2, _ (panel_titles[panel])) + 4;
  for (guint i = 0; i < configs->len; i++)
    {
      const RefractChartConfig *config = &g_array_index (configs, RefractChartConfig, i);
      double bottom = add_bar (scene, config, panel, x, y, width, max, text_scale);

      refract_scene_take_point (scene, x, y, width, bottom - y, config->key,
                                describe (config, panel, reference));
      y = bottom + 10 * text_scale;
    }
  return y;
}

static gboolean
has_panel (GArray *configs, Panel panel)
{
  for (guint i = 0; i < configs->len; i++)
    if (panel_value (&g_array_index (configs, RefractChartConfig, i), panel) > 0)
      return TRUE;
  return FALSE;
}

RefractScene *
refract_chart_speed_new (RefractReport *report, double width, double text_scale)
{
  g_autoptr (RefractScene) scene = refract_chart_begin (width, &text_scale);
  g_autoptr (GArray) configs = refract_chart_configs_new (report);
  double x = MARGIN, y = MARGIN, bottom = MARGIN, column, gap = 32;
  GString *description = g_string_new (NULL);
  guint n = 0;
  gboolean beside;

  width = refract_scene_get_width (scene);
  for (guint i = 0; i < N_PANELS; i++)
    n += has_panel (configs, (Panel) i);
  beside = n > 0 && width >= n * 220 * text_scale;
  column = beside ? (width - 2 * MARGIN - (n - 1) * gap) / n : width - 2 * MARGIN;
  for (guint i = 0; i < N_PANELS; i++)
    {
      double end;
      guint first = refract_scene_get_n_points (scene);

      if (!has_panel (configs, (Panel) i))
        continue;
      end = add_panel (scene, configs, (Panel) i, x, y, column, text_scale);
      bottom = MAX (bottom, end);
      if (beside)
        x += column + gap;
      else
        y = end + 14 * text_scale;
      for (guint j = 0; j < configs->len; j++)
        if (g_array_index (configs, RefractChartConfig, j).is_own)
          g_string_append_printf (description, "%s%s", description->len > 0 ? " " : "",
                                  refract_scene_get_point (scene, first + j)->describe);
    }
  if (description->len == 0)
    g_string_append_printf (description, _ ("KV cache per token and speed of %u configurations."),
                            configs->len);
  refract_scene_set_height (scene, bottom);
  refract_scene_take_words (scene, g_strdup (_ ("Memory and speed")),
                            g_string_free (description, FALSE));
  return n > 0 ? g_steal_pointer (&scene) : NULL;
}
