/* refract-needle.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "axes/refract-needle.h"
#include "core/refract-error.h"

/* A sentence end further away would no longer test the position that the cell is named after. */
#define SNAP_CHARACTERS 200

/* Colours and plain words only: needles that sound like secrets make instruct models refuse. */
static const char *const keywords[] = {
  "CERULEAN-3-FOX", "MAROON-9-OWL", "SAFFRON-2-HAWK", "INDIGO-5-WOLF", "OCHRE-8-BEAR",
  "COBALT-4-ROSE",  "UMBER-6-LIME", "VIOLET-1-SAND",  "CORAL-0-CROW",
};

static void
needle_free (RefractNeedle *self)
{
  g_free (self->text);
  g_free (self->keyword);
  g_free (self);
}

static RefractNeedle *
needle_new (const char *frame, const char *frame_keyword, const char *keyword)
{
  RefractNeedle *self = g_new0 (RefractNeedle, 1);
  GString *text = g_string_new (frame);

  g_string_replace (text, frame_keyword, keyword, 0);
  self->text = g_string_free (text, FALSE);
  self->keyword = g_strdup (keyword);

  return self;
}

static gsize
keyword_length (const char *text)
{
  if (!g_ascii_isupper (*text))
    return 0;

  return strspn (text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-");
}

char *
refract_needle_find_keyword (const char *text)
{
  const char *best = NULL;
  gsize best_length = 2; /* a run has three characters at least */

  while (*text != '\0')
    {
      gsize length = keyword_length (text);

      if (length > best_length)
        {
          best = text;
          best_length = length;
        }
      text += MAX (length, 1);
    }

  return best != NULL ? g_strndup (best, best_length) : NULL;
}

GPtrArray *
refract_needles_new (const char *text, guint n_trials, GError **error)
{
  g_autoptr (GPtrArray) needles = g_ptr_array_new_with_free_func ((GDestroyNotify) needle_free);
  g_autofree char *keyword = refract_needle_find_keyword (text);

  if (keyword == NULL)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "The needle “%s” has no keyword to look for. It needs a word of at least three "
                   "capital letters, digits or hyphens, such as APRICOT-7-BLUE.",
                   text);
      return NULL;
    }

  g_ptr_array_add (needles, needle_new (text, keyword, keyword));
  for (guint i = 0; i < G_N_ELEMENTS (keywords) && needles->len < n_trials; i++)
    if (strcmp (keywords[i], keyword) != 0)
      g_ptr_array_add (needles, needle_new (text, keyword, keywords[i]));

  if (needles->len < n_trials)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "%u R-NIAH trials need as many different needles, and there are %u. Use at most "
                   "%u trials.",
                   n_trials, needles->len, needles->len);
      return NULL;
    }

  return g_steal_pointer (&needles);
}

static gboolean
ends_sentence (const char *p, const char *end)
{
  return *p == '.' && p + 1 < end && (p[1] == ' ' || p[1] == '\n');
}

/* Byte offset at which the needle goes. */
static gsize
find_insertion (const char *haystack, gsize length, double position)
{
  const char *end = haystack + length;
  glong n_characters = g_utf8_strlen (haystack, length);
  glong target_character = (glong) (n_characters * position);
  const char *target, *before, *after;

  /* As REFRACT does: the edges are meant, not a sentence near them. */
  if (target_character <= 0)
    return 0;
  if (target_character >= n_characters)
    return length;

  target = g_utf8_offset_to_pointer (haystack, target_character);
  before = after = target;
  for (guint distance = 0; distance <= SNAP_CHARACTERS; distance++)
    {
      if (before != NULL && ends_sentence (before, end))
        return before + 2 - haystack;
      if (after < end && ends_sentence (after, end))
        return after + 2 - haystack;
      if (before != NULL)
        before = g_utf8_find_prev_char (haystack, before);
      if (after < end)
        after = g_utf8_next_char (after);
    }

  return target - haystack;
}

char *
refract_needle_insert (const char *haystack, gsize length, double position, const char *needle)
{
  gsize insertion = find_insertion (haystack, length, position);
  GString *text = g_string_sized_new (length + strlen (needle) + 3);

  g_string_append_len (text, haystack, insertion);
  g_string_append_c (text, ' ');
  g_string_append (text, needle);
  g_string_append_c (text, ' ');
  g_string_append_len (text, haystack + insertion, length - insertion);

  return g_string_free (text, FALSE);
}

gboolean
refract_needle_is_hit (const char *answer, const char *keyword)
{
  g_autofree char *folded_answer = g_utf8_casefold (answer, -1);
  g_autofree char *folded_keyword = g_utf8_casefold (keyword, -1);

  return strstr (folded_answer, folded_keyword) != NULL;
}
