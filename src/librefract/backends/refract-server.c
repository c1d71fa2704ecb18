/* refract-server.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "backends/refract-server-identity.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

#define DEATH_DELAY G_TIME_SPAN_SECOND /* what is left then is ended by us */
#define PATIENCE 6 /* times the limit: one batch of a big model on a CPU takes its time */

const char *
refract_server_kind_get_title (const RefractServerKind *kind)
{
  return refract_backend_kind_get_title (kind->id);
}

static const char *
find_in_list (const char *const *list, const char *flag)
{
  const char *found = NULL;
  gsize length = strlen (flag);
  guint i;

  for (i = 0; list != NULL && list[i] != NULL; i++)
    if (strncmp (list[i], flag, length) == 0 && list[i][length] == '=')
      found = list[i] + length + 1;
    else if (g_str_equal (list[i], flag))
      found = list[i + 1] != NULL && list[i + 1][0] != '-' ? list[i + 1] : "";
  return found;
}

const char *
refract_server_find_flag (const RefractServerStart *start, const char *flag)
{
  const char *found
      = find_in_list ((const char *const *) start->engine->options->engine_flags, flag);

  return found != NULL ? found : find_in_list (refract_kv_config_get_flags (start->kv), flag);
}

/* ---- Requests ---- */

static gboolean
is_cancelled (const GError *error)
{
  return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
explain_own (RefractServer *self, GError **error)
{
  const char *title = refract_server_kind_get_title (self->kind);
  gboolean ended = refract_process_wait_for (self->process, DEATH_DELAY, NULL);
  g_autofree char *cause = refract_server_log_dup_cause (self->log), *said = NULL;

  if (!ended && cause == NULL)
    {
      g_autofree char *tail = refract_process_dup_tail (self->process, 5);

      said = g_strdup ((*error)->message);
      g_clear_error (error);
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                   "%s stopped answering (%s). Its last lines:\n%s", title, said, tail);
      return;
    }
  g_clear_error (error);
  said = ended ? refract_process_dup_end_reason (self->process) : g_strdup ("stopped answering");
  if (cause == NULL)
    refract_process_set_end_error (self->process, error);
  else
    g_set_error (error, REFRACT_ERROR,
                 refract_server_log_is_out_of_memory (self->log) ? REFRACT_ERROR_MEMORY
                                                                 : REFRACT_ERROR_ENGINE,
                 "%s %s: %s", title, said, cause);
}

/* What became of a request to a server of the user's; @title: (nullable): unknown as yet */
static void
explain_others (const char *title, const char *base, GError **error)
{
  gboolean is_tls = (*error)->domain == G_TLS_ERROR;
  gboolean is_certificate = g_error_matches (*error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_autofree char *said = g_strdup ((*error)->message);

  g_clear_error (error);
  if (is_certificate)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                 "The certificate of %s is not trusted: %s. Have it mended, or add its authority "
                 "to those of this system (on Debian: update-ca-certificates), or use a tunnel to "
                 "a local port.",
                 base, said);
  else if (is_tls)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                 "No encrypted connection to %s could be made (%s). Write http:// if the server "
                 "has no certificate, or check the address.",
                 base, said);
  else if (title == NULL)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                 "The server at %s does not answer (%s). Start it, or check the address.", base,
                 said);
  else
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                 "%s at %s does not answer (%s). Start it, or check the address.", title, base,
                 said);
}

void
refract_server_explain (RefractServer *self, guint status, GError **error)
{
  const char *title = self->kind != NULL ? refract_server_kind_get_title (self->kind) : NULL;
  const char *base = self->http != NULL ? refract_http_get_base (self->http) : "";
  g_autofree char *said = NULL;

  if (is_cancelled (*error))
    return;
  said = g_strdup ((*error)->message);
  if (status == 401)
    {
      g_clear_error (error);
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                   "The server at %s refuses: %s. Set its key in REFRACT_SERVER_KEY, or in the "
                   "window on the page Engine.",
                   base, said);
    }
  else if ((*error)->domain == REFRACT_ERROR && status != 500)
    return;
  else if (self->process != NULL)
    explain_own (self, error);
  else if (status == 500 && title != NULL)
    {
      g_clear_error (error);
      g_set_error (
          error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
          "%s at %s failed (%s). Its log has the cause; mend it and start the server again.", title,
          base, said);
    }
  else if ((*error)->domain != REFRACT_ERROR)
    explain_others (title, base, error);
}

static gboolean
is_open (RefractServer *self, GError **error)
{
  if (self->http != NULL)
    return TRUE;
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE, "%s was ended already.",
               refract_server_kind_get_title (self->kind));
  return FALSE;
}

JsonObject *
refract_server_post (RefractServer *self,
                     const char *path,
                     JsonObject *body,
                     GCancellable *cancellable,
                     GError **error)
{
  g_autoptr (GError) own_error = NULL;
  guint status = 0;
  JsonObject *reply;

  if (!is_open (self, error))
    return NULL;
  reply = refract_http_post (self->http, path, body, &status, cancellable, &own_error);
  if (reply == NULL)
    {
      refract_server_explain (self, status, &own_error);
      g_propagate_error (error, g_steal_pointer (&own_error));
    }
  return reply;
}

gboolean
refract_server_post_streamed (RefractServer *self,
                              const char *path,
                              JsonObject *body,
                              RefractHttpBytesFunc func,
                              gpointer user_data,
                              GCancellable *cancellable,
                              GError **error)
{
  g_autoptr (GError) own_error = NULL;
  guint status = 0;

  if (!is_open (self, error))
    return FALSE;
  if (refract_http_post_streamed (self->http, path, body, func, user_data, &status, cancellable,
                                  &own_error))
    return TRUE;
  refract_server_explain (self, status, &own_error);
  g_propagate_error (error, g_steal_pointer (&own_error));
  return FALSE;
}

JsonObject *
refract_server_get (RefractServer *self,
                    const char *path,
                    GCancellable *cancellable,
                    GError **error)
{
  g_autoptr (GError) own_error = NULL;
  guint status = 0;
  JsonObject *reply;

  reply = refract_http_get (self->http, path, &status, cancellable, &own_error);
  if (reply == NULL && status == 404)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                 "What answers at %s is not %s: it has no %s. Check the address; where the server "
                 "is another engine’s, name that with --backend.",
                 refract_http_get_base (self->http), refract_server_kind_get_title (self->kind),
                 path);
  else if (reply == NULL)
    {
      refract_server_explain (self, status, &own_error);
      g_propagate_error (error, g_steal_pointer (&own_error));
    }
  return reply;
}

void
refract_server_set_unexpected (RefractServer *self,
                               const char *path,
                               const char *what,
                               GError **error)
{
  const char *title = refract_server_kind_get_title (self->kind);

  g_set_error (
      error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
      "What answers %s is not the %s that Refract expects: %s. Use a version that fits, or "
      "check the address.",
      path, title, what);
}

gboolean
refract_server_check_same (RefractServer *self, GCancellable *cancellable, GError **error)
{
  RefractKvInUse *known = self->kv_in_use;
  g_autoptr (RefractServerIdentity) now = NULL;
  gboolean same;

  if (self->is_own)
    return TRUE;
  now = refract_server_identify (self, cancellable, error);
  if (now == NULL || !refract_server_identity_check_unchanged (self->identity, now, self, error))
    return FALSE;
  self->kv_in_use = refract_kv_in_use_new ();
  same = self->kind->read_kv (self, &self->start, cancellable, error);
  refract_kv_in_use_free (self->kv_in_use);
  self->kv_in_use = known;
  return same;
}

gboolean
refract_server_check_ids (RefractServer *self, GArray *ids, GError **error)
{
  guint i;

  for (i = 0; i < ids->len; i++)
    {
      gint32 id = g_array_index (ids, gint32, i);

      if (id >= 0 && (self->n_vocab == 0 || (guint) id < self->n_vocab))
        continue;
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                   "Token %d is beyond the model’s vocabulary of %u. The server’s tokenizer does "
                   "not belong to the model: use the same model on both sides.",
                   id, self->n_vocab);
      return FALSE;
    }
  return TRUE;
}

/* ---- Tokens ---- */

GArray *
refract_server_tokenize (RefractServer *self,
                         const char *text,
                         gboolean add_special,
                         GCancellable *cancellable,
                         GError **error)
{
  g_autoptr (JsonObject) body = json_object_new ();
  g_autoptr (JsonObject) reply = NULL;
  g_autoptr (GArray) ids = NULL;
  JsonArray *tokens;

  json_object_set_string_member (body, "prompt", text);
  json_object_set_boolean_member (body, "add_special_tokens", add_special);
  reply = refract_server_post (self, "/tokenize", body, cancellable, error);
  if (reply == NULL)
    return NULL;
  tokens = refract_json_get_array (reply, "tokens");
  ids = tokens != NULL ? refract_json_array_to_ids (tokens) : NULL;
  if (ids == NULL)
    refract_server_set_unexpected (self, "/tokenize", "there is no list of token ids", error);
  if (ids == NULL || !refract_server_check_ids (self, ids, error))
    return NULL;
  return g_steal_pointer (&ids);
}

GArray *
refract_server_tokenize_bos (RefractServer *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GArray) with = NULL, without = NULL;
  guint i;

  with = refract_server_tokenize (self, "a", TRUE, cancellable, error);
  if (with != NULL)
    without = refract_server_tokenize (self, "a", FALSE, cancellable, error);
  if (without == NULL)
    return NULL;
  for (i = 0; i + without->len <= with->len; i++)
    if (memcmp (&g_array_index (with, gint32, i), without->data, without->len * sizeof (gint32))
        == 0)
      break;
  g_array_set_size (with, i + without->len <= with->len ? i : 0);
  return g_steal_pointer (&with);
}

/* ---- Life ---- */

static void
add_stop_ids (GArray *ids, JsonObject *config, guint n_vocab)
{
  JsonNode *node = json_object_get_member (config, "eos_token_id");
  JsonArray *list = refract_json_get_array (config, "eos_token_id");
  g_autoptr (GArray) more = list != NULL ? refract_json_array_to_ids (list) : NULL;
  gint32 one
      = node != NULL && list == NULL
            ? (gint32) CLAMP (refract_json_get_int (config, "eos_token_id", -1), -1, G_MAXINT32)
            : -1;
  guint i, k;

  for (i = 0; i < (more != NULL ? more->len : 1); i++)
    {
      gint32 id = more != NULL ? g_array_index (more, gint32, i) : one;

      for (k = 0; k < ids->len && g_array_index (ids, gint32, k) != id; k++)
        ;
      if (id >= 0 && (guint) id < n_vocab && k == ids->len)
        g_array_append_val (ids, id);
    }
}

/* Models end their answers by several tokens: the tokenizer knows one. */
static GArray *
read_stop_ids (RefractModel *model, guint n_vocab)
{
  static const char *const names[] = { "generation_config.json", "config.json" };
  const char *folder = refract_model_get_info (model)->path;
  GArray *ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  guint i;

  for (i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);
      g_autoptr (JsonObject) config = refract_json_load_object (path, 16 << 20, NULL);

      if (config != NULL)
        add_stop_ids (ids, config, n_vocab);
    }
  return ids;
}

RefractServer *
refract_server_open (const RefractServerStart *start, GCancellable *cancellable, GError **error)
{
  const RefractServerKind *kind = start->engine->kind;
  const char *url = refract_server_engine_get_url (start->engine, start->kv);
  g_autoptr (RefractServer) self = g_new0 (RefractServer, 1);

  self->kind = kind;
  self->start = *start;
  self->start.model = g_object_ref (start->model);
  self->start.kv = refract_kv_config_ref (start->kv);
  self->log = refract_server_log_new ();
  self->kv_in_use = refract_kv_in_use_new ();
  self->n_vocab = (guint) MIN (refract_model_get_info (start->model)->n_vocab, G_MAXINT32);
  self->stop_ids = read_stop_ids (start->model, self->n_vocab);
  self->n_cells = start->n_cells;
  self->is_own = !refract_server_engine_is_attached (start->engine);
  if (self->is_own ? !refract_server_launch (self, start, cancellable, error)
                   : !refract_server_attach (self, start, url, cancellable, error))
    return NULL;
  refract_http_set_timeout (self->http, PATIENCE * start->silence_limit);
  if (!kind->read_kv (self, start, cancellable, error))
    return NULL;
  return g_steal_pointer (&self);
}

guint64
refract_server_close (RefractServer *self)
{
  g_clear_object (&self->http);
  if (self->process != NULL)
    {
      refract_process_stop (self->process);
      self->peak_rss = refract_process_get_peak_rss (self->process);
      g_clear_object (&self->process);
    }
  return self->peak_rss;
}

void
refract_server_free (RefractServer *self)
{
  if (self == NULL)
    return;
  refract_server_close (self);
  refract_kv_in_use_free (self->kv_in_use);
  refract_server_log_free (self->log);
  g_array_unref (self->stop_ids);
  g_clear_object (&self->start.model);
  g_clear_pointer (&self->start.kv, refract_kv_config_unref);
  g_clear_pointer (&self->identity, refract_server_identity_unref);
  g_free (self->version);
  g_free (self);
}
