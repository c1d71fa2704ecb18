/* test-html.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "../data-fixture.h"
#include "core/refract-json.h"
#include "export/refract-html-page.h"
#include "export/refract-html.h"

/* Of as many reports as are given, up to NULL. */
static char *
make_page (RefractReport *first, RefractReport *second)
{
  g_autoptr (GPtrArray) reports = g_ptr_array_new ();

  g_ptr_array_add (reports, first);
  if (second != NULL)
    g_ptr_array_add (reports, second);
  return refract_html_from_reports (reports);
}

static guint
count (const char *page, const char *text)
{
  guint n = 0;

  for (const char *found = strstr (page, text); found != NULL; found = strstr (found + 1, text))
    n++;
  return n;
}

/* What stands at the @index-th place where the page carries a report, unpacked. */
static char *
unpack (const char *page, guint index)
{
  g_autofree char *start = g_strdup_printf ("id=\"json%u\">", index);
  const char *found = strstr (page, start);
  g_autofree char *base64 = NULL;
  g_autofree guchar *packed = NULL;
  gsize length;
  g_autoptr (GConverter) unpacker
      = G_CONVERTER (g_zlib_decompressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP));
  g_autoptr (GInputStream) memory = NULL;
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GOutputStream) result = g_memory_output_stream_new_resizable ();
  g_autoptr (GError) error = NULL;

  g_assert_nonnull (found);
  found += strlen (start);
  base64 = g_strndup (found, strcspn (found, "<"));
  packed = g_base64_decode (base64, &length);
  memory = g_memory_input_stream_new_from_data (packed, (gssize) length, NULL);
  stream = g_converter_input_stream_new (memory, unpacker);
  g_output_stream_splice (result, stream, G_OUTPUT_STREAM_SPLICE_NONE, NULL, &error);
  g_assert_no_error (error);
  g_output_stream_write_all (result, "", 1, NULL, NULL, &error);
  g_output_stream_close (result, NULL, &error);
  g_assert_no_error (error);
  return g_memory_output_stream_steal_data (G_MEMORY_OUTPUT_STREAM (result));
}

static void
assert_carries (const char *page, guint index, RefractReport *report)
{
  g_autofree char *expected = refract_json_to_text (refract_report_get_root (report), FALSE);
  g_autofree char *text = unpack (page, index);

  g_assert_cmpstr (text, ==, expected);
}

static void
test_full (void)
{
  g_autoptr (RefractReport) report = load_report ("full-demo-q4_0.refract.json");
  g_autofree char *page = make_page (report, NULL);

  g_assert_cmpuint (strlen (page), <=, 400000);
  g_assert_cmpuint (count (page, "<h1>"), ==, 1);
  g_assert_cmpuint (count (page, "<figure"), >=, 9);
  g_assert_cmpuint (count (page, "Trajectory</h2>"), ==, 1);
  g_assert_cmpuint (count (page, "R-NIAH</h2>"), ==, 1);
  g_assert_cmpuint (count (page, "All candidates of the run</h2>"), ==, 1);
  g_assert_nonnull (strstr (page, "of 30 answers identical"));
  /* What the run recommends is another candidate. */
  g_assert_nonnull (strstr (page, "<p class=\"lead\">Material quality loss. Treat as broken.</p>"));
  g_assert_nonnull (strstr (page, "Of the whole run: Ship K q8_0 / V q8_0"));
  g_assert_null (strstr (page, "src="));
  g_assert_null (strstr (page, "style=\""));
  assert_carries (page, 0, report);
}

static void
test_several (void)
{
  g_autoptr (RefractReport) report = load_report ("full-demo-q4_0.refract.json");
  g_autoptr (RefractReport) legacy = load_report ("legacy-v0.3.1-gemma26b.json");
  g_autofree char *page = make_page (report, legacy);

  g_assert_cmpuint (count (page, "<details class=\"candidate\""), ==, 2);
  g_assert_cmpuint (count (page, "<h1>"), ==, 1);
  g_assert_cmpuint (count (page, "Trajectory</h4>"), ==, 2);
  g_assert_nonnull (strstr (page, "<summary>Answers that part: "));
  assert_carries (page, 0, report);
  assert_carries (page, 1, legacy);
}

static void
test_legacy (void)
{
  g_autoptr (RefractReport) report = load_report ("legacy-v0.3.1-gemma26b.json");
  g_autofree char *page = make_page (report, NULL);

  g_assert_cmpuint (strlen (page), <=, 150000);
  g_assert_nonnull (strstr (page, "gemma-4-26B-A4B-it-Q8_0"));
  g_assert_nonnull (strstr (page, "Material quality loss."));
  g_assert_nonnull (strstr (page, "17.3 FAIL"));
  g_assert_nonnull (strstr (page, "does not apply"));
  g_assert_null (strstr (page, "All candidates of the run"));
  assert_carries (page, 0, report);
}

/* A report may lack nearly everything. */
static void
test_bare (void)
{
  g_autoptr (RefractReport) report
      = parse_report ("{\"schema\": \"refract.report.v0.1\", \"composite\": null, \"axes\": {}}");
  g_autoptr (RefractReport) skipped = parse_report (
      "{\"schema\": \"refract.report.v0.3.1\", \"composite\": 50, \"diagnosis\": [], \"axes\": "
      "{\"kld\": {\"skipped\": true, \"score\": null, \"band\": \"skipped\"}}, \"extension\": "
      "{\"ranking\": [], \"failed\": [], \"findings\": [], \"axes\": {\"kld\": "
      "{\"skip_reason\": \"No corpus.\"}}}}");
  g_autofree char *page = make_page (report, NULL);
  g_autofree char *other = make_page (skipped, NULL);

  g_assert_nonnull (strstr (page, "</html>"));
  g_assert_nonnull (strstr (page, "Not in this report."));
  g_assert_nonnull (strstr (other, "No corpus."));
  assert_carries (page, 0, report);
}

static void
test_hostile (void)
{
  g_autoptr (RefractReport) report = parse_report (
      "{\"schema\": \"refract.report.v0.3.1\", \"model\": \"</title><svg/onload=x>.gguf\", "
      "\"timestamp\": \"\\\"><img src=x>\", \"repro_command\": \"</pre><img src=x>\", "
      "\"candidate\": \"<img src=x>\", \"composite\": 50, \"summary\": \"<img src=x>\", "
      "\"diagnosis\": [\"<img src=x>\"], \"axes\": {\"gtm\": {\"score\": 10, \"per_prompt\": "
      "[{\"id\": \"<img src=x>\", \"prompt\": \"</script><img src=x onerror=alert(1)>]]>&\\u0001"
      "\\u001b\\u202e\", \"first_divergence\": 1}]}}, \"extension\": {\"run_id\": \"a-<img "
      "src=x>\", "
      "\"recommendation\": {\"sentence\": \"<img src=x>\"}, \"axes\": {\"trajectory\": "
      "{\"per_prompt\": [{\"ref_text\": \"same <img src=x>\", \"cand_text\": \"same "
      "<script>\"}]}}}}");
  g_autofree char *page = make_page (report, NULL);

  g_assert_null (strstr (page, "<img"));
  g_assert_null (strstr (page, "<svg/"));
  g_assert_cmpuint (count (page, "<script"), ==, 2);
  g_assert_cmpuint (count (page, "</script"), ==, 2);
  g_assert_cmpuint (count (page, "</title"), ==, count (page, "<title"));
  g_assert_nonnull (strstr (page, "&lt;img src=x onerror=alert(1)&gt;]]&gt;&amp;"));
  g_assert_nonnull (strstr (page, "␁␛‹U+202E›"));
  for (const char *c = page; *c != '\0'; c++)
    g_assert_true ((guchar) *c >= ' ' || strchr ("\n\t", *c) != NULL);
  g_assert_true (g_utf8_validate (page, -1, NULL));
  assert_carries (page, 0, report);
}

/* The policy names what is inline by its hash, and allows nothing else. */
static void
test_policy (void)
{
  g_autofree char *page = refract_html_page_new ("<t>", "<p>x</p>\n");
  const char *style = strstr (page, "<style>") + strlen ("<style>");
  g_autofree char *text = g_strndup (style, (gsize) (strstr (style, "</style>") - style));
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize length = sizeof digest;
  g_autofree char *base64 = NULL;
  g_autofree char *source = NULL;

  g_checksum_update (checksum, (const guchar *) text, -1);
  g_checksum_get_digest (checksum, digest, &length);
  base64 = g_base64_encode (digest, length);
  source
      = g_strdup_printf ("default-src 'none'; style-src 'sha256-%s'; script-src 'sha256-", base64);
  g_assert_nonnull (strstr (page, source));
  g_assert_null (strstr (page, "unsafe"));
  g_assert_nonnull (strstr (page, "<title>&lt;t&gt;</title>"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/html/full", test_full);
  g_test_add_func ("/html/several", test_several);
  g_test_add_func ("/html/legacy", test_legacy);
  g_test_add_func ("/html/bare", test_bare);
  g_test_add_func ("/html/hostile", test_hostile);
  g_test_add_func ("/html/policy", test_policy);
  return g_test_run ();
}
