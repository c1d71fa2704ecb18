/* refract-wizard-install-group.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "backends/refract-backend.h"

G_BEGIN_DECLS

/**
 * RefractWizardInstallGroup:
 *
 * How to get an engine: for each system a command to copy.
 */
#define REFRACT_TYPE_WIZARD_INSTALL_GROUP (refract_wizard_install_group_get_type ())
G_DECLARE_FINAL_TYPE (RefractWizardInstallGroup,
                      refract_wizard_install_group,
                      REFRACT,
                      WIZARD_INSTALL_GROUP,
                      AdwPreferencesGroup)

/* @kinds: (array length=n_kinds): the engines that would do */
void refract_wizard_install_group_show (RefractWizardInstallGroup *self,
                                        const RefractBackendKind *kinds,
                                        guint n_kinds);

G_END_DECLS
