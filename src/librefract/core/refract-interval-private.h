/* refract-interval-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "core/refract-random.h"
#include "core/refract-score.h"

G_BEGIN_DECLS

/* What one resample is scored as. */
enum
{
  REFRACT_VARIANT_PLAIN, /* every axis drawn */
  REFRACT_VARIANT_FIXED, /* the same, but with the axes of LOSS at their estimate */
  REFRACT_VARIANT_LOW,   /* with one imagined unit of random weight that went as badly as it can */
  REFRACT_VARIANT_HIGH,  /* with one that went as well as it can */
  REFRACT_N_VARIANTS,
};

typedef double RefractProblemScores[2][REFRACT_N_AXES];

/**
 * RefractProblem:
 * @units: of one candidate, or of two over the same units; %NULL for an axis that has no part
 * @group: the axis whose weights an axis shares: itself, but for PLAD with Trajectory's prompts
 * @imagine: whether the axis gets an imagined unit
 * @count: how often each unit is in the current resample
 * @spacing: exponential weights of the units, one more for the imagined unit; %NULL for a group
 *   without one
 * @n_variants: without LOW and HIGH where no axis has an imagined unit
 * @point: the scores as measured
 */
typedef struct
{
  const RefractUnits *units[2][REFRACT_N_AXES];
  guint n_sides;
  RefractAxisId group[REFRACT_N_AXES];
  gboolean imagine[REFRACT_N_AXES];
  double *count[REFRACT_N_AXES];
  double *spacing[REFRACT_N_AXES];
  guint n_variants;
  RefractProblemScores point;
} RefractProblem;

/* @units and @n_sides are set before */
void refract_problem_init (RefractProblem *self);
void refract_problem_clear (RefractProblem *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RefractProblem, refract_problem_clear)
/* the composite, or its difference */
double refract_problem_value (const RefractProblem *self, const double scores[2][REFRACT_N_AXES]);
/* units that measured something */
guint refract_problem_count_informative (const RefractUnits *units);
/* units that differ from the usual one: in their ratio, or for two candidates in the difference of
 * the ratios */
guint refract_problem_count_odd_ones (const RefractProblem *self, RefractAxisId axis);
/* the score of units by weight, with something added to either sum */
double refract_problem_weighted_score (const RefractUnits *units,
                                       const double *weights,
                                       double numerator,
                                       double denominator);
/* @index: of the resample, from 0 */
void refract_problem_resample (const RefractProblem *self,
                               guint index,
                               RefractRandom *random,
                               RefractProblemScores scores[REFRACT_N_VARIANTS]);

G_END_DECLS
