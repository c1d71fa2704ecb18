/* http-fixture.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <stdlib.h>
#include <string.h>

#include <gio/gunixsocketaddress.h>
#include <glib/gstdio.h>

/* A server in a thread of its own, on a UNIX socket, that answers what a test says. */
typedef struct _HttpFixture HttpFixture;

/* Returns the reply's body (transfer full), %NULL for a connection that just ends. @status: 200 on
 * entry; @cut: bytes of the body that are really sent, all on entry. */
typedef char *(*HttpAnswer) (
    HttpFixture *fixture, const char *path, const char *body, guint *status, gsize *cut);

struct _HttpFixture
{
  char *folder;
  char *path;
  GSocketListener *listener;
  GCancellable *stop;
  GThread *thread;
  HttpAnswer answer;
  gconstpointer data; /* the test's */
  int n_requests;     /* atomic */
};

/* For an answer that never comes. */
static inline void
http_fixture_wait (HttpFixture *fixture)
{
  GPollFD fd;

  g_assert_true (g_cancellable_make_pollfd (fixture->stop, &fd));
  g_poll (&fd, 1, -1);
  g_cancellable_release_fd (fixture->stop);
}

static inline void
http_fixture_handle (HttpFixture *fixture, GSocketConnection *connection)
{
  GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (connection));
  g_autoptr (GDataInputStream) in
      = g_data_input_stream_new (g_io_stream_get_input_stream (G_IO_STREAM (connection)));
  g_autofree char *first = NULL, *body = NULL, *reply = NULL, *head = NULL;
  g_auto (GStrv) words = NULL;
  gsize length = 0, cut = G_MAXSIZE;
  guint status = 200;

  g_data_input_stream_set_newline_type (in, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
  first = g_data_input_stream_read_line (in, NULL, NULL, NULL);
  for (;;)
    {
      g_autofree char *line = g_data_input_stream_read_line (in, NULL, NULL, NULL);

      if (line == NULL || *line == '\0')
        break;
      if (g_ascii_strncasecmp (line, "content-length:", 15) == 0)
        length = strtoul (line + 15, NULL, 10);
    }
  words = g_strsplit (first != NULL ? first : "", " ", 3);
  if (g_strv_length (words) != 3)
    return;
  body = g_malloc0 (length + 1);
  g_input_stream_read_all (G_INPUT_STREAM (in), body, length, NULL, NULL, NULL);
  g_atomic_int_inc (&fixture->n_requests);
  reply = fixture->answer (fixture, words[1], body, &status, &cut);
  if (reply == NULL)
    return;
  head = g_strdup_printf ("HTTP/1.1 %u X\r\nContent-Length: %" G_GSIZE_FORMAT
                          "\r\nConnection: close\r\n\r\n",
                          status, strlen (reply));
  g_output_stream_write_all (out, head, strlen (head), NULL, NULL, NULL);
  g_output_stream_write_all (out, reply, MIN (strlen (reply), cut), NULL, NULL, NULL);
}

static inline gpointer
http_fixture_serve (gpointer data)
{
  HttpFixture *fixture = data;

  for (;;)
    {
      g_autoptr (GSocketConnection) connection
          = g_socket_listener_accept (fixture->listener, NULL, fixture->stop, NULL);

      if (connection == NULL)
        return NULL;
      http_fixture_handle (fixture, connection);
    }
}

static inline void
http_fixture_set_up (HttpFixture *fixture, gconstpointer data)
{
  g_autoptr (GSocketAddress) address = NULL;

  fixture->data = data;
  fixture->folder = g_dir_make_tmp ("refract-http-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, "s", NULL);
  fixture->stop = g_cancellable_new ();
  fixture->listener = g_socket_listener_new ();
  address = g_unix_socket_address_new (fixture->path);
  g_assert_true (g_socket_listener_add_address (fixture->listener, address, G_SOCKET_TYPE_STREAM,
                                                G_SOCKET_PROTOCOL_DEFAULT, NULL, NULL, NULL));
  fixture->thread = g_thread_new ("server", http_fixture_serve, fixture);
}

static inline void
http_fixture_tear_down (HttpFixture *fixture, gconstpointer data)
{
  g_cancellable_cancel (fixture->stop);
  g_thread_join (fixture->thread);
  g_object_unref (fixture->listener);
  g_object_unref (fixture->stop);
  g_unlink (fixture->path);
  g_rmdir (fixture->folder);
  g_free (fixture->path);
  g_free (fixture->folder);
}
