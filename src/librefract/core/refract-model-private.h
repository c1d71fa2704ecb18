/* refract-model-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <json-glib/json-glib.h>

#include "core/refract-gguf.h"
#include "core/refract-model.h"

G_BEGIN_DECLS

/**
 * refract_model_read_geometry:
 * @gguf: the header of the (first part of the) model
 * @architecture: its `general.architecture`
 * @file: what error messages call the file
 * @info: (out): n_layers … latent_attention are set
 *
 * Works out which blocks have a KV cache and how large it is, as llama.cpp does when it loads the
 * architecture (src/llama-hparams.cpp, src/models/).
 *
 * Returns: %FALSE with %REFRACT_ERROR_MODEL when a figure is missing or impossible
 */
gboolean refract_model_read_geometry (RefractGguf *gguf,
                                      const char *architecture,
                                      const char *file,
                                      RefractModelInfo *info,
                                      GError **error);

/**
 * refract_model_read_config:
 * @config: a model's config.json; untrusted
 * @file: what error messages call the model
 * @info: (out): n_layers … n_vocab are set
 *
 * The same from what transformers write; of a model that sees or hears, its `text_config`.
 *
 * Returns: %FALSE with %REFRACT_ERROR_MODEL when a figure is missing or impossible
 */
gboolean refract_model_read_config (JsonObject *config,
                                    const char *file,
                                    RefractModelInfo *info,
                                    GError **error);

/* Everything of @info from a folder, an absolute path; what was set before an error is the caller's
 * to free. */
gboolean refract_model_read_folder (const char *path,
                                    RefractModelInfo *info,
                                    GCancellable *cancellable,
                                    GError **error);

/* (transfer full) (element-type utf8): the safetensors files of a model's folder, by name */
GPtrArray *refract_model_list_weights (const char *path);

/* The first and the last MiB of an open file (of a smaller one: all of it, twice). */
gboolean refract_model_digest_ends (
    GChecksum *checksum, int fd, guint64 size, const char *name, GError **error);

/* A line of text for people: no control characters, no end of line, not too long. */
char *refract_model_clean_name (const char *text);

G_END_DECLS
