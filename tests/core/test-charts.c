/* test-charts.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "../data-fixture.h"
#include "charts/refract-chart-comparison.h"
#include "charts/refract-chart.h"
#include "charts/refract-palette.h"
#include "charts/refract-plot.h"
#include "charts/refract-scene-svg.h"
#include "core/refract-text.h"

static const char *const charts[]
    = { "gauge", "axes", "divergence", "kld-histogram", "kld-depth", "kld-contexts",
        "rniah", "plad", "speed",      "scatter",       "share-card" };

static void
assert_point (const RefractScene *scene, guint index, const char *sentence)
{
  g_auto (GStrv) parts = NULL;
  g_autofree char *plain = NULL;

  g_assert_cmpuint (index, <, refract_scene_get_n_points (scene));
  /* GLib's sizes have a space that does not break. */
  parts = g_strsplit (refract_scene_get_point (scene, index)->describe, "\u00a0", -1);
  plain = g_strjoinv (" ", parts);
  g_assert_cmpstr (plain, ==, sentence);
}

static gboolean
is_inside (double from, double length, double end)
{
  return from >= -0.01 && length >= 0 && from + length <= end + 0.01;
}

/* What is drawn and can be pointed at lies on the canvas, and no text lies over another. */
static void
assert_tidy (const RefractScene *scene, const char *what)
{
  double width = refract_scene_get_width (scene), height = refract_scene_get_height (scene);
  guint n = refract_scene_get_n_items (scene);

  g_assert_cmpfloat (height, >, 0);
  g_assert_cmpfloat (height, <, 6000);
  g_assert_nonnull (refract_scene_get_title (scene));
  g_assert_cmpint (strlen (refract_scene_get_description (scene)), >, 10);
  for (guint i = 0; i < n; i++)
    {
      const RefractSceneItem *item = refract_scene_get_item (scene, i);
      double x, y, w, h;

      if (item->kind == REFRACT_ITEM_LINE
          && !(is_inside (MIN (item->x, item->x2), 0, width)
               && is_inside (MAX (item->x, item->x2), 0, width)
               && is_inside (MIN (item->y, item->y2), 0, height)
               && is_inside (MAX (item->y, item->y2), 0, height)))
        g_error ("%s: a line leaves the canvas", what);
      if (item->kind == REFRACT_ITEM_RECT
          && !(is_inside (item->x, item->width, width)
               && is_inside (item->y, item->height, height)))
        g_error ("%s: a rectangle leaves the canvas", what);
      for (guint j = 0; j < item->n_points; j++)
        if (!is_inside (item->points[2 * j], 0, width)
            || !is_inside (item->points[2 * j + 1], 0, height))
          g_error ("%s: a line's point leaves the canvas", what);
      if (item->kind != REFRACT_ITEM_TEXT)
        continue;
      refract_scene_item_get_extents (item, &x, &y, &w, &h);
      if (!is_inside (x, w, width) || !is_inside (y, h, height))
        g_error ("%s: “%s” leaves the canvas", what, item->text);
      for (guint j = 0; j < i; j++)
        {
          const RefractSceneItem *other = refract_scene_get_item (scene, j);
          double x2, y2, w2, h2;

          if (other->kind != REFRACT_ITEM_TEXT)
            continue;
          refract_scene_item_get_extents (other, &x2, &y2, &w2, &h2);
          if (x < x2 + w2 && x2 < x + w && y < y2 + h2 && y2 < y + h)
            g_error ("%s: “%s” lies over “%s”", what, item->text, other->text);
        }
    }
  for (guint i = 0; i < refract_scene_get_n_points (scene); i++)
    {
      const RefractScenePoint *point = refract_scene_get_point (scene, i);

      if (!is_inside (point->x, point->width, width)
          || !is_inside (point->y, point->height, height))
        g_error ("%s: the place of “%s” leaves the canvas", what, point->describe);
      g_assert_true (g_str_has_suffix (point->describe, "."));
    }
}

static void
assert_svg (const RefractScene *scene, const char *id)
{
  static const GMarkupParser parser = { 0 };
  g_autofree char *svg = refract_scene_to_svg (scene, id);
  g_autoptr (GMarkupParseContext) context = g_markup_parse_context_new (&parser, 0, NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_markup_parse_context_parse (context, svg, -1, &error);
  g_assert_no_error (error);
  g_markup_parse_context_end_parse (context, &error);
  g_assert_no_error (error);
  g_assert_null (strstr (svg, "nan"));
  g_assert_null (strstr (svg, "inf\""));
}

/* Every chart of a report, at every size; returns how many there are. */
static guint
check_all (RefractReport *report, const char *what)
{
  static const double widths[] = { 100, 280, 360, 800, 1400 }, scales[] = { 0, 1, 2, 3 };
  guint n = 0;

  for (guint i = 0; i < G_N_ELEMENTS (charts); i++)
    for (guint j = 0; j < G_N_ELEMENTS (widths); j++)
      for (guint k = 0; k < G_N_ELEMENTS (scales); k++)
        {
          g_autoptr (RefractScene) scene
              = refract_chart_lookup (charts[i]) (report, widths[j], scales[k]);
          g_autofree char *name
              = g_strdup_printf ("%s %s at %g × %g", what, charts[i], widths[j], scales[k]);

          if (scene == NULL)
            continue;
          n += j == 0 && k == 0;
          assert_tidy (scene, name);
          assert_svg (scene, j % 2 == 0 ? NULL : "chart-1");
          if (g_str_equal (charts[i], "share-card"))
            continue;
          refract_chart_add_heading (scene, report);
          assert_tidy (scene, name);
        }
  return n;
}

/* --- Reports side by side --- */

/* (element-type RefractReport): takes what follows */
static RefractComparison *
compare (RefractReport *first, ...)
{
  g_autoptr (GPtrArray) reports = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  RefractComparison *comparison;
  va_list args;

  va_start (args, first);
  for (RefractReport *report = first; report != NULL; report = va_arg (args, RefractReport *))
    g_ptr_array_add (reports, report);
  va_end (args);
  comparison = refract_comparison_new (reports, &error);
  g_assert_no_error (error);
  return comparison;
}

static void
add_scene (GPtrArray *scenes, RefractScene *scene)
{
  if (scene != NULL)
    g_ptr_array_add (scenes, scene);
}

/* Every chart at every size; returns how many there are. */
static guint
check_comparison (const RefractComparison *comparison, const char *what)
{
  static const double widths[] = { 100, 280, 360, 800, 1400 }, scales[] = { 0, 1, 2, 3 };
  guint n = 0;

  for (guint j = 0; j < G_N_ELEMENTS (widths); j++)
    for (guint k = 0; k < G_N_ELEMENTS (scales); k++)
      {
        g_autoptr (GPtrArray) scenes
            = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_scene_unref);

        add_scene (scenes, refract_chart_compare_scores_new (comparison, widths[j], scales[k]));
        add_scene (scenes, refract_chart_compare_memory_new (comparison, widths[j], scales[k]));
        add_scene (scenes, refract_chart_compare_speed_new (comparison, widths[j], scales[k]));
        for (guint i = 1; i < comparison->reports->len; i++)
          add_scene (scenes, refract_chart_compare_rniah_new (comparison, i, widths[j], scales[k]));
        n = scenes->len;
        for (guint i = 0; i < scenes->len; i++)
          {
            g_autofree char *name
                = g_strdup_printf ("%s chart %u at %g × %g", what, i, widths[j], scales[k]);

            assert_tidy (scenes->pdata[i], name);
            assert_svg (scenes->pdata[i], NULL);
            refract_chart_add_title (scenes->pdata[i], NULL);
            assert_tidy (scenes->pdata[i], name);
          }
      }
  return n;
}

static void
test_tidy (void)
{
  g_autoptr (RefractReport) full = load_report ("report-charts.json");
  g_autoptr (RefractReport) legacy = load_report ("legacy-v0.3.1-gemma26b.json");
  g_autoptr (RefractReport) bare
      = parse_report ("{\"schema\": \"refract.report.v0.3.1\", \"axes\": {}}");

  g_assert_cmpuint (check_all (full, "full"), ==, G_N_ELEMENTS (charts));
  /* gauge, axes, R-NIAH, PLAD, card */
  g_assert_cmpuint (check_all (legacy, "legacy"), ==, 5);
  /* gauge, axes and card say that there is nothing */
  g_assert_cmpuint (check_all (bare, "bare"), ==, 3);
}

static void
test_hostile (void)
{
  g_autofree char *wide = g_strnfill (50000, 'W');
  g_autofree char *text = g_strdup_printf (
      "{\"schema\": \"refract.report.v0.3.1\", \"model\": \"%s\", \"candidate\": \"</svg>%s\","
      "\"composite\": 50, \"axes\": {\"gtm\": {\"score\": 1e-300, \"n_tokens_each\": 1e300, "
      "\"per_prompt\": [{\"first_divergence\": 900000000}, {\"first_divergence\": -3}, {}]},"
      "\"kld\": {\"score\": 0, \"ctx\": 1e300},"
      "\"rniah\": {\"score\": 10, \"cells\": ["
      "{\"length\": 1e11, \"position\": 0.5, \"n_trials\": 3, \"base_hits\": 9, \"base_acc\": 7},"
      "{\"length\": -1, \"position\": 0.5}, {\"length\": 12, \"position\": 2}, {},"
      "{\"length\": 1, \"position\": 0.25, \"base_acc\": 1, \"degradation\": 1e300}]},"
      "\"plad\": {\"score\": 3, \"per_perturbation_score\": {\"typo\": 1e300, \"case\": -1}}},"
      "\"extension\": {\"interval\": {\"low\": 90, \"high\": 10}, \"weakest_axis\": {\"title\": "
      "\"%s\", \"score\": 3}, \"ship\": {\"sentence\": \"\\u0001<b>\\u202e%s\"},"
      "\"reference_kv\": {\"label\": \"%s\", \"bytes_per_token\": 1e-300},"
      "\"kv\": {\"saving\": -1e300, \"label\": \"%s\"},"
      "\"ranking\": [{\"label\": \"%s\", \"composite\": 50, \"bytes_per_token\": 1e17, "
      "\"decode_tps\": 1e-9, \"prefill_tps\": 1e300}, {\"composite\": 50, \"bytes_per_token\": 1}],"
      "\"axes\": {\"kld\": {\"skip_reason\": \"%s\", \"histogram\": {\"edges_log10\": [-1e9, 2], "
      "\"bins\": [1, 2]}, \"ladder\": [{\"ctx\": -1, \"score\": 400}, {}], \"depth\": ["
      "{\"from_token\": 5, \"to_token\": 6, \"mean_kld\": 1e-320, \"p99_kld\": 1e300},"
      "{\"from_token\": 1, \"to_token\": 2, \"mean_kld\": 1e11}, {\"from_token\": 1e11, "
      "\"to_token\": 1e11, \"mean_kld\": 0}]}}}}",
      wide, wide, wide, wide, wide, wide, wide, wide);
  g_autoptr (RefractReport) report = parse_report (text);
  g_autoptr (RefractComparison) comparison = NULL;

  check_all (report, "hostile");
  comparison = compare (g_object_ref (report), g_object_ref (report), NULL);
  check_comparison (comparison, "hostile");
}

static void
test_comparison (void)
{
  g_autoptr (RefractComparison) three
      = compare (load_report ("full-demo-q4_0.refract.json"), load_report ("report-charts.json"),
                 load_report ("legacy-v0.3.1-gemma26b.json"), NULL);
  g_autoptr (RefractComparison) bare
      = compare (parse_report ("{\"schema\": \"refract.report.v0.3.1\", \"axes\": {}}"),
                 parse_report ("{\"schema\": \"refract.report.v0.3.1\", \"axes\": {}}"), NULL);
  g_autoptr (RefractScene) scores = refract_chart_compare_scores_new (three, 600, 1);
  g_autoptr (RefractScene) memory = refract_chart_compare_memory_new (three, 600, 1);
  g_autoptr (RefractScene) speed = refract_chart_compare_speed_new (three, 600, 1);
  g_autoptr (RefractScene) rniah = refract_chart_compare_rniah_new (three, 1, 600, 1);
  g_autofree char *sentence = NULL;

  /* scores, memory, speed, and a map: the old report has no cell where the first has one */
  g_assert_cmpuint (check_comparison (three, "three"), ==, 4);
  /* scores say that there is nothing */
  g_assert_cmpuint (check_comparison (bare, "bare"), ==, 1);

  sentence = g_strdup_printf ("Composite, %s: 77.4 of 100, Degraded; 95 %% interval 70.0 to 83.5.",
                              three->names[1]);
  assert_point (scores, 1, sentence);
  g_assert_cmpint (refract_scene_get_point (scores, 1)->key, ==, 1);
  g_assert_cmpuint (refract_scene_get_n_points (scores), ==, 3 * 5);
  /* The old layout knows neither bytes nor speed. */
  g_assert_cmpuint (refract_scene_get_n_points (memory), ==, 2);
  g_assert_nonnull (strstr (refract_scene_get_point (memory, 1)->describe, "at 5.0"));
  g_assert_null (strstr (refract_scene_get_point (memory, 1)->describe, "another candidate"));
  g_assert_nonnull (strstr (refract_scene_get_point (speed, 1)->describe, "at 41.5 tokens/s."));
  assert_point (rniah, 0, "512 tokens, needle at 10 %: better than the first, 3/3 against 2/3.");
}

/* What differs, cell by cell, in both directions. */
static void
test_comparison_map (void)
{
  static const char first[]
      = "{\"schema\": \"refract.report.v0.3.1\", \"axes\": {\"rniah\": {\"cells\": ["
        "{\"length\": 512, \"position\": 0, \"base_acc\": 1, \"cand_acc\": 0.5,"
        " \"degradation\": 0.5},"
        "{\"length\": 512, \"position\": 1, \"base_acc\": 1, \"cand_acc\": 1,"
        " \"degradation\": 0},"
        "{\"length\": 900, \"position\": 0, \"base_acc\": 0},"
        "{\"length\": 900, \"position\": 1, \"base_acc\": 1}]}}}";
  static const char second[]
      = "{\"schema\": \"refract.report.v0.3.1\", \"axes\": {\"rniah\": {\"cells\": ["
        "{\"length\": 512, \"position\": 1, \"base_acc\": 1, \"cand_acc\": 0.25,"
        " \"degradation\": 0.75},"
        "{\"length\": 512, \"position\": 0, \"base_acc\": 1, \"cand_acc\": 1,"
        " \"degradation\": 0},"
        "{\"length\": 900, \"position\": 0, \"base_acc\": 1}]}}}";
  g_autoptr (RefractComparison) comparison
      = compare (parse_report (first), parse_report (second), NULL);
  g_autoptr (RefractScene) map = refract_chart_compare_rniah_new (comparison, 1, 600, 1);

  assert_point (map, 0, "512 tokens, needle at 0 %: better than the first, 100 % against 50 %.");
  assert_point (map, 1, "512 tokens, needle at 100 %: worse than the first, 25 % against 100 %.");
  assert_point (map, 2, "900 tokens, needle at 0 %: not applicable, a reference fails too.");
  assert_point (map, 3, "900 tokens, needle at 100 %: not measured in both.");
  g_assert_true (g_str_has_prefix (refract_scene_get_description (map),
                                   "Of 2 cells, 1 are better and 1 worse than in "));
  g_assert_cmpint (refract_scene_get_point (map, 1)->key, ==, 1);
}

/* Sentences of what tests/data/report-charts.json holds. */
static void
test_sentences (void)
{
  g_autoptr (RefractReport) report = load_report ("report-charts.json");
  g_autoptr (RefractScene) gauge = refract_chart_gauge_new (report, 360, 1);
  g_autoptr (RefractScene) axes = refract_chart_axes_new (report, 360, 1);
  g_autoptr (RefractScene) divergence = refract_chart_divergence_new (report, 360, 1);
  g_autoptr (RefractScene) histogram = refract_chart_kld_histogram_new (report, 360, 1);
  g_autoptr (RefractScene) depth = refract_chart_kld_depth_new (report, 360, 1);
  g_autoptr (RefractScene) contexts = refract_chart_kld_contexts_new (report, 360, 1);
  g_autoptr (RefractScene) rniah = refract_chart_rniah_new (report, 360, 1);
  g_autoptr (RefractScene) plad = refract_chart_plad_new (report, 360, 1);
  g_autoptr (RefractScene) speed = refract_chart_speed_new (report, 360, 1);
  g_autoptr (RefractScene) scatter = refract_chart_scatter_new (report, 360, 1);
  g_autoptr (RefractScene) card = refract_chart_share_card_new (report, 0, 1);

  assert_point (gauge, 0, "Composite 77.4 of 100, Degraded; 95 % interval 70.0 to 83.5.");
  assert_point (gauge, 1, "Weakest axis: Trajectory, 61.2.");
  g_assert_cmpstr (refract_scene_get_description (gauge), ==,
                   "Composite 77.4 of 100, Degraded; 95 % interval 70.0 to 83.5. Weakest axis: "
                   "Trajectory, 61.2.");
  assert_point (axes, 0, "Trajectory: 61.2 of 100, Degraded; 95 % interval 50.0 to 70.0.");
  assert_point (axes, 2,
                "R-NIAH: 85.0 of 100, Pass; 95 % interval 60.0 to 97.5; low confidence, few "
                "samples.");
  assert_point (axes, 3, "PLAD: Not measured: the plan has too few prompts.");
  g_assert_cmpint (refract_scene_get_point (axes, 3)->key, ==, REFRACT_AXIS_PLAD);
  /* 128 tokens in bins of 10: 1, 3 and 7 in the first, 127 in the last, two never part */
  assert_point (divergence, 0, "3 of 6 answers part at token 0 to 9.");
  assert_point (divergence, 12, "1 of 6 answers parts at token 120 to 129.");
  assert_point (divergence, 13, "2 of 6 answers are identical.");
  assert_point (histogram, 0, "50 positions without any divergence (5 %).");
  assert_point (histogram, 1, "100 positions from 0.0001 to 0.001 nats (10 %).");
  assert_point (depth, 1,
                "Tokens 300 to 399: mean 0.02 nats, 99 % below 0.3, most likely token differs in "
                "4 %.");
  assert_point (contexts, 1, "4096 tokens: 91.0 of 100, Excellent; mean 0.0943 nats.");
  assert_point (rniah, 0, "512 tokens, needle at 10 %: not worse, candidate 3/3, reference 3/3.");
  assert_point (rniah, 1, "512 tokens, needle at 90 %: worse, candidate 1/3, reference 3/3.");
  assert_point (rniah, 2,
                "4096 tokens, needle at 10 %: not applicable, the reference finds 0/3; candidate "
                "0/3.");
  assert_point (rniah, 3, "4096 tokens, needle at 90 %: did not run.");
  g_assert_cmpint (refract_scene_get_point (rniah, 1)->key, ==, 2);
  g_assert_cmpint (refract_scene_get_point (rniah, 3)->key, ==, -1);
  assert_point (plad, 0, "Typing errors: 88.5 of 100, Pass.");
  assert_point (plad, 3, "Another word for the same: Not measured: applies to no prompt.");
  assert_point (speed, 0, "KV cache per token, K f16 / V f16, the reference: 12.0 KiB.");
  assert_point (speed, 1,
                "KV cache per token, K q8_0 / V q4_0: 5.0 KiB, 58 % less than the reference.");
  assert_point (scatter, 0, "K f16 / V f16, the reference: 12.0 KiB per token.");
  assert_point (scatter, 1, "K q8_0 / V q4_0: 77.4 of 100, Degraded, at 5.0 KiB per token.");
  assert_point (scatter, 2,
                "K q4_0 / V q8_0: 60.0 of 100, Degraded, at 5.0 KiB per token; another candidate "
                "is better and no larger.");
  g_assert_cmpfloat (refract_scene_get_width (card), ==, 1200);
  g_assert_cmpfloat (refract_scene_get_height (card), ==, 630);
}

static void
test_scale (void)
{
  RefractScale linear = { 0, 10, 100, 200, FALSE }, down = { 0, 10, 200, 100, FALSE };
  RefractScale log = { 0.01, 100, 0, 400, TRUE }, flat = { 5, 5, 0, 10, FALSE };
  RefractScale huge = { -DBL_MAX, DBL_MAX, 0, 10, FALSE };

  g_assert_cmpfloat (refract_scale_map (&linear, 2.5), ==, 125);
  g_assert_cmpfloat (refract_scale_map (&linear, -1), ==, 100);
  g_assert_cmpfloat (refract_scale_map (&linear, INFINITY), ==, 200);
  g_assert_true (isnan (refract_scale_map (&linear, NAN)));
  g_assert_cmpfloat (refract_scale_map (&down, 2.5), ==, 175);
  g_assert_cmpfloat_with_epsilon (refract_scale_map (&log, 1), 200, 1e-9);
  g_assert_cmpfloat (refract_scale_map (&log, 0), ==, 0);
  g_assert_cmpfloat (refract_scale_map (&log, -3), ==, 0);
  g_assert_cmpfloat (refract_scale_map (&flat, 7), ==, 5);
  g_assert_cmpfloat (refract_scale_map (&huge, 0), ==, 5);
}

static void
test_range (void)
{
  const double values[] = { NAN, 3, -INFINITY, 0, -2, INFINITY };
  double min, max;

  g_assert_true (refract_range (values, 6, FALSE, &min, &max));
  g_assert_cmpfloat (min, ==, -2);
  g_assert_cmpfloat (max, ==, 3);
  g_assert_true (refract_range (values, 6, TRUE, &min, &max));
  g_assert_cmpfloat (min, ==, 3);
  g_assert_cmpfloat (max, ==, 3);
  g_assert_false (refract_range (values, 1, FALSE, &min, &max));
  g_assert_false (refract_range (NULL, 0, FALSE, &min, &max));

  min = max = 0.03;
  refract_decades (&min, &max);
  g_assert_cmpfloat_with_epsilon (min, 0.01, 1e-12);
  g_assert_cmpfloat_with_epsilon (max, 0.1, 1e-12);
  min = max = 10;
  refract_decades (&min, &max);
  g_assert_cmpfloat (min, ==, 10);
  g_assert_cmpfloat (max, ==, 100);
  min = 5e-324;
  max = DBL_MAX;
  refract_decades (&min, &max);
  g_assert_cmpfloat (min, >, 0);
  g_assert_true (isfinite (max));
}

static void
assert_ticks (gboolean is_log, double min, double max, guint most, const char *expected)
{
  double ticks[REFRACT_MAX_TICKS];
  guint n = is_log ? refract_ticks_log (min, max, most, ticks)
                   : refract_ticks_linear (min, max, most, ticks);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append_printf (text, "%s%g", i > 0 ? " " : "", ticks[i]);
  g_assert_cmpstr (text->str, ==, expected);
  g_string_free (text, TRUE);
}

static void
test_ticks (void)
{
  assert_ticks (FALSE, 0, 10, 6, "0 2 4 6 8 10");
  assert_ticks (FALSE, 0, 1, 3, "0 0.5 1");
  assert_ticks (FALSE, 256, 511, 6, "300 400 500");
  assert_ticks (FALSE, -3, 3, 4, "-2 0 2");
  assert_ticks (FALSE, 7, 7, 5, "7");
  assert_ticks (FALSE, 8, 7, 5, "");
  assert_ticks (FALSE, NAN, 7, 5, "");
  assert_ticks (FALSE, 0, INFINITY, 5, "");
  assert_ticks (FALSE, 0, 1e300, 3, "0 5e+299 1e+300");
  assert_ticks (FALSE, -DBL_MAX, DBL_MAX, 2, "-1.79769e+308 0");
  assert_ticks (FALSE, 1e17, 1e17 + 32, 4, "1e+17 1e+17 1e+17");
  assert_ticks (FALSE, 0, 10, 100, "0 1 2 3 4 5 6 7 8 9 10");
  assert_ticks (TRUE, 0.001, 10, 6, "0.001 0.01 0.1 1 10");
  assert_ticks (TRUE, 1e-9, 100, 5, "1e-09 1e-06 0.001 1");
  assert_ticks (TRUE, 2, 9, 5, "");
  assert_ticks (TRUE, 0, 10, 5, "");
  assert_ticks (TRUE, NAN, 10, 5, "");

  g_assert_cmpfloat (refract_nice_ceil (1), ==, 1);
  g_assert_cmpfloat (refract_nice_ceil (1.01), ==, 2);
  g_assert_cmpfloat (refract_nice_ceil (21), ==, 50);
  g_assert_cmpfloat_with_epsilon (refract_nice_ceil (0.07), 0.1, 1e-12);
  g_assert_true (isfinite (refract_nice_ceil (DBL_MAX)));
  g_assert_cmpfloat (refract_nice_ceil (5e-324), >, 0);
}

static void
test_words (void)
{
  static const struct
  {
    int exponent;
    const char *text;
  } powers[] = { { -3, "10⁻³" }, { 0, "1" }, { 1, "10" }, { 12, "10¹²" } };
  g_autofree char *clean = refract_text_clean ("a\x01\u202e<b>\n\xff", 100);
  g_autofree char *cut = refract_text_clean ("abcdef", 3);
  g_autofree char *tick = refract_format_tick (0.25);

  for (guint i = 0; i < G_N_ELEMENTS (powers); i++)
    {
      g_autofree char *text = refract_format_power (powers[i].exponent);

      g_assert_cmpstr (text, ==, powers[i].text);
    }
  g_assert_cmpstr (clean, ==, "a<b>");
  g_assert_cmpstr (cut, ==, "abc…");
  g_assert_cmpstr (tick, ==, "0.25");
  g_assert_cmpint (refract_role_for_heat (NAN), ==, REFRACT_ROLE_HEAT_1);
  g_assert_cmpint (refract_role_for_heat (0.5), ==, REFRACT_ROLE_HEAT_3);
  g_assert_cmpint (refract_role_for_heat (1e300), ==, REFRACT_ROLE_HEAT_5);
}

static void
test_paragraph (void)
{
  g_autoptr (RefractScene) scene = refract_scene_new (100);
  RefractTextStyle style = { REFRACT_ROLE_FOREGROUND, 10, FALSE, REFRACT_ANCHOR_START };
  double bottom
      = refract_scene_add_paragraph (scene, &style, 0, 0, 60, 3, "one two three four five six");

  /* 60 px are 6 em: "one two " is 5 em, "three four" 6.1 */
  g_assert_cmpuint (refract_scene_get_n_items (scene), ==, 3);
  g_assert_cmpstr (refract_scene_get_item (scene, 0)->text, ==, "one two");
  g_assert_cmpstr (refract_scene_get_item (scene, 1)->text, ==, "three four");
  g_assert_cmpstr (refract_scene_get_item (scene, 2)->text, ==, "five six");
  g_assert_cmpfloat_with_epsilon (bottom, 3 * REFRACT_TEXT_LINE (10), 1e-9);
}

static void
test_find (void)
{
  g_autoptr (RefractScene) scene = refract_scene_new (100);

  g_assert_cmpint (refract_scene_find_point (scene, 5, 5, 100), ==, -1);
  refract_scene_take_point (scene, 0, 0, 10, 10, -1, g_strdup ("a"));
  refract_scene_take_point (scene, 20, 0, 10, 10, -1, g_strdup ("b"));
  g_assert_cmpint (refract_scene_find_point (scene, 5, 5, 0), ==, 0);
  g_assert_cmpint (refract_scene_find_point (scene, 25, 5, 0), ==, 1);
  g_assert_cmpint (refract_scene_find_point (scene, 18, 5, 0), ==, -1);
  g_assert_cmpint (refract_scene_find_point (scene, 18, 5, 8), ==, 1);
}

static double
luminance (RefractColor color)
{
  double sum = 0;
  static const double weights[] = { 0.2126, 0.7152, 0.0722 };

  for (guint i = 0; i < 3; i++)
    {
      double c = ((color >> (24 - 8 * i)) & 0xff) / 255.0;

      sum += weights[i] * (c <= 0.04045 ? c / 12.92 : pow ((c + 0.055) / 1.055, 2.4));
    }
  return sum;
}

static double
contrast (RefractColor over, RefractColor under)
{
  RefractColor seen = 0;
  double alpha = (over & 0xff) / 255.0, a, b;

  for (guint shift = 8; shift <= 24; shift += 8)
    seen |= (guint32) (((over >> shift) & 0xff) * alpha + ((under >> shift) & 0xff) * (1 - alpha))
            << shift;
  a = luminance (seen);
  b = luminance (under);
  return (MAX (a, b) + 0.05) / (MIN (a, b) + 0.05);
}

/* WCAG: 4.5 for text, 3 for shapes; heat falls from step to step by about the same. */
static void
test_palette (void)
{
  for (guint i = 0; i < 4; i++)
    {
      const RefractColor *colors = refract_palette_get (i & 1, i & 2)->colors;

      g_assert_cmpfloat (
          contrast (colors[REFRACT_ROLE_FOREGROUND], colors[REFRACT_ROLE_BACKGROUND]), >=, 7);
      g_assert_cmpfloat (contrast (colors[REFRACT_ROLE_DIM], colors[REFRACT_ROLE_BACKGROUND]), >=,
                         4.5);
      for (guint role = REFRACT_ROLE_EXCELLENT; role <= REFRACT_ROLE_FAIL; role++)
        g_assert_cmpfloat (contrast (colors[role], colors[REFRACT_ROLE_BACKGROUND]), >=, 2.9);
      for (guint role = REFRACT_ROLE_EQUAL; role <= REFRACT_ROLE_HEAT_5; role++)
        g_assert_cmpfloat (contrast (colors[REFRACT_ROLE_FOREGROUND], colors[role]), >=, 4.5);
      for (guint role = REFRACT_ROLE_HEAT_2; role <= REFRACT_ROLE_HEAT_5; role++)
        {
          double step = fabs (116 * cbrt (luminance (colors[role]))
                              - 116 * cbrt (luminance (colors[role - 1])));

          g_assert_cmpfloat (step, >=, 4);
          g_assert_cmpfloat (step, <=, 10);
        }
    }
}

int
main (int argc, char *argv[])
{
  setlocale (LC_ALL, "");
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/charts/scale", test_scale);
  g_test_add_func ("/charts/range", test_range);
  g_test_add_func ("/charts/ticks", test_ticks);
  g_test_add_func ("/charts/words", test_words);
  g_test_add_func ("/charts/paragraph", test_paragraph);
  g_test_add_func ("/charts/find", test_find);
  g_test_add_func ("/charts/palette", test_palette);
  g_test_add_func ("/charts/sentences", test_sentences);
  g_test_add_func ("/charts/tidy", test_tidy);
  g_test_add_func ("/charts/comparison", test_comparison);
  g_test_add_func ("/charts/comparison-map", test_comparison_map);
  g_test_add_func ("/charts/hostile", test_hostile);
  return g_test_run ();
}
