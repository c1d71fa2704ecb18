/* refract-estimate.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "audit/refract-needs.h"
#include "audit/refract-run.h"

G_BEGIN_DECLS

/* How much is known of an audit's time. */
typedef enum
{
  REFRACT_KNOWLEDGE_GUESS,   /* nothing was measured on this machine yet */
  REFRACT_KNOWLEDGE_RELATED, /* other models, or other axes of this one, were measured */
  REFRACT_KNOWLEDGE_LEARNED, /* this model was measured here, with this engine and these axes */
} RefractKnowledge;

/**
 * RefractForecast:
 * @low: seconds, at least 0
 * @high: seconds, ≥ @low; for %REFRACT_KNOWLEDGE_LEARNED 25 % around the middle
 * @needs: memory and disk
 * @disk_free: bytes free where the reference's log-probabilities will lie; 0 unknown
 */
typedef struct
{
  double low;
  double high;
  RefractKnowledge knowledge;
  RefractNeeds needs;
  guint64 disk_free;
} RefractForecast;

/**
 * refract_estimate_forecast:
 * @run: only its plan, model, engine (nullable) and inputs are looked at
 * @forecast: (out caller-allocates):
 *
 * How long an audit will take, from what earlier ones took on this machine, and what it will need.
 * Reads a small file: for a worker thread.
 *
 * Returns: %FALSE with an error of refract_needs_compute() or of the plan's configurations
 */
gboolean
refract_estimate_forecast (const RefractRun *run, RefractForecast *forecast, GError **error);

/**
 * refract_estimate_record:
 * @run: a finished audit
 *
 * Remembers what @run took: seconds per unit of work for each axis, of the reference and of the
 * others, under the model's fingerprint and the engine. A resumed run says nothing and is left out.
 * The store is $XDG_STATE_HOME/refract/timings.json; it keeps the latest 200. Blocks for one small
 * file.
 *
 * Returns: %FALSE with %REFRACT_ERROR_DISK where it cannot be written; no harm but a worse estimate
 */
gboolean refract_estimate_record (const RefractRun *run, GError **error);

G_END_DECLS
