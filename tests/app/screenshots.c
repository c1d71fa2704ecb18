/* screenshots.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Drives the application through its pages and writes a picture of each, light, dark and narrow,
 * into $REFRACT_SHOTS: `tools/box screenshots`. */

#include "config.h"

#include "app-fixture.h"
#include "app-shot.h"

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

/* The window as it stands, in every style. */
static void
write_window (RefractWindow *window, const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (styles); i++)
    {
      g_autofree char *file = g_strdup_printf ("%s-%s", name, styles[i].suffix);

      app_shot_apply (GTK_WINDOW (window), &styles[i].style);
      app_shot_write (GTK_WIDGET (window), file);
    }
}

static void
test_welcome (void)
{
  RefractWindow *window = app_fixture_open_window ();

  write_window (window, "welcome");
  app_fixture_close_window (window);
}

int
main (int argc, char **argv)
{
  app_fixture_init (&argc, &argv);
  g_test_add_func ("/screenshots/welcome", test_welcome);
  return app_fixture_run ();
}
