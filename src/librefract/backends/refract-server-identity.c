/* refract-server-identity.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "backends/refract-server-identity.h"
#include "core/refract-error.h"
#include "core/refract-json.h"
#include "engine/refract-server-key.h"

#define ASK_TIMEOUT 30 /* seconds */

/* Words, numbers, code and other scripts: two tokenizers that agree on it are the same. */
static const char probe_text[]
    = "The 1,234 quick brown foxes don't jump:\n\tif (x >= 0) { return -x * 3.14; }\n"
      "Größe, señor, Привет, 你好, مرحبا, 🙂 … ##end";

static void
identity_clear (gpointer data)
{
  RefractServerIdentity *self = data;

  g_free (self->version);
  g_free (self->model);
  g_clear_pointer (&self->probe, g_array_unref);
}

RefractServerIdentity *
refract_server_identity_ref (RefractServerIdentity *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
refract_server_identity_unref (RefractServerIdentity *self)
{
  g_atomic_rc_box_release_full (self, identity_clear);
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

RefractHttp *
refract_server_connect (const char *url, GCancellable *cancellable, GError **error)
{
  g_autofree char *base = refract_http_dup_base (url, error);
  g_autofree char *key = base != NULL ? refract_server_key_dup (base, cancellable) : NULL;

  return base != NULL ? refract_http_new_for_url (url, key, error) : NULL;
}

RefractServerIdentity *
refract_server_identify (RefractServer *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (RefractServerIdentity) identity = g_atomic_rc_box_new0 (RefractServerIdentity);
  g_autoptr (JsonObject) models = NULL, loaded = NULL;
  JsonObject *model;
  const char *name = NULL;

  identity->version = self->kind->dup_version (self, cancellable, error);
  if (identity->version == NULL)
    return NULL;
  models = refract_server_get (self, "/v1/models", cancellable, error);
  if (models != NULL && self->kind->model_path != NULL)
    loaded = refract_server_get (self, self->kind->model_path, cancellable, error);
  if (models == NULL || (self->kind->model_path != NULL && loaded == NULL))
    return NULL;
  model = refract_json_array_get_object (refract_json_get_array (models, "data"), 0);
  if (loaded != NULL)
    name = refract_json_get_string (loaded, "model_path", NULL);
  else if (model != NULL)
    name = refract_json_get_string (model, "root", NULL);
  identity->max_len = model != NULL ? refract_json_get_int (model, "max_model_len", 0) : 0;
  if (name == NULL || identity->max_len <= 0)
    {
      refract_server_set_unexpected (self, "/v1/models", "it names no model with a context length",
                                     error);
      return NULL;
    }
  identity->model = base_name (name);
  identity->probe = refract_server_tokenize (self, probe_text, TRUE, cancellable, error);
  return identity->probe != NULL ? g_steal_pointer (&identity) : NULL;
}

static gboolean
same_probe (const RefractServerIdentity *a, const RefractServerIdentity *b)
{
  return a->probe->len == b->probe->len
         && memcmp (a->probe->data, b->probe->data, a->probe->len * sizeof (gint32)) == 0;
}

gboolean
refract_server_identity_check_same_model (const RefractServerIdentity *self,
                                          const RefractServerIdentity *other,
                                          GError **error)
{
  if (!same_probe (self, other))
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL,
                 "The two servers turn the same text into different tokens: “%s” and “%s” have "
                 "different vocabularies. Start both with the same model.",
                 self->model, other->model);
  else if (!g_str_equal (self->model, other->model))
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL,
                 "The two servers run different models, “%s” and “%s”. Start both with the same "
                 "one.",
                 self->model, other->model);
  else
    return TRUE;
  return FALSE;
}

gboolean
refract_server_identity_check_unchanged (const RefractServerIdentity *self,
                                         const RefractServerIdentity *now,
                                         RefractServer *server,
                                         GError **error)
{
  const char *title = refract_server_kind_get_title (server->kind);
  const char *base = refract_http_get_base (server->http);

  if (!g_str_equal (self->model, now->model))
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                 "%s at %s was restarted with another model during the audit, “%s” instead of "
                 "“%s”. Start it as it was, and the audit goes on where it stopped.",
                 title, base, now->model, self->model);
  else if (!g_str_equal (self->version, now->version))
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                 "%s at %s was restarted in another version during the audit, %s instead of %s. "
                 "Start it as it was, and the audit goes on where it stopped.",
                 title, base, now->version, self->version);
  else if (self->max_len != now->max_len)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                 "%s at %s was restarted with another context during the audit, %" PRId64
                 " tokens instead of %" PRId64 ". Start it as it was, and the audit goes on where "
                 "it stopped.",
                 title, base, now->max_len, self->max_len);
  else if (!same_probe (self, now))
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                 "%s at %s was restarted with another tokenizer during the audit. Start it as it "
                 "was, and the audit goes on where it stopped.",
                 title, base);
  else
    return TRUE;
  return FALSE;
}

/* ---- Which engine ---- */

/* -1: it does not say */
static int
kind_of_owner (const char *owner)
{
  for (guint i = 0; i < REFRACT_N_BACKENDS; i++)
    if (g_str_equal (refract_backend_kind_get_name (i), owner))
      return (int) i;
  return -1;
}

/* A gateway may give models another owner: then by an address that only the one or the other has.
 */
static int
guess_kind (RefractServer *server, GCancellable *cancellable)
{
  g_autoptr (JsonObject) sglang
      = refract_http_get (server->http, "/model_info", NULL, cancellable, NULL);
  g_autoptr (JsonObject) vllm = NULL;

  if (sglang != NULL && json_object_has_member (sglang, "model_path"))
    return REFRACT_BACKEND_KIND_SGLANG;
  vllm = refract_http_get (server->http, "/version", NULL, cancellable, NULL);
  return vllm != NULL && json_object_has_member (vllm, "version") ? REFRACT_BACKEND_KIND_VLLM : -1;
}

/* -1: it does not say; -2 with @error set */
static int
ask_kind (const char *url,
          const RefractServerKind *named,
          GCancellable *cancellable,
          GError **error)
{
  RefractServer server
      = { .kind = named, .http = refract_server_connect (url, cancellable, error) };
  g_autoptr (JsonObject) models = NULL;
  JsonObject *model;
  int kind = -2;

  if (server.http == NULL)
    return kind;
  refract_http_set_timeout (server.http, ASK_TIMEOUT);
  models = refract_server_get (&server, "/v1/models", cancellable, error);
  if (models != NULL)
    {
      model = refract_json_array_get_object (refract_json_get_array (models, "data"), 0);
      kind = kind_of_owner (model != NULL ? refract_json_get_string (model, "owned_by", "") : "");
      if (kind < 0)
        kind = guess_kind (&server, cancellable);
    }
  g_clear_object (&server.http);
  return kind;
}

static gboolean
check_kind (const char *url, int kind, const RefractServerKind *named, GError **error)
{
  if (kind < 0)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                 "The server at %s does not say that it is vLLM or SGLang. Check the address, or "
                 "name its engine with --backend.",
                 url);
  else if (refract_backend_kind_get_dialect ((RefractBackendKind) kind) != REFRACT_KV_SERVER)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                 "The server at %s is one of %s, which Refract starts itself: leave out "
                 "--reference-url and --candidate-url.",
                 url, refract_backend_kind_get_title ((RefractBackendKind) kind));
  else if (named != NULL && named->id != (RefractBackendKind) kind)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                 "The server at %s is %s, not %s. Leave out --backend, or check the address.", url,
                 refract_backend_kind_get_title ((RefractBackendKind) kind),
                 refract_server_kind_get_title (named));
  else
    return TRUE;
  return FALSE;
}

gboolean
refract_server_find_kind (const RefractBackendOptions *options,
                          const RefractServerKind *named,
                          RefractBackendKind *kind,
                          GCancellable *cancellable,
                          GError **error)
{
  const char *urls[] = { options->reference_url, options->candidate_url };
  int found[] = { -1, -1 };

  for (guint i = 0; i < G_N_ELEMENTS (urls); i++)
    {
      if (urls[i] == NULL)
        continue;
      found[i] = ask_kind (urls[i], named, cancellable, error);
      if (found[i] == -1 && named != NULL)
        found[i] = (int) named->id;
      if (found[i] == -2 || !check_kind (urls[i], found[i], named, error))
        return FALSE;
      *kind = (RefractBackendKind) found[i];
    }
  if (urls[0] == NULL || urls[1] == NULL || found[0] == found[1])
    return TRUE;
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
               "The two servers are of different engines, %s and %s. Start both with the same one.",
               refract_backend_kind_get_title ((RefractBackendKind) found[0]),
               refract_backend_kind_get_title ((RefractBackendKind) found[1]));
  return FALSE;
}
