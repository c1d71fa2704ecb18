/* refract-server-engine.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "backends/refract-server-identity.h"
#include "backends/refract-server-types.h"
#include "core/refract-error.h"
#include "engine/refract-python.h"

#define ASK_TIMEOUT 30 /* seconds */
#define FP8_HEAD 32    /* elements that an fp8 head on a CPU has a multiple of */

gboolean
refract_server_version_at_least (const char *version, guint major, guint minor)
{
  char *rest = NULL;
  guint64 first = g_ascii_strtoull (version, &rest, 10);
  guint64 second = *rest == '.' ? g_ascii_strtoull (rest + 1, NULL, 10) : 0;

  return first > major || (first == major && second >= minor);
}

gboolean
refract_server_engine_is_attached (const RefractServerEngine *self)
{
  return self->options->reference_url != NULL || self->options->candidate_url != NULL;
}

const char *
refract_server_engine_get_url (const RefractServerEngine *self, RefractKvConfig *kv)
{
  g_autoptr (RefractKvConfig) reference = NULL;

  if (self->options->reference_kv != NULL)
    reference = refract_kv_config_parse (self->options->reference_kv, NULL);
  return reference == NULL || refract_kv_config_equal (reference, kv)
             ? self->options->reference_url
             : self->options->candidate_url;
}

static gboolean
has_gpu (void)
{
  static const char *const names[] = { "nvidia0", "nvidiactl", "kfd", "dxg", "accel" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename ("/dev", names[i], NULL);

      if (g_file_test (path, G_FILE_TEST_EXISTS))
        return TRUE;
    }
  return FALSE;
}

/* vLLM is built for one or the other; SGLang takes what there is. A server of the user's may be on
 * another machine, and did start with its type. */
static gboolean
computes_on_cpu (const RefractServerEngine *self)
{
  if (self->version == NULL || refract_server_engine_is_attached (self))
    return FALSE;
  if (self->kind->id == REFRACT_BACKEND_KIND_VLLM)
    return strstr (self->version, "+cpu") != NULL;
  return !has_gpu ();
}

static RefractEngineInfo *
make_info (const RefractServerEngine *self)
{
  g_autoptr (GStrvBuilder) types = g_strv_builder_new ();
  RefractEngineInfo *info = g_new0 (RefractEngineInfo, 1);
  const char *const *type;

  for (type = self->kind->kv_types; *type != NULL; type++)
    if (refract_server_type_is_real (self->kind->id, *type, self->on_cpu, NULL))
      g_strv_builder_add (types, *type);
  info->name = g_strdup (refract_server_kind_get_title (self->kind));
  info->version = g_strdup (self->version);
  info->build = g_strdup ("");
  info->kv_types = g_strv_builder_end (types);
  info->devices = g_new0 (char *, 1);
  info->program = g_strdup (self->python != NULL ? self->python : "");
  info->served = g_strdup (self->served);
  info->has_logits = TRUE;
  return info;
}

static gboolean
find_installed (RefractServerEngine *self, GError **error)
{
  const char *package = refract_backend_kind_get_package (self->kind->id);

  self->python = refract_python_find (self->options->python, error);
  if (self->python == NULL)
    return FALSE;
  self->version = refract_python_dup_package_version (self->python, package);
  if (self->version != NULL)
    return TRUE;
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING,
               "%s is not installed in the Python environment of %s. Install the package %s there, "
               "or name another environment with --python.",
               refract_server_kind_get_title (self->kind), self->python, package);
  return FALSE;
}

static gboolean
ask_server (RefractServerEngine *self, GCancellable *cancellable, GError **error)
{
  const RefractBackendOptions *options = self->options;
  const char *url
      = options->reference_url != NULL ? options->reference_url : options->candidate_url;
  RefractServer server = { .kind = self->kind };
  g_autoptr (RefractServerIdentity) identity = NULL;
  RefractBackendKind kind;

  if (!refract_server_find_kind (options, self->kind, &kind, cancellable, error))
    return FALSE;
  server.http = refract_server_connect (url, cancellable, error);
  if (server.http != NULL)
    {
      refract_http_set_timeout (server.http, ASK_TIMEOUT);
      identity = refract_server_identify (&server, cancellable, error);
    }
  g_clear_object (&server.http);
  if (identity == NULL)
    return FALSE;
  self->version = g_strdup (identity->version);
  self->served = g_strdup (identity->model);
  return TRUE;
}

RefractServerEngine *
refract_server_engine_find (const RefractServerKind *kind,
                            const RefractBackendOptions *options,
                            GCancellable *cancellable,
                            GError **error)
{
  g_autoptr (RefractServerEngine) self = g_new0 (RefractServerEngine, 1);

  self->kind = kind;
  self->options = options;
  self->identities = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                            (GDestroyNotify) refract_server_identity_unref);
  if (refract_server_engine_is_attached (self) ? !ask_server (self, cancellable, error)
                                               : !find_installed (self, error))
    return NULL;
  self->on_cpu = computes_on_cpu (self);
  self->info = make_info (self);
  return g_steal_pointer (&self);
}

void
refract_server_engine_free (RefractServerEngine *self)
{
  if (self == NULL)
    return;
  g_free (self->python);
  g_free (self->version);
  g_free (self->served);
  g_hash_table_unref (self->identities);
  refract_engine_info_free (self->info);
  g_free (self);
}

gboolean
refract_server_engine_is_without_gpu (const RefractServerEngine *self)
{
  return self->python != NULL && !self->on_cpu && !has_gpu ();
}

/* ---- What can be run ---- */

/* What the audit sets itself, or would have to know of: the first such flag of a list. */
static const char *
find_own_flag (const char *const *flags)
{
  static const char *const own[] = {
    "--api-key",
    "--api-server-count",
    "--config",
    "--context-length",
    "--data-parallel-size",
    "--enable-prefix-caching",
    "--headless",
    "--host",
    "--kv-cache-dtype",
    "--max-logprobs",
    "--max-model-len",
    "--max-num-seqs",
    "--max-running-requests",
    "--max-total-tokens",
    "--model",
    "--model-path",
    "--port",
    "--root-path",
    "--served-model-name",
    "--speculative-algorithm",
    "--speculative-config",
    "--ssl-certfile",
    "--ssl-keyfile",
    "--trust-remote-code",
    "--uds",
  };
  guint i, k;

  for (i = 0; flags != NULL && flags[i] != NULL; i++)
    for (k = 0; k < G_N_ELEMENTS (own); k++)
      {
        gsize length = strlen (own[k]);

        if (strncmp (flags[i], own[k], length) == 0
            && (flags[i][length] == '\0' || flags[i][length] == '='))
          return own[k];
      }
  return NULL;
}

static gboolean
check_flags (const RefractServerEngine *self, RefractKvConfig *kv, GError **error)
{
  const char *found = find_own_flag ((const char *const *) self->options->engine_flags);

  if (self->options->n_gpu_layers >= 0)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "%s has no layers on a GPU and others beside it: leave out --n-gpu-layers.",
                   refract_server_kind_get_title (self->kind));
      return FALSE;
    }
  if (found == NULL && kv != NULL)
    found = find_own_flag (refract_kv_config_get_flags (kv));
  if (found == NULL)
    return TRUE;
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
               "%s is set by the audit itself, or would change what it measures: leave it out.",
               found);
  return FALSE;
}

static gboolean
check_processor (const RefractServerEngine *self,
                 const char *type,
                 RefractModel *model,
                 GError **error)
{
  const RefractModelInfo *info = model != NULL ? refract_model_get_info (model) : NULL;
  const char *lack = refract_server_type_get_lack (self->kind->id, type);
  const char *title = refract_server_kind_get_title (self->kind);

  if (lack != NULL)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG,
                   "kv=%s needs %s with %s on a CPU, which this processor does not have. Use a "
                   "machine that has it, or a GPU.",
                   type, lack, title);
      return FALSE;
    }
  if (info != NULL && self->kind->id == REFRACT_BACKEND_KIND_VLLM && g_str_has_prefix (type, "fp8")
      && (info->head_dim_k % FP8_HEAD != 0 || info->head_dim_v % FP8_HEAD != 0))
    {
      g_set_error (
          error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG,
          "kv=%s needs heads of a multiple of %d elements on a CPU, and those of “%s” have "
          "%u. Use a GPU, or another model.",
          type, FP8_HEAD, info->name, info->head_dim_k);
      return FALSE;
    }
  return TRUE;
}

gboolean
refract_server_engine_check (const RefractServerEngine *self,
                             RefractKvConfig *kv,
                             RefractModel *model,
                             GError **error)
{
  const char *type = kv != NULL ? refract_kv_config_get_type_k (kv) : NULL;

  if (!check_flags (self, kv, error))
    return FALSE;
  if (kv == NULL)
    return TRUE;
  if (refract_server_engine_is_attached (self) && refract_server_engine_get_url (self, kv) == NULL)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "There is no server for %s. Give the address of one with %s.",
                   refract_kv_config_get_label (kv),
                   self->options->reference_url == NULL ? "--reference-url" : "--candidate-url");
      return FALSE;
    }
  if (model != NULL && refract_model_get_info (model)->has_model_code
      && !self->options->allow_model_code && self->python != NULL)
    {
      g_set_error (
          error, REFRACT_ERROR, REFRACT_ERROR_MODEL,
          "“%s” brings code of its own that loading it would run. Look at it, and allow it "
          "with --allow-model-code.",
          refract_model_get_info (model)->name);
      return FALSE;
    }
  return refract_server_type_is_real (self->kind->id, type,
                                      self->on_cpu && g_strv_contains (self->kind->kv_types, type),
                                      error)
         && refract_kv_config_validate (kv, model, (const char *const *) self->info->kv_types, TRUE,
                                        error)
         && (!self->on_cpu || check_processor (self, type, model, error));
}
