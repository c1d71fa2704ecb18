/* refract-run-item.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include <glib/gi18n.h>

#include "audit/refract-demo.h"
#include "run/refract-run-item-private.h"
#include "run/refract-run-store.h"

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
}

static gboolean
is_demo (const char *model)
{
  g_autoptr (RefractPlan) demo = refract_demo_plan_new ();

  return g_strcmp0 (model, refract_plan_get_string (demo, "model")) == 0;
}

/* "gemma-2b-Q8_0" */
static char *
make_title (RefractPlan *plan)
{
  const char *model = refract_plan_get_string (plan, "model");
  g_autofree char *name = NULL;

  if (is_demo (model))
    return g_strdup (_ ("Demo"));
  if (model == NULL || *model == '\0')
    return g_strdup (_ ("No model"));
  name = g_filename_display_basename (model);
  if (g_str_has_suffix (name, ".gguf"))
    name[strlen (name) - strlen (".gguf")] = '\0';
  return g_steal_pointer (&name);
}

static char *
make_subtitle (RefractPlan *plan)
{
  g_autoptr (GPtrArray) candidates = refract_plan_get_candidates (plan, NULL);

  if (candidates == NULL || candidates->len == 0)
    return g_strdup ("");
  if (candidates->len == 1)
    return g_strdup (refract_kv_config_get_label (g_ptr_array_index (candidates, 0)));
  return g_strdup_printf (ngettext ("%u KV configuration", "%u KV configurations", candidates->len),
                          candidates->len);
}

RefractRunItem *
refract_run_item_new (RefractPlan *plan, gboolean fresh)
{
  RefractRunItem *self = g_object_new (REFRACT_TYPE_RUN_ITEM, NULL);

  self->plan = refract_plan_copy (plan);
  self->fresh = fresh;
  self->title = make_title (plan);
  self->subtitle = make_subtitle (plan);
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
      self->title = make_title (self->plan);
      self->subtitle = make_subtitle (self->plan);
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
  const char *journal_id = refract_audit_get_journal_id (self->audit);

  /* An attempt that did not come that far has not touched what an earlier one left. */
  if (journal_id != NULL)
    {
      g_free (self->journal_id);
      self->journal_id = g_strdup (journal_id);
      self->has_measured = self->fraction > 0;
      self->fresh = FALSE;
    }
  self->elapsed = refract_progress_get_elapsed (self->progress);
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

static void
stored_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractRunItem) self = user_data;
  GError *error = NULL;
  GPtrArray *summaries = refract_run_store_finish (result, &error);

  if (summaries == NULL)
    {
      fail (self, error);
      return;
    }
  self->summaries = summaries;
  end (self, REFRACT_RUN_FINISHED, NULL);
}

static void
measured_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractRunItem) self = user_data;
  GError *error = NULL;
  RefractRun *run = refract_audit_run_finish (REFRACT_AUDIT (source), result, &error);

  if (run != NULL)
    refract_run_store_async (self->library, self->audit, run, stored_cb, g_object_ref (self));
  else
    fail (self, error);
}

static void
progress_changed_cb (RefractRunItem *self)
{
  set_fraction (self, refract_progress_get_fraction (self->progress));
}

void
refract_run_item_start (RefractRunItem *self, RefractLibrary *library)
{
  g_return_if_fail (self->state == REFRACT_RUN_WAITING);

  g_clear_error (&self->error);
  if (self->progress != NULL)
    g_signal_handlers_disconnect_by_data (self->progress, self);
  g_clear_object (&self->progress);
  g_clear_object (&self->cancellable);

  self->library = g_object_ref (library);
  self->audit = refract_audit_new (self->plan, self->fresh);
  self->progress = g_object_ref (refract_audit_get_progress (self->audit));
  self->cancellable = g_cancellable_new ();
  g_signal_connect_swapped (self->progress, "changed", G_CALLBACK (progress_changed_cb), self);
  set_state (self, REFRACT_RUN_RUNNING);
  refract_audit_run_async (self->audit, self->cancellable, measured_cb, g_object_ref (self));
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
  int percent;

  g_return_val_if_fail (REFRACT_IS_RUN_ITEM (self), NULL);

  percent = (int) (self->fraction * 100);
  switch (self->state)
    {
    case REFRACT_RUN_WAITING:
      return g_strdup (_ ("Waiting"));
    case REFRACT_RUN_RUNNING:
      if (refract_run_item_get_stopping (self))
        return g_strdup (_ ("Stopping…"));
      /* Translators: how far a running audit is. */
      return g_strdup_printf (_ ("Running, %d %%"), percent);
    case REFRACT_RUN_FINISHED:
      return g_strdup (_ ("Finished"));
    case REFRACT_RUN_STOPPED:
      return self->has_measured ? g_strdup_printf (_ ("Stopped at %d %%"), percent)
                                : g_strdup (_ ("Stopped"));
    case REFRACT_RUN_FAILED:
      return g_strdup (_ ("Failed"));
    default:
      g_return_val_if_reached (NULL);
    }
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

  return self->state == REFRACT_RUN_RUNNING ? refract_progress_get_elapsed (self->progress)
                                            : self->elapsed;
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

  return self->summaries;
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
