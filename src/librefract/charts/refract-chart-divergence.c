/* refract-chart-divergence.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "charts/refract-chart-private.h"
#include "core/refract-json.h"

#define MAX_BINS 24

typedef struct
{
  guint n_bins;
  double bin; /* tokens */
  guint counts[MAX_BINS];
  guint identical;
  guint n;
  guint most;
} Divergence;

static double
first_divergence (JsonObject *entry)
{
  double first = refract_json_get_double (entry, "first_divergence", NAN);

  return first >= 0 && first < 1e9 ? first : NAN;
}

/* %FALSE when the report lacks the prompts */
static gboolean
count (RefractReport *report, double width, Divergence *divergence)
{
  JsonObject *axis = refract_report_get_axis (report, REFRACT_AXIS_TRAJECTORY);
  JsonArray *array = refract_json_get_array (axis, "per_prompt");
  guint n = refract_chart_array_length (array);
  double last = refract_json_get_double (axis, "n_tokens_each", 0), wanted;

  *divergence = (Divergence) { 0 };
  if (n == 0)
    return FALSE;
  last = last >= 1 && last < 1e9 ? last : 1;
  for (guint i = 0; i < n; i++)
    {
      double first = first_divergence (refract_chart_array_object (array, i));

      if (first >= last)
        last = first + 1;
    }
  wanted = CLAMP (floor (width / 24), 6, MAX_BINS);
  divergence->bin = MAX (refract_nice_ceil (last / wanted), 1);
  divergence->n_bins = (guint) CLAMP (ceil (last / divergence->bin), 1, MAX_BINS);
  for (guint i = 0; i < n; i++)
    {
      JsonObject *entry = refract_chart_array_object (array, i);
      double first = first_divergence (entry);

      if (entry == NULL)
        continue;
      divergence->n++;
      if (isnan (first))
        divergence->identical++;
      else
        divergence->counts[MIN ((guint) (first / divergence->bin), divergence->n_bins - 1)]++;
    }
  divergence->most = MAX (divergence->identical, 1);
  for (guint i = 0; i < divergence->n_bins; i++)
    divergence->most = MAX (divergence->most, divergence->counts[i]);
  return divergence->n > 0;
}

static char *
describe_bin (const Divergence *divergence, guint i)
{
  double from = i * divergence->bin, to = from + divergence->bin - 1;
  guint n = divergence->counts[i];

  if (to <= from)
    return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u of %u answers parts at token %.0f.",
                                         "%u of %u answers part at token %.0f.", n),
                            n, divergence->n, from);
  return g_strdup_printf (g_dngettext (GETTEXT_PACKAGE,
                                       "%u of %u answers parts at token %.0f to %.0f.",
                                       "%u of %u answers part at token %.0f to %.0f.", n),
                          n, divergence->n, from, to);
}

static void
add_bin (const RefractFrame *frame,
         RefractRole role,
         double x,
         double width,
         guint n,
         char *describe,
         guint gap)
{
  double y = refract_scale_map (&frame->y, n);

  if (n > 0)
    refract_scene_add_rect (frame->scene, role, x + gap, y, width - 2.0 * gap, frame->bottom - y,
                            2);
  refract_scene_take_point (frame->scene, x, frame->top, width, frame->bottom - frame->top, -1,
                            describe);
}

static void
add_y_ticks (RefractFrame *frame, const double *ticks, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *label = refract_format_tick (ticks[i]);

      refract_frame_add_y_tick (frame, refract_scale_map (&frame->y, ticks[i]), label);
    }
}

static void
add_bins (RefractFrame *frame, const Divergence *divergence)
{
  /* The bins, a gap and the bin of answers that never part. */
  double slot = (frame->right - frame->left) / (divergence->n_bins + 2.5);
  double identical = frame->right - 1.75 * slot;
  guint gap = slot > 12 ? 2 : 1;

  frame->x = (RefractScale) { 0, divergence->n_bins * divergence->bin, frame->left,
                              frame->left + divergence->n_bins * slot, FALSE };
  for (guint i = 0; i < divergence->n_bins; i++)
    add_bin (frame, REFRACT_ROLE_ACCENT, frame->left + i * slot, slot, divergence->counts[i],
             describe_bin (divergence, i), gap);
  add_bin (frame, REFRACT_ROLE_EXCELLENT, identical, 1.75 * slot, divergence->identical,
           g_strdup_printf (g_dngettext (GETTEXT_PACKAGE, "%u of %u answers is identical.",
                                         "%u of %u answers are identical.", divergence->identical),
                            divergence->identical, divergence->n),
           gap);
  refract_frame_add_x_tick (frame, identical + 0.875 * slot, _ ("never"));
}

RefractScene *
refract_chart_divergence_new (RefractReport *report, double width, double text_scale)
{
  g_autoptr (RefractScene) scene = refract_chart_begin (width, &text_scale);
  Divergence divergence;
  RefractFrame frame;
  double ticks[REFRACT_MAX_TICKS], median;
  const char *widest;
  g_autofree char *label = NULL;
  GString *description;
  guint n;

  width = refract_scene_get_width (scene);
  if (!count (report, width / text_scale, &divergence))
    return NULL;
  widest = label = refract_format_tick (divergence.most);
  refract_frame_init (&frame, scene, text_scale, MARGIN, _ ("Answers"), &widest, 1, 150);
  frame.y.max = divergence.most;
  n = refract_ticks_linear (0, divergence.most, 4, ticks);
  /* Answers are whole. */
  while (n > 1 && ticks[1] < 1)
    n = refract_ticks_linear (0, divergence.most, 2, ticks);
  add_y_ticks (&frame, ticks, n);
  add_bins (&frame, &divergence);
  n = refract_ticks_linear (0, frame.x.max, 6, ticks);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *tick = refract_format_tick (ticks[i]);

      refract_frame_add_x_tick (&frame, refract_scale_map (&frame.x, ticks[i]), tick);
    }
  refract_frame_finish (&frame, _ ("Token at which candidate and reference first part"));

  description = g_string_new (NULL);
  g_string_append_printf (description,
                          g_dngettext (GETTEXT_PACKAGE, "%u of %u answers is identical.",
                                       "%u of %u answers are identical.", divergence.identical),
                          divergence.identical, divergence.n);
  median = refract_json_get_double (refract_report_get_axis (report, REFRACT_AXIS_TRAJECTORY),
                                    "median_first_divergence", NAN);
  if (isfinite (median) && divergence.identical < divergence.n)
    g_string_append_printf (description, _ (" The others part at token %.0f (median)."), median);
  refract_scene_take_words (scene, g_strdup (_ ("Where answers part")),
                            g_string_free (description, FALSE));
  return g_steal_pointer (&scene);
}
