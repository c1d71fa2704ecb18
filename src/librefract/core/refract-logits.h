/* refract-logits.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * RefractLogitsReader:
 *
 * Reads the 16-bit log-probabilities that `llama-perplexity --kl-divergence-base` writes (layout:
 * ENGINES 1.5), from a file or a pipe, one row at a time: memory is one row, whatever the file's
 * size. Every length in the header is checked before it is used.
 */
typedef struct _RefractLogitsReader RefractLogitsReader;

/* @fd is owned afterwards. Reads and checks the header. @what names the stream in errors. */
RefractLogitsReader *refract_logits_reader_new (int fd, const char *what, GCancellable *cancellable,
                                                GError **error);
void refract_logits_reader_free (RefractLogitsReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractLogitsReader, refract_logits_reader_free)

guint refract_logits_reader_get_n_ctx (RefractLogitsReader *self);
guint refract_logits_reader_get_n_vocab (RefractLogitsReader *self);
guint refract_logits_reader_get_n_chunks (RefractLogitsReader *self);
/* n_ctx − 1 − n_ctx/2: scored positions of a chunk */
guint refract_logits_reader_get_rows_per_chunk (RefractLogitsReader *self);
/* n_chunks × n_ctx ids, (transfer none) */
const gint32 *refract_logits_reader_get_tokens (RefractLogitsReader *self);

/**
 * RefractLogitsRow:
 * @scale: log p_i = scale · q_i + min_log_prob, before renormalisation
 * @q: n_vocab values, valid until the next row is read
 */
typedef struct
{
  float scale;
  float min_log_prob;
  const guint16 *q;
} RefractLogitsRow;

/* The next row; @end (out) is TRUE after the last one. A short stream is an error that says how many
 * rows are missing. */
gboolean refract_logits_reader_next (RefractLogitsReader *self, RefractLogitsRow *row, gboolean *end,
                                     GError **error);

/* bytes that a logits file of this shape has */
guint64 refract_logits_file_size (guint n_ctx, guint n_vocab, guint n_chunks);

G_END_DECLS
