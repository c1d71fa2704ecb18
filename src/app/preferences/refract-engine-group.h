/* refract-engine-group.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/* Where the engine is, what it is started with, and which one that makes. */
#define REFRACT_TYPE_ENGINE_GROUP (refract_engine_group_get_type ())
G_DECLARE_FINAL_TYPE (
    RefractEngineGroup, refract_engine_group, REFRACT, ENGINE_GROUP, AdwPreferencesGroup)

/* once */
void refract_engine_group_set_settings (RefractEngineGroup *self, GSettings *settings);

G_END_DECLS
