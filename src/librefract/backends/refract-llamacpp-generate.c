/* refract-llamacpp-generate.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "backends/refract-llamacpp-generate.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

/* What is read of a reply: the server repeats prompt and settings otherwise. */
static const char *const fields[]
    = { "index",     "content",          "tokens",           "stop",    "stop_type",
        "truncated", "tokens_predicted", "tokens_evaluated", "timings", NULL };

static guint
most_predicted (GPtrArray *requests)
{
  guint most = 1, i;

  for (i = 0; i < requests->len; i++)
    most = MAX (most, ((RefractRequest *) g_ptr_array_index (requests, i))->n_predict);
  return most;
}

/* The reply is not streamed: a stream leaves out the ids of tokens whose text ends within a
 * character, the whole reply has every id as it was sampled. */
JsonObject *
refract_llamacpp_completion_body (GPtrArray *requests)
{
  static const char *const samplers[] = { "top_k", NULL };
  JsonObject *body = json_object_new ();

  json_object_set_array_member (body, "prompt", refract_requests_to_json (requests));
  json_object_set_int_member (body, "n_predict", most_predicted (requests));
  json_object_set_int_member (body, "temperature", 0);
  json_object_set_int_member (body, "top_k", 1);
  json_object_set_array_member (body, "samplers", refract_json_array_from_strv (samplers));
  json_object_set_int_member (body, "seed", 1);
  json_object_set_boolean_member (body, "cache_prompt", FALSE);
  json_object_set_boolean_member (body, "return_tokens", TRUE);
  json_object_set_boolean_member (body, "stream", FALSE);
  json_object_set_array_member (body, "response_fields", refract_json_array_from_strv (fields));
  return body;
}

static gboolean
check_ids (const RefractRequest *request, GArray *ids, guint n_vocab, GError **error)
{
  guint i;

  for (i = 0; i < ids->len; i++)
    {
      gint32 id = g_array_index (ids, gint32, i);

      if (id >= 0 && (n_vocab == 0 || (guint) id < n_vocab))
        continue;
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                   "llama-server answered “%s” with token %d, which its vocabulary of %u does not "
                   "have. This build is broken: use another one.",
                   request->key, id, n_vocab);
      return FALSE;
    }
  return TRUE;
}

static RefractGeneration *
parse_result (JsonObject *result,
              const RefractRequest *request,
              guint n_predict,
              guint n_vocab,
              gint32 eos,
              GError **error)
{
  g_autoptr (RefractGeneration) generation = g_new0 (RefractGeneration, 1);
  JsonArray *tokens = refract_json_get_array (result, "tokens");
  JsonObject *timings = refract_json_get_object (result, "timings");
  const char *stop = refract_json_get_string (result, "stop_type", "");
  gint64 n_predicted = refract_json_get_int (result, "tokens_predicted", -1);
  gboolean is_eos = g_str_equal (stop, "eos");

  if (refract_json_get_boolean (result, "truncated", FALSE))
    {
      g_set_error (
          error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
          "llama-server ran out of context while it answered “%s” (%u prompt tokens). Give "
          "it more with --kv-budget, or fewer slots.",
          request->key, request->ids->len);
      return NULL;
    }
  generation->ids = tokens != NULL ? refract_json_array_to_ids (tokens) : NULL;
  if (generation->ids == NULL || (!is_eos && !g_str_equal (stop, "limit"))
      || generation->ids->len > n_predict)
    {
      g_set_error (
          error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
          "llama-server's answer to “%s” is not usable (%u tokens, stop type “%.20s”). Use "
          "another build of llama.cpp.",
          request->key, generation->ids != NULL ? generation->ids->len : 0, stop);
      return NULL;
    }

  if (is_eos && n_predicted == (gint64) generation->ids->len + 1 && eos >= 0)
    g_array_append_val (generation->ids, eos);
  if (n_predicted >= 0 && n_predicted != (gint64) generation->ids->len)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                   "llama-server says that it decoded %" PRId64 " tokens for “%s” but "
                   "returned %u of them. Use another build.",
                   n_predicted, request->key, generation->ids->len);
      return NULL;
    }
  if (!check_ids (request, generation->ids, n_vocab, error))
    return NULL;

  generation->stop = is_eos ? REFRACT_STOP_EOS : REFRACT_STOP_LIMIT;
  if (generation->ids->len > request->n_predict)
    {
      g_array_set_size (generation->ids, request->n_predict);
      generation->stop = REFRACT_STOP_LIMIT;
    }
  generation->text = g_utf8_make_valid (refract_json_get_string (result, "content", ""), -1);
  generation->n_prompt = request->ids->len;
  if (timings != NULL)
    {
      generation->prompt_ms = MAX (refract_json_get_double (timings, "prompt_ms", 0), 0);
      generation->predicted_ms = MAX (refract_json_get_double (timings, "predicted_ms", 0), 0);
    }
  return g_steal_pointer (&generation);
}

GPtrArray *
refract_llamacpp_parse_completion (
    JsonObject *reply, GPtrArray *requests, guint n_vocab, gint32 eos, GError **error)
{
  JsonArray *results = refract_json_get_array (reply, "results");
  guint n_results = results != NULL ? json_array_get_length (results) : 1, i;
  g_autoptr (GPtrArray) ordered
      = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_generation_free);

  g_ptr_array_set_size (ordered, (int) requests->len);
  for (i = 0; i < n_results; i++)
    {
      JsonNode *node = results != NULL ? json_array_get_element (results, i) : NULL;
      JsonObject *result = results == NULL                 ? reply
                           : JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node)
                                                           : NULL;
      gint64 index = result != NULL ? refract_json_get_int (result, "index", -1) : -1;
      RefractGeneration *generation;

      if (index < 0 || index >= requests->len || g_ptr_array_index (ordered, index) != NULL)
        break;
      generation = parse_result (result, g_ptr_array_index (requests, index),
                                 most_predicted (requests), n_vocab, eos, error);
      if (generation == NULL)
        return NULL;
      ordered->pdata[index] = generation;
    }
  if (i < n_results || n_results != requests->len)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                   "llama-server answered %u prompts with %u results, or with results that name no "
                   "prompt. Use another build.",
                   requests->len, n_results);
      return NULL;
    }
  return g_steal_pointer (&ordered);
}

guint64
refract_llamacpp_parse_slots (JsonObject *reply,
                              guint64 *n_decoded,
                              guint n_slots,
                              guint64 *n_prompt)
{
  JsonArray *slots = refract_json_get_array (reply, "results");
  guint n = slots != NULL ? json_array_get_length (slots) : 0, i;
  guint64 sum = 0;

  *n_prompt = 0;
  for (i = 0; i < MIN (n, n_slots); i++)
    {
      JsonNode *node = json_array_get_element (slots, i);
      JsonObject *slot = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
      JsonArray *list = slot != NULL ? refract_json_get_array (slot, "next_token") : NULL;
      JsonObject *next = slot != NULL ? refract_json_get_object (slot, "next_token") : NULL;

      if (slot == NULL || !refract_json_get_boolean (slot, "is_processing", FALSE))
        continue;
      if (list != NULL && json_array_get_length (list) > 0
          && JSON_NODE_HOLDS_OBJECT (json_array_get_element (list, 0)))
        next = json_array_get_object_element (list, 0);
      if (next != NULL)
        n_decoded[i]
            = MAX (n_decoded[i], (guint64) MAX (refract_json_get_int (next, "n_decoded", 0), 0));
      *n_prompt += (guint64) MAX (refract_json_get_int (slot, "n_prompt_tokens_processed", 0), 0);
    }
  for (i = 0; i < n_slots; i++)
    sum += n_decoded[i];
  return sum;
}
