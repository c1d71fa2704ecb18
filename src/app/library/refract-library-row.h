/* refract-library-row.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/**
 * RefractLibraryRow:
 *
 * One line of the library: a #RefractSummary, or a #RefractRunItem with its progress.
 */
#define REFRACT_TYPE_LIBRARY_ROW (refract_library_row_get_type ())
G_DECLARE_FINAL_TYPE (RefractLibraryRow, refract_library_row, REFRACT, LIBRARY_ROW, GtkWidget)

GtkWidget *refract_library_row_new (void);
/* @item: (nullable) */
void refract_library_row_set_item (RefractLibraryRow *self, GObject *item);
/* (transfer full): the row as one sentence */
char *refract_library_row_describe (GObject *item);
/* (nullable): "Excellent", "Pass", …, of refract_summary_get_band() */
const char *refract_library_band_title (const char *band);

G_END_DECLS
