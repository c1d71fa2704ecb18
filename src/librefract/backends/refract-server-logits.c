/* refract-server-logits.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include <glib-unix.h>

#include "backends/refract-server-types.h"
#include "backends/refract-server.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

#define TOP_K 64u
/* Log-probabilities in one reply: at most 80 MB of JSON, and as many objects in the engine. */
#define MAX_ENTRIES (1u << 20)
#define BYTES_PER_TOKEN 8 /* of text, at first */
#define SPARE_TOKENS 64   /* where a text is cut, its last tokens may be others */
#define MAX_CORPUS (G_GUINT64_CONSTANT (64) << 20)

typedef struct
{
  RefractServer *server;
  RefractLogitsShape shape;
  GArray *tokens; /* chunk by chunk, each begins as the tokenizer wants */
  RefractLogitsWriter *writer;

  int fd; /* of the reader */
  RefractLogitsFunc func;
  gpointer user_data;
  GCancellable *cancellable; /* the reader's own, follows the caller's */
  GError *error;
  gboolean succeeded;
} LogitsRun;

static gpointer
read_logits (gpointer data)
{
  LogitsRun *run = data;

  run->succeeded = run->func (run->fd, run->user_data, run->cancellable, &run->error);
  return NULL;
}

/* ---- Corpus ---- */

/* The beginning of the corpus, cut between two characters. */
static char *
read_start (const char *path, gsize n_bytes, gboolean *is_whole, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFileInputStream) stream = g_file_read (file, NULL, error);
  g_autofree char *text = g_malloc (n_bytes + 1);
  const char *end;
  gsize n = 0;

  if (stream == NULL
      || !g_input_stream_read_all (G_INPUT_STREAM (stream), text, n_bytes, &n, NULL, error))
    {
      g_prefix_error (error, "The corpus cannot be read: ");
      return NULL;
    }
  *is_whole = n < n_bytes;
  if (!*is_whole && !g_utf8_validate (text, (gssize) n, &end) && n - (gsize) (end - text) < 4)
    n = (gsize) (end - text);
  return g_utf8_make_valid (text, (gssize) n);
}

static void
set_too_short (const RefractLogitsSpec *spec, guint n_tokens, GError **error)
{
  g_autofree char *corpus = g_filename_display_basename (spec->corpus_path);

  if (n_tokens < 2 * spec->n_ctx)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                 "The corpus “%s” is too short: it has %u tokens, and a context of %u needs at "
                 "least %u. Use a longer text or a smaller --ctx.",
                 corpus, n_tokens, spec->n_ctx, 2 * spec->n_ctx);
  else
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                 "The corpus “%s” is too short: it gives %u chunks of %u tokens, %u were asked for "
                 "(%u tokens). Use a longer text, or --chunks %u.",
                 corpus, n_tokens / spec->n_ctx, spec->n_ctx, spec->n_chunks,
                 spec->n_chunks * spec->n_ctx, n_tokens / spec->n_ctx);
}

/* The corpus' first tokens as llama.cpp cuts them: one text, in pieces of the context's length, the
 * first token of each replaced by the BOS where the tokenizer has one. */
static GArray *
tokenize_corpus (RefractServer *server,
                 const RefractLogitsSpec *spec,
                 GCancellable *cancellable,
                 GError **error)
{
  guint64 needed = (guint64) spec->n_chunks * spec->n_ctx;
  guint64 n_bytes = needed * BYTES_PER_TOKEN;
  g_autoptr (GArray) bos = refract_server_tokenize_bos (server, cancellable, error);
  g_autoptr (GArray) tokens = NULL;
  gboolean is_whole = FALSE;
  guint i;

  if (bos == NULL)
    return NULL;
  for (; !is_whole; n_bytes *= 2)
    {
      g_autofree char *text
          = read_start (spec->corpus_path, MIN (n_bytes, MAX_CORPUS), &is_whole, error);

      g_clear_pointer (&tokens, g_array_unref);
      if (text != NULL)
        tokens = refract_server_tokenize (server, text, TRUE, cancellable, error);
      if (tokens == NULL)
        return NULL;
      if (tokens->len >= needed + SPARE_TOKENS || n_bytes >= MAX_CORPUS)
        break;
    }
  if (tokens->len < needed || tokens->len < 2 * spec->n_ctx)
    {
      set_too_short (spec, tokens->len, error);
      return NULL;
    }
  g_array_set_size (tokens, (guint) needed);
  for (i = 0; bos->len > 0 && i < spec->n_chunks; i++)
    g_array_index (tokens, gint32, i * spec->n_ctx) = g_array_index (bos, gint32, 0);
  return g_steal_pointer (&tokens);
}

/* ---- Scores ---- */

/* The whole vocabulary where a reply can hold it, else as many of the most likely as it can. */
static RefractLogitsShape
choose_shape (RefractServer *server, guint n_ctx, guint n_chunks)
{
  RefractLogitsShape shape = { REFRACT_LOGITS_F32, n_ctx, server->n_vocab, n_chunks, 0 };

  if ((guint64) n_ctx * server->n_vocab > MAX_ENTRIES)
    {
      shape.format = REFRACT_LOGITS_TOP;
      shape.top_k = MIN (CLAMP (MAX_ENTRIES / n_ctx, 1, TOP_K), server->n_vocab);
    }
  return shape;
}

/* How many entries of a position are asked for. */
static guint
get_top_k (const RefractLogitsShape *shape)
{
  return shape->format == REFRACT_LOGITS_TOP ? shape->top_k : shape->n_vocab;
}

static gboolean
take_score_bytes (const char *bytes, gsize n_bytes, gpointer user_data, GError **error)
{
  g_autoptr (GError) own_error = NULL;

  if (refract_json_events_feed (user_data, bytes, n_bytes, &own_error))
    return TRUE;
  if (own_error->domain == REFRACT_ERROR && own_error->code == REFRACT_ERROR_INPUT)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                 "The engine’s log-probabilities are %s. Use another version.", own_error->message);
  else
    g_propagate_error (error, g_steal_pointer (&own_error));
  return FALSE;
}

/* The engine's refusals, with the flag that mends them. */
static void
add_remedy (RefractServer *server, GError **error)
{
  static const struct
  {
    const char *words, *remedy;
  } known[] = {
    { "greater than max allowed", "Restart it with --max-logprobs -1." },
    { "Scale-out endpoints are disabled", "Restart it with --enable-scale-out." },
    { "status 404", "Restart it with --enable-scale-out, or use a newer version." },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (known); i++)
    if (strstr ((*error)->message, known[i].words) != NULL)
      {
        g_autofree char *said = g_strdup ((*error)->message);

        if (g_str_has_suffix (said, "."))
          said[strlen (said) - 1] = '\0';
        g_clear_error (error);
        g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                     "%s gives no log-probabilities as KLD needs them: %s. %s",
                     refract_server_kind_get_title (server->kind), said, known[i].remedy);
        return;
      }
}

/* A gateway's, mostly: engines refuse what they will not give. */
static void
set_left_out (RefractServer *server, const char *what, GError **error)
{
  const char *title = refract_server_kind_get_title (server->kind);
  const char *base = refract_http_get_base (server->http);

  if (server->kind->id == REFRACT_BACKEND_KIND_VLLM)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                 "%s at %s leaves out log-probabilities that KLD needs: %s. Start it with "
                 "--max-logprobs -1, give its own address if a gateway is before it, or leave out "
                 "the axis kld.",
                 title, base, what);
  else
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                 "%s at %s leaves out log-probabilities that KLD needs: %s. Give its own address "
                 "if a gateway is before it, or leave out the axis kld.",
                 title, base, what);
}

static gboolean
score (LogitsRun *run,
       const gint32 *ids,
       RefractServerScores *scores,
       GCancellable *cancellable,
       GError **error)
{
  const RefractServerKind *kind = run->server->kind;
  g_autoptr (RefractJsonEvents) events = refract_json_events_new (kind->take_score_event, scores);
  g_autoptr (JsonObject) body
      = kind->make_score_body (ids, run->shape.n_ctx, get_top_k (&run->shape), run->shape.n_vocab);
  g_autoptr (GError) own_error = NULL;

  if (!refract_server_post_streamed (run->server, kind->score_path, body, take_score_bytes, events,
                                     cancellable, &own_error))
    {
      add_remedy (run->server, &own_error);
      g_propagate_error (error, g_steal_pointer (&own_error));
      return FALSE;
    }
  if (!refract_json_events_finish (events, &own_error))
    {
      refract_server_set_unexpected (run->server, kind->score_path, own_error->message, error);
      return FALSE;
    }
  if (refract_server_scores_check (scores, &own_error))
    return TRUE;
  if (g_error_matches (own_error, REFRACT_ERROR, REFRACT_ERROR_NOTHING_MEASURED))
    set_left_out (run->server, own_error->message, error);
  else
    g_propagate_error (error, g_steal_pointer (&own_error));
  return FALSE;
}

gboolean
refract_server_probe_scores (RefractServer *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GArray) tokens = refract_server_tokenize (
      self, "The quick brown fox jumps over the lazy dog.", TRUE, cancellable, error);
  g_autoptr (RefractServerScores) scores = NULL;
  LogitsRun run = { .server = self };
  const gint32 *ids;

  if (tokens == NULL)
    return FALSE;
  ids = (const gint32 *) (gconstpointer) tokens->data;
  run.shape = choose_shape (self, tokens->len, 1);
  scores = refract_server_scores_new (ids, tokens->len, get_top_k (&run.shape), self->n_vocab);
  return score (&run, ids, scores, cancellable, error);
}

/* All of a row's entries in order of their ids; %FALSE where one is missing. */
static gboolean
spread (const RefractLogitsEntry *entries, guint n_entries, float *values, guint n_vocab)
{
  guint n_known = 0, i;

  for (i = 0; i < n_vocab; i++)
    values[i] = NAN;
  for (i = 0; i < n_entries; i++)
    {
      n_known += isnan (values[entries[i].id]);
      values[entries[i].id] = entries[i].log_p;
    }
  return n_known == n_vocab;
}

static gboolean
write_rows (LogitsRun *run, RefractServerScores *scores, GError **error)
{
  const RefractLogitsShape *shape = &run->shape;
  g_autofree float *values = g_new (float, shape->n_vocab);
  guint position;

  for (position = shape->n_ctx / 2; position + 2 <= shape->n_ctx; position++)
    {
      RefractLogitsRow row = { 0 };
      guint n;
      const RefractLogitsEntry *entries = refract_server_scores_get (scores, position + 1, &n);

      if (shape->format == REFRACT_LOGITS_TOP)
        {
          row.top = entries;
          row.n_top = n;
        }
      else if (spread (entries, n, values, shape->n_vocab))
        row.values = values;
      else
        {
          refract_server_set_unexpected (run->server, run->server->kind->score_path,
                                         "it leaves out tokens of the vocabulary", error);
          return FALSE;
        }
      if (!refract_logits_writer_add (run->writer, &row, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
write_all (LogitsRun *run, int fd, GCancellable *cancellable, GError **error)
{
  const RefractLogitsShape *shape = &run->shape;
  const gint32 *tokens = (const gint32 *) (gconstpointer) run->tokens->data;
  guint i;

  run->writer = refract_logits_writer_new_for_pipe (fd, shape, tokens, cancellable, error);
  for (i = 0; run->writer != NULL && i < shape->n_chunks; i++)
    {
      const gint32 *ids = tokens + (gsize) i * shape->n_ctx;
      g_autoptr (RefractServerScores) scores
          = refract_server_scores_new (ids, shape->n_ctx, get_top_k (shape), shape->n_vocab);

      if (!score (run, ids, scores, cancellable, error) || !write_rows (run, scores, error))
        return FALSE;
    }
  return run->writer != NULL && refract_logits_writer_finish (run->writer, error);
}

/* The caller's cancellable ends ours; ours may end without the caller's. */
static void
cancel_cb (GCancellable *cancellable, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

/* Writes into a pipe that a thread of its own reads; where both fail, the reader knows why. */
static gboolean
pump (LogitsRun *run, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) write_error = NULL;
  gulong handler = 0;
  GThread *reader;
  gboolean written;
  int fds[2];

  if (!g_unix_open_pipe (fds, FD_CLOEXEC, error))
    return FALSE;
  run->fd = fds[0];
  run->cancellable = g_cancellable_new ();
  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (cancel_cb), run->cancellable, NULL);
  reader = g_thread_new ("logits", read_logits, run);
  written = write_all (run, fds[1], run->cancellable, &write_error);
  g_clear_pointer (&run->writer, refract_logits_writer_free);
  if (!written && !g_error_matches (write_error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE))
    g_cancellable_cancel (run->cancellable);
  g_thread_join (reader);
  g_cancellable_disconnect (cancellable, handler);
  g_clear_object (&run->cancellable);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    g_clear_error (&run->error);
  else if (!written && !g_error_matches (write_error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE))
    g_propagate_error (error, g_steal_pointer (&write_error));
  else if (!run->succeeded)
    g_propagate_error (error, g_steal_pointer (&run->error));
  else
    return TRUE;
  g_clear_error (&run->error);
  return FALSE;
}

/* One token more than a chunk: engines decode at least one behind it. */
static gboolean
check_context (RefractServer *server, guint n_ctx, GError **error)
{
  guint n_cells = server->n_cells + (server->is_own ? 0 : server->kind->spare_cells);

  if (n_ctx < n_cells)
    return TRUE;
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
               "Chunks of %u tokens need a context of %u, and %s at %s has %u. Start it with a "
               "longer one, or choose shorter chunks with --ctx.",
               n_ctx, n_ctx + 1, refract_server_kind_get_title (server->kind),
               refract_http_get_base (server->http), n_cells);
  return FALSE;
}

RefractLogitsRun *
refract_server_logits (const RefractServerStart *start,
                       const RefractLogitsSpec *spec,
                       RefractLogitsFunc func,
                       gpointer user_data,
                       GCancellable *cancellable,
                       GError **error)
{
  g_autoptr (RefractServer) server = refract_server_open (start, cancellable, error);
  g_autoptr (GArray) tokens = NULL;
  LogitsRun run = { .server = server, .func = func, .user_data = user_data };
  RefractLogitsRun *result;
  gint64 began = g_get_monotonic_time ();

  if (server == NULL || !check_context (server, spec->n_ctx, error)
      || !server->kind->check_probe (server, start, cancellable, error))
    return NULL;
  tokens = tokenize_corpus (server, spec, cancellable, error);
  if (tokens == NULL)
    return NULL;
  run.tokens = tokens;
  run.shape = choose_shape (server, spec->n_ctx, spec->n_chunks);
  if (!pump (&run, cancellable, error) || !refract_server_check_same (server, cancellable, error))
    return NULL;

  result = g_new0 (RefractLogitsRun, 1);
  result->kv_in_use = refract_kv_in_use_copy (server->kv_in_use);
  result->load_seconds = server->load_seconds;
  result->compute_seconds = (double) (g_get_monotonic_time () - began) / G_TIME_SPAN_SECOND;
  result->peak_rss = refract_server_close (server);
  result->phase = REFRACT_KLD_PREFILL;
  result->is_unverified
      = !refract_server_type_is_verified (refract_kv_config_get_type_k (start->kv));
  return result;
}
