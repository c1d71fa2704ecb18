/* refract-table.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * RefractCell:
 * @text: as people read it; never markup
 * @value: the number behind it at full precision, NAN where the cell is text
 * @best: the best of its row or column
 */
typedef struct
{
  char *text;
  double value;
  gboolean best;
} RefractCell;

/**
 * RefractTableRow:
 * @cells: (element-type RefractCell): one per column
 * @dim: of less weight: dominated, low confidence, a control
 */
typedef struct
{
  GPtrArray *cells;
  gboolean dim;
} RefractTableRow;

/**
 * RefractTable:
 *
 * Titled rows and columns; what comparisons and leaderboards consist of, for every form in which
 * they are shown. The texts may come from reports of other people: each writer escapes them.
 * @title: (nullable)
 * @columns: titles
 * @rows: (element-type RefractTableRow)
 */
typedef struct
{
  char *title;
  GStrv columns;
  GPtrArray *rows;
} RefractTable;

RefractTable *refract_table_new (const char *title, const char *const *columns);
RefractTable *refract_table_copy (const RefractTable *self);
/* Puts the library's own words in it into the person's language. */
void refract_table_translate (RefractTable *self);
void refract_table_free (RefractTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractTable, refract_table_free)

/* Begins a row; the cells that are added next are its. */
RefractTableRow *refract_table_add_row (RefractTable *self);
void refract_table_row_add_text (RefractTableRow *self, const char *text);
/* @text: (transfer full): how @value is shown */
RefractCell *refract_table_row_take_number (RefractTableRow *self, double value, char *text);
/* shown with @decimals; NAN as "—" */
RefractCell *refract_table_row_add_number (RefractTableRow *self, double value, guint decimals);
/* a score, never rounded over a band's edge; NAN as "—" */
RefractCell *refract_table_row_add_score (RefractTableRow *self, double score);
/* Marks the best of the cells from @first on, when there are two different numbers. */
void refract_table_row_mark_best (RefractTableRow *self, guint first, gboolean higher_is_better);

/* GitHub's tables; (transfer full) */
char *refract_table_to_markdown (const RefractTable *self);
/* RFC 4180, UTF-8, numbers at full precision with a point, nothing a spreadsheet would run as a
 * formula; (transfer full) */
char *refract_table_to_csv (const RefractTable *self);
/* A <table> with classes num, best, dim. @labelled: of class stack, and each cell says its column,
 * so that rows can stand one under another where the page is narrow. (transfer full) */
char *refract_table_to_html (const RefractTable *self, gboolean labelled);

/* Appends @text so that nothing in it is Markdown, on one line. */
void refract_markdown_append (GString *string, const char *text);
/* Appends @text so that nothing in it is HTML. */
void refract_html_append (GString *string, const char *text);
/* Appends one field of a line of CSV, quoted where it must be. */
void refract_csv_append (GString *string, const char *text);
void refract_csv_append_number (GString *string, double value);

G_END_DECLS
