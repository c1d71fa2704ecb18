/* refract-spin-row.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

#define REFRACT_TYPE_SPIN_ROW (refract_spin_row_get_type ())
/**
 * RefractSpinRow:
 *
 * A row with a number, as AdwSpinRow, which AT-SPI does not show (libadwaita 1.10). Properties:
 * adjustment, digits, as those of GtkSpinButton; value, the adjustment's; lowest-text, (nullable)
 * the word that stands for the lowest value.
 */
G_DECLARE_FINAL_TYPE (RefractSpinRow, refract_spin_row, REFRACT, SPIN_ROW, AdwActionRow)

/* (transfer none) */
GtkAdjustment *refract_spin_row_get_adjustment (RefractSpinRow *self);

G_END_DECLS
