/* refract-engaged.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "audit/refract-engaged.h"
#include "core/refract-json.h"

#define LOW_BITS 5.0 /* a type this small that changes no token is suspect */

static void
take_doubt (RefractConfigResult *result, char *doubt)
{
  result->not_proved = TRUE;
  result->has_composite = FALSE;
  g_free (result->doubt);
  result->doubt = doubt;
}

static gboolean
is_proved (const RefractConfigResult *result)
{
  return result->kv_in_use != NULL && result->kv_in_use->evidence == REFRACT_EVIDENCE_PROVED;
}

static gboolean
is_without_divergence (const RefractObservation *kld)
{
  for (guint i = 0; i < kld->positions->len; i++)
    {
      const RefractKldPositions *positions = g_ptr_array_index (kld->positions, i);
      gsize n = (gsize) positions->shape.n_chunks * positions->rows_per_chunk;

      for (gsize row = 0; row < n; row++)
        if (positions->kld[row] != 0 || !positions->same_top[row])
          return FALSE;
    }

  return TRUE;
}

static gboolean
has_same_answers (const RefractObservation *a, const RefractObservation *b)
{
  for (guint i = 0; i < b->generations->len; i++)
    if (!refract_generation_same_ids (g_ptr_array_index (a->generations, i),
                                      g_ptr_array_index (b->generations, i)))
      return FALSE;

  return TRUE;
}

static double
get_bits (const RefractConfigResult *result)
{
  return MIN (refract_kv_type_get_bits (refract_kv_config_get_type_k (result->kv)),
              refract_kv_type_get_bits (refract_kv_config_get_type_v (result->kv)));
}

void
refract_engaged_check (RefractConfigResult *result,
                       RefractKvConfig *reference_kv,
                       const RefractObservations *reference,
                       const RefractObservations *candidate)
{
  const RefractObservation *kld = candidate->axes[REFRACT_AXIS_KLD];
  const RefractObservation *answers = candidate->axes[REFRACT_AXIS_TRAJECTORY];
  const char *label = refract_kv_config_get_label (result->kv);
  gboolean has_answers
      = answers == NULL || has_same_answers (reference->axes[REFRACT_AXIS_TRAJECTORY], answers);

  if (refract_kv_config_equal (result->kv, reference_kv))
    return;

  if (!refract_kv_config_is_quantized (result->kv))
    result->same_as_reference = kld != NULL && is_without_divergence (kld) && has_answers;
  else if (kld != NULL && is_without_divergence (kld))
    take_doubt (result,
                g_strdup_printf (
                    N_ ("KLD of %s is exactly 0 at every position: either the setting was not in "
                        "use, or what was measured does not read the cache."),
                    label));
  else if (kld == NULL && answers != NULL && has_answers && get_bits (result) <= LOW_BITS
           && !is_proved (result))
    take_doubt (result,
                g_strdup_printf (N_ ("Every answer of %s is the reference's own, and nothing "
                                     "shows that the setting was in use."),
                                 label));
}

/* Each chunk's divergence, the perplexity and the largest value: no chance makes them the same. */
static gboolean
has_same_divergence (const RefractConfigResult *a, const RefractConfigResult *b)
{
  static const char *const names[] = { "ppl", "max_kld", "p99_kld", "median_kld" };
  const RefractAxisResult *first = a->axes[REFRACT_AXIS_KLD];
  const RefractAxisResult *second = b->axes[REFRACT_AXIS_KLD];

  if (!refract_config_result_is_scored (a, REFRACT_AXIS_KLD)
      || !refract_config_result_is_scored (b, REFRACT_AXIS_KLD)
      || first->units->n != second->units->n
      || memcmp (first->units->numerator, second->units->numerator,
                 first->units->n * sizeof *first->units->numerator)
             != 0)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (refract_json_get_double (first->extension, names[i], NAN)
        != refract_json_get_double (second->extension, names[i], NAN))
      return FALSE;

  return refract_json_get_double (first->extension, "max_kld", 0) > 0;
}

/* Of other K or V types, not only of other flags. */
static gboolean
has_other_types (const RefractConfigResult *a, const RefractConfigResult *b)
{
  return !refract_kv_type_is_same (refract_kv_config_get_type_k (a->kv),
                                   refract_kv_config_get_type_k (b->kv))
         || !refract_kv_type_is_same (refract_kv_config_get_type_v (a->kv),
                                      refract_kv_config_get_type_v (b->kv));
}

static void
doubt_pair (RefractConfigResult *self, const RefractConfigResult *other)
{
  if (self->not_proved || (is_proved (self) && !is_proved (other)))
    return;
  take_doubt (self,
              g_strdup_printf (N_ ("%s and %s diverge by the same amounts to the last bit: the "
                                   "engine did one and the same for both types."),
                               refract_kv_config_get_label (self->kv),
                               refract_kv_config_get_label (other->kv)));
}

void
refract_engaged_check_all (GPtrArray *candidates)
{
  for (guint i = 0; i < candidates->len; i++)
    for (guint j = i + 1; j < candidates->len; j++)
      {
        RefractConfigResult *a = g_ptr_array_index (candidates, i);
        RefractConfigResult *b = g_ptr_array_index (candidates, j);

        if (!has_other_types (a, b) || !has_same_divergence (a, b))
          continue;
        doubt_pair (a, b);
        doubt_pair (b, a);
      }
}
