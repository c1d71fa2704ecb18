/* refract-prompts.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * RefractPrompt:
 * @id: unique within its set
 * @category: factual, arithmetic, code, reasoning, instruction, dialogue; or what the file says
 * @text: UTF-8
 */
typedef struct
{
  char *id;
  char *category;
  char *text;
} RefractPrompt;

RefractPrompt *refract_prompt_copy (const RefractPrompt *self);
void refract_prompt_free (RefractPrompt *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractPrompt, refract_prompt_free)

/**
 * RefractPrompts:
 *
 * An ordered set of prompts. Immutable; may be shared between threads.
 */
typedef struct _RefractPrompts RefractPrompts;

/**
 * refract_prompts_load:
 * @path: JSONL (one object per line with `id`, `prompt` and perhaps `category`, "other" when
 * absent; empty lines and lines that start with `#` are skipped), or a REFRACT report, whose
 *   `axes.gtm.per_prompt` carries the prompts that it was measured with
 *
 * At most 10,000 prompts of at most 1 MiB each, texts exactly as they stand in the file.
 *
 * Returns: (transfer full): %NULL with %REFRACT_ERROR_INPUT, which names the file and the line
 */
RefractPrompts *refract_prompts_load (const char *path, GError **error);
void refract_prompts_free (RefractPrompts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractPrompts, refract_prompts_free)
guint refract_prompts_get_n (RefractPrompts *self);
const RefractPrompt *refract_prompts_get (RefractPrompts *self, guint index);
/* hex SHA-256 over ids and texts in order: two sets with the same prompts have the same one */
const char *refract_prompts_get_sha256 (RefractPrompts *self);
/* TRUE for the framework's own 30 prompts, from its JSONL or from one of its reports: they are
 * known by the SHA-256 of their texts in order */
gboolean refract_prompts_are_refract_0_3 (RefractPrompts *self);

/**
 * RefractText:
 * @path: as it was given
 * @text: whole file, UTF-8
 * @sha256: of the whole file, hex
 * @sha256_head: of the first MiB, hex: the report's key
 *
 * A text file as corpus or haystack.
 */
typedef struct
{
  char *path;
  char *text;
  guint64 size_bytes;
  char *sha256;
  char *sha256_head;
} RefractText;

/* At most 1 GiB, not empty, no NUL. %REFRACT_ERROR_INPUT says at which line invalid bytes stand. */
RefractText *refract_text_load (const char *path, GError **error);
void refract_text_free (RefractText *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractText, refract_text_free)

G_END_DECLS
