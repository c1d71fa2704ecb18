/* refract-text.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What somebody else wrote, for one line of ours: no control characters, no signs that turn the
 * direction of what follows, no line breaks, no invalid bytes, no white space at the ends, at most
 * @max_chars characters and then an ellipsis. (transfer full) */
char *refract_text_clean (const char *text, guint max_chars);

/* For sorting an array of texts by their bytes. @a, @b: pointers to them. */
int refract_text_compare (gconstpointer a, gconstpointer b);

G_END_DECLS
