/* refract-facts.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "report/refract-report.h"

G_BEGIN_DECLS

/**
 * RefractFact:
 * @title: what it is
 * @value: the candidate's, with its unit
 * @reference: (nullable): the same of the reference, where both have one
 * @note: (nullable): what a reader must know beside it
 *
 * One number or word of a report, ready to be shown. Plain text; values from a report are
 * untrusted.
 */
typedef struct
{
  char *title;
  char *value;
  char *reference;
  char *note;
} RefractFact;

void refract_fact_free (RefractFact *self);

typedef enum
{
  REFRACT_FACTS_TRAJECTORY,
  REFRACT_FACTS_KLD,
  REFRACT_FACTS_RNIAH,
  REFRACT_FACTS_PLAD,
  REFRACT_FACTS_SPEED,
  REFRACT_FACTS_KV,
  REFRACT_FACTS_MODEL,
  REFRACT_FACTS_HARDWARE,
  REFRACT_FACTS_ENGINE,
  REFRACT_FACTS_INPUTS,
  REFRACT_FACTS_RUN,
} RefractFactGroup;

/* What the report has of that group, in reading order; what it lacks is left out, so that the list
 * may be empty. (transfer full) (element-type RefractFact) */
GPtrArray *refract_report_list_facts (RefractReport *self, RefractFactGroup group);

G_END_DECLS
