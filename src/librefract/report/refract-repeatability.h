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

/* "stable", "noisy", "unstable" */
const char *refract_stability_get_name (RefractStability stability);

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

/* Mean, standard deviation and range of composite and axes. (transfer full) */
RefractTable *refract_repeatability_make_table (GPtrArray *candidates);
/* "K q8_0 / V q4_0 is stable: …" (transfer full) */
char *refract_repeatability_dup_sentence (const RefractRepeatability *self);
/* (transfer full) */
JsonObject *refract_repeatability_to_json (GPtrArray *candidates);

G_END_DECLS
