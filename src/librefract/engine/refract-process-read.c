/* refract-process-read.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "engine/refract-process-private.h"

#define MAX_LINE (64u << 10)
#define TAIL_LINES 200u
#define TAIL_LINE_BYTES 2000u

void
refract_process_close_fd (int *fd)
{
  if (*fd >= 0)
    close (*fd);
  *fd = -1;
}

static void
handle_status_line (RefractProcess *self, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 2);
  gint64 value;

  if (g_strv_length (words) != 2)
    return;
  value = g_ascii_strtoll (words[1], NULL, 10);

  g_mutex_lock (&self->mutex);
  if (g_str_equal (words[0], "pid"))
    self->pid = (pid_t) value;
  else if (g_str_equal (words[0], "exec-failed"))
    self->exec_errno = (int) value;
  else if (g_str_equal (words[0], "rss"))
    self->peak_rss = (guint64) value;
  else if (g_str_equal (words[0], "exit"))
    {
      self->status = (int) value;
      self->has_status = TRUE;
    }
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
}

static char *
dup_cut (const char *line)
{
  gsize length = strlen (line);

  if (length > TAIL_LINE_BYTES)
    length = (gsize) (g_utf8_find_prev_char (line, line + TAIL_LINE_BYTES) - line);
  return g_strndup (line, length);
}

static void
emit_line (RefractProcess *self, int which)
{
  RefractProcessStream *stream = &self->streams[which];
  g_autofree char *line = NULL;

  if (stream->line->len > 0 && stream->line->str[stream->line->len - 1] == '\r')
    g_string_truncate (stream->line, stream->line->len - 1);
  line = g_utf8_make_valid (stream->line->str, stream->line->len);
  g_string_truncate (stream->line, 0);
  stream->too_long = FALSE;

  if (which == REFRACT_PROCESS_STREAM_STATUS)
    {
      handle_status_line (self, line);
      return;
    }

  g_mutex_lock (&self->mutex);
  if (self->tail.length >= TAIL_LINES)
    g_free (g_queue_pop_head (&self->tail));
  g_queue_push_tail (&self->tail, dup_cut (line));
  g_mutex_unlock (&self->mutex);

  if (self->line_func != NULL)
    self->line_func (line, which == REFRACT_PROCESS_STREAM_ERR, self->user_data);
}

static void
take_bytes (RefractProcess *self, int which, const char *bytes, gsize n)
{
  RefractProcessStream *stream = &self->streams[which];

  while (n > 0)
    {
      const char *newline = memchr (bytes, '\n', n);
      gsize length = newline != NULL ? (gsize) (newline - bytes) : n;
      gsize room = MAX_LINE - MIN (stream->line->len, MAX_LINE);

      if (!stream->too_long)
        g_string_append_len (stream->line, bytes, MIN (length, room));
      if (length > room)
        stream->too_long = TRUE;
      if (newline != NULL)
        {
          emit_line (self, which);
          length++;
        }
      bytes += length;
      n -= length;
    }
}

/* One read; %FALSE at the end of the stream. */
static gboolean
read_stream (RefractProcess *self, int which)
{
  RefractProcessStream *stream = &self->streams[which];
  char buffer[16384];
  ssize_t n = read (stream->fd, buffer, sizeof buffer);

  if (n < 0 && (errno == EINTR || errno == EAGAIN))
    return TRUE;
  if (n > 0)
    {
      if (which != REFRACT_PROCESS_STREAM_STATUS)
        {
          g_mutex_lock (&self->mutex);
          self->last_output = g_get_monotonic_time ();
          g_mutex_unlock (&self->mutex);
        }
      take_bytes (self, which, buffer, (gsize) n);
      return TRUE;
    }
  if (stream->line->len > 0)
    emit_line (self, which);
  refract_process_close_fd (&stream->fd);
  return FALSE;
}

/* The supervisor is gone without having said how the engine ended: somebody killed it. The engine's
 * own process went with it; what it had started in its group goes here. */
static void
end_orphans (RefractProcess *self)
{
  pid_t pid;

  g_mutex_lock (&self->mutex);
  pid = self->has_status ? 0 : self->pid;
  g_mutex_unlock (&self->mutex);
  if (pid > 1)
    kill (-pid, SIGKILL);
}

gpointer
refract_process_read (gpointer data)
{
  RefractProcess *self = data;
  guint i;

  /* The status pipe ends with the supervisor, which leaves last: what a process that escaped it
   * still holds open is not waited for. */
  while (self->streams[REFRACT_PROCESS_STREAM_STATUS].fd >= 0)
    {
      struct pollfd fds[REFRACT_PROCESS_N_STREAMS];

      for (i = 0; i < REFRACT_PROCESS_N_STREAMS; i++)
        fds[i] = (struct pollfd) { self->streams[i].fd, POLLIN, 0 };
      if (poll (fds, REFRACT_PROCESS_N_STREAMS, -1) < 0)
        continue;
      for (i = 0; i < REFRACT_PROCESS_N_STREAMS; i++)
        if (fds[i].fd >= 0 && fds[i].revents != 0)
          read_stream (self, (int) i);
    }
  end_orphans (self);
  g_subprocess_wait (self->supervisor, NULL, NULL);

  for (i = REFRACT_PROCESS_STREAM_OUT; i <= REFRACT_PROCESS_STREAM_ERR; i++)
    {
      struct pollfd fd = { self->streams[i].fd, POLLIN, 0 };

      while (fd.fd >= 0 && poll (&fd, 1, 0) > 0 && read_stream (self, (int) i))
        ;
      if (self->streams[i].line->len > 0)
        emit_line (self, (int) i);
    }

  g_mutex_lock (&self->mutex);
  self->ended = TRUE;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
  return NULL;
}
