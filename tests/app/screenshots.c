/* screenshots.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Drives the application through its pages and writes a picture of each, light, dark and narrow,
 * into $REFRACT_SHOTS: `tools/box screenshots`. */

#include "config.h"

#include "app-fixture.h"
#include "app-shot.h"
#include "audit/refract-demo.h"
#include "run/refract-window-runs.h"

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

static gboolean
is_halfway (gpointer item)
{
  return refract_run_item_get_fraction (item) > 0.4
         || refract_run_item_get_state (item) != REFRACT_RUN_RUNNING;
}

static gboolean
has_stopped (gpointer item)
{
  return refract_run_item_get_state (item) != REFRACT_RUN_RUNNING;
}

/* The demo in its middle, another audit behind it, and how audits end that do not finish. */
static void
test_run (void)
{
  g_autofree char *engine = g_find_program_in_path ("llama-server");
  RefractAuditQueue *queue = refract_application_get_queue (app_fixture);
  g_autoptr (RefractPlan) plan = refract_demo_plan_new ();
  g_autoptr (RefractRunItem) running = NULL;
  g_autoptr (RefractRunItem) failing = NULL;
  RefractWindow *window;

  if (engine == NULL)
    {
      g_test_skip ("no llama-server here");
      return;
    }

  window = app_fixture_open_window ();
  running = g_object_ref (refract_audit_queue_add (queue, plan, TRUE));
  g_object_set (plan, "model", "/models/gemma-3-4b-it-Q8_0.gguf", NULL);
  failing = g_object_ref (refract_audit_queue_add (queue, plan, TRUE));
  refract_window_show_run (window, failing);
  write_window (window, "run-waiting");

  refract_window_show_run (window, running);
  app_fixture_wait (is_halfway, running, 120);
  write_window (window, "run-running");
  refract_audit_queue_stop (queue, running);
  app_fixture_wait (has_stopped, running, 30);
  write_window (window, "run-stopped");

  app_fixture_wait (has_stopped, failing, 30);
  refract_window_show_run (window, failing);
  write_window (window, "run-failed");
  app_fixture_close_window (window);
}

int
main (int argc, char **argv)
{
  app_fixture_init (&argc, &argv);
  g_test_add_func ("/screenshots/welcome", test_welcome);
  g_test_add_func ("/screenshots/run", test_run);
  return app_fixture_run ();
}
