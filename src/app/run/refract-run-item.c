/* refract-run-item.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include <glib/gi18n.h>

#include "run/refract-run-item-private.h"
#include "run/refract-run-store.h"
#include "run/refract-run-words.h"

struct _RefractRunItem
{
  GObject parent_instance;

  guint id;
  RefractPlan *plan;
  gboolean fresh;
  char *title;
  char *subtitle;
  RefractRunState state;
  double fraction;
  double elapsed;

  RefractLibrary *library; /* while it runs, like the audit */
  RefractAudit *audit;
  RefractProgress *progress;
  GCancellable *cancellable;
  char *journal_id;
  gboolean has_measured;
  GError *error;
  GPtrArray *summaries;

  guint n_runs;
  GPtrArray
      *runs; /* (element-type GPtrArray): the reports of each finished run, the first's first */
  double runs_elapsed;
  GPtrArray *repeatability;
};

G_DEFINE_FINAL_TYPE (RefractRunItem, refract_run_item, G_TYPE_OBJECT)

G_DEFINE_ENUM_TYPE (RefractRunState,
                    refract_run_state,
                    G_DEFINE_ENUM_VALUE (REFRACT_RUN_WAITING, "waiting"),
                    G_DEFINE_ENUM_VALUE (REFRACT_RUN_RUNNING, "running"),
                    G_DEFINE_ENUM_VALUE (REFRACT_RUN_FINISHED, "finished"),
                    G_DEFINE_ENUM_VALUE (REFRACT_RUN_STOPPED, "stopped"),
                    G_DEFINE_ENUM_VALUE (REFRACT_RUN_FAILED, "failed"))

enum
{
  PROP_0,
  PROP_TITLE,
  PROP_SUBTITLE,
  PROP_STATE,
  PROP_STOPPING,
  PROP_FRACTION,
  PROP_STATUS,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void
set_state (RefractRunItem *self, RefractRunState state)
{
  if (self->state == state)
    return;

  self->state = state;
  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STOPPING]);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATUS]);
  g_object_thaw_notify (G_OBJECT (self));
}

static void
set_fraction (RefractRunItem *self, double fraction)
{
  /* Nobody sees less than a thousandth. */
  fraction = floor (fraction * 1000) / 1000;
  if (self->fraction == fraction)
    return;

  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_FRACTION]);
  if ((int) (fraction * 100) != (int) (self->fraction * 100))
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATUS]);
  self->fraction = fraction;
  g_object_thaw_notify (G_OBJECT (self));
}

static void
refract_run_item_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  RefractRunItem *self = REFRACT_RUN_ITEM (object);

  switch (prop_id)
    {
    case PROP_TITLE:
      g_value_set_string (value, self->title);
      break;
    case PROP_SUBTITLE:
      g_value_set_string (value, self->subtitle);
      break;
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_STOPPING:
      g_value_set_boolean (value, refract_run_item_get_stopping (self));
      break;
    case PROP_FRACTION:
      g_value_set_double (value, self->fraction);
      break;
    case PROP_STATUS:
      g_value_take_string (value, refract_run_item_dup_status (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
refract_run_item_dispose (GObject *object)
{
  RefractRunItem *self = REFRACT_RUN_ITEM (object);

  if (self->progress != NULL)
    g_signal_handlers_disconnect_by_data (self->progress, self);
  g_clear_object (&self->progress);
  g_clear_object (&self->audit);
  g_clear_object (&self->library);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->plan);

  G_OBJECT_CLASS (refract_run_item_parent_class)->dispose (object);
}

static void
refract_run_item_finalize (GObject *object)
{
  RefractRunItem *self = REFRACT_RUN_ITEM (object);

  g_free (self->title);
  g_free (self->subtitle);
  g_free (self->journal_id);
  g_clear_error (&self->error);
  g_clear_pointer (&self->summaries, g_ptr_array_unref);
  g_clear_pointer (&self->repeatability, g_ptr_array_unref);
  g_ptr_array_unref (self->runs);

  G_OBJECT_CLASS (refract_run_item_parent_class)->finalize (object);
}

static void
refract_run_item_class_init (RefractRunItemClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = refract_run_item_get_property;
  object_class->dispose = refract_run_item_dispose;
  object_class->finalize = refract_run_item_finalize;

  properties[PROP_TITLE] = g_param_spec_string ("title", NULL, NULL, NULL, flags);
  properties[PROP_SUBTITLE] = g_param_spec_string ("subtitle", NULL, NULL, NULL, flags);
  properties[PROP_STATE]
      = g_param_spec_enum ("state", NULL, NULL, REFRACT_TYPE_RUN_STATE, REFRACT_RUN_WAITING, flags);
  properties[PROP_STOPPING] = g_param_spec_boolean ("stopping", NULL, NULL, FALSE, flags);
  properties[PROP_FRACTION] = g_param_spec_double ("fraction", NULL, NULL, 0, 1, 0, flags);
  properties[PROP_STATUS] = g_param_spec_string ("status", NULL, NULL, NULL, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
refract_run_item_init (RefractRunItem *self)
{
  static guint last_id;

  self->id = ++last_id;
  self->n_runs = 1;
  self->runs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
}

RefractRunItem *
refract_run_item_new (RefractPlan *plan, gboolean fresh, guint n_runs)
{
  RefractRunItem *self = g_object_new (REFRACT_TYPE_RUN_ITEM, NULL);

  self->plan = refract_plan_copy (plan);
  self->fresh = fresh;
  self->n_runs = n_runs;
  self->title = refract_run_words_dup_title (plan);
  self->subtitle = refract_run_words_dup_subtitle (plan, n_runs);
  return self;
}

RefractRunItem *
refract_run_item_new_unfinished (const RefractUnfinished *unfinished)
{
  RefractRunItem *self = g_object_new (REFRACT_TYPE_RUN_ITEM, NULL);

  self->state = REFRACT_RUN_STOPPED;
  self->journal_id = g_strdup (unfinished->id);
  self->fraction = unfinished->fraction;
  self->has_measured = unfinished->n_measured > 0;
  if (unfinished->plan != NULL)
    {
      self->plan = refract_plan_copy (unfinished->plan);
      self->title = refract_run_words_dup_title (self->plan);
      self->subtitle = refract_run_words_dup_subtitle (self->plan, 1);
    }
  else
    {
      self->title = g_strdup (_ ("Unreadable audit"));
      self->subtitle = g_date_time_format (unfinished->changed, "%x");
    }
  return self;
}

void
refract_run_item_queue (RefractRunItem *self)
{
  g_return_if_fail (self->plan != NULL);
  g_return_if_fail (self->state != REFRACT_RUN_RUNNING);

  set_state (self, REFRACT_RUN_WAITING);
}

/* What one attempt leaves. */
static void
end (RefractRunItem *self, RefractRunState state, GError *error)
{
  const char *journal_id = self->audit != NULL ? refract_audit_get_journal_id (self->audit) : NULL;

  /* An attempt that did not come that far has not touched what an earlier one left. */
  if (journal_id != NULL)
    {
      g_free (self->journal_id);
      self->journal_id = g_strdup (journal_id);
      self->has_measured = self->fraction > 0;
      self->fresh = FALSE;
    }
  self->has_measured |= self->runs->len > 0;
  self->elapsed = self->runs_elapsed + refract_progress_get_elapsed (self->progress);
  self->error = error;
  /* The journal is free for the next attempt, and goes if there is nothing in it. */
  g_clear_object (&self->audit);
  g_clear_object (&self->library);
  set_state (self, state);
}

static void
fail (RefractRunItem *self, GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_error_free (error);
      end (self, REFRACT_RUN_STOPPED, NULL);
    }
  else
    end (self, REFRACT_RUN_FAILED, error);
}

static void begin (RefractRunItem *self);

static void
judged_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractRunItem) self = user_data;
  g_autoptr (GPtrArray) candidates = NULL;
  GError *error = NULL;

  candidates = refract_run_judge_finish (result, &error);
  if (candidates == NULL)
    fail (self, error);
  else if (self->runs->len < self->n_runs)
    {
      self->runs_elapsed += refract_progress_get_elapsed (self->progress);
      begin (self);
    }
  else
    {
      self->repeatability = g_steal_pointer (&candidates);
      end (self, REFRACT_RUN_FINISHED, NULL);
    }
}

/* What is known after each run is stored: who stops early has that. */
static void
judge (RefractRunItem *self)
{
  refract_run_judge_async (self->runs, judged_cb, g_object_ref (self));
}

static void
stored_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractRunItem) self = user_data;
  g_autoptr (GPtrArray) summaries = NULL;
  GPtrArray *reports;
  GError *error = NULL;

  summaries = refract_run_store_finish (result, &reports, &error);
  if (summaries == NULL)
    {
      fail (self, error);
      return;
    }
  if (self->summaries == NULL)
    self->summaries = g_steal_pointer (&summaries);
  if (self->n_runs == 1)
    {
      g_ptr_array_unref (reports);
      end (self, REFRACT_RUN_FINISHED, NULL);
      return;
    }
  g_ptr_array_add (self->runs, reports);
  self->fresh = TRUE;
  judge (self);
}

static void
measured_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractRunItem) self = user_data;
  GError *error = NULL;
  RefractRun *run = refract_audit_run_finish (REFRACT_AUDIT (source), result, &error);

  if (run != NULL)
    refract_run_store_async (self->summaries == NULL ? self->library : NULL, self->audit, run,
                             stored_cb, g_object_ref (self));
  else
    fail (self, error);
}

static void
progress_changed_cb (RefractRunItem *self)
{
  set_fraction (self,
                (self->runs->len + refract_progress_get_fraction (self->progress)) / self->n_runs);
}

/* One run of the plan. */
static void
begin (RefractRunItem *self)
{
  if (self->progress != NULL)
    g_signal_handlers_disconnect_by_data (self->progress, self);
  g_clear_object (&self->progress);
  g_clear_object (&self->audit);

  self->audit = refract_audit_new (self->plan, self->fresh);
  self->progress = g_object_ref (refract_audit_get_progress (self->audit));
  g_signal_connect_swapped (self->progress, "changed", G_CALLBACK (progress_changed_cb), self);
  set_state (self, REFRACT_RUN_RUNNING);
  /* Whoever shows it has another progress to watch. */
  if (self->runs->len > 0)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATE]);
  refract_audit_run_async (self->audit, self->cancellable, measured_cb, g_object_ref (self));
}

void
refract_run_item_start (RefractRunItem *self, RefractLibrary *library)
{
  g_return_if_fail (self->state == REFRACT_RUN_WAITING);

  g_clear_error (&self->error);
  g_clear_object (&self->cancellable);
  self->library = g_object_ref (library);
  self->cancellable = g_cancellable_new ();
  if (self->runs->len < self->n_runs)
    {
      begin (self);
      return;
    }
  /* All was measured, and could not be stored. */
  set_state (self, REFRACT_RUN_RUNNING);
  judge (self);
}

void
refract_run_item_stop (RefractRunItem *self)
{
  if (self->state == REFRACT_RUN_WAITING)
    set_state (self, REFRACT_RUN_STOPPED);
  else if (self->state == REFRACT_RUN_RUNNING && !refract_run_item_get_stopping (self))
    {
      g_cancellable_cancel (self->cancellable);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STOPPING]);
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_STATUS]);
    }
}

guint
refract_run_item_get_id (RefractRunItem *self)
{
  g_return_val_if_fail (REFRACT_IS_RUN_ITEM (self), 0);

  return self->id;
}

const char *
refract_run_item_get_title (RefractRunItem *self)
{
  g_return_val_if_fail (REFRACT_IS_RUN_ITEM (self), NULL);

  return self->title;
}

const char *
refract_run_item_get_subtitle (RefractRunItem *self)
{
  g_return_val_if_fail (REFRACT_IS_RUN_ITEM (self), NULL);

  return self->subtitle;
}

RefractRunState
refract_run_item_get_state (RefractRunItem *self)
{
  g_return_val_if_fail (REFRACT_IS_RUN_ITEM (self), REFRACT_RUN_WAITING);

  return self->state;
}

gboolean
refract_run_item_get_stopping (RefractRunItem *self)
{
  g_return_val_if_fail (REFRACT_IS_RUN_ITEM (self), FALSE);

  return self->state == REFRACT_RUN_RUNNING && g_cancellable_is_cancelled (self->cancellable);
}

double
refract_run_item_get_fraction (RefractRunItem *self)
{
  g_return_val_if_fail (REFRACT_IS_RUN_ITEM (self), 0);

  return self->fraction;
}

char *
refract_run_item_dup_status (RefractRunItem *self)
{
  g_return_val_if_fail (REFRACT_IS_RUN_ITEM (self), NULL);

  return refract_run_words_dup_status (self->state, self->fraction,
                                       refract_run_item_get_stopping (self), self->has_measured);
}

RefractPlan *
refract_run_item_get_plan (RefractRunItem *self)
{
  g_return_val_if_fail (REFRACT_IS_RUN_ITEM (self), NULL);

  return self->plan;
}

RefractProgress *
refract_run_item_get_progress (RefractRunItem *self)
{
  g_return_val_if_fail (REFRACT_IS_RUN_ITEM (self), NULL);

  return self->progress;
}

double
refract_run_item_get_elapsed (RefractRunItem *self)
{
  g_return_val_if_fail (REFRACT_IS_RUN_ITEM (self), 0);

  return self->state == REFRACT_RUN_RUNNING
             ? self->runs_elapsed + refract_progress_get_elapsed (self->progress)
             : self->elapsed;
}

double
refract_run_item_get_remaining (RefractRunItem *self)
{
  double remaining, run_seconds;

  g_return_val_if_fail (REFRACT_IS_RUN_ITEM (self), -1);

  if (self->state != REFRACT_RUN_RUNNING || self->runs->len == self->n_runs)
    return -1;
  remaining = refract_progress_get_remaining (self->progress);
  if (remaining < 0)
    return -1;
  run_seconds = self->runs->len > 0 ? self->runs_elapsed / self->runs->len
                                    : refract_progress_get_elapsed (self->progress) + remaining;
  return remaining + run_seconds * (self->n_runs - self->runs->len - 1);
}

guint
refract_run_item_get_n_runs (RefractRunItem *self)
{
  g_return_val_if_fail (REFRACT_IS_RUN_ITEM (self), 1);

  return self->n_runs;
}

guint
refract_run_item_get_n_runs_done (RefractRunItem *self)
{
  g_return_val_if_fail (REFRACT_IS_RUN_ITEM (self), 0);

  return self->runs->len;
}

GPtrArray *
refract_run_item_get_repeatability (RefractRunItem *self)
{
  g_return_val_if_fail (REFRACT_IS_RUN_ITEM (self), NULL);

  return self->repeatability;
}

const GError *
refract_run_item_get_error (RefractRunItem *self)
{
  g_return_val_if_fail (REFRACT_IS_RUN_ITEM (self), NULL);

  return self->error;
}

GPtrArray *
refract_run_item_get_summaries (RefractRunItem *self)
{
  g_return_val_if_fail (REFRACT_IS_RUN_ITEM (self), NULL);

  return self->state == REFRACT_RUN_FINISHED ? self->summaries : NULL;
}

const char *
refract_run_item_get_journal_id (RefractRunItem *self)
{
  g_return_val_if_fail (REFRACT_IS_RUN_ITEM (self), NULL);

  return self->journal_id;
}

gboolean
refract_run_item_has_measured (RefractRunItem *self)
{
  g_return_val_if_fail (REFRACT_IS_RUN_ITEM (self), FALSE);

  return self->has_measured;
}
