/* refract-terminal.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include "refract-terminal.h"

gboolean
refract_terminal_has_colour (FILE *stream)
{
  const char *no_colour = g_getenv ("NO_COLOR");

  return isatty (fileno (stream)) && (no_colour == NULL || *no_colour == '\0')
         && g_strcmp0 (g_getenv ("TERM"), "dumb") != 0;
}

guint
refract_terminal_get_width (FILE *stream)
{
  struct winsize size;

  if (ioctl (fileno (stream), TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
    return size.ws_col;
  return 80;
}

char *
refract_terminal_style (gboolean colour, RefractStyle style, const char *text)
{
  static const char *const codes[] = {
    [REFRACT_STYLE_PLAIN] = "0",  [REFRACT_STYLE_BOLD] = "1",  [REFRACT_STYLE_DIM] = "2",
    [REFRACT_STYLE_GREEN] = "32", [REFRACT_STYLE_CYAN] = "36", [REFRACT_STYLE_YELLOW] = "33",
    [REFRACT_STYLE_RED] = "31",
  };

  if (!colour || style == REFRACT_STYLE_PLAIN)
    return g_strdup (text);
  return g_strdup_printf ("\033[%sm%s\033[0m", codes[style], text);
}

char *
refract_terminal_bar (double fraction, guint width)
{
  GString *bar = g_string_new (NULL);
  guint full = (guint) (CLAMP (fraction, 0, 1) * width + 0.5);

  for (guint i = 0; i < width; i++)
    g_string_append (bar, i < full ? "█" : "░");
  return g_string_free (bar, FALSE);
}

char *
refract_terminal_escape (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *clean = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c == '\n' || c == '\t')
        g_string_append_c (clean, ' ');
      else if (g_unichar_iscntrl (c) || g_unichar_type (c) == G_UNICODE_FORMAT)
        g_string_append (clean, "�");
      else
        g_string_append_unichar (clean, c);
    }
  return g_string_free (clean, FALSE);
}

void
refract_terminal_print_wrapped (FILE *stream, const char *text, guint indent, guint width)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  guint column = indent;

  for (guint i = 0; words[i] != NULL; i++)
    {
      guint length = g_utf8_strlen (words[i], -1);

      if (i > 0 && column + 1 + length > width)
        {
          fprintf (stream, "\n%*s", (int) indent, "");
          column = indent;
        }
      else if (i > 0)
        {
          fputc (' ', stream);
          column++;
        }
      fputs (words[i], stream);
      column += length;
    }
  fputc ('\n', stream);
}
