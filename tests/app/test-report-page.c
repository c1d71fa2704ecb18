/* test-report-page.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "../data-fixture.h"
#include "app-fixture.h"
#include "app-shot.h"
#include "app-watchdog.h"
#include "core/refract-error.h"
#include "core/refract-json.h"
#include "export/refract-badge.h"
#include "export/refract-markdown.h"
#include "report/refract-raw-dialog.h"
#include "report/refract-report-list.h"
#include "report/refract-report-page.h"
#include "report/refract-report-private.h"
#include "report/refract-report-row.h"
#include "widget-fixture.h"

/* Every kind of markup that a view could take for its own */
#define HOSTILE "<b>&amp;</b> %s \"'</span> _x \xe2\x80\xae|"

static const char *const section_names[]
    = { "overview", "trajectory", "kld", "rniah", "plad", "details" };

/* --- Reports ---------------------------------------------------------------------------------- */

static RefractReport *
load_full (void)
{
  return load_report ("full-demo-q4_0.refract.json");
}

static RefractReport *
load_legacy (void)
{
  return load_report ("legacy-v0.3.1-gemma26b.json");
}

static RefractReport *
load_redacted (void)
{
  g_autoptr (RefractReport) full = load_full ();
  JsonObject *root = refract_report_make_public (refract_report_get_root (full), TRUE);

  json_object_set_boolean_member (json_object_get_object_member (root, "extension"), "redacted",
                                  TRUE);
  return refract_report_new_take (root);
}

/* (transfer full): the full report, to be changed */
static JsonObject *
parse_full (void)
{
  g_autoptr (RefractReport) full = load_full ();
  g_autofree char *text = refract_json_to_text (refract_report_get_root (full), FALSE);
  g_autoptr (GError) error = NULL;
  JsonObject *root = refract_json_parse_object (text, strlen (text), &error);

  g_assert_no_error (error);
  return root;
}

/* KLD as an engine gives it that tells its most likely tokens only. */
static RefractReport *
load_bound (void)
{
  RefractReport *report = load_full ();
  JsonObject *kld = refract_report_get_axis_extension (report, REFRACT_AXIS_KLD);

  json_object_set_boolean_member (kld, "lower_bound", TRUE);
  json_object_set_int_member (kld, "top_k", 64);
  json_object_set_double_member (kld, "mean_tail", 0.1235);
  json_object_set_string_member (kld, "precision", "32-bit log-probabilities");
  json_object_set_string_member (kld, "phase", "prefill");
  json_object_set_boolean_member (kld, "probe_verified", FALSE);
  return report;
}

static void
make_node_hostile (JsonNode *node)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      g_autoptr (GList) nodes = json_object_get_values (json_node_get_object (node));

      for (GList *l = nodes; l != NULL; l = l->next)
        make_node_hostile (l->data);
    }
  else if (JSON_NODE_HOLDS_ARRAY (node))
    for (guint i = 0; i < json_array_get_length (json_node_get_array (node)); i++)
      make_node_hostile (json_array_get_element (json_node_get_array (node), i));
  else if (json_node_get_value_type (node) == G_TYPE_STRING)
    json_node_set_string (node, HOSTILE);
}

/* Every text is markup. */
static RefractReport *
make_hostile_texts (void)
{
  JsonObject *root = parse_full ();
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), root);

  make_node_hostile (node);
  json_object_set_string_member (root, "schema", REFRACT_REPORT_SCHEMA);
  return refract_report_new_take (root);
}

/* Replaces the leaves by what is not expected there, deterministically; what the reader checks
 * stays. */
static void
confuse (JsonNode *node, guint *count, guint turn)
{
  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      g_autoptr (GList) nodes = json_object_get_values (json_node_get_object (node));

      for (GList *l = nodes; l != NULL; l = l->next)
        confuse (l->data, count, turn);
    }
  else if (JSON_NODE_HOLDS_ARRAY (node))
    for (guint i = 0; i < json_array_get_length (json_node_get_array (node)); i++)
      confuse (json_array_get_element (json_node_get_array (node), i), count, turn);
  else
    switch ((*count)++ % 5 + turn)
      {
      case 0:
        json_node_init_double (node, 1e300);
        break;
      case 1:
        json_node_init_string (node, "text");
        break;
      case 2:
        json_node_init_int (node, G_MININT64);
        break;
      case 3:
        json_node_init_boolean (node, TRUE);
        break;
      case 4:
        json_node_take_array (json_node_init (node, JSON_NODE_ARRAY), json_array_new ());
        break;
      default:
        json_node_init_null (node);
      }
}

static RefractReport *
make_confused (guint turn)
{
  JsonObject *root = parse_full ();
  g_autoptr (JsonNode) node = json_node_init_object (json_node_alloc (), root);
  guint count = 0;

  confuse (node, &count, turn);
  json_object_set_string_member (root, "schema", REFRACT_REPORT_SCHEMA);
  return refract_report_new_take (root);
}

static void
multiply (JsonObject *object, const char *name, guint times)
{
  JsonArray *array = json_object_get_array_member (object, name);
  guint n = json_array_get_length (array);

  for (guint i = 1; i < times; i++)
    for (guint j = 0; j < n; j++)
      json_array_add_element (array, json_node_copy (json_array_get_element (array, j)));
}

/* Lists a hundred times as long, and a text that nobody could lay out. */
static RefractReport *
make_huge (void)
{
  JsonObject *root = parse_full ();
  JsonObject *axes = json_object_get_object_member (root, "axes");
  JsonObject *extension = json_object_get_object_member (root, "extension");
  JsonObject *ours = json_object_get_object_member (extension, "axes");
  JsonObject *trajectory = json_object_get_object_member (ours, "trajectory");
  g_autofree char *text = g_strnfill (4 * 1024 * 1024, 'x');

  multiply (json_object_get_object_member (axes, "plad"), "per_prompt", 100);
  multiply (json_object_get_object_member (axes, "gtm"), "per_prompt", 100);
  multiply (json_object_get_object_member (axes, "rniah"), "cells", 100);
  multiply (json_object_get_object_member (ours, "kld"), "worst", 100);
  multiply (extension, "findings", 100);
  multiply (extension, "ranking", 100);
  json_object_set_string_member (
      json_array_get_object_element (json_object_get_array_member (trajectory, "per_prompt"), 0),
      "ref_text", text);
  json_object_set_string_member (root, "summary", text);
  json_object_set_string_member (root, "model", text);
  json_object_set_string_member (root, "repro_command", text);
  return refract_report_new_take (root);
}

/* --- Looking at widgets ----------------------------------------------------------------------- */

#define assert_text(widget, text) g_assert_nonnull (widget_find (widget, widget_has_text, text))
/* A window that shows the page of @report (transfer full). */
static RefractWindow *
open_report (RefractReport *report, RefractReportPage **page)
{
  RefractWindow *window = app_fixture_open_window ();
  AppWatchdog watchdog = { 0 };

  app_watchdog_start (&watchdog);
  *page = refract_report_page_new (report);
  refract_window_set_page (window, ADW_NAVIGATION_PAGE (*page));
  app_fixture_wait (app_fixture_is_mapped, *page, 10);
  app_shot_settle (GTK_WIDGET (window));
  g_test_message ("overview: longest turn of the main loop %.1f ms",
                  app_watchdog_end (&watchdog) / 1000.0);
  g_object_unref (report);
  return window;
}

static AdwDialog *
get_dialog (RefractWindow *window)
{
  return adw_application_window_get_visible_dialog (ADW_APPLICATION_WINDOW (window));
}

static gboolean
has_no_dialog (gpointer window)
{
  return get_dialog (window) == NULL;
}

/* Activates the first row of the section's list, which opens a dialog. */
static AdwDialog *
open_first_row (RefractWindow *window, RefractReportPage *page, const char *section)
{
  GtkWidget *list, *row;

  refract_report_page_show_section (page, section);
  app_shot_settle (GTK_WIDGET (window));
  list = widget_find (page, widget_has_type, GSIZE_TO_POINTER ((gsize) REFRACT_TYPE_REPORT_LIST));
  while (list != NULL && !gtk_widget_get_mapped (list))
    list = NULL;
  /* Hidden sections stay in the tree: the list that is meant is in the visible one. */
  if (list == NULL)
    {
      AdwViewStack *stack = ADW_VIEW_STACK (widget_find_type (page, ADW_TYPE_VIEW_STACK));

      list = widget_find_type (adw_view_stack_get_visible_child (stack), REFRACT_TYPE_REPORT_LIST);
    }
  g_assert_nonnull (list);
  row = widget_find_type (list, REFRACT_TYPE_REPORT_ROW);
  g_assert_nonnull (row);
  gtk_widget_activate (row);
  gtk_test_widget_wait_for_draw (GTK_WIDGET (window));
  g_assert_nonnull (get_dialog (window));
  return get_dialog (window);
}

static void
close_dialog (RefractWindow *window)
{
  adw_dialog_force_close (get_dialog (window));
  app_fixture_wait (has_no_dialog, window, 10);
}

/* With --verbose it says how long the main loop stood still: the watchdog's ticks keep what waits
 * for quiet waiting. */
static void
visit_sections (RefractWindow *window, RefractReportPage *page)
{
  for (guint i = 0; i < G_N_ELEMENTS (section_names); i++)
    {
      AppWatchdog watchdog = { 0 };

      if (g_test_verbose ())
        app_watchdog_start (&watchdog);
      refract_report_page_show_section (page, section_names[i]);
      app_shot_settle (GTK_WIDGET (window));
      if (g_test_verbose ())
        g_test_message ("%s: longest turn of the main loop %.1f ms", section_names[i],
                        app_watchdog_end (&watchdog) / 1000.0);
    }
}

/* --- Tests ------------------------------------------------------------------------------------ */

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
test_hostile_texts (void)
{
  RefractReportPage *page;
  RefractWindow *window = open_report (make_hostile_texts (), &page);
  AdwDialog *dialog;

  visit_sections (window, page);
  /* As they stand: neither taken for markup nor escaped twice. */
  assert_text (page, "<b>&amp;</b> %s");
  g_assert_null (widget_find (page, widget_has_text, "&lt;"));
  dialog = open_first_row (window, page, "trajectory");
  assert_text (dialog, "<b>&amp;</b> %s");
  close_dialog (window);
  app_fixture_close_window (window);
}

static void
test_wrong_types (void)
{
  for (guint turn = 0; turn < 2; turn++)
    {
      RefractReportPage *page;
      RefractWindow *window = open_report (make_confused (turn), &page);

      visit_sections (window, page);
      open_first_row (window, page, "trajectory");
      close_dialog (window);
      app_fixture_close_window (window);
    }
}

static void
test_huge (void)
{
  RefractReportPage *page;
  RefractWindow *window = open_report (make_huge (), &page);

  visit_sections (window, page);
  /* Rows of four lists, not tens of thousands */
  g_assert_cmpuint (widget_count_type (page, REFRACT_TYPE_REPORT_ROW), <=, 4 * 25);
  open_first_row (window, page, "trajectory");
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
  gtk_test_widget_wait_for_draw (GTK_WIDGET (window));
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

/* Every section fits every width and text size; with $REFRACT_SHOTS, to be looked at. */
static void
test_pictures (void)
{
  static const struct
  {
    const char *name;
    RefractReport *(*load) (void);
    GtkTextDirection direction;
    AppShotStyle style;
  } styles[] = {
    { "light", load_full, GTK_TEXT_DIR_LTR, { 860, 1600, 1, ADW_COLOR_SCHEME_FORCE_LIGHT } },
    { "dark", load_full, GTK_TEXT_DIR_LTR, { 860, 760, 1, ADW_COLOR_SCHEME_FORCE_DARK } },
    { "narrow", load_full, GTK_TEXT_DIR_LTR, { 360, 640, 1, ADW_COLOR_SCHEME_FORCE_LIGHT } },
    { "large", load_full, GTK_TEXT_DIR_LTR, { 360, 640, 2, ADW_COLOR_SCHEME_FORCE_DARK } },
    { "rtl", load_full, GTK_TEXT_DIR_RTL, { 860, 760, 1, ADW_COLOR_SCHEME_FORCE_LIGHT } },
    { "bound", load_bound, GTK_TEXT_DIR_LTR, { 860, 1600, 1, ADW_COLOR_SCHEME_FORCE_LIGHT } },
    { "legacy", load_legacy, GTK_TEXT_DIR_LTR, { 860, 1600, 1, ADW_COLOR_SCHEME_FORCE_LIGHT } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (styles); i++)
    {
      g_autoptr (RefractReport) report = styles[i].load ();
      RefractReportPage *page;
      GtkWindow *window;

      gtk_widget_set_default_direction (styles[i].direction);
      page = refract_report_page_new (report);
      window = app_shot_present (GTK_WIDGET (page), &styles[i].style);

      for (guint j = 0; j < G_N_ELEMENTS (section_names); j++)
        {
          g_autofree char *name
              = g_strdup_printf ("report-%s-%s", section_names[j], styles[i].name);

          refract_report_page_show_section (page, section_names[j]);
          app_shot_write (GTK_WIDGET (window), name);
          g_assert_cmpint (gtk_widget_get_width (GTK_WIDGET (page)), ==, styles[i].style.width);
        }
      gtk_window_destroy (window);
    }
  gtk_widget_set_default_direction (GTK_TEXT_DIR_LTR);
  app_shot_apply (NULL, &APP_SHOT_WIDE);
}

/* The first of the answers that stand beside each other. */
static gboolean
has_neighbour (GtkWidget *widget, gconstpointer data)
{
  GtkWidget *next = gtk_widget_get_next_sibling (widget);

  return next != NULL && gtk_widget_has_css_class (widget, "report-card")
         && gtk_orientable_get_orientation (GTK_ORIENTABLE (gtk_widget_get_parent (widget)))
                == GTK_ORIENTATION_HORIZONTAL;
}

/* (transfer full): as many badges in the ranking as there can be */
static RefractReport *
load_badges (void)
{
  JsonObject *root = parse_full ();
  JsonArray *ranking
      = json_object_get_array_member (json_object_get_object_member (root, "extension"), "ranking");

  for (guint i = 0; i < json_array_get_length (ranking); i++)
    {
      JsonObject *ranked = json_array_get_object_element (ranking, i);

      json_object_set_boolean_member (ranked, "within_noise", TRUE);
      json_object_set_boolean_member (ranked, "not_proved", TRUE);
      json_object_set_string_member (ranked, "dominated_by", "ctk=q8_0,ctv=q8_0");
    }
  return refract_report_new_take (root);
}

/* Text twice as large fits the narrowest window. */
static void
test_large_text (void)
{
  RefractReport *(*const load[]) (void) = { load_full, load_badges, load_legacy };

  for (guint i = 0; i < G_N_ELEMENTS (load); i++)
    {
      RefractReportPage *page;
      RefractWindow *window = open_report (load[i](), &page);
      AdwViewStack *stack = ADW_VIEW_STACK (widget_find_type (page, ADW_TYPE_VIEW_STACK));
      GtkWidget *view = adw_breakpoint_bin_get_child (
          ADW_BREAKPOINT_BIN (adw_navigation_page_get_child (ADW_NAVIGATION_PAGE (page))));

      refract_report_page_set_summary_id (page, "of the library");
      app_shot_apply (GTK_WINDOW (window), &APP_SHOT_LARGE_TEXT);

      for (guint j = 0; j < G_N_ELEMENTS (section_names); j++)
        {
          g_autofree char *name = g_strdup_printf ("report-%s-fits-%u", section_names[j], i);
          int section, whole;

          refract_report_page_show_section (page, section_names[j]);
          app_shot_write (GTK_WIDGET (window), name);
          gtk_widget_measure (adw_view_stack_get_visible_child (stack), GTK_ORIENTATION_HORIZONTAL,
                              -1, &section, NULL, NULL, NULL);
          gtk_widget_measure (view, GTK_ORIENTATION_HORIZONTAL, -1, &whole, NULL, NULL, NULL);
          g_test_message ("%s: %d, %d", name, section, whole);
          g_assert_cmpint (section, <=, APP_SHOT_LARGE_TEXT.width);
          g_assert_cmpint (whole, <=, APP_SHOT_LARGE_TEXT.width);
        }
      app_fixture_close_window (window);
      app_shot_apply (NULL, &APP_SHOT_WIDE);
    }
}

static void
test_dialog_pictures (void)
{
  static const char *const names[] = { "trajectory", "rniah", "plad" };
  RefractReportPage *page;
  RefractWindow *window = open_report (load_full (), &page);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *wide = g_strdup_printf ("report-dialog-%s-wide", names[i]);
      g_autofree char *narrow = g_strdup_printf ("report-dialog-%s-narrow", names[i]);
      GtkWidget *card;

      app_shot_apply (GTK_WINDOW (window), &APP_SHOT_DARK);
      open_first_row (window, page, names[i]);
      app_shot_write (GTK_WIDGET (window), wide);
      card = widget_find (get_dialog (window), has_neighbour, NULL);
      g_assert_nonnull (card);
      /* an odd pixel is one's */
      g_assert_cmpint (ABS (gtk_widget_get_width (card)
                            - gtk_widget_get_width (gtk_widget_get_next_sibling (card))),
                       <=, 1);
      app_shot_apply (GTK_WINDOW (window), &APP_SHOT_NARROW);
      app_shot_write (GTK_WIDGET (window), narrow);
      close_dialog (window);
    }
  app_shot_apply (GTK_WINDOW (window), &APP_SHOT_WIDE);
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
  g_test_add_func ("/report-page/hostile-texts", test_hostile_texts);
  g_test_add_func ("/report-page/wrong-types", test_wrong_types);
  g_test_add_func ("/report-page/huge", test_huge);
  g_test_add_func ("/report-page/list", test_list);
  g_test_add_func ("/report-page/raw", test_raw);
  g_test_add_func ("/report-page/actions", test_actions);
  g_test_add_func ("/report-page/states", test_states);
  g_test_add_func ("/report-page/other-reports", test_other_reports);
  g_test_add_func ("/report-page/freed", test_freed);
  g_test_add_func ("/report-page/accessible", test_accessible);
  g_test_add_func ("/report-page/pictures", test_pictures);
  g_test_add_func ("/report-page/large-text", test_large_text);
  g_test_add_func ("/report-page/dialog-pictures", test_dialog_pictures);
  return app_fixture_run ();
}
