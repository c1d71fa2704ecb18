/* refract-report-export.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "audit/refract-audit.h"
#include "core/refract-json.h"
#include "export/refract-badge.h"
#include "export/refract-bundle.h"
#include "export/refract-csv.h"
#include "export/refract-html.h"
#include "export/refract-markdown.h"
#include "preferences/refract-defaults.h"
#include "refract-application.h"
#include "refract-export.h"
#include "report/refract-report-export.h"
#include "report/refract-report-widgets.h"
#include "report/refract-repeatability.h"

static char *
to_html (RefractReport *report)
{
  g_autoptr (GPtrArray) reports = g_ptr_array_new ();

  g_ptr_array_add (reports, report);
  return refract_html_from_reports (reports);
}

static const struct
{
  const char *name;
  const char *suffix;
  char *(*write) (RefractReport *report); /* NULL: not a text of one report */
  gboolean takes_run;
} forms[] = {
  { "json", "refract.json", NULL, FALSE },
  { "html", "html", to_html, TRUE },
  { "markdown", "md", refract_markdown_from_report, FALSE },
  { "model-index", "md", refract_markdown_model_index, FALSE },
  { "csv", "csv", refract_csv_from_report, FALSE },
  { "badge", "svg", refract_badge_to_svg, FALSE },
  { "bundle", "zip", NULL, TRUE },
};

typedef struct
{
  guint form;
  RefractReport *report;
  GPtrArray *paths;  /* of the run's reports; empty for this one alone */
  RefractPlan *plan; /* this machine's engine, for the bundle's self-test */
} Output;

static void
output_free (gpointer data)
{
  Output *self = data;

  g_object_unref (self->report);
  g_ptr_array_unref (self->paths);
  g_clear_object (&self->plan);
  g_free (self);
}

/* (transfer full) (nullable) (element-type RefractReport) */
static GPtrArray *
load_reports (const Output *self, GError **error)
{
  g_autoptr (GPtrArray) reports = g_ptr_array_new_with_free_func (g_object_unref);

  if (self->paths->len == 0)
    g_ptr_array_add (reports, g_object_ref (self->report));
  for (guint i = 0; i < self->paths->len; i++)
    {
      RefractReport *report = refract_report_load (self->paths->pdata[i], error);

      if (report == NULL)
        return NULL;
      g_ptr_array_add (reports, report);
    }
  return g_steal_pointer (&reports);
}

/* The engine is tested here and now, on the machine that hands the bundle in. */
static gboolean
write_bundle (const Output *self, const char *path, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) reports = load_reports (self, error);
  g_autoptr (RefractBackend) backend = NULL;
  g_autoptr (GPtrArray) checks = NULL;
  g_autoptr (JsonObject) selftest = NULL;
  g_autoptr (GPtrArray) candidates = NULL;
  g_autoptr (JsonObject) repeatability = NULL;

  if (reports == NULL)
    return FALSE;
  if (refract_repeatability_exists (self->report))
    {
      candidates = refract_repeatability_find (self->report, error);
      if (candidates == NULL)
        return FALSE;
      repeatability = refract_repeatability_to_json (candidates);
    }
  backend = refract_plan_create_backend (self->plan, NULL, cancellable, error);
  if (backend == NULL)
    return FALSE;
  checks = refract_backend_selftest (backend, NULL, cancellable);
  selftest = refract_checks_to_json (checks);
  return refract_bundle_write (path, reports, selftest, repeatability, error);
}

static gboolean
write_output (gpointer data, const char *path, GCancellable *cancellable, GError **error)
{
  const Output *self = data;
  const char *form = forms[self->form].name;
  g_autoptr (GPtrArray) reports = NULL;
  g_autofree char *text = NULL;

  if (g_str_equal (form, "json"))
    return refract_report_save (self->report, path, error);
  if (g_str_equal (form, "bundle"))
    return write_bundle (self, path, cancellable, error);
  if (self->paths->len == 0)
    text = forms[self->form].write (self->report);
  else
    {
      reports = load_reports (self, error);
      if (reports == NULL)
        return FALSE;
      text = refract_html_from_reports (reports);
    }
  return refract_export_write (path, text, error);
}

/* @self: (transfer full) */
static void
ask_place (GtkWidget *page, Output *self)
{
  g_autofree char *model = refract_report_dup_model_name (self->report);
  g_autofree char *candidate = refract_report_dup_candidate_label (self->report);
  g_autofree char *name
      = self->paths->len == 0
            ? g_strdup_printf ("%s %s.%s", model, candidate, forms[self->form].suffix)
            : g_strdup_printf ("%s.%s", model, forms[self->form].suffix);

  refract_export_ask (page, _ ("Export Report"), name, write_output, self, output_free);
}

/* --- The whole run --- */

typedef struct
{
  GtkWidget *page;
  Output *output;
} Question;

static void
extent_chosen (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Question *question = user_data;
  const char *response = adw_alert_dialog_choose_finish (ADW_ALERT_DIALOG (source), result);

  if (g_strcmp0 (response, "one") == 0)
    g_ptr_array_set_size (question->output->paths, 0);
  if (g_strcmp0 (response, "cancel") == 0 || gtk_widget_get_root (question->page) == NULL)
    output_free (question->output);
  else
    ask_place (question->page, question->output);
  g_object_unref (question->page);
  g_free (question);
}

/* @self: (transfer full) */
static void
ask_extent (GtkWidget *page, Output *self)
{
  AdwDialog *dialog = adw_alert_dialog_new (_ ("Export the Whole Run?"), NULL);
  AdwAlertDialog *alert = ADW_ALERT_DIALOG (dialog);
  Question *question = g_new (Question, 1);

  question->page = g_object_ref (page);
  question->output = self;
  adw_alert_dialog_format_body (
      alert,
      ngettext ("The library has %u report of this run. One file can hold it.",
                "The library has %u reports of this run. One file can hold them all, ranked.",
                self->paths->len),
      self->paths->len);
  adw_alert_dialog_add_responses (alert, "cancel", _ ("_Cancel"), "one", _ ("This _Report"), "run",
                                  _ ("Whole _Run"), NULL);
  adw_alert_dialog_set_response_appearance (alert, "run", ADW_RESPONSE_SUGGESTED);
  adw_alert_dialog_set_default_response (alert, "run");
  adw_alert_dialog_set_close_response (alert, "cancel");
  adw_alert_dialog_choose (alert, page, NULL, extent_chosen, question);
}

/* (transfer full): the library lists them best first, the control last */
static GPtrArray *
list_run (RefractReport *report)
{
  GListModel *library
      = G_LIST_MODEL (refract_application_get_library (refract_application_get_default ()));
  const char *run_id
      = refract_json_get_string (refract_report_get_extension (report), "run_id", "");
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; *run_id != '\0' && i < g_list_model_get_n_items (library); i++)
    {
      g_autoptr (RefractSummary) summary = g_list_model_get_item (library, i);

      if (refract_summary_get_error (summary) == NULL
          && g_str_equal (refract_summary_get_run_id (summary), run_id))
        g_ptr_array_add (paths, g_strdup (refract_summary_get_path (summary)));
    }
  return paths;
}

static Output *
output_new (RefractReport *report, const char *form)
{
  Output *self = g_new0 (Output, 1);

  while (!g_str_equal (forms[self->form].name, form))
    {
      self->form++;
      g_assert (self->form < G_N_ELEMENTS (forms));
    }
  self->report = g_object_ref (report);
  self->paths = forms[self->form].takes_run ? list_run (report) : g_ptr_array_new ();
  /* One file is the report at hand. */
  if (self->paths->len == 1)
    g_ptr_array_set_size (self->paths, 0);
  if (g_str_equal (form, "bundle"))
    {
      self->plan = refract_plan_new ();
      refract_defaults_apply_engine (
          refract_application_get_settings (refract_application_get_default ()), self->plan);
    }
  return self;
}

void
refract_report_export (GtkWidget *page, RefractReport *report, const char *form)
{
  Output *self = output_new (report, form);

  if (self->paths->len > 0)
    ask_extent (page, self);
  else
    ask_place (page, self);
}

void
refract_report_export_to_file (
    GtkWidget *page, RefractReport *report, const char *form, gboolean whole_run, GFile *file)
{
  Output *self = output_new (report, form);

  if (!whole_run)
    g_ptr_array_set_size (self->paths, 0);
  refract_export_to_file (page, file, write_output, self, output_free);
}

void
refract_report_export_copy (GtkWidget *page, RefractReport *report, const char *form)
{
  g_autofree char *text = g_str_equal (form, "markdown") ? refract_markdown_from_report (report)
                          : g_str_equal (form, "badge")  ? refract_badge_to_markdown (report)
                                                         : refract_markdown_dup_citation (report);

  refract_report_copy (page, text,
                       g_str_equal (form, "markdown") ? _ ("Copied as Markdown")
                       : g_str_equal (form, "badge")  ? _ ("Copied the badge")
                                                      : _ ("Copied the citation"));
}
