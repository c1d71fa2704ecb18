/* refract-scene-text.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "charts/refract-scene.h"
#include "core/refract-text.h"

#define ELLIPSIS "…"

/* Advance of a character in em: what the wider ones of the usual sans fonts take. */
static double
char_width (gunichar c)
{
  if (c < 0x80)
    {
      if (strchr ("ijl.,:;'|!I ", (int) c) != NULL)
        return 0.33;
      if (strchr ("frt()[]/-", (int) c) != NULL)
        return 0.43;
      if (strchr ("mwMW%@", (int) c) != NULL)
        return 0.96;
      if (g_ascii_isupper ((char) c))
        return 0.72;
      return 0.64;
    }
  if (g_unichar_iszerowidth (c))
    return 0;
  if (g_unichar_iswide (c))
    return 1.05;
  return g_unichar_isupper (c) ? 0.8 : 0.66;
}

double
refract_text_width (const char *text, double size, gboolean bold)
{
  double width = 0;

  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    width += char_width (g_utf8_get_char (at));
  return width * size * (bold ? 1.06 : 1);
}

void
refract_scene_item_get_extents (
    const RefractSceneItem *item, double *x, double *y, double *width, double *height)
{
  *width = refract_text_width (item->text, item->size, item->bold);
  *height = REFRACT_TEXT_ASCENT (item->size) + REFRACT_TEXT_DESCENT (item->size);
  *y = item->y - REFRACT_TEXT_ASCENT (item->size);
  *x = item->x;
  if (item->anchor == REFRACT_ANCHOR_MIDDLE)
    *x -= *width / 2;
  else if (item->anchor == REFRACT_ANCHOR_END)
    *x -= *width;
}

/* How many bytes of @text fit into @max_width; *@whole says that all do. Never reads further. */
static gsize
fitting (const char *text, const RefractTextStyle *style, double max_width, gboolean *whole)
{
  double em = max_width / (style->size * (style->bold ? 1.06 : 1)), width = 0;
  const char *at = text;

  for (; *at != '\0'; at = g_utf8_next_char (at))
    {
      width += char_width (g_utf8_get_char (at));
      if (width > em)
        break;
    }
  *whole = *at == '\0';
  return (gsize) (at - text);
}

/* (transfer full) */
static char *
fit (const char *text, const RefractTextStyle *style, double max_width)
{
  g_autofree char *start = NULL;
  gboolean whole;

  fitting (text, style, max_width, &whole);
  if (whole)
    return g_strdup (text);
  start = g_strndup (text, fitting (text, style, max_width - style->size * 0.66, &whole));
  return g_strconcat (g_strchomp (start), ELLIPSIS, NULL);
}

void
refract_scene_add_text_fit (RefractScene *self,
                            const RefractTextStyle *style,
                            double x,
                            double y,
                            double max_width,
                            const char *text)
{
  g_autofree char *clean = refract_text_clean (text, 1000);
  g_autofree char *fitted = fit (clean, style, max_width);

  refract_scene_add_text (self, style, x, y, fitted);
}

/* Where the line that begins at @text ends: after the last word that fits, or in the middle of a
 * word that is alone too long. */
static gsize
line_length (const char *text, const RefractTextStyle *style, double max_width)
{
  gboolean whole;
  gsize n = fitting (text, style, max_width, &whole), space = n;

  if (whole || text[n] == ' ')
    return n;
  while (space > 0 && text[space - 1] != ' ')
    space--;
  if (space > 0)
    return space;
  return MAX (n, (gsize) (g_utf8_next_char (text) - text));
}

double
refract_scene_add_paragraph (RefractScene *self,
                             const RefractTextStyle *style,
                             double x,
                             double y,
                             double max_width,
                             guint max_lines,
                             const char *text)
{
  g_autofree char *clean = refract_text_clean (text, 1000);
  const char *at = clean;

  for (guint i = 0; i < max_lines && *at != '\0'; i++)
    {
      gsize n = line_length (at, style, max_width);
      g_autofree char *line = i + 1 == max_lines ? fit (at, style, max_width) : g_strndup (at, n);

      refract_scene_add_text (self, style, x, y + REFRACT_TEXT_ASCENT (style->size),
                              g_strchomp (line));
      y += REFRACT_TEXT_LINE (style->size);
      at += n;
      while (*at == ' ')
        at++;
    }
  return y;
}
