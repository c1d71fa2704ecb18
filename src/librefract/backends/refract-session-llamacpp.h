/* refract-session-llamacpp.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-llamacpp-engine.h"
#include "backends/refract-session.h"

G_BEGIN_DECLS

/**
 * RefractSessionLlamacpp:
 *
 * One `llama-server` with one model at one KV configuration, reached through a UNIX socket in a
 * private folder.
 */
#define REFRACT_TYPE_SESSION_LLAMACPP (refract_session_llamacpp_get_type ())
G_DECLARE_FINAL_TYPE (
    RefractSessionLlamacpp, refract_session_llamacpp, REFRACT, SESSION_LLAMACPP, RefractSession)

/**
 * refract_session_llamacpp_open:
 * @engine: only read during the call
 * @silence_limit: seconds without a sign of life after which the server counts as hung
 */
RefractSession *refract_session_llamacpp_open (RefractLlamacppEngine *engine,
                                               RefractModel *model,
                                               RefractKvConfig *kv,
                                               const RefractSessionNeeds *needs,
                                               guint silence_limit,
                                               GCancellable *cancellable,
                                               GError **error);

G_END_DECLS
