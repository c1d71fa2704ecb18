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

int
main (int argc, char **argv)
{
  app_fixture_init (&argc, &argv);
  g_test_add_func ("/window/opens-and-closes", test_opens_and_closes);
  g_test_add_func ("/window/narrow", test_narrow);
  return app_fixture_run ();
}
