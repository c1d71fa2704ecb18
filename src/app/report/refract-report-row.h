/* refract-report-row.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-report-item.h"

G_BEGIN_DECLS

/* A row of a RefractReportList: plain texts only, whatever a report says. */
#define REFRACT_TYPE_REPORT_ROW (refract_report_row_get_type ())
G_DECLARE_FINAL_TYPE (RefractReportRow, refract_report_row, REFRACT, REPORT_ROW, GtkListBoxRow)

GtkWidget *refract_report_row_new (RefractReportItem *item);
/* (transfer none) */
RefractReportItem *refract_report_row_get_item (RefractReportRow *self);

G_END_DECLS
