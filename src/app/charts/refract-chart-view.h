/* refract-chart-view.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gtk/gtk.h>

#include "charts/refract-chart.h"

G_BEGIN_DECLS

/**
 * RefractChartView:
 *
 * A chart of a report, laid out for the width that it gets. It stands on a card (its ground is a
 * card's colour). Tooltips, a cursor that arrow keys, Home and End move from point to point and
 * that is announced, a context menu, and the actions `chart.save-image`, `chart.show-table` and
 * `chart.copy-table`.
 *
 * Properties: `kind` (a name of refract_chart_lookup()), `report` and, to read,
 * `has-data`: whether the report has anything to show here.
 *
 * Signal `activated (guint point, int key)`: a point was clicked or Enter was pressed on it; its
 * `key` is what RefractScenePoint says.
 */
#define REFRACT_TYPE_CHART_VIEW (refract_chart_view_get_type ())
G_DECLARE_FINAL_TYPE (RefractChartView, refract_chart_view, REFRACT, CHART_VIEW, GtkWidget)

GtkWidget *refract_chart_view_new (const char *kind);

/* Lays a chart out; as RefractChartFunc, of anything. */
typedef RefractScene *(*RefractSceneFunc) (gpointer data, double width, double text_scale);
/* Shows what @maker makes of @data, for a chart that is not of one report. */
void refract_chart_view_set_maker (RefractChartView *self,
                                   RefractSceneFunc maker,
                                   gpointer data,
                                   GDestroyNotify destroy);
/* @report: (nullable) */
void refract_chart_view_set_report (RefractChartView *self, RefractReport *report);
/* (transfer none) (nullable): as laid out for the present width */
RefractScene *refract_chart_view_get_scene (RefractChartView *self);
/* index of the point that keys move; −1 before the first key */
int refract_chart_view_get_cursor (RefractChartView *self);
/* (transfer none): for a menu button beside the chart: gtk_widget_insert_action_group() it there
 * as "chart", with the menu below */
GActionGroup *refract_chart_view_get_actions (RefractChartView *self);
/* (transfer full) */
GMenuModel *refract_chart_view_create_menu (void);

G_END_DECLS
