/* refract-wizard-model-page.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "wizard/refract-wizard-page.h"

G_BEGIN_DECLS

/**
 * RefractWizardModelPage:
 *
 * Which model: a file, one used before, or one that another program has put on this machine; and
 * what its header says.
 */
#define REFRACT_TYPE_WIZARD_MODEL_PAGE (refract_wizard_model_page_get_type ())
G_DECLARE_FINAL_TYPE (RefractWizardModelPage,
                      refract_wizard_model_page,
                      REFRACT,
                      WIZARD_MODEL_PAGE,
                      RefractWizardPage)

G_END_DECLS
