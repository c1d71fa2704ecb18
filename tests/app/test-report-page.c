/* test-report-page.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "core/refract-error.h"
#include "export/refract-badge.h"
#include "export/refract-markdown.h"
#include "report-fixture.h"

static RefractReport *
load_redacted (void)
{
  g_autoptr (RefractReport) full = load_full ();
  JsonObject *root = refract_report_make_public (refract_report_get_root (full), TRUE);

  json_object_set_boolean_member (json_object_get_object_member (root, "extension"), "redacted",
                                  TRUE);
  return refract_report_new_take (root);
}

static void
test_full (void)
{
  RefractReportPage *page;
  RefractWindow *window = open_report (load_full (), &page);

  visit_sections (window, page);
  assert_text (page, "model.gguf");
  assert_text (page, "K q4_0 / V q4_0");
  assert_text (page, "Refract demo F16: K q4_0 / V q4_0 against K f16 / V f16");
  assert_text (page, "58.1 [43.4, 71.3]");
  assert_text (page, "0–100, higher is better");
  assert_text (page, "Ship K q8_0 / V q8_0: 47 % less KV memory");
  assert_text (page, "Control");
  assert_text (page, "This report");
  assert_text (page, "7 of 30 answers identical");
  assert_text (page, "Try a V type with more bits");
  assert_text (page, "3.26 nats at token 460 of chunk 26");
  assert_text (page, "0.0222 nats");
  assert_text (page, "marginal");
  assert_text (page, "Found 3 of 3 times, by the reference 3: no loss");
  assert_text (page, "Proved: the engine's own allocation was read");
  assert_text (page, "Not comparable with published REFRACT 0.3 scores.");
  assert_text (page, "refract score --model model.gguf");
  app_fixture_close_window (window);
}

static void
test_dialogs (void)
{
  RefractReportPage *page;
  RefractWindow *window = open_report (load_full (), &page);
  AdwDialog *dialog = open_first_row (window, page, "trajectory");

  assert_text (dialog, "What is the longest river in Africa");
  assert_text (dialog, "\nThe first countries was opened in 1961");
  assert_text (dialog, "because the house is simple. The flag");
  assert_text (dialog, "Parts at token 49 (reference 92 tokens, candidate 92)");
  assert_text (dialog, "Ended by the model");
  close_dialog (window);

  dialog = open_first_row (window, page, "rniah");
  assert_text (dialog, "APRICOT-7-BLUE");
  assert_text (dialog, "Found the needle");
  close_dialog (window);

  dialog = open_first_row (window, page, "plad");
  assert_text (dialog, "What is the olngest river");
  assert_text (dialog, "Drift 0.95, by the reference 1.00; excess 0.00");
  close_dialog (window);
  app_fixture_close_window (window);
}

static void
test_legacy (void)
{
  RefractReportPage *page;
  RefractWindow *window = open_report (load_legacy (), &page);

  visit_sections (window, page);
  assert_text (page, "gemma-4-26B-A4B-it-Q8_0");
  assert_text (page, "This report is of another program");
  assert_text (page, "Not in this report");
  assert_text (page, "Decode distribution drift detected");
  g_assert_null (widget_find (page, widget_has_text, "/Users/"));
  g_assert_null (widget_find (page, widget_has_text, "nan"));
  app_fixture_close_window (window);
}

/* A bound says so where the scores stand, on the first page and on its own. */
static void
test_bound (void)
{
  const char *bound = "a lower bound from the top 64 tokens, 12 % of the probability unseen";
  RefractReportPage *page;
  RefractWindow *window = open_report (load_bound (), &page);

  g_assert_true (widget_shows (page, "KLD is a lower bound from the top 64 tokens"));
  g_assert_true (widget_shows (page, "EXCELLENT at best\na lower bound from the top 64 tokens"));
  refract_report_page_show_section (page, "kld");
  app_shot_settle (GTK_WIDGET (window));
  g_assert_true (widget_shows (page, "EXCELLENT at best"));
  g_assert_true (widget_shows (page, bound));
  g_assert_true (widget_shows (page, "32-bit log-probabilities"));
  g_assert_true (widget_shows (page, "Prefill"));
  app_fixture_close_window (window);
}

/* Every published layout opens; tests/core/test-legacy.c has their figures. */
static void
test_layouts (void)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "data", "legacy", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint n = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *file = g_build_filename ("legacy", name, NULL);
      RefractReportPage *page;
      RefractWindow *window = open_report (load_report (file), &page);

      visit_sections (window, page);
      g_assert_null (widget_find (page, widget_has_text, "nan"));
      app_fixture_close_window (window);
      n++;
    }
  g_assert_cmpuint (n, >=, 6);
}

static void
test_redacted (void)
{
  RefractReportPage *page;
  RefractWindow *window = open_report (load_redacted (), &page);
  AdwDialog *dialog;

  visit_sections (window, page);
  assert_text (page, "Prompts and answers were left out of this report.");
  dialog = open_first_row (window, page, "trajectory");
  assert_text (dialog, "This report does not have the text.");
  close_dialog (window);
  open_first_row (window, page, "rniah");
  close_dialog (window);
  open_first_row (window, page, "plad");
  close_dialog (window);
  app_fixture_close_window (window);
}

static void
test_list (void)
{
  RefractReportPage *page;
  RefractWindow *window = open_report (load_full (), &page);
  AdwViewStack *stack = ADW_VIEW_STACK (widget_find_type (page, ADW_TYPE_VIEW_STACK));
  GtkWidget *list, *search, *order, *row;

  refract_report_page_show_section (page, "plad");
  app_shot_settle (GTK_WIDGET (window));
  list = widget_find_type (adw_view_stack_get_visible_child (stack), REFRACT_TYPE_REPORT_LIST);
  search = widget_find_type (list, GTK_TYPE_SEARCH_ENTRY);
  order = widget_find_type (list, GTK_TYPE_DROP_DOWN);
  g_assert_cmpuint (widget_count_type (list, REFRACT_TYPE_REPORT_ROW), ==, 25);

  /* Worst first */
  gtk_drop_down_set_selected (GTK_DROP_DOWN (order), 1);
  row = widget_find_type (list, REFRACT_TYPE_REPORT_ROW);
  g_assert_cmpfloat (refract_report_row_get_item (REFRACT_REPORT_ROW (row))->number, <, 5);

  g_object_set (search, "search-delay", 0, NULL);
  gtk_editable_set_text (GTK_EDITABLE (search), "FACT-1 · typing");
  gtk_test_widget_wait_for_draw (GTK_WIDGET (window));
  g_assert_cmpuint (widget_count_type (list, REFRACT_TYPE_REPORT_ROW), ==, 1);
  gtk_editable_set_text (GTK_EDITABLE (search), "no such thing");
  gtk_test_widget_wait_for_draw (GTK_WIDGET (window));
  g_assert_cmpuint (widget_count_type (list, REFRACT_TYPE_REPORT_ROW), ==, 0);
  assert_text (list, "Nothing here matches the search.");
  app_fixture_close_window (window);
}

static gboolean
has_raw_text (gpointer dialog)
{
  GtkTextBuffer *buffer
      = gtk_text_view_get_buffer (GTK_TEXT_VIEW (widget_find_type (dialog, GTK_TYPE_TEXT_VIEW)));
  GtkTextIter start, end;
  g_autofree char *text = NULL;

  gtk_text_buffer_get_bounds (buffer, &start, &end);
  text = gtk_text_buffer_get_text (buffer, &start, &end, TRUE);
  return g_str_has_suffix (text, "}\n");
}

static void
test_raw (void)
{
  RefractReportPage *page;
  RefractWindow *window = open_report (load_full (), &page);

  gtk_widget_activate_action (GTK_WIDGET (page), "report.raw", NULL);
  app_fixture_wait (has_raw_text, get_dialog (window), 20);
  close_dialog (window);

  /* Closed before the text is there */
  gtk_widget_activate_action (GTK_WIDGET (page), "report.raw", NULL);
  close_dialog (window);
  app_fixture_close_window (window);
}

static gboolean
has_clipboard_text (gpointer prefix)
{
  GdkContentProvider *content
      = gdk_clipboard_get_content (gdk_display_get_clipboard (gdk_display_get_default ()));
  g_auto (GValue) value = G_VALUE_INIT;

  g_value_init (&value, G_TYPE_STRING);
  return content != NULL && gdk_content_provider_get_value (content, &value, NULL)
         && g_str_has_prefix (g_value_get_string (&value), prefix);
}

static void
test_actions (void)
{
  RefractReportPage *page;
  g_autoptr (RefractReport) report = load_full ();
  RefractWindow *window = open_report (g_object_ref (report), &page);
  g_autofree char *badge = refract_badge_to_markdown (report);
  g_autofree char *citation = refract_markdown_dup_citation (report);
  g_autofree char *markdown = refract_markdown_from_report (report);

  gtk_widget_activate_action (GTK_WIDGET (page), "report.copy-command", NULL);
  g_assert_true (has_clipboard_text ((gpointer) "refract score --model model.gguf"));
  gtk_widget_activate_action (GTK_WIDGET (page), "report.copy-summary", NULL);
  g_assert_true (has_clipboard_text ((gpointer) "Refract demo F16: K q4_0 / V q4_0 against"));
  gtk_widget_activate_action (GTK_WIDGET (page), "report.copy", "s", "badge");
  g_assert_true (has_clipboard_text (badge));
  gtk_widget_activate_action (GTK_WIDGET (page), "report.copy", "s", "citation");
  g_assert_true (has_clipboard_text (citation));
  gtk_widget_activate_action (GTK_WIDGET (page), "report.copy", "s", "markdown");
  g_assert_true (has_clipboard_text (markdown));
  gtk_widget_activate_action (GTK_WIDGET (page), "report.section", "s", "kld");
  g_assert_cmpstr (adw_view_stack_get_visible_child_name (
                       ADW_VIEW_STACK (widget_find_type (page, ADW_TYPE_VIEW_STACK))),
                   ==, "kld");
  app_fixture_close_window (window);
}

static void
test_states (void)
{
  RefractWindow *window = app_fixture_open_window ();
  RefractReportPage *page = refract_report_page_new (NULL);
  g_autoptr (GError) error
      = g_error_new (REFRACT_ERROR, REFRACT_ERROR_REPORT, "The file “<b>” is damaged.");
  g_autoptr (RefractReport) report = load_full ();

  refract_window_set_page (window, ADW_NAVIGATION_PAGE (page));
  assert_text (page, "Reading the Report…");
  refract_report_page_set_error (page, error);
  gtk_test_widget_wait_for_draw (GTK_WIDGET (window));
  assert_text (page, "The file “<b>” is damaged.");
  refract_report_page_set_report (page, report);
  app_shot_settle (GTK_WIDGET (window));
  assert_text (page, "Treat as broken.");
  app_fixture_close_window (window);
}

typedef struct
{
  RefractSummary *summary;
  gboolean done;
} Added;

static void
added_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Added *added = user_data;
  g_autoptr (GError) error = NULL;

  added->summary = refract_library_add_finish (REFRACT_LIBRARY (source), result, &error);
  g_assert_no_error (error);
  added->done = TRUE;
}

static gboolean
is_added (gpointer data)
{
  return ((Added *) data)->done;
}

static gboolean
shows_best (gpointer window)
{
  AdwNavigationPage *page = refract_window_get_page (window);

  return REFRACT_IS_REPORT_PAGE (page)
         && refract_report_page_get_report (REFRACT_REPORT_PAGE (page)) != NULL
         && widget_find (page, widget_has_text, "Hardly any") != NULL;
}

static gboolean
shows_no_report (gpointer window)
{
  return !REFRACT_IS_REPORT_PAGE (refract_window_get_page (window));
}

/* The run's best candidate, of which the library has a report. */
static RefractReport *
make_best (void)
{
  JsonObject *root = parse_full ();

  JsonObject *extension = json_object_get_object_member (root, "extension");

  json_object_set_string_member (json_object_get_object_member (extension, "kv"), "label",
                                 "K q8_0 / V q8_0");
  json_object_set_string_member (root, "candidate", "ctk=q8_0,ctv=q8_0");
  json_object_set_string_member (root, "summary", "Hardly any difference.");
  return refract_report_new_take (root);
}

static void
test_other_reports (void)
{
  RefractLibrary *library = refract_application_get_library (app_fixture);
  g_autoptr (RefractReport) best = make_best ();
  Added added = { NULL, FALSE };
  RefractReportPage *page;
  RefractWindow *window;
  GtkWidget *row;

  refract_library_add_async (library, best, NULL, added_cb, &added);
  app_fixture_wait (is_added, &added, 10);
  window = open_report (load_full (), &page);
  row = gtk_widget_get_ancestor (widget_find (page, widget_has_text, "816 bytes per token"),
                                 ADW_TYPE_ACTION_ROW);
  g_assert_true (gtk_list_box_row_get_activatable (GTK_LIST_BOX_ROW (row)));
  gtk_widget_activate (row);
  app_fixture_wait (shows_best, window, 10);

  gtk_widget_activate_action (GTK_WIDGET (refract_window_get_page (window)), "report.remove", NULL);
  app_fixture_wait (shows_no_report, window, 10);
  g_assert_null (refract_library_lookup (library, refract_summary_get_id (added.summary)));
  g_object_unref (added.summary);
  app_fixture_close_window (window);
}

static void
test_freed (void)
{
  RefractReportPage *page;
  RefractReport *report = load_full ();
  gpointer watched_report = report, watched_page, watched_dialog;
  RefractWindow *window;

  g_object_add_weak_pointer (G_OBJECT (report), &watched_report);
  window = open_report (report, &page);
  watched_page = page;
  g_object_add_weak_pointer (G_OBJECT (page), &watched_page);
  visit_sections (window, page);
  watched_dialog = open_first_row (window, page, "plad");
  g_object_add_weak_pointer (watched_dialog, &watched_dialog);
  close_dialog (window);
  refract_window_set_page (window, NULL);
  gtk_test_widget_wait_for_draw (GTK_WIDGET (window));
  g_assert_null (watched_dialog);
  g_assert_null (watched_page);
  g_assert_null (watched_report);
  app_fixture_close_window (window);
}

static void
test_accessible (void)
{
  RefractReportPage *page;
  RefractWindow *window = open_report (load_full (), &page);
  AdwViewStack *stack = ADW_VIEW_STACK (widget_find_type (page, ADW_TYPE_VIEW_STACK));
  GtkWidget *list, *row;

  refract_report_page_show_section (page, "trajectory");
  app_shot_settle (GTK_WIDGET (window));
  list = widget_find_type (adw_view_stack_get_visible_child (stack), REFRACT_TYPE_REPORT_LIST);
  row = widget_find_type (list, REFRACT_TYPE_REPORT_ROW);
  gtk_test_accessible_assert_property (
      row, GTK_ACCESSIBLE_PROPERTY_LABEL,
      "fact-1, factual · Parts at token 49 (reference 92 tokens, candidate 92)");
  gtk_test_accessible_assert_property (widget_find_type (list, GTK_TYPE_SEARCH_ENTRY),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Search in this list");
  gtk_test_accessible_assert_property (widget_find_type (list, GTK_TYPE_DROP_DOWN),
                                       GTK_ACCESSIBLE_PROPERTY_LABEL, "Order of this list");
  app_fixture_close_window (window);
}

int
main (int argc, char **argv)
{
  app_fixture_init (&argc, &argv);
  g_test_add_func ("/report-page/full", test_full);
  g_test_add_func ("/report-page/dialogs", test_dialogs);
  g_test_add_func ("/report-page/legacy", test_legacy);
  g_test_add_func ("/report-page/bound", test_bound);
  g_test_add_func ("/report-page/layouts", test_layouts);
  g_test_add_func ("/report-page/redacted", test_redacted);
  g_test_add_func ("/report-page/list", test_list);
  g_test_add_func ("/report-page/raw", test_raw);
  g_test_add_func ("/report-page/actions", test_actions);
  g_test_add_func ("/report-page/states", test_states);
  g_test_add_func ("/report-page/other-reports", test_other_reports);
  g_test_add_func ("/report-page/freed", test_freed);
  g_test_add_func ("/report-page/accessible", test_accessible);
  return app_fixture_run ();
}
