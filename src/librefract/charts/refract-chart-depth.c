/* refract-chart-depth.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "charts/refract-chart-private.h"
#include "core/refract-json.h"

#define MAX_STEPS 512

typedef struct
{
  double from;
  double to;
  double mean;
  double p99;
  double flips;
  int key;
} Step;

static GArray *
read_steps (RefractReport *report)
{
  JsonObject *extension = refract_report_get_axis_extension (report, REFRACT_AXIS_KLD);
  JsonArray *depth = refract_json_get_array (extension, "depth");
  guint n = MIN (refract_chart_array_length (depth), MAX_STEPS);
  GArray *steps = g_array_new (FALSE, FALSE, sizeof (Step));

  for (guint i = 0; i < n; i++)
    {
      JsonObject *object = refract_chart_array_object (depth, i);
      Step step = { .from = refract_json_get_double (object, "from_token", NAN),
                    .to = refract_json_get_double (object, "to_token", NAN),
                    .mean = refract_json_get_double (object, "mean_kld", NAN),
                    .p99 = refract_json_get_double (object, "p99_kld", NAN),
                    .flips = refract_json_get_double (object, "flip_rate", NAN),
                    .key = (int) i };

      if (step.from >= 0 && step.to >= step.from && step.to < 1e12 && step.mean >= 0
          && step.mean < 1e12)
        g_array_append_val (steps, step);
    }
  return steps;
}

static void
add_series (RefractFrame *frame, const Step *steps, guint n, gboolean is_p99)
{
  g_autofree double *points = g_new (double, (gsize) n * 2);
  RefractRole role = is_p99 ? REFRACT_ROLE_DIM : REFRACT_ROLE_ACCENT;
  guint used = 0;

  for (guint i = 0; i < n; i++)
    {
      double value = is_p99 ? steps[i].p99 : steps[i].mean;

      if (!(value >= 0))
        continue;
      points[2 * used] = refract_scale_map (&frame->x, (steps[i].from + steps[i].to) / 2);
      points[2 * used + 1] = refract_scale_map (&frame->y, value);
      used++;
    }
  if (used == 0)
    return;
  refract_scene_add_polyline (frame->scene, role, points, used, 2.5, is_p99);
  for (guint i = 0; i < used && used <= 64; i++)
    {
      refract_scene_add_circle (frame->scene, REFRACT_ROLE_BACKGROUND, points[2 * i],
                                points[2 * i + 1], 4.5, 0);
      refract_scene_add_circle (frame->scene, role, points[2 * i], points[2 * i + 1], 3, 0);
    }
}

static void
add_points (RefractFrame *frame, const Step *steps, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      double x = refract_scale_map (&frame->x, steps[i].from);
      double x2 = refract_scale_map (&frame->x, steps[i].to);
      GString *text = g_string_new (NULL);

      g_string_append_printf (text, _ ("Tokens %.0f to %.0f: mean %.3g nats"), steps[i].from,
                              steps[i].to, steps[i].mean);
      if (steps[i].p99 >= 0)
        g_string_append_printf (text, _ (", 99 %% below %.3g"), steps[i].p99);
      if (steps[i].flips >= 0)
        g_string_append_printf (text, _ (", most likely token differs in %.3g %%"),
                                steps[i].flips * 100);
      g_string_append_c (text, '.');
      refract_scene_take_point (frame->scene, x, frame->top, MAX (x2 - x, 4),
                                frame->bottom - frame->top, steps[i].key,
                                g_string_free (text, FALSE));
    }
}

/* Logarithmic where there is anything above 0: mean and tail are far apart. */
static void
init_frame (RefractFrame *frame,
            RefractScene *scene,
            double text_scale,
            double top,
            gboolean is_bound,
            const Step *steps,
            guint n)
{
  g_autofree double *values = g_new (double, (gsize) n * 2);
  double ticks[REFRACT_MAX_TICKS], min, max;
  gboolean is_log;
  char *labels[REFRACT_MAX_TICKS] = { NULL };
  guint n_ticks;

  for (guint i = 0; i < n; i++)
    {
      values[2 * i] = steps[i].mean;
      values[2 * i + 1] = steps[i].p99;
    }
  is_log = refract_range (values, 2 * n, TRUE, &min, &max);
  if (is_log)
    refract_decades (&min, &max);
  else
    {
      min = 0;
      max = 1;
    }
  n_ticks
      = is_log ? refract_ticks_log (min, max, 6, ticks) : refract_ticks_linear (min, max, 3, ticks);
  for (guint i = 0; i < n_ticks; i++)
    labels[i] = is_log ? refract_format_power ((int) round (log10 (ticks[i])))
                       : refract_format_tick (ticks[i]);
  refract_frame_init (frame, scene, text_scale, top,
                      is_bound ? _ ("Divergence, at least (nats)") : _ ("Divergence, nats"),
                      (const char *const *) labels, n_ticks, 170);
  frame->y = (RefractScale) { min, max, frame->bottom, frame->top, is_log };
  frame->x.min = steps[0].from;
  frame->x.max = steps[n - 1].to;
  for (guint i = 0; i < n_ticks; i++)
    {
      refract_frame_add_y_tick (frame, refract_scale_map (&frame->y, ticks[i]), labels[i]);
      g_free (labels[i]);
    }
}

RefractScene *
refract_chart_kld_depth_new (RefractReport *report, double width, double text_scale)
{
  g_autoptr (RefractScene) scene = refract_chart_begin (width, &text_scale);
  g_autoptr (GArray) array = read_steps (report);
  const Step *steps = (const Step *) (gpointer) array->data, *last, *worst;
  double ticks[REFRACT_MAX_TICKS], x = MARGIN, y = MARGIN;
  RefractFrame frame;
  guint n;

  if (array->len < 2)
    return NULL;
  worst = steps;
  last = &steps[array->len - 1];
  for (guint i = 0; i < array->len; i++)
    if (steps[i].mean > worst->mean)
      worst = &steps[i];
  refract_chart_add_key (scene, REFRACT_KEY_LINE, REFRACT_ROLE_ACCENT, &x, &y, text_scale,
                         _ ("Mean"));
  refract_chart_add_key (scene, REFRACT_KEY_DASHES, REFRACT_ROLE_DIM, &x, &y, text_scale,
                         _ ("99 % are below"));
  y += REFRACT_TEXT_LINE (CAPTION * text_scale) + 4;
  init_frame (
      &frame, scene, text_scale, y,
      refract_json_get_boolean (refract_report_get_axis_extension (report, REFRACT_AXIS_KLD),
                                "lower_bound", FALSE),
      steps, array->len);
  add_series (&frame, steps, array->len, TRUE);
  add_series (&frame, steps, array->len, FALSE);
  add_points (&frame, steps, array->len);
  n = refract_ticks_linear (frame.x.min, frame.x.max, 8, ticks);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *label = refract_format_tick (ticks[i]);

      refract_frame_add_x_tick (&frame, refract_scale_map (&frame.x, ticks[i]), label);
    }
  refract_frame_finish (&frame, _ ("Position in the context, tokens"));
  refract_scene_take_words (
      scene, g_strdup (_ ("Divergence by depth")),
      g_strdup_printf (_ ("Mean divergence goes from %.3g nats at token %.0f to %.3g at token "
                          "%.0f; it is highest (%.3g) at tokens %.0f to %.0f."),
                       steps[0].mean, steps[0].from, last->mean, last->to, worst->mean, worst->from,
                       worst->to));
  return g_steal_pointer (&scene);
}
