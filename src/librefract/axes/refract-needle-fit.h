/* refract-needle-fit.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "backends/refract-session.h"

G_BEGIN_DECLS

/**
 * RefractNeedleFit:
 * @haystack: UTF-8
 * @haystack_length: bytes
 * @question: the user's message
 * @n_bytes: bytes of the haystack that the last prompt used
 * @n_tokens: tokens that the last prompt had
 * @bytes_per_token: of the haystack, as learned so far
 * @n_calls: prompts tokenized so far
 *
 * Fits haystacks to token counts with few calls of the engine's tokenizer: each prompt begins where
 * the last one ended.
 */
typedef struct
{
  RefractSession *session;
  const char *haystack;
  gsize haystack_length;
  const char *question;

  gsize n_bytes;
  guint n_tokens;
  double bytes_per_token;
  guint n_calls;
} RefractNeedleFit;

void refract_needle_fit_init (RefractNeedleFit *self,
                              RefractSession *session,
                              const char *haystack,
                              const char *question);

/**
 * refract_needle_fit_prompt:
 * @length: tokens that template, haystack, needle and question are to have together
 * @reason: (out) (transfer full) (nullable): why there is no such prompt
 *
 * Returns: (transfer full) (element-type gint32): ids of the chat prompt, exactly @length of them,
 * or the most below it when no cut of the haystack gives @length; %NULL with @reason when haystack
 * or length is too short, %NULL with @error when the engine failed
 */
GArray *refract_needle_fit_prompt (RefractNeedleFit *self,
                                   const char *needle,
                                   double position,
                                   guint length,
                                   char **reason,
                                   GCancellable *cancellable,
                                   GError **error);

G_END_DECLS
