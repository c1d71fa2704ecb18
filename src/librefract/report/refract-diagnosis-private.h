/* refract-diagnosis-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "report/refract-diagnosis.h"

G_BEGIN_DECLS

#define REFRACT_LOW_SCORE 80.0  /* below: low */
#define REFRACT_FAIL_SCORE 60.0 /* below: fail */

/* One bit per axis. */
typedef guint RefractAxes;
#define REFRACT_AXIS_BIT(axis) (1u << (axis))

typedef struct
{
  RefractAxes scored;
  RefractAxes low;    /* score < 80 */
  RefractAxes fail;   /* score < 60 */
  RefractAxes intact; /* score ≥ 80, and not at low confidence: the only ones to be called intact */
  RefractAxes uncertain; /* score ≥ 80 at low confidence: says nothing */
  RefractAxes missing;   /* not scored */
} RefractSurfaces;

void refract_surfaces_init (RefractSurfaces *self, const RefractConfigResult *result);
guint refract_axes_count (RefractAxes axes);
/* "Trajectory 71.2 and KLD@D 55.0" */
char *refract_axes_describe_scores (RefractAxes axes, const RefractConfigResult *result);
/* "the decoded text (Trajectory) and the token distribution (KLD@D)" */
char *refract_axes_describe_surfaces (RefractAxes axes);

/* The reference in a sentence: "f16" where K and V are the same plain type, else its label. */
char *refract_run_dup_reference_name (const RefractRun *run);

G_GNUC_PRINTF (3, 4)
void refract_findings_add (GPtrArray *findings, const char *remedy, const char *format, ...);
/* What stands beside the pattern: refract-findings.c. */
void refract_findings_add_details (GPtrArray *findings,
                                   const RefractRun *run,
                                   const RefractConfigResult *result,
                                   const RefractSurfaces *surfaces);

/* Paired difference of two results, or of what they have in common; where nothing can be paired,
 * the plain difference with the interval that the two plain intervals allow. */
void refract_compare_results (const RefractConfigResult *a,
                              const RefractConfigResult *b,
                              double *difference,
                              RefractInterval *interval);
/* A composite that can be ranked and recommended. */
gboolean refract_can_rank (const RefractConfigResult *result);

G_END_DECLS
