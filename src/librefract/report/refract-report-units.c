/* refract-report-units.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "core/refract-json.h"
#include "report/refract-report.h"

static RefractUnits *
make_trajectory (RefractReport *self, GPtrArray *keys)
{
  JsonArray *prompts = refract_json_get_array (
      refract_report_get_axis (self, REFRACT_AXIS_TRAJECTORY), "per_prompt");
  RefractUnits *units
      = refract_units_new (REFRACT_LINK_AGREEMENT, refract_json_get_length (prompts));

  for (guint i = 0; i < units->n; i++)
    {
      JsonObject *prompt = json_array_get_object_element (prompts, i);

      units->numerator[i] = refract_json_get_double (prompt, "prefix_agreement_length", 0);
      units->denominator[i] = refract_json_get_double (prompt, "cand_length", 0);
      g_ptr_array_add (keys, g_strdup (refract_json_get_string (prompt, "id", "")));
    }
  return units;
}

static RefractUnits *
make_kld (RefractReport *self, GPtrArray *keys)
{
  JsonObject *axis = refract_report_get_axis (self, REFRACT_AXIS_KLD);
  JsonArray *chunks = refract_json_get_array (
      refract_report_get_axis_extension (self, REFRACT_AXIS_KLD), "per_chunk");
  RefractUnits *units = refract_units_new (REFRACT_LINK_NATS, refract_json_get_length (chunks));
  const char *corpus
      = refract_json_get_string (refract_json_get_object (axis, "corpus"), "sha256_head", "");

  for (guint i = 0; i < units->n; i++)
    {
      JsonObject *chunk = json_array_get_object_element (chunks, i);

      units->denominator[i] = MAX (refract_json_get_double (chunk, "n", 1), 0);
      units->numerator[i] = refract_json_get_double (chunk, "mean_kld", 0) * units->denominator[i];
      g_ptr_array_add (keys, g_strdup_printf ("%s:%" G_GINT64_FORMAT ":%u", corpus,
                                              refract_json_get_int (axis, "ctx", 0), i));
    }
  return units;
}

/* Lost trials by cell, as the published formula counts them: those the reference has more. */
static RefractUnits *
make_rniah (RefractReport *self, GPtrArray *keys)
{
  JsonArray *cells
      = refract_json_get_array (refract_report_get_axis (self, REFRACT_AXIS_RNIAH), "cells");
  g_autoptr (GArray) lost = g_array_new (FALSE, FALSE, sizeof (double));
  RefractUnits *units;

  for (guint i = 0; i < refract_json_get_length (cells); i++)
    {
      JsonObject *cell = json_array_get_object_element (cells, i);
      gint64 n_trials = CLAMP (refract_json_get_int (cell, "n_trials", 0), 0, 1000);
      gint64 n_lost = refract_json_get_int (cell, "base_hits", 0)
                      - refract_json_get_int (cell, "cand_hits", 0);

      for (gint64 trial = 0; trial < n_trials; trial++)
        {
          double value = trial < n_lost;

          g_array_append_val (lost, value);
          g_ptr_array_add (keys,
                           g_strdup_printf ("%" G_GINT64_FORMAT "@%g:%" G_GINT64_FORMAT,
                                            refract_json_get_int (cell, "length", 0),
                                            refract_json_get_double (cell, "position", 0), trial));
        }
    }
  units = refract_units_new (REFRACT_LINK_LOSS, lost->len);
  for (guint i = 0; i < lost->len; i++)
    {
      units->numerator[i] = g_array_index (lost, double, i);
      units->denominator[i] = 1;
    }
  return units;
}

/* The index of every prompt: Trajectory's, which PLAD shares, then those that only PLAD has. */
static GHashTable *
index_prompts (RefractReport *self, JsonArray *pairs, GPtrArray *keys)
{
  JsonArray *prompts = refract_json_get_array (
      refract_report_get_axis (self, REFRACT_AXIS_TRAJECTORY), "per_prompt");
  GHashTable *indices = g_hash_table_new (g_str_hash, g_str_equal);

  for (guint i = 0; i < refract_json_get_length (prompts) + refract_json_get_length (pairs); i++)
    {
      const char *id
          = i < refract_json_get_length (prompts)
                ? refract_json_get_string (json_array_get_object_element (prompts, i), "id", "")
                : refract_json_get_string (
                      json_array_get_object_element (pairs, i - refract_json_get_length (prompts)),
                      "prompt_id", "");

      if (g_hash_table_contains (indices, id))
        continue;
      g_hash_table_insert (indices, (gpointer) id, GUINT_TO_POINTER (keys->len));
      g_ptr_array_add (keys, g_strdup (id));
    }
  return indices;
}

static RefractUnits *
make_plad (RefractReport *self, GPtrArray *keys)
{
  JsonArray *pairs
      = refract_json_get_array (refract_report_get_axis (self, REFRACT_AXIS_PLAD), "per_prompt");
  g_autoptr (GHashTable) indices = index_prompts (self, pairs, keys);
  RefractUnits *units = refract_units_new (REFRACT_LINK_AGREEMENT, keys->len);

  for (guint i = 0; i < refract_json_get_length (pairs); i++)
    {
      JsonObject *pair = json_array_get_object_element (pairs, i);
      double score = refract_json_get_double (pair, "plad_pp", NAN);
      guint prompt = GPOINTER_TO_UINT (
          g_hash_table_lookup (indices, refract_json_get_string (pair, "prompt_id", "")));

      if (isnan (score))
        continue;
      units->numerator[prompt] += score / 100;
      units->denominator[prompt] += 1;
    }
  return units;
}

RefractUnits *
refract_report_dup_units (RefractReport *self, RefractAxisId axis, GStrv *keys)
{
  static RefractUnits *(*const makers[]) (RefractReport *, GPtrArray *) = {
    [REFRACT_AXIS_TRAJECTORY] = make_trajectory,
    [REFRACT_AXIS_KLD] = make_kld,
    [REFRACT_AXIS_RNIAH] = make_rniah,
    [REFRACT_AXIS_PLAD] = make_plad,
  };
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (RefractUnits) units = NULL;
  double measured = 0;

  g_return_val_if_fail (REFRACT_IS_REPORT (self), NULL);

  *keys = NULL;
  if (isnan (refract_report_get_axis_score (self, axis)))
    return NULL;
  units = makers[axis](self, list);
  for (guint i = 0; i < units->n; i++)
    measured += units->denominator[i];
  if (measured <= 0)
    return NULL;
  g_ptr_array_add (list, NULL);
  *keys = (GStrv) g_ptr_array_steal (list, NULL);
  return g_steal_pointer (&units);
}
