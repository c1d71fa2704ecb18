/* refract-backend-llamacpp.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "backends/refract-backend-llamacpp.h"
#include "backends/refract-llamacpp-engine.h"
#include "backends/refract-llamacpp-logits.h"
#include "backends/refract-llamacpp-selftest.h"
#include "backends/refract-session-llamacpp.h"
#include "core/refract-error.h"

struct _RefractBackendLlamacpp
{
  RefractBackend parent_instance;
  RefractLlamacppEngine *engine; /* NULL before it was looked for */
};

G_DEFINE_FINAL_TYPE (RefractBackendLlamacpp, refract_backend_llamacpp, REFRACT_TYPE_BACKEND)

/* Looked for once it works; what failed may have been mended before the next call. */
static RefractLlamacppEngine *
find_engine (RefractBackendLlamacpp *self, GCancellable *cancellable, GError **error)
{
  if (self->engine != NULL && self->engine->programs[REFRACT_LLAMACPP_SERVER].error != NULL)
    g_clear_pointer (&self->engine, refract_llamacpp_engine_free);
  if (self->engine == NULL)
    self->engine = refract_llamacpp_engine_find (
        refract_backend_get_options (REFRACT_BACKEND (self)), cancellable, error);
  return self->engine;
}

static RefractLlamacppEngine *
get_program (RefractBackendLlamacpp *self,
             RefractLlamacppProgramId id,
             GCancellable *cancellable,
             GError **error)
{
  RefractLlamacppEngine *engine = find_engine (self, cancellable, error);

  if (engine == NULL || !refract_llamacpp_engine_check (engine, id, error))
    return NULL;
  return engine;
}

static const RefractEngineInfo *
refract_backend_llamacpp_detect (RefractBackend *backend, GCancellable *cancellable, GError **error)
{
  RefractLlamacppEngine *engine = get_program (REFRACT_BACKEND_LLAMACPP (backend),
                                               REFRACT_LLAMACPP_SERVER, cancellable, error);

  if (engine == NULL || !refract_llamacpp_engine_check_flags (engine, NULL, error))
    return NULL;
  return engine->info;
}

static GPtrArray *
refract_backend_llamacpp_selftest (RefractBackend *backend,
                                   RefractModel *model,
                                   GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  RefractLlamacppEngine *engine
      = find_engine (REFRACT_BACKEND_LLAMACPP (backend), cancellable, &error);
  GPtrArray *checks;

  if (engine != NULL)
    return refract_llamacpp_selftest (backend, engine, model, cancellable);
  checks = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_check_free);
  g_ptr_array_add (checks, refract_check_new ("llama.cpp", REFRACT_CHECK_FAILED, error->message,
                                              "Run the self-test again."));
  return checks;
}

static gboolean
check_kv (RefractLlamacppEngine *engine, RefractKvConfig *kv, RefractModel *model, GError **error)
{
  return refract_llamacpp_engine_check_flags (engine, kv, error)
         && refract_kv_config_validate (kv, model, (const char *const *) engine->info->kv_types,
                                        refract_llamacpp_engine_has_flash_attention (engine, kv),
                                        error);
}

static gboolean
refract_backend_llamacpp_supports_kv (RefractBackend *backend,
                                      RefractKvConfig *kv,
                                      RefractModel *model,
                                      GError **error)
{
  RefractLlamacppEngine *engine
      = get_program (REFRACT_BACKEND_LLAMACPP (backend), REFRACT_LLAMACPP_SERVER, NULL, error);

  return engine != NULL && check_kv (engine, kv, model, error);
}

static RefractSession *
refract_backend_llamacpp_open (RefractBackend *backend,
                               RefractModel *model,
                               RefractKvConfig *kv,
                               const RefractSessionNeeds *needs,
                               GCancellable *cancellable,
                               GError **error)
{
  RefractBackendLlamacpp *self = REFRACT_BACKEND_LLAMACPP (backend);
  RefractLlamacppEngine *engine = get_program (self, REFRACT_LLAMACPP_SERVER, cancellable, error);

  if (engine == NULL || !check_kv (engine, kv, model, error))
    return NULL;
  return refract_session_llamacpp_open (
      engine, model, kv, needs, refract_backend_get_silence_limit (backend), cancellable, error);
}

static RefractLogitsRun *
refract_backend_llamacpp_logits (RefractBackend *backend,
                                 RefractModel *model,
                                 RefractKvConfig *kv,
                                 const RefractLogitsSpec *spec,
                                 RefractLogitsFunc func,
                                 gpointer user_data,
                                 GCancellable *cancellable,
                                 GError **error)
{
  RefractBackendLlamacpp *self = REFRACT_BACKEND_LLAMACPP (backend);
  RefractLlamacppEngine *engine
      = get_program (self, REFRACT_LLAMACPP_PERPLEXITY, cancellable, error);

  if (engine == NULL || !check_kv (engine, kv, model, error))
    return NULL;
  return refract_llamacpp_logits (engine, model, kv, spec, func, user_data,
                                  refract_backend_get_silence_limit (backend), cancellable, error);
}

static void
refract_backend_llamacpp_finalize (GObject *object)
{
  RefractBackendLlamacpp *self = REFRACT_BACKEND_LLAMACPP (object);

  g_clear_pointer (&self->engine, refract_llamacpp_engine_free);
  G_OBJECT_CLASS (refract_backend_llamacpp_parent_class)->finalize (object);
}

static void
refract_backend_llamacpp_class_init (RefractBackendLlamacppClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  RefractBackendClass *backend_class = REFRACT_BACKEND_CLASS (klass);

  object_class->finalize = refract_backend_llamacpp_finalize;
  backend_class->kind = REFRACT_BACKEND_KIND_LLAMACPP;
  backend_class->detect = refract_backend_llamacpp_detect;
  backend_class->selftest = refract_backend_llamacpp_selftest;
  backend_class->supports_kv = refract_backend_llamacpp_supports_kv;
  backend_class->open = refract_backend_llamacpp_open;
  backend_class->logits = refract_backend_llamacpp_logits;
}

static void
refract_backend_llamacpp_init (RefractBackendLlamacpp *self)
{
}

RefractBackend *
refract_backend_llamacpp_new (const RefractBackendOptions *options)
{
  return refract_backend_create (REFRACT_TYPE_BACKEND_LLAMACPP, options);
}
