/* refract-mlx-logits.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-mlx-worker.h"

G_BEGIN_DECLS

/* refract_backend_logits() with a worker that has the model loaded. */
RefractLogitsRun *refract_mlx_logits (RefractMlxWorker *worker,
                                      RefractModel *model,
                                      RefractKvConfig *kv,
                                      const RefractLogitsSpec *spec,
                                      RefractLogitsFunc func,
                                      gpointer user_data,
                                      GCancellable *cancellable,
                                      GError **error);

G_END_DECLS
