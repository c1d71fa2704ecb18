/* refract-chart-comparison.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "charts/refract-scene.h"
#include "report/refract-comparison.h"

G_BEGIN_DECLS

/* Charts of reports side by side; for @width, @text_scale and what is returned see
 * RefractChartFunc. A point's key is the index of its report. */

/* Composite and axes, a bar per report with its interval. */
RefractScene *refract_chart_compare_scores_new (const RefractComparison *comparison,
                                                double width,
                                                double text_scale);
/* One of the groups of that: 0 is the composite, 1 + RefractAxisId an axis. %NULL where no report
 * has it. Of @comparison only reports and names are looked at, as by the two below. */
RefractScene *refract_chart_compare_group_new (const RefractComparison *comparison,
                                               guint group,
                                               double width,
                                               double text_scale);
/* Composite by bytes of the KV cache per token. */
RefractScene *refract_chart_compare_memory_new (const RefractComparison *comparison,
                                                double width,
                                                double text_scale);
/* Composite by decoding speed. */
RefractScene *refract_chart_compare_speed_new (const RefractComparison *comparison,
                                               double width,
                                               double text_scale);
/* What is found of R-NIAH's needles by the report of @index and by the first, cell by cell. */
RefractScene *refract_chart_compare_rniah_new (const RefractComparison *comparison,
                                               guint index,
                                               double width,
                                               double text_scale);

G_END_DECLS
