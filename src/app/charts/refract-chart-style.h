/* refract-chart-style.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gtk/gtk.h>

#include "charts/refract-palette.h"

G_BEGIN_DECLS

/* The palette of the present colour scheme and contrast, with the person's accent. */
void refract_chart_style_get_palette (RefractPalette *palette);
/* How much larger than usual @widget's text is; 1 is Adwaita's size at 100 % */
double refract_chart_style_get_text_scale (GtkWidget *widget);
/* (transfer none) (nullable): the family of @widget's text */
const char *refract_chart_style_get_font (GtkWidget *widget);

G_END_DECLS
