/* refract-window-library.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "library/refract-window-library.h"
#include "report/refract-report-page.h"
#include "run/refract-window-runs.h"

static RefractLibrary *
get_library (void)
{
  return refract_application_get_library (refract_application_get_default ());
}

static void
loaded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractReportPage) page = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractReport) report
      = refract_library_load_finish (REFRACT_LIBRARY (source), result, &error);

  if (report != NULL)
    refract_report_page_set_report (page, report);
  else
    refract_report_page_set_error (page, error);
}

void
refract_window_show_report (RefractWindow *self, RefractSummary *summary)
{
  RefractReportPage *page;

  g_return_if_fail (REFRACT_IS_WINDOW (self));
  g_return_if_fail (REFRACT_IS_SUMMARY (summary));

  page = refract_report_page_new (NULL);
  refract_report_page_set_summary_id (page, refract_summary_get_id (summary));
  refract_library_load_async (get_library (), summary, NULL, loaded_cb, g_object_ref_sink (page));
  refract_sidebar_select (refract_window_get_sidebar (self), G_OBJECT (summary));
  refract_window_set_page (self, ADW_NAVIGATION_PAGE (page));
}

static void
open_cb (RefractWindow *self, GObject *item)
{
  if (REFRACT_IS_RUN_ITEM (item))
    refract_window_show_run (self, REFRACT_RUN_ITEM (item));
  else
    refract_window_show_report (self, REFRACT_SUMMARY (item));
}

typedef struct
{
  RefractWindow *window;
  RefractSummary *summary;
  gboolean restored;
} Deletion;

static void
deletion_free (gpointer data, GClosure *closure)
{
  Deletion *deletion = data;

  g_object_unref (deletion->window);
  g_object_unref (deletion->summary);
  g_free (deletion);
}

static void
undo_cb (AdwToast *toast, gpointer user_data)
{
  Deletion *deletion = user_data;
  g_autoptr (GError) error = NULL;

  deletion->restored = refract_library_restore (get_library (), deletion->summary, &error);
  if (!deletion->restored)
    refract_window_show_error (deletion->window, _ ("The report was not restored"), error);
}

static void
dismissed_cb (AdwToast *toast, gpointer user_data)
{
  Deletion *deletion = user_data;

  if (!deletion->restored)
    refract_library_purge (get_library (), deletion->summary);
}

static void
deleted_cb (RefractWindow *self, RefractSummary *summary)
{
  AdwToast *toast = adw_toast_new (_ ("Report deleted"));
  Deletion *deletion = g_new0 (Deletion, 1);
  AdwNavigationPage *page = refract_window_get_page (self);

  if (REFRACT_IS_REPORT_PAGE (page)
      && g_strcmp0 (refract_report_page_get_summary_id (REFRACT_REPORT_PAGE (page)),
                    refract_summary_get_id (summary))
             == 0)
    refract_window_set_page (self, NULL);
  deletion->window = g_object_ref (self);
  deletion->summary = g_object_ref (summary);
  adw_toast_set_button_label (toast, _ ("_Undo"));
  adw_toast_set_priority (toast, ADW_TOAST_PRIORITY_HIGH);
  g_signal_connect (toast, "button-clicked", G_CALLBACK (undo_cb), deletion);
  g_signal_connect_data (toast, "dismissed", G_CALLBACK (dismissed_cb), deletion, deletion_free,
                         G_CONNECT_DEFAULT);
  refract_window_add_toast (self, toast);
}

static void
imported_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractSummary) summary = NULL;
  gboolean duplicate;

  summary = refract_library_import_finish (REFRACT_LIBRARY (source), result, &duplicate, &error);
  if (summary == NULL)
    {
      refract_window_show_error (self, _ ("The report was not imported"), error);
      return;
    }
  if (duplicate)
    refract_window_add_toast (self, adw_toast_new (_ ("This report is in the library already")));
  refract_window_show_report (self, summary);
}

void
refract_window_open_files (RefractWindow *self, GFile **files, gsize n_files)
{
  gboolean has_model = FALSE;

  g_return_if_fail (REFRACT_IS_WINDOW (self));

  for (gsize i = 0; i < n_files; i++)
    {
      g_autofree char *path = g_file_get_path (files[i]);
      g_autofree char *name = g_file_get_basename (files[i]);
      g_autofree char *folded = name != NULL ? g_ascii_strdown (name, -1) : NULL;

      /* a model's folder; a report is never one */
      gboolean is_folder = path != NULL && g_file_test (path, G_FILE_TEST_IS_DIR);

      if (!is_folder && (folded == NULL || !g_str_has_suffix (folded, ".gguf")))
        refract_library_import_async (get_library (), files[i], NULL, imported_cb,
                                      g_object_ref (self));
      else if (path != NULL && !has_model)
        {
          has_model = TRUE; /* one audit is of one model */
          gtk_widget_activate_action (GTK_WIDGET (self), "win.new-audit", "s", path);
        }
    }
}

static gboolean
drop_cb (GtkDropTarget *target, const GValue *value, double x, double y, gpointer user_data)
{
  g_autoptr (GPtrArray) files = g_ptr_array_new ();

  for (GSList *l = g_value_get_boxed (value); l != NULL; l = l->next)
    g_ptr_array_add (files, l->data);
  refract_window_open_files (user_data, (GFile **) files->pdata, files->len);
  return files->len > 0;
}

static void
import_chosen_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GListModel) chosen
      = gtk_file_dialog_open_multiple_finish (GTK_FILE_DIALOG (source), result, &error);
  guint n = chosen != NULL ? g_list_model_get_n_items (chosen) : 0;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (GFile) file = g_list_model_get_item (chosen, i);

      refract_window_open_files (self, &file, 1);
    }
  if (error != NULL && !g_error_matches (error, GTK_DIALOG_ERROR, GTK_DIALOG_ERROR_DISMISSED))
    refract_window_show_error (self, _ ("No file can be chosen"), error);
}

static void
import_activated (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RefractWindow *self = user_data;
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();
  g_autoptr (GtkFileFilter) filter = gtk_file_filter_new ();
  g_autoptr (GListStore) filters = g_list_store_new (GTK_TYPE_FILE_FILTER);

  gtk_file_filter_set_name (filter, _ ("Reports"));
  gtk_file_filter_add_suffix (filter, "json");
  g_list_store_append (filters, filter);
  gtk_file_dialog_set_title (dialog, _ ("Import Reports"));
  gtk_file_dialog_set_filters (dialog, G_LIST_MODEL (filters));
  gtk_file_dialog_open_multiple (dialog, GTK_WINDOW (self), NULL, import_chosen_cb,
                                 g_object_ref (self));
}

static void
search_activated (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  refract_window_show_sidebar (user_data);
  refract_sidebar_search (refract_window_get_sidebar (user_data));
}

static void
problem_cb (RefractWindow *self, const GError *error)
{
  refract_window_show_error (self, _ ("The library has a problem"), error);
}

void
refract_window_init_library (RefractWindow *self, RefractSidebar *sidebar)
{
  static const GActionEntry entries[] = {
    { .name = "import", .activate = import_activated },
    { .name = "search", .activate = search_activated },
  };
  GtkDropTarget *target = gtk_drop_target_new (GDK_TYPE_FILE_LIST, GDK_ACTION_COPY);

  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  g_signal_connect_object (sidebar, "open", G_CALLBACK (open_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (sidebar, "deleted", G_CALLBACK (deleted_cb), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (get_library (), "problem", G_CALLBACK (problem_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect (target, "drop", G_CALLBACK (drop_cb), self);
  gtk_widget_add_controller (GTK_WIDGET (self), GTK_EVENT_CONTROLLER (target));
}

void
refract_window_show_library (RefractWindow *self)
{
  g_object_set (refract_window_get_sidebar (self), "library", get_library (), "running-model",
                refract_application_get_queue (refract_application_get_default ()), NULL);
}
