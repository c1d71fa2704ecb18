/* refract-perturb.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* The perturbations of the PLAD axis, in the order in which they draw from the generator. */
typedef enum
{
  REFRACT_PERTURBATION_TYPO,
  REFRACT_PERTURBATION_CASE,
  REFRACT_PERTURBATION_PUNCT,
  REFRACT_PERTURBATION_PARAPHRASE,
} RefractPerturbation;
#define REFRACT_N_PERTURBATIONS 4

/* "typo", "case", "punct", "paraphrase": the keys of the report */
const char *refract_perturbation_get_name (RefractPerturbation perturbation);

/**
 * refract_perturb:
 * @prompt: UTF-8
 * @seed: plan's seed + index of the prompt
 * @out: (out caller-allocates) (array fixed-size=4): newly allocated texts, %NULL where the
 *   perturbation does not apply
 *
 * SCORING, "Axis D"; fixtures/perturbations.json.
 */
void refract_perturb (const char *prompt, guint64 seed, char *out[REFRACT_N_PERTURBATIONS]);

G_END_DECLS
