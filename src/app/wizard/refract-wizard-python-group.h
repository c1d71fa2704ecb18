/* refract-wizard-python-group.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "audit/refract-plan.h"
#include "core/refract-model.h"

G_BEGIN_DECLS

/**
 * RefractWizardPythonGroup:
 *
 * What engines made of Python need to know: their environment, or the addresses of servers that run
 * already and the key of these, and whether a model may run its own code.
 *
 * Signals:
 * - key-applied (self): another key is there for servers that may have refused the one before
 */
#define REFRACT_TYPE_WIZARD_PYTHON_GROUP (refract_wizard_python_group_get_type ())
G_DECLARE_FINAL_TYPE (RefractWizardPythonGroup,
                      refract_wizard_python_group,
                      REFRACT,
                      WIZARD_PYTHON_GROUP,
                      AdwPreferencesGroup)

/* Once. The plan is changed by the rows and followed by them. */
void refract_wizard_python_group_set_plan (RefractWizardPythonGroup *self, RefractPlan *plan);
/* @has_servers: whether an engine that may be used is one that answers at an address */
void refract_wizard_python_group_show (RefractWizardPythonGroup *self,
                                       RefractModel *model,
                                       gboolean has_servers);

G_END_DECLS
