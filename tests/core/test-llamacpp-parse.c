/* test-llamacpp-parse.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "backends/refract-llamacpp-engine.h"
#include "backends/refract-llamacpp-generate.h"
#include "backends/refract-llamacpp-help.h"
#include "backends/refract-llamacpp-log.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

#define STOCK_TYPES "f32 f16 bf16 q8_0 q4_0 q4_1 iq4_nl q5_0 q5_1"

static char *
load (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "llamacpp", name, NULL);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

static RefractLlamacppHelp *
load_help (const char *name)
{
  g_autofree char *text = load (name);

  return refract_llamacpp_help_parse (text);
}

static RefractLlamacppLog *
load_log (const char *name)
{
  RefractLlamacppLog *log = refract_llamacpp_log_new ();
  g_autofree char *text = load (name);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  guint i;

  for (i = 0; lines[i] != NULL; i++)
    refract_llamacpp_log_take_line (lines[i], TRUE, log);
  return log;
}

static void
assert_types (RefractLlamacppHelp *help, const char *expected)
{
  g_auto (GStrv) types = refract_llamacpp_help_dup_kv_types (help);
  g_autofree char *joined = g_strjoinv (" ", types);

  g_assert_cmpstr (joined, ==, expected);
}

static void
test_help_recorded (void)
{
  static const char *const known[] = { "-h",
                                       "--usage",
                                       "-fa",
                                       "--flash-attn",
                                       "--no-kv-unified",
                                       "-no-kvu",
                                       "--cache-ram",
                                       "--no-cache-prompt",
                                       "--no-ui",
                                       "--no-webui",
                                       "--offline",
                                       "-lv",
                                       "--verbosity",
                                       "--slots",
                                       "--jinja",
                                       "--fit",
                                       "--host",
                                       "-m",
                                       "--model",
                                       "--ctx-checkpoints",
                                       "-np",
                                       "--control-vector-layer-range" };
  g_autoptr (RefractLlamacppHelp) help = load_help ("b11669-server-help.txt");
  g_autoptr (RefractLlamacppHelp) perplexity = load_help ("b11669-perplexity-help.txt");
  guint i;

  for (i = 0; i < G_N_ELEMENTS (known); i++)
    if (!refract_llamacpp_help_has (help, known[i]))
      g_error ("%s is not found", known[i]);
  g_assert_false (refract_llamacpp_help_has (help, "--kl-divergence-base"));
  g_assert_false (refract_llamacpp_help_has (help, "-"));
  g_assert_false (refract_llamacpp_help_has (help, "-----"));
  g_assert_true (refract_llamacpp_help_takes_value (help, "-fa"));
  g_assert_true (refract_llamacpp_help_takes_value (help, "--flash-attn"));
  g_assert_true (refract_llamacpp_help_takes_value (help, "--model"));
  g_assert_true (refract_llamacpp_help_takes_value (help, "-hf"));
  g_assert_false (refract_llamacpp_help_takes_value (help, "--offline"));
  g_assert_false (refract_llamacpp_help_takes_value (help, "--no-webui"));
  g_assert_false (refract_llamacpp_help_takes_value (help, "-kvu"));
  g_assert_nonnull (strstr (refract_llamacpp_help_describe (help, "--host"), ".sock"));
  g_assert_nonnull (strstr (refract_llamacpp_help_describe (help, "-lv"), "4: trace"));
  g_assert_null (refract_llamacpp_help_describe (help, "--nonsense"));
  assert_types (help, STOCK_TYPES);

  g_assert_true (refract_llamacpp_help_has (perplexity, "--kl-divergence-base"));
  g_assert_true (refract_llamacpp_help_has (perplexity, "--save-all-logits"));
  g_assert_true (refract_llamacpp_help_has (perplexity, "--chunks"));
  g_assert_false (refract_llamacpp_help_has (perplexity, "--no-ui"));
}

static void
test_help_older (void)
{
  g_autoptr (RefractLlamacppHelp) help = load_help ("b5200-server-help.txt");
  g_autoptr (RefractLlamacppHelp) fork = load_help ("turbo-server-help.txt");
  g_autoptr (RefractLlamacppHelp) nothing = refract_llamacpp_help_parse ("");
  g_autoptr (RefractLlamacppHelp) plain = refract_llamacpp_help_parse (
      "  -ctk,  --cache-type-k TYPE  KV cache data type (default: f16)\n");

  g_assert_true (refract_llamacpp_help_has (help, "--flash-attn"));
  g_assert_false (refract_llamacpp_help_takes_value (help, "--flash-attn"));
  g_assert_false (refract_llamacpp_help_has (help, "--kv-unified"));
  g_assert_null (strstr (refract_llamacpp_help_describe (help, "--verbosity"), "trace"));
  assert_types (help, STOCK_TYPES);

  g_assert_true (refract_llamacpp_help_takes_value (fork, "--flash-attn"));
  g_assert_true (refract_llamacpp_help_has (fork, "--kv-unified"));
  assert_types (fork, STOCK_TYPES " turbo2 turbo3 turbo4");

  g_assert_false (refract_llamacpp_help_has (nothing, "--model"));
  g_assert_true (refract_llamacpp_help_has (plain, "-ctk"));
  assert_types (plain, STOCK_TYPES);
}

static void
test_version (void)
{
  static const struct
  {
    const char *text, *version, *build;
  } cases[] = {
    { "version: 5200 (0f0f0f0f)\nbuilt with cc", "b5200-0f0f0f0f", "5200" },
    { "noise\nversion: 0.7.0 (build 11669, commit Debian)\n", "0.7.0 (b11669-Debian)", "11669" },
    { "version: 1.2.3-something\n", "1.2.3-something", "" },
    { "Hello", NULL, NULL },
    { "", NULL, NULL },
  };
  g_autofree char *recorded = load ("b11669-version.txt");
  g_autofree char *version = NULL, *build = NULL;
  guint i;

  g_assert_true (refract_llamacpp_parse_version (recorded, &version, &build));
  g_assert_cmpstr (version, ==, "0.7.0 (b11669-Debian)");
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *v = NULL, *b = NULL;

      g_assert_cmpint (refract_llamacpp_parse_version (cases[i].text, &v, &b), ==,
                       cases[i].version != NULL);
      g_assert_cmpstr (v, ==, cases[i].version);
      g_assert_cmpstr (b, ==, cases[i].build);
    }
}

static void
test_devices (void)
{
  g_autofree char *none_text = load ("b11669-devices.txt");
  g_autofree char *cuda_text = load ("cuda-devices.txt");
  g_auto (GStrv) none = refract_llamacpp_parse_devices (none_text);
  g_auto (GStrv) cuda = refract_llamacpp_parse_devices (cuda_text);

  g_assert_cmpuint (g_strv_length (none), ==, 0);
  g_assert_cmpuint (g_strv_length (cuda), ==, 2);
  g_assert_cmpstr (cuda[1], ==, "CUDA1: NVIDIA H100 80GB HBM3 (81089 MiB, 80510 MiB free)");
}

static void
test_kv_lines (void)
{
  static const struct
  {
    const char *file, *type_k, *type_v;
    int rotation_k, rotation_v;
    double mib;
    guint64 n_cells;
  } cases[] = {
    { "b11669-server-q8_0-q4_0.log", "q8_0", "q4_0", 1, 1, 0.61, 1024 },
    { "b11669-server-rotation-off.log", "q4_0", "q4_0", 0, 0, 0.42, 1024 },
    { "b11669-perplexity.log", "q8_0", "q8_0", 1, 1, 1.59, 2048 }, /* 4 streams of 512 */
    { "b5200-server.log", "q8_0", "q4_0", -1, -1, 416, 4096 },
    { "2024-server.log", "f16", "f16", -1, -1, 512, 4096 },
    { "window-server.log", "q8_0", "q8_0", -1, -1, 130, 8192 },
    { "turbo-server-upgraded.log", "q8_0", "turbo3", 0, 0, 101.5, 4096 },
    { "turbo-server-rotated.log", "q8_0", "turbo3", 1, 0, 101.5, 4096 },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractLlamacppLog) log = load_log (cases[i].file);
      g_autoptr (RefractKvInUse) kv = refract_llamacpp_log_dup_kv_in_use (log);

      g_test_message ("%s", cases[i].file);
      g_assert_cmpint (kv->evidence, ==, REFRACT_EVIDENCE_PROVED);
      g_assert_cmpstr (kv->type_k, ==, cases[i].type_k);
      g_assert_cmpstr (kv->type_v, ==, cases[i].type_v);
      g_assert_cmpint (kv->rotation_k, ==, cases[i].rotation_k);
      g_assert_cmpint (kv->rotation_v, ==, cases[i].rotation_v);
      g_assert_cmpfloat_with_epsilon (kv->buffer_mib, cases[i].mib, 1e-9);
      g_assert_cmpuint (kv->n_cells, ==, cases[i].n_cells);
      g_assert_false (refract_llamacpp_log_is_out_of_memory (log));
    }
}

static void
test_kv_lines_none (void)
{
  g_autoptr (RefractLlamacppLog) log = refract_llamacpp_log_new ();
  g_autoptr (RefractKvInUse) kv = NULL, mixed = NULL;

  refract_llamacpp_log_take_line ("llama_kv_cache:  CPU KV buffer size = 3.00 MiB", TRUE, log);
  kv = refract_llamacpp_log_dup_kv_in_use (log);
  g_assert_cmpint (kv->evidence, ==, REFRACT_EVIDENCE_NONE);
  g_assert_null (kv->type_k);

  refract_llamacpp_log_take_line ("size = 1.00 MiB, K (f16): 0.50 MiB, V (f16): 0.50 MiB", TRUE,
                                  log);
  refract_llamacpp_log_take_line ("size = 1.00 MiB, K (q8_0): 0.50 MiB, V (f16): 0.50 MiB", TRUE,
                                  log);
  mixed = refract_llamacpp_log_dup_kv_in_use (log);
  g_assert_cmpstr (mixed->type_k, ==, "f16+q8_0");
  g_assert_cmpstr (mixed->type_v, ==, "f16");
}

static void
test_failures (void)
{
  g_autoptr (RefractLlamacppLog) memory = load_log ("b11669-server-out-of-memory.log");
  g_autoptr (RefractLlamacppLog) cuda = load_log ("cuda-out-of-memory.log");
  g_autoptr (RefractLlamacppLog) truncated = load_log ("b11669-server-truncated-model.log");
  g_autoptr (RefractLlamacppLog) fine = load_log ("b11669-server-q8_0-q4_0.log");
  g_autofree char *reason = refract_llamacpp_log_dup_model_error (truncated);

  g_assert_true (refract_llamacpp_log_is_out_of_memory (memory));
  g_assert_true (refract_llamacpp_log_is_out_of_memory (cuda));
  g_assert_false (refract_llamacpp_log_is_out_of_memory (truncated));
  g_assert_null (refract_llamacpp_log_dup_model_error (fine));
  g_assert_cmpstr (reason, ==,
                   "tensor 'blk.0.attn_q.weight' data is not within the file bounds, model is "
                   "corrupted or incomplete");
}

static void
test_perplexity (void)
{
  g_autoptr (RefractLlamacppLog) log = load_log ("b11669-perplexity.log");
  g_autoptr (RefractLlamacppLog) too_short = load_log ("b11669-perplexity-short.log");
  RefractPerplexityFacts facts;

  refract_llamacpp_log_get_perplexity (log, &facts);
  g_assert_cmpuint (facts.n_chunks, ==, 4);
  g_assert_cmpuint (facts.n_tokens_needed, ==, 0);
  g_assert_cmpint (facts.started, >, 0);
  g_assert_cmpfloat (facts.total_ms, >, 10);

  refract_llamacpp_log_get_perplexity (too_short, &facts);
  g_assert_cmpuint (facts.n_chunks, ==, 0);
  g_assert_cmpuint (facts.n_tokens_needed, ==, 1024);
  g_assert_cmpuint (facts.n_tokens, ==, 177);
}

static void
test_engaged (void)
{
  static const struct
  {
    const char *file, *kv;
    gboolean engaged;
  } cases[] = {
    { "b11669-server-q8_0-q4_0.log", "ctk=q8_0,ctv=q4_0", TRUE },
    { "b11669-server-q8_0-q4_0.log", "ctk=q8_0,ctv=q8_0", FALSE },
    { "b11669-server-q8_0-q4_0.log", "ctk=q8_0,ctv=q4_0,attn_rot_disable=1", FALSE },
    { "b11669-server-rotation-off.log", "ctk=q4_0,ctv=q4_0,attn_rot_disable=1", TRUE },
    { "b11669-server-rotation-off.log", "ctk=q4_0,ctv=q4_0,attn_rot_v=1", FALSE },
    { "b11669-server-rotation-off.log", "ctk=q4_0,ctv=q4_0,attn_rot_v=1,attn_rot_disable=1", TRUE },
    { "turbo-server-upgraded.log", "ctk=turbo3,ctv=turbo3", FALSE },
    { "turbo-server-upgraded.log", "ctk=q8_0,ctv=turbo3", TRUE },
    { "turbo-server-rotated.log", "ctk=q8_0,ctv=turbo3,attn_rot_k=1", TRUE },
    { "b5200-server.log", "ctk=q8_0,ctv=q4_0,attn_rot_k=1", TRUE }, /* it does not say */
  };
  g_autoptr (RefractKvInUse) unknown = refract_kv_in_use_new ();
  g_autoptr (RefractKvConfig) any = refract_kv_config_parse ("ctk=q8_0,ctv=q8_0", NULL);
  guint i;

  g_assert_true (refract_llamacpp_check_engaged (any, unknown, NULL));
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractLlamacppLog) log = load_log (cases[i].file);
      g_autoptr (RefractKvInUse) in_use = refract_llamacpp_log_dup_kv_in_use (log);
      g_autoptr (RefractKvConfig) kv = refract_kv_config_parse (cases[i].kv, NULL);
      g_autoptr (GError) error = NULL;

      g_test_message ("%s %s", cases[i].file, cases[i].kv);
      g_assert_cmpint (refract_llamacpp_check_engaged (kv, in_use, &error), ==, cases[i].engaged);
      if (!cases[i].engaged)
        g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_NOT_ENGAGED);
      if (i == 6)
        g_assert_nonnull (strstr (error->message,
                                  "K turbo3 / V turbo3 was asked for, but the engine "
                                  "allocated K q8_0 / V turbo3"));
    }
}

static GPtrArray *
two_requests (void)
{
  GPtrArray *requests = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_request_free);
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  gint32 id = 5;

  g_array_append_val (ids, id);
  g_array_append_val (ids, id);
  g_ptr_array_add (requests, refract_request_new ("first", ids, 3));
  g_ptr_array_add (requests, refract_request_new ("second", ids, 2));
  return requests;
}

static void
test_completion_body (void)
{
  g_autoptr (GPtrArray) requests = two_requests ();
  g_autoptr (JsonObject) body = refract_llamacpp_completion_body (requests);
  JsonArray *prompts = refract_json_get_array (body, "prompt");

  g_assert_cmpuint (json_array_get_length (prompts), ==, 2);
  g_assert_cmpuint (json_array_get_length (json_array_get_array_element (prompts, 0)), ==, 2);
  g_assert_cmpint (refract_json_get_int (body, "n_predict", 0), ==, 3);
  g_assert_cmpint (refract_json_get_int (body, "temperature", 1), ==, 0);
  g_assert_cmpint (refract_json_get_int (body, "top_k", 0), ==, 1);
  g_assert_true (refract_json_get_boolean (body, "return_tokens", FALSE));
  g_assert_false (refract_json_get_boolean (body, "cache_prompt", TRUE));
  g_assert_false (refract_json_get_boolean (body, "stream", TRUE));
  g_assert_false (json_object_has_member (body, "ignore_eos"));
}

#define RESULT(index, tokens, stop, n)                                                             \
  "{\"index\":" #index ",\"content\":\"x\",\"tokens\":" tokens ",\"stop_type\":\"" stop            \
  "\",\"truncated\":false,\"tokens_predicted\":" #n                                                \
  ",\"timings\":{\"prompt_ms\":1.5,\"predicted_ms\":-2}}"
#define BOTH(a, b) "{\"results\":[" a "," b "]}"

static GPtrArray *
parse_completion (const char *text, gint32 eos, GError **error)
{
  g_autoptr (GPtrArray) requests = two_requests ();
  g_autoptr (JsonObject) reply = refract_json_parse_object (text, strlen (text), error);

  g_assert_nonnull (reply);
  return refract_llamacpp_parse_completion (reply, requests, 100, eos, error);
}

static void
test_completion (void)
{
  g_autoptr (GError) error = NULL;
  /* out of order, one ended by itself, one longer than its own limit of 2 */
  g_autoptr (GPtrArray) list = parse_completion (
      BOTH (RESULT (1, "[7,8,9]", "limit", 3), RESULT (0, "[4,2]", "eos", 2)), -1, &error);
  const RefractGeneration *first, *second;

  g_assert_no_error (error);
  g_assert_cmpuint (list->len, ==, 2);
  first = g_ptr_array_index (list, 0);
  second = g_ptr_array_index (list, 1);
  g_assert_cmpuint (first->ids->len, ==, 2);
  g_assert_cmpint (g_array_index (first->ids, gint32, 1), ==, 2);
  g_assert_cmpint (first->stop, ==, REFRACT_STOP_EOS);
  g_assert_cmpuint (first->n_prompt, ==, 2);
  g_assert_cmpfloat (first->prompt_ms, ==, 1.5);
  g_assert_cmpfloat (first->predicted_ms, ==, 0);
  g_assert_cmpuint (second->ids->len, ==, 2);
  g_assert_cmpint (second->stop, ==, REFRACT_STOP_LIMIT);
}

/* An engine that leaves the end token out of its list: it is appended where it is known. */
static void
test_completion_eos (void)
{
  const char *text = BOTH (RESULT (0, "[4]", "eos", 2), RESULT (1, "[7,8]", "limit", 2));
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) list = parse_completion (text, 2, &error);
  const RefractGeneration *first;

  g_assert_no_error (error);
  first = g_ptr_array_index (list, 0);
  g_assert_cmpuint (first->ids->len, ==, 2);
  g_assert_cmpint (g_array_index (first->ids, gint32, 1), ==, 2);
  g_assert_null (parse_completion (text, -1, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE);
}

static void
test_completion_nonsense (void)
{
  static const char *const texts[] = {
    "{}",
    "{\"results\":[]}",
    "{\"results\":[1,2]}",
    "{\"results\":[" RESULT (0, "[1]", "limit", 1) "]}",
    BOTH (RESULT (0, "[1]", "limit", 1), RESULT (0, "[1]", "limit", 1)),
    BOTH (RESULT (0, "[1]", "limit", 1), RESULT (2, "[1]", "limit", 1)),
    BOTH (RESULT (0, "[1]", "limit", 1), RESULT (-1, "[1]", "limit", 1)),
    BOTH (RESULT (0, "[100]", "limit", 1), RESULT (1, "[1]", "limit", 1)),
    BOTH (RESULT (0, "[-1]", "limit", 1), RESULT (1, "[1]", "limit", 1)),
    BOTH (RESULT (0, "[4294967296]", "limit", 1), RESULT (1, "[1]", "limit", 1)),
    BOTH (RESULT (0, "[\"a\"]", "limit", 1), RESULT (1, "[1]", "limit", 1)),
    BOTH (RESULT (0, "null", "limit", 1), RESULT (1, "[1]", "limit", 1)),
    BOTH (RESULT (0, "[1,1,1,1]", "limit", 4), RESULT (1, "[1]", "limit", 1)),
    BOTH (RESULT (0, "[1]", "word", 1), RESULT (1, "[1]", "limit", 1)),
    BOTH (RESULT (0, "[1]", "limit", 3), RESULT (1, "[1]", "limit", 1)),
    BOTH ("{\"index\":0,\"tokens\":[1],\"stop_type\":\"limit\",\"truncated\":true}",
          RESULT (1, "[1]", "limit", 1)),
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      g_test_message ("%s", texts[i]);
      g_assert_null (parse_completion (texts[i], 2, &error));
      g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE);
    }
}

static void
test_thinking (void)
{
  static const struct
  {
    const char *prompt;
    gboolean opens;
  } cases[] = {
    { "<|user|>Hi</s><|assistant|>", FALSE },
    { "<|im_start|>assistant\n<think>\n", TRUE },
    { "<|im_start|>assistant\n<think>\n\n</think>\n\n", FALSE },
    { "<think>a</think>Hi<|im_start|>assistant\n<think>", TRUE },
    { "[SYSTEM_PROMPT]Use [THINK]x[/THINK][/SYSTEM_PROMPT][INST]Hi[/INST]", FALSE },
    { "[INST]Hi[/INST][THINK]", TRUE },
    { "<seed:bos>assistant\n<seed:think>", TRUE },
    { "<|start|>assistant<|channel|>analysis<|message|>", TRUE },
    { "<|start|>user<|message|>Hi<|end|><|start|>assistant", TRUE },
    { "<|start|>assistant<|channel|>final<|message|>", FALSE },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_test_message ("%s", cases[i].prompt);
      g_assert_cmpint (refract_prompt_opens_thinking (cases[i].prompt), ==, cases[i].opens);
    }
}

static void
test_slots (void)
{
  static const char *const polls[] = {
    "{\"results\":[{\"is_processing\":true,\"n_prompt_tokens_processed\":9,"
    "\"next_token\":[{\"n_decoded\":4}]},"
    "{\"is_processing\":true,\"next_token\":{\"n_decoded\":2}}]}",
    "{\"results\":[{\"is_processing\":false,\"next_token\":[{\"n_decoded\":0}]},"
    "{\"is_processing\":true,\"next_token\":{\"n_decoded\":5}},"
    "{\"is_processing\":true,\"next_token\":{\"n_decoded\":7}}]}",
    "{\"results\":[null,{\"is_processing\":true,\"next_token\":[null]}]}",
  };
  static const guint64 sums[] = { 6, 9, 9 };
  guint64 n_decoded[2] = { 0, 0 }, n_prompt;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (polls); i++)
    {
      g_autoptr (JsonObject) reply = refract_json_parse_object (polls[i], strlen (polls[i]), NULL);

      g_assert_cmpuint (refract_llamacpp_parse_slots (reply, n_decoded, 2, &n_prompt), ==, sums[i]);
      g_assert_cmpuint (n_prompt, ==, i == 0 ? 9 : 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/llamacpp/help/recorded", test_help_recorded);
  g_test_add_func ("/llamacpp/help/older", test_help_older);
  g_test_add_func ("/llamacpp/version", test_version);
  g_test_add_func ("/llamacpp/devices", test_devices);
  g_test_add_func ("/llamacpp/log/kv", test_kv_lines);
  g_test_add_func ("/llamacpp/log/none", test_kv_lines_none);
  g_test_add_func ("/llamacpp/log/failures", test_failures);
  g_test_add_func ("/llamacpp/log/perplexity", test_perplexity);
  g_test_add_func ("/llamacpp/engaged", test_engaged);
  g_test_add_func ("/llamacpp/completion/body", test_completion_body);
  g_test_add_func ("/llamacpp/completion/reply", test_completion);
  g_test_add_func ("/llamacpp/completion/eos", test_completion_eos);
  g_test_add_func ("/llamacpp/completion/nonsense", test_completion_nonsense);
  g_test_add_func ("/llamacpp/thinking", test_thinking);
  g_test_add_func ("/llamacpp/slots", test_slots);
  return g_test_run ();
}
