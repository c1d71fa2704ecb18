/* refract-logits-writer.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "core/refract-logits-private.h"

/* What must stay free on the disk beside the file. */
#define MARGIN (64 * 1024 * 1024)

struct _RefractLogitsWriter
{
  int fd;
  char *path;
  char *temporary; /* NULL when it has its name */
  guint8 *row;
  gsize row_size;
  guint n_vocab;
  guint64 size;
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

static gboolean
write_fully (RefractLogitsWriter *self, gconstpointer data, gsize size, GError **error)
{
  const guint8 *bytes = data;

  while (size > 0)
    {
      ssize_t n = write (self->fd, bytes, size);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          int code = errno;
          off_t done = lseek (self->fd, 0, SEEK_CUR);

          set_disk_error (self, code, self->size - MAX (done, 0), error);
          return FALSE;
        }
      bytes += n;
      size -= n;
    }

  return TRUE;
}

RefractLogitsWriter *
refract_logits_writer_new (const char *path,
                           guint n_ctx,
                           guint n_vocab,
                           guint n_chunks,
                           const gint32 *tokens,
                           GError **error)
{
  g_autoptr (RefractLogitsWriter) self = g_new0 (RefractLogitsWriter, 1);
  const gint32 shape[3] = { n_ctx, n_vocab, n_chunks };

  self->fd = -1;
  self->path = g_strdup (path);
  self->size = refract_logits_file_size (n_ctx, n_vocab, n_chunks);
  self->n_vocab = n_vocab;
  self->row_size = refract_logits_row_size (n_vocab);
  self->row = g_malloc0 (self->row_size);

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

  if (!write_fully (self, REFRACT_LOGITS_MAGIC, 8, error)
      || !write_fully (self, shape, sizeof shape, error)
      || !write_fully (self, tokens, (gsize) n_chunks * n_ctx * sizeof (gint32), error))
    return NULL;

  return g_steal_pointer (&self);
}

gboolean
refract_logits_writer_add (RefractLogitsWriter *self, const RefractLogitsRow *row, GError **error)
{
  memcpy (self->row, &row->scale, sizeof (float));
  memcpy (self->row + sizeof (float), &row->min_log_prob, sizeof (float));
  memcpy (self->row + 2 * sizeof (float), row->q, self->n_vocab * sizeof (guint16));

  return write_fully (self, self->row, self->row_size, error);
}

gboolean
refract_logits_writer_finish (RefractLogitsWriter *self, GError **error)
{
  g_return_val_if_fail (lseek (self->fd, 0, SEEK_CUR) == (off_t) self->size, FALSE);

  if (close (g_steal_fd (&self->fd)) != 0 || g_rename (self->temporary, self->path) != 0)
    {
      set_disk_error (self, errno, self->size, error);
      return FALSE;
    }
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
  g_free (self);
}
