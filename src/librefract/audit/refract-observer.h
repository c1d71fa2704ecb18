/* refract-observer.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>

#include "audit/refract-journal.h"
#include "audit/refract-progress.h"
#include "audit/refract-run.h"

G_BEGIN_DECLS

/* Whose observation it is: the same configuration may appear in several roles, and they never share
 * what was measured. */
typedef enum
{
  REFRACT_ROLE_REFERENCE,
  REFRACT_ROLE_FLOOR,
  REFRACT_ROLE_CANDIDATE,
} RefractRole;

/**
 * RefractObserver:
 * @axes: NULL where the plan leaves the axis out
 * @requests: what each axis decodes; NULL until the reference's session has prepared it
 * @n_slots: slots of every session of the run
 * @n_cells: context cells of each slot
 * @batch: requests decoded side by side, @n_slots or 1; decided on the reference
 *
 * Measures configurations one after the other. Everything that has to be the same for all of them
 * is here. All pointers are borrowed from the audit but the arrays and texts.
 */
typedef struct
{
  RefractPlan *plan;
  RefractModel *model;
  RefractBackend *backend;
  RefractJournal *journal;
  RefractProgress *progress;
  GCancellable *cancellable;
  RefractInputs inputs;
  RefractAxis *axes[REFRACT_N_AXES];
  GPtrArray *requests[REFRACT_N_AXES];
  guint n_slots;
  guint n_cells;
  guint min_cells;
  guint batch;
  char *slots_evidence;
  GPtrArray *notes;
} RefractObserver;

/**
 * RefractObservations:
 * @axes: one configuration's observations; NULL where the axis is not in the plan
 * @worst_texts: (nullable): what KLD's worst positions read, in their order: objects with `context`
 *   and `token`; NULL where no session was there to turn ids into text
 */
typedef struct
{
  RefractObservation *axes[REFRACT_N_AXES];
  JsonArray *worst_texts;
} RefractObservations;

void refract_observations_free (RefractObservations *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractObservations, refract_observations_free)

/* Adds the stages that refract_observer_observe() will go through; returns the first one's index.
 */
guint refract_observer_add_stages (RefractObserver *self, RefractKvConfig *kv, RefractRole role);

/**
 * refract_observer_observe:
 * @result: its performance and KV in use are filled in
 * @first_stage: see refract_observer_add_stages()
 *
 * Observes one configuration on all axes. The reference comes first: it decides batch, requests and
 * cells for all others.
 */
RefractObservations *refract_observer_observe (RefractObserver *self,
                                               RefractKvConfig *kv,
                                               RefractRole role,
                                               RefractConfigResult *result,
                                               guint first_stage,
                                               GError **error);

void refract_observer_clear (RefractObserver *self);

G_END_DECLS
