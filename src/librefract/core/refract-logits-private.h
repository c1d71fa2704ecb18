/* refract-logits-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "core/refract-logits.h"

G_BEGIN_DECLS

/* Everything in this machine's byte order: writer and reader are on the same one.
 *
 *   char[8] magic | i32 n_ctx | i32 n_vocab | i32 n_chunks
 *   "_lp_f32_": i32 0; "_lp_top_": i32 top_k
 *   i32 tokens[n_chunks × n_ctx]
 *   n_chunks × (n_ctx − 1 − n_ctx/2) rows of
 *     "_logits_": f32 scale | f32 min_log_prob | u16 q[n_vocab], n_vocab rounded up to even
 *     "_lp_f32_": f32 values[n_vocab]
 *     "_lp_top_": u32 n_top | n_top × (i32 id | f32 log_p)
 *
 * The first is the engine's own, which writes what it has in memory. */
#define REFRACT_LOGITS_MAGIC_SIZE 8
#define REFRACT_LOGITS_MAX_HEADER_SIZE 24

/* llama-perplexity keeps 16 nats below the most likely token; 80 leaves room for forks and keeps
 * single precision from underflow. */
#define REFRACT_LOGITS_MAX_SCALE (80.0f / 65535.0f)

G_STATIC_ASSERT (sizeof (RefractLogitsEntry) == 8);

/* (transfer none): 8 characters */
const char *refract_logits_format_get_magic (RefractLogitsFormat format);
/* %FALSE for none of ours */
gboolean refract_logits_format_from_magic (const guint8 *magic, RefractLogitsFormat *format);
gsize refract_logits_format_get_header_size (RefractLogitsFormat format);

/* What this program is ready to allocate for. */
gboolean refract_logits_shape_is_valid (
    RefractLogitsFormat format, gint64 n_ctx, gint64 n_vocab, gint64 n_chunks, gint64 top_k);
guint64 refract_logits_shape_get_n_rows (const RefractLogitsShape *shape);
/* bytes of a row, or the most that it can have */
gsize refract_logits_shape_get_row_size (const RefractLogitsShape *shape);
/* (transfer full): "32-bit log-probabilities", "log-probabilities of the top 64 tokens", … */
char *refract_logits_shape_describe (const RefractLogitsShape *shape);

G_END_DECLS
