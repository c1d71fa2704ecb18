/* refract-mlx-errors.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* %REFRACT_ERROR_MEMORY: the process was killed, or memory could not be had. */
void refract_mlx_set_memory_error (GError **error);

void refract_mlx_set_killed_error (GError **error);

/**
 * refract_mlx_set_reported_error:
 * @failure: (nullable): the member `error` of a worker's answer
 * @model_name: (nullable)
 *
 * What the worker says went wrong, with what to do about it.
 */
void refract_mlx_set_reported_error (JsonObject *failure,
                                     const char *python,
                                     const char *model_name,
                                     GError **error);

G_END_DECLS
