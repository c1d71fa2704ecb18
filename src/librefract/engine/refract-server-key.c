/* refract-server-key.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "engine/refract-server-key.h"

#define VARIABLE "REFRACT_SERVER_KEY"

static GMutex mutex; /* protects what follows */
static GHashTable *keys;
static RefractServerKeyFunc lookup;

void
refract_server_key_set_lookup (RefractServerKeyFunc func)
{
  g_mutex_lock (&mutex);
  lookup = func;
  g_mutex_unlock (&mutex);
}

void
refract_server_key_set (const char *base, const char *key)
{
  g_return_if_fail (base != NULL);

  g_mutex_lock (&mutex);
  if (keys == NULL)
    keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  if (key != NULL && *key != '\0')
    g_hash_table_replace (keys, g_strdup (base), g_strdup (key));
  else
    g_hash_table_remove (keys, base);
  g_mutex_unlock (&mutex);
}

char *
refract_server_key_dup (const char *base, GCancellable *cancellable)
{
  RefractServerKeyFunc func;
  char *key;

  g_return_val_if_fail (base != NULL, NULL);

  g_mutex_lock (&mutex);
  key = keys != NULL ? g_strdup (g_hash_table_lookup (keys, base)) : NULL;
  func = lookup;
  g_mutex_unlock (&mutex);
  if (key == NULL && func != NULL)
    key = func (base, cancellable);
  return key != NULL ? key : g_strdup (g_getenv (VARIABLE));
}
