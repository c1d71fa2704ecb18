/* refract-summary.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "report/refract-report.h"

G_BEGIN_DECLS

/**
 * RefractSummary:
 *
 * What lists show of one report file. All but the note is fixed; a changed file gets a new summary.
 * The note is changed by the library only, in the main thread, and notified. Texts are short and
 * one line, whatever the report says.
 *
 * Every getter is a read-only property of the same name as well (`id`, `model`, `label`, `engine`,
 * `note`, `band`, `composite`, `time`, …).
 */
#define REFRACT_TYPE_SUMMARY (refract_summary_get_type ())
G_DECLARE_FINAL_TYPE (RefractSummary, refract_summary, REFRACT, SUMMARY, GObject)

/**
 * refract_summary_new:
 * @path: of the report's file; its base name is the id
 * @modified: when the file was changed, microseconds since 1970
 * @size: bytes of the file
 * @sha256: (nullable): of the file's content, hexadecimal
 * @report: (nullable): %NULL when the file is no report that can be read
 * @message: (nullable): why it cannot be read
 */
RefractSummary *refract_summary_new (const char *path,
                                     gint64 modified,
                                     gint64 size,
                                     const char *sha256,
                                     RefractReport *report,
                                     const char *message);

/* What refract_summary_new_from_json() reads back: all but the folder and the note. */
JsonObject *refract_summary_to_json (RefractSummary *self);
/* @folder: where the file is. Returns: (transfer full) (nullable): %NULL when @object is none */
RefractSummary *refract_summary_new_from_json (const char *folder, JsonObject *object);

/* the base name of the file: unique in a library */
const char *refract_summary_get_id (RefractSummary *self);
const char *refract_summary_get_path (RefractSummary *self);
/* hexadecimal, of the file's content; "" when it could not be read at all */
const char *refract_summary_get_sha256 (RefractSummary *self);
gint64 refract_summary_get_modified (RefractSummary *self);
gint64 refract_summary_get_size (RefractSummary *self);
/* end of the run, seconds since 1970; of a report without a time, the file's */
gint64 refract_summary_get_time (RefractSummary *self);
/* for people; of an unreadable file its name */
const char *refract_summary_get_model (RefractSummary *self);
/* the candidate, for people: "K q8_0 / V q4_0" */
const char *refract_summary_get_label (RefractSummary *self);
/* the engine's name: "llama.cpp"; "" when the report does not say */
const char *refract_summary_get_engine (RefractSummary *self);
/* the person's own; "" when there is none */
const char *refract_summary_get_note (RefractSummary *self);
/* "" when the report does not say */
const char *refract_summary_get_run_id (RefractSummary *self);
/* points, 0 to 100; NAN when there is none */
double refract_summary_get_composite (RefractSummary *self);
double refract_summary_get_axis_score (RefractSummary *self, RefractAxisId axis);
/* (nullable): "EXCELLENT", "PASS", "DEGRADED", "FAIL"; %NULL without a composite */
const char *refract_summary_get_band (RefractSummary *self);
/* one sentence: the ship rule's, of old reports the band's */
const char *refract_summary_get_verdict (RefractSummary *self);
/* the run's negative control */
gboolean refract_summary_is_control (RefractSummary *self);
/* (nullable): why the file cannot be read */
const char *refract_summary_get_error (RefractSummary *self);
/* model, label, engine and note, each a line, case-folded as g_utf8_casefold() does */
const char *refract_summary_get_search_key (RefractSummary *self);

/* The library's order, total over different ids: newest first, the reports of one run together,
 * best first, its control last. */
int refract_summary_compare (RefractSummary *a, RefractSummary *b);

G_END_DECLS
