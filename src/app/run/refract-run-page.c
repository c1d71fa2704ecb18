/* refract-run-page.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include <glib/gi18n.h>

#include "core/refract-translate.h"
#include "refract-page-bar.h"
#include "refract-window.h"
#include "run/refract-run-fact.h"
#include "run/refract-run-page.h"
#include "run/refract-stage-row.h"

#define UPDATE_INTERVAL_MS 100
#define LOG_LINES 200
#define ANNOUNCE_STEP 25 /* percent */

struct _RefractRunPage
{
  AdwNavigationPage parent_instance;

  GtkImage *error_icon;
  GtkLabel *heading;
  GtkLabel *detail;
  GtkProgressBar *overall;
  GtkWidget *facts;
  RefractRunFact *elapsed_fact;
  RefractRunFact *remaining_fact;
  RefractRunFact *rate_fact;
  GtkButton *stop_button;
  GtkButton *resume_button;
  GtkButton *discard_button;
  GtkWidget *kept_label;
  GtkBox *stages;
  GtkWidget *log_group;
  GtkLabel *log_label;

  RefractAuditQueue *queue;
  RefractRunItem *item;
  RefractProgress *progress; /* that is shown */
  GPtrArray *rows;           /* of the stages, in order; borrowed */
  GQueue *log;
  guint n_logged;
  guint update_source;
  guint clock_source;
  int announced;
};

G_DEFINE_FINAL_TYPE (RefractRunPage, refract_run_page, ADW_TYPE_NAVIGATION_PAGE)

/* "1:05:09", "4:07" */
static char *
format_time (double seconds)
{
  guint whole = (guint) MIN (round (seconds), 359999);

  if (whole >= 3600)
    return g_strdup_printf ("%u:%02u:%02u", whole / 3600, whole / 60 % 60, whole % 60);
  return g_strdup_printf ("%u:%02u", whole / 60, whole % 60);
}

static void
update_facts (RefractRunPage *self)
{
  gboolean running = refract_run_item_get_state (self->item) == REFRACT_RUN_RUNNING;
  double elapsed = refract_run_item_get_elapsed (self->item);
  double remaining = refract_run_item_get_remaining (self->item);
  double rate = running ? refract_progress_get_tokens_per_second (self->progress) : -1;
  g_autofree char *elapsed_text = elapsed > 0 ? format_time (elapsed) : NULL;
  g_autofree char *remaining_text = remaining >= 0 ? format_time (remaining) : NULL;
  g_autofree char *rate_text = rate >= 0 ? g_strdup_printf ("%'.0f", rate) : NULL;

  gtk_widget_set_visible (self->facts,
                          running || (elapsed > 0 && refract_run_item_has_measured (self->item)));
  refract_run_fact_set_value (self->elapsed_fact, elapsed_text);
  /* While it runs, figures that are not known yet keep their place. */
  refract_run_fact_set_value (self->remaining_fact,
                              remaining_text != NULL || !running ? remaining_text : "–");
  refract_run_fact_set_value (self->rate_fact, rate_text != NULL || !running ? rate_text : "–");
}

/* Where a screen reader is on, a quarter of the way at a time; the end is said by the heading. */
static void
announce_progress (RefractRunPage *self)
{
  int step = (int) (refract_run_item_get_fraction (self->item) * 100) / ANNOUNCE_STEP;
  g_autofree char *text = NULL;

  if (step <= self->announced || refract_run_item_get_state (self->item) != REFRACT_RUN_RUNNING)
    return;
  self->announced = step;
  text = refract_run_item_dup_status (self->item);
  gtk_accessible_announce (GTK_ACCESSIBLE (self), text, GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_LOW);
}

static void
clear_stages (RefractRunPage *self)
{
  GtkWidget *child;

  g_ptr_array_set_size (self->rows, 0);
  while ((child = gtk_widget_get_first_child (GTK_WIDGET (self->stages))) != NULL)
    gtk_box_remove (self->stages, child);
}

/* A list below its heading; an AdwPreferencesGroup's own title would be cut off. */
static GtkWidget *
add_stage_group (RefractRunPage *self, const char *configuration)
{
  GtkWidget *box = gtk_box_new (GTK_ORIENTATION_VERTICAL, 12);
  GtkWidget *heading = gtk_label_new (configuration);
  GtkWidget *group = adw_preferences_group_new ();

  gtk_label_set_wrap (GTK_LABEL (heading), TRUE);
  gtk_label_set_wrap_mode (GTK_LABEL (heading), PANGO_WRAP_WORD_CHAR);
  gtk_label_set_xalign (GTK_LABEL (heading), 0);
  gtk_widget_add_css_class (heading, "heading");
  gtk_accessible_update_relation (GTK_ACCESSIBLE (group), GTK_ACCESSIBLE_RELATION_LABELLED_BY,
                                  heading, NULL, -1);
  gtk_box_append (GTK_BOX (box), heading);
  gtk_box_append (GTK_BOX (box), group);
  gtk_box_append (self->stages, box);
  return group;
}

/* Stages come in groups: each configuration's follow each other. */
static void
add_stage_rows (RefractRunPage *self, GPtrArray *stages)
{
  GtkWidget *box = gtk_widget_get_last_child (GTK_WIDGET (self->stages));
  GtkWidget *group = box != NULL ? gtk_widget_get_last_child (box) : NULL;

  for (guint i = self->rows->len; i < stages->len; i++)
    {
      const RefractStage *stage = g_ptr_array_index (stages, i);
      const RefractStage *before = i > 0 ? g_ptr_array_index (stages, i - 1) : NULL;
      RefractStageRow *row = refract_stage_row_new ();

      if (before == NULL || g_strcmp0 (before->configuration, stage->configuration) != 0)
        group = add_stage_group (self, stage->configuration);
      adw_preferences_group_add (ADW_PREFERENCES_GROUP (group), GTK_WIDGET (row));
      g_ptr_array_add (self->rows, row);
    }
}

/* (transfer full) (nullable): what is measured now, or what is to know about the end */
static char *
make_detail (RefractRunPage *self, GPtrArray *stages)
{
  const GError *error = refract_run_item_get_error (self->item);
  RefractRunState state = refract_run_item_get_state (self->item);

  for (guint i = 0; state == REFRACT_RUN_RUNNING && i < stages->len; i++)
    {
      const RefractStage *stage = g_ptr_array_index (stages, i);

      if (stage->state == REFRACT_STAGE_RUNNING)
        return g_strdup_printf ("%s · %s", stage->configuration, refract_stage_get_title (stage));
    }

  if (error != NULL)
    return refract_translate (error->message);
  if (refract_run_item_get_plan (self->item) == NULL)
    return g_strdup (_ ("What was measured was written by another version of Refract and cannot "
                        "be read. Go on with that version, or discard it."));
  if (state == REFRACT_RUN_STOPPED && refract_run_item_has_measured (self->item))
    return g_strdup (_ ("What was measured is kept: resuming goes on where the audit stopped."));
  return NULL;
}

static void
update_detail (RefractRunPage *self, GPtrArray *stages)
{
  g_autofree char *detail = make_detail (self, stages);

  gtk_widget_set_visible (GTK_WIDGET (self->detail), detail != NULL);
  gtk_label_set_label (self->detail, detail != NULL ? detail : "");
  gtk_label_set_selectable (self->detail, refract_run_item_get_error (self->item) != NULL);
}

static void
update_stages (RefractRunPage *self)
{
  gboolean ended = refract_run_item_get_state (self->item) != REFRACT_RUN_RUNNING;
  g_autoptr (GPtrArray) stages
      = self->progress != NULL ? refract_progress_dup_stages (self->progress) : g_ptr_array_new ();

  update_detail (self, stages);
  add_stage_rows (self, stages);
  for (guint i = 0; i < stages->len; i++)
    refract_stage_row_update (g_ptr_array_index (self->rows, i), g_ptr_array_index (stages, i),
                              ended);
}

static void
update_log (RefractRunPage *self)
{
  g_autoptr (GString) text = NULL;
  g_auto (GStrv) lines = NULL;

  if (self->progress == NULL)
    return;
  lines = refract_progress_dup_log (self->progress, self->n_logged);
  if (lines[0] == NULL)
    return;

  for (guint i = 0; lines[i] != NULL; i++, self->n_logged++)
    g_queue_push_tail (self->log, g_strdup (lines[i]));
  while (g_queue_get_length (self->log) > LOG_LINES)
    g_free (g_queue_pop_head (self->log));

  text = g_string_new (NULL);
  for (GList *l = self->log->head; l != NULL; l = l->next)
    g_string_append_printf (text, "%s%s", text->len > 0 ? "\n" : "", (const char *) l->data);
  gtk_label_set_label (self->log_label, text->str);
  gtk_widget_set_visible (self->log_group, TRUE);
}

static void
update_progress (RefractRunPage *self)
{
  gtk_progress_bar_set_fraction (self->overall,
                                 floor (refract_run_item_get_fraction (self->item) * 100) / 100);
  update_stages (self);
  update_log (self);
  announce_progress (self);
}

static gboolean
update_cb (gpointer user_data)
{
  RefractRunPage *self = user_data;

  self->update_source = 0;
  update_progress (self);
  return G_SOURCE_REMOVE;
}

/* An audit tells of every token: what is shown follows a few times a second, and only when seen. */
static void
progress_changed_cb (RefractRunPage *self)
{
  if (self->update_source == 0 && gtk_widget_get_mapped (GTK_WIDGET (self)))
    self->update_source = g_timeout_add (UPDATE_INTERVAL_MS, update_cb, self);
}

static gboolean
clock_cb (gpointer user_data)
{
  update_facts (user_data);
  return G_SOURCE_CONTINUE;
}

static void
update_clock (RefractRunPage *self)
{
  gboolean wanted = gtk_widget_get_mapped (GTK_WIDGET (self))
                    && refract_run_item_get_state (self->item) == REFRACT_RUN_RUNNING;

  if (!wanted)
    g_clear_handle_id (&self->clock_source, g_source_remove);
  else if (self->clock_source == 0)
    self->clock_source = g_timeout_add_seconds (1, clock_cb, self);
}

/* (transfer full) */
static char *
make_heading (RefractRunPage *self)
{
  guint n_runs = refract_run_item_get_n_runs (self->item);

  switch (refract_run_item_get_state (self->item))
    {
    case REFRACT_RUN_WAITING:
      return g_strdup (_ ("Waiting for Another Audit"));
    case REFRACT_RUN_RUNNING:
      if (refract_run_item_get_stopping (self->item))
        return g_strdup (_ ("Stopping…"));
      if (n_runs == 1)
        return g_strdup (_ ("Measuring…"));
      return g_strdup_printf (_ ("Measuring, Run %u of %u…"),
                              MIN (refract_run_item_get_n_runs_done (self->item) + 1, n_runs),
                              n_runs);
    case REFRACT_RUN_FINISHED:
      return g_strdup (_ ("Finished"));
    case REFRACT_RUN_FAILED:
      return g_strdup (_ ("The Audit Failed"));
    case REFRACT_RUN_STOPPED:
    default:
      return g_strdup (_ ("Stopped"));
    }
}

static void
state_changed_cb (RefractRunPage *self)
{
  RefractRunState state = refract_run_item_get_state (self->item);
  gboolean running = state == REFRACT_RUN_RUNNING;
  gboolean active = running || state == REFRACT_RUN_WAITING;
  gboolean ended = state == REFRACT_RUN_STOPPED || state == REFRACT_RUN_FAILED;
  gboolean measured = refract_run_item_has_measured (self->item);
  gboolean stopping = refract_run_item_get_stopping (self->item);
  gboolean can_resume = ended && refract_run_item_get_plan (self->item) != NULL;
  RefractProgress *progress = refract_run_item_get_progress (self->item);
  g_autofree char *heading = make_heading (self);

  if (g_set_object (&self->progress, progress))
    {
      clear_stages (self);
      g_queue_clear_full (self->log, g_free);
      self->n_logged = 0;
      self->announced = 0;
      if (progress != NULL)
        g_signal_connect_object (progress, "changed", G_CALLBACK (progress_changed_cb), self,
                                 G_CONNECT_SWAPPED);
    }

  if (g_strcmp0 (gtk_label_get_label (self->heading), heading) != 0)
    {
      gtk_label_set_label (self->heading, heading);
      if (gtk_widget_get_mapped (GTK_WIDGET (self)))
        gtk_accessible_announce (GTK_ACCESSIBLE (self), heading,
                                 GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
    }
  gtk_widget_set_visible (GTK_WIDGET (self->error_icon), state == REFRACT_RUN_FAILED);
  gtk_widget_set_visible (GTK_WIDGET (self->overall), running || measured);
  gtk_button_set_label (self->stop_button, running ? _ ("_Stop") : _ ("_Remove"));
  gtk_button_set_label (self->resume_button, measured ? _ ("_Resume") : _ ("_Try Again"));
  gtk_button_set_label (self->discard_button, measured ? _ ("_Discard…") : _ ("_Remove"));
  gtk_widget_set_visible (GTK_WIDGET (self->stop_button), active);
  gtk_widget_set_visible (self->kept_label, running);
  gtk_widget_set_visible (GTK_WIDGET (self->resume_button), can_resume);
  gtk_widget_set_visible (GTK_WIDGET (self->discard_button), ended);
  gtk_widget_set_visible (self->log_group, self->n_logged > 0);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "run.stop", active && !stopping);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "run.resume", can_resume);
  gtk_widget_action_set_enabled (GTK_WIDGET (self), "run.discard", ended);

  update_progress (self);
  update_facts (self);
  update_clock (self);
}

/* The item is gone. */
static void
leave (RefractRunPage *self)
{
  RefractWindow *window = refract_window_from_widget (GTK_WIDGET (self));

  if (window != NULL && refract_window_get_page (window) == ADW_NAVIGATION_PAGE (self))
    refract_window_set_page (window, NULL);
}

static void
stop_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  g_autoptr (RefractRunPage) self = g_object_ref (REFRACT_RUN_PAGE (widget));
  gboolean leaves = refract_run_item_get_state (self->item) == REFRACT_RUN_WAITING
                    && !refract_run_item_has_measured (self->item);

  refract_audit_queue_stop (self->queue, self->item);
  if (leaves)
    leave (self);
}

static void
resume_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  RefractRunPage *self = REFRACT_RUN_PAGE (widget);

  refract_audit_queue_resume (self->queue, self->item);
}

static void
discarded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractRunPage) self = user_data;
  RefractWindow *window = refract_window_from_widget (GTK_WIDGET (self));
  g_autoptr (GError) error = NULL;
  gboolean discarded
      = refract_audit_queue_discard_finish (REFRACT_AUDIT_QUEUE (source), result, &error);

  if (discarded)
    leave (self);
  else if (window != NULL)
    refract_window_show_error (window, _ ("The audit could not be discarded"), error);
}

static void
discard (RefractRunPage *self)
{
  refract_audit_queue_discard_async (self->queue, self->item, discarded_cb, g_object_ref (self));
}

static void
discard_chosen_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractRunPage) self = user_data;
  const char *response = adw_alert_dialog_choose_finish (ADW_ALERT_DIALOG (source), result);

  if (g_strcmp0 (response, "discard") == 0)
    discard (self);
}

static void
discard_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  RefractRunPage *self = REFRACT_RUN_PAGE (widget);
  AdwDialog *dialog;

  if (!refract_run_item_has_measured (self->item))
    {
      discard (self);
      return;
    }

  dialog
      = adw_alert_dialog_new (_ ("Discard This Audit?"),
                              _ ("What it has measured so far is deleted and cannot be restored."));

  adw_alert_dialog_add_responses (ADW_ALERT_DIALOG (dialog), "cancel", _ ("_Cancel"), "discard",
                                  _ ("_Discard"), NULL);
  adw_alert_dialog_set_response_appearance (ADW_ALERT_DIALOG (dialog), "discard",
                                            ADW_RESPONSE_DESTRUCTIVE);
  adw_alert_dialog_set_close_response (ADW_ALERT_DIALOG (dialog), "cancel");
  adw_alert_dialog_choose (ADW_ALERT_DIALOG (dialog), widget, NULL, discard_chosen_cb,
                           g_object_ref (self));
}

static void
refract_run_page_map (GtkWidget *widget)
{
  RefractRunPage *self = REFRACT_RUN_PAGE (widget);

  GTK_WIDGET_CLASS (refract_run_page_parent_class)->map (widget);
  update_progress (self);
  update_facts (self);
  update_clock (self);
}

static void
refract_run_page_unmap (GtkWidget *widget)
{
  RefractRunPage *self = REFRACT_RUN_PAGE (widget);

  GTK_WIDGET_CLASS (refract_run_page_parent_class)->unmap (widget);
  g_clear_handle_id (&self->update_source, g_source_remove);
  update_clock (self);
}

static void
refract_run_page_dispose (GObject *object)
{
  RefractRunPage *self = REFRACT_RUN_PAGE (object);

  g_clear_handle_id (&self->update_source, g_source_remove);
  g_clear_handle_id (&self->clock_source, g_source_remove);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_RUN_PAGE);
  g_clear_object (&self->progress);
  g_clear_object (&self->item);
  g_clear_object (&self->queue);

  G_OBJECT_CLASS (refract_run_page_parent_class)->dispose (object);
}

static void
refract_run_page_finalize (GObject *object)
{
  RefractRunPage *self = REFRACT_RUN_PAGE (object);

  g_ptr_array_unref (self->rows);
  g_queue_free_full (self->log, g_free);

  G_OBJECT_CLASS (refract_run_page_parent_class)->finalize (object);
}

static void
refract_run_page_class_init (RefractRunPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = refract_run_page_dispose;
  object_class->finalize = refract_run_page_finalize;
  widget_class->map = refract_run_page_map;
  widget_class->unmap = refract_run_page_unmap;

  g_type_ensure (REFRACT_TYPE_PAGE_BAR);
  g_type_ensure (REFRACT_TYPE_RUN_FACT);
  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/run-page.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractRunPage, error_icon);
  gtk_widget_class_bind_template_child (widget_class, RefractRunPage, heading);
  gtk_widget_class_bind_template_child (widget_class, RefractRunPage, detail);
  gtk_widget_class_bind_template_child (widget_class, RefractRunPage, overall);
  gtk_widget_class_bind_template_child (widget_class, RefractRunPage, facts);
  gtk_widget_class_bind_template_child (widget_class, RefractRunPage, elapsed_fact);
  gtk_widget_class_bind_template_child (widget_class, RefractRunPage, remaining_fact);
  gtk_widget_class_bind_template_child (widget_class, RefractRunPage, rate_fact);
  gtk_widget_class_bind_template_child (widget_class, RefractRunPage, stop_button);
  gtk_widget_class_bind_template_child (widget_class, RefractRunPage, resume_button);
  gtk_widget_class_bind_template_child (widget_class, RefractRunPage, discard_button);
  gtk_widget_class_bind_template_child (widget_class, RefractRunPage, kept_label);
  gtk_widget_class_bind_template_child (widget_class, RefractRunPage, stages);
  gtk_widget_class_bind_template_child (widget_class, RefractRunPage, log_group);
  gtk_widget_class_bind_template_child (widget_class, RefractRunPage, log_label);

  gtk_widget_class_install_action (widget_class, "run.stop", NULL, stop_activated);
  gtk_widget_class_install_action (widget_class, "run.resume", NULL, resume_activated);
  gtk_widget_class_install_action (widget_class, "run.discard", NULL, discard_activated);
}

static void
refract_run_page_init (RefractRunPage *self)
{
  self->rows = g_ptr_array_new ();
  self->log = g_queue_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

RefractRunPage *
refract_run_page_new (RefractAuditQueue *queue, RefractRunItem *item)
{
  RefractRunPage *self = g_object_new (REFRACT_TYPE_RUN_PAGE, NULL);

  self->queue = g_object_ref (queue);
  self->item = g_object_ref (item);
  adw_navigation_page_set_title (ADW_NAVIGATION_PAGE (self), refract_run_item_get_title (item));
  g_signal_connect_object (item, "notify::state", G_CALLBACK (state_changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (item, "notify::stopping", G_CALLBACK (state_changed_cb), self,
                           G_CONNECT_SWAPPED);
  state_changed_cb (self);
  return self;
}

RefractRunItem *
refract_run_page_get_item (RefractRunPage *self)
{
  g_return_val_if_fail (REFRACT_IS_RUN_PAGE (self), NULL);

  return self->item;
}
