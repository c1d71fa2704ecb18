/* refract-plan-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "audit/refract-plan.h"

G_BEGIN_DECLS

#define REFRACT_PLAN_N_FIELDS 34

typedef enum
{
  REFRACT_PLAN_STRING,
  REFRACT_PLAN_PATH, /* a string that says where something lies on this machine */
  REFRACT_PLAN_STRV,
  REFRACT_PLAN_INT,
  REFRACT_PLAN_BOOLEAN,
  REFRACT_PLAN_DOUBLE,
  REFRACT_PLAN_UINTS, /* text: whole numbers with commas */
  REFRACT_PLAN_DOUBLES,
} RefractPlanFieldType;

typedef struct
{
  const char *name; /* property; the JSON key has underscores */
  RefractPlanFieldType type;
  const char *text; /* default of strings and lists */
  double value;     /* default of numbers */
  double minimum;   /* of a number, or of each element of a list */
  double maximum;
  const char *option; /* command line option of `refract score`; NULL where it is no plain option */
  gboolean is_local;  /* of this machine alone: in no report, and in no command to repeat */
} RefractPlanField;

typedef union
{
  char *text;
  char **strv;
  double number;
} RefractPlanValue;

struct _RefractPlan
{
  GObject parent_instance;

  RefractPlanValue values[REFRACT_PLAN_N_FIELDS];
};

extern const RefractPlanField refract_plan_fields[REFRACT_PLAN_N_FIELDS];

/* What "reference" stands for: at its default, the unquantized cache in the candidates' words. */
const char *refract_plan_get_reference_text (RefractPlan *self);
/* strings, paths and lists */
gboolean refract_plan_field_is_text (const RefractPlanField *field);
/* There has to be one of that name. */
guint refract_plan_find_field (const char *name);
/* (transfer full) (element-type double): the numbers of a list property; NULL with an error that
 * names the element */
GArray *refract_plan_parse_list (const RefractPlanField *field, const char *text, GError **error);

G_END_DECLS
