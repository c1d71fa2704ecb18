/* refract-needs.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "audit/refract-plan.h"
#include "axes/refract-axis.h"
#include "core/refract-model.h"

G_BEGIN_DECLS

/**
 * RefractNeeds:
 * @min_cells: context cells that the longest request needs, tokens
 * @n_cells: cells of each slot
 * @n_slots: slots of every session
 * @kv_bytes: KV cache of the reference with all slots, bytes; −1 where no formula holds
 * @disk_bytes: free space that the run wants before it starts, bytes; 0 without the axis kld
 *
 * What a plan needs of the machine.
 */
typedef struct
{
  guint min_cells;
  guint n_cells;
  guint n_slots;
  double kv_bytes;
  guint64 disk_bytes;
} RefractNeeds;

/**
 * refract_needs_compute:
 * @axes: %NULL where the plan leaves the axis out
 *
 * Slots are as many as the KV budget allows, each with a cache of its own that the longest request
 * fits into: where a sequence lies in a shared cache changes its rounding. So long needles cost the
 * other axes slots where the budget binds; a session of their own would cost every configuration
 * another start instead. A budget of 0 is what memory is free now.
 *
 * Returns: %FALSE with %REFRACT_ERROR_MEMORY where the longest request does not fit the plan's
 *   budget
 */
gboolean refract_needs_compute (RefractNeeds *self,
                                RefractPlan *plan,
                                RefractModel *model,
                                RefractAxis *const axes[REFRACT_N_AXES],
                                const RefractInputs *inputs,
                                GError **error);

G_END_DECLS
