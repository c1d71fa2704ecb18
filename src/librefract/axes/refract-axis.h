/* refract-axis.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "audit/refract-plan.h"
#include "backends/refract-session.h"
#include "core/refract-kld.h"
#include "core/refract-prompts.h"
#include "core/refract-score.h"

G_BEGIN_DECLS

/**
 * RefractInputs:
 *
 * What a plan's axes read: loaded once per run. @haystack is NULL unless R-NIAH runs, @corpus
 * unless KLD runs, @prompts unless Trajectory or PLAD runs.
 */
typedef struct
{
  RefractPrompts *prompts;
  RefractText *corpus;
  RefractText *haystack;
  guint64 model_context;  /* tokens the model was trained for */
  guint64 engine_context; /* cells that the engine can give one prompt */
} RefractInputs;

/**
 * RefractEstimate:
 * @n_requests: requests per configuration
 * @max_cells: most context cells that one request needs (prompt and answer)
 * @prompt_tokens: prompt tokens in all, about
 * @predict_tokens: most tokens decoded in all
 *
 * What an axis will ask of a configuration, before anything is tokenized.
 */
typedef struct
{
  guint n_requests;
  guint max_cells;
  guint64 prompt_tokens;
  guint64 predict_tokens;
} RefractEstimate;

/**
 * RefractObservation:
 * @axis: whose it is
 * @generations: (nullable) (element-type RefractGeneration): one per request, for the axes that
 * decode
 * @positions: (nullable) (element-type RefractKldPositions): one per context length, for KLD
 *
 * What one configuration did on one axis: data only, nothing is judged yet.
 */
typedef struct
{
  RefractAxisId axis;
  GPtrArray *generations;
  GPtrArray *positions;
} RefractObservation;

RefractObservation *refract_observation_new (RefractAxisId axis);
void refract_observation_free (RefractObservation *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractObservation, refract_observation_free)

typedef enum
{
  REFRACT_CONFIDENCE_OK,
  REFRACT_CONFIDENCE_PARTIAL,
  REFRACT_CONFIDENCE_LOW,
} RefractConfidence;

/* "ok" | "partial" | "low" */
const char *refract_confidence_get_name (RefractConfidence confidence);

/**
 * RefractAxisResult:
 * @score: [0, 100], full precision
 * @interval: 95 %
 * @units: what the interval rests on
 * @notes: (element-type utf8): what a reader must know beside the number
 * @json: the axis' object in the old report layout (without `score`, `band`, `notes`,
 *   `description`, `skipped`, which the report writes)
 * @extension: what is ours, for `extension.axes.<name>`
 * @skip_reason: (nullable): why it could not be scored; then nothing above is set
 */
typedef struct
{
  RefractAxisId axis;
  double score;
  RefractInterval interval;
  RefractUnits *units;
  RefractConfidence confidence;
  GPtrArray *notes;
  JsonObject *json;
  JsonObject *extension;
  char *skip_reason;
} RefractAxisResult;

RefractAxisResult *refract_axis_result_new (RefractAxisId axis);
RefractAxisResult *refract_axis_result_new_skipped (RefractAxisId axis, const char *reason);
void refract_axis_result_free (RefractAxisResult *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractAxisResult, refract_axis_result_free)
/* sets score and interval from units */
void refract_axis_result_take_units (RefractAxisResult *self, RefractUnits *units);

#define REFRACT_TYPE_AXIS (refract_axis_get_type ())
G_DECLARE_DERIVABLE_TYPE (RefractAxis, refract_axis, REFRACT, AXIS, GObject)

/**
 * RefractAxis:
 *
 * One kind of measurement. Observing and scoring are apart: `prepare` says what to decode (once, on
 * the reference's session), the audit decodes it at every configuration, `score` is a pure function
 * of two observations. KLD has no requests: the audit gets its positions from the backend's logits.
 * An axis object holds what `prepare` found (prompts, cells) and serves all configurations of a
 * run.
 */
struct _RefractAxisClass
{
  GObjectClass parent_class;
  RefractAxisId id;

  /* optional */
  gboolean (*check) (RefractAxis *self,
                     RefractPlan *plan,
                     const RefractInputs *inputs,
                     GError **error);
  void (*estimate) (RefractAxis *self,
                    RefractPlan *plan,
                    const RefractInputs *inputs,
                    RefractEstimate *estimate);
  /* Requests to decode, in order, (transfer full) (element-type RefractRequest). */
  GPtrArray *(*prepare) (RefractAxis *self,
                         RefractPlan *plan,
                         const RefractInputs *inputs,
                         RefractSession *session,
                         GCancellable *cancellable,
                         GError **error);
  /* Pure. Never NULL without @error. */
  RefractAxisResult *(*score) (RefractAxis *self,
                               const RefractObservation *reference,
                               const RefractObservation *candidate,
                               GError **error);
};

RefractAxis *refract_axis_new (RefractAxisId id);
RefractAxisId refract_axis_get_id (RefractAxis *self);
/* Whether there will be something to measure, as far as can be told before an engine runs:
 * @inputs' engine_context is 0. */
gboolean refract_axis_check (RefractAxis *self,
                             RefractPlan *plan,
                             const RefractInputs *inputs,
                             GError **error);
void refract_axis_estimate (RefractAxis *self,
                            RefractPlan *plan,
                            const RefractInputs *inputs,
                            RefractEstimate *estimate);
/* KLD has nothing to decode: @session may be NULL and the array is empty */
GPtrArray *refract_axis_prepare (RefractAxis *self,
                                 RefractPlan *plan,
                                 const RefractInputs *inputs,
                                 RefractSession *session,
                                 GCancellable *cancellable,
                                 GError **error);
RefractAxisResult *refract_axis_score (RefractAxis *self,
                                       const RefractObservation *reference,
                                       const RefractObservation *candidate,
                                       GError **error);

G_END_DECLS
