/* refract-report-details.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-report.h"

G_BEGIN_DECLS

/* A report's last section: speed, memory, and all that it takes to repeat the run. */
#define REFRACT_TYPE_REPORT_DETAILS (refract_report_details_get_type ())
G_DECLARE_FINAL_TYPE (RefractReportDetails, refract_report_details, REFRACT, REPORT_DETAILS, AdwBin)

GtkWidget *refract_report_details_new (RefractReport *report);

G_END_DECLS
