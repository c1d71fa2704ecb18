/* refract-report-overview.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-report.h"

G_BEGIN_DECLS

/* A report's first section: the answer, what it rests on, and what to do. */
#define REFRACT_TYPE_REPORT_OVERVIEW (refract_report_overview_get_type ())
G_DECLARE_FINAL_TYPE (
    RefractReportOverview, refract_report_overview, REFRACT, REPORT_OVERVIEW, AdwBin)

GtkWidget *refract_report_overview_new (RefractReport *report);

G_END_DECLS
