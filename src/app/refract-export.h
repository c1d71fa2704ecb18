/* refract-export.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* Writes @data to @path; in a thread. %FALSE with @error when it cannot. */
typedef gboolean (*RefractExportFunc) (gpointer data,
                                       const char *path,
                                       GCancellable *cancellable,
                                       GError **error);

/**
 * refract_export_ask:
 * @widget: in a window
 * @title: of the dialog that asks for the file
 * @name: of the file, as proposed; may come from a report
 * @data: (transfer full): owned by the thread that writes
 *
 * Asks where to, writes in a thread, and says in @widget's window that it is done, with a button
 * that opens the file, or what went wrong.
 */
void refract_export_ask (GtkWidget *widget,
                         const char *title,
                         const char *name,
                         RefractExportFunc func,
                         gpointer data,
                         GDestroyNotify destroy);
/* The same to a file that is known. */
void refract_export_to_file (
    GtkWidget *widget, GFile *file, RefractExportFunc func, gpointer data, GDestroyNotify destroy);

/* For a RefractExportFunc: whole or not at all. */
gboolean refract_export_write (const char *path, const char *text, GError **error);

G_END_DECLS
