/* refract-report-list.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-report-item.h"

G_BEGIN_DECLS

/**
 * RefractReportList:
 *
 * A list of a report within a page that scrolls: some rows, and more on demand, so that it needs no
 * scrolling of its own however many there are. Emits `activated` with the RefractReportItem.
 */
#define REFRACT_TYPE_REPORT_LIST (refract_report_list_get_type ())
G_DECLARE_FINAL_TYPE (RefractReportList, refract_report_list, REFRACT, REPORT_LIST, GtkBox)

/* How many items of a report's array are worth listing: a report may say anything. */
#define REFRACT_REPORT_LIST_MAX 2000

/* @items: (element-type RefractReportItem), in the report's order. Search and sorting are offered
 * from 8 on. */
void refract_report_list_set_items (RefractReportList *self, GListModel *items);

G_END_DECLS
