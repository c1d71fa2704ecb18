/* refract-backend-sglang.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-backend-server.h"

G_BEGIN_DECLS

/**
 * RefractBackendSglang:
 *
 * SGLang, as a `sglang` package of a Python environment or as servers of the user's.
 */
#define REFRACT_TYPE_BACKEND_SGLANG (refract_backend_sglang_get_type ())
G_DECLARE_FINAL_TYPE (
    RefractBackendSglang, refract_backend_sglang, REFRACT, BACKEND_SGLANG, RefractBackendServer)

RefractBackend *refract_backend_sglang_new (const RefractBackendOptions *options);

G_END_DECLS
