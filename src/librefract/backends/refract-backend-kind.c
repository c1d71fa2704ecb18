/* refract-backend-kind.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "backends/refract-backend-llamacpp.h"
#include "backends/refract-backend-mlx.h"
#include "backends/refract-backend-sglang.h"
#include "backends/refract-backend-vllm.h"
#include "backends/refract-server-identity.h"
#include "core/refract-error.h"
#include "engine/refract-python.h"

typedef RefractBackend *(*Constructor) (const RefractBackendOptions *options);

/* In the order in which "auto" looks for one. */
static const struct
{
  const char *name;
  const char *title;
  RefractKvDialect dialect;
  const char *package;
  Constructor create;
} kinds[] = {
  [REFRACT_BACKEND_KIND_LLAMACPP]
  = { "llamacpp", "llama.cpp", REFRACT_KV_LLAMACPP, NULL, refract_backend_llamacpp_new },
  [REFRACT_BACKEND_KIND_VLLM]
  = { "vllm", "vLLM", REFRACT_KV_SERVER, "vllm", refract_backend_vllm_new },
  [REFRACT_BACKEND_KIND_SGLANG]
  = { "sglang", "SGLang", REFRACT_KV_SERVER, "sglang", refract_backend_sglang_new },
  [REFRACT_BACKEND_KIND_MLX] = { "mlx", "MLX", REFRACT_KV_MLX, "mlx-lm", refract_backend_mlx_new },
};
G_STATIC_ASSERT (G_N_ELEMENTS (kinds) == REFRACT_N_BACKENDS);

const char *
refract_backend_kind_get_name (RefractBackendKind kind)
{
  return kinds[kind].name;
}

const char *
refract_backend_kind_get_title (RefractBackendKind kind)
{
  return kinds[kind].title;
}

RefractKvDialect
refract_backend_kind_get_dialect (RefractBackendKind kind)
{
  return kinds[kind].dialect;
}

const char *
refract_backend_kind_get_package (RefractBackendKind kind)
{
  return kinds[kind].package;
}

gboolean
refract_backend_kind_from_name (const char *name, RefractBackendKind *kind)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_strcmp0 (kinds[i].name, name) == 0)
      {
        *kind = i;
        return TRUE;
      }
  return FALSE;
}

const char *
refract_backend_name_of_engine (const char *title)
{
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].title, title))
      return kinds[i].name;
  return title;
}

const char *
refract_backend_title_of_name (const char *name)
{
  RefractBackendKind kind;

  return refract_backend_kind_from_name (name, &kind) ? kinds[kind].title : name;
}

gboolean
refract_backend_kind_can_load (RefractBackendKind kind, RefractModel *model)
{
  return refract_model_get_info (model)->is_directory == (kinds[kind].package != NULL);
}

static char *
join (const char *const *names, guint n, const char *conjunction)
{
  GString *list = g_string_new (n > 0 ? names[0] : NULL);

  for (guint i = 1; i < n; i++)
    {
      if (i + 1 < n)
        g_string_append_printf (list, ", %s", names[i]);
      else
        g_string_append_printf (list, " %s %s", conjunction, names[i]);
    }
  return g_string_free (list, FALSE);
}

char *
refract_backend_list_names (const char *conjunction)
{
  const char *names[REFRACT_N_BACKENDS];

  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    names[i] = kinds[i].name;
  return join (names, G_N_ELEMENTS (names), conjunction);
}

/* The first engine that loads folders and whose package is there. */
static gboolean
find_for_folder (const RefractModelInfo *info,
                 const RefractBackendOptions *options,
                 RefractBackendKind *kind,
                 GError **error)
{
  g_autofree char *python = refract_python_find (options->python, error);
  g_autofree char *list = NULL;
  const char *packages[REFRACT_N_BACKENDS];
  guint n = 0;

  if (python == NULL)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      g_autofree char *version = NULL;

      if (kinds[i].package == NULL)
        continue;
      version = refract_python_dup_package_version (python, kinds[i].package);
      if (version != NULL)
        {
          *kind = i;
          return TRUE;
        }
      packages[n++] = kinds[i].package;
    }

  list = join (packages, n, "or");
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING,
               "No engine for the model folder “%s” is installed in the Python environment of %s. "
               "Install %s there, or name another one with --python.",
               info->name, python, list);
  return FALSE;
}

static gboolean
check_can_load (RefractBackendKind kind, RefractModel *model, GError **error)
{
  if (model == NULL || refract_backend_kind_can_load (kind, model))
    return TRUE;
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
               "%s cannot load “%s”: it needs %s. Use another model, or leave out --backend.",
               kinds[kind].title, refract_model_get_info (model)->name,
               kinds[kind].package != NULL ? "a folder with config.json and safetensors files"
                                           : "a GGUF file");
  return FALSE;
}

/* What would be left out of account without a word. */
static gboolean
check_options (RefractBackendKind kind, const RefractBackendOptions *options, GError **error)
{
  const char *title = kinds[kind].title;

  if (kinds[kind].dialect != REFRACT_KV_SERVER
      && (options->reference_url != NULL || options->candidate_url != NULL))
    g_set_error (
        error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
        "%s answers at no address: Refract starts it itself. Leave out --reference-url and "
        "--candidate-url, or choose vllm or sglang.",
        title);
  else if (kind == REFRACT_BACKEND_KIND_MLX && options->n_gpu_layers >= 0)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                 "%s has no layers on a GPU and others beside it: leave out --n-gpu-layers.",
                 title);
  else if (kind == REFRACT_BACKEND_KIND_MLX && options->engine_flags != NULL
           && options->engine_flags[0] != NULL)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                 "%s takes no flags: leave out --engine-flags.", title);
  else
    return TRUE;
  return FALSE;
}

static gboolean
find_automatically (RefractModel *model,
                    const RefractBackendOptions *options,
                    RefractBackendKind *kind,
                    GCancellable *cancellable,
                    GError **error)
{
  *kind = REFRACT_BACKEND_KIND_LLAMACPP;
  if (options->reference_url != NULL || options->candidate_url != NULL)
    return refract_server_find_kind (options, NULL, kind, cancellable, error);
  if (model != NULL && refract_model_get_info (model)->is_directory)
    return find_for_folder (refract_model_get_info (model), options, kind, error);
  return TRUE;
}

static gboolean
find_named (const char *name, RefractBackendKind *kind, GError **error)
{
  g_autofree char *names = NULL;

  if (refract_backend_kind_from_name (name, kind))
    return TRUE;
  names = refract_backend_list_names ("or");
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE, "There is no backend “%s”. Use auto, %s.",
               name, names);
  return FALSE;
}

RefractBackend *
refract_backend_new (const char *name,
                     RefractModel *model,
                     const RefractBackendOptions *options,
                     GCancellable *cancellable,
                     GError **error)
{
  RefractBackendKind kind;
  gboolean found;

  g_return_val_if_fail (name != NULL && options != NULL, NULL);

  found = g_str_equal (name, "auto")
              ? find_automatically (model, options, &kind, cancellable, error)
              : find_named (name, &kind, error);
  if (!found || !check_can_load (kind, model, error) || !check_options (kind, options, error))
    return NULL;
  return kinds[kind].create (options);
}
