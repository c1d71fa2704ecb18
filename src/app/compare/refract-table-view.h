/* refract-table-view.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gtk/gtk.h>

#include "export/refract-table.h"

G_BEGIN_DECLS

/**
 * RefractTableView:
 *
 * A #RefractTable on a card: columns where there is room for them, else one group per row. It does
 * not scroll; of a long table the first rows, and a button for more.
 */
#define REFRACT_TYPE_TABLE_VIEW (refract_table_view_get_type ())
G_DECLARE_FINAL_TYPE (RefractTableView, refract_table_view, REFRACT, TABLE_VIEW, GtkWidget)

/* @table: copied */
GtkWidget *refract_table_view_new (const RefractTable *table);
/* Whether it stands in columns, as it was laid out last. */
gboolean refract_table_view_get_wide (RefractTableView *self);

G_END_DECLS
