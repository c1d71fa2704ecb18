/* refract-live.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "audit/refract-progress.h"

G_BEGIN_DECLS

/**
 * RefractLive:
 *
 * Shows an audit's progress on standard error: one line that is drawn over on a terminal, a line
 * per stage elsewhere. Lives in the main loop.
 */
typedef struct _RefractLive RefractLive;

RefractLive *refract_live_new (RefractProgress *progress);
/* wipes the line */
void refract_live_free (RefractLive *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractLive, refract_live_free)

G_END_DECLS
