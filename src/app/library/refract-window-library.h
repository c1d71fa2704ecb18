/* refract-window-library.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "library/refract-sidebar.h"
#include "refract-window.h"

G_BEGIN_DECLS

/* For the window's own setting up: actions `win.import` and `win.search`, drops of files, and what
 * @sidebar asks for. */
void refract_window_init_library (RefractWindow *self, RefractSidebar *sidebar);
/* From the first frame on; what the sidebar lists is set then. */
void refract_window_show_library (RefractWindow *self);

/* Shows the whole report, reading it first, and selects it in the sidebar. */
void refract_window_show_report (RefractWindow *self, RefractSummary *summary);

G_END_DECLS
