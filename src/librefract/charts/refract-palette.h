/* refract-palette.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "charts/refract-scene.h"

G_BEGIN_DECLS

/* 0xRRGGBBAA */
typedef guint32 RefractColor;

typedef struct
{
  RefractColor colors[REFRACT_N_ROLES];
} RefractPalette;

/* (transfer none) */
const RefractPalette *refract_palette_get (gboolean dark, gboolean high_contrast);

/* Rules for the classes that refract_scene_to_svg() writes, each under @selector:
 * `SELECTOR .rf-accent{color:…}`. (transfer full) */
char *refract_palette_to_css (const RefractPalette *palette, const char *selector);

G_END_DECLS
