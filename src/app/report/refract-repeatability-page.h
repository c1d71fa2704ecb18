/* refract-repeatability-page.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-repeatability.h"

G_BEGIN_DECLS

/**
 * RefractRepeatabilityPage:
 *
 * How far the scores of several runs of one plan spread: a verdict for each candidate and a table
 * of mean, standard deviation and range for each score. It can be exported and copied.
 */
#define REFRACT_TYPE_REPEATABILITY_PAGE (refract_repeatability_page_get_type ())
G_DECLARE_FINAL_TYPE (RefractRepeatabilityPage,
                      refract_repeatability_page,
                      REFRACT,
                      REPEATABILITY_PAGE,
                      AdwNavigationPage)

/**
 * refract_repeatability_page_new:
 * @candidates: (element-type RefractRepeatability): not changed any more
 * @model: its name, plain
 * @report_id: (nullable): of a report of the same plan in the library
 */
RefractRepeatabilityPage *
refract_repeatability_page_new (GPtrArray *candidates, const char *model, const char *report_id);

G_END_DECLS
