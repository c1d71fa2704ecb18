/* refract-diagnosis.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "audit/refract-run.h"

G_BEGIN_DECLS

/**
 * RefractFinding:
 * @text: what was found, one sentence
 * @remedy: (nullable): what to do about it
 */
typedef struct
{
  char *text;
  char *remedy;
} RefractFinding;

void refract_finding_free (RefractFinding *self);

/* SCORING, "Diagnosis": patterns, workload, PPL paradox, strict score, confidence, damage by side.
 * (transfer full) (element-type RefractFinding) */
GPtrArray *refract_diagnose (const RefractRun *run, const RefractConfigResult *result);

typedef enum
{
  REFRACT_SHIP_SAFE,
  REFRACT_SHIP_AUDIT,
  REFRACT_SHIP_MITIGATE,
  REFRACT_SHIP_NO,
} RefractShip;

RefractShip refract_ship_rule (const RefractConfigResult *result);
/* "safe", "audit", "mitigate", "no": the report's key */
const char *refract_ship_get_name (RefractShip ship);
/* one sentence that names the surfaces concerned */
char *refract_ship_describe (const RefractConfigResult *result);
/* the sentence of the band ("Material quality loss. Treat as broken.") */
const char *refract_band_get_summary (RefractBand band);

/* Within the noise of f16: the paired or plain interval reaches the floor's or 100. */
gboolean refract_within_noise (const RefractRun *run, const RefractConfigResult *result);

/**
 * RefractRanked:
 * @result: one of the run's candidates (borrowed)
 * @bytes_per_token: −1 unknown
 * @dominated_by: (nullable): another candidate that is better by the rule of SCORING, "KV memory"
 */
typedef struct
{
  const RefractConfigResult *result;
  double bytes_per_token;
  const RefractConfigResult *dominated_by;
} RefractRanked;

/* Scored candidates, the control left out, best composite first (equal scores: fewer bytes, then
 * label, so that the order of the plan does not matter). (transfer full) (element-type
 * RefractRanked) */
GPtrArray *refract_rank (const RefractRun *run);

/**
 * RefractRecommendation:
 * @pick: (nullable): what to ship (borrowed); NULL when nothing qualifies
 * @sentence: what a person can act on
 * @can_tell_apart: %FALSE when a control was measured and does not score clearly lower
 * @control_sentence: (nullable): what the control showed
 */
typedef struct
{
  const RefractConfigResult *pick;
  char *sentence;
  gboolean can_tell_apart;
  char *control_sentence;
} RefractRecommendation;

RefractRecommendation *refract_recommend (const RefractRun *run);
void refract_recommendation_free (RefractRecommendation *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractRecommendation, refract_recommendation_free)

/* Comparable with published REFRACT 0.3 results? @why: (out) (transfer full) (element-type utf8):
 * every reason against it */
gboolean refract_is_comparable (const RefractRun *run, GPtrArray **why);

G_END_DECLS
