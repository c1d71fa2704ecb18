/* refract-run-store.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "audit/refract-audit.h"
#include "report/refract-library.h"

G_BEGIN_DECLS

/**
 * refract_run_store_async:
 * @library: (nullable): %NULL to build the reports only, without prompts and answers
 * @run: (transfer full): finished
 *
 * Puts the reports of @run into @library, all or none, and only then forgets what @audit has
 * measured. What takes time is done in workers.
 */
void refract_run_store_async (RefractLibrary *library,
                              RefractAudit *audit,
                              RefractRun *run,
                              GAsyncReadyCallback callback,
                              gpointer user_data);
/**
 * refract_run_store_finish:
 * @reports: (out) (transfer full) (element-type RefractReport): in the order of what is returned
 *
 * Returns: (transfer full) (element-type RefractSummary): the recommended or else the best first,
 * the control last; empty without a library
 */
GPtrArray *refract_run_store_finish (GAsyncResult *result, GPtrArray **reports, GError **error);

/**
 * refract_run_judge_async:
 * @runs: (element-type GPtrArray): the reports of each run of one plan, left alone until @callback
 *
 * Sees how far the scores of equal runs spread, and stores that beside the first run's reports. In
 * a worker.
 */
void refract_run_judge_async (GPtrArray *runs, GAsyncReadyCallback callback, gpointer user_data);
/* (transfer full): as refract_repeatability_new() has it */
GPtrArray *refract_run_judge_finish (GAsyncResult *result, GError **error);

G_END_DECLS
