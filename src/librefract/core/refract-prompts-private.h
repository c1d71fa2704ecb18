/* refract-prompts-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "core/refract-prompts.h"

G_BEGIN_DECLS

/* SHA-256 of the texts of REFRACT 0.3's `prompts/v0.1.jsonl`, each followed by a NUL. The prompts
 * themselves are not part of this project. */
#define REFRACT_0_3_TEXTS "43031d7d2af06dd0ddc2b35ba375beb8072b6d9ba7e5bc50177173c88440b860"

struct _RefractPrompts
{
  GPtrArray *prompts;
  GHashTable *ids; /* borrows from prompts */
  char *sha256;
  char *texts_sha256;
};

G_END_DECLS
