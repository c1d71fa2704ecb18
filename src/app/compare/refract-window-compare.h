/* refract-window-compare.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "refract-window.h"

G_BEGIN_DECLS

/* For the window's own setting up: action `win.compare` (ids of two to eight reports of the
 * library, as `as`) and `win.leaderboard`. */
void refract_window_init_compare (RefractWindow *self);

G_END_DECLS
