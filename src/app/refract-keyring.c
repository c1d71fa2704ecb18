/* refract-keyring.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>
#include <libsecret/secret.h>

#include "engine/refract-server-key.h"
#include "refract-keyring.h"

#define SERVER "server"

static const SecretSchema schema
    = { APP_ID ".ServerKey", SECRET_SCHEMA_NONE, { { SERVER, SECRET_SCHEMA_ATTRIBUTE_STRING } } };

static char *
take_password (char *password)
{
  char *key = g_strdup (password);

  secret_password_free (password);
  return key;
}

/* Of the threads that ask servers */
static char *
look_up (const char *base, GCancellable *cancellable)
{
  return take_password (
      secret_password_lookup_sync (&schema, cancellable, NULL, SERVER, base, NULL));
}

void
refract_keyring_init (void)
{
  refract_server_key_set_lookup (look_up);
}

void
refract_keyring_find_async (const char *base,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_return_if_fail (base != NULL);

  secret_password_lookup (&schema, cancellable, callback, user_data, SERVER, base, NULL);
}

char *
refract_keyring_find_finish (GAsyncResult *result, GError **error)
{
  return take_password (secret_password_lookup_finish (result, error));
}

static void
stored (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  if (secret_password_store_finish (result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
cleared (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  GError *error = NULL;

  /* FALSE without an error: there was none */
  secret_password_clear_finish (result, &error);
  if (error == NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

void
refract_keyring_remember_async (const char *base,
                                const char *key,
                                GCancellable *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  GTask *task = g_task_new (NULL, cancellable, callback, user_data);
  g_autofree char *label = NULL;

  g_return_if_fail (base != NULL);

  g_task_set_source_tag (task, refract_keyring_remember_async);
  if (key == NULL)
    {
      secret_password_clear (&schema, cancellable, cleared, task, SERVER, base, NULL);
      return;
    }
  /* Translators: in the system's list of passwords; %s is an address such as http://localhost:8000
   */
  label = g_strdup_printf (_ ("Refract: key of %s"), base);
  secret_password_store (&schema, SECRET_COLLECTION_DEFAULT, label, key, cancellable, stored, task,
                         SERVER, base, NULL);
}

gboolean
refract_keyring_remember_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}
