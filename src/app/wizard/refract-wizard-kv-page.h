/* refract-wizard-kv-page.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "wizard/refract-wizard-page.h"

G_BEGIN_DECLS

/**
 * RefractWizardKvPage:
 *
 * What to compare: the reference, the candidates, a negative control, and what a recommendation has
 * to reach.
 */
#define REFRACT_TYPE_WIZARD_KV_PAGE (refract_wizard_kv_page_get_type ())
G_DECLARE_FINAL_TYPE (
    RefractWizardKvPage, refract_wizard_kv_page, REFRACT, WIZARD_KV_PAGE, RefractWizardPage)

G_END_DECLS
