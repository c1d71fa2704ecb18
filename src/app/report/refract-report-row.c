/* refract-report-row.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "report/refract-report-row.h"
#include "report/refract-report-widgets.h"

struct _RefractReportRow
{
  GtkListBoxRow parent_instance;

  RefractReportItem *item;

  GtkLabel *title;
  GtkLabel *subtitle;
  GtkLabel *body;
  GtkLabel *value;
  GtkImage *arrow;
};

G_DEFINE_FINAL_TYPE (RefractReportRow, refract_report_row, GTK_TYPE_LIST_BOX_ROW)

static void
refract_report_row_dispose (GObject *object)
{
  RefractReportRow *self = REFRACT_REPORT_ROW (object);

  g_clear_object (&self->item);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_REPORT_ROW);

  G_OBJECT_CLASS (refract_report_row_parent_class)->dispose (object);
}

static void
refract_report_row_class_init (RefractReportRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = refract_report_row_dispose;

  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/report-row.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractReportRow, title);
  gtk_widget_class_bind_template_child (widget_class, RefractReportRow, subtitle);
  gtk_widget_class_bind_template_child (widget_class, RefractReportRow, body);
  gtk_widget_class_bind_template_child (widget_class, RefractReportRow, value);
  gtk_widget_class_bind_template_child (widget_class, RefractReportRow, arrow);
}

static void
refract_report_row_init (RefractReportRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

static void
set_text (GtkLabel *label, const char *text)
{
  gtk_label_set_text (label, text != NULL ? text : "");
  gtk_widget_set_visible (GTK_WIDGET (label), text != NULL && *text != '\0');
}

static void
emphasize (GtkLabel *label, guint start, guint end)
{
  g_autoptr (PangoAttrList) attributes = pango_attr_list_new ();
  PangoAttribute *marks[] = { pango_attr_weight_new (PANGO_WEIGHT_BOLD),
                              pango_attr_underline_new (PANGO_UNDERLINE_SINGLE) };

  for (guint i = 0; i < G_N_ELEMENTS (marks); i++)
    {
      marks[i]->start_index = start;
      marks[i]->end_index = end;
      pango_attr_list_insert (attributes, marks[i]);
    }
  gtk_label_set_attributes (label, attributes);
}

GtkWidget *
refract_report_row_new (RefractReportItem *item)
{
  RefractReportRow *self;
  const char *texts[] = { item->title, item->value, item->subtitle };
  g_autoptr (GString) name = g_string_new (NULL);

  g_return_val_if_fail (REFRACT_IS_REPORT_ITEM (item), NULL);

  self = g_object_new (REFRACT_TYPE_REPORT_ROW, NULL);
  self->item = g_object_ref (item);
  set_text (self->title, item->title);
  set_text (self->subtitle, item->subtitle);
  set_text (self->body, item->body);
  set_text (self->value, item->value);
  refract_label_mark_figures (self->value);
  if (item->body != NULL && item->body_end > item->body_start)
    emphasize (self->body, item->body_start, item->body_end);
  refract_label_set_verbatim (self->body);
  if (item->is_dimmed)
    {
      gtk_widget_add_css_class (GTK_WIDGET (self->title), "dimmed");
      gtk_widget_add_css_class (GTK_WIDGET (self->value), "dimmed");
    }
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (self), item->is_activatable);
  gtk_widget_set_visible (GTK_WIDGET (self->arrow), item->is_activatable);

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    if (texts[i] != NULL)
      g_string_append_printf (name, "%s%s", name->len > 0 ? ", " : "", texts[i]);
  gtk_accessible_update_property (GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, name->str,
                                  -1);
  return GTK_WIDGET (self);
}

RefractReportItem *
refract_report_row_get_item (RefractReportRow *self)
{
  g_return_val_if_fail (REFRACT_IS_REPORT_ROW (self), NULL);

  return self->item;
}
