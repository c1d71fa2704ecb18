/* refract-wizard-depth-page.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "wizard/refract-wizard-page.h"

G_BEGIN_DECLS

/**
 * RefractWizardDepthPage:
 *
 * How thoroughly: which axes, with every parameter, and what that takes of time, disk and memory.
 */
#define REFRACT_TYPE_WIZARD_DEPTH_PAGE (refract_wizard_depth_page_get_type ())
G_DECLARE_FINAL_TYPE (RefractWizardDepthPage,
                      refract_wizard_depth_page,
                      REFRACT,
                      WIZARD_DEPTH_PAGE,
                      RefractWizardPage)

G_END_DECLS
