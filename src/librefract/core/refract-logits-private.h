/* refract-logits-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "core/refract-logits.h"

G_BEGIN_DECLS

/* The engine writes what it has in memory: i32, f32 and u16 of this machine's byte order.
 *
 *   char[8] magic | i32 n_ctx | i32 n_vocab | i32 n_chunks | i32 tokens[n_chunks × n_ctx]
 *   n_chunks × (n_ctx − 1 − n_ctx/2) rows of
 *     f32 scale | f32 min_log_prob | u16 q[n_vocab], n_vocab rounded up to even */
#define REFRACT_LOGITS_MAGIC "_logits_"
#define REFRACT_LOGITS_HEADER_SIZE 20

/* llama-perplexity keeps 16 nats below the most likely token; 80 leaves room for forks and keeps
 * single precision from underflow. */
#define REFRACT_LOGITS_MAX_SCALE (80.0f / 65535.0f)

/* What this program is ready to allocate for: n_ctx and n_vocab up to 2²⁴, tokens up to 2²⁸. */
gboolean refract_logits_shape_is_valid (gint64 n_ctx, gint64 n_vocab, gint64 n_chunks);
guint refract_logits_rows_per_chunk (guint n_ctx);
/* bytes of a row */
gsize refract_logits_row_size (guint n_vocab);

G_END_DECLS
