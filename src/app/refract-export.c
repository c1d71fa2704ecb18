/* refract-export.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "core/refract-error.h"
#include "refract-export.h"
#include "refract-window.h"

typedef struct
{
  GWeakRef widget;
  GFile *file;
  RefractExportFunc func;
  gpointer data;
  GDestroyNotify destroy;
} Export;

static Export *
export_new (GtkWidget *widget, RefractExportFunc func, gpointer data, GDestroyNotify destroy)
{
  Export *self = g_new0 (Export, 1);

  g_weak_ref_init (&self->widget, widget);
  self->func = func;
  self->data = data;
  self->destroy = destroy;
  return self;
}

static void
export_free (gpointer data)
{
  Export *self = data;

  g_weak_ref_clear (&self->widget);
  g_clear_object (&self->file);
  self->destroy (self->data);
  g_free (self);
}

/* (transfer none) (nullable): of a page that may be gone */
static RefractWindow *
get_window (Export *self)
{
  g_autoptr (GtkWidget) widget = g_weak_ref_get (&self->widget);

  return widget != NULL ? refract_window_from_widget (widget) : NULL;
}

static void
say_error (Export *self, const GError *error)
{
  RefractWindow *window = get_window (self);

  if (window != NULL && !g_error_matches (error, GTK_DIALOG_ERROR, GTK_DIALOG_ERROR_DISMISSED)
      && !g_error_matches (error, GTK_DIALOG_ERROR, GTK_DIALOG_ERROR_CANCELLED))
    refract_window_show_error (window, _ ("The file was not saved"), error);
}

static void
launched (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractWindow) window = user_data;
  g_autoptr (GError) error = NULL;

  if (!gtk_file_launcher_launch_finish (GTK_FILE_LAUNCHER (source), result, &error)
      && !g_error_matches (error, GTK_DIALOG_ERROR, GTK_DIALOG_ERROR_DISMISSED))
    refract_window_show_error (window, _ ("The file cannot be opened"), error);
}

static void
open_clicked (AdwToast *toast, gpointer user_data)
{
  RefractWindow *window = user_data;
  g_autoptr (GtkFileLauncher) launcher
      = gtk_file_launcher_new (g_object_get_data (G_OBJECT (toast), "file"));

  gtk_file_launcher_launch (launcher, GTK_WINDOW (window), NULL, launched, g_object_ref (window));
}

static void
say_done (RefractWindow *window, GFile *file)
{
  g_autofree char *base = g_file_get_basename (file);
  g_autofree char *name = g_filename_display_name (base);
  g_autofree char *text = g_strdup_printf (_ ("Saved “%s”"), name);
  AdwToast *toast = adw_toast_new (text);

  adw_toast_set_use_markup (toast, FALSE);
  adw_toast_set_button_label (toast, _ ("_Open"));
  g_object_set_data_full (G_OBJECT (toast), "file", g_object_ref (file), g_object_unref);
  g_signal_connect_object (toast, "button-clicked", G_CALLBACK (open_clicked), window,
                           G_CONNECT_DEFAULT);
  refract_window_add_toast (window, toast);
}

static void
write_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Export *self = task_data;
  g_autofree char *path = g_file_get_path (self->file);
  g_autoptr (GError) error = NULL;

  if (path == NULL)
    g_task_return_new_error (task, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                             _ ("The place is not on this machine. Choose a local folder."));
  else if (self->func (self->data, path, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static void
written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Export *self = g_task_get_task_data (G_TASK (result));
  RefractWindow *window = get_window (self);
  g_autoptr (GError) error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    say_error (self, error);
  else if (window != NULL)
    say_done (window, self->file);
}

/* @self: (transfer full) */
static void
write_async (Export *self)
{
  g_autoptr (GTask) task = g_task_new (NULL, NULL, written, NULL);

  g_task_set_source_tag (task, write_async);
  g_task_set_task_data (task, self, export_free);
  g_task_run_in_thread (task, write_thread);
}

static void
chosen (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Export *self = user_data;
  g_autoptr (GError) error = NULL;

  self->file = gtk_file_dialog_save_finish (GTK_FILE_DIALOG (source), result, &error);
  if (self->file != NULL)
    {
      write_async (self);
      return;
    }
  say_error (self, error);
  export_free (self);
}

void
refract_export_ask (GtkWidget *widget,
                    const char *title,
                    const char *name,
                    RefractExportFunc func,
                    gpointer data,
                    GDestroyNotify destroy)
{
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();
  g_autofree char *safe_name = g_strdelimit (g_strdup (name), "/\\:", '-');
  GtkRoot *root = gtk_widget_get_root (widget);

  gtk_file_dialog_set_title (dialog, title);
  gtk_file_dialog_set_initial_name (dialog, safe_name);
  gtk_file_dialog_save (dialog, GTK_IS_WINDOW (root) ? GTK_WINDOW (root) : NULL, NULL, chosen,
                        export_new (widget, func, data, destroy));
}

void
refract_export_to_file (
    GtkWidget *widget, GFile *file, RefractExportFunc func, gpointer data, GDestroyNotify destroy)
{
  Export *self = export_new (widget, func, data, destroy);

  self->file = g_object_ref (file);
  write_async (self);
}

gboolean
refract_export_write (const char *path, const char *text, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0666, &local_error))
    return TRUE;
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
               _ ("%s cannot be written: %s. Choose another folder."), path, local_error->message);
  return FALSE;
}
