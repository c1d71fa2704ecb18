/* test-compare-page.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "app-fixture.h"
#include "app-shot.h"
#include "charts/refract-chart-card.h"
#include "compare/refract-compare-page.h"
#include "compare/refract-table-view.h"
#include "core/refract-json.h"
#include "refract-export.h"
#include "widget-fixture.h"

static const struct
{
  const char *suffix;
  AppShotStyle style;
} styles[] = {
  { "light", { 900, 760, 1, ADW_COLOR_SCHEME_FORCE_LIGHT } },
  { "dark", { 900, 760, 1, ADW_COLOR_SCHEME_FORCE_DARK } },
  { "narrow", { 360, 640, 1, ADW_COLOR_SCHEME_FORCE_LIGHT } },
  { "narrow-large-text", { 360, 640, 2, ADW_COLOR_SCHEME_FORCE_LIGHT } },
};

static char *
data_path (const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "data", name, NULL);
}

/* (transfer full) (element-type filename) */
static GPtrArray *
paths_of (const char *first, ...)
{
  GPtrArray *paths = g_ptr_array_new_with_free_func (g_free);
  va_list args;

  va_start (args, first);
  for (const char *name = first; name != NULL; name = va_arg (args, const char *))
    g_ptr_array_add (paths, data_path (name));
  va_end (args);
  return paths;
}

#define assert_text(widget, text)                                                                  \
  g_assert_nonnull (widget_find (widget, widget_has_shown_text, text))

static gboolean
is_shown_card (GtkWidget *widget, gconstpointer data)
{
  return REFRACT_IS_CHART_CARD (widget) && gtk_widget_get_mapped (widget);
}

static gboolean
is_stack (GtkWidget *widget, gconstpointer data)
{
  return GTK_IS_STACK (widget);
}

static const char *
get_state (RefractComparePage *page)
{
  return gtk_stack_get_visible_child_name (GTK_STACK (widget_find (page, is_stack, NULL)));
}

static gboolean
is_loaded (gpointer page)
{
  return !g_str_equal (get_state (page), "loading");
}

/* @paths: (transfer full) */
static RefractComparePage *
open_page (RefractWindow *window, GPtrArray *paths)
{
  RefractComparePage *page = refract_compare_page_new (paths);

  g_ptr_array_unref (paths);
  refract_window_set_page (window, ADW_NAVIGATION_PAGE (page));
  app_fixture_wait (is_loaded, page, 20);
  app_shot_settle (GTK_WIDGET (window));
  return page;
}

static gboolean
is_scrolled_content (GtkWidget *widget, gconstpointer data)
{
  return GTK_IS_VIEWPORT (widget) && gtk_widget_get_mapped (widget)
         && gtk_widget_is_ancestor (widget, GTK_WIDGET (data));
}

/* The page in every style; from top to bottom where somebody looks. */
static void
write_page (RefractWindow *window, GtkWidget *page, const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (styles); i++)
    {
      GtkWidget *viewport;
      GtkAdjustment *adjustment;

      app_shot_apply (GTK_WINDOW (window), &styles[i].style);
      viewport = widget_find (page, is_scrolled_content, page);
      adjustment = gtk_scrollable_get_vadjustment (GTK_SCROLLABLE (viewport));
      for (guint part = 0;; part++)
        {
          g_autofree char *file = g_strdup_printf ("%s-%s-%u", name, styles[i].suffix, part);
          double before = gtk_adjustment_get_value (adjustment);

          app_shot_write (GTK_WIDGET (window), file);
          if (g_getenv ("REFRACT_SHOTS") == NULL)
            break;
          gtk_adjustment_set_value (adjustment,
                                    before + gtk_adjustment_get_page_size (adjustment) * 0.9);
          if (gtk_adjustment_get_value (adjustment) == before)
            break;
        }
      gtk_adjustment_set_value (adjustment, 0);
    }
  app_shot_apply (GTK_WINDOW (window), &APP_SHOT_WIDE);
}

static gboolean
is_table (GtkWidget *widget, gconstpointer data)
{
  return REFRACT_IS_TABLE_VIEW (widget);
}

static void
test_three (void)
{
  RefractWindow *window = app_fixture_open_window ();
  RefractComparePage *page
      = open_page (window, paths_of ("full-demo-q4_0.refract.json", "report-charts.json",
                                     "legacy-v0.3.1-gemma26b.json", NULL));
  RefractComparison *comparison = refract_compare_page_get_comparison (page);
  GtkWidget *table;

  g_assert_cmpstr (get_state (page), ==, "comparison");
  g_assert_nonnull (comparison);
  g_assert_cmpuint (comparison->warnings->len, >, 0);
  assert_text (page, "3 Reports");
  assert_text (page, "Not the Same in All");
  assert_text (page, comparison->warnings->pdata[0]);
  assert_text (page, "things that move scores are not the same");
  assert_text (page, "Scores side by side");
  assert_text (page, "Fidelity by memory");
  assert_text (page, "Fidelity by speed");
  assert_text (page, "Where each answer leaves its reference");
  /* scores, memory, speed, one map: there is none against the old report */
  g_assert_cmpuint (widget_count (page, is_shown_card, NULL), ==, 4);
  table = widget_find (page, is_table, NULL);
  app_shot_apply (GTK_WINDOW (window), &APP_SHOT_WIDE);
  g_assert_true (refract_table_view_get_wide (REFRACT_TABLE_VIEW (table)));
  assert_text (table, "77.42");
  app_shot_apply (GTK_WINDOW (window), &APP_SHOT_NARROW);
  g_assert_false (refract_table_view_get_wide (REFRACT_TABLE_VIEW (table)));
  assert_text (table, "77.42");
  write_page (window, GTK_WIDGET (page), "compare");
  app_fixture_close_window (window);
}

/* The same build twice: nothing changed. */
static void
test_equal (void)
{
  RefractWindow *window = app_fixture_open_window ();
  RefractComparePage *page = open_page (
      window, paths_of ("full-demo-q4_0.refract.json", "full-demo-q4_0.refract.json", NULL));

  assert_text (page, "No prompt, chunk or cell changed by more than chance.");
  g_assert_null (widget_find (page, widget_has_shown_text, "Not the Same in All"));
  write_page (window, GTK_WIDGET (page), "compare-equal");
  app_fixture_close_window (window);
}

/* What another build of the engine, which hurts the first chunk, might have reported. (transfer
 * full) */
static char *
write_other_build (const char *folder)
{
  g_autofree char *path
      = g_test_build_filename (G_TEST_DIST, "data", "full-demo-q4_0.refract.json", NULL);
  char *other = g_build_filename (folder, "other.refract.json", NULL);
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  JsonObject *root;

  g_assert_true (json_parser_load_from_file (parser, path, &error));
  root = json_node_get_object (json_parser_get_root (parser));
  json_object_set_string_member (
      json_node_get_object (refract_json_find (root, "extension.engine")), "build", "11700");
  json_object_set_double_member (
      json_array_get_object_element (
          json_node_get_array (refract_json_find (root, "extension.axes.kld.per_chunk")), 0),
      "mean_kld", 0.5);
  g_assert_true (refract_json_save_object (root, other, &error));
  return other;
}

/* Two builds: the items that changed are named, and nothing else. */
static void
test_builds (void)
{
  g_autofree char *folder = g_dir_make_tmp ("refract-compare-XXXXXX", NULL);
  g_autofree char *other = write_other_build (folder);
  RefractWindow *window = app_fixture_open_window ();
  GPtrArray *paths = paths_of ("full-demo-q4_0.refract.json", NULL);
  RefractComparePage *page;

  g_ptr_array_add (paths, g_strdup (other));
  page = open_page (window, paths);
  assert_text (page,
               "The build of the engine differs (11669, 11700): its kernels may have changed.");
  assert_text (page, "What changed by more than chance, item by item");
  assert_text (page, "Chunk 1");
  g_assert_null (widget_find (page, widget_has_shown_text, "Chunk 2"));
  write_page (window, GTK_WIDGET (page), "compare-builds");
  app_fixture_close_window (window);
  g_unlink (other);
  g_rmdir (folder);
}

static void
test_eight (void)
{
  RefractWindow *window = app_fixture_open_window ();
  RefractComparePage *page
      = open_page (window, paths_of ("full-demo-q4_0.refract.json", "report-charts.json",
                                     "legacy-v0.3.1-gemma26b.json", "full-demo-q4_0.refract.json",
                                     "report-charts.json", "report-charts.json",
                                     "report-charts.json", "report-charts.json", NULL));

  assert_text (page, "8 Reports");
  write_page (window, GTK_WIDGET (page), "compare-eight");
  app_fixture_close_window (window);
}

static void
test_unreadable (void)
{
  RefractWindow *window = app_fixture_open_window ();
  RefractComparePage *page
      = open_page (window, paths_of ("full-demo-q4_0.refract.json", "mt19937.json", NULL));

  g_assert_cmpstr (get_state (page), ==, "failure");
  g_assert_null (refract_compare_page_get_comparison (page));
  assert_text (page, "mt19937.json");
  app_fixture_close_window (window);
}

static gboolean
write_markdown (gpointer data, const char *path, GCancellable *cancellable, GError **error)
{
  g_autofree char *text = refract_comparison_to_markdown (data);

  return refract_export_write (path, text, error);
}

typedef struct
{
  GtkWidget *root;
  const char *text;
} Wanted;

static gboolean
has_wanted (gpointer data)
{
  const Wanted *wanted = data;

  return widget_find (wanted->root, widget_has_shown_text, wanted->text) != NULL;
}

/* What is written, and what is said about it. */
static void
test_export (void)
{
  g_autofree char *folder = g_dir_make_tmp ("refract-export-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "side <b>.md", NULL);
  g_autofree char *text = NULL;
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GFile) nowhere = g_file_new_for_path ("/nonexistent/refract/a.md");
  RefractWindow *window = app_fixture_open_window ();
  RefractComparePage *page
      = open_page (window, paths_of ("full-demo-q4_0.refract.json", "report-charts.json", NULL));
  RefractComparison *comparison = refract_compare_page_get_comparison (page);
  Wanted saved = { GTK_WIDGET (window), "Saved “side <b>.md”" };
  Wanted failed = { GTK_WIDGET (window), "The file was not saved" };

  refract_export_to_file (GTK_WIDGET (page), file, write_markdown,
                          refract_comparison_ref (comparison),
                          (GDestroyNotify) refract_comparison_unref);
  app_fixture_wait (has_wanted, &saved, 10);
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_nonnull (strstr (text, "| Composite |"));
  refract_export_to_file (GTK_WIDGET (page), nowhere, write_markdown,
                          refract_comparison_ref (comparison),
                          (GDestroyNotify) refract_comparison_unref);
  app_fixture_wait (has_wanted, &failed, 10);
  app_fixture_close_window (window);
  g_unlink (path);
  g_rmdir (folder);
}

/* Leaving the page while it reads ends the reading. */
static void
test_left (void)
{
  g_autoptr (GPtrArray) paths
      = paths_of ("full-demo-q4_0.refract.json", "report-charts.json", NULL);
  RefractWindow *window = app_fixture_open_window ();
  gpointer page = refract_compare_page_new (paths);
  gboolean is_gone = FALSE;

  g_object_add_weak_pointer (page, &page);
  refract_window_set_page (window, page);
  refract_window_set_page (window, NULL);
  for (guint i = 0; i < 5000 && page != NULL; i++)
    if (!g_main_context_iteration (NULL, FALSE))
      g_usleep (1000);
  is_gone = page == NULL;
  g_assert_true (is_gone);
  app_fixture_close_window (window);
}

int
main (int argc, char **argv)
{
  app_fixture_init (&argc, &argv);
  g_test_add_func ("/compare/three", test_three);
  g_test_add_func ("/compare/equal", test_equal);
  g_test_add_func ("/compare/builds", test_builds);
  g_test_add_func ("/compare/eight", test_eight);
  g_test_add_func ("/compare/unreadable", test_unreadable);
  g_test_add_func ("/compare/export", test_export);
  g_test_add_func ("/compare/left", test_left);
  return app_fixture_run ();
}
