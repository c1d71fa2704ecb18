/* test-llamacpp.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* The llama.cpp backend with the real llama.cpp and the bundled model. */

#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "backends/refract-backend-llamacpp.h"
#include "core/refract-error.h"
#include "core/refract-logits.h"

/* Everything that a process of ours starts can be found by it in /proc. */
#define MARK "REFRACT_TEST_MARK"
#define LIMIT (2 * G_TIME_SPAN_SECOND)
#define N_CELLS 4096

static const char *self_path;
static char *mark;

static char *
in_tree (const char *name)
{
  return g_build_filename (g_getenv ("REFRACT_DATA_DIR"), "data", "demo", name, NULL);
}

static RefractModel *
load_model (void)
{
  g_autofree char *path = in_tree ("model.gguf");
  g_autoptr (GError) error = NULL;
  RefractModel *model = refract_model_new_from_file (path, NULL, &error);

  g_assert_no_error (error);
  return model;
}

static RefractBackend *
new_backend (const char *folder)
{
  const RefractBackendOptions options
      = { .engine_dir = (char *) folder, .n_gpu_layers = -1, .threads = 1 };

  return refract_backend_llamacpp_new (&options);
}

static RefractSession *
open_in (const char *folder,
         const char *kv_text,
         guint n_slots,
         GCancellable *cancellable,
         GError **error)
{
  g_autoptr (RefractBackend) backend = new_backend (folder);
  g_autoptr (RefractModel) model = load_model ();
  g_autoptr (RefractKvConfig) kv = refract_kv_config_parse (kv_text, NULL);
  const RefractSessionNeeds needs = { n_slots, N_CELLS };

  g_assert_nonnull (kv);
  return refract_backend_open (backend, model, kv, &needs, cancellable, error);
}

static RefractSession *
open_session (const char *kv_text, guint n_slots)
{
  g_autoptr (GError) error = NULL;
  RefractSession *session = open_in (NULL, kv_text, n_slots, NULL, &error);

  g_assert_no_error (error);
  return session;
}

static GPtrArray *
make_requests (RefractSession *session, guint n, guint n_predict)
{
  GPtrArray *requests = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_request_free);
  guint i;

  for (i = 0; i < n; i++)
    {
      g_autofree char *text = g_strdup_printf ("The %u ships of the harbour were", 3 * i + 2);
      g_autoptr (GError) error = NULL;
      g_autoptr (GArray) ids = refract_session_tokenize (session, text, TRUE, FALSE, NULL, &error);

      g_assert_no_error (error);
      g_ptr_array_add (requests, refract_request_new (text, ids, n_predict));
    }
  return requests;
}

static GPtrArray *
generate (RefractSession *session, GPtrArray *requests)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *generations = refract_session_generate (session, requests, NULL, NULL, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (generations->len, ==, requests->len);
  return generations;
}

static void
assert_same_ids (GPtrArray *a, guint i, GPtrArray *b, guint k)
{
  const RefractGeneration *x = g_ptr_array_index (a, i), *y = g_ptr_array_index (b, k);

  g_assert_cmpmem (x->ids->data, x->ids->len * sizeof (gint32), y->ids->data,
                   y->ids->len * sizeof (gint32));
}

static void
test_detect (void)
{
  g_autoptr (RefractBackend) backend = new_backend (NULL);
  g_autoptr (GError) error = NULL;
  const RefractEngineInfo *info = refract_backend_detect (backend, NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (strlen (info->build), >, 0);
  g_assert_true (g_strv_contains ((const char *const *) info->kv_types, "q5_1"));
}

static void
test_tokens (void)
{
  g_autoptr (RefractSession) session = open_session ("ctk=f16,ctv=f16", 1);
  g_autoptr (GArray) with = refract_session_tokenize (session, "Hello", TRUE, FALSE, NULL, NULL);
  g_autoptr (GArray) without
      = refract_session_tokenize (session, "Hello", FALSE, FALSE, NULL, NULL);
  g_autoptr (GArray) chat
      = refract_session_tokenize_chat (session, "Be kind.", "Hello", NULL, NULL);
  g_autofree char *prompt
      = refract_session_apply_template (session, "Be kind.", "Hello", NULL, NULL);
  g_autofree char *text = refract_session_detokenize (session, without, NULL, NULL);

  g_assert_cmpuint (with->len, ==, without->len + 1);
  g_assert_nonnull (strstr (prompt, "Be kind."));
  g_assert_nonnull (strstr (prompt, "Hello"));
  g_assert_nonnull (strstr (text, "Hello"));
  g_assert_cmpint (g_array_index (chat, gint32, 0), ==, g_array_index (with, gint32, 0));
  g_assert_cmpint (g_array_index (chat, gint32, 1), !=, g_array_index (with, gint32, 0));
  g_assert_false (refract_session_has_thinking_template (session));
}

static void
test_generate (void)
{
  g_autoptr (RefractSession) session = open_session ("ctk=f16,ctv=f16", 4);
  g_autoptr (GPtrArray) requests = make_requests (session, 4, 32);
  g_autoptr (GPtrArray) first = generate (session, requests);
  g_autoptr (GPtrArray) second = generate (session, requests);
  guint i;

  for (i = 0; i < first->len; i++)
    {
      const RefractGeneration *generation = g_ptr_array_index (first, i);
      const RefractRequest *request = g_ptr_array_index (requests, i);

      assert_same_ids (first, i, second, i);
      g_assert_cmpuint (generation->ids->len, >, 0);
      g_assert_cmpuint (generation->ids->len, <=, 32);
      g_assert_true (generation->ids->len == 32 || generation->stop == REFRACT_STOP_EOS);
      g_assert_cmpuint (generation->n_prompt, ==, request->ids->len);
      g_assert_cmpfloat (generation->prompt_ms, >, 0);
      g_assert_cmpfloat (generation->predicted_ms, >, 0);
      g_assert_cmpuint (strlen (generation->text), >, 0);
    }
  g_assert_cmpuint (refract_session_close (session), >, 1 << 20);
}

/* The ids of an answer do not depend on how many are decoded side by side. */
static void
test_slots (void)
{
  static const char *const kvs[] = { "ctk=f16,ctv=f16", "ctk=q8_0,ctv=q4_0" };
  guint i, k;

  for (k = 0; k < G_N_ELEMENTS (kvs); k++)
    {
      g_autoptr (RefractSession) many = open_session (kvs[k], 8);
      g_autoptr (RefractSession) single = open_session (kvs[k], 1);
      g_autoptr (GPtrArray) requests = make_requests (many, 8, 48);
      g_autoptr (GPtrArray) together = generate (many, requests);

      for (i = 0; i < requests->len; i++)
        {
          g_autoptr (GPtrArray) one = g_ptr_array_new ();
          g_autoptr (GPtrArray) alone = NULL;

          g_ptr_array_add (one, g_ptr_array_index (requests, i));
          alone = generate (single, one);
          assert_same_ids (together, i, alone, 0);
        }
    }
}

static void
test_kv_in_use (void)
{
  static const struct
  {
    const char *kv, *type_k, *type_v;
    int rotation;
  } cases[] = {
    { "ctk=f16,ctv=f16", "f16", "f16", 0 },
    { "ctk=q8_0,ctv=q8_0", "q8_0", "q8_0", 1 },
    { "ctk=q4_0,ctv=q4_0", "q4_0", "q4_0", 1 },
    { "ctk=q4_0,ctv=q4_0,attn_rot_disable=1", "q4_0", "q4_0", 0 },
  };
  g_autoptr (RefractModel) model = load_model ();
  guint i;

  for (i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractSession) session = open_session (cases[i].kv, 2);
      g_autoptr (RefractKvConfig) kv = refract_kv_config_parse (cases[i].kv, NULL);
      const RefractKvInUse *in_use = refract_session_get_kv_in_use (session);
      double bytes = refract_kv_config_get_bytes_per_token (kv, model);
      guint n_cells;

      g_assert_cmpint (in_use->evidence, ==, REFRACT_EVIDENCE_PROVED);
      g_assert_cmpstr (in_use->type_k, ==, cases[i].type_k);
      g_assert_cmpstr (in_use->type_v, ==, cases[i].type_v);
      g_assert_cmpint (in_use->rotation_k, ==, cases[i].rotation);
      g_assert_cmpint (in_use->rotation_v, ==, cases[i].rotation);
      n_cells = N_CELLS * refract_session_get_n_slots (session); /* each slot has its own */
      g_assert_cmpuint (in_use->n_cells, ==, n_cells);
      /* the log rounds to a hundredth of a MiB */
      g_assert_cmpfloat_with_epsilon (in_use->buffer_mib, bytes * n_cells / (1 << 20), 0.0051);
    }
}

static void
test_unknown_type (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (open_in (NULL, "ctk=turbo9,ctv=f16", 1, NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG);
}

/* A build that stores K in another type than it was told, as some forks do. */
static void
test_not_engaged (void)
{
  g_autofree char *folder = g_dir_make_tmp ("refract-test-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "llama-server", NULL);
  g_autofree char *server = g_find_program_in_path ("llama-server");
  g_autofree char *script = g_strdup_printf (
      "#!/bin/sh\ncase $1 in --model) exec '%s' \"$@\" -ctk q8_0;; *) exec '%s' \"$@\";; esac\n",
      server, server);
  g_autoptr (GError) error = NULL;

  g_assert_true (g_file_set_contents_full (path, script, -1, G_FILE_SET_CONTENTS_NONE, 0755, NULL));
  g_assert_null (open_in (folder, "ctk=q4_0,ctv=q4_0", 1, NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_NOT_ENGAGED);
  g_assert_nonnull (strstr (error->message, "K q4_0 / V q4_0 was asked for"));
  g_assert_nonnull (strstr (error->message, "allocated K q8_0 / V q4_0"));
  g_unlink (path);
  g_rmdir (folder);
}

/* A model that is whole for us and damaged for the engine. */
static void
test_bad_model (void)
{
  g_autofree char *folder = g_dir_make_tmp ("refract-test-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "model.gguf", NULL);
  g_autofree char *original = in_tree ("model.gguf"), *contents = NULL;
  g_autoptr (RefractBackend) backend = new_backend (NULL);
  g_autoptr (RefractModel) model = NULL;
  g_autoptr (RefractKvConfig) kv = refract_kv_config_parse ("ctk=f16,ctv=f16", NULL);
  const RefractSessionNeeds needs = { 1, 512 };
  g_autoptr (GError) error = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (original, &contents, &length, NULL));
  g_assert_true (g_file_set_contents (path, contents, (gssize) length, NULL));
  model = refract_model_new_from_file (path, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_set_contents (path, contents, (gssize) length / 2, NULL));
  g_assert_null (refract_backend_open (backend, model, kv, &needs, NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL);
  g_unlink (path);
  g_rmdir (folder);
}

/* ---- Ends ---- */

/* Processes that carry @text in their environment and @name in their command line. */
static guint
find_marked (const char *text, const char *name, pid_t *found)
{
  g_autoptr (GDir) proc = g_dir_open ("/proc", 0, NULL);
  const char *entry;
  guint n = 0;

  while ((entry = g_dir_read_name (proc)) != NULL)
    {
      g_autofree char *environ_path = g_build_filename ("/proc", entry, "environ", NULL);
      g_autofree char *command_path = g_build_filename ("/proc", entry, "cmdline", NULL);
      g_autofree char *variables = NULL, *command = NULL;
      gsize length = 0, command_length = 0;

      if (!g_ascii_isdigit (entry[0])
          || !g_file_get_contents (environ_path, &variables, &length, NULL)
          || !g_file_get_contents (command_path, &command, &command_length, NULL)
          || memmem (variables, length, text, strlen (text)) == NULL
          || memmem (command, command_length, name, strlen (name)) == NULL)
        continue;
      if (found != NULL && memcmp (command, "/", 1) == 0 && strstr (command, name) != NULL)
        *found = atoi (entry);
      n++;
    }
  return n;
}

static gpointer
kill_engine (gpointer data)
{
  pid_t pid = 0;

  g_usleep (150000);
  while (find_marked (mark, "llama-server", &pid) == 0 || pid == 0)
    g_usleep (10000);
  kill (pid, SIGKILL);
  return NULL;
}

static void
test_killed (void)
{
  g_autoptr (RefractSession) session = open_session ("ctk=f16,ctv=f16", 2);
  g_autoptr (GPtrArray) requests = make_requests (session, 2, 2000);
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) generations = NULL;
  GThread *thread = g_thread_new ("kill", kill_engine, NULL);

  do
    {
      g_clear_pointer (&generations, g_ptr_array_unref);
      generations = refract_session_generate (session, requests, NULL, NULL, NULL, &error);
    }
  while (generations != NULL);
  g_thread_join (thread);
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE);
  g_assert_nonnull (strstr (error->message, "killed by signal 9"));
  g_assert_cmpuint (find_marked (mark, "llama-server", NULL), ==, 0);
}

static gpointer
cancel_later (gpointer data)
{
  g_usleep (100000);
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_cancel_decode (void)
{
  g_autoptr (RefractSession) session = open_session ("ctk=f16,ctv=f16", 2);
  g_autoptr (GPtrArray) requests = make_requests (session, 2, 2000);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) generations = NULL;
  GThread *thread = g_thread_new ("cancel", cancel_later, cancellable);

  do
    {
      g_clear_pointer (&generations, g_ptr_array_unref);
      generations = refract_session_generate (session, requests, NULL, NULL, cancellable, &error);
    }
  while (generations != NULL);
  g_thread_join (thread);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  refract_session_close (session);
  g_assert_cmpuint (find_marked (mark, "llama-server", NULL), ==, 0);
}

/* ---- Log-probabilities ---- */

typedef struct
{
  GChecksum *checksum;
  guint64 n_bytes;
} Reading;

static gboolean
read_all (int fd, gpointer user_data, GCancellable *cancellable, GError **error)
{
  Reading *reading = user_data;
  guint8 buffer[65536];
  ssize_t n;

  while ((n = read (fd, buffer, sizeof buffer)) > 0)
    {
      g_checksum_update (reading->checksum, buffer, n);
      reading->n_bytes += (guint64) n;
    }
  close (fd);
  return n == 0;
}

static RefractLogitsRun *
run_logits (const char *kv_text,
            guint n_chunks,
            RefractLogitsFunc func,
            gpointer user_data,
            GCancellable *cancellable,
            GError **error)
{
  g_autoptr (RefractBackend) backend = new_backend (NULL);
  g_autoptr (RefractModel) model = load_model ();
  g_autoptr (RefractKvConfig) kv = refract_kv_config_parse (kv_text, NULL);
  g_autofree char *corpus = in_tree ("corpus.txt");
  const RefractLogitsSpec spec = { corpus, 512, n_chunks };

  return refract_backend_logits (backend, model, kv, &spec, func, user_data, cancellable, error);
}

static void
test_logits (void)
{
  g_autoptr (RefractModel) model = load_model ();
  const RefractLogitsShape shape
      = { REFRACT_LOGITS_16BIT, 512, refract_model_get_info (model)->n_vocab, 6, 0 };
  g_autofree char *known = NULL;
  guint i;

  for (i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RefractLogitsRun) run = NULL;
      Reading reading = { g_checksum_new (G_CHECKSUM_SHA256), 0 };

      run = run_logits ("ctk=q8_0,ctv=q4_0", 6, read_all, &reading, NULL, &error);
      g_assert_no_error (error);
      g_assert_cmpuint (reading.n_bytes, ==, refract_logits_file_size (&shape));
      if (known != NULL)
        g_assert_cmpstr (g_checksum_get_string (reading.checksum), ==, known);
      else
        known = g_strdup (g_checksum_get_string (reading.checksum));
      g_assert_cmpstr (run->kv_in_use->type_k, ==, "q8_0");
      g_assert_cmpstr (run->kv_in_use->type_v, ==, "q4_0");
      g_assert_cmpint (run->kv_in_use->rotation_k, ==, 1);
      g_assert_cmpfloat (run->compute_seconds, >, 0);
      g_assert_cmpfloat (run->load_seconds, >, 0);
      g_assert_cmpuint (run->peak_rss, >, 1 << 20);
      g_checksum_free (reading.checksum);
    }
}

static gboolean
give_up (int fd, gpointer user_data, GCancellable *cancellable, GError **error)
{
  char byte;

  g_assert_cmpint (read (fd, &byte, 1), ==, 1);
  close (fd);
  g_usleep (G_USEC_PER_SEC); /* the program runs into the closed pipe, if it is closed */
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK, "no room");
  return FALSE;
}

/* The reader's own reason, not how the program ended because of it. */
static void
test_logits_reader_gives_up (void)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (run_logits ("ctk=f16,ctv=f16", 64, give_up, NULL, NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK);
  g_assert_cmpstr (error->message, ==, "no room");
  g_assert_cmpuint (find_marked (mark, "llama-perplexity", NULL), ==, 0);
}

static void
test_logits_corpus_too_short (void)
{
  g_autoptr (GError) error = NULL;
  Reading reading = { g_checksum_new (G_CHECKSUM_SHA256), 0 };

  g_assert_null (run_logits ("ctk=f16,ctv=f16", 100000, read_all, &reading, NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
  g_assert_nonnull (strstr (error->message, "corpus.txt"));
  g_checksum_free (reading.checksum);
}

static void
test_logits_cancel (void)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractLogitsRun) run = NULL;
  GThread *thread = g_thread_new ("cancel", cancel_later, cancellable);
  Reading reading = { g_checksum_new (G_CHECKSUM_SHA256), 0 };

  do
    {
      g_clear_pointer (&run, refract_logits_run_free);
      run = run_logits ("ctk=f16,ctv=f16", 64, read_all, &reading, cancellable, &error);
    }
  while (run != NULL);
  g_thread_join (thread);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (find_marked (mark, "llama-perplexity", NULL), ==, 0);
  g_checksum_free (reading.checksum);
}

static void
test_selftest (void)
{
  g_autoptr (RefractBackend) backend = new_backend (NULL);
  g_autoptr (RefractModel) model = load_model ();
  g_autoptr (GPtrArray) checks = refract_backend_selftest (backend, model, NULL);
  guint i;

  g_assert_cmpuint (checks->len, >=, 10);
  for (i = 0; i < checks->len; i++)
    {
      const RefractCheck *check = g_ptr_array_index (checks, i);

      g_test_message ("%s: %s", check->title, check->detail);
      g_assert_cmpint (check->status, ==, REFRACT_CHECK_PASSED);
    }
}

/* ---- kill -9 of the owner ---- */

static void G_GNUC_NORETURN
be_owner (const char *stage)
{
  g_autoptr (RefractSession) session = NULL;
  g_autoptr (GPtrArray) requests = NULL;
  gboolean prefill = g_str_equal (stage, "prefill");

  if (g_str_equal (stage, "prefill") || g_str_equal (stage, "decode"))
    {
      session = open_session ("ctk=q8_0,ctv=q8_0", 2);
      requests = make_requests (session, 1, prefill ? 1 : 2000);
      if (prefill)
        {
          GArray *ids = ((RefractRequest *) g_ptr_array_index (requests, 0))->ids;
          guint i;

          for (i = 0; i < 3000; i++)
            {
              gint32 id = g_array_index (ids, gint32, 1 + i % 5);

              g_array_append_val (ids, id);
            }
        }
    }
  puts ("go");
  fflush (stdout);
  for (;;)
    {
      if (g_str_equal (stage, "load"))
        g_object_unref (open_session ("ctk=q8_0,ctv=q8_0", 2));
      else if (g_str_equal (stage, "perplexity"))
        {
          Reading reading = { g_checksum_new (G_CHECKSUM_SHA256), 0 };

          refract_logits_run_free (
              run_logits ("ctk=f16,ctv=f16", 32, read_all, &reading, NULL, NULL));
          g_checksum_free (reading.checksum);
        }
      else
        g_ptr_array_unref (generate (session, requests));
    }
}

static void
kill_owner (const char *stage, guint delay_ms)
{
  static guint n_owners;
  g_autoptr (GSubprocessLauncher) launcher
      = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autofree char *value = g_strdup_printf ("%d-%u", getpid (), n_owners++);
  g_autofree char *entry = g_strdup_printf (MARK "=%s", value);
  g_autoptr (GSubprocess) owner = NULL;
  gint64 end_time;
  char line[3];

  g_subprocess_launcher_setenv (launcher, MARK, value, TRUE);
  owner = g_subprocess_launcher_spawn (launcher, NULL, self_path, "--own", stage, NULL);
  g_assert_cmpint (
      g_input_stream_read (g_subprocess_get_stdout_pipe (owner), line, sizeof line, NULL, NULL), ==,
      3);
  g_usleep (delay_ms * 1000);
  g_subprocess_force_exit (owner);
  g_subprocess_wait (owner, NULL, NULL);
  g_assert_true (g_subprocess_get_if_signaled (owner)); /* else it had ended before */
  g_assert_cmpint (g_subprocess_get_term_sig (owner), ==, SIGKILL);
  end_time = g_get_monotonic_time () + LIMIT;
  while (find_marked (entry, "", NULL) > 0)
    {
      g_assert_cmpint (g_get_monotonic_time (), <, end_time);
      g_usleep (20000);
    }
}

static void
test_owner_killed (gconstpointer data)
{
  guint n = g_test_thorough () ? 20 : 4, i;

  for (i = 0; i < n; i++)
    kill_owner (data, 10 + 37 * i);
}

int
main (int argc, char **argv)
{
  static const char *const stages[] = { "load", "prefill", "decode", "perplexity" };
  static const char *const programs[] = { "llama-server", "llama-perplexity" };
  guint i;

  self_path = argv[0];
  if (argc == 3 && g_str_equal (argv[1], "--own"))
    be_owner (argv[2]);

  g_test_init (&argc, &argv, NULL);
  for (i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_autofree char *found = g_find_program_in_path (programs[i]);

      if (found == NULL)
        {
          g_print ("1..0 # SKIP %s is not on PATH\n", programs[i]);
          return 0;
        }
    }
  mark = g_strdup_printf (MARK "=%d", getpid ());
  g_setenv (MARK, strchr (mark, '=') + 1, TRUE);

  g_test_add_func ("/llamacpp/detect", test_detect);
  g_test_add_func ("/llamacpp/tokens", test_tokens);
  g_test_add_func ("/llamacpp/generate", test_generate);
  g_test_add_func ("/llamacpp/slots", test_slots);
  g_test_add_func ("/llamacpp/kv-in-use", test_kv_in_use);
  g_test_add_func ("/llamacpp/unknown-type", test_unknown_type);
  g_test_add_func ("/llamacpp/not-engaged", test_not_engaged);
  g_test_add_func ("/llamacpp/bad-model", test_bad_model);
  g_test_add_func ("/llamacpp/killed", test_killed);
  g_test_add_func ("/llamacpp/cancel-decode", test_cancel_decode);
  g_test_add_func ("/llamacpp/logits/whole", test_logits);
  g_test_add_func ("/llamacpp/logits/reader-gives-up", test_logits_reader_gives_up);
  g_test_add_func ("/llamacpp/logits/too-short", test_logits_corpus_too_short);
  g_test_add_func ("/llamacpp/logits/cancel", test_logits_cancel);
  g_test_add_func ("/llamacpp/selftest", test_selftest);
  for (i = 0; i < G_N_ELEMENTS (stages); i++)
    {
      g_autofree char *path = g_strconcat ("/llamacpp/owner-killed/", stages[i], NULL);

      g_test_add_data_func (path, stages[i], test_owner_killed);
    }
  return g_test_run ();
}
