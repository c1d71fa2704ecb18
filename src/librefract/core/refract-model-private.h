/* refract-model-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

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

G_END_DECLS
