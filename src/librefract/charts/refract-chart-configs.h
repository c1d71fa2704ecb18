/* refract-chart-configs.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "charts/refract-chart.h"
#include "report/refract-comparison.h"

G_BEGIN_DECLS

/* What the score is laid out by. */
typedef enum
{
  REFRACT_SCATTER_MEMORY, /* bytes per token: less is better */
  REFRACT_SCATTER_SPEED,  /* decoding, tokens per second: more is better */
} RefractScatterKind;

/**
 * RefractChartConfig:
 * @bytes: of the KV cache per token; NAN when unknown, as every number here
 * @prefill: prompt tokens per second
 * @decode: tokens per second of one sequence
 * @is_own: the candidate whose report it is
 * @key: index in `extension.ranking` or among compared reports, −1 for reference and control
 *
 * One of the configurations that were measured in the same run.
 */
typedef struct
{
  char *label;
  double composite;
  double low;
  double high;
  double bytes;
  double prefill;
  double decode;
  gboolean is_own;
  gboolean is_reference;
  gboolean is_control;
  gboolean is_dominated;
  int key;
} RefractChartConfig;

/* (element-type RefractChartConfig) (transfer full): the reference, the ranking, the control; empty
 * when the report knows of no run. */
GArray *refract_chart_configs_new (RefractReport *report);
/* (element-type RefractChartConfig) (transfer full): the candidates of @comparison's reports;
 * dominated are those that another beats in score and @kind's other side. */
GArray *refract_chart_configs_new_for_comparison (const RefractComparison *comparison,
                                                  RefractScatterKind kind);

/* %NULL when there is no candidate to show. */
RefractScene *refract_chart_scatter_draw (GArray *configs,
                                          RefractScatterKind kind,
                                          double width,
                                          double text_scale);

G_END_DECLS
