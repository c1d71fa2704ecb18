/* refract-report-plan.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "audit/refract-plan.h"
#include "report/refract-report.h"

G_BEGIN_DECLS

/**
 * RefractPlanClaim:
 * @key: what the report wants to set: "engine-dir", "engine-flags", "launcher", "python",
 *   "reference-url", "candidate-url"
 * @text: to what; untrusted, one line of at most 4096 bytes
 *
 * Something that decides which program runs, and how: never taken over, only shown.
 */
typedef struct
{
  char *key;
  char *text;
} RefractPlanClaim;

/**
 * RefractPlanRefusal:
 * @text: what the report has, shortened
 * @reason: a sentence: why it is left out
 */
typedef struct
{
  char *text;
  char *reason;
} RefractPlanRefusal;

/**
 * RefractPlanFile:
 * @property: the plan's: "model", "prompts", "corpus", "haystack"
 * @name: base name that the report gives; never a path
 * @hash: (nullable): a model's fingerprint, or SHA-256 of a text
 * @other: (nullable): a known file of that name whose hash is another
 * @found: a known file of that name was set in the plan
 */
typedef struct
{
  char *property;
  char *name;
  char *hash;
  char *other;
  gboolean found;
} RefractPlanFile;

/**
 * RefractPlanImport:
 * @plan: what the report measured; no engine, no flags, and no files until
 *   refract_plan_import_find_files() has found them here. Valid but for what is missing
 * @claims: (element-type RefractPlanClaim)
 * @refused: (element-type RefractPlanRefusal): KV configurations and members left out
 * @files: (element-type RefractPlanFile): what has to be found on this machine
 *
 * A plan read from a report under the rule that a report is data, never a command.
 */
typedef struct
{
  RefractPlan *plan;
  GPtrArray *claims;
  GPtrArray *refused;
  GPtrArray *files;
} RefractPlanImport;

void refract_plan_import_free (RefractPlanImport *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractPlanImport, refract_plan_import_free)

/**
 * refract_plan_from_report:
 *
 * Takes the plan of one's own or anybody's report: `extension.plan`, or of an older report what its
 * other members say. Of KV configurations only cache types and rotation are taken over. Reads
 * nothing but @report.
 *
 * Returns: (transfer full): or %NULL with %REFRACT_ERROR_REPORT where a value is out of its bounds
 */
RefractPlanImport *refract_plan_from_report (RefractReport *report, GError **error);

/**
 * refract_plan_import_find_files:
 * @known: (element-type filename): files of this machine that a plan may use
 *
 * Finds the files that are still missing by their base names, and compares fingerprint or SHA-256
 * where the report has one. Reads every file of the right name: for a worker thread, with an import
 * that no other thread uses meanwhile.
 *
 * Returns: %FALSE only with %G_IO_ERROR_CANCELLED
 */
gboolean refract_plan_import_find_files (RefractPlanImport *self,
                                         GPtrArray *known,
                                         GCancellable *cancellable,
                                         GError **error);

/* (nullable) (transfer none): the entry of @property where the report named a file for it */
const RefractPlanFile *refract_plan_import_get_file (RefractPlanImport *self, const char *property);

G_END_DECLS
