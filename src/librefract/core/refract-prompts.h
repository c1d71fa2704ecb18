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

/**
 * RefractPrompts:
 *
 * An ordered set of prompts, read from JSONL (one object per line with `id`, `category`, `prompt`)
 * or from the `per_prompt` of a REFRACT report.
 */
typedef struct _RefractPrompts RefractPrompts;

RefractPrompts *refract_prompts_load (const char *path, GError **error);
void refract_prompts_free (RefractPrompts *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractPrompts, refract_prompts_free)
guint refract_prompts_get_n (RefractPrompts *self);
const RefractPrompt *refract_prompts_get (RefractPrompts *self, guint index);
/* hex SHA-256 over ids and texts in order: two sets with the same prompts have the same one */
const char *refract_prompts_get_sha256 (RefractPrompts *self);
/* TRUE for the framework's own 30 prompts (known by the SHA-256 of their texts in order), or where
 * they come from one of its reports */
gboolean refract_prompts_are_refract_0_3 (RefractPrompts *self);

/* Text files as corpus or haystack: UTF-8 (invalid bytes are an error that says where), not empty. */
typedef struct
{
  char *path;
  char *text;       /* whole file */
  guint64 size_bytes;
  char *sha256;      /* whole file, hex */
  char *sha256_head; /* first MiB, hex: the report's key */
} RefractText;

RefractText *refract_text_load (const char *path, GError **error);
void refract_text_free (RefractText *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractText, refract_text_free)

G_END_DECLS
