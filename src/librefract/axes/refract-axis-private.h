/* refract-axis-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "axes/refract-axis.h"

G_BEGIN_DECLS

#define REFRACT_TYPE_TRAJECTORY_AXIS (refract_trajectory_axis_get_type ())
G_DECLARE_FINAL_TYPE (
    RefractTrajectoryAxis, refract_trajectory_axis, REFRACT, TRAJECTORY_AXIS, RefractAxis)

#define REFRACT_TYPE_KLD_AXIS (refract_kld_axis_get_type ())
G_DECLARE_FINAL_TYPE (RefractKldAxis, refract_kld_axis, REFRACT, KLD_AXIS, RefractAxis)

#define REFRACT_TYPE_RNIAH_AXIS (refract_rniah_axis_get_type ())
G_DECLARE_FINAL_TYPE (RefractRniahAxis, refract_rniah_axis, REFRACT, RNIAH_AXIS, RefractAxis)

#define REFRACT_TYPE_PLAD_AXIS (refract_plad_axis_get_type ())
G_DECLARE_FINAL_TYPE (RefractPladAxis, refract_plad_axis, REFRACT, PLAD_AXIS, RefractAxis)

/* Chat templates may add a system message of their own. */
#define REFRACT_TEMPLATE_TOKENS_MOST 256

/* Copies of the inputs' prompts, (transfer full) (element-type RefractPrompt): an axis object
 * outlives what it was prepared from. */
GPtrArray *refract_axis_copy_prompts (const RefractInputs *inputs);

/* Ids of one prompt, as a chat or as raw text; an error names the prompt when it has no tokens or
 * does not fit the context together with its answer. */
GArray *refract_axis_tokenize_prompt (RefractSession *session,
                                      const RefractInputs *inputs,
                                      const RefractPrompt *prompt,
                                      const char *text,
                                      gboolean chat,
                                      guint n_predict,
                                      GCancellable *cancellable,
                                      GError **error);

/* What a prompt of @text takes at most and about, in tokens, before it is tokenized. */
void refract_axis_estimate_prompt (const char *text,
                                   gboolean chat,
                                   guint n_predict,
                                   RefractEstimate *estimate);

/* Both observations have @n generations. */
gboolean refract_axis_check_generations (RefractAxis *self,
                                         const RefractObservation *reference,
                                         const RefractObservation *candidate,
                                         guint n,
                                         GError **error);

/* prints into the result's notes */
void refract_axis_result_note (RefractAxisResult *self, const char *format, ...)
    G_GNUC_PRINTF (2, 3);

G_END_DECLS
