/* test-bound.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "charts/refract-chart.h"
#include "charts/refract-scene-svg.h"
#include "core/refract-json.h"
#include "export/refract-badge.h"
#include "export/refract-csv.h"
#include "export/refract-html.h"
#include "export/refract-markdown.h"
#include "fake-run.h"
#include "report/refract-comparison.h"
#include "report/refract-diagnosis.h"
#include "report/refract-facts.h"
#include "report/refract-leaderboard.h"
#include "report/refract-report-text.h"
#include "report/refract-summary.h"

#define BOUND "a lower bound from the top 64 tokens, 12 % of the probability unseen"

/* The demo's report, its KLD a bound from @top_k tokens; 0: as it is. */
static RefractReport *
make_report (guint top_k)
{
  g_autofree char *path
      = g_test_build_filename (G_TEST_DIST, "data", "full-demo-q4_0.refract.json", NULL);
  g_autoptr (GError) error = NULL;
  RefractReport *report = refract_report_load (path, &error);
  JsonObject *kld;

  g_assert_no_error (error);
  kld = refract_report_get_axis_extension (report, REFRACT_AXIS_KLD);
  json_object_set_boolean_member (kld, "lower_bound", top_k > 0);
  if (top_k > 0)
    {
      json_object_set_int_member (kld, "top_k", top_k);
      json_object_set_double_member (kld, "mean_tail", 0.1235);
      json_object_set_string_member (kld, "precision", "32-bit log-probabilities");
    }
  return report;
}

static char *
join (GPtrArray *texts)
{
  GString *all = g_string_new (NULL);

  for (guint i = 0; i < texts->len; i++)
    g_string_append_printf (all, "%s\n", (char *) g_ptr_array_index (texts, i));
  return g_string_free (all, FALSE);
}

static char *
describe_chart (RefractReport *report, RefractChartFunc chart)
{
  g_autoptr (RefractScene) scene = chart (report, 600, 1);

  return refract_scene_to_svg (scene, "chart");
}

static char *
make_page (RefractReport *report)
{
  g_autoptr (GPtrArray) reports = g_ptr_array_new ();

  g_ptr_array_add (reports, report);
  return refract_html_from_reports (reports);
}

static char *
make_leaderboard (RefractReport *report)
{
  g_autoptr (GPtrArray) reports = g_ptr_array_new ();
  RefractLeaderboardOptions options = { REFRACT_LEADERBOARD_MODELS, .low_confidence = TRUE };
  g_autoptr (RefractLeaderboard) leaderboard = NULL;

  g_ptr_array_add (reports, report);
  leaderboard = refract_leaderboard_new (reports, &options);
  return refract_leaderboard_to_markdown (leaderboard);
}

/* Everything that shows KLD's score or the composite says what it is worth, and only then. */
static void
test_everywhere (void)
{
  for (guint top_k = 0; top_k <= 64; top_k += 64)
    {
      g_autoptr (RefractReport) report = make_report (top_k);
      g_autoptr (GPtrArray) caveats = refract_report_list_caveats (report);
      g_autoptr (RefractSummary) summary
          = refract_summary_new ("/a/b.refract.json", 1, 1, NULL, report, NULL);
      struct
      {
        const char *where;
        char *text;
        const char *words;
      } texts[] = {
        { "composite", refract_report_dup_composite_text (report), "at best" },
        { "score", refract_report_dup_axis_score_text (report, REFRACT_AXIS_KLD), "at best" },
        { "detail", refract_report_dup_axis_detail (report, REFRACT_AXIS_KLD), BOUND },
        { "detail's mean", refract_report_dup_axis_detail (report, REFRACT_AXIS_KLD),
          "mean at least 0.0" },
        { "caveats", join (caveats), "KLD is " BOUND },
        { "summary text", refract_report_dup_summary_text (report), BOUND },
        { "library", g_strdup (refract_summary_get_verdict (summary)), "At best" },
        { "gauge", describe_chart (report, refract_chart_gauge_new), "At best: KLD is" },
        { "bars", describe_chart (report, refract_chart_axes_new), "at best: " },
        { "histogram", describe_chart (report, refract_chart_kld_histogram_new), "at least" },
        { "depth", describe_chart (report, refract_chart_kld_depth_new), "at least" },
        { "page", make_page (report), "KLD is " BOUND },
        { "page's axes", make_page (report), "EXCELLENT at best" },
        { "Markdown", refract_markdown_from_report (report), BOUND },
        { "citation", refract_markdown_dup_citation (report), "at best (KLD is " BOUND ")" },
        { "index", refract_markdown_model_index (report), "at best" },
        { "badge", refract_badge_dup_text (report), "at best" },
        { "leaderboard", make_leaderboard (report), "at best: KLD is " BOUND },
        { "CSV", refract_csv_from_report (report), "kld,bound,0,,,top_k,64" },
      };

      for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
        {
          gboolean says = strstr (texts[i].text, texts[i].words) != NULL;

          if (says != (top_k > 0))
            g_error ("%s: “%s”", texts[i].where, texts[i].text);
          g_free (texts[i].text);
        }
    }
}

static void
test_other_axes (void)
{
  g_autoptr (RefractReport) report = make_report (64);
  g_autofree char *score = refract_report_dup_axis_score_text (report, REFRACT_AXIS_TRAJECTORY);
  g_autofree char *detail = refract_report_dup_axis_detail (report, REFRACT_AXIS_TRAJECTORY);

  g_assert_null (strstr (score, "at best"));
  g_assert_null (strstr (detail, "bound"));
}

/* A report may claim anything. */
static void
test_hostile (void)
{
  static const double numbers[][2]
      = { { 1e300, 0.5 }, { -1, 0.5 }, { 64, 2 }, { 64, -1 }, { 64, 1e300 } };

  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autoptr (RefractReport) report = make_report (64);
      JsonObject *kld = refract_report_get_axis_extension (report, REFRACT_AXIS_KLD);
      g_autofree char *text = NULL;

      json_object_set_double_member (kld, "top_k", numbers[i][0]);
      json_object_set_double_member (kld, "mean_tail", numbers[i][1]);
      text = refract_report_dup_bound_text (report);
      g_assert_cmpstr (text, ==, "a lower bound");
    }
}

static const RefractFact *
find_fact (GPtrArray *facts, const char *title)
{
  for (guint i = 0; i < facts->len; i++)
    if (g_str_equal (((RefractFact *) g_ptr_array_index (facts, i))->title, title))
      return g_ptr_array_index (facts, i);
  return NULL;
}

static void
test_facts (void)
{
  g_autoptr (RefractReport) report = make_report (64);
  JsonObject *kld = refract_report_get_axis_extension (report, REFRACT_AXIS_KLD);
  g_autoptr (GPtrArray) facts = NULL;

  json_object_set_string_member (kld, "phase", "decode");
  json_object_set_boolean_member (kld, "probe_verified", FALSE);
  facts = refract_report_list_facts (report, REFRACT_FACTS_KLD);
  g_assert_cmpstr (find_fact (facts, "Precision")->value, ==, "32-bit log-probabilities");
  g_assert_cmpstr (find_fact (facts, "Tokens seen")->value, ==, "64");
  g_assert_cmpstr (find_fact (facts, "Tokens seen")->note, ==, BOUND);
  g_assert_cmpstr (find_fact (facts, "Phase probed")->value, ==, "Decode");
  g_assert_nonnull (find_fact (facts, "Phase probed")->note);
}

static char *
compare (guint first, guint second, gboolean *says_best)
{
  g_autoptr (GPtrArray) reports = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (RefractComparison) comparison = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *markdown = NULL;

  g_ptr_array_add (reports, make_report (first));
  g_ptr_array_add (reports, make_report (second));
  comparison = refract_comparison_new (reports, &error);
  g_assert_no_error (error);
  markdown = refract_comparison_to_markdown (comparison);
  *says_best = strstr (markdown, "at best: a lower bound from the top") != NULL;
  return join (comparison->warnings);
}

/* Never mixed with full-vocabulary numbers; and a warning only where it is. */
static void
test_compare (void)
{
  gboolean says_best;
  g_autofree char *full = compare (0, 0, &says_best);
  g_autofree char *mixed = NULL;
  g_autofree char *turned = NULL;
  g_autofree char *same = NULL;
  g_autofree char *other = NULL;

  g_assert_null (strstr (full, "bound"));
  g_assert_false (says_best);

  mixed = compare (64, 0, &says_best);
  g_assert_nonnull (strstr (mixed, "is " BOUND ", that of "));
  g_assert_nonnull (strstr (mixed, "is over the whole vocabulary"));
  g_assert_true (says_best);
  turned = compare (0, 64, &says_best);
  g_assert_nonnull (strstr (turned, "is over the whole vocabulary"));
  g_assert_true (says_best);

  same = compare (64, 64, &says_best);
  g_assert_null (strstr (same, "bound"));
  g_assert_true (says_best);

  other = compare (64, 20, &says_best);
  g_assert_nonnull (strstr (other, "is one from another number of tokens"));
}

/* The report of a run finds it, whatever the score. */
static void
test_finding (void)
{
  for (guint is_bound = 0; is_bound < 2; is_bound++)
    {
      g_autoptr (RefractRun) run = fake_run ();
      RefractConfigResult *result = fake_add (run, "ctk=q8_0,ctv=q8_0", 98, 97.1, 100, 97);
      JsonObject *kld = result->axes[REFRACT_AXIS_KLD]->extension;
      g_autoptr (RefractReport) report = NULL;
      g_autofree char *text = NULL;

      json_object_set_boolean_member (kld, "lower_bound", is_bound);
      json_object_set_int_member (kld, "top_k", 64);
      json_object_set_double_member (kld, "mean_tail", 0.1235);
      report = refract_report_new (run, result, FALSE);
      text = refract_json_to_text (refract_report_get_root (report), FALSE);
      g_assert_true (
          (strstr (text, "KLD@D is a lower bound: the engine gave the top 64 tokens, and "
                         "12 % of the probability was not seen. Its 97.1")
           != NULL)
          == is_bound);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/bound/everywhere", test_everywhere);
  g_test_add_func ("/bound/other-axes", test_other_axes);
  g_test_add_func ("/bound/hostile", test_hostile);
  g_test_add_func ("/bound/facts", test_facts);
  g_test_add_func ("/bound/compare", test_compare);
  g_test_add_func ("/bound/finding", test_finding);
  return g_test_run ();
}
