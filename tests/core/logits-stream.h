/* logits-stream.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/refract-logits.h"

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

/* The most likely @top_k and @token, most likely first. */
static inline void
stream_add_top_row (
    GByteArray *bytes, const float *logits, guint n_vocab, guint top_k, gint32 token)
{
  g_autofree gboolean *taken = g_new0 (gboolean, n_vocab);
  gboolean has_token = FALSE;
  guint32 n = top_k;
  double sum = 0;
  guint offset = bytes->len;

  for (guint i = 0; i < n_vocab; i++)
    sum += exp (logits[i]);
  g_byte_array_append (bytes, (guint8 *) &n, sizeof n);
  for (guint k = 0; k <= top_k; k++)
    {
      gint32 best = -1;
      float log_p;

      for (guint i = 0; i < n_vocab; i++)
        if (!taken[i] && (best < 0 || logits[i] > logits[best]))
          best = i;
      if (k == top_k)
        best = token;
      if (k == top_k && has_token)
        break;
      taken[best] = TRUE;
      has_token |= best == token;
      log_p = logits[best] - log (sum);
      g_byte_array_append (bytes, (guint8 *) &best, sizeof best);
      g_byte_array_append (bytes, (guint8 *) &log_p, sizeof log_p);
      n = k + 1;
    }
  memcpy (bytes->data + offset, &n, sizeof n);
}

/* Streams of the same sizes have the same tokens and, but for their noise, the same logits. */
static inline GByteArray *
stream_new_shape (const RefractLogitsShape *shape, float noise, guint32 seed)
{
  static const char *const magics[] = { "_logits_", "_lp_f32_", "_lp_top_" };
  g_autoptr (GRand) common = g_rand_new_with_seed (7);
  g_autoptr (GRand) own = g_rand_new_with_seed (seed);
  g_autofree float *logits = g_new (float, shape->n_vocab);
  g_autofree gint32 *tokens = g_new (gint32, shape->n_chunks * shape->n_ctx);
  gint32 sizes[4] = { shape->n_ctx, shape->n_vocab, shape->n_chunks, shape->top_k };
  GByteArray *bytes = g_byte_array_new ();
  guint per_chunk = shape->n_ctx - 1 - shape->n_ctx / 2;

  g_byte_array_append (bytes, (const guint8 *) magics[shape->format], 8);
  g_byte_array_append (bytes, (guint8 *) sizes, shape->format == REFRACT_LOGITS_16BIT ? 12 : 16);
  for (guint i = 0; i < shape->n_chunks * shape->n_ctx; i++)
    tokens[i] = g_rand_int_range (common, 0, shape->n_vocab);
  g_byte_array_append (bytes, (guint8 *) tokens, shape->n_chunks * shape->n_ctx * sizeof (gint32));
  for (guint i = 0; i < shape->n_chunks * per_chunk; i++)
    {
      stream_make_logits (common, own, 3, noise, logits, shape->n_vocab);
      if (shape->format == REFRACT_LOGITS_16BIT)
        stream_add_row (bytes, logits, shape->n_vocab);
      else if (shape->format == REFRACT_LOGITS_F32)
        g_byte_array_append (bytes, (guint8 *) logits, shape->n_vocab * sizeof (float));
      else
        stream_add_top_row (
            bytes, logits, shape->n_vocab, shape->top_k,
            tokens[i / per_chunk * shape->n_ctx + shape->n_ctx / 2 + i % per_chunk + 1]);
    }

  return bytes;
}

static inline GByteArray *
stream_new (guint n_ctx, guint n_vocab, guint n_chunks, float noise, guint32 seed)
{
  const RefractLogitsShape shape = { REFRACT_LOGITS_16BIT, n_ctx, n_vocab, n_chunks, 0 };

  return stream_new_shape (&shape, noise, seed);
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
