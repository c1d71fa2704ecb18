/* refract-chart.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "charts/refract-scene.h"
#include "report/refract-report.h"

G_BEGIN_DECLS

/* px: no chart is laid out narrower */
#define REFRACT_CHART_MIN_WIDTH 280

/**
 * RefractChartFunc:
 * @width: px, at least %REFRACT_CHART_MIN_WIDTH (less counts as that)
 * @text_scale: of all text, 1 to 3 (to 2 at the least width); 2 is "200 % text"
 *
 * Lays a chart of @report out for a width; the scene says how high it became. Pure: may be called
 * in any thread. Reports may be of an old layout or hostile: what is missing is left out.
 *
 * Returns: (transfer full) (nullable): %NULL when the report has nothing to show there
 */
typedef RefractScene *(*RefractChartFunc) (RefractReport *report, double width, double text_scale);

/* The composite with band, interval and weakest axis. */
RefractScene *refract_chart_gauge_new (RefractReport *report, double width, double text_scale);
/* The four axes, with interval and the bands' edges; key: RefractAxisId. */
RefractScene *refract_chart_axes_new (RefractReport *report, double width, double text_scale);
/* Trajectory: how many answers part at which token. */
RefractScene *refract_chart_divergence_new (RefractReport *report, double width, double text_scale);
/* KLD@D: positions by divergence, logarithmic, those without any in a bin of their own. */
RefractScene *
refract_chart_kld_histogram_new (RefractReport *report, double width, double text_scale);
/* KLD@D: divergence by the position in the context; key: index in `depth`. */
RefractScene *refract_chart_kld_depth_new (RefractReport *report, double width, double text_scale);
/* KLD@D: score by context length; %NULL unless several were measured. */
RefractScene *
refract_chart_kld_contexts_new (RefractReport *report, double width, double text_scale);
/* R-NIAH: length × position; key: index in `axes.rniah.cells`, −1 for a cell that did not run. */
RefractScene *refract_chart_rniah_new (RefractReport *report, double width, double text_scale);
/* PLAD: score by perturbation. */
RefractScene *refract_chart_plad_new (RefractReport *report, double width, double text_scale);
/* Bytes per token and speed of the run's configurations. */
RefractScene *refract_chart_speed_new (RefractReport *report, double width, double text_scale);
/* The run's candidates: composite by bytes per token; key: index in `extension.ranking`, −1 for the
 * reference. */
RefractScene *refract_chart_scatter_new (RefractReport *report, double width, double text_scale);

/* The whole report in one picture of 1200 × 630 px, for sharing; @width and @text_scale do not
 * change it. */
#define REFRACT_SHARE_CARD_WIDTH 1200
#define REFRACT_SHARE_CARD_HEIGHT 630
RefractScene *refract_chart_share_card_new (RefractReport *report, double width, double text_scale);

/* The function of "gauge", "axes", "divergence", "kld-histogram", "kld-depth", "kld-contexts",
 * "rniah", "plad", "speed", "scatter" or "share-card"; %NULL for another name. */
RefractChartFunc refract_chart_lookup (const char *name);

/* Moves what @scene shows down and puts its title, the model and the configuration over it, for a
 * picture that leaves the page it stood on. */
void refract_chart_add_heading (RefractScene *scene, RefractReport *report);

/* The same with only @subtitle (nullable) below the title. */
void refract_chart_add_title (RefractScene *scene, const char *subtitle);

G_END_DECLS
