/* refract-report-overview.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include <glib/gi18n.h>

#include "charts/refract-chart-card.h"
#include "core/refract-json.h"
#include "core/refract-translate.h"
#include "refract-application.h"
#include "report/refract-report-overview.h"
#include "report/refract-report-text.h"
#include "report/refract-report-widgets.h"

/* Rows of the run's ranking and findings that are worth showing: a report may say anything. */
#define MAX_ROWS 100
/* Rows that are made at once */
#define ROWS_PER_STEP 10

struct _RefractReportOverview
{
  AdwBin parent_instance;

  RefractReport *report;
  guint n_filled; /* rows of the list that is being filled */

  GtkLabel *composite;
  GtkLabel *subject;
  GtkLabel *weakest;
  GtkLabel *verdict;
  GtkLabel *ship;
  GtkImage *ship_icon;
  GtkBox *caveats;
  AdwPreferencesGroup *recommendation;
  GtkLabel *recommendation_text;
  GtkLabel *control_text;
  AdwPreferencesGroup *candidates;
  GtkListBox *ranking;
  AdwPreferencesGroup *failed;
  AdwPreferencesGroup *axes;
  AdwPreferencesGroup *findings;
  AdwPreferencesGroup *trust;
  RefractChartCard *gauge_chart;
  RefractChartCard *scatter_chart;
  RefractChartCard *axes_chart;
};

G_DEFINE_FINAL_TYPE (RefractReportOverview, refract_report_overview, ADW_TYPE_BIN)

/* Shows @text, and nothing at all where there is none. */
static void
set_text (GtkLabel *label, const char *text)
{
  g_autofree char *shown = refract_shown_text (text != NULL ? text : "");

  gtk_label_set_text (label, shown);
  gtk_widget_set_visible (GTK_WIDGET (label), *shown != '\0');
}

static const char *
ship_icon_name (const char *rule)
{
  if (g_strcmp0 (rule, "safe") == 0)
    return "object-select-symbolic";
  if (g_strcmp0 (rule, "no") == 0)
    return "dialog-error-symbolic";
  return "dialog-warning-symbolic";
}

/* Calls @add for the next rows of a list of @n. Returns: whether there are more */
static gboolean
fill_rows (RefractReportOverview *self,
           guint n,
           void (*add) (RefractReportOverview *self, guint row))
{
  n = MIN (n, MAX_ROWS);
  for (guint end = MIN (n, self->n_filled + ROWS_PER_STEP); self->n_filled < end; self->n_filled++)
    add (self, self->n_filled);
  if (self->n_filled < n)
    return TRUE;
  self->n_filled = 0;
  return FALSE;
}

static gboolean
fill_gauge (GtkWidget *section)
{
  RefractReportOverview *self = REFRACT_REPORT_OVERVIEW (section);
  g_autofree char *composite = refract_report_dup_composite_text (self->report);
  g_autofree char *weakest = refract_report_dup_weakest_text (self->report);
  gboolean has_composite = !isnan (refract_report_get_composite (self->report));

  /* Where there is a composite, the gauge says it. */
  set_text (self->composite, has_composite ? NULL : composite);
  set_text (self->weakest, has_composite ? NULL : weakest);
  refract_chart_card_set_report (self->gauge_chart, self->report);
  return FALSE;
}

static gboolean
fill_subject (GtkWidget *section)
{
  RefractReportOverview *self = REFRACT_REPORT_OVERVIEW (section);
  g_autofree char *subject = refract_report_dup_subject (self->report);

  set_text (self->subject, subject);
  return FALSE;
}

static gboolean
fill_verdict (GtkWidget *section)
{
  RefractReportOverview *self = REFRACT_REPORT_OVERVIEW (section);
  JsonObject *root = refract_report_get_root (self->report);

  set_text (self->verdict, refract_json_get_string (root, "summary", NULL));
  return FALSE;
}

static gboolean
fill_ship (GtkWidget *section)
{
  RefractReportOverview *self = REFRACT_REPORT_OVERVIEW (section);
  JsonObject *ship = refract_json_get_object (refract_report_get_extension (self->report), "ship");
  const char *sentence = refract_json_get_string (ship, "sentence", NULL);

  set_text (self->ship, sentence);
  gtk_image_set_from_icon_name (self->ship_icon,
                                ship_icon_name (refract_json_get_string (ship, "rule", NULL)));
  gtk_widget_set_visible (GTK_WIDGET (self->ship_icon), sentence != NULL);
  refract_report_take_sentences (self->caveats, refract_report_list_caveats (self->report));
  return FALSE;
}

/* A few words at the end of a row: what is special about it. */
static void
add_badge (GtkWidget *badges, const char *text)
{
  GtkWidget *label = gtk_label_new (text);

  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_widget_set_halign (label, GTK_ALIGN_END);
  gtk_widget_add_css_class (label, "report-badge");
  gtk_widget_add_css_class (label, "caption");
  gtk_box_append (GTK_BOX (badges), label);
}

/* (nullable) (transfer none): the id of that candidate's report of the same run, when the library
 * has it */
static const char *
find_report (RefractReportOverview *self, const char *label)
{
  RefractLibrary *library = refract_application_get_library (refract_application_get_default ());
  const char *run_id
      = refract_json_get_string (refract_report_get_extension (self->report), "run_id", NULL);
  guint n = g_list_model_get_n_items (G_LIST_MODEL (library));

  for (guint i = 0; run_id != NULL && i < n; i++)
    {
      g_autoptr (RefractSummary) summary = g_list_model_get_item (G_LIST_MODEL (library), i);

      if (g_str_equal (refract_summary_get_run_id (summary), run_id)
          && g_str_equal (refract_summary_get_label (summary), label))
        return refract_summary_get_id (summary);
    }
  return NULL;
}

/* The row leads to its report. */
static void
link_row (RefractReportOverview *self, GtkWidget *row, const char *label)
{
  const char *id = find_report (self, label);

  if (id == NULL)
    return;
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), TRUE);
  gtk_actionable_set_action_target (GTK_ACTIONABLE (row), "s", id);
  gtk_actionable_set_action_name (GTK_ACTIONABLE (row), "report.open");
  adw_action_row_add_suffix (ADW_ACTION_ROW (row),
                             gtk_image_new_from_icon_name ("go-next-symbolic"));
}

static GtkWidget *
ranking_row_new (RefractReportOverview *self, JsonObject *ranked, gboolean is_control)
{
  const char *text = refract_json_get_string (ranked, "candidate", "?");
  gboolean is_dominated = refract_json_get_string (ranked, "dominated_by", NULL) != NULL;
  gboolean is_this
      = g_strcmp0 (text, refract_json_get_string (refract_report_get_root (self->report),
                                                  "candidate", NULL))
        == 0;
  JsonObject *interval = refract_json_get_object (ranked, "interval");
  double composite = refract_json_get_double (ranked, "composite", NAN);
  g_autofree char *score = refract_format_score_interval (CLAMP (composite, 0, 100), interval, 1);
  g_autofree char *detail = refract_ranking_row_dup_detail (ranked);
  g_autofree char *subtitle = g_strdup_printf ("%s\n%s", score, detail);
  g_autofree char *label = refract_kv_text_to_label (text);
  GtkWidget *row = refract_plain_row_new (label, subtitle);
  GtkWidget *badges = g_object_new (GTK_TYPE_BOX, "orientation", GTK_ORIENTATION_VERTICAL,
                                    "spacing", 6, "valign", GTK_ALIGN_CENTER, NULL);

  adw_action_row_add_suffix (ADW_ACTION_ROW (row), badges);
  if (is_this)
    add_badge (badges, _ ("This report"));
  if (is_control)
    add_badge (badges, _ ("Control"));
  if (is_dominated)
    {
      add_badge (badges, _ ("Dominated"));
      gtk_widget_add_css_class (row, "report-dominated");
    }
  if (refract_json_get_boolean (ranked, "within_noise", FALSE))
    add_badge (badges, _ ("Within the noise"));
  if (refract_json_get_boolean (ranked, "not_proved", FALSE))
    add_badge (badges, _ ("Not proved"));
  if (!is_this)
    link_row (self, row, label);
  return row;
}

static JsonArray *
get_array (RefractReportOverview *self, const char *name)
{
  return refract_json_get_array (refract_report_get_extension (self->report), name);
}

static gboolean
fill_recommendation (GtkWidget *section)
{
  RefractReportOverview *self = REFRACT_REPORT_OVERVIEW (section);
  JsonObject *extension = refract_report_get_extension (self->report);
  JsonObject *recommendation = refract_json_get_object (extension, "recommendation");
  JsonObject *control = refract_json_get_object (extension, "control");
  guint n = refract_json_get_length (get_array (self, "ranking"));

  set_text (self->recommendation_text, refract_json_get_string (recommendation, "sentence", NULL));
  set_text (self->control_text, refract_json_get_string (recommendation, "control_sentence", NULL));
  gtk_widget_set_visible (GTK_WIDGET (self->candidates), n > 0 || control != NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->recommendation), recommendation != NULL);
  return FALSE;
}

static void
add_ranked (RefractReportOverview *self, guint row)
{
  JsonObject *ranked = refract_json_array_get_object (get_array (self, "ranking"), row);

  gtk_list_box_append (self->ranking, ranking_row_new (self, ranked, FALSE));
}

static gboolean
fill_ranking (GtkWidget *section)
{
  RefractReportOverview *self = REFRACT_REPORT_OVERVIEW (section);
  JsonObject *control
      = refract_json_get_object (refract_report_get_extension (self->report), "control");

  if (fill_rows (self, refract_json_get_length (get_array (self, "ranking")), add_ranked))
    return TRUE;
  if (control != NULL)
    gtk_list_box_append (self->ranking, ranking_row_new (self, control, TRUE));
  return FALSE;
}

static gboolean
fill_scatter (GtkWidget *section)
{
  RefractReportOverview *self = REFRACT_REPORT_OVERVIEW (section);

  refract_chart_card_set_report (self->scatter_chart, self->report);
  return FALSE;
}

static void
add_failed (RefractReportOverview *self, guint row)
{
  JsonObject *object = refract_json_array_get_object (get_array (self, "failed"), row);
  g_autofree char *message = refract_shown_text (refract_json_get_string (object, "message", NULL));

  adw_preferences_group_add (
      self->failed,
      refract_plain_row_new (refract_json_get_string (object, "label", "?"), message));
}

static gboolean
fill_failed (GtkWidget *section)
{
  RefractReportOverview *self = REFRACT_REPORT_OVERVIEW (section);
  guint n = refract_json_get_length (get_array (self, "failed"));

  gtk_widget_set_visible (GTK_WIDGET (self->failed), n > 0);
  return fill_rows (self, n, add_failed);
}

static gboolean
fill_axes (GtkWidget *section)
{
  RefractReportOverview *self = REFRACT_REPORT_OVERVIEW (section);

  gtk_widget_set_visible (GTK_WIDGET (self->axes), TRUE);
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      g_autofree char *score = refract_report_dup_axis_score_text (self->report, i);
      g_autofree char *detail = refract_report_dup_axis_detail (self->report, i);
      g_autoptr (GPtrArray) caveats = refract_report_list_axis_caveats (self->report, i);
      g_autoptr (GString) subtitle = g_string_new (NULL);
      GtkWidget *row;

      g_string_printf (subtitle, "%s\n%s", score, detail);
      for (guint j = 0; j < MIN (caveats->len, 5); j++)
        g_string_append_printf (subtitle, "\n%s", (char *) g_ptr_array_index (caveats, j));
      row = refract_plain_row_new (_ (refract_axis_id_get_title (i)), subtitle->str);
      gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), TRUE);
      gtk_actionable_set_action_name (GTK_ACTIONABLE (row), "report.section");
      gtk_actionable_set_action_target (GTK_ACTIONABLE (row), "s", refract_axis_id_get_name (i));
      adw_action_row_add_suffix (ADW_ACTION_ROW (row),
                                 gtk_image_new_from_icon_name ("go-next-symbolic"));
      adw_preferences_group_add (self->axes, row);
    }
  return FALSE;
}

static gboolean
fill_axes_chart (GtkWidget *section)
{
  RefractReportOverview *self = REFRACT_REPORT_OVERVIEW (section);

  refract_chart_card_set_report (self->axes_chart, self->report);
  return FALSE;
}

static void
add_finding (RefractReportOverview *self, guint row)
{
  JsonObject *finding = refract_json_array_get_object (get_array (self, "findings"), row);
  g_autofree char *text = refract_shown_text (refract_json_get_string (finding, "text", NULL));
  g_autofree char *remedy = refract_shown_text (refract_json_get_string (finding, "remedy", NULL));

  if (text != NULL)
    adw_preferences_group_add (self->findings, refract_plain_row_new (text, remedy));
}

static void
add_diagnosis (RefractReportOverview *self, guint row)
{
  JsonArray *diagnosis
      = refract_json_get_array (refract_report_get_root (self->report), "diagnosis");
  g_autofree char *text = refract_shown_text (refract_json_array_get_string (diagnosis, row));

  if (text != NULL)
    adw_preferences_group_add (self->findings, refract_plain_row_new (text, NULL));
}

static gboolean
fill_findings (GtkWidget *section)
{
  RefractReportOverview *self = REFRACT_REPORT_OVERVIEW (section);
  guint n = refract_json_get_length (get_array (self, "findings"));

  if (n > 0)
    {
      gtk_widget_set_visible (GTK_WIDGET (self->findings), TRUE);
      return fill_rows (self, n, add_finding);
    }
  /* REFRACT's own reports have what was found, but no remedies. */
  n = refract_json_get_length (
      refract_json_get_array (refract_report_get_root (self->report), "diagnosis"));
  gtk_widget_set_visible (GTK_WIDGET (self->findings), n > 0);
  return fill_rows (self, n, add_diagnosis);
}

static gboolean
fill_trust (GtkWidget *section)
{
  RefractReportOverview *self = REFRACT_REPORT_OVERVIEW (section);
  JsonArray *why = refract_json_get_array (
      refract_json_get_object (refract_report_get_extension (self->report), "comparable"), "why");
  guint n = refract_json_get_length (why);
  g_autofree char *floor = refract_report_dup_floor_text (self->report);
  g_autofree char *comparable = refract_report_dup_comparable_text (self->report);
  g_autoptr (GString) reasons = g_string_new (NULL);

  for (guint i = 0; i < MIN (n, MAX_ROWS); i++)
    {
      g_autofree char *reason = refract_shown_text (refract_json_array_get_string (why, i));

      if (reason != NULL)
        g_string_append_printf (reasons, "%s%s", reasons->len > 0 ? "\n" : "", reason);
    }
  adw_preferences_group_add (
      self->trust,
      refract_plain_row_new (_ ("Noise floor"),
                             floor != NULL ? floor : _ ("The reference was not measured twice.")));
  adw_preferences_group_add (
      self->trust,
      refract_plain_row_new (comparable != NULL ? comparable : _ ("Comparability"),
                             comparable != NULL ? reasons->str : _ ("Not in this report.")));
  gtk_widget_set_visible (GTK_WIDGET (self->trust), TRUE);
  return FALSE;
}

static void
axis_activated (RefractReportOverview *self, guint point, int key)
{
  if (key >= 0 && key < REFRACT_N_AXES)
    gtk_widget_activate_action (GTK_WIDGET (self), "report.section", "s",
                                refract_axis_id_get_name (key));
}

static void
refract_report_overview_dispose (GObject *object)
{
  RefractReportOverview *self = REFRACT_REPORT_OVERVIEW (object);

  g_clear_object (&self->report);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_REPORT_OVERVIEW);

  G_OBJECT_CLASS (refract_report_overview_parent_class)->dispose (object);
}

static void
refract_report_overview_class_init (RefractReportOverviewClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = refract_report_overview_dispose;

  g_type_ensure (REFRACT_TYPE_CHART_CARD);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               RESOURCE_PATH "/ui/report-overview.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractReportOverview, composite);
  gtk_widget_class_bind_template_child (widget_class, RefractReportOverview, subject);
  gtk_widget_class_bind_template_child (widget_class, RefractReportOverview, weakest);
  gtk_widget_class_bind_template_child (widget_class, RefractReportOverview, verdict);
  gtk_widget_class_bind_template_child (widget_class, RefractReportOverview, ship);
  gtk_widget_class_bind_template_child (widget_class, RefractReportOverview, ship_icon);
  gtk_widget_class_bind_template_child (widget_class, RefractReportOverview, caveats);
  gtk_widget_class_bind_template_child (widget_class, RefractReportOverview, recommendation);
  gtk_widget_class_bind_template_child (widget_class, RefractReportOverview, recommendation_text);
  gtk_widget_class_bind_template_child (widget_class, RefractReportOverview, control_text);
  gtk_widget_class_bind_template_child (widget_class, RefractReportOverview, candidates);
  gtk_widget_class_bind_template_child (widget_class, RefractReportOverview, ranking);
  gtk_widget_class_bind_template_child (widget_class, RefractReportOverview, failed);
  gtk_widget_class_bind_template_child (widget_class, RefractReportOverview, axes);
  gtk_widget_class_bind_template_child (widget_class, RefractReportOverview, findings);
  gtk_widget_class_bind_template_child (widget_class, RefractReportOverview, trust);
  gtk_widget_class_bind_template_child (widget_class, RefractReportOverview, gauge_chart);
  gtk_widget_class_bind_template_child (widget_class, RefractReportOverview, scatter_chart);
  gtk_widget_class_bind_template_child (widget_class, RefractReportOverview, axes_chart);
}

static void
refract_report_overview_init (RefractReportOverview *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_signal_connect_object (refract_chart_card_get_view (self->axes_chart), "activated",
                           G_CALLBACK (axis_activated), self, G_CONNECT_SWAPPED);
}

GtkWidget *
refract_report_overview_new (RefractReport *report)
{
  static const RefractReportStep steps[]
      = { fill_gauge,      fill_subject, fill_verdict, fill_ship,   fill_recommendation,
          fill_axes_chart, fill_ranking, fill_scatter, fill_failed, fill_findings,
          fill_axes,       fill_trust,   NULL };
  RefractReportOverview *self = g_object_new (REFRACT_TYPE_REPORT_OVERVIEW, NULL);

  self->report = g_object_ref (report);
  refract_report_build (GTK_WIDGET (self), steps);
  return GTK_WIDGET (self);
}
