/* refract-backend-server.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "backends/refract-backend-server.h"
#include "backends/refract-server-selftest.h"
#include "backends/refract-session-server.h"

typedef struct
{
  RefractServerEngine *engine; /* NULL before it was found */
} RefractBackendServerPrivate;

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (RefractBackendServer,
                                     refract_backend_server,
                                     REFRACT_TYPE_BACKEND)

static RefractBackendServerPrivate *
get_private (RefractBackend *backend)
{
  return refract_backend_server_get_instance_private (REFRACT_BACKEND_SERVER (backend));
}

/* Looked for once it is there; what failed may have been mended before the next call. */
static RefractServerEngine *
find_engine (RefractBackend *backend, GCancellable *cancellable, GError **error)
{
  RefractBackendServerPrivate *priv = get_private (backend);

  if (priv->engine == NULL)
    priv->engine
        = refract_server_engine_find (REFRACT_BACKEND_SERVER_GET_CLASS (backend)->server,
                                      refract_backend_get_options (backend), cancellable, error);
  return priv->engine;
}

static const RefractEngineInfo *
refract_backend_server_detect (RefractBackend *backend, GCancellable *cancellable, GError **error)
{
  RefractServerEngine *engine = find_engine (backend, cancellable, error);

  if (engine == NULL || !refract_server_engine_check (engine, NULL, NULL, error))
    return NULL;
  return engine->info;
}

static GPtrArray *
refract_backend_server_selftest (RefractBackend *backend,
                                 RefractModel *model,
                                 GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  RefractServerEngine *engine = find_engine (backend, cancellable, &error);

  return refract_server_selftest (backend, engine, error, model, cancellable);
}

static gboolean
refract_backend_server_supports_kv (RefractBackend *backend,
                                    RefractKvConfig *kv,
                                    RefractModel *model,
                                    GError **error)
{
  RefractServerEngine *engine = find_engine (backend, NULL, error);

  return engine != NULL && refract_server_engine_check (engine, kv, model, error);
}

static RefractSession *
refract_backend_server_open (RefractBackend *backend,
                             RefractModel *model,
                             RefractKvConfig *kv,
                             const RefractSessionNeeds *needs,
                             GCancellable *cancellable,
                             GError **error)
{
  RefractServerEngine *engine = find_engine (backend, cancellable, error);
  guint64 trained = refract_model_get_info (model)->context_length;
  RefractServerStart start = { .engine = engine,
                               .model = model,
                               .kv = kv,
                               .n_cells = needs->n_cells,
                               .n_slots = needs->n_slots,
                               .silence_limit = refract_backend_get_silence_limit (backend) };

  if (engine == NULL || !refract_server_engine_check (engine, kv, model, error))
    return NULL;
  if (trained > 0) /* servers refuse more */
    start.n_cells = (guint) MIN (start.n_cells, trained);
  return refract_session_server_open (&start, cancellable, error);
}

static RefractLogitsRun *
refract_backend_server_logits (RefractBackend *backend,
                               RefractModel *model,
                               RefractKvConfig *kv,
                               const RefractLogitsSpec *spec,
                               RefractLogitsFunc func,
                               gpointer user_data,
                               GCancellable *cancellable,
                               GError **error)
{
  RefractServerEngine *engine = find_engine (backend, cancellable, error);
  RefractServerStart start = { .engine = engine,
                               .model = model,
                               .kv = kv,
                               .n_cells = spec->n_ctx + 1, /* engines decode at least one token */
                               .n_slots = 1,
                               .silence_limit = refract_backend_get_silence_limit (backend) };

  if (engine == NULL || !refract_server_engine_check (engine, kv, model, error))
    return NULL;
  return refract_server_logits (&start, spec, func, user_data, cancellable, error);
}

static void
refract_backend_server_finalize (GObject *object)
{
  RefractBackendServerPrivate *priv = get_private (REFRACT_BACKEND (object));

  g_clear_pointer (&priv->engine, refract_server_engine_free);
  G_OBJECT_CLASS (refract_backend_server_parent_class)->finalize (object);
}

static void
refract_backend_server_class_init (RefractBackendServerClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  RefractBackendClass *backend_class = REFRACT_BACKEND_CLASS (klass);

  object_class->finalize = refract_backend_server_finalize;
  backend_class->detect = refract_backend_server_detect;
  backend_class->selftest = refract_backend_server_selftest;
  backend_class->supports_kv = refract_backend_server_supports_kv;
  backend_class->open = refract_backend_server_open;
  backend_class->logits = refract_backend_server_logits;
}

static void
refract_backend_server_init (RefractBackendServer *self)
{
}
