/* refract-storage-group.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <sys/stat.h>

#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "audit/refract-journal.h"
#include "audit/refract-unfinished.h"
#include "core/refract-error.h"
#include "core/refract-translate.h"
#include "refract-storage-group.h"
#include "refract-window.h"

struct _RefractStorageGroup
{
  AdwPreferencesGroup parent_instance;

  AdwActionRow *reports_row;
  AdwActionRow *unfinished_row;
  GtkWidget *clear_button;
  AdwActionRow *runs_row;
  GtkWidget *reset_button;

  GSettings *settings;
  GCancellable *measuring;
};

G_DEFINE_FINAL_TYPE (RefractStorageGroup, refract_storage_group, ADW_TYPE_PREFERENCES_GROUP)

typedef struct
{
  guint n_reports;
  guint64 report_bytes;
  guint n_unfinished;
  guint64 unfinished_bytes;
} Usage;

static char *
dup_reports_folder (void)
{
  return g_build_filename (g_get_user_data_dir (), "refract", "reports", NULL);
}

static void
measure_reports (Usage *usage, GCancellable *cancellable)
{
  g_autofree char *folder = dup_reports_folder ();
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && !g_cancellable_is_cancelled (cancellable)
         && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      GStatBuf file;

      if (!g_str_has_suffix (name, ".json") || g_lstat (path, &file) != 0)
        continue;
      usage->n_reports++;
      usage->report_bytes += file.st_size;
    }
}

static void
measure_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  g_autofree Usage *usage = g_new0 (Usage, 1);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) unfinished = refract_unfinished_list (&error);

  if (unfinished == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  usage->n_unfinished = unfinished->len;
  for (guint i = 0; i < unfinished->len; i++)
    usage->unfinished_bytes += ((RefractUnfinished *) g_ptr_array_index (unfinished, i))->bytes;
  measure_reports (usage, cancellable);
  g_task_return_pointer (task, g_steal_pointer (&usage), g_free);
}

static char *
dup_amount (guint n, guint64 bytes)
{
  g_autofree char *size = g_format_size (bytes);

  if (n == 0)
    return g_strdup (_ ("None"));
  /* Translators: a number of files, and their size with its unit */
  return g_strdup_printf (_ ("%u, %s"), n, size);
}

static void
measure_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RefractStorageGroup *self = REFRACT_STORAGE_GROUP (source);
  g_autoptr (GError) error = NULL;
  g_autofree Usage *usage = g_task_propagate_pointer (G_TASK (result), &error);
  g_autofree char *reports = NULL, *unfinished = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (usage == NULL)
    {
      g_autofree char *message = refract_translate (error->message);

      adw_action_row_set_subtitle (self->unfinished_row, message);
      return;
    }

  reports = dup_amount (usage->n_reports, usage->report_bytes);
  unfinished = dup_amount (usage->n_unfinished, usage->unfinished_bytes);
  adw_action_row_set_subtitle (self->reports_row, reports);
  adw_action_row_set_subtitle (self->unfinished_row, unfinished);
  gtk_widget_set_sensitive (self->clear_button, usage->n_unfinished > 0);
}

static void
measure (RefractStorageGroup *self)
{
  g_autofree char *chosen = g_settings_get_string (self->settings, "runs-folder");
  g_autofree char *runs = refract_journal_dup_runs_folder ();
  g_autoptr (GTask) task = NULL;

  adw_action_row_set_subtitle (self->runs_row, runs);
  gtk_widget_set_visible (self->reset_button, *chosen != '\0');

  g_cancellable_cancel (self->measuring);
  g_clear_object (&self->measuring);
  self->measuring = g_cancellable_new ();
  task = g_task_new (self, self->measuring, measure_done, NULL);
  g_task_run_in_thread (task, measure_thread);
}

static void
clear_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) unfinished = refract_unfinished_list (&error);

  for (guint i = 0; unfinished != NULL && i < unfinished->len; i++)
    {
      const RefractUnfinished *one = g_ptr_array_index (unfinished, i);

      /* One that was started meanwhile stays, and is not this question's. */
      if (!refract_unfinished_delete (one->id, error == NULL ? &error : NULL)
          && g_error_matches (error, REFRACT_ERROR, REFRACT_ERROR_USAGE))
        g_clear_error (&error);
    }
  if (error != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    g_task_return_boolean (task, TRUE);
}

static void
clear_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RefractStorageGroup *self = REFRACT_STORAGE_GROUP (source);
  g_autoptr (GError) error = NULL;

  if (self->settings == NULL)
    return;
  measure (self);
  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_autofree char *message = refract_translate (error->message);
      AdwDialog *dialog = adw_alert_dialog_new (_ ("Not Everything Was Deleted"), message);

      adw_alert_dialog_add_response (ADW_ALERT_DIALOG (dialog), "close", _ ("_Close"));
      adw_dialog_present (dialog, GTK_WIDGET (self));
    }
}

static void
clear_answered (RefractStorageGroup *self, const char *response)
{
  g_autoptr (GTask) task = NULL;

  if (!g_str_equal (response, "delete"))
    return;
  gtk_widget_set_sensitive (self->clear_button, FALSE);
  task = g_task_new (self, NULL, clear_done, NULL);
  g_task_run_in_thread (task, clear_thread);
}

static void
clear_clicked (RefractStorageGroup *self)
{
  AdwDialog *dialog
      = adw_alert_dialog_new (_ ("Delete Unfinished Audits?"),
                              _ ("What they have measured is lost, and they cannot be resumed. "
                                 "Reports and running audits stay."));

  adw_alert_dialog_add_responses (ADW_ALERT_DIALOG (dialog), "cancel", _ ("_Cancel"), "delete",
                                  _ ("_Delete"), NULL);
  adw_alert_dialog_set_response_appearance (ADW_ALERT_DIALOG (dialog), "delete",
                                            ADW_RESPONSE_DESTRUCTIVE);
  adw_alert_dialog_set_default_response (ADW_ALERT_DIALOG (dialog), "cancel");
  g_signal_connect_object (dialog, "response", G_CALLBACK (clear_answered), self,
                           G_CONNECT_SWAPPED);
  adw_dialog_present (dialog, GTK_WIDGET (self));
}

static void
open_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractStorageGroup) self = user_data;
  g_autoptr (GError) error = NULL;
  RefractWindow *window = refract_window_from_widget (GTK_WIDGET (self));

  if (!gtk_file_launcher_launch_finish (GTK_FILE_LAUNCHER (source), result, &error)
      && !g_error_matches (error, GTK_DIALOG_ERROR, GTK_DIALOG_ERROR_DISMISSED) && window != NULL)
    refract_window_show_error (window, _ ("Could not open the folder"), error);
}

static void
open_clicked (RefractStorageGroup *self)
{
  g_autofree char *path = dup_reports_folder ();
  g_autoptr (GFile) folder = g_file_new_for_path (path);
  g_autoptr (GtkFileLauncher) launcher = gtk_file_launcher_new (folder);

  g_mkdir_with_parents (path, 0700);
  gtk_file_launcher_launch (launcher, GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), NULL,
                            open_done, g_object_ref (self));
}

static void
runs_folder_chosen (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractStorageGroup) self = user_data;
  g_autoptr (GFile) folder
      = gtk_file_dialog_select_folder_finish (GTK_FILE_DIALOG (source), result, NULL);
  g_autofree char *path = NULL;

  if (folder == NULL || self->settings == NULL || g_file_peek_path (folder) == NULL)
    return;
  /* A folder of its own: it may be chosen on a disk that holds other things. */
  path = g_build_filename (g_file_peek_path (folder), "refract-runs", NULL);
  g_settings_set_string (self->settings, "runs-folder", path);
}

static void
choose_clicked (RefractStorageGroup *self)
{
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();

  gtk_file_dialog_set_title (dialog, _ ("Folder for Running Audits"));
  gtk_file_dialog_select_folder (dialog, GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), NULL,
                                 runs_folder_chosen, g_object_ref (self));
}

static void
reset_clicked (RefractStorageGroup *self)
{
  g_settings_reset (self->settings, "runs-folder");
}

static void
refract_storage_group_dispose (GObject *object)
{
  RefractStorageGroup *self = REFRACT_STORAGE_GROUP (object);

  g_cancellable_cancel (self->measuring);
  g_clear_object (&self->measuring);
  g_clear_object (&self->settings);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_STORAGE_GROUP);

  G_OBJECT_CLASS (refract_storage_group_parent_class)->dispose (object);
}

static void
refract_storage_group_class_init (RefractStorageGroupClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = refract_storage_group_dispose;

  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/storage-group.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractStorageGroup, reports_row);
  gtk_widget_class_bind_template_child (widget_class, RefractStorageGroup, unfinished_row);
  gtk_widget_class_bind_template_child (widget_class, RefractStorageGroup, clear_button);
  gtk_widget_class_bind_template_child (widget_class, RefractStorageGroup, runs_row);
  gtk_widget_class_bind_template_child (widget_class, RefractStorageGroup, reset_button);
  gtk_widget_class_bind_template_callback (widget_class, clear_clicked);
  gtk_widget_class_bind_template_callback (widget_class, open_clicked);
  gtk_widget_class_bind_template_callback (widget_class, choose_clicked);
  gtk_widget_class_bind_template_callback (widget_class, reset_clicked);
}

static void
refract_storage_group_init (RefractStorageGroup *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
refract_storage_group_set_settings (RefractStorageGroup *self, GSettings *settings)
{
  g_return_if_fail (REFRACT_IS_STORAGE_GROUP (self));
  g_return_if_fail (self->settings == NULL);

  self->settings = g_object_ref (settings);
  /* The library's own handler of this change is connected before, and has been run. */
  g_signal_connect_object (settings, "changed::runs-folder", G_CALLBACK (measure), self,
                           G_CONNECT_SWAPPED);
  measure (self);
}
