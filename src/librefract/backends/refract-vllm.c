/* refract-vllm.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "backends/refract-server-types.h"
#include "backends/refract-server.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

#define BATCHED_TOKENS 2048u /* prefilled at once: the same for every configuration of a run */
#define GIB 1073741824.0
#define METRIC "vllm:cache_config_info"
#define TOLERANCE 0.05 /* of the bytes that a token takes: blocks are rounded up */

/* ---- Start ---- */

static void
vllm_add_command (GPtrArray *command, const RefractServerStart *start, guint port)
{
  static const char *const fixed[]
      = { "--no-enable-prefix-caching", "--enforce-eager", "--disable-uvicorn-access-log" };
  guint i;

  refract_server_add_flag (command, "-m", "vllm.entrypoints.cli.main");
  refract_server_add_flag (command, "serve", refract_model_get_info (start->model)->path);
  refract_server_add_flag (command, "--host", "127.0.0.1");
  refract_server_add_number (command, "--port", port);
  refract_server_add_flag (command, "--served-model-name", "refract");
  refract_server_add_number (command, "--max-model-len", start->n_cells);
  refract_server_add_number (command, "--max-num-seqs", start->n_slots);
  if (refract_server_find_flag (start, "--max-num-batched-tokens") == NULL)
    refract_server_add_number (command, "--max-num-batched-tokens",
                               MAX (BATCHED_TOKENS, start->n_slots));
  refract_server_add_flag (command, "--generation-config", "vllm");
  refract_server_add_flag (command, "--max-logprobs", "-1");
  if (refract_server_version_at_least (start->engine->version, 0, 30))
    refract_server_add_flag (command, "--enable-scale-out", NULL);
  refract_server_add_flag (command, "--kv-cache-dtype", refract_kv_config_get_type_k (start->kv));
  for (i = 0; i < G_N_ELEMENTS (fixed); i++)
    refract_server_add_flag (command, fixed[i], NULL);
  if (start->engine->options->allow_model_code)
    refract_server_add_flag (command, "--trust-remote-code", NULL);
}

/* Whole GiB of KV cache on a CPU, the same for every type: what a token takes follows from it. */
static guint
cache_gib (const RefractServerStart *start)
{
  const RefractModelInfo *info = refract_model_get_info (start->model);
  const char *dtype = refract_server_find_flag (start, "--dtype");
  guint width = dtype != NULL && g_str_has_prefix (dtype, "float32") ? 4 : 2; /* of "auto" */
  double elements = (double) (info->k_elements_per_token + info->v_elements_per_token);
  double bytes = width * elements * start->n_cells * start->n_slots;

  return (guint) CLAMP (ceil (bytes / GIB), 1, 4096);
}

static void
vllm_add_environment (GStrvBuilder *environment, const RefractServerStart *start, const char *key)
{
  guint64 trained = refract_model_get_info (start->model)->context_length;
  guint threads = start->engine->options->threads;
  g_autofree char *variable = g_strconcat ("VLLM_API_KEY=", key, NULL);
  g_autofree char *space = g_strdup_printf ("VLLM_CPU_KVCACHE_SPACE=%u", cache_gib (start));
  g_autofree char *cores = g_strdup_printf ("VLLM_CPU_OMP_THREADS_BIND=0-%u", MAX (threads, 1) - 1);

  g_strv_builder_add (environment, variable);
  g_strv_builder_add (environment, space);
  g_strv_builder_add (environment, "VLLM_NO_USAGE_STATS=1");
  g_strv_builder_add (environment, "VLLM_ENABLE_SCALE_OUT_ENDPOINTS=1"); /* 0.28 and 0.29 */
  if (start->engine->on_cpu && threads > 0)
    g_strv_builder_add (environment, cores);
  if (start->engine->on_cpu)
    {
      g_strv_builder_add (environment, "VLLM_BATCH_INVARIANT"); /* ends it at the first request */
      /* Ranks of log-probabilities would need a C++ compiler and Python's headers. */
      g_strv_builder_add (environment, "TORCHDYNAMO_DISABLE=1");
    }
  /* The one token that is decoded behind a text of the whole context is never looked at. */
  if (trained > 0 && start->n_cells > trained)
    g_strv_builder_add (environment, "VLLM_ALLOW_LONG_MAX_MODEL_LEN=1");
}

static char *
vllm_dup_version (RefractServer *server, GCancellable *cancellable, GError **error)
{
  g_autoptr (JsonObject) reply = refract_server_get (server, "/version", cancellable, error);
  const char *version = reply != NULL ? refract_json_get_string (reply, "version", NULL) : NULL;

  if (reply != NULL && version == NULL)
    refract_server_set_unexpected (server, "/version", "it names no version", error);
  return g_strdup (version);
}

/* ---- KV cache ---- */

/* The value of a label of a metric: NAME{…,label="value",…}; %NULL where there is none. */
static char *
find_label (const char *metrics /* nullable */, const char *metric, const char *label)
{
  g_autofree char *pattern
      = g_strdup_printf ("(?m)^%s\\{(?:[^\\n]*,)?%s=\"([^\"\\n]{0,80})\"", metric, label);
  g_autoptr (GRegex) regex = g_regex_new (pattern, 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;

  return metrics != NULL && g_regex_match (regex, metrics, 0, &match)
             ? g_match_info_fetch (match, 1)
             : NULL;
}

/* Tokens that the cache has room for. What the engine itself calls its size is rounded down for
 * prompts that are shorter than a block. */
static guint64
read_n_cells (const char *metrics)
{
  g_autofree char *blocks = find_label (metrics, METRIC, "num_gpu_blocks"); /* on a CPU as well */
  g_autofree char *size = find_label (metrics, METRIC, "block_size");

  if (blocks == NULL || size == NULL)
    return 0;
  return MIN (g_ascii_strtoull (blocks, NULL, 10), G_MAXUINT32)
         * MIN (g_ascii_strtoull (size, NULL, 10), G_MAXUINT16);
}

/* How wide the elements are that the cache has room for; 0 where it cannot be told. */
static double
measure_bits (const RefractModelInfo *info, double bytes, guint64 n_tokens)
{
  double elements = (double) (info->k_elements_per_token + info->v_elements_per_token);

  if (bytes <= 0 || n_tokens == 0 || elements <= 0 || info->latent_attention
      || info->n_window_layers > 0)
    return 0;
  return 8 * bytes / (double) n_tokens / elements;
}

/* What "auto" is: the type that the model computes in, unless its files ask for another. */
static char *
name_own_type (const RefractServerFacts *facts, double bits)
{
  double own = facts->dtype != NULL ? refract_kv_type_get_bits (facts->dtype) : -1;

  if (facts->dtype != NULL && (bits <= 0 || own <= 0 || fabs (bits / own - 1) <= TOLERANCE))
    return g_strdup (facts->dtype);
  return bits > 0 ? g_strdup_printf ("%.0f-bit", bits) : g_strdup ("auto");
}

static gboolean
fail_not_engaged (const RefractServerStart *start, const char *what, GError **error)
{
  g_set_error (
      error, REFRACT_ERROR, REFRACT_ERROR_NOT_ENGAGED,
      "kv=%s was asked for, but the vLLM server %s. Choose a type that it can do, or start "
      "it with --kv-cache-dtype %s.",
      refract_kv_config_get_type_k (start->kv), what, refract_kv_config_get_type_k (start->kv));
  return FALSE;
}

/* The flag is only repeated in cache_dtype; how many tokens fit into the memory that was set aside
 * shows how wide the elements are that were allocated. */
static gboolean
vllm_read_kv (RefractServer *server,
              const RefractServerStart *start,
              GCancellable *cancellable,
              GError **error)
{
  const char *type = refract_kv_config_get_type_k (start->kv);
  RefractKvInUse *in_use = server->kv_in_use;
  g_autofree char *metrics
      = refract_http_get_text (server->http, "/metrics", NULL, cancellable, NULL);
  g_autofree char *echo = NULL, *bytes = NULL, *said = NULL;
  g_auto (RefractServerFacts) facts = { 0 };
  gboolean is_auto = g_str_equal (type, "auto");
  double bits, expected = is_auto ? -1 : refract_kv_type_get_bits (type);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  refract_server_log_get_facts (server->log, &facts);
  echo = find_label (metrics, METRIC, "cache_dtype");
  bytes = find_label (metrics, METRIC, "kv_cache_memory_bytes");
  if (facts.on_cpu && !refract_server_type_is_real (REFRACT_BACKEND_KIND_VLLM, type, TRUE, error))
    return FALSE;
  if (echo != NULL && !refract_server_types_equal (echo, type))
    {
      said = g_strdup_printf ("runs with “%s”", echo);
      return fail_not_engaged (start, said, error);
    }

  if (echo == NULL)
    return TRUE; /* nothing to be had: no evidence */
  in_use->evidence = REFRACT_EVIDENCE_ECHOED;
  in_use->n_cells = read_n_cells (metrics);
  bits = measure_bits (refract_model_get_info (start->model),
                       bytes != NULL ? g_ascii_strtod (bytes, NULL) : 0, in_use->n_cells);
  if (bits > 0)
    in_use->buffer_mib = g_ascii_strtod (bytes, NULL) / (1 << 20);
  if (bits > 0 && expected > 0 && fabs (bits / expected - 1) > TOLERANCE)
    {
      said = g_strdup_printf ("allocated %.1f bits for an element", bits);
      return fail_not_engaged (start, said, error);
    }
  if (bits > 0 && server->is_own
      && refract_server_type_is_real (REFRACT_BACKEND_KIND_VLLM, type, facts.on_cpu, NULL)
      && (expected > 0 || is_auto))
    in_use->evidence = REFRACT_EVIDENCE_PROVED;
  in_use->type_k = is_auto ? name_own_type (&facts, bits) : g_strdup (type);
  in_use->type_v = g_strdup (in_use->type_k);
  return TRUE;
}

static gboolean
vllm_check_probe (RefractServer *server,
                  const RefractServerStart *start,
                  GCancellable *cancellable,
                  GError **error)
{
  const char *batched = refract_server_find_flag (start, "--max-num-batched-tokens");

  return refract_server_check_vllm_probe (
      refract_kv_config_get_type_k (start->kv),
      batched != NULL ? (guint) g_ascii_strtoull (batched, NULL, 10) : BATCHED_TOKENS, error);
}

/* ---- Generation ---- */

static JsonObject *
vllm_make_generate_body (GPtrArray *requests, guint n_predict, GArray *stop_ids)
{
  JsonObject *body = json_object_new (), *options = json_object_new ();

  json_object_set_array_member (body, "prompt", refract_requests_to_json (requests));
  json_object_set_int_member (body, "max_tokens", n_predict);
  json_object_set_int_member (body, "temperature", 0);
  json_object_set_int_member (body, "seed", 1);
  json_object_set_int_member (body, "repetition_penalty", 1);
  json_object_set_int_member (body, "presence_penalty", 0);
  json_object_set_int_member (body, "frequency_penalty", 0);
  json_object_set_array_member (body, "stop_token_ids",
                                refract_json_array_from_id_array (stop_ids));
  json_object_set_boolean_member (body, "return_token_ids", TRUE);
  json_object_set_boolean_member (body, "stream", TRUE);
  json_object_set_boolean_member (options, "include_usage", TRUE);
  json_object_set_object_member (body, "stream_options", options);
  return body;
}

static gboolean
take_choice (JsonObject *choice,
             RefractServerAnswer *answers,
             guint n_answers,
             const char **problem)
{
  gint64 index = refract_json_get_int (choice, "index", -1);
  JsonArray *tokens = refract_json_get_array (choice, "token_ids");
  JsonArray *prompt = refract_json_get_array (choice, "prompt_token_ids");
  const char *reason = refract_json_get_string (choice, "finish_reason", NULL);
  g_autoptr (GArray) ids = tokens != NULL ? refract_json_array_to_ids (tokens) : NULL;
  RefractServerAnswer *answer;

  if (index < 0 || index >= n_answers || answers[index].ended)
    *problem = "an answer belongs to no prompt";
  else if (tokens != NULL && ids == NULL)
    *problem = "its token ids are no numbers";
  else if (reason != NULL && !g_str_equal (reason, "stop") && !g_str_equal (reason, "length"))
    *problem = "an answer was ended before its time";
  else if (tokens == NULL && *refract_json_get_string (choice, "text", "") != '\0')
    *problem = "it gives no token ids (return_token_ids)";
  if (*problem != NULL)
    return FALSE;

  answer = &answers[index];
  if (ids != NULL)
    g_array_append_vals (answer->ids, ids->data, ids->len);
  if (prompt != NULL)
    answer->n_prompt = json_array_get_length (prompt);
  g_string_append (answer->text, refract_json_get_string (choice, "text", ""));
  answer->ended = reason != NULL;
  answer->stop = g_strcmp0 (reason, "stop") == 0 ? REFRACT_STOP_EOS : REFRACT_STOP_LIMIT;
  return TRUE;
}

static gboolean
vllm_take_event (JsonObject *event,
                 RefractServerAnswer *answers,
                 guint n_answers,
                 const char **problem)
{
  JsonArray *choices = refract_json_get_array (event, "choices");
  JsonObject *usage = refract_json_get_object (event, "usage");
  gint64 n_completed = usage != NULL ? refract_json_get_int (usage, "completion_tokens", -1) : -1;
  gint64 sum = 0;
  guint n = choices != NULL ? json_array_get_length (choices) : 0, i;

  for (i = 0; i < n; i++)
    {
      JsonObject *choice = refract_json_array_get_object (choices, i);

      if (choice == NULL || !take_choice (choice, answers, n_answers, problem))
        {
          *problem = *problem != NULL ? *problem : "an answer is no object";
          return FALSE;
        }
    }
  for (i = 0; i < n_answers; i++)
    sum += answers[i].ids->len;
  if (n == 0 && n_completed >= 0 && n_completed != sum)
    {
      *problem = "it counts other tokens than it gave";
      return FALSE;
    }
  return TRUE;
}

/* ---- Log-probabilities ---- */

static JsonObject *
vllm_make_score_body (const gint32 *ids, guint n_ids, guint top_k, guint n_vocab)
{
  JsonObject *body = json_object_new (), *parameters = json_object_new ();

  json_object_set_array_member (body, "token_ids", refract_json_array_from_ids (ids, n_ids));
  json_object_set_int_member (parameters, "max_tokens", 1);
  json_object_set_int_member (parameters, "temperature", 0);
  json_object_set_int_member (parameters, "prompt_logprobs", top_k < n_vocab ? (gint64) top_k : -1);
  json_object_set_boolean_member (parameters, "detokenize", FALSE);
  json_object_set_object_member (body, "sampling_params", parameters);
  return body;
}

/* "prompt_logprobs": [null, {"ID": {"logprob": …, "rank": …}, …}, …] */
static gboolean
vllm_take_score_event (
    RefractJsonEvent event, const char *text, double number, gpointer user_data, GError **error)
{
  RefractServerScores *scores = user_data;
  RefractScoreCursor *at = refract_server_scores_get_cursor (scores);
  gboolean in_list = at->list_depth > 0, is_named = at->list != 0 && !in_list;

  if (!in_list)
    at->list = 0;
  switch (event)
    {
    case REFRACT_JSON_NAME:
      if (!in_list)
        at->list = g_str_equal (text, "prompt_logprobs");
      else if (at->depth == at->list_depth + 1)
        at->id = g_ascii_isdigit (*text) ? g_ascii_strtod (text, NULL) : -1;
      else
        at->has_log_p = g_str_equal (text, "logprob");
      return TRUE;
    case REFRACT_JSON_START_ARRAY:
    case REFRACT_JSON_START_OBJECT:
      at->depth++;
      if (is_named && event == REFRACT_JSON_START_ARRAY)
        {
          at->list = 1;
          at->list_depth = at->depth;
          at->position = 0;
        }
      return TRUE;
    case REFRACT_JSON_END_ARRAY:
    case REFRACT_JSON_END_OBJECT:
      if (in_list && at->depth == at->list_depth)
        at->list = at->list_depth = 0;
      else if (in_list && at->depth == at->list_depth + 1)
        at->position++;
      at->depth--;
      return TRUE;
    case REFRACT_JSON_NULL:
      if (in_list && at->depth == at->list_depth)
        at->position++;
      return TRUE;
    case REFRACT_JSON_NUMBER:
      if (!in_list || at->depth != at->list_depth + 2 || !at->has_log_p)
        return TRUE;
      at->has_log_p = FALSE;
      return refract_server_scores_add (scores, at->position, at->id, number, error);
    case REFRACT_JSON_STRING:
    case REFRACT_JSON_TRUE:
    case REFRACT_JSON_FALSE:
    default:
      return TRUE;
    }
}

const RefractServerKind refract_vllm_kind = {
  .id = REFRACT_BACKEND_KIND_VLLM,
  .kv_types = refract_vllm_kv_types,
  .spare_cells = 0,
  .oldest = { 0, 28 },
  .tested = "0.32.",
  .text_member = "prompt",
  .generate_path = "/v1/completions",
  .score_path = "/inference/v1/generate",
  .add_command = vllm_add_command,
  .add_environment = vllm_add_environment,
  .dup_version = vllm_dup_version,
  .make_generate_body = vllm_make_generate_body,
  .take_event = vllm_take_event,
  .make_score_body = vllm_make_score_body,
  .take_score_event = vllm_take_score_event,
  .read_kv = vllm_read_kv,
  .check_probe = vllm_check_probe,
};
