/* refract-llamacpp-exchange.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-session.h"
#include "engine/refract-http.h"

G_BEGIN_DECLS

/**
 * refract_llamacpp_exchange:
 * @http: for the request itself; used in another thread during the call
 * @probe: for GET /slots meanwhile; has a timeout
 * @body: of POST /completion
 * @patience: seconds in which something must move; then the server counts as hung
 * @func: (nullable): called in the caller's thread while tokens are decoded
 *
 * Sends one request for all prompts and waits for its reply, which may take hours. A server that
 * does not show its slots is waited for without progress and without a limit.
 *
 * Returns: (transfer full): the reply
 */
JsonObject *refract_llamacpp_exchange (RefractHttp *http,
                                       RefractHttp *probe,
                                       JsonObject *body,
                                       guint n_slots,
                                       guint patience,
                                       RefractTokensFunc func,
                                       gpointer user_data,
                                       GCancellable *cancellable,
                                       GError **error);

G_END_DECLS
