/* refract-chart-save.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gtk/gtk.h>

#include "charts/refract-chart.h"

G_BEGIN_DECLS

/* Asks where to save a picture of @kind (a name of refract_chart_lookup()) at @width px in the
 * present colours, and does so: SVG for a name that ends in .svg, else PNG at twice the size. Says
 * over @parent what went wrong. "share-card" is saved like this too. */
void refract_chart_save (GtkWidget *parent, RefractReport *report, const char *kind, double width);

/* The same of what is laid out already; its title is put over it and names the file. */
void refract_chart_save_scene (GtkWidget *parent, RefractScene *scene);

/* As refract_chart_save() to a file that is known; written whole or not at all. */
void refract_chart_save_to_file_async (GtkWidget *parent,
                                       RefractReport *report,
                                       const char *kind,
                                       double width,
                                       GFile *file,
                                       GCancellable *cancellable,
                                       GAsyncReadyCallback callback,
                                       gpointer user_data);
gboolean refract_chart_save_to_file_finish (GAsyncResult *result, GError **error);

G_END_DECLS
