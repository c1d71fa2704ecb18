/* refract-stage-row.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "audit/refract-progress.h"

G_BEGIN_DECLS

/* One axis at one configuration, or the loading of the model: state as icon and text, progress. */
#define REFRACT_TYPE_STAGE_ROW (refract_stage_row_get_type ())
G_DECLARE_FINAL_TYPE (RefractStageRow, refract_stage_row, REFRACT, STAGE_ROW, AdwPreferencesRow)

/* for people: @step of a #RefractStage */
const char *refract_stage_get_title (const RefractStage *stage);

RefractStageRow *refract_stage_row_new (void);

/* @ended: the audit does not run any more, so that what was running is stopped */
void refract_stage_row_update (RefractStageRow *self, const RefractStage *stage, gboolean ended);

G_END_DECLS
