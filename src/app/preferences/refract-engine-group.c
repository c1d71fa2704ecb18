/* refract-engine-group.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <stdlib.h>

#include <glib/gi18n.h>

#include "audit/refract-audit.h"
#include "backends/refract-backend.h"
#include "core/refract-translate.h"
#include "engine/refract-python.h"
#include "refract-defaults.h"
#include "refract-engine-group.h"
#include "refract-spin-row.h"
#include "refract-toast.h"
#include "refract-window.h"

struct _RefractEngineGroup
{
  AdwPreferencesGroup parent_instance;

  AdwActionRow *folder_row;
  GtkWidget *reset_button;
  AdwActionRow *found_row;
  AdwActionRow *python_row;
  GtkWidget *python_reset_button;
  AdwEntryRow *flags_row;
  RefractSpinRow *gpu_row;

  GSettings *settings;
  GCancellable *detecting;
};

G_DEFINE_FINAL_TYPE (RefractEngineGroup, refract_engine_group, ADW_TYPE_PREFERENCES_GROUP)

static void
detect_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractBackend) backend
      = refract_plan_create_backend (task_data, NULL, cancellable, &error);
  const RefractEngineInfo *info = NULL;

  if (backend != NULL)
    info = refract_backend_detect (backend, cancellable, &error);
  if (info != NULL)
    g_task_return_pointer (task, refract_engine_info_copy (info),
                           (GDestroyNotify) refract_engine_info_free);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static void
detect_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RefractEngineGroup *self = REFRACT_ENGINE_GROUP (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractEngineInfo) info = g_task_propagate_pointer (G_TASK (result), &error);
  g_autofree char *title = NULL;
  g_autofree char *message = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  if (info != NULL)
    title = g_strdup_printf ("%s %s", info->name, info->version);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->found_row),
                                 title != NULL ? title : _ ("No Engine Found"));
  message = error != NULL ? refract_translate (error->message) : NULL;
  adw_action_row_set_subtitle (self->found_row, info != NULL ? info->program : message);
}

/* Asks the engine that the settings name which one it is. */
static void
detect (RefractEngineGroup *self)
{
  g_autofree char *folder = g_settings_get_string (self->settings, "engine-dir");
  g_autoptr (GTask) task = NULL;

  adw_action_row_set_subtitle (self->folder_row,
                               *folder != '\0' ? folder : _ ("Where programs are installed"));
  gtk_widget_set_visible (self->reset_button, *folder != '\0');
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (self->found_row),
                                 _ ("Looking for the Engine…"));
  adw_action_row_set_subtitle (self->found_row, "");

  g_cancellable_cancel (self->detecting);
  g_clear_object (&self->detecting);
  self->detecting = g_cancellable_new ();
  task = g_task_new (self, self->detecting, detect_done, NULL);
  g_task_set_task_data (task, refract_defaults_new_plan (self->settings), g_object_unref);
  g_task_run_in_thread (task, detect_thread);
}

/* "~/mlx/bin/python3, MLX 0.32.2": what is installed there. Looks at folders, and runs nothing. */
static char *
describe_python (const char *python)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *interpreter = refract_python_find (*python != '\0' ? python : NULL, &error);
  g_autoptr (GString) text = NULL;
  gboolean any = FALSE;

  if (interpreter == NULL)
    return refract_translate (error->message);
  text = g_string_new (interpreter);
  for (guint i = 0; i < REFRACT_N_BACKENDS; i++)
    {
      const char *package = refract_backend_kind_get_package (i);
      g_autofree char *version
          = package != NULL ? refract_python_dup_package_version (interpreter, package) : NULL;

      if (version == NULL)
        continue;
      g_string_append_printf (text, ", %s %s", refract_backend_kind_get_title (i), version);
      any = TRUE;
    }
  if (!any)
    g_string_append_printf (text, "\n%s", _ ("None of vLLM, SGLang and MLX is installed there."));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
python_changed (RefractEngineGroup *self)
{
  g_autofree char *python = g_settings_get_string (self->settings, "python");
  g_autofree char *text = describe_python (python);

  adw_action_row_set_subtitle (self->python_row, text);
  gtk_widget_set_visible (self->python_reset_button, *python != '\0');
}

static void
python_chosen (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractEngineGroup) self = user_data;
  g_autoptr (GFile) folder
      = gtk_file_dialog_select_folder_finish (GTK_FILE_DIALOG (source), result, NULL);

  if (folder != NULL && self->settings != NULL && g_file_peek_path (folder) != NULL)
    g_settings_set_string (self->settings, "python", g_file_peek_path (folder));
}

static void
python_choose_clicked (RefractEngineGroup *self)
{
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();

  gtk_file_dialog_set_title (dialog, _ ("Choose the Folder of a Python Environment"));
  gtk_file_dialog_select_folder (dialog, GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), NULL,
                                 python_chosen, g_object_ref (self));
}

static void
python_reset_clicked (RefractEngineGroup *self)
{
  g_settings_reset (self->settings, "python");
}

static void
folder_chosen (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractEngineGroup) self = user_data;
  g_autoptr (GFile) folder
      = gtk_file_dialog_select_folder_finish (GTK_FILE_DIALOG (source), result, NULL);

  if (folder != NULL && self->settings != NULL && g_file_peek_path (folder) != NULL)
    g_settings_set_string (self->settings, "engine-dir", g_file_peek_path (folder));
}

static void
choose_clicked (RefractEngineGroup *self)
{
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();
  g_autofree char *current = g_settings_get_string (self->settings, "engine-dir");

  gtk_file_dialog_set_title (dialog, _ ("Folder of llama.cpp's Programs"));
  if (*current != '\0')
    {
      g_autoptr (GFile) folder = g_file_new_for_path (current);

      gtk_file_dialog_set_initial_folder (dialog, folder);
    }
  gtk_file_dialog_select_folder (dialog, GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), NULL,
                                 folder_chosen, g_object_ref (self));
}

static void
reset_clicked (RefractEngineGroup *self)
{
  g_settings_reset (self->settings, "engine-dir");
}

static void
flags_applied (RefractEngineGroup *self)
{
  g_autofree char *flags
      = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->flags_row))));
  g_autoptr (GError) error = NULL;

  if (*flags != '\0' && !g_shell_parse_argv (flags, NULL, NULL, &error))
    {
      AdwToast *toast = adw_toast_new (_ ("A quotation mark or backslash in the flags is open"));
      GtkWidget *dialog = gtk_widget_get_ancestor (GTK_WIDGET (self), ADW_TYPE_PREFERENCES_DIALOG);

      gtk_widget_add_css_class (GTK_WIDGET (self->flags_row), "error");
      if (dialog != NULL)
        {
          refract_toast_fit (toast, dialog);
          adw_preferences_dialog_add_toast (ADW_PREFERENCES_DIALOG (dialog), toast);
        }
      return;
    }
  gtk_widget_remove_css_class (GTK_WIDGET (self->flags_row), "error");
  g_settings_set_string (self->settings, "engine-flags", flags);
}

static void
refract_engine_group_dispose (GObject *object)
{
  RefractEngineGroup *self = REFRACT_ENGINE_GROUP (object);

  g_cancellable_cancel (self->detecting);
  g_clear_object (&self->detecting);
  g_clear_object (&self->settings);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_ENGINE_GROUP);

  G_OBJECT_CLASS (refract_engine_group_parent_class)->dispose (object);
}

static void
refract_engine_group_class_init (RefractEngineGroupClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  g_type_ensure (REFRACT_TYPE_SPIN_ROW);

  object_class->dispose = refract_engine_group_dispose;

  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/engine-group.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractEngineGroup, folder_row);
  gtk_widget_class_bind_template_child (widget_class, RefractEngineGroup, reset_button);
  gtk_widget_class_bind_template_child (widget_class, RefractEngineGroup, found_row);
  gtk_widget_class_bind_template_child (widget_class, RefractEngineGroup, python_row);
  gtk_widget_class_bind_template_child (widget_class, RefractEngineGroup, python_reset_button);
  gtk_widget_class_bind_template_child (widget_class, RefractEngineGroup, flags_row);
  gtk_widget_class_bind_template_child (widget_class, RefractEngineGroup, gpu_row);
  gtk_widget_class_bind_template_callback (widget_class, choose_clicked);
  gtk_widget_class_bind_template_callback (widget_class, reset_clicked);
  gtk_widget_class_bind_template_callback (widget_class, python_choose_clicked);
  gtk_widget_class_bind_template_callback (widget_class, python_reset_clicked);
  gtk_widget_class_bind_template_callback (widget_class, flags_applied);
}

static void
refract_engine_group_init (RefractEngineGroup *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
refract_engine_group_set_settings (RefractEngineGroup *self, GSettings *settings)
{
  g_autofree char *flags = NULL;

  g_return_if_fail (REFRACT_IS_ENGINE_GROUP (self));
  g_return_if_fail (self->settings == NULL);

  self->settings = g_object_ref (settings);
  flags = g_settings_get_string (settings, "engine-flags");
  gtk_editable_set_text (GTK_EDITABLE (self->flags_row), flags);
  g_settings_bind (settings, "n-gpu-layers", self->gpu_row, "value", G_SETTINGS_BIND_DEFAULT);
  g_signal_connect_object (settings, "changed::engine-dir", G_CALLBACK (detect), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (settings, "changed::python", G_CALLBACK (python_changed), self,
                           G_CONNECT_SWAPPED);
  python_changed (self);
  detect (self);
}
