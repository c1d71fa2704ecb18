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
RefractLogitsReader *
refract_logits_reader_new (int fd, const char *what, GCancellable *cancellable, GError **error);
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
 * @scale: log p_i = scale · q_i + min_log_prob, nats, before renormalisation; in [0, 80/65535]
 * @min_log_prob: finite
 * @q: n_vocab values, valid until the next row is read
 */
typedef struct
{
  float scale;
  float min_log_prob;
  const guint16 *q;
} RefractLogitsRow;

/* The next row; @end (out) is TRUE after the last one. A short stream is an error that says how
 * many rows are missing, a row that is not numbers one that says which. Waits for a stalled pipe
 * until the cancellable is cancelled (seen within 0.2 s). */
gboolean refract_logits_reader_next (RefractLogitsReader *self,
                                     RefractLogitsRow *row,
                                     gboolean *end,
                                     GError **error);

/**
 * RefractLogitsWriter:
 *
 * Writes a file of the same layout. It appears under its name when it is whole and not before; one
 * that is not finished leaves nothing behind.
 */
typedef struct _RefractLogitsWriter RefractLogitsWriter;

/* @tokens: n_chunks × n_ctx ids. %REFRACT_ERROR_DISK when the disk of @path has not the room for
 * the whole file and 64 MiB beside it, or @path cannot be written. */
RefractLogitsWriter *refract_logits_writer_new (const char *path,
                                                guint n_ctx,
                                                guint n_vocab,
                                                guint n_chunks,
                                                const gint32 *tokens,
                                                GError **error);
gboolean
refract_logits_writer_add (RefractLogitsWriter *self, const RefractLogitsRow *row, GError **error);
/* All rows are added: gives the file its name, over an older one. */
gboolean refract_logits_writer_finish (RefractLogitsWriter *self, GError **error);
void refract_logits_writer_free (RefractLogitsWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractLogitsWriter, refract_logits_writer_free)

/* bytes that a logits file of this shape has */
guint64 refract_logits_file_size (guint n_ctx, guint n_vocab, guint n_chunks);

G_END_DECLS
