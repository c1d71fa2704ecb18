/* refract-report-export.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-report.h"

G_BEGIN_DECLS

/**
 * refract_report_export:
 * @form: "json", "html", "markdown", "model-index", "csv", "badge" or "bundle"
 *
 * Asks where to, and writes @report there in that form, in a thread; @page's window says how it
 * ended. A page and a bundle may hold the whole run: asked when the library has more of it.
 */
void refract_report_export (GtkWidget *page, RefractReport *report, const char *form);

/* The same to a file that is known. @whole_run: all that the library has of the run, where the form
 * holds that */
void refract_report_export_to_file (
    GtkWidget *page, RefractReport *report, const char *form, gboolean whole_run, GFile *file);

/* Copies @form: "markdown", "citation" or "badge", and says so. */
void refract_report_export_copy (GtkWidget *page, RefractReport *report, const char *form);

G_END_DECLS
