/* refract-http.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include <gio/gunixsocketaddress.h>
#include <libsoup/soup.h>

#include "core/refract-error.h"
#include "core/refract-json-scan.h"
#include "core/refract-json.h"
#include "engine/refract-http.h"

#define MAX_SHOWN 80u

struct _RefractHttp
{
  GObject parent_instance;
  SoupSession *session;
  guint n_requests;
};

G_DEFINE_FINAL_TYPE (RefractHttp, refract_http, G_TYPE_OBJECT)

static void
refract_http_finalize (GObject *object)
{
  RefractHttp *self = REFRACT_HTTP (object);

  g_clear_object (&self->session);
  G_OBJECT_CLASS (refract_http_parent_class)->finalize (object);
}

static void
refract_http_class_init (RefractHttpClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = refract_http_finalize;
}

static void
refract_http_init (RefractHttp *self)
{
}

RefractHttp *
refract_http_new_for_socket (const char *socket_path)
{
  RefractHttp *self = g_object_new (REFRACT_TYPE_HTTP, NULL);
  g_autoptr (GSocketAddress) address = g_unix_socket_address_new (socket_path);

  g_return_val_if_fail (socket_path != NULL, NULL);

  /* A decode may take hours: an engine that is stuck is ended by the cancellable, or by its end. */
  self->session
      = soup_session_new_with_options ("remote-connectable", address, "timeout", 0u, NULL);
  return self;
}

void
refract_http_set_timeout (RefractHttp *self, guint seconds)
{
  g_return_if_fail (REFRACT_IS_HTTP (self));

  soup_session_set_timeout (self->session, seconds);
}

guint
refract_http_get_n_requests (RefractHttp *self)
{
  g_return_val_if_fail (REFRACT_IS_HTTP (self), 0);

  return self->n_requests;
}

static GBytes *
read_all (GInputStream *stream, GCancellable *cancellable, GError **error)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  gssize n;

  do
    {
      guint8 chunk[16384];

      n = g_input_stream_read (stream, chunk, sizeof chunk, cancellable, error);
      if (n < 0)
        return NULL;
      if (bytes->len + (gsize) n > REFRACT_JSON_MAX_BYTES)
        {
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                       "The engine's answer is larger than %" G_GSIZE_FORMAT
                       " MiB, which no request of ours asks for.",
                       (gsize) REFRACT_JSON_MAX_BYTES >> 20);
          return NULL;
        }
      g_byte_array_append (bytes, chunk, (guint) n);
    }
  while (n > 0);
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

static JsonObject *
parse_reply (GBytes *bytes, const char *path, GError **error)
{
  g_autofree char *wrapped = NULL, *start = NULL, *escaped = NULL;
  gsize length;
  const char *text = g_bytes_get_data (bytes, &length);
  JsonObject *object;

  if (length > 0 && text[0] == '[')
    {
      g_autoptr (GString) array = g_string_sized_new (length + 16);

      g_string_append (array, "{\"results\":");
      g_string_append_len (array, text, (gssize) length);
      g_string_append_c (array, '}');
      length = array->len;
      text = wrapped = g_string_free (g_steal_pointer (&array), FALSE);
    }
  object = length > 0 ? refract_json_parse_object (text, length, NULL) : NULL;
  if (object != NULL)
    return object;

  text = g_bytes_get_data (bytes, &length);
  start = g_strndup (length > 0 ? text : "", MIN (length, MAX_SHOWN));
  escaped = g_strescape (start, NULL);
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
               "The engine answered %s with something that is not JSON (“%s”): it is not the "
               "program that Refract expects, or it is broken.",
               path, escaped);
  return NULL;
}

/* The engine's own words in an error reply: {"error": {"message": …}}, {"error": …}, or plain text.
 */
static char *
dup_error_message (GBytes *bytes, const char *reason)
{
  g_autoptr (JsonObject) object = parse_reply (bytes, "", NULL);
  JsonObject *inner = object != NULL ? refract_json_get_object (object, "error") : NULL;
  const char *message = NULL;

  if (inner != NULL)
    message = refract_json_get_string (inner, "message", NULL);
  else if (object != NULL)
    message = refract_json_get_string (object, "error", NULL);
  if (message != NULL)
    return g_strdup (message);
  return g_strdup (reason != NULL && *reason != '\0' ? reason : "no reason given");
}

/* libsoup takes a connection that closes early for the end of the body. */
static gboolean
is_whole (SoupMessage *message, GBytes *reply, GError **error)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (message);

  if (soup_message_headers_get_encoding (headers) != SOUP_ENCODING_CONTENT_LENGTH
      || (goffset) g_bytes_get_size (reply) == soup_message_headers_get_content_length (headers))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                       "the connection ended in the middle of an answer");
  return FALSE;
}

static JsonObject *
send_message (RefractHttp *self,
              const char *method,
              const char *path,
              JsonObject *body,
              guint *status,
              GCancellable *cancellable,
              GError **error)
{
  g_autofree char *uri = g_strconcat ("http://localhost", path, NULL);
  g_autoptr (SoupMessage) message = soup_message_new (method, uri);
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GBytes) reply = NULL;
  SoupMessageHeaders *headers;
  guint code;

  g_return_val_if_fail (message != NULL, NULL);

  if (status != NULL)
    *status = 0;
  self->n_requests++;
  /* A connection that the engine closes while idle would fail the request that reuses it. */
  soup_message_add_flags (message, SOUP_MESSAGE_NEW_CONNECTION);
  headers = soup_message_get_request_headers (message);
  soup_message_headers_replace (headers, "Connection", "close");
  soup_message_headers_replace (headers, "Accept-Encoding", "identity");
  if (body != NULL)
    {
      g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), body);
      char *text = json_to_string (node, FALSE);
      g_autoptr (GBytes) bytes = g_bytes_new_take (text, strlen (text));

      soup_message_set_request_body_from_bytes (message, "application/json", bytes);
    }

  stream = soup_session_send (self->session, message, cancellable, error);
  if (stream == NULL)
    return NULL;
  reply = read_all (stream, cancellable, error);
  if (reply == NULL || !is_whole (message, reply, error))
    return NULL;

  code = soup_message_get_status (message);
  if (status != NULL)
    *status = code;
  if (code >= 400)
    {
      g_autofree char *words = dup_error_message (reply, soup_message_get_reason_phrase (message));

      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                   "The engine refused %s (status %u): %s", path, code, words);
      return NULL;
    }
  return parse_reply (reply, path, error);
}

JsonObject *
refract_http_get (
    RefractHttp *self, const char *path, guint *status, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (REFRACT_IS_HTTP (self), NULL);

  return send_message (self, SOUP_METHOD_GET, path, NULL, status, cancellable, error);
}

JsonObject *
refract_http_post (RefractHttp *self,
                   const char *path,
                   JsonObject *body,
                   guint *status,
                   GCancellable *cancellable,
                   GError **error)
{
  g_return_val_if_fail (REFRACT_IS_HTTP (self), NULL);
  g_return_val_if_fail (body != NULL, NULL);

  return send_message (self, SOUP_METHOD_POST, path, body, status, cancellable, error);
}
