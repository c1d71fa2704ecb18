/* refract-session-server.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "backends/refract-session-server.h"
#include "core/refract-json.h"

struct _RefractSessionServer
{
  RefractSession parent_instance;

  RefractServer *server;
  GArray *bos; /* NULL before it was asked for */
  guint n_slots;
  guint n_requests; /* of the closed server */
  gboolean thinking;
};

G_DEFINE_FINAL_TYPE (RefractSessionServer, refract_session_server, REFRACT_TYPE_SESSION)

static GArray *
refract_session_server_tokenize (RefractSession *session,
                                 const char *text,
                                 gboolean add_special,
                                 gboolean parse_special,
                                 GCancellable *cancellable,
                                 GError **error)
{
  return refract_server_tokenize (REFRACT_SESSION_SERVER (session)->server, text, add_special,
                                  cancellable, error);
}

static char *
refract_session_server_detokenize (RefractSession *session,
                                   GArray *ids,
                                   GCancellable *cancellable,
                                   GError **error)
{
  RefractServer *server = REFRACT_SESSION_SERVER (session)->server;
  g_autoptr (JsonObject) body = json_object_new ();
  g_autoptr (JsonObject) reply = NULL;
  const char *text;

  if (!refract_server_check_ids (server, ids, error))
    return NULL;
  json_object_set_array_member (body, "tokens", refract_json_array_from_id_array (ids));
  json_object_set_boolean_member (body, "skip_special_tokens", FALSE);
  reply = refract_server_post (server, "/detokenize", body, cancellable, error);
  if (reply == NULL)
    return NULL;
  text = refract_json_get_string (reply, server->kind->text_member, NULL);
  if (text == NULL)
    {
      refract_server_set_unexpected (server, "/detokenize", "there is no text", error);
      return NULL;
    }
  return g_utf8_make_valid (text, -1);
}

/* The ids of a rendered template, without the BOS that the tokenizer would put before a text. */
static GArray *
render (RefractServer *server,
        const char *system,
        const char *user,
        GCancellable *cancellable,
        GError **error)
{
  g_autoptr (JsonObject) body = refract_chat_to_json (system, user);
  g_autoptr (JsonObject) reply = NULL;
  g_autoptr (GArray) ids = NULL;
  JsonArray *tokens;

  json_object_set_boolean_member (body, "add_special_tokens", FALSE);

  reply = refract_server_post (server, "/tokenize", body, cancellable, error);
  if (reply == NULL)
    return NULL;
  tokens = refract_json_get_array (reply, "tokens");
  ids = tokens != NULL ? refract_json_array_to_ids (tokens) : NULL;
  if (ids == NULL || ids->len == 0)
    {
      refract_server_set_unexpected (server, "/tokenize", "it renders no chat template", error);
      return NULL;
    }
  if (!refract_server_check_ids (server, ids, error))
    return NULL;
  return g_steal_pointer (&ids);
}

/* For people, and to see whether the model is to think: text that is tokenized again would give
 * other ids here and there. */
static char *
refract_session_server_apply_template (RefractSession *session,
                                       const char *system,
                                       const char *user,
                                       GCancellable *cancellable,
                                       GError **error)
{
  RefractSessionServer *self = REFRACT_SESSION_SERVER (session);
  g_autoptr (GArray) ids = render (self->server, system, user, cancellable, error);
  char *text;

  if (ids == NULL)
    return NULL;
  text = refract_session_server_detokenize (session, ids, cancellable, error);
  self->thinking = self->thinking || (text != NULL && refract_prompt_opens_thinking (text));
  return text;
}

static GArray *
refract_session_server_tokenize_chat (RefractSession *session,
                                      const char *system,
                                      const char *user,
                                      GCancellable *cancellable,
                                      GError **error)
{
  RefractSessionServer *self = REFRACT_SESSION_SERVER (session);
  g_autoptr (GArray) ids = NULL;

  if (self->bos == NULL)
    {
      g_autofree char *text
          = refract_session_server_apply_template (session, system, user, cancellable, error);

      if (text == NULL)
        return NULL;
      self->bos = refract_server_tokenize_bos (self->server, cancellable, error);
      if (self->bos == NULL)
        return NULL;
    }
  ids = render (self->server, system, user, cancellable, error);
  if (ids == NULL)
    return NULL;
  if (self->bos->len > 0
      && (ids->len < self->bos->len
          || memcmp (ids->data, self->bos->data, self->bos->len * sizeof (gint32)) != 0))
    g_array_prepend_vals (ids, self->bos->data, self->bos->len);
  return g_steal_pointer (&ids);
}

static GPtrArray *
refract_session_server_generate (RefractSession *session,
                                 GPtrArray *requests,
                                 RefractTokensFunc func,
                                 gpointer user_data,
                                 GCancellable *cancellable,
                                 GError **error)
{
  return refract_server_generate (REFRACT_SESSION_SERVER (session)->server, requests, func,
                                  user_data, cancellable, error);
}

static const RefractKvInUse *
refract_session_server_get_kv_in_use (RefractSession *session)
{
  return REFRACT_SESSION_SERVER (session)->server->kv_in_use;
}

static guint
refract_session_server_get_n_slots (RefractSession *session)
{
  return REFRACT_SESSION_SERVER (session)->n_slots;
}

static guint
refract_session_server_get_context_cells (RefractSession *session)
{
  return REFRACT_SESSION_SERVER (session)->server->n_cells;
}

static double
refract_session_server_get_load_seconds (RefractSession *session)
{
  return REFRACT_SESSION_SERVER (session)->server->load_seconds;
}

static gboolean
refract_session_server_has_thinking_template (RefractSession *session)
{
  return REFRACT_SESSION_SERVER (session)->thinking;
}

static guint
refract_session_server_get_n_requests (RefractSession *session)
{
  RefractSessionServer *self = REFRACT_SESSION_SERVER (session);

  return self->server->http != NULL ? refract_http_get_n_requests (self->server->http)
                                    : self->n_requests;
}

static guint64
refract_session_server_close (RefractSession *session)
{
  RefractSessionServer *self = REFRACT_SESSION_SERVER (session);

  self->n_requests = refract_session_server_get_n_requests (session);
  return refract_server_close (self->server);
}

static void
refract_session_server_finalize (GObject *object)
{
  RefractSessionServer *self = REFRACT_SESSION_SERVER (object);

  g_clear_pointer (&self->server, refract_server_free);
  g_clear_pointer (&self->bos, g_array_unref);
  G_OBJECT_CLASS (refract_session_server_parent_class)->finalize (object);
}

static void
refract_session_server_class_init (RefractSessionServerClass *klass)
{
  RefractSessionClass *session_class = REFRACT_SESSION_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = refract_session_server_finalize;
  session_class->tokenize = refract_session_server_tokenize;
  session_class->detokenize = refract_session_server_detokenize;
  session_class->apply_template = refract_session_server_apply_template;
  session_class->tokenize_chat = refract_session_server_tokenize_chat;
  session_class->generate = refract_session_server_generate;
  session_class->get_kv_in_use = refract_session_server_get_kv_in_use;
  session_class->get_n_slots = refract_session_server_get_n_slots;
  session_class->get_context_cells = refract_session_server_get_context_cells;
  session_class->get_load_seconds = refract_session_server_get_load_seconds;
  session_class->has_thinking_template = refract_session_server_has_thinking_template;
  session_class->get_n_requests = refract_session_server_get_n_requests;
  session_class->close = refract_session_server_close;
}

static void
refract_session_server_init (RefractSessionServer *self)
{
}

RefractServer *
refract_session_server_get_server (RefractSessionServer *self)
{
  g_return_val_if_fail (REFRACT_IS_SESSION_SERVER (self), NULL);

  return self->server;
}

RefractSession *
refract_session_server_open (const RefractServerStart *start,
                             GCancellable *cancellable,
                             GError **error)
{
  RefractServer *server = refract_server_open (start, cancellable, error);
  RefractSessionServer *self;

  if (server == NULL)
    return NULL;
  self = g_object_new (REFRACT_TYPE_SESSION_SERVER, NULL);
  self->server = server;
  self->n_slots = start->n_slots;
  return REFRACT_SESSION (self);
}
