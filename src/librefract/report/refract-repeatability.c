/* refract-repeatability.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <errno.h>
#include <math.h>

#include <glib/gi18n-lib.h>

#include "core/refract-error.h"
#include "core/refract-json.h"
#include "report/refract-repeatability.h"

/* REFRACT's thresholds. */
#define STABLE_SD 1.0
#define NOISY_SD 3.0
#define SCHEMA "refract.repeatability.v1"
#define STORE_MAX_BYTES (1024 * 1024)

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

/* What follows from the spread and the interval. */
static void
judge (RefractRepeatability *self, JsonObject *interval)
{
  if (self->composite.sd <= STABLE_SD)
    self->stability = REFRACT_STABLE;
  else
    self->stability = self->composite.sd <= NOISY_SD ? REFRACT_NOISY : REFRACT_UNSTABLE;
  if (interval == NULL)
    return;
  self->has_interval = TRUE;
  self->interval.low = refract_json_get_double (interval, "low", 0);
  self->interval.high = refract_json_get_double (interval, "high", 100);
  self->fits
      = self->composite.low >= self->interval.low && self->composite.high <= self->interval.high;
}

static RefractRepeatability *
measure (GPtrArray *runs, RefractReport *first)
{
  RefractRepeatability *self = g_new0 (RefractRepeatability, 1);
  const char *candidate
      = refract_json_get_string (refract_report_get_root (first), "candidate", "");

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

  judge (self, refract_json_get_object (refract_report_get_extension (first), "interval"));
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
read_spread (RefractSpread *spread, JsonObject *object)
{
  *spread = (RefractSpread) {
    .n = (guint) CLAMP (refract_json_get_int (object, "n", 0), 0, REFRACT_REPEATABILITY_MAX_RUNS),
    .mean = refract_json_get_double (object, "mean", NAN),
    .sd = refract_json_get_double (object, "sd", NAN),
    .low = refract_json_get_double (object, "low", NAN),
    .high = refract_json_get_double (object, "high", NAN),
  };
}

GPtrArray *
refract_repeatability_new_from_json (JsonObject *root, GError **error)
{
  JsonArray *array = refract_json_get_array (root, "candidates");
  guint n = array != NULL ? json_array_get_length (array) : 0;
  GPtrArray *candidates;

  if (n == 0 || !g_str_equal (refract_json_get_string (root, "schema", ""), SCHEMA))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                   "This is not what a check of repeatability writes. Check it again.");
      return NULL;
    }
  candidates = g_ptr_array_new_with_free_func (repeatability_free);
  for (guint i = 0; i < n; i++)
    {
      RefractRepeatability *self = g_new0 (RefractRepeatability, 1);
      JsonObject *object = refract_json_array_get_object (array, i);
      JsonObject *axes = refract_json_get_object (object, "axes");

      self->label = g_strdup (refract_json_get_string (object, "candidate", ""));
      read_spread (&self->composite, refract_json_get_object (object, "composite"));
      for (guint axis = 0; axis < REFRACT_N_AXES; axis++)
        read_spread (&self->axes[axis],
                     refract_json_get_object (axes, refract_axis_id_get_name (axis)));
      judge (self, refract_json_get_object (object, "interval"));
      g_ptr_array_add (candidates, self);
    }
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
  const char *const columns[] = { _ ("Candidate"),          _ ("Score"),  _ ("Runs"),    _ ("Mean"),
                                  _ ("Standard Deviation"), _ ("Lowest"), _ ("Highest"), NULL };
  RefractTable *table = refract_table_new (NULL, columns);

  for (guint i = 0; i < candidates->len; i++)
    {
      const RefractRepeatability *self = candidates->pdata[i];

      add_row (table, self->label, _ ("Composite"), &self->composite);
      for (guint axis = 0; axis < REFRACT_N_AXES; axis++)
        add_row (table, self->label, refract_axis_id_get_title (axis), &self->axes[axis]);
    }
  return table;
}

static char *
dup_interval_sentence (const RefractRepeatability *self)
{
  if (self->fits)
    return g_strdup_printf (_ (" All runs lie in the first one’s 95 %% interval, %.2f to %.2f."),
                            self->interval.low, self->interval.high);
  return g_strdup_printf (_ (" Not all runs lie in the first one’s 95 %% interval, %.2f to %.2f: "
                             "the engine’s own noise is larger than what the choice of prompts "
                             "explains."),
                          self->interval.low, self->interval.high);
}

static char *
dup_verdict_sentence (const RefractRepeatability *self)
{
  const char *label = self->label;
  double sd = self->composite.sd;
  guint n = self->composite.n;

  switch (self->stability)
    {
    case REFRACT_STABLE:
      return g_strdup_printf (_ ("%s is stable: its composite has a standard deviation of %.3f "
                                 "points over %u runs."),
                              label, sd, n);
    case REFRACT_NOISY:
      return g_strdup_printf (_ ("%s is noisy: its composite has a standard deviation of %.3f "
                                 "points over %u runs."),
                              label, sd, n);
    case REFRACT_UNSTABLE:
    default:
      return g_strdup_printf (_ ("%s is unstable: its composite has a standard deviation of %.3f "
                                 "points over %u runs."),
                              label, sd, n);
    }
}

char *
refract_repeatability_dup_sentence (const RefractRepeatability *self)
{
  g_autofree char *verdict = NULL;
  g_autofree char *interval = NULL;

  if (self->composite.n < 2)
    return g_strdup_printf (_ ("%s: fewer than two runs have a composite, so that nothing can be "
                               "said of its spread."),
                            self->label);
  verdict = dup_verdict_sentence (self);
  interval = self->has_interval ? dup_interval_sentence (self) : g_strdup ("");
  return g_strconcat (verdict, interval, NULL);
}

char *
refract_repeatability_to_markdown (GPtrArray *candidates)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (RefractTable) table = refract_repeatability_make_table (candidates);
  g_autofree char *rows = refract_table_to_markdown (table);

  g_string_append_printf (text, "# %s\n\n", _ ("Repeatability"));
  for (guint i = 0; i < candidates->len; i++)
    {
      g_autofree char *sentence = refract_repeatability_dup_sentence (candidates->pdata[i]);

      g_string_append (text, "- ");
      refract_markdown_append (text, sentence);
      g_string_append_c (text, '\n');
    }
  g_string_append_printf (text, "\n%s", rows);
  return g_string_free (g_steal_pointer (&text), FALSE);
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

  json_object_set_string_member (root, "schema", SCHEMA);
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
        {
          JsonObject *interval = json_object_new ();

          refract_json_set_double (interval, "low", self->interval.low);
          refract_json_set_double (interval, "high", self->interval.high);
          json_object_set_object_member (object, "interval", interval);
          json_object_set_boolean_member (object, "fits_interval", self->fits);
        }
      else
        {
          json_object_set_null_member (object, "interval");
          json_object_set_null_member (object, "fits_interval");
        }
      json_array_add_object_element (array, object);
    }
  json_object_set_array_member (root, "candidates", array);
  return root;
}

/* The plan for the key of the store. Redacted reports have their needle and question only as
 * fingerprints, those of before @inputs had them only as texts. */
static char *
dup_plan_key (JsonObject *plan, JsonObject *inputs)
{
  static const char *const texts[][2]
      = { { "rniah_needle", "needle" }, { "rniah_question", "question" } };
  g_autoptr (JsonObject) key = json_object_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init_ordered (&iter, plan);
  while (json_object_iter_next_ordered (&iter, &name, &node))
    json_object_set_member (key, name, json_node_copy (node));
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      const char *text = refract_json_get_string (plan, texts[i][0], "");
      const char *sha256
          = refract_json_get_string (refract_json_get_object (inputs, texts[i][1]), "sha256", NULL);
      g_autofree char *own = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);

      json_object_set_string_member (key, texts[i][0], sha256 != NULL ? sha256 : own);
    }
  return refract_json_to_text (key, FALSE);
}

/* (transfer full) (nullable): old layouts do not say what would have to be repeated */
static char *
dup_store_path (RefractReport *report)
{
  JsonObject *extension = refract_report_get_extension (report);
  JsonObject *plan = refract_json_get_object (extension, "plan");
  JsonObject *model = refract_json_get_object (extension, "model");
  JsonObject *engine = refract_json_get_object (extension, "engine");
  g_autoptr (GString) key = NULL;
  g_autofree char *plan_text = NULL;
  g_autofree char *name = NULL;

  if (plan == NULL)
    return NULL;
  plan_text = dup_plan_key (plan, refract_json_get_object (extension, "inputs"));
  key = g_string_new (plan_text);
  g_string_append_printf (key, "%s\n%s\n%s", refract_json_get_string (model, "fingerprint", ""),
                          refract_json_get_string (engine, "name", ""),
                          refract_json_get_string (engine, "version", ""));
  name = g_compute_checksum_for_string (G_CHECKSUM_SHA256, key->str, (gssize) key->len);
  g_string_assign (key, name);
  g_string_append (key, ".json");
  return g_build_filename (g_get_user_data_dir (), "refract", "repeatability", key->str, NULL);
}

gboolean
refract_repeatability_store (GPtrArray *candidates, RefractReport *report, GError **error)
{
  g_autofree char *path = dup_store_path (report);
  g_autofree char *folder = NULL;
  g_autoptr (JsonObject) root = NULL;

  g_return_val_if_fail (path != NULL, FALSE);

  folder = g_path_get_dirname (path);
  if (g_mkdir_with_parents (folder, 0700) != 0)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
                   "The folder “%s” cannot be made: %s. Check its permissions.", folder,
                   g_strerror (errno));
      return FALSE;
    }
  root = refract_repeatability_to_json (candidates);
  return refract_json_save_object (root, path, error);
}

gboolean
refract_repeatability_exists (RefractReport *report)
{
  g_autofree char *path = dup_store_path (report);

  return path != NULL && g_file_test (path, G_FILE_TEST_EXISTS);
}

GPtrArray *
refract_repeatability_find (RefractReport *report, GError **error)
{
  g_autofree char *path = dup_store_path (report);
  g_autoptr (JsonObject) root = NULL;

  if (path == NULL)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                   "This report does not say enough to be repeated. Measure it anew first.");
      return NULL;
    }
  root = refract_json_load_object (path, STORE_MAX_BYTES, error);
  return root != NULL ? refract_repeatability_new_from_json (root, error) : NULL;
}
