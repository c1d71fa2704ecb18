/* refract-chart-configs.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "charts/refract-chart-configs.h"
#include "charts/refract-chart-private.h"
#include "core/refract-json.h"
#include "core/refract-text.h"

#define MAX_CONFIGS 24

static void
clear_config (gpointer data)
{
  g_free (((RefractChartConfig *) data)->label);
}

/* A finite number from 0 up, else NAN. */
static double
read_amount (JsonObject *object, const char *name)
{
  double value = refract_json_get_double (object, name, NAN);

  return value >= 0 && value < 1e18 ? value : NAN;
}

static double
read_score (JsonObject *object)
{
  double value = refract_json_get_double (object, "composite", NAN);

  return value >= 0 && value <= 100 ? value : NAN;
}

static void
append_row (GArray *configs, JsonObject *row, const char *own, int key)
{
  RefractChartConfig config = { .composite = read_score (row),
                                .bytes = read_amount (row, "bytes_per_token"),
                                .prefill = read_amount (row, "prefill_tps"),
                                .decode = read_amount (row, "decode_tps"),
                                .is_control = key < 0,
                                .key = key };
  const char *candidate = refract_json_get_string (row, "candidate", NULL);

  config.label = refract_chart_kv_label (refract_json_get_string (row, "label", NULL), candidate);
  config.is_own = g_strcmp0 (candidate, own) == 0;
  config.is_dominated = refract_json_get_string (row, "dominated_by", NULL) != NULL;
  refract_chart_read_interval (row, &config.low, &config.high);
  g_array_append_val (configs, config);
}

GArray *
refract_chart_configs_new (RefractReport *report)
{
  JsonObject *extension = refract_report_get_extension (report);
  JsonObject *speed = refract_json_get_object (extension, "reference_performance");
  JsonObject *kv = refract_json_get_object (extension, "reference_kv");
  JsonObject *control = refract_json_get_object (extension, "control");
  JsonArray *ranking = refract_json_get_array (extension, "ranking");
  const char *own = refract_json_get_string (refract_report_get_root (report), "candidate", NULL);
  guint n = MIN (refract_chart_array_length (ranking), MAX_CONFIGS);
  GArray *configs = g_array_new (FALSE, TRUE, sizeof (RefractChartConfig));

  g_array_set_clear_func (configs, clear_config);
  if (kv != NULL && n > 0)
    {
      RefractChartConfig config = { .label = refract_report_dup_reference_label (report),
                                    .composite = NAN,
                                    .low = NAN,
                                    .high = NAN,
                                    .bytes = read_amount (kv, "bytes_per_token"),
                                    .prefill = read_amount (speed, "prefill_tps"),
                                    .decode = read_amount (speed, "decode_tps"),
                                    .is_reference = TRUE,
                                    .key = -1 };

      g_array_append_val (configs, config);
    }
  for (guint i = 0; i < n; i++)
    {
      JsonObject *row = refract_chart_array_object (ranking, i);

      if (row != NULL)
        append_row (configs, row, own, (int) i);
    }
  if (control != NULL)
    append_row (configs, control, own, -1);
  return configs;
}

static gboolean
is_beaten (const RefractChartConfig *config,
           const RefractChartConfig *other,
           RefractScatterKind kind)
{
  double x = kind == REFRACT_SCATTER_MEMORY ? -config->bytes : config->decode;
  double other_x = kind == REFRACT_SCATTER_MEMORY ? -other->bytes : other->decode;

  return other->composite >= config->composite && other_x >= x
         && (other->composite > config->composite || other_x > x);
}

GArray *
refract_chart_configs_new_for_comparison (const RefractComparison *comparison,
                                          RefractScatterKind kind)
{
  guint n = MIN (comparison->reports->len, MAX_CONFIGS);
  GArray *configs = g_array_new (FALSE, TRUE, sizeof (RefractChartConfig));

  g_array_set_clear_func (configs, clear_config);
  for (guint i = 0; i < n; i++)
    {
      RefractReport *report = comparison->reports->pdata[i];
      JsonObject *extension = refract_report_get_extension (report);
      RefractChartConfig config = {
        .composite = refract_report_get_composite (report),
        .bytes = read_amount (refract_json_get_object (extension, "kv"), "bytes_per_token"),
        .prefill = read_amount (refract_json_get_object (extension, "performance"), "prefill_tps"),
        .decode = read_amount (refract_json_get_object (extension, "performance"), "decode_tps"),
        .label = refract_text_clean (comparison->names[i], 120),
        .key = (int) i
      };

      refract_chart_read_interval (extension, &config.low, &config.high);
      g_array_append_val (configs, config);
    }
  for (guint i = 0; i < n; i++)
    for (guint j = 0; j < n; j++)
      {
        RefractChartConfig *config = &g_array_index (configs, RefractChartConfig, i);

        config->is_dominated
            |= is_beaten (config, &g_array_index (configs, RefractChartConfig, j), kind);
      }
  return configs;
}
