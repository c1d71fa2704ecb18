/* refract-sidebar-actions.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "library/refract-sidebar-actions.h"
#include "refract-application.h"
#include "refract-window.h"

/* The sidebar may be gone with its window when an answer comes; then nobody has to be told. */
static void
show_error (GtkWidget *widget, const char *title, const GError *error)
{
  RefractWindow *window = refract_window_from_widget (widget);

  if (window != NULL && !g_error_matches (error, GTK_DIALOG_ERROR, GTK_DIALOG_ERROR_DISMISSED))
    refract_window_show_error (window, title, error);
}

static void
note_stored_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractSidebar) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!refract_library_set_note_finish (REFRACT_LIBRARY (source), result, &error))
    show_error (GTK_WIDGET (self), _ ("The note was not stored"), error);
  refract_sidebar_refilter (self);
}

typedef struct
{
  RefractSidebar *sidebar;
  RefractSummary *summary;
} NoteQuestion;

static void
note_chosen_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  NoteQuestion *question = user_data;
  AdwAlertDialog *dialog = ADW_ALERT_DIALOG (source);
  GtkWidget *entry = adw_alert_dialog_get_extra_child (dialog);
  const char *response = adw_alert_dialog_choose_finish (dialog, result);
  RefractLibrary *library = refract_sidebar_get_library (question->sidebar);

  if (g_strcmp0 (response, "store") == 0 && library != NULL)
    refract_library_set_note_async (library, question->summary,
                                    gtk_editable_get_text (GTK_EDITABLE (entry)), note_stored_cb,
                                    g_object_ref (question->sidebar));
  g_object_unref (question->sidebar);
  g_object_unref (question->summary);
  g_free (question);
}

static void
edit_note (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RefractSidebar *self = REFRACT_SIDEBAR (widget);
  RefractSummary *summary = refract_sidebar_get_summary (self);
  AdwDialog *dialog = adw_alert_dialog_new (_ ("Note"), refract_summary_get_model (summary));
  GtkWidget *entry = gtk_entry_new ();
  NoteQuestion *question = g_new (NoteQuestion, 1);

  gtk_editable_set_text (GTK_EDITABLE (entry), refract_summary_get_note (summary));
  gtk_entry_set_max_length (GTK_ENTRY (entry), REFRACT_NOTE_MAX);
  gtk_entry_set_activates_default (GTK_ENTRY (entry), TRUE);
  gtk_accessible_update_property (GTK_ACCESSIBLE (entry), GTK_ACCESSIBLE_PROPERTY_LABEL, _ ("Note"),
                                  -1);
  adw_alert_dialog_set_extra_child (ADW_ALERT_DIALOG (dialog), entry);
  adw_alert_dialog_add_responses (ADW_ALERT_DIALOG (dialog), "cancel", _ ("_Cancel"), "store",
                                  _ ("_Store"), NULL);
  adw_alert_dialog_set_response_appearance (ADW_ALERT_DIALOG (dialog), "store",
                                            ADW_RESPONSE_SUGGESTED);
  adw_alert_dialog_set_default_response (ADW_ALERT_DIALOG (dialog), "store");
  adw_dialog_set_focus (dialog, entry);
  question->sidebar = g_object_ref (self);
  question->summary = g_object_ref (summary);
  adw_alert_dialog_choose (ADW_ALERT_DIALOG (dialog), widget, NULL, note_chosen_cb, question);
}

static void
edit_plan (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RefractSummary *summary = refract_sidebar_get_summary (REFRACT_SIDEBAR (widget));

  gtk_widget_activate_action (widget, "win.edit-plan", "s", refract_summary_get_id (summary));
}

static void
revealed_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GtkWidget) widget = user_data;
  g_autoptr (GError) error = NULL;

  if (!gtk_file_launcher_open_containing_folder_finish (GTK_FILE_LAUNCHER (source), result, &error))
    show_error (widget, _ ("The folder cannot be shown"), error);
}

static void
reveal (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RefractSummary *summary = refract_sidebar_get_summary (REFRACT_SIDEBAR (widget));
  g_autoptr (GFile) file = g_file_new_for_path (refract_summary_get_path (summary));
  g_autoptr (GtkFileLauncher) launcher = gtk_file_launcher_new (file);

  gtk_file_launcher_open_containing_folder (launcher, GTK_WINDOW (gtk_widget_get_root (widget)),
                                            NULL, revealed_cb, g_object_ref (widget));
}

static void
copied_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GtkWidget) widget = user_data;
  g_autoptr (GError) error = NULL;
  RefractWindow *window = refract_window_from_widget (widget);

  if (!g_file_copy_finish (G_FILE (source), result, &error))
    show_error (widget, _ ("The report was not exported"), error);
  else if (window != NULL)
    refract_window_add_toast (window, adw_toast_new (_ ("Report exported")));
}

typedef struct
{
  GtkWidget *widget;
  GFile *file;
} ExportQuestion;

static void
export_chosen_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  ExportQuestion *question = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (GFile) target = gtk_file_dialog_save_finish (GTK_FILE_DIALOG (source), result, &error);

  if (target != NULL)
    g_file_copy_async (question->file, target, G_FILE_COPY_OVERWRITE, G_PRIORITY_DEFAULT, NULL,
                       NULL, NULL, copied_cb, g_object_ref (question->widget));
  else
    show_error (question->widget, _ ("The report was not exported"), error);
  g_object_unref (question->widget);
  g_object_unref (question->file);
  g_free (question);
}

static void export (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RefractSummary *summary = refract_sidebar_get_summary (REFRACT_SIDEBAR (widget));
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();
  ExportQuestion *question = g_new (ExportQuestion, 1);

  question->widget = g_object_ref (widget);
  question->file = g_file_new_for_path (refract_summary_get_path (summary));
  gtk_file_dialog_set_title (dialog, _ ("Export Report"));
  gtk_file_dialog_set_initial_name (dialog, refract_summary_get_id (summary));
  gtk_file_dialog_save (dialog, GTK_WINDOW (gtk_widget_get_root (widget)), NULL, export_chosen_cb,
                        question);
}

static void delete (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RefractSidebar *self = REFRACT_SIDEBAR (widget);
  g_autoptr (RefractSummary) summary = g_object_ref (refract_sidebar_get_summary (self));
  g_autoptr (GError) error = NULL;

  if (refract_library_delete (refract_sidebar_get_library (self), summary, &error))
    g_signal_emit_by_name (self, "deleted", summary);
  else
    show_error (widget, _ ("The report was not deleted"), error);
}

static gboolean
is_waiting (GObject *item)
{
  return REFRACT_IS_RUN_ITEM (item)
         && refract_run_item_get_state (REFRACT_RUN_ITEM (item)) == REFRACT_RUN_WAITING;
}

/* The place in the queue of the next audit that waits, behind @item or before it (@step −1);
 * %GTK_INVALID_LIST_POSITION when there is none. */
static guint
find_waiting (GListModel *queue, GObject *item, int step)
{
  guint n = g_list_model_get_n_items (queue);
  gboolean passed = FALSE;

  for (guint i = 0; i < n; i++)
    {
      guint position = step > 0 ? i : n - 1 - i;
      g_autoptr (GObject) other = g_list_model_get_item (queue, position);

      if (passed && is_waiting (other))
        return position;
      passed |= other == item;
    }
  return GTK_INVALID_LIST_POSITION;
}

static void
shift (GtkWidget *widget, const char *name, GVariant *parameter)
{
  RefractSidebar *self = REFRACT_SIDEBAR (widget);
  RefractAuditQueue *queue = refract_application_get_queue (refract_application_get_default ());
  g_autoptr (GObject) item = g_object_ref (refract_sidebar_get_selected (self));
  guint position
      = find_waiting (G_LIST_MODEL (queue), item, g_str_equal (name, "library.later") ? 1 : -1);

  if (position == GTK_INVALID_LIST_POSITION)
    return;
  refract_audit_queue_move (queue, REFRACT_RUN_ITEM (item), position);
  refract_sidebar_select (self, item);
}

void
refract_sidebar_install_actions (GtkWidgetClass *widget_class)
{
  gtk_widget_class_install_action (widget_class, "library.note", NULL, edit_note);
  gtk_widget_class_install_action (widget_class, "library.edit", NULL, edit_plan);
  gtk_widget_class_install_action (widget_class, "library.reveal", NULL, reveal);
  gtk_widget_class_install_action (widget_class, "library.export", NULL, export);
  gtk_widget_class_install_action (widget_class, "library.delete", NULL, delete);
  gtk_widget_class_install_action (widget_class, "library.earlier", NULL, shift);
  gtk_widget_class_install_action (widget_class, "library.later", NULL, shift);
}

gboolean
refract_sidebar_has_menu (GObject *item)
{
  return REFRACT_IS_SUMMARY (item) || is_waiting (item);
}

void
refract_sidebar_update_actions (RefractSidebar *self, GObject *item)
{
  static const char *const for_any_file[]
      = { "library.note", "library.reveal", "library.export", "library.delete" };
  static const char *const for_waiting[] = { "library.earlier", "library.later" };
  RefractSummary *summary = REFRACT_IS_SUMMARY (item) ? REFRACT_SUMMARY (item) : NULL;
  GtkWidget *widget = GTK_WIDGET (self);

  for (guint i = 0; i < G_N_ELEMENTS (for_any_file); i++)
    gtk_widget_action_set_enabled (widget, for_any_file[i], summary != NULL);
  for (guint i = 0; i < G_N_ELEMENTS (for_waiting); i++)
    gtk_widget_action_set_enabled (widget, for_waiting[i], is_waiting (item));
  gtk_widget_action_set_enabled (widget, "library.menu", refract_sidebar_has_menu (item));
  gtk_widget_action_set_enabled (widget, "library.edit",
                                 summary != NULL && refract_summary_get_error (summary) == NULL);
}
