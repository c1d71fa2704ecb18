/* refract-filter-popover.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "library/refract-report-filter.h"
#include "library/refract-report-order.h"
#include "report/refract-library.h"

G_BEGIN_DECLS

/**
 * RefractFilterPopover:
 *
 * Where sort order, bands, model and engine are chosen.
 */
#define REFRACT_TYPE_FILTER_POPOVER (refract_filter_popover_get_type ())
G_DECLARE_FINAL_TYPE (
    RefractFilterPopover, refract_filter_popover, REFRACT, FILTER_POPOVER, GtkPopover)

GtkWidget *refract_filter_popover_new (RefractReportFilter *filter, RefractReportOrder *order);
/* The models and engines that there are to choose from. */
void refract_filter_popover_fill (RefractFilterPopover *self, RefractLibrary *library);

G_END_DECLS
