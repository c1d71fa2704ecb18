/* test-plan.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "audit/refract-plan.h"
#include "core/refract-error.h"
#include "core/refract-fetch.h"
#include "core/refract-json.h"

static RefractPlan *
new_valid_plan (void)
{
  static const char *const candidates[] = { "ctk=q8_0,ctv=q4_0", "ctv=q4_0,ctk=q8_0", NULL };
  RefractPlan *plan = refract_plan_new ();

  g_object_set (plan, "model", "/somewhere/of mine/model.gguf", "candidates", candidates, NULL);
  return plan;
}

static void
test_defaults (void)
{
  g_autoptr (RefractPlan) plan = refract_plan_new ();
  g_autoptr (GArray) lengths = refract_plan_get_uints (plan, "rniah-lengths");
  g_autoptr (GArray) positions = refract_plan_get_doubles (plan, "rniah-positions");
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (refract_plan_get_int (plan, "n-predict"), ==, 128);
  g_assert_cmpint (refract_plan_get_int (plan, "chunks"), ==, 32);
  g_assert_cmpstr (refract_plan_get_string (plan, "ctx"), ==, "512");
  g_assert_cmpint (refract_plan_get_int (plan, "seed"), ==, 42);
  g_assert_cmpint (refract_plan_get_int (plan, "rniah-n-predict"), ==, 256);
  g_assert_cmpstr (refract_plan_get_string (plan, "prompt-mode"), ==, "raw");
  g_assert_cmpfloat (refract_plan_get_double (plan, "threshold"), ==, 90);
  g_assert_cmpuint (lengths->len, ==, 3);
  g_assert_cmpuint (g_array_index (lengths, guint, 2), ==, 16384);
  g_assert_cmpfloat (g_array_index (positions, double, 1), ==, 0.5);
  g_assert_true (refract_plan_has_axis (plan, REFRACT_AXIS_TRAJECTORY));
  g_assert_true (refract_plan_has_axis (plan, REFRACT_AXIS_KLD));
  g_assert_false (refract_plan_has_axis (plan, REFRACT_AXIS_RNIAH));

  /* neither model nor candidates */
  g_assert_false (refract_plan_validate (plan, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE);
}

static void
test_candidates_once (void)
{
  g_autoptr (RefractPlan) plan = new_valid_plan ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) candidates = refract_plan_get_candidates (plan, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (candidates->len, ==, 1);
  g_assert_true (refract_plan_validate (plan, &error));
  g_assert_no_error (error);
}

static void
test_bad_values (void)
{
  static const struct
  {
    const char *property;
    const char *value;
    const char *says;
  } rows[] = {
    { "ctx", "512,", "ctx" },           { "ctx", "7", "from 8" },
    { "ctx", "512,512", "twice" },      { "ctx", "12.5", "12.5" },
    { "rniah-positions", "1.01", "1" }, { "rniah-positions", "nan", "nan" },
    { "axes", "kld,kdl", "kdl" },       { "prompt-mode", "verse", "verse" },
    { "reference", "ctk", "ctk" },      { "control", "ctk=q8_0,ctv=q4_0", "control" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (RefractPlan) plan = new_valid_plan ();
      g_autoptr (GError) error = NULL;

      g_object_set (plan, rows[i].property, rows[i].value, NULL);
      g_assert_false (refract_plan_validate (plan, &error));
      g_assert_nonnull (error);
      g_assert_nonnull (strstr (error->message, rows[i].says));
    }
}

static void
test_json_round_trip (void)
{
  g_autoptr (RefractPlan) plan = new_valid_plan ();
  g_autoptr (JsonObject) object = NULL;
  g_autoptr (JsonObject) again_object = NULL;
  g_autoptr (RefractPlan) again = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autofree char *again_text = NULL;

  g_object_set (plan, "ctx", "512,2048", "rniah-positions", "0.25", "measure-floor", TRUE,
                "n-predict", G_GINT64_CONSTANT (50), "control", "ctk=q4_0,ctv=q4_0", NULL);
  object = refract_plan_to_json (plan, TRUE);
  again = refract_plan_from_json (object, &error);
  g_assert_no_error (error);
  again_object = refract_plan_to_json (again, TRUE);
  text = refract_json_to_text (object, TRUE);
  again_text = refract_json_to_text (again_object, TRUE);
  g_assert_cmpstr (text, ==, again_text);
  g_assert_cmpint (refract_plan_get_int (again, "n-predict"), ==, 50);
  g_assert_cmpint (json_array_get_int_element (json_object_get_array_member (object, "ctx"), 1), ==,
                   2048);
}

static void
test_json_without_paths (void)
{
  g_autoptr (RefractPlan) plan = new_valid_plan ();
  g_autoptr (JsonObject) object = NULL;
  g_autofree char *text = NULL;

  g_object_set (plan, "engine-dir", "/somewhere/of mine/bin", "corpus", "/somewhere/of mine/a.txt",
                NULL);
  object = refract_plan_to_json (plan, FALSE);
  text = refract_json_to_text (object, TRUE);
  g_assert_null (strstr (text, "somewhere"));
  g_assert_nonnull (strstr (text, "model.gguf"));
  g_assert_nonnull (strstr (text, "a.txt"));
}

/* What belongs to this machine alone is in no report; the command to repeat names the option. */
static void
test_local (void)
{
  static const char *const candidates[] = { "kv=fp8", NULL };
  g_autoptr (RefractPlan) plan = new_valid_plan ();
  g_autoptr (JsonObject) whole = NULL;
  g_autoptr (JsonObject) object = NULL;
  g_autoptr (RefractPlan) again = NULL;
  g_autoptr (RefractKvConfig) kv = refract_kv_config_parse ("kv=fp8", NULL);
  g_autofree char *text = NULL;
  g_autofree char *command = NULL;

  g_object_set (plan, "model", "/home/me/hub/models--o--Tiny-1B/snapshots/0123abc", "candidates",
                candidates, "backend", "vllm", "python", "/somewhere/of mine/venv", "reference-url",
                "https://mine.example:8000", "candidate-url", "http://10.0.0.7:8001",
                "allow-model-code", TRUE, NULL);
  object = refract_plan_to_json (plan, FALSE);
  text = refract_json_to_text (object, TRUE);
  g_assert_null (strstr (text, "somewhere"));
  g_assert_null (strstr (text, "venv"));
  g_assert_null (strstr (text, "mine.example"));
  g_assert_null (strstr (text, "10.0.0.7"));
  g_assert_null (strstr (text, "model_code"));
  g_assert_cmpstr (json_object_get_string_member (object, "model"), ==, "Tiny-1B");

  command = refract_plan_get_repro_command (plan, kv, "vllm");
  g_assert_cmpstr (command, ==,
                   "refract score --model Tiny-1B --backend vllm --reference-url URL "
                   "--candidate-url URL --allow-model-code --candidate kv=fp8");

  whole = refract_plan_to_json (plan, TRUE);
  again = refract_plan_from_json (whole, NULL);
  g_assert_cmpstr (refract_plan_get_string (again, "candidate-url"), ==, "http://10.0.0.7:8001");
  g_assert_cmpstr (refract_plan_get_string (again, "python"), ==, "/somewhere/of mine/venv");
  g_assert_true (refract_plan_get_boolean (again, "allow-model-code"));
}

/* A reference that nobody chose is the unquantized cache of the candidates' engine. */
static void
test_dialects (void)
{
  static const struct
  {
    const char *candidates[3];
    const char *reference;
    const char *wanted;
    const char *says;
  } rows[] = {
    { { "kv=fp8" }, NULL, "kv=auto", NULL },
    { { "bits=4" }, NULL, "bits=16", NULL },
    { { "ctk=q8_0" }, NULL, "ctk=f16,ctv=f16", NULL },
    { { "kv=fp8" }, "kv=bfloat16", "kv=bfloat16", NULL },
    { { "kv=fp8", "bits=4" }, NULL, "kv=auto", "different engines" },
    { { "kv=fp8" }, "bits=16", "bits=16", "different engines" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (RefractPlan) plan = new_valid_plan ();
      g_autoptr (RefractKvConfig) reference = NULL;
      g_autoptr (JsonObject) object = NULL;
      g_autoptr (GError) error = NULL;

      g_object_set (plan, "candidates", rows[i].candidates, "reference", rows[i].reference, NULL);
      reference = refract_plan_get_reference (plan, NULL);
      object = refract_plan_to_json (plan, FALSE);
      g_assert_cmpstr (refract_kv_config_get_text (reference), ==, rows[i].wanted);
      g_assert_cmpstr (json_object_get_string_member (object, "reference"), ==, rows[i].wanted);
      g_assert_cmpint (refract_plan_validate (plan, &error), ==, rows[i].says == NULL);
      if (rows[i].says != NULL)
        g_assert_nonnull (strstr (error->message, rows[i].says));
    }
}

static void
test_json_hostile (void)
{
  static const char *const texts[] = {
    "{}",
    "{\"version\": 2}",
    "{\"version\": 1, \"ctx\": \"512\"}",
    "{\"version\": 1, \"ctx\": [\"a\"]}",
    "{\"version\": 1, \"ctx\": []}",
    "{\"version\": 1, \"candidates\": [1]}",
    "{\"version\": 1, \"candidates\": \"ctk=q8_0\"}",
    "{\"version\": 1, \"n_predict\": \"many\"}",
    "{\"version\": 1, \"measure_floor\": 1}",
    "{\"version\": 1, \"model\": 5}",
    "{\"version\": 1, \"speed\": 5}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (JsonNode) node = json_from_string (texts[i], NULL);
      g_autoptr (GError) error = NULL;
      g_autoptr (RefractPlan) plan = refract_plan_from_json (json_node_get_object (node), &error);

      g_assert_null (plan);
      g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE);
    }
}

/* A number that a GParamSpec would clamp without a word has to be refused. */
static void
test_json_number_out_of_bounds (void)
{
  g_autoptr (JsonNode) node = json_from_string (
      "{\"version\": 1, \"model\": \"m\", \"candidates\": [\"ctk=q8_0\"], \"chunks\": -3}", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractPlan) plan = refract_plan_from_json (json_node_get_object (node), &error);

  g_assert_no_error (error);
  g_assert_false (refract_plan_validate (plan, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE);
  g_assert_nonnull (strstr (error->message, "chunks"));
}

static void
test_repro_command (void)
{
  g_autoptr (RefractPlan) plan = new_valid_plan ();
  g_autoptr (RefractKvConfig) kv = refract_kv_config_parse ("ctk=q8_0,ctv=q4_0", NULL);
  g_autofree char *command = NULL;
  g_auto (GStrv) argv = NULL;
  int argc;

  g_object_set (plan, "engine-dir", "/somewhere/bin", "n-predict", G_GINT64_CONSTANT (50),
                "measure-floor", TRUE, "rniah-needle", "It's a NEEDLE-1 $(here)", "control",
                "ctk=q4_0,ctv=q4_0", NULL);
  command = refract_plan_get_repro_command (plan, kv, "llamacpp");
  g_assert_null (strstr (command, "somewhere"));
  g_assert_nonnull (strstr (command, " --backend llamacpp ")); /* the plan says "auto" */
  g_assert_true (g_shell_parse_argv (command, &argc, &argv, NULL));
  g_assert_true (g_strv_contains ((const char *const *) argv, "model.gguf"));
  g_assert_true (g_strv_contains ((const char *const *) argv, "It's a NEEDLE-1 $(here)"));
  g_assert_true (g_strv_contains ((const char *const *) argv, "--measure-floor"));
  g_assert_true (g_strv_contains ((const char *const *) argv, "ctk=q8_0,ctv=q4_0"));
  g_assert_false (g_strv_contains ((const char *const *) argv, "--chunks"));
}

static void
test_copy_and_notify (void)
{
  g_autoptr (RefractPlan) plan = new_valid_plan ();
  g_autoptr (RefractPlan) copy = NULL;
  guint notified = 0;

  g_signal_connect_swapped (plan, "notify::seed", G_CALLBACK (g_atomic_int_inc), &notified);
  g_object_set (plan, "seed", G_GINT64_CONSTANT (7), NULL);
  g_object_set (plan, "seed", G_GINT64_CONSTANT (7), NULL);
  g_assert_cmpuint (notified, ==, 1);

  copy = refract_plan_copy (plan);
  g_object_set (plan, "seed", G_GINT64_CONSTANT (8), NULL);
  g_assert_cmpint (refract_plan_get_int (copy, "seed"), ==, 7);
  g_assert_cmpstr (refract_plan_get_string (copy, "model"), ==, "/somewhere/of mine/model.gguf");
}

static void
test_fetched (void)
{
  static const char *const names[]
      = { REFRACT_WIKITEXT_TEST, REFRACT_WIKITEXT_TRAIN, REFRACT_OWN_PROMPTS };
  g_autoptr (RefractPlan) before = refract_plan_new ();
  g_autoptr (RefractPlan) empty = refract_plan_new ();
  g_autoptr (RefractPlan) named = refract_plan_new ();
  g_autofree char *prompts = g_strdup (refract_plan_get_string (before, "prompts"));

  refract_plan_use_fetched (before);
  g_assert_null (refract_plan_get_string (before, "corpus"));

  g_assert_cmpint (g_mkdir_with_parents (refract_fetch_get_folder (), 0700), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (refract_fetch_get_folder (), names[i], NULL);

      g_assert_true (g_file_set_contents (path, "text", -1, NULL));
    }
  refract_plan_use_fetched (empty);
  g_assert_true (g_str_has_suffix (refract_plan_get_string (empty, "corpus"), names[0]));
  g_assert_true (g_str_has_suffix (refract_plan_get_string (empty, "haystack"), names[1]));
  if (prompts == NULL)
    g_assert_true (g_str_has_suffix (refract_plan_get_string (empty, "prompts"), names[2]));

  /* What is named stays, and a named corpus is the haystack as well. */
  g_object_set (named, "corpus", "/mine.txt", "prompts", "/mine.jsonl", NULL);
  refract_plan_use_fetched (named);
  g_assert_cmpstr (refract_plan_get_string (named, "corpus"), ==, "/mine.txt");
  g_assert_cmpstr (refract_plan_get_string (named, "prompts"), ==, "/mine.jsonl");
  g_assert_null (refract_plan_get_string (named, "haystack"));
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, G_TEST_OPTION_ISOLATE_DIRS, NULL);

  g_test_add_func ("/plan/defaults", test_defaults);
  g_test_add_func ("/plan/candidates-once", test_candidates_once);
  g_test_add_func ("/plan/bad-values", test_bad_values);
  g_test_add_func ("/plan/json/round-trip", test_json_round_trip);
  g_test_add_func ("/plan/json/without-paths", test_json_without_paths);
  g_test_add_func ("/plan/local", test_local);
  g_test_add_func ("/plan/dialects", test_dialects);
  g_test_add_func ("/plan/json/hostile", test_json_hostile);
  g_test_add_func ("/plan/json/out-of-bounds", test_json_number_out_of_bounds);
  g_test_add_func ("/plan/repro-command", test_repro_command);
  g_test_add_func ("/plan/fetched", test_fetched);
  g_test_add_func ("/plan/copy-and-notify", test_copy_and_notify);

  return g_test_run ();
}
