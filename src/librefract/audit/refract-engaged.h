/* refract-engaged.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "audit/refract-observer.h"
#include "audit/refract-run.h"

G_BEGIN_DECLS

/**
 * refract_engaged_check:
 * @result: a scored candidate
 * @reference_kv: the run's reference
 *
 * What the numbers themselves say of whether the setting was in use (SCORING, "did not engage").
 * Sets @not_proved, and takes the composite away, where a quantized type changed nothing; sets
 * @same_as_reference where another type that is not quantized did so, which is no fault.
 */
void refract_engaged_check (RefractConfigResult *result,
                            RefractKvConfig *reference_kv,
                            const RefractObservations *reference,
                            const RefractObservations *candidate);

/**
 * refract_engaged_check_all:
 * @candidates: (element-type RefractConfigResult): of one run, all measured
 *
 * Two types that diverge from the reference by the same amounts to the last bit are one and the
 * same to the engine: sets @not_proved on those of them whose allocation was not read, or on both.
 */
void refract_engaged_check_all (GPtrArray *candidates);

G_END_DECLS
