/* refract-repeatability.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "core/refract-json.h"
#include "report/refract-repeatability.h"

/* REFRACT's thresholds. */
#define STABLE_SD 1.0
#define NOISY_SD 3.0

const char *
refract_stability_get_name (RefractStability stability)
{
  static const char *const names[] = { "stable", "noisy", "unstable" };

  return names[stability];
}

static void
repeatability_free (gpointer data)
{
  RefractRepeatability *self = data;

  g_free (self->label);
  g_free (self);
}

/* (nullable) */
static RefractReport *
find_report (GPtrArray *reports, const char *candidate)
{
  for (guint i = 0; i < reports->len; i++)
    if (g_str_equal (
            refract_json_get_string (refract_report_get_root (reports->pdata[i]), "candidate", ""),
            candidate))
      return reports->pdata[i];
  return NULL;
}

/* Takes a value into mean, range and, in @sd, the sum of squares (Welford, 1962). */
static void
add_value (RefractSpread *spread, double value)
{
  double delta;

  if (isnan (value))
    return;
  spread->n++;
  if (spread->n == 1)
    {
      *spread = (RefractSpread) { 1, value, 0, value, value };
      return;
    }
  delta = value - spread->mean;
  spread->mean += delta / spread->n;
  spread->sd += delta * (value - spread->mean);
  spread->low = MIN (spread->low, value);
  spread->high = MAX (spread->high, value);
}

static void
finish (RefractSpread *spread)
{
  if (spread->n == 0)
    spread->mean = spread->sd = spread->low = spread->high = NAN;
  else
    spread->sd = spread->n > 1 ? sqrt (spread->sd / (spread->n - 1)) : 0;
}

static RefractRepeatability *
measure (GPtrArray *runs, RefractReport *first)
{
  RefractRepeatability *self = g_new0 (RefractRepeatability, 1);
  const char *candidate
      = refract_json_get_string (refract_report_get_root (first), "candidate", "");
  JsonObject *interval = refract_json_get_object (refract_report_get_extension (first), "interval");

  self->label = refract_report_dup_candidate_label (first);
  for (guint run = 0; run < runs->len; run++)
    {
      RefractReport *report = find_report (runs->pdata[run], candidate);

      if (report == NULL)
        continue;
      add_value (&self->composite, refract_report_get_composite (report));
      for (guint axis = 0; axis < REFRACT_N_AXES; axis++)
        add_value (&self->axes[axis], refract_report_get_axis_score (report, axis));
    }
  finish (&self->composite);
  for (guint axis = 0; axis < REFRACT_N_AXES; axis++)
    finish (&self->axes[axis]);

  if (self->composite.sd <= STABLE_SD)
    self->stability = REFRACT_STABLE;
  else
    self->stability = self->composite.sd <= NOISY_SD ? REFRACT_NOISY : REFRACT_UNSTABLE;
  if (interval != NULL)
    {
      self->has_interval = TRUE;
      self->interval.low = refract_json_get_double (interval, "low", 0);
      self->interval.high = refract_json_get_double (interval, "high", 100);
      self->fits = self->composite.low >= self->interval.low
                   && self->composite.high <= self->interval.high;
    }
  return self;
}

GPtrArray *
refract_repeatability_new (GPtrArray *runs)
{
  GPtrArray *candidates = g_ptr_array_new_with_free_func (repeatability_free);
  GPtrArray *first;

  g_return_val_if_fail (runs->len > 0, candidates);

  first = runs->pdata[0];
  for (guint i = 0; i < first->len; i++)
    g_ptr_array_add (candidates, measure (runs, first->pdata[i]));
  return candidates;
}

static void
add_row (RefractTable *table, const char *label, const char *name, const RefractSpread *spread)
{
  RefractTableRow *row;

  if (spread->n == 0)
    return;
  row = refract_table_add_row (table);
  refract_table_row_add_text (row, label);
  refract_table_row_add_text (row, name);
  refract_table_row_add_number (row, spread->n, 0);
  refract_table_row_add_score (row, spread->mean);
  refract_table_row_add_number (row, spread->sd, 3);
  refract_table_row_add_score (row, spread->low);
  refract_table_row_add_score (row, spread->high);
}

RefractTable *
refract_repeatability_make_table (GPtrArray *candidates)
{
  static const char *const columns[]
      = { "Candidate", "Score", "Runs", "Mean", "Standard deviation", "Lowest", "Highest", NULL };
  RefractTable *table = refract_table_new (NULL, columns);

  for (guint i = 0; i < candidates->len; i++)
    {
      const RefractRepeatability *self = candidates->pdata[i];

      add_row (table, self->label, "Composite", &self->composite);
      for (guint axis = 0; axis < REFRACT_N_AXES; axis++)
        add_row (table, self->label, refract_axis_id_get_title (axis), &self->axes[axis]);
    }
  return table;
}

char *
refract_repeatability_dup_sentence (const RefractRepeatability *self)
{
  g_autofree char *interval = NULL;

  if (self->composite.n < 2)
    return g_strdup_printf ("%s: fewer than two runs have a composite, so that nothing can be said "
                            "of its spread.",
                            self->label);
  if (!self->has_interval)
    interval = g_strdup ("");
  else
    interval = g_strdup_printf (
        self->fits
            ? " All runs lie in the first one's 95 %% interval, %.2f to %.2f."
            : " Not all runs lie in the first one's 95 %% interval, %.2f to %.2f: the engine's "
              "own noise is larger than what the choice of prompts explains.",
        self->interval.low, self->interval.high);
  return g_strdup_printf ("%s is %s: the composite spreads by a standard deviation of %.3f points "
                          "over %u runs.%s",
                          self->label, refract_stability_get_name (self->stability),
                          self->composite.sd, self->composite.n, interval);
}

static JsonObject *
spread_to_json (const RefractSpread *spread)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "n", spread->n);
  refract_json_set_double (object, "mean", spread->mean);
  refract_json_set_double (object, "sd", spread->sd);
  refract_json_set_double (object, "low", spread->low);
  refract_json_set_double (object, "high", spread->high);
  return object;
}

JsonObject *
refract_repeatability_to_json (GPtrArray *candidates)
{
  JsonObject *root = json_object_new ();
  JsonArray *array = json_array_new ();

  json_object_set_string_member (root, "schema", "refract.repeatability.v1");
  for (guint i = 0; i < candidates->len; i++)
    {
      const RefractRepeatability *self = candidates->pdata[i];
      JsonObject *object = json_object_new ();
      JsonObject *axes = json_object_new ();
      g_autofree char *sentence = refract_repeatability_dup_sentence (self);

      json_object_set_string_member (object, "candidate", self->label);
      json_object_set_string_member (object, "verdict",
                                     refract_stability_get_name (self->stability));
      json_object_set_string_member (object, "sentence", sentence);
      json_object_set_object_member (object, "composite", spread_to_json (&self->composite));
      for (guint axis = 0; axis < REFRACT_N_AXES; axis++)
        if (self->axes[axis].n > 0)
          json_object_set_object_member (axes, refract_axis_id_get_name (axis),
                                         spread_to_json (&self->axes[axis]));
      json_object_set_object_member (object, "axes", axes);
      if (self->has_interval)
        json_object_set_boolean_member (object, "fits_interval", self->fits);
      else
        json_object_set_null_member (object, "fits_interval");
      json_array_add_object_element (array, object);
    }
  json_object_set_array_member (root, "candidates", array);
  return root;
}
