/* refract-choice.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Several reports of a list, chosen to be laid side by side. @list: a #GtkMultiSelection over
 * #RefractSummary and what is not to be chosen: audits, files that cannot be read. */

/* Chooses the item at @position or no longer; with @range all from the last one chosen. */
void refract_choice_toggle (GtkSelectionModel *list, guint position, gboolean range);
/* (transfer floating): the ids, in the list's order, as `as` */
GVariant *refract_choice_get_ids (GtkSelectionModel *list);

G_END_DECLS
