/* refract-fact-grid.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-facts.h"

G_BEGIN_DECLS

/* Puts a tile per fact into @box; as many in a line as fit. */
void refract_fact_grid_fill (GtkFlowBox *box, RefractReport *report, RefractFactGroup facts);

G_END_DECLS
