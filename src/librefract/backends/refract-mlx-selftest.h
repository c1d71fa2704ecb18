/* refract-mlx-selftest.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-backend.h"

G_BEGIN_DECLS

/* (transfer full) (element-type RefractCheck): @model may be %NULL */
GPtrArray *refract_mlx_selftest (RefractBackend *backend,
                                 const RefractBackendOptions *options,
                                 RefractModel *model,
                                 GCancellable *cancellable);

G_END_DECLS
