/* test-keyring.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "core/refract-json.h"
#include "engine/refract-server-key.h"
#include "refract-keyring.h"
#include "wizard-fixture.h"
#include "wizard/refract-wizard-python-group.h"

#define BASE "https://one.example:8000"
#define OTHER_BASE "http://two.example:8001"
#define KEY "sk-not for all to see"

static RefractPlan *
make_plan (void)
{
  RefractPlan *plan = refract_plan_new ();

  g_object_set (plan, "reference-url", BASE "/v1/", "candidate-url", OTHER_BASE, NULL);
  return plan;
}

/* In a window: (transfer none) */
static RefractWizardPythonGroup *
show_group (RefractPlan *plan)
{
  GtkWidget *window = gtk_window_new ();
  RefractWizardPythonGroup *group = g_object_new (REFRACT_TYPE_WIZARD_PYTHON_GROUP, NULL);

  refract_wizard_python_group_set_plan (group, plan);
  refract_wizard_python_group_show (group, NULL, TRUE);
  adw_expander_row_set_expanded (get_child (group, "servers_row"), TRUE);
  gtk_window_set_child (GTK_WINDOW (window), GTK_WIDGET (group));
  gtk_window_present (GTK_WINDOW (window));
  return group;
}

static void
close_group (RefractWizardPythonGroup *group)
{
  gtk_window_destroy (GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (group))));
}

typedef struct
{
  const char *base;
  const char *key; /* nullable */
} Wanted;

static gpointer
look_up (gpointer base)
{
  return refract_server_key_dup (base, NULL);
}

/* As an audit's thread finds it. */
static gboolean
is_found (gpointer data)
{
  const Wanted *wanted = data;
  GThread *thread = g_thread_new ("audit", look_up, (gpointer) wanted->base);
  g_autofree char *found = g_thread_join (thread);

  return g_strcmp0 (found, wanted->key) == 0;
}

static void
wait_for_key (const char *base, const char *key)
{
  Wanted wanted = { base, key };

  app_fixture_wait (is_found, &wanted, WAIT);
}

static gboolean
is_active (gpointer row)
{
  return adw_switch_row_get_active (row);
}

static void
forget_session (void)
{
  refract_server_key_set (BASE, NULL);
  refract_server_key_set (OTHER_BASE, NULL);
}

/* A key that is to be remembered is there for audits and windows of later, and nowhere else. */
static void
test_remember (void)
{
  g_autoptr (RefractPlan) plan = make_plan ();
  g_autoptr (JsonObject) object = NULL;
  g_autofree char *text = NULL;
  RefractWizardPythonGroup *group = show_group (plan);

  g_assert_true (gtk_widget_get_sensitive (get_child (group, "remember_row")));
  gtk_editable_set_text (get_child (group, "key_row"), KEY);
  g_signal_emit_by_name (get_child (group, "key_row"), "apply");
  wait_for_key (BASE, KEY);
  forget_session ();
  wait_for_key (BASE, NULL); /* for this session only */

  adw_switch_row_set_active (get_child (group, "remember_row"), TRUE);
  wait_for_key (BASE, KEY);
  wait_for_key (OTHER_BASE, KEY);
  object = refract_plan_to_json (plan, TRUE);
  text = refract_json_to_text (object, TRUE);
  g_assert_null (strstr (text, KEY));
  close_group (group);

  /* the next one shows it, and forgets it when told so */
  group = show_group (plan);
  app_fixture_wait (is_active, get_child (group, "remember_row"), WAIT);
  g_assert_cmpstr (gtk_editable_get_text (get_child (group, "key_row")), ==, KEY);
  adw_switch_row_set_active (get_child (group, "remember_row"), FALSE);
  wait_for_key (BASE, NULL);
  wait_for_key (OTHER_BASE, NULL);
  close_group (group);
}

/* A key goes to no server that it was not written for. */
static void
test_other_address (void)
{
  g_autoptr (RefractPlan) plan = make_plan ();
  RefractWizardPythonGroup *group = show_group (plan);

  gtk_editable_set_text (get_child (group, "key_row"), KEY);
  g_signal_emit_by_name (get_child (group, "key_row"), "apply");
  g_object_set (plan, "reference-url", "https://evil.example", NULL);
  g_assert_cmpstr (gtk_editable_get_text (get_child (group, "key_row")), ==, "");
  wait_for_key ("https://evil.example", NULL);
  wait_for_key (OTHER_BASE, KEY);
  forget_session ();
  close_group (group);
}

int
main (int argc, char **argv)
{
  app_fixture_init (&argc, &argv);
  g_unsetenv ("REFRACT_SERVER_KEY");
  refract_keyring_init ();
  g_test_add_func ("/keyring/remember", test_remember);
  g_test_add_func ("/keyring/other-address", test_other_address);
  return app_fixture_run ();
}
