/* test-library-page.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include <glib/gstdio.h>

#include "app-fixture.h"
#include "app-shot.h"
#include "compare/refract-compare-page.h"
#include "library/refract-filter-popover.h"
#include "library/refract-library-row.h"
#include "library/refract-sections.h"
#include "library/refract-sidebar.h"
#include "library/refract-window-library.h"
#include "report/refract-report-page.h"
#include "widget-fixture.h"

static RefractWindow *window;

static RefractSidebar *
sidebar (void)
{
  return refract_window_get_sidebar (window);
}

static RefractLibrary *
library (void)
{
  return refract_application_get_library (app_fixture);
}

static guint
n_listed (void)
{
  return g_list_model_get_n_items (refract_sidebar_get_model (sidebar ()));
}

/* (transfer none): the library keeps it */
static RefractSummary *
listed (guint position)
{
  g_autoptr (RefractSummary) summary
      = g_list_model_get_item (refract_sidebar_get_model (sidebar ()), position);

  g_assert_true (REFRACT_IS_SUMMARY (summary));
  return summary;
}

static gpointer
child (const char *name)
{
  return gtk_widget_get_template_child (GTK_WIDGET (sidebar ()), REFRACT_TYPE_SIDEBAR, name);
}

/* In the popover, which is made when it is opened first. */
static gpointer
choice (const char *name)
{
  GtkMenuButton *button = child ("filter_button");

  if (gtk_menu_button_get_popover (button) == NULL)
    {
      gtk_menu_button_popup (button);
      gtk_menu_button_popdown (button);
    }
  return gtk_widget_get_template_child (GTK_WIDGET (gtk_menu_button_get_popover (button)),
                                        REFRACT_TYPE_FILTER_POPOVER, name);
}

static const char *
page_name (void)
{
  return gtk_stack_get_visible_child_name (GTK_STACK (child ("stack")));
}

static char *
write_report (const char *name, const char *model, double composite, const char *time)
{
  char *path = g_build_filename (refract_library_get_folder (library ()), "..", name, NULL);
  g_autofree char *text = g_strdup_printf (
      "{\"schema\": \"refract.report.v0.3.1\", \"composite\": %.2f, \"timestamp\": \"%s\", "
      "\"model\": \"%s.gguf\", \"candidate\": \"ctk=q8_0,ctv=q4_0\", \"environment\": "
      "{\"backend\": \"llamacpp\"}, \"axes\": {}}",
      composite, time, model);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

typedef struct
{
  guint n;
  const char *page;
} Expected;

static gboolean
is_as_expected (gpointer data)
{
  Expected *expected = data;

  return n_listed () == expected->n
         && (expected->page == NULL || g_str_equal (page_name (), expected->page));
}

static void
wait_listed (guint n, const char *page)
{
  app_fixture_wait (is_as_expected, &(Expected) { n, page }, 20);
}

static void
import (const char *name, const char *model, double composite, const char *time)
{
  g_autofree char *path = write_report (name, model, composite, time);
  GFile *file = g_file_new_for_path (path);
  guint n = n_listed ();

  refract_window_open_files (window, &file, 1);
  wait_listed (n + 1, "list");
  g_object_unref (file);
}

static void
search (const char *text)
{
  gtk_editable_set_text (GTK_EDITABLE (child ("search_entry")), text);
}

static gboolean
has_report_page (gpointer summary)
{
  AdwNavigationPage *page = refract_window_get_page (window);

  return REFRACT_IS_REPORT_PAGE (page)
         && g_strcmp0 (refract_report_page_get_summary_id (REFRACT_REPORT_PAGE (page)),
                       refract_summary_get_id (summary))
                == 0;
}

static void
test_empty (void)
{
  wait_listed (0, "empty");
}

static void
test_import (void)
{
  import ("a.json", "Alpha", 97.25, "2026-03-01T10:00:00");
  import ("b.json", "Beta", 85, "2026-03-02T10:00:00");
  import ("c.json", "Gamma", 40, "2025-01-02T10:00:00");
  g_assert_cmpstr (refract_summary_get_model (listed (0)), ==, "Beta");
  g_assert_cmpstr (refract_summary_get_model (listed (2)), ==, "Gamma");
  app_fixture_wait (has_report_page, listed (2), 10);
  g_assert_true (refract_sidebar_get_summary (sidebar ()) == listed (2));

  /* the same again: shown, not listed twice */
  {
    g_autofree char *path = write_report ("d.json", "Alpha", 97.25, "2026-03-01T10:00:00");
    g_autoptr (GFile) file = g_file_new_for_path (path);

    refract_window_open_files (window, &file, 1);
    app_fixture_wait (has_report_page, listed (1), 10);
    g_assert_cmpuint (n_listed (), ==, 3);
  }
}

static void
test_row (void)
{
  g_autofree char *text = refract_library_row_describe (G_OBJECT (listed (0)));

  g_assert_cmpstr (text, ==, "Beta, K q8_0 / V q4_0: 85.0 of 100, Pass");
}

static void
stored_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_assert_true (refract_library_set_note_finish (REFRACT_LIBRARY (source), result, NULL));
  *(gboolean *) user_data = TRUE;
}

static void
set_note (const char *note)
{
  gboolean stored = FALSE;

  refract_library_set_note_async (library (), listed (0), note, stored_cb, &stored);
  while (!stored)
    g_main_context_iteration (NULL, TRUE);
}

static int
row_height (GtkWidget *row)
{
  int height;

  gtk_widget_measure (row, GTK_ORIENTATION_VERTICAL, -1, &height, NULL, NULL, NULL);
  return height;
}

/* A row is as high as the texts that it shows, when they change as well, and another's in no way.
 */
static void
test_row_height (void)
{
  g_autoptr (GtkWidget) row = g_object_ref_sink (refract_library_row_new ());
  g_autofree char *text = NULL;
  int two_lines;

  refract_library_row_set_item (REFRACT_LIBRARY_ROW (row), G_OBJECT (listed (0)));
  two_lines = row_height (row);
  set_note ("plugged in");
  g_assert_cmpint (row_height (row), >, two_lines * 4 / 3);
  text = refract_library_row_describe (G_OBJECT (listed (0)));
  g_assert_true (g_str_has_suffix (text, ", Pass, plugged in"));
  refract_library_row_set_item (REFRACT_LIBRARY_ROW (row), G_OBJECT (listed (1)));
  g_assert_cmpint (row_height (row), ==, two_lines);
  set_note ("");
}

static void
test_search (void)
{
  search ("ALPHA q4");
  wait_listed (1, "list");
  g_assert_cmpstr (refract_summary_get_model (listed (0)), ==, "Alpha");
  search ("llama.cpp");
  wait_listed (3, "list");
  search ("no such thing");
  wait_listed (0, "nothing");
  gtk_widget_activate_action (GTK_WIDGET (sidebar ()), "library.clear-filters", NULL);
  wait_listed (3, "list");
}

static void
test_filter (void)
{
  gtk_check_button_set_active (choice ("band_fail"), FALSE);
  wait_listed (2, "list");
  gtk_check_button_set_active (choice ("band_excellent"), FALSE);
  wait_listed (1, "list");
  g_assert_cmpstr (refract_summary_get_model (listed (0)), ==, "Beta");
  gtk_widget_activate_action (GTK_WIDGET (sidebar ()), "library.clear-filters", NULL);
  wait_listed (3, "list");

  gtk_menu_button_popup (child ("filter_button"));
  gtk_drop_down_set_selected (choice ("model_choice"), 3);
  gtk_menu_button_popdown (child ("filter_button"));
  wait_listed (1, "list");
  g_assert_cmpstr (refract_summary_get_model (listed (0)), ==, "Gamma");
  gtk_widget_activate_action (GTK_WIDGET (sidebar ()), "library.clear-filters", NULL);
  wait_listed (3, "list");
}

static void
test_sort (void)
{
  guint start, end;

  gtk_check_button_set_active (choice ("sort_best"), TRUE);
  g_assert_cmpstr (refract_summary_get_model (listed (0)), ==, "Alpha");
  g_assert_cmpstr (refract_summary_get_model (listed (2)), ==, "Gamma");
  gtk_check_button_set_active (choice ("sort_model"), TRUE);
  g_assert_cmpstr (refract_summary_get_model (listed (1)), ==, "Beta");
  gtk_check_button_set_active (choice ("sort_newest"), TRUE);
  g_assert_cmpstr (refract_summary_get_model (listed (0)), ==, "Beta");

  /* two of one month, one of another */
  gtk_section_model_get_section (GTK_SECTION_MODEL (refract_sidebar_get_model (sidebar ())), 0,
                                 &start, &end);
  g_assert_cmpuint (start, ==, 0);
  g_assert_cmpuint (end, ==, 2);
}

static void
test_select (void)
{
  GtkSingleSelection *selection = GTK_SINGLE_SELECTION (refract_sidebar_get_model (sidebar ()));

  gtk_single_selection_set_selected (selection, 1);
  app_fixture_wait (has_report_page, listed (1), 10);

  /* where the sidebar is the whole window, an arrow key opens nothing */
  g_object_set (sidebar (), "collapsed", TRUE, NULL);
  gtk_single_selection_set_selected (selection, 0);
  g_assert_true (has_report_page (listed (1)));
  g_signal_emit_by_name (child ("list_view"), "activate", 0u);
  app_fixture_wait (has_report_page, listed (0), 10);
  g_object_set (sidebar (), "collapsed", FALSE, NULL);
}

/* What the next window starts with; model and engine are forgotten. */
static void
test_remembered (void)
{
  GSettings *settings = refract_application_get_settings (app_fixture);

  gtk_check_button_set_active (choice ("sort_best"), TRUE);
  g_assert_cmpint (g_settings_get_enum (settings, "library-sort"), ==, REFRACT_SORT_BEST);
  g_settings_set_enum (settings, "library-sort", REFRACT_SORT_MODEL);
  g_assert_true (gtk_check_button_get_active (choice ("sort_model")));
  g_assert_cmpstr (refract_summary_get_model (listed (1)), ==, "Beta");
  g_settings_reset (settings, "library-sort");
  g_assert_true (gtk_check_button_get_active (choice ("sort_newest")));

  gtk_check_button_set_active (choice ("band_pass"), FALSE);
  g_assert_cmpuint (g_settings_get_flags (settings, "library-bands"), ==,
                    REFRACT_BANDS_ALL & ~REFRACT_BANDS_PASS);
  g_assert_true (gtk_widget_has_css_class (child ("search_button"), "accent"));
  g_settings_set_flags (settings, "library-bands", REFRACT_BANDS_FAIL);
  g_assert_false (gtk_check_button_get_active (choice ("band_excellent")));
  g_assert_true (gtk_check_button_get_active (choice ("band_fail")));
  wait_listed (1, "list");
  g_assert_cmpstr (refract_summary_get_model (listed (0)), ==, "Gamma");
  gtk_widget_activate_action (GTK_WIDGET (sidebar ()), "library.clear-filters", NULL);
  wait_listed (3, "list");
  g_assert_false (gtk_widget_has_css_class (child ("search_button"), "accent"));
}

static GtkWidget *
compare_button (void)
{
  return widget_find (child ("choice_bar"), widget_has_id, "compare_button");
}

static gboolean
can_compare (void)
{
  return gtk_widget_get_sensitive (compare_button ());
}

static GtkSelectionModel *
chosen (void)
{
  return gtk_list_view_get_model (GTK_LIST_VIEW (child ("list_view")));
}

static gboolean
has_comparison (gpointer data)
{
  AdwNavigationPage *page = refract_window_get_page (window);

  return REFRACT_IS_COMPARE_PAGE (page)
         && refract_compare_page_get_comparison (REFRACT_COMPARE_PAGE (page)) != NULL;
}

/* The reports that are chosen, not the one that is open, go into a comparison. */
static void
test_choose (void)
{
  GtkWidget *list = child ("list_view");
  RefractComparison *comparison;

  g_assert_false (gtk_widget_get_mapped (compare_button ()));
  gtk_widget_activate_action (list, "library.choose", NULL);
  g_assert_true (GTK_IS_MULTI_SELECTION (chosen ()));
  g_assert_true (gtk_selection_model_is_selected (chosen (), 0)); /* the open one */
  g_assert_false (can_compare ());
  g_signal_emit_by_name (list, "activate", 1u);
  g_assert_true (can_compare ());
  g_signal_emit_by_name (list, "activate", 0u);
  g_assert_false (can_compare ());
  g_signal_emit_by_name (list, "activate", 0u);
  refract_window_set_page (window, NULL);
  app_shot_apply (GTK_WINDOW (window), &APP_SHOT_LARGE_TEXT);
  refract_window_show_sidebar (window);
  app_shot_write (GTK_WIDGET (window), "library-choosing-narrow-large-text");
  app_shot_apply (GTK_WINDOW (window), &APP_SHOT_WIDE);
  app_shot_write (GTK_WIDGET (window), "library-choosing-light");
  gtk_widget_activate (compare_button ());
  app_fixture_wait (has_comparison, NULL, 10);
  comparison = refract_compare_page_get_comparison (
      REFRACT_COMPARE_PAGE (refract_window_get_page (window)));
  g_assert_cmpuint (comparison->reports->len, ==, 2);
  g_assert_true (GTK_IS_SINGLE_SELECTION (chosen ()));
  gtk_widget_activate_action (list, "library.choose", NULL);
  gtk_widget_activate_action (list, "library.stop-choosing", NULL);
  g_assert_true (GTK_IS_SINGLE_SELECTION (chosen ()));
}

static gboolean
has_undo (gpointer data)
{
  return widget_find (window, widget_is_button, "_Undo") != NULL;
}

static void
test_delete (void)
{
  g_autoptr (RefractSummary) summary = g_object_ref (listed (0));

  refract_sidebar_select (sidebar (), G_OBJECT (summary));
  gtk_widget_activate_action (GTK_WIDGET (sidebar ()), "library.delete", NULL);
  g_assert_cmpuint (n_listed (), ==, 2);
  g_assert_false (g_file_test (refract_summary_get_path (summary), G_FILE_TEST_EXISTS));
  g_assert_false (has_report_page (summary));
  app_fixture_wait (has_undo, NULL, 60);
  g_signal_emit_by_name (widget_find (window, widget_is_button, "_Undo"), "clicked");
  wait_listed (3, "list");
  g_assert_true (listed (0) == summary);
}

static void
test_hostile (void)
{
  g_autofree char *path
      = g_build_filename (refract_library_get_folder (library ()), "<b>broken.json", NULL);

  g_assert_true (g_file_set_contents (path, "{", -1, NULL));
  wait_listed (4, "list");
  g_assert_nonnull (refract_summary_get_error (listed (0)));
  refract_window_show_report (window, listed (0));
  app_shot_settle (GTK_WIDGET (window));
  g_unlink (path);
  wait_listed (3, "list");
}

static void
check_section (RefractSections *sections, int year, int month, int day, const char *title)
{
  g_autoptr (GDateTime) time = g_date_time_new_local (year, month, day, 12, 0, 0);
  g_autofree char *found = refract_sections_dup_title (sections, g_date_time_to_unix (time));

  g_assert_cmpstr (found, ==, title);
}

static void
test_sections (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_local (2026, 10, 2, 9, 0, 0); /* a Friday */
  g_autoptr (RefractSections) sections = refract_sections_new (now);
  g_autoptr (GDateTime) monday = g_date_time_new_local (2026, 10, 5, 9, 0, 0);
  g_autoptr (RefractSections) on_monday = refract_sections_new (monday);
  g_autofree char *old = refract_sections_dup_title (sections, G_MININT64);

  check_section (sections, 2027, 1, 1, "Today");
  check_section (sections, 2026, 10, 2, "Today");
  check_section (sections, 2026, 10, 1, "Yesterday");
  check_section (sections, 2026, 9, 28, "Earlier This Week");
  check_section (sections, 2026, 9, 27, "September 2026");
  check_section (sections, 2025, 9, 27, "September 2025");
  check_section (on_monday, 2026, 10, 4, "Yesterday");
  check_section (on_monday, 2026, 10, 3, "October 2026");
  g_assert_cmpstr (old, ==, "Long Ago");
}

static void
test_pictures (void)
{
  app_shot_apply (GTK_WINDOW (window), &APP_SHOT_WIDE);
  app_shot_write (GTK_WIDGET (window), "library-light");
  app_shot_apply (GTK_WINDOW (window), &APP_SHOT_DARK);
  app_shot_write (GTK_WIDGET (window), "library-dark");
  app_shot_apply (GTK_WINDOW (window), &APP_SHOT_NARROW);
  refract_window_show_sidebar (window);
  app_shot_write (GTK_WIDGET (window), "library-narrow");
  app_shot_apply (GTK_WINDOW (window), &APP_SHOT_LARGE_TEXT);
  app_shot_write (GTK_WIDGET (window), "library-narrow-large-text");
  search ("nothing like it");
  wait_listed (0, "nothing");
  app_shot_apply (GTK_WINDOW (window), &APP_SHOT_NARROW);
  app_shot_write (GTK_WIDGET (window), "library-narrow-nothing");
  gtk_widget_activate_action (GTK_WIDGET (sidebar ()), "library.clear-filters", NULL);
  wait_listed (3, "list");
  app_shot_apply (GTK_WINDOW (window), &APP_SHOT_WIDE);
}

static gboolean
rested_cb (gpointer user_data)
{
  *(gboolean *) user_data = TRUE;
  return G_SOURCE_REMOVE;
}

/* What nobody sees is not animated: half a second without anything to do comes. */
static void
test_rest (void)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_USEC_PER_SEC;
  guint n_turns;

  do
    {
      gboolean rested = FALSE;

      g_timeout_add (500, rested_cb, &rested);
      for (n_turns = 0; !rested; n_turns++)
        g_main_context_iteration (NULL, TRUE);
      g_assert_cmpint (g_get_monotonic_time (), <, deadline);
    }
  while (n_turns > 10); /* an animation is thirty */
}

static void
test_close (void)
{
  gpointer watched = window;

  g_object_add_weak_pointer (G_OBJECT (window), &watched);
  refract_window_set_page (window, NULL);
  app_fixture_close_window (window);
  g_assert_null (watched);
}

static void
test_open (void)
{
  window = app_fixture_open_window ();
}

int
main (int argc, char **argv)
{
  app_fixture_init (&argc, &argv);
  g_test_add_func ("/library-page/sections", test_sections);
  g_test_add_func ("/library-page/open", test_open);
  g_test_add_func ("/library-page/empty", test_empty);
  g_test_add_func ("/library-page/import", test_import);
  g_test_add_func ("/library-page/row", test_row);
  g_test_add_func ("/library-page/row-height", test_row_height);
  g_test_add_func ("/library-page/search", test_search);
  g_test_add_func ("/library-page/filter", test_filter);
  g_test_add_func ("/library-page/sort", test_sort);
  g_test_add_func ("/library-page/remembered", test_remembered);
  g_test_add_func ("/library-page/select", test_select);
  g_test_add_func ("/library-page/choose", test_choose);
  g_test_add_func ("/library-page/delete", test_delete);
  g_test_add_func ("/library-page/hostile", test_hostile);
  g_test_add_func ("/library-page/pictures", test_pictures);
  g_test_add_func ("/library-page/rest", test_rest);
  g_test_add_func ("/library-page/close", test_close);
  return app_fixture_run ();
}
