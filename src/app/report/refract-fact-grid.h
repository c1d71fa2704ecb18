/* refract-fact-grid.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-facts.h"

G_BEGIN_DECLS

/* Puts a tile per fact into @box; tiles wrap as the width has it. */
void refract_fact_grid_fill (AdwWrapBox *box, RefractReport *report, RefractFactGroup facts);

G_END_DECLS
