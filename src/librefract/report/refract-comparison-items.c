/* refract-comparison-items.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <inttypes.h>
#include <math.h>

#include <glib/gi18n-lib.h>

#include "core/refract-json.h"
#include "core/refract-statistics.h"
#include "report/refract-comparison.h"

#define NORMAL_95 1.959963984540054

/* A value and its 95 % interval. */
typedef struct
{
  double value;
  double low;
  double high;
} Estimate;

/* Two independent estimates, b − a: Newcombe's and Zou's recovery of variances from the intervals
 * (MOVER; Zou and Donner, 2008). */
static Estimate
subtract (const Estimate *b, const Estimate *a)
{
  Estimate difference;

  difference.value = b->value - a->value;
  difference.low = difference.value - hypot (b->value - b->low, a->high - a->value);
  difference.high = difference.value + hypot (b->high - b->value, a->value - a->low);
  return difference;
}

/* Share of an answer's tokens before it leaves the reference. The place is one observation of a
 * geometric law with the chance p of leaving at each token: Jeffreys' interval of p carried over to
 * the expected share of @length tokens. */
static Estimate
estimate_prompt (double prefix, double length)
{
  gboolean diverged = prefix < length;
  double ends[2];
  Estimate estimate;

  for (guint i = 0; i < 2; i++)
    {
      double p = refract_beta_quantile (i == 0 ? 0.975 : 0.025, diverged + 0.5, prefix + 0.5);

      /* Σ (1 − p)^k, k = 1 … length, over length */
      ends[i] = p > 1e-12 ? (1 - p) * (1 - pow (1 - p, length)) / p / length : 1;
    }
  estimate.value = 100 * prefix / length;
  estimate.low = MIN (100 * ends[0], estimate.value);
  estimate.high = MAX (100 * ends[1], estimate.value);
  return estimate;
}

static Estimate
estimate_chunk (JsonObject *chunk)
{
  double n = MAX (refract_json_get_double (chunk, "n", 1), 1);
  double error = NORMAL_95 * refract_json_get_double (chunk, "sd_kld", 0) / sqrt (n);
  Estimate estimate;

  estimate.value = refract_json_get_double (chunk, "mean_kld", 0);
  estimate.low = estimate.value - error;
  estimate.high = estimate.value + error;
  return estimate;
}

static Estimate
estimate_cell (JsonObject *cell)
{
  double n = MAX (refract_json_get_double (cell, "n_trials", 1), 1);
  double hits = CLAMP (refract_json_get_double (cell, "cand_hits", 0), 0, n);
  Estimate estimate;

  estimate.value = hits / n;
  estimate.low = hits > 0 ? refract_beta_quantile (0.025, hits + 0.5, n - hits + 0.5) : 0;
  estimate.high = hits < n ? refract_beta_quantile (0.975, hits + 0.5, n - hits + 0.5) : 1;
  return estimate;
}

/* A row when 0 lies outside. */
static void
add_item (
    RefractTable *table, const char *item, const char *unit, const Estimate *a, const Estimate *b)
{
  Estimate difference = subtract (b, a);
  RefractTableRow *row;

  if (difference.low <= 0 && difference.high >= 0)
    return;
  row = refract_table_add_row (table);
  refract_table_row_add_text (row, item);
  refract_table_row_take_number (row, a->value, g_strdup_printf ("%.4g %s", a->value, unit));
  refract_table_row_take_number (row, b->value, g_strdup_printf ("%.4g %s", b->value, unit));
  refract_table_row_take_number (
      row, difference.value,
      g_strdup_printf ("%+.4g [%+.4g, %+.4g]", difference.value, difference.low, difference.high));
}

/* (nullable): elements of both lists, when both are equally long */
static JsonArray *
get_pair (JsonObject *a, JsonObject *b, const char *name, JsonArray **other)
{
  JsonArray *array = refract_json_get_array (a, name);

  *other = refract_json_get_array (b, name);
  return array != NULL && *other != NULL
                 && json_array_get_length (array) == json_array_get_length (*other)
             ? array
             : NULL;
}

static void
add_prompts (RefractTable *table, RefractReport *a, RefractReport *b)
{
  JsonArray *theirs;
  JsonArray *ours
      = get_pair (refract_report_get_axis (a, REFRACT_AXIS_TRAJECTORY),
                  refract_report_get_axis (b, REFRACT_AXIS_TRAJECTORY), "per_prompt", &theirs);

  for (guint i = 0; i < refract_json_get_length (ours); i++)
    {
      JsonObject *prompts[]
          = { json_array_get_object_element (ours, i), json_array_get_object_element (theirs, i) };
      Estimate estimates[2];
      g_autofree char *item = NULL;

      for (guint side = 0; side < 2; side++)
        {
          double length = MAX (refract_json_get_double (prompts[side], "cand_length", 1), 1);

          estimates[side] = estimate_prompt (
              CLAMP (refract_json_get_double (prompts[side], "prefix_agreement_length", 0), 0,
                     length),
              length);
        }
      item = g_strdup_printf (N_ ("Prompt %s"), refract_json_get_string (prompts[0], "id", "?"));
      add_item (table, item, "%", &estimates[0], &estimates[1]);
    }
}

static void
add_chunks (RefractTable *table, RefractReport *a, RefractReport *b)
{
  JsonArray *theirs;
  JsonArray *ours
      = get_pair (refract_report_get_axis_extension (a, REFRACT_AXIS_KLD),
                  refract_report_get_axis_extension (b, REFRACT_AXIS_KLD), "per_chunk", &theirs);

  for (guint i = 0; i < refract_json_get_length (ours); i++)
    {
      Estimate first = estimate_chunk (json_array_get_object_element (ours, i));
      Estimate second = estimate_chunk (json_array_get_object_element (theirs, i));
      g_autofree char *item = g_strdup_printf (N_ ("Chunk %u"), i + 1);

      add_item (table, item, "nats", &first, &second);
    }
}

static void
add_cells (RefractTable *table, RefractReport *a, RefractReport *b)
{
  JsonArray *theirs;
  JsonArray *ours = get_pair (refract_report_get_axis (a, REFRACT_AXIS_RNIAH),
                              refract_report_get_axis (b, REFRACT_AXIS_RNIAH), "cells", &theirs);

  for (guint i = 0; i < refract_json_get_length (ours); i++)
    {
      JsonObject *cell = json_array_get_object_element (ours, i);
      Estimate first = estimate_cell (cell);
      Estimate second = estimate_cell (json_array_get_object_element (theirs, i));
      g_autofree char *item = g_strdup_printf (N_ ("Cell %" PRId64 " tokens, position %g"),
                                               refract_json_get_int (cell, "length", 0),
                                               refract_json_get_double (cell, "position", 0));

      add_item (table, item, "found", &first, &second);
    }
}

RefractTable *
refract_comparison_make_items (RefractReport *a, RefractReport *b)
{
  static const char *const columns[]
      = { N_ ("Item"), N_ ("First"), N_ ("Second"), N_ ("Difference and its 95 % interval"), NULL };
  RefractTable *table
      = refract_table_new (N_ ("What changed by more than chance, item by item"), columns);

  add_prompts (table, a, b);
  add_chunks (table, a, b);
  add_cells (table, a, b);
  return table;
}
