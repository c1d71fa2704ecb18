/* refract-leaderboard.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "export/refract-table.h"
#include "report/refract-report.h"

G_BEGIN_DECLS

typedef enum
{
  REFRACT_LEADERBOARD_MODELS,     /* models for each candidate */
  REFRACT_LEADERBOARD_CANDIDATES, /* candidates for each model */
} RefractLeaderboardKind;

/**
 * RefractLeaderboardOptions:
 * @kind: what is ranked
 * @version: (nullable): only this version of the methodology, or all that begin with it ("0.3")
 * @comparable: only what is comparable with published REFRACT 0.3 results
 * @low_confidence: with reports whose R-NIAH or PLAD is of low confidence
 */
typedef struct
{
  RefractLeaderboardKind kind;
  const char *version;
  gboolean comparable;
  gboolean low_confidence;
} RefractLeaderboardOptions;

/**
 * RefractLeaderboard:
 * @kind: what is ranked
 * @tables: (element-type RefractTable): one per candidate or model, most rows first
 * @reports: (element-type GPtrArray): for each table the reports behind its rows, in their order
 * @controls: (nullable): the negative controls
 * @notes: (element-type utf8): how many reports were left out, and why
 *
 * Ranks how well KV configurations preserve models; see refract_leaderboard_disclaimer.
 */
typedef struct
{
  RefractLeaderboardKind kind;
  GPtrArray *tables;
  GPtrArray *reports;
  RefractTable *controls;
  GPtrArray *notes;
} RefractLeaderboard;

/* What a leaderboard does not say; stands on every one. */
extern const char refract_leaderboard_disclaimer[];

/* @reports: (element-type RefractReport): summaries will do. Of several
 * reports of one model, candidate, engine and version the newest counts. */
RefractLeaderboard *refract_leaderboard_new (GPtrArray *reports,
                                             const RefractLeaderboardOptions *options);
void refract_leaderboard_free (RefractLeaderboard *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractLeaderboard, refract_leaderboard_free)

/**
 * refract_leaderboard_load_folder:
 * @unreadable: (out): (element-type utf8): a sentence for each JSON file that is no report
 *
 * Reads the reports in @folder and the folders in it (4 levels), in several threads. Blocks.
 *
 * Returns: (transfer full) (element-type RefractReport): summaries
 */
GPtrArray *refract_leaderboard_load_folder (const char *folder,
                                            GPtrArray **unreadable,
                                            GCancellable *cancellable,
                                            GError **error);

/* (transfer full) */
char *refract_leaderboard_to_markdown (const RefractLeaderboard *self);
char *refract_leaderboard_to_csv (const RefractLeaderboard *self);
/* A page of its own, with charts. */
char *refract_leaderboard_to_html (const RefractLeaderboard *self);

G_END_DECLS
