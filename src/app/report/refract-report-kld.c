/* refract-report-kld.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include <glib/gi18n.h>

#include "charts/refract-chart-card.h"
#include "core/refract-json.h"
#include "report/refract-axis-header.h"
#include "report/refract-fact-grid.h"
#include "report/refract-report-kld.h"
#include "report/refract-report-list.h"
#include "report/refract-report-text.h"
#include "report/refract-report-widgets.h"

struct _RefractReportKld
{
  AdwBin parent_instance;

  RefractReport *report;
  guint n_charts;

  RefractAxisHeader *header;
  GtkWidget *measured;
  GtkFlowBox *facts;
  AdwPreferencesGroup *ladder;
  AdwPreferencesGroup *worst;
  RefractReportList *list;
  RefractChartCard *kld_histogram_chart;
  RefractChartCard *kld_depth_chart;
  RefractChartCard *kld_contexts_chart;
};

G_DEFINE_FINAL_TYPE (RefractReportKld, refract_report_kld, ADW_TYPE_BIN)

/* The text before the token, and the token, which stands out. */
static void
set_context (RefractReportItem *item, JsonObject *worst)
{
  const char *context = refract_json_get_string (worst, "context_text", NULL);
  const char *token = refract_json_get_string (worst, "token_text", NULL);
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  if (context == NULL || token == NULL)
    return;
  before = refract_clip_text (context, 400);
  after = refract_clip_text (token, 100);
  item->body = g_strconcat ("…", before, after, NULL);
  item->body_start = strlen ("…") + strlen (before);
  item->body_end = item->body_start + strlen (after);
}

static void
fill_worst (RefractReportKld *self, JsonArray *worst)
{
  guint n = refract_json_get_length (worst);
  g_autoptr (GListStore) items = g_list_store_new (REFRACT_TYPE_REPORT_ITEM);

  for (guint i = 0; i < MIN (n, REFRACT_REPORT_LIST_MAX); i++)
    {
      JsonObject *object = refract_json_array_get_object (worst, i);
      g_autoptr (RefractReportItem) item
          = refract_report_item_new_take (i, refract_worst_dup_place (object));

      item->subtitle = refract_worst_dup_detail (object);
      item->number = refract_json_get_double (object, "position", NAN);
      set_context (item, object);
      g_list_store_append (items, item);
    }
  refract_report_list_set_items (self->list, G_LIST_MODEL (items));
  gtk_widget_set_visible (GTK_WIDGET (self->list), n > 0);
  if (n == 0)
    adw_preferences_group_set_description (self->worst, _ ("Not in this report."));
}

static void
fill_ladder (RefractReportKld *self, JsonArray *ladder)
{
  guint n = refract_json_get_length (ladder);

  for (guint i = 0; i < MIN (n, REFRACT_REPORT_LIST_MAX / 20); i++)
    {
      g_autofree char *title = NULL;
      g_autofree char *text = NULL;

      refract_ladder_dup_texts (refract_json_array_get_object (ladder, i), &title, &text);
      adw_preferences_group_add (self->ladder, refract_plain_row_new (title, text));
    }
  gtk_widget_set_visible (GTK_WIDGET (self->ladder), n > 0);
}

static void
refract_report_kld_dispose (GObject *object)
{
  g_clear_object (&REFRACT_REPORT_KLD (object)->report);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_REPORT_KLD);

  G_OBJECT_CLASS (refract_report_kld_parent_class)->dispose (object);
}

static void
refract_report_kld_class_init (RefractReportKldClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = refract_report_kld_dispose;

  g_type_ensure (REFRACT_TYPE_AXIS_HEADER);
  g_type_ensure (REFRACT_TYPE_REPORT_LIST);
  g_type_ensure (REFRACT_TYPE_CHART_CARD);
  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/report-kld.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractReportKld, header);
  gtk_widget_class_bind_template_child (widget_class, RefractReportKld, measured);
  gtk_widget_class_bind_template_child (widget_class, RefractReportKld, facts);
  gtk_widget_class_bind_template_child (widget_class, RefractReportKld, ladder);
  gtk_widget_class_bind_template_child (widget_class, RefractReportKld, worst);
  gtk_widget_class_bind_template_child (widget_class, RefractReportKld, list);
  gtk_widget_class_bind_template_child (widget_class, RefractReportKld, kld_histogram_chart);
  gtk_widget_class_bind_template_child (widget_class, RefractReportKld, kld_depth_chart);
  gtk_widget_class_bind_template_child (widget_class, RefractReportKld, kld_contexts_chart);
}

static void
refract_report_kld_init (RefractReportKld *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

static gboolean
fill_facts (GtkWidget *section)
{
  RefractReportKld *self = REFRACT_REPORT_KLD (section);

  gtk_widget_set_visible (self->measured, refract_axis_header_set_report (
                                              self->header, self->report, REFRACT_AXIS_KLD));
  refract_fact_grid_fill (self->facts, self->report, REFRACT_FACTS_KLD);
  return FALSE;
}

/* A chart at a time. */
static gboolean
fill_charts (GtkWidget *section)
{
  RefractReportKld *self = REFRACT_REPORT_KLD (section);
  RefractChartCard *const charts[]
      = { self->kld_histogram_chart, self->kld_depth_chart, self->kld_contexts_chart };

  refract_chart_card_set_report (charts[self->n_charts], self->report);
  return ++self->n_charts < G_N_ELEMENTS (charts);
}

static gboolean
fill_list (GtkWidget *section)
{
  RefractReportKld *self = REFRACT_REPORT_KLD (section);
  JsonObject *extension = refract_report_get_axis_extension (self->report, REFRACT_AXIS_KLD);

  fill_ladder (self, refract_json_get_array (extension, "ladder"));
  fill_worst (self, refract_json_get_array (extension, "worst"));
  gtk_widget_set_visible (GTK_WIDGET (self->worst), TRUE);
  return FALSE;
}

GtkWidget *
refract_report_kld_new (RefractReport *report)
{
  static const RefractReportStep steps[] = { fill_facts, fill_charts, fill_list, NULL };
  RefractReportKld *self = g_object_new (REFRACT_TYPE_REPORT_KLD, NULL);

  self->report = g_object_ref (report);
  refract_report_build (GTK_WIDGET (self), steps);
  return GTK_WIDGET (self);
}
