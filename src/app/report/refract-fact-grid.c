/* refract-fact-grid.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "report/refract-fact-grid.h"
#include "report/refract-report-widgets.h"

/* So that two tiles stand beside each other in the narrowest window */
#define TILE_CHARS 14

static GtkWidget *
tile_label_new (const char *text, const char *css_class)
{
  GtkWidget *label = refract_text_label_new (text, css_class);

  gtk_label_set_max_width_chars (GTK_LABEL (label), TILE_CHARS);
  return label;
}

static GtkWidget *
tile_new (const RefractFact *fact)
{
  GtkWidget *tile = gtk_box_new (GTK_ORIENTATION_VERTICAL, 3);
  GtkWidget *title = tile_label_new (fact->title, "caption");
  GtkWidget *value = tile_label_new (fact->value, "heading");

  gtk_widget_add_css_class (tile, "card");
  gtk_widget_add_css_class (tile, "report-tile");
  gtk_widget_add_css_class (title, "dimmed");
  gtk_widget_add_css_class (value, "numeric");
  refract_label_mark_figures (GTK_LABEL (value));
  gtk_box_append (GTK_BOX (tile), title);
  gtk_box_append (GTK_BOX (tile), value);
  if (fact->reference != NULL)
    {
      g_autofree char *text = g_strdup_printf (_ ("reference %s"), fact->reference);

      gtk_box_append (GTK_BOX (tile), tile_label_new (text, "caption"));
    }
  if (fact->note != NULL)
    {
      GtkWidget *note = tile_label_new (fact->note, "caption");

      gtk_widget_add_css_class (note, "dimmed");
      gtk_box_append (GTK_BOX (tile), note);
    }
  gtk_accessible_update_relation (GTK_ACCESSIBLE (tile), GTK_ACCESSIBLE_RELATION_LABELLED_BY, title,
                                  NULL, -1);
  return tile;
}

void
refract_fact_grid_fill (GtkFlowBox *box, RefractReport *report, RefractFactGroup facts)
{
  g_autoptr (GPtrArray) list = refract_report_list_facts (report, facts);

  for (guint i = 0; i < list->len; i++)
    {
      GtkWidget *tile = tile_new (g_ptr_array_index (list, i));

      gtk_flow_box_append (box, tile);
      /* There is nothing to do with a tile. */
      gtk_widget_set_focusable (gtk_widget_get_parent (tile), FALSE);
    }
  gtk_widget_set_visible (GTK_WIDGET (box), list->len > 0);
}
