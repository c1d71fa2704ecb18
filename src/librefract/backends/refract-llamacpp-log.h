/* refract-llamacpp-log.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-session.h"

G_BEGIN_DECLS

/**
 * RefractLlamacppLog:
 *
 * What a llama.cpp program says in its log that we need: the KV cache it allocated, why it could
 * not start, how far `llama-perplexity` got. Lines are put in by the thread that reads them;
 * everything else may be called from any thread meanwhile.
 */
typedef struct _RefractLlamacppLog RefractLlamacppLog;

RefractLlamacppLog *refract_llamacpp_log_new (void);
void refract_llamacpp_log_free (RefractLlamacppLog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractLlamacppLog, refract_llamacpp_log_free)

/* A #RefractLineFunc: @user_data is the log. */
void refract_llamacpp_log_take_line (const char *line, gboolean is_stderr, gpointer user_data);

/* (transfer full): PROVED with what the log said, NONE when it said nothing. Several caches (models
 * with a sliding window) are summed; where they disagree on a type, it reads "f16+q8_0". */
RefractKvInUse *refract_llamacpp_log_dup_kv_in_use (RefractLlamacppLog *self);

/* whether a line said that memory could not be had; means something only for a program that failed
 */
gboolean refract_llamacpp_log_is_out_of_memory (RefractLlamacppLog *self);
/* (transfer full) (nullable): why the model could not be loaded */
char *refract_llamacpp_log_dup_model_error (RefractLlamacppLog *self);

/**
 * RefractPerplexityFacts:
 * @n_chunks: chunks it computes; 0 before it knows
 * @started: monotonic time, µs, when it began to compute; 0 before
 * @n_tokens_needed: tokens that the text would need; 0 when it is long enough
 * @n_tokens: tokens that the text has, where it is too short
 * @total_ms: its own clock over the whole run; 0 before it said
 */
typedef struct
{
  guint n_chunks;
  gint64 started;
  guint n_tokens_needed;
  guint n_tokens;
  double total_ms;
} RefractPerplexityFacts;

void refract_llamacpp_log_get_perplexity (RefractLlamacppLog *self, RefractPerplexityFacts *facts);

G_END_DECLS
