/* test-server-parse.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "backends/refract-server-types.h"
#include "backends/refract-server.h"
#include "core/refract-error.h"
#include "http-fixture.h"

#define N_VOCAB 1024

/* What real servers said (vLLM 0.32.0, SGLang 0.5.23). */
static char *
read_transcript (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "engines", name, NULL);
  char *text = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

/* ---- Log-probabilities ---- */

static RefractServerScores *
read_scores (const RefractServerKind *kind,
             const char *text,
             const gint32 *ids,
             guint n_ids,
             guint top_k,
             gsize step,
             GError **error)
{
  g_autoptr (RefractServerScores) scores = refract_server_scores_new (ids, n_ids, top_k, N_VOCAB);
  g_autoptr (RefractJsonEvents) events = refract_json_events_new (kind->take_score_event, scores);
  gsize length = strlen (text), at;

  for (at = 0; at < length; at += step)
    if (!refract_json_events_feed (events, text + at, MIN (step, length - at), error))
      return NULL;
  if (!refract_json_events_finish (events, error) || !refract_server_scores_check (scores, error))
    return NULL;
  return g_steal_pointer (&scores);
}

static void
assert_entry (RefractServerScores *scores, guint position, guint n, gint32 id, float log_p)
{
  guint n_entries, i;
  const RefractLogitsEntry *entries = refract_server_scores_get (scores, position, &n_entries);

  g_assert_cmpuint (n_entries, ==, n);
  for (i = 0; i < n && entries[i].id != id; i++)
    ;
  g_assert_cmpuint (i, <, n);
  g_assert_true (entries[i].log_p == log_p);
}

static void
test_vllm_scores (void)
{
  static const gint32 ids[] = { 1, 452, 296 };
  g_autofree char *text = read_transcript ("vllm-scores.json");
  gsize step;

  for (step = 1; step < 2000; step += 97)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RefractServerScores) scores
          = read_scores (&refract_vllm_kind, text, ids, 3, 1, step, &error);

      g_assert_no_error (error);
      assert_entry (scores, 1, 2, 452, -6.627494812011719f);
      assert_entry (scores, 1, 2, 970, -3.5024948120117188f);
      assert_entry (scores, 2, 2, 427, -1.4587273597717285f);
    }
}

static void
test_sglang_scores (void)
{
  static const gint32 ids[] = { 1, 452, 296, 954 };
  g_autofree char *text = read_transcript ("sglang-scores.json");
  gsize step;

  for (step = 1; step < 2000; step += 97)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RefractServerScores) scores
          = read_scores (&refract_sglang_kind, text, ids, 4, 2, step, &error);

      g_assert_no_error (error);
      /* the true token, which is told apart, and the two most likely ones */
      assert_entry (scores, 1, 3, 452, -6.632038116455078f);
      assert_entry (scores, 1, 3, 972, -3.530475616455078f);
      assert_entry (scores, 3, 3, 957, -1.9572466611862183f);
      assert_entry (scores, 3, 3, 954, -7.031465530395508f);
    }
}

static void
test_bad_scores (void)
{
  static const gint32 ids[] = { 1, 5, 6 };
  static const struct
  {
    const RefractServerKind *kind;
    const char *text, *words;
  } cases[] = {
    { &refract_vllm_kind, "{\"prompt_logprobs\": null}", "fewer" },
    { &refract_vllm_kind, "{\"prompt_logprobs\": [null]}", "fewer" },
    { &refract_vllm_kind,
      "{\"prompt_logprobs\": [null, {\"7\": {\"logprob\": -1}}, "
      "{\"6\": {\"logprob\": -1}}]}",
      "token itself" },
    { &refract_vllm_kind, "{\"prompt_logprobs\": [null, {\"1024\": {\"logprob\": -1}}]}",
      "vocabulary" },
    { &refract_vllm_kind, "{\"prompt_logprobs\": [null, {\"-1\": {\"logprob\": -1}}]}",
      "vocabulary" },
    { &refract_vllm_kind, "{\"prompt_logprobs\": [null, {\"x\": {\"logprob\": -1}}]}",
      "vocabulary" },
    { &refract_vllm_kind, "{\"prompt_logprobs\": [null, {\"5\": {\"logprob\": NaN}}]}",
      "logarithm" },
    { &refract_vllm_kind, "{\"prompt_logprobs\": [null, {\"5\": {\"logprob\": 3}}]}", "logarithm" },
    { &refract_vllm_kind,
      "{\"prompt_logprobs\": [null, {\"5\": {\"logprob\": -1}, "
      "\"6\": {\"logprob\": -1}, \"7\": {\"logprob\": -1}}]}",
      "more than" },
    { &refract_vllm_kind, "{\"prompt_logprobs\": [null, null, null, {\"5\": {\"logprob\": -1}}]}",
      "longer" },
    { &refract_vllm_kind, "{\"prompt_logprobs\": [{\"5\": {\"logprob\": -1}}]}", "order" },
    { &refract_vllm_kind, "{\"prompt_logprobs\": [null,", "too early" },
    { &refract_vllm_kind, "<html>", "not JSON" },
    { &refract_sglang_kind, "{\"input_token_logprobs\": [[null, 1, null], [-1, 9, null]]}",
      "another text" },
    { &refract_sglang_kind, "{\"input_top_logprobs\": [null, [[-1, 2000, null]]]}", "vocabulary" },
    { &refract_sglang_kind, "{\"input_top_logprobs\": [null, [[-1, 2.5, null]]]}", "vocabulary" },
    { &refract_sglang_kind, "{\"input_top_logprobs\": [null, [[-1, 7, null]], [[-1, 7, null]]]}",
      "token itself" },
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (read_scores (cases[i].kind, cases[i].text, ids, 3, 1, 1, &error));
      g_assert_true (error != NULL && error->domain == REFRACT_ERROR);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, cases[i].words));
    }
}

/* ---- Answers ---- */

static RefractServer *
make_server (HttpFixture *fixture, const RefractServerKind *kind)
{
  RefractServer *server = g_new0 (RefractServer, 1);

  server->kind = kind;
  server->http = refract_http_new_for_socket (fixture->path);
  server->log = refract_server_log_new ();
  server->kv_in_use = refract_kv_in_use_new ();
  server->stop_ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  server->n_vocab = N_VOCAB;
  server->n_cells = 64;
  server->is_own = TRUE;
  return server;
}

static void
add_request (GPtrArray *requests, const char *key, guint n_predict, const gint32 *ids, guint n_ids)
{
  g_autoptr (GArray) array = g_array_new (FALSE, FALSE, sizeof (gint32));

  g_array_append_vals (array, ids, n_ids);
  g_ptr_array_add (requests, refract_request_new (key, array, n_predict));
}

static GPtrArray *
make_requests (guint n_predict, gboolean two)
{
  GPtrArray *requests = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_request_free);

  add_request (requests, "first", n_predict, (const gint32[]) { 1, 452, 296, 954 }, 4);
  if (two)
    add_request (requests, "second", n_predict, (const gint32[]) { 1, 300 }, 2);
  return requests;
}

static void
assert_ids (GPtrArray *generations, guint index, const gint32 *ids, guint n_ids, RefractStop stop)
{
  const RefractGeneration *generation = g_ptr_array_index (generations, index);

  g_assert_cmpmem (generation->ids->data, generation->ids->len * sizeof (gint32), ids,
                   n_ids * sizeof (gint32));
  g_assert_cmpint (generation->stop, ==, stop);
}

static char *
answer_data (HttpFixture *fixture, const char *path, const char *body, guint *status, gsize *cut)
{
  return g_strdup (fixture->data);
}

static void
count_tokens (guint64 n_tokens, gpointer user_data)
{
  *(guint64 *) user_data = n_tokens;
}

static void
test_vllm_stream (HttpFixture *fixture, gconstpointer data)
{
  g_autoptr (RefractServer) server = make_server (fixture, &refract_vllm_kind);
  g_autoptr (GPtrArray) requests = make_requests (2, TRUE), generations = NULL;
  g_autofree char *text = read_transcript ("vllm-stream.txt");
  g_autoptr (GError) error = NULL;
  guint64 n_tokens = 0;

  fixture->data = text;
  fixture->answer = answer_data;
  generations = refract_server_generate (server, requests, count_tokens, &n_tokens, NULL, &error);
  g_assert_no_error (error);
  assert_ids (generations, 0, (const gint32[]) { 330, 373 }, 2, REFRACT_STOP_LIMIT);
  assert_ids (generations, 1, (const gint32[]) { 457, 558 }, 2, REFRACT_STOP_LIMIT);
  g_assert_cmpstr (((RefractGeneration *) g_ptr_array_index (generations, 0))->text, ==, "ld her");
  g_assert_cmpuint (n_tokens, ==, 4);
}

static void
test_sglang_stream (HttpFixture *fixture, gconstpointer data)
{
  g_autoptr (RefractServer) server = make_server (fixture, &refract_sglang_kind);
  g_autoptr (GPtrArray) requests = make_requests (2, FALSE), generations = NULL;
  g_autofree char *text = read_transcript ("sglang-stream.txt");
  g_autoptr (GError) error = NULL;

  fixture->data = text;
  fixture->answer = answer_data;
  generations = refract_server_generate (server, requests, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  assert_ids (generations, 0, (const gint32[]) { 330, 373 }, 2, REFRACT_STOP_LIMIT);
  g_assert_cmpstr (((RefractGeneration *) g_ptr_array_index (generations, 0))->text, ==, "ld her");
}

/* The token that ends an answer is its last, whether the engine lists it or not. */
static void
test_ends (HttpFixture *fixture, gconstpointer data)
{
  static const struct
  {
    const RefractServerKind *kind;
    const char *text;
  } cases[] = {
    { &refract_vllm_kind,
      "data: {\"choices\":[{\"index\":0,\"text\":\"a\",\"token_ids\":[5,2],\"finish_reason\":"
      "\"stop\",\"stop_reason\":null,\"prompt_token_ids\":[1,452,296,954]}]}\n\n"
      "data: {\"choices\":[],\"usage\":{\"completion_tokens\":2}}\n\ndata: [DONE]\n\n" },
    { &refract_sglang_kind,
      "data: {\"text\":\"a\",\"output_ids\":[5,2],\"meta_info\":{\"finish_reason\":{\"type\":"
      "\"stop\",\"matched\":2},\"prompt_tokens\":4,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n" },
    { &refract_sglang_kind,
      "data: {\"text\":\"a\",\"output_ids\":[5],\"meta_info\":{\"finish_reason\":{\"type\":"
      "\"stop\",\"matched\":2},\"prompt_tokens\":4,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n" },
    /* told to stream what is new alone */
    { &refract_sglang_kind,
      "data: {\"text\":\"a\",\"output_ids\":[5],\"meta_info\":{\"finish_reason\":null,"
      "\"prompt_tokens\":4,\"completion_tokens\":1}}\n\n"
      "data: {\"text\":\"\",\"output_ids\":[2],\"meta_info\":{\"finish_reason\":{\"type\":"
      "\"stop\",\"matched\":2},\"prompt_tokens\":4,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n" },
  };
  guint i;

  fixture->answer = answer_data;
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractServer) server = make_server (fixture, cases[i].kind);
      g_autoptr (GPtrArray) requests = make_requests (8, FALSE), generations = NULL;
      g_autoptr (GError) error = NULL;

      fixture->data = cases[i].text;
      generations = refract_server_generate (server, requests, NULL, NULL, NULL, &error);
      g_assert_no_error (error);
      assert_ids (generations, 0, (const gint32[]) { 5, 2 }, 2, REFRACT_STOP_EOS);
    }
}

#define CHOICE(members) "data: {\"choices\":[{\"index\":0,\"text\":\"a\"," members "}]}\n\n"
#define DONE "data: [DONE]\n\n"

static void
test_bad_answers (HttpFixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *text, *words;
  } cases[] = {
    { "", "end in the middle" },
    { DONE, "without an end" },
    { CHOICE ("\"token_ids\":[5],\"finish_reason\":null") DONE, "without an end" },
    { CHOICE ("\"token_ids\":[5],\"finish_reason\":\"length\""), "end in the middle" },
    { CHOICE ("\"token_ids\":[5],\"finish_reason\":\"length\"") DONE, "ran out of context" },
    { CHOICE ("\"token_ids\":[5,6,7],\"finish_reason\":\"length\"") DONE, "not usable" },
    { CHOICE ("\"token_ids\":[5,1024],\"finish_reason\":\"length\"") DONE, "beyond" },
    { CHOICE ("\"token_ids\":[5,-1],\"finish_reason\":\"length\"") DONE, "beyond" },
    { CHOICE ("\"token_ids\":[\"x\"],\"finish_reason\":\"length\"") DONE, "no numbers" },
    { CHOICE ("\"token_ids\":[5],\"finish_reason\":\"abort\"") DONE, "before its time" },
    { CHOICE ("\"finish_reason\":\"length\"") DONE, "no token ids" },
    { CHOICE ("\"token_ids\":[5,6],\"finish_reason\":\"length\",\"prompt_token_ids\":[1]") DONE,
      "changes prompts" },
    { CHOICE ("\"token_ids\":[5,6],\"finish_reason\":\"length\"")
          CHOICE ("\"token_ids\":[5,6],\"finish_reason\":\"length\"") DONE,
      "belongs to no prompt" },
    { "data: {\"choices\":[{\"index\":7,\"token_ids\":[5]}]}\n\n" DONE, "belongs to no prompt" },
    { "data: {\"choices\":[5]}\n\n" DONE, "no object" },
    { CHOICE (
          "\"token_ids\":[5,6],\"finish_reason\":\"length\"") "data: "
                                                              "{\"choices\":[],\"usage\":{"
                                                              "\"completion_tokens\":3}}\n\n" DONE,
      "counts other tokens" },
    { "data: {\"error\":{\"message\":\"EngineCore died\"}}\n\n", "EngineCore died" },
    { "data: garbage\n\n", "not JSON" },
  };
  guint i;

  fixture->answer = answer_data;
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractServer) server = make_server (fixture, &refract_vllm_kind);
      g_autoptr (GPtrArray) requests = make_requests (2, FALSE);
      g_autoptr (GError) error = NULL;

      fixture->data = cases[i].text;
      g_assert_null (refract_server_generate (server, requests, NULL, NULL, NULL, &error));
      g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, cases[i].words));
    }
}

/* An id that the model does not have ends an SGLang server; a prompt that is too long is cut short
 * without a word by vLLM: neither is sent. */
static void
test_not_sent (HttpFixture *fixture, gconstpointer data)
{
  g_autoptr (RefractServer) server = make_server (fixture, &refract_sglang_kind);
  g_autoptr (GPtrArray) requests = make_requests (61, FALSE);
  g_autoptr (GError) error = NULL;

  fixture->answer = answer_data;
  fixture->data = "{}";
  g_assert_null (refract_server_generate (server, requests, NULL, NULL, NULL, &error));
  g_assert_nonnull (strstr (error->message, "context of 65"));
  g_clear_error (&error);

  g_ptr_array_set_size (requests, 0);
  add_request (requests, "bad", 2, (const gint32[]) { 1, N_VOCAB }, 2);
  g_assert_null (refract_server_generate (server, requests, NULL, NULL, NULL, &error));
  g_assert_nonnull (strstr (error->message, "beyond"));
  g_clear_error (&error);

  g_ptr_array_set_size (requests, 0);
  add_request (requests, "empty", 2, NULL, 0);
  g_assert_null (refract_server_generate (server, requests, NULL, NULL, NULL, &error));
  g_assert_nonnull (strstr (error->message, "no tokens"));
  g_assert_cmpint (g_atomic_int_get (&fixture->n_requests), ==, 0);
}

/* ---- What goes wrong between the two ---- */

static char *
answer_fault (HttpFixture *fixture, const char *path, const char *body, guint *status, gsize *cut)
{
  const char *fault = fixture->data;

  if (g_str_equal (fault, "nothing"))
    return NULL;
  if (g_str_equal (fault, "never"))
    http_fixture_wait (fixture);
  if (g_str_equal (fault, "half"))
    {
      *cut = 20;
      return g_strdup (CHOICE ("\"token_ids\":[5,6],\"finish_reason\":\"length\"") DONE);
    }
  *status = (guint) strtoul (fault, NULL, 10);
  return g_strdup ("{\"error\":{\"message\":\"its own words\"}}");
}

static void
test_faults (HttpFixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *fault, *words;
  } cases[] = {
    { "nothing", "does not answer" }, { "half", "does not answer" },
    { "500", "its own words" },       { "503", "its own words" },
    { "400", "its own words" },       { "401", "REFRACT_SERVER_KEY" },
  };
  guint i;

  fixture->answer = answer_fault;
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractServer) server = make_server (fixture, &refract_vllm_kind);
      g_autoptr (GPtrArray) requests = make_requests (2, FALSE);
      g_autoptr (GError) error = NULL;

      fixture->data = cases[i].fault;
      g_assert_null (refract_server_generate (server, requests, NULL, NULL, NULL, &error));
      g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, cases[i].words));
    }
}

static gpointer
cancel_when_asked (gpointer data)
{
  gpointer *pair = data;
  HttpFixture *fixture = pair[0];

  while (g_atomic_int_get (&fixture->n_requests) == 0)
    g_thread_yield ();
  g_cancellable_cancel (pair[1]);
  return NULL;
}

static void
test_cancel (HttpFixture *fixture, gconstpointer data)
{
  g_autoptr (RefractServer) server = make_server (fixture, &refract_vllm_kind);
  g_autoptr (GPtrArray) requests = make_requests (2, FALSE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  gpointer pair[] = { fixture, cancellable };
  GThread *thread;

  fixture->answer = answer_fault;
  fixture->data = "never";
  thread = g_thread_new ("cancel", cancel_when_asked, pair);
  g_assert_null (refract_server_generate (server, requests, NULL, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
}

static char *
answer_tokens (HttpFixture *fixture, const char *path, const char *body, guint *status, gsize *cut)
{
  return g_strdup (strstr (body, "\"add_special_tokens\":true") != NULL ? fixture->data
                                                                        : "{\"tokens\":[70,71]}");
}

static void
test_bos (HttpFixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *reply;
    guint n;
  } cases[] = { { "{\"tokens\":[1,70,71]}", 1 },
                { "{\"tokens\":[70,71]}", 0 },
                { "{\"tokens\":[70,71,2]}", 0 }, /* an end token: none of ours */
                { "{\"tokens\":[1,70,71,2]}", 1 },
                { "{\"tokens\":[5]}", 0 } };
  guint i;

  fixture->answer = answer_tokens;
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractServer) server = make_server (fixture, &refract_vllm_kind);
      g_autoptr (GError) error = NULL;
      g_autoptr (GArray) bos = NULL;

      fixture->data = cases[i].reply;
      bos = refract_server_tokenize_bos (server, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (bos->len, ==, cases[i].n);
      g_assert_true (bos->len == 0 || g_array_index (bos, gint32, 0) == 1);
    }
}

/* ---- KV cache ---- */

#define METRICS(blocks, type)                                                                      \
  "# TYPE vllm:cache_config_info gauge\n"                                                          \
  "vllm:cache_config_info{_block_size_resolved=\"True\",block_size=\"128\",cache_dtype=\"" type    \
  "\",kv_cache_memory_bytes=\"1073741824\",kv_cache_size_tokens=\"709930\",mamba_cache_dtype="     \
  "\"auto\",num_gpu_blocks=\"" blocks "\",user_specified_block_size=\"False\"} 1.0\n"

/* 3 layers of 2 KV heads of 64 elements: 768 elements for a token */
static RefractModel *
make_model (const char *folder)
{
  static const char config[]
      = "{\"architectures\": [\"LlamaForCausalLM\"], \"model_type\": \"llama\", \"vocab_size\": "
        "1024,"
        " \"hidden_size\": 128, \"intermediate_size\": 384, \"num_hidden_layers\": 3,"
        " \"num_attention_heads\": 2, \"num_key_value_heads\": 2, \"head_dim\": 64,"
        " \"max_position_embeddings\": 4096, \"torch_dtype\": \"float16\"}";
  static const char weights[] = "\x3c\0\0\0\0\0\0\0{\"w\":{\"dtype\":\"F16\",\"shape\":[1],"
                                "\"data_offsets\":[0,2]}}          \0";
  g_autofree char *config_path = g_build_filename (folder, "config.json", NULL);
  g_autofree char *weights_path = g_build_filename (folder, "model.safetensors", NULL);
  g_autoptr (GError) error = NULL;
  RefractModel *model;

  g_file_set_contents (config_path, config, -1, &error);
  g_assert_no_error (error);
  g_file_set_contents (weights_path, weights, 8 + 60 + 2, &error);
  g_assert_no_error (error);
  model = refract_model_new_from_file (folder, NULL, &error);
  g_assert_no_error (error);
  g_unlink (config_path);
  g_unlink (weights_path);
  return model;
}

/* What fits into the memory shows what was allocated; the flag is only repeated. */
static void
test_vllm_kv (HttpFixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *metrics, *type, *log;
    RefractEvidence evidence;
    const char *in_use; /* NULL: not engaged */
  } cases[] = {
    { METRICS ("10922", "fp8"), "fp8", "CPU", REFRACT_EVIDENCE_PROVED, "fp8" },
    { METRICS ("10922", "fp8"), "fp8_e4m3", "CPU", REFRACT_EVIDENCE_PROVED, "fp8_e4m3" },
    { METRICS ("5461", "auto"), "auto", "CPU", REFRACT_EVIDENCE_PROVED, "float16" },
    { METRICS ("10922", "auto"), "auto", "GPU", REFRACT_EVIDENCE_PROVED, "8-bit" },
    { METRICS ("5461", "fp8"), "fp8", "GPU", 0, NULL },
    { METRICS ("10922", "fp8_e5m2"), "fp8", "GPU", 0, NULL },
    { METRICS ("10922", "int8_per_token_head"), "int8_per_token_head", "CPU", 0, NULL },
    { METRICS ("10922", "int8_per_token_head"), "int8_per_token_head", "GPU",
      REFRACT_EVIDENCE_ECHOED, "int8_per_token_head" },
    { "nothing", "fp8", "GPU", REFRACT_EVIDENCE_NONE, "" },
  };
  g_autoptr (RefractModel) model = make_model (fixture->folder);
  RefractServerEngine engine = { .kind = &refract_vllm_kind };
  guint i;

  fixture->answer = answer_data;
  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractServer) server = make_server (fixture, &refract_vllm_kind);
      g_autofree char *text = g_strdup_printf ("kv=%s", cases[i].type);
      g_autofree char *line
          = g_strdup_printf ("dtype=torch.float16 %s KV cache size: 709,930 tokens", cases[i].log);
      g_autoptr (RefractKvConfig) kv = refract_kv_config_parse (text, NULL);
      RefractServerStart start = { .engine = &engine, .model = model, .kv = kv };
      g_autoptr (GError) error = NULL;
      gboolean engaged;

      fixture->data = cases[i].metrics;
      refract_server_log_take_line ("dtype=torch.float16", TRUE, server->log);
      refract_server_log_take_line (line, TRUE, server->log);
      engaged = refract_vllm_kind.read_kv (server, &start, NULL, &error);
      g_test_message ("%u: %s", i, error != NULL ? error->message : "engaged");
      g_assert_cmpint (engaged, ==, cases[i].in_use != NULL);
      if (!engaged)
        continue;
      g_assert_cmpint (server->kv_in_use->evidence, ==, cases[i].evidence);
      if (server->kv_in_use->evidence > REFRACT_EVIDENCE_NONE)
        g_assert_cmpstr (server->kv_in_use->type_k, ==, cases[i].in_use);
    }
}

static char *
answer_restarted (
    HttpFixture *fixture, const char *path, const char *body, guint *status, gsize *cut)
{
  return g_strdup (g_str_equal (path, "/metrics") ? METRICS ("5461", "auto") : fixture->data);
}

/* A server of the user's that was started again with another cache while it answered. */
static void
test_restarted (HttpFixture *fixture, gconstpointer data)
{
  g_autoptr (RefractServer) server = make_server (fixture, &refract_vllm_kind);
  g_autoptr (GPtrArray) requests = make_requests (2, TRUE), generations = NULL;
  g_autofree char *text = read_transcript ("vllm-stream.txt");
  g_autoptr (GError) error = NULL;

  server->is_own = FALSE;
  server->start.model = make_model (fixture->folder);
  server->start.kv = refract_kv_config_parse ("kv=auto", NULL);
  fixture->data = text;
  fixture->answer = answer_restarted;
  generations = refract_server_generate (server, requests, NULL, NULL, NULL, &error);
  g_assert_no_error (error);

  refract_kv_config_unref (server->start.kv);
  server->start.kv = refract_kv_config_parse ("kv=fp8", NULL);
  g_assert_null (refract_server_generate (server, requests, NULL, NULL, NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_NOT_ENGAGED);
}

/* ---- Logs and types ---- */

static void
test_log (void)
{
  static const struct
  {
    const char *lines[5];
    const char *cause;
    gboolean memory;
  } cases[] = {
    { { "WARNING Found ulimit of 20000. This can cause fd limit errors like `OSError: [Errno 24] "
        "Too many open files`",
        "(Worker pid=7) ERROR 11-21 10:00:00 [multiproc_executor.py:9] ValueError: FP8 KV cache "
        "requires head_size divisible by 32 on CPU.",
        "(EngineCore pid=6) ERROR 11-21 10:00:01 [core.py:1] RuntimeError: WorkerProc "
        "initialization failed due to an exception in a background process.",
        "(APIServer pid=5) RuntimeError: Engine core initialization failed. See root cause above. "
        "Failed core proc(s): {}" },
      "ValueError: FP8 KV cache requires head_size divisible by 32 on CPU.",
      FALSE },
    { { "ValueError: Available memory on node 0 (15.71/17.46 GiB) on startup is less than desired "
        "CPU memory utilization (0.92, 16.07 GiB).",
        "(APIServer pid=5) RuntimeError: Engine core initialization failed. See root cause "
        "above." },
      "ValueError: Available memory on node 0 (15.71/17.46 GiB) on startup is less than desired "
      "CPU memory utilization (0.92, 16.07 GiB).",
      TRUE },
    { { "usage: vllm serve [-h]", "vllm serve: error: argument --kv-cache-dtype: invalid choice: "
                                  "'q8_0' (choose from 'auto')" },
      "argument --kv-cache-dtype: invalid choice: 'q8_0' (choose from 'auto')",
      FALSE },
    { { "[2026-11-21] Scheduler hit an exception: Traceback (most recent call last):",
        "ValueError: CPU FP8 KV cache requires Intel AMX support.",
        "RuntimeError: Initialization failed. Please see the error messages above." },
      "ValueError: CPU FP8 KV cache requires Intel AMX support.",
      FALSE },
    { { "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB." },
      "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB.",
      TRUE },
    { { "Application startup complete." }, NULL, FALSE },
  };
  guint i, k;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractServerLog) log = refract_server_log_new ();
      g_autofree char *cause = NULL;

      for (k = 0; cases[i].lines[k] != NULL; k++)
        refract_server_log_take_line (cases[i].lines[k], TRUE, log);
      cause = refract_server_log_dup_cause (log);
      g_assert_cmpstr (cause, ==, cases[i].cause);
      g_assert_cmpint (refract_server_log_is_out_of_memory (log), ==, cases[i].memory);
    }
}

static void
test_log_facts (void)
{
  g_autoptr (RefractServerLog) vllm = refract_server_log_new (), sglang = refract_server_log_new ();
  g_auto (RefractServerFacts) a = { 0 }, b = { 0 };

  refract_server_log_take_line (
      "(EngineCore pid=6) INFO [core.py:133] Initializing a V1 LLM engine (v0.32.0) with config: "
      "model='x', trust_remote_code=False, dtype=torch.float16, max_seq_len=2048",
      TRUE, vllm);
  refract_server_log_take_line (
      "(EngineCore pid=6) INFO [kv_cache_utils.py:2327] CPU KV cache size: 1,398,016 tokens, "
      "Maximum concurrency",
      TRUE, vllm);
  refract_server_log_get_facts (vllm, &a);
  g_assert_true (a.on_cpu);
  g_assert_cmpstr (a.dtype, ==, "float16");
  g_assert_cmpuint (a.n_tokens, ==, 1398016);

  refract_server_log_take_line (
      "[2026-11-21 10:00:00] KV Cache is allocated. dtype: torch.bfloat16, "
      "#tokens: 65536, K size: 0.02 GB, V size: 0.02 GB",
      TRUE, sglang);
  refract_server_log_get_facts (sglang, &b);
  g_assert_false (b.on_cpu);
  g_assert_cmpstr (b.kv_dtype, ==, "bfloat16");
  g_assert_cmpuint (b.n_tokens, ==, 65536);
}

static void
test_types (void)
{
  static const char *const pretended[]
      = { "int8_per_token_head", "turboquant_k8v4", "ultraquant_4bit", "nvfp4", "fp8_inc" };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (pretended); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (
          refract_server_type_is_real (REFRACT_BACKEND_KIND_VLLM, pretended[i], TRUE, &error));
      g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG);
      g_assert_nonnull (strstr (error->message, "fp8_e5m2"));
      g_assert_true (
          refract_server_type_is_real (REFRACT_BACKEND_KIND_VLLM, pretended[i], FALSE, NULL));
    }
  g_assert_true (refract_server_type_is_real (REFRACT_BACKEND_KIND_VLLM, "fp8", TRUE, NULL));
  g_assert_true (refract_server_type_is_real (REFRACT_BACKEND_KIND_SGLANG, "bfloat16", TRUE, NULL));
  g_assert_false (
      refract_server_type_is_real (REFRACT_BACKEND_KIND_SGLANG, "fp8_e5m2", TRUE, NULL));
  g_assert_true (refract_server_types_equal ("fp8", "fp8_e4m3"));
  g_assert_true (refract_server_types_equal ("bfloat16", "bf16"));
  g_assert_false (refract_server_types_equal ("fp8", "fp8_e5m2"));
}

static void
test_probes (void)
{
  static const struct
  {
    const char *type, *attention;
    gboolean deterministic, valid;
  } cases[] = {
    { "auto", "triton", FALSE, TRUE },          { "fp8_e4m3", "triton", FALSE, FALSE },
    { "fp8_e4m3", "flashinfer", FALSE, FALSE }, { "fp8_e4m3", "triton", TRUE, TRUE },
    { "fp8_e4m3", "fa3", FALSE, TRUE },         { "bfloat16", "torch_native", FALSE, TRUE },
    { "fp8_e4m3", NULL, FALSE, FALSE },
  };
  g_autoptr (GError) error = NULL;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    g_assert_cmpint (refract_server_check_sglang_probe (cases[i].type, cases[i].attention,
                                                        cases[i].deterministic, NULL),
                     ==, cases[i].valid);
  g_assert_false (refract_server_check_sglang_probe ("fp8_e4m3", "triton", FALSE, &error));
  g_assert_nonnull (strstr (error->message, "--enable-deterministic-inference"));
  g_clear_error (&error);

  g_assert_true (refract_server_check_vllm_probe ("fp8", 2048, NULL));
  g_assert_true (refract_server_check_vllm_probe ("turboquant_k8v4", 128, NULL));
  g_assert_false (refract_server_check_vllm_probe ("turboquant_k8v4", 2048, &error));
  g_assert_nonnull (strstr (error->message, "--max-num-batched-tokens 128"));
}

static void
test_versions (void)
{
  g_assert_true (refract_server_version_at_least ("0.32.0+cpu", 0, 30));
  g_assert_true (refract_server_version_at_least ("1.0", 0, 30));
  g_assert_false (refract_server_version_at_least ("0.9.2", 0, 30));
  g_assert_false (refract_server_version_at_least ("unknown", 0, 1));
  g_assert_false (refract_server_version_at_least ("", 0, 1));
}

#define ADD(path, func)                                                                            \
  g_test_add (path, HttpFixture, NULL, http_fixture_set_up, func, http_fixture_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/server/vllm-scores", test_vllm_scores);
  g_test_add_func ("/server/sglang-scores", test_sglang_scores);
  g_test_add_func ("/server/bad-scores", test_bad_scores);
  ADD ("/server/vllm-stream", test_vllm_stream);
  ADD ("/server/sglang-stream", test_sglang_stream);
  ADD ("/server/ends", test_ends);
  ADD ("/server/bad-answers", test_bad_answers);
  ADD ("/server/not-sent", test_not_sent);
  ADD ("/server/faults", test_faults);
  ADD ("/server/cancel", test_cancel);
  ADD ("/server/bos", test_bos);
  ADD ("/server/vllm-kv", test_vllm_kv);
  ADD ("/server/restarted", test_restarted);
  g_test_add_func ("/server/log", test_log);
  g_test_add_func ("/server/log-facts", test_log_facts);
  g_test_add_func ("/server/types", test_types);
  g_test_add_func ("/server/probes", test_probes);
  g_test_add_func ("/server/versions", test_versions);
  return g_test_run ();
}
