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

static guint64
disk_bytes (RefractPlan *plan, RefractModel *model)
{
  g_autoptr (GArray) ctx = refract_plan_get_uints (plan, "ctx");
  guint64 bytes = DISK_MARGIN;

  for (guint i = 0; i < ctx->len; i++)
    {
      const RefractLogitsShape shape = {
        .format = REFRACT_LOGITS_16BIT,
        .n_ctx = g_array_index (ctx, guint, i),
        .n_vocab = refract_model_get_info (model)->n_vocab,
        .n_chunks = refract_plan_get_int (plan, "chunks"),
      };

      bytes += refract_logits_file_size (&shape);
    }
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
    self->disk_bytes = disk_bytes (plan, model);
  return TRUE;
}
