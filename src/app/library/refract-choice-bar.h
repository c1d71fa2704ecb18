/* refract-choice-bar.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/**
 * RefractChoiceBar:
 *
 * How many reports are chosen, and the button that lays them side by side: ::compare, while they
 * are neither too few nor too many.
 */
#define REFRACT_TYPE_CHOICE_BAR (refract_choice_bar_get_type ())
G_DECLARE_FINAL_TYPE (RefractChoiceBar, refract_choice_bar, REFRACT, CHOICE_BAR, AdwBin)

/* @choice: (nullable): as in refract-choice.h */
void refract_choice_bar_set_choice (RefractChoiceBar *self, GtkSelectionModel *choice);

G_END_DECLS
