/* refract-report-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "report/refract-diagnosis.h"
#include "report/refract-report.h"

G_BEGIN_DECLS

#define REFRACT_REPORT_SCHEMA "refract.report.v0.3.1"
#define REFRACT_REPORT_SCHEMA_PREFIX "refract.report.v"
#define REFRACT_REPORT_FRAMEWORK "0.3.2"
#define REFRACT_REPORT_EXTENSION 1
#define REFRACT_REPORT_FLOOR_MINIMUM 99.5
#define REFRACT_REDACTED "(redacted)" /* stands where a text was */

/* Takes @root, which has the shape of a report, and makes it immutable. */
RefractReport *refract_report_new_take (JsonObject *root);

/* What all reports of a run have in common, computed once: members of `extension` in one object, in
 * no order that matters. */
JsonObject *refract_report_make_shared (const RefractRun *run, gboolean redact);
/* The whole report of one candidate. @shared: from refract_report_make_shared() */
JsonObject *refract_report_make_root (const RefractRun *run,
                                      const RefractConfigResult *result,
                                      JsonObject *shared,
                                      gboolean redact);

/* (transfer container): the results without an error: ranked first, then what has no composite (by
 * its text), the control last */
GPtrArray *refract_report_list_results (const RefractRun *run);

/* Building blocks; all (transfer full). */
JsonObject *refract_report_make_axes (const RefractRun *run, const RefractConfigResult *result);
JsonObject *refract_report_make_axes_extension (const RefractRun *run,
                                                const RefractConfigResult *result);
JsonObject *refract_report_make_interval (const RefractInterval *interval);
JsonObject *refract_report_make_kv (const RefractRun *run, const RefractConfigResult *result);
JsonObject *refract_report_make_performance (const RefractConfigResult *result);
void refract_report_set_bytes (JsonObject *object,
                               const RefractRun *run,
                               const RefractConfigResult *result);

/* A deep copy of a finished report without what is private: home directories everywhere, other
 * people's home directories outside of prompts and answers; with @redact also prompts, answers, ids
 * and whatever a model or a corpus said. */
JsonObject *refract_report_make_public (JsonObject *root, gboolean redact);

/* Checks that @root is a report and that what we read in it has the type that we expect. */
gboolean refract_report_check (JsonObject *root, GError **error);

G_END_DECLS
