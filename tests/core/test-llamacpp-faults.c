/* test-llamacpp-faults.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* llama.cpp programs that fail, hang, lie or talk nonsense (fake-llama.c). */

#include "config.h"

#include "llamacpp-fixture.h"

static void
assert_open_fails (Fixture *fixture, int code, const char *words)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (open_session (fixture, NULL, &error));
  g_assert_error (error, REFRACT_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, words));
}

/* ---- Starting ---- */

static void
test_exits (Fixture *fixture, gconstpointer data)
{
  assert_open_fails (fixture, REFRACT_ERROR_ENGINE, "what a pity");
  assert_open_fails (fixture, REFRACT_ERROR_ENGINE, "exited with status 1");
}

static void
test_out_of_memory (Fixture *fixture, gconstpointer data)
{
  assert_open_fails (fixture, REFRACT_ERROR_MEMORY, "4096 cells");
}

static void
test_bad_model (Fixture *fixture, gconstpointer data)
{
  assert_open_fails (fixture, REFRACT_ERROR_MODEL, "unknown model architecture");
}

static void
test_hangs (Fixture *fixture, gconstpointer data)
{
  g_object_set (get_backend (fixture), "silence-limit", 1, NULL);
  assert_open_fails (fixture, REFRACT_ERROR_ENGINE, "hangs");
}

static void
test_cancel_start (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GThread *thread;

  g_assert_nonnull (refract_backend_detect (get_backend (fixture), NULL, NULL));
  thread = g_thread_new ("cancel", cancel_later, cancellable);
  g_assert_null (open_session (fixture, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
}

static void
test_garbage_health (Fixture *fixture, gconstpointer data)
{
  assert_open_fails (fixture, REFRACT_ERROR_ENGINE, "Hello!");
}

static void
test_other_type (Fixture *fixture, gconstpointer data)
{
  assert_open_fails (fixture, REFRACT_ERROR_NOT_ENGAGED,
                     "K q4_0 / V q4_0 was asked for, but the engine allocated K q8_0 / V q4_0");
}

static void
test_no_kv_line (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractSession) session = open_session (fixture, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpint (refract_session_get_kv_in_use (session)->evidence, ==, REFRACT_EVIDENCE_NONE);
}

/* ---- Talking ---- */

static GPtrArray *
requests_for (RefractSession *session)
{
  static const char *const texts[] = { "ab", "cd" };
  GPtrArray *requests = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_request_free);
  guint i;

  for (i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GArray) ids
          = refract_session_tokenize (session, texts[i], TRUE, FALSE, NULL, NULL);

      g_assert_nonnull (ids);
      g_ptr_array_add (requests, refract_request_new (texts[i], ids, 3));
    }
  return requests;
}

static void
count_tokens (guint64 n_tokens, gpointer user_data)
{
  *(guint64 *) user_data = n_tokens;
}

static void
test_generate (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractSession) session = open_session (fixture, NULL, &error);
  g_autoptr (GPtrArray) requests = requests_for (session);
  g_autoptr (GPtrArray) generations = NULL;
  g_autoptr (GArray) chat = NULL;
  g_autofree char *text = NULL;
  const RefractGeneration *second;
  guint64 n_tokens = 0;
  guint before = refract_session_get_n_requests (session);

  generations = refract_session_generate (session, requests, count_tokens, &n_tokens, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (refract_session_get_n_requests (session), ==, before + 1);
  g_assert_cmpuint (n_tokens, ==, 6);
  second = g_ptr_array_index (generations, 1);
  g_assert_cmpuint (second->ids->len, ==, 3);
  g_assert_cmpint (g_array_index (second->ids, gint32, 0), ==, 'd');
  g_assert_cmpfloat (second->prompt_ms, ==, 2);
  g_assert_cmpfloat (second->predicted_ms, ==, 3);

  /* the template writes its own BOS: there must be one, not two */
  chat = refract_session_tokenize_chat (session, NULL, "Hi", NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (chat->len, ==, 3);
  g_assert_cmpint (g_array_index (chat, gint32, 0), ==, 1);
  g_assert_cmpint (g_array_index (chat, gint32, 1), ==, 'H');
  g_assert_false (refract_session_has_thinking_template (session));
  text = refract_session_detokenize (session, chat, NULL, &error);
  g_assert_cmpstr (text, ==, "text");

  g_assert_cmpuint (refract_session_close (session), >, 100000);
  g_assert_cmpuint (refract_session_close (session), >, 100000);
  g_assert_null (refract_session_generate (session, requests, NULL, NULL, NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE);
}

static void
test_eos_left_out (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractSession) session = open_session (fixture, NULL, &error);
  g_autoptr (GPtrArray) requests = requests_for (session);
  g_autoptr (GPtrArray) generations
      = refract_session_generate (session, requests, NULL, NULL, NULL, &error);
  const RefractGeneration *first;

  g_assert_no_error (error);
  first = g_ptr_array_index (generations, 0);
  g_assert_cmpuint (first->ids->len, ==, 3);
  g_assert_cmpint (g_array_index (first->ids, gint32, 2), ==, 2);
  g_assert_cmpint (first->stop, ==, REFRACT_STOP_EOS);
}

static void
test_thinks (Fixture *fixture, gconstpointer data)
{
  g_autoptr (RefractSession) session = open_session (fixture, NULL, NULL);
  g_autofree char *prompt = refract_session_apply_template (session, "s", "u", NULL, NULL);

  g_assert_nonnull (prompt);
  g_assert_true (refract_session_has_thinking_template (session));
}

static void
test_no_tokens (Fixture *fixture, gconstpointer data)
{
  g_autoptr (RefractSession) session = open_session (fixture, NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (refract_session_tokenize (session, "x", TRUE, TRUE, NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE);
}

static void
assert_generate_fails (Fixture *fixture, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractSession) session = open_session (fixture, NULL, &error);
  g_autoptr (GPtrArray) requests = NULL;

  g_assert_no_error (error);
  requests = requests_for (session);
  g_assert_null (refract_session_generate (session, requests, NULL, NULL, NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, words));
}

static void
test_completion_garbage (Fixture *fixture, gconstpointer data)
{
  assert_generate_fails (fixture, "not JSON (“<html>”)");
}

static void
test_completion_half (Fixture *fixture, gconstpointer data)
{
  assert_generate_fails (fixture, "stopped answering");
}

static void
test_completion_refused (Fixture *fixture, gconstpointer data)
{
  assert_generate_fails (fixture, "no context left");
}

static void
test_completion_truncated (Fixture *fixture, gconstpointer data)
{
  assert_generate_fails (fixture, "ran out of context while it answered “ab”");
}

static void
test_completion_dies (Fixture *fixture, gconstpointer data)
{
  assert_generate_fails (fixture, "GGML_ASSERT(false) failed");
}

static void
test_completion_hangs (Fixture *fixture, gconstpointer data)
{
  g_object_set (get_backend (fixture), "silence-limit", 1, NULL);
  assert_generate_fails (fixture, "hangs");
}

static void
test_completion_cancel (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractSession) session = open_session (fixture, NULL, &error);
  g_autoptr (GPtrArray) requests = requests_for (session);
  GThread *thread = g_thread_new ("cancel", cancel_later, cancellable);

  g_assert_null (refract_session_generate (session, requests, NULL, NULL, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
}

/* ---- Log-probabilities ---- */

typedef struct
{
  GString *bytes;
  gboolean refuse;
} Reading;

static gboolean
read_all (int fd, gpointer user_data, GCancellable *cancellable, GError **error)
{
  Reading *reading = user_data;
  char buffer[4];
  ssize_t n;

  while ((n = read (fd, buffer, sizeof buffer)) > 0)
    {
      g_string_append_len (reading->bytes, buffer, n);
      if (reading->refuse)
        break;
    }
  close (fd);
  if (g_str_equal (reading->bytes->str, "some bytes"))
    return TRUE;
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK, "read “%s”", reading->bytes->str);
  return FALSE;
}

static RefractLogitsRun *
run_logits (Fixture *fixture, Reading *reading, GCancellable *cancellable, GError **error)
{
  const RefractLogitsSpec spec = { "corpus.txt", 512, 4 };

  reading->bytes = g_string_new (NULL);
  return refract_backend_logits (get_backend (fixture), fixture->model, fixture->kv, &spec,
                                 read_all, reading, cancellable, error);
}

static void
assert_logits_fail (Fixture *fixture, gboolean refuse, int code, const char *words)
{
  g_autoptr (GError) error = NULL;
  Reading reading = { .refuse = refuse };

  g_assert_null (run_logits (fixture, &reading, NULL, &error));
  g_assert_error (error, REFRACT_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, words));
  g_string_free (reading.bytes, TRUE);
}

static void
test_logits (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractLogitsRun) run = NULL;
  Reading reading = { .refuse = FALSE };

  run = run_logits (fixture, &reading, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (reading.bytes->str, ==, "some bytes");
  g_assert_cmpfloat (run->compute_seconds, ==, 1.2345);
  g_assert_cmpstr (run->kv_in_use->type_v, ==, "q4_0");
  g_assert_cmpuint (run->peak_rss, >, 100000);
  assert_arguments (fixture,
                    "--model model.gguf --threads 3 --batch-size 2048 --ubatch-size 512 "
                    "--cache-type-k q4_0 --cache-type-v q4_0 --flash-attn on --fit off --offline "
                    "--verbosity 4 --file corpus.txt --ctx-size 512 --chunks 4 "
                    "--kl-divergence-base logits");
  g_string_free (reading.bytes, TRUE);
}

static void
test_logits_missing (Fixture *fixture, gconstpointer data)
{
  remove_program (fixture, "llama-perplexity");
  assert_logits_fail (fixture, FALSE, REFRACT_ERROR_ENGINE_MISSING, "llama-perplexity");
}

static void
test_logits_too_short (Fixture *fixture, gconstpointer data)
{
  assert_logits_fail (fixture, FALSE, REFRACT_ERROR_INPUT,
                      "“corpus.txt” is too short: it has 7 tokens, and a context of 512 needs at "
                      "least 1024");
}

static void
test_logits_few_chunks (Fixture *fixture, gconstpointer data)
{
  assert_logits_fail (fixture, FALSE, REFRACT_ERROR_INPUT, "gives 1 chunks of 512 tokens, 4 were");
}

static void
test_logits_never_opens (Fixture *fixture, gconstpointer data)
{
  assert_logits_fail (fixture, FALSE, REFRACT_ERROR_ENGINE,
                      "not whole: llama-perplexity exited with status 0");
}

static void
test_logits_dies (Fixture *fixture, gconstpointer data)
{
  assert_logits_fail (fixture, FALSE, REFRACT_ERROR_ENGINE, "was ended by signal 6");
}

static void
test_logits_other_type (Fixture *fixture, gconstpointer data)
{
  assert_logits_fail (fixture, FALSE, REFRACT_ERROR_NOT_ENGAGED, "K q8_0");
}

/* A reader that gives up ends the program, which has more to write. */
static void
test_logits_refused (Fixture *fixture, gconstpointer data)
{
  assert_logits_fail (fixture, TRUE, REFRACT_ERROR_DISK, "read “some”");
}

static void
test_logits_hang (Fixture *fixture, gconstpointer data)
{
  g_object_set (get_backend (fixture), "silence-limit", 1, NULL);
  assert_logits_fail (fixture, FALSE, REFRACT_ERROR_ENGINE, "hangs");
}

static void
test_logits_cancel (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GThread *thread;
  Reading reading = { .refuse = FALSE };

  g_assert_nonnull (refract_backend_detect (get_backend (fixture), NULL, NULL));
  thread = g_thread_new ("cancel", cancel_later, cancellable);
  g_assert_null (run_logits (fixture, &reading, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
  g_string_free (reading.bytes, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("faults/start/exits", "exit", test_exits);
  ADD ("faults/start/out-of-memory", "out-of-memory", test_out_of_memory);
  ADD ("faults/start/killed", "killed", test_out_of_memory);
  ADD ("faults/start/model", "model", test_bad_model);
  ADD ("faults/start/hangs", "hang", test_hangs);
  ADD ("faults/start/cancel", "hang", test_cancel_start);
  ADD ("faults/start/garbage", "health-garbage", test_garbage_health);
  ADD ("faults/start/other-type", "other-type", test_other_type);
  ADD ("faults/start/no-kv-line", "no-kv-line", test_no_kv_line);
  ADD ("faults/talk/generate", NULL, test_generate);
  ADD ("faults/talk/eos-left-out", "eos-left-out", test_eos_left_out);
  ADD ("faults/talk/thinks", "thinks", test_thinks);
  ADD ("faults/talk/no-tokens", "no-tokens", test_no_tokens);
  ADD ("faults/talk/garbage", "completion-garbage", test_completion_garbage);
  ADD ("faults/talk/half", "completion-half", test_completion_half);
  ADD ("faults/talk/refused", "completion-refused", test_completion_refused);
  ADD ("faults/talk/truncated", "completion-truncated", test_completion_truncated);
  ADD ("faults/talk/dies", "completion-dies", test_completion_dies);
  ADD ("faults/talk/hangs", "completion-hangs", test_completion_hangs);
  ADD ("faults/talk/cancel", "completion-hangs", test_completion_cancel);
  ADD ("faults/logits/whole", NULL, test_logits);
  ADD ("faults/logits/opens-late", "opens-late", test_logits);
  ADD ("faults/logits/missing", NULL, test_logits_missing);
  ADD ("faults/logits/too-short", "too-short", test_logits_too_short);
  ADD ("faults/logits/few-chunks", "few-chunks", test_logits_few_chunks);
  ADD ("faults/logits/never-opens", "never-opens", test_logits_never_opens);
  ADD ("faults/logits/dies", "dies", test_logits_dies);
  ADD ("faults/logits/other-type", "other-type", test_logits_other_type);
  ADD ("faults/logits/refused", "stalls", test_logits_refused);
  ADD ("faults/logits/hangs", "hang", test_logits_hang);
  ADD ("faults/logits/cancel", "stalls", test_logits_cancel);
  return g_test_run ();
}
