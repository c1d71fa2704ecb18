/* refract-axis-kld.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "axes/refract-axis-private.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

/**
 * RefractKldAxis:
 *
 * Axis B: divergence of the candidate's next-token distribution on a corpus, from the positions
 * that the logits left (SCORING, "Axis B — KLD@D"). The score is that of the plan's first context
 * length.
 */
struct _RefractKldAxis
{
  RefractAxis parent_instance;
  GArray *contexts;
  char *corpus_name;
  char *corpus_sha256_head;
  guint64 corpus_size;
};

G_DEFINE_FINAL_TYPE (RefractKldAxis, refract_kld_axis, REFRACT_TYPE_AXIS)

static void
refract_kld_axis_estimate (RefractAxis *axis,
                           RefractPlan *plan,
                           const RefractInputs *inputs,
                           RefractEstimate *estimate)
{
  g_autoptr (GArray) contexts = refract_plan_get_uints (plan, "ctx");
  guint64 chunks = refract_plan_get_int (plan, "chunks");

  for (guint i = 0; i < contexts->len; i++)
    {
      guint context = g_array_index (contexts, guint, i);

      estimate->max_cells = MAX (estimate->max_cells, context);
      estimate->prompt_tokens += chunks * context;
    }
}

static GPtrArray *
refract_kld_axis_prepare (RefractAxis *axis,
                          RefractPlan *plan,
                          const RefractInputs *inputs,
                          RefractSession *session,
                          GCancellable *cancellable,
                          GError **error)
{
  RefractKldAxis *self = REFRACT_KLD_AXIS (axis);

  g_clear_pointer (&self->contexts, g_array_unref);
  g_clear_pointer (&self->corpus_name, g_free);
  g_clear_pointer (&self->corpus_sha256_head, g_free);
  self->contexts = refract_plan_get_uints (plan, "ctx");
  self->corpus_name = g_filename_display_basename (inputs->corpus->path);
  self->corpus_sha256_head = g_strdup (inputs->corpus->sha256_head);
  self->corpus_size = inputs->corpus->size_bytes;

  return g_ptr_array_new_with_free_func ((GDestroyNotify) refract_request_free);
}

static const RefractKldPositions *
get_positions (const RefractObservation *observation, guint index)
{
  if (observation->positions == NULL || index >= observation->positions->len)
    return NULL;

  return g_ptr_array_index (observation->positions, index);
}

static gboolean
check_positions (RefractKldAxis *self,
                 const RefractObservation *reference,
                 const RefractObservation *candidate,
                 GError **error)
{
  for (guint i = 0; i < self->contexts->len; i++)
    {
      guint context = g_array_index (self->contexts, guint, i);
      const RefractKldPositions *ref = get_positions (reference, i);
      const RefractKldPositions *cand = get_positions (candidate, i);

      if (ref == NULL || cand == NULL || cand->kld == NULL || cand->shape.n_chunks == 0
          || cand->rows_per_chunk == 0)
        {
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_NOTHING_MEASURED,
                       "KLD has no scored positions for a context of %u tokens. Measure this "
                       "configuration again.",
                       context);
          return FALSE;
        }
      if (ref->shape.n_ctx != cand->shape.n_ctx || ref->shape.n_chunks != cand->shape.n_chunks
          || cand->shape.n_ctx != context || ref->shape.n_vocab != cand->shape.n_vocab)
        {
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_NOTHING_MEASURED,
                       "KLD for a context of %u tokens was measured over %u × %u tokens on the "
                       "reference and %u × %u on the candidate. Measure both with the same plan.",
                       context, ref->shape.n_chunks, ref->shape.n_ctx, cand->shape.n_chunks,
                       cand->shape.n_ctx);
          return FALSE;
        }
    }

  return TRUE;
}

static RefractUnits *
make_units (const RefractKldPositions *positions)
{
  RefractUnits *units = refract_units_new (REFRACT_LINK_NATS, positions->shape.n_chunks);

  for (guint chunk = 0; chunk < positions->shape.n_chunks; chunk++)
    {
      const double *kld = positions->kld + (gsize) chunk * positions->rows_per_chunk;
      double sum = 0.0;

      for (guint row = 0; row < positions->rows_per_chunk; row++)
        sum += kld[row];
      units->numerator[chunk] = sum;
      units->denominator[chunk] = positions->rows_per_chunk;
    }

  return units;
}

/* The longer contexts, with what the first one has in its own place. */
static JsonArray *
make_ladder (RefractKldAxis *self, const RefractObservation *candidate)
{
  JsonArray *ladder = json_array_new ();

  for (guint i = 1; i < self->contexts->len; i++)
    {
      const RefractKldPositions *positions = get_positions (candidate, i);
      g_autoptr (RefractUnits) units = make_units (positions);
      JsonObject *step = refract_kld_statistics (positions);

      json_object_set_int_member (step, "ctx", positions->shape.n_ctx);
      json_object_set_int_member (step, "chunks", positions->shape.n_chunks);
      json_object_set_double_member (step, "score", refract_units_score (units));
      json_array_add_object_element (ladder, step);
    }

  return ladder;
}

static void
write_json (RefractKldAxis *self,
            RefractAxisResult *result,
            const RefractKldPositions *positions,
            JsonObject *statistics)
{
  static const char *const shared[] = { "mean_kld", "ppl", "rms_dp_pct", "same_topp_pct" };
  JsonObject *corpus = json_object_new ();

  for (guint i = 0; i < G_N_ELEMENTS (shared); i++)
    refract_json_set_double (result->json, shared[i],
                             refract_json_get_double (statistics, shared[i], NAN));
  json_object_set_string_member (result->json, "base_path", "");
  json_object_set_int_member (result->json, "chunks", positions->shape.n_chunks);
  json_object_set_int_member (result->json, "ctx", positions->shape.n_ctx);
  json_object_set_boolean_member (result->json, "is_self_reference", FALSE);

  json_object_set_string_member (corpus, "path", self->corpus_name);
  json_object_set_int_member (corpus, "size_bytes", self->corpus_size);
  json_object_set_string_member (corpus, "sha256_head", self->corpus_sha256_head);
  json_object_set_object_member (result->json, "corpus", corpus);
}

static RefractAxisResult *
refract_kld_axis_score (RefractAxis *axis,
                        const RefractObservation *reference,
                        const RefractObservation *candidate,
                        GError **error)
{
  RefractKldAxis *self = REFRACT_KLD_AXIS (axis);
  g_autoptr (RefractAxisResult) result = refract_axis_result_new (REFRACT_AXIS_KLD);
  const RefractKldPositions *positions;

  if (!check_positions (self, reference, candidate, error))
    return NULL;

  positions = get_positions (candidate, 0);
  refract_axis_result_take_units (result, make_units (positions));
  g_clear_pointer (&result->extension, json_object_unref);
  result->extension = refract_kld_statistics (positions);
  write_json (self, result, positions, result->extension);
  json_object_set_array_member (result->extension, "ladder", make_ladder (self, candidate));

  refract_axis_result_note (result, "Mean over %u positions (%u chunks of %u tokens).",
                            positions->shape.n_chunks * positions->rows_per_chunk,
                            positions->shape.n_chunks, positions->shape.n_ctx);
  if (refract_json_get_boolean (result->extension, "clipped", FALSE))
    refract_axis_result_note (result, "Above 3 nats the engine's 16-bit file hides part of the "
                                      "divergence: the mean is an underestimate.");

  if (refract_kld_positions_is_lower_bound (positions))
    refract_axis_result_note (result,
                              "A lower bound from the top %u tokens: %.1f %% of the reference's "
                              "probability was not seen, so that the score is the best it can be.",
                              positions->shape.top_k, 100 * positions->mean_tail);
  if (positions->is_unverified)
    refract_axis_result_note (result,
                              "Nobody has shown that this engine's %s reads the quantized cache on "
                              "this hardware: the divergence may be that of another path.",
                              refract_kld_phase_get_name (positions->phase));

  return g_steal_pointer (&result);
}

static void
refract_kld_axis_finalize (GObject *object)
{
  RefractKldAxis *self = REFRACT_KLD_AXIS (object);

  g_clear_pointer (&self->contexts, g_array_unref);
  g_clear_pointer (&self->corpus_name, g_free);
  g_clear_pointer (&self->corpus_sha256_head, g_free);

  G_OBJECT_CLASS (refract_kld_axis_parent_class)->finalize (object);
}

static void
refract_kld_axis_class_init (RefractKldAxisClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  RefractAxisClass *axis_class = REFRACT_AXIS_CLASS (klass);

  object_class->finalize = refract_kld_axis_finalize;

  axis_class->id = REFRACT_AXIS_KLD;
  axis_class->estimate = refract_kld_axis_estimate;
  axis_class->prepare = refract_kld_axis_prepare;
  axis_class->score = refract_kld_axis_score;
}

static void
refract_kld_axis_init (RefractKldAxis *self)
{
}
