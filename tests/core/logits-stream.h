/* logits-stream.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>
#include <math.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifdef __has_feature
#  if __has_feature(address_sanitizer)
#    define __SANITIZE_ADDRESS__
#  endif
#endif

/* Streams of the engine's layout, made here by its own rule for quantising a row. */

typedef struct
{
  GByteArray *bytes;
  int fd;
  gboolean leave_open;
} StreamWriting;

static inline void
stream_add_row (GByteArray *bytes, const float *logits, guint n_vocab)
{
  guint16 pad = 0;
  float max = logits[0];
  float min = logits[0];
  double sum = 0;
  float head[2];

  for (guint i = 0; i < n_vocab; i++)
    {
      max = MAX (max, logits[i]);
      min = MIN (min, logits[i]);
    }
  min = MAX (min, max - 16);
  for (guint i = 0; i < n_vocab; i++)
    sum += exp (logits[i] - max);
  head[0] = (max - min) / 65535.0f;
  head[1] = min - max - (float) log (sum);

  g_byte_array_append (bytes, (guint8 *) head, sizeof head);
  for (guint i = 0; i < n_vocab; i++)
    {
      guint16 q = logits[i] > min ? (guint16) lrintf ((logits[i] - min) / head[0]) : 0;

      g_byte_array_append (bytes, (guint8 *) &q, sizeof q);
    }
  if (n_vocab % 2 == 1)
    g_byte_array_append (bytes, (guint8 *) &pad, sizeof pad);
}

static inline float
stream_normal (GRand *random)
{
  return sqrt (-2 * log (1 - g_rand_double (random))) * cos (2 * G_PI * g_rand_double (random));
}

/* Logits of deviation @spread, to which each stream adds its own noise of deviation @noise. */
static inline void
stream_make_logits (
    GRand *common, GRand *own, float spread, float noise, float *logits, guint n_vocab)
{
  for (guint i = 0; i < n_vocab; i++)
    logits[i] = spread * stream_normal (common) + noise * stream_normal (own);
}

/* Streams of the same shape have the same tokens. */
static inline GByteArray *
stream_new (guint n_ctx, guint n_vocab, guint n_chunks, float noise, guint32 seed)
{
  g_autoptr (GRand) common = g_rand_new_with_seed (7);
  g_autoptr (GRand) own = g_rand_new_with_seed (seed);
  g_autofree float *logits = g_new (float, n_vocab);
  gint32 shape[3] = { n_ctx, n_vocab, n_chunks };
  GByteArray *bytes = g_byte_array_new ();

  g_byte_array_append (bytes, (const guint8 *) "_logits_", 8);
  g_byte_array_append (bytes, (guint8 *) shape, sizeof shape);
  for (guint i = 0; i < n_chunks * n_ctx; i++)
    {
      gint32 token = g_rand_int_range (common, 0, n_vocab);

      g_byte_array_append (bytes, (guint8 *) &token, sizeof token);
    }
  for (guint i = 0; i < n_chunks * (n_ctx - 1 - n_ctx / 2); i++)
    {
      stream_make_logits (common, own, 3, noise, logits, n_vocab);
      stream_add_row (bytes, logits, n_vocab);
    }

  return bytes;
}

static inline GByteArray *
stream_cut (const GByteArray *bytes, guint length)
{
  GByteArray *copy = g_byte_array_new ();

  return g_byte_array_append (copy, bytes->data, MIN (length, bytes->len));
}

static inline void
stream_patch (GByteArray *bytes, guint offset, gconstpointer value, gsize size)
{
  g_assert_cmpuint (offset + size, <=, bytes->len);
  memcpy (bytes->data + offset, value, size);
}

/* A regular file at its beginning. */
static inline int
stream_open_file (const GByteArray *bytes)
{
  int fd = memfd_create ("logits", MFD_CLOEXEC);

  g_assert_cmpint (write (fd, bytes->data, bytes->len), ==, bytes->len);
  g_assert_cmpint (lseek (fd, 0, SEEK_SET), ==, 0);

  return fd;
}

static inline gpointer
stream_write_thread (gpointer data)
{
  StreamWriting *writing = data;
  gsize done = 0;
  gsize step = 1;

  while (done < writing->bytes->len)
    {
      ssize_t n = write (writing->fd, writing->bytes->data + done,
                         MIN (step, writing->bytes->len - done));

      if (n < 0)
        break;
      done += n;
      step = step % 5000 + 37;
    }
  if (!writing->leave_open)
    close (writing->fd);

  return NULL;
}

/* The reading end of a pipe into which a thread writes in pieces of uneven size; stalls after the
 * last byte with @leave_open. */
static inline int
stream_open_pipe (StreamWriting *writing, GByteArray *bytes, gboolean leave_open, GThread **thread)
{
  int ends[2];

  g_assert_cmpint (pipe (ends), ==, 0);
  writing->bytes = bytes;
  writing->fd = ends[1];
  writing->leave_open = leave_open;
  *thread = g_thread_new ("stream", stream_write_thread, writing);

  return ends[0];
}
