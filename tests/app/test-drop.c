/* test-drop.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* What is dropped on the window, or given to it otherwise: models, reports, and what is neither. */

#include "config.h"

#include "core/refract-data.h"
#include "report-fixture.h"
#include "wizard-fixture.h"

static RefractWindow *window;
static char *folder;

static char *
write_file (const char *name, const char *text, gssize length)
{
  char *path = g_build_filename (folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, length, NULL));
  return path;
}

/* Paths, then %NULL. Returns: whether somebody took it */
static gboolean
drop (const char *path, ...)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (GTK_WIDGET (window));
  g_auto (GValue) value = G_VALUE_INIT;
  GSList *files = NULL;
  va_list paths;

  va_start (paths, path);
  for (; path != NULL; path = va_arg (paths, const char *))
    files = g_slist_append (files, g_file_new_for_path (path));
  va_end (paths);
  g_value_init (&value, GDK_TYPE_FILE_LIST);
  g_value_take_boxed (&value, gdk_file_list_new_from_list (files));
  g_slist_free_full (files, g_object_unref);
  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);
      gboolean taken = FALSE;

      if (!GTK_IS_DROP_TARGET (controller))
        continue;
      g_assert_true (gdk_content_formats_contain_gtype (
          gtk_drop_target_get_formats (GTK_DROP_TARGET (controller)), GDK_TYPE_FILE_LIST));
      g_signal_emit_by_name (controller, "drop", &value, 10.0, 10.0, &taken);
      return taken;
    }
  g_assert_not_reached ();
}

static gboolean
shows_text (gpointer text)
{
  return widget_shows (window, text);
}

static void
wait_for_text (const char *text)
{
  app_fixture_wait (shows_text, (gpointer) text, WAIT);
}

static gboolean
shows_report (gpointer data)
{
  AdwNavigationPage *page = refract_window_get_page (window);

  return REFRACT_IS_REPORT_PAGE (page)
         && refract_report_page_get_report (REFRACT_REPORT_PAGE (page)) != NULL;
}

static void
assert_wizard (const char *model)
{
  AdwDialog *dialog = get_dialog (window);

  g_assert_true (REFRACT_IS_WIZARD (dialog));
  g_assert_cmpstr (refract_plan_get_string (
                       refract_wizard_page_get_plan (get_page (REFRACT_WIZARD (dialog))), "model"),
                   ==, model);
}

static void
test_gguf (gpointer *fixture, gconstpointer data)
{
  g_autofree char *model = refract_data_dup_path ("demo/model.gguf");

  g_assert_true (drop (model, NULL));
  assert_wizard (model);
  app_fixture_wait (is_valid, get_page (REFRACT_WIZARD (get_dialog (window))), WAIT);
  close_dialog (window);
}

/* What is broken says so on the page, and there is no way on. */
static void
test_truncated_gguf (gpointer *fixture, gconstpointer data)
{
  g_autofree char *model = refract_data_dup_path ("demo/model.gguf");
  g_autofree char *text = NULL;
  g_autofree char *path = NULL;

  g_assert_true (g_file_get_contents (model, &text, NULL, NULL));
  path = write_file ("Cut Off.GGUF", text, 3000);
  drop (path, NULL);
  assert_wizard (path);
  wait_for_text ("Cut Off.GGUF");
  app_shot_settle (GTK_WIDGET (window));
  g_assert_false (is_valid (get_page (REFRACT_WIZARD (get_dialog (window)))));
  app_shot_write (GTK_WIDGET (window), "drop-truncated");
  close_dialog (window);
}

static void
test_folder (gpointer *fixture, gconstpointer data)
{
  g_autofree char *config = write_file (
      "a model/config.json", "{\"model_type\": \"llama\", \"num_hidden_layers\": 2}", -1);
  g_autofree char *path = g_path_get_dirname (config);

  drop (path, NULL);
  assert_wizard (path);
  close_dialog (window);
}

static void
test_report (gpointer *fixture, gconstpointer data)
{
  g_autofree char *path
      = g_test_build_filename (G_TEST_DIST, "data", "full-demo-q4_0.refract.json", NULL);

  g_assert_true (drop (path, NULL));
  app_fixture_wait (shows_report, NULL, WAIT);
  g_assert_true (widget_shows (window, "K q4_0 / V q4_0"));
  /* once more: said, and not twice */
  drop (path, NULL);
  wait_for_text ("This report is in the library already");
  g_assert_cmpuint (
      g_list_model_get_n_items (G_LIST_MODEL (refract_application_get_library (app_fixture))), ==,
      1);
}

/* Neither opens a page nor ends the others. */
static void
test_garbage (gpointer *fixture, gconstpointer data)
{
  g_autofree char *good
      = g_test_build_filename (G_TEST_DIST, "data", "legacy-v0.3.1-gemma26b.json", NULL);
  g_autofree char *text = write_file ("notes.txt", "not a report\n", -1);
  g_autofree char *cut = NULL;
  g_autofree char *report = NULL;
  AdwNavigationPage *page = refract_window_get_page (window);
  GListModel *library = G_LIST_MODEL (refract_application_get_library (app_fixture));
  guint n = g_list_model_get_n_items (library);

  g_assert_true (g_file_get_contents (good, &report, NULL, NULL));
  cut = write_file ("cut.refract.json", report, 2000);
  drop (text, NULL);
  wait_for_text ("The report was not imported");
  g_assert_true (refract_window_get_page (window) == page);
  g_assert_null (get_dialog (window));
  gtk_widget_activate (widget_find (window, widget_is_button, "_Details"));
  wait_for_text ("notes.txt");
  close_dialog (window);
  drop (cut, good, NULL);
  app_fixture_wait (shows_report, NULL, WAIT);
  wait_for_text ("gemma");
  g_assert_cmpuint (g_list_model_get_n_items (library), ==, n + 1);
}

static void
set_up (gpointer *fixture, gconstpointer data)
{
  window = app_fixture_open_window ();
}

static void
tear_down (gpointer *fixture, gconstpointer data)
{
  app_fixture_close_window (window);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    void (*test) (gpointer *fixture, gconstpointer data);
  } tests[] = {
    { "/drop/gguf", test_gguf },       { "/drop/truncated-gguf", test_truncated_gguf },
    { "/drop/folder", test_folder },   { "/drop/report", test_report },
    { "/drop/garbage", test_garbage },
  };

  app_fixture_init (&argc, &argv);
  /* in the test's own home, which goes with it */
  folder = g_dir_make_tmp (NULL, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (tests); i++)
    g_test_add (tests[i].name, gpointer, NULL, set_up, tests[i].test, tear_down);
  return app_fixture_run ();
}
