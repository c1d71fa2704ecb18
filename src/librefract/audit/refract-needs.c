/* refract-needs.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "audit/refract-hardware.h"
#include "audit/refract-needs.h"
#include "core/refract-error.h"
#include "core/refract-logits.h"

#define MAX_AUTO_SLOTS 32
#define SHORT_CELLS 512 /* a prompt of ordinary length, its answer beside it */
#define MAX_AUTO_BUDGET (G_GUINT64_CONSTANT (4) << 30) /* bytes of KV cache at the reference */
#define DISK_MARGIN (G_GUINT64_CONSTANT (64) << 20)
/* What servers give of a position, about. */
#define SERVER_TOP_K 64
#define SMALL_VOCABULARY 4096

/* What an engine of @dialect gives of each position: llama.cpp 16 bits of the whole vocabulary, MLX
 * 32, a server 32 of a small one and the most likely tokens of a large one. */
static guint64
reference_bytes (RefractKvDialect dialect, guint n_ctx, guint n_vocab, guint n_chunks)
{
  const RefractLogitsShape words = { REFRACT_LOGITS_16BIT, n_ctx, n_vocab, n_chunks, 0 };
  const RefractLogitsShape f32 = { REFRACT_LOGITS_F32, n_ctx, n_vocab, n_chunks, 0 };
  const RefractLogitsShape top = { REFRACT_LOGITS_TOP, n_ctx, n_vocab, n_chunks, SERVER_TOP_K };

  switch (dialect)
    {
    case REFRACT_KV_MLX:
      return refract_logits_file_size (&f32);
    case REFRACT_KV_SERVER:
      return n_vocab <= SMALL_VOCABULARY ? refract_logits_file_size (&f32)
                                         : refract_logits_file_size (&top);
    case REFRACT_KV_LLAMACPP:
    default:
      return refract_logits_file_size (&words);
    }
}

static guint64
disk_bytes (RefractPlan *plan, RefractModel *model, RefractKvDialect dialect)
{
  g_autoptr (GArray) ctx = refract_plan_get_uints (plan, "ctx");
  guint64 bytes = DISK_MARGIN;

  for (guint i = 0; i < ctx->len; i++)
    bytes += reference_bytes (dialect, g_array_index (ctx, guint, i),
                              refract_model_get_info (model)->n_vocab,
                              refract_plan_get_int (plan, "chunks"));
  return bytes;
}

gboolean
refract_needs_compute (RefractNeeds *self,
                       RefractPlan *plan,
                       RefractModel *model,
                       RefractAxis *const axes[REFRACT_N_AXES],
                       const RefractInputs *inputs,
                       GError **error)
{
  g_autoptr (RefractKvConfig) reference = refract_plan_get_reference (plan, error);
  guint64 budget = refract_plan_get_int (plan, "kv-budget");
  guint slots = refract_plan_get_int (plan, "slots");
  guint n_requests = 0, side_by_side;
  double bytes;

  if (reference == NULL)
    return FALSE;

  bytes = refract_kv_config_get_bytes_per_token (reference, model);
  *self = (RefractNeeds) { .kv_bytes = -1 };
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      RefractEstimate estimate = { 0 };

      if (axes[i] == NULL || i == REFRACT_AXIS_KLD)
        continue;
      refract_axis_estimate (axes[i], plan, inputs, &estimate);
      self->min_cells = MAX (self->min_cells, estimate.max_cells);
      if (i != REFRACT_AXIS_RNIAH)
        n_requests = MAX (n_requests, estimate.n_requests);
    }
  self->min_cells = MAX (self->min_cells, SHORT_CELLS);

  if (budget == 0)
    budget = MIN (refract_hardware_get_available_memory () / 2, MAX_AUTO_BUDGET);
  if (bytes > 0 && budget / bytes < self->min_cells && refract_plan_get_int (plan, "kv-budget") > 0)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MEMORY,
                   "The longest prompt needs %u tokens of KV cache (%.0f MiB), which is more than "
                   "the budget of %.0f MiB: raise --kv-budget or shorten --rniah-lengths.",
                   self->min_cells, self->min_cells * bytes / 1048576, budget / 1048576.0);
      return FALSE;
    }

  /* Engines round up to this anyway; the same number everywhere. */
  self->n_cells = (self->min_cells + 255) / 256 * 256;
  side_by_side = CLAMP (n_requests, 1, MAX_AUTO_SLOTS);
  if (bytes > 0)
    side_by_side = CLAMP ((guint64) (budget / bytes) / self->n_cells, 1, side_by_side);
  self->n_slots = slots > 0 ? slots : side_by_side;
  if (bytes >= 0)
    self->kv_bytes = bytes * self->n_cells * self->n_slots;
  if (axes[REFRACT_AXIS_KLD] != NULL)
    self->disk_bytes = disk_bytes (plan, model, refract_kv_config_get_dialect (reference));
  return TRUE;
}
