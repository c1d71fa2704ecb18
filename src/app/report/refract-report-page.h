/* refract-report-page.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-report.h"

G_BEGIN_DECLS

/**
 * RefractReportPage:
 *
 * A report as a page: its sections are made when they are first looked at. While it has neither a
 * report nor an error it says that it loads.
 */
#define REFRACT_TYPE_REPORT_PAGE (refract_report_page_get_type ())
G_DECLARE_FINAL_TYPE (
    RefractReportPage, refract_report_page, REFRACT, REPORT_PAGE, AdwNavigationPage)

/* @report: (nullable): %NULL while it is being read */
RefractReportPage *refract_report_page_new (RefractReport *report);

void refract_report_page_set_report (RefractReportPage *self, RefractReport *report);
/* (transfer none) (nullable) */
RefractReport *refract_report_page_get_report (RefractReportPage *self);
/* Shows why the report cannot be read, instead of it. */
void refract_report_page_set_error (RefractReportPage *self, const GError *error);
/* @id: (nullable): the report's in the library; without one it cannot be edited or removed there */
void refract_report_page_set_summary_id (RefractReportPage *self, const char *id);
/* (nullable) */
const char *refract_report_page_get_summary_id (RefractReportPage *self);

/* @name: "overview", an axis' name or "details" */
void refract_report_page_show_section (RefractReportPage *self, const char *name);

G_END_DECLS
