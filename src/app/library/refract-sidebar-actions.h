/* refract-sidebar-actions.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "library/refract-sidebar.h"

G_BEGIN_DECLS

/* What can be done with the selected report: actions `library.note`, `.edit`, `.export`,
 * `.reveal`, `.delete`; with a waiting audit: `.earlier`, `.later`. */
void refract_sidebar_install_actions (GtkWidgetClass *widget_class);
/* Enables what can be done with @item, a report or an audit. (nullable) */
void refract_sidebar_update_actions (RefractSidebar *self, GObject *item);
/* Whether there is a menu of what can be done with @item. (nullable) */
gboolean refract_sidebar_has_menu (GObject *item);

G_END_DECLS
