/* refract-run-item-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "run/refract-run-item.h"

G_BEGIN_DECLS

/* For the queue. */

/* @plan is copied. @n_runs: more than one to see how far the scores spread; then @fresh is TRUE. */
RefractRunItem *refract_run_item_new (RefractPlan *plan, gboolean fresh, guint n_runs);
RefractRunItem *refract_run_item_new_unfinished (const RefractUnfinished *unfinished);

/* to wait, from any state but running */
void refract_run_item_queue (RefractRunItem *self);
/* The reports go into @library; the state tells how it ended. */
void refract_run_item_start (RefractRunItem *self, RefractLibrary *library);
/* Running: ends within a second. Waiting: at once. */
void refract_run_item_stop (RefractRunItem *self);

G_END_DECLS
