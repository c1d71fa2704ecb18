/* test-wizard.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "core/refract-data.h"
#include "core/refract-json.h"
#include "wizard/refract-wizard-depth-page.h"
#include "wizard/refract-wizard-kv-page.h"
#include "wizard/refract-window-wizard.h"
#include "wizard-fixture.h"

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

static gboolean
is_gone (gpointer watched)
{
  return *(gpointer *) watched == NULL;
}

static gboolean
shows_wizard (gpointer window)
{
  return REFRACT_IS_WIZARD (adw_application_window_get_visible_dialog (window));
}

/* ---- Whole walks ---- */

static gboolean
is_idle (gpointer queue)
{
  return !refract_audit_queue_get_busy (queue);
}

static char *
plan_text (RefractPlan *plan)
{
  g_autoptr (JsonObject) object = refract_plan_to_json (plan, TRUE);

  return refract_json_to_text (object, TRUE);
}

static void
assert_plan (RefractPlan *plan, RefractPlan *expected)
{
  g_autofree char *text = plan_text (plan);
  g_autofree char *expected_text = plan_text (expected);

  g_assert_cmpstr (text, ==, expected_text);
}

/* What a screen reader finds in a row with a number. */
static void
assert_spin_button (gpointer row)
{
  gpointer spin = get_child (row, "spin");

  gtk_test_accessible_assert_role (spin, GTK_ACCESSIBLE_ROLE_SPIN_BUTTON);
  gtk_test_accessible_assert_relation (spin, GTK_ACCESSIBLE_RELATION_LABELLED_BY,
                                       get_child (row, "title"), NULL);
}

/* From nothing to a started audit, by what a person would click and type. */
static void
test_walk (void)
{
  static const char *const candidates[]
      = { "ctk=q8_0,ctv=q8_0", "ctk=q8_0,ctv=q4_0", "ctk=q5_1,ctv=q5_1,attn_rot_k=0", NULL };
  RefractAuditQueue *queue = refract_application_get_queue (app_fixture);
  RefractWindow *window = app_fixture_open_window ();
  RefractWizard *wizard = present_wizard (window, NULL);
  g_autoptr (RefractWizardState) state = g_object_ref (refract_wizard_get_state (wizard));
  g_autoptr (RefractPlan) expected = demo_plan ();
  g_autofree char *haystack = refract_data_dup_path ("demo/haystack.txt");
  g_auto (GStrv) recent = NULL;
  gpointer watched = wizard;
  RefractWizardPage *page = get_page (wizard);
  RefractWizardKvRow *row;

  g_object_add_weak_pointer (G_OBJECT (wizard), &watched);
  g_assert_nonnull (refract_wizard_page_get_problem (page));
  refract_wizard_page_go_on (page);
  g_assert_true (get_page (wizard) == page);
  g_signal_emit_by_name (get_child (page, "demo_row"), "activated");
  next_page (wizard);

  page = get_page (wizard);
  g_object_set (get_child (page, "layers_row"), "value", 3.0, NULL);
  assert_spin_button (get_child (page, "layers_row"));
  next_page (wizard);

  page = get_page (wizard);
  gtk_widget_activate_action (GTK_WIDGET (page), "kv.add", "s", "q8_0/q4_0;q5_1/q5_1;q8_0/q8_0");
  row = find_row (get_child (page, "candidates_group"), "ctk=q5_1,ctv=q5_1");
  gtk_editable_set_text (get_child (row, "others_row"), "attn_rot_k=0");
  adw_switch_row_set_active (get_child (page, "control_row"), TRUE);
  g_object_set (get_child (page, "threshold_row"), "value", 85.0, NULL);
  g_object_set (get_child (page, "budget_row"), "value", 2.0, NULL);
  next_page (wizard);

  page = get_page (wizard);
  adw_toggle_group_set_active_name (get_child (page, "preset_group"), "full");
  gtk_editable_set_text (get_child (page, "lengths_row"), "512,1024");
  gtk_editable_set_text (get_child (page, "seed_row"), "43");
  g_object_set (get_child (page, "n_predict_row"), "value", 8.0, NULL);
  g_object_set (get_child (page, "chunks_row"), "value", 4.0, NULL);
  g_object_set (get_child (page, "kv_budget_row"), "value", 256.0, NULL);
  adw_combo_row_set_selected (get_child (page, "prompt_mode_row"), 1);
  adw_switch_row_set_active (get_child (page, "strict_floor_row"), TRUE);
  next_page (wizard);

  g_object_set (expected, "haystack", haystack, "n-gpu-layers", G_GINT64_CONSTANT (3), "candidates",
                candidates, "control", "ctk=q4_0,ctv=q4_0,attn_rot_disable=1", "threshold", 85.0,
                "max-bytes-per-token", 2048.0, "axes", "trajectory,kld,rniah,plad", "measure-floor",
                TRUE, "strict-floor", TRUE, "rniah-lengths", "512,1024", "seed",
                G_GINT64_CONSTANT (43), "n-predict", G_GINT64_CONSTANT (8), "chunks",
                G_GINT64_CONSTANT (4), "kv-budget", (gint64) 256 << 20, "prompt-mode", "chat",
                NULL);
  page = get_page (wizard);
  app_fixture_wait (is_valid, page, WAIT);
  assert_plan (refract_wizard_state_get_plan (state), expected);
  g_assert_nonnull (
      strstr (gtk_label_get_label (get_child (page, "sentence_label")), "3 KV configurations"));
  g_assert_nonnull (strstr (gtk_label_get_label (get_child (page, "command_label")),
                            "--candidate ctk=q8_0,ctv=q4_0"));

  refract_wizard_page_go_on (page);
  g_assert_true (refract_audit_queue_get_busy (queue));
  assert_plan (refract_run_item_get_plan (refract_audit_queue_get_running (queue)), expected);
  recent = g_settings_get_strv (refract_application_get_settings (app_fixture), "recent-models");
  g_assert_cmpuint (g_strv_length (recent), ==, 1);
  refract_audit_queue_stop_all (queue);
  app_fixture_wait (is_idle, queue, WAIT);
  app_fixture_close_window (window);
  g_assert_null (watched);
}

/* ---- What cannot be run ---- */

static void
test_bad_model (void)
{
  RefractWindow *window = app_fixture_open_window ();
  RefractWizard *wizard = present_wizard (window, NULL);
  RefractPlan *plan = refract_wizard_state_get_plan (refract_wizard_get_state (wizard));
  RefractWizardPage *page = get_page (wizard);
  g_autofree char *text = refract_data_dup_path ("demo/corpus.txt");
  g_autofree char *model = refract_data_dup_path ("demo/model.gguf");

  g_object_set (plan, "model", text, NULL);
  wait_for_stack (get_child (page, "state_stack"), "failed");
  g_assert_nonnull (refract_wizard_page_get_problem (page));
  g_assert_nonnull (strstr (adw_action_row_get_subtitle (get_child (page, "name_row")), "GGUF"));

  g_object_set (plan, "model", model, NULL);
  wait_for_stack (get_child (page, "state_stack"), "loaded");
  g_assert_null (refract_wizard_page_get_problem (page));

  /* the later answer counts */
  g_object_set (plan, "model", text, NULL);
  g_object_set (plan, "model", model, NULL);
  wait_for_stack (get_child (page, "state_stack"), "loaded");
  g_assert_nonnull (refract_wizard_state_get_model (refract_wizard_get_state (wizard)));
  app_fixture_close_window (window);
}

static void
test_no_engine (void)
{
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (RefractPlan) plan = demo_plan ();
  RefractWizard *wizard;
  RefractWizardPage *page;

  g_object_set (plan, "engine-dir", g_get_tmp_dir (), NULL);
  wizard = present_wizard (window, plan);
  g_set_object (&plan, refract_wizard_state_get_plan (refract_wizard_get_state (wizard)));
  next_page (wizard);
  page = get_page (wizard);
  wait_for_stack (get_child (page, "checking_stack"), "idle");
  g_assert_nonnull (refract_wizard_page_get_problem (page));
  g_assert_true (gtk_widget_get_visible (get_child (page, "install_group")));
  app_shot_write (GTK_WIDGET (window), "wizard-no-engine");

  /* back to what is on this machine */
  g_signal_emit_by_name (get_child (page, "default_button"), "clicked");
  g_assert_null (refract_plan_get_string (plan, "engine-dir"));
  app_fixture_wait (is_valid, page, WAIT);
  g_assert_false (gtk_widget_get_visible (get_child (page, "install_group")));

  /* a flag that this build does not have */
  gtk_editable_set_text (get_child (page, "flags_row"), "--no-such-flag");
  g_signal_emit_by_name (get_child (page, "flags_row"), "apply");
  g_assert_cmpstr (refract_plan_get_string (plan, "engine-flags"), ==, "--no-such-flag");
  wait_for_stack (get_child (page, "checking_stack"), "idle");
  g_assert_nonnull (refract_wizard_page_get_problem (page));
  g_assert_null (refract_wizard_state_get_engine (refract_wizard_get_state (wizard)));
  app_fixture_close_window (window);
}

static void
test_bad_kv (void)
{
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (RefractPlan) plan = demo_plan ();
  RefractWizard *wizard;
  RefractWizardPage *page;
  RefractWizardKvRow *row;
  GtkEditable *others;

  g_object_set (plan, "control", "ctk=q4_1,ctv=q4_1", NULL);
  wizard = present_wizard (window, plan);
  next_page (wizard);
  next_page (wizard);
  page = get_page (wizard);
  g_assert_null (refract_wizard_page_get_problem (page));

  row = find_row (get_child (page, "candidates_group"), "ctk=q4_0,ctv=q4_0");
  others = get_child (row, "others_row");
  gtk_editable_set_text (others, "model=x");
  g_assert_true (refract_wizard_kv_row_is_error (row));
  g_assert_nonnull (refract_wizard_page_get_problem (page));
  gtk_editable_set_text (others, "fa=off");
  g_assert_true (refract_wizard_kv_row_is_error (row));
  g_assert_nonnull (strstr (adw_expander_row_get_subtitle (ADW_EXPANDER_ROW (row)), "flash"));
  gtk_editable_set_text (others, "");
  g_assert_null (refract_wizard_page_get_problem (page));

  /* the same twice, and the control among the candidates */
  refract_wizard_kv_row_set_text (row, "q8_0/q8_0");
  g_signal_emit_by_name (row, "changed");
  g_assert_true (refract_wizard_kv_row_is_error (row));
  app_shot_write (GTK_WIDGET (window), "wizard-bad-kv");
  refract_wizard_kv_row_set_text (row, "q4_1/q4_1");
  g_signal_emit_by_name (row, "changed");
  g_assert_false (refract_wizard_kv_row_is_error (row));
  g_assert_nonnull (refract_wizard_page_get_problem (page));
  adw_switch_row_set_active (get_child (page, "control_row"), FALSE);
  g_assert_null (refract_wizard_page_get_problem (page));

  /* a type that the engine does not have is shown, and refused */
  refract_wizard_kv_row_set_text (row, "turbo4/q8_0");
  g_signal_emit_by_name (row, "changed");
  g_assert_true (refract_wizard_kv_row_is_error (row));

  g_signal_emit_by_name (row, "remove");
  g_assert_null (refract_wizard_page_get_problem (page));
  g_signal_emit_by_name (find_row (get_child (page, "candidates_group"), "ctk=q8_0,ctv=q8_0"),
                         "remove");
  g_assert_nonnull (refract_wizard_page_get_problem (page));
  app_fixture_close_window (window);
}

static gboolean
has_problem (gpointer page)
{
  return !is_valid (page);
}

static void
test_bad_depth (void)
{
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (RefractPlan) plan = demo_plan ();
  RefractWizard *wizard = present_wizard (window, plan);
  RefractPlan *own = refract_wizard_state_get_plan (refract_wizard_get_state (wizard));
  RefractWizardPage *page;

  for (guint i = 0; i < 3; i++)
    next_page (wizard);
  page = get_page (wizard);
  app_fixture_wait (is_valid, page, WAIT);

  gtk_editable_set_text (get_child (page, "ctx_row"), "512,many");
  app_fixture_wait (has_problem, page, WAIT);
  g_assert_nonnull (strstr (refract_wizard_page_get_problem (page), "many"));
  gtk_editable_set_text (get_child (page, "ctx_row"), "");
  app_fixture_wait (is_valid, page, WAIT);
  g_assert_cmpstr (refract_plan_get_string (own, "ctx"), ==, "512");

  g_object_set (own, "corpus", "/no/such/file", NULL);
  app_fixture_wait (has_problem, page, WAIT);
  gtk_widget_activate_action (GTK_WIDGET (page), "depth.bundled", "s", "corpus");
  app_fixture_wait (is_valid, page, WAIT);

  /* lengths above the model's context leave nothing to measure */
  adw_expander_row_set_enable_expansion (get_child (page, "rniah_row"), TRUE);
  g_assert_cmpstr (adw_toggle_group_get_active_name (get_child (page, "preset_group")), ==,
                   "custom");
  gtk_editable_set_text (get_child (page, "lengths_row"), "65536");
  app_fixture_wait (has_problem, page, WAIT);
  adw_toggle_group_set_active_name (get_child (page, "preset_group"), "quick");
  app_fixture_wait (is_valid, page, WAIT);
  g_assert_cmpstr (refract_plan_get_string (own, "axes"), ==, "trajectory,kld");
  /* a preset changes no parameter */
  g_assert_cmpstr (refract_plan_get_string (own, "rniah-lengths"), ==, "65536");

  gtk_editable_set_text (get_child (page, "seed_row"), "x");
  g_assert_true (gtk_widget_has_css_class (get_child (page, "seed_row"), "error"));
  g_assert_cmpint (refract_plan_get_int (own, "seed"), ==, 42);

  /* the last axis cannot be switched off */
  adw_expander_row_set_enable_expansion (get_child (page, "kld_row"), FALSE);
  adw_expander_row_set_enable_expansion (get_child (page, "trajectory_row"), FALSE);
  g_assert_cmpstr (refract_plan_get_string (own, "axes"), ==, "trajectory");
  g_assert_true (adw_expander_row_get_enable_expansion (get_child (page, "trajectory_row")));
  app_fixture_close_window (window);
}

/* ---- Closing ---- */

static void
test_close (void)
{
  RefractWindow *window = app_fixture_open_window ();
  RefractWizard *wizard = present_wizard (window, NULL);
  gpointer watched = wizard;
  RefractPlan *plan;

  g_object_add_weak_pointer (G_OBJECT (wizard), &watched);
  adw_dialog_close (ADW_DIALOG (wizard));
  app_fixture_wait (is_gone, &watched, WAIT);

  wizard = present_wizard (window, NULL);
  plan = refract_wizard_state_get_plan (refract_wizard_get_state (wizard));
  g_object_set (plan, "chunks", G_GINT64_CONSTANT (7), NULL);
  adw_dialog_close (ADW_DIALOG (wizard));
  app_shot_settle (GTK_WIDGET (window));
  g_assert_true (ADW_IS_ALERT_DIALOG (
      adw_application_window_get_visible_dialog (ADW_APPLICATION_WINDOW (window))));
  app_shot_write (GTK_WIDGET (window), "wizard-discard");
  app_fixture_close_window (window);
}

/* ---- From a report ---- */

static void
test_import (void)
{
  static const char text[]
      = "{\"schema\":\"refract.report.v0.3.1\",\"model\":\"gone.gguf\",\"composite\":90,"
        "\"axes\":{\"gtm\":{\"score\":90}},\"extension\":{\"version\":1,\"plan\":{"
        "\"version\":1,\"engine_dir\":\"/tmp/evil\",\"engine_flags\":\"--rpc <b>evil</b>\","
        "\"launcher\":\"sudo\",\"candidates\":[\"q8_0/q8_0\",\"q4_0/q4_0,x=1\"]}}}";
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractReport) report = refract_report_new_from_text (text, strlen (text), &error);
  RefractWizard *wizard;
  RefractWizardPage *page;
  RefractPlan *plan;
  GtkWidget *button;

  g_assert_no_error (error);
  refract_window_edit_plan (window, report);
  app_fixture_wait (shows_wizard, window, WAIT);
  wizard = REFRACT_WIZARD (
      adw_application_window_get_visible_dialog (ADW_APPLICATION_WINDOW (window)));
  plan = refract_wizard_state_get_plan (refract_wizard_get_state (wizard));
  page = get_page (wizard);
  g_assert_nonnull (strstr (refract_wizard_page_get_problem (page), "gone.gguf"));
  g_signal_emit_by_name (get_child (page, "demo_row"), "activated");
  next_page (wizard);

  page = get_page (wizard);
  app_fixture_wait (is_valid, page, WAIT);
  g_assert_null (refract_plan_get_string (plan, "engine-dir"));
  g_assert_null (refract_plan_get_string (plan, "engine-flags"));
  app_shot_write (GTK_WIDGET (window), "wizard-claims");
  button = widget_find (get_child (page, "claims_group"), widget_is_button, "Use");
  g_signal_emit_by_name (button, "clicked");
  g_assert_cmpstr (refract_plan_get_string (plan, "engine-dir"), ==, "/tmp/evil");
  g_assert_null (refract_plan_get_string (plan, "engine-flags"));
  wait_for_stack (get_child (page, "checking_stack"), "idle");
  g_assert_nonnull (refract_wizard_page_get_problem (page));
  g_object_set (plan, "engine-dir", NULL, NULL);
  next_page (wizard);

  page = get_page (wizard);
  g_assert_true (gtk_widget_get_visible (get_child (page, "refused_group")));
  g_assert_nonnull (find_row (get_child (page, "candidates_group"), "ctk=q8_0,ctv=q8_0"));
  g_assert_null (find_row (get_child (page, "candidates_group"), "ctk=q4_0,ctv=q4_0"));
  app_shot_write (GTK_WIDGET (window), "wizard-refused");
  app_fixture_close_window (window);
}

/* ---- Pictures ---- */

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
  /* where nobody looks, the narrowest with the largest text has to fit, and that is all */
  for (guint i = g_getenv ("REFRACT_SHOTS") != NULL ? 0 : G_N_ELEMENTS (styles) - 1;
       i < G_N_ELEMENTS (styles); i++)
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
  g_test_add_func ("/wizard/walk", test_walk);
  g_test_add_func ("/wizard/bad-model", test_bad_model);
  g_test_add_func ("/wizard/no-engine", test_no_engine);
  g_test_add_func ("/wizard/bad-kv", test_bad_kv);
  g_test_add_func ("/wizard/bad-depth", test_bad_depth);
  g_test_add_func ("/wizard/close", test_close);
  g_test_add_func ("/wizard/import", test_import);
  g_test_add_func ("/wizard/pictures", test_pictures);
  return app_fixture_run ();
}
