/* refract-report-export.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-report.h"

G_BEGIN_DECLS

/* Asks where to, and writes @report there in a thread; @page's window says how it ended. */
void refract_report_export_json (GtkWidget *page, RefractReport *report);

G_END_DECLS
