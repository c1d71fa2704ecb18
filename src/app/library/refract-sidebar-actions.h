/* refract-sidebar-actions.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "library/refract-sidebar.h"

G_BEGIN_DECLS

/* What can be done with the selected report: actions `library.note`, `.edit`, `.export`,
 * `.reveal`, `.delete`. */
void refract_sidebar_install_actions (GtkWidgetClass *widget_class);
/* Enables what can be done with @summary. (nullable) */
void refract_sidebar_update_actions (RefractSidebar *self, RefractSummary *summary);

G_END_DECLS
