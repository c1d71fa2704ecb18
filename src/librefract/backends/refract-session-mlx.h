/* refract-session-mlx.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-mlx-worker.h"

G_BEGIN_DECLS

#define REFRACT_TYPE_SESSION_MLX (refract_session_mlx_get_type ())
G_DECLARE_FINAL_TYPE (RefractSessionMlx, refract_session_mlx, REFRACT, SESSION_MLX, RefractSession)

/**
 * refract_session_mlx_open:
 * @worker: has the model loaded; may outlive the session
 * @load_seconds: what this configuration waited for the model, 0 when it was loaded already
 *
 * Decodes one token to see what the caches become.
 *
 * Returns: (transfer full)
 */
RefractSession *refract_session_mlx_open (RefractMlxWorker *worker,
                                          RefractModel *model,
                                          RefractKvConfig *kv,
                                          const RefractSessionNeeds *needs,
                                          double load_seconds,
                                          GCancellable *cancellable,
                                          GError **error);

G_END_DECLS
