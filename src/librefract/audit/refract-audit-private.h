/* refract-audit-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "audit/refract-audit.h"
#include "audit/refract-observer.h"

G_BEGIN_DECLS

/**
 * refract_audit_set_up:
 * @observer: has plan, progress, cancellable and notes; gets the rest
 * @fresh: forget what an interrupted run has left
 * @reference: (out) (transfer full)
 *
 * Everything that comes before the first engine is started: reads and checks what the plan names,
 * plans memory and opens the journal (@observer's journal is (transfer full), also on failure).
 */
gboolean refract_audit_set_up (RefractObserver *observer,
                               RefractRun *run,
                               gboolean fresh,
                               RefractKvConfig **reference,
                               GError **error);

G_END_DECLS
