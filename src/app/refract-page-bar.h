/* refract-page-bar.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/**
 * RefractPageBar:
 *
 * A header bar whose title is never cut off: where it does not fit between the buttons, it stands
 * in rows of its own below them. Property: `header-bar`, an AdwHeaderBar that has an
 * AdwWindowTitle.
 */
#define REFRACT_TYPE_PAGE_BAR (refract_page_bar_get_type ())
G_DECLARE_FINAL_TYPE (RefractPageBar, refract_page_bar, REFRACT, PAGE_BAR, GtkWidget)

G_END_DECLS
