/* refract-server-types.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "backends/refract-server-types.h"
#include "core/refract-error.h"

#define TURBOQUANT_BATCH 128 /* up to so many tokens, its prefill reads the stored cache */

const char *const refract_vllm_kv_types[] = { "auto",
                                              "fp8",
                                              "fp8_e4m3",
                                              "fp8_e5m2",
                                              "bfloat16",
                                              "float16",
                                              "fp8_ds_mla",
                                              "fp8_inc",
                                              "fp8_per_token_head",
                                              "int8_per_token_head",
                                              "int4_per_token_head",
                                              "nvfp4",
                                              "nvfp4_4over6",
                                              "nvfp4_ds_mla",
                                              "turboquant_k8v4",
                                              "turboquant_4bit_nc",
                                              "turboquant_k3v4_nc",
                                              "turboquant_3bit_nc",
                                              "ultraquant_4bit",
                                              NULL };

const char *const refract_sglang_kv_types[] = { "auto",     "fp8_e4m3",       "fp8_e5m2",
                                                "bfloat16", "bf16",           "mxfp8",
                                                "nvfp4",    "fp4_mx_block16", NULL };

/* On a CPU; seen to change what is stored, or in SGLang's case not to start. */
static const char *const vllm_cpu_types[] = { "auto", "fp8", "fp8_e4m3", "fp8_e5m2", NULL };
static const char *const sglang_cpu_types[] = { "auto", "bfloat16", "bf16", "fp8_e4m3", NULL };

gboolean
refract_server_types_equal (const char *a, const char *b)
{
  static const char *const aliases[][2] = { { "fp8", "fp8_e4m3" },
                                            { "bf16", "bfloat16" },
                                            { "float8_e4m3fn", "fp8_e4m3" },
                                            { "float8_e5m2", "fp8_e5m2" } };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (aliases); i++)
    {
      a = g_str_equal (a, aliases[i][0]) ? aliases[i][1] : a;
      b = g_str_equal (b, aliases[i][0]) ? aliases[i][1] : b;
    }
  return g_str_equal (a, b);
}

static gboolean
processor_has (const char *flag)
{
  g_autofree char *text = NULL;
  const char *flags, *end, *at;
  gsize length = strlen (flag);

  if (!g_file_get_contents ("/proc/cpuinfo", &text, NULL, NULL))
    return TRUE; /* not to be known here: the engine will say */
  flags = strstr (text, "\nflags");
  if (flags == NULL)
    return FALSE;
  end = strchr (flags + 1, '\n');
  for (at = strstr (flags, flag); at != NULL && (end == NULL || at < end);
       at = strstr (at + 1, flag))
    if (at[-1] == ' ' && (at[length] == ' ' || at[length] == '\n' || at[length] == '\0'))
      return TRUE;
  return FALSE;
}

const char *
refract_server_type_get_lack (RefractBackendKind kind, const char *type)
{
  if (!g_str_has_prefix (type, "fp8"))
    return NULL;
  if (kind == REFRACT_BACKEND_KIND_SGLANG)
    return processor_has ("amx_tile") ? NULL : "AMX";
  return processor_has ("avx512f") || processor_has ("amx_tile") ? NULL : "AVX-512 or AMX";
}

gboolean
refract_server_type_is_real (RefractBackendKind kind,
                             const char *type,
                             gboolean on_cpu,
                             GError **error)
{
  const char *const *real = kind == REFRACT_BACKEND_KIND_VLLM ? vllm_cpu_types : sglang_cpu_types;
  g_autofree char *list = NULL;

  if (!on_cpu || g_strv_contains (real, type))
    return TRUE;
  list = g_strjoinv (", ", (char **) real);
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG,
               "kv=%s is not stored on a CPU: %s takes the word there and %s. On a CPU it can do "
               "%s.",
               type, refract_backend_kind_get_title (kind),
               g_str_equal (type, "float16") || g_str_equal (type, "bfloat16")
                   ? "changes nothing"
                   : "gives wrong numbers or does not start",
               list);
  return FALSE;
}

gboolean
refract_server_type_is_verified (const char *type)
{
  static const char *const seen[]
      = { "auto", "fp8", "fp8_e4m3", "fp8_e5m2", "float16", "bfloat16", "bf16", NULL };

  return g_strv_contains (seen, type);
}

static gboolean
refuse_probe (const char *type, const char *where, const char *remedy, GError **error)
{
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
               "KLD of kv=%s cannot be measured on %s: while it reads a prompt, it attends to the "
               "K and V that are not quantized yet, and the stored cache is never used. Start it "
               "with %s, or leave the axis kld out.",
               type, where, remedy);
  return FALSE;
}

gboolean
refract_server_check_vllm_probe (const char *type, guint n_batched, GError **error)
{
  if (!g_str_has_prefix (type, "turboquant") || (n_batched > 0 && n_batched <= TURBOQUANT_BATCH))
    return TRUE;
  return refuse_probe (type, "vLLM", "--max-num-batched-tokens 128", error);
}

gboolean
refract_server_check_sglang_probe (const char *type,
                                   const char *attention,
                                   gboolean deterministic,
                                   GError **error)
{
  /* read the pool while they prefill, whatever the mode */
  static const char *const pool[] = { "fa3", "fa4", "torch_native", NULL };
  g_autofree char *where = NULL;

  if (g_str_equal (type, "auto") || deterministic
      || (attention != NULL && g_strv_contains (pool, attention)))
    return TRUE;
  where = g_strdup_printf ("SGLang with attention backend %s",
                           attention != NULL ? attention : "unknown");
  return refuse_probe (type, where, "--enable-deterministic-inference", error);
}
