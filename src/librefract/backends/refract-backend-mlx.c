/* refract-backend-mlx.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "backends/refract-backend-mlx.h"
#include "backends/refract-mlx-logits.h"
#include "backends/refract-mlx-selftest.h"
#include "backends/refract-mlx-worker.h"
#include "backends/refract-session-mlx.h"
#include "core/refract-error.h"
#include "engine/refract-python.h"

struct _RefractBackendMlx
{
  RefractBackend parent_instance;
  RefractEngineInfo *info; /* NULL before it was looked for */

  RefractMlxWorker *worker; /* NULL before the first model */
  char *fingerprint;        /* of the model that it has loaded */
  GHashTable *asked;        /* what it was asked, as texts */
};

G_DEFINE_FINAL_TYPE (RefractBackendMlx, refract_backend_mlx, REFRACT_TYPE_BACKEND)

/* ---- What is installed ---- */

static char **
list_types (void)
{
  static const guint bits[] = { 8, 6, 5, 4, 3, 2 }, groups[] = { 32, 64, 128 };
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_strv_builder_add (builder, "16-bit");
  for (guint i = 0; i < G_N_ELEMENTS (bits); i++)
    for (guint k = 0; k < G_N_ELEMENTS (groups); k++)
      {
        g_autofree char *type = g_strdup_printf ("%u-bit/%u", bits[i], groups[k]);

        g_strv_builder_add (builder, type);
      }
  return g_strv_builder_end (builder);
}

static RefractEngineInfo *
make_info (const RefractMlxFacts *facts, const char *python)
{
  RefractEngineInfo *info = g_new0 (RefractEngineInfo, 1);
  g_autoptr (GStrvBuilder) devices = g_strv_builder_new ();

  if (!facts->is_cpu)
    g_strv_builder_add (devices, *facts->device_name != '\0' ? facts->device_name : "GPU");
  info->name = g_strdup ("MLX");
  info->version
      = g_strdup_printf ("%s (mlx-lm %s, Python %s)", facts->mlx, facts->mlx_lm, facts->python);
  info->build = g_strdup ("");
  info->kv_types = list_types ();
  info->devices = g_strv_builder_end (devices);
  info->program = g_strdup (python);
  info->has_logits = TRUE;
  return info;
}

static const RefractEngineInfo *
refract_backend_mlx_detect (RefractBackend *backend, GCancellable *cancellable, GError **error)
{
  RefractBackendMlx *self = REFRACT_BACKEND_MLX (backend);
  g_autofree char *python = NULL;
  g_autoptr (RefractMlxWorker) worker = NULL;

  if (self->info != NULL)
    return self->info;
  python = refract_python_find (refract_backend_get_options (backend)->python, error);
  if (python == NULL)
    return NULL;
  worker
      = refract_mlx_worker_start (refract_backend_get_options (backend), python, NULL,
                                  refract_backend_get_silence_limit (backend), cancellable, error);
  if (worker != NULL)
    self->info = make_info (refract_mlx_worker_get_facts (worker), python);
  return self->info;
}

static GPtrArray *
refract_backend_mlx_selftest (RefractBackend *backend,
                              RefractModel *model,
                              GCancellable *cancellable)
{
  return refract_mlx_selftest (backend, refract_backend_get_options (backend), model, cancellable);
}

/* ---- What it can do ---- */

/* A name that is no folder would be looked for on a server. */
static gboolean
check_folder (RefractModel *model, GError **error)
{
  const RefractModelInfo *info = refract_model_get_info (model);
  g_autofree char *config = g_build_filename (info->path, "config.json", NULL);

  if (g_file_test (config, G_FILE_TEST_IS_REGULAR))
    return TRUE;
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL,
               "MLX cannot load “%s”: it needs a folder with config.json and safetensors files.",
               info->name);
  return FALSE;
}

static gboolean
refract_backend_mlx_supports_kv (RefractBackend *backend,
                                 RefractKvConfig *kv,
                                 RefractModel *model,
                                 GError **error)
{
  return (model == NULL || check_folder (model, error))
         && refract_kv_config_validate (kv, model, NULL, TRUE, error);
}

/* ---- The worker ---- */

static void
end_worker (RefractBackendMlx *self)
{
  g_clear_pointer (&self->worker, refract_mlx_worker_unref);
  g_clear_pointer (&self->fingerprint, g_free);
  g_hash_table_remove_all (self->asked);
}

/* A worker with @model that was not asked @what at @kv before. @load_seconds: what this
 * configuration waited for it. */
static RefractMlxWorker *
get_worker (RefractBackendMlx *self,
            RefractModel *model,
            RefractKvConfig *kv,
            const char *what,
            double *load_seconds,
            GCancellable *cancellable,
            GError **error)
{
  const char *fingerprint = refract_model_get_info (model)->fingerprint;
  g_autofree char *key = g_strdup_printf ("%s|%s", refract_kv_config_get_text (kv), what);
  RefractBackend *backend = REFRACT_BACKEND (self);
  const RefractEngineInfo *info = refract_backend_detect (backend, cancellable, error);

  *load_seconds = 0;
  if (info == NULL || !refract_backend_supports_kv (backend, kv, model, error))
    return NULL;
  if (self->worker != NULL
      && (!refract_mlx_worker_is_running (self->worker)
          || !g_str_equal (self->fingerprint, fingerprint)
          || g_hash_table_contains (self->asked, key)))
    end_worker (self);
  if (self->worker == NULL)
    {
      self->worker = refract_mlx_worker_start (refract_backend_get_options (backend), info->program,
                                               model, refract_backend_get_silence_limit (backend),
                                               cancellable, error);
      if (self->worker == NULL)
        return NULL;
      self->fingerprint = g_strdup (fingerprint);
      *load_seconds = refract_mlx_worker_get_model_facts (self->worker)->load_seconds;
    }
  g_hash_table_add (self->asked, g_steal_pointer (&key));
  return self->worker;
}

static RefractSession *
refract_backend_mlx_open (RefractBackend *backend,
                          RefractModel *model,
                          RefractKvConfig *kv,
                          const RefractSessionNeeds *needs,
                          GCancellable *cancellable,
                          GError **error)
{
  RefractBackendMlx *self = REFRACT_BACKEND_MLX (backend);
  double load_seconds;
  RefractMlxWorker *worker
      = get_worker (self, model, kv, "session", &load_seconds, cancellable, error);

  return worker != NULL
             ? refract_session_mlx_open (worker, model, kv, needs, load_seconds, cancellable, error)
             : NULL;
}

static RefractLogitsRun *
refract_backend_mlx_logits (RefractBackend *backend,
                            RefractModel *model,
                            RefractKvConfig *kv,
                            const RefractLogitsSpec *spec,
                            RefractLogitsFunc func,
                            gpointer user_data,
                            GCancellable *cancellable,
                            GError **error)
{
  RefractBackendMlx *self = REFRACT_BACKEND_MLX (backend);
  g_autofree char *what = g_strdup_printf ("logits|%u", spec->n_ctx);
  double load_seconds;
  RefractMlxWorker *worker = get_worker (self, model, kv, what, &load_seconds, cancellable, error);
  RefractLogitsRun *run;

  if (worker == NULL)
    return NULL;
  run = refract_mlx_logits (worker, model, kv, spec, func, user_data, cancellable, error);
  if (run != NULL)
    run->load_seconds = load_seconds;
  return run;
}

/* ---- Object ---- */

static void
refract_backend_mlx_finalize (GObject *object)
{
  RefractBackendMlx *self = REFRACT_BACKEND_MLX (object);

  end_worker (self);
  g_clear_pointer (&self->asked, g_hash_table_unref);
  g_clear_pointer (&self->info, refract_engine_info_free);
  G_OBJECT_CLASS (refract_backend_mlx_parent_class)->finalize (object);
}

static void
refract_backend_mlx_class_init (RefractBackendMlxClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  RefractBackendClass *backend_class = REFRACT_BACKEND_CLASS (klass);

  object_class->finalize = refract_backend_mlx_finalize;
  backend_class->kind = REFRACT_BACKEND_KIND_MLX;
  backend_class->detect = refract_backend_mlx_detect;
  backend_class->selftest = refract_backend_mlx_selftest;
  backend_class->supports_kv = refract_backend_mlx_supports_kv;
  backend_class->open = refract_backend_mlx_open;
  backend_class->logits = refract_backend_mlx_logits;
}

static void
refract_backend_mlx_init (RefractBackendMlx *self)
{
  self->asked = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
}

RefractBackend *
refract_backend_mlx_new (const RefractBackendOptions *options)
{
  return refract_backend_create (REFRACT_TYPE_BACKEND_MLX, options);
}
