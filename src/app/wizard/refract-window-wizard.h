/* refract-window-wizard.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "refract-window.h"
#include "report/refract-report.h"

G_BEGIN_DECLS

/* For the window's own setting up: actions `win.new-audit` (s: a model's path, or "") and
 * `win.edit-plan` (s: id of a report in the library). */
void refract_window_init_wizard (RefractWindow *self);

/* Opens the wizard with the plan of @report, under the rule that a report is data: files are looked
 * for on this machine, what names a program is only shown. Says what is wrong where the report has
 * no usable plan. */
void refract_window_edit_plan (RefractWindow *self, RefractReport *report);
/* The same, to measure it several times and see how far its scores spread: goes on to the last step
 * where nothing has to be asked. */
void refract_window_check_repeatability (RefractWindow *self, RefractReport *report);

G_END_DECLS
