/* test-llamacpp-fake.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Finding llama.cpp, what it can do, and how it is started. */

#include "config.h"

#include "backends/refract-llamacpp-engine.h"
#include "engine/refract-process.h"
#include "llamacpp-fixture.h"

static void
assert_detect_fails (Fixture *fixture, int code, const char *words)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (refract_backend_detect (get_backend (fixture), NULL, &error));
  g_assert_error (error, REFRACT_ERROR, code);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, words));
}

/* ---- Finding ---- */

static void
test_detect (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const RefractEngineInfo *info = refract_backend_detect (get_backend (fixture), NULL, &error);
  guint n_spawned = refract_process_get_n_spawned ();

  g_assert_no_error (error);
  g_assert_cmpstr (info->name, ==, "llama.cpp");
  g_assert_cmpstr (info->version, ==, "0.7.0 (b11669-Debian)");
  g_assert_cmpstr (info->build, ==, "11669");
  g_assert_true (g_strv_contains ((const char *const *) info->kv_types, "iq4_nl"));
  g_assert_cmpuint (g_strv_length (info->devices), ==, 2);
  g_assert_true (g_str_has_suffix (info->program, "/llama-server"));
  g_assert_true (refract_backend_detect (get_backend (fixture), NULL, NULL) == info);
  g_assert_cmpuint (refract_process_get_n_spawned (), ==, n_spawned);
}

/* Folders as builds and environments have them. */
static void
test_places (Fixture *fixture, gconstpointer data)
{
  g_autofree char *inner = g_build_filename (fixture->folder, "build", "bin", NULL);
  g_autofree char *outer = g_build_filename (fixture->folder, "build", NULL);
  g_autofree char *server = g_build_filename (fixture->folder, "llama-server", NULL);
  g_autofree char *moved = g_build_filename (inner, "llama-server", NULL);
  g_autoptr (GError) error = NULL;
  const RefractEngineInfo *info;

  fixture->options.engine_dir = NULL;
  g_setenv ("LLAMA_CPP_BIN_DIR", "/nonexistent/older", TRUE);
  assert_detect_fails (fixture, REFRACT_ERROR_ENGINE_MISSING, "LLAMA_CPP_BIN_DIR");
  g_setenv ("REFRACT_LLAMA_CPP_DIR", fixture->folder, TRUE);
  info = refract_backend_detect (get_backend (fixture), NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (info->program, ==, server);
  g_unsetenv ("REFRACT_LLAMA_CPP_DIR");
  g_unsetenv ("LLAMA_CPP_BIN_DIR");
  g_clear_object (&fixture->backend);

  /* the program itself, and the folder of a source tree */
  fixture->options.engine_dir = server;
  info = refract_backend_detect (get_backend (fixture), NULL, &error);
  g_assert_no_error (error);
  g_clear_object (&fixture->backend);

  g_assert_cmpint (g_mkdir_with_parents (inner, 0700), ==, 0);
  g_assert_cmpint (g_rename (server, moved), ==, 0);
  fixture->options.engine_dir = fixture->folder;
  {
    /* what the programs say lies beside them */
    static const char *const names[] = { "help", "version", "devices", "mode" };
    guint i;

    for (i = 0; i < G_N_ELEMENTS (names); i++)
      {
        g_autofree char *target = g_build_filename ("..", "..", names[i], NULL);
        g_autofree char *path = g_build_filename (inner, names[i], NULL);

        g_assert_cmpint (symlink (target, path), ==, 0);
      }
    info = refract_backend_detect (get_backend (fixture), NULL, &error);
    g_assert_no_error (error);
    g_assert_cmpstr (info->program, ==, moved);
    for (i = 0; i < G_N_ELEMENTS (names); i++)
      {
        g_autofree char *path = g_build_filename (inner, names[i], NULL);

        g_unlink (path);
      }
  }
  g_unlink (moved);
  g_rmdir (inner);
  g_rmdir (outer);
}

static void
test_missing (Fixture *fixture, gconstpointer data)
{
  g_autofree char *path = g_strdup (g_getenv ("PATH"));

  remove_program (fixture, "llama-server");
  assert_detect_fails (fixture, REFRACT_ERROR_ENGINE_MISSING, fixture->folder);
  g_clear_object (&fixture->backend);

  fixture->options.engine_dir = NULL;
  g_setenv ("PATH", "/nonexistent", TRUE);
  assert_detect_fails (fixture, REFRACT_ERROR_ENGINE_MISSING, "llama.cpp-tools");
  g_setenv ("PATH", path, TRUE);

  /* mended: the same backend finds it */
  g_clear_object (&fixture->backend);
  fixture->options.engine_dir = fixture->folder;
  assert_detect_fails (fixture, REFRACT_ERROR_ENGINE_MISSING, fixture->folder);
  link_program (fixture, "llama-server");
  g_assert_nonnull (refract_backend_detect (get_backend (fixture), NULL, NULL));
}

static void
test_not_executable (Fixture *fixture, gconstpointer data)
{
  remove_program (fixture, "llama-server");
  write_file (fixture, "llama-server", "#!/bin/sh\n");
  assert_detect_fails (fixture, REFRACT_ERROR_ENGINE_MISSING, "chmod");
}

static void
test_wrong_program (Fixture *fixture, gconstpointer data)
{
  write_file (fixture, "help", "Usage: server [--model FILE]\n");
  assert_detect_fails (fixture, REFRACT_ERROR_ENGINE_MISSING, "Usage: server");
  write_file (fixture, "help", "");
  assert_detect_fails (fixture, REFRACT_ERROR_ENGINE_MISSING, "does not answer --help");
  write_file (fixture, "help", "\001\377garbage");
  assert_detect_fails (fixture, REFRACT_ERROR_ENGINE_MISSING, "garbage");
}

static void
test_library (Fixture *fixture, gconstpointer data)
{
  assert_detect_fails (fixture, REFRACT_ERROR_ENGINE_MISSING, "shared library libllama.so.0");
}

static void
test_too_old (Fixture *fixture, gconstpointer data)
{
  use_recorded (fixture, "help", "b4500-server-help.txt");
  write_file (fixture, "version", "version: 4500 (0a0a0a0a)\n");
  assert_detect_fails (fixture, REFRACT_ERROR_ENGINE_MISSING, "(b4500-0a0a0a0a) is too old");
  assert_detect_fails (fixture, REFRACT_ERROR_ENGINE_MISSING, REFRACT_LLAMACPP_OLDEST);
}

static void
test_cancel_detect (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GThread *thread = g_thread_new ("cancel", cancel_later, cancellable);

  g_assert_null (refract_backend_detect (get_backend (fixture), cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
}

/* ---- Self-test ---- */

static const RefractCheck *
find_check (GPtrArray *checks, const char *title)
{
  guint i;

  for (i = 0; i < checks->len; i++)
    {
      const RefractCheck *check = g_ptr_array_index (checks, i);

      if (g_str_equal (check->title, title))
        return check;
    }
  g_error ("no check %s", title);
}

static void
test_selftest (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GPtrArray) checks = NULL, broken = NULL;
  guint i;

  remove_program (fixture, "llama-perplexity");
  checks = refract_backend_selftest (get_backend (fixture), fixture->model, NULL);
  g_assert_cmpint (find_check (checks, "llama-server")->status, ==, REFRACT_CHECK_PASSED);
  g_assert_cmpint (find_check (checks, "llama-perplexity")->status, ==, REFRACT_CHECK_WARNING);
  g_assert_nonnull (find_check (checks, "llama-perplexity")->remedy);
  g_assert_cmpint (find_check (checks, "Model")->status, ==, REFRACT_CHECK_PASSED);
  g_assert_cmpint (find_check (checks, "Greedy decode")->status, ==, REFRACT_CHECK_PASSED);
  g_assert_nonnull (strstr (find_check (checks, "GPU devices")->detail, "H100"));
  for (i = 0; i < checks->len; i++)
    {
      const RefractCheck *check = g_ptr_array_index (checks, i);

      g_assert_cmpint (check->remedy == NULL, ==, check->status == REFRACT_CHECK_PASSED);
    }

  write_file (fixture, "mode", "library");
  g_clear_object (&fixture->backend);
  broken = refract_backend_selftest (get_backend (fixture), fixture->model, NULL);
  g_assert_cmpint (find_check (broken, "llama-server")->status, ==, REFRACT_CHECK_FAILED);
  g_assert_nonnull (strstr (find_check (broken, "llama-server")->remedy, "LD_LIBRARY_PATH"));
}

/* ---- Command lines ---- */

static void
test_command (Fixture *fixture, gconstpointer data)
{
  char *flags[] = { "-ub", "256", "--chat-template", "chatml", NULL };
  g_autoptr (RefractSession) session = NULL;
  g_autoptr (GError) error = NULL;

  fixture->options.engine_flags = flags;
  fixture->options.n_gpu_layers = 20;
  session = open_session (fixture, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (refract_session_get_n_slots (session), ==, 4);
  g_assert_cmpuint (refract_session_get_context_cells (session), ==, 1024);
  g_assert_cmpuint (refract_session_get_n_requests (session), ==, 0);
  assert_arguments (
      fixture,
      "--model model.gguf --threads 3 --batch-size 2048 --ubatch-size 512 --n-gpu-layers 20 "
      "--cache-type-k q4_0 --cache-type-v q4_0 --flash-attn on --fit off --offline --verbosity 4 "
      "--ctx-size 4096 --parallel 4 --host engine.sock --cache-ram 0 --ctx-checkpoints 0 "
      "--no-cache-prompt --slots --jinja --no-context-shift --no-kv-unified --no-ui -ub 256 "
      "--chat-template chatml");
}

/* A small model is decoded by one thread, unless the user names a number. */
static void
test_command_small_model (Fixture *fixture, gconstpointer data)
{
  g_autofree char *expected
      = g_strdup_printf (" --threads 1 --threads-batch %u ", g_get_num_processors ());
  g_autoptr (RefractSession) session = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *arguments = NULL;

  fixture->options.threads = 0;
  session = open_session (fixture, NULL, &error);
  g_assert_no_error (error);
  arguments = read_file (fixture, "arguments");
  g_strdelimit (arguments, "\n", ' ');
  g_assert_nonnull (strstr (arguments, expected));
}

/* What an older build lacks is left out; without a cache for each slot there is one slot. */
static void
test_command_older (Fixture *fixture, gconstpointer data)
{
  g_autoptr (RefractSession) session = NULL;
  g_autoptr (GError) error = NULL;

  use_recorded (fixture, "help", "b5200-server-help.txt");
  use_recorded (fixture, "perplexity-help", "b5200-perplexity-help.txt");
  session = open_session (fixture, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (refract_session_get_n_slots (session), ==, 1);
  assert_arguments (fixture, "--model model.gguf --threads 3 --batch-size 2048 --ubatch-size 512 "
                             "--cache-type-k q4_0 --cache-type-v q4_0 --flash-attn --ctx-size 1024 "
                             "--parallel 1 --host engine.sock --slots --jinja --no-context-shift "
                             "--no-webui");
}

static void
test_environment (Fixture *fixture, gconstpointer data)
{
  g_autoptr (RefractSession) session = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  g_setenv ("LLAMA_ARG_N_PREDICT", "3", TRUE);
  g_setenv ("LLAMA_API_KEY", "secret", TRUE);
  g_setenv ("LLAMA_ATTN_ROT_DISABLE", "1", TRUE);
  refract_kv_config_unref (fixture->kv);
  fixture->kv = refract_kv_config_parse ("ctk=q4_0,ctv=q4_0,attn_rot_k=1", NULL);
  session = open_session (fixture, NULL, &error);
  g_unsetenv ("LLAMA_ARG_N_PREDICT");
  g_unsetenv ("LLAMA_API_KEY");
  g_unsetenv ("LLAMA_ATTN_ROT_DISABLE");
  g_assert_no_error (error);
  text = read_file (fixture, "environment");
  g_assert_null (strstr (text, "LLAMA_ARG_"));
  g_assert_null (strstr (text, "LLAMA_API_KEY"));
  g_assert_null (strstr (text, "LLAMA_ATTN_ROT_DISABLE"));
  g_assert_nonnull (strstr (text, "LLAMA_ATTN_ROT_K_OVERRIDE=1"));
  g_assert_nonnull (strstr (text, "GOMP_SPINCOUNT=5000"));
}

static void
test_launcher (Fixture *fixture, gconstpointer data)
{
  char *launcher[] = { "/usr/bin/env", "LAUNCHED=yes", NULL };
  g_autoptr (RefractSession) session = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;

  fixture->options.launcher = launcher;
  session = open_session (fixture, NULL, &error);
  g_assert_no_error (error);
  text = read_file (fixture, "environment");
  g_assert_nonnull (strstr (text, "LAUNCHED=yes"));
}

static void
test_flags (Fixture *fixture, gconstpointer data)
{
  static const char *const refused[]
      = { "--host", "--port", "-m", "-ctk", "-c", "-np", "-lv", "--help" };
  char *flags[] = { NULL, "1", NULL };
  guint i;

  fixture->options.engine_flags = flags;
  for (i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      flags[0] = (char *) refused[i];
      assert_detect_fails (fixture, REFRACT_ERROR_USAGE, refused[i]);
      g_clear_object (&fixture->backend);
    }
  flags[0] = (char *) "--no-such-flag";
  assert_detect_fails (fixture, REFRACT_ERROR_USAGE, "--no-such-flag");
  g_clear_object (&fixture->backend);
  flags[0] = (char *) "word";
  assert_detect_fails (fixture, REFRACT_ERROR_USAGE, "word");
  g_clear_object (&fixture->backend);
  flags[0] = (char *) "--top-k"; /* a negative number is a value, not a flag */
  flags[1] = (char *) "-1";
  g_assert_nonnull (refract_backend_detect (get_backend (fixture), NULL, NULL));
}

static gboolean
supports (Fixture *fixture, const char *text, GError **error)
{
  g_autoptr (RefractKvConfig) kv = refract_kv_config_parse (text, error);

  g_assert_nonnull (kv);
  return refract_backend_supports_kv (get_backend (fixture), kv, fixture->model, error);
}

static void
test_supports (Fixture *fixture, gconstpointer data)
{
  char *flags[] = { "-fa", "off", NULL };
  g_autoptr (GError) error = NULL;

  g_assert_true (supports (fixture, "ctk=q8_0,ctv=q5_1", NULL));
  g_assert_false (supports (fixture, "ctk=turbo3,ctv=f16", &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG);
  g_clear_error (&error);
  g_assert_false (supports (fixture, "ctk=f16,ctv=q8_0,flash_attn=off", &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG);
  g_clear_error (&error);
  g_assert_false (supports (fixture, "ctk=f16,ctv=f16,kv_unified=1", &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE);
  g_clear_error (&error);

  g_clear_object (&fixture->backend);
  fixture->options.engine_flags = flags;
  g_assert_true (supports (fixture, "ctk=q8_0,ctv=f16", NULL));
  g_assert_false (supports (fixture, "ctk=f16,ctv=q8_0", &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG);

  g_clear_object (&fixture->backend);
  fixture->options.engine_flags = NULL;
  use_recorded (fixture, "help", "turbo-server-help.txt");
  g_assert_true (supports (fixture, "ctk=turbo3,ctv=turbo4", NULL));
}

static void
test_backend_names (void)
{
  const RefractBackendOptions options = { .n_gpu_layers = -1 };
  g_autoptr (RefractBackend) automatic = refract_backend_new ("auto", NULL, &options, NULL, NULL);
  g_autoptr (GError) error = NULL;

  g_assert_true (REFRACT_IS_BACKEND_LLAMACPP (automatic));
  g_assert_null (refract_backend_new ("tgi", NULL, &options, NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/llamacpp-fake/backend-names", test_backend_names);
  ADD ("fake/find/detect", NULL, test_detect);
  ADD ("fake/find/places", NULL, test_places);
  ADD ("fake/find/missing", NULL, test_missing);
  ADD ("fake/find/not-executable", NULL, test_not_executable);
  ADD ("fake/find/wrong-program", NULL, test_wrong_program);
  ADD ("fake/find/library", "library", test_library);
  ADD ("fake/find/too-old", NULL, test_too_old);
  ADD ("fake/find/cancel", "hang-on-help", test_cancel_detect);
  ADD ("fake/selftest", NULL, test_selftest);
  ADD ("fake/command/packaged", NULL, test_command);
  ADD ("fake/command/small-model", NULL, test_command_small_model);
  ADD ("fake/command/older", NULL, test_command_older);
  ADD ("fake/command/environment", NULL, test_environment);
  ADD ("fake/command/launcher", NULL, test_launcher);
  ADD ("fake/command/flags", NULL, test_flags);
  ADD ("fake/command/supports", NULL, test_supports);
  return g_test_run ();
}
