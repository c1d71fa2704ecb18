/* refract-report-plad.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-report.h"

G_BEGIN_DECLS

/* A report's section on PLAD: what small changes of a prompt do. */
#define REFRACT_TYPE_REPORT_PLAD (refract_report_plad_get_type ())
G_DECLARE_FINAL_TYPE (RefractReportPlad, refract_report_plad, REFRACT, REPORT_PLAD, AdwBin)

GtkWidget *refract_report_plad_new (RefractReport *report);

G_END_DECLS
