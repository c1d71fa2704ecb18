/* refract-comparison.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "export/refract-table.h"
#include "report/refract-report.h"

G_BEGIN_DECLS

/**
 * RefractComparison:
 *
 * Reports side by side. Differences are against the first of them, paired over the same prompts,
 * chunks and trials where both reports carry these.
 * @reports: (element-type RefractReport)
 * @names: a short unique name for each
 * @warnings: (element-type utf8): sentences: what moves scores and is not the same in all of them
 * @metrics: a row per number, a column per report, the best marked
 * @differences: a row per report after the first: difference in points and its 95 % interval, for
 *   the composite and (up to %REFRACT_COMPARISON_MAX_DETAILS reports) each axis
 * @prompts: a row per prompt: at which token each candidate left its reference
 * @items: (nullable): for two reports of one model and plan: the prompts, chunks and cells whose
 *   difference's own 95 % interval leaves out 0; no rows when there is none
 */
typedef struct
{
  GPtrArray *reports;
  GStrv names;
  GPtrArray *warnings;
  RefractTable *metrics;
  RefractTable *differences;
  RefractTable *prompts;
  RefractTable *items;
} RefractComparison;

#define REFRACT_COMPARISON_MAX_DETAILS 8

/* @reports: (element-type RefractReport): two or more; REFRACT_ERROR_USAGE below that. Takes about
 * 10 ms per report: call it in a thread. */
RefractComparison *refract_comparison_new (GPtrArray *reports, GError **error);
/* Immutable: may be shared between threads. */
RefractComparison *refract_comparison_ref (RefractComparison *self);
void refract_comparison_unref (RefractComparison *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractComparison, refract_comparison_unref)

/* One row per report instead of one column: for many. (transfer full) */
RefractTable *refract_comparison_make_list (const RefractComparison *self);

/* The whole of it as Markdown, or as CSV (tables one after another, an empty line between).
 * (transfer full) */
char *refract_comparison_to_markdown (const RefractComparison *self);
char *refract_comparison_to_csv (const RefractComparison *self);
/* A page of its own, with charts. (transfer full) */
char *refract_comparison_to_html (const RefractComparison *self);

/* For refract_comparison_new(): sentences on what differs among @reports. */
GPtrArray *refract_comparison_list_warnings (GPtrArray *reports, char **names);
/* For refract_comparison_new(): see @differences. Uses all processors. */
RefractTable *refract_comparison_make_differences (GPtrArray *reports, char **names);
/* For refract_comparison_new(): see @items. */
RefractTable *refract_comparison_make_items (RefractReport *a, RefractReport *b);

G_END_DECLS
