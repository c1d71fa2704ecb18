/* refract-logits.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/refract-error.h"
#include "core/refract-logits-private.h"

/* How long a cancellation may go unseen while the engine computes. */
#define POLL_MS 200
/* Tokens are read in steps, so that a header cannot make us allocate what does not follow. */
#define TOKENS_PER_STEP (256 * 1024)
#define MAX_SIZE (16 * 1024 * 1024)
#define MAX_TOKENS (1 << 28)

struct _RefractLogitsReader
{
  int fd;
  char *what;
  GCancellable *cancellable;
  guint n_ctx;
  guint n_vocab;
  guint n_chunks;
  gint32 *tokens;
  guint8 *row;
  gsize row_size;
  guint64 n_rows;
  guint64 n_read;
};

gboolean
refract_logits_shape_is_valid (gint64 n_ctx, gint64 n_vocab, gint64 n_chunks)
{
  return n_ctx >= 3 && n_ctx <= MAX_SIZE && n_vocab >= 1 && n_vocab <= MAX_SIZE && n_chunks >= 1
         && n_chunks <= MAX_TOKENS / n_ctx;
}

gsize
refract_logits_row_size (guint n_vocab)
{
  return ((gsize) 2 * ((n_vocab + 1) / 2) + 4) * sizeof (guint16);
}

guint
refract_logits_rows_per_chunk (guint n_ctx)
{
  return n_ctx - 1 - n_ctx / 2;
}

/**
 * refract_logits_file_size:
 * @n_ctx: 3 to 2²⁴
 * @n_vocab: 1 to 2²⁴
 * @n_chunks: n_chunks · n_ctx at most 2²⁸
 *
 * Returns: bytes of a file of this shape (ENGINES 1.5)
 */
guint64
refract_logits_file_size (guint n_ctx, guint n_vocab, guint n_chunks)
{
  return REFRACT_LOGITS_HEADER_SIZE + (guint64) n_chunks * n_ctx * sizeof (gint32)
         + (guint64) n_chunks * refract_logits_rows_per_chunk (n_ctx)
               * refract_logits_row_size (n_vocab);
}

/* Fills @buffer, or stops at the end of the stream: @n_read (out) tells. */
static gboolean
read_fully (RefractLogitsReader *self, void *buffer, gsize size, gsize *n_read, GError **error)
{
  gsize done = 0;

  while (done < size)
    {
      struct pollfd ready = { .fd = self->fd, .events = POLLIN };
      ssize_t n;

      if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
        return FALSE;

      n = poll (&ready, 1, POLL_MS);
      if (n > 0)
        n = read (self->fd, (guint8 *) buffer + done, size - done);
      else if (n == 0)
        continue;

      if (n < 0 && (errno == EINTR || errno == EAGAIN))
        continue;
      if (n < 0)
        {
          int saved_errno = errno;

          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE, "%s cannot be read: %s.",
                       self->what, g_strerror (saved_errno));
          return FALSE;
        }
      if (n == 0)
        break;
      done += n;
    }

  *n_read = done;

  return TRUE;
}

static gboolean
check_shape (
    RefractLogitsReader *self, gint32 n_ctx, gint32 n_vocab, gint32 n_chunks, GError **error)
{
  if (!refract_logits_shape_is_valid (n_ctx, n_vocab, n_chunks))
    {
      g_set_error (
          error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
          "%s says that it has %d chunks of %d tokens over a vocabulary of %d, which cannot "
          "be: it is damaged, or not from llama-perplexity.",
          self->what, n_chunks, n_ctx, n_vocab);
      return FALSE;
    }

  self->n_ctx = n_ctx;
  self->n_vocab = n_vocab;
  self->n_chunks = n_chunks;
  self->n_rows = (guint64) n_chunks * refract_logits_rows_per_chunk (n_ctx);
  self->row_size = refract_logits_row_size (n_vocab);

  return TRUE;
}

static gboolean
read_tokens (RefractLogitsReader *self, GError **error)
{
  gsize n_tokens = (gsize) self->n_chunks * self->n_ctx;
  gsize done = 0;

  while (done < n_tokens)
    {
      gsize step = MIN (n_tokens - done, TOKENS_PER_STEP);
      gsize n_read;
      gsize i;

      self->tokens = g_renew (gint32, self->tokens, done + step);
      if (!read_fully (self, self->tokens + done, step * sizeof (gint32), &n_read, error))
        return FALSE;
      if (n_read < step * sizeof (gint32))
        {
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                       "%s ends within its tokens, %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
                       " came: the engine ended early, its last lines say why.",
                       self->what, done + n_read / sizeof (gint32), n_tokens);
          return FALSE;
        }
      for (i = done; i < done + step; i++)
        if (self->tokens[i] < 0 || self->tokens[i] >= (gint32) self->n_vocab)
          {
            g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                         "%s has token %d at position %" G_GSIZE_FORMAT
                         ", outside its vocabulary of %u: it is damaged.",
                         self->what, self->tokens[i], i, self->n_vocab);
            return FALSE;
          }
      done += step;
    }

  return TRUE;
}

static gboolean
read_header (RefractLogitsReader *self, GError **error)
{
  guint8 header[REFRACT_LOGITS_HEADER_SIZE];
  gint32 shape[3];
  gsize n_read;

  if (!read_fully (self, header, sizeof header, &n_read, error))
    return FALSE;

  if (n_read >= 8 && memcmp (header, REFRACT_LOGITS_MAGIC, 8) != 0)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                   "%s does not hold log-probabilities of llama-perplexity.", self->what);
      return FALSE;
    }
  if (n_read < sizeof header)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                   "%s ends after %" G_GSIZE_FORMAT
                   " bytes: the engine ended before it had computed "
                   "anything; its last lines say why (a corpus of less than two contexts is one "
                   "reason).",
                   self->what, n_read);
      return FALSE;
    }

  memcpy (shape, header + 8, sizeof shape);

  return check_shape (self, shape[0], shape[1], shape[2], error) && read_tokens (self, error);
}

/**
 * refract_logits_reader_new:
 * @fd: a file or the reading end of a pipe; owned afterwards, also on failure
 * @what: the stream's name in errors, begins a sentence: "The reference's log-probabilities"
 * @cancellable: (nullable): ends a read that waits
 *
 * Returns: (transfer full): %NULL with %REFRACT_ERROR_ENGINE or %G_IO_ERROR_CANCELLED
 */
RefractLogitsReader *
refract_logits_reader_new (int fd, const char *what, GCancellable *cancellable, GError **error)
{
  g_autoptr (RefractLogitsReader) self = g_new0 (RefractLogitsReader, 1);
  struct stat status;

  self->fd = fd;
  self->what = g_strdup (what);
  self->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;

  if (!read_header (self, error))
    return NULL;

  if (fstat (fd, &status) == 0 && S_ISREG (status.st_mode)
      && (guint64) status.st_size
             > refract_logits_file_size (self->n_ctx, self->n_vocab, self->n_chunks))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                   "%s goes on after the last of its %" G_GUINT64_FORMAT " rows: it is damaged.",
                   self->what, self->n_rows);
      return NULL;
    }

  self->row = g_try_malloc (self->row_size);
  if (self->row == NULL)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MEMORY,
                   "There is not enough memory for one row of %s.", self->what);
      return NULL;
    }

  return g_steal_pointer (&self);
}

void
refract_logits_reader_free (RefractLogitsReader *self)
{
  if (self == NULL)
    return;

  close (self->fd);
  g_free (self->what);
  g_clear_object (&self->cancellable);
  g_free (self->tokens);
  g_free (self->row);
  g_free (self);
}

guint
refract_logits_reader_get_n_ctx (RefractLogitsReader *self)
{
  return self->n_ctx;
}

guint
refract_logits_reader_get_n_vocab (RefractLogitsReader *self)
{
  return self->n_vocab;
}

guint
refract_logits_reader_get_n_chunks (RefractLogitsReader *self)
{
  return self->n_chunks;
}

guint
refract_logits_reader_get_rows_per_chunk (RefractLogitsReader *self)
{
  return refract_logits_rows_per_chunk (self->n_ctx);
}

const gint32 *
refract_logits_reader_get_tokens (RefractLogitsReader *self)
{
  return self->tokens;
}

static gboolean
check_row (RefractLogitsReader *self, const RefractLogitsRow *row, GError **error)
{
  guint per_chunk = refract_logits_rows_per_chunk (self->n_ctx);
  gboolean is_number = isfinite (row->scale) && isfinite (row->min_log_prob);

  if (is_number && row->scale >= 0 && row->scale <= REFRACT_LOGITS_MAX_SCALE)
    return TRUE;

  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
               "%s: row %" G_GUINT64_FORMAT " of chunk %" G_GUINT64_FORMAT " %s.", self->what,
               self->n_read % per_chunk + 1, self->n_read / per_chunk + 1,
               is_number ? "is damaged"
                         : "is not numbers: the model computed NaN or infinity with this KV cache");

  return FALSE;
}

gboolean
refract_logits_reader_next (RefractLogitsReader *self,
                            RefractLogitsRow *row,
                            gboolean *end,
                            GError **error)
{
  gsize n_read;

  *end = self->n_read == self->n_rows;
  if (*end)
    return TRUE;

  if (!read_fully (self, self->row, self->row_size, &n_read, error))
    return FALSE;
  if (n_read < self->row_size)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                   "%s ends after %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                   " rows: the engine ended early, its last lines say why.",
                   self->what, self->n_read, self->n_rows);
      return FALSE;
    }

  memcpy (&row->scale, self->row, sizeof row->scale);
  memcpy (&row->min_log_prob, self->row + sizeof row->scale, sizeof row->min_log_prob);
  row->q = (const guint16 *) (const void *) (self->row + 2 * sizeof (float));
  if (!check_row (self, row, error))
    return FALSE;

  self->n_read++;

  return TRUE;
}
