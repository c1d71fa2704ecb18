/* test-report.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gstdio.h>

#include "../data-fixture.h"
#include "core/refract-error.h"
#include "fake-run.h"
#include "report/refract-diagnosis.h"
#include "report/refract-report.h"

#define HOME "/home/tester"

static RefractRun *
full_run (void)
{
  static const double floor[] = { 99, 99.99, NAN, NAN };
  RefractRun *run = fake_run ();
  RefractConfigResult *control;

  fake_add (run, "ctk=q8_0,ctv=q8_0", 98, 99.9, 100, 97);
  fake_add (run, "ctk=q4_0,ctv=q4_0", 60, 80, 90, 70);
  control = fake_add (run, "ctk=q4_0,ctv=q4_0,attn_rot_disable=1", 20, 30, 50, 40);
  control->is_control = TRUE;
  run->floor = fake_result ("ctk=f16,ctv=f16", floor);
  return run;
}

static JsonObject *
to_json (const RefractRun *run, guint candidate, gboolean redact)
{
  g_autoptr (RefractReport) report
      = refract_report_new (run, g_ptr_array_index (run->candidates, candidate), redact);

  return json_object_ref (refract_report_get_root (report));
}

static char *
to_text (const RefractRun *run, guint candidate, gboolean redact)
{
  g_autoptr (JsonObject) root = to_json (run, candidate, redact);

  return refract_json_to_text (root, TRUE);
}

static JsonObject *
load_legacy (void)
{
  g_autoptr (RefractReport) report = load_report ("legacy-v0.3.1-gemma26b.json");

  return json_object_ref (refract_report_get_root (report));
}

static const char *
kind_of (JsonNode *node)
{
  GType type;

  if (JSON_NODE_HOLDS_OBJECT (node))
    return "object";
  if (JSON_NODE_HOLDS_ARRAY (node))
    return "array";
  if (JSON_NODE_HOLDS_NULL (node))
    return "null";
  type = json_node_get_value_type (node);
  return type == G_TYPE_STRING ? "string" : type == G_TYPE_BOOLEAN ? "boolean" : "number";
}

/* Every member of @old is in @new, in the same order and of the same type. */
static void
assert_superset (JsonObject *old, JsonObject *new, const char *path)
{
  g_autoptr (GList) names = json_object_get_members (old);
  g_autoptr (GList) new_names = json_object_get_members (new);
  GList *at = new_names;

  for (GList *l = names; l != NULL; l = l->next)
    {
      g_autofree char *here = g_strconcat (path, ".", l->data, NULL);
      JsonNode *a = json_object_get_member (old, l->data);
      JsonNode *b = json_object_get_member (new, l->data);

      if (b == NULL)
        g_error ("%s is missing", here);
      while (at != NULL && !g_str_equal (at->data, l->data))
        at = at->next;
      if (at == NULL)
        g_error ("%s is out of order", here);
      if (!JSON_NODE_HOLDS_NULL (a) && !g_str_equal (kind_of (a), kind_of (b)))
        g_error ("%s was a %s and is a %s", here, kind_of (a), kind_of (b));
      if (JSON_NODE_HOLDS_OBJECT (a))
        assert_superset (json_node_get_object (a), json_node_get_object (b), here);
      if (JSON_NODE_HOLDS_ARRAY (a) && json_array_get_length (json_node_get_array (a)) > 0)
        {
          JsonNode *first = json_array_get_element (json_node_get_array (a), 0);
          JsonArray *array = json_node_get_array (b);

          if (json_array_get_length (array) == 0)
            continue;
          g_assert_cmpstr (kind_of (first), ==, kind_of (json_array_get_element (array, 0)));
          if (JSON_NODE_HOLDS_OBJECT (first))
            assert_superset (json_node_get_object (first), json_array_get_object_element (array, 0),
                             here);
        }
    }
}

static void
test_layout (void)
{
  g_autoptr (RefractRun) run = full_run ();
  g_autoptr (JsonObject) legacy = load_legacy ();
  g_autoptr (JsonObject) root = to_json (run, 1, FALSE);
  JsonObject *detail = refract_json_get_object (root, "composite_detail");

  assert_superset (legacy, root, "");
  g_assert_cmpstr (refract_json_get_string (root, "schema", NULL), ==, "refract.report.v0.3.1");
  g_assert_cmpstr (refract_json_get_string (root, "framework_version", NULL), ==, "0.3.2");
  g_assert_cmpstr (refract_json_get_string (root, "timestamp", NULL), ==, "2026-01-02T03:04:05");
  g_assert_cmpstr (refract_json_get_string (root, "model", NULL), ==, "model.gguf");
  g_assert_cmpstr (refract_json_get_string (root, "candidate", NULL), ==, "ctk=q4_0,ctv=q4_0");
  g_assert_cmpstr (refract_json_get_string (root, "band", NULL), ==, "DEGRADED");
  g_assert_cmpfloat (refract_json_get_double (detail, "floor_score", 0), <, 99.5);
  g_assert_false (refract_json_get_boolean (detail, "floor_ok", TRUE));
  g_assert_cmpfloat (refract_json_get_double (detail, "gtm_score", 0), ==, 60);
}

static void
test_extension (void)
{
  g_autoptr (RefractRun) run = full_run ();
  g_autoptr (JsonObject) root = to_json (run, 1, FALSE);
  JsonObject *extension = refract_json_get_object (root, "extension");
  JsonObject *kv = refract_json_get_object (extension, "kv");
  JsonObject *floor = refract_json_get_object (extension, "floor");
  JsonObject *weakest = refract_json_get_object (extension, "weakest_axis");
  JsonArray *ranking = refract_json_get_array (extension, "ranking");
  JsonArray *findings = refract_json_get_array (extension, "findings");
  JsonArray *diagnosis = refract_json_get_array (root, "diagnosis");
  JsonObject *plan = refract_json_get_object (extension, "plan");
  JsonObject *trajectory
      = refract_json_get_object (refract_json_get_object (extension, "axes"), "trajectory");

  g_assert_cmpint (refract_json_get_int (extension, "version", 0), ==, 1);
  g_assert_cmpstr (refract_json_get_string (extension, "run_id", NULL), ==, "20260101-000000-abcd");
  g_assert_cmpstr (refract_json_get_string (weakest, "title", NULL), ==, "Trajectory");
  g_assert_cmpstr (
      refract_json_get_string (refract_json_get_object (extension, "ship"), "rule", ""), ==,
      "audit");
  g_assert_cmpuint (json_array_get_length (ranking), ==, 2);
  g_assert_cmpstr (
      refract_json_get_string (json_array_get_object_element (ranking, 0), "candidate", NULL), ==,
      "ctk=q8_0,ctv=q8_0");
  g_assert_cmpstr (
      refract_json_get_string (refract_json_get_object (extension, "control"), "label", NULL), ==,
      "K q4_0 / V q4_0 (rotation off)");
  g_assert_cmpfloat_with_epsilon (refract_json_get_double (kv, "saving", 0), 1 - 4.5 / 16, 1e-9);
  g_assert_cmpstr (refract_json_get_string (kv, "bytes_source", NULL), ==, "computed");
  g_assert_cmpint (refract_json_get_int (floor, "divergent_prompts", -1), ==, 0);
  g_assert_cmpfloat (refract_json_get_double (floor, "mean_kld", 0), >, 0);
  g_assert_cmpuint (json_array_get_length (findings), ==, json_array_get_length (diagnosis));
  g_assert_cmpuint (json_array_get_length (findings), >, 1);
  g_assert_cmpint (
      refract_json_get_int (refract_json_get_object (trajectory, "interval"), "n_units", 0), ==,
      FAKE_UNITS);
  g_assert_cmpstr (refract_json_get_string (trajectory, "prompt_mode", NULL), ==, "raw");
  g_assert_cmpstr (refract_json_get_string (plan, "model", NULL), ==, "model.gguf");
  g_assert_cmpint (refract_json_get_int (plan, "n_predict", 0), ==, 128);
  g_assert_cmpint (
      refract_json_get_int (refract_json_get_object (extension, "model"), "head_dim_k", 0), >, 0);
}

static void
test_skipped_and_not_proved (void)
{
  g_autoptr (RefractRun) run = fake_run ();
  RefractConfigResult *result = fake_add (run, "ctk=q8_0,ctv=q8_0", 98, NAN, NAN, NAN);
  RefractConfigResult *failed = fake_add (run, "ctk=q4_1,ctv=q4_1", NAN, NAN, NAN, NAN);
  g_autoptr (JsonObject) root = NULL;
  JsonObject *extension, *axis, *row;

  result->axes[REFRACT_AXIS_RNIAH]
      = refract_axis_result_new_skipped (REFRACT_AXIS_RNIAH, "Every cell is too long.");
  result->not_proved = TRUE;
  result->has_composite = FALSE;
  failed->error = g_error_new_literal (REFRACT_ERROR, REFRACT_ERROR_ENGINE, "It went away.");

  root = to_json (run, 0, FALSE);
  extension = refract_json_get_object (root, "extension");
  g_assert_true (json_object_get_null_member (root, "composite"));
  g_assert_true (json_object_get_null_member (root, "band"));
  g_assert_true (refract_json_get_boolean (extension, "not_proved", FALSE));
  axis = refract_json_get_object (refract_json_get_object (root, "axes"), "rniah");
  g_assert_true (refract_json_get_boolean (axis, "skipped", FALSE));
  g_assert_true (json_object_get_null_member (axis, "score"));
  g_assert_cmpstr (refract_json_get_string (axis, "band", NULL), ==, "skipped");
  axis = refract_json_get_object (refract_json_get_object (extension, "axes"), "rniah");
  g_assert_cmpstr (refract_json_get_string (axis, "skip_reason", NULL), ==,
                   "Every cell is too long.");
  row = json_array_get_object_element (refract_json_get_array (extension, "failed"), 0);
  g_assert_cmpstr (refract_json_get_string (row, "message", NULL), ==, "It went away.");
}

static void
test_reports_of_a_run (void)
{
  static const char *const order[]
      = { "ctk=q8_0,ctv=q8_0", "ctk=q4_0,ctv=q4_0", "ctk=q5_0,ctv=q5_0", "ctk=q5_1,ctv=q5_1",
          "ctk=q4_0,ctv=q4_0,attn_rot_disable=1" };
  g_autoptr (RefractRun) run = full_run ();
  g_autoptr (GPtrArray) reports = NULL;
  JsonArray *ranking;
  static const char *const unproved[] = { "ctk=q5_1,ctv=q5_1", "ctk=q5_0,ctv=q5_0" };

  for (guint i = 0; i < G_N_ELEMENTS (unproved); i++)
    {
      RefractConfigResult *result = fake_add (run, unproved[i], 99, 99, NAN, NAN);

      result->not_proved = TRUE;
      result->has_composite = FALSE;
    }
  fake_add (run, "ctk=q4_1,ctv=q4_1", NAN, NAN, NAN, NAN)->error
      = g_error_new_literal (REFRACT_ERROR, REFRACT_ERROR_ENGINE, "It went away.");

  reports = refract_report_new_for_run (run, FALSE);
  g_assert_cmpuint (reports->len, ==, G_N_ELEMENTS (order));
  ranking = refract_json_get_array (refract_report_get_extension (g_ptr_array_index (reports, 0)),
                                    "ranking");
  g_assert_cmpuint (json_array_get_length (ranking), ==, G_N_ELEMENTS (order) - 1);
  g_assert_true (
      json_object_get_null_member (json_array_get_object_element (ranking, 3), "composite"));
  for (guint i = 0; i < reports->len; i++)
    g_assert_cmpstr (
        refract_json_get_string (refract_report_get_root (g_ptr_array_index (reports, i)),
                                 "candidate", NULL),
        ==, order[i]);
}

/* Candidates in another order on the command line: the same reports, byte by byte. */
static void
test_order (void)
{
  static const char *const turned[] = { "ctk=q4_0,ctv=q4_0", "ctk=q8_0,ctv=q8_0", NULL };
  g_autoptr (RefractRun) run = full_run ();
  g_autoptr (RefractRun) other = full_run ();
  gpointer first = g_ptr_array_steal_index (other->candidates, 0);

  g_ptr_array_insert (other->candidates, 1, first);
  g_object_set (other->plan, "candidates", turned, NULL);
  for (guint i = 0; i < 3; i++)
    {
      guint in_other = i == 0 ? 1 : i == 1 ? 0 : 2;
      g_autofree char *a = to_text (run, i, FALSE);
      g_autofree char *b = to_text (other, in_other, FALSE);

      g_assert_cmpstr (a, ==, b);
    }
}

static void
assert_without (const char *text, const char *part)
{
  const char *at = strstr (text, part);

  if (at != NULL)
    g_error ("the report says “%.60s”", at);
}

static void
test_privacy (void)
{
  g_autoptr (RefractRun) run = full_run ();
  RefractConfigResult *failed = fake_add (run, "ctk=q4_1,ctv=q4_1", NAN, NAN, NAN, NAN);
  JsonObject *prompt = json_array_get_object_element (
      refract_json_get_array (((RefractConfigResult *) g_ptr_array_index (run->candidates, 0))
                                  ->axes[REFRACT_AXIS_TRAJECTORY]
                                  ->json,
                              "per_prompt"),
      0);
  g_autofree char *text = NULL;
  g_autofree char *source = fake_path ("data");

  failed->error = g_error_new (REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                               "It ended: cannot open '" HOME "/m.gguf', /home/élodie/x, "
                               "file:///Users/tim, /root, /opt/root/kept.");
  g_object_set (run->plan, "engine-dir", HOME "/llama.cpp/bin", "prompts", HOME "/own.jsonl",
                "engine-flags", "--lora " HOME "/l.gguf --threads 2", "haystack",
                HOME "/haystack.txt", NULL);
  g_ptr_array_add (run->notes, g_strdup ("The journal is in " HOME "."));
  g_free (run->corpus->path);
  run->corpus->path = g_strdup (HOME "/private/corpus.txt");
  json_object_set_string_member (prompt, "prompt", "cat " HOME "/a /home/other/b");

  text = to_text (run, 0, FALSE);
  assert_without (text, HOME);
  assert_without (text, "/private");
  assert_without (text, "lodie");
  assert_without (text, "/tim");
  assert_without (text, "/root,");
  assert_without (text, "llama.cpp/bin");
  assert_without (text, source);
  if (strlen (g_get_host_name ()) > 3)
    assert_without (text, g_get_host_name ());
  g_assert_nonnull (strstr (text, "cannot open '~/m.gguf', ~/x, file://~, ~, /opt/root/kept."));
  g_assert_nonnull (strstr (text, "--lora ~/l.gguf --threads 2"));
  /* a prompt stays what it is but for the own home directory */
  g_assert_nonnull (strstr (text, "cat ~/a /home/other/b"));
}

static void
test_redact (void)
{
  static const char *const secrets[]
      = { "secret",    "SECRET-1",         "ref_token_ids", "cand_token_ids", "\"context\"",
          "\"token\"", "perturbed_prompt", "ref_text",      "KIWI",           "APRICOT" };
  g_autoptr (RefractRun) run = full_run ();
  g_autoptr (JsonObject) root = NULL;
  g_autofree char *text = NULL;
  g_autofree char *whole = to_text (run, 0, FALSE);
  JsonObject *gtm;

  g_object_set (run->plan, "rniah-needle", "Note: KIWI-1 is rare.", NULL);
  text = to_text (run, 0, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (secrets); i++)
    assert_without (text, secrets[i]);
  g_assert_nonnull (strstr (whole, "a secret answer"));

  /* what is measured stays */
  root = to_json (run, 0, TRUE);
  gtm = refract_json_get_object (refract_json_get_object (root, "axes"), "gtm");
  g_assert_true (
      refract_json_get_boolean (refract_json_get_object (root, "extension"), "redacted", FALSE));
  g_assert_cmpstr (refract_json_get_string (json_array_get_object_element (
                                                refract_json_get_array (gtm, "per_prompt"), 0),
                                            "id", NULL),
                   ==, "prompt-0");
  g_assert_cmpfloat (refract_json_get_double (gtm, "score", 0), ==, 98);
  g_assert_nonnull (strstr (text, "\"skipped_perturbations\""));
}

static void
test_save_and_load (void)
{
  g_autoptr (RefractRun) run = full_run ();
  g_autoptr (RefractReport) report
      = refract_report_new (run, g_ptr_array_index (run->candidates, 0), FALSE);
  g_autoptr (RefractReport) back = NULL;
  g_autofree char *folder = g_dir_make_tmp ("refract-report-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "a.refract.json", NULL);
  g_autofree char *before = refract_json_to_text (refract_report_get_root (report), TRUE);
  g_autofree char *after = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_true (refract_report_save (report, path, &error));
  back = refract_report_load (path, &error);
  g_assert_no_error (error);
  after = refract_json_to_text (refract_report_get_root (back), TRUE);
  g_assert_cmpstr (before, ==, after);
  g_assert_cmpfloat (refract_report_get_composite (back), ==,
                     refract_report_get_composite (report));
  g_assert_cmpfloat (refract_report_get_axis_score (back, REFRACT_AXIS_PLAD), ==, 97);
  g_assert_nonnull (refract_report_get_axis_extension (back, REFRACT_AXIS_KLD));
  g_unlink (path);
  g_rmdir (folder);
}

static void
test_legacy (void)
{
  g_autoptr (JsonObject) root = load_legacy ();
  JsonObject *plad = refract_json_get_object (refract_json_get_object (root, "axes"), "plad");
  JsonObject *scores = refract_json_get_object (plad, "per_perturbation_score");
  g_autofree char *text = refract_json_to_text (root, TRUE);
  g_autoptr (RefractReport) again = NULL;
  g_autoptr (GError) error = NULL;

  g_assert_cmpfloat (refract_json_get_double (root, "composite", 0), ==, 29.119378931499842);
  g_assert_true (json_object_get_null_member (scores, "paraphrase"));
  g_assert_null (strstr (text, "NaN"));
  again = refract_report_new_from_text (text, strlen (text), &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (refract_report_get_axis_score (again, REFRACT_AXIS_TRAJECTORY), ==,
                     17.31690622861054);
  g_assert_null (refract_report_get_extension (again));
}

static void
test_old_layouts (void)
{
  static const char *const texts[] = {
    /* v0.1: fewer axes */
    "{\"schema\": \"refract.report.v0.1.3\", \"composite\": 50, \"axes\": {\"gtm\": {\"score\": "
    "50}}}",
    /* v0.2: no framework_version, environment or repro_command */
    "{\"schema\": \"refract.report.v0.2.0\", \"composite\": 50.5, \"axes\": {\"gtm\": {\"score\": "
    "50},"
    " \"plad\": {\"score\": 51.0}}}",
    "{\"schema\": \"refract.report.v0.3.1\", \"composite\": null, \"axes\": {\"gtm\": "
    "{\"skipped\": "
    "true, \"score\": null, \"band\": \"skipped\"}}, \"diagnosis\": null}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RefractReport) report
          = refract_report_new_from_text (texts[i], strlen (texts[i]), &error);

      g_assert_no_error (error);
      g_assert_null (refract_report_get_axis (report, REFRACT_AXIS_KLD));
      g_assert_true (isnan (refract_report_get_axis_score (report, REFRACT_AXIS_KLD)));
    }
}

static void
assert_refused (const char *text, gsize length, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractReport) report = refract_report_new_from_text (text, length, &error);

  g_assert_null (report);
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_REPORT);
  if (strstr (error->message, part) == NULL)
    g_error ("“%s” does not say “%s”", error->message, part);
}

#define REPORT(members) "{\"schema\": \"refract.report.v0.3.1\", " members "}"

static void
test_foreign (void)
{
  static const struct
  {
    const char *text;
    const char *part;
  } cases[] = {
    { "", "nothing in it" },
    { "{}", "not a REFRACT report" },
    { "{\"schema\": 3}", "not a REFRACT report" },
    { "{\"schema\": \"another.report\", \"axes\": {}}", "not a REFRACT report" },
    { REPORT ("\"a\": 1"), "no “axes”" },
    { REPORT ("\"axes\": []"), "no “axes”" },
    { REPORT ("\"axes\": {}, \"composite\": \"12\""), "“composite” has to be a number from 0" },
    { REPORT ("\"axes\": {}, \"composite\": 100.5"), "“composite”" },
    { REPORT ("\"axes\": {\"kld\": {\"score\": -1}}"), "“axes.kld.score”" },
    { REPORT ("\"axes\": {\"gtm\": 3}"), "“axes.gtm” has to be an object" },
    { REPORT ("\"axes\": {\"gtm\": {\"per_prompt\": [{}, 1]}}"), "“axes.gtm.per_prompt”" },
    { REPORT ("\"axes\": {}, \"diagnosis\": [\"a\", null]"),
      "“diagnosis” has to be a list of texts" },
    { REPORT ("\"axes\": {}, \"candidate\": {}"), "“candidate” has to be a text" },
    { REPORT ("\"axes\": {}, \"extension\": {\"ranking\": [[]]}"), "“extension.ranking”" },
    { REPORT ("\"axes\": {}, \"extension\": {\"within_noise\": 1}"), "“extension.within_noise”" },
    { REPORT ("\"axes\": {}, \"axes\": {}"), "same key twice" },
    { REPORT ("\"axes\": {}") "}", "after its end" },
    { "\x1f\x8b\x08", "UTF-8" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (cases[i].text, strlen (cases[i].text), cases[i].part);
}

/* 60 MB each; the suite's time limit is what tells a slow refusal. */
static void
test_hostile (void)
{
  static const struct
  {
    const char *piece;
    const char *part;
  } cases[] = {
    { "[", "64 levels" }, { "{\"a\":", "64 levels" },   { "[],", "200,000" },
    { "{},", "200,000" }, { "1,", "2 million" },        { "\"\",", "2 million" },
    { "x", "no value" },  { " ", "value is expected" },
  };
  gsize size = 60 * 1000 * 1000;
  g_autofree char *text = g_malloc (size);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      gsize length = strlen (cases[i].piece);

      text[0] = '[';
      for (gsize at = 1; at + length <= size; at += length)
        memcpy (text + at, cases[i].piece, length);
      memset (text + size - size % length, ' ', size % length);
      assert_refused (text, size, cases[i].part);
    }
  memset (text, 'x', size);
  text[0] = '"';
  assert_refused (text, size, "16 MiB");
  memset (text, '1', size);
  assert_refused (text, size, "64 characters");
}

int
main (int argc, char **argv)
{
  g_setenv ("HOME", HOME, TRUE);
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/report/layout", test_layout);
  g_test_add_func ("/report/extension", test_extension);
  g_test_add_func ("/report/skipped-and-not-proved", test_skipped_and_not_proved);
  g_test_add_func ("/report/reports-of-a-run", test_reports_of_a_run);
  g_test_add_func ("/report/order", test_order);
  g_test_add_func ("/report/privacy", test_privacy);
  g_test_add_func ("/report/redact", test_redact);
  g_test_add_func ("/report/save-and-load", test_save_and_load);
  g_test_add_func ("/report/legacy", test_legacy);
  g_test_add_func ("/report/old-layouts", test_old_layouts);
  g_test_add_func ("/report/foreign", test_foreign);
  g_test_add_func ("/report/hostile", test_hostile);

  return g_test_run ();
}
