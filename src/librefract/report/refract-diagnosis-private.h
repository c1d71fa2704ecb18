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
typedef enum
{
  REFRACT_SIDE_UNKNOWN,
  REFRACT_SIDE_K,
  REFRACT_SIDE_V,
  REFRACT_SIDE_BOTH,
} RefractSide;

/**
 * RefractDamage:
 * @side: which side of the cache does the damage
 * @k_only: (nullable): the sweep's candidate with this K and the reference's V (borrowed)
 * @v_only: (nullable): likewise for V
 * @dialect: what can be set at all: servers have one type for both, and only llama.cpp rotates
 *
 * SCORING, "Diagnosis": what candidates of the same sweep that change one side alone tell. A result
 * that itself changes one side alone needs none.
 */
typedef struct
{
  RefractSide side;
  const RefractConfigResult *k_only;
  const RefractConfigResult *v_only;
  RefractKvDialect dialect;
} RefractDamage;

void
refract_damage_init (RefractDamage *self, const RefractRun *run, const RefractConfigResult *result);
/* what to do about answers that drift; never to add bits to a side that has all of them */
const char *refract_damage_get_remedy (const RefractDamage *self);
void refract_damage_add_finding (const RefractDamage *self,
                                 GPtrArray *findings,
                                 const RefractConfigResult *result);

/* What stands beside the pattern: refract-findings.c. */
void refract_findings_add_details (GPtrArray *findings,
                                   const RefractConfigResult *result,
                                   const RefractSurfaces *surfaces,
                                   const RefractDamage *damage);

/* Paired difference of two results, or of what they have in common; where nothing can be paired,
 * the plain difference with the interval that the two plain intervals allow. */
void refract_compare_results (const RefractConfigResult *a,
                              const RefractConfigResult *b,
                              double *difference,
                              RefractInterval *interval);
/* A composite that can be ranked and recommended. */
gboolean refract_can_rank (const RefractConfigResult *result);

G_END_DECLS
