/* test-kv-config.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <unistd.h>

#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "core/refract-kv-config.h"
#include "gguf-builder.h"

static const char *const stock_types[]
    = { "f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "iq4_nl", "q5_0", "q5_1", NULL };

static RefractKvConfig *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  RefractKvConfig *config = refract_kv_config_parse (text, &error);

  g_assert_no_error (error);
  g_assert_nonnull (config);
  return config;
}

static void
assert_kv_error (GError *error, const char *says)
{
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG);
  if (strstr (error->message, says) == NULL)
    g_error ("“%s” does not say “%s”", error->message, says);
}

static RefractModel *
make_model (const char *keys)
{
  g_autoptr (GgufBuilder) builder = gguf_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *folder = g_dir_make_tmp ("refract-kv-XXXXXX", &error);
  g_autofree char *path = NULL;
  RefractModel *model;

  g_assert_no_error (error);
  gguf_keys (builder, keys);
  gguf_tensor (builder, "token_embd.weight", 8);
  path = gguf_write (builder, folder, "model.gguf");
  model = refract_model_new_from_file (path, NULL, &error);
  g_assert_no_error (error);
  g_remove (path);
  g_rmdir (folder);
  return model;
}

#define SIZED(width, extra)                                                                        \
  "general.architecture=\"llama\" general.name=\"Tiny\" llama.block_count=3 "                      \
  "llama.embedding_length=" width " llama.attention.head_count=4 "                                 \
  "llama.attention.head_count_kv=2 " extra

static void
test_text (void)
{
  static const struct
  {
    const char *text;
    const char *canonical;
    const char *label;
  } cases[] = {
    { "ctk=q8_0,ctv=q4_0", "ctk=q8_0,ctv=q4_0", "K q8_0 / V q4_0" },
    { "q8_0/q4_0", "ctk=q8_0,ctv=q4_0", "K q8_0 / V q4_0" },
    { " Q8_0 / f16 ", "ctk=q8_0,ctv=f16", "K q8_0 / V f16" },
    { "ctv=q4_0", "ctk=f16,ctv=q4_0", "K f16 / V q4_0" },
    { "ctv = Q5_1 ,, CTK=turbo4,", "ctk=turbo4,ctv=q5_1", "K turbo4 / V q5_1" },
    { "attn_rot_v=off,ctk=q4_0,attn-rot-k=TRUE", "ctk=q4_0,ctv=f16,attn_rot_k=1,attn_rot_v=0",
      "K q4_0 / V f16 (K rotated, V not rotated)" },
    { "q4_0/q4_0,attn_rot_disable=1", "ctk=q4_0,ctv=q4_0,attn_rot_disable=1",
      "K q4_0 / V q4_0 (rotation off)" },
    { "q8_0/q8_0,rope_scale=2,fa=on,n_gpu_layers=-1",
      "ctk=q8_0,ctv=q8_0,flash-attn=on,n-gpu-layers=-1,rope-scale=2",
      "K q8_0 / V q8_0 (flash-attn on, n-gpu-layers -1, rope-scale 2)" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractKvConfig) config = parse (cases[i].text);
      g_autoptr (RefractKvConfig) again = parse (refract_kv_config_get_text (config));

      g_assert_cmpstr (refract_kv_config_get_text (config), ==, cases[i].canonical);
      g_assert_cmpstr (refract_kv_config_get_label (config), ==, cases[i].label);
      g_assert_true (refract_kv_config_equal (config, again));
    }
}

static void
test_equal (void)
{
  g_autoptr (RefractKvConfig) a = parse ("ctk=q8_0,ctv=q4_0,rope-scale=2");
  g_autoptr (RefractKvConfig) same = parse ("ROPE_SCALE=2,q8_0/q4_0");
  g_autoptr (RefractKvConfig) other = parse ("ctk=q8_0,ctv=q4_0");
  g_autoptr (RefractKvConfig) held = refract_kv_config_ref (a);

  g_assert_true (refract_kv_config_equal (a, same));
  g_assert_false (refract_kv_config_equal (a, other));
  g_assert_cmpstr (refract_kv_config_get_type_k (held), ==, "q8_0");
  g_assert_cmpstr (refract_kv_config_get_type_v (held), ==, "q4_0");
}

static void
test_environment_and_flags (void)
{
  static const char *const environment[]
      = { "LLAMA_ATTN_ROT_DISABLE=0", "LLAMA_ATTN_ROT_K_OVERRIDE=1", "LLAMA_ATTN_ROT_V_OVERRIDE=0",
          NULL };
  static const char *const flags[] = { "--flash-attn", "on", "--rope-freq-scale", "0.5", NULL };
  g_autoptr (RefractKvConfig) config
      = parse ("q8_0/q8_0,attn_rot_k=yes,attn_rot_v=no,attn_rot_disable=0,rope_freq_scale=0.5,"
               "flash_attn=on");
  g_autoptr (RefractKvConfig) plain = parse ("q8_0/q8_0");

  g_assert_cmpstrv (refract_kv_config_get_environment (config), environment);
  g_assert_cmpstrv (refract_kv_config_get_flags (config), flags);
  g_assert_null (refract_kv_config_get_environment (plain)[0]);
  g_assert_null (refract_kv_config_get_flags (plain)[0]);
}

static void
test_refused_text (void)
{
  static const struct
  {
    const char *text;
    const char *says;
  } cases[] = {
    { "", "is empty" },
    { " , ,", "is empty" },
    { "ctk=", "ctk has no type" },
    { "/q8_0", "ctk has no type" },
    { "q8_0", "not of the form key=value" },
    { "q8_0/q8_0/q8_0", "not of the form key=value" },
    { "ctk=q8_0,ctk=q8_0", "ctk is given twice" },
    { "q8_0/q4_0,ctv=f16", "ctv is given twice" },
    { "rope-scale=1,rope_scale=2", "rope-scale is given twice" },
    { "ctk=../../bin", "no cache type for ctk" },
    { "ctk=q8 0", "no cache type for ctk" },
    { "ctk=8_0", "no cache type for ctk" },
    { "ctk=aaaaaaaaaabbbbbbbbbbccccccccccddd", "no cache type for ctk" },
    { "=q8_0", "is no key" },
    { "m=x", "is no key" },
    { "--model=x", "is no key" },
    { "a b=x", "is no key" },
    { "cache_type_k=q8_0", "is written ctk" },
    { "cache-type-v-draft=q8_0", "is written ctk (for K) or ctv" },
    { "attn_rot_k=2", "attn_rot_k takes 1 or 0" },
    { "attn_rot_k=", "attn_rot_k has no value" },
    { "rope-scale=", "rope-scale has no value" },
    { "rope-scale=/etc/passwd", "is no value for rope-scale" },
    { "rope-scale=--model", "is no value for rope-scale" },
    { "rope-scale=-m", "is no value for rope-scale" },
    { "rope-scale=..", "is no value for rope-scale" },
    { "rope-scale=a=b", "is no value for rope-scale" },
    { "rope-scale=$(id)", "is no value for rope-scale" },
    { "ctk=q8_0\n", "does not belong there, after 8 bytes" },
    { "ctk=q8\x1b[0m", "does not belong there, after 6 bytes" },
    { "ctk=\xff\xfe", "does not belong there, after 4 bytes" },
  };
  g_autofree char *endless = g_strnfill (5000, 'q');
  g_autoptr (GError) too_long = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (refract_kv_config_parse (cases[i].text, &error));
      assert_kv_error (error, cases[i].says);
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
    }
  g_assert_null (refract_kv_config_parse (endless, &too_long));
  assert_kv_error (too_long, "longer than 1024 characters");
}

static void
test_refused_flags (void)
{
  static const char *const keys[] = {
    "model",
    "hf-repo",
    "hf_file",
    "model-url",
    "docker-repo",
    "host",
    "port",
    "path",
    "log-file",
    "rpc",
    "lora",
    "lora-scaled",
    "control-vector",
    "mmproj",
    "grammar-file",
    "json-schema-file",
    "chat-template-file",
    "slot-save-path",
    "api-key",
    "api-key-file",
    "ssl-key-file",
    "models-dir",
    "media-path",
    "lookup-cache-static",
    "spec-draft-model",
    "model-draft",
    "kl-divergence-base",
    "save-all-logits",
    "prompt-cache",
    "file",
    "binary-file",
    "in-file",
    "mcp-servers-config",
    "tools",
    "ui-config-file",
    "log-prompts-dir",
    "video-ffmpeg-dir",
    "ctx-size",
    "parallel",
    "cache-ram",
    "n-predict",
    "Model",
    "HOST",
  };

  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autofree char *text = g_strconcat ("ctk=q8_0,", keys[i], "=x", NULL);
      g_autoptr (GError) error = NULL;

      g_assert_null (refract_kv_config_parse (text, &error));
      assert_kv_error (error, "may not be set in a KV configuration");
      assert_kv_error (error, keys[i]);
    }
}

static void
test_safe (void)
{
  g_autoptr (RefractKvConfig) safe
      = parse ("q8_0/turbo4,attn_rot_k=1,flash-attn=on,rope-freq-base=10000,yarn-orig-ctx=4096");
  g_autoptr (RefractKvConfig) unknown = parse ("q8_0/q4_0,override-thing=1");
  g_autofree char *reason = NULL;

  g_assert_true (refract_kv_config_is_safe (safe, &reason));
  g_assert_null (reason);
  g_assert_false (refract_kv_config_is_safe (unknown, NULL));
  g_assert_false (refract_kv_config_is_safe (unknown, &reason));
  g_assert_nonnull (strstr (reason, "“--override-thing”"));
}

static void
test_types (void)
{
  static const struct
  {
    const char *type;
    double bits;
    guint block;
  } cases[] = {
    { "f32", 32, 1 },      { "f16", 16, 1 },    { "bf16", 16, 1 },   { "q8_0", 8.5, 32 },
    { "q5_1", 6, 32 },     { "q5_0", 5.5, 32 }, { "q4_1", 5, 32 },   { "q4_0", 4.5, 32 },
    { "iq4_nl", 4.5, 32 }, { "fp8", 8, 1 },     { "turbo4", -1, 0 }, { "Q8_0", -1, 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_assert_cmpfloat (refract_kv_type_get_bits (cases[i].type), ==, cases[i].bits);
      g_assert_cmpuint (refract_kv_type_get_block (cases[i].type), ==, cases[i].block);
    }
}

static void
test_quantized (void)
{
  static const struct
  {
    const char *text;
    gboolean quantized;
  } cases[] = {
    { "f16/f16", FALSE }, { "f32/bf16", FALSE },  { "q8_0/f16", TRUE },
    { "f16/q4_0", TRUE }, { "f16/turbo3", TRUE }, { "fp8/f16", TRUE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractKvConfig) config = parse (cases[i].text);

      g_assert_cmpint (refract_kv_config_is_quantized (config), ==, cases[i].quantized);
    }
}

static void
test_bytes_per_token (void)
{
  /* 3 layers with 2 KV heads of 64 */
  g_autoptr (RefractModel) model = make_model (SIZED ("256", ""));
  g_autoptr (RefractModel) uneven = make_model (SIZED ("256", "llama.attention.key_length=128"));
  g_autoptr (RefractModel) latent = make_model (SIZED ("256", "llama.attention.kv_lora_rank=64"));
  g_autoptr (RefractModel) windowed
      = make_model ("general.architecture=\"gemma2\" gemma2.block_count=2 "
                    "gemma2.embedding_length=256 gemma2.attention.head_count=4 "
                    "gemma2.attention.sliding_window=4096");
  const struct
  {
    RefractModel *model;
    const char *text;
    double bytes;
  } cases[] = {
    { model, "f16/f16", 2 * 3 * 2 * 64 * 2 },
    { model, "q8_0/q4_0", 3 * 2 * 64 * (8.5 + 4.5) / 8 },
    { uneven, "q8_0/q4_0", 3 * 2 * (128 * 8.5 + 64 * 4.5) / 8 },
    { model, "turbo4/f16", -1 },
    { model, "f16/turbo4", -1 },
    { latent, "f16/f16", -1 },
    { windowed, "f16/f16", -1 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractKvConfig) config = parse (cases[i].text);

      g_assert_cmpfloat (refract_kv_config_get_bytes_per_token (config, cases[i].model), ==,
                         cases[i].bytes);
    }
}

static void
test_validate (void)
{
  g_autoptr (RefractModel) fits = make_model (SIZED ("256", ""));
  g_autoptr (RefractModel) odd_v = make_model (SIZED ("256", "llama.attention.value_length=80"));
  g_autoptr (RefractModel) odd_k = make_model (SIZED ("256", "llama.attention.key_length=80"));
  g_autoptr (RefractModel) latent
      = make_model (SIZED ("256", "llama.attention.key_length=80 llama.attention.kv_lora_rank=64"));
  g_autoptr (RefractModel) recurrent
      = make_model ("general.architecture=\"mamba\" general.name=\"Snake\" mamba.block_count=2 "
                    "mamba.attention.head_count=0");
  static const char *const fork_types[] = { "f16", "q8_0", "turbo4", NULL };
  const struct
  {
    const char *text;
    RefractModel *model;
    const char *const *types;
    gboolean flash_attention;
    const char *says;
  } cases[] = {
    { "q8_0/q4_0", fits, stock_types, TRUE, NULL },
    { "q8_0/q4_0", NULL, NULL, TRUE, NULL },
    { "turbo4/turbo4", fits, NULL, TRUE, NULL },
    { "turbo4/q8_0", odd_v, fork_types, TRUE, "ctv=q8_0" },
    { "turbo4/f16", odd_v, fork_types, TRUE, NULL },
    { "turbo4/f16", fits, stock_types, TRUE, "no cache type “turbo4” (ctk). It has: f32, f16," },
    { "q8_0/q6_0", fits, stock_types, TRUE, "“q6_0” (ctv). Did you mean q8_0?" },
    { "q8_1/f16", fits, stock_types, TRUE, "Did you mean q8_0?" },
    { "q8_0/f16", odd_k, stock_types, TRUE,
      "ctk=q8_0 stores blocks of 32 elements, but the heads of “Tiny” have 80, which is no "
      "multiple of that. Types that work here: f32, f16, bf16." },
    { "f16/iq4_nl", odd_v, stock_types, TRUE, "ctv=iq4_nl stores blocks of 32" },
    { "f16/q8_0", odd_k, stock_types, TRUE, NULL },
    { "q8_0/q8_0", latent, stock_types, TRUE, NULL },
    { "f16/f16", recurrent, stock_types, TRUE, "“Snake” keeps no KV cache (architecture mamba)" },
    { "q8_0/f16", fits, stock_types, FALSE, NULL },
    { "f16/q4_0", fits, stock_types, FALSE, "ctv=q4_0 needs flash attention" },
    { "f16/turbo4", fits, fork_types, FALSE, "ctv=turbo4 needs flash attention" },
    { "f16/q4_0,fa=OFF", fits, stock_types, TRUE, "ctv=q4_0 needs flash attention" },
    { "f16/q4_0,flash_attn=on", fits, stock_types, TRUE, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractKvConfig) config = parse (cases[i].text);
      g_autoptr (GError) error = NULL;
      gboolean ok = refract_kv_config_validate (config, cases[i].model, cases[i].types,
                                                cases[i].flash_attention, &error);

      g_test_message ("%s", cases[i].text);
      if (cases[i].says == NULL)
        g_assert_no_error (error);
      else
        assert_kv_error (error, cases[i].says);
      g_assert_cmpint (ok, ==, cases[i].says == NULL);
    }
}

static void
test_grid (void)
{
  static const char *const texts[] = {
    "q8_0,q5_1×f16,q4_0",
    "q8_0,q5_1xf16,q4_0",
    " Q8_0 , q5_1 * f16 , q4_0 ",
    "q8_0,q5_1,q8_0 X f16,q4_0",
  };
  static const char *const wanted[]
      = { "ctk=q8_0,ctv=f16", "ctk=q8_0,ctv=q4_0", "ctk=q5_1,ctv=f16", "ctk=q5_1,ctv=q4_0" };
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) with_x = refract_kv_config_grid ("mxfp4 x mxfp4,f16", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (with_x->len, ==, 2);
  g_assert_cmpstr (refract_kv_config_get_type_v (g_ptr_array_index (with_x, 0)), ==, "mxfp4");
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GPtrArray) grid = refract_kv_config_grid (texts[i], &error);

      g_assert_no_error (error);
      g_assert_cmpuint (grid->len, ==, G_N_ELEMENTS (wanted));
      for (guint c = 0; c < grid->len; c++)
        g_assert_cmpstr (refract_kv_config_get_text (g_ptr_array_index (grid, c)), ==, wanted[c]);
    }
}

static void
test_refused_grid (void)
{
  GString *large = g_string_new ("q0");
  static const struct
  {
    const char *text;
    const char *says;
  } cases[] = {
    { "", "is no grid" },
    { "q8_0,q4_0", "is no grid" },
    { "q8_0×q4_0×f16", "is no grid" },
    { "mxfp4xmxfp4", "is no grid" },
    { "×q4_0", "K has no type" },
    { "q8_0×", "V has no type" },
    { "q8_0,,f16×f16", "K has no type" },
    { "q8/0×f16", "no cache type for K" },
    { "q8_0×f16\n;", "no cache type for V" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (refract_kv_config_grid (cases[i].text, &error));
      assert_kv_error (error, cases[i].says);
    }
  for (guint i = 1; i < 17; i++)
    g_string_append_printf (large, ",q%u", i);
  {
    g_autofree char *list = g_string_free (large, FALSE);
    g_autofree char *text = g_strconcat (list, "×", list, NULL);
    g_autoptr (GError) error = NULL;

    g_assert_null (refract_kv_config_grid (text, &error));
    assert_kv_error (error, "289 configurations");
  }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/kv-config/text", test_text);
  g_test_add_func ("/kv-config/equal", test_equal);
  g_test_add_func ("/kv-config/environment-and-flags", test_environment_and_flags);
  g_test_add_func ("/kv-config/refused-text", test_refused_text);
  g_test_add_func ("/kv-config/refused-flags", test_refused_flags);
  g_test_add_func ("/kv-config/safe", test_safe);
  g_test_add_func ("/kv-config/types", test_types);
  g_test_add_func ("/kv-config/quantized", test_quantized);
  g_test_add_func ("/kv-config/bytes-per-token", test_bytes_per_token);
  g_test_add_func ("/kv-config/validate", test_validate);
  g_test_add_func ("/kv-config/grid", test_grid);
  g_test_add_func ("/kv-config/refused-grid", test_refused_grid);
  return g_test_run ();
}
