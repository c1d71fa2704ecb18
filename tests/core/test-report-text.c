/* test-report-text.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "../data-fixture.h"
#include "report/refract-facts.h"
#include "report/refract-report-text.h"

static gboolean
says (GPtrArray *sentences, const char *start)
{
  for (guint i = 0; i < sentences->len; i++)
    if (g_str_has_prefix (g_ptr_array_index (sentences, i), start))
      return TRUE;
  return FALSE;
}

static void
test_common_prefix (void)
{
  g_assert_cmpuint (refract_text_common_prefix ("", ""), ==, 0);
  g_assert_cmpuint (refract_text_common_prefix ("abc", "abd"), ==, 2);
  g_assert_cmpuint (refract_text_common_prefix ("abc", "abcd"), ==, 3);
  /* ä and ö have their first byte in common, € and ‰ their first two. */
  g_assert_cmpuint (refract_text_common_prefix ("xä", "xö"), ==, 1);
  g_assert_cmpuint (refract_text_common_prefix ("é€", "é₭"), ==, 2);
  g_assert_cmpuint (refract_text_common_prefix ("äö", "äö!"), ==, 4);
}

static void
test_clip (void)
{
  g_autofree char *whole = refract_clip_text ("äöü", 3);
  g_autofree char *cut = refract_clip_text ("äöü", 2);

  g_assert_cmpstr (whole, ==, "äöü");
  g_assert_cmpstr (cut, ==, "äö…");
}

static void
test_low_confidence (void)
{
  g_autoptr (RefractReport) report = parse_report (
      "{\"schema\": \"refract.report.v0.3.1\", \"composite\": 95.0, \"axes\": {\"rniah\": "
      "{\"score\": 100, \"confidence\": \"low\", \"notes\": [\"A note.\"]}}, "
      "\"extension\": {\"within_noise\": true, \"interval\": {\"low\": 90, \"high\": 99, "
      "\"few_samples\": true}, \"axes\": {\"plad\": {\"skip_reason\": \"Not planned.\"}}}}");
  g_autoptr (GPtrArray) caveats = refract_report_list_caveats (report);
  g_autoptr (GPtrArray) axis = refract_report_list_axis_caveats (report, REFRACT_AXIS_RNIAH);
  g_autofree char *plad = refract_report_dup_axis_detail (report, REFRACT_AXIS_PLAD);
  g_autofree char *kld = refract_report_dup_axis_score_text (report, REFRACT_AXIS_KLD);
  g_autofree char *composite = refract_report_dup_composite_text (report);

  g_assert_true (says (caveats, "The difference is within the noise"));
  g_assert_true (says (caveats, "Few samples"));
  g_assert_true (says (caveats, "R-NIAH is of low confidence"));
  g_assert_true (says (axis, "Low confidence: the reference does not find the needle"));
  g_assert_true (says (axis, "A note."));
  g_assert_cmpstr (plad, ==, "Not planned.");
  g_assert_cmpstr (kld, ==, "Not measured");
  g_assert_cmpstr (composite, ==, "95.0 [90.0, 99.0] EXCELLENT");
}

static void
test_not_proved (void)
{
  g_autoptr (RefractReport) report
      = parse_report ("{\"schema\": \"refract.report.v0.3.1\", \"composite\": null, \"axes\": {}, "
                      "\"extension\": {\"not_proved\": true, \"is_control\": true}}");
  g_autoptr (GPtrArray) caveats = refract_report_list_caveats (report);
  g_autofree char *composite = refract_report_dup_composite_text (report);
  g_autofree char *weakest = refract_report_dup_weakest_text (report);

  g_assert_true (says (caveats, "Nothing shows that the setting was in use"));
  g_assert_true (says (caveats, "This is the negative control"));
  g_assert_cmpstr (composite, ==, "No composite: could not prove that the setting was in use");
  g_assert_null (weakest);
}

static const RefractFact *
find_fact (GPtrArray *facts, const char *title)
{
  for (guint i = 0; i < facts->len; i++)
    if (g_str_equal (((RefractFact *) g_ptr_array_index (facts, i))->title, title))
      return g_ptr_array_index (facts, i);
  g_assert_not_reached ();
}

static void
test_facts (void)
{
  g_autoptr (RefractReport) report = load_report ("full-demo-q4_0.refract.json");
  g_autoptr (GPtrArray) kld = refract_report_list_facts (report, REFRACT_FACTS_KLD);
  g_autoptr (GPtrArray) kv = refract_report_list_facts (report, REFRACT_FACTS_KV);

  g_assert_cmpstr (find_fact (kld, "Flips")->value, ==, "4.17 %");
  g_assert_cmpstr (find_fact (kld, "Perplexity")->value, ==, "1.924");
  g_assert_cmpstr (find_fact (kld, "Perplexity")->reference, ==, "1.891");
  g_assert_cmpstr (find_fact (kld, "Verdict")->note, ==,
                   "By the thresholds of another tool, not a band");
  g_assert_cmpstr (find_fact (kv, "In use")->value, ==, "K q4_0 / V q4_0, rotated");
  g_assert_cmpstr (find_fact (kv, "In use")->reference, ==, "K f16 / V f16");
  g_assert_cmpstr (find_fact (kv, "Saving")->value, ==, "71.88 %");
}

/* What a report does not have is left out, never "nan". */
static void
test_legacy (void)
{
  g_autoptr (RefractReport) report = load_report ("legacy-v0.3.1-gemma26b.json");
  g_autofree char *summary = refract_report_dup_summary_text (report);
  g_autofree char *weakest = refract_report_dup_weakest_text (report);

  g_assert_cmpstr (weakest, ==, "Weakest axis: Trajectory 17.3");
  g_assert_null (strstr (summary, "nan"));
  for (RefractFactGroup group = REFRACT_FACTS_TRAJECTORY; group <= REFRACT_FACTS_RUN; group++)
    {
      g_autoptr (GPtrArray) facts = refract_report_list_facts (report, group);

      for (guint i = 0; i < facts->len; i++)
        {
          const RefractFact *fact = g_ptr_array_index (facts, i);

          g_assert_null (strstr (fact->value, "nan"));
        }
      if (group == REFRACT_FACTS_SPEED || group == REFRACT_FACTS_KV)
        g_assert_cmpuint (facts->len, ==, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/report-text/common-prefix", test_common_prefix);
  g_test_add_func ("/report-text/clip", test_clip);
  g_test_add_func ("/report-text/low-confidence", test_low_confidence);
  g_test_add_func ("/report-text/not-proved", test_not_proved);
  g_test_add_func ("/report-text/facts", test_facts);
  g_test_add_func ("/report-text/legacy", test_legacy);
  return g_test_run ();
}
