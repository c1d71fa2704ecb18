/* refract-keyring.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The keys of the user's servers that the user asked to remember, in the system's keyring (Secret
 * Service), each under its server's address: refract_http_dup_base(). */

/* Once: has whoever asks a server find them, see refract_server_key_dup(). */
void refract_keyring_init (void);

void refract_keyring_find_async (const char *base,
                                 GCancellable *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer user_data);
/* (transfer full): %NULL without @error where none is remembered, with one where no keyring
 * answers */
char *refract_keyring_find_finish (GAsyncResult *result, GError **error);

/* @key: (nullable): forgets the one that is remembered */
void refract_keyring_remember_async (const char *base,
                                     const char *key,
                                     GCancellable *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer user_data);
gboolean refract_keyring_remember_finish (GAsyncResult *result, GError **error);

G_END_DECLS
