/* refract-chart-view-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "charts/refract-chart-view.h"

G_BEGIN_DECLS

/* px beside a point that still count as on it */
#define REFRACT_CHART_VIEW_SLACK 12.0

struct _RefractChartView
{
  GtkWidget parent_instance;

  char *kind;
  RefractChartFunc function;
  RefractReport *report;
  RefractSceneFunc maker; /* instead of function and report */
  gpointer maker_data;
  GDestroyNotify maker_destroy;
  RefractScene *scene; /* NULL: not laid out, or without data */
  double scene_width;
  double scene_text_scale;
  GskRenderNode *node; /* the scene in the present colours */
  gboolean has_data;
  int cursor;
  int hover;
  GSimpleActionGroup *actions;
  GtkWidget *menu;
};

/* Keys, pointer and context menu: refract-chart-view-input.c */
void refract_chart_view_class_add_keys (GtkWidgetClass *widget_class);
void refract_chart_view_add_controllers (RefractChartView *self);

G_END_DECLS
