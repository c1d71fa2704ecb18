/* refract-terminal-table.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <unistd.h>

#include "refract-terminal.h"

#define GAP 2

static void
print_cell (FILE *stream,
            gboolean colour,
            RefractStyle style,
            const char *text,
            guint width,
            gboolean right)
{
  g_autofree char *clean = refract_terminal_escape (text);
  g_autofree char *styled = refract_terminal_style (colour, style, clean);
  guint length = g_utf8_strlen (clean, -1);
  int padding = length < width ? (int) (width - length) : 0;

  if (right)
    fprintf (stream, "%*s%s", padding, "", styled);
  else
    fprintf (stream, "%s%*s", styled, padding, "");
}

static RefractStyle
get_style (const RefractTableRow *row, const RefractCell *cell)
{
  if (cell->best)
    return REFRACT_STYLE_GREEN;
  return row->dim ? REFRACT_STYLE_DIM : REFRACT_STYLE_PLAIN;
}

static void
print_columns (FILE *stream, const RefractTable *table, gboolean colour, const guint *widths)
{
  for (guint i = 0; table->columns[i] != NULL; i++)
    {
      print_cell (stream, colour, REFRACT_STYLE_BOLD, table->columns[i], widths[i], FALSE);
      fprintf (stream, "%*s", GAP, "");
    }
  fputc ('\n', stream);
  for (guint i = 0; i < table->rows->len; i++)
    {
      const RefractTableRow *row = table->rows->pdata[i];

      for (guint column = 0; column < row->cells->len; column++)
        {
          const RefractCell *cell = row->cells->pdata[column];

          print_cell (stream, colour, get_style (row, cell), cell->text, widths[column],
                      !isnan (cell->value));
          fprintf (stream, "%*s", GAP, "");
        }
      fputc ('\n', stream);
    }
}

static void
print_rows (FILE *stream, const RefractTable *table, gboolean colour)
{
  for (guint i = 0; i < table->rows->len; i++)
    {
      const RefractTableRow *row = table->rows->pdata[i];

      for (guint column = 0; column < row->cells->len; column++)
        {
          const RefractCell *cell = row->cells->pdata[column];

          if (column > 0)
            {
              print_cell (stream, colour, REFRACT_STYLE_DIM, "", 2, FALSE);
              print_cell (stream, colour, REFRACT_STYLE_DIM, table->columns[column], 0, FALSE);
              fputs (": ", stream);
            }
          print_cell (stream, colour, column == 0 ? REFRACT_STYLE_BOLD : get_style (row, cell),
                      cell->text, 0, FALSE);
          fputc ('\n', stream);
        }
    }
}

void
refract_terminal_print_table (FILE *stream, const RefractTable *table, gboolean colour, guint width)
{
  guint n = g_strv_length (table->columns);
  g_autofree guint *widths = g_new0 (guint, n + 1);
  guint total = 0;

  for (guint column = 0; column < n; column++)
    {
      widths[column] = g_utf8_strlen (table->columns[column], -1);
      for (guint i = 0; i < table->rows->len; i++)
        {
          const RefractTableRow *row = table->rows->pdata[i];

          if (column < row->cells->len)
            widths[column]
                = MAX (widths[column],
                       g_utf8_strlen (((RefractCell *) row->cells->pdata[column])->text, -1));
        }
      total += widths[column] + GAP;
    }
  if (table->title != NULL)
    {
      print_cell (stream, colour, REFRACT_STYLE_BOLD, table->title, 0, FALSE);
      fputc ('\n', stream);
    }
  /* What is no terminal has no edge. */
  if (total <= width || !isatty (fileno (stream)))
    print_columns (stream, table, colour, widths);
  else
    print_rows (stream, table, colour);
  fputc ('\n', stream);
}
