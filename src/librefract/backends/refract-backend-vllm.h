/* refract-backend-vllm.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-backend-server.h"

G_BEGIN_DECLS

/**
 * RefractBackendVllm:
 *
 * vLLM, as a `vllm` package of a Python environment or as servers of the user's.
 */
#define REFRACT_TYPE_BACKEND_VLLM (refract_backend_vllm_get_type ())
G_DECLARE_FINAL_TYPE (
    RefractBackendVllm, refract_backend_vllm, REFRACT, BACKEND_VLLM, RefractBackendServer)

RefractBackend *refract_backend_vllm_new (const RefractBackendOptions *options);

G_END_DECLS
