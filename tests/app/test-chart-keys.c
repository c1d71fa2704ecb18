/* test-chart-keys.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "app-fixture.h"
#include "app-shot.h"
#include "chart-fixture.h"
#include "charts/refract-chart-view.h"

/* As the key would, without a display that has keys. */
static void
press (RefractChartView *view, guint key)
{
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (GTK_WIDGET (view));

  for (guint i = 0; i < g_list_model_get_n_items (controllers); i++)
    {
      g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i);
      guint n;

      if (!GTK_IS_SHORTCUT_CONTROLLER (controller))
        continue;
      n = g_list_model_get_n_items (G_LIST_MODEL (controller));
      for (guint j = 0; j < n; j++)
        {
          g_autoptr (GtkShortcut) shortcut = g_list_model_get_item (G_LIST_MODEL (controller), j);
          GtkShortcutTrigger *trigger = gtk_shortcut_get_trigger (shortcut);

          if (GTK_IS_KEYVAL_TRIGGER (trigger)
              && gtk_keyval_trigger_get_keyval (GTK_KEYVAL_TRIGGER (trigger)) == key
              && gtk_keyval_trigger_get_modifiers (GTK_KEYVAL_TRIGGER (trigger)) == 0)
            {
              gtk_shortcut_action_activate (gtk_shortcut_get_action (shortcut), 0,
                                            GTK_WIDGET (view),
                                            gtk_shortcut_get_arguments (shortcut));
              return;
            }
        }
    }
  g_error ("no key %u", key);
}

typedef struct
{
  int n;
  guint point;
  int key;
} Activated;

static void
activated_cb (RefractChartView *view, guint point, int key, gpointer data)
{
  Activated *activated = data;

  activated->n++;
  activated->point = point;
  activated->key = key;
}

/* The cells are 512 tokens: 0, 1; 4096 tokens: 2, 3. */
static void
test_keys (void)
{
  g_autoptr (RefractReport) report = load_report ("report-charts.json");
  GtkWidget *widget = refract_chart_view_new ("rniah");
  RefractChartView *view = REFRACT_CHART_VIEW (widget);
  GtkWindow *window = present_chart (widget);
  Activated activated = { 0 };

  refract_chart_view_set_report (view, report);
  g_signal_connect (view, "activated", G_CALLBACK (activated_cb), &activated);
  g_assert_cmpint (refract_chart_view_get_cursor (view), ==, -1);
  press (view, GDK_KEY_Return);
  g_assert_cmpint (activated.n, ==, 0);
  press (view, GDK_KEY_Right);
  g_assert_cmpint (refract_chart_view_get_cursor (view), ==, 0);
  press (view, GDK_KEY_Right);
  g_assert_cmpint (refract_chart_view_get_cursor (view), ==, 1);
  press (view, GDK_KEY_Down);
  g_assert_cmpint (refract_chart_view_get_cursor (view), ==, 3);
  press (view, GDK_KEY_Right);
  g_assert_cmpint (refract_chart_view_get_cursor (view), ==, 3);
  press (view, GDK_KEY_Left);
  press (view, GDK_KEY_Up);
  g_assert_cmpint (refract_chart_view_get_cursor (view), ==, 0);
  press (view, GDK_KEY_End);
  g_assert_cmpint (refract_chart_view_get_cursor (view), ==, 3);
  press (view, GDK_KEY_Home);
  press (view, GDK_KEY_Right);
  press (view, GDK_KEY_Return);
  gtk_widget_grab_focus (widget);
  app_shot_write (widget, "chart-cursor");
  g_assert_cmpint (activated.n, ==, 1);
  g_assert_cmpuint (activated.point, ==, 1);
  g_assert_cmpint (activated.key, ==, 2);
  gtk_window_destroy (window);
}

int
main (int argc, char **argv)
{
  /* GTK's accessibility for tests crashes on announcements. */
  g_setenv ("GTK_A11Y", "none", TRUE);
  app_fixture_init (&argc, &argv);
  g_test_add_func ("/chart-keys/cells", test_keys);
  return app_fixture_run ();
}
