/* refract-fetch-row.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "core/refract-data.h"
#include "core/refract-fetch.h"
#include "refract-application.h"
#include "wizard/refract-fetch-row.h"

#define UPDATE_INTERVAL_MS 100

struct _RefractFetchRow
{
  AdwPreferencesRow parent_instance;

  GtkLabel *status_label;
  GtkProgressBar *progress_bar;
  GtkButton *button;

  RefractPlan *plan;
  GCancellable *cancellable; /* while something is downloaded */
  guint update_source;
};

G_DEFINE_FINAL_TYPE (RefractFetchRow, refract_fetch_row, ADW_TYPE_PREFERENCES_ROW)

/* What is put into the plan. */
static const struct
{
  const char *property;
  const char *name;
  const char *bundled; /* below the data folder; NULL: the plan's own default */
} texts[] = {
  { "corpus", REFRACT_WIKITEXT_TEST, "demo/corpus.txt" },
  { "haystack", REFRACT_WIKITEXT_TRAIN, "demo/haystack.txt" },
  { "prompts", REFRACT_OWN_PROMPTS, NULL },
};

/* A download, shared with its thread. */
typedef struct
{
  char *urls[2]; /* by RefractFetch; NULL: the usual one */
  gboolean with_prompts;
  GMutex mutex; /* of the following */
  RefractFetch what;
  guint64 done;
  guint64 total;
} Job;

static void
job_free (gpointer data)
{
  Job *job = data;

  g_free (job->urls[REFRACT_FETCH_WIKITEXT]);
  g_free (job->urls[REFRACT_FETCH_PROMPTS]);
  g_mutex_clear (&job->mutex);
  g_free (job);
}

/* (transfer full) (nullable): what the preferences say */
static char *
dup_url (RefractFetch what)
{
  GSettings *settings = refract_application_get_settings (refract_application_get_default ());
  g_autofree char *url = g_settings_get_string (
      settings, what == REFRACT_FETCH_WIKITEXT ? "wikitext-url" : "prompts-url");

  return *url != '\0' ? g_steal_pointer (&url) : NULL;
}

/* ---- What is here ---- */

static gboolean
is_here (void)
{
  g_autofree char *corpus = refract_fetch_find (REFRACT_WIKITEXT_TEST);
  g_autofree char *haystack = refract_fetch_find (REFRACT_WIKITEXT_TRAIN);

  return corpus != NULL && haystack != NULL;
}

/* Puts what is here into the plan. @all: in place of a person's own texts, too.
 * Returns: whether there was something to put */
static gboolean
use_texts (RefractFetchRow *self, gboolean all, gboolean only_look)
{
  gboolean any = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *path = refract_fetch_find (texts[i].name);
      g_autofree char *bundled
          = texts[i].bundled != NULL ? refract_data_dup_path (texts[i].bundled) : NULL;
      const char *now = refract_plan_get_string (self->plan, texts[i].property);

      if (path == NULL || g_strcmp0 (now, path) == 0
          || (!all && now != NULL && g_strcmp0 (now, bundled) != 0))
        continue;
      any = TRUE;
      if (!only_look)
        g_object_set (self->plan, texts[i].property, path, NULL);
    }
  return any;
}

static void
show_state (RefractFetchRow *self, const char *status)
{
  gboolean running = self->cancellable != NULL;
  gboolean here = !running && is_here ();
  gboolean usable = here && use_texts (self, TRUE, TRUE);

  gtk_widget_set_visible (GTK_WIDGET (self->progress_bar), running);
  gtk_button_set_label (self->button, running ? _ ("_Stop")
                                      : here  ? _ ("_Use Them")
                                              : _ ("_Download…"));
  gtk_widget_set_visible (GTK_WIDGET (self->button), running || !here || usable);
  if (status == NULL)
    status = usable ? _ ("They are on this machine.")
             : here ? _ ("They are on this machine, and used.")
                    : _ ("Not on this machine.");
  gtk_label_set_label (self->status_label, status);
}

static void
plan_changed (RefractFetchRow *self)
{
  if (self->cancellable == NULL)
    show_state (self, NULL);
}

/* ---- The download ---- */

static void
progress_cb (guint64 done, guint64 total, gpointer user_data)
{
  Job *job = user_data;

  g_mutex_lock (&job->mutex);
  job->done = done;
  job->total = total;
  g_mutex_unlock (&job->mutex);
}

static void
fetch_thread (GTask *task, gpointer source, gpointer task_data, GCancellable *cancellable)
{
  Job *job = task_data;
  g_autoptr (GError) error = NULL;

  for (RefractFetch what = REFRACT_FETCH_WIKITEXT; what <= REFRACT_FETCH_PROMPTS; what++)
    {
      if (what == REFRACT_FETCH_WIKITEXT ? is_here () : !job->with_prompts)
        continue;
      g_mutex_lock (&job->mutex);
      job->what = what;
      job->done = job->total = 0;
      g_mutex_unlock (&job->mutex);
      if (!refract_fetch_run (what, job->urls[what], progress_cb, job, cancellable, &error))
        {
          g_task_return_error (task, g_steal_pointer (&error));
          return;
        }
    }
  g_task_return_boolean (task, TRUE);
}

static gboolean
update_cb (gpointer user_data)
{
  GTask *task = user_data;
  RefractFetchRow *self = g_task_get_source_object (task);
  Job *job = g_task_get_task_data (task);
  g_autofree char *done_text = NULL;
  g_autofree char *status = NULL;
  RefractFetch what;
  guint64 done, total;

  g_mutex_lock (&job->mutex);
  what = job->what;
  done = job->done;
  total = job->total;
  g_mutex_unlock (&job->mutex);

  done_text = g_format_size (done);
  status = g_strdup_printf (what == REFRACT_FETCH_WIKITEXT ? _ ("Downloading WikiText-2, %s…")
                                                           : _ ("Downloading the prompts, %s…"),
                            done_text);
  gtk_label_set_label (self->status_label, status);
  if (total > 0)
    gtk_progress_bar_set_fraction (self->progress_bar, (double) done / (double) total);
  else
    gtk_progress_bar_pulse (self->progress_bar);
  return G_SOURCE_CONTINUE;
}

static void
fetched_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RefractFetchRow *self = REFRACT_FETCH_ROW (source);
  g_autoptr (GError) error = NULL;
  gboolean fetched = g_task_propagate_boolean (G_TASK (result), &error);

  g_clear_handle_id (&self->update_source, g_source_remove);
  g_clear_object (&self->cancellable);
  if (self->plan == NULL)
    return; /* disposed of */
  if (fetched)
    use_texts (self, FALSE, FALSE);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    show_state (self, _ ("Stopped. What came is kept: it goes on from there."));
  else
    show_state (self, fetched ? NULL : error->message);
  gtk_accessible_announce (GTK_ACCESSIBLE (self), gtk_label_get_label (self->status_label),
                           GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
}

void
refract_fetch_row_start (RefractFetchRow *self, gboolean with_prompts)
{
  g_autoptr (GTask) task = NULL;
  Job *job;

  g_return_if_fail (REFRACT_IS_FETCH_ROW (self));
  g_return_if_fail (self->cancellable == NULL);

  job = g_new0 (Job, 1);
  g_mutex_init (&job->mutex);
  job->urls[REFRACT_FETCH_WIKITEXT] = dup_url (REFRACT_FETCH_WIKITEXT);
  job->urls[REFRACT_FETCH_PROMPTS] = dup_url (REFRACT_FETCH_PROMPTS);
  job->with_prompts = with_prompts;

  self->cancellable = g_cancellable_new ();
  task = g_task_new (self, self->cancellable, fetched_cb, NULL);
  g_task_set_source_tag (task, refract_fetch_row_start);
  g_task_set_task_data (task, job, job_free);
  show_state (self, "");
  gtk_progress_bar_set_fraction (self->progress_bar, 0);
  update_cb (task);
  self->update_source = g_timeout_add_full (G_PRIORITY_DEFAULT, UPDATE_INTERVAL_MS, update_cb,
                                            g_object_ref (task), g_object_unref);
  g_task_run_in_thread (task, fetch_thread);
}

void
refract_fetch_row_stop (RefractFetchRow *self)
{
  g_return_if_fail (REFRACT_IS_FETCH_ROW (self));

  g_cancellable_cancel (self->cancellable);
}

gboolean
refract_fetch_row_is_running (RefractFetchRow *self)
{
  g_return_val_if_fail (REFRACT_IS_FETCH_ROW (self), FALSE);

  return self->cancellable != NULL;
}

/* ---- Asking ---- */

static void
answered_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractFetchRow) self = user_data;
  AdwAlertDialog *dialog = ADW_ALERT_DIALOG (source);
  const char *response = adw_alert_dialog_choose_finish (dialog, result);
  GtkCheckButton *prompts = GTK_CHECK_BUTTON (adw_alert_dialog_get_extra_child (dialog));

  if (g_str_equal (response, "download") && self->cancellable == NULL && self->plan != NULL)
    refract_fetch_row_start (self, gtk_check_button_get_active (prompts));
}

static void
ask (RefractFetchRow *self)
{
  g_autofree char *own_url = dup_url (REFRACT_FETCH_WIKITEXT);
  g_autofree char *own_prompts_url = dup_url (REFRACT_FETCH_PROMPTS);
  g_autofree char *folder = g_filename_display_name (refract_fetch_get_folder ());
  AdwAlertDialog *dialog
      = ADW_ALERT_DIALOG (adw_alert_dialog_new (_ ("Download Texts from the Web?"), NULL));
  g_autofree char *prompts_text = g_strdup_printf (
      _ ("REFRACT’s own 30 prompts as well, a few kB, from %s"),
      own_prompts_url != NULL ? own_prompts_url : refract_fetch_get_url (REFRACT_FETCH_PROMPTS));
  GtkWidget *label = gtk_label_new (prompts_text);
  GtkWidget *prompts = gtk_check_button_new ();

  adw_alert_dialog_format_body (
      dialog,
      _ ("WikiText-2 raw (CC BY-SA), about 5 MB, comes from %s and goes to %s, where it takes 12 "
         "MB. Its checksum is tested. From then on new audits use it."),
      own_url != NULL ? own_url : refract_fetch_get_url (REFRACT_FETCH_WIKITEXT), folder);
  gtk_label_set_wrap (GTK_LABEL (label), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (label), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_check_button_set_child (GTK_CHECK_BUTTON (prompts), label);
  gtk_check_button_set_active (GTK_CHECK_BUTTON (prompts), TRUE);
  adw_alert_dialog_set_extra_child (dialog, prompts);
  adw_alert_dialog_add_responses (dialog, "cancel", _ ("_Cancel"), "download", _ ("_Download"),
                                  NULL);
  adw_alert_dialog_set_response_appearance (dialog, "download", ADW_RESPONSE_SUGGESTED);
  adw_alert_dialog_set_default_response (dialog, "download");
  adw_alert_dialog_set_close_response (dialog, "cancel");
  adw_alert_dialog_choose (dialog, GTK_WIDGET (self), NULL, answered_cb, g_object_ref (self));
}

static void
clicked (RefractFetchRow *self)
{
  if (self->cancellable != NULL)
    refract_fetch_row_stop (self);
  else if (!is_here ())
    ask (self);
  else
    {
      use_texts (self, TRUE, FALSE);
      show_state (self, NULL);
    }
}

/* ---- The object ---- */

static void
refract_fetch_row_dispose (GObject *object)
{
  RefractFetchRow *self = REFRACT_FETCH_ROW (object);

  g_clear_handle_id (&self->update_source, g_source_remove);
  g_clear_object (&self->plan);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_FETCH_ROW);

  G_OBJECT_CLASS (refract_fetch_row_parent_class)->dispose (object);
}

static void
refract_fetch_row_class_init (RefractFetchRowClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = refract_fetch_row_dispose;

  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/fetch-row.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractFetchRow, status_label);
  gtk_widget_class_bind_template_child (widget_class, RefractFetchRow, progress_bar);
  gtk_widget_class_bind_template_child (widget_class, RefractFetchRow, button);
  gtk_widget_class_bind_template_callback (widget_class, clicked);
}

static void
refract_fetch_row_init (RefractFetchRow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
refract_fetch_row_set_plan (RefractFetchRow *self, RefractPlan *plan)
{
  g_return_if_fail (REFRACT_IS_FETCH_ROW (self));
  g_return_if_fail (self->plan == NULL);

  self->plan = g_object_ref (plan);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *signal = g_strconcat ("notify::", texts[i].property, NULL);

      g_signal_connect_object (plan, signal, G_CALLBACK (plan_changed), self, G_CONNECT_SWAPPED);
    }
  show_state (self, NULL);
}
