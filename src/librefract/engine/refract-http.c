/* refract-http.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include <gio/gunixsocketaddress.h>
#include <libsoup/soup.h>

#include <glib/gi18n-lib.h>

#include "core/refract-error.h"
#include "core/refract-json-scan.h"
#include "core/refract-json.h"
#include "engine/refract-http.h"

#define MAX_SHOWN 80u

struct _RefractHttp
{
  GObject parent_instance;
  SoupSession *session;
  char *base;
  char *authorization; /* NULL: no key */
  guint n_requests;
};

G_DEFINE_FINAL_TYPE (RefractHttp, refract_http, G_TYPE_OBJECT)

static void
refract_http_finalize (GObject *object)
{
  RefractHttp *self = REFRACT_HTTP (object);

  g_clear_object (&self->session);
  g_free (self->base);
  g_free (self->authorization);
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
  self->base = g_strdup ("http://localhost");
  return self;
}

static gboolean
is_loopback (const char *host)
{
  g_autoptr (GInetAddress) address = g_inet_address_new_from_string (host);

  return address != NULL ? g_inet_address_get_is_loopback (address)
                         : g_ascii_strcasecmp (host, "localhost") == 0;
}

/* The part of @uri that requests' paths are put behind; %NULL with what is wrong in @problem. */
static char *
make_base (GUri *uri, const char **problem)
{
  const char *scheme = g_uri_get_scheme (uri), *path = g_uri_get_path (uri);
  g_autofree char *plain = NULL, *start = NULL;
  gsize length;

  *problem = NULL;
  if (!g_str_equal (scheme, "http") && !g_str_equal (scheme, "https"))
    *problem = "it must begin with http:// or https://";
  else if (g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0')
    *problem = "it names no host";
  else if (g_uri_get_userinfo (uri) != NULL)
    *problem = "it holds a user’s name or a key, which belongs into REFRACT_SERVER_KEY";
  else if (g_uri_get_query (uri) != NULL || g_uri_get_fragment (uri) != NULL)
    *problem = "it has a part behind ? or #";
  if (*problem != NULL)
    return NULL;

  length = strlen (path);
  while (length > 0 && path[length - 1] == '/')
    length--;
  if (length >= 3 && strncmp (path + length - 3, "/v1", 3) == 0)
    length -= 3;
  plain = g_strndup (path, length);
  start = g_uri_join (G_URI_FLAGS_ENCODED, scheme, NULL, g_uri_get_host (uri), g_uri_get_port (uri),
                      plain, NULL, NULL);
  return g_steal_pointer (&start);
}

static gboolean
is_usable_key (const char *key)
{
  const char *at;

  for (at = key; g_ascii_isgraph (*at); at++)
    ;
  return *at == '\0';
}

static GUri *
parse_url (const char *url, char **base, GError **error)
{
  g_autoptr (GError) parse_error = NULL;
  g_autoptr (GUri) uri = g_uri_parse (url, G_URI_FLAGS_ENCODED, &parse_error);
  const char *problem = NULL;

  *base = uri != NULL ? make_base (uri, &problem) : NULL;
  if (*base != NULL)
    return g_steal_pointer (&uri);
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
               "The server’s address cannot be used: %s. Write it like http://localhost:8000.",
               problem != NULL ? problem : parse_error->message);
  return NULL;
}

char *
refract_http_dup_base (const char *url, GError **error)
{
  char *base;
  g_autoptr (GUri) uri = NULL;

  g_return_val_if_fail (url != NULL, NULL);

  uri = parse_url (url, &base, error);
  return base;
}

RefractHttp *
refract_http_new_for_url (const char *url, const char *key, GError **error)
{
  g_autoptr (RefractHttp) self = g_object_new (REFRACT_TYPE_HTTP, NULL);
  g_autoptr (GUri) uri = NULL;

  g_return_val_if_fail (url != NULL, NULL);

  uri = parse_url (url, &self->base, error);
  if (uri == NULL)
    return NULL;
  if (key != NULL && *key != '\0' && !is_usable_key (key))
    {
      g_set_error_literal (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                           "The server’s key has blanks or characters that a key cannot have. "
                           "Copy it again.");
      return NULL;
    }
  if (key != NULL && *key != '\0')
    self->authorization = g_strconcat ("Bearer ", key, NULL);
  self->session = soup_session_new_with_options ("timeout", 0u, NULL);
  if (is_loopback (g_uri_get_host (uri)))
    soup_session_set_proxy_resolver (self->session, NULL);
  return g_steal_pointer (&self);
}

const char *
refract_http_get_base (RefractHttp *self)
{
  g_return_val_if_fail (REFRACT_IS_HTTP (self), NULL);

  return self->base;
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

static gboolean
append_bytes (const char *bytes, gsize n_bytes, gpointer user_data, GError **error)
{
  GByteArray *array = user_data;

  if (array->len + n_bytes > REFRACT_JSON_MAX_BYTES)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                   "The engine's answer is larger than %zu MiB, which no request of ours asks for.",
                   (gsize) REFRACT_JSON_MAX_BYTES >> 20);
      return FALSE;
    }
  g_byte_array_append (array, (const guint8 *) bytes, (guint) n_bytes);
  return TRUE;
}

/* Returns the bytes that came, −1 where something went wrong. */
static goffset
read_all (GInputStream *stream,
          RefractHttpBytesFunc func,
          gpointer user_data,
          GCancellable *cancellable,
          GError **error)
{
  goffset total = 0;
  gssize n;

  do
    {
      char chunk[16384];

      n = g_input_stream_read (stream, chunk, sizeof chunk, cancellable, error);
      if (n < 0 || (n > 0 && !func (chunk, (gsize) n, user_data, error)))
        return -1;
      total += n;
    }
  while (n > 0);
  return total;
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

/* The engine's own words in an error reply: {"error": {"message": …}}, {"error": …},
 * {"message": …}, {"detail": …}, or plain text. */
static char *
dup_error_message (GBytes *bytes, const char *reason)
{
  static const char *const names[] = { "error", "message", "detail" };
  g_autoptr (JsonObject) object = parse_reply (bytes, "", NULL);
  JsonObject *inner = object != NULL ? refract_json_get_object (object, "error") : NULL;
  const char *message = NULL;
  guint i;

  if (inner != NULL)
    message = refract_json_get_string (inner, "message", NULL);
  for (i = 0; object != NULL && message == NULL && i < G_N_ELEMENTS (names); i++)
    message = refract_json_get_string (object, names[i], NULL);
  if (message != NULL)
    return g_strdup (message);
  return g_strdup (reason != NULL && *reason != '\0' ? reason : "no reason given");
}

/* libsoup takes a connection that closes early for the end of the body. */
static gboolean
is_whole (SoupMessage *message, goffset n_bytes, GError **error)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (message);

  if (soup_message_headers_get_encoding (headers) != SOUP_ENCODING_CONTENT_LENGTH
      || n_bytes == soup_message_headers_get_content_length (headers))
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                       "the connection ended in the middle of an answer");
  return FALSE;
}

static SoupMessage *
make_message (RefractHttp *self, const char *method, const char *path, JsonObject *body)
{
  g_autofree char *uri = g_strconcat (self->base, path, NULL);
  SoupMessage *message = soup_message_new (method, uri);
  SoupMessageHeaders *headers;

  g_return_val_if_fail (message != NULL, NULL);

  /* A connection that the engine closes while idle would fail the request that reuses it. */
  soup_message_add_flags (message, SOUP_MESSAGE_NEW_CONNECTION | SOUP_MESSAGE_NO_REDIRECT);
  headers = soup_message_get_request_headers (message);
  soup_message_headers_replace (headers, "Connection", "close");
  soup_message_headers_replace (headers, "Accept-Encoding", "identity");
  if (self->authorization != NULL)
    soup_message_headers_replace (headers, "Authorization", self->authorization);
  if (body != NULL)
    {
      g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), body);
      char *text = json_to_string (node, FALSE);
      g_autoptr (GBytes) bytes = g_bytes_new_take (text, strlen (text));

      soup_message_set_request_body_from_bytes (message, "application/json", bytes);
    }
  return message;
}

/* libsoup says only that a certificate cannot be accepted. */
static void
explain_certificate (SoupMessage *message, GError **error)
{
  static const struct
  {
    GTlsCertificateFlags flag;
    const char *words;
  } problems[] = {
    { G_TLS_CERTIFICATE_REVOKED, N_ ("it was revoked") },
    { G_TLS_CERTIFICATE_EXPIRED, N_ ("it has expired") },
    { G_TLS_CERTIFICATE_NOT_ACTIVATED, N_ ("it is not valid yet") },
    { G_TLS_CERTIFICATE_BAD_IDENTITY, N_ ("it is that of another host") },
    { G_TLS_CERTIFICATE_UNKNOWN_CA,
      N_ ("it was signed by itself or by an authority that this system does not know") },
  };
  GTlsCertificateFlags flags = soup_message_get_tls_peer_certificate_errors (message);
  guint i;

  if (!g_error_matches (*error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
    return;
  for (i = 0; i < G_N_ELEMENTS (problems); i++)
    if (flags & problems[i].flag)
      {
        g_clear_error (error);
        g_set_error_literal (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE, problems[i].words);
        return;
      }
}

/* A reply with a good status goes to @func, of any other the words into @error. */
static gboolean
send_message (RefractHttp *self,
              const char *path,
              SoupMessage *message,
              RefractHttpBytesFunc func,
              gpointer user_data,
              guint *status,
              GCancellable *cancellable,
              GError **error)
{
  g_autoptr (GInputStream) stream = NULL;
  g_autoptr (GByteArray) words = g_byte_array_new ();
  g_autoptr (GBytes) reply = NULL;
  g_autoptr (GError) own_error = NULL;
  g_autofree char *said = NULL;
  goffset n_bytes;
  guint code;

  if (status != NULL)
    *status = 0;
  self->n_requests++;
  stream = soup_session_send (self->session, message, cancellable, &own_error);
  if (stream == NULL)
    {
      explain_certificate (message, &own_error);
      g_propagate_error (error, g_steal_pointer (&own_error));
      return FALSE;
    }
  code = soup_message_get_status (message);
  if (status != NULL)
    *status = code;
  n_bytes = read_all (stream, code < 300 ? func : append_bytes, code < 300 ? user_data : words,
                      cancellable, error);
  if (n_bytes < 0 || !is_whole (message, n_bytes, error))
    return FALSE;
  if (code < 300)
    return TRUE;

  reply = g_byte_array_free_to_bytes (g_steal_pointer (&words));
  said = dup_error_message (reply, soup_message_get_reason_phrase (message));
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE, "The engine refused %s (status %u): %s",
               path, code, said);
  return FALSE;
}

static GBytes *
exchange (RefractHttp *self,
          const char *method,
          const char *path,
          JsonObject *body,
          guint *status,
          GCancellable *cancellable,
          GError **error)
{
  g_autoptr (SoupMessage) message = make_message (self, method, path, body);
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  if (!send_message (self, path, message, append_bytes, bytes, status, cancellable, error))
    return NULL;
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

JsonObject *
refract_http_get (
    RefractHttp *self, const char *path, guint *status, GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) reply = NULL;

  g_return_val_if_fail (REFRACT_IS_HTTP (self), NULL);

  reply = exchange (self, SOUP_METHOD_GET, path, NULL, status, cancellable, error);
  return reply != NULL ? parse_reply (reply, path, error) : NULL;
}

JsonObject *
refract_http_post (RefractHttp *self,
                   const char *path,
                   JsonObject *body,
                   guint *status,
                   GCancellable *cancellable,
                   GError **error)
{
  g_autoptr (GBytes) reply = NULL;

  g_return_val_if_fail (REFRACT_IS_HTTP (self), NULL);
  g_return_val_if_fail (body != NULL, NULL);

  reply = exchange (self, SOUP_METHOD_POST, path, body, status, cancellable, error);
  return reply != NULL ? parse_reply (reply, path, error) : NULL;
}

char *
refract_http_get_text (
    RefractHttp *self, const char *path, guint *status, GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) reply = NULL;
  gsize length;
  const char *text;

  g_return_val_if_fail (REFRACT_IS_HTTP (self), NULL);

  reply = exchange (self, SOUP_METHOD_GET, path, NULL, status, cancellable, error);
  if (reply == NULL)
    return NULL;
  text = g_bytes_get_data (reply, &length);
  return g_utf8_make_valid (length > 0 ? text : "", (gssize) length);
}

gboolean
refract_http_post_streamed (RefractHttp *self,
                            const char *path,
                            JsonObject *body,
                            RefractHttpBytesFunc func,
                            gpointer user_data,
                            guint *status,
                            GCancellable *cancellable,
                            GError **error)
{
  g_autoptr (SoupMessage) message = NULL;

  g_return_val_if_fail (REFRACT_IS_HTTP (self), FALSE);
  g_return_val_if_fail (body != NULL && func != NULL, FALSE);

  message = make_message (self, SOUP_METHOD_POST, path, body);
  return send_message (self, path, message, func, user_data, status, cancellable, error);
}
