/* refract-report-view.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-library.h"

G_BEGIN_DECLS

/* The page of a report of the library: says that it loads, then shows it, or why it cannot be read.
 * (transfer floating) */
AdwNavigationPage *refract_report_view_new (RefractLibrary *library, RefractSummary *summary);
/* (transfer none) (nullable): what @page was made for, if it is such a page */
RefractSummary *refract_report_view_get_summary (AdwNavigationPage *page);

G_END_DECLS
