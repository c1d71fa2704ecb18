/* refract-run-item.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>

#include "audit/refract-audit.h"
#include "audit/refract-unfinished.h"
#include "report/refract-library.h"
#include "report/refract-repeatability.h"

G_BEGIN_DECLS

/**
 * RefractRunState:
 * @REFRACT_RUN_WAITING: for another audit to end
 * @REFRACT_RUN_RUNNING: measures, or writes its reports
 * @REFRACT_RUN_FINISHED: its reports are in the library
 * @REFRACT_RUN_STOPPED: by the person, or because the program ended; can go on
 * @REFRACT_RUN_FAILED: has an error; can go on
 */
typedef enum
{
  REFRACT_RUN_WAITING,
  REFRACT_RUN_RUNNING,
  REFRACT_RUN_FINISHED,
  REFRACT_RUN_STOPPED,
  REFRACT_RUN_FAILED,
} RefractRunState;

#define REFRACT_TYPE_RUN_STATE (refract_run_state_get_type ())
GType refract_run_state_get_type (void);

/**
 * RefractRunItem:
 *
 * One audit in the queue, over all its attempts; measured several times, each time anew, where
 * somebody wants to know how far its scores spread. Properties, all read-only and notified in the
 * main thread: `title` (the model's name), `subtitle`, `state`, `stopping` (cancelled, but its
 * engine is not gone yet), `fraction` (share of the work done, [0, 1]) and `status` (the state as a
 * word or two). The queue starts and ends it.
 */
#define REFRACT_TYPE_RUN_ITEM (refract_run_item_get_type ())
G_DECLARE_FINAL_TYPE (RefractRunItem, refract_run_item, REFRACT, RUN_ITEM, GObject)

/* names the item in this session, e.g. in a notification */
guint refract_run_item_get_id (RefractRunItem *self);
const char *refract_run_item_get_title (RefractRunItem *self);
const char *refract_run_item_get_subtitle (RefractRunItem *self);
RefractRunState refract_run_item_get_state (RefractRunItem *self);
gboolean refract_run_item_get_stopping (RefractRunItem *self);
double refract_run_item_get_fraction (RefractRunItem *self);
/* (transfer full) */
char *refract_run_item_dup_status (RefractRunItem *self);

/* (transfer none) (nullable): %NULL for a journal that this program cannot read; such an item can
 * only be discarded */
RefractPlan *refract_run_item_get_plan (RefractRunItem *self);
/* (transfer none) (nullable): of the running or the last attempt of this session */
RefractProgress *refract_run_item_get_progress (RefractRunItem *self);
/* seconds that the last attempt took or has taken so far, with the runs before it; 0 before it */
double refract_run_item_get_elapsed (RefractRunItem *self);
/* seconds until everything is measured, all runs; −1 unknown */
double refract_run_item_get_remaining (RefractRunItem *self);
/* how often the plan is measured, at least 1; and how often it was */
guint refract_run_item_get_n_runs (RefractRunItem *self);
guint refract_run_item_get_n_runs_done (RefractRunItem *self);
/* (transfer none) (nullable) (element-type RefractRepeatability): how far the scores of the runs
 * spread, once it is finished; %NULL for one run */
GPtrArray *refract_run_item_get_repeatability (RefractRunItem *self);
/* (transfer none) (nullable): why it failed */
const GError *refract_run_item_get_error (RefractRunItem *self);
/* (transfer none) (nullable) (element-type RefractSummary): its reports in the library, the
 * recommended or else the best first, the control last; once it is finished; of several runs, the
 * first's */
GPtrArray *refract_run_item_get_summaries (RefractRunItem *self);
/* (nullable): see #RefractUnfinished */
const char *refract_run_item_get_journal_id (RefractRunItem *self);
/* something is measured that going on would use */
gboolean refract_run_item_has_measured (RefractRunItem *self);

G_END_DECLS
