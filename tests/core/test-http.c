/* test-http.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "core/refract-json.h"
#include "engine/refract-http.h"

#define BIG ((gsize) 70 << 20)

/* A server that does to its clients what the path says. */
typedef struct
{
  char *folder;
  char *path;
  GSocketListener *listener;
  GCancellable *stop;
  GThread *thread;
} Server;

static void
reply (GOutputStream *out, const char *status, const char *type, const char *body, gssize length)
{
  g_autofree char *head = NULL;

  if (length < 0)
    length = (gssize) strlen (body);
  head = g_strdup_printf ("HTTP/1.1 %s\r\nContent-Type: %s\r\nContent-Length: %" G_GSSIZE_FORMAT
                          "\r\nConnection: close\r\n\r\n",
                          status, type, length);
  g_output_stream_write_all (out, head, strlen (head), NULL, NULL, NULL);
  g_output_stream_write_all (out, body, strlen (body), NULL, NULL, NULL);
}

static void
stay_silent (GCancellable *stop)
{
  GPollFD fd;

  g_assert_true (g_cancellable_make_pollfd (stop, &fd));
  g_poll (&fd, 1, -1);
  g_cancellable_release_fd (stop);
}

static void
flood (GOutputStream *out)
{
  g_autofree char *spaces = g_strnfill (1 << 20, ' ');
  g_autofree char *head
      = g_strdup_printf ("HTTP/1.1 200 OK\r\nContent-Length: %" G_GSIZE_FORMAT "\r\n\r\n", BIG);
  gsize sent;

  g_output_stream_write_all (out, head, strlen (head), NULL, NULL, NULL);
  for (sent = 0; sent < BIG; sent += 1 << 20)
    if (!g_output_stream_write_all (out, spaces, 1 << 20, NULL, NULL, NULL))
      return;
}

static void
answer (Server *server, GOutputStream *out, const char *path, const char *body)
{
  const char *json = "application/json";

  if (g_str_equal (path, "/object"))
    reply (out, "200 OK", json, "{\"a\": 1}", -1);
  else if (g_str_equal (path, "/array"))
    reply (out, "200 OK", json, "[{\"index\": 0}, {\"index\": 1}]", -1);
  else if (g_str_equal (path, "/echo"))
    reply (out, "200 OK", json, body, -1);
  else if (g_str_equal (path, "/error"))
    reply (out, "400 Bad Request", json, "{\"error\": {\"code\": 400, \"message\": \"too long\"}}",
           -1);
  else if (g_str_equal (path, "/plain-error"))
    reply (out, "500 Internal Server Error", "text/plain", "oh no", -1);
  else if (g_str_equal (path, "/garbage"))
    reply (out, "200 OK", "text/html", "<html>\001\"\377", -1);
  else if (g_str_equal (path, "/number"))
    reply (out, "200 OK", json, "17", -1);
  else if (g_str_equal (path, "/empty"))
    reply (out, "200 OK", json, "", -1);
  else if (g_str_equal (path, "/half"))
    reply (out, "200 OK", json, "{\"a\": ", 1000);
  else if (g_str_equal (path, "/deep"))
    {
      g_autofree char *deep = g_strnfill (1000000, '[');

      reply (out, "200 OK", json, deep, -1);
    }
  else if (g_str_equal (path, "/big"))
    flood (out);
  else if (g_str_equal (path, "/slow"))
    stay_silent (server->stop);
}

static void
handle (Server *server, GSocketConnection *connection)
{
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_autoptr (GDataInputStream) in
      = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  g_autofree char *first = NULL, *body = NULL;
  g_auto (GStrv) words = NULL;
  gsize length = 0;

  g_data_input_stream_set_newline_type (in, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  first = g_data_input_stream_read_line (in, NULL, NULL, NULL);
  if (first == NULL)
    return;
  for (;;)
    {
      g_autofree char *line = g_data_input_stream_read_line (in, NULL, NULL, NULL);

      if (line == NULL || *line == '\0')
        break;
      if (g_ascii_strncasecmp (line, "Content-Length:", 15) == 0)
        length = (gsize) g_ascii_strtoull (line + 15, NULL, 10);
    }
  body = g_malloc0 (length + 1);
  g_input_stream_read_all (G_INPUT_STREAM (in), body, length, NULL, NULL, NULL);
  words = g_strsplit (first, " ", 3);
  answer (server, out, words[1], body);
}

static gpointer
serve (gpointer data)
{
  Server *server = data;

  for (;;)
    {
      g_autoptr (GSocketConnection) connection
          = g_socket_listener_accept (server->listener, NULL, server->stop, NULL);

      if (connection == NULL)
        return NULL;
      handle (server, connection);
    }
}

static void
server_set_up (Server *server, gconstpointer data)
{
  g_autoptr (GSocketAddress) address = NULL;

  server->folder = g_dir_make_tmp ("refract-test-XXXXXX", NULL);
  server->path = g_build_filename (server->folder, "s", NULL);
  server->listener = g_socket_listener_new ();
  server->stop = g_cancellable_new ();
  address = g_unix_socket_address_new (server->path);
  g_assert_true (g_socket_listener_add_address (server->listener, address, G_SOCKET_TYPE_STREAM,
                                                G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, NULL));
  server->thread = g_thread_new ("server", serve, server);
}

static void
server_tear_down (Server *server, gconstpointer data)
{
  g_cancellable_cancel (server->stop);
  g_thread_join (server->thread);
  g_object_unref (server->listener);
  g_object_unref (server->stop);
  g_unlink (server->path);
  g_rmdir (server->folder);
  g_free (server->path);
  g_free (server->folder);
}

static void
test_replies (Server *server, gconstpointer data)
{
  g_autoptr (RefractHttp) http = refract_http_new_for_socket (server->path);
  g_autoptr (JsonObject) body = json_object_new ();
  g_autoptr (JsonObject) object = NULL, array = NULL, echo = NULL;
  g_autoptr (GError) error = NULL;
  guint status = 0;

  object = refract_http_get (http, "/object", &status, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (status, ==, 200);
  g_assert_cmpint (refract_json_get_int (object, "a", 0), ==, 1);

  array = refract_http_get (http, "/array", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (json_array_get_length (refract_json_get_array (array, "results")), ==, 2);

  json_object_set_string_member (body, "content", "a\n\"ü\"");
  echo = refract_http_post (http, "/echo", body, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (refract_json_get_string (echo, "content", NULL), ==, "a\n\"ü\"");
  g_assert_cmpuint (refract_http_get_n_requests (http), ==, 3);
}

static void
test_error_replies (Server *server, gconstpointer data)
{
  g_autoptr (RefractHttp) http = refract_http_new_for_socket (server->path);
  g_autoptr (GError) error = NULL;
  guint status = 0;

  g_assert_null (refract_http_get (http, "/error", &status, NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE);
  g_assert_nonnull (strstr (error->message, "too long"));
  g_assert_cmpuint (status, ==, 400);
  g_clear_error (&error);

  g_assert_null (refract_http_get (http, "/plain-error", &status, NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE);
  g_assert_nonnull (strstr (error->message, "Internal Server Error"));
  g_assert_cmpuint (status, ==, 500);
}

/* What is not a JSON object or array of reasonable depth and size. */
static void
test_nonsense (Server *server, gconstpointer data)
{
  static const char *const paths[] = { "/garbage", "/number", "/empty", "/deep" };
  g_autoptr (RefractHttp) http = refract_http_new_for_socket (server->path);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (refract_http_get (http, paths[i], NULL, NULL, &error));
      g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE);
      g_assert_nonnull (strstr (error->message, "not JSON"));
      g_assert_true (g_utf8_validate (error->message, -1, NULL));
      if (i == 0)
        g_assert_nonnull (strstr (error->message, "<html>\\001\\\"\\377"));
    }
}

static void
test_too_big (Server *server, gconstpointer data)
{
  g_autoptr (RefractHttp) http = refract_http_new_for_socket (server->path);
  g_autoptr (GError) error = NULL;

  g_assert_null (refract_http_get (http, "/big", NULL, NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE);
  g_assert_nonnull (strstr (error->message, "larger than"));
}

/* A connection that breaks is no REFRACT_ERROR: who knows the engine says what happened to it. */
static void
test_broken (Server *server, gconstpointer data)
{
  static const char *const paths[] = { "/half", "/nothing" };
  g_autoptr (RefractHttp) http = refract_http_new_for_socket (server->path);
  g_autoptr (RefractHttp) nobody = refract_http_new_for_socket ("/nonexistent/socket");
  g_autoptr (GError) error = NULL;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (paths); i++)
    {
      g_assert_null (refract_http_get (http, paths[i], NULL, NULL, &error));
      g_assert_nonnull (error);
      g_assert_true (error->domain != REFRACT_ERROR);
      g_clear_error (&error);
    }
  g_assert_null (refract_http_get (nobody, "/object", NULL, NULL, &error));
  g_assert_nonnull (error);
  g_assert_true (error->domain != REFRACT_ERROR);
}

static void
test_urls (void)
{
  static const struct
  {
    const char *url, *base; /* NULL: refused */
  } cases[] = {
    { "http://localhost:8000", "http://localhost:8000" },
    { "http://127.0.0.1:30000/", "http://127.0.0.1:30000" },
    { "https://example.org/api/v1/", "https://example.org/api" },
    { "http://[::1]:8000/v1", "http://[::1]:8000" },
    { "localhost:8000", NULL },
    { "ftp://example.org", NULL },
    { "http://user:secret@example.org", NULL },
    { "http://example.org/?key=secret", NULL },
    { "http:///path", NULL },
    { "http://example.org:99999", NULL },
    { "", NULL },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RefractHttp) http = refract_http_new_for_url (cases[i].url, "k", &error);

      if (cases[i].base != NULL)
        {
          g_assert_no_error (error);
          g_assert_cmpstr (refract_http_get_base (http), ==, cases[i].base);
          continue;
        }
      g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE);
      g_assert_null (strstr (error->message, "secret"));
    }
}

static void
test_key (void)
{
  static const char *const keys[] = { "a b", "a\r\nX: y", "ü" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (refract_http_new_for_url ("http://localhost", keys[i], &error));
      g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE);
      g_assert_null (strstr (error->message, keys[i]));
    }
}

static gboolean
count_bytes (const char *bytes, gsize n_bytes, gpointer user_data, GError **error)
{
  gsize *total = user_data;

  *total += n_bytes;
  return TRUE;
}

/* What is larger than may be held can be read while it arrives. */
static void
test_streamed (Server *server, gconstpointer data)
{
  g_autoptr (RefractHttp) http = refract_http_new_for_socket (server->path);
  g_autoptr (JsonObject) body = json_object_new ();
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  guint status = 0;
  gsize total = 0;

  g_assert_true (
      refract_http_post_streamed (http, "/big", body, count_bytes, &total, NULL, NULL, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (total, ==, BIG);

  total = 0;
  g_assert_false (refract_http_post_streamed (http, "/error", body, count_bytes, &total, &status,
                                              NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE);
  g_assert_nonnull (strstr (error->message, "too long"));
  g_assert_cmpuint (status, ==, 400);
  g_assert_cmpuint (total, ==, 0);
  g_clear_error (&error);

  g_assert_false (
      refract_http_post_streamed (http, "/half", body, count_bytes, &total, NULL, NULL, &error));
  g_assert_nonnull (error);
  g_clear_error (&error);

  text = refract_http_get_text (http, "/garbage", NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_utf8_validate (text, -1, NULL));
}

static gpointer
cancel_later (gpointer data)
{
  g_usleep (50000);
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_cancel (Server *server, gconstpointer data)
{
  g_autoptr (RefractHttp) http = refract_http_new_for_socket (server->path);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GThread *thread = g_thread_new ("cancel", cancel_later, cancellable);

  g_assert_null (refract_http_get (http, "/slow", NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
}

static void
test_timeout (Server *server, gconstpointer data)
{
  g_autoptr (RefractHttp) http = refract_http_new_for_socket (server->path);
  g_autoptr (GError) error = NULL;

  refract_http_set_timeout (http, 1);
  g_assert_null (refract_http_get (http, "/slow", NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);
}

#define ADD(path, func) g_test_add (path, Server, NULL, server_set_up, func, server_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("/http/replies", test_replies);
  ADD ("/http/error-replies", test_error_replies);
  ADD ("/http/nonsense", test_nonsense);
  ADD ("/http/too-big", test_too_big);
  ADD ("/http/broken", test_broken);
  g_test_add_func ("/http/urls", test_urls);
  g_test_add_func ("/http/key", test_key);
  ADD ("/http/streamed", test_streamed);
  ADD ("/http/cancel", test_cancel);
  ADD ("/http/timeout", test_timeout);
  return g_test_run ();
}
