/* test-wizard.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "app-fixture.h"
#include "app-shot.h"
#include "core/refract-data.h"
#include "wizard/refract-wizard-depth-page.h"
#include "wizard/refract-wizard-kv-page.h"
#include "wizard/refract-wizard-page.h"
#include "wizard/refract-wizard.h"

#define WAIT 60 /* seconds: an engine on a busy machine */

static AdwNavigationView *
get_view (RefractWizard *wizard)
{
  return ADW_NAVIGATION_VIEW (adw_dialog_get_child (ADW_DIALOG (wizard)));
}

static RefractWizardPage *
get_page (RefractWizard *wizard)
{
  return REFRACT_WIZARD_PAGE (adw_navigation_view_get_visible_page (get_view (wizard)));
}

static inline gpointer
get_child (RefractWizardPage *page, const char *name)
{
  GObject *child = gtk_widget_get_template_child (GTK_WIDGET (page), G_OBJECT_TYPE (page), name);

  g_assert_nonnull (child);
  return child;
}

static gboolean
is_valid (gpointer page)
{
  return refract_wizard_page_get_problem (page) == NULL;
}

static void
next_page (RefractWizard *wizard)
{
  RefractWizardPage *page = get_page (wizard);
  g_autofree char *tag = NULL;

  app_fixture_wait (is_valid, page, WAIT);
  refract_wizard_page_go_on (page);
  g_assert_true (get_page (wizard) != page);
}

static RefractWizard *
present_wizard (RefractWindow *window, RefractPlan *plan)
{
  RefractWizard *wizard = refract_wizard_new (plan);

  adw_dialog_present (ADW_DIALOG (wizard), GTK_WIDGET (window));
  app_shot_settle (GTK_WIDGET (window));
  return wizard;
}

static RefractPlan *
demo_plan (void)
{
  static const char *const candidates[] = { "ctk=q8_0,ctv=q8_0", "ctk=q4_0,ctv=q4_0", NULL };
  g_autofree char *model = refract_data_dup_path ("demo/model.gguf");
  g_autofree char *corpus = refract_data_dup_path ("demo/corpus.txt");
  RefractPlan *plan = refract_plan_new ();

  g_object_set (plan, "model", model, "corpus", corpus, "candidates", candidates, NULL);
  return plan;
}

static const struct
{
  const char *name;
  AppShotStyle style;
} styles[] = {
  { "light", { 900, 800, 1, ADW_COLOR_SCHEME_FORCE_LIGHT } },
  { "dark", { 900, 800, 1, ADW_COLOR_SCHEME_FORCE_DARK } },
  { "narrow", { 360, 640, 1, ADW_COLOR_SCHEME_FORCE_LIGHT } },
  { "large-text", { 360, 640, 2, ADW_COLOR_SCHEME_FORCE_LIGHT } },
};

static void
test_pictures (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (styles); i++)
    {
      RefractWindow *window = app_fixture_open_window ();
      g_autoptr (RefractPlan) plan = demo_plan ();
      RefractWizard *wizard;

      app_shot_apply (GTK_WINDOW (window), &styles[i].style);
      wizard = present_wizard (window, plan);
      for (guint step = 1; step <= 5; step++)
        {
          g_autofree char *name = g_strdup_printf ("wizard-%u-%s", step, styles[i].name);

          app_fixture_wait (is_valid, get_page (wizard), WAIT);
          app_shot_write (GTK_WIDGET (window), name);
          if (step < 5)
            next_page (wizard);
        }
      app_fixture_close_window (window);
    }
  app_shot_apply (NULL, &APP_SHOT_WIDE);
}

int
main (int argc, char **argv)
{
  app_fixture_init (&argc, &argv);
  g_test_add_func ("/wizard/pictures", test_pictures);
  return app_fixture_run ();
}
