/* refract-progress.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef enum
{
  REFRACT_STAGE_WAITING,
  REFRACT_STAGE_RUNNING,
  REFRACT_STAGE_DONE,
  REFRACT_STAGE_FAILED,
} RefractStageState;

/**
 * RefractStage:
 * @configuration: label of the KV configuration
 * @step: "load", or the name of an axis
 * @done: work done: a prompt token is 1, a decoded token %REFRACT_WORK_DECODED
 * @total: work in all; an estimate until the stage has begun
 * @recalled: of the work, what an earlier attempt had done
 * @tokens: tokens done, decoded or read, for a rate
 */
typedef struct
{
  char *configuration;
  char *step;
  RefractStageState state;
  guint64 done;
  guint64 total;
  guint64 recalled;
  guint64 tokens;
} RefractStage;

/* About what decoding a token costs in prompt tokens: good enough for a progress bar. */
#define REFRACT_WORK_DECODED 8

void refract_stage_free (RefractStage *self);

/**
 * RefractProgress:
 *
 * How far an audit has come. Written by the audit's thread, read from any: every getter takes the
 * lock and returns a copy. Changes are announced by the signal `changed`, at most once per turn of
 * the main context in which the object was made, in that context.
 */
#define REFRACT_TYPE_PROGRESS (refract_progress_get_type ())
G_DECLARE_FINAL_TYPE (RefractProgress, refract_progress, REFRACT, PROGRESS, GObject)

RefractProgress *refract_progress_new (void);

/* for the audit: stages in the order in which they will run */
guint refract_progress_add_stage (RefractProgress *self,
                                  const char *configuration,
                                  const char *step,
                                  guint64 total);
void refract_progress_begin (RefractProgress *self, guint stage, guint64 total);
void refract_progress_update (RefractProgress *self, guint stage, guint64 done, guint64 tokens);
/* @work that this attempt finds in the journal: no time goes into it */
void refract_progress_recall (RefractProgress *self, guint stage, guint64 work);
void refract_progress_finish (RefractProgress *self, guint stage, gboolean failed);
/* one line for a person, e.g. what had to be changed; kept in order */
void refract_progress_log (RefractProgress *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* for the view: (transfer full) (element-type RefractStage) */
GPtrArray *refract_progress_dup_stages (RefractProgress *self);
/* lines logged from @first on; (transfer full) */
char **refract_progress_dup_log (RefractProgress *self, guint first);
/* share of the work done, [0, 1] */
double refract_progress_get_fraction (RefractProgress *self);
double refract_progress_get_elapsed (RefractProgress *self);
/* seconds; −1 until there is something to go by, which is what this attempt itself has done */
double refract_progress_get_remaining (RefractProgress *self);
/* the same, @elapsed seconds after the attempt began */
double refract_progress_get_remaining_after (RefractProgress *self, double elapsed);
/* of the running stage; −1 unknown */
double refract_progress_get_tokens_per_second (RefractProgress *self);

G_END_DECLS
