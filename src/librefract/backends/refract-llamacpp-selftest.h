/* refract-llamacpp-selftest.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-backend.h"
#include "backends/refract-llamacpp-engine.h"

G_BEGIN_DECLS

/* refract_backend_selftest(): what @engine can do, and with a model whether it does it. @backend
 * opens the sessions. */
GPtrArray *refract_llamacpp_selftest (RefractBackend *backend,
                                      RefractLlamacppEngine *engine,
                                      RefractModel *model,
                                      GCancellable *cancellable);

G_END_DECLS
