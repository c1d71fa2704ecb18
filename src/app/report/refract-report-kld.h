/* refract-report-kld.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-report.h"

G_BEGIN_DECLS

/* A report's section on KLD@D: how far the token probabilities move. */
#define REFRACT_TYPE_REPORT_KLD (refract_report_kld_get_type ())
G_DECLARE_FINAL_TYPE (RefractReportKld, refract_report_kld, REFRACT, REPORT_KLD, AdwBin)

GtkWidget *refract_report_kld_new (RefractReport *report);

G_END_DECLS
