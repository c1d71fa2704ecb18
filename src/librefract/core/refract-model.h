/* refract-model.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * RefractModel:
 *
 * What is known of a model without loading it: the header of a GGUF file (all parts of a split one
 * together). Immutable; may be shared between threads.
 */
#define REFRACT_TYPE_MODEL (refract_model_get_type ())
G_DECLARE_FINAL_TYPE (RefractModel, refract_model, REFRACT, MODEL, GObject)

/**
 * RefractModelInfo:
 * @path: the file that an engine is given (the first part of a split model)
 * @name: `general.name`, or the file's base name
 * @architecture: `general.architecture`, for instance `llama`
 * @n_layers: transformer blocks
 * @n_kv_layers: blocks with a KV cache that grows with the context (hybrids have fewer)
 * @n_window_layers: blocks with a sliding window, a subset of @n_kv_layers; 0 when none
 * @n_kv_heads: KV heads of the first block that has any
 * @head_dim_k: elements per K head
 * @head_dim_v: elements per V head
 * @k_elements_per_token: K elements that one token adds over all @n_kv_layers
 * @v_elements_per_token: V elements, likewise
 * @latent_attention: %TRUE where the cache holds a latent (MLA): the two above are then not to be used
 * @context_length: tokens the model was trained for
 * @n_vocab: entries of the vocabulary
 * @quantization: the weights' type by its usual name (`Q8_0`, `F16`, …), or "unknown"
 * @chat_template: (nullable): the chat template's text
 * @size_bytes: size of all parts
 * @fingerprint: hex SHA-256 over size, first and last MiB of the first part
 */
typedef struct
{
  const char *path;
  const char *name;
  const char *architecture;
  guint n_layers;
  guint n_kv_layers;
  guint n_window_layers;
  guint n_kv_heads;
  guint head_dim_k;
  guint head_dim_v;
  guint64 k_elements_per_token;
  guint64 v_elements_per_token;
  gboolean latent_attention;
  guint64 context_length;
  guint64 n_vocab;
  const char *quantization;
  const char *chat_template;
  guint64 size_bytes;
  const char *fingerprint;
} RefractModelInfo;

RefractModel *refract_model_new_from_file (const char *path,
                                           GCancellable *cancellable,
                                           GError **error);
const RefractModelInfo *refract_model_get_info (RefractModel *self);

G_END_DECLS
