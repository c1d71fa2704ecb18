/* refract-session.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "backends/refract-session.h"
#include "core/refract-json.h"

G_DEFINE_ABSTRACT_TYPE (RefractSession, refract_session, G_TYPE_OBJECT)

static void
refract_session_class_init (RefractSessionClass *klass)
{
}

static void
refract_session_init (RefractSession *self)
{
}

const char *
refract_stop_get_name (RefractStop stop)
{
  return stop == REFRACT_STOP_EOS ? "eos" : "limit";
}

const char *
refract_evidence_get_name (RefractEvidence evidence)
{
  static const char *const names[] = { "none", "echoed", "proved" };

  return names[evidence];
}

RefractRequest *
refract_request_new (const char *key, GArray *ids, guint n_predict)
{
  RefractRequest *self = g_new0 (RefractRequest, 1);

  self->key = g_strdup (key);
  self->ids = g_array_ref (ids);
  self->n_predict = n_predict;
  return self;
}

void
refract_request_free (RefractRequest *self)
{
  if (self == NULL)
    return;
  g_free (self->key);
  g_array_unref (self->ids);
  g_free (self);
}

JsonArray *
refract_requests_to_json (GPtrArray *requests)
{
  JsonArray *prompts = json_array_new ();

  for (guint i = 0; i < requests->len; i++)
    {
      const RefractRequest *request = g_ptr_array_index (requests, i);

      json_array_add_array_element (prompts, refract_json_array_from_id_array (request->ids));
    }
  return prompts;
}

static void
add_message (JsonArray *messages, const char *role, const char *content)
{
  JsonObject *message = json_object_new ();

  json_object_set_string_member (message, "role", role);
  json_object_set_string_member (message, "content", content);
  json_array_add_object_element (messages, message);
}

JsonObject *
refract_chat_to_json (const char *system, const char *user)
{
  JsonObject *chat = json_object_new (), *arguments = json_object_new ();
  JsonArray *messages = json_array_new ();

  if (system != NULL)
    add_message (messages, "system", system);
  add_message (messages, "user", user);
  json_object_set_array_member (chat, "messages", messages);
  json_object_set_boolean_member (arguments, "enable_thinking", FALSE);
  json_object_set_object_member (chat, "chat_template_kwargs", arguments);
  json_object_set_boolean_member (chat, "add_generation_prompt", TRUE);
  return chat;
}

void
refract_generation_free (RefractGeneration *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->ids, g_array_unref);
  g_free (self->text);
  g_free (self);
}

gboolean
refract_generation_same_ids (const RefractGeneration *a, const RefractGeneration *b)
{
  return a->ids->len == b->ids->len
         && memcmp (a->ids->data, b->ids->data, a->ids->len * sizeof (gint32)) == 0;
}

GArray *
refract_session_tokenize (RefractSession *self,
                          const char *text,
                          gboolean add_special,
                          gboolean parse_special,
                          GCancellable *cancellable,
                          GError **error)
{
  g_return_val_if_fail (REFRACT_IS_SESSION (self), NULL);
  g_return_val_if_fail (text != NULL, NULL);

  return REFRACT_SESSION_GET_CLASS (self)->tokenize (self, text, add_special, parse_special,
                                                     cancellable, error);
}

char *
refract_session_detokenize (RefractSession *self,
                            GArray *ids,
                            GCancellable *cancellable,
                            GError **error)
{
  g_return_val_if_fail (REFRACT_IS_SESSION (self), NULL);
  g_return_val_if_fail (ids != NULL, NULL);

  return REFRACT_SESSION_GET_CLASS (self)->detokenize (self, ids, cancellable, error);
}

char *
refract_session_apply_template (RefractSession *self,
                                const char *system,
                                const char *user,
                                GCancellable *cancellable,
                                GError **error)
{
  g_return_val_if_fail (REFRACT_IS_SESSION (self), NULL);
  g_return_val_if_fail (user != NULL, NULL);

  return REFRACT_SESSION_GET_CLASS (self)->apply_template (self, system, user, cancellable, error);
}

GArray *
refract_session_tokenize_chat (RefractSession *self,
                               const char *system,
                               const char *user,
                               GCancellable *cancellable,
                               GError **error)
{
  g_autofree char *text = NULL;
  GArray *ids;

  g_return_val_if_fail (REFRACT_IS_SESSION (self), NULL);
  g_return_val_if_fail (user != NULL, NULL);

  if (REFRACT_SESSION_GET_CLASS (self)->tokenize_chat != NULL)
    return REFRACT_SESSION_GET_CLASS (self)->tokenize_chat (self, system, user, cancellable, error);
  text = refract_session_apply_template (self, system, user, cancellable, error);
  if (text == NULL)
    return NULL;
  ids = refract_session_tokenize (self, text, TRUE, TRUE, cancellable, error);

  /* Where the template writes the BOS itself, the tokenizer's own makes two. */
  if (ids != NULL && ids->len > 1
      && g_array_index (ids, gint32, 0) == g_array_index (ids, gint32, 1))
    {
      g_array_unref (ids);
      ids = refract_session_tokenize (self, text, FALSE, TRUE, cancellable, error);
    }
  return ids;
}

GPtrArray *
refract_session_generate (RefractSession *self,
                          GPtrArray *requests,
                          RefractTokensFunc func,
                          gpointer user_data,
                          GCancellable *cancellable,
                          GError **error)
{
  g_return_val_if_fail (REFRACT_IS_SESSION (self), NULL);
  g_return_val_if_fail (requests != NULL && requests->len > 0, NULL);

  return REFRACT_SESSION_GET_CLASS (self)->generate (self, requests, func, user_data, cancellable,
                                                     error);
}

const RefractKvInUse *
refract_session_get_kv_in_use (RefractSession *self)
{
  g_return_val_if_fail (REFRACT_IS_SESSION (self), NULL);

  return REFRACT_SESSION_GET_CLASS (self)->get_kv_in_use (self);
}

guint
refract_session_get_n_slots (RefractSession *self)
{
  g_return_val_if_fail (REFRACT_IS_SESSION (self), 1);

  return REFRACT_SESSION_GET_CLASS (self)->get_n_slots (self);
}

guint
refract_session_get_context_cells (RefractSession *self)
{
  g_return_val_if_fail (REFRACT_IS_SESSION (self), 0);

  return REFRACT_SESSION_GET_CLASS (self)->get_context_cells (self);
}

double
refract_session_get_load_seconds (RefractSession *self)
{
  g_return_val_if_fail (REFRACT_IS_SESSION (self), 0);

  return REFRACT_SESSION_GET_CLASS (self)->get_load_seconds (self);
}

gboolean
refract_session_has_thinking_template (RefractSession *self)
{
  g_return_val_if_fail (REFRACT_IS_SESSION (self), FALSE);

  return REFRACT_SESSION_GET_CLASS (self)->has_thinking_template (self);
}

guint
refract_session_get_n_requests (RefractSession *self)
{
  g_return_val_if_fail (REFRACT_IS_SESSION (self), 0);

  return REFRACT_SESSION_GET_CLASS (self)->get_n_requests (self);
}

guint64
refract_session_close (RefractSession *self)
{
  g_return_val_if_fail (REFRACT_IS_SESSION (self), 0);

  return REFRACT_SESSION_GET_CLASS (self)->close (self);
}

gboolean
refract_prompt_opens_thinking (const char *prompt)
{
  static const struct
  {
    const char *open, *close;
  } blocks[] = {
    { "<think>", "</think>" },
    { "<thinking>", "</thinking>" },
    { "<thought>", "</thought>" },
    { "<reasoning>", "</reasoning>" },
    { "<seed:think>", "</seed:think>" },
    { "<|START_THINKING|>", "<|END_THINKING|>" },
    { "[THINK]", "[/THINK]" },
    { "<|channel>thought", "<channel|>" },
    { "<|channel|>analysis", "<|end|>" },
    { "<|inner_prefix|>", "<|inner_suffix|>" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (blocks); i++)
    {
      const char *last = g_strrstr (prompt, blocks[i].open);

      if (last != NULL && strstr (last, blocks[i].close) == NULL)
        return TRUE;
    }
  /* harmony: the template opens no channel, the model itself begins with its analysis */
  return g_str_has_suffix (prompt, "<|start|>assistant");
}
