/* refract-sidebar-rows.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "library/refract-report-order.h"
#include "library/refract-sidebar.h"

G_BEGIN_DECLS

/* Rows of the sidebar's list: a press with the second button, or a long one, opens the menu of its
 * report; one with Control or Shift chooses several. (transfer full) */
GtkListItemFactory *refract_sidebar_rows_new (void);
/* Titles of its sections. (transfer full) */
GtkListItemFactory *refract_sidebar_headers_new (RefractReportOrder *order);

/* What the rows ask of the sidebar. Both: whether the press was meant for that. */
/* @point: in the coordinates of @row */
gboolean refract_sidebar_open_menu (RefractSidebar *self,
                                    guint position,
                                    GtkWidget *row,
                                    const graphene_point_t *point);
/* @modifiers: Shift: all from the last one on */
gboolean refract_sidebar_choose (RefractSidebar *self, guint position, GdkModifierType modifiers);

G_END_DECLS
