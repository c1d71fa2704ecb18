/* test-server-parse.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "core/refract-error.h"
#include "server-fixture.h"

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
    { &refract_vllm_kind, "{\"prompt_logprobs\": null}", "0 of" },
    { &refract_vllm_kind, "{\"prompt_logprobs\": [null]}", "0 of" },
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

static void
assert_ids (GPtrArray *generations, guint index, const gint32 *ids, guint n_ids, RefractStop stop)
{
  const RefractGeneration *generation = g_ptr_array_index (generations, index);

  g_assert_cmpmem (generation->ids->data, generation->ids->len * sizeof (gint32), ids,
                   n_ids * sizeof (gint32));
  g_assert_cmpint (generation->stop, ==, stop);
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
    /* counted before its last token was there */
    { &refract_sglang_kind,
      "data: {\"text\":\"a\",\"output_ids\":[5,2],\"meta_info\":{\"finish_reason\":null,"
      "\"prompt_tokens\":4,\"completion_tokens\":1}}\n\n"
      "data: {\"text\":\"a\",\"output_ids\":[5,2],\"meta_info\":{\"finish_reason\":{\"type\":"
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
  return g_test_run ();
}
