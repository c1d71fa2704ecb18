/* refract-chart-table.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "charts/refract-scene.h"

G_BEGIN_DECLS

/* What a chart shows as text: its description, and a row for each of its points. */
#define REFRACT_TYPE_CHART_TABLE (refract_chart_table_get_type ())
G_DECLARE_FINAL_TYPE (RefractChartTable, refract_chart_table, REFRACT, CHART_TABLE, AdwDialog)

GtkWidget *refract_chart_table_new (RefractScene *scene);
/* (transfer full): the same for the clipboard, a line each */
char *refract_chart_table_to_text (const RefractScene *scene);

G_END_DECLS
