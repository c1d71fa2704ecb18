/* refract-mlx-errors.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "backends/refract-mlx-errors.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

#define MAX_MESSAGE 500

/* What is said of each kind that the worker knows. */
static const struct
{
  const char *kind;
  RefractError code;
  const char *format;
} kinds[] = {
  { "missing", REFRACT_ERROR_ENGINE_MISSING,
    "“{python}” has no {package}. Install MLX there with: {python} -m pip install \"mlx[cpu]\" "
    "mlx-lm (on a Mac "
    "mlx-lm alone), or name the environment that has it with --python." },
  { "broken", REFRACT_ERROR_ENGINE_MISSING,
    "“{python}” has {package}, but it cannot be loaded ({message}). Install it again: on Linux "
    "with "
    "pip install \"mlx[cpu]\", or with mlx[cuda13] where CUDA 13 is." },
  { "old", REFRACT_ERROR_ENGINE_MISSING,
    "The mlx-lm of “{python}” is too old ({message}). Install a newer one with: {python} -m pip "
    "install "
    "--upgrade mlx mlx-lm." },
  { "device", REFRACT_ERROR_ENGINE,
    "MLX has no device that it can compute on ({message}). Install the build for this machine: "
    "mlx[cpu], or mlx[cuda13] where CUDA 13 is." },
  { "model", REFRACT_ERROR_MODEL,
    "MLX cannot load “{model}”: {message}. Use a model that mlx-lm supports, or get it again." },
  { "code", REFRACT_ERROR_MODEL,
    "“{model}” brings Python code of its own ({message}), which would run on this computer. Use "
    "--allow-model-code if you trust it." },
  { "template", REFRACT_ERROR_MODEL,
    "The chat template of “{model}” cannot be used: {message}. Leave out R-NIAH and PLAD, and use "
    "--prompt-mode raw." },
  { "kv", REFRACT_ERROR_KV_CONFIG,
    "MLX cannot do this with “{model}”: {message}. Only bits=16 can be measured there." },
};

void
refract_mlx_set_memory_error (GError **error)
{
  g_set_error_literal (
      error, REFRACT_ERROR, REFRACT_ERROR_MEMORY,
      "MLX ran out of memory. Close other programs, use a smaller model or one "
      "with quantized weights, or measure shorter contexts (--ctx, --rniah-lengths).");
}

void
refract_mlx_set_killed_error (GError **error)
{
  g_set_error_literal (error, REFRACT_ERROR, REFRACT_ERROR_MEMORY,
                       "MLX was killed, as the system does when memory runs out. Close other "
                       "programs, use a smaller model or one with quantized weights, or measure "
                       "shorter contexts (--ctx, --rniah-lengths).");
}

/* The message, which may hold anything, comes last. */
static char *
fill_in (const char *format,
         const char *package,
         const char *python,
         const char *model_name,
         const char *message)
{
  GString *text = g_string_new (format);

  g_string_replace (text, "{package}", package, 0);
  g_string_replace (text, "{python}", python, 0);
  g_string_replace (text, "{model}", model_name, 0);
  g_string_replace (text, "{message}", message, 0);
  return g_string_free (text, FALSE);
}

void
refract_mlx_set_reported_error (JsonObject *failure,
                                const char *python,
                                const char *model_name,
                                GError **error)
{
  const char *kind = failure != NULL ? refract_json_get_string (failure, "kind", "") : "";
  const char *reported = failure != NULL ? refract_json_get_string (failure, "message", "") : "";
  const char *package = failure != NULL ? refract_json_get_string (failure, "name", "mlx") : "mlx";
  g_autofree char *cut = g_strndup (reported, MIN (strlen (reported), MAX_MESSAGE));
  g_autofree char *message = g_utf8_make_valid (cut, -1);

  g_strdelimit (message, "\r\n", ' ');
  if (g_str_equal (kind, "memory"))
    {
      refract_mlx_set_memory_error (error);
      return;
    }
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].kind, kind))
      {
        g_autofree char *text
            = fill_in (kinds[i].format, g_str_equal (package, "mlx-lm") ? "mlx-lm" : "mlx", python,
                       model_name != NULL ? model_name : "this model", message);

        g_set_error_literal (error, REFRACT_ERROR, kinds[i].code, text);
        return;
      }
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
               "MLX failed: %s. Use another version of mlx and mlx-lm, or another model.",
               *message != '\0' ? message : "it did not say why");
}
