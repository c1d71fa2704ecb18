/* refract-wizard-forecast.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "audit/refract-plan.h"
#include "backends/refract-backend.h"
#include "core/refract-model.h"

G_BEGIN_DECLS

/**
 * RefractWizardForecast:
 *
 * What the plan will take, as sentences for people, worked out in a thread whenever the plan
 * changes. Read-only properties, all text: time, memory, disk, comparable; error (%NULL unless the
 * plan cannot be run as it is); ready (%FALSE while an answer for the latest change is awaited).
 */
#define REFRACT_TYPE_WIZARD_FORECAST (refract_wizard_forecast_get_type ())
G_DECLARE_FINAL_TYPE (
    RefractWizardForecast, refract_wizard_forecast, REFRACT, WIZARD_FORECAST, GObject)

/* Looks at @plan itself; says nothing until there is a model and an engine. */
RefractWizardForecast *refract_wizard_forecast_new (RefractPlan *plan);
/* Both (nullable). */
void refract_wizard_forecast_set_model (RefractWizardForecast *self, RefractModel *model);
void refract_wizard_forecast_set_engine (RefractWizardForecast *self,
                                         const RefractEngineInfo *engine);
/* How often the plan is measured; 1 at first. */
void refract_wizard_forecast_set_n_runs (RefractWizardForecast *self, guint n_runs);
/* No more answers: what runs ends. */
void refract_wizard_forecast_stop (RefractWizardForecast *self);

gboolean refract_wizard_forecast_is_ready (RefractWizardForecast *self);
const char *refract_wizard_forecast_get_error (RefractWizardForecast *self);

G_END_DECLS
