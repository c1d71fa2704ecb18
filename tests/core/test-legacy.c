/* test-legacy.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Reports of every published layout, of later versions of ours, and what is no report. */

#include "config.h"

#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "../data-fixture.h"
#include "core/refract-error.h"
#include "core/refract-json.h"
#include "export/refract-badge.h"
#include "export/refract-csv.h"
#include "export/refract-html.h"
#include "export/refract-markdown.h"
#include "report/refract-comparison.h"
#include "report/refract-leaderboard.h"
#include "report/refract-report-plan.h"

/* The scores as REFRACT published them; NAN where an axis did not run. */
static const struct
{
  const char *file;
  const char *model;
  const char *candidate;
  double composite;
  RefractBand band;
  double axes[REFRACT_N_AXES];
  const char *left_out; /* (nullable): why a leaderboard does not rank it */
} cases[] = {
  { "legacy/v0.1.4-tiny.json",
    "tiny",
    "K q4_0 / V q4_0",
    55.3846153846,
    REFRACT_BAND_FAIL,
    { 40, 90, NAN, NAN },
    "of methodology 0.1" },
  { "legacy/v0.2.0-mistral-24b.json",
    "Mistral-Small-24B-Q4_K_M",
    "K q8_0 / V turbo4",
    90.8605533286,
    REFRACT_BAND_EXCELLENT,
    { 76.65, 99.71, 100, 91.34 },
    NULL },
  { "legacy/v0.2.0-two-axes.json",
    "phi-4-Q8_0",
    "K q8_0 / V q8_0",
    87.4357464789,
    REFRACT_BAND_PASS,
    { 77.95, 99.55, NAN, NAN },
    NULL },
  { "legacy/v0.3.0-qwen2.5-7b.json",
    "qwen2.5-7b-instruct-q8_0",
    "K q8_0 / V turbo4",
    77.9753867076,
    REFRACT_BAND_DEGRADED,
    { 55.13, 98.75, 100, 76.73 },
    NULL },
  { "legacy/v0.3.1-bare-gemma31b.json",
    "gemma-4-31B-Q8_0",
    "K q8_0 / V turbo4",
    50.7840581416,
    REFRACT_BAND_FAIL,
    { 26.41, 49.23, 100, 94.45 },
    NULL },
  { "legacy/v0.3.1-skipped-llama4.json",
    "Llama-4-Scout-17B-16E-Q4_K_M",
    "K q8_0 / V turbo4",
    86.8139871045,
    REFRACT_BAND_PASS,
    { 73.58, 97.32, NAN, 93.54 },
    NULL },
  { "legacy-v0.3.1-gemma26b.json",
    "gemma-4-26B-A4B-it-Q8_0",
    "K q8_0 / V turbo4",
    29.1193789315,
    REFRACT_BAND_FAIL,
    { 17.3169062286, 17.5859482099, 100, 78.4009347344 },
    NULL },
};

static char *
data_path (const char *file)
{
  return g_test_build_filename (G_TEST_DIST, "data", file, NULL);
}

static RefractReport *
load (const char *file, RefractReportDetail detail)
{
  g_autofree char *path = data_path (file);
  g_autoptr (GError) error = NULL;
  RefractReport *report = refract_report_load_partly (path, detail, &error);

  g_assert_no_error (error);
  return report;
}

static void
assert_figures (RefractReport *report, guint i)
{
  g_autofree char *model = refract_report_dup_model_name (report);
  g_autofree char *candidate = refract_report_dup_candidate_label (report);

  g_assert_cmpstr (model, ==, cases[i].model);
  g_assert_cmpstr (candidate, ==, cases[i].candidate);
  g_assert_cmpfloat_with_epsilon (refract_report_get_composite (report), cases[i].composite, 1e-6);
  g_assert_cmpint (refract_band_for_score (refract_report_get_composite (report)), ==,
                   cases[i].band);
  for (guint axis = 0; axis < REFRACT_N_AXES; axis++)
    {
      double score = refract_report_get_axis_score (report, axis);

      if (isnan (cases[i].axes[axis]))
        g_assert_true (isnan (score));
      else
        g_assert_cmpfloat_with_epsilon (score, cases[i].axes[axis], 1e-6);
    }
}

/* Composite, band and axes, however much of the file is read. */
static void
test_figures (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractReport) whole = load_report (cases[i].file);

      assert_figures (whole, i);
      for (guint detail = REFRACT_REPORT_RANKS; detail <= REFRACT_REPORT_NUMBERS; detail++)
        {
          g_autoptr (RefractReport) part = load (cases[i].file, (RefractReportDetail) detail);

          assert_figures (part, i);
        }
    }
}

/* Every form holds what is known, and no NaN. */
static void
test_exports (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractReport) report = load_report (cases[i].file);
      g_autoptr (GPtrArray) reports = g_ptr_array_new ();
      g_autofree char *score = refract_format_score (cases[i].composite, 1);
      g_autofree char *exact = refract_format_score (cases[i].composite, 2);
      g_autofree char *html = NULL;
      g_autofree char *markdown = refract_markdown_from_report (report);
      g_autofree char *index = refract_markdown_model_index (report);
      g_autofree char *citation = refract_markdown_dup_citation (report);
      g_autofree char *csv = refract_csv_from_report (report);
      g_autofree char *badge = refract_badge_to_svg (report);

      g_ptr_array_add (reports, report);
      html = refract_html_from_reports (reports);
      g_assert_nonnull (strstr (html, cases[i].model));
      g_assert_nonnull (strstr (html, score));
      g_assert_nonnull (strstr (markdown, exact));
      g_assert_nonnull (strstr (citation, refract_band_get_name (cases[i].band)));
      g_assert_nonnull (strstr (badge, "<svg"));
      g_assert_true (g_str_has_prefix (csv, "axis,"));
      g_assert_null (strstr (index, "nan"));
      g_assert_null (strstr (csv, "nan"));
    }
}

static void
test_compare (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GPtrArray) reports = g_ptr_array_new_with_free_func (g_object_unref);
      g_autoptr (RefractComparison) comparison = NULL;
      g_autoptr (GError) error = NULL;
      g_autofree char *page = NULL;

      g_ptr_array_add (reports, load_report ("full-demo-q4_0.refract.json"));
      g_ptr_array_add (reports, load_report (cases[i].file));
      comparison = refract_comparison_new (reports, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (comparison->warnings->len, >, 0);
      page = refract_comparison_to_html (comparison);
      g_assert_nonnull (strstr (page, cases[i].model));
    }
}

/* All but 0.1 are ranked. */
static void
test_rank (void)
{
  const RefractLeaderboardOptions options
      = { REFRACT_LEADERBOARD_CANDIDATES, .low_confidence = TRUE };
  g_autofree char *folder = data_path ("legacy");
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) unreadable = NULL;
  g_autoptr (GPtrArray) reports
      = refract_leaderboard_load_folder (folder, &unreadable, NULL, &error);
  g_autoptr (RefractLeaderboard) board = NULL;
  g_autofree char *text = NULL;
  g_autofree char *rows = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (unreadable->len, ==, 0);
  board = refract_leaderboard_new (reports, &options);
  text = refract_leaderboard_to_markdown (board);
  rows = refract_leaderboard_to_csv (board);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      if (!g_str_has_prefix (cases[i].file, "legacy/"))
        continue;
      if (cases[i].left_out != NULL)
        {
          g_assert_null (strstr (rows, cases[i].model));
          g_assert_nonnull (strstr (text, cases[i].left_out));
        }
      else
        g_assert_nonnull (strstr (rows, cases[i].model));
    }
}

/* What they measured can be measured again. */
static void
test_plans (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractReport) report = load_report (cases[i].file);
      g_autoptr (GError) error = NULL;
      g_autoptr (RefractPlanImport) import = refract_plan_from_report (report, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (import->files->len, >, 0);
    }
}

/* ---- Ours, of now and later ---- */

/* A key that nobody knows, in every object. */
static void
add_unknown (JsonNode *node)
{
  if (JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *array = json_node_get_array (node);

      for (guint i = 0; i < json_array_get_length (array); i++)
        add_unknown (json_array_get_element (array, i));
    }
  else if (JSON_NODE_HOLDS_OBJECT (node))
    {
      JsonObject *object = json_node_get_object (node);
      g_autoptr (GList) values = json_object_get_values (object);
      JsonArray *future = json_array_new ();

      for (GList *l = values; l != NULL; l = l->next)
        add_unknown (l->data);
      json_array_add_double_element (future, 0.1);
      json_array_add_null_element (future);
      json_array_add_string_element (future, "\u202e <b>é");
      json_object_set_array_member (object, "of_the_future", future);
    }
}

static JsonNode *
to_node (RefractReport *report)
{
  JsonNode *node = json_node_new (JSON_NODE_OBJECT);

  json_node_set_object (node, refract_report_get_root (report));
  return node;
}

static void
test_round_trip (void)
{
  g_autofree char *folder = g_dir_make_tmp ("refract-legacy-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "a.refract.json", NULL);

  for (guint i = 0; i < 2 * (G_N_ELEMENTS (cases) + 1); i++)
    {
      guint file = i / 2;
      g_autoptr (RefractReport) report = load_report (
          file < G_N_ELEMENTS (cases) ? cases[file].file : "full-demo-q4_0.refract.json");
      g_autoptr (JsonNode) before = to_node (report);
      g_autoptr (RefractReport) again = NULL;
      g_autoptr (JsonNode) after = NULL;
      g_autoptr (GError) error = NULL;

      if (i % 2 == 1)
        add_unknown (before);
      g_assert_true (refract_report_save (report, path, &error));
      g_assert_no_error (error);
      again = refract_report_load (path, &error);
      g_assert_no_error (error);
      after = to_node (again);
      g_assert_true (json_node_equal (before, after));
    }
  g_unlink (path);
  g_rmdir (folder);
}

/* ---- What is no report ---- */

#define HEAD "{\"schema\": \"refract.report.v0.3.1\", "

static void
test_wrong (void)
{
  static const struct
  {
    const char *text;
    const char *reason;
  } wrong[] = {
    { "", "nothing in it" },
    { "\xef\xbb\xbf \n", "nothing in it" },
    { "\xff\xfe{", "UTF-16" },
    { "[]", "no object" },
    { "{\"schema\": \"something.else\", \"axes\": {}}", "not a REFRACT report" },
    { "{\"axes\": {}}", "not a REFRACT report" },
    { HEAD "\"axes\": {}, \"axes\": {}}", "same key twice" },
    { HEAD "\"axes\": []}", "axes" },
    { HEAD "\"axes\": {}, \"composite\": \"high\"}", "composite" },
    { HEAD "\"axes\": {}, \"composite\": 101}", "composite" },
    { HEAD "\"axes\": {}, \"composite\": -1}", "composite" },
    { HEAD "\"axes\": {}, \"model\": {}}", "model" },
    { HEAD "\"axes\": {}, \"diagnosis\": \"none\"}", "diagnosis" },
    { HEAD "\"axes\": {}, \"diagnosis\": [1]}", "diagnosis" },
    { HEAD "\"axes\": {\"gtm\": 7}}", "axes.gtm" },
    { HEAD "\"axes\": {\"gtm\": {\"per_prompt\": [1]}}}", "axes.gtm.per_prompt" },
    { HEAD "\"axes\": {\"rniah\": {\"cells\": {}}}}", "axes.rniah.cells" },
    { HEAD "\"axes\": {\"kld\": {\"score\": true}}}", "axes.kld.score" },
    { HEAD "\"axes\": {}, \"extension\": []}", "extension" },
    { HEAD "\"axes\": {}, \"extension\": {\"ranking\": {}}}", "extension.ranking" },
    { HEAD "\"axes\": {}, \"x\": \"\\ud800\\u0000\"}", "zero character" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (refract_report_new_from_text (wrong[i].text, strlen (wrong[i].text), &error));
      g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_REPORT);
      if (strstr (error->message, wrong[i].reason) == NULL)
        g_error ("“%s” does not say “%s”", error->message, wrong[i].reason);
    }
}

static void
test_deep (void)
{
  g_autoptr (GString) text = g_string_new (HEAD "\"axes\": ");
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 1000000; i++)
    g_string_append (text, "{\"a\":");
  g_assert_null (refract_report_new_from_text (text->str, text->len, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_REPORT);
  g_assert_nonnull (strstr (error->message, "64 levels"));
}

/* A string of 100 MB: the file is refused before it is read, the text before it is copied. */
static void
test_large (void)
{
  const gsize length = 100 * 1000 * 1000;
  g_autofree char *folder = g_dir_make_tmp ("refract-legacy-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "a.json", NULL);
  g_autofree char *text = g_strnfill (length, 'x');
  g_autoptr (GError) error = NULL;
  int fd = g_open (path, O_WRONLY | O_CREAT, 0600);

  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (ftruncate (fd, (off_t) length), ==, 0);
  close (fd);
  g_assert_null (refract_report_load (path, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_REPORT);
  g_assert_nonnull (strstr (error->message, "a.json"));
  g_assert_nonnull (strstr (error->message, "100000000 bytes"));
  g_clear_error (&error);

  memcpy (text, HEAD "\"x\": \"", strlen (HEAD "\"x\": \""));
  g_assert_null (refract_report_new_from_text (text, length, &error));
  g_assert_nonnull (strstr (error->message, "64 MiB"));
  g_clear_error (&error);
  g_assert_null (refract_report_new_from_text (text, 20 * 1024 * 1024, &error));
  g_assert_nonnull (strstr (error->message, "string of more than 16 MiB"));
  g_unlink (path);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/legacy/figures", test_figures);
  g_test_add_func ("/legacy/exports", test_exports);
  g_test_add_func ("/legacy/compare", test_compare);
  g_test_add_func ("/legacy/rank", test_rank);
  g_test_add_func ("/legacy/plans", test_plans);
  g_test_add_func ("/legacy/round-trip", test_round_trip);
  g_test_add_func ("/legacy/wrong", test_wrong);
  g_test_add_func ("/legacy/deep", test_deep);
  g_test_add_func ("/legacy/large", test_large);
  return g_test_run ();
}
