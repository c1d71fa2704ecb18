/* refract-wizard.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "audit/refract-plan.h"
#include "report/refract-report-plan.h"
#include "wizard/refract-wizard-state.h"

G_BEGIN_DECLS

/**
 * RefractWizard:
 *
 * From a model to a running audit in five steps, each valid before the next. Asks before it throws
 * changes away. Start adds the plan to the application's queue and shows its run.
 */
#define REFRACT_TYPE_WIZARD (refract_wizard_get_type ())
G_DECLARE_FINAL_TYPE (RefractWizard, refract_wizard, REFRACT, WIZARD, AdwDialog)

/* @plan: (nullable): copied; %NULL begins with what the preferences say */
RefractWizard *refract_wizard_new (RefractPlan *plan);
/* @import: (transfer full): what a report measured, with what of it has to be confirmed */
RefractWizard *refract_wizard_new_for_import (RefractPlanImport *import);

/* Goes on by itself up to the review, page by page as each is known to be valid, but never past one
 * where the import asks for something to be confirmed or found. */
void refract_wizard_hurry (RefractWizard *self);

/* (transfer none) */
RefractWizardState *refract_wizard_get_state (RefractWizard *self);

G_END_DECLS
