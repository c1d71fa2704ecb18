/* test-wizard-folder.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gstdio.h>

#include "core/refract-data.h"
#include "core/refract-json.h"
#include "engine/refract-server-key.h"
#include "wizard-fixture.h"

typedef struct
{
  char *folder;
  char *model;
  char *python;
} Folders;

static void
put (const Folders *folders, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folders->folder, name, NULL);
  g_autofree char *parent = g_path_get_dirname (path);

  g_assert_cmpint (g_mkdir_with_parents (parent, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
install (const Folders *folders, const char *package)
{
  g_autofree char *name
      = g_strdup_printf ("env/lib/python3.12/site-packages/%s.dist-info/METADATA", package);

  put (folders, name, "");
}

static void
make_folders (Folders *folders)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *program = NULL;

  folders->folder = g_dir_make_tmp ("refract-wizard-XXXXXX", &error);
  g_assert_no_error (error);
  folders->model = g_build_filename (folders->folder, "Tiny-1B", NULL);
  folders->python = g_build_filename (folders->folder, "env", NULL);
  put (folders, "Tiny-1B/config.json",
       "{\"model_type\":\"llama\",\"hidden_size\":256,\"num_hidden_layers\":4,"
       "\"num_attention_heads\":4,\"num_key_value_heads\":2,\"vocab_size\":1024,"
       "\"max_position_embeddings\":4096,\"dtype\":\"bfloat16\","
       "\"auto_map\":{\"AutoModel\":\"own.Model\"}}");
  put (folders, "Tiny-1B/model.safetensors", "weights");
  put (folders, "env/pyvenv.cfg", "");
  put (folders, "env/bin/python3", "#!/bin/sh\nexit 1\n");
  program = g_build_filename (folders->python, "bin", "python3", NULL);
  g_assert_cmpint (g_chmod (program, 0700), ==, 0);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_assert_cmpint (g_remove (path), ==, 0);
}

static void
clear_folders (Folders *folders)
{
  remove_tree (folders->folder);
  g_free (folders->folder);
  g_free (folders->model);
  g_free (folders->python);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Folders, clear_folders)

static RefractPlan *
folder_plan (const Folders *folders)
{
  static const char *const candidates[]
      = { "ctk=q8_0,ctv=q8_0", "ctk=q8_0,ctv=q4_0", "ctk=q8_0,ctv=q8_0,fa=on", NULL };
  g_autofree char *corpus = refract_data_dup_path ("demo/corpus.txt");
  RefractPlan *plan = refract_plan_new ();

  g_object_set (plan, "model", folders->model, "python", folders->python, "corpus", corpus,
                "candidates", candidates, NULL);
  return plan;
}

static void
choose_engine (gpointer page, const char *title)
{
  AdwComboRow *row = get_child (page, "backend_row");
  guint index = gtk_string_list_find (GTK_STRING_LIST (adw_combo_row_get_model (row)), title);

  g_assert_cmpuint (index, !=, G_MAXUINT);
  adw_combo_row_set_selected (row, index);
  wait_for_stack (get_child (page, "checking_stack"), "idle");
}

static gboolean
row_is_titled (GtkWidget *widget, gconstpointer title)
{
  return ADW_IS_PREFERENCES_ROW (widget)
         && g_strcmp0 (adw_preferences_row_get_title (ADW_PREFERENCES_ROW (widget)), title) == 0;
}

static gboolean
has_titled (gpointer group, const char *title)
{
  return widget_find (group, row_is_titled, title) != NULL;
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

/* Where nobody looks, the narrowest with the largest text has to fit, and that is all. */
static void
take_pictures (RefractWindow *window, const char *name)
{
  for (guint i = g_getenv ("REFRACT_SHOTS") != NULL ? 0 : G_N_ELEMENTS (styles) - 1;
       i < G_N_ELEMENTS (styles); i++)
    {
      g_autofree char *full = g_strdup_printf ("%s-%s", name, styles[i].name);

      app_shot_apply (GTK_WINDOW (window), &styles[i].style);
      app_shot_write (GTK_WIDGET (window), full);
    }
  app_shot_apply (GTK_WINDOW (window), &APP_SHOT_WIDE);
}

static gboolean
is_insensitive (gpointer widget)
{
  return !gtk_widget_get_sensitive (widget);
}

/* Where no keyring is, a key is for this session, and in no plan. */
static void
test_key (gpointer page, RefractPlan *plan)
{
  g_autoptr (JsonObject) object = NULL;
  g_autofree char *key = NULL;
  g_autofree char *text = NULL;

  app_fixture_wait (is_insensitive, get_child (page, "remember_row"), WAIT);
  gtk_editable_set_text (get_child (page, "key_row"), "sk-of-mine");
  g_signal_emit_by_name (get_child (page, "key_row"), "apply");
  wait_for_stack (get_child (page, "checking_stack"), "idle");
  key = refract_server_key_dup ("http://127.0.0.1:2", NULL);
  g_assert_cmpstr (key, ==, "sk-of-mine");
  object = refract_plan_to_json (plan, TRUE);
  text = refract_json_to_text (object, TRUE);
  g_assert_null (strstr (text, "sk-of-mine"));
}

/* What is missing for which engine, and what belongs to it. */
static void
test_folder_engine (void)
{
  g_auto (Folders) folders = { NULL };
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (RefractPlan) plan = NULL;
  RefractWizard *wizard;
  RefractWizardPage *page;

  make_folders (&folders);
  plan = folder_plan (&folders);
  wizard = present_wizard (window, plan);
  g_set_object (&plan, refract_wizard_state_get_plan (refract_wizard_get_state (wizard)));
  app_fixture_wait (is_valid, get_page (wizard), WAIT);
  g_assert_cmpstr (adw_preferences_row_get_title (get_child (get_page (wizard), "name_row")), ==,
                   "Tiny-1B");
  take_pictures (window, "wizard-folder-model");
  next_page (wizard);

  /* nothing is installed: every engine that would do, and how to get it */
  page = get_page (wizard);
  wait_for_stack (get_child (page, "checking_stack"), "idle");
  g_assert_true (gtk_widget_get_visible (get_child (page, "install_group")));
  g_assert_true (has_titled (get_child (page, "install_group"), "vLLM, with a GPU"));
  g_assert_true (has_titled (get_child (page, "install_group"), "MLX, on Apple silicon"));
  g_assert_false (has_titled (get_child (page, "install_group"), "Fedora"));
  g_assert_false (gtk_widget_get_visible (get_child (page, "folder_row")));
  g_assert_false (gtk_widget_get_visible (get_child (page, "layers_row")));
  g_assert_true (gtk_widget_get_visible (get_child (page, "servers_row")));
  adw_expander_row_set_expanded (get_child (page, "servers_row"), TRUE);
  take_pictures (window, "wizard-folder-engine");

  /* MLX alone answers at no address, and has no flags */
  choose_engine (page, "MLX");
  g_assert_cmpstr (refract_plan_get_string (plan, "backend"), ==, "mlx");
  g_assert_false (gtk_widget_get_visible (get_child (page, "servers_row")));
  g_assert_false (gtk_widget_get_visible (get_child (page, "flags_row")));
  g_assert_false (has_titled (get_child (page, "install_group"), "vLLM, with a GPU"));

  /* one that does not start is another problem than one that is not there */
  install (&folders, "mlx_lm-0.32.2");
  g_signal_emit_by_name (get_child (page, "default_button"), "clicked");
  g_object_set (plan, "python", folders.python, NULL);
  wait_for_stack (get_child (page, "checking_stack"), "idle");
  g_assert_nonnull (refract_wizard_page_get_problem (page));

  /* its model's code, allowed for this model only */
  g_assert_true (gtk_widget_get_visible (get_child (page, "code_row")));
  adw_switch_row_set_active (get_child (page, "code_row"), TRUE);
  g_assert_true (refract_plan_get_boolean (plan, "allow-model-code"));

  choose_engine (page, "vLLM");
  gtk_editable_set_text (get_child (page, "reference_url_row"), " http://127.0.0.1:1/ ");
  gtk_editable_set_text (get_child (page, "candidate_url_row"), "http://127.0.0.1:2/");
  g_signal_emit_by_name (get_child (page, "candidate_url_row"), "apply");
  g_assert_cmpstr (refract_plan_get_string (plan, "reference-url"), ==, "http://127.0.0.1:1/");
  g_assert_cmpstr (refract_plan_get_string (plan, "candidate-url"), ==, "http://127.0.0.1:2/");
  wait_for_stack (get_child (page, "checking_stack"), "idle");
  g_assert_nonnull (refract_wizard_page_get_problem (page));
  test_key (page, plan);
  take_pictures (window, "wizard-folder-servers");

  /* another model: llama.cpp's */
  {
    g_autofree char *model = refract_data_dup_path ("demo/model.gguf");

    g_object_set (plan, "reference-url", NULL, "candidate-url", NULL, "model", model, NULL);
  }
  app_fixture_wait (is_valid, page, WAIT);
  g_assert_cmpstr (refract_plan_get_string (plan, "backend"), ==, "auto");
  g_assert_false (refract_plan_get_boolean (plan, "allow-model-code"));
  g_assert_true (gtk_widget_get_visible (get_child (page, "folder_row")));
  g_assert_false (gtk_widget_get_visible (get_child (page, "python_group")));
  g_assert_false (gtk_widget_get_visible (get_child (page, "backend_row")));
  app_fixture_close_window (window);
}

/* As if the engine had been found. */
static void
lend_engine (RefractWizard *wizard, const Folders *folders, const char *name, char **types)
{
  RefractWizardState *state = refract_wizard_get_state (wizard);
  const RefractBackendOptions options
      = { .python = folders->python, .n_gpu_layers = -1, .allow_model_code = TRUE };
  const RefractEngineInfo engine
      = { .name = (char *) name, .version = (char *) "1", .build = (char *) "", .kv_types = types };
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractBackend) backend
      = refract_backend_new (name, refract_wizard_state_get_model (state), &options, NULL, &error);

  g_assert_no_error (error);
  refract_wizard_state_set_engine (state, &engine, backend);
}

static void
assert_candidates (RefractPlan *plan, const char *wanted)
{
  g_auto (GStrv) candidates = NULL;
  g_autofree char *text = NULL;

  g_object_get (plan, "candidates", &candidates, NULL);
  text = g_strjoinv (" ", candidates);
  g_assert_cmpstr (text, ==, wanted);
}

/* The rows speak the words of the engine; what was in another's becomes the nearest. */
static void
test_folder_kv (void)
{
  static char *no_types[] = { NULL };
  static char *types[] = { (char *) "auto", (char *) "fp8_e4m3", (char *) "fp8_e5m2", NULL };
  g_auto (Folders) folders = { NULL };
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (RefractPlan) plan = NULL;
  RefractWizard *wizard;
  RefractWizardPage *page;
  RefractWizardKvRow *row;

  make_folders (&folders);
  install (&folders, "vllm-0.32.0");
  plan = folder_plan (&folders);
  g_object_set (plan, "control", "ctk=q4_0,ctv=q4_0,attn_rot_disable=1", "backend", "mlx", NULL);
  wizard = present_wizard (window, plan);
  g_set_object (&plan, refract_wizard_state_get_plan (refract_wizard_get_state (wizard)));
  next_page (wizard);
  wait_for_stack (get_child (get_page (wizard), "checking_stack"), "idle");
  lend_engine (wizard, &folders, "mlx", no_types);
  refract_wizard_page_set_problem (get_page (wizard), NULL);
  next_page (wizard);

  page = get_page (wizard);
  g_assert_null (refract_wizard_page_get_problem (page));
  assert_candidates (plan, "bits=8,group=32 k_bits=8,v_bits=4,group=32");
  g_assert_cmpstr (refract_plan_get_string (plan, "control"), ==, "bits=2,group=32");
  g_assert_nonnull (find_row (get_child (page, "reference_group"), "bits=16"));
  row = find_row (get_child (page, "candidates_group"), "k_bits=8,v_bits=4,group=32");
  g_assert_nonnull (
      strstr (adw_preferences_row_get_title (ADW_PREFERENCES_ROW (row)), "simulated"));
  g_assert_nonnull (strstr (adw_expander_row_get_subtitle (ADW_EXPANDER_ROW (row)), "% less"));
  adw_expander_row_set_expanded (ADW_EXPANDER_ROW (row), TRUE);
  take_pictures (window, "wizard-mlx-kv");

  /* heads of 64 have no group of 128 */
  adw_combo_row_set_selected (get_child (row, "group_row"), 2);
  g_assert_true (refract_wizard_kv_row_is_error (row));
  adw_combo_row_set_selected (get_child (row, "group_row"), 1);
  g_assert_null (refract_wizard_page_get_problem (page));
  gtk_widget_activate_action (GTK_WIDGET (page), "kv.add", "s", "bits=6,group=64;kv=fp8_e4m3");
  assert_candidates (plan, "bits=8,group=32 k_bits=8,v_bits=4,group=64 bits=6,group=64");

  lend_engine (wizard, &folders, "vllm", types);
  assert_candidates (plan, "kv=fp8_e4m3");
  row = find_row (get_child (page, "candidates_group"), "kv=fp8_e4m3");
  g_assert_false (gtk_widget_get_visible (get_child (row, "v_row")));
  g_assert_false (refract_wizard_kv_row_is_error (row));
  g_assert_false (gtk_widget_get_visible (get_child (page, "control_group")));
  g_assert_null (refract_plan_get_string (plan, "control"));
  gtk_editable_set_text (get_child (row, "others_row"), "trust-remote-code=1");
  g_assert_true (refract_wizard_kv_row_is_error (row));
  gtk_editable_set_text (get_child (row, "others_row"), "");
  adw_expander_row_set_expanded (ADW_EXPANDER_ROW (row), TRUE);
  take_pictures (window, "wizard-server-kv");

  /* "auto" is what it is compared with */
  adw_combo_row_set_selected (get_child (row, "k_row"), 2);
  assert_candidates (plan, "kv=fp8_e5m2");
  app_fixture_close_window (window);
}

int
main (int argc, char **argv)
{
  app_fixture_init (&argc, &argv);
  g_test_add_func ("/wizard-folder/engine", test_folder_engine);
  g_test_add_func ("/wizard-folder/kv", test_folder_kv);
  return app_fixture_run ();
}
