/* test-server-kv.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "backends/refract-server-identity.h"
#include "backends/refract-server-types.h"
#include "core/refract-error.h"
#include "server-fixture.h"

/* ---- KV cache ---- */

#define METRICS(blocks, type)                                                                      \
  "# TYPE vllm:cache_config_info gauge\n"                                                          \
  "vllm:cache_config_info{_block_size_resolved=\"True\",block_size=\"128\",cache_dtype=\"" type    \
  "\",kv_cache_memory_bytes=\"1073741824\",kv_cache_size_tokens=\"709930\",mamba_cache_dtype="     \
  "\"auto\",num_gpu_blocks=\"" blocks "\",user_specified_block_size=\"False\"} 1.0\n"

/* 3 layers of 2 KV heads of 64 elements: 768 elements for a token */
static RefractModel *
make_model (const char *folder)
{
  static const char config[]
      = "{\"architectures\": [\"LlamaForCausalLM\"], \"model_type\": \"llama\", \"vocab_size\": "
        "1024,"
        " \"hidden_size\": 128, \"intermediate_size\": 384, \"num_hidden_layers\": 3,"
        " \"num_attention_heads\": 2, \"num_key_value_heads\": 2, \"head_dim\": 64,"
        " \"max_position_embeddings\": 4096, \"torch_dtype\": \"float16\"}";
  static const char weights[] = "\x3c\0\0\0\0\0\0\0{\"w\":{\"dtype\":\"F16\",\"shape\":[1],"
                                "\"data_offsets\":[0,2]}}          \0";
  g_autofree char *config_path = g_build_filename (folder, "config.json", NULL);
  g_autofree char *weights_path = g_build_filename (folder, "model.safetensors", NULL);
  g_autoptr (GError) error = NULL;
  RefractModel *model;

  g_file_set_contents (config_path, config, -1, &error);
  g_assert_no_error (error);
  g_file_set_contents (weights_path, weights, 8 + 60 + 2, &error);
  g_assert_no_error (error);
  model = refract_model_new_from_file (folder, NULL, &error);
  g_assert_no_error (error);
  g_unlink (config_path);
  g_unlink (weights_path);
  return model;
}

/* What fits into the memory shows what was allocated; the flag is only repeated. */
static void
test_vllm_kv (HttpFixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *metrics, *type, *log;
    RefractEvidence evidence;
    const char *in_use; /* NULL: not engaged */
  } cases[] = {
    { METRICS ("10922", "fp8"), "fp8", "CPU", REFRACT_EVIDENCE_PROVED, "fp8" },
    { METRICS ("10922", "fp8"), "fp8_e4m3", "CPU", REFRACT_EVIDENCE_PROVED, "fp8_e4m3" },
    { METRICS ("5461", "auto"), "auto", "CPU", REFRACT_EVIDENCE_PROVED, "float16" },
    { METRICS ("10922", "auto"), "auto", "GPU", REFRACT_EVIDENCE_PROVED, "8-bit" },
    { METRICS ("5461", "fp8"), "fp8", "GPU", 0, NULL },
    { METRICS ("10922", "fp8_e5m2"), "fp8", "GPU", 0, NULL },
    { METRICS ("10922", "int8_per_token_head"), "int8_per_token_head", "CPU", 0, NULL },
    { METRICS ("10922", "int8_per_token_head"), "int8_per_token_head", "GPU",
      REFRACT_EVIDENCE_ECHOED, "int8_per_token_head" },
    { "nothing", "fp8", "GPU", REFRACT_EVIDENCE_NONE, "" },
  };
  g_autoptr (RefractModel) model = make_model (fixture->folder);
  RefractServerEngine engine = { .kind = &refract_vllm_kind };
  guint i;

  fixture->answer = answer_data;
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractServer) server = make_server (fixture, &refract_vllm_kind);
      g_autofree char *text = g_strdup_printf ("kv=%s", cases[i].type);
      g_autofree char *line
          = g_strdup_printf ("dtype=torch.float16 %s KV cache size: 709,930 tokens", cases[i].log);
      g_autoptr (RefractKvConfig) kv = refract_kv_config_parse (text, NULL);
      RefractServerStart start = { .engine = &engine, .model = model, .kv = kv };
      g_autoptr (GError) error = NULL;
      gboolean engaged;

      fixture->data = cases[i].metrics;
      refract_server_log_take_line ("dtype=torch.float16", TRUE, server->log);
      refract_server_log_take_line (line, TRUE, server->log);
      engaged = refract_vllm_kind.read_kv (server, &start, NULL, &error);
      g_test_message ("%u: %s", i, error != NULL ? error->message : "engaged");
      g_assert_cmpint (engaged, ==, cases[i].in_use != NULL);
      if (!engaged)
        continue;
      g_assert_cmpint (server->kv_in_use->evidence, ==, cases[i].evidence);
      if (server->kv_in_use->evidence > REFRACT_EVIDENCE_NONE)
        g_assert_cmpstr (server->kv_in_use->type_k, ==, cases[i].in_use);
    }
}

static char *
answer_restarted (
    HttpFixture *fixture, const char *path, const char *body, guint *status, gsize *cut)
{
  const char *model = fixture->data;

  if (g_str_equal (path, "/metrics"))
    return g_strdup (METRICS ("5461", "auto"));
  if (g_str_equal (path, "/version"))
    return g_strdup ("{\"version\": \"0.32.0\"}");
  if (g_str_equal (path, "/v1/models"))
    return g_strdup_printf (
        "{\"data\": [{\"id\": \"m\", \"root\": \"/of/%s\", \"max_model_len\": 4096}]}", model);
  if (g_str_equal (path, "/tokenize"))
    return g_strdup ("{\"tokens\": [1, 2, 3]}");
  return read_transcript ("vllm-stream.txt");
}

/* A server of the user's that was started again with another model or cache while it answered. */
static void
test_restarted (HttpFixture *fixture, gconstpointer data)
{
  g_autoptr (RefractServer) server = make_server (fixture, &refract_vllm_kind);
  g_autoptr (GPtrArray) requests = make_requests (2, TRUE), generations = NULL;
  g_autoptr (GError) error = NULL, other_error = NULL;

  server->is_own = FALSE;
  server->start.model = make_model (fixture->folder);
  server->start.kv = refract_kv_config_parse ("kv=auto", NULL);
  fixture->data = "one-model";
  fixture->answer = answer_restarted;
  server->identity = refract_server_identify (server, NULL, &error);
  generations = refract_server_generate (server, requests, NULL, NULL, NULL, &error);
  g_assert_no_error (error);

  refract_kv_config_unref (server->start.kv);
  server->start.kv = refract_kv_config_parse ("kv=fp8", NULL);
  g_assert_null (refract_server_generate (server, requests, NULL, NULL, NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_NOT_ENGAGED);

  fixture->data = "another";
  g_assert_null (refract_server_generate (server, requests, NULL, NULL, NULL, &other_error));
  g_assert_error (other_error, REFRACT_ERROR, REFRACT_ERROR_ENGINE);
  g_test_message ("%s", other_error->message);
  g_assert_nonnull (strstr (other_error->message, "“another” instead of “one-model”"));
}

/* ---- Logs and types ---- */

static void
test_log (void)
{
  static const struct
  {
    const char *lines[5];
    const char *cause;
    gboolean memory;
  } cases[] = {
    { { "WARNING Found ulimit of 20000. This can cause fd limit errors like `OSError: [Errno 24] "
        "Too many open files`",
        "(Worker pid=7) ERROR 11-21 10:00:00 [multiproc_executor.py:9] ValueError: FP8 KV cache "
        "requires head_size divisible by 32 on CPU.",
        "(EngineCore pid=6) ERROR 11-21 10:00:01 [core.py:1] RuntimeError: WorkerProc "
        "initialization failed due to an exception in a background process.",
        "(APIServer pid=5) RuntimeError: Engine core initialization failed. See root cause above. "
        "Failed core proc(s): {}" },
      "ValueError: FP8 KV cache requires head_size divisible by 32 on CPU.",
      FALSE },
    { { "ValueError: Available memory on node 0 (15.71/17.46 GiB) on startup is less than desired "
        "CPU memory utilization (0.92, 16.07 GiB).",
        "(APIServer pid=5) RuntimeError: Engine core initialization failed. See root cause "
        "above." },
      "ValueError: Available memory on node 0 (15.71/17.46 GiB) on startup is less than desired "
      "CPU memory utilization (0.92, 16.07 GiB).",
      TRUE },
    { { "usage: vllm serve [-h]", "vllm serve: error: argument --kv-cache-dtype: invalid choice: "
                                  "'q8_0' (choose from 'auto')" },
      "argument --kv-cache-dtype: invalid choice: 'q8_0' (choose from 'auto')",
      FALSE },
    { { "[2026-11-21] Scheduler hit an exception: Traceback (most recent call last):",
        "ValueError: CPU FP8 KV cache requires Intel AMX support.",
        "RuntimeError: Initialization failed. Please see the error messages above." },
      "ValueError: CPU FP8 KV cache requires Intel AMX support.",
      FALSE },
    { { "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB." },
      "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
      TRUE },
    { { "WARNING [cpu.py:644] Failed to import from vllm._C: ImportError('libnuma.so.1: cannot "
        "open "
        "shared object file: No such file or directory')",
        "(VllmWorker-0 pid=42) ERROR 11-28 12:57:46 [multiproc_executor.py:953] AttributeError: "
        "'_OpNamespace' '_C' object has no attribute 'init_cpu_memory_env'" },
      "AttributeError: '_OpNamespace' '_C' object has no attribute 'init_cpu_memory_env' (the "
      "library libnuma.so.1 is missing on this system)",
      FALSE },
    { { "ImportError: libcuda.so.1: cannot open shared object file: No such file or directory" },
      "ImportError: libcuda.so.1: cannot open shared object file: No such file or directory",
      FALSE },
    { { "Application startup complete." }, NULL, FALSE },
  };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractServerLog) log = refract_server_log_new ();
      g_autofree char *cause = NULL;

      for (k = 0; cases[i].lines[k] != NULL; k++)
        refract_server_log_take_line (cases[i].lines[k], TRUE, log);
      cause = refract_server_log_dup_cause (log);
      g_assert_cmpstr (cause, ==, cases[i].cause);
      g_assert_cmpint (refract_server_log_is_out_of_memory (log), ==, cases[i].memory);
    }
}

static void
test_log_facts (void)
{
  g_autoptr (RefractServerLog) vllm = refract_server_log_new (), sglang = refract_server_log_new ();
  g_auto (RefractServerFacts) a = { 0 }, b = { 0 };

  refract_server_log_take_line (
      "(EngineCore pid=6) INFO [core.py:133] Initializing a V1 LLM engine (v0.32.0) with config: "
      "model='x', trust_remote_code=False, dtype=torch.float16, max_seq_len=2048",
      TRUE, vllm);
  refract_server_log_take_line (
      "(EngineCore pid=6) INFO [kv_cache_utils.py:2327] CPU KV cache size: 1,398,016 tokens, "
      "Maximum concurrency",
      TRUE, vllm);
  refract_server_log_get_facts (vllm, &a);
  g_assert_true (a.on_cpu);
  g_assert_cmpstr (a.dtype, ==, "float16");
  g_assert_cmpuint (a.n_tokens, ==, 1398016);

  refract_server_log_take_line (
      "[2026-11-21 10:00:00] KV Cache is allocated. dtype: torch.bfloat16, "
      "#tokens: 65536, K size: 0.02 GB, V size: 0.02 GB",
      TRUE, sglang);
  refract_server_log_get_facts (sglang, &b);
  g_assert_false (b.on_cpu);
  g_assert_cmpstr (b.kv_dtype, ==, "bfloat16");
  g_assert_cmpuint (b.n_tokens, ==, 65536);
}

static void
test_types (void)
{
  static const char *const pretended[]
      = { "int8_per_token_head", "turboquant_k8v4", "ultraquant_4bit", "nvfp4", "fp8_inc" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (pretended); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (
          refract_server_type_is_real (REFRACT_BACKEND_KIND_VLLM, pretended[i], TRUE, &error));
      g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG);
      g_assert_nonnull (strstr (error->message, "fp8_e5m2"));
      g_assert_true (
          refract_server_type_is_real (REFRACT_BACKEND_KIND_VLLM, pretended[i], FALSE, NULL));
    }
  g_assert_true (refract_server_type_is_real (REFRACT_BACKEND_KIND_VLLM, "fp8", TRUE, NULL));
  g_assert_true (refract_server_type_is_real (REFRACT_BACKEND_KIND_SGLANG, "bfloat16", TRUE, NULL));
  g_assert_false (
      refract_server_type_is_real (REFRACT_BACKEND_KIND_SGLANG, "fp8_e5m2", TRUE, NULL));
  g_assert_true (refract_server_types_equal ("fp8", "fp8_e4m3"));
  g_assert_true (refract_server_types_equal ("bfloat16", "bf16"));
  g_assert_false (refract_server_types_equal ("fp8", "fp8_e5m2"));
}

static void
test_probes (void)
{
  static const struct
  {
    const char *type, *attention;
    gboolean deterministic, valid;
  } cases[] = {
    { "auto", "triton", FALSE, TRUE },          { "fp8_e4m3", "triton", FALSE, FALSE },
    { "fp8_e4m3", "flashinfer", FALSE, FALSE }, { "fp8_e4m3", "triton", TRUE, TRUE },
    { "fp8_e4m3", "fa3", FALSE, TRUE },         { "bfloat16", "torch_native", FALSE, TRUE },
    { "fp8_e4m3", NULL, FALSE, FALSE },
  };
  g_autoptr (GError) error = NULL;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (refract_server_check_sglang_probe (cases[i].type, cases[i].attention,
                                                        cases[i].deterministic, NULL),
                     ==, cases[i].valid);
  g_assert_false (refract_server_check_sglang_probe ("fp8_e4m3", "triton", FALSE, &error));
  g_assert_nonnull (strstr (error->message, "--enable-deterministic-inference"));
  g_clear_error (&error);

  g_assert_true (refract_server_check_vllm_probe ("fp8", 2048, NULL));
  g_assert_true (refract_server_check_vllm_probe ("turboquant_k8v4", 128, NULL));
  g_assert_false (refract_server_check_vllm_probe ("turboquant_k8v4", 2048, &error));
  g_assert_nonnull (strstr (error->message, "--max-num-batched-tokens 128"));
}

/* What cannot be run is refused before a server starts. */
static void
test_refused (HttpFixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *kv, *flag;
    int n_gpu_layers;
    const char *words; /* NULL: nothing refused */
  } cases[] = {
    { "kv=auto", "--dtype=float32", -1, NULL },
    { "kv=auto", "--max-num-batched-tokens", -1, NULL },
    { "kv=auto", "--port", -1, "--port" },
    { "kv=auto", "--api-key=secret", -1, "--api-key" },
    { "kv=auto", "--kv-cache-dtype=fp8", -1, "--kv-cache-dtype" },
    { "kv=auto", "--trust-remote-code", -1, "--trust-remote-code" },
    { "kv=auto", NULL, 5, "--n-gpu-layers" },
    { "kv=turboquant_k8v4", NULL, -1, "is not stored on a CPU" },
    { "kv=fp9", NULL, -1, "fp9" },
  };
  g_autoptr (RefractModel) model = make_model (fixture->folder);
  RefractEngineInfo info = { .kv_types = (char *[]) { "auto", "fp8", NULL } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      char *flags[] = { (char *) cases[i].flag, NULL };
      RefractBackendOptions options
          = { .engine_flags = flags, .n_gpu_layers = cases[i].n_gpu_layers };
      RefractServerEngine engine = { .kind = &refract_vllm_kind,
                                     .options = &options,
                                     .python = (char *) "python3",
                                     .version = (char *) "0.32.0+cpu",
                                     .on_cpu = TRUE,
                                     .info = &info };
      g_autoptr (GError) error = NULL;
      g_autoptr (RefractKvConfig) kv = refract_kv_config_parse (cases[i].kv, &error);
      gboolean fits;

      g_assert_no_error (error);
      fits = refract_server_engine_check (&engine, kv, model, &error);
      g_test_message ("%s", error != NULL ? error->message : "fits");
      g_assert_cmpint (fits, ==, cases[i].words == NULL);
      g_assert_true (fits || strstr (error->message, cases[i].words) != NULL);
      g_assert_true (fits || strstr (error->message, "secret") == NULL);
    }
}

static void
test_versions (void)
{
  g_assert_true (refract_server_version_at_least ("0.32.0+cpu", 0, 30));
  g_assert_true (refract_server_version_at_least ("1.0", 0, 30));
  g_assert_false (refract_server_version_at_least ("0.9.2", 0, 30));
  g_assert_false (refract_server_version_at_least ("unknown", 0, 1));
  g_assert_false (refract_server_version_at_least ("", 0, 1));
}

#define ADD(path, func)                                                                            \
  g_test_add (path, HttpFixture, NULL, http_fixture_set_up, func, http_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/server-kv/vllm-kv", test_vllm_kv);
  ADD ("/server-kv/restarted", test_restarted);
  g_test_add_func ("/server-kv/log", test_log);
  g_test_add_func ("/server-kv/log-facts", test_log_facts);
  g_test_add_func ("/server-kv/types", test_types);
  g_test_add_func ("/server-kv/probes", test_probes);
  g_test_add_func ("/server-kv/versions", test_versions);
  ADD ("/server-kv/refused", test_refused);
  return g_test_run ();
}
