/* refract-wizard-state.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "core/refract-json.h"
#include "report/refract-repeatability.h"
#include "wizard/refract-wizard-state.h"

struct _RefractWizardState
{
  GObject parent_instance;

  RefractPlan *plan;
  RefractWizardForecast *forecast;
  RefractPlanImport *import;
  RefractModel *model;
  RefractEngineInfo *engine;
  RefractBackend *backend;
  guint n_runs;
  char *settled; /* the plan's JSON */
};

enum
{
  PROP_0,
  PROP_PLAN,
  PROP_FORECAST,
  PROP_MODEL,
  PROP_ENGINE,
  PROP_N_RUNS,
  N_PROPS
};

G_DEFINE_FINAL_TYPE (RefractWizardState, refract_wizard_state, G_TYPE_OBJECT)

static GParamSpec *properties[N_PROPS];

static void
refract_wizard_state_finalize (GObject *object)
{
  RefractWizardState *self = REFRACT_WIZARD_STATE (object);

  g_clear_object (&self->plan);
  g_clear_object (&self->forecast);
  g_clear_object (&self->model);
  g_clear_object (&self->backend);
  g_clear_pointer (&self->import, refract_plan_import_free);
  g_clear_pointer (&self->engine, refract_engine_info_free);
  g_clear_pointer (&self->settled, g_free);

  G_OBJECT_CLASS (refract_wizard_state_parent_class)->finalize (object);
}

static void
refract_wizard_state_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  RefractWizardState *self = REFRACT_WIZARD_STATE (object);

  switch (prop_id)
    {
    case PROP_PLAN:
      g_value_set_object (value, self->plan);
      break;
    case PROP_FORECAST:
      g_value_set_object (value, self->forecast);
      break;
    case PROP_MODEL:
      g_value_set_object (value, self->model);
      break;
    case PROP_ENGINE:
      g_value_set_pointer (value, self->engine);
      break;
    case PROP_N_RUNS:
      g_value_set_uint (value, self->n_runs);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
refract_wizard_state_set_property (GObject *object,
                                   guint prop_id,
                                   const GValue *value,
                                   GParamSpec *pspec)
{
  RefractWizardState *self = REFRACT_WIZARD_STATE (object);

  if (prop_id != PROP_N_RUNS)
    {
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
      return;
    }
  if (self->n_runs == g_value_get_uint (value))
    return;
  self->n_runs = g_value_get_uint (value);
  refract_wizard_forecast_set_n_runs (self->forecast, self->n_runs);
  g_object_notify_by_pspec (object, pspec);
}

static void
refract_wizard_state_class_init (RefractWizardStateClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = refract_wizard_state_finalize;
  object_class->get_property = refract_wizard_state_get_property;
  object_class->set_property = refract_wizard_state_set_property;

  properties[PROP_PLAN] = g_param_spec_object ("plan", NULL, NULL, REFRACT_TYPE_PLAN, flags);
  properties[PROP_FORECAST]
      = g_param_spec_object ("forecast", NULL, NULL, REFRACT_TYPE_WIZARD_FORECAST, flags);
  properties[PROP_MODEL] = g_param_spec_object ("model", NULL, NULL, REFRACT_TYPE_MODEL, flags);
  properties[PROP_ENGINE] = g_param_spec_pointer ("engine", NULL, NULL, flags);
  properties[PROP_N_RUNS] = g_param_spec_uint (
      "n-runs", NULL, NULL, 1, REFRACT_REPEATABILITY_MAX_RUNS, 1, flags | G_PARAM_WRITABLE);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
refract_wizard_state_init (RefractWizardState *self)
{
  self->n_runs = 1;
}

RefractWizardState *
refract_wizard_state_new (RefractPlan *plan, RefractPlanImport *import)
{
  RefractWizardState *self = g_object_new (REFRACT_TYPE_WIZARD_STATE, NULL);

  self->plan = refract_plan_copy (plan);
  self->forecast = refract_wizard_forecast_new (self->plan);
  self->import = import;
  refract_wizard_state_settle (self);
  return self;
}

RefractPlan *
refract_wizard_state_get_plan (RefractWizardState *self)
{
  g_return_val_if_fail (REFRACT_IS_WIZARD_STATE (self), NULL);

  return self->plan;
}

static char *
plan_text (RefractWizardState *self)
{
  g_autoptr (JsonObject) object = refract_plan_to_json (self->plan, TRUE);

  return refract_json_to_text (object, FALSE);
}

gboolean
refract_wizard_state_is_changed (RefractWizardState *self)
{
  g_autofree char *text = NULL;

  g_return_val_if_fail (REFRACT_IS_WIZARD_STATE (self), FALSE);

  text = plan_text (self);
  return g_strcmp0 (text, self->settled) != 0;
}

void
refract_wizard_state_settle (RefractWizardState *self)
{
  g_return_if_fail (REFRACT_IS_WIZARD_STATE (self));

  g_free (self->settled);
  self->settled = plan_text (self);
}

RefractModel *
refract_wizard_state_get_model (RefractWizardState *self)
{
  g_return_val_if_fail (REFRACT_IS_WIZARD_STATE (self), NULL);

  return self->model;
}

void
refract_wizard_state_set_model (RefractWizardState *self, RefractModel *model)
{
  g_return_if_fail (REFRACT_IS_WIZARD_STATE (self));

  if (!g_set_object (&self->model, model))
    return;
  refract_wizard_forecast_set_model (self->forecast, model);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_MODEL]);
}

const RefractEngineInfo *
refract_wizard_state_get_engine (RefractWizardState *self)
{
  g_return_val_if_fail (REFRACT_IS_WIZARD_STATE (self), NULL);

  return self->engine;
}

RefractBackend *
refract_wizard_state_get_backend (RefractWizardState *self)
{
  g_return_val_if_fail (REFRACT_IS_WIZARD_STATE (self), NULL);

  return self->backend;
}

void
refract_wizard_state_set_engine (RefractWizardState *self,
                                 const RefractEngineInfo *engine,
                                 RefractBackend *backend)
{
  g_return_if_fail (REFRACT_IS_WIZARD_STATE (self));
  g_return_if_fail ((engine == NULL) == (backend == NULL));

  if (self->engine == NULL && engine == NULL)
    return;
  g_clear_pointer (&self->engine, refract_engine_info_free);
  self->engine = engine != NULL ? refract_engine_info_copy (engine) : NULL;
  g_set_object (&self->backend, backend);
  refract_wizard_forecast_set_engine (self->forecast, engine);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_ENGINE]);
}

guint
refract_wizard_state_get_n_runs (RefractWizardState *self)
{
  g_return_val_if_fail (REFRACT_IS_WIZARD_STATE (self), 1);

  return self->n_runs;
}

RefractPlanImport *
refract_wizard_state_get_import (RefractWizardState *self)
{
  g_return_val_if_fail (REFRACT_IS_WIZARD_STATE (self), NULL);

  return self->import;
}

RefractWizardForecast *
refract_wizard_state_get_forecast (RefractWizardState *self)
{
  g_return_val_if_fail (REFRACT_IS_WIZARD_STATE (self), NULL);

  return self->forecast;
}
