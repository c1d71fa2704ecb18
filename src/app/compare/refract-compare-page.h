/* refract-compare-page.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-comparison.h"

G_BEGIN_DECLS

/* How many reports a page has room for. */
#define REFRACT_COMPARE_MIN 2
#define REFRACT_COMPARE_MAX 8

/**
 * RefractComparePage:
 *
 * Reports side by side: what differs among them, scores, paired differences, memory and speed,
 * retrieval, and where each prompt's answer left the reference. Reads the files in a thread, which
 * ends with the page.
 */
#define REFRACT_TYPE_COMPARE_PAGE (refract_compare_page_get_type ())
G_DECLARE_FINAL_TYPE (
    RefractComparePage, refract_compare_page, REFRACT, COMPARE_PAGE, AdwNavigationPage)

/* @paths: (element-type filename): of the reports; differences are against the first */
RefractComparePage *refract_compare_page_new (GPtrArray *paths);
/* (transfer none) (nullable): %NULL until the reports are read */
RefractComparison *refract_compare_page_get_comparison (RefractComparePage *self);

G_END_DECLS
