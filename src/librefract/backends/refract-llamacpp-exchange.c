/* refract-llamacpp-exchange.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "backends/refract-llamacpp-exchange.h"
#include "backends/refract-llamacpp-generate.h"
#include "core/refract-error.h"

#define PROGRESS_DELAY (200 * G_TIME_SPAN_MILLISECOND)

typedef struct
{
  RefractHttp *http;
  JsonObject *body;
  GCancellable *cancellable; /* ours; follows the caller's */
  JsonObject *reply;
  GError *error;

  GMutex mutex;
  GCond changed;
  gboolean done;
} Exchange;

static gpointer
run_exchange (gpointer data)
{
  Exchange *exchange = data;

  exchange->reply = refract_http_post (exchange->http, "/completion", exchange->body, NULL,
                                       exchange->cancellable, &exchange->error);
  g_mutex_lock (&exchange->mutex);
  exchange->done = TRUE;
  g_cond_signal (&exchange->changed);
  g_mutex_unlock (&exchange->mutex);
  return NULL;
}

static gboolean
wait_for_exchange (Exchange *exchange, gint64 delay)
{
  gint64 end_time = g_get_monotonic_time () + delay;
  gboolean done;

  g_mutex_lock (&exchange->mutex);
  while (!exchange->done && g_cond_wait_until (&exchange->changed, &exchange->mutex, end_time))
    ;
  done = exchange->done;
  g_mutex_unlock (&exchange->mutex);
  return done;
}

/* Tells how far the slots are, until the reply is there. %FALSE when nothing moves any more. */
static gboolean
watch_slots (Exchange *exchange,
             RefractHttp *probe,
             guint n_slots,
             guint patience,
             RefractTokensFunc func,
             gpointer user_data)
{
  g_autofree guint64 *n_decoded = g_new0 (guint64, n_slots);
  gint64 last_change = g_get_monotonic_time ();
  guint64 last = 0, last_prompt = 0;
  gboolean can_watch = TRUE;

  while (!wait_for_exchange (exchange, PROGRESS_DELAY))
    {
      g_autoptr (JsonObject) slots = NULL;
      guint64 sum, n_prompt = 0;
      guint status = 0;

      if (can_watch)
        slots = refract_http_get (probe, "/slots", &status, exchange->cancellable, NULL);
      can_watch = can_watch && status < 400;
      if (slots != NULL)
        {
          sum = refract_llamacpp_parse_slots (slots, n_decoded, n_slots, &n_prompt);
          if (sum != last && func != NULL)
            func (sum, user_data);
          if (sum != last || n_prompt != last_prompt)
            last_change = g_get_monotonic_time ();
          last = sum;
          last_prompt = n_prompt;
        }
      if (can_watch && g_get_monotonic_time () - last_change > patience * G_TIME_SPAN_SECOND)
        return FALSE;
    }
  return TRUE;
}

/* The caller's cancellable ends ours; ours may end without the caller's. */
static void
cancel_cb (GCancellable *cancellable, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

JsonObject *
refract_llamacpp_exchange (RefractHttp *http,
                           RefractHttp *probe,
                           JsonObject *body,
                           guint n_slots,
                           guint patience,
                           RefractTokensFunc func,
                           gpointer user_data,
                           GCancellable *cancellable,
                           GError **error)
{
  g_autoptr (GCancellable) own_cancellable = g_cancellable_new ();
  Exchange exchange = { .http = http, .body = body, .cancellable = own_cancellable };
  gulong handler = 0;
  gboolean moved;
  GThread *thread;

  g_mutex_init (&exchange.mutex);
  g_cond_init (&exchange.changed);
  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (cancel_cb), own_cancellable, NULL);
  thread = g_thread_new ("completion", run_exchange, &exchange);
  moved = watch_slots (&exchange, probe, n_slots, patience, func, user_data);
  if (!moved)
    g_cancellable_cancel (own_cancellable);
  g_thread_join (thread);
  g_cancellable_disconnect (cancellable, handler);
  g_mutex_clear (&exchange.mutex);
  g_cond_clear (&exchange.changed);

  if (exchange.reply == NULL && !moved && !g_cancellable_is_cancelled (cancellable))
    {
      g_clear_error (&exchange.error);
      g_set_error (&exchange.error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                   "llama-server has not moved for %u seconds while it decoded: it hangs. Run it "
                   "again, or use another build.",
                   patience);
    }
  if (exchange.error != NULL)
    g_propagate_error (error, exchange.error);
  return exchange.reply;
}
