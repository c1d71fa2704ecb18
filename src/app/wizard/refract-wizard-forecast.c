/* refract-wizard-forecast.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include <glib/gi18n.h>

#include "audit/refract-estimate.h"
#include "core/refract-error.h"
#include "core/refract-translate.h"
#include "report/refract-diagnosis.h"
#include "wizard/refract-wizard-forecast.h"

#define DELAY 150 /* ms after the last change: typing is not measured letter by letter */

enum
{
  PROP_0,
  PROP_TIME,
  PROP_MEMORY,
  PROP_DISK,
  PROP_COMPARABLE,
  PROP_ERROR,
  PROP_READY,
  N_PROPS
};

struct _RefractWizardForecast
{
  GObject parent_instance;

  RefractPlan *plan;
  RefractModel *model;
  RefractEngineInfo *engine;
  guint n_runs;
  char *texts[N_PROPS]; /* of the properties that are text */
  gboolean ready;
  gboolean stopped;
  guint timeout;
  GCancellable *cancellable;
};

G_DEFINE_FINAL_TYPE (RefractWizardForecast, refract_wizard_forecast, G_TYPE_OBJECT)

static GParamSpec *properties[N_PROPS];

typedef struct
{
  RefractForecast forecast;
  GPtrArray *why; /* against being comparable */
} Outcome;

static void
outcome_free (gpointer data)
{
  Outcome *outcome = data;

  g_clear_pointer (&outcome->why, g_ptr_array_unref);
  g_free (outcome);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Outcome, outcome_free)

/* ---- In words ---- */

static char *
describe_seconds (double seconds)
{
  guint n;

  if (seconds < 90)
    {
      n = (guint) MAX (5, round (seconds / 5) * 5);
      return g_strdup_printf (g_dngettext (NULL, "%u second", "%u seconds", n), n);
    }
  if (seconds < 90 * 60)
    {
      n = (guint) round (seconds / 60);
      return g_strdup_printf (g_dngettext (NULL, "%u minute", "%u minutes", n), n);
    }
  n = (guint) MIN (round (seconds / 3600), G_MAXINT);
  return g_strdup_printf (g_dngettext (NULL, "%u hour", "%u hours", n), n);
}

static char *
describe_time (const RefractForecast *forecast)
{
  g_autofree char *low = describe_seconds (forecast->low);
  g_autofree char *high = describe_seconds (forecast->high);
  g_autofree char *middle = describe_seconds ((forecast->low + forecast->high) / 2);

  switch (forecast->knowledge)
    {
    case REFRACT_KNOWLEDGE_LEARNED:
      return g_strdup_printf (_ ("About %s, as earlier audits of this model went"), middle);
    case REFRACT_KNOWLEDGE_RELATED:
      return g_strdup_printf (_ ("%s to %s, going by earlier audits"), low, high);
    case REFRACT_KNOWLEDGE_GUESS:
    default:
      return g_strdup_printf (_ ("%s to %s: a guess, nothing was audited here yet"), low, high);
    }
}

static char *
describe_memory (const RefractNeeds *needs)
{
  g_autofree char *size = NULL;
  g_autofree char *slots = g_strdup_printf (
      g_dngettext (NULL, "%u prompt at a time", "%u prompts side by side", needs->n_slots),
      needs->n_slots);

  if (needs->kv_bytes < 0)
    return g_strdup_printf (_ ("KV cache: known once the engine has run it; %s"), slots);
  size = g_format_size_full ((guint64) needs->kv_bytes, G_FORMAT_SIZE_IEC_UNITS);
  return g_strdup_printf (_ ("%s of KV cache at the reference, %s"), size, slots);
}

static char *
describe_disk (const RefractForecast *forecast)
{
  g_autofree char *needed = g_format_size (forecast->needs.disk_bytes);
  g_autofree char *available = g_format_size (forecast->disk_free);

  if (forecast->needs.disk_bytes == 0)
    return g_strdup (_ ("Next to nothing"));
  if (forecast->disk_free == 0)
    return g_strdup_printf (_ ("%s while it runs"), needed);
  return g_strdup_printf (_ ("%s while it runs, of %s that are free"), needed, available);
}

static char *
describe_comparable (GPtrArray *why)
{
  g_autoptr (GString) reasons = g_string_new (NULL);

  if (why->len == 0)
    return g_strdup (_ ("Yes, with those of REFRACT 0.3"));
  for (guint i = 0; i < why->len; i++)
    {
      g_autofree char *reason = refract_translate (g_ptr_array_index (why, i));

      g_string_append_printf (reasons, "%s%s", i > 0 ? " " : "", reason);
    }
  return g_strdup_printf (_ ("No. %s"), reasons->str);
}

/* ---- Working it out ---- */

static void
set_text (RefractWizardForecast *self, guint prop, char *text)
{
  if (g_strcmp0 (self->texts[prop], text) == 0)
    {
      g_free (text);
      return;
    }
  g_free (self->texts[prop]);
  self->texts[prop] = text;
  g_object_notify_by_pspec (G_OBJECT (self), properties[prop]);
}

static void
set_ready (RefractWizardForecast *self, gboolean ready)
{
  if (self->ready == ready)
    return;
  self->ready = ready;
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_READY]);
}

static void
run_free (gpointer data)
{
  refract_run_free (data);
}

static void
forecast_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  RefractRun *run = task_data;
  g_autoptr (Outcome) outcome = g_new0 (Outcome, 1);
  g_autoptr (RefractKvConfig) reference = NULL;
  g_autoptr (GError) error = NULL;
  RefractInputs inputs;

  if (!refract_plan_validate (run->plan, &error) || !refract_run_load_inputs (run, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }
  if (refract_plan_has_axis (run->plan, REFRACT_AXIS_KLD) && run->engine != NULL
      && !run->engine->has_logits)
    {
      g_task_return_new_error (task, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING,
                               _ ("KLD@D needs llama-perplexity, which this engine lacks: install "
                                  "it, or switch the axis off."));
      return;
    }
  inputs = refract_run_get_inputs (run);
  for (guint i = 0; i < REFRACT_N_AXES && error == NULL; i++)
    if (refract_plan_has_axis (run->plan, i))
      {
        g_autoptr (RefractAxis) axis = refract_axis_new (i);

        refract_axis_check (axis, run->plan, &inputs, &error);
      }
  if (error != NULL || !refract_estimate_forecast (run, &outcome->forecast, &error))
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  reference = refract_plan_get_reference (run->plan, NULL);
  run->reference = refract_config_result_new (reference);
  refract_is_comparable (run, &outcome->why);
  g_task_return_pointer (task, g_steal_pointer (&outcome), outcome_free);
}

static void
forecast_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RefractWizardForecast *self = REFRACT_WIZARD_FORECAST (source);
  g_autoptr (GError) error = NULL;
  g_autoptr (Outcome) outcome = g_task_propagate_pointer (G_TASK (result), &error);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  g_clear_object (&self->cancellable);
  if (outcome != NULL)
    {
      outcome->forecast.low *= self->n_runs;
      outcome->forecast.high *= self->n_runs;
      set_text (self, PROP_TIME, describe_time (&outcome->forecast));
      set_text (self, PROP_MEMORY, describe_memory (&outcome->forecast.needs));
      set_text (self, PROP_DISK, describe_disk (&outcome->forecast));
      set_text (self, PROP_COMPARABLE, describe_comparable (outcome->why));
    }
  else
    for (guint i = PROP_TIME; i <= PROP_COMPARABLE; i++)
      set_text (self, i, g_strdup ("—"));
  set_text (self, PROP_ERROR, error != NULL ? refract_translate (error->message) : NULL);
  set_ready (self, TRUE);
}

static gboolean
timed_out (gpointer user_data)
{
  RefractWizardForecast *self = user_data;
  g_autoptr (GTask) task = NULL;
  RefractRun *run;

  self->timeout = 0;
  if (self->model == NULL)
    return G_SOURCE_REMOVE;

  run = refract_run_new ();
  run->plan = refract_plan_copy (self->plan);
  run->model = g_object_ref (self->model);
  run->engine = self->engine != NULL ? refract_engine_info_copy (self->engine) : NULL;
  self->cancellable = g_cancellable_new ();
  task = g_task_new (self, self->cancellable, forecast_done, NULL);
  g_task_set_source_tag (task, timed_out);
  g_task_set_task_data (task, run, run_free);
  g_task_run_in_thread (task, forecast_thread);
  return G_SOURCE_REMOVE;
}

static void
changed (RefractWizardForecast *self)
{
  if (self->stopped)
    return;
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_handle_id (&self->timeout, g_source_remove);
  self->timeout = g_timeout_add (DELAY, timed_out, self);
  set_ready (self, FALSE);
}

static void
refract_wizard_forecast_get_property (GObject *object,
                                      guint prop_id,
                                      GValue *value,
                                      GParamSpec *pspec)
{
  RefractWizardForecast *self = REFRACT_WIZARD_FORECAST (object);

  if (prop_id == PROP_READY)
    g_value_set_boolean (value, self->ready);
  else
    g_value_set_string (value, self->texts[prop_id]);
}

static void
refract_wizard_forecast_finalize (GObject *object)
{
  RefractWizardForecast *self = REFRACT_WIZARD_FORECAST (object);

  g_clear_handle_id (&self->timeout, g_source_remove);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->plan);
  g_clear_object (&self->model);
  g_clear_pointer (&self->engine, refract_engine_info_free);
  for (guint i = 0; i < N_PROPS; i++)
    g_free (self->texts[i]);

  G_OBJECT_CLASS (refract_wizard_forecast_parent_class)->finalize (object);
}

static void
refract_wizard_forecast_class_init (RefractWizardForecastClass *klass)
{
  static const char *const names[] = { NULL, "time", "memory", "disk", "comparable", "error" };
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->get_property = refract_wizard_forecast_get_property;
  object_class->finalize = refract_wizard_forecast_finalize;

  for (guint i = PROP_TIME; i <= PROP_ERROR; i++)
    properties[i] = g_param_spec_string (names[i], NULL, NULL, NULL, flags);
  properties[PROP_READY] = g_param_spec_boolean ("ready", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
refract_wizard_forecast_init (RefractWizardForecast *self)
{
  self->n_runs = 1;
}

RefractWizardForecast *
refract_wizard_forecast_new (RefractPlan *plan)
{
  RefractWizardForecast *self = g_object_new (REFRACT_TYPE_WIZARD_FORECAST, NULL);

  self->plan = g_object_ref (plan);
  g_signal_connect_object (plan, "notify", G_CALLBACK (changed), self, G_CONNECT_SWAPPED);
  return self;
}

void
refract_wizard_forecast_set_model (RefractWizardForecast *self, RefractModel *model)
{
  g_return_if_fail (REFRACT_IS_WIZARD_FORECAST (self));

  g_set_object (&self->model, model);
  changed (self);
}

void
refract_wizard_forecast_set_engine (RefractWizardForecast *self, const RefractEngineInfo *engine)
{
  g_return_if_fail (REFRACT_IS_WIZARD_FORECAST (self));

  g_clear_pointer (&self->engine, refract_engine_info_free);
  self->engine = engine != NULL ? refract_engine_info_copy (engine) : NULL;
  changed (self);
}

void
refract_wizard_forecast_set_n_runs (RefractWizardForecast *self, guint n_runs)
{
  g_return_if_fail (REFRACT_IS_WIZARD_FORECAST (self));

  self->n_runs = n_runs;
  changed (self);
}

void
refract_wizard_forecast_stop (RefractWizardForecast *self)
{
  g_return_if_fail (REFRACT_IS_WIZARD_FORECAST (self));

  self->stopped = TRUE;
  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->timeout, g_source_remove);
}

gboolean
refract_wizard_forecast_is_ready (RefractWizardForecast *self)
{
  g_return_val_if_fail (REFRACT_IS_WIZARD_FORECAST (self), FALSE);

  return self->ready;
}

const char *
refract_wizard_forecast_get_error (RefractWizardForecast *self)
{
  g_return_val_if_fail (REFRACT_IS_WIZARD_FORECAST (self), NULL);

  return self->texts[PROP_ERROR];
}
