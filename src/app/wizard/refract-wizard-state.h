/* refract-wizard-state.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>

#include "audit/refract-plan.h"
#include "backends/refract-backend.h"
#include "core/refract-model.h"
#include "report/refract-report-plan.h"
#include "wizard/refract-wizard-forecast.h"

G_BEGIN_DECLS

/**
 * RefractWizardState:
 *
 * What the wizard's pages share: the one plan that they bind to, and what was found out about the
 * model and the engine that it names. Each is %NULL while that is not known (and `notify` says when
 * it changes). Properties: plan, forecast (read-only), model, engine (pointer), n-runs (how often
 * the plan will be measured, writable). Main thread only.
 */
#define REFRACT_TYPE_WIZARD_STATE (refract_wizard_state_get_type ())
G_DECLARE_FINAL_TYPE (RefractWizardState, refract_wizard_state, REFRACT, WIZARD_STATE, GObject)

/* @plan is copied; @import: (transfer full) (nullable): where the plan came from a report */
RefractWizardState *refract_wizard_state_new (RefractPlan *plan, RefractPlanImport *import);

/* (transfer none) */
RefractPlan *refract_wizard_state_get_plan (RefractWizardState *self);
/* Whether the person has changed the plan since refract_wizard_state_settle(). */
gboolean refract_wizard_state_is_changed (RefractWizardState *self);
/* What the plan is now counts as unchanged. */
void refract_wizard_state_settle (RefractWizardState *self);

/* (transfer none) (nullable) */
RefractModel *refract_wizard_state_get_model (RefractWizardState *self);
void refract_wizard_state_set_model (RefractWizardState *self, RefractModel *model);

/* (transfer none) (nullable): %NULL while no engine is known to work */
const RefractEngineInfo *refract_wizard_state_get_engine (RefractWizardState *self);
/* (transfer none) (nullable): has detected already: asking what it supports does not block */
RefractBackend *refract_wizard_state_get_backend (RefractWizardState *self);
/* Both or neither. */
void refract_wizard_state_set_engine (RefractWizardState *self,
                                      const RefractEngineInfo *engine,
                                      RefractBackend *backend);

/* (transfer none): of the plan, with model and engine as they are known */
RefractWizardForecast *refract_wizard_state_get_forecast (RefractWizardState *self);

guint refract_wizard_state_get_n_runs (RefractWizardState *self);

/* (transfer none) (nullable) */
RefractPlanImport *refract_wizard_state_get_import (RefractWizardState *self);

G_END_DECLS
