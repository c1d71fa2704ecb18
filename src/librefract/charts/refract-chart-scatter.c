/* refract-chart-scatter.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "charts/refract-chart-configs.h"
#include "charts/refract-chart-private.h"

#define MARK 7.0

typedef struct
{
  RefractFrame frame;
  RefractScatterKind kind;
} Scatter;

static double
x_of (const RefractChartConfig *config, RefractScatterKind kind)
{
  return kind == REFRACT_SCATTER_MEMORY ? config->bytes : config->decode;
}

static gboolean
is_shown (const RefractChartConfig *config, RefractScatterKind kind)
{
  return x_of (config, kind) > 0 && (config->is_reference || !isnan (config->composite));
}

static double
score_of (const RefractChartConfig *config)
{
  return config->is_reference ? 100 : config->composite;
}

/* "12.0 KiB per token", "41.5 tokens/s"; (transfer full) */
static char *
format_x (const RefractChartConfig *config, RefractScatterKind kind)
{
  g_autofree char *bytes = NULL;

  if (kind == REFRACT_SCATTER_SPEED)
    return config->decode < 100 ? g_strdup_printf (_ ("%.3g tokens/s"), config->decode)
                                : g_strdup_printf (_ ("%.0f tokens/s"), config->decode);
  bytes = refract_chart_format_bytes (config->bytes);
  return g_strdup_printf (_ ("%s per token"), bytes);
}

static char *
describe (const RefractChartConfig *config, RefractScatterKind kind)
{
  g_autofree char *x = format_x (config, kind);
  g_autofree char *score = refract_format_score (score_of (config), 1);
  GString *text;

  if (config->is_reference)
    return g_strdup_printf (_ ("%s, the reference: %s."), config->label, x);
  text = g_string_new (NULL);
  g_string_append_printf (text, _ ("%s: %s of 100, %s, at %s"), config->label, score,
                          refract_chart_band_label (refract_band_for_score (config->composite)), x);
  if (config->is_control)
    g_string_append (text, _ ("; the negative control"));
  if (config->is_dominated)
    g_string_append (text, kind == REFRACT_SCATTER_MEMORY
                               ? _ ("; another candidate is better and no larger")
                               : _ ("; another candidate is better and no slower"));
  g_string_append_c (text, '.');
  return g_string_free (text, FALSE);
}

static void
add_mark (const Scatter *self, const RefractChartConfig *config)
{
  const RefractFrame *frame = &self->frame;
  double x = refract_scale_map (&frame->x, x_of (config, self->kind));
  double y = refract_scale_map (&frame->y, score_of (config));
  gboolean dim = config->is_dominated || config->is_control;
  RefractRole role = dim ? REFRACT_ROLE_DIM : REFRACT_ROLE_ACCENT;

  if (!isnan (config->low))
    {
      double low = refract_scale_map (&frame->y, config->low);
      double high = refract_scale_map (&frame->y, config->high);

      refract_scene_add_line (frame->scene, REFRACT_ROLE_DIM, x, low, x, high, 1.5);
      refract_scene_add_line (frame->scene, REFRACT_ROLE_DIM, x - 4, low, x + 4, low, 1.5);
      refract_scene_add_line (frame->scene, REFRACT_ROLE_DIM, x - 4, high, x + 4, high, 1.5);
    }
  refract_scene_add_circle (frame->scene, REFRACT_ROLE_BACKGROUND, x, y, MARK + 1.5, 0);
  if (config->is_reference)
    {
      double points[] = { x, y - MARK, x + MARK, y, x, y + MARK, x - MARK, y };

      refract_scene_add_polygon (frame->scene, REFRACT_ROLE_FOREGROUND, points, 4);
    }
  else
    refract_scene_add_circle (frame->scene, role, x, y, dim ? MARK - 2 : MARK, dim ? 2 : 0);
  if (config->is_own)
    refract_scene_add_circle (frame->scene, REFRACT_ROLE_FOREGROUND, x, y, MARK + 3, 1.5);
}

/* A ground for the text that came last, so that no grid line runs through it. */
static void
clear_behind (RefractScene *scene)
{
  guint last = refract_scene_get_n_items (scene) - 1;
  const RefractSceneItem *item = refract_scene_get_item (scene, last);
  RefractTextStyle style = { item->role, item->size, item->bold, item->anchor };
  double left = item->x, baseline = item->y, x, y, width, height;
  g_autofree char *text = g_strdup (item->text);

  refract_scene_item_get_extents (item, &x, &y, &width, &height);
  refract_scene_truncate (scene, last);
  refract_scene_add_rect (scene, REFRACT_ROLE_BACKGROUND, x, y, width, height, 2);
  refract_scene_add_text (scene, &style, left, baseline, text);
}

/* Beside, below or above the mark, wherever nothing is in the way. */
static gboolean
try_label (const Scatter *self, const RefractChartConfig *config, const char *text)
{
  const RefractFrame *frame = &self->frame;
  static const struct
  {
    RefractAnchor anchor;
    double dx;
    double dy;
  } places[] = { { REFRACT_ANCHOR_START, MARK + 7, 0.36 }, { REFRACT_ANCHOR_END, -MARK - 7, 0.36 },
                 { REFRACT_ANCHOR_START, 6, 1.7 },         { REFRACT_ANCHOR_START, 6, -1.0 },
                 { REFRACT_ANCHOR_END, -6, 1.7 },          { REFRACT_ANCHOR_END, -6, -1.0 } };
  double size = CAPTION * frame->text_scale;
  double x = refract_scale_map (&frame->x, x_of (config, self->kind));
  double y = refract_scale_map (&frame->y, score_of (config));
  RefractRole role
      = config->is_dominated || config->is_control ? REFRACT_ROLE_DIM : REFRACT_ROLE_FOREGROUND;

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    {
      RefractTextStyle style = refract_chart_style (role, size, config->is_own, places[i].anchor);
      double baseline = y + places[i].dy * size;

      if (baseline + REFRACT_TEXT_DESCENT (size) < frame->bottom && x + places[i].dx > frame->left
          && refract_scene_try_text (frame->scene, &style, x + places[i].dx, baseline, 2, text))
        {
          clear_behind (frame->scene);
          return TRUE;
        }
    }
  return FALSE;
}

/* The names at the marks, or, where one does not fit, numbers there and the names in a list. */
static void
add_labels (const Scatter *self, GArray *configs, double *list_bottom)
{
  const RefractFrame *frame = &self->frame;
  double size = CAPTION * frame->text_scale, y = *list_bottom;
  double width = refract_scene_get_width (frame->scene);
  guint first = refract_scene_get_n_items (frame->scene), number = 0;
  RefractTextStyle style
      = refract_chart_style (REFRACT_ROLE_FOREGROUND, size, FALSE, REFRACT_ANCHOR_START);
  gboolean fits = TRUE;

  for (guint i = 0; i < configs->len && fits; i++)
    {
      const RefractChartConfig *config = &g_array_index (configs, RefractChartConfig, i);

      fits = !is_shown (config, self->kind) || try_label (self, config, config->label);
    }
  if (fits)
    return;
  refract_scene_truncate (frame->scene, first);
  for (guint i = 0; i < configs->len; i++)
    {
      const RefractChartConfig *config = &g_array_index (configs, RefractChartConfig, i);
      g_autofree char *mark = NULL;
      g_autofree char *line = NULL;

      if (!is_shown (config, self->kind))
        continue;
      mark = g_strdup_printf ("%u", ++number);
      try_label (self, config, mark);
      line = g_strdup_printf ("%u  %s", number, config->label);
      style.bold = config->is_own;
      y = refract_scene_add_paragraph (frame->scene, &style, MARGIN, y, width - 2 * MARGIN, 3,
                                       line);
    }
  *list_bottom = y;
}

/* Round in the unit that fits the largest; returns the caption of the axis. */
static const char *
add_byte_ticks (RefractFrame *frame)
{
  static const char *const captions[]
      = { N_ ("KV cache per token, bytes"), N_ ("KV cache per token, KiB"),
          N_ ("KV cache per token, MiB") };
  double ticks[REFRACT_MAX_TICKS], unit = 1;
  guint n, caption = 0;

  while (frame->x.max >= 4096 * unit && caption + 1 < G_N_ELEMENTS (captions))
    {
      unit *= 1024;
      caption++;
    }
  n = refract_ticks_linear (0, frame->x.max / unit, 7, ticks);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *label = refract_format_tick (ticks[i]);

      refract_frame_add_x_tick (frame, refract_scale_map (&frame->x, ticks[i] * unit), label);
    }
  return _ (captions[caption]);
}

static const char *
add_speed_ticks (RefractFrame *frame)
{
  double ticks[REFRACT_MAX_TICKS];
  guint n = refract_ticks_linear (0, frame->x.max, 7, ticks);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *label = refract_format_tick (ticks[i]);

      refract_frame_add_x_tick (frame, refract_scale_map (&frame->x, ticks[i]), label);
    }
  return _ ("Decoding, tokens/s");
}

/* Returns the caption of x. */
static const char *
init_scales (Scatter *self, RefractScene *scene, GArray *configs, double text_scale)
{
  RefractFrame *frame = &self->frame;
  static const char *const labels[] = { "100" };
  double min = 80, max = 0, ticks[REFRACT_MAX_TICKS];
  guint n;

  for (guint i = 0; i < configs->len; i++)
    {
      const RefractChartConfig *config = &g_array_index (configs, RefractChartConfig, i);
      double low = isnan (config->low) ? score_of (config) : config->low;

      if (!is_shown (config, self->kind))
        continue;
      max = MAX (max, x_of (config, self->kind));
      min = MIN (min, floor (low / 20) * 20);
    }
  refract_frame_init (frame, scene, text_scale, MARGIN, _ ("Composite score"), labels, 1, 220);
  /* Room for the marks at the edges. */
  frame->y = (RefractScale) { min, 100, frame->bottom - MARK - 2, frame->top + MARK, FALSE };
  frame->x = (RefractScale) { 0, max * 1.06, frame->left, frame->right - MARK, FALSE };
  n = refract_ticks_linear (min, 100, 6, ticks);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *label = refract_format_tick (ticks[i]);

      refract_frame_add_y_tick (frame, refract_scale_map (&frame->y, ticks[i]), label);
    }
  if (min <= 80)
    refract_frame_add_y_tick (frame, refract_scale_map (&frame->y, 90), "90");
  return self->kind == REFRACT_SCATTER_MEMORY ? add_byte_ticks (frame) : add_speed_ticks (frame);
}

RefractScene *
refract_chart_scatter_draw (GArray *configs,
                            RefractScatterKind kind,
                            double width,
                            double text_scale)
{
  g_autoptr (RefractScene) scene = refract_chart_begin (width, &text_scale);
  Scatter self = { .kind = kind };
  const char *caption;
  GString *description;
  double bottom;
  guint n = 0;

  for (guint i = 0; i < configs->len; i++)
    {
      const RefractChartConfig *config = &g_array_index (configs, RefractChartConfig, i);

      n += is_shown (config, kind) && !config->is_reference;
    }
  if (n == 0)
    return NULL;
  caption = init_scales (&self, scene, configs, text_scale);
  description = g_string_new (NULL);
  for (guint i = 0; i < configs->len; i++)
    {
      const RefractChartConfig *config = &g_array_index (configs, RefractChartConfig, i);
      char *sentence;

      if (!is_shown (config, kind))
        continue;
      add_mark (&self, config);
      sentence = describe (config, kind);
      g_string_append_printf (description, "%s%s", description->len > 0 ? " " : "", sentence);
      refract_scene_take_point (scene,
                                refract_scale_map (&self.frame.x, x_of (config, kind)) - MARK - 3,
                                refract_scale_map (&self.frame.y, score_of (config)) - MARK - 3,
                                2 * MARK + 6, 2 * MARK + 6, config->key, sentence);
    }
  refract_frame_finish (&self.frame, caption);
  bottom = refract_scene_get_height (scene);
  add_labels (&self, configs, &bottom);
  if (bottom > refract_scene_get_height (scene))
    refract_scene_set_height (scene, bottom + MARGIN);
  refract_scene_take_words (scene,
                            g_strdup (kind == REFRACT_SCATTER_MEMORY ? _ ("Fidelity by memory")
                                                                     : _ ("Fidelity by speed")),
                            g_string_free (description, FALSE));
  return g_steal_pointer (&scene);
}

RefractScene *
refract_chart_scatter_new (RefractReport *report, double width, double text_scale)
{
  g_autoptr (GArray) configs = refract_chart_configs_new (report);

  return refract_chart_scatter_draw (configs, REFRACT_SCATTER_MEMORY, width, text_scale);
}
