/* refract-defaults.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>

#include "audit/refract-plan.h"

G_BEGIN_DECLS

/* What the preferences say a new audit begins with: engine, its flags, GPU layers, depth.
 * (transfer full) */
RefractPlan *refract_defaults_new_plan (GSettings *settings);

/* The part of it that is about this machine, for a plan that came with a report or from a file. */
void refract_defaults_apply_engine (GSettings *settings, RefractPlan *plan);

/* Makes colours and the folder of journals what @settings say, now and whenever they change. */
void refract_defaults_follow (GSettings *settings);

G_END_DECLS
