/* refract-model-finder.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * RefractFoundModel:
 *
 * A model that another program has put on this machine: a GGUF file, or a folder with config.json
 * and safetensors files. Immutable. Read-only properties for lists: path, name, source, size-bytes.
 */
#define REFRACT_TYPE_FOUND_MODEL (refract_found_model_get_type ())
G_DECLARE_FINAL_TYPE (RefractFoundModel, refract_found_model, REFRACT, FOUND_MODEL, GObject)

/* absolute; of a split model the first part; of a folder, the folder */
const char *refract_found_model_get_path (RefractFoundModel *self);
/* the file's base name without `.gguf` and part number, the folder's or its repository's, or
 * Ollama's `name:tag`; valid UTF-8 */
const char *refract_found_model_get_name (RefractFoundModel *self);
/* "LM Studio", "Hugging Face", "llama.cpp", "Ollama": names, not translated */
const char *refract_found_model_get_source (RefractFoundModel *self);
/* bytes of all parts that are there */
guint64 refract_found_model_get_size (RefractFoundModel *self);

/**
 * refract_model_finder_find:
 * @home: (nullable): the folder to take for the user's own; %NULL for the real one
 *
 * Looks for GGUF files where LM Studio, Hugging Face's tools (HF_HUB_CACHE, HF_HOME), llama.cpp
 * (LLAMA_CACHE) and Ollama (OLLAMA_MODELS; its manifests say which blob is which model) keep them,
 * and for model folders where the first two do. A file that is reached in several ways counts once,
 * and so does a folder by its config.json; projectors (mmproj), models that do not continue text
 * and parts of pipelines do not count. Depth, number of entries looked at and number of models are
 * bounded; a folder that cannot be read is passed over. Reads folders, config.json files and
 * Ollama's manifests only. Blocks: call it in a worker thread.
 *
 * Returns: (transfer full) (element-type RefractFoundModel): by name; what was found until then
 *   when @cancellable was cancelled
 */
GPtrArray *refract_model_finder_find (const char *home, GCancellable *cancellable);

/* The same in a thread of GLib's pool; the error is only ever %G_IO_ERROR_CANCELLED. */
void refract_model_finder_find_async (GCancellable *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer user_data);
GPtrArray *refract_model_finder_find_finish (GAsyncResult *result, GError **error);

G_END_DECLS
