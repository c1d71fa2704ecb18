/* refract-chart-kld.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "charts/refract-chart-private.h"
#include "core/refract-json.h"
#include "report/refract-report-text.h"

#define MAX_BINS 128

typedef struct
{
  guint n;
  double low; /* log10 nats */
  double high;
  double counts[MAX_BINS];
  double zero;
  double total;
  double most;
} Histogram;

static double
read_count (JsonNode *node)
{
  double count = NAN;

  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64)
    count = (double) json_node_get_int (node);
  else if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_DOUBLE)
    count = json_node_get_double (node);
  return count >= 0 && count < 1e15 ? count : 0;
}

/* Empty bins at the ends are left out; *@merge of them become one. */
static gboolean
read_histogram (RefractReport *report, guint most_bins, Histogram *histogram)
{
  JsonObject *extension = refract_report_get_axis_extension (report, REFRACT_AXIS_KLD);
  JsonObject *object = refract_json_get_object (extension, "histogram");
  JsonArray *bins = refract_json_get_array (object, "bins");
  JsonArray *edges = refract_json_get_array (object, "edges_log10");
  guint n = MIN (refract_chart_array_length (bins), MAX_BINS), first = 0, merge = 1;
  double low, high, step;

  *histogram = (Histogram) { 0 };
  if (n == 0 || edges == NULL || json_array_get_length (edges) != 2
      || !JSON_NODE_HOLDS_VALUE (json_array_get_element (edges, 0))
      || !JSON_NODE_HOLDS_VALUE (json_array_get_element (edges, 1)))
    return FALSE;
  low = json_array_get_double_element (edges, 0);
  high = json_array_get_double_element (edges, 1);
  if (!(low >= -300 && high > low && high <= 300))
    return FALSE;
  step = (high - low) / n;
  while (first + 1 < n && read_count (json_array_get_element (bins, first)) == 0)
    first++;
  while (n > first + 1 && read_count (json_array_get_element (bins, n - 1)) == 0)
    n--;
  while ((n - first + merge - 1) / merge > most_bins)
    merge++;
  histogram->n = (n - first + merge - 1) / merge;
  histogram->low = low + first * step;
  histogram->high = histogram->low + histogram->n * merge * step;
  histogram->zero = CLAMP (refract_json_get_double (object, "zero_count", 0), 0, 1e15);
  histogram->most = histogram->total = histogram->zero;
  for (guint i = first; i < n; i++)
    {
      double count = read_count (json_array_get_element (bins, i));
      double *into = &histogram->counts[(i - first) / merge];

      *into += count;
      histogram->total += count;
      histogram->most = MAX (histogram->most, *into);
    }
  return histogram->total > 0;
}

static void
add_column (const RefractFrame *frame,
            RefractRole role,
            double x,
            double width,
            double count,
            char *describe)
{
  double y = refract_scale_map (&frame->y, count);

  if (count > 0)
    refract_scene_add_rect (frame->scene, role, x + 0.5, y, MAX (width - 1, 1), frame->bottom - y,
                            1);
  refract_scene_take_point (frame->scene, x, frame->top, width, frame->bottom - frame->top, -1,
                            describe);
}

static void
add_columns (RefractFrame *frame, const Histogram *histogram)
{
  double room = frame->right - frame->left;
  double zero_width = MAX (room * 0.06, 18), left = frame->left + zero_width * 1.5;
  double step = (frame->right - left) / histogram->n;
  double decade = (histogram->high - histogram->low) / histogram->n;
  g_autofree char *zeros = refract_chart_format_count (histogram->zero);

  frame->x = (RefractScale) { histogram->low, histogram->high, left, frame->right, FALSE };
  add_column (frame, REFRACT_ROLE_EXCELLENT, frame->left, zero_width, histogram->zero,
              g_strdup_printf (_ ("%s positions without any divergence (%.3g %%)."), zeros,
                               histogram->zero / histogram->total * 100));
  for (guint i = 0; i < histogram->n; i++)
    {
      double from = histogram->low + i * decade;
      g_autofree char *count = refract_chart_format_count (histogram->counts[i]);

      add_column (frame, REFRACT_ROLE_ACCENT, left + i * step, step, histogram->counts[i],
                  g_strdup_printf (_ ("%s positions from %.2g to %.2g nats (%.3g %%)."), count,
                                   pow (10, from), pow (10, from + decade),
                                   histogram->counts[i] / histogram->total * 100));
    }
  refract_frame_add_x_tick (frame, frame->left + zero_width / 2, "0");
}

static void
add_power_ticks (RefractFrame *frame, double low, double high)
{
  double ticks[REFRACT_MAX_TICKS];
  guint n = refract_ticks_linear (ceil (low), floor (high), 8, ticks);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *label = refract_format_power ((int) ticks[i]);

      if (ticks[i] == floor (ticks[i]))
        refract_frame_add_x_tick (frame, refract_scale_map (&frame->x, ticks[i]), label);
    }
}

/* Counts as square roots: a single bad position still shows beside thousands of good ones. */
RefractScene *
refract_chart_kld_histogram_new (RefractReport *report, double width, double text_scale)
{
  g_autoptr (RefractScene) scene = refract_chart_begin (width, &text_scale);
  Histogram histogram;
  RefractFrame frame;
  double ticks[REFRACT_MAX_TICKS], lowest = 1, most;
  const char *widest;
  g_autofree char *bound = refract_report_dup_bound_text (report);
  g_autofree char *text = NULL;
  g_autofree char *label = NULL;
  g_autofree char *total = NULL;
  g_autofree char *zeros = NULL;
  guint n;

  width = refract_scene_get_width (scene);
  if (!read_histogram (report, (guint) MIN (width / 8, 64), &histogram))
    return NULL;
  most = MAX (histogram.most, 1);
  refract_decades (&lowest, &most);
  widest = label = refract_format_tick (most);
  refract_frame_init (&frame, scene, text_scale, MARGIN, _ ("Positions (logarithmic)"), &widest, 1,
                      150);
  frame.y = (RefractScale) { 0.5, MAX (histogram.most, 1) * 1.1, frame.bottom, frame.top, TRUE };
  n = refract_ticks_log (frame.y.min, frame.y.max, 5, ticks);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *tick = refract_format_tick (ticks[i]);

      refract_frame_add_y_tick (&frame, refract_scale_map (&frame.y, ticks[i]), tick);
    }
  refract_scene_add_line (scene, REFRACT_ROLE_GRID, frame.left, frame.bottom, frame.right,
                          frame.bottom, 1);
  add_columns (&frame, &histogram);
  add_power_ticks (&frame, histogram.low, histogram.high);
  refract_frame_finish (
      &frame, bound != NULL ? _ ("Divergence from the reference at one position, at least (nats)")
                            : _ ("Divergence from the reference at one position, nats"));
  total = refract_chart_format_count (histogram.total);
  zeros = refract_chart_format_count (histogram.zero);
  text = g_strdup_printf (
      _ ("%s positions, %s of them without any divergence; mean %.3g nats, "
         "99 %% below %.3g."),
      total, zeros,
      refract_json_get_double (refract_report_get_axis (report, REFRACT_AXIS_KLD), "mean_kld", NAN),
      refract_json_get_double (refract_report_get_axis_extension (report, REFRACT_AXIS_KLD),
                               "p99_kld", NAN));
  refract_scene_take_words (scene, g_strdup (_ ("Positions by divergence")),
                            bound != NULL ? g_strdup_printf (_ ("%s Each is %s."), text, bound)
                                          : g_steal_pointer (&text));
  return g_steal_pointer (&scene);
}
