/* refract-report.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "audit/refract-run.h"
#include "core/refract-score.h"

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
/* How much of a report is read, where there are many. */
typedef enum
{
  REFRACT_REPORT_RANKS,   /* scores, versions, names, memory and speed: what a leaderboard needs */
  REFRACT_REPORT_SUMMARY, /* the lists of prompts, chunks, cells, answers and positions are empty */
  REFRACT_REPORT_NUMBERS, /* those of answers, token ids and positions are: what comparisons need */
} RefractReportDetail;

/* Several times as fast as refract_report_load(). */
RefractReport *
refract_report_load_partly (const char *path, RefractReportDetail detail, GError **error);
/**
 * RefractLoadedReport:
 * @report: (nullable): %NULL with @error
 */
typedef struct
{
  char *path;
  RefractReport *report;
  GError *error;
} RefractLoadedReport;

/**
 * refract_report_load_many:
 * @paths: (element-type filename):
 *
 * Reads in as many threads as there are processors. Blocks.
 *
 * Returns: (transfer full) (element-type RefractLoadedReport): in the order of @paths; those that
 *   were not read yet when @cancellable was have its error
 */
GPtrArray *
refract_report_load_many (GPtrArray *paths, RefractReportDetail detail, GCancellable *cancellable);
/* The same, (transfer full) (element-type RefractReport): all of them, or %NULL with the first
 * error. */
GPtrArray *refract_report_load_all (GPtrArray *paths,
                                    RefractReportDetail detail,
                                    GCancellable *cancellable,
                                    GError **error);
/* @text: untrusted; bounded in size, depth and duplicate keys before it is parsed; bare NaN and
 * Infinity outside strings become null */
RefractReport *refract_report_new_from_text (const char *text, gsize length, GError **error);
RefractReport *refract_report_new_from_text_partly (const char *text,
                                                    gsize length,
                                                    RefractReportDetail detail,
                                                    GError **error);
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

/**
 * refract_report_dup_units:
 * @keys: (out) (transfer full): for each unit, which prompt, chunk or trial it is: units of two
 *   reports belong together where these are equal
 *
 * The units that an axis' score rests on, as far as the report carries them.
 *
 * Returns: (transfer full) (nullable): %NULL where it does not, as old layouts
 */
RefractUnits *refract_report_dup_units (RefractReport *self, RefractAxisId axis, GStrv *keys);

/* Names for people, on one line, whatever the report says: "Gemma 2B Q8_0" (of old layouts: the
 * file's name), "K q8_0 / V q4_0". (transfer full) */
char *refract_report_dup_model_name (RefractReport *self);
/* "llama.cpp", "vLLM"; (nullable): as the report has it, to be escaped */
const char *refract_report_get_engine_name (RefractReport *self);
char *refract_report_dup_candidate_label (RefractReport *self);
char *refract_report_dup_reference_label (RefractReport *self);
/* The label of a configuration's text; the text as it stands where it is none of ours. (transfer
 * full) */
char *refract_kv_text_to_label (const char *text);

G_END_DECLS
