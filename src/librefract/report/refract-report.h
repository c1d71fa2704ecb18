/* refract-report.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "audit/refract-run.h"

G_BEGIN_DECLS

/**
 * RefractReport:
 *
 * One candidate's report: an immutable JSON object in the layout of `refract.report.v0.3.1`, what
 * is ours under `extension` (docs/report-schema.md). What terminal, window and exports show comes
 * from here and nowhere else.
 */
#define REFRACT_TYPE_REPORT (refract_report_get_type ())
G_DECLARE_FINAL_TYPE (RefractReport, refract_report, REFRACT, REPORT, GObject)

/* The report of @result, one of @run's candidates that has no error. @redact leaves out prompts and
 * answers (ids too). */
RefractReport *
refract_report_new (const RefractRun *run, const RefractConfigResult *result, gboolean redact);
/* One report per scored candidate, ranked, the control last. (transfer full) */
GPtrArray *refract_report_new_for_run (const RefractRun *run, gboolean redact);

RefractReport *refract_report_load (const char *path, GError **error);
/* @text: untrusted; bounded in size, depth and duplicate keys before it is parsed; bare NaN and
 * Infinity outside strings become null */
RefractReport *refract_report_new_from_text (const char *text, gsize length, GError **error);
gboolean refract_report_save (RefractReport *self, const char *path, GError **error);

/* (transfer none): not to be changed */
JsonObject *refract_report_get_root (RefractReport *self);
/* (nullable): `extension` */
JsonObject *refract_report_get_extension (RefractReport *self);
/* (nullable): `axes.<key>` */
JsonObject *refract_report_get_axis (RefractReport *self, RefractAxisId axis);
/* (nullable): `extension.axes.<name>` */
JsonObject *refract_report_get_axis_extension (RefractReport *self, RefractAxisId axis);
/* NAN when there is none */
double refract_report_get_composite (RefractReport *self);
double refract_report_get_axis_score (RefractReport *self, RefractAxisId axis);

G_END_DECLS
