/* refract-table-view.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>
#include <math.h>

#include "compare/refract-table-view.h"
#include "report/refract-report-widgets.h"

/* Each is two labels: more at a time would be felt. */
#define CELLS_AT_ONCE 300
/* px; what the narrow form, which breaks words where it must, needs at the largest text */
#define MIN_WIDTH 240
/* characters */
#define MAX_WHOLE_WORD 9

struct _RefractTableView
{
  GtkWidget parent_instance;

  RefractTable *table;
  guint n_columns;
  guint n_shown;
  GtkWidget *wide;   /* a card with the grid */
  GtkWidget *narrow; /* a card with a group per row */
  GtkGrid *grid;
  GtkWidget *wide_more;
  GtkWidget *narrow_more;
  gboolean is_wide;
};

G_DEFINE_FINAL_TYPE (RefractTableView, refract_table_view, GTK_TYPE_WIDGET)

/* --- What a table consists of --- */

/* Numbers stay whole; what is longer must break somewhere in a narrow window. */
static PangoWrapMode
narrow_wrap (const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", -1);

  for (guint i = 0; words[i] != NULL; i++)
    if (g_utf8_strlen (words[i], -1) > MAX_WHOLE_WORD)
      return PANGO_WRAP_WORD_CHAR;
  return PANGO_WRAP_WORD;
}

static GtkWidget *
text_new (const char *text, PangoWrapMode wrap, const char *css_class)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), wrap);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_set_valign (label, GTK_ALIGN_START);
  if (css_class != NULL)
    gtk_widget_add_css_class (label, css_class);
  return label;
}

/* "Composite, K q8_0 / V q4_0: 86.4, the best" */
static void
describe_cell (RefractTableView *self,
               const RefractTableRow *row,
               guint column,
               const RefractCell *cell,
               GtkWidget *label)
{
  const RefractCell *first = row->cells->pdata[0];
  g_autofree char *text = g_strdup_printf (cell->best ? _ ("%s, %s: %s, the best") : "%s, %s: %s",
                                           first->text, self->table->columns[column], cell->text);

  gtk_accessible_update_property (GTK_ACCESSIBLE (label), GTK_ACCESSIBLE_PROPERTY_LABEL, text, -1);
}

/* The cell's text, and a star at the best. */
static GtkWidget *
cell_new (RefractTableView *self, const RefractTableRow *row, guint column, PangoWrapMode wrap)
{
  const RefractCell *cell = row->cells->pdata[column];
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 6);
  GtkWidget *label = text_new (cell->text, wrap, "numeric");

  refract_label_mark_figures (GTK_LABEL (label));
  if (cell->best)
    {
      GtkWidget *star = g_object_new (GTK_TYPE_IMAGE, "icon-name", "starred-symbolic",
                                      "accessible-role", GTK_ACCESSIBLE_ROLE_PRESENTATION, NULL);

      gtk_widget_add_css_class (label, "heading");
      gtk_widget_add_css_class (star, "accent");
      gtk_widget_set_valign (star, GTK_ALIGN_START);
      gtk_image_set_pixel_size (GTK_IMAGE (star), 12);
      gtk_widget_set_margin_top (star, 3);
      gtk_box_append (GTK_BOX (box), star);
    }
  if (row->dim)
    gtk_widget_add_css_class (box, "dimmed");
  describe_cell (self, row, column, cell, label);
  gtk_box_append (GTK_BOX (box), label);
  return box;
}

static void
add_separator (RefractTableView *self, int line)
{
  gtk_grid_attach (self->grid, gtk_separator_new (GTK_ORIENTATION_HORIZONTAL), 0, line,
                   (int) self->n_columns, 1);
}

/* Lines of the grid: the titles, then a separator and a row in turn. */
static void
add_wide_row (RefractTableView *self, guint index)
{
  const RefractTableRow *row = self->table->rows->pdata[index];
  int line = 2 * (int) index + 1;

  add_separator (self, line);
  for (guint i = 0; i < MIN (row->cells->len, self->n_columns); i++)
    {
      const RefractCell *cell = row->cells->pdata[i];
      GtkWidget *child = i == 0 ? text_new (cell->text, PANGO_WRAP_WORD, NULL)
                                : cell_new (self, row, i, PANGO_WRAP_WORD);

      if (i == 0)
        {
          gtk_label_set_max_width_chars (GTK_LABEL (child), 24);
          gtk_widget_set_hexpand (child, TRUE);
          if (row->dim)
            gtk_widget_add_css_class (child, "dimmed");
        }
      gtk_grid_attach (self->grid, child, (int) i, line + 1, 1, 1);
    }
}

/* What a row is of; a rank alone says nothing. Returns how many cells that takes. */
static guint
add_narrow_heading (GtkBox *group, const RefractTableRow *row)
{
  const RefractCell *first = row->cells->pdata[0];
  gboolean is_rank = !isnan (first->value) && row->cells->len > 1;
  const RefractCell *second = is_rank ? row->cells->pdata[1] : NULL;
  g_autofree char *text
      = is_rank ? g_strdup_printf ("%s · %s", first->text, second->text) : g_strdup (first->text);

  gtk_box_append (group, text_new (text, PANGO_WRAP_WORD_CHAR, "heading"));
  return is_rank ? 2 : 1;
}

static void
add_narrow_row (RefractTableView *self, guint index)
{
  const RefractTableRow *row = self->table->rows->pdata[index];
  GtkWidget *group = gtk_box_new (GTK_ORIENTATION_VERTICAL, 6);

  if (index > 0)
    gtk_box_append (GTK_BOX (group), gtk_separator_new (GTK_ORIENTATION_HORIZONTAL));
  for (guint i = add_narrow_heading (GTK_BOX (group), row);
       i < MIN (row->cells->len, self->n_columns); i++)
    {
      const RefractCell *cell = row->cells->pdata[i];
      GtkWidget *line = gtk_box_new (GTK_ORIENTATION_HORIZONTAL, 12);
      GtkWidget *title = text_new (self->table->columns[i], PANGO_WRAP_WORD_CHAR, "dimmed");

      gtk_widget_set_hexpand (title, TRUE);
      gtk_box_append (GTK_BOX (line), title);
      gtk_box_append (GTK_BOX (line), cell_new (self, row, i, narrow_wrap (cell->text)));
      gtk_box_append (GTK_BOX (group), line);
    }
  /* Before the button. */
  gtk_box_insert_child_after (GTK_BOX (self->narrow), group,
                              gtk_widget_get_prev_sibling (self->narrow_more));
}

static void
show_more (RefractTableView *self)
{
  guint end
      = MIN (self->n_shown + MAX (CELLS_AT_ONCE / self->n_columns, 10), self->table->rows->len);
  guint left = self->table->rows->len - end;
  g_autofree char *label
      = g_strdup_printf (ngettext ("Show %u _More", "Show %u _More", left), left);

  for (; self->n_shown < end; self->n_shown++)
    if (((RefractTableRow *) self->table->rows->pdata[self->n_shown])->cells->len > 0)
      {
        add_wide_row (self, self->n_shown);
        add_narrow_row (self, self->n_shown);
      }
  gtk_button_set_label (GTK_BUTTON (self->wide_more), label);
  gtk_button_set_label (GTK_BUTTON (self->narrow_more), label);
  gtk_widget_set_visible (self->wide_more, left > 0);
  gtk_widget_set_visible (self->narrow_more, left > 0);
}

static GtkWidget *
more_button_new (RefractTableView *self)
{
  GtkWidget *button
      = g_object_new (GTK_TYPE_BUTTON, "use-underline", TRUE, "halign", GTK_ALIGN_CENTER, NULL);

  g_signal_connect_object (button, "clicked", G_CALLBACK (show_more), self, G_CONNECT_SWAPPED);
  return button;
}

/* --- Layout --- */

static GtkWidget *
pick (RefractTableView *self, int width)
{
  int minimum;

  if (width < 0)
    return self->narrow;
  gtk_widget_measure (self->wide, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  return minimum <= width ? self->wide : self->narrow;
}

static GtkSizeRequestMode
refract_table_view_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
refract_table_view_measure (GtkWidget *widget,
                            GtkOrientation orientation,
                            int for_size,
                            int *minimum,
                            int *natural,
                            int *minimum_baseline,
                            int *natural_baseline)
{
  RefractTableView *self = REFRACT_TABLE_VIEW (widget);

  if (orientation == GTK_ORIENTATION_VERTICAL)
    {
      gtk_widget_measure (pick (self, for_size), orientation, for_size, minimum, natural, NULL,
                          NULL);
      return;
    }
  gtk_widget_measure (self->wide, orientation, -1, NULL, natural, NULL, NULL);
  *minimum = MIN_WIDTH;
  *natural = MAX (*natural, MIN_WIDTH);
}

static void
set_shown (GtkWidget *child, gboolean shown)
{
  gtk_widget_set_child_visible (child, shown);
  gtk_accessible_update_state (GTK_ACCESSIBLE (child), GTK_ACCESSIBLE_STATE_HIDDEN, !shown, -1);
}

static void
refract_table_view_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  RefractTableView *self = REFRACT_TABLE_VIEW (widget);
  GtkWidget *picked = pick (self, width);

  self->is_wide = picked == self->wide;
  set_shown (self->wide, self->is_wide);
  set_shown (self->narrow, !self->is_wide);
  gtk_widget_allocate (picked, width, height, baseline, NULL);
}

/* --- The object --- */

static void
refract_table_view_dispose (GObject *object)
{
  RefractTableView *self = REFRACT_TABLE_VIEW (object);

  g_clear_pointer (&self->wide, gtk_widget_unparent);
  g_clear_pointer (&self->narrow, gtk_widget_unparent);

  G_OBJECT_CLASS (refract_table_view_parent_class)->dispose (object);
}

static void
refract_table_view_finalize (GObject *object)
{
  g_clear_pointer (&REFRACT_TABLE_VIEW (object)->table, refract_table_free);

  G_OBJECT_CLASS (refract_table_view_parent_class)->finalize (object);
}

static void
refract_table_view_class_init (RefractTableViewClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = refract_table_view_dispose;
  object_class->finalize = refract_table_view_finalize;
  widget_class->get_request_mode = refract_table_view_get_request_mode;
  widget_class->measure = refract_table_view_measure;
  widget_class->size_allocate = refract_table_view_size_allocate;

  gtk_widget_class_set_css_name (widget_class, "datatable");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_GROUP);
}

static GtkWidget *
card_new (RefractTableView *self)
{
  GtkWidget *card = gtk_box_new (GTK_ORIENTATION_VERTICAL, 12);

  gtk_widget_add_css_class (card, "card");
  gtk_widget_add_css_class (card, "report-card");
  gtk_widget_set_parent (card, GTK_WIDGET (self));
  return card;
}

static void
refract_table_view_init (RefractTableView *self)
{
  self->wide = card_new (self);
  self->narrow = card_new (self);
  self->grid = GTK_GRID (gtk_grid_new ());
  gtk_grid_set_row_spacing (self->grid, 6);
  self->wide_more = more_button_new (self);
  self->narrow_more = more_button_new (self);
  gtk_box_append (GTK_BOX (self->wide), GTK_WIDGET (self->grid));
  gtk_box_append (GTK_BOX (self->wide), self->wide_more);
  gtk_box_append (GTK_BOX (self->narrow), self->narrow_more);
}

static void
add_titles (RefractTableView *self)
{
  const RefractTable *table = self->table;

  for (guint i = 0; i < self->n_columns; i++)
    {
      GtkWidget *label = text_new (table->columns[i], PANGO_WRAP_WORD, "caption-heading");

      gtk_label_set_max_width_chars (GTK_LABEL (label), 18);
      gtk_widget_set_valign (label, GTK_ALIGN_END);
      gtk_grid_attach (self->grid, label, (int) i, 0, 1, 1);
    }
  if (table->title == NULL)
    return;
  gtk_box_prepend (GTK_BOX (self->wide), text_new (table->title, PANGO_WRAP_WORD_CHAR, "heading"));
  gtk_box_prepend (GTK_BOX (self->narrow),
                   text_new (table->title, PANGO_WRAP_WORD_CHAR, "heading"));
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  table->title, -1);
}

GtkWidget *
refract_table_view_new (const RefractTable *table)
{
  RefractTableView *self = g_object_new (REFRACT_TYPE_TABLE_VIEW, NULL);

  self->table = refract_table_copy (table);
  refract_table_translate (self->table);
  self->n_columns = MAX (g_strv_length (table->columns), 1);
  gtk_grid_set_column_spacing (self->grid, self->n_columns > 6 ? 12 : 18);
  add_titles (self);
  show_more (self);
  return GTK_WIDGET (self);
}

gboolean
refract_table_view_get_wide (RefractTableView *self)
{
  g_return_val_if_fail (REFRACT_IS_TABLE_VIEW (self), FALSE);

  return self->is_wide;
}
