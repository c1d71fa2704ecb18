/* refract-csv.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "report/refract-report.h"

G_BEGIN_DECLS

/* What a report holds item by item, one line each, in the layout of docs/csv.md: prompts, chunks,
 * depths, worst positions, cells, trials, pairs. (transfer full) */
char *refract_csv_from_report (RefractReport *report);

G_END_DECLS
