/* refract-mlx-worker.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "backends/refract-backend.h"

G_BEGIN_DECLS

/**
 * RefractMlxWorker:
 *
 * One Python process with our worker script (data/mlx-worker), under the supervisor, and the socket
 * that it answers on: a line of JSON each way. The other side is whatever the user's environment
 * makes of it, so every line is bounded and checked before it is used. After any failure but one
 * that the worker itself reports, and after a cancelled call, the process is ended. Reference
 * counted; for one thread.
 */
typedef struct _RefractMlxWorker RefractMlxWorker;

/**
 * RefractMlxFacts:
 * @python: of the interpreter, like @mlx, @mlx_lm and @transformers a version; "" unknown
 * @is_cpu: computes on the processor, in 32 bits whatever the model has
 * @device_name: "" unknown
 */
typedef struct
{
  char *python;
  char *mlx;
  char *mlx_lm;
  char *transformers;
  gboolean is_cpu;
  char *device_name;
} RefractMlxFacts;

/**
 * RefractMlxModelFacts:
 * @n_vocab: width of the logits
 * @dtype: "float32", "bfloat16", …: what the model computes in
 * @stored_dtype: what it computes in where nothing is changed
 */
typedef struct
{
  guint n_vocab;
  char *dtype;
  char *stored_dtype;
  double load_seconds;
} RefractMlxModelFacts;

/**
 * refract_mlx_worker_start:
 * @python: the interpreter
 * @model: (nullable): loaded when given; without, the worker can only say what is installed
 * @silence_limit: seconds without a word after which it counts as hung; six times as long once it
 *   computes
 *
 * Returns: (transfer full): %REFRACT_ERROR_ENGINE_MISSING where something has to be installed,
 *   %REFRACT_ERROR_MODEL where the model cannot be loaded, %REFRACT_ERROR_MEMORY
 */
RefractMlxWorker *refract_mlx_worker_start (const RefractBackendOptions *options,
                                            const char *python,
                                            RefractModel *model,
                                            guint silence_limit,
                                            GCancellable *cancellable,
                                            GError **error);
RefractMlxWorker *refract_mlx_worker_ref (RefractMlxWorker *self);
void refract_mlx_worker_unref (RefractMlxWorker *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractMlxWorker, refract_mlx_worker_unref)

const RefractMlxFacts *refract_mlx_worker_get_facts (RefractMlxWorker *self);
const RefractMlxModelFacts *refract_mlx_worker_get_model_facts (RefractMlxWorker *self);
/* Whether it can be asked more. */
gboolean refract_mlx_worker_is_running (RefractMlxWorker *self);
/* Calls answered so far. */
guint refract_mlx_worker_get_n_calls (RefractMlxWorker *self);

/* One line of an answer that has more to come. %FALSE with @error: the call ends with that. */
typedef gboolean (*RefractMlxPartFunc) (JsonObject *part, gpointer user_data, GError **error);

/**
 * refract_mlx_worker_call:
 * @request: (transfer none): what the operation needs; gets `id` and `op`
 * @func: (nullable): takes the parts of the answer
 *
 * Returns: (transfer full): the last line of the answer
 */
JsonObject *refract_mlx_worker_call (RefractMlxWorker *self,
                                     const char *op,
                                     JsonObject *request,
                                     RefractMlxPartFunc func,
                                     gpointer user_data,
                                     GCancellable *cancellable,
                                     GError **error);

/* Waits for the second connection of a call that sends data and returns its descriptor, or −1. The
 * only function for another thread than the worker's. */
int refract_mlx_worker_accept (RefractMlxWorker *self, GCancellable *cancellable, GError **error);

/* The largest memory that it used since the last call of this, bytes; 0 unknown. */
guint64 refract_mlx_worker_take_peak (RefractMlxWorker *self);

/* An answer that the protocol does not have; ends the worker. */
void refract_mlx_worker_set_unexpected (RefractMlxWorker *self, const char *what, GError **error);

G_END_DECLS
