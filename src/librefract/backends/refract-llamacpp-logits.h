/* refract-llamacpp-logits.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-llamacpp-engine.h"

G_BEGIN_DECLS

/* refract_backend_logits() by way of `llama-perplexity`, which writes into a named pipe in a
 * private folder. @silence_limit: seconds without output and without data after which it counts as
 * hung */
RefractLogitsRun *refract_llamacpp_logits (RefractLlamacppEngine *engine,
                                           RefractModel *model,
                                           RefractKvConfig *kv,
                                           const RefractLogitsSpec *spec,
                                           RefractLogitsFunc func,
                                           gpointer user_data,
                                           guint silence_limit,
                                           GCancellable *cancellable,
                                           GError **error);

G_END_DECLS
