/* test-warnings.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* What a comparison warns of: whatever moves scores and is not the same, and nothing else. */

#include "config.h"

#include <string.h>

#include "core/refract-json.h"
#include "report/refract-comparison.h"

static const char base[]
    = "{\"schema\": \"refract.report.v0.3.1\", \"framework_version\": \"0.3.2\", \"model\": "
      "\"m.gguf\", \"reference\": \"ctk=f16,ctv=f16\", \"candidate\": \"ctk=q8_0,ctv=q8_0\", "
      "\"composite\": 95.0, \"environment\": {\"backend\": \"llamacpp\", \"llama_cpp_version\": "
      "\"v1\", \"llama_cpp_commit\": \"c1\"}, \"axes\": {\"gtm\": {\"score\": 95.0, "
      "\"n_tokens_each\": 128}, \"kld\": {\"score\": 95.0, \"chunks\": 32, \"ctx\": 512, "
      "\"corpus\": {\"sha256_head\": \"c0\"}}, \"rniah\": {\"score\": 95.0, \"needle\": \"N\", "
      "\"confidence\": \"ok\"}, \"plad\": {\"score\": 95.0}}, \"extension\": {\"model\": "
      "{\"fingerprint\": \"f0\"}, \"engine\": {\"name\": \"llama.cpp\", \"version\": \"v1\", "
      "\"build\": \"b1\"}, \"slots\": {\"n\": 8}, \"floor\": {\"composite\": 100.0}, \"inputs\": "
      "{\"prompts\": {\"sha256\": \"p0\"}, \"corpus\": {\"sha256\": \"c0\"}, \"haystack\": "
      "{\"sha256\": \"h0\"}, \"needle\": {\"sha256\": \"n0\"}, \"question\": {\"sha256\": "
      "\"q0\"}}, \"plan\": {\"n_predict\": 128, \"prompt_mode\": \"raw\", \"chunks\": 32, "
      "\"ctx\": [512], \"rniah_lengths\": [512, 1024], \"rniah_positions\": [0.1, 0.9], "
      "\"rniah_trials\": 3, \"rniah_n_predict\": 32, \"rniah_question\": \"Q\", \"seed\": 42, "
      "\"engine_flags\": null, \"threshold\": 90}, \"axes\": {\"kld\": {\"precision\": "
      "\"16 bits\", \"phase\": \"prefill\"}}}}";

static const struct
{
  const char *path;
  const char *value;   /* JSON; NULL takes the member out */
  const char *warning; /* NULL: it moves nothing */
} cases[] = {
  { "framework_version", "\"0.3.1\"", "(0.3.1, 0.3.2): what changed between them moves no score" },
  { "framework_version", "\"0.2.1\"", "0.3.0 changed how chat templates are applied" },
  { "framework_version", "\"0.2.0\"", "0.2.1 brought the neutral needle" },
  { "framework_version", "\"0.1.4\"", "0.2.0 added R-NIAH and PLAD" },
  { "framework_version", "\"0.1.3\"", "0.1.4 replaced re-tokenised text" },
  { "reference", "\"ctk=bf16,ctv=bf16\"",
    "reference configuration differs (ctk=f16,ctv=f16, ctk=" },
  { "extension.model.fingerprint", "\"f1\"", "model file differs" },
  { "extension.inputs.prompts.sha256", "\"p1\"", "The set of prompts differs" },
  { "extension.inputs.corpus.sha256", "\"c1\"", "corpus differs" },
  { "axes.kld.corpus.sha256_head", "\"c1\"", "corpus differs" },
  { "extension.inputs.haystack.sha256", "\"h1\"", "haystack differs" },
  { "extension.plan.n_predict", "50", "number of decoded tokens differs (128, 50)" },
  { "extension.plan.prompt_mode", "\"chat\"", "prompt mode differs (raw, chat)" },
  { "extension.plan.chunks", "16", "number of chunks differs (32, 16)" },
  { "axes.kld.chunks", "16", "number of chunks differs (32, 16)" },
  { "axes.kld.ctx", "2048", "context length of KLD differs (512, 2048)" },
  { "extension.plan.rniah_lengths", "[512]", "lengths differs (512,1024, 512)" },
  { "extension.plan.rniah_positions", "[0.5]", "positions differs" },
  { "extension.plan.rniah_trials", "1", "number of R-NIAH's trials differs (3, 1)" },
  { "extension.plan.rniah_n_predict", "256", "answers differs (32, 256)" },
  { "extension.inputs.needle.sha256", "\"n1\"", "needle differs" },
  { "axes.rniah.needle", "\"M\"", "needle differs" },
  { "extension.inputs.question.sha256", "\"q1\"", "question of R-NIAH differs" },
  { "extension.plan.seed", "7", "seed differs (42, 7)" },
  { "extension.slots.n", "1", "number of slots differs (8, 1)" },
  { "extension.axes.kld.precision", "\"32 bits\"", "precision of KLD differs" },
  { "extension.axes.kld.phase", "\"decode\"", "phase that KLD probed differs" },
  { "extension.engine.name", "\"vllm\"", "engine differs (llama.cpp, vllm)" },
  { "extension.engine.version", "\"v2\"", "version of the engine differs (v1, v2)" },
  { "extension.engine.build", "\"b2\"", "build of the engine differs (b1, b2)" },
  { "extension.plan.engine_flags", "\"-fa off\"", "further engine flags differs (none, -fa off)" },
  { "extension.floor.composite", "97.5", "has a noise floor of 97.50" },
  { "extension.not_proved", "true", "nothing proves that the setting was in use" },
  { "axes.plad.score", "null", "same axes" },
  { "axes.rniah.confidence", "\"low\"", "hardly retrieves" },
  { "extension", NULL, "Not every report says its prompts" },
  /* what moves nothing */
  { "timestamp", "\"2026\"", NULL },
  { "extension.plan.threshold", "80", NULL },
  { "extension.plan.ctx", "[512, 4096]", NULL },
  { "extension.plan.rniah_question", "\"(redacted)\"", NULL },
  { "axes.rniah.needle", NULL, NULL },
  { "extension.floor.composite", "99.9", NULL },
};

static JsonNode *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  JsonNode *node = json_from_string (text, &error);

  g_assert_no_error (error);
  return node;
}

/* Changes the member at @path, which may be new. */
static void
change (JsonNode *root, const char *path, const char *value)
{
  g_auto (GStrv) parts = g_strsplit (path, ".", -1);
  JsonObject *object = json_node_get_object (root);
  guint i = 0;

  for (; parts[i + 1] != NULL; i++)
    object = json_object_get_object_member (object, parts[i]);
  if (value != NULL)
    json_object_set_member (object, parts[i], parse (value));
  else
    json_object_remove_member (object, parts[i]);
}

/* Both reports lose @path first, where it is not %NULL. */
static RefractComparison *
compare (const char *lost, const char *path, const char *value)
{
  g_autoptr (GPtrArray) reports = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  RefractComparison *comparison;

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (JsonNode) root = parse (base);
      g_autofree char *text = NULL;

      if (lost != NULL)
        change (root, lost, NULL);
      if (i == 1 && path != NULL)
        change (root, path, value);
      text = json_to_string (root, FALSE);
      g_ptr_array_add (reports, refract_report_new_from_text (text, strlen (text), &error));
      g_assert_no_error (error);
    }
  comparison = refract_comparison_new (reports, &error);
  g_assert_no_error (error);
  return comparison;
}

/* Each alone: exactly its warning. */
static void
test_each (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractComparison) comparison = compare (NULL, cases[i].path, cases[i].value);
      GPtrArray *warnings = comparison->warnings;

      if (warnings->len != (cases[i].warning != NULL))
        g_error ("%s: %u warnings: %s", cases[i].path, warnings->len,
                 warnings->len > 0 ? (char *) warnings->pdata[warnings->len - 1] : "");
      if (cases[i].warning != NULL && strstr (warnings->pdata[0], cases[i].warning) == NULL)
        g_error ("%s: “%s” instead of “%s”", cases[i].path, (char *) warnings->pdata[0],
                 cases[i].warning);
    }
}

static void
test_none (void)
{
  g_autoptr (RefractComparison) comparison = compare (NULL, NULL, NULL);

  g_assert_cmpuint (comparison->warnings->len, ==, 0);
}

/* What an axis rests on that neither scored. */
static void
test_not_scored (void)
{
  static const struct
  {
    const char *lost;
    const char *path;
    const char *value;
  } unscored[] = {
    { "axes.rniah", "extension.plan.rniah_trials", "1" },
    { "axes.rniah", "extension.inputs.needle.sha256", "\"n1\"" },
    { "axes.plad", "extension.plan.seed", "1" },
    { "axes.kld", "extension.inputs.corpus.sha256", "\"c1\"" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (unscored); i++)
    {
      g_autoptr (RefractComparison) comparison
          = compare (unscored[i].lost, unscored[i].path, unscored[i].value);

      g_assert_cmpuint (comparison->warnings->len, ==, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/warnings/none", test_none);
  g_test_add_func ("/warnings/each", test_each);
  g_test_add_func ("/warnings/not-scored", test_not_scored);
  return g_test_run ();
}
