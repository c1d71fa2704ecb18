/* refract-sglang.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "backends/refract-server-types.h"
#include "backends/refract-server.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

#define SPARE_TOKENS 1024 /* of the pool, beyond what the prompts and answers take */
#define SPARE_CELLS 8     /* of a context that SGLang keeps for itself */

/* Which list of a reply is read. */
enum
{
  LIST_NONE,
  LIST_TRUE, /* input_token_logprobs */
  LIST_TOP,  /* input_top_logprobs */
};

/* ---- Start ---- */

/* The key is not to be seen in the list of processes, and SGLang takes it on its command line
 * alone. */
static const char start_code[]
    = "import os, runpy, sys; sys.argv += ['--api-key', os.environ.pop('REFRACT_ENGINE_KEY')]; "
      "runpy.run_module('sglang.launch_server', run_name='__main__', alter_sys=True)";

static void
sglang_add_command (GPtrArray *command, const RefractServerStart *start, guint port)
{
  guint64 n_cells = (guint64) start->n_cells + SPARE_CELLS;

  refract_server_add_flag (command, "-c", start_code);
  refract_server_add_flag (command, "--model-path", refract_model_get_info (start->model)->path);
  refract_server_add_flag (command, "--host", "127.0.0.1");
  refract_server_add_number (command, "--port", port);
  refract_server_add_flag (command, "--served-model-name", "refract");
  refract_server_add_number (command, "--context-length", n_cells);
  refract_server_add_number (command, "--max-running-requests", start->n_slots);
  refract_server_add_number (command, "--max-total-tokens",
                             n_cells * start->n_slots + SPARE_TOKENS);
  refract_server_add_flag (command, "--kv-cache-dtype", refract_kv_config_get_type_k (start->kv));
  refract_server_add_number (command, "--random-seed", 1);
  refract_server_add_flag (command, "--sampling-defaults", "openai");
  refract_server_add_flag (command, "--disable-radix-cache", NULL);
  if (start->engine->on_cpu)
    {
      if (refract_server_find_flag (start, "--device") == NULL)
        refract_server_add_flag (command, "--device", "cpu");
      if (refract_server_find_flag (start, "--attention-backend") == NULL)
        refract_server_add_flag (command, "--attention-backend", "torch_native");
    }
  else /* also what makes a prefill read the stored cache */
    refract_server_add_flag (command, "--enable-deterministic-inference", NULL);
  if (start->engine->options->allow_model_code)
    refract_server_add_flag (command, "--trust-remote-code", NULL);
}

static void
sglang_add_environment (GStrvBuilder *environment, const RefractServerStart *start, const char *key)
{
  guint64 trained = refract_model_get_info (start->model)->context_length;
  guint threads = start->engine->options->threads;
  g_autofree char *variable = g_strconcat ("REFRACT_ENGINE_KEY=", key, NULL);
  g_autofree char *cores
      = g_strdup_printf ("SGLANG_CPU_OMP_THREADS_BIND=0-%u", MAX (threads, 1) - 1);

  g_strv_builder_add (environment, variable);
  if (start->engine->on_cpu)
    g_strv_builder_add (environment, "SGLANG_USE_CPU_ENGINE=1");
  if (start->engine->on_cpu && threads > 0)
    g_strv_builder_add (environment, cores);
  if (trained > 0 && start->n_cells + SPARE_CELLS > trained)
    g_strv_builder_add (environment, "SGLANG_ALLOW_OVERWRITE_LONGER_CONTEXT_LEN=1");
}

static JsonObject *
get_server_info (RefractServer *server, GCancellable *cancellable, GError **error)
{
  guint status = 0;
  JsonObject *info = refract_http_get (server->http, "/server_info", &status, cancellable, NULL);

  if (info != NULL)
    return info;
  return refract_server_get (server, status == 404 ? "/get_server_info" : "/server_info",
                             cancellable, error);
}

static char *
sglang_dup_version (RefractServer *server, GCancellable *cancellable, GError **error)
{
  g_autoptr (JsonObject) info = get_server_info (server, cancellable, error);
  const char *version = info != NULL ? refract_json_get_string (info, "version", NULL) : NULL;

  if (info != NULL && version == NULL)
    refract_server_set_unexpected (server, "/server_info", "it names no version", error);
  return g_strdup (version);
}

/* ---- KV cache ---- */

static gboolean
fail_not_engaged (const char *type, const char *what, const char *found, GError **error)
{
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_NOT_ENGAGED,
               "kv=%s was asked for, but the SGLang server %s %s. Choose a type that it can do, or "
               "start it with --kv-cache-dtype %s.",
               type, what, found, type);
  return FALSE;
}

/* The log of a server of ours says what it allocated; one that is the user's repeats its flag. */
static gboolean
sglang_read_kv (RefractServer *server,
                const RefractServerStart *start,
                GCancellable *cancellable,
                GError **error)
{
  const char *type = refract_kv_config_get_type_k (start->kv);
  RefractKvInUse *in_use = server->kv_in_use;
  g_autoptr (JsonObject) info = get_server_info (server, cancellable, error);
  g_auto (RefractServerFacts) facts = { 0 };
  const char *echo;

  if (info == NULL)
    return FALSE;
  echo = refract_json_get_string (info, "kv_cache_dtype", NULL);
  refract_server_log_get_facts (server->log, &facts);
  if (echo != NULL && !refract_server_types_equal (echo, type))
    return fail_not_engaged (type, "runs with", echo, error);
  in_use->evidence = facts.kv_dtype != NULL ? REFRACT_EVIDENCE_PROVED
                     : echo != NULL         ? REFRACT_EVIDENCE_ECHOED
                                            : REFRACT_EVIDENCE_NONE;
  if (facts.kv_dtype != NULL && !g_str_equal (type, "auto") && refract_kv_type_get_block (type) == 1
      && !refract_server_types_equal (facts.kv_dtype, type))
    return fail_not_engaged (type, "allocated", facts.kv_dtype, error);
  in_use->n_cells = facts.n_tokens;
  in_use->type_k
      = g_strdup (facts.kv_dtype != NULL && g_str_equal (type, "auto") ? facts.kv_dtype : type);
  in_use->type_v = g_strdup (in_use->type_k);
  return TRUE;
}

static gboolean
sglang_check_probe (RefractServer *server,
                    const RefractServerStart *start,
                    GCancellable *cancellable,
                    GError **error)
{
  g_autoptr (JsonObject) info = get_server_info (server, cancellable, error);

  if (info == NULL)
    return FALSE;
  return refract_server_check_sglang_probe (
      refract_kv_config_get_type_k (start->kv),
      refract_json_get_string (info, "attention_backend", NULL),
      refract_json_get_boolean (info, "enable_deterministic_inference", FALSE), error);
}

/* ---- Generation ---- */

static JsonObject *
sglang_make_generate_body (GPtrArray *requests, guint n_predict, GArray *stop_ids)
{
  JsonObject *body = json_object_new (), *parameters = json_object_new ();

  json_object_set_array_member (body, "input_ids", refract_requests_to_json (requests));
  json_object_set_int_member (parameters, "max_new_tokens", n_predict);
  json_object_set_int_member (parameters, "temperature", 0);
  json_object_set_int_member (parameters, "repetition_penalty", 1);
  json_object_set_int_member (parameters, "presence_penalty", 0);
  json_object_set_int_member (parameters, "frequency_penalty", 0);
  json_object_set_array_member (parameters, "stop_token_ids",
                                refract_json_array_from_id_array (stop_ids));
  json_object_set_object_member (body, "sampling_params", parameters);
  json_object_set_boolean_member (body, "stream", TRUE);
  return body;
}

/* {"type": "length"}, or {"type": "stop", "matched": ID}: the token that ended the answer; −1 none
 */
static gint32
get_end_id (JsonObject *reason)
{
  gint64 matched = reason != NULL ? refract_json_get_int (reason, "matched", -1) : -1;

  return (gint32) CLAMP (matched, -1, G_MAXINT32);
}

static gint32
last_id (GArray *ids)
{
  return ids->len > 0 ? g_array_index (ids, gint32, ids->len - 1) : -1;
}

/* The stream repeats what came before, unless the server was told to leave that out; a list that is
 * repeated may have grown after it was counted. The token that ends an answer is counted, and left
 * out of its list by some versions. */
static gboolean
take_ids (RefractServerAnswer *answer, GArray *ids, const char *text, gint64 n, JsonObject *reason)
{
  gint32 end = get_end_id (reason);
  gboolean lacks_end = end >= 0 && last_id (ids) != end;
  gboolean is_whole = n < 0 || n == (gint64) ids->len || (lacks_end && n == (gint64) ids->len + 1)
                      || (reason == NULL && n < (gint64) ids->len);

  if (!is_whole && n != (gint64) answer->ids->len + ids->len)
    return FALSE;
  if (is_whole)
    {
      g_array_set_size (answer->ids, 0);
      g_string_truncate (answer->text, 0);
    }
  g_array_append_vals (answer->ids, ids->data, ids->len);
  g_string_append (answer->text, text);
  if (reason == NULL)
    return TRUE;

  answer->ended = TRUE;
  answer->stop = g_str_equal (refract_json_get_string (reason, "type", ""), "stop")
                     ? REFRACT_STOP_EOS
                     : REFRACT_STOP_LIMIT;
  if (lacks_end && answer->stop == REFRACT_STOP_EOS)
    g_array_append_val (answer->ids, end);
  return TRUE;
}

static gboolean
sglang_take_event (JsonObject *event,
                   RefractServerAnswer *answers,
                   guint n_answers,
                   const char **problem)
{
  gint64 index = refract_json_get_int (event, "index", n_answers == 1 ? 0 : -1);
  JsonArray *tokens = refract_json_get_array (event, "output_ids");
  JsonObject *meta = refract_json_get_object (event, "meta_info");
  JsonObject *reason = meta != NULL ? refract_json_get_object (meta, "finish_reason") : NULL;
  const char *type = reason != NULL ? refract_json_get_string (reason, "type", "") : "length";
  g_autoptr (GArray) ids = tokens != NULL ? refract_json_array_to_ids (tokens) : NULL;

  if (index < 0 || index >= n_answers || answers[index].ended)
    *problem = "an answer belongs to no prompt";
  else if (ids == NULL || meta == NULL)
    *problem = "it gives no token ids (output_ids)";
  else if (!g_str_equal (type, "stop") && !g_str_equal (type, "length"))
    *problem = "an answer was ended before its time";
  if (*problem != NULL)
    return FALSE;

  if (!take_ids (&answers[index], ids, refract_json_get_string (event, "text", ""),
                 refract_json_get_int (meta, "completion_tokens", -1), reason))
    {
      *problem = "it counts other tokens than it gave";
      return FALSE;
    }
  answers[index].n_prompt = refract_json_get_int (meta, "prompt_tokens", -1);
  return TRUE;
}

/* ---- Log-probabilities ---- */

static JsonObject *
sglang_make_score_body (const gint32 *ids, guint n_ids, guint top_k, guint n_vocab)
{
  JsonObject *body = json_object_new (), *parameters = json_object_new ();

  json_object_set_array_member (body, "input_ids", refract_json_array_from_ids (ids, n_ids));
  json_object_set_int_member (parameters, "max_new_tokens", 0);
  json_object_set_int_member (parameters, "temperature", 0);
  json_object_set_object_member (body, "sampling_params", parameters);
  json_object_set_boolean_member (body, "return_logprob", TRUE);
  json_object_set_int_member (body, "logprob_start_len", 0);
  json_object_set_int_member (body, "top_logprobs_num", MIN (top_k, n_vocab)); /* more ends it */
  return body;
}

/* An element of [log-probability, id, text]. */
static gboolean
take_element (RefractServerScores *scores, RefractScoreCursor *at, double value, GError **error)
{
  guint index = at->index++;

  if (index == 0)
    {
      at->log_p = value;
      at->has_log_p = TRUE;
    }
  if (index != 1 || !at->has_log_p)
    return TRUE;
  if (at->list == LIST_TRUE)
    return refract_server_scores_set_true (scores, at->position, value, at->log_p, error);
  return refract_server_scores_add (scores, at->position, value, at->log_p, error);
}

/* "input_token_logprobs": [[null, ID, null], [L, ID, null], …],
 * "input_top_logprobs": [null, [[L, ID, null], …], …] */
static gboolean
sglang_take_score_event (
    RefractJsonEvent event, const char *text, double number, gpointer user_data, GError **error)
{
  RefractServerScores *scores = user_data;
  RefractScoreCursor *at = refract_server_scores_get_cursor (scores);
  gboolean in_list = at->list_depth > 0, is_named = at->list != LIST_NONE && !in_list;
  int row_depth = at->list_depth + (at->list == LIST_TOP ? 2 : 1);

  switch (event)
    {
    case REFRACT_JSON_NAME:
      if (!in_list)
        at->list = g_str_equal (text, "input_token_logprobs") ? LIST_TRUE
                   : g_str_equal (text, "input_top_logprobs") ? LIST_TOP
                                                              : LIST_NONE;
      return TRUE;
    case REFRACT_JSON_START_ARRAY:
    case REFRACT_JSON_START_OBJECT:
      at->depth++;
      if (is_named && event == REFRACT_JSON_START_ARRAY)
        {
          at->list_depth = at->depth;
          at->position = 0;
        }
      else if (is_named)
        at->list = LIST_NONE;
      at->index = 0;
      at->has_log_p = FALSE;
      return TRUE;
    case REFRACT_JSON_END_ARRAY:
    case REFRACT_JSON_END_OBJECT:
      if (in_list && at->depth == at->list_depth)
        at->list_depth = at->list = LIST_NONE;
      else if (in_list && at->depth == at->list_depth + 1)
        at->position++;
      at->depth--;
      return TRUE;
    case REFRACT_JSON_NUMBER:
      return in_list && at->depth == row_depth ? take_element (scores, at, number, error) : TRUE;
    case REFRACT_JSON_STRING:
    case REFRACT_JSON_TRUE:
    case REFRACT_JSON_FALSE:
    case REFRACT_JSON_NULL:
    default:
      if (is_named)
        at->list = LIST_NONE;
      else if (in_list && at->depth == at->list_depth)
        at->position++;
      else if (in_list && at->depth == row_depth)
        at->index++;
      return TRUE;
    }
}

const RefractServerKind refract_sglang_kind = {
  .id = REFRACT_BACKEND_KIND_SGLANG,
  .kv_types = refract_sglang_kv_types,
  .spare_cells = SPARE_CELLS,
  .oldest = { 0, 5 },
  .tested = "0.5.23",
  .text_member = "text",
  .model_path = "/model_info",
  .generate_path = "/generate",
  .score_path = "/generate",
  .add_command = sglang_add_command,
  .add_environment = sglang_add_environment,
  .dup_version = sglang_dup_version,
  .make_generate_body = sglang_make_generate_body,
  .take_event = sglang_take_event,
  .make_score_body = sglang_make_score_body,
  .take_score_event = sglang_take_score_event,
  .read_kv = sglang_read_kv,
  .check_probe = sglang_check_probe,
};
