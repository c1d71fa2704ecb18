/* test-repeatability.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* One plan measured several times, in the window: asked for, run, shown, stored. */

#include "config.h"

#include "app-shot.h"
#include "core/refract-json.h"
#include "report/refract-repeatability-page.h"
#include "report/refract-report-page.h"
#include "run-fixture.h"
#include "wizard/refract-wizard-engine-page.h"
#include "wizard/refract-wizard-page.h"
#include "wizard/refract-wizard-review-page.h"
#include "wizard/refract-wizard.h"

#define WAIT 60 /* seconds: an engine on a busy machine */

static RefractReport *
load_full (void)
{
  g_autofree char *path
      = g_test_build_filename (G_TEST_DIST, "data", "full-demo-q4_0.refract.json", NULL);
  g_autoptr (GError) error = NULL;
  RefractReport *report = refract_report_load (path, &error);

  g_assert_no_error (error);
  return report;
}

/* The same of the model and texts that are bundled now. */
static RefractReport *
load_current (void)
{
  RefractReport *report = load_full ();
  JsonObject *extension = refract_report_get_extension (report);
  JsonObject *inputs = json_object_get_object_member (extension, "inputs");
  g_autofree char *path = refract_data_dup_path ("demo/model.gguf");
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractModel) model = refract_model_new_from_file (path, NULL, &error);
  g_autoptr (GList) names = json_object_get_members (inputs);

  g_assert_no_error (error);
  json_object_set_string_member (json_object_get_object_member (extension, "model"), "fingerprint",
                                 refract_model_get_info (model)->fingerprint);
  for (GList *l = names; l != NULL; l = l->next)
    json_object_remove_member (json_object_get_object_member (inputs, l->data), "sha256");
  return report;
}

/* ---- The runs ---- */

static gboolean
is_in_second_run (gpointer item)
{
  return refract_run_item_get_n_runs_done (item) == 1
         && refract_run_item_get_state (item) == REFRACT_RUN_RUNNING;
}

static gboolean
shows_report (gpointer window)
{
  AdwNavigationPage *page = refract_window_get_page (window);

  return REFRACT_IS_REPORT_PAGE (page)
         && refract_report_page_get_report (REFRACT_REPORT_PAGE (page)) != NULL;
}

static gboolean
shows_repeatability (gpointer window)
{
  return REFRACT_IS_REPEATABILITY_PAGE (refract_window_get_page (window));
}

static guint
count_reports (void)
{
  return g_list_model_get_n_items (G_LIST_MODEL (refract_application_get_library (app_fixture)));
}

/* Twice on the real engine; stopped in the second run and resumed. */
static void
test_runs (void)
{
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (RefractPlan) plan = run_fixture_plan ("ctk=q8_0,ctv=q8_0", 64);
  g_autoptr (RefractRunItem) item = NULL;
  const RefractRepeatability *candidate;
  guint n_before = count_reports ();
  RefractReportPage *page;

  item = g_object_ref (refract_audit_queue_add_repeated (run_fixture_queue (), plan, 2));
  g_assert_cmpstr (refract_run_item_get_subtitle (item), ==, "K q8_0 / V q8_0, 2 times");
  refract_window_show_run (window, item);
  g_assert_true (run_fixture_shows (GTK_WIDGET (window), "Measuring, Run 1 of 2…"));
  app_fixture_wait (is_in_second_run, item, RUN_SECONDS);
  g_assert_null (refract_run_item_get_summaries (item));
  run_fixture_wait_fraction (item, 0.55);
  g_assert_true (run_fixture_shows (GTK_WIDGET (window), "Measuring, Run 2 of 2…"));
  run_fixture_press (window, "run.stop");
  run_fixture_wait_state (item, REFRACT_RUN_STOPPED);
  app_shot_write (GTK_WIDGET (window), "repeatability-stopped");
  g_assert_cmpuint (refract_run_item_get_n_runs_done (item), ==, 1);
  run_fixture_press (window, "run.resume");
  run_fixture_wait_state (item, REFRACT_RUN_FINISHED);
  run_fixture_assert_no_engine ();

  g_assert_cmpuint (refract_run_item_get_repeatability (item)->len, ==, 1);
  candidate = g_ptr_array_index (refract_run_item_get_repeatability (item), 0);
  g_assert_cmpuint (candidate->composite.n, ==, 2);
  g_assert_cmpuint (candidate->axes[REFRACT_AXIS_KLD].n, ==, 2);
  g_assert_cmpint (candidate->stability, ==, REFRACT_STABLE);
  g_assert_true (candidate->fits);
  /* the first run's report alone */
  g_assert_cmpuint (count_reports (), ==, n_before + 1);
  g_assert_true (shows_repeatability (window));
  g_assert_true (run_fixture_shows (GTK_WIDGET (window), "Stable"));

  /* from the page to the report and back */
  run_fixture_press (window, "repeatability.report");
  app_fixture_wait (shows_report, window, WAIT);
  page = REFRACT_REPORT_PAGE (refract_window_get_page (window));
  g_assert_true (refract_repeatability_exists (refract_report_page_get_report (page)));
  gtk_widget_activate_action (GTK_WIDGET (page), "report.repeatability", NULL);
  app_fixture_wait (shows_repeatability, window, WAIT);
  app_fixture_close_window (window);
}

/* ---- From a report ---- */

static RefractWizard *
get_wizard (gpointer window)
{
  AdwDialog *dialog = adw_application_window_get_visible_dialog (window);

  return REFRACT_IS_WIZARD (dialog) ? REFRACT_WIZARD (dialog) : NULL;
}

static RefractWizardPage *
get_wizard_page (RefractWizard *wizard)
{
  return REFRACT_WIZARD_PAGE (adw_navigation_view_get_visible_page (
      ADW_NAVIGATION_VIEW (adw_dialog_get_child (ADW_DIALOG (wizard)))));
}

static gboolean
is_ready_to_start (gpointer window)
{
  RefractWizard *wizard = get_wizard (window);
  RefractWizardPage *page = wizard != NULL ? get_wizard_page (wizard) : NULL;

  return REFRACT_IS_WIZARD_REVIEW_PAGE (page) && refract_wizard_page_get_problem (page) == NULL;
}

static RefractReportPage *
show_report (RefractWindow *window, RefractReport *report)
{
  RefractReportPage *page = refract_report_page_new (report);

  refract_window_set_page (window, ADW_NAVIGATION_PAGE (page));
  app_shot_settle (GTK_WIDGET (window));
  return page;
}

/* The wizard goes on to its last page by itself, where all of the report is on this machine. */
static void
test_ask (void)
{
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (RefractReport) report = load_current ();
  RefractReportPage *page = show_report (window, report);
  g_autofree char *time = NULL;
  g_autofree char *longer = NULL;
  RefractWizardState *state;
  RefractRunItem *item;

  g_assert_false (refract_repeatability_exists (report));
  gtk_widget_activate_action (GTK_WIDGET (page), "report.repeat", NULL);
  app_fixture_wait (is_ready_to_start, window, WAIT);
  state = refract_wizard_get_state (get_wizard (window));
  g_assert_cmpuint (refract_wizard_state_get_n_runs (state), ==, 4);
  g_assert_cmpint (refract_plan_get_int (refract_wizard_state_get_plan (state), "n-predict"), ==,
                   128);
  app_shot_write (GTK_WIDGET (window), "repeatability-ask");

  g_object_get (refract_wizard_state_get_forecast (state), "time", &time, NULL);
  g_object_set (state, "n-runs", 50, NULL);
  app_fixture_wait (is_ready_to_start, window, WAIT);
  g_object_get (refract_wizard_state_get_forecast (state), "time", &longer, NULL);
  g_assert_cmpstr (time, !=, longer);

  g_object_set (state, "n-runs", 3, NULL);
  app_fixture_wait (is_ready_to_start, window, WAIT);
  refract_wizard_page_go_on (get_wizard_page (get_wizard (window)));
  g_assert_true (REFRACT_IS_RUN_PAGE (refract_window_get_page (window)));
  item = refract_run_page_get_item (REFRACT_RUN_PAGE (refract_window_get_page (window)));
  g_assert_cmpuint (refract_run_item_get_n_runs (item), ==, 3);
  refract_audit_queue_stop (run_fixture_queue (), item);
  run_fixture_wait_state (item, REFRACT_RUN_STOPPED);
  app_fixture_close_window (window);
}

static gboolean
is_past_model (gpointer window)
{
  RefractWizard *wizard = get_wizard (window);
  RefractWizardPage *page = wizard != NULL ? get_wizard_page (wizard) : NULL;

  return REFRACT_IS_WIZARD_ENGINE_PAGE (page) && refract_wizard_page_get_problem (page) == NULL;
}

/* What names a program is confirmed by the person before anything goes on. */
static void
test_claims (void)
{
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (RefractReport) full = load_current ();
  JsonObject *extension = refract_report_get_extension (full);

  json_object_set_string_member (json_object_get_object_member (extension, "plan"), "engine_dir",
                                 "/tmp/evil");
  gtk_widget_activate_action (GTK_WIDGET (show_report (window, full)), "report.repeat", NULL);
  app_fixture_wait (is_past_model, window, WAIT);
  app_shot_settle (GTK_WIDGET (window));
  g_assert_true (is_past_model (window));
  app_fixture_close_window (window);
}

/* ---- The page ---- */

static GPtrArray *
make_candidates (void)
{
  static const char text[]
      = "{\"schema\": \"refract.repeatability.v1\", \"candidates\": ["
        "{\"candidate\": \"K q8_0 / V q8_0\", \"interval\": {\"low\": 97, \"high\": 99.5},"
        " \"composite\": {\"n\": 4, \"mean\": 98.2, \"sd\": 0.21, \"low\": 98.0, \"high\": 98.5},"
        " \"axes\": {\"trajectory\": {\"n\": 4, \"mean\": 97, \"sd\": 0.4, \"low\": 96.5,"
        " \"high\": 97.5}}},"
        "{\"candidate\": \"K q4_0 / V <b>q4_0\", \"interval\": {\"low\": 70, \"high\": 71},"
        " \"composite\": {\"n\": 4, \"mean\": 71, \"sd\": 2.5, \"low\": 68, \"high\": 74}},"
        "{\"candidate\": \"K q4_0 / V q4_1\","
        " \"composite\": {\"n\": 4, \"mean\": 50, \"sd\": 8, \"low\": 40, \"high\": 61}}]}";
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) root = refract_json_parse_object (text, strlen (text), &error);
  GPtrArray *candidates = refract_repeatability_new_from_json (root, &error);

  g_assert_no_error (error);
  return candidates;
}

static void
test_page (void)
{
  static const struct
  {
    const char *name;
    AppShotStyle style;
  } styles[] = {
    { "repeatability-light", { 900, 760, 1, ADW_COLOR_SCHEME_FORCE_LIGHT } },
    { "repeatability-dark", { 900, 760, 1, ADW_COLOR_SCHEME_FORCE_DARK } },
    { "repeatability-narrow", { 360, 640, 1, ADW_COLOR_SCHEME_FORCE_LIGHT } },
    { "repeatability-large-text", { 360, 640, 2, ADW_COLOR_SCHEME_FORCE_LIGHT } },
  };
  g_autoptr (GPtrArray) candidates = make_candidates ();

  for (guint i = 0; i < G_N_ELEMENTS (styles); i++)
    {
      RefractWindow *window = app_fixture_open_window ();

      refract_window_set_page (window, ADW_NAVIGATION_PAGE (refract_repeatability_page_new (
                                           candidates, "Model <i>", NULL)));
      app_shot_apply (GTK_WINDOW (window), &styles[i].style);
      app_shot_write (GTK_WIDGET (window), styles[i].name);
      g_assert_true (run_fixture_shows (GTK_WIDGET (window), "Noisy"));
      g_assert_true (run_fixture_shows (GTK_WIDGET (window), "K q4_0 / V <b>q4_0 is noisy"));
      g_assert_true (run_fixture_shows (GTK_WIDGET (window), "Not all runs lie in"));
      app_fixture_close_window (window);
    }
  app_shot_apply (NULL, &APP_SHOT_WIDE);
}

int
main (int argc, char **argv)
{
  app_fixture_init (&argc, &argv);
  g_test_add_func ("/repeatability/page", test_page);
  g_test_add_func ("/repeatability/runs", test_runs);
  g_test_add_func ("/repeatability/ask", test_ask);
  g_test_add_func ("/repeatability/claims", test_claims);
  return app_fixture_run ();
}
