/* refract-logits.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * RefractLogitsFormat:
 * @REFRACT_LOGITS_16BIT: what `llama-perplexity --kl-divergence-base` writes: log-probabilities of
 *   the whole vocabulary in steps of a 65535th of 16 nats
 * @REFRACT_LOGITS_F32: logits or log-probabilities of the whole vocabulary in single precision
 * @REFRACT_LOGITS_TOP: log-probabilities of the most likely tokens and of the true one
 */
typedef enum
{
  REFRACT_LOGITS_16BIT,
  REFRACT_LOGITS_F32,
  REFRACT_LOGITS_TOP,
} RefractLogitsFormat;

/**
 * RefractLogitsShape:
 * @n_ctx: tokens per chunk, 3 to 2²⁴
 * @n_vocab: 1 to 2²⁴
 * @n_chunks: at least 1, n_chunks · n_ctx at most 2²⁸
 * @top_k: most entries of a row beside the true token's, 1 to n_vocab; 0 unless
 *   %REFRACT_LOGITS_TOP
 *
 * What a stream says about itself at its beginning.
 */
typedef struct
{
  RefractLogitsFormat format;
  guint n_ctx;
  guint n_vocab;
  guint n_chunks;
  guint top_k;
} RefractLogitsShape;

/* n_ctx − 1 − n_ctx/2: scored positions of a chunk, which are n_ctx/2 … n_ctx−2; the row of a
 * position predicts the token after it. */
guint refract_logits_rows_per_chunk (guint n_ctx);
/* Bytes of a file of this shape; of %REFRACT_LOGITS_TOP the most that it can have. */
guint64 refract_logits_file_size (const RefractLogitsShape *shape);

/**
 * RefractLogitsEntry:
 * @id: 0 to n_vocab − 1
 * @log_p: nats, over the whole vocabulary; finite
 */
typedef struct
{
  gint32 id;
  float log_p;
} RefractLogitsEntry;

/**
 * RefractLogitsRow:
 * @scale: of 16 bits: log p_i = scale · q_i + min_log_prob, nats, before renormalisation; in
 *   [0, 80/65535]
 * @min_log_prob: of 16 bits: finite
 * @q: of 16 bits: n_vocab values
 * @values: of 32 bits: n_vocab finite logits or log-probabilities
 * @top: of the most likely tokens: @n_top entries, no id twice; a reader has them in order of id
 * @n_top: 1 to top_k + 1
 *
 * One scored position. Only the members of the stream's format are set; a reader's arrays are valid
 * until its next row.
 */
typedef struct
{
  float scale;
  float min_log_prob;
  const guint16 *q;
  const float *values;
  const RefractLogitsEntry *top;
  guint n_top;
} RefractLogitsRow;

/**
 * RefractLogitsReader:
 *
 * Reads log-probabilities in any of the formats (layout: refract-logits-private.h), from a file or
 * a pipe, one row at a time: memory is one row, whatever the file's size. Every length in the
 * header is checked before it is used, every row before it is handed out.
 */
typedef struct _RefractLogitsReader RefractLogitsReader;

/* @fd is owned afterwards. Reads and checks the header. @what names the stream in errors. */
RefractLogitsReader *
refract_logits_reader_new (int fd, const char *what, GCancellable *cancellable, GError **error);
void refract_logits_reader_free (RefractLogitsReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractLogitsReader, refract_logits_reader_free)

const RefractLogitsShape *refract_logits_reader_get_shape (RefractLogitsReader *self);
/* n_chunks × n_ctx ids, (transfer none) */
const gint32 *refract_logits_reader_get_tokens (RefractLogitsReader *self);

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
 * Writes the same layout. A file appears under its name when it is whole and not before; one that
 * is not finished leaves nothing behind.
 */
typedef struct _RefractLogitsWriter RefractLogitsWriter;

/* @tokens: n_chunks × n_ctx ids. %REFRACT_ERROR_DISK when the disk of @path has not the room for
 * the whole file and 64 MiB beside it, or @path cannot be written. */
RefractLogitsWriter *refract_logits_writer_new (const char *path,
                                                const RefractLogitsShape *shape,
                                                const gint32 *tokens,
                                                GError **error);
/**
 * refract_logits_writer_new_for_pipe:
 * @fd: the writing end of a pipe, owned afterwards, also on failure; becomes non-blocking
 * @tokens: n_chunks × n_ctx ids
 * @cancellable: (nullable): ends a write that waits for the reader, within 0.2 s
 *
 * For the streams that a program of ours writes and refract_backend_logits() reads, each in a
 * thread of its own. %G_IO_ERROR_BROKEN_PIPE, and no signal, when the reader has closed its end:
 * then its error is the one to show.
 */
RefractLogitsWriter *refract_logits_writer_new_for_pipe (int fd,
                                                         const RefractLogitsShape *shape,
                                                         const gint32 *tokens,
                                                         GCancellable *cancellable,
                                                         GError **error);
/* @row: in the shape's format; the rows of a chunk in order of position, chunk by chunk */
gboolean
refract_logits_writer_add (RefractLogitsWriter *self, const RefractLogitsRow *row, GError **error);
/* All rows are added: gives the file its name, over an older one, or closes the pipe. */
gboolean refract_logits_writer_finish (RefractLogitsWriter *self, GError **error);
void refract_logits_writer_free (RefractLogitsWriter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractLogitsWriter, refract_logits_writer_free)

G_END_DECLS
