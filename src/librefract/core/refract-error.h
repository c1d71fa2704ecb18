/* refract-error.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * RefractError:
 *
 * Why something failed. Every message is one or two sentences for a person: it names the thing and
 * the remedy. Cancellation is always %G_IO_ERROR_CANCELLED and is never shown as a failure.
 *
 * @REFRACT_ERROR_USAGE: a parameter, plan or combination that cannot be run
 * @REFRACT_ERROR_MODEL: the model file is missing, truncated or not a model
 * @REFRACT_ERROR_KV_CONFIG: a KV configuration that cannot be parsed or that this model or engine
 *   cannot use
 * @REFRACT_ERROR_INPUT: prompts, corpus or haystack missing, broken or too short
 * @REFRACT_ERROR_ENGINE_MISSING: no usable engine was found
 * @REFRACT_ERROR_ENGINE: the engine did not start, died, hung or answered nonsense
 * @REFRACT_ERROR_NOT_ENGAGED: the KV type in use is not the one that was asked for
 * @REFRACT_ERROR_MEMORY: out of memory at any context size that the plan can use
 * @REFRACT_ERROR_DISK: a file could not be written, or the disk is too small for it
 * @REFRACT_ERROR_REPORT: a report file that cannot be read
 * @REFRACT_ERROR_FLOOR: the noise floor is below the strict limit
 * @REFRACT_ERROR_NOTHING_MEASURED: an axis has nothing to score
 */
typedef enum
{
  REFRACT_ERROR_USAGE = 1,
  REFRACT_ERROR_MODEL,
  REFRACT_ERROR_KV_CONFIG,
  REFRACT_ERROR_INPUT,
  REFRACT_ERROR_ENGINE_MISSING,
  REFRACT_ERROR_ENGINE,
  REFRACT_ERROR_NOT_ENGAGED,
  REFRACT_ERROR_MEMORY,
  REFRACT_ERROR_DISK,
  REFRACT_ERROR_REPORT,
  REFRACT_ERROR_FLOOR,
  REFRACT_ERROR_NOTHING_MEASURED,
} RefractError;

#define REFRACT_ERROR (refract_error_quark ())
GQuark refract_error_quark (void);

G_END_DECLS
