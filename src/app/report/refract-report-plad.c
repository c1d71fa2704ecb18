/* refract-report-plad.c
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
#include "report/refract-report-plad.h"
#include "report/refract-report-text.h"
#include "report/refract-report-widgets.h"

struct _RefractReportPlad
{
  AdwBin parent_instance;

  RefractReport *report;

  RefractAxisHeader *header;
  GtkWidget *measured;
  GtkFlowBox *facts;
  AdwPreferencesGroup *pairs;
  RefractReportList *list;
  RefractChartCard *plad_chart;
};

G_DEFINE_FINAL_TYPE (RefractReportPlad, refract_report_plad, ADW_TYPE_BIN)

/* (nullable): the answers to a prompt as @perturbation has it; NULL for the prompt as it stands */
static JsonObject *
find_answers (RefractReport *report, const char *prompt_id, const char *perturbation)
{
  JsonArray *answers = refract_json_get_array (
      refract_report_get_axis_extension (report, REFRACT_AXIS_PLAD), "answers");

  for (guint i = 0; i < refract_json_get_length (answers); i++)
    {
      JsonObject *object = refract_json_array_get_object (answers, i);

      if (g_strcmp0 (refract_json_get_string (object, "prompt_id", NULL), prompt_id) == 0
          && g_strcmp0 (refract_json_get_string (object, "perturbation", NULL), perturbation) == 0)
        return object;
    }
  return NULL;
}

/* What one configuration answered to the prompt as it stands, and to the changed one */
static void
add_side (RefractAnswersDialog *dialog,
          const char *label,
          JsonObject *anchor,
          JsonObject *changed,
          const char *text,
          const char *stop)
{
  g_autofree char *plain_title = g_strdup_printf (_ ("%s, prompt as it stands"), label);
  g_autofree char *changed_title = g_strdup_printf (_ ("%s, changed prompt"), label);
  RefractAnswer plain_answer
      = { plain_title, refract_json_get_string (anchor, text, NULL),
          refract_stop_get_text (refract_json_get_string (anchor, stop, NULL)), NULL };
  RefractAnswer changed_answer
      = { changed_title, refract_json_get_string (changed, text, NULL),
          refract_stop_get_text (refract_json_get_string (changed, stop, NULL)), NULL };

  refract_answers_dialog_add_pair (dialog, &plain_answer, &changed_answer, -1);
}

static void
pair_activated (RefractReportPlad *self, RefractReportItem *item)
{
  JsonObject *pair = refract_json_array_get_object (
      refract_json_get_array (refract_report_get_axis (self->report, REFRACT_AXIS_PLAD),
                              "per_prompt"),
      item->index);
  const char *id = refract_json_get_string (pair, "prompt_id", NULL);
  JsonObject *anchor = find_answers (self->report, id, NULL);
  JsonObject *changed
      = find_answers (self->report, id, refract_json_get_string (pair, "perturbation", NULL));
  g_autofree char *reference = refract_report_dup_reference_label (self->report);
  g_autofree char *candidate = refract_report_dup_candidate_label (self->report);
  RefractAnswersDialog *dialog = refract_answers_dialog_new (item->title);

  refract_answers_dialog_add_sentence (dialog, item->subtitle);
  refract_answers_dialog_add_text (dialog, _ ("Changed prompt"),
                                   refract_json_get_string (pair, "perturbed_prompt", NULL));
  if (anchor != NULL && changed != NULL)
    {
      add_side (dialog, reference, anchor, changed, "ref_text", "ref_stop");
      add_side (dialog, candidate, anchor, changed, "cand_text", "cand_stop");
    }
  else
    refract_answers_dialog_add_sentence (dialog, _ ("This report does not have the answers."));
  adw_dialog_present (ADW_DIALOG (dialog), GTK_WIDGET (self));
}

static RefractReportItem *
make_item (JsonObject *pair, guint index)
{
  const char *id = refract_json_get_string (pair, "prompt_id", "?");
  const char *perturbation
      = refract_perturbation_get_title (refract_json_get_string (pair, "perturbation", "?"));
  double score = refract_json_get_double (pair, "plad_pp", NAN);
  g_autofree char *shown_id = refract_clip_text (id, 200);
  g_autofree char *shown = refract_clip_text (perturbation, 200);
  RefractReportItem *item
      = refract_report_item_new_take (index, g_strdup_printf ("%s · %s", shown_id, shown));

  item->subtitle = refract_pair_dup_detail (pair);
  item->value = refract_format_score_interval (CLAMP (score, 0, 100), NULL, 1);
  item->group = g_steal_pointer (&shown);
  item->number = score;
  item->is_activatable = TRUE;
  return item;
}

static void
fill_pairs (RefractReportPlad *self)
{
  JsonArray *pairs = refract_json_get_array (
      refract_report_get_axis (self->report, REFRACT_AXIS_PLAD), "per_prompt");
  guint n = refract_json_get_length (pairs);
  g_autoptr (GListStore) items = g_list_store_new (REFRACT_TYPE_REPORT_ITEM);

  for (guint i = 0; i < MIN (n, REFRACT_REPORT_LIST_MAX); i++)
    {
      g_autoptr (RefractReportItem) item = make_item (refract_json_array_get_object (pairs, i), i);

      g_list_store_append (items, item);
    }
  refract_report_list_set_items (self->list, G_LIST_MODEL (items));
  gtk_widget_set_visible (GTK_WIDGET (self->list), n > 0);
  if (n == 0)
    adw_preferences_group_set_description (self->pairs, _ ("Not in this report."));
}

static void
refract_report_plad_dispose (GObject *object)
{
  RefractReportPlad *self = REFRACT_REPORT_PLAD (object);

  g_clear_object (&self->report);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_REPORT_PLAD);

  G_OBJECT_CLASS (refract_report_plad_parent_class)->dispose (object);
}

static void
refract_report_plad_class_init (RefractReportPladClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = refract_report_plad_dispose;

  g_type_ensure (REFRACT_TYPE_AXIS_HEADER);
  g_type_ensure (REFRACT_TYPE_REPORT_LIST);
  g_type_ensure (REFRACT_TYPE_CHART_CARD);
  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/report-plad.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractReportPlad, header);
  gtk_widget_class_bind_template_child (widget_class, RefractReportPlad, measured);
  gtk_widget_class_bind_template_child (widget_class, RefractReportPlad, facts);
  gtk_widget_class_bind_template_child (widget_class, RefractReportPlad, pairs);
  gtk_widget_class_bind_template_child (widget_class, RefractReportPlad, list);
  gtk_widget_class_bind_template_child (widget_class, RefractReportPlad, plad_chart);
  gtk_widget_class_bind_template_callback (widget_class, pair_activated);
}

static void
refract_report_plad_init (RefractReportPlad *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

static gboolean
fill_facts (GtkWidget *section)
{
  RefractReportPlad *self = REFRACT_REPORT_PLAD (section);

  gtk_widget_set_visible (self->measured, refract_axis_header_set_report (
                                              self->header, self->report, REFRACT_AXIS_PLAD));
  refract_fact_grid_fill (self->facts, self->report, REFRACT_FACTS_PLAD);
  return FALSE;
}

static gboolean
fill_charts (GtkWidget *section)
{
  RefractReportPlad *self = REFRACT_REPORT_PLAD (section);

  refract_chart_card_set_report (self->plad_chart, self->report);
  return FALSE;
}

static gboolean
fill_list (GtkWidget *section)
{
  RefractReportPlad *self = REFRACT_REPORT_PLAD (section);

  fill_pairs (self);
  gtk_widget_set_visible (GTK_WIDGET (self->pairs), TRUE);
  return FALSE;
}

GtkWidget *
refract_report_plad_new (RefractReport *report)
{
  static const RefractReportStep steps[] = { fill_facts, fill_charts, fill_list, NULL };
  RefractReportPlad *self = g_object_new (REFRACT_TYPE_REPORT_PLAD, NULL);

  self->report = g_object_ref (report);
  refract_report_build (GTK_WIDGET (self), steps);
  return GTK_WIDGET (self);
}
