/* refract-axis.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "axes/refract-axis-private.h"
#include "core/refract-error.h"

#define SPECIAL_TOKENS_MOST 8
#define DENSE_BYTES 512
#define TEMPLATE_TOKENS_ABOUT 24

G_DEFINE_ABSTRACT_TYPE (RefractAxis, refract_axis, G_TYPE_OBJECT)

RefractObservation *
refract_observation_new (RefractAxisId axis)
{
  RefractObservation *self = g_new0 (RefractObservation, 1);

  self->axis = axis;

  return self;
}

void
refract_observation_free (RefractObservation *self)
{
  g_clear_pointer (&self->generations, g_ptr_array_unref);
  g_clear_pointer (&self->positions, g_ptr_array_unref);
  g_free (self);
}

const char *
refract_confidence_get_name (RefractConfidence confidence)
{
  static const char *const names[] = { "ok", "partial", "low" };

  return names[confidence];
}

RefractAxisResult *
refract_axis_result_new (RefractAxisId axis)
{
  RefractAxisResult *self = g_new0 (RefractAxisResult, 1);

  self->axis = axis;
  self->notes = g_ptr_array_new_with_free_func (g_free);
  self->json = json_object_new ();
  self->extension = json_object_new ();

  return self;
}

RefractAxisResult *
refract_axis_result_new_skipped (RefractAxisId axis, const char *reason)
{
  RefractAxisResult *self = refract_axis_result_new (axis);

  self->skip_reason = g_strdup (reason);

  return self;
}

void
refract_axis_result_free (RefractAxisResult *self)
{
  g_clear_pointer (&self->units, refract_units_free);
  g_clear_pointer (&self->notes, g_ptr_array_unref);
  g_clear_pointer (&self->json, json_object_unref);
  g_clear_pointer (&self->extension, json_object_unref);
  g_free (self->skip_reason);
  g_free (self);
}

void
refract_axis_result_take_units (RefractAxisResult *self, RefractUnits *units)
{
  g_clear_pointer (&self->units, refract_units_free);
  self->units = units;
  self->score = refract_units_score (units);
  refract_units_interval (units, &self->interval);
}

void
refract_axis_result_note (RefractAxisResult *self, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  g_ptr_array_add (self->notes, g_strdup_vprintf (format, args));
  va_end (args);
}

static void
refract_axis_class_init (RefractAxisClass *klass)
{
}

static void
refract_axis_init (RefractAxis *self)
{
}

/**
 * refract_axis_new:
 *
 * Returns: (transfer full): the axis of that id, nothing prepared yet
 */
RefractAxis *
refract_axis_new (RefractAxisId id)
{
  switch (id)
    {
    case REFRACT_AXIS_TRAJECTORY:
      return g_object_new (REFRACT_TYPE_TRAJECTORY_AXIS, NULL);
    case REFRACT_AXIS_KLD:
      return g_object_new (REFRACT_TYPE_KLD_AXIS, NULL);
    case REFRACT_AXIS_RNIAH:
      return g_object_new (REFRACT_TYPE_RNIAH_AXIS, NULL);
    case REFRACT_AXIS_PLAD:
      return g_object_new (REFRACT_TYPE_PLAD_AXIS, NULL);
    default:
      g_return_val_if_reached (NULL);
    }
}

RefractAxisId
refract_axis_get_id (RefractAxis *self)
{
  g_return_val_if_fail (REFRACT_IS_AXIS (self), REFRACT_AXIS_TRAJECTORY);

  return REFRACT_AXIS_GET_CLASS (self)->id;
}

gboolean
refract_axis_check (RefractAxis *self,
                    RefractPlan *plan,
                    const RefractInputs *inputs,
                    GError **error)
{
  RefractAxisClass *klass;

  g_return_val_if_fail (REFRACT_IS_AXIS (self), FALSE);

  klass = REFRACT_AXIS_GET_CLASS (self);
  return klass->check == NULL || klass->check (self, plan, inputs, error);
}

void
refract_axis_estimate (RefractAxis *self,
                       RefractPlan *plan,
                       const RefractInputs *inputs,
                       RefractEstimate *estimate)
{
  g_return_if_fail (REFRACT_IS_AXIS (self));

  memset (estimate, 0, sizeof *estimate);
  REFRACT_AXIS_GET_CLASS (self)->estimate (self, plan, inputs, estimate);
}

GPtrArray *
refract_axis_prepare (RefractAxis *self,
                      RefractPlan *plan,
                      const RefractInputs *inputs,
                      RefractSession *session,
                      GCancellable *cancellable,
                      GError **error)
{
  g_return_val_if_fail (REFRACT_IS_AXIS (self), NULL);

  return REFRACT_AXIS_GET_CLASS (self)->prepare (self, plan, inputs, session, cancellable, error);
}

RefractAxisResult *
refract_axis_score (RefractAxis *self,
                    const RefractObservation *reference,
                    const RefractObservation *candidate,
                    GError **error)
{
  g_return_val_if_fail (REFRACT_IS_AXIS (self), NULL);

  return REFRACT_AXIS_GET_CLASS (self)->score (self, reference, candidate, error);
}

GPtrArray *
refract_axis_copy_prompts (const RefractInputs *inputs)
{
  GPtrArray *copies = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_prompt_free);

  for (guint i = 0; i < refract_prompts_get_n (inputs->prompts); i++)
    g_ptr_array_add (copies, refract_prompt_copy (refract_prompts_get (inputs->prompts, i)));

  return copies;
}

GArray *
refract_axis_tokenize_prompt (RefractSession *session,
                              const RefractInputs *inputs,
                              const RefractPrompt *prompt,
                              const char *text,
                              gboolean chat,
                              guint n_predict,
                              GCancellable *cancellable,
                              GError **error)
{
  g_autoptr (GArray) ids = NULL;

  if (chat)
    ids = refract_session_tokenize_chat (session, NULL, text, cancellable, error);
  else
    ids = refract_session_tokenize (session, text, TRUE, FALSE, cancellable, error);
  if (ids == NULL)
    return NULL;

  if (ids->len == 0)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                   "Prompt “%s” has no tokens for this model. Remove it from the prompt set.",
                   prompt->id);
      return NULL;
    }
  if (inputs->engine_context > 0 && (guint64) ids->len + n_predict > inputs->engine_context)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                   "Prompt “%s” has %u tokens and its answer up to %u: more than the context of "
                   "%" PRIu64 ". Shorten it, or predict fewer tokens.",
                   prompt->id, ids->len, n_predict, inputs->engine_context);
      return NULL;
    }

  return g_steal_pointer (&ids);
}

void
refract_axis_estimate_prompt (const char *text,
                              gboolean chat,
                              guint n_predict,
                              RefractEstimate *estimate)
{
  gsize length = strlen (text);
  /* A token stands for a byte at least; a long text is never that dense. */
  gsize most = length < DENSE_BYTES ? length : DENSE_BYTES + (length - DENSE_BYTES) / 2;

  most += (chat ? REFRACT_TEMPLATE_TOKENS_MOST : SPECIAL_TOKENS_MOST) + n_predict;
  estimate->n_requests++;
  estimate->max_cells = MAX (estimate->max_cells, most);
  estimate->prompt_tokens += length / 4 + 1 + (chat ? TEMPLATE_TOKENS_ABOUT : 0);
  estimate->predict_tokens += n_predict;
}

gboolean
refract_axis_check_generations (RefractAxis *self,
                                const RefractObservation *reference,
                                const RefractObservation *candidate,
                                guint n,
                                GError **error)
{
  const RefractObservation *both[] = { reference, candidate };

  for (guint i = 0; i < G_N_ELEMENTS (both); i++)
    {
      guint found = both[i]->generations != NULL ? both[i]->generations->len : 0;

      if (both[i]->axis != refract_axis_get_id (self) || found != n)
        {
          g_set_error (
              error, REFRACT_ERROR, REFRACT_ERROR_NOTHING_MEASURED,
              "%s has %u answers where %u were asked for. Measure this configuration again.",
              refract_axis_id_get_title (refract_axis_get_id (self)), found, n);
          return FALSE;
        }
    }

  return TRUE;
}
