/* refract-report-order.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

typedef enum
{
  REFRACT_SORT_NEWEST,
  REFRACT_SORT_BEST,
  REFRACT_SORT_MODEL,
} RefractSort;

#define REFRACT_TYPE_SORT (refract_sort_get_type ())
GType refract_sort_get_type (void);

/**
 * RefractReportOrder:
 *
 * The order and the sections of the sidebar: #RefractRunItem as they come, then #RefractSummary by
 * day, band or model. Property: `sort` (#RefractSort).
 */
#define REFRACT_TYPE_REPORT_ORDER (refract_report_order_get_type ())
G_DECLARE_FINAL_TYPE (RefractReportOrder, refract_report_order, REFRACT, REPORT_ORDER, GObject)

RefractReportOrder *refract_report_order_new (void);
/* (transfer full): @model (transfer full), sorted, with sections */
GtkSortListModel *refract_report_order_apply (RefractReportOrder *self, GListModel *model);
/* The position of @item in what refract_report_order_apply() returned, or in what has its items;
 * GTK_INVALID_LIST_POSITION when it is not there. */
guint refract_report_order_find (RefractReportOrder *self, GListModel *sorted, GObject *item);
/* (transfer full): of the section that @item is in */
char *refract_report_order_dup_title (RefractReportOrder *self, GObject *item);

G_END_DECLS
