/* refract-text.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "core/refract-text.h"

#define ELLIPSIS "…"

static gboolean
is_fine (gunichar c)
{
  return g_unichar_isprint (c) && c != 0xFFFE && c != 0xFFFF;
}

char *
refract_text_clean (const char *text, guint max_chars)
{
  GString *clean = g_string_new (NULL);
  guint n = 0;

  while (*text != '\0' && n < max_chars)
    {
      gunichar c = g_utf8_get_char_validated (text, -1);

      if (c == (gunichar) -1 || c == (gunichar) -2)
        {
          text++;
          continue;
        }
      if (is_fine (c))
        g_string_append_unichar (clean, c);
      else if (g_unichar_isspace (c))
        g_string_append_c (clean, ' ');
      n++;
      text = g_utf8_next_char (text);
    }
  if (*text != '\0')
    g_string_append (clean, ELLIPSIS);
  return g_strstrip (g_string_free (clean, FALSE));
}

int
refract_text_compare (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const char *const *) a, *(const char *const *) b);
}
