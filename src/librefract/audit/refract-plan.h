/* refract-plan.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "core/refract-kv-config.h"
#include "core/refract-score.h"

G_BEGIN_DECLS

/**
 * RefractPlan:
 *
 * What to measure: everything that a run needs to know, and nothing that it finds out. A GObject
 * whose properties a form binds to; as JSON (versioned) it is the journal's and every report's
 * plan. One table (refract-plan.c) gives properties, JSON keys, bounds and defaults. Not
 * thread-safe: an audit takes a copy.
 *
 * Lists are text with commas: `"512,2048"`.
 *
 * Properties (JSON keys are the same with underscores):
 * model, backend, engine-dir, python, reference-url, candidate-url, allow-model-code,
 * engine-flags, n-gpu-layers, reference (at its default, what the candidates' engine has for it),
 * candidates (GStrv), control, axes
 * ("trajectory,kld" …), prompts, prompt-mode ("raw" | "chat"), corpus, haystack, n-predict, chunks,
 * ctx, rniah-lengths, rniah-positions, rniah-trials, rniah-n-predict, rniah-needle, rniah-question,
 * seed, measure-floor, strict-floor, slots (0 = auto), kv-budget (bytes, 0 = auto), threads,
 * threshold (score a recommendation needs, 90), max-bytes-per-token (recommendation's budget, 0 =
 * none).
 */
#define REFRACT_TYPE_PLAN (refract_plan_get_type ())
G_DECLARE_FINAL_TYPE (RefractPlan, refract_plan, REFRACT, PLAN, GObject)

RefractPlan *refract_plan_new (void);
RefractPlan *refract_plan_copy (RefractPlan *self);
/* Paths that are relative to the current folder no longer are: the plan means the same anywhere. */
void refract_plan_make_paths_absolute (RefractPlan *self);

/* Typed access to what the axes and the audit read; the strings may be NULL. */
const char *refract_plan_get_string (RefractPlan *self, const char *property);
gint64 refract_plan_get_int (RefractPlan *self, const char *property);
gboolean refract_plan_get_boolean (RefractPlan *self, const char *property);
double refract_plan_get_double (RefractPlan *self, const char *property);
/* (transfer full) (element-type guint): a list property of whole numbers */
GArray *refract_plan_get_uints (RefractPlan *self, const char *property);
/* (transfer full) (element-type double) */
GArray *refract_plan_get_doubles (RefractPlan *self, const char *property);
gboolean refract_plan_has_axis (RefractPlan *self, RefractAxisId axis);
/* Whether the noise floor, where it is measured, has @axis: it is where it is cheap, on A and B,
 * when the plan has one of them. */
gboolean refract_plan_has_floor_axis (RefractPlan *self, RefractAxisId axis);
/* (transfer full) (element-type RefractKvConfig): without duplicates, in order; error names the bad
 * one */
RefractKvConfig *refract_plan_get_reference (RefractPlan *self, GError **error);
GPtrArray *refract_plan_get_candidates (RefractPlan *self, GError **error);
/* (nullable) */
RefractKvConfig *refract_plan_get_control (RefractPlan *self, GError **error);

/* REFRACT_ERROR_USAGE names the property and its bounds */
gboolean refract_plan_validate (RefractPlan *self, GError **error);

/* (transfer full). @with_paths FALSE leaves out where things lie on this machine (engine, Python,
 * servers, folders of files) and what was allowed on it: the form that reports carry. */
JsonObject *refract_plan_to_json (RefractPlan *self, gboolean with_paths);
/* unknown members are an error, so that a typo is not a silent default */
RefractPlan *refract_plan_from_json (JsonObject *object, GError **error);
RefractPlan *refract_plan_load (const char *path, GError **error);

/* The command that repeats this plan for one candidate, without personal paths (base names only);
 * every parameter that differs from its default is in it, and the engine that measured, @backend
 * (a name of refract_backend_list_names()). Quoted for a POSIX shell. */
char *
refract_plan_get_repro_command (RefractPlan *self, RefractKvConfig *candidate, const char *backend);

/* What refract_fetch_run() brought stands in for corpus, haystack and prompts where none is named.
 */
void refract_plan_use_fetched (RefractPlan *plan);

G_END_DECLS
