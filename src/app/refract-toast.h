/* refract-toast.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/**
 * refract_toast_fit:
 * @place: where it will be shown, as wide as that is now
 *
 * An AdwToast has one line and cuts it off. Where that would be, this gives it as many lines as its
 * title needs, and puts its button below them. Call it before the toast is added.
 */
void refract_toast_fit (AdwToast *toast, GtkWidget *place);

G_END_DECLS
