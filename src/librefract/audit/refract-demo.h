/* refract-demo.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "audit/refract-plan.h"

G_BEGIN_DECLS

/**
 * refract_demo_plan_new:
 *
 * The audit that shows what the program does: the small model that comes with it, two candidates
 * and a control, all four axes. About a minute on two cores.
 *
 * Returns: (transfer full)
 */
RefractPlan *refract_demo_plan_new (void);

G_END_DECLS
