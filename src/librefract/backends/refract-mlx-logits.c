/* refract-mlx-logits.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <inttypes.h>

#include "backends/refract-mlx-kv.h"
#include "backends/refract-mlx-logits.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

#define MAX_CORPUS (64u << 20)
#define CONNECT_LIMIT (5 * G_TIME_SPAN_SECOND)
#define TICK 1000 /* µs */

typedef struct
{
  RefractMlxWorker *worker;
  RefractLogitsFunc func;
  gpointer user_data;
  GCancellable *cancellable; /* the reader's own, follows the caller's */
  GError *error;
  gboolean succeeded;
  int connected; /* atomic */
} Reading;

static gpointer
read_logits (gpointer data)
{
  Reading *reading = data;
  int fd = refract_mlx_worker_accept (reading->worker, reading->cancellable, &reading->error);

  if (fd < 0)
    return NULL;
  g_atomic_int_set (&reading->connected, 1);
  reading->succeeded
      = reading->func (fd, reading->user_data, reading->cancellable, &reading->error);
  return NULL;
}

/* The caller's cancellable ends ours; ours may end without the caller's. */
static void
cancel_cb (GCancellable *cancellable, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

/* How far a chunk is: the rows tell that, and the socket that the worker lives. */
static gboolean
ignore_part (JsonObject *part, gpointer user_data, GError **error)
{
  return TRUE;
}

static JsonObject *
build_request (RefractKvConfig *kv, const RefractLogitsSpec *spec, GError **error)
{
  g_autofree char *raw = NULL, *text = NULL;
  JsonObject *request;
  gsize length;

  raw = refract_json_read_text (spec->corpus_path, MAX_CORPUS, &length, error);
  if (raw == NULL)
    return NULL;
  text = g_utf8_make_valid (raw, (gssize) length);
  request = json_object_new ();
  json_object_set_string_member (request, "text", text);
  json_object_set_int_member (request, "n_ctx", spec->n_ctx);
  json_object_set_int_member (request, "n_chunks", spec->n_chunks);
  json_object_set_object_member (request, "kv", refract_mlx_kv_to_json (kv));
  return request;
}

/* The call, with a thread that reads what comes over the second connection meanwhile. */
static JsonObject *
run (Reading *reading, JsonObject *request, GError **error)
{
  GThread *thread = g_thread_new ("logits", read_logits, reading);
  JsonObject *reply = refract_mlx_worker_call (reading->worker, "logits", request, ignore_part,
                                               NULL, reading->cancellable, error);
  gint64 end_time = g_get_monotonic_time () + CONNECT_LIMIT;

  while (reply != NULL && !json_object_has_member (reply, "short")
         && !g_atomic_int_get (&reading->connected) && g_get_monotonic_time () < end_time)
    g_usleep (TICK);
  if (reply == NULL || !g_atomic_int_get (&reading->connected))
    g_cancellable_cancel (reading->cancellable);
  g_thread_join (thread);
  return reply;
}

static gboolean
check_length (JsonObject *reply, const RefractLogitsSpec *spec, GError **error)
{
  g_autofree char *corpus = g_filename_display_basename (spec->corpus_path);
  gint64 n_tokens = refract_json_get_int (reply, "short", 0);
  gint64 n_chunks = n_tokens / spec->n_ctx;

  if (!json_object_has_member (reply, "short"))
    return TRUE;
  if (n_chunks > 0)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                 "The corpus “%s” is too short: it gives %" PRId64 " chunks of %u tokens, "
                 "%u were asked for. Use a longer text, or --chunks %" PRId64 ".",
                 corpus, n_chunks, spec->n_ctx, spec->n_chunks, n_chunks);
  else
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                 "The corpus “%s” is too short: it has %" PRId64 " tokens, and a context "
                 "of %u needs that many. Use a longer text or a smaller --ctx.",
                 corpus, MAX (n_tokens, 0), spec->n_ctx);
  return FALSE;
}

/* What went wrong, of two sides that may both have failed: without a reader the worker says so and
 * lives on, without a worker the reader lacks data. */
static gboolean
check_end (Reading *reading,
           JsonObject *reply,
           const RefractLogitsSpec *spec,
           GError **call_error,
           GError **error)
{
  gboolean connected = g_atomic_int_get (&reading->connected) != 0;

  if (reply != NULL && !check_length (reply, spec, error))
    return FALSE;
  if (reply == NULL
      && !(connected && reading->error != NULL && refract_mlx_worker_is_running (reading->worker)))
    g_propagate_error (error, g_steal_pointer (call_error));
  else if (!connected)
    refract_mlx_worker_set_unexpected (reading->worker, "no log-probabilities", error);
  else if (!reading->succeeded)
    g_propagate_error (error, g_steal_pointer (&reading->error));
  else
    return TRUE;
  return FALSE;
}

RefractLogitsRun *
refract_mlx_logits (RefractMlxWorker *worker,
                    RefractModel *model,
                    RefractKvConfig *kv,
                    const RefractLogitsSpec *spec,
                    RefractLogitsFunc func,
                    gpointer user_data,
                    GCancellable *cancellable,
                    GError **error)
{
  Reading reading = { .worker = worker, .func = func, .user_data = user_data };
  g_autoptr (GCancellable) own_cancellable = g_cancellable_new ();
  g_autoptr (JsonObject) request = build_request (kv, spec, error);
  g_autoptr (JsonObject) reply = NULL;
  g_autoptr (RefractLogitsRun) result = NULL;
  g_autoptr (GError) call_error = NULL;
  gulong handler = 0;
  gboolean whole;

  if (request == NULL)
    return NULL;
  refract_mlx_worker_take_peak (worker);
  reading.cancellable = own_cancellable;
  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (cancel_cb), own_cancellable, NULL);
  reply = run (&reading, request, &call_error);
  g_cancellable_disconnect (cancellable, handler);
  whole = !g_cancellable_set_error_if_cancelled (cancellable, error)
          && check_end (&reading, reply, spec, &call_error, error);
  g_clear_error (&reading.error);
  if (!whole)
    return NULL;

  result = g_new0 (RefractLogitsRun, 1);
  result->kv_in_use = refract_mlx_kv_read (worker, kv, model, reply, error);
  if (result->kv_in_use == NULL)
    return NULL;
  result->compute_seconds = MAX (refract_json_get_double (reply, "seconds", 0), 0);
  result->peak_rss = refract_mlx_worker_take_peak (worker);
  return g_steal_pointer (&result);
}
