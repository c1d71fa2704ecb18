/* refract-repeatability.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "export/refract-table.h"
#include "report/refract-report.h"

G_BEGIN_DECLS

/* By the standard deviation of the composite, in points. */
typedef enum
{
  REFRACT_STABLE,   /* ≤ 1 */
  REFRACT_NOISY,    /* ≤ 3 */
  REFRACT_UNSTABLE, /* above */
} RefractStability;

/* "stable", "noisy", "unstable", as in the JSON */
const char *refract_stability_get_name (RefractStability stability);

#define REFRACT_REPEATABILITY_RUNS 4 /* unless asked for otherwise */
#define REFRACT_REPEATABILITY_MAX_RUNS 100

/* Points over @n runs; @sd with n − 1, 0 for one run; all NAN for no run. */
typedef struct
{
  guint n;
  double mean;
  double sd;
  double low;
  double high;
} RefractSpread;

/**
 * RefractRepeatability:
 *
 * One candidate measured several times with fresh observations.
 * @label: of the candidate
 * @composite, @axes: how the scores spread
 * @interval: (nullable): that of the first run's composite
 * @fits: every run's composite lies in @interval: the runs differ by no more than the choice of
 *   prompts would explain
 */
typedef struct
{
  char *label;
  RefractSpread composite;
  RefractSpread axes[REFRACT_N_AXES];
  RefractStability stability;
  gboolean has_interval;
  RefractInterval interval;
  gboolean fits;
} RefractRepeatability;

/**
 * refract_repeatability_new:
 * @runs: (element-type GPtrArray): the reports of each run
 *
 * Returns: (transfer full) (element-type RefractRepeatability): one per candidate, in the order of
 * the first run
 */
GPtrArray *refract_repeatability_new (GPtrArray *runs);
/**
 * refract_repeatability_new_from_json:
 * @root: what refract_repeatability_to_json() made; untrusted
 *
 * Returns: (transfer full) (element-type RefractRepeatability): %NULL with %REFRACT_ERROR_INPUT
 */
GPtrArray *refract_repeatability_new_from_json (JsonObject *root, GError **error);

/* Mean, standard deviation and range of composite and axes. (transfer full) */
RefractTable *refract_repeatability_make_table (GPtrArray *candidates);
/* "K q8_0 / V q4_0 is stable: …" (transfer full) */
char *refract_repeatability_dup_sentence (const RefractRepeatability *self);
/* Sentences and table. (transfer full) */
char *refract_repeatability_to_markdown (GPtrArray *candidates);
/* (transfer full) */
JsonObject *refract_repeatability_to_json (GPtrArray *candidates);

/**
 * refract_repeatability_store:
 * @candidates: (element-type RefractRepeatability):
 * @report: of one of the runs
 *
 * Keeps what was found, below `$XDG_DATA_HOME/refract/repeatability`, for every report of the same
 * plan, model and engine. Blocks for a small file.
 *
 * Returns: %FALSE with %REFRACT_ERROR_DISK
 */
gboolean refract_repeatability_store (GPtrArray *candidates, RefractReport *report, GError **error);
/* Whether refract_repeatability_find() would find something; looks for one file. */
gboolean refract_repeatability_exists (RefractReport *report);
/* (transfer full) (element-type RefractRepeatability): what was stored for the plan, model and
 * engine of @report; %NULL with %REFRACT_ERROR_INPUT where there is nothing that can be read */
GPtrArray *refract_repeatability_find (RefractReport *report, GError **error);

G_END_DECLS
