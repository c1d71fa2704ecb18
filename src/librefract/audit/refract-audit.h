/* refract-audit.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>

#include "audit/refract-plan.h"
#include "audit/refract-progress.h"
#include "audit/refract-run.h"

G_BEGIN_DECLS

/**
 * RefractAudit:
 *
 * Runs a plan: every configuration is observed, the reference once, then scored against it. What
 * was observed is journalled as it comes, so that an audit that was stopped goes on where it was
 * when the same plan runs again. One audit object runs once.
 */
#define REFRACT_TYPE_AUDIT (refract_audit_get_type ())
G_DECLARE_FINAL_TYPE (RefractAudit, refract_audit, REFRACT, AUDIT, GObject)

/* @plan is copied. @fresh: do not go on with what an interrupted run of this plan has left. */
RefractAudit *refract_audit_new (RefractPlan *plan, gboolean fresh);
/* (transfer none) */
RefractProgress *refract_audit_get_progress (RefractAudit *self);

/**
 * refract_audit_run:
 *
 * Blocks until everything is measured and scored; ends within a second of @cancellable, and leaves
 * no engine behind. A candidate that fails is in the run with its error, the others go on; a
 * failure of the reference ends the run.
 *
 * Returns: (transfer full): the run; with at least one scored candidate
 */
RefractRun *refract_audit_run (RefractAudit *self, GCancellable *cancellable, GError **error);
/* The same in a thread of its own. */
void refract_audit_run_async (RefractAudit *self,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
RefractRun *refract_audit_run_finish (RefractAudit *self, GAsyncResult *result, GError **error);

/* Names the journal, see #RefractUnfinished; %NULL before the run has one. Not while it runs. */
const char *refract_audit_get_journal_id (RefractAudit *self);

/* The backend that a plan asks for, with its options; @model (nullable) decides where the plan says
 * "auto". May block where it names servers. */
RefractBackend *refract_plan_create_backend (RefractPlan *plan,
                                             RefractModel *model,
                                             GCancellable *cancellable,
                                             GError **error);

/* Forgets the journal: call it when the run's reports are where they belong. */
void refract_audit_forget (RefractAudit *self);

G_END_DECLS
