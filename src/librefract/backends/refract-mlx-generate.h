/* refract-mlx-generate.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-mlx-worker.h"

G_BEGIN_DECLS

/* Whether the model has every one of @ids (element-type gint32). */
gboolean refract_mlx_ids_are_valid (GArray *ids, RefractMlxWorker *worker);

/* (transfer full): what the operation `generate` is asked */
JsonObject *refract_mlx_generate_request (GPtrArray *requests, RefractKvConfig *kv);

/**
 * RefractMlxGenerating:
 *
 * Collects the parts of an answer to `generate`: progress, and each prompt's result.
 */
typedef struct _RefractMlxGenerating RefractMlxGenerating;

/* @requests and @worker are borrowed. */
RefractMlxGenerating *refract_mlx_generating_new (RefractMlxWorker *worker,
                                                  GPtrArray *requests,
                                                  RefractTokensFunc func,
                                                  gpointer user_data);
void refract_mlx_generating_free (RefractMlxGenerating *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractMlxGenerating, refract_mlx_generating_free)

/* A #RefractMlxPartFunc: @user_data is what collects. */
gboolean refract_mlx_generating_take_part (JsonObject *part, gpointer user_data, GError **error);
/* (transfer full) (element-type RefractGeneration): one for every request */
GPtrArray *refract_mlx_generating_finish (RefractMlxGenerating *self, GError **error);

G_END_DECLS
