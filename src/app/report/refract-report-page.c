/* refract-report-page.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "charts/refract-chart-save.h"
#include "core/refract-json.h"
#include "core/refract-translate.h"
#include "library/refract-window-library.h"
#include "refract-page-bar.h"
#include "refract-window.h"
#include "report/refract-raw-dialog.h"
#include "report/refract-repeatability-page.h"
#include "report/refract-report-details.h"
#include "report/refract-report-export.h"
#include "report/refract-report-kld.h"
#include "report/refract-report-overview.h"
#include "report/refract-report-page.h"
#include "report/refract-report-plad.h"
#include "report/refract-report-rniah.h"
#include "report/refract-report-text.h"
#include "report/refract-report-trajectory.h"
#include "report/refract-report-widgets.h"
#include "wizard/refract-window-wizard.h"

/* Characters of a report's own that are laid out in the header bar. */
#define MAX_TITLE 200

struct _RefractReportPage
{
  AdwNavigationPage parent_instance;

  RefractReport *report;
  char *summary_id;

  AdwWindowTitle *window_title;
  GtkWidget *switcher;
  AdwToolbarView *view;
  GtkDropDown *jump;
  GtkStack *states;
  AdwStatusPage *failure;
  GtkWidget *remove_button;
  AdwViewStack *sections;
};

G_DEFINE_FINAL_TYPE (RefractReportPage, refract_report_page, ADW_TYPE_NAVIGATION_PAGE)

static const struct
{
  const char *name;
  GtkWidget *(*create) (RefractReport *report);
} sections[] = {
  { "overview", refract_report_overview_new }, { "trajectory", refract_report_trajectory_new },
  { "kld", refract_report_kld_new },           { "rniah", refract_report_rniah_new },
  { "plad", refract_report_plad_new },         { "details", refract_report_details_new },
};

/* Fills the visible section's empty place. */
static void
make_section (RefractReportPage *self)
{
  GtkWidget *place = adw_view_stack_get_visible_child (self->sections);
  const char *name = adw_view_stack_get_visible_child_name (self->sections);

  if (self->report == NULL || place == NULL || adw_bin_get_child (ADW_BIN (place)) != NULL)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (sections); i++)
    if (g_strcmp0 (name, sections[i].name) == 0)
      adw_bin_set_child (ADW_BIN (place), sections[i].create (self->report));
}

static void
section_changed (RefractReportPage *self)
{
  const char *name = adw_view_stack_get_visible_child_name (self->sections);

  make_section (self);
  for (guint i = 0; i < G_N_ELEMENTS (sections); i++)
    if (g_strcmp0 (name, sections[i].name) == 0)
      gtk_drop_down_set_selected (self->jump, i);
}

static void
jumped (RefractReportPage *self)
{
  guint selected = gtk_drop_down_get_selected (self->jump);

  if (selected < G_N_ELEMENTS (sections))
    adw_view_stack_set_visible_child_name (self->sections, sections[selected].name);
}

static void
update_actions (RefractReportPage *self)
{
  static const char *const with_report[]
      = { "report.copy-summary", "report.copy", "report.export",  "report.save-json",
          "report.save-image",   "report.raw",  "report.section", "report.repeat" };
  GtkWidget *widget = GTK_WIDGET (self);
  gboolean repeated = self->report != NULL && refract_repeatability_exists (self->report);
  const char *command
      = self->report != NULL
            ? refract_json_get_string (refract_report_get_root (self->report), "repro_command", "")
            : "";

  for (guint i = 0; i < G_N_ELEMENTS (with_report); i++)
    gtk_widget_action_set_enabled (widget, with_report[i], self->report != NULL);
  gtk_widget_action_set_enabled (widget, "report.copy-command", *command != '\0');
  gtk_widget_action_set_enabled (widget, "report.repeatability", repeated);
  gtk_widget_action_set_enabled (widget, "report.edit",
                                 self->report != NULL && self->summary_id != NULL);
  gtk_widget_action_set_enabled (widget, "report.remove", self->summary_id != NULL);
}

static void
show_section (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  refract_report_page_show_section (REFRACT_REPORT_PAGE (widget),
                                    g_variant_get_string (parameter, NULL));
}

static void
copy_command (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  JsonObject *root = refract_report_get_root (REFRACT_REPORT_PAGE (widget)->report);

  refract_report_copy (widget, refract_json_get_string (root, "repro_command", ""),
                       _ ("Copied the command"));
}

static void
copy_summary (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  g_autofree char *text = refract_report_dup_summary_text (REFRACT_REPORT_PAGE (widget)->report);

  refract_report_copy (widget, text, _ ("Copied the summary"));
}

static void
save_json (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  refract_report_export (widget, REFRACT_REPORT_PAGE (widget)->report, "json");
}

static void export (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  refract_report_export (widget, REFRACT_REPORT_PAGE (widget)->report,
                         g_variant_get_string (parameter, NULL));
}

static void
copy (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  refract_report_export_copy (widget, REFRACT_REPORT_PAGE (widget)->report,
                              g_variant_get_string (parameter, NULL));
}

static void
save_image (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  refract_chart_save (widget, REFRACT_REPORT_PAGE (widget)->report, "share-card",
                      REFRACT_SHARE_CARD_WIDTH);
}

static void
show_raw (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  RefractRawDialog *dialog = refract_raw_dialog_new (REFRACT_REPORT_PAGE (widget)->report);

  adw_dialog_present (ADW_DIALOG (dialog), widget);
}

static void
edit (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  gtk_widget_activate_action (widget, "win.edit-plan", "s",
                              REFRACT_REPORT_PAGE (widget)->summary_id);
}

static void
check_repeatability (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  RefractWindow *window = refract_window_from_widget (widget);

  if (window != NULL)
    refract_window_check_repeatability (window, REFRACT_REPORT_PAGE (widget)->report);
}

static void
find_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *candidates = refract_repeatability_find (task_data, &error);

  if (candidates != NULL)
    g_task_return_pointer (task, candidates, (GDestroyNotify) g_ptr_array_unref);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static void
found_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RefractReportPage *self = REFRACT_REPORT_PAGE (source);
  RefractWindow *window = refract_window_from_widget (GTK_WIDGET (source));
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) candidates = g_task_propagate_pointer (G_TASK (result), &error);

  if (window == NULL)
    return;
  if (candidates != NULL)
    refract_window_set_page (
        window,
        ADW_NAVIGATION_PAGE (refract_repeatability_page_new (
            candidates, adw_window_title_get_title (self->window_title), self->summary_id)));
  else
    refract_window_show_error (window, _ ("The repeatability cannot be shown"), error);
}

static void
show_repeatability (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  g_autoptr (GTask) task = g_task_new (widget, NULL, found_cb, NULL);

  g_task_set_source_tag (task, show_repeatability);
  g_task_set_task_data (task, g_object_ref (REFRACT_REPORT_PAGE (widget)->report), g_object_unref);
  g_task_run_in_thread (task, find_thread);
}

/* (nullable): of that id */
static RefractSummary *
find_summary (const char *id)
{
  return refract_library_lookup (
      refract_application_get_library (refract_application_get_default ()), id);
}

static void
open_other (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  RefractWindow *window = refract_window_from_widget (widget);
  RefractSummary *summary = find_summary (g_variant_get_string (parameter, NULL));

  /* It may have been deleted since. */
  if (window != NULL && summary != NULL)
    refract_window_show_report (window, summary);
}

static void
remove_this (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  RefractWindow *window = refract_window_from_widget (widget);
  RefractSummary *found = find_summary (REFRACT_REPORT_PAGE (widget)->summary_id);
  g_autoptr (RefractSummary) summary = found != NULL ? g_object_ref (found) : NULL;
  g_autoptr (GError) error = NULL;

  if (window == NULL || summary == NULL)
    return;
  /* The sidebar's signal offers to undo it. */
  if (refract_library_delete (refract_application_get_library (refract_application_get_default ()),
                              summary, &error))
    g_signal_emit_by_name (refract_window_get_sidebar (window), "deleted", summary);
  else
    refract_window_show_error (window, _ ("The report was not deleted"), error);
}

static void
refract_report_page_dispose (GObject *object)
{
  RefractReportPage *self = REFRACT_REPORT_PAGE (object);

  g_clear_object (&self->report);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_REPORT_PAGE);

  G_OBJECT_CLASS (refract_report_page_parent_class)->dispose (object);
}

static void
refract_report_page_finalize (GObject *object)
{
  g_free (REFRACT_REPORT_PAGE (object)->summary_id);

  G_OBJECT_CLASS (refract_report_page_parent_class)->finalize (object);
}

static void
install_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "report.section", "s", show_section);
  gtk_widget_class_install_action (widget_class, "report.copy-command", NULL, copy_command);
  gtk_widget_class_install_action (widget_class, "report.copy-summary", NULL, copy_summary);
  gtk_widget_class_install_action (widget_class, "report.save-json", NULL, save_json);
  gtk_widget_class_install_action (widget_class, "report.export", "s", export);
  gtk_widget_class_install_action (widget_class, "report.copy", "s", copy);
  gtk_widget_class_install_action (widget_class, "report.save-image", NULL, save_image);
  gtk_widget_class_install_action (widget_class, "report.raw", NULL, show_raw);
  gtk_widget_class_install_action (widget_class, "report.edit", NULL, edit);
  gtk_widget_class_install_action (widget_class, "report.repeat", NULL, check_repeatability);
  gtk_widget_class_install_action (widget_class, "report.repeatability", NULL, show_repeatability);
  gtk_widget_class_install_action (widget_class, "report.open", "s", open_other);
  gtk_widget_class_install_action (widget_class, "report.remove", NULL, remove_this);
}

static void
refract_report_page_class_init (RefractReportPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = refract_report_page_dispose;
  object_class->finalize = refract_report_page_finalize;

  install_actions (widget_class);
  g_type_ensure (REFRACT_TYPE_PAGE_BAR);
  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/report-page.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractReportPage, window_title);
  gtk_widget_class_bind_template_child (widget_class, RefractReportPage, switcher);
  gtk_widget_class_bind_template_child (widget_class, RefractReportPage, view);
  gtk_widget_class_bind_template_child (widget_class, RefractReportPage, jump);
  gtk_widget_class_bind_template_child (widget_class, RefractReportPage, states);
  gtk_widget_class_bind_template_child (widget_class, RefractReportPage, failure);
  gtk_widget_class_bind_template_child (widget_class, RefractReportPage, remove_button);
  gtk_widget_class_bind_template_child (widget_class, RefractReportPage, sections);
  gtk_widget_class_bind_template_callback (widget_class, section_changed);
  gtk_widget_class_bind_template_callback (widget_class, jumped);
}

static void
refract_report_page_init (RefractReportPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  update_actions (self);
}

RefractReportPage *
refract_report_page_new (RefractReport *report)
{
  RefractReportPage *self = g_object_new (REFRACT_TYPE_REPORT_PAGE, NULL);

  if (report != NULL)
    refract_report_page_set_report (self, report);
  return self;
}

void
refract_report_page_set_report (RefractReportPage *self, RefractReport *report)
{
  g_autofree char *name = NULL;
  g_autofree char *model = NULL;
  g_autofree char *candidate = NULL;

  g_return_if_fail (REFRACT_IS_REPORT_PAGE (self));
  g_return_if_fail (REFRACT_IS_REPORT (report));
  g_return_if_fail (self->report == NULL);

  self->report = g_object_ref (report);
  name = refract_report_dup_model_name (report);
  model = refract_clip_text (name, MAX_TITLE);
  candidate = refract_report_dup_candidate_label (report);
  if (*model == '\0')
    {
      g_free (model);
      model = g_strdup (_ ("Unknown Model"));
    }
  adw_navigation_page_set_title (ADW_NAVIGATION_PAGE (self), model);
  adw_window_title_set_title (self->window_title, model);
  adw_window_title_set_subtitle (self->window_title, candidate);
  update_actions (self);
  gtk_stack_set_visible_child_name (self->states, "report");
  gtk_widget_set_sensitive (self->switcher, TRUE);
  adw_toolbar_view_set_reveal_bottom_bars (self->view, TRUE);
  make_section (self);
}

RefractReport *
refract_report_page_get_report (RefractReportPage *self)
{
  g_return_val_if_fail (REFRACT_IS_REPORT_PAGE (self), NULL);

  return self->report;
}

void
refract_report_page_set_error (RefractReportPage *self, const GError *error)
{
  g_autofree char *message = NULL;
  g_autofree char *escaped = NULL;

  g_return_if_fail (REFRACT_IS_REPORT_PAGE (self));
  g_return_if_fail (error != NULL);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  /* A status page's description is markup. */
  message = refract_translate (error->message);
  escaped = g_markup_escape_text (message, -1);
  adw_status_page_set_description (self->failure, escaped);
  gtk_stack_set_visible_child_name (self->states, "failure");
}

void
refract_report_page_set_summary_id (RefractReportPage *self, const char *id)
{
  g_return_if_fail (REFRACT_IS_REPORT_PAGE (self));

  g_free (self->summary_id);
  self->summary_id = g_strdup (id);
  gtk_widget_set_visible (self->remove_button, id != NULL);
  update_actions (self);
}

const char *
refract_report_page_get_summary_id (RefractReportPage *self)
{
  g_return_val_if_fail (REFRACT_IS_REPORT_PAGE (self), NULL);

  return self->summary_id;
}

void
refract_report_page_show_section (RefractReportPage *self, const char *name)
{
  g_return_if_fail (REFRACT_IS_REPORT_PAGE (self));

  for (guint i = 0; i < G_N_ELEMENTS (sections); i++)
    if (g_strcmp0 (name, sections[i].name) == 0)
      adw_view_stack_set_visible_child_name (self->sections, name);
}
