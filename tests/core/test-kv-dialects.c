/* test-kv-dialects.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include <glib/gstdio.h>

#include "backends/refract-backend.h"
#include "core/refract-error.h"
#include "gguf-builder.h"

static RefractKvConfig *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  RefractKvConfig *config = refract_kv_config_parse (text, &error);

  g_assert_no_error (error);
  return config;
}

static void
assert_says (GError *error, const char *says)
{
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG);
  if (strstr (error->message, says) == NULL)
    g_error ("“%s” does not say “%s”", error->message, says);
}

static RefractModel *
make_model (const char *head_dim)
{
  g_autoptr (GgufBuilder) builder = gguf_new ();
  g_autofree char *folder = g_dir_make_tmp ("refract-kv-XXXXXX", NULL);
  g_autofree char *keys = g_strconcat (
      "general.architecture=\"llama\" general.name=\"Tiny\" llama.block_count=3 "
      "llama.attention.head_count=4 llama.attention.head_count_kv=2 llama.attention.key_length=",
      head_dim, " llama.attention.value_length=", head_dim, NULL);
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  RefractModel *model;

  gguf_keys (builder, keys);
  gguf_tensor (builder, "token_embd.weight", 8);
  path = gguf_write (builder, folder, "model.gguf");
  model = refract_model_new_from_file (path, NULL, &error);
  g_assert_no_error (error);
  g_remove (path);
  g_rmdir (folder);
  return model;
}

static void
test_text (void)
{
  static const struct
  {
    const char *text;
    RefractKvDialect dialect;
    const char *canonical;
    const char *label;
    const char *type_k;
    const char *type_v;
    gboolean quantized;
  } cases[] = {
    { "rope-scale=2", REFRACT_KV_LLAMACPP, "ctk=f16,ctv=f16,rope-scale=2",
      "K f16 / V f16 (rope-scale 2)", "f16", "f16", FALSE },
    { " KV = FP8_E4M3 ", REFRACT_KV_SERVER, "kv=fp8_e4m3", "KV fp8_e4m3", "fp8_e4m3", "fp8_e4m3",
      TRUE },
    { "kv=auto", REFRACT_KV_SERVER, "kv=auto", "KV auto", "auto", "auto", FALSE },
    { "dtype=float32,kv=bfloat16", REFRACT_KV_SERVER, "kv=bfloat16,dtype=float32",
      "KV bfloat16 (dtype float32)", "bfloat16", "bfloat16", FALSE },
    { "bits=4", REFRACT_KV_MLX, "bits=4,group=64", "K 4-bit / V 4-bit, groups of 64", "4-bit/64",
      "4-bit/64", TRUE },
    { "group=32,v-bits=4,K_BITS=8", REFRACT_KV_MLX, "k_bits=8,v_bits=4,group=32",
      "K 8-bit / V 4-bit, groups of 32, simulated", "8-bit/32", "4-bit/32", TRUE },
    { "k_bits=8", REFRACT_KV_MLX, "k_bits=8,v_bits=16,group=64",
      "K 8-bit / V 16-bit, groups of 64, simulated", "8-bit/64", "16-bit", TRUE },
    { "k_bits=6,v_bits=6,group=128", REFRACT_KV_MLX, "bits=6,group=128",
      "K 6-bit / V 6-bit, groups of 128", "6-bit/128", "6-bit/128", TRUE },
    { "bits=16", REFRACT_KV_MLX, "bits=16", "K 16-bit / V 16-bit", "16-bit", "16-bit", FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractKvConfig) config = parse (cases[i].text);
      g_autoptr (RefractKvConfig) again = parse (cases[i].canonical);

      g_assert_cmpint (refract_kv_config_get_dialect (config), ==, cases[i].dialect);
      g_assert_cmpstr (refract_kv_config_get_text (config), ==, cases[i].canonical);
      g_assert_cmpstr (refract_kv_config_get_label (config), ==, cases[i].label);
      g_assert_cmpstr (refract_kv_config_get_type_k (config), ==, cases[i].type_k);
      g_assert_cmpstr (refract_kv_config_get_type_v (config), ==, cases[i].type_v);
      g_assert_cmpint (refract_kv_config_is_quantized (config), ==, cases[i].quantized);
      g_assert_true (refract_kv_config_equal (config, again));
      g_assert_cmpint (refract_kv_config_is_safe (config, NULL), ==,
                       strstr (cases[i].text, "dtype") == NULL);
    }
}

static void
test_refused (void)
{
  static const struct
  {
    const char *text;
    const char *says;
  } cases[] = {
    { "ctk=q8_0,kv=fp8", "ctk is for llama.cpp and kv for servers such as vLLM and SGLang" },
    { "bits=4,ctv=q4_0", "bits is for MLX and ctv for llama.cpp" },
    { "attn_rot_k=1,group=64", "attn_rot_k is for llama.cpp and group for MLX" },
    { "kv=fp8,bits=8", "bits is for MLX and kv for servers" },
    { "bits=4,flash-attn=on", "MLX has no flag “flash-attn”" },
    { "bits=4,k_bits=8", "either bits, or k_bits and v_bits" },
    { "bits=7", "bits takes 1, 2, 3, 4, 5, 6, 8 or 16" },
    { "bits=0", "bits takes" },
    { "v_bits=99999999999999999999", "v_bits takes" },
    { "bits=4,group=16", "group takes 32, 64 or 128" },
    { "bits=four", "bits takes" },
    { "bits=16,group=64", "nothing is quantized" },
    { "group=32", "nothing is quantized" },
    { "kv=", "kv has no type. Write for instance kv=fp8_e4m3." },
    { "kv=../x", "no cache type for kv" },
    { "kv_cache_dtype=fp8", "is written kv" },
    { "kv_bits=4", "is written bits" },
    { "kv_group_size=64", "is written group" },
    { "kv=fp8,kv=fp8", "kv is given twice" },
    { "kv=fp8,trust-remote-code=true", "may not be set" },
    { "kv=fp8,tokenizer=x", "may not be set" },
    { "kv=fp8,quantization-param-path=x", "may not be set" },
    { "kv=fp8,worker-extension-cls=x", "may not be set" },
    { "kv=fp8,middleware=x", "may not be set" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (refract_kv_config_parse (cases[i].text, &error));
      assert_says (error, cases[i].says);
    }
}

static void
test_mlx_bits (void)
{
  g_autoptr (RefractKvConfig) sides = parse ("k_bits=8,v_bits=3,group=128");
  g_autoptr (RefractKvConfig) plain = parse ("bits=16");
  g_autoptr (RefractKvConfig) other = parse ("kv=fp8");
  guint k = 1, v = 1, group = 1;

  g_assert_true (refract_kv_config_get_mlx_bits (sides, &k, &v, &group));
  g_assert_cmpuint (k, ==, 8);
  g_assert_cmpuint (v, ==, 3);
  g_assert_cmpuint (group, ==, 128);
  g_assert_true (refract_kv_config_get_mlx_bits (plain, NULL, &v, &group));
  g_assert_cmpuint (v, ==, 16);
  g_assert_cmpuint (group, ==, 0);
  g_assert_false (refract_kv_config_get_mlx_bits (other, &k, NULL, NULL));
  g_assert_cmpuint (k, ==, 8);
}

static void
test_bits_and_bytes (void)
{
  static const struct
  {
    const char *type;
    double bits;
    guint block;
  } types[] = {
    { "8-bit/64", 8.5, 64 }, { "8-bit/32", 9, 32 }, { "4-bit/64", 4.5, 64 },
    { "2-bit/64", 2.5, 64 }, { "16-bit", 16, 1 },   { "4-bit", -1, 0 },
    { "4-bit/64x", -1, 0 },  { "auto", 16, 1 },     { "bfloat16", 16, 1 },
    { "fp8_e5m2", 8, 1 },    { "nvfp4", 4.5, 16 },  { "turboquant_k8v4", -1, 0 },
  };
  g_autoptr (RefractModel) model = make_model ("64");
  g_autoptr (RefractKvConfig) mlx = parse ("k_bits=8,v_bits=4");
  g_autoptr (RefractKvConfig) server = parse ("kv=fp8");

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      g_assert_cmpfloat (refract_kv_type_get_bits (types[i].type), ==, types[i].bits);
      g_assert_cmpuint (refract_kv_type_get_block (types[i].type), ==, types[i].block);
    }
  g_assert_cmpfloat (refract_kv_config_get_bytes_per_token (mlx, model), ==,
                     3 * 2 * 64 * (8.5 + 4.5) / 8);
  g_assert_cmpfloat (refract_kv_config_get_bytes_per_token (server, model), ==, 3 * 2 * 64 * 2);
}

static void
test_equivalent (void)
{
  static const struct
  {
    const char *text;
    RefractKvDialect dialect;
    const char *equivalent;
  } cases[] = {
    { "q8_0/q8_0", REFRACT_KV_MLX, "bits=8,group=32" },
    { "q8_0/q4_0", REFRACT_KV_MLX, "k_bits=8,v_bits=4,group=32" },
    { "q5_1/q5_0", REFRACT_KV_MLX, "bits=5,group=32" },
    { "q4_1/iq4_nl", REFRACT_KV_MLX, "bits=4,group=32" },
    { "f16/q4_0", REFRACT_KV_MLX, "k_bits=16,v_bits=4,group=32" },
    { "f16/f16", REFRACT_KV_MLX, "bits=16" },
    { "q8_0/q8_0", REFRACT_KV_SERVER, "kv=fp8_e4m3" },
    { "turbo3/turbo3", REFRACT_KV_SERVER, "kv=fp8_e4m3" },
    { "bits=16", REFRACT_KV_SERVER, "kv=auto" },
    { "kv=fp8_e4m3", REFRACT_KV_LLAMACPP, "ctk=q8_0,ctv=q8_0" },
    { "kv=fp8", REFRACT_KV_MLX, "bits=8,group=32" },
    { "kv=nvfp4", REFRACT_KV_LLAMACPP, "ctk=q4_0,ctv=q4_0" },
    { "kv=auto", REFRACT_KV_LLAMACPP, "ctk=f16,ctv=f16" },
    { "k_bits=8,v_bits=4", REFRACT_KV_LLAMACPP, "ctk=q8_0,ctv=q4_0" },
    { "bits=5", REFRACT_KV_LLAMACPP, "ctk=q5_0,ctv=q5_0" },
    { "bits=2", REFRACT_KV_LLAMACPP, "ctk=q4_0,ctv=q4_0" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractKvConfig) config = parse (cases[i].text);
      g_autofree char *equivalent = refract_kv_config_get_equivalent (config, cases[i].dialect);
      g_autoptr (RefractKvConfig) again = parse (equivalent);
      g_autoptr (GError) error = NULL;

      g_assert_cmpstr (equivalent, ==, cases[i].equivalent);
      g_assert_true (refract_kv_config_check_dialect (again, cases[i].dialect, "It", NULL));
      g_assert_false (refract_kv_config_check_dialect (config, cases[i].dialect, "It", &error));
      assert_says (error, equivalent);
    }
}

static void
test_validate (void)
{
  static const char *const server[] = { "auto", "fp8", "fp8_e4m3", "fp8_e5m2", NULL };
  static const char *const llamacpp[] = { "f16", "q8_0", "q4_0", NULL };
  static const struct
  {
    const char *head_dim;
    const char *text;
    const char *const *types;
    const char *says;
  } cases[] = {
    { "64", "kv=fp8_e4m3", server, NULL },
    { "80", "kv=fp8_e4m3", server, NULL },
    { "64", "kv=q8_0", server, "no cache type “q8_0” (kv). The nearest that it has is fp8" },
    { "64", "kv=fp8_e4m4", server, "Did you mean fp8_e4m3?" },
    { "64", "ctk=fp8,ctv=f16", llamacpp, "(ctk). The nearest that it has is q8_0" },
    { "64", "kv=int8_per_token_head", server, "It has: auto, fp8" },
    { "64", "bits=4,group=64", NULL, NULL },
    { "96", "bits=4,group=64", NULL,
      "have 96 elements, which groups of 64 do not divide. Use group=32" },
    { "80", "bits=4,group=32", NULL, "none of MLX’s groups" },
    { "80", "bits=16", NULL, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractModel) model = make_model (cases[i].head_dim);
      g_autoptr (RefractKvConfig) config = parse (cases[i].text);
      g_autoptr (GError) error = NULL;
      gboolean valid = refract_kv_config_validate (config, model, cases[i].types, FALSE, &error);

      if (cases[i].says != NULL)
        assert_says (error, cases[i].says);
      else
        g_assert_no_error (error);
      g_assert_cmpint (valid, ==, cases[i].says == NULL);
    }
}

static void
test_grid (void)
{
  static const char *const wanted[]
      = { "bits=8,group=64", "k_bits=8,v_bits=4,group=64", "k_bits=16,v_bits=8,group=64",
          "k_bits=16,v_bits=4,group=64" };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) grid = refract_kv_config_grid ("8, 16×8,4", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (grid->len, ==, G_N_ELEMENTS (wanted));
  for (guint i = 0; i < grid->len; i++)
    g_assert_cmpstr (refract_kv_config_get_text (g_ptr_array_index (grid, i)), ==, wanted[i]);
  g_assert_null (refract_kv_config_grid ("8×q8_0", &error));
  assert_says (error, "for MLX");
}

static void
test_backend_kinds (void)
{
  for (guint i = 0; i < REFRACT_N_BACKENDS; i++)
    {
      RefractBackendKind kind;
      g_autoptr (RefractKvConfig) reference
          = parse (refract_kv_dialect_get_reference (refract_backend_kind_get_dialect (i)));

      g_assert_true (refract_backend_kind_from_name (refract_backend_kind_get_name (i), &kind));
      g_assert_cmpint (kind, ==, i);
      g_assert_cmpstr (refract_backend_name_of_engine (refract_backend_kind_get_title (i)), ==,
                       refract_backend_kind_get_name (i));
      g_assert_cmpstr (refract_backend_title_of_name (refract_backend_kind_get_name (i)), ==,
                       refract_backend_kind_get_title (i));
      g_assert_cmpint (refract_kv_config_get_dialect (reference), ==,
                       refract_backend_kind_get_dialect (i));
      g_assert_false (refract_kv_config_is_quantized (reference));
    }
  g_assert_false (refract_backend_kind_from_name ("auto", &(RefractBackendKind) { 0 }));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/kv-dialects/text", test_text);
  g_test_add_func ("/kv-dialects/refused", test_refused);
  g_test_add_func ("/kv-dialects/mlx-bits", test_mlx_bits);
  g_test_add_func ("/kv-dialects/bits-and-bytes", test_bits_and_bytes);
  g_test_add_func ("/kv-dialects/equivalent", test_equivalent);
  g_test_add_func ("/kv-dialects/validate", test_validate);
  g_test_add_func ("/kv-dialects/grid", test_grid);
  g_test_add_func ("/kv-dialects/backend-kinds", test_backend_kinds);
  return g_test_run ();
}
