/* refract-plan-options.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "audit/refract-plan.h"

G_BEGIN_DECLS

/* Adds the options that say what to measure to @context. (transfer full): what parsing collects;
 * keep it until then */
GPtrArray *refract_plan_options_add (GOptionContext *context);
/* The plan that the parsed options ask for, validated. (transfer full) */
RefractPlan *refract_plan_options_make_plan (GPtrArray *options, GError **error);

/* "auto (default), llamacpp or mlx": help for --backend */
char *refract_cli_describe_backends (void);

G_END_DECLS
