/* refract-logits-writer.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "core/refract-logits-private.h"

/* What must stay free on the disk beside the file. */
#define MARGIN (64 * 1024 * 1024)
/* How long a cancellation may go unseen while nothing is read from the pipe. */
#define POLL_MS 200

struct _RefractLogitsWriter
{
  int fd;
  RefractLogitsShape shape;
  guint64 n_rows; /* still to come */
  guint8 *row;
  gsize row_size; /* or the most that it can have */
  /* a file */
  char *path;      /* NULL for a pipe */
  char *temporary; /* NULL when it has its name */
  guint64 size;
  /* a pipe */
  GCancellable *cancellable;
};

/* @needed: bytes that the file still needs */
static void
set_disk_error (RefractLogitsWriter *self, int code, guint64 needed, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (self->path);
  struct statvfs status;
  g_autofree char *needed_text = NULL;
  g_autofree char *free_text = NULL;

  if ((code != ENOSPC && code != EDQUOT) || statvfs (folder, &status) != 0)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
                   "The log-probabilities cannot be written to “%s”: %s.", self->path,
                   g_strerror (code));
      return;
    }

  needed_text = g_format_size (needed);
  free_text = g_format_size ((guint64) status.f_bavail * status.f_frsize);
  g_set_error (
      error, REFRACT_ERROR, REFRACT_ERROR_DISK,
      "“%s” needs %s more and the disk has %s free. Free some space, use fewer chunks or a "
      "shorter context, or keep these files on another disk.",
      self->path, needed_text, free_text);
}

static gboolean
check_space (RefractLogitsWriter *self, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (self->path);
  struct statvfs status;

  if (statvfs (folder, &status) == 0
      && (guint64) status.f_bavail * status.f_frsize < self->size + MARGIN)
    {
      set_disk_error (self, ENOSPC, self->size + MARGIN, error);
      return FALSE;
    }

  return TRUE;
}

/* write() whose EPIPE comes without the signal, which would end the program. */
static ssize_t
write_quietly (int fd, gconstpointer data, gsize size)
{
  const struct timespec now = { 0 };
  sigset_t pipe_signal;
  sigset_t before;
  sigset_t pending;
  ssize_t n;
  int code;

  sigemptyset (&pipe_signal);
  sigaddset (&pipe_signal, SIGPIPE);
  sigpending (&pending);
  pthread_sigmask (SIG_BLOCK, &pipe_signal, &before);
  n = write (fd, data, size);
  code = errno;
  if (n < 0 && code == EPIPE && !sigismember (&pending, SIGPIPE))
    sigtimedwait (&pipe_signal, NULL, &now);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  errno = code;

  return n;
}

static gboolean
set_write_error (RefractLogitsWriter *self, int code, GError **error)
{
  if (self->path != NULL)
    set_disk_error (self, code, self->size - MAX (lseek (self->fd, 0, SEEK_CUR), 0), error);
  else if (code == EPIPE)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE,
                         "Nothing reads the log-probabilities any more.");
  else
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                 "The log-probabilities cannot be passed on: %s.", g_strerror (code));

  return FALSE;
}

static gboolean
write_fully (RefractLogitsWriter *self, gconstpointer data, gsize size, GError **error)
{
  const guint8 *bytes = data;

  while (size > 0)
    {
      ssize_t n;

      if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
        return FALSE;

      n = self->path != NULL ? write (self->fd, bytes, size)
                             : write_quietly (self->fd, bytes, size);
      if (n < 0 && errno == EAGAIN)
        {
          struct pollfd ready = { .fd = self->fd, .events = POLLOUT };

          poll (&ready, 1, POLL_MS);
          continue;
        }
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return set_write_error (self, errno, error);
      bytes += n;
      size -= n;
    }

  return TRUE;
}

static gboolean
write_header (RefractLogitsWriter *self, const gint32 *tokens, GError **error)
{
  const RefractLogitsShape *shape = &self->shape;
  const gint32 sizes[4] = { shape->n_ctx, shape->n_vocab, shape->n_chunks, shape->top_k };
  gsize size = refract_logits_format_get_header_size (shape->format) - REFRACT_LOGITS_MAGIC_SIZE;

  return write_fully (self, refract_logits_format_get_magic (shape->format),
                      REFRACT_LOGITS_MAGIC_SIZE, error)
         && write_fully (self, sizes, size, error)
         && write_fully (self, tokens, (gsize) shape->n_chunks * shape->n_ctx * sizeof (gint32),
                         error);
}

static RefractLogitsWriter *
writer_new (const RefractLogitsShape *shape)
{
  RefractLogitsWriter *self = g_new0 (RefractLogitsWriter, 1);

  self->fd = -1;
  self->shape = *shape;
  self->n_rows = refract_logits_shape_get_n_rows (shape);
  self->row_size = refract_logits_shape_get_row_size (shape);
  self->row = g_malloc0 (self->row_size);

  return self;
}

RefractLogitsWriter *
refract_logits_writer_new (const char *path,
                           const RefractLogitsShape *shape,
                           const gint32 *tokens,
                           GError **error)
{
  g_autoptr (RefractLogitsWriter) self = writer_new (shape);

  self->path = g_strdup (path);
  self->size = refract_logits_file_size (shape);
  if (!check_space (self, error))
    return NULL;

  self->temporary = g_strconcat (path, ".XXXXXX", NULL);
  self->fd = g_mkstemp_full (self->temporary, O_RDWR | O_CLOEXEC, 0600);
  if (self->fd < 0)
    {
      int code = errno;

      g_clear_pointer (&self->temporary, g_free);
      set_disk_error (self, code, self->size, error);
      return NULL;
    }

  return write_header (self, tokens, error) ? g_steal_pointer (&self) : NULL;
}

RefractLogitsWriter *
refract_logits_writer_new_for_pipe (int fd,
                                    const RefractLogitsShape *shape,
                                    const gint32 *tokens,
                                    GCancellable *cancellable,
                                    GError **error)
{
  g_autoptr (RefractLogitsWriter) self = writer_new (shape);

  self->fd = fd;
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  if (!g_unix_set_fd_nonblocking (fd, TRUE, error) || !write_header (self, tokens, error))
    return NULL;

  return g_steal_pointer (&self);
}

/* Bytes of the row as the stream has it, in @self->row. */
static gsize
pack_row (RefractLogitsWriter *self, const RefractLogitsRow *row)
{
  const float head[2] = { row->scale, row->min_log_prob };
  const guint32 n_top = row->n_top;
  gsize size;

  switch (self->shape.format)
    {
    case REFRACT_LOGITS_16BIT:
      memcpy (self->row, head, sizeof head);
      memcpy (self->row + sizeof head, row->q, self->shape.n_vocab * sizeof (guint16));
      return self->row_size;
    case REFRACT_LOGITS_F32:
      memcpy (self->row, row->values, self->row_size);
      return self->row_size;
    case REFRACT_LOGITS_TOP:
      size = n_top * sizeof (RefractLogitsEntry);
      memcpy (self->row, &n_top, sizeof n_top);
      memcpy (self->row + sizeof n_top, row->top, size);
      return sizeof n_top + size;
    default:
      g_return_val_if_reached (0);
    }
}

gboolean
refract_logits_writer_add (RefractLogitsWriter *self, const RefractLogitsRow *row, GError **error)
{
  g_return_val_if_fail (self->n_rows > 0, FALSE);
  g_return_val_if_fail (row->n_top <= self->shape.top_k + 1, FALSE);

  self->n_rows--;

  return write_fully (self, self->row, pack_row (self, row), error);
}

gboolean
refract_logits_writer_finish (RefractLogitsWriter *self, GError **error)
{
  g_return_val_if_fail (self->n_rows == 0, FALSE);

  if (close (g_steal_fd (&self->fd)) != 0
      || (self->path != NULL && g_rename (self->temporary, self->path) != 0))
    return set_write_error (self, errno, error);
  g_clear_pointer (&self->temporary, g_free);

  return TRUE;
}

void
refract_logits_writer_free (RefractLogitsWriter *self)
{
  if (self == NULL)
    return;

  if (self->fd >= 0)
    close (self->fd);
  if (self->temporary != NULL)
    g_unlink (self->temporary);
  g_free (self->temporary);
  g_free (self->path);
  g_free (self->row);
  g_clear_object (&self->cancellable);
  g_free (self);
}
