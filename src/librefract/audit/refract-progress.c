/* refract-progress.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "audit/refract-progress.h"

struct _RefractProgress
{
  GObject parent_instance;

  GMutex mutex;
  GMainContext *context;
  GSource *notify_source; /* pending announcement */
  GPtrArray *stages;
  GPtrArray *log;
  gint64 started;
  gint64 stage_started;
  int running;
};

G_DEFINE_FINAL_TYPE (RefractProgress, refract_progress, G_TYPE_OBJECT)

enum
{
  SIGNAL_CHANGED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

void
refract_stage_free (RefractStage *self)
{
  g_free (self->configuration);
  g_free (self->step);
  g_free (self);
}

static void
refract_progress_finalize (GObject *object)
{
  RefractProgress *self = REFRACT_PROGRESS (object);

  /* A pending announcement holds a reference, so there is none here. */
  g_assert (self->notify_source == NULL);
  g_ptr_array_unref (self->stages);
  g_ptr_array_unref (self->log);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->mutex);

  G_OBJECT_CLASS (refract_progress_parent_class)->finalize (object);
}

static void
refract_progress_class_init (RefractProgressClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = refract_progress_finalize;

  signals[SIGNAL_CHANGED] = g_signal_new ("changed", REFRACT_TYPE_PROGRESS, G_SIGNAL_RUN_LAST, 0,
                                          NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void
refract_progress_init (RefractProgress *self)
{
  g_mutex_init (&self->mutex);
  self->context = g_main_context_ref_thread_default ();
  self->stages = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_stage_free);
  self->log = g_ptr_array_new_with_free_func (g_free);
  self->started = g_get_monotonic_time ();
  self->running = -1;
}

RefractProgress *
refract_progress_new (void)
{
  return g_object_new (REFRACT_TYPE_PROGRESS, NULL);
}

static gboolean
announce_cb (gpointer user_data)
{
  RefractProgress *self = user_data;

  g_mutex_lock (&self->mutex);
  g_clear_pointer (&self->notify_source, g_source_unref);
  g_mutex_unlock (&self->mutex);

  g_signal_emit (self, signals[SIGNAL_CHANGED], 0);
  return G_SOURCE_REMOVE;
}

/* With the lock held. */
static void
announce (RefractProgress *self)
{
  if (self->notify_source != NULL)
    return;

  self->notify_source = g_idle_source_new ();
  g_source_set_priority (self->notify_source, G_PRIORITY_LOW);
  g_source_set_callback (self->notify_source, announce_cb, g_object_ref (self), g_object_unref);
  g_source_set_static_name (self->notify_source, "[refract] progress");
  g_source_attach (self->notify_source, self->context);
}

guint
refract_progress_add_stage (RefractProgress *self,
                            const char *configuration,
                            const char *step,
                            guint64 total)
{
  RefractStage *stage = g_new0 (RefractStage, 1);
  guint index;

  g_return_val_if_fail (REFRACT_IS_PROGRESS (self), 0);

  stage->configuration = g_strdup (configuration);
  stage->step = g_strdup (step);
  stage->total = total;

  g_mutex_lock (&self->mutex);
  index = self->stages->len;
  g_ptr_array_add (self->stages, stage);
  announce (self);
  g_mutex_unlock (&self->mutex);

  return index;
}

void
refract_progress_begin (RefractProgress *self, guint stage, guint64 total)
{
  RefractStage *s;

  g_return_if_fail (REFRACT_IS_PROGRESS (self));

  g_mutex_lock (&self->mutex);
  s = g_ptr_array_index (self->stages, stage);
  s->state = REFRACT_STAGE_RUNNING;
  s->total = total;
  self->running = stage;
  self->stage_started = g_get_monotonic_time ();
  announce (self);
  g_mutex_unlock (&self->mutex);
}

void
refract_progress_update (RefractProgress *self, guint stage, guint64 done, guint64 tokens)
{
  RefractStage *s;

  g_return_if_fail (REFRACT_IS_PROGRESS (self));

  g_mutex_lock (&self->mutex);
  s = g_ptr_array_index (self->stages, stage);
  s->done = CLAMP (done, s->recalled, s->total);
  s->tokens = tokens;
  announce (self);
  g_mutex_unlock (&self->mutex);
}

void
refract_progress_recall (RefractProgress *self, guint stage, guint64 work)
{
  RefractStage *s;

  g_return_if_fail (REFRACT_IS_PROGRESS (self));

  g_mutex_lock (&self->mutex);
  s = g_ptr_array_index (self->stages, stage);
  s->recalled = MIN (s->recalled + work, s->total);
  s->done = MAX (s->done, s->recalled);
  announce (self);
  g_mutex_unlock (&self->mutex);
}

void
refract_progress_finish (RefractProgress *self, guint stage, gboolean failed)
{
  RefractStage *s;

  g_return_if_fail (REFRACT_IS_PROGRESS (self));

  g_mutex_lock (&self->mutex);
  s = g_ptr_array_index (self->stages, stage);
  s->state = failed ? REFRACT_STAGE_FAILED : REFRACT_STAGE_DONE;
  s->done = s->total;
  if (self->running == (int) stage)
    self->running = -1;
  announce (self);
  g_mutex_unlock (&self->mutex);
}

void
refract_progress_log (RefractProgress *self, const char *format, ...)
{
  va_list args;
  char *line;

  g_return_if_fail (REFRACT_IS_PROGRESS (self));

  va_start (args, format);
  line = g_strdup_vprintf (format, args);
  va_end (args);

  g_mutex_lock (&self->mutex);
  g_ptr_array_add (self->log, line);
  announce (self);
  g_mutex_unlock (&self->mutex);
}

GPtrArray *
refract_progress_dup_stages (RefractProgress *self)
{
  GPtrArray *copy = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_stage_free);

  g_return_val_if_fail (REFRACT_IS_PROGRESS (self), copy);

  g_mutex_lock (&self->mutex);
  for (guint i = 0; i < self->stages->len; i++)
    {
      const RefractStage *stage = g_ptr_array_index (self->stages, i);
      RefractStage *own = g_memdup2 (stage, sizeof *stage);

      own->configuration = g_strdup (stage->configuration);
      own->step = g_strdup (stage->step);
      g_ptr_array_add (copy, own);
    }
  g_mutex_unlock (&self->mutex);

  return copy;
}

char **
refract_progress_dup_log (RefractProgress *self, guint first)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  g_return_val_if_fail (REFRACT_IS_PROGRESS (self), NULL);

  g_mutex_lock (&self->mutex);
  for (guint i = first; i < self->log->len; i++)
    g_strv_builder_add (builder, g_ptr_array_index (self->log, i));
  g_mutex_unlock (&self->mutex);

  return g_strv_builder_end (builder);
}

/* With the lock held. */
static void
sum_work (RefractProgress *self, guint64 *done, guint64 *total, guint64 *recalled)
{
  *done = *total = *recalled = 0;
  for (guint i = 0; i < self->stages->len; i++)
    {
      const RefractStage *stage = g_ptr_array_index (self->stages, i);

      *done += stage->done;
      *total += stage->total;
      *recalled += stage->recalled;
    }
}

double
refract_progress_get_fraction (RefractProgress *self)
{
  guint64 done, total, recalled;

  g_return_val_if_fail (REFRACT_IS_PROGRESS (self), 0);

  g_mutex_lock (&self->mutex);
  sum_work (self, &done, &total, &recalled);
  g_mutex_unlock (&self->mutex);

  return total > 0 ? (double) done / total : 0;
}

double
refract_progress_get_elapsed (RefractProgress *self)
{
  g_return_val_if_fail (REFRACT_IS_PROGRESS (self), 0);

  return (g_get_monotonic_time () - self->started) / 1e6;
}

double
refract_progress_get_remaining_after (RefractProgress *self, double elapsed)
{
  guint64 done, total, recalled;

  g_return_val_if_fail (REFRACT_IS_PROGRESS (self), -1);

  g_mutex_lock (&self->mutex);
  sum_work (self, &done, &total, &recalled);
  g_mutex_unlock (&self->mutex);

  /* Before the first percent and the first seconds, any figure would be a guess. */
  if (elapsed < 2 || done - recalled < MAX (total / 100, 1))
    return -1;
  return elapsed * (total - done) / (done - recalled);
}

double
refract_progress_get_remaining (RefractProgress *self)
{
  return refract_progress_get_remaining_after (self, refract_progress_get_elapsed (self));
}

double
refract_progress_get_tokens_per_second (RefractProgress *self)
{
  double rate = -1;

  g_return_val_if_fail (REFRACT_IS_PROGRESS (self), -1);

  g_mutex_lock (&self->mutex);
  if (self->running >= 0)
    {
      const RefractStage *stage = g_ptr_array_index (self->stages, self->running);
      double seconds = (g_get_monotonic_time () - self->stage_started) / 1e6;

      if (stage->tokens > 0 && seconds > 0)
        rate = stage->tokens / seconds;
    }
  g_mutex_unlock (&self->mutex);

  return rate;
}
