/* refract-server-key.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The keys of the user's servers. They are never part of a plan, which is written into reports and
 * journals: whoever asks a server looks its key up here, by its address. Any thread. */

/* A key from where keys are kept; may block. (nullable) (transfer full) */
typedef char *(*RefractServerKeyFunc) (const char *base, GCancellable *cancellable);

/* @func: (nullable): asked for keys that this process was not told */
void refract_server_key_set_lookup (RefractServerKeyFunc func);
/* For as long as this process lives. @base: refract_http_dup_base(); @key: (nullable): forgets it
 */
void refract_server_key_set (const char *base, const char *key);
/* What was set for @base, else what the lookup finds, else REFRACT_SERVER_KEY; %NULL none. */
char *refract_server_key_dup (const char *base, GCancellable *cancellable);

G_END_DECLS
