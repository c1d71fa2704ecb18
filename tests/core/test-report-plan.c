/* test-report-plan.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "../data-fixture.h"
#include "core/refract-error.h"
#include "fake-run.h"
#include "report/refract-report-plan.h"

static RefractReport *
report_with_plan (const char *plan)
{
  g_autofree char *text
      = g_strdup_printf ("{\"schema\":\"refract.report.v0.3.1\",\"model\":\"m.gguf\","
                         "\"composite\":90,\"axes\":{\"gtm\":{\"score\":90}},\"extension\":{"
                         "\"version\":1,\"plan\":%s}}",
                         plan);

  return parse_report (text);
}

static RefractPlanImport *
import_plan (const char *plan)
{
  g_autoptr (RefractReport) report = report_with_plan (plan);
  g_autoptr (GError) error = NULL;
  RefractPlanImport *import = refract_plan_from_report (report, &error);

  g_assert_no_error (error);
  return import;
}

static void
assert_refused (const char *plan, const char *says)
{
  g_autoptr (RefractReport) report = report_with_plan (plan);
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractPlanImport) import = refract_plan_from_report (report, &error);

  g_assert_null (import);
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_REPORT);
  if (strstr (error->message, says) == NULL)
    g_error ("“%s” does not say “%s”", error->message, says);
}

static const char *
claim_of (RefractPlanImport *import, const char *key)
{
  for (guint i = 0; i < import->claims->len; i++)
    {
      const RefractPlanClaim *claim = g_ptr_array_index (import->claims, i);

      if (g_str_equal (claim->key, key))
        return claim->text;
    }
  return NULL;
}

/* A report of our own: everything comes back but where things lie. */
static void
test_own (void)
{
  g_autoptr (RefractRun) run = fake_run ();
  const RefractConfigResult *result = fake_add (run, "ctk=q8_0,ctv=q8_0", 98, 99, NAN, NAN);
  g_autoptr (RefractReport) report = NULL;
  g_autoptr (RefractPlanImport) import = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) known = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (JsonObject) before = NULL;
  g_autoptr (JsonObject) after = NULL;
  g_autofree char *before_text = NULL;
  g_autofree char *after_text = NULL;

  g_object_set (run->plan, "n-predict", G_GINT64_CONSTANT (50), "seed", G_GINT64_CONSTANT (7),
                "control", "ctk=q4_1,ctv=q4_1,attn_rot_disable=1", "engine-dir", "/opt/engine",
                "measure-floor", TRUE, NULL);
  report = refract_report_new (run, result, FALSE);
  import = refract_plan_from_report (report, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (import->claims->len, ==, 0);
  g_assert_cmpuint (import->refused->len, ==, 0);
  g_assert_null (refract_plan_get_string (import->plan, "model"));
  g_assert_null (refract_plan_get_string (import->plan, "corpus"));
  g_assert_cmpstr (refract_plan_import_get_file (import, "model")->name, ==, "model.gguf");

  g_ptr_array_add (known, fake_path ("README.md"));
  g_ptr_array_add (known, fake_path ("data/demo/model.gguf"));
  g_ptr_array_add (known, fake_path ("data/demo/corpus.txt"));
  g_ptr_array_add (known, fake_path ("prompts/v1.jsonl"));
  g_assert_true (refract_plan_import_find_files (import, known, NULL, &error));
  for (guint i = 0; i < import->files->len; i++)
    g_assert_true (((RefractPlanFile *) g_ptr_array_index (import->files, i))->found);

  g_object_set (run->plan, "engine-dir", NULL, NULL);
  {
    g_auto (GStrv) candidates = NULL;

    g_object_get (import->plan, "candidates", &candidates, NULL);
    g_assert_cmpstr (candidates[0], ==, "ctk=q4_0,ctv=q4_0"); /* sorted in the report */
    g_object_set (run->plan, "candidates", candidates, NULL);
  }
  before = refract_plan_to_json (run->plan, TRUE);
  after = refract_plan_to_json (import->plan, TRUE);
  before_text = refract_json_to_text (before, TRUE);
  after_text = refract_json_to_text (after, TRUE);
  g_assert_cmpstr (after_text, ==, before_text);
}

/* Names a foreign program, odd flags and files: nothing of it is in the plan. */
static void
test_hostile (void)
{
  g_autoptr (RefractPlanImport) import = import_plan (
      "{\"version\":1,\"model\":\"/home/victim/.ssh/id_rsa\",\"backend\":\"./evil\","
      "\"engine_dir\":\"/tmp/evil\",\"engine_flags\":\"--rpc evil:1 $(reboot)\","
      "\"launcher\":[\"sh\",\"-c\",\"reboot\"],"
      "\"python\":\"/tmp/evil/python\",\"reference_url\":\"http://evil:1\","
      "\"candidate_url\":\"http://"
      "evil:2\",\"allow_model_code\":true,\"corpus\":\"..\\\\..\\\\secret.txt\","
      "\"haystack\":\"/\",\"prompts\":null,"
      "\"reference\":\"ctk=f16,ctv=f16,lora=/tmp/x\","
      "\"candidates\":[\"ctk=q8_0,ctv=q8_0\",\"ctk=q8_0,ctv=q8_0,override-tensor=x\","
      "\"ctk=q4_0,ctv=q4_0,attn_rot_k=0\",\"rpc=evil:1\",7,\"ctk=q8_0,ctv=q8_0,fa=off\"],"
      "\"control\":\"ctk=q4_0,ctv=q4_0,model=/etc/passwd\",\"wget\":\"http://x\"}");
  g_auto (GStrv) candidates = NULL;

  g_object_get (import->plan, "candidates", &candidates, NULL);
  g_assert_cmpuint (g_strv_length (candidates), ==, 2);
  g_assert_cmpstr (candidates[0], ==, "ctk=q8_0,ctv=q8_0");
  g_assert_cmpstr (candidates[1], ==, "ctk=q4_0,ctv=q4_0,attn_rot_k=0");
  g_assert_cmpstr (refract_plan_get_string (import->plan, "reference"), ==, "ctk=f16,ctv=f16");
  g_assert_null (refract_plan_get_string (import->plan, "control"));
  g_assert_cmpstr (refract_plan_get_string (import->plan, "backend"), ==, "auto");
  g_assert_null (refract_plan_get_string (import->plan, "engine-dir"));
  g_assert_null (refract_plan_get_string (import->plan, "engine-flags"));
  g_assert_null (refract_plan_get_string (import->plan, "model"));
  g_assert_null (refract_plan_get_string (import->plan, "corpus"));
  g_assert_null (refract_plan_get_string (import->plan, "haystack"));

  g_assert_null (refract_plan_get_string (import->plan, "python"));
  g_assert_null (refract_plan_get_string (import->plan, "reference-url"));
  g_assert_null (refract_plan_get_string (import->plan, "candidate-url"));
  g_assert_false (refract_plan_get_boolean (import->plan, "allow-model-code"));

  g_assert_cmpuint (import->claims->len, ==, 6);
  g_assert_cmpstr (claim_of (import, "engine-dir"), ==, "/tmp/evil");
  g_assert_cmpstr (claim_of (import, "engine-flags"), ==, "--rpc evil:1 $(reboot)");
  g_assert_cmpstr (claim_of (import, "launcher"), ==, "sh -c reboot");
  /* three candidates, reference, control, the model's code, the unknown member */
  g_assert_cmpuint (import->refused->len, ==, 7);
  for (guint i = 0; i < import->refused->len; i++)
    g_assert_cmpint (
        strlen (((RefractPlanRefusal *) g_ptr_array_index (import->refused, i))->reason), >, 20);

  g_assert_cmpstr (refract_plan_import_get_file (import, "model")->name, ==, "id_rsa");
  g_assert_cmpstr (refract_plan_import_get_file (import, "corpus")->name, ==, "secret.txt");
  g_assert_null (refract_plan_import_get_file (import, "haystack"));
  g_assert_null (refract_plan_import_get_file (import, "prompts"));
}

static void
test_bounds (void)
{
  g_autofree char *long_text = g_strnfill (5000, 'x');
  g_autofree char *needle = g_strdup_printf ("{\"version\":1,\"rniah_needle\":\"%s\"}", long_text);
  g_autoptr (GString) list = g_string_new ("{\"version\":1,\"ctx\":[8");
  g_autoptr (GString) many = g_string_new ("{\"version\":1,\"candidates\":[\"q8_0/q8_0\"");
  g_autoptr (RefractPlanImport) import = NULL;
  g_auto (GStrv) candidates = NULL;

  for (guint i = 9; i < 400; i++)
    {
      g_string_append_printf (list, ",%u", i);
      g_string_append_printf (many, ",\"ctk=a%u,ctv=b\"", i);
    }
  g_string_append (list, "]}");
  g_string_append (many, "]}");

  assert_refused (needle, "rniah_needle");
  assert_refused (list->str, "ctx");
  assert_refused ("{\"version\":2}", "version");
  assert_refused ("{\"version\":1,\"chunks\":0}", "chunks");
  assert_refused ("{\"version\":1,\"chunks\":1e30}", "chunks");
  assert_refused ("{\"version\":1,\"chunks\":\"many\"}", "chunks");
  assert_refused ("{\"version\":1,\"prompt_mode\":\"shout\"}", "shout");
  assert_refused ("{\"version\":1,\"axes\":\"trajectory,mind\"}", "mind");
  assert_refused ("{\"version\":1,\"strict_floor\":true}", "floor");

  import = import_plan (many->str);
  g_object_get (import->plan, "candidates", &candidates, NULL);
  g_assert_cmpuint (g_strv_length (candidates), ==, 256);
  g_assert_cmpuint (import->refused->len, ==, 1);
}

static void
test_legacy (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractReport) report = load_report ("legacy-v0.3.1-gemma26b.json");
  g_autoptr (RefractPlanImport) import = NULL;
  g_auto (GStrv) candidates = NULL;

  import = refract_plan_from_report (report, &error);
  g_assert_no_error (error);
  g_object_get (import->plan, "candidates", &candidates, NULL);
  g_assert_cmpuint (g_strv_length (candidates), ==, 1);
  g_assert_cmpstr (candidates[0], ==, "ctk=q8_0,ctv=turbo4");
  g_assert_cmpstr (refract_plan_get_string (import->plan, "axes"), ==, "trajectory,kld,rniah,plad");
  g_assert_cmpint (refract_plan_get_int (import->plan, "n-predict"), ==, 50);
  g_assert_cmpstr (refract_plan_import_get_file (import, "model")->name, ==,
                   "gemma-4-26B-A4B-it-Q8_0.gguf");
  g_assert_null (refract_plan_import_get_file (import, "model")->hash);
}

/* A model of the right name with other content is not the report's. */
static void
test_other_model (void)
{
  g_autoptr (RefractRun) run = fake_run ();
  const RefractConfigResult *result = fake_add (run, "ctk=q8_0,ctv=q8_0", 98, 99, NAN, NAN);
  g_autoptr (RefractReport) report = refract_report_new (run, result, FALSE);
  g_autoptr (RefractPlanImport) import = refract_plan_from_report (report, NULL);
  g_autoptr (GPtrArray) known = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  RefractPlanFile *file = g_ptr_array_index (import->files, 0);

  g_assert_cmpstr (file->property, ==, "model");
  g_assert_nonnull (file->hash);
  file->hash[0] = file->hash[0] == '0' ? '1' : '0';
  g_ptr_array_add (known, fake_path ("data/demo/model.gguf"));
  g_assert_true (refract_plan_import_find_files (import, known, NULL, NULL));
  g_assert_false (file->found);
  g_assert_nonnull (file->other);
  g_assert_null (refract_plan_get_string (import->plan, "model"));

  g_cancellable_cancel (cancellable);
  g_assert_false (refract_plan_import_find_files (import, known, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/report-plan/own", test_own);
  g_test_add_func ("/report-plan/hostile", test_hostile);
  g_test_add_func ("/report-plan/bounds", test_bounds);
  g_test_add_func ("/report-plan/legacy", test_legacy);
  g_test_add_func ("/report-plan/other-model", test_other_model);
  return g_test_run ();
}
