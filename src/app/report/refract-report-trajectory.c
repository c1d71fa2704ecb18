/* refract-report-trajectory.c
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
#include "report/refract-report-text.h"
#include "report/refract-report-trajectory.h"
#include "report/refract-report-widgets.h"

struct _RefractReportTrajectory
{
  AdwBin parent_instance;

  RefractReport *report;

  RefractAxisHeader *header;
  GtkWidget *measured;
  GtkFlowBox *facts;
  AdwPreferencesGroup *prompts;
  RefractReportList *list;
  RefractChartCard *divergence_chart;
};

G_DEFINE_FINAL_TYPE (RefractReportTrajectory, refract_report_trajectory, ADW_TYPE_BIN)

/* (nullable): of the prompt with that id: REFRACT's own reports have no texts */
static JsonObject *
find_texts (RefractReport *report, const char *id)
{
  JsonArray *texts = refract_json_get_array (
      refract_report_get_axis_extension (report, REFRACT_AXIS_TRAJECTORY), "per_prompt");

  for (guint i = 0; id != NULL && i < refract_json_get_length (texts); i++)
    {
      JsonObject *object = refract_json_array_get_object (texts, i);

      if (g_strcmp0 (refract_json_get_string (object, "id", NULL), id) == 0)
        return object;
    }
  return NULL;
}

static GArray *
dup_ids (JsonObject *prompt, const char *name)
{
  JsonArray *ids = refract_json_get_array (prompt, name);

  return ids != NULL ? refract_json_array_to_ids (ids) : NULL;
}

static void
prompt_activated (RefractReportTrajectory *self, RefractReportItem *item)
{
  JsonObject *prompt = refract_json_array_get_object (
      refract_json_get_array (refract_report_get_axis (self->report, REFRACT_AXIS_TRAJECTORY),
                              "per_prompt"),
      item->index);
  JsonObject *texts = find_texts (self->report, refract_json_get_string (prompt, "id", NULL));
  g_autofree char *reference_label = refract_report_dup_reference_label (self->report);
  g_autofree char *candidate_label = refract_report_dup_candidate_label (self->report);
  g_autofree char *divergence = refract_prompt_dup_divergence (prompt);
  g_autoptr (GArray) reference_ids = dup_ids (prompt, "ref_token_ids");
  g_autoptr (GArray) candidate_ids = dup_ids (prompt, "cand_token_ids");
  RefractAnswer reference
      = { reference_label, refract_json_get_string (texts, "ref_text", NULL),
          refract_stop_get_text (refract_json_get_string (texts, "ref_stop", NULL)),
          reference_ids };
  RefractAnswer candidate
      = { candidate_label, refract_json_get_string (texts, "cand_text", NULL),
          refract_stop_get_text (refract_json_get_string (texts, "cand_stop", NULL)),
          candidate_ids };
  RefractAnswersDialog *dialog = refract_answers_dialog_new (item->title);

  refract_answers_dialog_add_sentence (dialog, divergence);
  refract_answers_dialog_add_text (dialog, _ ("Prompt"),
                                   refract_json_get_string (prompt, "prompt", NULL));
  refract_answers_dialog_add_pair (dialog, &reference, &candidate,
                                   refract_json_get_int (prompt, "first_divergence", -1));
  adw_dialog_present (ADW_DIALOG (dialog), GTK_WIDGET (self));
}

static RefractReportItem *
make_item (JsonObject *prompt, guint index)
{
  const char *text = refract_json_get_string (prompt, "prompt", NULL);
  const char *category = refract_json_get_string (prompt, "category", NULL);
  g_autofree char *divergence = refract_prompt_dup_divergence (prompt);
  RefractReportItem *item = refract_report_item_new_take (
      index, refract_clip_text (refract_json_get_string (prompt, "id", _ ("Prompt")), 200));

  item->group = category != NULL ? refract_clip_text (category, 200) : NULL;
  item->subtitle = item->group != NULL ? g_strdup_printf ("%s · %s", item->group, divergence)
                                       : g_strdup (divergence);
  item->body = text != NULL ? refract_clip_text (text, 160) : NULL;
  item->number = refract_json_get_double (prompt, "first_divergence", NAN);
  item->is_activatable = TRUE;
  return item;
}

static void
fill_prompts (RefractReportTrajectory *self)
{
  JsonArray *prompts = refract_json_get_array (
      refract_report_get_axis (self->report, REFRACT_AXIS_TRAJECTORY), "per_prompt");
  guint n = refract_json_get_length (prompts);
  g_autoptr (GListStore) items = g_list_store_new (REFRACT_TYPE_REPORT_ITEM);

  for (guint i = 0; i < MIN (n, REFRACT_REPORT_LIST_MAX); i++)
    {
      g_autoptr (RefractReportItem) item
          = make_item (refract_json_array_get_object (prompts, i), i);

      g_list_store_append (items, item);
    }
  refract_report_list_set_items (self->list, G_LIST_MODEL (items));
  if (n == 0)
    {
      adw_preferences_group_set_description (self->prompts, _ ("Not in this report."));
      gtk_widget_set_visible (GTK_WIDGET (self->list), FALSE);
    }
}

static void
refract_report_trajectory_dispose (GObject *object)
{
  RefractReportTrajectory *self = REFRACT_REPORT_TRAJECTORY (object);

  g_clear_object (&self->report);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_REPORT_TRAJECTORY);

  G_OBJECT_CLASS (refract_report_trajectory_parent_class)->dispose (object);
}

static void
refract_report_trajectory_class_init (RefractReportTrajectoryClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = refract_report_trajectory_dispose;

  g_type_ensure (REFRACT_TYPE_AXIS_HEADER);
  g_type_ensure (REFRACT_TYPE_REPORT_LIST);
  g_type_ensure (REFRACT_TYPE_CHART_CARD);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               RESOURCE_PATH "/ui/report-trajectory.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractReportTrajectory, header);
  gtk_widget_class_bind_template_child (widget_class, RefractReportTrajectory, measured);
  gtk_widget_class_bind_template_child (widget_class, RefractReportTrajectory, facts);
  gtk_widget_class_bind_template_child (widget_class, RefractReportTrajectory, prompts);
  gtk_widget_class_bind_template_child (widget_class, RefractReportTrajectory, list);
  gtk_widget_class_bind_template_child (widget_class, RefractReportTrajectory, divergence_chart);
  gtk_widget_class_bind_template_callback (widget_class, prompt_activated);
}

static void
refract_report_trajectory_init (RefractReportTrajectory *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

static gboolean
fill_facts (GtkWidget *section)
{
  RefractReportTrajectory *self = REFRACT_REPORT_TRAJECTORY (section);

  gtk_widget_set_visible (self->measured, refract_axis_header_set_report (
                                              self->header, self->report, REFRACT_AXIS_TRAJECTORY));
  refract_fact_grid_fill (self->facts, self->report, REFRACT_FACTS_TRAJECTORY);
  return FALSE;
}

static gboolean
fill_charts (GtkWidget *section)
{
  RefractReportTrajectory *self = REFRACT_REPORT_TRAJECTORY (section);

  refract_chart_card_set_report (self->divergence_chart, self->report);
  return FALSE;
}

static gboolean
fill_list (GtkWidget *section)
{
  RefractReportTrajectory *self = REFRACT_REPORT_TRAJECTORY (section);

  fill_prompts (self);
  gtk_widget_set_visible (GTK_WIDGET (self->prompts), TRUE);
  return FALSE;
}

GtkWidget *
refract_report_trajectory_new (RefractReport *report)
{
  static const RefractReportStep steps[] = { fill_facts, fill_charts, fill_list, NULL };
  RefractReportTrajectory *self = g_object_new (REFRACT_TYPE_REPORT_TRAJECTORY, NULL);

  self->report = g_object_ref (report);
  refract_report_build (GTK_WIDGET (self), steps);
  return GTK_WIDGET (self);
}
