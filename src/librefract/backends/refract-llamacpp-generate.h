/* refract-llamacpp-generate.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <json-glib/json-glib.h>

#include "backends/refract-session.h"

G_BEGIN_DECLS

/* (transfer full): the body of POST /completion that decodes @requests (element-type
 * RefractRequest) greedily, side by side. */
JsonObject *refract_llamacpp_completion_body (GPtrArray *requests);

/**
 * refract_llamacpp_parse_completion:
 * @reply: what POST /completion answered to refract_llamacpp_completion_body()
 * @n_vocab: size of the vocabulary; 0 unknown
 * @eos: id to append where the server leaves the end token out of its list; −1 unknown
 *
 * Checks the reply against what was asked for: as many results as requests, each in its place, ids
 * within the vocabulary, none missing, none cut off for lack of context.
 *
 * Returns: (transfer full) (element-type RefractGeneration): one per request, in order
 */
GPtrArray *refract_llamacpp_parse_completion (
    JsonObject *reply, GPtrArray *requests, guint n_vocab, gint32 eos, GError **error);

/* Tokens that the slots of GET /slots have decoded so far: raises @n_decoded (length @n_slots, one
 * number per slot: a slot that has finished shows none) and returns their sum. @n_prompt gets the
 * prompt tokens worked through. */
guint64 refract_llamacpp_parse_slots (JsonObject *reply,
                                      guint64 *n_decoded,
                                      guint n_slots,
                                      guint64 *n_prompt);

G_END_DECLS
