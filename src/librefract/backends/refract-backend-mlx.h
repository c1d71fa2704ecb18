/* refract-backend-mlx.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-backend.h"

G_BEGIN_DECLS

/**
 * RefractBackendMlx:
 *
 * mlx-lm in the user's Python environment, through our worker (refract-mlx-worker.h). One process
 * with the model loaded serves all configurations of a run, as the KV cache is per request. What
 * the same configuration is asked a second time, which is how the noise floor is measured, is asked
 * of a new process.
 */
#define REFRACT_TYPE_BACKEND_MLX (refract_backend_mlx_get_type ())
G_DECLARE_FINAL_TYPE (RefractBackendMlx, refract_backend_mlx, REFRACT, BACKEND_MLX, RefractBackend)

RefractBackend *refract_backend_mlx_new (const RefractBackendOptions *options);

G_END_DECLS
