/* refract-report-text.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "report/refract-report.h"

G_BEGIN_DECLS

/*
 * What a report says in words beside its numbers: the one source of such texts for terminal, window
 * and exports. All of them are plain text, never markup; what comes from models and files in them
 * is untrusted. Keys that a report lacks are left out of the text.
 */

/* "86.4 [83.1, 89.0]"; "—" where @score is NAN; without brackets where @interval is NULL.
 * (transfer full) */
char *refract_format_score_interval (double score, JsonObject *interval, guint decimals);

/* (transfer full): "model: K q8_0 / V q4_0 against K f16 / V f16" */
char *refract_report_dup_subject (RefractReport *self);

/* "97.4 [92.2, 99.0] EXCELLENT", or why there is no composite. (transfer full) */
char *refract_report_dup_composite_text (RefractReport *self);
/* (transfer full) (nullable): "Weakest axis: Trajectory 92.1" */
char *refract_report_dup_weakest_text (RefractReport *self);
/* (transfer full) (element-type utf8): what a reader must know beside the composite, most important
 * first; sentences */
GPtrArray *refract_report_list_caveats (RefractReport *self);
/* (transfer full) (nullable): the reference measured twice; NULL when it was not */
char *refract_report_dup_floor_text (RefractReport *self);
/* (transfer full): comparable with published REFRACT 0.3 results or not; (nullable) when the
 * report does not say */
char *refract_report_dup_comparable_text (RefractReport *self);

/* "92.1 [77.4, 98.7] EXCELLENT", with "at best" behind it where KLD is a lower bound; "Not
 * measured" (transfer full) */
char *refract_report_dup_axis_score_text (RefractReport *self, RefractAxisId axis);
/* (transfer full): the same without the band, which is returned in @band, (out) (nullable) */
char *refract_report_dup_axis_score_parts (RefractReport *self, RefractAxisId axis, char **band);
/* (transfer full): what stands behind an axis' score, in half a line; why it was skipped */
char *refract_report_dup_axis_detail (RefractReport *self, RefractAxisId axis);
/* (transfer full) (nullable): "a lower bound from the top 64 tokens, 12 % of the probability
 * unseen" where KLD is one: then KLD's score and the composite are the best that they can be */
char *refract_report_dup_bound_text (RefractReport *self);
/* (transfer full) (element-type utf8): low confidence, few samples, the axis' notes */
GPtrArray *refract_report_list_axis_caveats (RefractReport *self, RefractAxisId axis);
/* "ok", "partial", "low" */
const char *refract_report_get_axis_confidence (RefractReport *self, RefractAxisId axis);

/* (transfer full): the card as plain text, for the clipboard */
char *refract_report_dup_summary_text (RefractReport *self);

/* Rows of the report's lists, in words; all (transfer full). @row, @prompt, @cell, @worst, @pair:
 * elements of `extension.ranking`, `axes.gtm.per_prompt`, `axes.rniah.cells`,
 * `extension.axes.kld.worst`, `axes.plad.per_prompt`. */
char *refract_ranking_row_dup_detail (JsonObject *row);
char *refract_prompt_dup_divergence (JsonObject *prompt);
char *refract_cell_dup_place (JsonObject *cell);
char *refract_cell_dup_outcome (JsonObject *cell);
char *refract_worst_dup_place (JsonObject *worst);
char *refract_worst_dup_detail (JsonObject *worst);
char *refract_pair_dup_detail (JsonObject *pair);
/* @rung: an element of `extension.axes.kld.ladder`; both (out) (transfer full) */
void refract_ladder_dup_texts (JsonObject *rung, char **title, char **text);
/* "Ended by the model", "Ended at the limit"; (nullable): the report does not say */
const char *refract_stop_get_text (const char *stop);
/* "Typing errors"; the name itself where it is not one of ours */
const char *refract_perturbation_get_title (const char *name);

/* Bytes from the start that are the same in both, whole characters only. */
gsize refract_text_common_prefix (const char *a, const char *b);
/* (transfer full): at most @max_chars of @text, "…" where it was cut */
char *refract_clip_text (const char *text, glong max_chars);

G_END_DECLS
