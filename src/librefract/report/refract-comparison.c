/* refract-comparison.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "core/refract-error.h"
#include "core/refract-json.h"
#include "core/refract-translate.h"
#include "report/refract-comparison.h"
#include "report/refract-report-text.h"

#define SIGNIFICANT 99 /* in place of decimals: four digits that count */

typedef enum
{
  BETTER_NEITHER,
  BETTER_HIGHER,
  BETTER_LOWER,
} Better;

/* What stands in the table of numbers; old layouts have some of them elsewhere. */
static const struct
{
  const char *title;
  const char *path;
  const char *other_path;
  double factor;
  guint decimals;
  Better better;
  gboolean in_list;
} metrics[] = {
  { N_ ("KLD, mean (nats)"), "extension.axes.kld.mean_kld", "axes.kld.mean_kld", 1, SIGNIFICANT,
    BETTER_LOWER, TRUE },
  { N_ ("KLD, 99 % (nats)"), "extension.axes.kld.p99_kld", NULL, 1, SIGNIFICANT, BETTER_LOWER,
    TRUE },
  { N_ ("KLD, largest (nats)"), "extension.axes.kld.max_kld", NULL, 1, SIGNIFICANT, BETTER_LOWER,
    FALSE },
  { N_ ("Same most likely token (%)"), "axes.kld.same_topp_pct", NULL, 1, 2, BETTER_HIGHER, FALSE },
  { N_ ("Perplexity"), "axes.kld.ppl", NULL, 1, 4, BETTER_NEITHER, FALSE },
  { N_ ("Perplexity of the reference"), "extension.axes.kld.ppl_reference", NULL, 1, 4,
    BETTER_NEITHER, FALSE },
  { N_ ("Identical answers (%)"), "axes.gtm.full_match_rate", NULL, 100, 1, BETTER_HIGHER, FALSE },
  { N_ ("First divergence, median (token)"), "axes.gtm.median_first_divergence", NULL, 1, 1,
    BETTER_HIGHER, FALSE },
  { N_ ("Reference retrieves (share)"), "axes.rniah.base_acc_avg", NULL, 1, 2, BETTER_NEITHER,
    FALSE },
  { N_ ("PLAD, typo"), "axes.plad.per_perturbation_score.typo", NULL, 1, 2, BETTER_HIGHER, FALSE },
  { N_ ("PLAD, case"), "axes.plad.per_perturbation_score.case", NULL, 1, 2, BETTER_HIGHER, FALSE },
  { N_ ("PLAD, punctuation"), "axes.plad.per_perturbation_score.punct", NULL, 1, 2, BETTER_HIGHER,
    FALSE },
  { N_ ("PLAD, paraphrase"), "axes.plad.per_perturbation_score.paraphrase", NULL, 1, 2,
    BETTER_HIGHER, FALSE },
  { N_ ("Noise floor"), "extension.floor.composite", "composite_detail.floor_score", 1, 2,
    BETTER_NEITHER, FALSE },
  { N_ ("KV cache (bytes per token)"), "extension.kv.bytes_per_token", NULL, 1, 0, BETTER_LOWER,
    TRUE },
  { N_ ("KV memory saved (%)"), "extension.kv.saving", NULL, 100, 1, BETTER_HIGHER, FALSE },
  { N_ ("Prefill (tokens/s)"), "extension.performance.prefill_tps", NULL, 1, 0, BETTER_HIGHER,
    FALSE },
  { N_ ("Decode (tokens/s)"), "extension.performance.decode_tps", NULL, 1, 1, BETTER_HIGHER, TRUE },
};

static double
get_metric (RefractReport *report, guint metric)
{
  JsonObject *root = refract_report_get_root (report);
  double value = refract_json_find_double (root, metrics[metric].path);

  if (isnan (value) && metrics[metric].other_path != NULL)
    value = refract_json_find_double (root, metrics[metric].other_path);
  return value * metrics[metric].factor;
}

/* Small numbers are what matters in KLD. */
static void
add_metric (RefractTableRow *row, RefractReport *report, guint metric)
{
  double value = get_metric (report, metric);

  if (metrics[metric].decimals == SIGNIFICANT && !isnan (value))
    refract_table_row_take_number (row, value, g_strdup_printf ("%.4g", value));
  else
    refract_table_row_add_number (row, value, metrics[metric].decimals);
}

static gboolean
all_equal (char **texts)
{
  for (guint i = 1; texts[0] != NULL && texts[i] != NULL; i++)
    if (!g_str_equal (texts[0], texts[i]))
      return FALSE;
  return TRUE;
}

/* The engine's build, or its version where it names none. */
static const char *
get_build (RefractReport *report)
{
  JsonObject *root = refract_report_get_root (report);
  const char *build = refract_json_find_string (root, "extension.engine.build");

  if (build == NULL || *build == '\0')
    build = refract_json_find_string (root, "extension.engine.version");
  return build != NULL ? build : "";
}

/* Does another one of @groups[@i] have another text? */
static gboolean
has_other (char **texts, char **groups, guint i)
{
  for (guint k = 0; texts[k] != NULL; k++)
    if (g_str_equal (groups[k], groups[i]) && !g_str_equal (texts[k], texts[i]))
      return TRUE;
  return FALSE;
}

/* What tells the reports apart: candidate, model, engine, its build, and a number where all of
 * these are the same. */
static GStrv
make_names (GPtrArray *reports)
{
  g_auto (GStrv) models = g_new0 (char *, reports->len + 1);
  g_auto (GStrv) candidates = g_new0 (char *, reports->len + 1);
  g_auto (GStrv) engines = g_new0 (char *, reports->len + 1);
  g_auto (GStrv) builds = g_new0 (char *, reports->len + 1);
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GStrv names = g_new0 (char *, reports->len + 1);

  for (guint i = 0; i < reports->len; i++)
    {
      RefractReport *report = reports->pdata[i];
      const char *engine = refract_report_get_engine_name (report);

      models[i] = refract_report_dup_model_name (report);
      candidates[i] = refract_report_dup_candidate_label (report);
      engines[i] = g_strdup (engine != NULL ? engine : "");
      builds[i] = g_strdup (get_build (report));
    }
  for (guint i = 0; i < reports->len; i++)
    {
      g_autoptr (GString) name = g_string_new (NULL);
      guint n;

      if (!all_equal (models))
        g_string_append (name, models[i]);
      if (!all_equal (candidates) || all_equal (models))
        g_string_append_printf (name, "%s%s", name->len > 0 ? ", " : "", candidates[i]);
      if (!all_equal (engines) && *engines[i] != '\0')
        g_string_append_printf (name, ", %s", engines[i]);
      if (has_other (builds, engines, i) && *builds[i] != '\0')
        g_string_append_printf (name, ", %s", builds[i]);
      n = GPOINTER_TO_UINT (g_hash_table_lookup (seen, name->str)) + 1;
      g_hash_table_insert (seen, g_strdup (name->str), GUINT_TO_POINTER (n));
      names[i] = n > 1 ? g_strdup_printf ("%s (%u)", name->str, n) : g_strdup (name->str);
    }
  return names;
}

static void
add_composite (RefractTableRow *row, RefractReport *report)
{
  double score = refract_report_get_composite (report);
  g_autofree char *text = refract_format_score_interval (
      score, refract_json_get_object (refract_report_get_extension (report), "interval"), 2);
  g_autofree char *bound = refract_report_dup_bound_text (report);

  if (bound != NULL)
    {
      g_autofree char *marked = g_strdup_printf (N_ ("%s, at best"), text);

      refract_table_row_add_text (row, marked);
    }
  else
    refract_table_row_take_number (row, score, g_steal_pointer (&text));
}

/* A retrieval score at low confidence says nothing, and a bound only what cannot be: neither is to
 * win a row. */
static void
add_axis (RefractTableRow *row, RefractReport *report, RefractAxisId axis)
{
  double score = refract_report_get_axis_score (report, axis);
  JsonObject *extension = refract_report_get_axis_extension (report, axis);
  const char *confidence
      = refract_json_get_string (refract_report_get_axis (report, axis), "confidence", "ok");
  g_autofree char *text
      = refract_format_score_interval (score, refract_json_get_object (extension, "interval"), 2);
  g_autofree char *bound = axis == REFRACT_AXIS_KLD ? refract_report_dup_bound_text (report) : NULL;

  if (bound != NULL)
    {
      g_autofree char *marked = g_strdup_printf ("%s, at best: %s", text, bound);

      refract_table_row_add_text (row, marked);
    }
  else if (g_str_equal (confidence, "low") && !isnan (score))
    {
      g_autofree char *marked = g_strdup_printf (N_ ("%s, low confidence"), text);

      refract_table_row_add_text (row, marked);
    }
  else
    refract_table_row_take_number (row, score, g_steal_pointer (&text));
}

static const char *
get_band (RefractReport *report)
{
  double score = refract_report_get_composite (report);

  return isnan (score) ? NULL : refract_band_get_name (refract_band_for_score (score));
}

static RefractTable *
make_metrics (GPtrArray *reports, char **names)
{
  g_autoptr (GStrvBuilder) columns = g_strv_builder_new ();
  g_auto (GStrv) titles = NULL;
  RefractTable *table;
  RefractTableRow *row;

  g_strv_builder_add (columns, "");
  g_strv_builder_addv (columns, (const char **) names);
  titles = g_strv_builder_end (columns);
  table = refract_table_new (NULL, (const char *const *) titles);

  row = refract_table_add_row (table);
  refract_table_row_add_text (row, "Composite");
  for (guint i = 0; i < reports->len; i++)
    add_composite (row, reports->pdata[i]);
  refract_table_row_mark_best (row, 1, TRUE);

  row = refract_table_add_row (table);
  refract_table_row_add_text (row, "Band");
  for (guint i = 0; i < reports->len; i++)
    refract_table_row_add_text (row, get_band (reports->pdata[i]));

  for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
    {
      row = refract_table_add_row (table);
      refract_table_row_add_text (row, refract_axis_id_get_title (axis));
      for (guint i = 0; i < reports->len; i++)
        add_axis (row, reports->pdata[i], axis);
      refract_table_row_mark_best (row, 1, TRUE);
    }
  for (guint metric = 0; metric < G_N_ELEMENTS (metrics); metric++)
    {
      gboolean known = FALSE;

      for (guint i = 0; i < reports->len; i++)
        known |= !isnan (get_metric (reports->pdata[i], metric));
      if (!known)
        continue;
      row = refract_table_add_row (table);
      refract_table_row_add_text (row, metrics[metric].title);
      for (guint i = 0; i < reports->len; i++)
        add_metric (row, reports->pdata[i], metric);
      if (metrics[metric].better != BETTER_NEITHER)
        refract_table_row_mark_best (row, 1, metrics[metric].better == BETTER_HIGHER);
    }
  return table;
}

/* id → the report's object of the prompt */
static GHashTable *
index_prompts (RefractReport *report)
{
  JsonArray *prompts = refract_json_get_array (
      refract_report_get_axis (report, REFRACT_AXIS_TRAJECTORY), "per_prompt");
  GHashTable *index = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < refract_json_get_length (prompts); i++)
    {
      JsonObject *prompt = json_array_get_object_element (prompts, i);

      g_hash_table_insert (index, (gpointer) refract_json_get_string (prompt, "id", ""), prompt);
    }
  return index;
}

static RefractTable *
make_prompts (GPtrArray *reports, char **names)
{
  g_autoptr (GStrvBuilder) columns = g_strv_builder_new ();
  g_auto (GStrv) titles = NULL;
  g_autoptr (GPtrArray) indices
      = g_ptr_array_new_with_free_func ((GDestroyNotify) g_hash_table_unref);
  JsonArray *prompts = refract_json_get_array (
      refract_report_get_axis (reports->pdata[0], REFRACT_AXIS_TRAJECTORY), "per_prompt");
  RefractTable *table;

  g_strv_builder_add (columns, N_ ("Prompt"));
  g_strv_builder_addv (columns, (const char **) names);
  titles = g_strv_builder_end (columns);
  table = refract_table_new (N_ ("Where each answer leaves its reference (token)"),
                             (const char *const *) titles);
  for (guint i = 0; i < reports->len; i++)
    g_ptr_array_add (indices, index_prompts (reports->pdata[i]));

  for (guint i = 0; i < refract_json_get_length (prompts); i++)
    {
      const char *id
          = refract_json_get_string (json_array_get_object_element (prompts, i), "id", "");
      RefractTableRow *row = refract_table_add_row (table);

      refract_table_row_add_text (row, id);
      for (guint j = 0; j < reports->len; j++)
        {
          JsonObject *prompt = g_hash_table_lookup (indices->pdata[j], id);
          double divergence = refract_json_get_double (prompt, "first_divergence", NAN);

          if (prompt == NULL)
            refract_table_row_add_text (row, "—");
          else if (isnan (divergence))
            refract_table_row_add_text (row, "same");
          else
            refract_table_row_add_number (row, divergence, 0);
        }
    }
  return table;
}

/* One model, candidate and plan, measured twice: with another build, or again. */
static gboolean
is_repetition (RefractReport *a, RefractReport *b)
{
  static const char *const paths[]
      = { "candidate", "reference", "extension.model.fingerprint",
          "extension.inputs.prompts.sha256", "extension.inputs.corpus.sha256" };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    if (g_strcmp0 (refract_json_find_string (refract_report_get_root (a), paths[i]),
                   refract_json_find_string (refract_report_get_root (b), paths[i]))
        != 0)
      return FALSE;
  return refract_report_get_extension (a) != NULL;
}

RefractComparison *
refract_comparison_new (GPtrArray *reports, GError **error)
{
  g_auto (RefractEnglish) english = refract_english_begin ();
  RefractComparison *self;

  if (reports->len < 2)
    {
      g_set_error_literal (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                           "A comparison needs at least two reports.");
      return NULL;
    }
  self = g_atomic_rc_box_new0 (RefractComparison);
  self->reports = g_ptr_array_copy (reports, (GCopyFunc) g_object_ref, NULL);
  g_ptr_array_set_free_func (self->reports, g_object_unref);
  self->names = make_names (reports);
  self->warnings = refract_comparison_list_warnings (reports, self->names);
  self->metrics = make_metrics (reports, self->names);
  self->differences = refract_comparison_make_differences (reports, self->names);
  self->prompts = make_prompts (reports, self->names);
  if (reports->len == 2 && is_repetition (reports->pdata[0], reports->pdata[1]))
    self->items = refract_comparison_make_items (reports->pdata[0], reports->pdata[1]);
  return self;
}

static void
clear (gpointer data)
{
  RefractComparison *self = data;

  g_ptr_array_unref (self->reports);
  g_strfreev (self->names);
  g_ptr_array_unref (self->warnings);
  refract_table_free (self->metrics);
  refract_table_free (self->differences);
  refract_table_free (self->prompts);
  g_clear_pointer (&self->items, refract_table_free);
}

RefractComparison *
refract_comparison_ref (RefractComparison *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
refract_comparison_unref (RefractComparison *self)
{
  g_atomic_rc_box_release_full (self, clear);
}

RefractTable *
refract_comparison_make_list (const RefractComparison *self)
{
  g_autoptr (GStrvBuilder) columns = g_strv_builder_new ();
  g_auto (GStrv) titles = NULL;
  RefractTable *table;

  g_strv_builder_add_many (columns, N_ ("Report"), N_ ("Composite"), N_ ("Band"), NULL);
  for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
    g_strv_builder_add (columns, refract_axis_id_get_title (axis));
  for (guint metric = 0; metric < G_N_ELEMENTS (metrics); metric++)
    if (metrics[metric].in_list)
      g_strv_builder_add (columns, metrics[metric].title);
  titles = g_strv_builder_end (columns);
  table = refract_table_new (NULL, (const char *const *) titles);

  for (guint i = 0; i < self->reports->len; i++)
    {
      RefractReport *report = self->reports->pdata[i];
      RefractTableRow *row = refract_table_add_row (table);

      refract_table_row_add_text (row, self->names[i]);
      refract_table_row_add_score (row, refract_report_get_composite (report));
      refract_table_row_add_text (row, get_band (report));
      for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
        refract_table_row_add_score (row, refract_report_get_axis_score (report, axis));
      for (guint metric = 0; metric < G_N_ELEMENTS (metrics); metric++)
        if (metrics[metric].in_list)
          add_metric (row, report, metric);
    }
  return table;
}

/* (transfer none) (element-type RefractTable): what has rows, in order */
static GPtrArray *
list_tables (const RefractComparison *self)
{
  GPtrArray *tables = g_ptr_array_new ();
  RefractTable *all[] = { self->metrics, self->differences, self->items, self->prompts };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    if (all[i] != NULL && all[i]->rows->len > 0)
      g_ptr_array_add (tables, all[i]);
  return tables;
}

char *
refract_comparison_to_markdown (const RefractComparison *self)
{
  g_auto (RefractEnglish) english = refract_english_begin ();
  g_autoptr (GPtrArray) tables = list_tables (self);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->warnings->len; i++)
    {
      g_string_append (text, "> ⚠️ ");
      refract_markdown_append (text, self->warnings->pdata[i]);
      g_string_append (text, "\n>\n");
    }
  if (self->warnings->len > 0)
    g_string_append_c (text, '\n');
  for (guint i = 0; i < tables->len; i++)
    {
      g_autofree char *table = refract_table_to_markdown (tables->pdata[i]);

      g_string_append_printf (text, "%s\n", table);
    }
  return g_string_free (text, FALSE);
}

char *
refract_comparison_to_csv (const RefractComparison *self)
{
  g_auto (RefractEnglish) english = refract_english_begin ();
  g_autoptr (GPtrArray) tables = list_tables (self);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < tables->len; i++)
    {
      g_autofree char *table = refract_table_to_csv (tables->pdata[i]);

      g_string_append_printf (text, "%s%s", i > 0 ? "\r\n" : "", table);
    }
  return g_string_free (text, FALSE);
}
