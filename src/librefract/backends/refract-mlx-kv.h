/* refract-mlx-kv.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-mlx-worker.h"

G_BEGIN_DECLS

/* (transfer full): the member `kv` of a request */
JsonObject *refract_mlx_kv_to_json (RefractKvConfig *kv);

/**
 * refract_mlx_kv_read:
 * @reply: an answer with the member `kv`: what the worker found in the caches after a forward pass
 *
 * Returns: (transfer full): PROVED; or %NULL with %REFRACT_ERROR_NOT_ENGAGED where the caches did
 *   not store what @kv asks for from the first token on, or %REFRACT_ERROR_ENGINE where the answer
 *   is none
 */
RefractKvInUse *refract_mlx_kv_read (RefractMlxWorker *worker,
                                     RefractKvConfig *kv,
                                     RefractModel *model,
                                     JsonObject *reply,
                                     GError **error);

G_END_DECLS
