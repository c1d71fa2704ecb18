/* refract-server-selftest.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-server.h"

G_BEGIN_DECLS

/**
 * refract_server_selftest:
 * @engine: (nullable): %NULL where none was found, for the reason in @error
 * @model: (nullable): loaded as well, which takes a server half a minute each time
 *
 * Returns: (transfer full) (element-type RefractCheck): what can be used, what cannot, and what to
 *   do about it
 */
GPtrArray *refract_server_selftest (RefractBackend *backend,
                                    RefractServerEngine *engine,
                                    const GError *error,
                                    RefractModel *model,
                                    GCancellable *cancellable);

G_END_DECLS
