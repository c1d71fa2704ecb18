/* refract-server-attach.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "backends/refract-server-identity.h"
#include "core/refract-error.h"

#define DELAY (250 * G_TIME_SPAN_MILLISECOND)
#define CONNECT_TIMEOUT 30 /* seconds */

/* 503 while it loads: that is waited for; no connection is not. */
static gboolean
wait_until_ready (RefractServer *self,
                  const RefractServerStart *start,
                  GCancellable *cancellable,
                  GError **error)
{
  gint64 end_time = g_get_monotonic_time () + (gint64) start->silence_limit * G_TIME_SPAN_SECOND;

  for (;;)
    {
      g_autoptr (GError) own_error = NULL;
      GPollFD fd;
      guint status = 0;
      g_autofree char *reply
          = refract_http_get_text (self->http, "/health", &status, cancellable, &own_error);

      if (reply != NULL || status == 401 || status == 404) /* asked again with better words */
        return TRUE;
      if (status != 503 || g_get_monotonic_time () > end_time)
        {
          refract_server_explain (self, status, &own_error);
          g_propagate_error (error, g_steal_pointer (&own_error));
          return FALSE;
        }
      if (g_cancellable_make_pollfd (cancellable, &fd))
        {
          g_poll (&fd, 1, DELAY / G_TIME_SPAN_MILLISECOND);
          g_cancellable_release_fd (cancellable);
        }
      else
        g_usleep (DELAY);
    }
}

static gboolean
connect_to (RefractServer *self,
            const RefractServerStart *start,
            const char *url,
            GCancellable *cancellable,
            GError **error)
{
  g_clear_object (&self->http);
  self->http = refract_server_connect (url, cancellable, error);
  if (self->http == NULL)
    return FALSE;
  refract_http_set_timeout (self->http, CONNECT_TIMEOUT);
  return wait_until_ready (self, start, cancellable, error);
}

/* Does the user's other server run with what is to be measured there? Known before hours are spent
 * on the first. */
static gboolean
check_other_kv (RefractServer *other,
                const RefractServerStart *start,
                const char *text,
                GCancellable *cancellable,
                GError **error)
{
  g_autoptr (RefractKvConfig) kv = refract_kv_config_parse (text, error);
  RefractServerStart other_start = *start;
  gboolean same;

  if (kv == NULL)
    return FALSE;
  other_start.kv = kv;
  other->kv_in_use = refract_kv_in_use_new ();
  same = other->kind->read_kv (other, &other_start, cancellable, error);
  g_clear_pointer (&other->kv_in_use, refract_kv_in_use_free);
  return same;
}

/* Connects to the user's other server for as long as it takes to compare them. */
static gboolean
compare_with_other (RefractServer *self,
                    const RefractServerStart *start,
                    const char *other_url,
                    GCancellable *cancellable,
                    GError **error)
{
  const RefractBackendOptions *options = start->engine->options;
  RefractServer other = { .kind = self->kind, .n_vocab = self->n_vocab, .log = self->log };
  const char *reference[] = { options->reference_kv, NULL };
  const char *const *texts = other_url == options->reference_url
                                 ? reference
                                 : (const char *const *) options->candidate_kvs;
  g_autoptr (RefractServerIdentity) identity = NULL;
  gboolean same;

  if (connect_to (&other, start, other_url, cancellable, error))
    identity = refract_server_identify (&other, cancellable, error);
  same = identity != NULL
         && refract_server_identity_check_same_model (self->identity, identity, error);
  for (guint i = 0; same && texts != NULL && texts[i] != NULL; i++)
    same = check_other_kv (&other, start, texts[i], cancellable, error);

  g_clear_object (&other.http);
  return same;
}

gboolean
refract_server_attach (RefractServer *self,
                       const RefractServerStart *start,
                       const char *url,
                       GCancellable *cancellable,
                       GError **error)
{
  const RefractBackendOptions *options = start->engine->options;
  const char *other_url
      = url == options->reference_url ? options->candidate_url : options->reference_url;
  const RefractServerIdentity *known;
  gint64 usable;

  if (!connect_to (self, start, url, cancellable, error))
    return FALSE;
  self->identity = refract_server_identify (self, cancellable, error);
  if (self->identity == NULL)
    return FALSE;
  known = g_hash_table_lookup (start->engine->identities, url);
  if (known != NULL
      && !refract_server_identity_check_unchanged (known, self->identity, self, error))
    return FALSE;
  if (other_url != NULL && !g_str_equal (other_url, url)
      && !compare_with_other (self, start, other_url, cancellable, error))
    return FALSE;
  if (known == NULL)
    g_hash_table_insert (start->engine->identities, g_strdup (url),
                         refract_server_identity_ref (self->identity));

  self->version = g_strdup (self->identity->version);
  usable = MIN (self->identity->max_len, G_MAXINT32) - self->kind->spare_cells;
  self->n_cells = (guint) MAX (usable, 1);
  return TRUE;
}
