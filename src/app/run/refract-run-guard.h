/* refract-run-guard.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "refract-application.h"

G_BEGIN_DECLS

/**
 * RefractRunGuard:
 *
 * What the application does about running audits, whether it has a window or not: it stays, the
 * session neither suspends nor ends unasked, a notification tells of their end, and signals that
 * end a program stop them first, so that what is measured is kept and no engine is left. Also the
 * actions that notifications name: `app.show-run` (u: see refract_run_item_get_id()) and
 * `app.show-report` (s: see refract_summary_get_id()).
 */
typedef struct _RefractRunGuard RefractRunGuard;

/* @application owns it, and is past its startup. */
RefractRunGuard *refract_run_guard_new (RefractApplication *application);
void refract_run_guard_free (RefractRunGuard *self);

/* For when there is no window: audits are stopped, and the application ends with the last of them.
 */
void refract_run_guard_end (RefractRunGuard *self);

G_END_DECLS
