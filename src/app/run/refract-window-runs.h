/* refract-window-runs.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "refract-window.h"
#include "run/refract-audit-queue.h"

G_BEGIN_DECLS

/* For the window's own setting up: action `win.try-demo`, and the question before it closes on
 * running audits. */
void refract_window_init_runs (RefractWindow *self);

/* Shows the run's page, or its report once there is one. */
void refract_window_show_run (RefractWindow *self, RefractRunItem *item);

G_END_DECLS
