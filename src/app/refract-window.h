/* refract-window.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "library/refract-sidebar.h"
#include "refract-application.h"

G_BEGIN_DECLS

/**
 * RefractWindow:
 *
 * The main window: the library at the side, and the selected thing (a report, a running audit) as
 * the content page.
 */
#define REFRACT_TYPE_WINDOW (refract_window_get_type ())
G_DECLARE_FINAL_TYPE (RefractWindow, refract_window, REFRACT, WINDOW, AdwApplicationWindow)

RefractWindow *refract_window_new (RefractApplication *application);

/* The window that @widget is in. (transfer none) (nullable) */
RefractWindow *refract_window_from_widget (GtkWidget *widget);

/**
 * refract_window_set_page:
 * @page: (transfer floating) (nullable): the content; %NULL for what an empty window shows
 *
 * Replaces the content, and in a narrow window goes to it.
 */
void refract_window_set_page (RefractWindow *self, AdwNavigationPage *page);
/* (transfer none) */
AdwNavigationPage *refract_window_get_page (RefractWindow *self);

/* In a narrow window goes to the sidebar. */
void refract_window_show_sidebar (RefractWindow *self);
/* (transfer none) */
RefractSidebar *refract_window_get_sidebar (RefractWindow *self);

/* Goes on in the given files: reports are imported, a model opens the wizard, what is neither is
 * said. In library/refract-window-library.c. */
void refract_window_open_files (RefractWindow *self, GFile **files, gsize n_files);

/* @toast: (transfer full) */
void refract_window_add_toast (RefractWindow *self, AdwToast *toast);
/* A toast with @title (plain text) and a Details button that shows the error's whole sentence;
 * nothing for a cancellation. */
void refract_window_show_error (RefractWindow *self, const char *title, const GError *error);

G_END_DECLS
