/* refract-server-attach.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "backends/refract-server.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

#define DELAY (250 * G_TIME_SPAN_MILLISECOND)
#define CONNECT_TIMEOUT 30 /* seconds */

/* Words, numbers, code and other scripts: two tokenizers that agree on it are the same. */
static const char probe_text[]
    = "The 1,234 quick brown foxes don't jump:\n\tif (x >= 0) { return -x * 3.14; }\n"
      "Größe, señor, Привет, 你好, مرحبا, 🙂 … ##end";

/* What one of the user's servers says about what it runs. */
typedef struct
{
  char *model;
  gint64 max_len;
  GArray *probe;
} Identity;

static void
identity_clear (Identity *self)
{
  g_free (self->model);
  g_clear_pointer (&self->probe, g_array_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Identity, identity_clear)

static const char *
get_key (void)
{
  return g_getenv ("REFRACT_SERVER_KEY");
}

/* The last part of a folder's or a repository's name. */
static char *
base_name (const char *name)
{
  g_autofree char *trimmed = g_strdup (name);
  gsize length = strlen (trimmed);

  while (length > 1 && trimmed[length - 1] == '/')
    trimmed[--length] = '\0';
  return g_path_get_basename (trimmed);
}

static gboolean
identify (RefractServer *self, Identity *identity, GCancellable *cancellable, GError **error)
{
  g_autoptr (JsonObject) models = refract_server_get (self, "/v1/models", cancellable, error);
  g_autoptr (JsonObject) loaded = NULL;
  JsonArray *data = models != NULL ? refract_json_get_array (models, "data") : NULL;
  JsonObject *model = data != NULL ? refract_json_array_get_object (data, 0) : NULL;
  const char *name = NULL;

  if (models != NULL && self->kind->model_path != NULL)
    loaded = refract_server_get (self, self->kind->model_path, cancellable, error);
  if (models == NULL || (self->kind->model_path != NULL && loaded == NULL))
    return FALSE;
  if (loaded != NULL)
    name = refract_json_get_string (loaded, "model_path", NULL);
  else if (model != NULL)
    name = refract_json_get_string (model, "root", NULL);
  identity->max_len = model != NULL ? refract_json_get_int (model, "max_model_len", 0) : 0;
  if (name == NULL || identity->max_len <= 0)
    {
      refract_server_set_unexpected (self, "/v1/models", "it names no model with a context length",
                                     error);
      return FALSE;
    }
  identity->model = base_name (name);
  identity->probe = refract_server_tokenize (self, probe_text, TRUE, cancellable, error);
  return identity->probe != NULL;
}

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
  self->http = refract_http_new_for_url (url, get_key (), error);
  if (self->http == NULL)
    return FALSE;
  refract_http_set_timeout (self->http, CONNECT_TIMEOUT);
  return wait_until_ready (self, start, cancellable, error);
}

static gboolean
same_ids (GArray *a, GArray *b)
{
  return a->len == b->len && memcmp (a->data, b->data, a->len * sizeof (gint32)) == 0;
}

static gboolean
check_same (const Identity *own, const Identity *other, GError **error)
{
  if (!same_ids (own->probe, other->probe))
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL,
                 "The two servers turn the same text into different tokens: “%s” and “%s” have "
                 "different vocabularies. Start both with the same model.",
                 own->model, other->model);
  else if (!g_str_equal (own->model, other->model))
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL,
                 "The two servers run different models, “%s” and “%s”. Start both with the same "
                 "one.",
                 own->model, other->model);
  else
    return TRUE;
  return FALSE;
}

/* Connects to the user's other server for as long as it takes to compare them. */
static gboolean
compare_with_other (RefractServer *self,
                    const RefractServerStart *start,
                    const char *other_url,
                    const Identity *own,
                    GCancellable *cancellable,
                    GError **error)
{
  RefractServer other = { .kind = self->kind, .n_vocab = self->n_vocab };
  g_auto (Identity) identity = { 0 };
  gboolean same = connect_to (&other, start, other_url, cancellable, error)
                  && identify (&other, &identity, cancellable, error)
                  && check_same (own, &identity, error);

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
  g_auto (Identity) identity = { 0 };
  gint64 usable;

  if (url == NULL)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "There is no server for %s. Give the address of one with %s.",
                   refract_kv_config_get_label (start->kv),
                   options->reference_url == NULL ? "--reference-url" : "--candidate-url");
      return FALSE;
    }
  if (!connect_to (self, start, url, cancellable, error))
    return FALSE;
  self->version = self->kind->dup_version (self, cancellable, error);
  if (self->version == NULL || !identify (self, &identity, cancellable, error))
    return FALSE;
  if (other_url != NULL && !g_str_equal (other_url, url)
      && !compare_with_other (self, start, other_url, &identity, cancellable, error))
    return FALSE;

  usable = MIN (identity.max_len, G_MAXINT32) - self->kind->spare_cells;
  self->n_cells = (guint) MAX (usable, 1);
  return TRUE;
}
