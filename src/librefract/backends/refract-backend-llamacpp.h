/* refract-backend-llamacpp.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-backend.h"

G_BEGIN_DECLS

/**
 * RefractBackendLlamacpp:
 *
 * Stock llama.cpp or any fork of it: the user's own `llama-server` and `llama-perplexity`.
 */
#define REFRACT_TYPE_BACKEND_LLAMACPP (refract_backend_llamacpp_get_type ())
G_DECLARE_FINAL_TYPE (
    RefractBackendLlamacpp, refract_backend_llamacpp, REFRACT, BACKEND_LLAMACPP, RefractBackend)

RefractBackend *refract_backend_llamacpp_new (const RefractBackendOptions *options);

G_END_DECLS
