/* test-leaderboard-page.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "app-fixture.h"
#include "app-shot.h"
#include "compare/refract-table-view.h"
#include "leaderboard/refract-leaderboard-page.h"
#include "widget-fixture.h"

static const struct
{
  const char *suffix;
  AppShotStyle style;
} styles[] = {
  { "light", { 1100, 760, 1, ADW_COLOR_SCHEME_FORCE_LIGHT } },
  { "dark", { 1100, 760, 1, ADW_COLOR_SCHEME_FORCE_DARK } },
  { "narrow", { 360, 640, 1, ADW_COLOR_SCHEME_FORCE_LIGHT } },
  { "narrow-large-text", { 360, 640, 2, ADW_COLOR_SCHEME_FORCE_LIGHT } },
};

static RefractWindow *window;
static RefractLeaderboardPage *page;

static gpointer
child (const char *name)
{
  return gtk_widget_get_template_child (GTK_WIDGET (page), REFRACT_TYPE_LEADERBOARD_PAGE, name);
}

static gboolean
has_state (gpointer name)
{
  return g_str_equal (gtk_stack_get_visible_child_name (child ("states")), name);
}

static gboolean
shows (gpointer text)
{
  return widget_shows (page, text);
}

static guint
count_tables (void)
{
  guint n = 0;

  for (GtkWidget *c = gtk_widget_get_first_child (child ("tables")); c != NULL;
       c = gtk_widget_get_next_sibling (c))
    n += REFRACT_IS_TABLE_VIEW (c);
  return n;
}

static gboolean
has_tables (gpointer n)
{
  return count_tables () == GPOINTER_TO_UINT (n);
}

static void
open_page (const char *folder)
{
  window = app_fixture_open_window ();
  page = refract_leaderboard_page_new (folder);
  refract_window_set_page (window, ADW_NAVIGATION_PAGE (page));
}

static void
test_tables (void)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "data", NULL);

  open_page (folder);
  app_fixture_wait (has_state, "tables", 20);
  app_fixture_wait (shows, "gemma-4-26B", 10);
  g_assert_true (shows ("A ranking of KV cache configurations, not of models"));
  g_assert_true (shows ("It is not a ranking of models"));
  /* low confidence is left out, and said */
  g_assert_false (shows ("Example 8B Instruct"));
  g_assert_true (shows ("Left Out"));
  app_fixture_wait (has_tables, GUINT_TO_POINTER (3), 10);
  for (guint i = 0; i < G_N_ELEMENTS (styles); i++)
    {
      g_autofree char *name = g_strdup_printf ("leaderboard-%s", styles[i].suffix);

      app_shot_apply (GTK_WINDOW (window), &styles[i].style);
      app_shot_write (GTK_WIDGET (window), name);
    }
  app_shot_apply (GTK_WINDOW (window), &APP_SHOT_WIDE);

  gtk_check_button_set_active (child ("low_confidence"), TRUE);
  app_fixture_wait (shows, "Example 8B Instruct", 10);
  gtk_check_button_set_active (child ("candidates"), TRUE);
  app_fixture_wait (shows, "K q8_0 / V turbo4", 10);

  /* nothing of these is comparable: none has REFRACT's own prompts */
  gtk_check_button_set_active (child ("comparable"), TRUE);
  gtk_check_button_set_active (child ("low_confidence"), FALSE);
  gtk_menu_button_popup (child ("filter_button"));
  app_shot_settle (GTK_WIDGET (window));
  gtk_menu_button_popdown (child ("filter_button"));
  app_fixture_close_window (window);
}

static void
test_empty (void)
{
  g_autofree char *folder = g_dir_make_tmp ("refract-leaderboard-XXXXXX", NULL);

  open_page (folder);
  app_fixture_wait (has_state, "empty", 20);
  app_shot_write (GTK_WIDGET (window), "leaderboard-empty");
  app_fixture_close_window (window);
}

static void
test_missing (void)
{
  open_page ("/nonexistent/refract");
  app_fixture_wait (has_state, "failure", 20);
  g_assert_true (shows ("/nonexistent/refract"));
  app_fixture_close_window (window);
}

/* Cancel ends the reading and says so. */
static void
test_cancel (void)
{
  g_autofree char *folder = g_test_build_filename (G_TEST_DIST, "data", NULL);

  open_page (folder);
  gtk_widget_activate_action (GTK_WIDGET (page), "leaderboard.cancel", NULL);
  app_fixture_wait (has_state, "failure", 20);
  g_assert_true (shows ("Cancelled"));
  app_fixture_close_window (window);
}

int
main (int argc, char **argv)
{
  app_fixture_init (&argc, &argv);
  g_test_add_func ("/leaderboard/tables", test_tables);
  g_test_add_func ("/leaderboard/empty", test_empty);
  g_test_add_func ("/leaderboard/missing", test_missing);
  g_test_add_func ("/leaderboard/cancel", test_cancel);
  return app_fixture_run ();
}
