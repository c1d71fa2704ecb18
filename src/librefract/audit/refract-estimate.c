/* refract-estimate.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <errno.h>
#include <math.h>
#include <sys/statvfs.h>

#include <glib/gstdio.h>

#include "audit/refract-estimate.h"
#include "audit/refract-journal.h"
#include "audit/refract-progress.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

#define STORE_VERSION 1
#define STORE_MAX_BYTES (1024 * 1024)
#define MAX_ENTRIES 200
#define LEARNED_SPREAD 0.25
#define SAME_WORK 0.15 /* octaves: a tenth more or less */
#define RELATED_AXIS_SPREAD 2.0
#define RELATED_MODEL_SPREAD 3.0
/* Seconds per unit of work and byte of weights, from fast to slow, where nothing was measured. */
#define GUESS_CPU_LOW 8e-13
#define GUESS_CPU_HIGH 1.6e-11
#define GUESS_GPU_LOW 2e-14
#define GUESS_GPU_HIGH 8e-13
#define GUESS_SETUP_LOW 2.0
#define GUESS_SETUP_HIGH 30.0

/* The reference prepares and calibrates for all: its times are its own. */
typedef enum
{
  CLASS_REFERENCE,
  CLASS_OTHERS,
  N_CLASSES
} Class;

static const char *const class_names[] = { "reference", "others" };

/* Seconds per unit of work and axis, seconds of setting up; −1 unknown. @work is what was measured:
 * with much more or less of it the rate is another one, as loading and early ends weigh in. */
typedef struct
{
  double axes[REFRACT_N_AXES];
  double work[REFRACT_N_AXES];
  double setup;
} Rates;

typedef struct
{
  double low;
  double high;
  RefractKnowledge knowledge;
} Sum;

static char *
store_path (void)
{
  return g_build_filename (g_get_user_state_dir (), "refract", "timings.json", NULL);
}

static char *
store_key (const RefractRun *run)
{
  const char *flags = refract_plan_get_string (run->plan, "engine-flags");

  return g_strdup_printf ("%s|%s %s|%" G_GINT64_FORMAT "|%" G_GINT64_FORMAT "|%s",
                          refract_model_get_info (run->model)->fingerprint,
                          run->engine != NULL ? run->engine->name : "",
                          run->engine != NULL ? run->engine->version : "",
                          refract_plan_get_int (run->plan, "n-gpu-layers"),
                          refract_plan_get_int (run->plan, "threads"), flags != NULL ? flags : "");
}

/* (transfer full): the entries of the store; an empty object where there is none to read */
static JsonObject *
load_entries (void)
{
  g_autofree char *path = store_path ();
  g_autoptr (JsonObject) store = refract_json_load_object (path, STORE_MAX_BYTES, NULL);
  JsonObject *entries = NULL;

  if (store != NULL && refract_json_get_int (store, "version", 0) == STORE_VERSION)
    entries = refract_json_get_object (store, "entries");
  return entries != NULL ? json_object_ref (entries) : json_object_new ();
}

/* The work of every axis of the plan; 0 for the others. */
static void
compute_work (const RefractRun *run, guint64 work[REFRACT_N_AXES], RefractAxis **axes)
{
  RefractInputs inputs = refract_run_get_inputs (run);

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      RefractEstimate estimate = { 0 };

      work[i] = 0;
      axes[i] = refract_plan_has_axis (run->plan, i) ? refract_axis_new (i) : NULL;
      if (axes[i] == NULL)
        continue;
      refract_axis_estimate (axes[i], run->plan, &inputs, &estimate);
      work[i] = estimate.prompt_tokens + estimate.predict_tokens * REFRACT_WORK_DECODED;
    }
}

static void
clear_axes (RefractAxis **axes)
{
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    g_clear_object (&axes[i]);
}

/* ---- Recording ---- */

/* Means over the given results. */
static JsonObject *
make_rates (const RefractConfigResult *const *results, guint n, const guint64 *work)
{
  JsonObject *object = json_object_new ();
  double setup = 0;
  guint n_setup = 0;

  for (guint axis = 0; axis < REFRACT_N_AXES; axis++)
    {
      double seconds = 0;
      guint n_seconds = 0;

      for (guint i = 0; i < n; i++)
        if (results[i]->error == NULL && results[i]->performance.axis_seconds[axis] >= 0)
          {
            seconds += results[i]->performance.axis_seconds[axis];
            n_seconds++;
          }
      if (n_seconds > 0 && work[axis] > 0)
        {
          JsonArray *measured = json_array_new ();

          refract_json_add_double (measured, seconds / n_seconds);
          refract_json_add_double (measured, work[axis]);
          json_object_set_array_member (object, refract_axis_id_get_name (axis), measured);
        }
    }
  for (guint i = 0; i < n; i++)
    if (results[i]->error == NULL && results[i]->performance.setup_seconds >= 0)
      {
        setup += results[i]->performance.setup_seconds;
        n_setup++;
      }
  if (n_setup > 0)
    refract_json_set_double (object, "setup", setup / n_setup);
  return object;
}

/* What @old knew and @fresh did not measure stays. */
static void
keep_old (JsonObject *fresh, JsonObject *old)
{
  g_autoptr (GList) names = old != NULL ? json_object_get_members (old) : NULL;

  for (GList *l = names; l != NULL; l = l->next)
    if (!json_object_has_member (fresh, l->data))
      json_object_set_member (fresh, l->data,
                              json_node_copy (json_object_get_member (old, l->data)));
}

static JsonObject *
make_entry (const RefractRun *run, const guint64 *work, JsonObject *old)
{
  JsonObject *entry = json_object_new ();
  const RefractConfigResult *reference = run->reference;
  g_autoptr (GPtrArray) others = g_ptr_array_new ();
  JsonObject *rates[N_CLASSES];

  if (run->floor != NULL)
    g_ptr_array_add (others, run->floor);
  for (guint i = 0; i < run->candidates->len; i++)
    g_ptr_array_add (others, g_ptr_array_index (run->candidates, i));

  rates[CLASS_REFERENCE] = make_rates (&reference, 1, work);
  rates[CLASS_OTHERS]
      = make_rates ((const RefractConfigResult *const *) others->pdata, others->len, work);
  json_object_set_int_member (entry, "model_bytes",
                              (gint64) refract_model_get_info (run->model)->size_bytes);
  json_object_set_string_member (entry, "engine", run->engine != NULL ? run->engine->name : "");
  json_object_set_int_member (entry, "when", g_date_time_to_unix (run->finished));
  for (guint i = 0; i < N_CLASSES; i++)
    {
      if (old != NULL)
        keep_old (rates[i], refract_json_get_object (old, class_names[i]));
      json_object_set_object_member (entry, class_names[i], rates[i]);
    }
  return entry;
}

static void
drop_oldest (JsonObject *entries)
{
  while (json_object_get_size (entries) > MAX_ENTRIES)
    {
      g_autoptr (GList) names = json_object_get_members (entries);
      const char *oldest = NULL;
      gint64 when = G_MAXINT64;

      for (GList *l = names; l != NULL; l = l->next)
        {
          JsonObject *entry = refract_json_get_object (entries, l->data);
          gint64 own = entry != NULL ? refract_json_get_int (entry, "when", 0) : 0;

          if (own < when || oldest == NULL)
            {
              when = own;
              oldest = l->data;
            }
        }
      json_object_remove_member (entries, oldest);
    }
}

gboolean
refract_estimate_record (const RefractRun *run, GError **error)
{
  g_autofree char *path = store_path ();
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *key = NULL;
  g_autoptr (JsonObject) entries = NULL;
  g_autoptr (JsonObject) store = json_object_new ();
  RefractAxis *axes[REFRACT_N_AXES];
  guint64 work[REFRACT_N_AXES];

  if (run->resumed)
    return TRUE;
  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
                   "The folder “%s” cannot be made: %s. Check its permissions.", folder,
                   g_strerror (errno));
      return FALSE;
    }

  key = store_key (run);
  entries = load_entries ();
  compute_work (run, work, axes);
  clear_axes (axes);
  json_object_set_object_member (entries, key,
                                 make_entry (run, work, refract_json_get_object (entries, key)));
  drop_oldest (entries);
  json_object_set_int_member (store, "version", STORE_VERSION);
  json_object_set_object_member (store, "entries", g_steal_pointer (&entries));
  return refract_json_save_object (store, path, error);
}

/* ---- Forecasting ---- */

static double
get_element (JsonArray *array, guint index)
{
  JsonNode *node
      = index < refract_json_get_length (array) ? json_array_get_element (array, index) : NULL;

  return node != NULL && JSON_NODE_HOLDS_VALUE (node)
                 && g_value_type_transformable (json_node_get_value_type (node), G_TYPE_DOUBLE)
             ? json_node_get_double (node)
             : -1;
}

static gboolean
read_rates (JsonObject *entry, Class class, Rates *rates)
{
  JsonObject *object = entry != NULL ? refract_json_get_object (entry, class_names[class]) : NULL;
  gboolean any = FALSE;

  rates->setup = object != NULL ? refract_json_get_double (object, "setup", -1) : -1;
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      JsonArray *measured
          = object != NULL ? refract_json_get_array (object, refract_axis_id_get_name (i)) : NULL;
      double seconds = get_element (measured, 0);

      rates->work[i] = get_element (measured, 1);
      rates->axes[i] = seconds > 0 && rates->work[i] > 0 ? seconds / rates->work[i] : -1;
      any |= rates->axes[i] > 0;
    }
  return any;
}

/* Mean of the axes' rates that are known; −1 when none is. */
static double
mean_rate (const Rates *rates)
{
  double sum = 0;
  guint n = 0;

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    if (rates->axes[i] > 0)
      {
        sum += rates->axes[i];
        n++;
      }
  return n > 0 ? sum / n : -1;
}

/* The rates of the latest other model on the same engine, as if it had this one's size. */
static gboolean
scale_other_model (JsonObject *entries, const RefractRun *run, Class class, Rates *rates)
{
  guint64 size = refract_model_get_info (run->model)->size_bytes;
  const char *engine = run->engine != NULL ? run->engine->name : "llama.cpp";
  g_autoptr (GList) names = json_object_get_members (entries);
  gint64 latest = -1;

  for (GList *l = names; l != NULL; l = l->next)
    {
      JsonObject *entry = refract_json_get_object (entries, l->data);
      double bytes = entry != NULL ? refract_json_get_double (entry, "model_bytes", 0) : 0;
      gint64 when = entry != NULL ? refract_json_get_int (entry, "when", 0) : 0;
      Rates own;

      if (bytes <= 0 || when <= latest || !read_rates (entry, class, &own)
          || !g_str_equal (refract_json_get_string (entry, "engine", "llama.cpp"), engine))
        continue;
      latest = when;
      *rates = own;
      for (guint i = 0; i < REFRACT_N_AXES; i++)
        if (rates->axes[i] > 0)
          rates->axes[i] *= size / bytes;
    }
  return latest >= 0;
}

static void
add (Sum *sum, double seconds, double spread, RefractKnowledge knowledge)
{
  sum->low += seconds / spread;
  sum->high += seconds * spread;
  sum->knowledge = MIN (sum->knowledge, knowledge);
}

/* An axis of this model: as much work as was measured takes as long; twice or half of it, something
 * between half and twice what the rate says. */
static void
add_own (Sum *sum, const Rates *rates, RefractAxisId axis, guint64 work)
{
  double octaves = fabs (log2 (work / rates->work[axis]));

  if (octaves < SAME_WORK)
    add (sum, rates->axes[axis] * work, 1, REFRACT_KNOWLEDGE_LEARNED);
  else
    add (sum, rates->axes[axis] * work, 1 + MIN (octaves, 1), REFRACT_KNOWLEDGE_RELATED);
}

static void
add_guess (Sum *sum, const RefractRun *run, guint64 work)
{
  gboolean gpu
      = run->engine != NULL && run->engine->devices != NULL && run->engine->devices[0] != NULL;
  double bytes = refract_model_get_info (run->model)->size_bytes;

  sum->low += work * bytes * (gpu ? GUESS_GPU_LOW : GUESS_CPU_LOW);
  sum->high += work * bytes * (gpu ? GUESS_GPU_HIGH : GUESS_CPU_HIGH);
  sum->knowledge = REFRACT_KNOWLEDGE_GUESS;
}

/* One configuration: its session and those of the plan's axes that it takes part in. */
static void
add_configuration (Sum *sum,
                   const RefractRun *run,
                   JsonObject *entries,
                   JsonObject *own,
                   Class class,
                   gboolean is_floor,
                   const guint64 *work)
{
  Rates rates = { 0 };
  gboolean is_own = read_rates (own, class, &rates);
  gboolean known = is_own || scale_other_model (entries, run, class, &rates);
  double mean = known ? mean_rate (&rates) : -1;
  double spread = is_own ? RELATED_AXIS_SPREAD : RELATED_MODEL_SPREAD;
  gboolean has_session = FALSE;

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      if (work[i] == 0 || (is_floor && !refract_plan_has_floor_axis (run->plan, i)))
        continue;
      has_session |= i != REFRACT_AXIS_KLD;
      if (is_own && rates.axes[i] > 0)
        add_own (sum, &rates, i, work[i]);
      else if (known)
        add (sum, (rates.axes[i] > 0 ? rates.axes[i] : mean) * work[i], spread,
             REFRACT_KNOWLEDGE_RELATED);
      else
        add_guess (sum, run, work[i]);
    }
  if (!has_session)
    return;
  if (known && rates.setup >= 0)
    add (sum, rates.setup, is_own ? 1 : spread,
         is_own ? REFRACT_KNOWLEDGE_LEARNED : REFRACT_KNOWLEDGE_RELATED);
  else
    {
      sum->low += GUESS_SETUP_LOW;
      sum->high += GUESS_SETUP_HIGH;
      sum->knowledge = MIN (sum->knowledge, REFRACT_KNOWLEDGE_RELATED);
    }
}

static guint64
free_bytes (void)
{
  g_autofree char *folder = refract_journal_dup_runs_folder ();
  struct statvfs fs;

  /* the folder may not be there yet: the one above lies on the same disk */
  while (statvfs (folder, &fs) != 0)
    {
      char *parent = g_path_get_dirname (folder);

      if (g_str_equal (parent, folder))
        {
          g_free (parent);
          return 0;
        }
      g_free (folder);
      folder = parent;
    }
  return (guint64) fs.f_bavail * fs.f_frsize;
}

gboolean
refract_estimate_forecast (const RefractRun *run, RefractForecast *forecast, GError **error)
{
  g_autoptr (GPtrArray) candidates = refract_plan_get_candidates (run->plan, error);
  g_autoptr (JsonObject) entries = NULL;
  g_autofree char *key = NULL;
  RefractInputs inputs = refract_run_get_inputs (run);
  RefractAxis *axes[REFRACT_N_AXES];
  guint64 work[REFRACT_N_AXES];
  Sum sum = { 0, 0, REFRACT_KNOWLEDGE_LEARNED };
  JsonObject *own;
  guint n_others;
  gboolean fits;

  if (candidates == NULL)
    return FALSE;

  compute_work (run, work, axes);
  fits = refract_needs_compute (&forecast->needs, run->plan, run->model, axes, &inputs, error);
  clear_axes (axes);
  if (!fits)
    return FALSE;

  key = store_key (run);
  entries = load_entries ();
  own = refract_json_get_object (entries, key);
  n_others = candidates->len + (refract_plan_get_string (run->plan, "control") != NULL);
  add_configuration (&sum, run, entries, own, CLASS_REFERENCE, FALSE, work);
  if (refract_plan_get_boolean (run->plan, "measure-floor"))
    add_configuration (&sum, run, entries, own, CLASS_OTHERS, TRUE, work);
  for (guint i = 0; i < n_others; i++)
    add_configuration (&sum, run, entries, own, CLASS_OTHERS, FALSE, work);

  forecast->knowledge = sum.knowledge;
  forecast->low = sum.low;
  forecast->high = sum.high;
  if (sum.knowledge == REFRACT_KNOWLEDGE_LEARNED)
    {
      forecast->low *= 1 - LEARNED_SPREAD;
      forecast->high *= 1 + LEARNED_SPREAD;
    }
  forecast->disk_free = free_bytes ();
  return TRUE;
}
