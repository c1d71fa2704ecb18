/* refract-process-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "engine/refract-process.h"

G_BEGIN_DECLS

/* The program that ends engines: named by the environment, in the build tree, beside an installed
 * prefix, or where it was configured to be. (transfer full): %NULL with %REFRACT_ERROR_ENGINE */
char *refract_process_find_supervisor (GError **error);

G_END_DECLS
