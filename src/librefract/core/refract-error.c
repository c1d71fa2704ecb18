/* refract-error.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "core/refract-error.h"

G_DEFINE_QUARK (refract - error - quark, refract_error)
