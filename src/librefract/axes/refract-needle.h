/* refract-needle.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * RefractNeedle:
 * @text: what is hidden in the haystack
 * @keyword: what an answer must contain
 */
typedef struct
{
  char *text;
  char *keyword;
} RefractNeedle;

/* Longest run of [A-Z][A-Z0-9-]{2,}, the first of equally long ones; (nullable) */
char *refract_needle_find_keyword (const char *text);

/**
 * refract_needles_new:
 * @text: the first trial's needle
 * @n_trials: ≥ 1
 *
 * One needle per trial: @text itself, then the same frame with keywords from a fixed list, so that
 * trials are not copies of each other.
 *
 * Returns: (transfer full) (element-type RefractNeedle): %NULL with %REFRACT_ERROR_USAGE when @text
 *   has no keyword or there are not enough of them
 */
GPtrArray *refract_needles_new (const char *text, guint n_trials, GError **error);

/**
 * refract_needle_insert:
 * @haystack: UTF-8
 * @length: bytes of @haystack to use, at a character's edge
 * @position: fraction of the characters, [0, 1]
 *
 * Inserts @needle with a space on either side: after the sentence end nearest to @position (the
 * period's distance counts; the earlier one of two at the same), or where @position falls when none
 * is within 200 characters.
 */
char *
refract_needle_insert (const char *haystack, gsize length, double position, const char *needle);

/* Whether @answer contains @keyword, whatever the case. */
gboolean refract_needle_is_hit (const char *answer, const char *keyword);

G_END_DECLS
