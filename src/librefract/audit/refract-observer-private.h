/* refract-observer-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "audit/refract-observer.h"

G_BEGIN_DECLS

/* What is being decoded, for the progress of a stage. */
typedef struct
{
  RefractProgress *progress;
  guint stage;
  guint64 done;
  guint64 tokens;
  double read; /* of the prompts of a batch, for each token that it may decode */
} RefractStageProgress;

/* ---- refract-observer-batch.c: batches of requests and the journal ---- */

/* The key of something observed once per configuration. (transfer full) */
char *refract_observer_journal_key (RefractRole role, RefractKvConfig *kv, const char *what);
/* The key of one request: role, configuration, axis and everything that decides the answer.
 * (transfer full) */
char *refract_observer_request_key (RefractObserver *self,
                                    RefractRole role,
                                    RefractKvConfig *kv,
                                    RefractAxisId axis,
                                    const RefractRequest *request);
/* in prompt tokens, a decoded token counting %REFRACT_WORK_DECODED */
guint64 refract_observer_request_work (const RefractRequest *request);
/* How many of @requests from @first on fit the slots at once; the same for every configuration. */
guint refract_observer_batch_length (RefractObserver *self, GPtrArray *requests, guint first);
/* Appends the @n generations that the journal has, or nothing and %FALSE where one is missing. */
gboolean
refract_observer_lookup_batch (RefractObserver *self, char **keys, guint n, GPtrArray *out);
/* Decodes @batch, journals each generation under its key and appends it to @out. */
gboolean refract_observer_decode_batch (RefractObserver *self,
                                        RefractSession *session,
                                        GPtrArray *batch,
                                        char **keys,
                                        RefractStageProgress *progress,
                                        GPtrArray *out,
                                        GError **error);
/* Seconds that the engine itself reports for the last @n of @generations, decoded side by side. */
double refract_observer_batch_seconds (GPtrArray *generations, guint n);

/* ---- refract-observer-probe.c: what is found out beside the axes ---- */

/* Decodes a few prompts side by side and one after the other, and keeps the slots only where that
 * changes no token; the reference's first session only. */
gboolean refract_observer_calibrate_slots (RefractObserver *self,
                                           RefractSession *session,
                                           double *engine_seconds,
                                           GError **error);
/* Prefill and decode rate of one sequence, into @performance. */
gboolean refract_observer_measure_speed (RefractObserver *self,
                                         RefractSession *session,
                                         RefractKvConfig *kv,
                                         RefractRole role,
                                         RefractPerformance *performance,
                                         GError **error);

/* ---- refract-observer-kld.c: log-probabilities ---- */

/* tokens of all chunks of all context lengths */
guint64 refract_observer_kld_work (RefractObserver *self);
/* Streams a configuration's log-probabilities: the reference's into a file, a candidate's against
 * it. (transfer full) */
RefractObservation *refract_observer_observe_kld (RefractObserver *self,
                                                  RefractKvConfig *kv,
                                                  RefractRole role,
                                                  RefractConfigResult *result,
                                                  guint stage,
                                                  GError **error);
/* Adds the texts around the worst positions, decoded by @session's tokenizer. */
gboolean refract_observer_observe_worst_texts (RefractObserver *self,
                                               RefractSession *session,
                                               RefractKvConfig *kv,
                                               RefractObservations *observations,
                                               GError **error);

G_END_DECLS
