/* refract-run.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "audit/refract-run.h"
#include "core/refract-data.h"
#include "core/refract-error.h"

#define MIB 1048576.0
/* Engines print buffers with two decimals: within this share the formula is confirmed, and it is
 * the exact number. */
#define CONFIRMED 0.01

/**
 * refract_config_result_new:
 * @kv: (transfer none): the configuration
 *
 * Returns: (transfer full): a result with nothing measured and nothing known
 */
RefractConfigResult *
refract_config_result_new (RefractKvConfig *kv)
{
  RefractConfigResult *self = g_new0 (RefractConfigResult, 1);

  self->kv = refract_kv_config_ref (kv);
  self->performance.prefill_tps = -1;
  self->performance.decode_tps = -1;
  self->performance.load_seconds = -1;
  self->performance.setup_seconds = -1;
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    self->performance.axis_seconds[i] = -1;
  return self;
}

void
refract_config_result_free (RefractConfigResult *self)
{
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    g_clear_pointer (&self->axes[i], refract_axis_result_free);
  g_clear_pointer (&self->kv, refract_kv_config_unref);
  g_clear_pointer (&self->kv_in_use, refract_kv_in_use_free);
  g_free (self->doubt);
  g_clear_error (&self->error);
  g_free (self);
}

/**
 * refract_config_result_is_scored:
 *
 * Returns: %TRUE when @axis is part of the result and has a score
 */
gboolean
refract_config_result_is_scored (const RefractConfigResult *self, RefractAxisId axis)
{
  return self->axes[axis] != NULL && self->axes[axis]->skip_reason == NULL;
}

/**
 * refract_config_result_get_units:
 * @units: (out caller-allocates): the units of each axis (borrowed), %NULL where it was not scored
 */
void
refract_config_result_get_units (const RefractConfigResult *self,
                                 const RefractUnits *units[REFRACT_N_AXES])
{
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    units[i] = refract_config_result_is_scored (self, i) ? self->axes[i]->units : NULL;
}

void
refract_config_result_compose (RefractConfigResult *self)
{
  const RefractUnits *units[REFRACT_N_AXES];
  double scores[REFRACT_N_AXES];

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    scores[i] = refract_config_result_is_scored (self, i) ? self->axes[i]->score : NAN;
  self->has_composite = refract_composite (scores, REFRACT_N_AXES, &self->composite, NULL);
  if (!self->has_composite)
    return;

  refract_config_result_get_units (self, units);
  refract_composite_interval (units, &self->composite_interval);
}

/* "auto" is what the engine says it became; unsaid it is 16 bits, but for models of which engines
 * make one thing or another. */
static double
compute_bytes_per_token (const RefractConfigResult *self, RefractModel *model)
{
  const char *in_use = self->kv_in_use != NULL ? self->kv_in_use->type_k : NULL;
  const char *weights = refract_model_get_info (model)->quantization;
  g_autofree char *text = NULL;
  g_autoptr (RefractKvConfig) kv = NULL;

  if (g_strcmp0 (refract_kv_config_get_type_k (self->kv), "auto") != 0)
    return refract_kv_config_get_bytes_per_token (self->kv, model);
  if (in_use == NULL || *in_use == '\0' || g_str_equal (in_use, "auto"))
    return g_strcmp0 (weights, "float32") == 0
               ? -1
               : refract_kv_config_get_bytes_per_token (self->kv, model);
  text = g_strconcat ("kv=", in_use, NULL);
  kv = refract_kv_config_parse (text, NULL);
  return kv != NULL ? refract_kv_config_get_bytes_per_token (kv, model) : -1;
}

double
refract_config_result_get_bytes_per_token (const RefractConfigResult *self,
                                           RefractModel *model,
                                           const char **source)
{
  const RefractKvInUse *in_use = self->kv_in_use;
  double computed = model != NULL ? compute_bytes_per_token (self, model) : -1;
  double measured = -1;
  const char *ignored;

  if (source == NULL)
    source = &ignored;
  if (in_use != NULL && in_use->buffer_mib > 0 && in_use->n_cells > 0)
    measured = in_use->buffer_mib * MIB / in_use->n_cells;

  if (measured > 0)
    {
      *source = "measured";
      return computed > 0 && fabs (measured / computed - 1) <= CONFIRMED ? computed : measured;
    }
  *source = computed > 0 ? "computed" : "unknown";
  return computed > 0 ? computed : -1;
}

RefractRun *
refract_run_new (void)
{
  RefractRun *self = g_new0 (RefractRun, 1);

  self->candidates = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_config_result_free);
  self->notes = g_ptr_array_new_with_free_func (g_free);
  return self;
}

void
refract_run_free (RefractRun *self)
{
  g_free (self->run_id);
  g_clear_pointer (&self->finished, g_date_time_unref);
  g_clear_object (&self->plan);
  g_clear_object (&self->model);
  g_clear_pointer (&self->engine, refract_engine_info_free);
  g_clear_pointer (&self->prompts, refract_prompts_free);
  g_clear_pointer (&self->corpus, refract_text_free);
  g_clear_pointer (&self->haystack, refract_text_free);
  g_clear_pointer (&self->reference, refract_config_result_free);
  g_clear_pointer (&self->floor, refract_config_result_free);
  g_clear_pointer (&self->candidates, g_ptr_array_unref);
  g_free (self->slots_evidence);
  g_clear_pointer (&self->notes, g_ptr_array_unref);
  g_free (self);
}

/**
 * refract_run_load_inputs:
 *
 * Returns: %FALSE with %REFRACT_ERROR_INPUT that names the file, or %REFRACT_ERROR_USAGE where the
 *   plan names none and there is no default
 */
gboolean
refract_run_load_inputs (RefractRun *self, GError **error)
{
  RefractPlan *plan = self->plan;

  if (refract_plan_has_axis (plan, REFRACT_AXIS_TRAJECTORY)
      || refract_plan_has_axis (plan, REFRACT_AXIS_PLAD))
    {
      const char *path = refract_plan_get_string (plan, "prompts");
      g_autofree char *own = path == NULL ? refract_data_dup_path ("prompts/v1.jsonl") : NULL;

      self->prompts = refract_prompts_load (path != NULL ? path : own, error);
      if (self->prompts == NULL)
        return FALSE;
    }
  if (refract_plan_has_axis (plan, REFRACT_AXIS_KLD))
    {
      if (refract_plan_get_string (plan, "corpus") == NULL)
        {
          g_set_error (
              error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
              "The axis kld needs a text to read: give a file with --corpus (WikiText-2 raw "
              "test, to compare with published results).");
          return FALSE;
        }
      self->corpus = refract_text_load (refract_plan_get_string (plan, "corpus"), error);
      if (self->corpus == NULL)
        return FALSE;
    }
  if (refract_plan_has_axis (plan, REFRACT_AXIS_RNIAH))
    {
      const char *path = refract_plan_get_string (plan, "haystack");

      /* A corpus serves as haystack as well. */
      if (path == NULL)
        path = refract_plan_get_string (plan, "corpus");
      if (path == NULL)
        {
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                       "The axis rniah needs a long text to hide the needle in: give a file with "
                       "--haystack.");
          return FALSE;
        }
      self->haystack = refract_text_load (path, error);
      if (self->haystack == NULL)
        return FALSE;
    }

  return TRUE;
}

RefractInputs
refract_run_get_inputs (const RefractRun *self)
{
  RefractInputs inputs = { self->prompts, self->corpus, self->haystack, 0, 0 };

  if (self->model != NULL)
    inputs.model_context = refract_model_get_info (self->model)->context_length;
  return inputs;
}
