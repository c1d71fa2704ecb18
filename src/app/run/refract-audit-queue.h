/* refract-audit-queue.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "run/refract-run-item.h"

G_BEGIN_DECLS

/**
 * RefractAuditQueue:
 *
 * The audits that are not finished, a #GListModel of #RefractRunItem: one runs at a time, because
 * an engine measures one thing at a time; the others wait their turn, or were stopped and can go
 * on. A finished one leaves the list.
 *
 * Property `busy`: one runs or waits. Signal `ended` (RefractRunItem *item): an attempt is over,
 * see the item's state; emitted before a finished one leaves. For the main thread.
 */
#define REFRACT_TYPE_AUDIT_QUEUE (refract_audit_queue_get_type ())
G_DECLARE_FINAL_TYPE (RefractAuditQueue, refract_audit_queue, REFRACT, AUDIT_QUEUE, GObject)

/* @library: where the reports go */
RefractAuditQueue *refract_audit_queue_new (RefractLibrary *library);

/**
 * refract_audit_queue_add:
 * @plan: copied
 * @fresh: do not go on with what an interrupted run of this plan has left
 *
 * Runs @plan as soon as nothing else runs.
 *
 * Returns: (transfer none)
 */
RefractRunItem *
refract_audit_queue_add (RefractAuditQueue *self, RefractPlan *plan, gboolean fresh);
/* The same @n_runs times, each time anew, to see how far the scores spread: see
 * refract_run_item_get_repeatability(). */
RefractRunItem *
refract_audit_queue_add_repeated (RefractAuditQueue *self, RefractPlan *plan, guint n_runs);
/* Looks for what an earlier session has left, in a worker, and adds it as stopped. */
void refract_audit_queue_load_unfinished (RefractAuditQueue *self);

/* Goes on with a stopped or failed one, in its turn. */
void refract_audit_queue_resume (RefractAuditQueue *self, RefractRunItem *item);
/* What is measured is kept. One that waits and has nothing to keep leaves the list. */
void refract_audit_queue_stop (RefractAuditQueue *self, RefractRunItem *item);
void refract_audit_queue_stop_all (RefractAuditQueue *self);
/* @position: among the items of the list; only one that waits is moved */
void refract_audit_queue_move (RefractAuditQueue *self, RefractRunItem *item, guint position);
/**
 * refract_audit_queue_discard_async:
 *
 * Deletes what a stopped or failed one has measured, and takes it off the list.
 */
void refract_audit_queue_discard_async (RefractAuditQueue *self,
                                        RefractRunItem *item,
                                        GAsyncReadyCallback callback,
                                        gpointer user_data);
gboolean
refract_audit_queue_discard_finish (RefractAuditQueue *self, GAsyncResult *result, GError **error);

/* (transfer none) (nullable): by refract_run_item_get_id() */
RefractRunItem *refract_audit_queue_find (RefractAuditQueue *self, guint id);
/* (transfer none) (nullable) */
RefractRunItem *refract_audit_queue_get_running (RefractAuditQueue *self);
guint refract_audit_queue_get_n_waiting (RefractAuditQueue *self);
gboolean refract_audit_queue_get_busy (RefractAuditQueue *self);

G_END_DECLS
