/* refract-scene-cairo.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <cairo.h>
#include <gio/gio.h>

#include "charts/refract-palette.h"

G_BEGIN_DECLS

/* Draws @scene with its upper left corner at the origin. @font_family: (nullable): of all text */
void refract_scene_draw (const RefractScene *scene,
                         cairo_t *cr,
                         const RefractPalette *palette,
                         const char *font_family);

/* (transfer full): @scene as a PNG, @scale pixels for each px, on the palette's background; NULL
 * and
 * @error when it would be larger than cairo can make. Any thread. */
GBytes *refract_scene_to_png (const RefractScene *scene,
                              const RefractPalette *palette,
                              const char *font_family,
                              double scale,
                              GError **error);

G_END_DECLS
