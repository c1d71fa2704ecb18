/* test-model-folder.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <sys/stat.h>
#include <unistd.h>

#include "backends/refract-backend.h"
#include "model-fixture.h"

#define SMALL                                                                                      \
  "\"hidden_size\":256,\"num_hidden_layers\":4,\"num_attention_heads\":4,\"vocab_size\":1024"
#define LLAMA_CONFIG                                                                               \
  "{\"architectures\":[\"LlamaForCausalLM\"],\"model_type\":\"llama\"," SMALL                      \
  ",\"num_key_value_heads\":2,\"max_position_embeddings\":4096,\"torch_dtype\":\"bfloat16\"}"

static void
put (const char *name, const char *text)
{
  g_autofree char *path = in_folder (name);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

/* A folder with nothing but this config.json and one file of weights. */
static RefractModel *
load_config (const char *config, GError **error)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = in_folder (name);

      g_remove (path);
    }
  put ("config.json", config);
  put ("model.safetensors", "weights");
  return refract_model_new_from_file (folder, NULL, error);
}

static RefractModel *
load_good (const char *config)
{
  g_autoptr (GError) error = NULL;
  RefractModel *model = load_config (config, &error);

  g_assert_no_error (error);
  return model;
}

static void
test_llama (void)
{
  g_autoptr (RefractModel) model = load_good (LLAMA_CONFIG);
  g_autofree char *config = in_folder ("config.json");
  g_autoptr (RefractModel) by_file = refract_model_new_from_file (config, NULL, NULL);
  const RefractModelInfo *info = refract_model_get_info (model);
  g_autofree char *base = g_path_get_basename (folder);

  g_assert_true (info->is_directory);
  g_assert_false (info->has_model_code);
  g_assert_cmpstr (info->path, ==, folder);
  g_assert_cmpstr (info->name, ==, base);
  g_assert_cmpstr (info->architecture, ==, "llama");
  g_assert_cmpstr (info->quantization, ==, "bfloat16");
  g_assert_cmpuint (info->n_layers, ==, 4);
  g_assert_cmpuint (info->n_kv_layers, ==, 4);
  g_assert_cmpuint (info->n_kv_heads, ==, 2);
  g_assert_cmpuint (info->head_dim_k, ==, 64);
  g_assert_cmpuint (info->k_elements_per_token, ==, 4 * 2 * 64);
  g_assert_cmpuint (info->v_elements_per_token, ==, 4 * 2 * 64);
  g_assert_cmpuint (info->context_length, ==, 4096);
  g_assert_cmpuint (info->n_vocab, ==, 1024);
  g_assert_cmpuint (info->size_bytes, ==, strlen ("weights"));
  g_assert_cmpuint (info->n_parts, ==, 1);
  g_assert_null (info->chat_template);
  g_assert_cmpuint (strlen (info->fingerprint), ==, 64);

  g_assert_nonnull (by_file);
  g_assert_cmpstr (refract_model_get_info (by_file)->path, ==, folder);
  g_assert_cmpstr (refract_model_get_info (by_file)->fingerprint, ==, info->fingerprint);
}

typedef struct
{
  const char *config;
  guint n_kv_layers;
  guint n_window_layers;
  guint64 k_elements;
  gboolean latent;
} Geometry;

#define CONFIG(type, more) "{\"model_type\":\"" type "\"," SMALL "," more "}"
#define EIGHT "\"num_hidden_layers\":8,\"hidden_size\":256,\"num_attention_heads\":4"
#define OTHER(type, more) "{\"model_type\":\"" type "\"," EIGHT "," more "}"

static const Geometry geometries[] = {
  { CONFIG ("llama", "\"head_dim\":128"), 4, 0, 4 * 4 * 128, FALSE },
  { CONFIG ("llama", "\"head_dim\":null,\"num_key_value_heads\":1"), 4, 0, 4 * 64, FALSE },
  { CONFIG ("llama", "\"num_key_value_heads\":[1,0,2,1]"), 3, 0, 4 * 64, FALSE },
  /* sliding windows: none, all, told apart, by habit of the family */
  { CONFIG ("mistral", "\"sliding_window\":null"), 4, 0, 1024, FALSE },
  { CONFIG ("mistral", "\"sliding_window\":4096"), 4, 4, 1024, FALSE },
  { CONFIG ("qwen2",
            "\"sliding_window\":4096,\"use_sliding_window\":false,"
            "\"max_window_layers\":2"),
    4, 0, 1024, FALSE },
  { CONFIG ("qwen2",
            "\"sliding_window\":4096,\"use_sliding_window\":true,"
            "\"max_window_layers\":3"),
    4, 1, 1024, FALSE },
  { CONFIG ("gpt_oss",
            "\"sliding_window\":128,\"layer_types\":[\"sliding_attention\","
            "\"full_attention\",\"sliding_attention\",\"full_attention\"]"),
    4, 2, 1024, FALSE },
  { OTHER ("gemma2", "\"sliding_window\":4096"), 8, 4, 2048, FALSE },
  { OTHER ("gemma3_text", "\"sliding_window\":512"), 8, 7, 2048, FALSE },
  { OTHER ("gemma3_text", "\"sliding_window\":512,\"sliding_window_pattern\":2"), 8, 4, 2048,
    FALSE },
  { "{\"model_type\":\"gemma3\",\"text_config\":" OTHER (
        "gemma3_text", "\"sliding_window\":512") ",\"vision_config\":{\"num_hidden_layers\":99}}",
    8, 7, 2048, FALSE },
  { OTHER ("gemma3n_text", "\"sliding_window\":512,\"num_kv_shared_layers\":3"), 5, 4, 1280,
    FALSE },
  { OTHER ("gemma4_text",
           "\"sliding_window\":512,\"num_key_value_heads\":2,\"num_global_key_value_heads\":1,"
           "\"global_head_dim\":512,\"layer_types\":[\"sliding_attention\",\"full_attention\"]"),
    8, 4, 4 * 2 * 64 + 4 * 512, FALSE },
  { OTHER ("llama4_text", "\"layer_types\":[\"chunked_attention\",\"full_attention\"]"), 8, 4, 2048,
    FALSE },
  /* hybrids */
  { OTHER ("qwen3_next", "\"num_key_value_heads\":2,\"full_attention_interval\":4"), 2, 0, 256,
    FALSE },
  { OTHER ("qwen3_next", "\"num_key_value_heads\":2"), 2, 0, 256, FALSE },
  { OTHER ("qwen3_next", "\"layer_types\":[\"linear_attention\",\"full_attention\"]"), 4, 0, 1024,
    FALSE },
  { OTHER ("jamba", "\"attn_layer_period\":8,\"attn_layer_offset\":4"), 1, 0, 256, FALSE },
  { OTHER ("nemotron_h", "\"hybrid_override_pattern\":\"M-M*-M-*\""), 2, 0, 512, FALSE },
  { OTHER ("lfm2", "\"full_attn_idxs\":[2,5,99,-1,\"x\"]"), 2, 0, 512, FALSE },
  { OTHER ("granitemoehybrid", "\"layers_block_type\":[\"mamba\",\"attention\"]"), 4, 0, 1024,
    FALSE },
  { OTHER ("minimax", "\"attn_type_list\":[0,0,0,1,0,0,0,1]"), 2, 0, 512, FALSE },
  { OTHER ("recurrent_gemma",
           "\"attention_window_size\":2048,\"block_types\":[\"recurrent\","
           "\"recurrent\",\"attention\"]"),
    2, 2, 512, FALSE },
  { OTHER ("kimi_linear",
           "\"kv_lora_rank\":512,\"linear_attn_config\":{\"full_attn_layers\":"
           "[4,8]}"),
    2, 0, 512, TRUE },
  { "{\"model_type\":\"mamba2\",\"num_hidden_layers\":8,\"hidden_size\":256}", 0, 0, 0, FALSE },
  /* latent attention */
  { OTHER ("deepseek_v3", "\"kv_lora_rank\":512,\"qk_rope_head_dim\":64,\"v_head_dim\":128"), 8, 0,
    2048, TRUE },
  /* older names */
  { "{\"model_type\":\"gpt2\",\"n_layer\":3,\"n_head\":2,\"n_embd\":128,\"n_ctx\":1024}", 3, 0, 384,
    FALSE },
  { "{\"model_type\":\"gpt_bigcode\",\"n_layer\":3,\"n_head\":2,\"n_embd\":128,"
    "\"multi_query\":true}",
    3, 0, 192, FALSE },
};

static void
test_geometry (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (geometries); i++)
    {
      const Geometry *wanted = &geometries[i];
      g_autoptr (RefractModel) model = load_good (wanted->config);
      const RefractModelInfo *info = refract_model_get_info (model);

      g_test_message ("%s", wanted->config);
      g_assert_cmpuint (info->n_kv_layers, ==, wanted->n_kv_layers);
      g_assert_cmpuint (info->n_window_layers, ==, wanted->n_window_layers);
      g_assert_cmpuint (info->k_elements_per_token, ==, wanted->k_elements);
      g_assert_cmpuint (info->v_elements_per_token, ==, wanted->k_elements);
      g_assert_cmpint (info->latent_attention, ==, wanted->latent);
    }
}

static void
test_quantization (void)
{
  static const struct
  {
    const char *more;
    const char *wanted;
  } cases[] = {
    { "\"dtype\":\"float16\"", "float16" },
    { "\"torch_dtype\":\"torch.float32\"", "float32" },
    { "\"text_config\":{" EIGHT ",\"dtype\":\"bfloat16\"}", "bfloat16" },
    { "\"dtype\":\"<b>bold</b>\"", "unknown" },
    { "\"dtype\":7", "unknown" },
    { "\"x\":1", "unknown" },
    { "\"dtype\":\"float16\",\"quantization\":{\"group_size\":64,\"bits\":4},"
      "\"quantization_config\":{\"group_size\":64,\"bits\":4}",
      "4-bit MLX" },
    { "\"quantization_config\":{\"quant_method\":\"gptq\",\"bits\":4}", "GPTQ 4-bit" },
    { "\"quantization_config\":{\"quant_method\":\"fp8\"},\"dtype\":\"bfloat16\"", "FP8" },
    { "\"quantization_config\":{\"quant_method\":\"<script>\"},\"dtype\":\"bfloat16\"",
      "bfloat16" },
  };
  g_autoptr (GString) many = g_string_new (NULL);

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *config
          = g_strconcat ("{\"model_type\":\"llama\"," SMALL ",", cases[i].more, "}", NULL);
      g_autoptr (RefractModel) model = load_good (config);

      g_assert_cmpstr (refract_model_get_info (model)->quantization, ==, cases[i].wanted);
    }

  /* layer by layer: more members than an object of ours may have */
  for (guint i = 0; i < 1100; i++)
    g_string_append_printf (many, ",\"layers.%u\":{\"bits\":%u}", i, 4 + i % 2);
  {
    g_autofree char *config = g_strconcat (
        "{\"model_type\":\"llama\"," SMALL ",\"quantization\":{\"bits\":4", many->str, "}}", NULL);
    g_autoptr (RefractModel) model = load_good (config);

    g_assert_cmpstr (refract_model_get_info (model)->quantization, ==, "mixed MLX");
  }
}

static void
test_template_and_code (void)
{
  g_autoptr (RefractModel) model = load_good (LLAMA_CONFIG);
  g_autoptr (GString) tokens = g_string_new ("{\"added_tokens_decoder\":{\"0\":{}");
  g_autoptr (RefractModel) with_text = NULL;
  g_autoptr (RefractModel) with_file = NULL;
  g_autoptr (RefractModel) with_names = NULL;
  g_autoptr (RefractModel) with_code = NULL;
  g_autoptr (RefractModel) with_model_file = NULL;

  for (guint i = 1; i < 1000; i++)
    g_string_append_printf (tokens, ",\"%u\":{\"content\":\"<%u>\"}", i, i);
  g_string_append (tokens, "},\"chat_template\":\"{{ messages }}\"}");
  put ("tokenizer_config.json", tokens->str);
  with_text = refract_model_new_from_file (folder, NULL, NULL);
  g_assert_cmpstr (refract_model_get_info (with_text)->chat_template, ==, "{{ messages }}");

  put ("tokenizer_config.json", "{\"chat_template\":[{\"name\":\"tool_use\",\"template\":\"T\"},"
                                "{\"name\":\"default\",\"template\":\"D\"}],\"auto_map\":{"
                                "\"AutoTokenizer\":[\"a.B\",null]}}");
  with_names = refract_model_new_from_file (folder, NULL, NULL);
  g_assert_cmpstr (refract_model_get_info (with_names)->chat_template, ==, "D");
  g_assert_true (refract_model_get_info (with_names)->has_model_code);

  put ("chat_template.jinja", "{% jinja %}");
  with_file = refract_model_new_from_file (folder, NULL, NULL);
  g_assert_cmpstr (refract_model_get_info (with_file)->chat_template, ==, "{% jinja %}");

  with_code = load_good (CONFIG ("own", "\"auto_map\":{\"AutoModel\":\"modeling.Own\"}"));
  g_assert_true (refract_model_get_info (with_code)->has_model_code);
  with_model_file = load_good (CONFIG ("own", "\"model_file\":\"own.py\""));
  g_assert_true (refract_model_get_info (with_model_file)->has_model_code);
}

/* Everything that makes it another model makes another fingerprint. */
static void
test_weights (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (RefractModel) model = load_good (LLAMA_CONFIG);
  static const struct
  {
    const char *name;
    const char *text;
    guint64 size;
    guint n_parts;
  } steps[] = {
    { "model.safetensors", "Weights", 7, 1 },
    { "model.safetensors", "longer weights", 14, 1 },
    { "more.safetensors", "and more", 22, 2 },
    { "more.safetensors", "and much more", 27, 2 },
    { "config.json", CONFIG ("llama", "\"dtype\":\"float16\""), 27, 2 },
    { "adapter_model.safetensors", "adapter", 27, 2 },
    { "consolidated.safetensors", "twice the same", 27, 2 },
  };

  g_hash_table_add (seen, g_strdup (refract_model_get_info (model)->fingerprint));
  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_autoptr (RefractModel) next = NULL;
      const RefractModelInfo *info;

      put (steps[i].name, steps[i].text);
      next = refract_model_new_from_file (folder, NULL, NULL);
      info = refract_model_get_info (next);
      g_assert_cmpuint (info->size_bytes, ==, steps[i].size);
      g_assert_cmpuint (info->n_parts, ==, steps[i].n_parts);
      g_assert_cmpint (g_hash_table_add (seen, g_strdup (info->fingerprint)), ==, i < 5);
    }
}

static void
test_snapshot_name (void)
{
  g_autofree char *snapshot = in_folder ("models--org--My-Model/snapshots/0123abc");
  g_autofree char *config = g_build_filename (snapshot, "config.json", NULL);
  g_autofree char *weights = g_build_filename (snapshot, "model.safetensors", NULL);
  g_autofree char *snapshots = g_path_get_dirname (snapshot);
  g_autofree char *repository = g_path_get_dirname (snapshots);
  g_autoptr (RefractModel) model = NULL;

  g_assert_cmpint (g_mkdir_with_parents (snapshot, 0700), ==, 0);
  g_assert_true (g_file_set_contents (config, LLAMA_CONFIG, -1, NULL));
  g_assert_true (g_file_set_contents (weights, "w", 1, NULL));
  model = refract_model_new_from_file (snapshot, NULL, NULL);
  g_assert_cmpstr (refract_model_get_info (model)->name, ==, "My-Model");
  g_remove (config);
  g_remove (weights);
  g_rmdir (snapshot);
  g_rmdir (snapshots);
  g_rmdir (repository);
}

static void
test_refused (void)
{
  static const struct
  {
    const char *config;
    const char *says;
  } cases[] = {
    { "", "cannot be read" },
    { "[]", "no object" },
    { "{\"model_type\":", "end of the text" },
    { "{}", "names no model type" },
    { "{\"model_type\":\"../../x\"}", "names no model type" },
    { "{\"model_type\":7}", "names no model type" },
    { "{\"model_type\":\"llama\"}", "lacks “num_hidden_layers”" },
    { "{\"model_type\":\"llama\",\"num_hidden_layers\":\"4\"}",
      "impossible value for “num_hidden_layers”" },
    { "{\"model_type\":\"llama\",\"num_hidden_layers\":4}", "lacks “num_attention_heads”" },
    { "{\"model_type\":\"llama\",\"num_hidden_layers\":4,\"num_attention_heads\":4}",
      "lacks “hidden_size”" },
    { "{\"model_type\":\"llama\",\"num_hidden_layers\":1000000000}",
      "impossible value for “num_hidden_layers”" },
    { "{\"model_type\":\"llama\",\"num_hidden_layers\":-7}",
      "impossible value for “num_hidden_layers”" },
    { CONFIG ("llama", "\"num_key_value_heads\":99999999"), "“num_key_value_heads”" },
    { CONFIG ("llama", "\"head_dim\":9223372036854775807"), "“head_dim”" },
    { CONFIG ("llama", "\"max_position_embeddings\":1e30"), "“max_position_embeddings”" },
    { "{\"model_type\":\"t5\",\"is_encoder_decoder\":true,\"num_layers\":4}",
      "translates one text" },
    { CONFIG ("llama", "\"hidden_size\":1"), "same key twice" },
  };
  static const char *const harmless[] = {
    CONFIG ("llama", "\"layer_types\":[]"),
    CONFIG ("llama", "\"layer_types\":[null,{},[],true]"),
    CONFIG ("llama", "\"layer_types\":\"full_attention\""),
    CONFIG ("llama", "\"sliding_window\":-5"),
    CONFIG ("llama", "\"full_attention_interval\":-4"),
    CONFIG ("llama", "\"attn_layer_period\":9007199254740993"),
    CONFIG ("llama", "\"num_kv_shared_layers\":99999999999"),
    CONFIG ("llama", "\"num_kv_shared_layers\":-1"),
    CONFIG ("llama", "\"hybrid_override_pattern\":\"*\""),
    CONFIG ("llama", "\"full_attn_idxs\":[1e300,null,{}]"),
    CONFIG ("llama", "\"num_key_value_heads\":[-1,1e99,null,\"2\"]"),
    CONFIG ("llama", "\"text_config\":[]"),
    CONFIG ("gemma3", "\"sliding_window\":8,\"sliding_window_pattern\":0"),
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (load_config (cases[i].config, &error));
      assert_refused (error, cases[i].says);
    }
  for (guint i = 0; i < G_N_ELEMENTS (harmless); i++)
    {
      g_autoptr (RefractModel) model = load_good (harmless[i]);

      g_assert_cmpuint (refract_model_get_info (model)->n_kv_layers, <=, 4);
    }
}

static void
test_broken_folder (void)
{
  g_autoptr (RefractModel) model = load_good (LLAMA_CONFIG);
  g_autofree char *weights = in_folder ("model.safetensors");
  g_autofree char *config = in_folder ("config.json");
  g_autofree char *first = in_folder ("model-00001-of-00003.safetensors");
  g_autofree char *gguf = in_folder ("model.gguf");
  g_autofree char *missing = in_folder ("nowhere");
  static const struct
  {
    const char *says;
  } wanted[] = {
    { "has no safetensors files" },
    { "has 1 of its 3 safetensors files" },
    { "is no file" },
    { "is not a file that can be read" },
    { "without a config.json" },
    { "Name the model’s .gguf file" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++)
    {
      g_autoptr (GError) error = NULL;

      if (i == 0)
        g_remove (weights);
      if (i == 1)
        put ("model-00001-of-00003.safetensors", "1");
      if (i == 2)
        {
          g_remove (first);
          g_assert_cmpint (mkfifo (weights, 0600), ==, 0);
        }
      if (i == 3)
        {
          g_remove (config);
          g_assert_cmpint (mkfifo (config, 0600), ==, 0);
        }
      if (i == 4)
        g_remove (config);
      if (i == 5)
        put ("model.gguf", "GGUF");
      g_assert_null (refract_model_new_from_file (folder, NULL, &error));
      assert_refused (error, wanted[i].says);
    }
  g_remove (gguf);
  g_remove (weights);
  {
    g_autoptr (GError) error = NULL;

    g_assert_null (refract_model_new_from_file (missing, NULL, &error));
    assert_refused (error, "There is no file");
  }
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_assert_cmpint (g_remove (path), ==, 0);
}

/* "auto" takes the first engine whose package is there; a named one has to be able to load it. */
static void
test_engine (void)
{
  static const struct
  {
    const char *package; /* installed from here on */
    RefractBackendKind kind;
  } steps[] = {
    { "mlx_lm-0.32.2", REFRACT_BACKEND_KIND_MLX },
    { "sglang-0.5.23", REFRACT_BACKEND_KIND_SGLANG },
    { "vllm-0.32.0+cpu", REFRACT_BACKEND_KIND_VLLM },
  };
  g_autoptr (RefractModel) model = load_good (LLAMA_CONFIG);
  g_autofree char *environment = g_dir_make_tmp ("refract-env-XXXXXX", NULL);
  g_autofree char *bin = g_build_filename (environment, "bin", NULL);
  g_autofree char *python = g_build_filename (bin, "python3", NULL);
  g_autofree char *mark = g_build_filename (environment, "pyvenv.cfg", NULL);
  g_autofree char *packages = g_build_filename (environment, "lib/python3.12/site-packages", NULL);
  const RefractBackendOptions options = { .n_gpu_layers = -1, .python = environment };
  g_autoptr (GError) none = NULL;
  g_autoptr (GError) other = NULL;

  g_assert_cmpint (g_mkdir_with_parents (packages, 0700), ==, 0);
  g_assert_cmpint (g_mkdir (bin, 0700), ==, 0);
  g_assert_true (g_file_set_contents (python, "", 0, NULL));
  g_assert_true (g_file_set_contents (mark, "", 0, NULL));
  g_assert_null (refract_backend_new ("auto", model, &options, NULL, &none));
  g_assert_error (none, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING);
  g_assert_nonnull (strstr (none->message, "Install vllm, sglang or mlx-lm there"));

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_autofree char *name = g_strconcat (steps[i].package, ".dist-info", NULL);
      g_autofree char *info = g_build_filename (packages, name, NULL);
      g_autoptr (RefractBackend) backend = NULL;
      g_autoptr (RefractBackend) without = NULL;

      g_assert_cmpint (g_mkdir (info, 0700), ==, 0);
      backend = refract_backend_new ("auto", model, &options, NULL, NULL);
      without = refract_backend_new ("auto", NULL, &options, NULL, NULL);
      g_assert_cmpint (refract_backend_get_kind (backend), ==, steps[i].kind);
      g_assert_cmpint (refract_backend_get_kind (without), ==, REFRACT_BACKEND_KIND_LLAMACPP);
    }
  g_assert_null (refract_backend_new ("llamacpp", model, &options, NULL, &other));
  g_assert_error (other, REFRACT_ERROR, REFRACT_ERROR_USAGE);
  g_assert_nonnull (strstr (other->message, "needs a GGUF file"));
  remove_tree (environment);
}

/* Nothing that was asked for is left out without a word. */
static void
test_options (void)
{
  static const char *const flags[] = { "--foo", NULL };
  static const struct
  {
    const char *backend;
    RefractBackendOptions options;
    const char *words; /* NULL: fine */
  } cases[] = {
    { "mlx", { .n_gpu_layers = -1 }, NULL },
    { "mlx", { .n_gpu_layers = -1, .candidate_url = (char *) "http://[::1]" }, "--candidate-url" },
    { "mlx", { .n_gpu_layers = 0 }, "--n-gpu-layers" },
    { "mlx", { .n_gpu_layers = -1, .engine_flags = (char **) flags }, "--engine-flags" },
    { "llamacpp",
      { .n_gpu_layers = 3, .engine_flags = (char **) flags, .reference_url = (char *) "x" },
      "--reference-url" },
    { "llamacpp", { .n_gpu_layers = 3, .engine_flags = (char **) flags }, NULL },
    { "vllm", { .n_gpu_layers = -1, .reference_url = (char *) "http://[::1]" }, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RefractBackend) backend
          = refract_backend_new (cases[i].backend, NULL, &cases[i].options, NULL, &error);

      if (cases[i].words == NULL)
        {
          g_assert_no_error (error);
          continue;
        }
      g_assert_null (backend);
      g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE);
      g_assert_nonnull (strstr (error->message, cases[i].words));
    }
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  make_folder ();
  g_test_add_func ("/model-folder/llama", test_llama);
  g_test_add_func ("/model-folder/geometry", test_geometry);
  g_test_add_func ("/model-folder/quantization", test_quantization);
  g_test_add_func ("/model-folder/template-and-code", test_template_and_code);
  g_test_add_func ("/model-folder/weights", test_weights);
  g_test_add_func ("/model-folder/snapshot-name", test_snapshot_name);
  g_test_add_func ("/model-folder/refused", test_refused);
  g_test_add_func ("/model-folder/broken-folder", test_broken_folder);
  g_test_add_func ("/model-folder/engine", test_engine);
  g_test_add_func ("/model-folder/options", test_options);
  status = g_test_run ();
  remove_folder ();
  return status;
}
