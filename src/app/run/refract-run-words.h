/* refract-run-words.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "run/refract-run-item.h"

G_BEGIN_DECLS

/* What an audit is called, and how it stands, where it is listed. All: (transfer full) */

/* "gemma-2b-Q8_0" */
char *refract_run_words_dup_title (RefractPlan *plan);
/* its KV configurations, and how often they are measured */
char *refract_run_words_dup_subtitle (RefractPlan *plan, guint n_runs);
/* @fraction: 0 to 1. @has_measured: something that would not have to be measured again. */
char *refract_run_words_dup_status (RefractRunState state,
                                    double fraction,
                                    gboolean stopping,
                                    gboolean has_measured);

G_END_DECLS
