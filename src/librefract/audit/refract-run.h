/* refract-run.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>

#include "audit/refract-plan.h"
#include "axes/refract-axis.h"
#include "backends/refract-backend.h"

G_BEGIN_DECLS

/**
 * RefractPerformance:
 *
 * Speed and memory of one configuration, measured in the same run; −1 (0 for bytes) where unknown.
 * @prefill_tps: prompt tokens per second, the engine's own clock
 * @decode_tps: decoded tokens per second of one sequence, the engine's own clock
 * @load_seconds: from start until it answered, all programs of the engine together
 * @peak_rss: engine's peak resident memory, bytes
 * @n_requests: requests that the engine was sent
 * @engine_seconds: what the engine itself reports as computing, all axes together
 * @setup_seconds: wall time from the session's start until its first axis; −1 without a session
 * @axis_seconds: wall time of each axis; −1 where it did not run
 */
typedef struct
{
  double prefill_tps;
  double decode_tps;
  double load_seconds;
  guint64 peak_rss;
  guint n_requests;
  double engine_seconds;
  double setup_seconds;
  double axis_seconds[REFRACT_N_AXES];
} RefractPerformance;

/**
 * RefractConfigResult:
 * @kv: the configuration
 * @axes: result per axis; NULL when the plan leaves the axis out
 * @has_composite: %FALSE when no axis was scored or the setting could not be proved to engage
 * @composite: [0, 100]
 * @composite_interval: 95 %
 * @kv_in_use: (nullable): what the engine says it allocated
 * @not_proved: the setting could not be shown to be in use: scores stand, the composite does not
 * @doubt: (nullable): why, a sentence; set with @not_proved by the audit
 * @same_as_reference: not quantized, and nothing differs from the reference: the type stores what
 *   the reference's does
 * @is_control: the negative control
 * @error: (nullable): why this configuration could not be measured; then nothing else is set
 */
typedef struct
{
  RefractKvConfig *kv;
  RefractAxisResult *axes[REFRACT_N_AXES];
  gboolean has_composite;
  double composite;
  RefractInterval composite_interval;
  RefractKvInUse *kv_in_use;
  RefractPerformance performance;
  gboolean not_proved;
  char *doubt;
  gboolean same_as_reference;
  gboolean is_control;
  GError *error;
} RefractConfigResult;

RefractConfigResult *refract_config_result_new (RefractKvConfig *kv);
void refract_config_result_free (RefractConfigResult *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractConfigResult, refract_config_result_free)
/* fills composite, interval and has_composite from the axes */
void refract_config_result_compose (RefractConfigResult *self);
gboolean refract_config_result_is_scored (const RefractConfigResult *self, RefractAxisId axis);
void refract_config_result_get_units (const RefractConfigResult *self,
                                      const RefractUnits *units[REFRACT_N_AXES]);
/* bytes one token adds to the cache: the engine's own buffers ÷ cells where known (the formula's
 * exact number where both agree within the engine's rounding, 1 %), else the formula; −1 unknown.
 * @source (out) (optional): "measured", "computed", "unknown" */
double refract_config_result_get_bytes_per_token (const RefractConfigResult *self,
                                                  RefractModel *model,
                                                  const char **source);

/**
 * RefractRun:
 *
 * One finished audit: what reports are built from.
 * @run_id: shared by all reports of the run
 * @finished: local time
 * @reference: speed, memory and KV in use of the reference; its axes are not set
 * @floor: (nullable): the reference scored against itself
 * @candidates: (element-type RefractConfigResult): in the plan's order, the control last
 * @n_slots: prompts decoded side by side
 * @slots_evidence: a sentence: how that number was chosen
 * @notes: (element-type utf8): what the whole run must say (budget halved, thinking detected, …)
 * @resumed: an interrupted run's journal had a part of it: its times say nothing
 */
typedef struct
{
  char *run_id;
  GDateTime *finished;
  RefractPlan *plan;
  RefractModel *model;
  RefractEngineInfo *engine;
  RefractPrompts *prompts;
  RefractText *corpus;
  RefractText *haystack;
  RefractConfigResult *reference;
  RefractConfigResult *floor;
  GPtrArray *candidates;
  guint n_slots;
  guint n_cells;
  char *slots_evidence;
  GPtrArray *notes;
  double wall_seconds;
  gboolean resumed;
} RefractRun;

RefractRun *refract_run_new (void);
void refract_run_free (RefractRun *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractRun, refract_run_free)
/* Reads the prompts, corpus and haystack that the axes of @self's plan need; blocks. */
gboolean refract_run_load_inputs (RefractRun *self, GError **error);
/* What axes read, borrowed from @self; the model's context where there is a model. */
RefractInputs refract_run_get_inputs (const RefractRun *self);

G_END_DECLS
