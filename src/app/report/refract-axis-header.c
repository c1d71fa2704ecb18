/* refract-axis-header.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include <glib/gi18n.h>

#include "core/refract-json.h"
#include "core/refract-translate.h"
#include "report/refract-axis-header.h"
#include "report/refract-report-text.h"
#include "report/refract-report-widgets.h"

struct _RefractAxisHeader
{
  GtkBox parent_instance;

  GtkLabel *title;
  GtkLabel *score;
  GtkLabel *band;
  GtkLabel *detail;
  GtkLabel *description;
  GtkBox *caveats;
};

G_DEFINE_FINAL_TYPE (RefractAxisHeader, refract_axis_header, GTK_TYPE_BOX)

static void
refract_axis_header_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_AXIS_HEADER);

  G_OBJECT_CLASS (refract_axis_header_parent_class)->dispose (object);
}

static void
refract_axis_header_class_init (RefractAxisHeaderClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = refract_axis_header_dispose;

  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/axis-header.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractAxisHeader, title);
  gtk_widget_class_bind_template_child (widget_class, RefractAxisHeader, score);
  gtk_widget_class_bind_template_child (widget_class, RefractAxisHeader, band);
  gtk_widget_class_bind_template_child (widget_class, RefractAxisHeader, detail);
  gtk_widget_class_bind_template_child (widget_class, RefractAxisHeader, description);
  gtk_widget_class_bind_template_child (widget_class, RefractAxisHeader, caveats);
}

static void
refract_axis_header_init (RefractAxisHeader *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

gboolean
refract_axis_header_set_report (RefractAxisHeader *self, RefractReport *report, RefractAxisId axis)
{
  gboolean is_measured = !isnan (refract_report_get_axis_score (report, axis));
  g_autofree char *band = NULL;
  g_autofree char *score = refract_report_dup_axis_score_parts (report, axis, &band);
  g_autofree char *detail = refract_report_dup_axis_detail (report, axis);
  const char *description
      = refract_json_get_string (refract_report_get_axis (report, axis), "description", NULL);
  g_autofree char *translated = refract_translate (description);
  g_autofree char *shown = refract_clip_text (translated != NULL ? translated : "", 1000);

  g_return_val_if_fail (REFRACT_IS_AXIS_HEADER (self), FALSE);

  gtk_label_set_text (self->title, _ (refract_axis_id_get_title (axis)));
  gtk_label_set_text (self->score, score);
  refract_label_mark_figures (self->score);
  gtk_label_set_text (self->band, band != NULL ? band : "");
  gtk_widget_set_visible (GTK_WIDGET (self->band), band != NULL);
  gtk_label_set_text (self->detail, detail);
  gtk_label_set_text (self->description, shown);
  gtk_widget_set_visible (GTK_WIDGET (self->description), *shown != '\0');
  if (g_str_equal (refract_report_get_axis_confidence (report, axis), "low"))
    {
      gtk_widget_add_css_class (GTK_WIDGET (self->score), "dimmed");
      gtk_widget_add_css_class (GTK_WIDGET (self->band), "dimmed");
    }
  refract_report_take_sentences (self->caveats, refract_report_list_axis_caveats (report, axis));
  return is_measured;
}
