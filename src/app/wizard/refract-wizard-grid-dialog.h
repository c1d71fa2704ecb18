/* refract-wizard-grid-dialog.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/**
 * RefractWizardGridDialog:
 *
 * Picks types for K and types for V; every one with every other is a configuration. Signal
 * `chosen`: (element-type RefractKvConfig) the configurations, in order, at least one.
 */
#define REFRACT_TYPE_WIZARD_GRID_DIALOG (refract_wizard_grid_dialog_get_type ())
G_DECLARE_FINAL_TYPE (
    RefractWizardGridDialog, refract_wizard_grid_dialog, REFRACT, WIZARD_GRID_DIALOG, AdwDialog)

/* @types: what there is to choose from */
RefractWizardGridDialog *refract_wizard_grid_dialog_new (const char *const *types);

G_END_DECLS
