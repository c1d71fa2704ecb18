/* fake-mlx.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Stands in for a Python that runs the MLX worker: plays the file `replies` beside the name that it
 * is linked to. A line `<` waits for a request, `!…` does something, anything else is sent as it
 * stands. After the last line it waits for the connection's end. */

#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <glib.h>

static int
connect_to (const char *path)
{
  struct sockaddr_un address = { .sun_family = AF_UNIX };
  int fd = socket (AF_UNIX, SOCK_STREAM, 0);

  g_strlcpy (address.sun_path, path, sizeof address.sun_path);
  if (connect (fd, (struct sockaddr *) &address, sizeof address) < 0)
    exit (2);
  return fd;
}

static void
send_all (int fd, const char *bytes, gsize length)
{
  while (length > 0)
    {
      ssize_t n = send (fd, bytes, length, MSG_NOSIGNAL);

      if (n < 0)
        exit (0);
      bytes += n;
      length -= (gsize) n;
    }
}

static void
wait_for_request (int fd)
{
  char c = 0;

  while (c != '\n')
    if (read (fd, &c, 1) != 1)
      exit (0);
}

static void
stand_still (void)
{
  for (;;)
    sleep (1000);
}

static void
act (int fd, const char *path, const char *what)
{
  static char zeros[1 << 16];

  if (g_str_has_prefix (what, "exit "))
    exit (atoi (what + 5));
  else if (g_str_has_prefix (what, "say "))
    fprintf (stderr, "%s\n", what + 4);
  else if (g_str_equal (what, "kill"))
    kill (getpid (), SIGKILL);
  else if (g_str_equal (what, "hang"))
    stand_still ();
  else if (g_str_equal (what, "flood"))
    for (;;)
      send_all (fd, zeros, sizeof zeros);
  else if (g_str_equal (what, "stream"))
    {
      int stream = connect_to (path);
      char byte;

      send_all (stream, "some bytes", 10);
      shutdown (stream, SHUT_WR);
      while (read (stream, &byte, 1) > 0)
        ; /* until the reader is through */
      close (stream);
    }
  else if (g_str_equal (what, "stream and kill"))
    {
      send_all (connect_to (path), "some bytes", 10);
      kill (getpid (), SIGKILL);
    }
  else
    exit (3);
}

int
main (int argc, char **argv)
{
  g_autofree char *folder = g_path_get_dirname (argv[0]);
  g_autofree char *file = g_build_filename (folder, "replies", NULL);
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  int fd;

  if (argc < 5 || !g_file_get_contents (file, &text, NULL, NULL))
    return 4;
  lines = g_strsplit (text, "\n", -1);
  if (g_str_equal (lines[0], "!never"))
    stand_still ();
  fd = g_str_has_prefix (lines[0], "!") ? -1 : connect_to (argv[4]);
  for (guint i = 0; lines[i] != NULL; i++)
    if (g_str_equal (lines[i], "<"))
      wait_for_request (fd);
    else if (lines[i][0] == '!')
      act (fd, argv[4], lines[i] + 1);
    else if (lines[i][0] != '\0')
      {
        send_all (fd, lines[i], strlen (lines[i]));
        send_all (fd, "\n", 1);
      }
  for (;;)
    wait_for_request (fd);
}
