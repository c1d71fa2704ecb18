/* screenshots.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Drives the application through its pages and writes a picture of each, light, dark and narrow,
 * into $REFRACT_SHOTS: `tools/box screenshots`. In the language of $LANGUAGE; from right to left
 * with $REFRACT_SHOTS_RTL; with high contrast with $ADW_DEBUG_HIGH_CONTRAST; three times as tall,
 * for what is below the fold, with $REFRACT_SHOTS_TALL. */

#include "config.h"

#include <locale.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "audit/refract-demo.h"
#include "compare/refract-compare-page.h"
#include "core/refract-data.h"
#include "core/refract-error.h"
#include "leaderboard/refract-leaderboard-page.h"
#include "library/refract-window-library.h"
#include "report-fixture.h"
#include "report/refract-repeatability-page.h"
#include "run/refract-audit-queue.h"
#include "run/refract-window-runs.h"
#include "wizard/refract-wizard-page.h"
#include "wizard/refract-wizard.h"

static const struct
{
  const char *suffix;
  AppShotStyle style;
} styles[] = {
  { "light", { 1100, 760, 1, ADW_COLOR_SCHEME_FORCE_LIGHT } },
  { "dark", { 1100, 760, 1, ADW_COLOR_SCHEME_FORCE_DARK } },
  { "narrow", { 360, 640, 1, ADW_COLOR_SCHEME_FORCE_LIGHT } },
  { "narrow-large-text", { 360, 640, 2, ADW_COLOR_SCHEME_FORCE_DARK } },
};

#define WAIT 300 /* seconds for an audit of the demo model */

static void
apply_style (RefractWindow *window, guint i)
{
  AppShotStyle style = styles[i].style;

  if (g_getenv ("REFRACT_SHOTS_TALL") != NULL)
    {
      style.height *= 3;
      if (get_dialog (window) != NULL)
        adw_dialog_set_content_height (get_dialog (window), style.height);
    }
  app_shot_apply (GTK_WINDOW (window), &style);
}

static void
write_style (RefractWindow *window, const char *name, guint i)
{
  g_autofree char *file = g_strdup_printf ("%s-%s", name, styles[i].suffix);

  app_shot_write (GTK_WIDGET (window), file);
}

/* The window as it stands, in every style. */
static void
write_window (RefractWindow *window, const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (styles); i++)
    {
      apply_style (window, i);
      write_style (window, name, i);
    }
  app_shot_apply (GTK_WINDOW (window), &styles[0].style);
}

static void
test_welcome (void)
{
  RefractWindow *window = app_fixture_open_window ();

  write_window (window, "welcome");
  app_fixture_close_window (window);
}

static gboolean
is_valid (gpointer page)
{
  return refract_wizard_page_get_problem (page) == NULL;
}

static RefractWizardPage *
get_wizard_page (RefractWindow *window)
{
  AdwDialog *dialog = adw_application_window_get_visible_dialog (ADW_APPLICATION_WINDOW (window));
  AdwNavigationView *view = ADW_NAVIGATION_VIEW (
      gtk_widget_get_template_child (GTK_WIDGET (dialog), REFRACT_TYPE_WIZARD, "navigation_view"));

  return REFRACT_WIZARD_PAGE (adw_navigation_view_get_visible_page (view));
}

static void
test_wizard (void)
{
  static const char *const pages[] = { "model", "engine", "kv", "depth", "review" };
  RefractWindow *window = app_fixture_open_window ();
  g_autofree char *model = refract_data_dup_path ("demo/model.gguf");

  gtk_widget_activate_action (GTK_WIDGET (window), "win.new-audit", "s", model);
  for (guint i = 0; i < G_N_ELEMENTS (pages); i++)
    {
      g_autofree char *name = g_strconcat ("wizard-", pages[i], NULL);
      RefractWizardPage *page = get_wizard_page (window);

      app_fixture_wait (is_valid, page, WAIT);
      write_window (window, name);
      if (g_str_equal (pages[i], "kv"))
        {
          gtk_widget_activate_action (GTK_WIDGET (page), "kv.grid", NULL);
          write_window (window, "wizard-grid");
          adw_dialog_force_close (get_dialog (window));
          app_shot_settle (GTK_WIDGET (window));
        }
      if (i + 1 < G_N_ELEMENTS (pages))
        refract_wizard_page_go_on (page);
    }
  adw_dialog_force_close (
      adw_application_window_get_visible_dialog (ADW_APPLICATION_WINDOW (window)));
  app_fixture_close_window (window);
}

static gboolean
is_half_done (gpointer item)
{
  return refract_run_item_get_fraction (item) > 0.3;
}

static gboolean
is_over (gpointer queue)
{
  return !refract_audit_queue_get_busy (queue);
}

static void
write_sections (RefractWindow *window, const char *prefix)
{
  RefractReportPage *page = REFRACT_REPORT_PAGE (refract_window_get_page (window));

  while (refract_report_page_get_report (page) == NULL)
    g_main_context_iteration (NULL, TRUE);
  for (guint i = 0; i < G_N_ELEMENTS (section_names); i++)
    {
      g_autofree char *name = g_strconcat (prefix, "-", section_names[i], NULL);

      refract_report_page_show_section (page, section_names[i]);
      write_window (window, name);
    }
}

static void
write_report_dialogs (RefractWindow *window)
{
  static const char *const sections[] = { "trajectory", "rniah", "plad" };
  RefractReportPage *page = REFRACT_REPORT_PAGE (refract_window_get_page (window));

  for (guint i = 0; i < G_N_ELEMENTS (sections); i++)
    {
      g_autofree char *name = g_strconcat ("example-answers-", sections[i], NULL);

      open_first_row (window, page, sections[i]);
      write_window (window, name);
      close_dialog (window);
    }
  gtk_widget_activate_action (GTK_WIDGET (page), "report.raw", NULL);
  write_window (window, "example-raw");
  close_dialog (window);
}

static char *
example_path (const char *name)
{
  return g_build_filename (g_getenv ("REFRACT_DATA_DIR"), "tests", "data", name, NULL);
}

static gboolean
shows_report (gpointer window)
{
  return REFRACT_IS_REPORT_PAGE (refract_window_get_page (window));
}

/* Reports that are there already: quicker than an audit. */
static void
test_examples (void)
{
  static const char *const names[]
      = { "full-demo-q4_0.refract.json", "report-charts.json", "legacy-v0.3.1-gemma26b.json" };
  g_autofree char *folder = example_path ("");
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (GFile) file = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_ptr_array_add (paths, example_path (names[i]));
  file = g_file_new_for_path (paths->pdata[0]);
  refract_window_open_files (window, &file, 1);
  app_fixture_wait (shows_report, window, WAIT);
  write_sections (window, "example");
  write_report_dialogs (window);
  refract_window_set_page (window, ADW_NAVIGATION_PAGE (refract_compare_page_new (paths)));
  app_shot_settle (GTK_WIDGET (window));
  write_window (window, "compare");
  refract_window_set_page (window, ADW_NAVIGATION_PAGE (refract_leaderboard_page_new (folder)));
  app_shot_settle (GTK_WIDGET (window));
  write_window (window, "leaderboard");
  app_fixture_close_window (window);
}

/* What is shown where there is nothing to show. */
static void
test_states (void)
{
  RefractWindow *window = app_fixture_open_window ();
  RefractReportPage *page = refract_report_page_new (NULL);
  g_autoptr (GError) error
      = g_error_new (REFRACT_ERROR, REFRACT_ERROR_REPORT,
                     "The file “a.refract.json” is not a report: it is damaged at "
                     "line 17.");
  const char *const missing[] = { "/nowhere/a.refract.json", "/nowhere/b.refract.json" };
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();
  g_autofree char *folder = g_dir_make_tmp (NULL, NULL);

  refract_window_set_page (window, ADW_NAVIGATION_PAGE (page));
  write_window (window, "report-loading");
  refract_report_page_set_error (page, error);
  write_window (window, "report-failure");
  g_ptr_array_add (paths, (gpointer) missing[0]);
  g_ptr_array_add (paths, (gpointer) missing[1]);
  refract_window_set_page (window, ADW_NAVIGATION_PAGE (refract_compare_page_new (paths)));
  write_window (window, "compare-failure");
  refract_window_set_page (window, ADW_NAVIGATION_PAGE (refract_leaderboard_page_new (folder)));
  write_window (window, "leaderboard-empty");
  for (guint i = 0; i < G_N_ELEMENTS (styles); i++)
    {
      apply_style (window, i);
      refract_window_show_error (window, _ ("The report was not imported"), error);
      write_style (window, "toast", i);
    }
  g_rmdir (folder);
  app_fixture_close_window (window);
}

/* Reports side by side in the sidebar; searched for in vain; one measured three times. */
static void
test_library (void)
{
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (GPtrArray) runs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  g_autoptr (GPtrArray) candidates = NULL;
  GtkWidget *entry = widget_find (window, widget_has_id, "search_entry");

  refract_window_set_page (window, NULL);
  write_window (window, "library");
  gtk_widget_activate_action (GTK_WIDGET (window), "win.search", NULL);
  gtk_editable_set_text (GTK_EDITABLE (entry), "no such report");
  write_window (window, "library-nothing");
  gtk_editable_set_text (GTK_EDITABLE (entry), "");
  for (guint i = 0; i < 3; i++)
    {
      GPtrArray *reports = g_ptr_array_new_with_free_func (g_object_unref);

      g_ptr_array_add (reports, load_full ());
      g_ptr_array_add (runs, reports);
    }
  candidates = refract_repeatability_new (runs);
  refract_window_set_page (
      window, ADW_NAVIGATION_PAGE (refract_repeatability_page_new (candidates, "model", NULL)));
  write_window (window, "repeatability");
  app_fixture_close_window (window);
}

/* (transfer none): an audit that has to fail */
static RefractRunItem *
add_broken (RefractAuditQueue *queue)
{
  g_autoptr (RefractPlan) plan = refract_demo_plan_new ();

  g_object_set (plan, "model", "/nowhere/a-model-with-a-rather-long-name-Q8_0.gguf", NULL);
  return refract_audit_queue_add (queue, plan, TRUE);
}

/* The demo as it runs, and what comes of it. */
static void
test_audit (void)
{
  RefractAuditQueue *queue = refract_application_get_queue (app_fixture);
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (RefractRunItem) item = NULL;
  GPtrArray *summaries;

  app_shot_apply (GTK_WINDOW (window), &styles[0].style);
  gtk_widget_activate_action (GTK_WIDGET (window), "win.try-demo", NULL);
  item = g_object_ref (refract_audit_queue_get_running (queue));
  app_fixture_wait (is_half_done, item, WAIT);
  write_window (window, "run"); /* it moves on meanwhile */
  app_fixture_wait (is_over, queue, WAIT);

  summaries = refract_run_item_get_summaries (item);
  g_assert_nonnull (summaries);
  refract_window_show_report (window, g_ptr_array_index (summaries, 0));
  app_fixture_wait (shows_report, window, WAIT);
  while (app_shot_is_busy (GTK_WIDGET (window)))
    g_main_context_iteration (NULL, TRUE);
  write_window (window, "report-overview");
  app_fixture_close_window (window);
}

/* An audit that waits for another, is stopped, fails. */
static void
test_waiting (void)
{
  RefractAuditQueue *queue = refract_application_get_queue (app_fixture);
  RefractWindow *window = app_fixture_open_window ();
  RefractRunItem *waiting;

  gtk_widget_activate_action (GTK_WIDGET (window), "win.try-demo", NULL);
  waiting = add_broken (queue);
  refract_window_show_run (window, waiting);
  write_window (window, "run-waiting");
  refract_audit_queue_stop (queue, waiting);
  write_window (window, "run-stopped");
  refract_audit_queue_resume (queue, waiting);
  refract_audit_queue_stop (queue, refract_audit_queue_get_running (queue));
  app_fixture_wait (is_over, queue, WAIT);
  write_window (window, "run-failed");
  app_fixture_close_window (window);
}

static void
test_dialogs (void)
{
  static const char *const names[] = { "preferences", "about", "shortcuts" };
  RefractWindow *window = app_fixture_open_window ();

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_action_group_activate_action (G_ACTION_GROUP (app_fixture), names[i], NULL);
      write_window (window, names[i]);
      close_dialog (window);
    }
  app_fixture_close_window (window);
}

int
main (int argc, char **argv)
{
  g_autofree char *tests = NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, BUILT_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  tests = g_build_filename (g_getenv ("REFRACT_DATA_DIR"), "tests", NULL);
  g_setenv ("G_TEST_SRCDIR", tests, TRUE);
  app_fixture_init (&argc, &argv);
  if (g_getenv ("REFRACT_SHOTS_RTL") != NULL)
    gtk_widget_set_default_direction (GTK_TEXT_DIR_RTL);
  g_test_add_func ("/screenshots/welcome", test_welcome);
  g_test_add_func ("/screenshots/wizard", test_wizard);
  g_test_add_func ("/screenshots/examples", test_examples);
  g_test_add_func ("/screenshots/library", test_library);
  g_test_add_func ("/screenshots/states", test_states);
  g_test_add_func ("/screenshots/audit", test_audit);
  g_test_add_func ("/screenshots/waiting", test_waiting);
  g_test_add_func ("/screenshots/dialogs", test_dialogs);
  return app_fixture_run ();
}
