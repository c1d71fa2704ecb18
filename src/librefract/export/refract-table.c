/* refract-table.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "core/refract-score.h"
#include "core/refract-translate.h"
#include "export/refract-table.h"

static void
cell_free (gpointer data)
{
  RefractCell *cell = data;

  g_free (cell->text);
  g_free (cell);
}

static void
row_free (gpointer data)
{
  RefractTableRow *row = data;

  g_ptr_array_unref (row->cells);
  g_free (row);
}

RefractTable *
refract_table_new (const char *title, const char *const *columns)
{
  RefractTable *self = g_new0 (RefractTable, 1);

  self->title = g_strdup (title);
  self->columns = g_strdupv ((char **) columns);
  self->rows = g_ptr_array_new_with_free_func (row_free);
  return self;
}

static void
translate (char **text)
{
  char *translated = refract_translate (*text);

  g_free (*text);
  *text = translated;
}

void
refract_table_translate (RefractTable *self)
{
  translate (&self->title);
  for (guint i = 0; self->columns[i] != NULL; i++)
    translate (&self->columns[i]);
  for (guint i = 0; i < self->rows->len; i++)
    {
      const RefractTableRow *row = self->rows->pdata[i];

      for (guint j = 0; j < row->cells->len; j++)
        translate (&((RefractCell *) row->cells->pdata[j])->text);
    }
}

void
refract_table_free (RefractTable *self)
{
  g_free (self->title);
  g_strfreev (self->columns);
  g_ptr_array_unref (self->rows);
  g_free (self);
}

RefractTableRow *
refract_table_add_row (RefractTable *self)
{
  RefractTableRow *row = g_new0 (RefractTableRow, 1);

  row->cells = g_ptr_array_new_with_free_func (cell_free);
  g_ptr_array_add (self->rows, row);
  return row;
}

RefractCell *
refract_table_row_take_number (RefractTableRow *self, double value, char *text)
{
  RefractCell *cell = g_new0 (RefractCell, 1);

  cell->text = text;
  cell->value = value;
  g_ptr_array_add (self->cells, cell);
  return cell;
}

void
refract_table_row_add_text (RefractTableRow *self, const char *text)
{
  refract_table_row_take_number (self, NAN, g_strdup (text != NULL ? text : "—"));
}

RefractTable *
refract_table_copy (const RefractTable *self)
{
  RefractTable *copy = refract_table_new (self->title, (const char *const *) self->columns);

  for (guint i = 0; i < self->rows->len; i++)
    {
      const RefractTableRow *row = self->rows->pdata[i];
      RefractTableRow *new_row = refract_table_add_row (copy);

      new_row->dim = row->dim;
      for (guint j = 0; j < row->cells->len; j++)
        {
          const RefractCell *cell = row->cells->pdata[j];

          refract_table_row_take_number (new_row, cell->value, g_strdup (cell->text))->best
              = cell->best;
        }
    }
  return copy;
}

RefractCell *
refract_table_row_add_number (RefractTableRow *self, double value, guint decimals)
{
  return refract_table_row_take_number (
      self, value,
      isnan (value) ? g_strdup ("—") : g_strdup_printf ("%.*f", (int) decimals, value));
}

RefractCell *
refract_table_row_add_score (RefractTableRow *self, double score)
{
  return refract_table_row_take_number (
      self, score, isnan (score) ? g_strdup ("—") : refract_format_score (score, 2));
}

void
refract_table_row_mark_best (RefractTableRow *self, guint first, gboolean higher_is_better)
{
  double best = NAN;
  gboolean differs = FALSE;

  for (guint i = first; i < self->cells->len; i++)
    {
      double value = ((RefractCell *) self->cells->pdata[i])->value;

      if (isnan (value))
        continue;
      differs |= !isnan (best) && value != best;
      if (isnan (best) || (higher_is_better ? value > best : value < best))
        best = value;
    }
  for (guint i = first; differs && i < self->cells->len; i++)
    {
      RefractCell *cell = self->cells->pdata[i];

      cell->best = cell->value == best;
    }
}

/* What makes a heading, a quotation or a list where it begins a line. */
static const char *
append_beginning (GString *string, const char *text)
{
  gsize digits;

  while (*text != '\0' && (guchar) *text <= ' ')
    text++;
  digits = strspn (text, "0123456789");
  g_string_append_len (string, text, (gssize) digits);
  text += digits;
  if (*text == '\0')
    return text;
  if (digits == 0 ? strchr ("#>", *text) != NULL
                        || (strchr ("+-", *text) != NULL && !g_ascii_isalnum (text[1]))
                  : strchr (".)", *text) != NULL && !g_ascii_isalnum (text[1]))
    g_string_append_c (string, '\\');
  return text;
}

void
refract_markdown_append (GString *string, const char *text)
{
  const char *start = text;

  for (const char *c = append_beginning (string, text); *c != '\0'; c++)
    {
      /* Nobody is to be called: a joiner, which is not seen, after the sign. */
      if (*c == '@' && (c == start || !g_ascii_isalnum (c[-1])))
        g_string_append (string, "@\u2060");
      else if (*c == '&')
        g_string_append (string, "&amp;");
      else if (*c == '<')
        g_string_append (string, "&lt;");
      else if (strchr ("\\`*_[]|~$", *c) != NULL)
        g_string_append_printf (string, "\\%c", *c);
      else
        g_string_append_c (string, (guchar) *c < ' ' ? ' ' : *c);
    }
}

/* Nothing that a page may not hold, and nothing that would turn the text around it: such characters
 * are shown by name. */
static void
append_character (GString *string, gunichar c)
{
  gboolean is_mark = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
  gboolean is_no_character = (c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef);

  if (c == '&')
    g_string_append (string, "&amp;");
  else if (c == '<')
    g_string_append (string, "&lt;");
  else if (c == '>')
    g_string_append (string, "&gt;");
  else if (c == '"')
    g_string_append (string, "&quot;");
  else if (c == '\n' || c == '\t' || !(is_mark || is_no_character || g_unichar_iscntrl (c)))
    g_string_append_unichar (string, c);
  else if (c < ' ')
    g_string_append_unichar (string, 0x2400 + c);
  else
    g_string_append_printf (string, "‹U+%04X›", c);
}

void
refract_html_append (GString *string, const char *text)
{
  for (const char *c = text; *c != '\0'; c = g_utf8_next_char (c))
    if (*c != '\r' || c[1] != '\n')
      append_character (string, g_utf8_get_char (c));
}

void
refract_csv_append (GString *string, const char *text)
{
  gboolean formula = *text != '\0' && strchr ("=+-@\t\r", *text) != NULL;

  if (!formula && strpbrk (text, ",\"\r\n") == NULL)
    {
      g_string_append (string, text);
      return;
    }
  g_string_append_c (string, '"');
  if (formula)
    g_string_append_c (string, '\'');
  for (const char *c = text; *c != '\0'; c++)
    {
      if (*c == '"')
        g_string_append_c (string, '"');
      g_string_append_c (string, *c);
    }
  g_string_append_c (string, '"');
}

void
refract_csv_append_number (GString *string, double value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  if (isfinite (value))
    g_string_append (string, g_ascii_dtostr (buffer, sizeof buffer, value));
}

/* A column is of numbers when one of its cells is. */
static gboolean
is_numeric (const RefractTable *self, guint column)
{
  for (guint i = 0; i < self->rows->len; i++)
    {
      const RefractTableRow *row = self->rows->pdata[i];

      if (column < row->cells->len && !isnan (((RefractCell *) row->cells->pdata[column])->value))
        return TRUE;
    }
  return FALSE;
}

char *
refract_table_to_markdown (const RefractTable *self)
{
  GString *text = g_string_new (NULL);

  if (self->title != NULL)
    {
      g_string_append (text, "### ");
      refract_markdown_append (text, self->title);
      g_string_append (text, "\n\n");
    }
  for (guint i = 0; self->columns[i] != NULL; i++)
    {
      g_string_append (text, "| ");
      refract_markdown_append (text, self->columns[i]);
      g_string_append_c (text, ' ');
    }
  g_string_append (text, "|\n");
  for (guint i = 0; self->columns[i] != NULL; i++)
    g_string_append (text, is_numeric (self, i) ? "|---:" : "|---");
  g_string_append (text, "|\n");
  for (guint i = 0; i < self->rows->len; i++)
    {
      const RefractTableRow *row = self->rows->pdata[i];

      for (guint column = 0; column < row->cells->len; column++)
        {
          const RefractCell *cell = row->cells->pdata[column];

          g_string_append (text, cell->best ? "| **" : "| ");
          refract_markdown_append (text, cell->text);
          g_string_append (text, cell->best ? "** " : " ");
        }
      g_string_append (text, "|\n");
    }
  return g_string_free (text, FALSE);
}

char *
refract_table_to_csv (const RefractTable *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; self->columns[i] != NULL; i++)
    {
      if (i > 0)
        g_string_append_c (text, ',');
      refract_csv_append (text, self->columns[i]);
    }
  g_string_append (text, "\r\n");
  for (guint i = 0; i < self->rows->len; i++)
    {
      const RefractTableRow *row = self->rows->pdata[i];

      for (guint column = 0; column < row->cells->len; column++)
        {
          const RefractCell *cell = row->cells->pdata[column];

          if (column > 0)
            g_string_append_c (text, ',');
          if (!isnan (cell->value))
            refract_csv_append_number (text, cell->value);
          else if (!g_str_equal (cell->text, "—"))
            refract_csv_append (text, cell->text);
        }
      g_string_append (text, "\r\n");
    }
  return g_string_free (text, FALSE);
}

/* The beginning of a cell's tag. */
static void
append_cell (
    GString *text, const RefractTable *self, guint column, gboolean best, const char *label)
{
  g_string_append (text, column == 0 ? "<th scope=\"row\"" : "<td");
  if (is_numeric (self, column))
    g_string_append (text, best ? " class=\"num best\"" : " class=\"num\"");
  /* What names the row needs none. */
  if (label != NULL && (column > 0 || is_numeric (self, column)))
    {
      g_string_append (text, " data-l=\"");
      refract_html_append (text, label);
      g_string_append_c (text, '"');
    }
  g_string_append_c (text, '>');
}

char *
refract_table_to_html (const RefractTable *self, gboolean labelled)
{
  GString *text = g_string_new (labelled ? "<table class=\"stack\">\n" : "<table>\n");

  if (self->title != NULL)
    {
      g_string_append (text, "<caption>");
      refract_html_append (text, self->title);
      g_string_append (text, "</caption>\n");
    }
  g_string_append (text, "<thead><tr>");
  for (guint i = 0; self->columns[i] != NULL; i++)
    {
      const char *tag = *self->columns[i] != '\0' ? "th scope=\"col\"" : "td";

      g_string_append_printf (text, is_numeric (self, i) ? "<%s class=\"num\">" : "<%s>", tag);
      refract_html_append (text, self->columns[i]);
      g_string_append_printf (text, "</%.2s>", tag);
    }
  g_string_append (text, "</tr></thead>\n<tbody>\n");
  for (guint i = 0; i < self->rows->len; i++)
    {
      const RefractTableRow *row = self->rows->pdata[i];

      g_string_append (text, row->dim ? "<tr class=\"dim\">" : "<tr>");
      for (guint column = 0; column < row->cells->len; column++)
        {
          const RefractCell *cell = row->cells->pdata[column];

          append_cell (text, self, column, cell->best, labelled ? self->columns[column] : NULL);
          refract_html_append (text, cell->text);
          g_string_append (text, column == 0 ? "</th>" : "</td>");
        }
      g_string_append (text, "</tr>\n");
    }
  g_string_append (text, "</tbody>\n</table>\n");
  return g_string_free (text, FALSE);
}
