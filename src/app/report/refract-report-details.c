/* refract-report-details.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "charts/refract-chart-card.h"
#include "core/refract-json.h"
#include "report/refract-report-details.h"
#include "report/refract-report-text.h"
#include "report/refract-report-widgets.h"

struct _RefractReportDetails
{
  AdwBin parent_instance;

  AdwPreferencesGroup *speed;
  AdwPreferencesGroup *kv;
  AdwPreferencesGroup *model;
  AdwPreferencesGroup *hardware;
  AdwPreferencesGroup *engine;
  AdwPreferencesGroup *inputs;
  AdwPreferencesGroup *run;
  AdwPreferencesGroup *repeat;
  GtkLabel *command;
  RefractChartCard *speed_chart;

  RefractReport *report;
  guint n_filled;
};

G_DEFINE_FINAL_TYPE (RefractReportDetails, refract_report_details, ADW_TYPE_BIN)

static void
refract_report_details_dispose (GObject *object)
{
  g_clear_object (&REFRACT_REPORT_DETAILS (object)->report);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_REPORT_DETAILS);

  G_OBJECT_CLASS (refract_report_details_parent_class)->dispose (object);
}

static void
refract_report_details_class_init (RefractReportDetailsClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = refract_report_details_dispose;

  g_type_ensure (REFRACT_TYPE_CHART_CARD);
  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/report-details.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractReportDetails, speed);
  gtk_widget_class_bind_template_child (widget_class, RefractReportDetails, kv);
  gtk_widget_class_bind_template_child (widget_class, RefractReportDetails, model);
  gtk_widget_class_bind_template_child (widget_class, RefractReportDetails, hardware);
  gtk_widget_class_bind_template_child (widget_class, RefractReportDetails, engine);
  gtk_widget_class_bind_template_child (widget_class, RefractReportDetails, inputs);
  gtk_widget_class_bind_template_child (widget_class, RefractReportDetails, run);
  gtk_widget_class_bind_template_child (widget_class, RefractReportDetails, repeat);
  gtk_widget_class_bind_template_child (widget_class, RefractReportDetails, command);
  gtk_widget_class_bind_template_child (widget_class, RefractReportDetails, speed_chart);
}

static void
refract_report_details_init (RefractReportDetails *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

/* A group of facts at a time. */
static gboolean
fill_group (GtkWidget *section)
{
  RefractReportDetails *self = REFRACT_REPORT_DETAILS (section);
  const struct
  {
    AdwPreferencesGroup *group;
    RefractFactGroup facts;
  } groups[] = {
    { self->speed, REFRACT_FACTS_SPEED },       { self->kv, REFRACT_FACTS_KV },
    { self->model, REFRACT_FACTS_MODEL },       { self->engine, REFRACT_FACTS_ENGINE },
    { self->hardware, REFRACT_FACTS_HARDWARE }, { self->inputs, REFRACT_FACTS_INPUTS },
    { self->run, REFRACT_FACTS_RUN },
  };

  refract_report_fill_facts (groups[self->n_filled].group, self->report,
                             groups[self->n_filled].facts);
  gtk_widget_set_visible (GTK_WIDGET (groups[self->n_filled].group), TRUE);
  return ++self->n_filled < G_N_ELEMENTS (groups);
}

static gboolean
fill_command (GtkWidget *section)
{
  RefractReportDetails *self = REFRACT_REPORT_DETAILS (section);
  const char *command
      = refract_json_get_string (refract_report_get_root (self->report), "repro_command", "");
  g_autofree char *shown = refract_clip_text (command, REFRACT_SHOWN_CHARS);

  refract_label_set_command (self->command, shown);
  gtk_widget_set_visible (GTK_WIDGET (self->repeat), *command != '\0');
  refract_chart_card_set_report (self->speed_chart, self->report);
  return FALSE;
}

GtkWidget *
refract_report_details_new (RefractReport *report)
{
  static const RefractReportStep steps[] = { fill_command, fill_group, NULL };
  RefractReportDetails *self = g_object_new (REFRACT_TYPE_REPORT_DETAILS, NULL);

  self->report = g_object_ref (report);
  refract_report_build (GTK_WIDGET (self), steps);
  return GTK_WIDGET (self);
}
