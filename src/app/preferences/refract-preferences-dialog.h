/* refract-preferences-dialog.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* Every row changes a key of @settings at once, or does something now. */
#define REFRACT_TYPE_PREFERENCES_DIALOG (refract_preferences_dialog_get_type ())
G_DECLARE_FINAL_TYPE (RefractPreferencesDialog,
                      refract_preferences_dialog,
                      REFRACT,
                      PREFERENCES_DIALOG,
                      AdwPreferencesDialog)

AdwDialog *refract_preferences_dialog_new (GSettings *settings);

G_END_DECLS
