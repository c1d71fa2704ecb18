/* refract-wizard-engine-page.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "wizard/refract-wizard-page.h"

G_BEGIN_DECLS

/**
 * RefractWizardEnginePage:
 *
 * Which engine: where it lies, its flags, and a check of what it can do, with a remedy for what it
 * cannot.
 */
#define REFRACT_TYPE_WIZARD_ENGINE_PAGE (refract_wizard_engine_page_get_type ())
G_DECLARE_FINAL_TYPE (RefractWizardEnginePage,
                      refract_wizard_engine_page,
                      REFRACT,
                      WIZARD_ENGINE_PAGE,
                      RefractWizardPage)

G_END_DECLS
