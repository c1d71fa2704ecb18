/* refract-engine-check.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "audit/refract-plan.h"
#include "backends/refract-backend.h"

G_BEGIN_DECLS

/* What is known of a plan's engine after it was looked for and tried. */
typedef struct
{
  GPtrArray *checks;         /* (nullable) (element-type RefractCheck): there is one to check */
  RefractEngineInfo *engine; /* (nullable): none that works */
  RefractBackend *backend;   /* likewise */
  GError *error;             /* (nullable) */
} RefractEngineCheck;

void refract_engine_check_free (RefractEngineCheck *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractEngineCheck, refract_engine_check_free)

/* In a worker, on a copy of @plan. @model: (nullable); with @loads_model it is loaded as well.
 * @source is kept until @callback. */
void refract_engine_check_async (GObject *source,
                                 RefractPlan *plan,
                                 RefractModel *model,
                                 gboolean loads_model,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback);
/* (transfer full) (nullable): %NULL only if it was cancelled */
RefractEngineCheck *refract_engine_check_finish (GAsyncResult *result);

G_END_DECLS
