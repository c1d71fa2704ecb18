/* refract-logits.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <inttypes.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/refract-error.h"
#include "core/refract-logits-private.h"

/* How long a cancellation may go unseen while the engine computes. */
#define POLL_MS 200
/* Tokens are read in steps, so that a header cannot make us allocate what does not follow. */
#define TOKENS_PER_STEP (256 * 1024)
/* A row's probabilities may add up to this much: an engine may round them to 16 bits. */
#define MAX_SUM 1.02

struct _RefractLogitsReader
{
  int fd;
  char *what;
  GCancellable *cancellable;
  RefractLogitsShape shape;
  gint32 *tokens;
  guint8 *row;
  gsize row_size; /* or the most that it can have */
  guint64 n_rows;
  guint64 n_read;
};

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
take_shape (RefractLogitsReader *self,
            RefractLogitsFormat format,
            const gint32 sizes[4],
            GError **error)
{
  if (!refract_logits_shape_is_valid (format, sizes[0], sizes[1], sizes[2], sizes[3]))
    {
      g_autofree char *entries
          = sizes[3] != 0 ? g_strdup_printf (" and %d of it a row", sizes[3]) : g_strdup ("");

      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                   "%s says that it has %d chunks of %d tokens over a vocabulary of %d%s, which "
                   "cannot be: it is damaged, or not what the engine wrote.",
                   self->what, sizes[2], sizes[0], sizes[1], entries);
      return FALSE;
    }

  self->shape = (RefractLogitsShape) { format, sizes[0], sizes[1], sizes[2], sizes[3] };
  self->n_rows = refract_logits_shape_get_n_rows (&self->shape);
  self->row_size = refract_logits_shape_get_row_size (&self->shape);

  return TRUE;
}

static gboolean
read_tokens (RefractLogitsReader *self, GError **error)
{
  gsize n_tokens = (gsize) self->shape.n_chunks * self->shape.n_ctx;
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
                       "%s ends within its tokens, %zu of %zu came: the engine ended early, its "
                       "last lines say why.",
                       self->what, done + n_read / sizeof (gint32), n_tokens);
          return FALSE;
        }
      for (i = done; i < done + step; i++)
        if (self->tokens[i] < 0 || self->tokens[i] >= (gint32) self->shape.n_vocab)
          {
            g_set_error (
                error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                "%s has token %d at position %zu, outside its vocabulary of %u: it is damaged.",
                self->what, self->tokens[i], i, self->shape.n_vocab);
            return FALSE;
          }
      done += step;
    }

  return TRUE;
}

static gboolean
read_header (RefractLogitsReader *self, GError **error)
{
  RefractLogitsFormat format = REFRACT_LOGITS_16BIT;
  guint8 magic[REFRACT_LOGITS_MAGIC_SIZE];
  gint32 sizes[4] = { 0 };
  gsize size = 0;
  gsize n_read;
  gsize n_more = 0;

  if (!read_fully (self, magic, sizeof magic, &n_read, error))
    return FALSE;

  if (n_read == sizeof magic)
    {
      if (!refract_logits_format_from_magic (magic, &format))
        {
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                       "%s does not hold log-probabilities in a format that this program knows.",
                       self->what);
          return FALSE;
        }
      size = refract_logits_format_get_header_size (format) - sizeof magic;
      if (!read_fully (self, sizes, size, &n_more, error))
        return FALSE;
    }

  if (n_read < sizeof magic || n_more < size)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                   "%s ends after %zu bytes: the engine ended before it had computed "
                   "anything; its last lines say why (a corpus of less than two contexts is one "
                   "reason).",
                   self->what, n_read + n_more);
      return FALSE;
    }

  return take_shape (self, format, sizes, error) && read_tokens (self, error);
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
      && (guint64) status.st_size > refract_logits_file_size (&self->shape))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                   "%s goes on after the last of its %" PRIu64 " rows: it is damaged.", self->what,
                   self->n_rows);
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

const RefractLogitsShape *
refract_logits_reader_get_shape (RefractLogitsReader *self)
{
  return &self->shape;
}

const gint32 *
refract_logits_reader_get_tokens (RefractLogitsReader *self)
{
  return self->tokens;
}

/* The error that names the row's place; @problem ends its sentence. */
static gboolean
refuse_row (RefractLogitsReader *self, GError **error, const char *problem)
{
  guint n_ctx = self->shape.n_ctx;
  guint per_chunk = refract_logits_rows_per_chunk (n_ctx);

  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
               "%s: position %" PRIu64 " of chunk %" PRIu64 " %s.", self->what,
               n_ctx / 2 + self->n_read % per_chunk, self->n_read / per_chunk + 1, problem);

  return FALSE;
}

static gboolean
refuse_numbers (RefractLogitsReader *self, GError **error)
{
  return refuse_row (self, error,
                     "is not numbers: the model computed NaN or infinity with this KV cache");
}

static gboolean
take_16bit_row (RefractLogitsReader *self, RefractLogitsRow *row, GError **error)
{
  memcpy (&row->scale, self->row, sizeof row->scale);
  memcpy (&row->min_log_prob, self->row + sizeof row->scale, sizeof row->min_log_prob);
  row->q = (const guint16 *) (const void *) (self->row + 2 * sizeof (float));

  if (!isfinite (row->scale) || !isfinite (row->min_log_prob))
    return refuse_numbers (self, error);
  if (row->scale < 0 || row->scale > REFRACT_LOGITS_MAX_SCALE)
    return refuse_row (self, error, "is damaged");

  return TRUE;
}

static gboolean
take_f32_row (RefractLogitsReader *self, RefractLogitsRow *row, GError **error)
{
  gboolean is_number = TRUE;
  guint i;

  row->values = (const float *) (const void *) self->row;
  for (i = 0; i < self->shape.n_vocab; i++)
    is_number &= fabsf (row->values[i]) <= FLT_MAX;

  return is_number || refuse_numbers (self, error);
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  gint32 first = ((const RefractLogitsEntry *) a)->id;
  gint32 second = ((const RefractLogitsEntry *) b)->id;

  return first < second ? -1 : first > second;
}

/* The token that the row predicts. */
static gint32
true_token (RefractLogitsReader *self)
{
  guint n_ctx = self->shape.n_ctx;
  guint per_chunk = refract_logits_rows_per_chunk (n_ctx);

  return self->tokens[self->n_read / per_chunk * n_ctx + n_ctx / 2 + self->n_read % per_chunk + 1];
}

static gboolean
take_top_row (RefractLogitsReader *self, guint n, RefractLogitsRow *row, GError **error)
{
  RefractLogitsEntry *top = (RefractLogitsEntry *) (void *) self->row;
  gboolean has_true_token = FALSE;
  gint32 token = true_token (self);
  double sum = 0;
  guint i;

  qsort (top, n, sizeof *top, compare_ids);
  for (i = 0; i < n; i++)
    {
      if (!isfinite (top[i].log_p))
        return refuse_numbers (self, error);
      if (top[i].id < 0 || top[i].id >= (gint32) self->shape.n_vocab)
        return refuse_row (self, error, "has a token outside the vocabulary: it is damaged");
      if (i > 0 && top[i].id == top[i - 1].id)
        return refuse_row (self, error, "has the same token twice: it is damaged");
      has_true_token |= top[i].id == token;
      sum += exp (top[i].log_p);
    }
  if (!has_true_token)
    return refuse_row (self, error, "lacks the true next token: the engine left it out");
  if (!(sum <= MAX_SUM))
    return refuse_row (self, error, "has probabilities that add up to more than 1: it is damaged");

  row->top = top;
  row->n_top = n;

  return TRUE;
}

/* @size: bytes of the row that were asked for; a short stream is an error */
static gboolean
read_row_bytes (RefractLogitsReader *self, gpointer buffer, gsize size, GError **error)
{
  gsize n_read;

  if (!read_fully (self, buffer, size, &n_read, error))
    return FALSE;
  if (n_read < size)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                   "%s ends after %" PRIu64 " of %" PRIu64
                   " rows: the engine ended early, its last lines say why.",
                   self->what, self->n_read, self->n_rows);
      return FALSE;
    }

  return TRUE;
}

static gboolean
read_top_row (RefractLogitsReader *self, RefractLogitsRow *row, GError **error)
{
  guint32 n;

  if (!read_row_bytes (self, &n, sizeof n, error))
    return FALSE;
  if (n == 0 || n > self->shape.top_k + 1)
    return refuse_row (self, error, "has more tokens than announced, or none: it is damaged");

  return read_row_bytes (self, self->row, n * sizeof (RefractLogitsEntry), error)
         && take_top_row (self, n, row, error);
}

static gboolean
read_row (RefractLogitsReader *self, RefractLogitsRow *row, GError **error)
{
  if (self->shape.format == REFRACT_LOGITS_TOP)
    return read_top_row (self, row, error);
  if (!read_row_bytes (self, self->row, self->row_size, error))
    return FALSE;

  return self->shape.format == REFRACT_LOGITS_F32 ? take_f32_row (self, row, error)
                                                  : take_16bit_row (self, row, error);
}

gboolean
refract_logits_reader_next (RefractLogitsReader *self,
                            RefractLogitsRow *row,
                            gboolean *end,
                            GError **error)
{
  *end = self->n_read == self->n_rows;
  if (*end)
    return TRUE;

  memset (row, 0, sizeof *row);
  if (!read_row (self, row, error))
    return FALSE;
  self->n_read++;

  return TRUE;
}
