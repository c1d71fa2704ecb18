/* refract-chart-table.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "charts/refract-chart-table.h"
#include "refract-page-bar.h"

struct _RefractChartTable
{
  AdwDialog parent_instance;

  GtkLabel *description;
  GtkStringList *rows;
};

G_DEFINE_FINAL_TYPE (RefractChartTable, refract_chart_table, ADW_TYPE_DIALOG)

static void
refract_chart_table_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_CHART_TABLE);

  G_OBJECT_CLASS (refract_chart_table_parent_class)->dispose (object);
}

static void
refract_chart_table_class_init (RefractChartTableClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = refract_chart_table_dispose;

  g_type_ensure (REFRACT_TYPE_PAGE_BAR);
  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/chart-table.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractChartTable, description);
  gtk_widget_class_bind_template_child (widget_class, RefractChartTable, rows);
}

static void
refract_chart_table_init (RefractChartTable *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

GtkWidget *
refract_chart_table_new (RefractScene *scene)
{
  RefractChartTable *self
      = g_object_new (REFRACT_TYPE_CHART_TABLE, "title", refract_scene_get_title (scene), NULL);

  gtk_label_set_label (self->description, refract_scene_get_description (scene));
  for (guint i = 0; i < refract_scene_get_n_points (scene); i++)
    gtk_string_list_append (self->rows, refract_scene_get_point (scene, i)->describe);
  return GTK_WIDGET (self);
}

char *
refract_chart_table_to_text (const RefractScene *scene)
{
  GString *text = g_string_new (refract_scene_get_title (scene));

  g_string_append_printf (text, "\n%s\n", refract_scene_get_description (scene));
  for (guint i = 0; i < refract_scene_get_n_points (scene); i++)
    g_string_append_printf (text, "%s\n", refract_scene_get_point (scene, i)->describe);
  return g_string_free (text, FALSE);
}
