/* refract-damage.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "report/refract-diagnosis-private.h"

#define ONE_SIDE_SHARE 0.5 /* of the loss: more than half is "most of it" */

static gboolean
equal_but_types (RefractKvConfig *a, RefractKvConfig *b)
{
  return g_strv_equal (refract_kv_config_get_flags (a), refract_kv_config_get_flags (b))
         && g_strv_equal (refract_kv_config_get_environment (a),
                          refract_kv_config_get_environment (b));
}

/* The candidate of the sweep that has these types and is otherwise set as @like. */
static const RefractConfigResult *
find_side (const RefractRun *run, RefractKvConfig *like, const char *type_k, const char *type_v)
{
  for (guint i = 0; i < run->candidates->len; i++)
    {
      const RefractConfigResult *other = g_ptr_array_index (run->candidates, i);

      if (g_str_equal (refract_kv_config_get_type_k (other->kv), type_k)
          && g_str_equal (refract_kv_config_get_type_v (other->kv), type_v)
          && equal_but_types (other->kv, like) && refract_can_rank (other))
        return other;
    }
  return NULL;
}

/* Both sides are changed: what the candidates that change one of them say. */
static RefractSide
judge_sides (const RefractDamage *self, const RefractConfigResult *result)
{
  double difference;
  RefractInterval interval;

  if (self->k_only != NULL && self->v_only != NULL)
    {
      refract_compare_results (self->k_only, self->v_only, &difference, &interval);
      if (interval.high < 0)
        return REFRACT_SIDE_K;
      return interval.low > 0 ? REFRACT_SIDE_V : REFRACT_SIDE_BOTH;
    }
  if (self->k_only != NULL || self->v_only != NULL)
    {
      const RefractConfigResult *alone = self->k_only != NULL ? self->k_only : self->v_only;
      double share = (100 - alone->composite) / (100 - result->composite);

      return (alone == self->k_only) == (share > ONE_SIDE_SHARE) ? REFRACT_SIDE_K : REFRACT_SIDE_V;
    }
  return REFRACT_SIDE_UNKNOWN;
}

void
refract_damage_init (RefractDamage *self, const RefractRun *run, const RefractConfigResult *result)
{
  const char *type_k = refract_kv_config_get_type_k (result->kv);
  const char *type_v = refract_kv_config_get_type_v (result->kv);
  const char *reference_k = refract_kv_config_get_type_k (run->reference->kv);
  const char *reference_v = refract_kv_config_get_type_v (run->reference->kv);
  gboolean same_k = g_str_equal (type_k, reference_k);
  gboolean same_v = g_str_equal (type_v, reference_v);

  *self = (RefractDamage) { REFRACT_SIDE_UNKNOWN, NULL, NULL,
                            refract_kv_config_get_dialect (result->kv) };
  if (same_k || same_v)
    {
      if (same_k != same_v)
        self->side = same_k ? REFRACT_SIDE_V : REFRACT_SIDE_K;
      return;
    }
  if (!refract_can_rank (result) || result->composite >= 100 || refract_within_noise (run, result))
    return;

  self->k_only = find_side (run, result->kv, type_k, reference_v);
  self->v_only = find_side (run, result->kv, reference_k, type_v);
  self->side = judge_sides (self, result);
}

const char *
refract_damage_get_remedy (const RefractDamage *self)
{
  switch (self->side)
    {
    case REFRACT_SIDE_K:
      return N_ ("Give K more bits.");
    case REFRACT_SIDE_V:
      return self->dialect == REFRACT_KV_MLX
                 ? N_ ("Give V more bits, or smaller groups.")
                 : N_ ("Give V more bits, or try a V that is not rotated.");
    case REFRACT_SIDE_BOTH:
    case REFRACT_SIDE_UNKNOWN:
    default:
      if (self->dialect == REFRACT_KV_SERVER)
        return N_ (
            "Try a KV type with more bits, or a checkpoint that brings scales for its cache.");
      if (self->dialect == REFRACT_KV_MLX)
        return N_ ("Try more bits, or smaller groups.");
      return N_ (
          "Try a V type with more bits or one that is not rotated, or more bits for K than for "
          "V.");
    }
}

void
refract_damage_add_finding (const RefractDamage *self,
                            GPtrArray *findings,
                            const RefractConfigResult *result)
{
  const RefractConfigResult *alone = self->side == REFRACT_SIDE_K ? self->k_only : self->v_only;
  const RefractConfigResult *other = self->side == REFRACT_SIDE_K ? self->v_only : self->k_only;
  const char *side = self->side == REFRACT_SIDE_K ? "K" : "V";
  g_autofree char *remedy = g_strdup_printf (N_ ("Give %s more bits first."), side);
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  if (self->k_only == NULL && self->v_only == NULL)
    return;
  if (self->side == REFRACT_SIDE_BOTH)
    {
      first = refract_format_score (self->k_only->composite, 1);
      second = refract_format_score (self->v_only->composite, 1);
      refract_findings_add (findings, N_ ("Either side may get more bits."),
                            "K and V do about the same damage: alone they score %s and %s.", first,
                            second);
      return;
    }
  if (alone != NULL && other != NULL)
    {
      first = refract_format_score (alone->composite, 1);
      second = refract_format_score (other->composite, 1);
      refract_findings_add (findings, remedy, "%s does the damage: %s scores %s, %s %s.", side,
                            refract_kv_config_get_label (alone->kv), first,
                            refract_kv_config_get_label (other->kv), second);
      return;
    }
  if (alone == NULL)
    alone = other;
  first = refract_format_score (alone->composite, 1);
  second = refract_format_score (result->composite, 1);
  refract_findings_add (findings, remedy,
                        "%s does most of the damage: %s scores %s, both together %s.", side,
                        refract_kv_config_get_label (alone->kv), first, second);
}
