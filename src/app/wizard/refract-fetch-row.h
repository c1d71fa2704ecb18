/* refract-fetch-row.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "audit/refract-plan.h"

G_BEGIN_DECLS

/**
 * RefractFetchRow:
 *
 * Downloads the texts of published results, see core/refract-fetch.h: asks first, shows how far it
 * is, can be stopped and goes on from there. Texts that are here are put into the plan when the
 * person says so; at once after a download, where the plan has the bundled ones.
 */
#define REFRACT_TYPE_FETCH_ROW (refract_fetch_row_get_type ())
G_DECLARE_FINAL_TYPE (RefractFetchRow, refract_fetch_row, REFRACT, FETCH_ROW, AdwPreferencesRow)

/* @plan: (transfer none): once */
void refract_fetch_row_set_plan (RefractFetchRow *self, RefractPlan *plan);
/* Downloads without asking: the person has been asked. */
void refract_fetch_row_start (RefractFetchRow *self, gboolean with_prompts);
/* Ends a download within a second; what came is kept. */
void refract_fetch_row_stop (RefractFetchRow *self);
gboolean refract_fetch_row_is_running (RefractFetchRow *self);

G_END_DECLS
