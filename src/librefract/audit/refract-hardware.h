/* refract-hardware.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What the report says of the machine; never its name or its user's. (transfer full) each */
/* "Linux 6.1 x86_64" */
char *refract_hardware_dup_platform (void);
/* the processor's name, or the architecture where it has none */
char *refract_hardware_dup_processor (void);
/* bytes; 0 unknown */
guint64 refract_hardware_get_memory (void);
guint64 refract_hardware_get_available_memory (void);

G_END_DECLS
