/* test-window.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "app-fixture.h"
#include "app-shot.h"
#include "refract-page-bar.h"
#include "refract-window.h"
#include "report/refract-report-page.h"
#include "widget-fixture.h"

static void
test_opens_and_closes (void)
{
  RefractWindow *window = app_fixture_open_window ();
  gpointer watched = window;

  g_object_add_weak_pointer (G_OBJECT (window), &watched);
  g_assert_nonnull (refract_window_get_page (window));
  app_fixture_close_window (window);
  g_assert_null (watched);
}

static void
test_narrow (void)
{
  RefractWindow *window = app_fixture_open_window ();
  int minimum;

  gtk_widget_measure (GTK_WIDGET (window), GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL,
                      NULL);
  g_assert_cmpint (minimum, <=, 360 + 2 * 26); /* the shadow belongs to it */
  app_fixture_close_window (window);
}

static gboolean
is_below (RefractWindow *window)
{
  return gtk_widget_get_mapped (
      widget_find (widget_find_type (window, REFRACT_TYPE_PAGE_BAR), widget_has_id, "below"));
}

/* A title stands between the buttons where it fits, below them where it does not. */
static void
test_title (void)
{
  RefractWindow *window = app_fixture_open_window ();
  RefractReportPage *page = refract_report_page_new (NULL);
  AdwWindowTitle *title;

  refract_window_set_page (window, ADW_NAVIGATION_PAGE (page));
  title = widget_find_type (page, ADW_TYPE_WINDOW_TITLE);
  adw_window_title_set_title (title, "a-model-with-a-rather-long-name-Q8_0");
  app_shot_settle (GTK_WIDGET (window));
  g_assert_false (is_below (window));
  app_shot_apply (GTK_WINDOW (window), &APP_SHOT_NARROW);
  g_assert_true (is_below (window));
  app_shot_assert_whole (GTK_WIDGET (window), "title");
  adw_window_title_set_title (title, "short");
  app_shot_settle (GTK_WIDGET (window));
  g_assert_false (is_below (window));
  app_shot_apply (GTK_WINDOW (window), &APP_SHOT_LARGE_TEXT);
  adw_window_title_set_subtitle (title, "K q4_0 / V q4_0");
  app_shot_settle (GTK_WIDGET (window));
  g_assert_true (is_below (window));
  app_shot_apply (GTK_WINDOW (window), &APP_SHOT_WIDE);
  g_assert_false (is_below (window));
  app_fixture_close_window (window);
}

static gboolean
is_button_in_toast (GtkWidget *widget, gconstpointer label)
{
  return widget_is_button (widget, label) && widget_is_in_toast (widget);
}

/* A toast says all of its text, and its button works, in every window. */
static void
test_toast (void)
{
  const AppShotStyle styles[] = { APP_SHOT_WIDE, APP_SHOT_NARROW, APP_SHOT_LARGE_TEXT };
  g_autoptr (GError) error = g_error_new (G_IO_ERROR, G_IO_ERROR_FAILED, "The reason.");

  for (guint i = 0; i < G_N_ELEMENTS (styles); i++)
    {
      RefractWindow *window = app_fixture_open_window ();
      GtkWidget *button;

      app_shot_apply (GTK_WINDOW (window), &styles[i]);
      refract_window_show_error (window, "What was to be done here was not done", error);
      app_shot_settle (GTK_WIDGET (window));
      g_assert_nonnull (widget_find (window, widget_is_whole_in_toast, "was not done"));
      button = widget_find (window, is_button_in_toast, "_Details");
      g_assert_nonnull (button);
      g_signal_emit_by_name (button, "clicked");
      app_shot_settle (GTK_WIDGET (window));
      g_assert_true (widget_shows (window, "The reason."));
      g_assert_null (widget_find (window, is_button_in_toast, "_Details"));
      app_fixture_close_window (window);
    }
  app_shot_apply (NULL, &APP_SHOT_WIDE);
}

/* Icons that are named in @path and that no theme has. */
static void
check_icons_of_file (const char *path, GRegex *regex, GtkIconTheme *theme)
{
  g_autofree char *text = NULL;
  g_autoptr (GMatchInfo) match = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  for (g_regex_match (regex, text, 0, &match); g_match_info_matches (match);
       g_match_info_next (match, NULL))
    {
      g_autofree char *name = g_match_info_fetch (match, 1);

      if (!gtk_icon_theme_has_icon (theme, name))
        g_error ("%s names the icon %s, which no theme has", path, name);
    }
}

static void
check_icons_of_folder (const char *folder, GRegex *regex, GtkIconTheme *theme)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        check_icons_of_folder (path, regex, theme);
      else if (g_str_has_suffix (name, ".c") || g_str_has_suffix (name, ".blp"))
        check_icons_of_file (path, regex, theme);
    }
}

static void
test_icons_exist (void)
{
  g_autoptr (GRegex) regex = g_regex_new ("\"([A-Za-z0-9._-]+-symbolic)\"", 0, 0, NULL);
  GtkIconTheme *theme = gtk_icon_theme_get_for_display (gdk_display_get_default ());
  g_autofree char *source = g_build_filename (g_getenv ("G_TEST_SRCDIR"), "..", "src", "app", NULL);
  g_autofree char *ui = g_build_filename (g_getenv ("G_TEST_SRCDIR"), "..", "ui", NULL);

  check_icons_of_folder (source, regex, theme);
  check_icons_of_folder (ui, regex, theme);
}

int
main (int argc, char **argv)
{
  app_fixture_init (&argc, &argv);
  g_test_add_func ("/window/opens-and-closes", test_opens_and_closes);
  g_test_add_func ("/window/narrow", test_narrow);
  g_test_add_func ("/window/title", test_title);
  g_test_add_func ("/window/toast", test_toast);
  g_test_add_func ("/window/icons-exist", test_icons_exist);
  return app_fixture_run ();
}
