/* refract-report-rniah.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-report.h"

G_BEGIN_DECLS

/* A report's section on R-NIAH: what is found in long texts. */
#define REFRACT_TYPE_REPORT_RNIAH (refract_report_rniah_get_type ())
G_DECLARE_FINAL_TYPE (RefractReportRniah, refract_report_rniah, REFRACT, REPORT_RNIAH, AdwBin)

GtkWidget *refract_report_rniah_new (RefractReport *report);

G_END_DECLS
