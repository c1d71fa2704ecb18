/* refract-terminal.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <stdio.h>

#include <glib.h>

#include "export/refract-table.h"

G_BEGIN_DECLS

typedef enum
{
  REFRACT_STYLE_PLAIN,
  REFRACT_STYLE_BOLD,
  REFRACT_STYLE_DIM,
  REFRACT_STYLE_GREEN,
  REFRACT_STYLE_CYAN,
  REFRACT_STYLE_YELLOW,
  REFRACT_STYLE_RED,
} RefractStyle;

/* Colours are used on a terminal unless NO_COLOR is set. */
gboolean refract_terminal_has_colour (FILE *stream);
/* columns; 80 where it is not a terminal */
guint refract_terminal_get_width (FILE *stream);
/* text in a style, or as it is without colours; (transfer full) */
char *refract_terminal_style (gboolean colour, RefractStyle style, const char *text);
/* @width cells, filled for a @fraction in [0, 1]; (transfer full) */
char *refract_terminal_bar (double fraction, guint width);
/* Control characters out of text that a model or a file supplied; (transfer full) */
char *refract_terminal_escape (const char *text);
/* Prints @text wrapped at @width, every line after the first indented by @indent. */
void refract_terminal_print_wrapped (FILE *stream, const char *text, guint indent, guint width);
/* Prints @table in columns, or where these are wider than @width, row by row. */
void refract_terminal_print_table (FILE *stream,
                                   const RefractTable *table,
                                   gboolean colour,
                                   guint width);

G_END_DECLS
