/* refract-wizard-model-page.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "core/refract-data.h"
#include "core/refract-kv-config.h"
#include "core/refract-model-finder.h"
#include "core/refract-translate.h"
#include "refract-application.h"
#include "wizard/refract-wizard-model-page.h"

struct _RefractWizardModelPage
{
  RefractWizardPage parent_instance;

  AdwPreferencesGroup *card;
  AdwActionRow *name_row;
  GtkStack *state_stack;
  AdwActionRow *architecture_row;
  AdwActionRow *size_row;
  AdwActionRow *context_row;
  AdwActionRow *heads_row;
  AdwActionRow *kv_row;
  AdwPreferencesGroup *recent_group;
  AdwPreferencesGroup *found_group;
  GtkWidget *found_spinner;
  GtkWidget *none_row;

  GCancellable *cancellable; /* of the model being read */
  GCancellable *searching;
};

G_DEFINE_FINAL_TYPE (RefractWizardModelPage, refract_wizard_model_page, REFRACT_TYPE_WIZARD_PAGE)

static void
choose (RefractWizardModelPage *self, const char *path)
{
  g_object_set (refract_wizard_page_get_plan (REFRACT_WIZARD_PAGE (self)), "model", path, NULL);
}

/* ---- The chosen file ---- */

static void
show_facts (RefractWizardModelPage *self, gboolean shown)
{
  gtk_widget_set_visible (GTK_WIDGET (self->architecture_row), shown);
  gtk_widget_set_visible (GTK_WIDGET (self->size_row), shown);
  gtk_widget_set_visible (GTK_WIDGET (self->context_row), shown);
  gtk_widget_set_visible (GTK_WIDGET (self->heads_row), shown);
  gtk_widget_set_visible (GTK_WIDGET (self->kv_row), shown);
}

static char *
describe_layers (const RefractModelInfo *info)
{
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_append_printf (text, g_dngettext (NULL, "%s, %u layer", "%s, %u layers", info->n_layers),
                          info->architecture, info->n_layers);
  if (info->n_kv_layers != info->n_layers)
    {
      g_string_append (text, ", ");
      g_string_append_printf (text, _ ("%u of them with a KV cache"), info->n_kv_layers);
    }
  if (info->n_window_layers > 0)
    {
      g_string_append (text, ", ");
      g_string_append_printf (text, _ ("%u with a sliding window"), info->n_window_layers);
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static char *
describe_heads (const RefractModelInfo *info)
{
  if (info->latent_attention)
    return g_strdup (_ ("Latent attention"));
  if (info->head_dim_k == info->head_dim_v)
    return g_strdup_printf (_ ("%u KV heads of %u elements"), info->n_kv_heads, info->head_dim_k);
  return g_strdup_printf (_ ("%u KV heads, K of %u and V of %u elements"), info->n_kv_heads,
                          info->head_dim_k, info->head_dim_v);
}

static char *
describe_kv (RefractModel *model)
{
  g_autoptr (RefractKvConfig) f16 = refract_kv_config_parse ("f16/f16", NULL);
  double bytes = refract_kv_config_get_bytes_per_token (f16, model);
  g_autofree char *size = NULL;

  if (bytes < 0)
    return g_strdup (_ ("Known once the engine has run it"));
  size = g_format_size_full ((guint64) (bytes * 1000), G_FORMAT_SIZE_IEC_UNITS);
  return g_strdup_printf (_ ("%s per 1,000 tokens"), size);
}

/* "~/models/…" */
static char *
display_folder (const char *path)
{
  g_autofree char *shown = g_filename_display_name (path);
  const char *home = g_get_home_dir ();

  if (g_str_has_prefix (shown, home) && shown[strlen (home)] == G_DIR_SEPARATOR)
    return g_strconcat ("~", shown + strlen (home), NULL);
  return g_steal_pointer (&shown);
}

static void
show_model (RefractWizardModelPage *self, RefractModel *model)
{
  const RefractModelInfo *info = refract_model_get_info (model);
  g_autofree char *base
      = info->is_directory ? display_folder (info->path) : g_filename_display_basename (info->path);
  g_autofree char *size = g_format_size (info->size_bytes);
  g_autofree char *layers = describe_layers (info);
  g_autofree char *heads = describe_heads (info);
  g_autofree char *kv = describe_kv (model);
  g_autofree char *whole_size
      = info->n_parts > 1
            ? g_strdup_printf (_ ("%s, %s, in %u files"), size, info->quantization, info->n_parts)
            : g_strdup_printf (_ ("%s, %s"), size, info->quantization);
  g_autofree char *n_context = g_strdup_printf ("%" G_GUINT64_FORMAT, info->context_length);
  g_autofree char *context = info->context_length > 0 ? g_strdup_printf (_ ("%s tokens"), n_context)
                                                      : g_strdup (_ ("Not said"));

  gtk_stack_set_visible_child_name (self->state_stack, "loaded");
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->name_row), info->name);
  adw_action_row_set_subtitle (self->name_row, base);
  adw_action_row_set_subtitle (self->architecture_row, layers);
  adw_action_row_set_subtitle (self->size_row, whole_size);
  adw_action_row_set_subtitle (self->context_row, context);
  adw_action_row_set_subtitle (self->heads_row, heads);
  adw_action_row_set_subtitle (self->kv_row, kv);
  show_facts (self, TRUE);
}

static void
read_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  RefractModel *model = refract_model_new_from_file (task_data, cancellable, &error);

  if (model != NULL)
    g_task_return_pointer (task, model, g_object_unref);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static void
read_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RefractWizardModelPage *self = REFRACT_WIZARD_MODEL_PAGE (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractModel) model = g_task_propagate_pointer (G_TASK (result), &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  g_clear_object (&self->cancellable);
  if (model != NULL)
    {
      show_model (self, model);
      refract_wizard_page_set_problem (REFRACT_WIZARD_PAGE (self), NULL);
    }
  else
    {
      g_autofree char *message = refract_translate (error->message);

      gtk_stack_set_visible_child_name (self->state_stack, "failed");
      adw_action_row_set_subtitle (self->name_row, message);
      refract_wizard_page_set_problem (REFRACT_WIZARD_PAGE (self),
                                       _ ("This model cannot be audited. Choose another one."));
    }
  refract_wizard_state_set_model (refract_wizard_page_get_state (REFRACT_WIZARD_PAGE (self)),
                                  model);
}

/* Why there is no model yet: nothing was chosen, or the report's own was not found. */
static void
say_what_is_missing (RefractWizardModelPage *self)
{
  RefractWizardPage *page = REFRACT_WIZARD_PAGE (self);
  RefractPlanImport *import
      = refract_wizard_state_get_import (refract_wizard_page_get_state (page));
  const RefractPlanFile *file
      = import != NULL ? refract_plan_import_get_file (import, "model") : NULL;
  g_autofree char *problem = NULL;

  if (file == NULL)
    problem = g_strdup (_ ("Choose a model to go on."));
  else if (file->other != NULL)
    problem = g_strdup_printf (_ ("The report measured another “%s” than the one found here: "
                                  "choose the model."),
                               file->name);
  else
    problem = g_strdup_printf (_ ("The report measured “%s”, which was not found here: choose the "
                                  "model."),
                               file->name);
  refract_wizard_page_set_problem (page, problem);
}

static void
model_changed (RefractWizardModelPage *self)
{
  RefractPlan *plan = refract_wizard_page_get_plan (REFRACT_WIZARD_PAGE (self));
  const char *path = refract_plan_get_string (plan, "model");
  g_autofree char *base = NULL;
  g_autoptr (GTask) task = NULL;

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  refract_wizard_state_set_model (refract_wizard_page_get_state (REFRACT_WIZARD_PAGE (self)), NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->card), path != NULL);
  if (path == NULL)
    {
      say_what_is_missing (self);
      return;
    }

  base = refract_model_path_dup_name (path);
  show_facts (self, FALSE);
  gtk_stack_set_visible_child_name (self->state_stack, "loading");
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->name_row), base);
  adw_action_row_set_subtitle (self->name_row, "");
  refract_wizard_page_set_problem (REFRACT_WIZARD_PAGE (self), _ ("The model's header is read."));

  self->cancellable = g_cancellable_new ();
  task = g_task_new (self, self->cancellable, read_done, NULL);
  g_task_set_source_tag (task, model_changed);
  g_task_set_task_data (task, g_strdup (path), g_free);
  g_task_run_in_thread (task, read_thread);
}

/* ---- Lists to choose from ---- */

static void
row_activated (AdwActionRow *row, gpointer user_data)
{
  choose (user_data, g_object_get_data (G_OBJECT (row), "path"));
}

static GtkWidget *
make_row (RefractWizardModelPage *self, const char *path, const char *title, const char *subtitle)
{
  GtkWidget *row = adw_action_row_new ();

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  adw_action_row_set_title_lines (ADW_ACTION_ROW (row), 2);
  gtk_list_box_row_set_activatable (GTK_LIST_BOX_ROW (row), TRUE);
  g_object_set_data_full (G_OBJECT (row), "path", g_strdup (path), g_free);
  g_signal_connect_object (row, "activated", G_CALLBACK (row_activated), self, G_CONNECT_DEFAULT);
  return row;
}

static void
add_recent (RefractWizardModelPage *self)
{
  GSettings *settings = refract_application_get_settings (refract_application_get_default ());
  g_auto (GStrv) paths = g_settings_get_strv (settings, "recent-models");

  for (guint i = 0; paths[i] != NULL; i++)
    {
      g_autofree char *base = refract_model_path_dup_name (paths[i]);
      g_autofree char *parent = g_path_get_dirname (paths[i]);
      g_autofree char *folder = display_folder (parent);

      adw_preferences_group_add (self->recent_group, make_row (self, paths[i], base, folder));
    }
  gtk_widget_set_visible (GTK_WIDGET (self->recent_group), paths[0] != NULL);
}

static void
find_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractWizardModelPage) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) models = refract_model_finder_find_finish (result, &error);

  if (models == NULL)
    return;
  gtk_widget_set_visible (self->found_spinner, FALSE);
  gtk_widget_set_visible (self->none_row, models->len == 0);
  for (guint i = 0; i < models->len; i++)
    {
      RefractFoundModel *model = g_ptr_array_index (models, i);
      g_autofree char *size = g_format_size (refract_found_model_get_size (model));
      g_autofree char *subtitle
          = g_strdup_printf ("%s · %s", refract_found_model_get_source (model), size);

      adw_preferences_group_add (self->found_group,
                                 make_row (self, refract_found_model_get_path (model),
                                           refract_found_model_get_name (model), subtitle));
    }
}

/* ---- Other ways to choose ---- */

static void
file_chosen (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractWizardModelPage) self = user_data;
  g_autoptr (GFile) file = gtk_file_dialog_open_finish (GTK_FILE_DIALOG (source), result, NULL);
  g_autofree char *path = file != NULL ? g_file_get_path (file) : NULL;

  if (path != NULL)
    choose (self, path);
}

static void
choose_activated (RefractWizardModelPage *self)
{
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();
  g_autoptr (GListStore) filters = g_list_store_new (GTK_TYPE_FILE_FILTER);

  gtk_file_filter_set_name (filter, _ ("GGUF models"));
  gtk_file_filter_add_suffix (filter, "gguf");
  g_list_store_append (filters, filter);
  gtk_file_dialog_set_title (dialog, _ ("Choose a Model"));
  gtk_file_dialog_set_filters (dialog, G_LIST_MODEL (filters));
  gtk_file_dialog_open (dialog, GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), NULL,
                        file_chosen, g_object_ref (self));
}

static void
folder_chosen (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractWizardModelPage) self = user_data;
  g_autoptr (GFile) folder
      = gtk_file_dialog_select_folder_finish (GTK_FILE_DIALOG (source), result, NULL);
  g_autofree char *path = folder != NULL ? g_file_get_path (folder) : NULL;

  if (path != NULL)
    choose (self, path);
}

static void
folder_activated (RefractWizardModelPage *self)
{
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();

  gtk_file_dialog_set_title (dialog, _ ("Choose a Model’s Folder"));
  gtk_file_dialog_select_folder (dialog, GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), NULL,
                                 folder_chosen, g_object_ref (self));
}

static void
demo_activated (RefractWizardModelPage *self)
{
  g_autofree char *path = refract_data_dup_path ("demo/model.gguf");

  choose (self, path);
}

static gboolean
dropped (RefractWizardModelPage *self, const GValue *value)
{
  g_autoptr (GSList) files = gdk_file_list_get_files (g_value_get_boxed (value));
  g_autofree char *path = files != NULL ? g_file_get_path (files->data) : NULL;

  if (path == NULL)
    return FALSE;
  choose (self, path);
  return TRUE;
}

static void
refract_wizard_model_page_constructed (GObject *object)
{
  RefractWizardModelPage *self = REFRACT_WIZARD_MODEL_PAGE (object);
  GtkDropTarget *target = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);

  G_OBJECT_CLASS (refract_wizard_model_page_parent_class)->constructed (object);

  g_signal_connect_object (target, "drop", G_CALLBACK (dropped), self, G_CONNECT_SWAPPED);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (target));
  g_signal_connect_object (refract_wizard_page_get_plan (REFRACT_WIZARD_PAGE (self)),
                           "notify::model", G_CALLBACK (model_changed), self, G_CONNECT_SWAPPED);
  add_recent (self);
  self->searching = g_cancellable_new ();
  refract_model_finder_find_async (self->searching, find_done, g_object_ref (self));
  model_changed (self);
}

static void
refract_wizard_model_page_dispose (GObject *object)
{
  RefractWizardModelPage *self = REFRACT_WIZARD_MODEL_PAGE (object);

  g_clear_object (&self->cancellable);
  g_clear_object (&self->searching);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_WIZARD_MODEL_PAGE);

  G_OBJECT_CLASS (refract_wizard_model_page_parent_class)->dispose (object);
}

static void
refract_wizard_model_page_stop (RefractWizardPage *page)
{
  RefractWizardModelPage *self = REFRACT_WIZARD_MODEL_PAGE (page);

  g_cancellable_cancel (self->cancellable);
  g_cancellable_cancel (self->searching);
}

static void
refract_wizard_model_page_class_init (RefractWizardModelPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  RefractWizardPageClass *page_class = REFRACT_WIZARD_PAGE_CLASS (klass);

  object_class->constructed = refract_wizard_model_page_constructed;
  object_class->dispose = refract_wizard_model_page_dispose;
  page_class->stop = refract_wizard_model_page_stop;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               RESOURCE_PATH "/ui/wizard-model-page.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractWizardModelPage, card);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardModelPage, name_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardModelPage, state_stack);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardModelPage, architecture_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardModelPage, size_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardModelPage, context_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardModelPage, heads_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardModelPage, kv_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardModelPage, recent_group);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardModelPage, found_group);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardModelPage, found_spinner);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardModelPage, none_row);
  gtk_widget_class_bind_template_callback (widget_class, choose_activated);
  gtk_widget_class_bind_template_callback (widget_class, folder_activated);
  gtk_widget_class_bind_template_callback (widget_class, demo_activated);
}

static void
refract_wizard_model_page_init (RefractWizardModelPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
