/* test-export.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "core/refract-json-scan.h"
#include "core/refract-json.h"
#include "export/refract-badge.h"
#include "export/refract-csv.h"
#include "export/refract-markdown.h"
#include "export/refract-table.h"
#include "report/refract-comparison.h"
#include "report/refract-leaderboard.h"
#include "report/refract-repeatability.h"

#define N_PROMPTS 12

/* A report with what comparisons read. @prefix: tokens that each of 12 answers of 100 agrees for */
static RefractReport *
make_report (const char *model,
             const char *candidate,
             const char *build,
             const char *version,
             guint prefix,
             double chunk_kld)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  RefractReport *report;

  g_string_append_printf (
      text,
      "{\"schema\": \"refract.report.v0.3.1\", \"framework_version\": \"%s\", \"model\": "
      "\"/a/b/%s.gguf\", \"reference\": \"ctk=f16,ctv=f16\", \"candidate\": \"%s\", \"composite\": "
      "%u.0, \"timestamp\": \"2026-11-0%u\", \"axes\": {\"gtm\": {\"score\": %u.0, \"per_prompt\": "
      "[",
      version, model, candidate, prefix, prefix % 9 + 1, prefix);
  for (guint i = 0; i < N_PROMPTS; i++)
    g_string_append_printf (text,
                            "%s{\"id\": \"p%u\", \"prefix_agreement_length\": %u, \"cand_length\": "
                            "100, \"first_divergence\": %u}",
                            i > 0 ? ", " : "", i, prefix, prefix);
  g_string_append_printf (
      text,
      "]}, \"kld\": {\"score\": 99.0, \"mean_kld\": %g, \"ctx\": 512, "
      "\"corpus\": {\"path\": \"wiki.raw\", \"sha256_head\": \"ab\"}}, "
      "\"rniah\": {\"score\": 100.0, \"confidence\": \"ok\", \"cells\": "
      "[{\"length\": 512, \"position\": 0.1, \"n_trials\": 2, \"base_hits\": 2, "
      "\"cand_hits\": 1}]}}, \"extension\": {\"engine\": {\"name\": "
      "\"llama.cpp\", \"build\": \"%s\"}, \"model\": {\"fingerprint\": \"%s\"}, "
      "\"axes\": {\"kld\": {\"per_chunk\": [",
      chunk_kld, build, model);
  for (guint i = 0; i < N_PROMPTS; i++)
    g_string_append_printf (text, "%s{\"n\": 255, \"mean_kld\": %g, \"sd_kld\": 0.001}",
                            i > 0 ? ", " : "", chunk_kld);
  g_string_append (text, "]}}}}");
  report = refract_report_new_from_text (text->str, text->len, &error);
  g_assert_no_error (error);
  return report;
}

static RefractComparison *
compare (RefractReport *a, RefractReport *b)
{
  g_autoptr (GPtrArray) reports = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  RefractComparison *comparison;

  g_ptr_array_add (reports, a);
  g_ptr_array_add (reports, b);
  comparison = refract_comparison_new (reports, &error);
  g_assert_no_error (error);
  return comparison;
}

static const RefractCell *
get_cell (const RefractTable *table, guint row, guint column)
{
  return ((RefractTableRow *) table->rows->pdata[row])->cells->pdata[column];
}

static gboolean
has_warning (const RefractComparison *comparison, const char *text)
{
  for (guint i = 0; i < comparison->warnings->len; i++)
    if (strstr (comparison->warnings->pdata[i], text) != NULL)
      return TRUE;
  return FALSE;
}

static void
test_table (void)
{
  static const char *const columns[] = { "a|b", "n", NULL };
  g_autoptr (RefractTable) table = refract_table_new ("<t>", columns);
  RefractTableRow *row = refract_table_add_row (table);
  g_autofree char *markdown = NULL;
  g_autofree char *csv = NULL;
  g_autofree char *html = NULL;

  refract_table_row_add_text (row, "<img src=x>*\n\"q\",");
  refract_table_row_add_number (row, 1.25, 1);
  row = refract_table_add_row (table);
  refract_table_row_add_text (row, "=1+1");
  refract_table_row_add_number (row, NAN, 1);

  markdown = refract_table_to_markdown (table);
  g_assert_cmpstr (markdown, ==,
                   "### &lt;t>\n\n| a\\|b | n |\n|---|---:|\n| &lt;img src=x>\\* \"q\", | 1.2 |\n"
                   "| =1+1 | — |\n");
  csv = refract_table_to_csv (table);
  g_assert_cmpstr (csv, ==, "a|b,n\r\n\"<img src=x>*\n\"\"q\"\",\",1.25\r\n\"'=1+1\",\r\n");
  html = refract_table_to_html (table, TRUE);
  g_assert_nonnull (strstr (html, "&lt;img src=x&gt;*"));
  g_assert_null (strstr (html, "<img"));
  g_assert_nonnull (strstr (html, "<td class=\"num\" data-l=\"n\">1.2</td>"));
}

/* Whatever a report says stays one line of text, also where it begins a line. */
static void
test_markdown_text (void)
{
  static const char *const cases[][2] = {
    { "  # a", "\\# a" },
    { "> a > b", "\\> a > b" },
    { "- a - b", "\\- a - b" },
    { "+ a", "\\+ a" },
    { "---", "\\---" },
    { "-1.5", "-1.5" },
    { "1.5", "1.5" },
    { "12. a 1.5", "12\\. a 1.5" },
    { "1) a", "1\\) a" },
    { "12 a", "12 a" },
    { "a\r\n# b\n\n```\nc", "a  # b  \\`\\`\\` c" },
    { "$x$ <b>&amp;|~[a](b)*_\\", "\\$x\\$ &lt;b>&amp;amp;\\|\\~\\[a\\](b)\\*\\_\\\\" },
    { "@you a@b @me", "@\u2060you a@b @\u2060me" },
    { "", "" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GString) text = g_string_new (NULL);

      refract_markdown_append (text, cases[i][0]);
      g_assert_cmpstr (text->str, ==, cases[i][1]);
    }
}

static void
test_best (void)
{
  static const char *const columns[] = { "", "a", "b", "c", NULL };
  g_autoptr (RefractTable) table = refract_table_new (NULL, columns);
  RefractTableRow *row = refract_table_add_row (table);

  refract_table_row_add_text (row, "x");
  refract_table_row_add_number (row, 1, 0);
  refract_table_row_add_number (row, NAN, 0);
  refract_table_row_add_number (row, 2, 0);
  refract_table_row_mark_best (row, 1, FALSE);
  g_assert_true (get_cell (table, 0, 1)->best);
  g_assert_false (get_cell (table, 0, 2)->best);
  g_assert_false (get_cell (table, 0, 3)->best);

  /* Nothing is best where all are the same. */
  row = refract_table_add_row (table);
  refract_table_row_add_text (row, "y");
  refract_table_row_add_number (row, 2, 0);
  refract_table_row_add_number (row, 2, 0);
  refract_table_row_mark_best (row, 1, TRUE);
  g_assert_false (get_cell (table, 1, 1)->best);
}

static void
test_units (void)
{
  g_autoptr (RefractReport) report = make_report ("m", "ctk=q8_0,ctv=q8_0", "1", "0.3.2", 80, 0.01);
  g_autoptr (RefractUnits) trajectory = NULL;
  g_autoptr (RefractUnits) kld = NULL;
  g_autoptr (RefractUnits) rniah = NULL;
  g_auto (GStrv) keys = NULL;
  g_auto (GStrv) chunk_keys = NULL;
  g_auto (GStrv) cell_keys = NULL;
  g_auto (GStrv) no_keys = NULL;

  trajectory = refract_report_dup_units (report, REFRACT_AXIS_TRAJECTORY, &keys);
  g_assert_cmpuint (trajectory->n, ==, N_PROMPTS);
  g_assert_cmpfloat (refract_units_score (trajectory), ==, 80);
  g_assert_cmpstr (keys[11], ==, "p11");
  kld = refract_report_dup_units (report, REFRACT_AXIS_KLD, &chunk_keys);
  g_assert_cmpfloat_with_epsilon (refract_units_score (kld), 100 * exp (-0.01), 1e-9);
  rniah = refract_report_dup_units (report, REFRACT_AXIS_RNIAH, &cell_keys);
  g_assert_cmpuint (rniah->n, ==, 2);
  g_assert_cmpfloat (refract_units_score (rniah), ==, 50);
  g_assert_null (refract_report_dup_units (report, REFRACT_AXIS_PLAD, &no_keys));
}

static void
test_compare (void)
{
  g_autoptr (RefractReport) a = make_report ("m", "ctk=q8_0,ctv=q8_0", "1", "0.3.2", 90, 0.001);
  g_autoptr (RefractReport) b = make_report ("m", "ctk=q4_0,ctv=q4_0", "1", "0.3.2", 40, 0.1);
  g_autoptr (RefractComparison) comparison = compare (a, b);
  g_autofree char *markdown = refract_comparison_to_markdown (comparison);

  g_assert_cmpstr (comparison->names[0], ==, "K q8_0 / V q8_0");
  g_assert_cmpuint (comparison->warnings->len, ==, 0);
  g_assert_true (get_cell (comparison->metrics, 0, 1)->best);
  g_assert_cmpfloat (get_cell (comparison->differences, 0, 2)->value, ==, -50);
  g_assert_nonnull (strstr (get_cell (comparison->differences, 0, 2)->text, "lower"));
  g_assert_cmpfloat (get_cell (comparison->prompts, 3, 2)->value, ==, 40);
  g_assert_null (comparison->items);
  g_assert_nonnull (strstr (markdown, "| Composite | **90.00** | 40.00 |"));
}

static void
test_warnings (void)
{
  g_autoptr (RefractReport) a = make_report ("m", "ctk=q8_0,ctv=q8_0", "b1", "0.2.0", 90, 0.001);
  g_autoptr (RefractReport) b = make_report ("n", "ctk=q8_0,ctv=q8_0", "b2", "0.3.2", 90, 0.001);
  g_autoptr (RefractComparison) comparison = compare (a, b);

  g_assert_true (has_warning (comparison, "(0.2.0, 0.3.2): 0.3.0 changed"));
  g_assert_true (has_warning (comparison, "model file differs"));
  g_assert_true (has_warning (comparison, "build of the engine differs (b1, b2)"));
  g_assert_cmpuint (comparison->warnings->len, ==, 3);
  g_assert_cmpstr (comparison->names[1], ==, "n, b2");
}

/* What reports of the bundled model say on the engines, at settings of about 8 bits. */
static const struct
{
  const char *engine, *version, *build, *reference, *candidate, *fingerprint, *weights, *precision;
  guint slots;
} engine_reports[] = {
  { "llama.cpp", "0.7.0 (b11669)", "11669", "ctk=f16,ctv=f16", "ctk=q8_0,ctv=q8_0", "77077cae",
    "F16", "16-bit log-probabilities", 20 },
  { "MLX", "0.32.4 (mlx-lm 0.32.2)", "", "bits=16", "bits=8,group=64", "4a31a0e7", "float16",
    "32-bit log-probabilities", 1 },
  { "vLLM", "0.32.0", "", "kv=auto", "kv=fp8", "4a31a0e7", "float16", "32-bit log-probabilities",
    20 },
};

static RefractReport *
make_engine_report (guint i, guint reference_bytes, guint n_vocab, const char *corpus)
{
  g_autoptr (GError) error = NULL;
  RefractReport *report;
  g_autofree char *text = g_strdup_printf (
      "{\"schema\": \"refract.report.v0.3.1\", \"framework_version\": \"0.3.2\", \"model\": \"m\","
      "\"reference\": \"%s\", \"candidate\": \"%s\", \"composite\": 90, \"axes\": {\"kld\": "
      "{\"score\": 90}}, \"extension\": {\"version\": 1, \"engine\": {\"name\": \"%s\", "
      "\"version\": \"%s\", \"build\": \"%s\"}, \"model\": {\"fingerprint\": \"%s\", "
      "\"quantization\": \"%s\", \"n_layers\": 3, \"n_kv_layers\": 3, \"n_kv_heads\": 2, "
      "\"head_dim_k\": 128, \"head_dim_v\": 128, \"n_vocab\": %u}, \"reference_kv\": "
      "{\"bytes_per_token\": %u}, \"slots\": {\"n\": %u}, \"inputs\": {\"prompts\": "
      "{\"sha256\": \"aa\"}, \"corpus\": {\"sha256\": \"%s\"}}, \"plan\": {\"prompt_mode\": "
      "\"raw\", \"ctx\": [512], \"chunks\": 8}, \"axes\": {\"kld\": {\"precision\": \"%s\", "
      "\"phase\": \"prefill\"}}}}",
      engine_reports[i].reference, engine_reports[i].candidate, engine_reports[i].engine,
      engine_reports[i].version, engine_reports[i].build, engine_reports[i].fingerprint,
      engine_reports[i].weights, n_vocab, reference_bytes, engine_reports[i].slots, corpus,
      engine_reports[i].precision);

  report = refract_report_new_from_text (text, strlen (text), &error);
  g_assert_no_error (error);
  return report;
}

static void
assert_warnings (RefractReport *a, RefractReport *b, const char *const *wanted)
{
  g_autoptr (RefractComparison) comparison = compare (a, b);
  guint i;

  for (i = 0; i < comparison->warnings->len; i++)
    g_test_message ("%s", (char *) comparison->warnings->pdata[i]);
  for (i = 0; wanted[i] != NULL; i++)
    g_assert_true (has_warning (comparison, wanted[i]));
  g_assert_cmpuint (comparison->warnings->len, ==, i);
}

/* What two engines do differently, and nothing that only sounds so. */
static void
test_two_engines (void)
{
  static const char *const file_and_folder[]
      = { "GGUF file here (weights F16) and a folder there (float16)",
          "precision of KLD differs (16-bit log-probabilities, 32-bit log-probabilities)",
          "engine differs (llama.cpp, MLX)", NULL };
  static const char *const two_folders[] = { "engine differs (MLX, vLLM)", NULL };
  static const char *const others[]
      = { "reference configuration differs (bits=16, kv=auto)", "corpus differs (bb, cc)",
          "engine differs (MLX, vLLM)", NULL };
  static const char *const other_model[]
      = { "this ranks how models bear", "precision of KLD", "engine differs", NULL };
  g_autoptr (RefractReport) llamacpp = make_engine_report (0, 1536, 1536, "bb");
  g_autoptr (RefractReport) mlx = make_engine_report (1, 1536, 1536, "bb");
  g_autoptr (RefractReport) vllm = make_engine_report (2, 1536, 1536, "bb");
  g_autoptr (RefractReport) wide = make_engine_report (2, 3072, 1536, "cc");
  g_autoptr (RefractReport) larger = make_engine_report (1, 1536, 32000, "bb");
  g_autoptr (RefractComparison) comparison = compare (llamacpp, mlx);

  g_assert_true (g_str_has_suffix (comparison->names[0], "K q8_0 / V q8_0, llama.cpp"));
  g_assert_true (g_str_has_suffix (comparison->names[1], ", MLX"));
  assert_warnings (llamacpp, mlx, file_and_folder);
  assert_warnings (
      mlx, llamacpp,
      (const char *[]) { file_and_folder[0], "precision of KLD", "(MLX, llama.cpp)", NULL });
  assert_warnings (mlx, vllm, two_folders);
  assert_warnings (mlx, wide, others);
  assert_warnings (llamacpp, larger, other_model);
}

static void
test_regression (void)
{
  g_autoptr (RefractReport) a = make_report ("m", "ctk=q8_0,ctv=q8_0", "b1", "0.3.2", 100, 0.001);
  g_autoptr (RefractReport) same
      = make_report ("m", "ctk=q8_0,ctv=q8_0", "b2", "0.3.2", 100, 0.001);
  g_autoptr (RefractReport) worse = make_report ("m", "ctk=q8_0,ctv=q8_0", "b2", "0.3.2", 1, 0.01);
  g_autoptr (RefractComparison) equal = compare (a, same);
  g_autoptr (RefractComparison) different = compare (a, worse);

  g_assert_nonnull (equal->items);
  g_assert_cmpuint (equal->items->rows->len, ==, 0);
  g_assert_cmpuint (different->items->rows->len, ==, 2 * N_PROMPTS);
  g_assert_cmpstr (get_cell (different->items, 0, 0)->text, ==, "Prompt p0");
  g_assert_cmpstr (get_cell (different->items, N_PROMPTS, 0)->text, ==, "Chunk 1");
}

static void
test_too_few (void)
{
  g_autoptr (GPtrArray) reports = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;

  g_assert_null (refract_comparison_new (reports, &error));
  g_assert_nonnull (error);
}

static void
test_leaderboard (void)
{
  g_autoptr (GPtrArray) reports = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (RefractLeaderboard) all = NULL;
  g_autoptr (RefractLeaderboard) recent = NULL;
  RefractLeaderboardOptions options = { REFRACT_LEADERBOARD_MODELS };
  g_autofree char *html = NULL;

  g_ptr_array_add (reports, make_report ("a", "ctk=q8_0,ctv=q8_0", "1", "0.3.2", 70, 0.1));
  g_ptr_array_add (reports, make_report ("b", "ctk=q8_0,ctv=q8_0", "1", "0.3.2", 90, 0.1));
  g_ptr_array_add (reports, make_report ("b", "ctk=q8_0,ctv=q8_0", "1", "0.3.2", 95, 0.1));
  g_ptr_array_add (reports, make_report ("c", "ctk=q4_0,ctv=q4_0", "1", "0.2.0", 50, 0.1));
  g_ptr_array_add (reports, make_report ("d", "ctk=q4_0,ctv=q4_0", "1", "0.1.3", 99, 0.1));

  all = refract_leaderboard_new (reports, &options);
  g_assert_cmpuint (all->tables->len, ==, 2);
  g_assert_cmpuint (((RefractTable *) all->tables->pdata[0])->rows->len, ==, 2);
  /* The newer of two of b: 95 is of the sixth, 90 of the first. */
  g_assert_cmpstr (get_cell (all->tables->pdata[0], 0, 1)->text, ==, "b");
  g_assert_cmpfloat (get_cell (all->tables->pdata[0], 0, 2)->value, ==, 95);
  g_assert_cmpuint (all->notes->len, ==, 2);
  html = refract_leaderboard_to_html (all);
  g_assert_nonnull (strstr (html, "is not a ranking of models"));

  options.version = "0.3";
  recent = refract_leaderboard_new (reports, &options);
  g_assert_cmpuint (recent->tables->len, ==, 1);
}

static void
test_markdown (void)
{
  g_autoptr (RefractReport) report
      = make_report ("<b>m*", "ctk=q8_0,ctv=q4_0", "b7", "0.3.2", 86, 0.01);
  g_autofree char *markdown = refract_markdown_from_report (report);
  g_autofree char *citation = refract_markdown_dup_citation (report);
  g_autofree char *index = refract_markdown_model_index (report);

  g_assert_null (strstr (markdown, "<b>"));
  g_assert_nonnull (strstr (markdown, "| Composite | 86.00 |"));
  g_assert_cmpstr (citation, ==,
                   "<b>m*: 86.00 PASS, candidate K q8_0 / V q4_0, REFRACT 0.3.2, llama.cpp b7");
  g_assert_nonnull (strstr (index, "value: 86.00"));
}

static void
test_badge (void)
{
  g_autoptr (RefractReport) report = make_report ("m", "ctk=q8_0,ctv=q4_0", "1", "0.3.2", 86, 0.01);
  g_autofree char *text = refract_badge_dup_text (report);
  g_autofree char *line = refract_badge_to_markdown (report);
  g_autofree char *svg = refract_badge_to_svg (report);

  g_assert_cmpstr (text, ==, "PASS 86.0 · K q8_0 / V q4_0 · wiki.raw · 512 tokens");
  g_assert_nonnull (strstr (line, "https://img.shields.io/badge/"));
  g_assert_nonnull (strstr (line, "q8__0"));
  g_assert_nonnull (strstr (svg, text));
}

static void
test_csv (void)
{
  g_autoptr (RefractReport) report = make_report ("m", "ctk=q8_0,ctv=q4_0", "1", "0.3.2", 86, 0.01);
  g_autofree char *csv = refract_csv_from_report (report);

  g_assert_true (g_str_has_prefix (csv, "axis,item,index,key,second_key,name,value\r\n"));
  g_assert_nonnull (strstr (csv, "trajectory,prompt,3,p3,,first_divergence,86\r\n"));
  g_assert_nonnull (strstr (csv, "kld,chunk,11,,,mean_kld,0.01\r\n"));
  g_assert_nonnull (strstr (csv, "rniah,cell,0,512,0.10000000000000001,cand_hits,1\r\n"));
}

static GPtrArray *
make_run (guint prefix)
{
  GPtrArray *reports = g_ptr_array_new_with_free_func (g_object_unref);

  g_ptr_array_add (reports, make_report ("m", "ctk=q8_0,ctv=q8_0", "1", "0.3.2", prefix, 0.01));
  return reports;
}

static void
test_repeatability (void)
{
  g_autoptr (GPtrArray) runs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  g_autoptr (GPtrArray) candidates = NULL;
  const RefractRepeatability *spread;
  g_autofree char *sentence = NULL;

  g_ptr_array_add (runs, make_run (80));
  g_ptr_array_add (runs, make_run (84));
  g_ptr_array_add (runs, make_run (82));
  candidates = refract_repeatability_new (runs);
  g_assert_cmpuint (candidates->len, ==, 1);
  spread = candidates->pdata[0];
  g_assert_cmpfloat (spread->composite.mean, ==, 82);
  g_assert_cmpfloat_with_epsilon (spread->composite.sd, 2, 1e-12);
  g_assert_cmpfloat (spread->composite.low, ==, 80);
  g_assert_cmpfloat (spread->composite.high, ==, 84);
  g_assert_cmpint (spread->stability, ==, REFRACT_NOISY);
  g_assert_cmpfloat (spread->axes[REFRACT_AXIS_RNIAH].sd, ==, 0);
  g_assert_cmpuint (spread->axes[REFRACT_AXIS_PLAD].n, ==, 0);
  sentence = refract_repeatability_dup_sentence (spread);
  g_assert_nonnull (strstr (sentence, "is noisy"));
}

static RefractReport *
make_planned_with (const char *plan, const char *engine, const char *inputs)
{
  g_autofree char *text = g_strdup_printf (
      "{\"schema\": \"refract.report.v0.3.1\", \"candidate\": \"ctk=q8_0,ctv=q8_0\", "
      "\"composite\": "
      "90, \"axes\": {}, \"extension\": {\"interval\": {\"low\": 89, \"high\": 91}, \"plan\": %s, "
      "\"inputs\": "
      "%s, \"model\": "
      "{\"fingerprint\": \"ab\"}, \"engine\": {\"name\": \"e\", \"version\": \"%s\"}}}",
      plan, inputs, engine);
  g_autoptr (GError) error = NULL;
  RefractReport *report = refract_report_new_from_text (text, strlen (text), &error);

  g_assert_no_error (error);
  return report;
}

static RefractReport *
make_planned (const char *plan, const char *engine)
{
  return make_planned_with (plan, engine, "{}");
}

/* A report of a plan with that needle; @redacted: with no more than its fingerprint. */
static RefractReport *
make_hidden (const char *needle, gboolean redacted)
{
  g_autofree char *sha256 = g_compute_checksum_for_string (G_CHECKSUM_SHA256, needle, -1);
  g_autofree char *plan
      = g_strdup_printf ("{\"n\": 1, \"rniah_needle\": \"%s\"}", redacted ? "(redacted)" : needle);
  g_autofree char *inputs = g_strdup_printf ("{\"needle\": {\"sha256\": \"%s\"}}", sha256);

  return make_planned_with (plan, "1", redacted ? inputs : "{}");
}

/* The store of one's own reports and that of redacted ones is the same. */
static void
test_repeatability_redacted (void)
{
  g_autoptr (RefractReport) report = make_hidden ("A is rare.", FALSE);
  g_autoptr (RefractReport) redacted = make_hidden ("A is rare.", TRUE);
  g_autoptr (RefractReport) other = make_hidden ("B is rare.", TRUE);
  g_autoptr (GPtrArray) runs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  g_autoptr (GPtrArray) candidates = NULL;
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (runs, make_run (80));
  candidates = refract_repeatability_new (runs);
  g_assert_true (refract_repeatability_store (candidates, report, &error));
  g_assert_no_error (error);
  g_assert_true (refract_repeatability_exists (report));
  g_assert_true (refract_repeatability_exists (redacted));
  g_assert_false (refract_repeatability_exists (other));
}

/* What is stored is found by every report of the same plan, model and engine, and by no other. */
static void
test_repeatability_store (void)
{
  g_autoptr (RefractReport) report = make_planned ("{\"n\": 1}", "1");
  g_autoptr (RefractReport) same = make_planned ("{\"n\": 1}", "1");
  g_autoptr (RefractReport) other_plan = make_planned ("{\"n\": 2}", "1");
  g_autoptr (RefractReport) other_engine = make_planned ("{\"n\": 1}", "2");
  g_autoptr (RefractReport) old = make_report ("m", "ctk=q8_0,ctv=q8_0", "1", "0.3.2", 80, 0.01);
  g_autoptr (GPtrArray) runs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  g_autoptr (GPtrArray) candidates = NULL;
  g_autoptr (GPtrArray) found = NULL;
  g_autoptr (JsonObject) written = NULL;
  g_autoptr (JsonObject) read = NULL;
  g_autofree char *written_text = NULL;
  g_autofree char *read_text = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2; i++)
    {
      GPtrArray *run = g_ptr_array_new_with_free_func (g_object_unref);

      g_ptr_array_add (run, g_object_ref (report));
      g_ptr_array_add (runs, run);
    }
  candidates = refract_repeatability_new (runs);
  g_assert_false (refract_repeatability_exists (report));
  g_assert_null (refract_repeatability_find (report, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
  g_clear_error (&error);

  g_assert_true (refract_repeatability_store (candidates, report, &error));
  g_assert_no_error (error);
  g_assert_true (refract_repeatability_exists (same));
  g_assert_false (refract_repeatability_exists (other_plan));
  g_assert_false (refract_repeatability_exists (other_engine));
  g_assert_false (refract_repeatability_exists (old));
  g_assert_null (refract_repeatability_find (old, NULL));

  found = refract_repeatability_find (same, &error);
  g_assert_no_error (error);
  written = refract_repeatability_to_json (candidates);
  read = refract_repeatability_to_json (found);
  written_text = refract_json_to_text (written, TRUE);
  read_text = refract_json_to_text (read, TRUE);
  g_assert_cmpstr (read_text, ==, written_text);
  g_assert_nonnull (strstr (read_text, "\"fits_interval\" : true"));
}

static void
test_pruned (void)
{
  static const char *const pruned[] = { "long", NULL };
  static const char text[]
      = "{\"long\": [1, NaN, {\"long\": [2]}], \"other\": [NaN, 1], \"x\": {\"long\": 3}}";
  g_autofree char *strict = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  g_assert_true (refract_json_scan_pruned (text, strlen (text), pruned, &strict, &length, &error));
  g_assert_no_error (error);
  g_assert_cmpstr (strict, ==, "{\"long\": [], \"other\": [null, 1], \"x\": {\"long\": 3}}");

  g_clear_pointer (&strict, g_free);
  /* What is left out is checked all the same. */
  g_assert_false (
      refract_json_scan_pruned ("{\"long\": [1,]}", 14, pruned, &strict, &length, &error));
  g_assert_nonnull (error);
}

/* What the check of repeatability has stored below @folder, and the folders of it. */
static void
remove_stored (const char *folder)
{
  g_autofree char *refract = g_build_filename (folder, "refract", NULL);
  g_autofree char *stored = g_build_filename (refract, "repeatability", NULL);
  g_autoptr (GDir) dir = g_dir_open (stored, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (stored, name, NULL);

      g_unlink (path);
    }
  g_rmdir (stored);
  g_rmdir (refract);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_autofree char *folder = g_dir_make_tmp ("refract-export-XXXXXX", NULL);
  int status;

  g_assert_nonnull (folder);
  g_setenv ("XDG_DATA_HOME", folder, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/export/table", test_table);
  g_test_add_func ("/export/markdown-text", test_markdown_text);
  g_test_add_func ("/export/best", test_best);
  g_test_add_func ("/export/units", test_units);
  g_test_add_func ("/export/compare", test_compare);
  g_test_add_func ("/export/warnings", test_warnings);
  g_test_add_func ("/export/two-engines", test_two_engines);
  g_test_add_func ("/export/regression", test_regression);
  g_test_add_func ("/export/too-few", test_too_few);
  g_test_add_func ("/export/leaderboard", test_leaderboard);
  g_test_add_func ("/export/markdown", test_markdown);
  g_test_add_func ("/export/badge", test_badge);
  g_test_add_func ("/export/csv", test_csv);
  g_test_add_func ("/export/repeatability", test_repeatability);
  g_test_add_func ("/export/repeatability-store", test_repeatability_store);
  g_test_add_func ("/export/repeatability-redacted", test_repeatability_redacted);
  g_test_add_func ("/export/pruned", test_pruned);
  status = g_test_run ();
  remove_stored (folder);
  return status;
}
