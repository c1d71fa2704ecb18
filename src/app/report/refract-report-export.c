/* refract-report-export.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "core/refract-error.h"
#include "refract-window.h"
#include "report/refract-report-export.h"
#include "report/refract-report-text.h"

typedef struct
{
  GWeakRef page;
  RefractReport *report;
  GFile *file;
} Export;

static void
export_free (gpointer data)
{
  Export *self = data;

  g_weak_ref_clear (&self->page);
  g_clear_object (&self->report);
  g_clear_object (&self->file);
  g_free (self);
}

static void
write_report (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Export *self = task_data;
  g_autofree char *path = g_file_get_path (self->file);
  GError *error = NULL;

  if (path == NULL)
    g_task_return_new_error (task, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                             "The place is not on this machine. Choose a local folder.");
  else if (refract_report_save (self->report, path, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
report_written (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Export *self = g_task_get_task_data (G_TASK (result));
  g_autoptr (GtkWidget) page = g_weak_ref_get (&self->page);
  RefractWindow *window = page != NULL ? refract_window_from_widget (page) : NULL;
  g_autoptr (GError) error = NULL;

  if (g_task_propagate_boolean (G_TASK (result), &error))
    {
      if (window != NULL)
        refract_window_add_toast (window, adw_toast_new (_ ("Report saved")));
    }
  else if (window != NULL)
    refract_window_show_error (window, _ ("The report could not be saved"), error);
}

static void
file_chosen (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Export *self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GTask) task = NULL;

  self->file = gtk_file_dialog_save_finish (GTK_FILE_DIALOG (source), result, &error);
  if (self->file == NULL)
    {
      g_autoptr (GtkWidget) page = g_weak_ref_get (&self->page);
      RefractWindow *window = page != NULL ? refract_window_from_widget (page) : NULL;

      if (window != NULL && !g_error_matches (error, GTK_DIALOG_ERROR, GTK_DIALOG_ERROR_DISMISSED)
          && !g_error_matches (error, GTK_DIALOG_ERROR, GTK_DIALOG_ERROR_CANCELLED))
        refract_window_show_error (window, _ ("The report could not be saved"), error);
      export_free (self);
      return;
    }
  task = g_task_new (NULL, NULL, report_written, NULL);
  g_task_set_source_tag (task, file_chosen);
  g_task_set_task_data (task, self, export_free);
  g_task_run_in_thread (task, write_report);
}

void
refract_report_export_json (GtkWidget *page, RefractReport *report)
{
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();
  g_autoptr (GListStore) filters = g_list_store_new (GTK_TYPE_FILE_FILTER);
  g_autofree char *model = refract_report_dup_model_name (report);
  g_autofree char *candidate = refract_report_dup_candidate_label (report);
  g_autofree char *name = g_strdup_printf ("%s %s.refract.json", model, candidate);
  RefractWindow *window = refract_window_from_widget (page);
  Export *self = g_new0 (Export, 1);

  g_strdelimit (name, "/\\", '-');
  g_weak_ref_init (&self->page, page);
  self->report = g_object_ref (report);
  gtk_file_filter_set_name (filter, _ ("Refract Reports"));
  gtk_file_filter_add_pattern (filter, "*.json");
  g_list_store_append (filters, filter);
  gtk_file_dialog_set_title (dialog, _ ("Save Report"));
  gtk_file_dialog_set_initial_name (dialog, name);
  gtk_file_dialog_set_filters (dialog, G_LIST_MODEL (filters));
  gtk_file_dialog_save (dialog, window != NULL ? GTK_WINDOW (window) : NULL, NULL, file_chosen,
                        self);
}
