/* refract-session-server.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-server.h"

G_BEGIN_DECLS

/**
 * RefractSessionServer:
 *
 * A session on one vLLM or SGLang server, ours or the user's.
 */
#define REFRACT_TYPE_SESSION_SERVER (refract_session_server_get_type ())
G_DECLARE_FINAL_TYPE (
    RefractSessionServer, refract_session_server, REFRACT, SESSION_SERVER, RefractSession)

/* Blocks until the server answers. Errors: see refract_backend_open(). */
RefractSession *refract_session_server_open (const RefractServerStart *start,
                                             GCancellable *cancellable,
                                             GError **error);
/* (transfer none) */
RefractServer *refract_session_server_get_server (RefractSessionServer *self);

G_END_DECLS
