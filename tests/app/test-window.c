/* test-window.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "app-fixture.h"
#include "refract-window.h"

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
  g_test_add_func ("/window/icons-exist", test_icons_exist);
  return app_fixture_run ();
}
