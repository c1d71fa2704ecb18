/* test-preferences.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Every row acts: on the settings, on the plan of a new audit, on colours, on the disk. */

#include "config.h"

#include <glib/gstdio.h>

#include "app-fixture.h"
#include "app-shot.h"
#include "audit/refract-journal.h"
#include "preferences/refract-defaults.h"
#include "preferences/refract-engine-group.h"
#include "preferences/refract-preferences-dialog.h"
#include "preferences/refract-storage-group.h"
#include "widget-fixture.h"

typedef struct
{
  GtkWindow *window;
  GtkWidget *dialog;
  GtkWidget *engine;
  GtkWidget *storage;
} Fixture;

static gpointer
child (GtkWidget *widget, const char *name)
{
  return gtk_widget_get_template_child (widget, G_OBJECT_TYPE (widget), name);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  GSettings *settings = refract_application_get_settings (app_fixture);
  g_auto (GStrv) keys = NULL;
  g_autoptr (GSettingsSchema) schema = NULL;

  g_object_get (settings, "settings-schema", &schema, NULL);
  keys = g_settings_schema_list_keys (schema);
  for (guint i = 0; keys[i] != NULL; i++)
    g_settings_reset (settings, keys[i]);
  self->dialog = GTK_WIDGET (refract_preferences_dialog_new (settings));
  self->window = app_shot_present (self->dialog, &APP_SHOT_WIDE);
  self->engine = child (self->dialog, "engine_group");
  self->storage = child (self->dialog, "storage_group");
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  gpointer watched = self->dialog;

  g_object_add_weak_pointer (G_OBJECT (self->dialog), &watched);
  gtk_window_destroy (self->window);
  while (g_main_context_iteration (NULL, FALSE) || watched != NULL)
    ;
}

static void
test_plan (Fixture *self, gconstpointer data)
{
  GSettings *settings = refract_application_get_settings (app_fixture);
  g_autoptr (RefractPlan) before = refract_defaults_new_plan (settings);
  g_autoptr (RefractPlan) after = NULL;

  g_assert_cmpstr (refract_plan_get_string (before, "axes"), ==, "trajectory,kld");
  g_assert_cmpint (refract_plan_get_int (before, "n-gpu-layers"), ==, -1);
  g_assert_null (refract_plan_get_string (before, "engine-flags"));
  g_assert_null (refract_plan_get_string (before, "engine-dir"));

  adw_combo_row_set_selected (child (self->dialog, "preset_row"), 1);
  g_object_set (child (self->engine, "gpu_row"), "value", 12.0, NULL);
  gtk_editable_set_text (child (self->engine, "flags_row"), "--numa 'one two'");
  g_signal_emit_by_name (child (self->engine, "flags_row"), "apply");
  g_settings_set_string (settings, "engine-dir", "/nowhere");

  after = refract_defaults_new_plan (settings);
  g_assert_cmpstr (refract_plan_get_string (after, "axes"), ==, "trajectory,kld,rniah,plad");
  g_assert_true (refract_plan_get_boolean (after, "measure-floor"));
  g_assert_cmpint (refract_plan_get_int (after, "n-gpu-layers"), ==, 12);
  g_assert_cmpstr (refract_plan_get_string (after, "engine-flags"), ==, "--numa 'one two'");
  g_assert_cmpstr (refract_plan_get_string (after, "engine-dir"), ==, "/nowhere");
}

/* Flags that no shell could split are not taken, and the row says so. */
static void
test_bad_flags (Fixture *self, gconstpointer data)
{
  GtkWidget *row = child (self->engine, "flags_row");
  g_autofree char *flags = NULL;

  app_shot_apply (self->window, &APP_SHOT_LARGE_TEXT);
  gtk_editable_set_text (GTK_EDITABLE (row), "--numa 'one");
  g_signal_emit_by_name (row, "apply");
  app_shot_settle (self->dialog);
  g_assert_nonnull (
      widget_find (self->window, widget_is_whole_in_toast, "A quotation mark or backslash"));
  app_shot_write (GTK_WIDGET (self->window), "preferences-bad-flags");
  flags = g_settings_get_string (refract_application_get_settings (app_fixture), "engine-flags");
  g_assert_cmpstr (flags, ==, "");
  g_assert_true (gtk_widget_has_css_class (row, "error"));

  gtk_editable_set_text (GTK_EDITABLE (row), "");
  g_signal_emit_by_name (row, "apply");
  g_assert_false (gtk_widget_has_css_class (row, "error"));
}

static void
test_colours (Fixture *self, gconstpointer data)
{
  AdwStyleManager *manager = adw_style_manager_get_default ();

  adw_combo_row_set_selected (child (self->dialog, "color_scheme_row"), 2);
  g_assert_true (adw_style_manager_get_dark (manager));
  adw_combo_row_set_selected (child (self->dialog, "color_scheme_row"), 1);
  g_assert_false (adw_style_manager_get_dark (manager));
  g_assert_cmpint (
      g_settings_get_enum (refract_application_get_settings (app_fixture), "color-scheme"), ==, 1);
}

static void
test_gpu_word (Fixture *self, gconstpointer data)
{
  GtkWidget *row = child (child (self->engine, "gpu_row"), "spin");

  g_assert_cmpstr (gtk_editable_get_text (GTK_EDITABLE (row)), ==, "Auto");
  gtk_editable_set_text (GTK_EDITABLE (row), "7");
  gtk_spin_button_update (GTK_SPIN_BUTTON (row));
  g_assert_cmpfloat (gtk_spin_button_get_value (GTK_SPIN_BUTTON (row)), ==, 7);
  gtk_editable_set_text (GTK_EDITABLE (row), "Auto");
  gtk_spin_button_update (GTK_SPIN_BUTTON (row));
  g_assert_cmpfloat (gtk_spin_button_get_value (GTK_SPIN_BUTTON (row)), ==, -1);
}

static gboolean
engine_is_missing (gpointer row)
{
  return g_str_equal (adw_preferences_row_get_title (row), "No Engine Found");
}

static void
test_engine_missing (Fixture *self, gconstpointer data)
{
  AdwActionRow *row = child (self->engine, "found_row");

  g_settings_set_string (refract_application_get_settings (app_fixture), "engine-dir", "/nowhere");
  app_fixture_wait (engine_is_missing, row, 20);
  g_assert_nonnull (strstr (adw_action_row_get_subtitle (row), "/nowhere"));
  g_assert_true (gtk_widget_get_visible (child (self->engine, "reset_button")));
}

static gboolean
is_sensitive (gpointer widget)
{
  return gtk_widget_get_sensitive (widget);
}

static gboolean
is_none (gpointer row)
{
  return g_strcmp0 (adw_action_row_get_subtitle (row), "None") == 0;
}

/* A journal that a stopped audit left behind is counted, and gone after Clear and Delete. */
static void
test_clear (Fixture *self, gconstpointer data)
{
  GSettings *settings = refract_application_get_settings (app_fixture);
  g_autofree char *folder = g_dir_make_tmp ("refract-runs-XXXXXX", NULL);
  g_autofree char *run = g_build_filename (folder, "run", NULL);
  g_autofree char *journal = g_build_filename (run, "journal.jsonl", NULL);
  g_autofree char *in_use = NULL;
  GtkWidget *button = child (self->storage, "clear_button");
  AdwDialog *question;

  g_assert_cmpint (g_mkdir (run, 0700), ==, 0);
  g_assert_true (g_file_set_contents (journal, "{\"progress\":0.5}\n", -1, NULL));
  g_settings_set_string (settings, "runs-folder", folder);
  in_use = refract_journal_dup_runs_folder ();
  g_assert_cmpstr (in_use, ==, folder);

  app_fixture_wait (is_sensitive, button, 10);
  g_signal_emit_by_name (button, "clicked");
  question = adw_window_get_visible_dialog (ADW_WINDOW (self->window));
  g_assert_true (ADW_IS_ALERT_DIALOG (question));
  g_signal_emit_by_name (question, "response", "cancel");
  g_assert_true (g_file_test (journal, G_FILE_TEST_EXISTS));
  g_signal_emit_by_name (question, "response", "delete");
  app_fixture_wait (is_none, child (self->storage, "unfinished_row"), 10);
  g_assert_false (g_file_test (run, G_FILE_TEST_EXISTS));

  g_settings_reset (settings, "runs-folder");
  g_rmdir (folder);
}

static void
test_pictures (Fixture *self, gconstpointer data)
{
  GtkWidget *row = child (self->engine, "found_row");
  int minimum;

  while (g_str_has_prefix (adw_preferences_row_get_title (ADW_PREFERENCES_ROW (row)), "Looking"))
    g_main_context_iteration (NULL, TRUE);
  app_shot_write (GTK_WIDGET (self->window), "preferences-light");
  app_shot_apply (self->window, &APP_SHOT_DARK);
  app_shot_write (GTK_WIDGET (self->window), "preferences-dark");
  app_shot_apply (self->window, &APP_SHOT_LARGE_TEXT);
  app_shot_write (GTK_WIDGET (self->window), "preferences-narrow-large-text");
  gtk_widget_measure (self->dialog, GTK_ORIENTATION_HORIZONTAL, -1, &minimum, NULL, NULL, NULL);
  g_assert_cmpint (minimum, <=, 360);
  app_shot_apply (NULL, &APP_SHOT_WIDE);
}

#define ADD(name, func) g_test_add ("/preferences/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  app_fixture_init (&argc, &argv);
  ADD ("plan", test_plan);
  ADD ("bad-flags", test_bad_flags);
  ADD ("colours", test_colours);
  ADD ("gpu-word", test_gpu_word);
  ADD ("engine-missing", test_engine_missing);
  ADD ("clear", test_clear);
  ADD ("pictures", test_pictures);
  return app_fixture_run ();
}
