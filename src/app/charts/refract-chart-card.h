/* refract-chart-card.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "charts/refract-chart-view.h"

G_BEGIN_DECLS

/**
 * RefractChartCard:
 *
 * A chart on a card with its title and a menu button (save image, table, copy). Not shown while the
 * report has nothing for it. Properties: `kind` and `report`, as of RefractChartView.
 */
#define REFRACT_TYPE_CHART_CARD (refract_chart_card_get_type ())
G_DECLARE_FINAL_TYPE (RefractChartCard, refract_chart_card, REFRACT, CHART_CARD, AdwBin)

GtkWidget *refract_chart_card_new (const char *kind);
void refract_chart_card_set_report (RefractChartCard *self, RefractReport *report);
/* As refract_chart_view_set_maker(): for a chart that is not of one report. */
void refract_chart_card_set_maker (RefractChartCard *self,
                                   RefractSceneFunc maker,
                                   gpointer data,
                                   GDestroyNotify destroy);
/* (transfer none): for its signal `activated` */
RefractChartView *refract_chart_card_get_view (RefractChartCard *self);

G_END_DECLS
