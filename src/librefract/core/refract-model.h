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
 * together), or the config.json of a folder as Hugging Face has them. Immutable; may be shared
 * between threads.
 */
#define REFRACT_TYPE_MODEL (refract_model_get_type ())
G_DECLARE_FINAL_TYPE (RefractModel, refract_model, REFRACT, MODEL, GObject)

/**
 * RefractModelInfo:
 * @path: the file that an engine is given (the first part of a split model), or the folder
 * @name: `general.name`, or the file's base name; a folder's name, of a snapshot in the cache of
 *   Hugging Face its repository's
 * @architecture: `general.architecture` or `model_type`, for instance `llama`
 * @n_layers: transformer blocks
 * @n_kv_layers: blocks with a KV cache that grows with the context (hybrids have fewer)
 * @n_window_layers: blocks with a sliding window, a subset of @n_kv_layers; 0 when none
 * @n_kv_heads: KV heads of the first block that has any
 * @head_dim_k: elements per K head
 * @head_dim_v: elements per V head
 * @k_elements_per_token: K elements that one token adds over all @n_kv_layers, windowed ones
 *   included
 * @v_elements_per_token: V elements, likewise
 * @latent_attention: %TRUE where the cache holds a latent (MLA): the two above are then not to be
 * used
 * @context_length: tokens the model was trained for; 0 when the header does not say
 * @n_vocab: entries of the vocabulary; 0 when the header does not say
 * @quantization: the weights' type by its usual name (`Q8_0`, `F16`, …; `bfloat16`, `GPTQ 4-bit`,
 *   `4-bit MLX`, …), or "unknown"
 * @chat_template: (nullable): the chat template's text
 * @size_bytes: size of all parts; of a folder, of its safetensors files
 * @fingerprint: hex SHA-256 over @size_bytes (8 bytes, little endian), the first and the last MiB
 * of the first part (of a smaller file: all of it, twice). Of a folder, before these two:
 * config.json and, by name, each safetensors file's name, a zero byte and its size (8 bytes, little
 * endian)
 * @n_parts: files of a split model; 1 for others
 * @n_tensors: tensors of all parts; 0 for a folder
 * @is_directory: %TRUE for a folder with config.json, which @path is then
 * @has_model_code: %TRUE where the folder names code of its own (`auto_map`, `model_file`), which
 *   an engine runs only where that is allowed
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
  guint n_parts;
  guint64 n_tensors;
  gboolean is_directory;
  gboolean has_model_code;
} RefractModelInfo;

/**
 * refract_model_new_from_file:
 * @path: a GGUF file; of a split model any part, the others are found beside it. Or a folder with
 *   config.json and safetensors files, or that config.json
 *
 * Reads the header (of every part), or the folder's JSON files, and at most 2 MiB more for the
 * fingerprint, never the tensors.
 * Blocks on the file system only; opens regular files only, so a pipe cannot hang it.
 *
 * Returns: (transfer full): or %NULL with %REFRACT_ERROR_MODEL that says what is wrong with which
 *   file, or %G_IO_ERROR_CANCELLED
 */
RefractModel *
refract_model_new_from_file (const char *path, GCancellable *cancellable, GError **error);
/* What the model at @path is called, by the path alone: its base name; of a snapshot in the cache
 * of Hugging Face ("models--org--name/snapshots/0123…") the repository's, "name". Not a file name.
 */
char *refract_model_path_dup_name (const char *path);
/* (transfer none): valid as long as @self */
const RefractModelInfo *refract_model_get_info (RefractModel *self);

G_END_DECLS
