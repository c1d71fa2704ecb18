/* refract-scene-svg.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "charts/refract-scene.h"

G_BEGIN_DECLS

/**
 * refract_scene_to_svg:
 * @id: (nullable): prefix of the ids in it, letters, digits and hyphens, different for each picture
 *   of a page; %NULL makes a file that stands alone, with its own colours for light and dark
 *
 * Colours are classes (`rf-accent` …) that set `color`; a page gets its rules from
 * refract_palette_to_css(). No inline style, no script. Text is escaped.
 *
 * Returns: (transfer full)
 */
char *refract_scene_to_svg (const RefractScene *scene, const char *id);

G_END_DECLS
