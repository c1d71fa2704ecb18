/* refract-backend.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "backends/refract-backend.h"
#include "core/refract-json.h"
#include "core/refract-error.h"

#define SILENCE_LIMIT 600

typedef struct
{
  RefractBackendOptions *options;
  guint silence_limit;
} RefractBackendPrivate;

enum
{
  PROP_0,
  PROP_SILENCE_LIMIT,
  N_PROPERTIES
};

static GParamSpec *properties[N_PROPERTIES];

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (RefractBackend, refract_backend, G_TYPE_OBJECT)

static RefractBackendPrivate *
get_private (gpointer self)
{
  return refract_backend_get_instance_private (REFRACT_BACKEND (self));
}

static void
refract_backend_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  switch (id)
    {
    case PROP_SILENCE_LIMIT:
      g_value_set_uint (value, get_private (object)->silence_limit);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
refract_backend_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  RefractBackendPrivate *priv = get_private (object);

  switch (id)
    {
    case PROP_SILENCE_LIMIT:
      if (priv->silence_limit != g_value_get_uint (value))
        {
          priv->silence_limit = g_value_get_uint (value);
          g_object_notify_by_pspec (object, pspec);
        }
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
refract_backend_finalize (GObject *object)
{
  g_clear_pointer (&get_private (object)->options, refract_backend_options_free);
  G_OBJECT_CLASS (refract_backend_parent_class)->finalize (object);
}

static void
refract_backend_class_init (RefractBackendClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->get_property = refract_backend_get_property;
  object_class->set_property = refract_backend_set_property;
  object_class->finalize = refract_backend_finalize;

  /**
   * RefractBackend:silence-limit:
   *
   * Seconds without a sign of life after which an engine that starts counts as hung.
   */
  properties[PROP_SILENCE_LIMIT]
      = g_param_spec_uint ("silence-limit", NULL, NULL, 1, 86400, SILENCE_LIMIT,
                           G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPERTIES, properties);
}

static void
refract_backend_init (RefractBackend *self)
{
  get_private (self)->silence_limit = SILENCE_LIMIT;
}

RefractBackend *
refract_backend_create (GType type, const RefractBackendOptions *options)
{
  RefractBackend *self = g_object_new (type, NULL);

  get_private (self)->options = refract_backend_options_copy (options);
  return self;
}

const RefractBackendOptions *
refract_backend_get_options (RefractBackend *self)
{
  return get_private (self)->options;
}

guint
refract_backend_get_silence_limit (RefractBackend *self)
{
  return get_private (self)->silence_limit;
}

RefractBackendOptions *
refract_backend_options_copy (const RefractBackendOptions *self)
{
  RefractBackendOptions *copy = g_new0 (RefractBackendOptions, 1);

  copy->engine_dir = g_strdup (self->engine_dir);
  copy->engine_flags = g_strdupv (self->engine_flags);
  copy->launcher = g_strdupv (self->launcher);
  copy->n_gpu_layers = self->n_gpu_layers;
  copy->threads = self->threads;
  copy->python = g_strdup (self->python);
  copy->reference_url = g_strdup (self->reference_url);
  copy->candidate_url = g_strdup (self->candidate_url);
  copy->reference_kv = g_strdup (self->reference_kv);
  copy->candidate_kvs = g_strdupv (self->candidate_kvs);
  copy->allow_model_code = self->allow_model_code;
  return copy;
}

void
refract_backend_options_free (RefractBackendOptions *self)
{
  if (self == NULL)
    return;
  g_free (self->engine_dir);
  g_strfreev (self->engine_flags);
  g_strfreev (self->launcher);
  g_free (self->python);
  g_free (self->reference_url);
  g_free (self->candidate_url);
  g_free (self->reference_kv);
  g_strfreev (self->candidate_kvs);
  g_free (self);
}

RefractCheck *
refract_check_new (const char *title,
                   RefractCheckStatus status,
                   const char *detail,
                   const char *remedy)
{
  RefractCheck *self = g_new0 (RefractCheck, 1);

  self->title = g_strdup (title);
  self->status = status;
  self->detail = g_strdup (detail);
  self->remedy = g_strdup (remedy);
  return self;
}

void
refract_check_free (RefractCheck *self)
{
  if (self == NULL)
    return;
  g_free (self->title);
  g_free (self->detail);
  g_free (self->remedy);
  g_free (self);
}

static const char *
status_name (RefractCheckStatus status)
{
  switch (status)
    {
    case REFRACT_CHECK_PASSED:
      return "passed";
    case REFRACT_CHECK_WARNING:
      return "warning";
    case REFRACT_CHECK_FAILED:
      return "failed";
    default:
      g_assert_not_reached ();
    }
}

JsonObject *
refract_checks_to_json (GPtrArray *checks)
{
  JsonObject *root = json_object_new ();
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < checks->len; i++)
    {
      const RefractCheck *check = g_ptr_array_index (checks, i);
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "title", check->title);
      json_object_set_string_member (object, "status", status_name (check->status));
      json_object_set_string_member (object, "detail", check->detail);
      refract_json_set_string_or_null (object, "remedy", check->remedy);
      json_array_add_object_element (array, object);
    }
  json_object_set_array_member (root, "checks", array);
  return root;
}

RefractEngineInfo *
refract_engine_info_copy (const RefractEngineInfo *self)
{
  RefractEngineInfo *copy = g_new0 (RefractEngineInfo, 1);

  copy->name = g_strdup (self->name);
  copy->version = g_strdup (self->version);
  copy->build = g_strdup (self->build);
  copy->kv_types = g_strdupv (self->kv_types);
  copy->devices = g_strdupv (self->devices);
  copy->program = g_strdup (self->program);
  copy->served = g_strdup (self->served);
  copy->has_logits = self->has_logits;
  return copy;
}

void
refract_engine_info_free (RefractEngineInfo *self)
{
  if (self == NULL)
    return;
  g_free (self->name);
  g_free (self->version);
  g_free (self->build);
  g_strfreev (self->kv_types);
  g_strfreev (self->devices);
  g_free (self->program);
  g_free (self->served);
  g_free (self);
}

RefractKvInUse *
refract_kv_in_use_new (void)
{
  RefractKvInUse *self = g_new0 (RefractKvInUse, 1);

  self->evidence = REFRACT_EVIDENCE_NONE;
  self->rotation_k = -1;
  self->rotation_v = -1;
  self->buffer_mib = -1;
  return self;
}

RefractKvInUse *
refract_kv_in_use_copy (const RefractKvInUse *self)
{
  RefractKvInUse *copy = g_memdup2 (self, sizeof *self);

  copy->type_k = g_strdup (self->type_k);
  copy->type_v = g_strdup (self->type_v);
  copy->note = g_strdup (self->note);
  return copy;
}

void
refract_kv_in_use_free (RefractKvInUse *self)
{
  if (self == NULL)
    return;
  g_free (self->type_k);
  g_free (self->type_v);
  g_free (self->note);
  g_free (self);
}

void
refract_logits_run_free (RefractLogitsRun *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->kv_in_use, refract_kv_in_use_free);
  g_free (self);
}

RefractBackendKind
refract_backend_get_kind (RefractBackend *self)
{
  g_return_val_if_fail (REFRACT_IS_BACKEND (self), REFRACT_BACKEND_KIND_LLAMACPP);

  return REFRACT_BACKEND_GET_CLASS (self)->kind;
}

const RefractEngineInfo *
refract_backend_detect (RefractBackend *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (REFRACT_IS_BACKEND (self), NULL);

  return REFRACT_BACKEND_GET_CLASS (self)->detect (self, cancellable, error);
}

GPtrArray *
refract_backend_selftest (RefractBackend *self, RefractModel *model, GCancellable *cancellable)
{
  g_return_val_if_fail (REFRACT_IS_BACKEND (self), NULL);

  return REFRACT_BACKEND_GET_CLASS (self)->selftest (self, model, cancellable);
}

gboolean
refract_backend_supports_kv (RefractBackend *self,
                             RefractKvConfig *kv,
                             RefractModel *model,
                             GError **error)
{
  RefractBackendKind kind;

  g_return_val_if_fail (REFRACT_IS_BACKEND (self), FALSE);

  kind = refract_backend_get_kind (self);
  return refract_kv_config_check_dialect (kv, refract_backend_kind_get_dialect (kind),
                                          refract_backend_kind_get_title (kind), error)
         && REFRACT_BACKEND_GET_CLASS (self)->supports_kv (self, kv, model, error);
}

RefractSession *
refract_backend_open (RefractBackend *self,
                      RefractModel *model,
                      RefractKvConfig *kv,
                      const RefractSessionNeeds *needs,
                      GCancellable *cancellable,
                      GError **error)
{
  g_return_val_if_fail (REFRACT_IS_BACKEND (self), NULL);
  g_return_val_if_fail (needs != NULL && needs->n_slots > 0 && needs->n_cells > 0, NULL);

  return REFRACT_BACKEND_GET_CLASS (self)->open (self, model, kv, needs, cancellable, error);
}

RefractLogitsRun *
refract_backend_logits (RefractBackend *self,
                        RefractModel *model,
                        RefractKvConfig *kv,
                        const RefractLogitsSpec *spec,
                        RefractLogitsFunc func,
                        gpointer user_data,
                        GCancellable *cancellable,
                        GError **error)
{
  g_return_val_if_fail (REFRACT_IS_BACKEND (self), NULL);
  g_return_val_if_fail (spec != NULL && spec->n_ctx > 0 && spec->n_chunks > 0, NULL);

  return REFRACT_BACKEND_GET_CLASS (self)->logits (self, model, kv, spec, func, user_data,
                                                   cancellable, error);
}
