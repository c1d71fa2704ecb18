/* refract-server-log.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * RefractServerLog:
 *
 * What vLLM and SGLang say in their logs that we need: why they could not start, and the KV cache
 * that they allocated. Lines are put in by the thread that reads them; everything else may be
 * called from any thread meanwhile.
 */
typedef struct _RefractServerLog RefractServerLog;

/**
 * RefractServerFacts:
 * @on_cpu: the log says that the KV cache is in the processor's memory
 * @dtype: (nullable): the type that the model computes in, without "torch."
 * @kv_dtype: (nullable): the type of the KV cache that was allocated
 * @n_tokens: tokens that it has room for; 0 unknown
 */
typedef struct
{
  gboolean on_cpu;
  char *dtype;
  char *kv_dtype;
  guint64 n_tokens;
} RefractServerFacts;

RefractServerLog *refract_server_log_new (void);
void refract_server_log_free (RefractServerLog *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractServerLog, refract_server_log_free)

/* A #RefractLineFunc: @user_data is the log. */
void refract_server_log_take_line (const char *line, gboolean is_stderr, gpointer user_data);

void refract_server_log_get_facts (RefractServerLog *self, RefractServerFacts *facts);
void refract_server_facts_clear (RefractServerFacts *facts);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RefractServerFacts, refract_server_facts_clear)

/* (transfer full) (nullable): the error that an ended server's other errors come from: "ValueError:
 * …". The last lines of such a log only say that something above went wrong. */
char *refract_server_log_dup_cause (RefractServerLog *self);
/* whether that error, or one beside it, is about memory that could not be had */
gboolean refract_server_log_is_out_of_memory (RefractServerLog *self);

G_END_DECLS
