/* refract-raw-dialog.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include <glib/gi18n.h>

#include "core/refract-json.h"
#include "refract-toast.h"
#include "report/refract-raw-dialog.h"
#include "report/refract-report-widgets.h"

/* Bytes that are shown, that one line shows, and that are put into the view at once: more would
 * block the window. */
#define MAX_SHOWN (4 * 1024 * 1024)
#define MAX_LINE 4000
#define PIECE (32 * 1024)

struct _RefractRawDialog
{
  AdwDialog parent_instance;

  GCancellable *cancellable;
  char *text;  /* all of it, for copying */
  char *shown; /* what the view gets */
  gsize shown_length;
  gsize inserted;
  guint idle;
  gboolean is_cut;

  AdwToastOverlay *toasts;
  GtkStack *stack;
  GtkTextView *view;
  AdwBanner *cut;
};

typedef struct
{
  char *text;
  char *shown;
  gboolean is_cut;
} Texts;

G_DEFINE_FINAL_TYPE (RefractRawDialog, refract_raw_dialog, ADW_TYPE_DIALOG)

static void
texts_free (gpointer data)
{
  Texts *texts = data;

  g_free (texts->text);
  g_free (texts->shown);
  g_free (texts);
}

/* Lays no line out that is too long to be laid out at once. */
static char *
make_shown (const char *text, gboolean *is_cut)
{
  GString *shown = g_string_new (NULL);

  *is_cut = FALSE;
  while (*text != '\0' && shown->len < MAX_SHOWN)
    {
      const char *end = strchrnul (text, '\n');
      gsize length = end - text;

      if (length > MAX_LINE)
        {
          const char *cut = g_utf8_find_prev_char (text, text + MAX_LINE);

          g_string_append_len (shown, text, cut != NULL ? cut - text : 0);
          g_string_append (shown, "…");
          *is_cut = TRUE;
        }
      else
        g_string_append_len (shown, text, length);
      g_string_append_c (shown, '\n');
      text = *end != '\0' ? end + 1 : end;
    }
  if (*text != '\0')
    *is_cut = TRUE;
  return g_string_free (shown, FALSE);
}

static void
make_texts (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Texts *texts = g_new0 (Texts, 1);

  texts->text = refract_json_to_text (refract_report_get_root (task_data), TRUE);
  texts->shown = make_shown (texts->text, &texts->is_cut);
  g_task_return_pointer (task, texts, texts_free);
}

static gboolean
insert_piece (gpointer user_data)
{
  RefractRawDialog *self = user_data;
  GtkTextBuffer *buffer = gtk_text_view_get_buffer (self->view);
  gsize end = MIN (self->inserted + PIECE, self->shown_length);
  GtkTextIter at;

  while (end < self->shown_length && (self->shown[end] & 0xC0) == 0x80)
    end++;
  gtk_text_buffer_get_end_iter (buffer, &at);
  gtk_text_buffer_insert (buffer, &at, self->shown + self->inserted, end - self->inserted);
  self->inserted = end;
  if (end < self->shown_length)
    return G_SOURCE_CONTINUE;

  g_clear_pointer (&self->shown, g_free);
  self->idle = 0;
  return G_SOURCE_REMOVE;
}

static void
texts_made (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RefractRawDialog *self = REFRACT_RAW_DIALOG (source);
  g_autoptr (GError) error = NULL;
  Texts *texts = g_task_propagate_pointer (G_TASK (result), &error);

  /* Closed meanwhile: the only error there is. */
  if (texts == NULL)
    return;
  self->text = g_steal_pointer (&texts->text);
  self->shown = g_steal_pointer (&texts->shown);
  self->shown_length = strlen (self->shown);
  adw_banner_set_revealed (self->cut, texts->is_cut);
  texts_free (texts);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "raw.copy", TRUE);
  gtk_stack_set_visible_child_name (self->stack, "text");
  self->idle = g_idle_add_full (G_PRIORITY_LOW, insert_piece, self, NULL);
}

static void
copy (GtkWidget *widget, const char *action_name, GVariant *parameter)
{
  RefractRawDialog *self = REFRACT_RAW_DIALOG (widget);
  AdwToast *toast = adw_toast_new (_ ("Copied the JSON"));

  gdk_clipboard_set_text (gtk_widget_get_clipboard (widget), self->text);
  refract_toast_fit (toast, GTK_WIDGET (self->toasts));
  adw_toast_overlay_add_toast (self->toasts, toast);
}

static void
refract_raw_dialog_dispose (GObject *object)
{
  RefractRawDialog *self = REFRACT_RAW_DIALOG (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->idle, g_source_remove);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_RAW_DIALOG);

  G_OBJECT_CLASS (refract_raw_dialog_parent_class)->dispose (object);
}

static void
refract_raw_dialog_finalize (GObject *object)
{
  RefractRawDialog *self = REFRACT_RAW_DIALOG (object);

  g_clear_object (&self->cancellable);
  g_free (self->text);
  g_free (self->shown);

  G_OBJECT_CLASS (refract_raw_dialog_parent_class)->finalize (object);
}

static void
refract_raw_dialog_class_init (RefractRawDialogClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = refract_raw_dialog_dispose;
  object_class->finalize = refract_raw_dialog_finalize;

  gtk_widget_class_install_action (widget_class, "raw.copy", NULL, copy);
  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/raw-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractRawDialog, toasts);
  gtk_widget_class_bind_template_child (widget_class, RefractRawDialog, stack);
  gtk_widget_class_bind_template_child (widget_class, RefractRawDialog, view);
  gtk_widget_class_bind_template_child (widget_class, RefractRawDialog, cut);
}

static void
refract_raw_dialog_init (RefractRawDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "raw.copy", FALSE);
  self->cancellable = g_cancellable_new ();
}

RefractRawDialog *
refract_raw_dialog_new (RefractReport *report)
{
  RefractRawDialog *self = g_object_new (REFRACT_TYPE_RAW_DIALOG, NULL);
  g_autoptr (GTask) task = g_task_new (self, self->cancellable, texts_made, NULL);

  g_task_set_source_tag (task, refract_raw_dialog_new);
  g_task_set_task_data (task, g_object_ref (report), g_object_unref);
  g_task_run_in_thread (task, make_texts);
  return self;
}
