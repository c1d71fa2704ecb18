/* refract-server-generate.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "backends/refract-server.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

#define MAX_EVENT (16u << 20) /* bytes of one event: a whole prompt's ids come back in it */
#define PIECE_WAIT 100 /* µs; who waits less for the next bytes reads what was there already */
#define MIN_PIECES 4   /* of an answer whose speed can be told */

/* A stream of server-sent events while it arrives. */
typedef struct
{
  RefractServer *server;
  GPtrArray *requests;
  RefractServerAnswer *answers;
  RefractTokensFunc func;
  gpointer user_data;
  GByteArray *line;
  gboolean done;  /* its last event was there */
  guint piece;    /* of the stream, from 1: what came at once */
  gint64 arrived; /* monotonic, µs: that piece */
  gint64 waiting; /* since when there was nothing to do */
} Decode;

static guint
most_predicted (GPtrArray *requests)
{
  guint most = 1, i;

  for (i = 0; i < requests->len; i++)
    most = MAX (most, ((RefractRequest *) g_ptr_array_index (requests, i))->n_predict);
  return most;
}

/* What an engine would cut short without a word, or end over, is not sent. */
static gboolean
check_requests (RefractServer *self, GPtrArray *requests, GError **error)
{
  guint n_predict = most_predicted (requests), i;

  for (i = 0; i < requests->len; i++)
    {
      const RefractRequest *request = g_ptr_array_index (requests, i);

      if ((guint64) request->ids->len + n_predict > self->n_cells)
        {
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                       "“%s” needs a context of %u tokens, and the %s server has %u. Start it with "
                       "a longer one, or choose shorter prompts.",
                       request->key, request->ids->len + n_predict,
                       refract_server_kind_get_title (self->kind), self->n_cells);
          return FALSE;
        }
      if (request->ids->len == 0)
        {
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                       "The prompt “%s” has no tokens. Leave it out.", request->key);
          return FALSE;
        }
      if (!refract_server_check_ids (self, request->ids, error))
        return FALSE;
    }
  return TRUE;
}

static void
set_unusable (Decode *decode, const char *problem, GError **error)
{
  refract_server_set_unexpected (decode->server, decode->server->kind->generate_path, problem,
                                 error);
}

/* An error in the middle of a stream: {"error": {"message": …}} */
static gboolean
check_event (Decode *decode, JsonObject *event, GError **error)
{
  JsonObject *inner = refract_json_get_object (event, "error");
  const char *message = inner != NULL
                            ? refract_json_get_string (inner, "message", "no reason given")
                            : refract_json_get_string (event, "error", NULL);

  if (message == NULL)
    return TRUE;
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
               "%s ended in the middle of its answers: %s. Look at its log.",
               refract_server_kind_get_title (decode->server->kind), message);
  return FALSE;
}

static void
note_progress (Decode *decode)
{
  gint64 now = decode->arrived;
  guint64 n_tokens = 0;
  guint i;

  for (i = 0; i < decode->requests->len; i++)
    {
      RefractServerAnswer *answer = &decode->answers[i];
      gboolean has_more; /* the event that ends it may bring its last token */

      n_tokens += answer->ids->len;
      if (answer->ids->len > 0 && answer->first_time == 0)
        answer->first_time = now;
      has_more = answer->ids->len > answer->n_ids;
      answer->n_ids = answer->ids->len;
      if (has_more || !answer->ended || answer->last_time == 0)
        answer->last_time = now;
      if (has_more && answer->piece != decode->piece)
        {
          answer->n_pieces++;
          answer->piece = decode->piece;
        }
    }
  if (decode->func != NULL)
    decode->func (n_tokens, decode->user_data);
}

static gboolean
take_line (Decode *decode, GError **error)
{
  static const char mark[] = "data:";
  g_autoptr (JsonObject) event = NULL;
  const char *text = (const char *) decode->line->data, *problem = NULL;
  gsize length = decode->line->len, skip = strlen (mark);

  while (length > 0 && g_ascii_isspace (text[length - 1]))
    length--;
  if (length <= skip || strncmp (text, mark, skip) != 0)
    return TRUE;
  while (skip < length && text[skip] == ' ')
    skip++;
  if (length - skip == strlen ("[DONE]") && strncmp (text + skip, "[DONE]", length - skip) == 0)
    {
      decode->done = TRUE;
      return TRUE;
    }
  event = refract_json_parse_object (text + skip, length - skip, NULL);
  if (event == NULL)
    {
      set_unusable (decode, "an event is not JSON", error);
      return FALSE;
    }
  if (!check_event (decode, event, error))
    return FALSE;
  if (!decode->server->kind->take_event (event, decode->answers, decode->requests->len, &problem))
    {
      set_unusable (decode, problem, error);
      return FALSE;
    }
  note_progress (decode);
  return TRUE;
}

static gboolean
take_lines (Decode *decode, const char *bytes, gsize n_bytes, GError **error)
{
  while (n_bytes > 0)
    {
      const char *newline = memchr (bytes, '\n', n_bytes);
      gsize length = newline != NULL ? (gsize) (newline - bytes) : n_bytes;

      if (decode->line->len + length > MAX_EVENT)
        {
          set_unusable (decode, "an event has no end", error);
          return FALSE;
        }
      g_byte_array_append (decode->line, (const guint8 *) bytes, (guint) length);
      if (newline == NULL)
        return TRUE;
      if (!take_line (decode, error))
        return FALSE;
      g_byte_array_set_size (decode->line, 0);
      bytes += length + 1;
      n_bytes -= length + 1;
    }
  return TRUE;
}

static gboolean
take_bytes (const char *bytes, gsize n_bytes, gpointer user_data, GError **error)
{
  Decode *decode = user_data;
  gint64 now = g_get_monotonic_time ();
  gboolean is_taken;

  if (decode->piece == 0 || now - decode->waiting >= PIECE_WAIT)
    {
      decode->piece++;
      decode->arrived = now;
    }
  is_taken = take_lines (decode, bytes, n_bytes, error);
  decode->waiting = g_get_monotonic_time ();
  return is_taken;
}

static gboolean
check_answer (Decode *decode, guint index, guint n_predict, GError **error)
{
  const RefractServerAnswer *answer = &decode->answers[index];
  const RefractRequest *request = g_ptr_array_index (decode->requests, index);
  const char *title = refract_server_kind_get_title (decode->server->kind);

  if (!answer->ended || answer->ids->len > n_predict)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                 "%s’s answer to “%s” is not usable (%u tokens%s). Use another version.", title,
                 request->key, answer->ids->len, answer->ended ? "" : ", without an end");
  else if (answer->n_prompt >= 0 && answer->n_prompt != (gint64) request->ids->len)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                 "%s read “%s” as %" PRId64 " tokens, and %u were sent: it changes "
                 "prompts. Start it without what cuts or extends them.",
                 title, request->key, answer->n_prompt, request->ids->len);
  else if (answer->stop == REFRACT_STOP_LIMIT && answer->ids->len < n_predict)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                 "%s ended its answer to “%s” after %u of %u tokens: it ran out of context. Start "
                 "it with a longer one.",
                 title, request->key, answer->ids->len, n_predict);
  else
    return refract_server_check_ids (decode->server, answer->ids, error);
  return FALSE;
}

static RefractGeneration *
make_generation (const RefractServerAnswer *answer, const RefractRequest *request, gint64 began)
{
  RefractGeneration *generation = g_new0 (RefractGeneration, 1);
  gint64 first = answer->first_time;

  /* What is between the engine and us held it back: nobody knows when it was decoded. */
  if (first == 0 || answer->n_pieces < MIN (MIN_PIECES, answer->ids->len))
    first = answer->last_time;

  generation->ids = g_array_ref (answer->ids);
  generation->stop = answer->stop;
  if (generation->ids->len > request->n_predict)
    {
      g_array_set_size (generation->ids, request->n_predict);
      generation->stop = REFRACT_STOP_LIMIT;
    }
  generation->text = g_utf8_make_valid (answer->text->str, (gssize) answer->text->len);
  generation->n_prompt = request->ids->len;
  generation->prompt_ms = (double) (first - began) / G_TIME_SPAN_MILLISECOND;
  generation->predicted_ms = (double) (answer->last_time - first) / G_TIME_SPAN_MILLISECOND;
  return generation;
}

static GPtrArray *
collect (Decode *decode, guint n_predict, gint64 began, GError **error)
{
  g_autoptr (GPtrArray) generations
      = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_generation_free);
  guint i;

  if (!decode->done)
    {
      set_unusable (decode, "its answers end in the middle", error);
      return NULL;
    }
  for (i = 0; i < decode->requests->len; i++)
    {
      if (!check_answer (decode, i, n_predict, error))
        return NULL;
      g_ptr_array_add (
          generations,
          make_generation (&decode->answers[i], g_ptr_array_index (decode->requests, i), began));
    }
  return g_steal_pointer (&generations);
}

GPtrArray *
refract_server_generate (RefractServer *self,
                         GPtrArray *requests,
                         RefractTokensFunc func,
                         gpointer user_data,
                         GCancellable *cancellable,
                         GError **error)
{
  guint n_predict = most_predicted (requests), i;
  g_autofree RefractServerAnswer *answers = g_new0 (RefractServerAnswer, requests->len);
  g_autoptr (GByteArray) line = g_byte_array_new ();
  g_autoptr (JsonObject) body = NULL;
  Decode decode = { self, requests, answers, func, user_data, line, FALSE, 0, 0, 0 };
  gint64 began = g_get_monotonic_time ();
  GPtrArray *generations = NULL;

  if (!check_requests (self, requests, error))
    return NULL;
  for (i = 0; i < requests->len; i++)
    answers[i] = (RefractServerAnswer) { .ids = g_array_new (FALSE, FALSE, sizeof (gint32)),
                                         .text = g_string_new (NULL),
                                         .n_prompt = -1 };
  body = self->kind->make_generate_body (requests, n_predict, self->stop_ids);
  if (refract_server_post_streamed (self, self->kind->generate_path, body, take_bytes, &decode,
                                    cancellable, error)
      && refract_server_check_same (self, cancellable, error))
    generations = collect (&decode, n_predict, began, error);
  for (i = 0; i < requests->len; i++)
    {
      g_array_unref (answers[i].ids);
      g_string_free (answers[i].text, TRUE);
    }
  return generations;
}
