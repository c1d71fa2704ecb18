/* refract-wizard-claims-group.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-report-plan.h"

G_BEGIN_DECLS

/**
 * RefractWizardClaimsGroup:
 *
 * What a report would set and may not: each setting as text, used only if a person says so.
 */
#define REFRACT_TYPE_WIZARD_CLAIMS_GROUP (refract_wizard_claims_group_get_type ())
G_DECLARE_FINAL_TYPE (RefractWizardClaimsGroup,
                      refract_wizard_claims_group,
                      REFRACT,
                      WIZARD_CLAIMS_GROUP,
                      AdwPreferencesGroup)

/* Once. @plan is what is set; @import: (nullable): is to outlive the group. */
void refract_wizard_claims_group_set_import (RefractWizardClaimsGroup *self,
                                             RefractPlan *plan,
                                             const RefractPlanImport *import);

G_END_DECLS
