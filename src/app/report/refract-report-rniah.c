/* refract-report-rniah.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include <glib/gi18n.h>

#include "charts/refract-chart-card.h"
#include "core/refract-json.h"
#include "report/refract-answers-dialog.h"
#include "report/refract-axis-header.h"
#include "report/refract-fact-grid.h"
#include "report/refract-report-list.h"
#include "report/refract-report-rniah.h"
#include "report/refract-report-text.h"
#include "report/refract-report-widgets.h"

/* More trials of a cell than anyone reads */
#define MAX_TRIALS 20

struct _RefractReportRniah
{
  AdwBin parent_instance;

  RefractReport *report;

  RefractAxisHeader *header;
  GtkWidget *measured;
  GtkFlowBox *facts;
  AdwPreferencesGroup *cells;
  RefractReportList *list;
  AdwPreferencesGroup *skipped;
  RefractChartCard *rniah_chart;
};

G_DEFINE_FINAL_TYPE (RefractReportRniah, refract_report_rniah, ADW_TYPE_BIN)

/* (nullable): the trials of @cell, which lie apart from it */
static JsonArray *
find_trials (RefractReport *report, JsonObject *cell)
{
  JsonArray *cells = refract_json_get_array (
      refract_report_get_axis_extension (report, REFRACT_AXIS_RNIAH), "cells");
  gint64 length = refract_json_get_int (cell, "length", -1);
  double position = refract_json_get_double (cell, "position", NAN);

  for (guint i = 0; i < refract_json_get_length (cells); i++)
    {
      JsonObject *object = refract_json_array_get_object (cells, i);

      if (refract_json_get_int (object, "length", -2) == length
          && refract_json_get_double (object, "position", NAN) == position)
        return refract_json_get_array (object, "trials");
    }
  return NULL;
}

static void
add_trial (RefractReportRniah *self, RefractAnswersDialog *dialog, JsonObject *trial)
{
  g_autofree char *reference_label = refract_report_dup_reference_label (self->report);
  g_autofree char *candidate_label = refract_report_dup_candidate_label (self->report);
  RefractAnswer reference
      = { reference_label, refract_json_get_string (trial, "base_answer", NULL),
          refract_json_get_boolean (trial, "base_hit", FALSE) ? _ ("Found the needle")
                                                              : _ ("Did not find the needle"),
          NULL };
  RefractAnswer candidate
      = { candidate_label, refract_json_get_string (trial, "cand_answer", NULL),
          refract_json_get_boolean (trial, "cand_hit", FALSE) ? _ ("Found the needle")
                                                              : _ ("Did not find the needle"),
          NULL };

  refract_answers_dialog_add_text (dialog, _ ("Looked for"),
                                   refract_json_get_string (trial, "keyword", NULL));
  refract_answers_dialog_add_pair (dialog, &reference, &candidate, -1);
}

static void
show_cell (RefractReportRniah *self, guint index)
{
  JsonObject *axis = refract_report_get_axis (self->report, REFRACT_AXIS_RNIAH);
  JsonObject *cell = refract_json_array_get_object (refract_json_get_array (axis, "cells"), index);
  JsonArray *trials = find_trials (self->report, cell);
  guint n = refract_json_get_length (trials);
  g_autofree char *place = refract_cell_dup_place (cell);
  g_autofree char *outcome = refract_cell_dup_outcome (cell);
  RefractAnswersDialog *dialog = refract_answers_dialog_new (place);

  refract_answers_dialog_add_sentence (dialog, outcome);
  refract_answers_dialog_add_text (dialog, _ ("Needle of the first trial"),
                                   refract_json_get_string (axis, "needle", NULL));
  for (guint i = 0; i < MIN (n, MAX_TRIALS); i++)
    add_trial (self, dialog, refract_json_array_get_object (trials, i));
  if (n == 0)
    refract_answers_dialog_add_sentence (dialog, _ ("This report does not have the answers."));
  adw_dialog_present (ADW_DIALOG (dialog), GTK_WIDGET (self));
}

static void
chart_activated (RefractReportRniah *self, guint point, int key)
{
  /* A cell that did not run has nothing to show. */
  if (key >= 0)
    show_cell (self, key);
}

static void
cell_activated (RefractReportRniah *self, RefractReportItem *item)
{
  show_cell (self, item->index);
}

static void
fill_cells (RefractReportRniah *self)
{
  JsonArray *cells = refract_json_get_array (
      refract_report_get_axis (self->report, REFRACT_AXIS_RNIAH), "cells");
  guint n = refract_json_get_length (cells);
  g_autoptr (GListStore) items = g_list_store_new (REFRACT_TYPE_REPORT_ITEM);

  for (guint i = 0; i < MIN (n, REFRACT_REPORT_LIST_MAX); i++)
    {
      JsonObject *cell = refract_json_array_get_object (cells, i);
      g_autoptr (RefractReportItem) item
          = refract_report_item_new_take (i, refract_cell_dup_place (cell));

      item->subtitle = refract_cell_dup_outcome (cell);
      item->number = -refract_json_get_double (cell, "degradation", NAN);
      item->is_activatable = TRUE;
      g_list_store_append (items, item);
    }
  refract_report_list_set_items (self->list, G_LIST_MODEL (items));
  gtk_widget_set_visible (GTK_WIDGET (self->list), n > 0);
  if (n == 0)
    adw_preferences_group_set_description (self->cells, _ ("Not in this report."));
}

static void
fill_skipped (RefractReportRniah *self)
{
  JsonArray *skipped = refract_json_get_array (
      refract_report_get_axis_extension (self->report, REFRACT_AXIS_RNIAH), "skipped_cells");
  guint n = refract_json_get_length (skipped);

  for (guint i = 0; i < MIN (n, 100); i++)
    {
      JsonObject *cell = refract_json_array_get_object (skipped, i);
      g_autofree char *place = refract_cell_dup_place (cell);

      adw_preferences_group_add (
          self->skipped,
          refract_plain_row_new (place, refract_json_get_string (cell, "reason", NULL)));
    }
  gtk_widget_set_visible (GTK_WIDGET (self->skipped), n > 0);
}

static void
refract_report_rniah_dispose (GObject *object)
{
  RefractReportRniah *self = REFRACT_REPORT_RNIAH (object);

  g_clear_object (&self->report);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_REPORT_RNIAH);

  G_OBJECT_CLASS (refract_report_rniah_parent_class)->dispose (object);
}

static void
refract_report_rniah_class_init (RefractReportRniahClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = refract_report_rniah_dispose;

  g_type_ensure (REFRACT_TYPE_AXIS_HEADER);
  g_type_ensure (REFRACT_TYPE_REPORT_LIST);
  g_type_ensure (REFRACT_TYPE_CHART_CARD);
  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/report-rniah.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractReportRniah, header);
  gtk_widget_class_bind_template_child (widget_class, RefractReportRniah, measured);
  gtk_widget_class_bind_template_child (widget_class, RefractReportRniah, facts);
  gtk_widget_class_bind_template_child (widget_class, RefractReportRniah, cells);
  gtk_widget_class_bind_template_child (widget_class, RefractReportRniah, list);
  gtk_widget_class_bind_template_child (widget_class, RefractReportRniah, skipped);
  gtk_widget_class_bind_template_child (widget_class, RefractReportRniah, rniah_chart);
  gtk_widget_class_bind_template_callback (widget_class, cell_activated);
}

static void
refract_report_rniah_init (RefractReportRniah *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_object (refract_chart_card_get_view (self->rniah_chart), "activated",
                           G_CALLBACK (chart_activated), self, G_CONNECT_SWAPPED);
}

static gboolean
fill_facts (GtkWidget *section)
{
  RefractReportRniah *self = REFRACT_REPORT_RNIAH (section);

  gtk_widget_set_visible (self->measured, refract_axis_header_set_report (
                                              self->header, self->report, REFRACT_AXIS_RNIAH));
  refract_fact_grid_fill (self->facts, self->report, REFRACT_FACTS_RNIAH);
  return FALSE;
}

static gboolean
fill_charts (GtkWidget *section)
{
  RefractReportRniah *self = REFRACT_REPORT_RNIAH (section);

  refract_chart_card_set_report (self->rniah_chart, self->report);
  return FALSE;
}

static gboolean
fill_list (GtkWidget *section)
{
  RefractReportRniah *self = REFRACT_REPORT_RNIAH (section);

  fill_cells (self);
  fill_skipped (self);
  gtk_widget_set_visible (GTK_WIDGET (self->cells), TRUE);
  return FALSE;
}

GtkWidget *
refract_report_rniah_new (RefractReport *report)
{
  static const RefractReportStep steps[] = { fill_facts, fill_charts, fill_list, NULL };
  RefractReportRniah *self = g_object_new (REFRACT_TYPE_REPORT_RNIAH, NULL);

  self->report = g_object_ref (report);
  refract_report_build (GTK_WIDGET (self), steps);
  return GTK_WIDGET (self);
}
