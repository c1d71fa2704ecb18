/* refract-wizard-review-page.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "wizard/refract-wizard-page.h"

G_BEGIN_DECLS

/**
 * RefractWizardReviewPage:
 *
 * The plan in a sentence and as a command line; Start.
 */
#define REFRACT_TYPE_WIZARD_REVIEW_PAGE (refract_wizard_review_page_get_type ())
G_DECLARE_FINAL_TYPE (RefractWizardReviewPage,
                      refract_wizard_review_page,
                      REFRACT,
                      WIZARD_REVIEW_PAGE,
                      RefractWizardPage)

G_END_DECLS
