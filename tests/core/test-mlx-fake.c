/* test-mlx-fake.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* What the MLX backend makes of a worker that is broken, slow or hostile: fake-mlx.c. */

#include "config.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "backends/refract-backend-mlx.h"
#include "core/refract-error.h"
#include "engine/refract-process.h"

#define HELLO                                                                                      \
  "<\n{\"id\":1,\"ok\":true,\"protocol\":1,\"python\":\"3.11.7\",\"mlx\":\"0.32.4\","              \
  "\"mlx_lm\":\"0.32.2\",\"transformers\":\"5\",\"device\":\"cpu\",\"device_name\":\"x\"}\n"
#define LOAD                                                                                       \
  "<\n{\"id\":2,\"ok\":true,\"n_vocab\":100,\"dtype\":\"float32\",\"stored_dtype\":\"float16\","   \
  "\"seconds\":1.5}\n"
#define PEAK "<\n{\"id\":3,\"ok\":true,\"bytes\":1000}\n"
#define KV(n, bits, group)                                                                         \
  "{\"layers\":3,\"quantized\":" #n ",\"bytes\":4096,\"cells\":256,\"dtype\":\"bfloat16\","        \
  "\"others\":[\"RotatingKVCache\"],\"bits\":" #bits ",\"group\":" #group "}"
#define PART(ids, stop)                                                                            \
  "{\"id\":4,\"part\":true,\"prompt\":0,\"ids\":" ids ",\"stop\":\"" stop                          \
  "\",\"text\":\"x\",\"prompt_ms\":1,\"predicted_ms\":2}\n"
#define DONE(kv) "{\"id\":4,\"ok\":true,\"kv\":" kv "}\n"
#define LAST_PEAK "<\n{\"id\":5,\"ok\":true,\"bytes\":12345}\n"
#define READY HELLO LOAD PEAK "<\n" PART ("[7]", "limit") DONE (KV (3, 4, 64))

typedef struct
{
  char *folder;
  char *model_folder;
  RefractModel *model;
  RefractBackend *backend;
} Fixture;

static void
write_file (const char *folder, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  g_autofree char *target = g_test_build_filename (G_TEST_BUILT, "core", "fake-mlx", NULL);
  g_autofree char *link = NULL;
  g_autoptr (GError) error = NULL;

  fixture->folder = g_dir_make_tmp ("refract-test-XXXXXX", NULL);
  link = g_build_filename (fixture->folder, "python", NULL);
  g_assert_cmpint (symlink (target, link), ==, 0);
  fixture->model_folder = g_build_filename (fixture->folder, "model", NULL);
  g_assert_cmpint (g_mkdir (fixture->model_folder, 0700), ==, 0);
  write_file (fixture->model_folder, "config.json",
              "{\"architectures\":[\"LlamaForCausalLM\"],\"model_type\":\"llama\","
              "\"vocab_size\":100,\"hidden_size\":128,\"num_hidden_layers\":3,"
              "\"num_attention_heads\":2,\"num_key_value_heads\":2,\"head_dim\":64,"
              "\"max_position_embeddings\":4096}");
  write_file (fixture->model_folder, "model.safetensors", "no weights");
  fixture->model = refract_model_new_from_file (fixture->model_folder, NULL, &error);
  g_assert_no_error (error);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_remove (path);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_clear_object (&fixture->backend);
  g_object_unref (fixture->model);
  remove_tree (fixture->folder);
  g_free (fixture->model_folder);
  g_free (fixture->folder);
}

/* A new backend whose Python says @replies. */
static RefractBackend *
use_replies (Fixture *fixture, const char *replies)
{
  g_autofree char *python = g_build_filename (fixture->folder, "python", NULL);
  const RefractBackendOptions options = { .n_gpu_layers = -1, .python = python };

  write_file (fixture->folder, "replies", replies);
  g_clear_object (&fixture->backend);
  fixture->backend = refract_backend_mlx_new (&options);
  if (g_str_has_suffix (replies, "!hang\n") || g_str_equal (replies, "!never\n"))
    g_object_set (fixture->backend, "silence-limit", 1, NULL);
  return fixture->backend;
}

static void
assert_says (GError **error, RefractError code, const char *part, const char *case_name)
{
  g_test_message ("%s: %s", case_name, *error != NULL ? (*error)->message : "no error");
  g_assert_error (*error, REFRACT_ERROR, (int) code);
  g_assert_nonnull (strstr ((*error)->message, part));
  g_clear_error (error);
}

static RefractSession *
open_session (Fixture *fixture, const char *kv_text, GError **error)
{
  g_autoptr (RefractKvConfig) kv = refract_kv_config_parse (kv_text, NULL);
  const RefractSessionNeeds needs = { 4, 1024 };

  return refract_backend_open (fixture->backend, fixture->model, kv, &needs, NULL, error);
}

static void
test_hello (Fixture *fixture, gconstpointer data)
{
#define ERROR(members) "<\n{\"id\":1,\"ok\":false,\"error\":{" members "}}\n"
  static const struct
  {
    const char *replies;
    RefractError code;
    const char *part;
  } cases[] = {
    { ERROR ("\"kind\":\"missing\",\"name\":\"mlx\",\"message\":\"No module\""),
      REFRACT_ERROR_ENGINE_MISSING, "has no mlx." },
    { ERROR ("\"kind\":\"missing\",\"name\":\"mlx-lm\",\"message\":\"No package\""),
      REFRACT_ERROR_ENGINE_MISSING, "has no mlx-lm." },
    { ERROR ("\"kind\":\"broken\",\"name\":\"mlx\",\"message\":\"libcuda.so\""),
      REFRACT_ERROR_ENGINE_MISSING, "libcuda.so" },
    { ERROR ("\"kind\":\"device\",\"message\":\"no GPU\""), REFRACT_ERROR_ENGINE, "no GPU" },
    { ERROR ("\"kind\":\"memory\",\"message\":\"\""), REFRACT_ERROR_MEMORY, "out of memory" },
    { ERROR ("\"kind\":\"unheard of\",\"message\":\"a\\nb\""), REFRACT_ERROR_ENGINE, "a b" },
    { ERROR (""), REFRACT_ERROR_ENGINE, "did not say why" },
    { "<\n{\"id\":1,\"ok\":false}\n", REFRACT_ERROR_ENGINE, "did not say why" },
    { "<\n{\"id\":1,\"ok\":true,\"protocol\":2,\"device\":\"cpu\"}\n", REFRACT_ERROR_ENGINE,
      "another protocol" },
    { "<\n{\"id\":1,\"ok\":true,\"protocol\":1,\"device\":\"abacus\"}\n", REFRACT_ERROR_ENGINE,
      "another protocol" },
    { "<\nHello!\n", REFRACT_ERROR_ENGINE, "not JSON" },
    { "<\n[1]\n", REFRACT_ERROR_ENGINE, "not JSON" },
    { "<\n{\"id\":7,\"ok\":true}\n", REFRACT_ERROR_ENGINE, "another request" },
    { "<\n{\"id\":1}\n", REFRACT_ERROR_ENGINE, "where none belongs" },
    { "<\n{\"id\":1,\"part\":true}\n", REFRACT_ERROR_ENGINE, "where none belongs" },
    { "<\n!flood\n", REFRACT_ERROR_ENGINE, "a line that does not end" },
    { "<\n!say boom\n!exit 3\n", REFRACT_ERROR_ENGINE, "boom" },
    { "<\n!kill\n", REFRACT_ERROR_MEMORY, "was killed" },
    { "<\n!hang\n", REFRACT_ERROR_ENGINE, "for 1 seconds: it hangs" },
    { "!never\n", REFRACT_ERROR_ENGINE, "for 1 seconds: it hangs" },
    { "!exit 1\n", REFRACT_ERROR_ENGINE_MISSING, "is not a Python that runs" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (
          refract_backend_detect (use_replies (fixture, cases[i].replies), NULL, &error));
      assert_says (&error, cases[i].code, cases[i].part, cases[i].replies);
    }
}

static void
test_detect (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  const RefractEngineInfo *info
      = refract_backend_detect (use_replies (fixture, HELLO), NULL, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (info->version, ==, "0.32.4 (mlx-lm 0.32.2, Python 3.11.7)");
  g_assert_true (g_strv_contains ((const char *const *) info->kv_types, "4-bit/64"));
  g_assert_null (info->devices[0]);
}

static void
test_load (Fixture *fixture, gconstpointer data)
{
#define LOAD_ERROR(kind, message)                                                                  \
  HELLO "<\n{\"id\":2,\"ok\":false,\"error\":{\"kind\":\"" kind "\",\"message\":\"" message "\"}}" \
        "\n"
  static const struct
  {
    const char *replies;
    RefractError code;
    const char *part;
  } cases[] = {
    { LOAD_ERROR ("model", "No safetensors found"), REFRACT_ERROR_MODEL, "No safetensors found" },
    { LOAD_ERROR ("code", "evil.py"), REFRACT_ERROR_MODEL, "--allow-model-code" },
    { LOAD_ERROR ("old", "generate_step"), REFRACT_ERROR_ENGINE_MISSING, "--upgrade" },
    { LOAD_ERROR ("memory", ""), REFRACT_ERROR_MEMORY, "out of memory" },
    { HELLO "<\n{\"id\":2,\"ok\":true,\"n_vocab\":0}\n", REFRACT_ERROR_ENGINE, "vocabulary" },
    { HELLO "<\n{\"id\":2,\"ok\":true,\"n_vocab\":99999999999}\n", REFRACT_ERROR_ENGINE,
      "vocabulary" },
    { HELLO "<\n!kill\n", REFRACT_ERROR_MEMORY, "was killed" },
    { HELLO LOAD "<\n!kill\n", REFRACT_ERROR_MEMORY, "was killed" },
    { HELLO LOAD PEAK "<\n!kill\n", REFRACT_ERROR_MEMORY, "was killed" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      use_replies (fixture, cases[i].replies);
      g_assert_null (open_session (fixture, "bits=4", &error));
      assert_says (&error, cases[i].code, cases[i].part, cases[i].replies);
    }
}

/* What a decoded answer may not be. */
static void
test_generate (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *answer;
    RefractError code;
    const char *part;
  } cases[] = {
    { PART ("[7,8]", "limit"), REFRACT_ERROR_ENGINE, "cannot be the model's" },
    { PART ("[]", "limit"), REFRACT_ERROR_ENGINE, "cannot be the model's" },
    { PART ("[100]", "limit"), REFRACT_ERROR_ENGINE, "cannot be the model's" },
    { PART ("[-1]", "limit"), REFRACT_ERROR_ENGINE, "cannot be the model's" },
    { PART ("[\"7\"]", "limit"), REFRACT_ERROR_ENGINE, "cannot be the model's" },
    { PART ("7", "limit"), REFRACT_ERROR_ENGINE, "cannot be the model's" },
    { PART ("[7]", "word"), REFRACT_ERROR_ENGINE, "cannot be the model's" },
    { "{\"id\":4,\"part\":true,\"prompt\":0,\"ids\":[7],\"stop\":\"limit\",\"text\":\"x\","
      "\"prompt_ms\":NaN,\"predicted_ms\":2}\n",
      REFRACT_ERROR_ENGINE, "cannot be the model's" },
    { "{\"id\":4,\"part\":true,\"prompt\":0,\"ids\":[7],\"stop\":\"limit\",\"prompt_ms\":1,"
      "\"predicted_ms\":2}\n",
      REFRACT_ERROR_ENGINE, "cannot be the model's" },
    { "{\"id\":4,\"part\":true,\"prompt\":1,\"tokens\":1}\n", REFRACT_ERROR_ENGINE, "out of turn" },
    { "{\"id\":4,\"part\":true,\"prompt\":0,\"tokens\":2}\n", REFRACT_ERROR_ENGINE, "out of turn" },
    { "{\"id\":4,\"part\":true,\"prompt\":0,\"tokens\":-2}\n", REFRACT_ERROR_ENGINE,
      "out of turn" },
    { PART ("[7]", "limit") PART ("[7]", "limit"), REFRACT_ERROR_ENGINE, "out of turn" },
    { DONE (KV (3, 4, 64)), REFRACT_ERROR_ENGINE, "fewer results than prompts" },
    { PART ("[7]", "eos") "{\"id\":4,\"ok\":true}\n", REFRACT_ERROR_ENGINE, "cannot be" },
    { PART ("[7]", "eos") DONE ("{\"layers\":3}"), REFRACT_ERROR_ENGINE, "cannot be" },
    { PART ("[7]", "eos") DONE (KV (4, 4, 64)), REFRACT_ERROR_ENGINE, "cannot be" },
    { PART ("[7]", "eos") DONE (KV (-1, 4, 64)), REFRACT_ERROR_ENGINE, "cannot be" },
    { PART ("[7]", "eos") DONE (KV (3, 400, 64)), REFRACT_ERROR_ENGINE, "cannot be" },
    { PART ("[7]", "eos") DONE (KV (0, 4, 64)), REFRACT_ERROR_NOT_ENGAGED,
      "None of the 3 layers of “model” stored its KV cache quantized: MLX has no quantized form of "
      "RotatingKVCache" },
    { PART ("[7]", "eos") DONE (KV (3, 8, 64)), REFRACT_ERROR_NOT_ENGAGED,
      "stored K with 8 bits and V with 8 in groups of 64, where 4, 4 and 64" },
    { PART ("[7]", "eos") DONE (KV (3, 4, 32)), REFRACT_ERROR_NOT_ENGAGED, "groups of 32" },
    { "{\"id\":4,\"ok\":false,\"error\":{\"kind\":\"kv\",\"message\":\"it has sinks\"}}\n",
      REFRACT_ERROR_KV_CONFIG, "it has sinks" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *replies = g_strconcat (HELLO LOAD PEAK "<\n", cases[i].answer, NULL);
      g_autoptr (GError) error = NULL;

      use_replies (fixture, replies);
      g_assert_null (open_session (fixture, "bits=4", &error));
      assert_says (&error, cases[i].code, cases[i].part, cases[i].answer);
    }
}

/* What is quantized although it was not asked for is as wrong as the other way round. */
static void
test_reference (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractSession) session = NULL;

  use_replies (fixture, READY);
  g_assert_null (open_session (fixture, "bits=16", &error));
  assert_says (&error, REFRACT_ERROR_NOT_ENGAGED, "where 16, 16 and 0", "reference");

  use_replies (fixture, HELLO LOAD PEAK "<\n" PART ("[7]", "limit") DONE (KV (0, 16, 0)) LAST_PEAK);
  session = open_session (fixture, "bits=16", &error);
  g_assert_no_error (error);
  g_assert_cmpstr (refract_session_get_kv_in_use (session)->type_k, ==, "bfloat16");
  g_assert_cmpuint (refract_session_get_kv_in_use (session)->n_cells, ==, 256);
}

static void
test_session (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *answer;
    const char *part;
  } cases[] = {
    { "{\"id\":5,\"ok\":true,\"ids\":[1,100]}\n", "token ids that the model does not have" },
    { "{\"id\":5,\"ok\":true,\"ids\":{}}\n", "token ids" },
    { "{\"id\":5,\"ok\":true,\"ids\":[1.5]}\n", "token ids" },
    { "!say the end\n!exit 9\n", "the end" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *replies = g_strconcat (READY "<\n", cases[i].answer, NULL);
      g_autoptr (GArray) no_ids = g_array_new (FALSE, FALSE, sizeof (gint32));
      g_autoptr (GError) error = NULL;
      g_autoptr (RefractSession) session = NULL;

      use_replies (fixture, replies);
      session = open_session (fixture, "bits=4", &error);
      g_assert_no_error (error);
      g_assert_cmpuint (refract_session_get_n_slots (session), ==, 1);
      g_assert_cmpfloat (refract_session_get_load_seconds (session), ==, 1.5);
      g_assert_cmpint (refract_session_get_kv_in_use (session)->evidence, ==,
                       REFRACT_EVIDENCE_PROVED);
      g_assert_null (refract_session_tokenize (session, "x", TRUE, FALSE, NULL, &error));
      assert_says (&error, REFRACT_ERROR_ENGINE, cases[i].part, cases[i].answer);
      g_assert_null (refract_session_tokenize (session, "x", TRUE, FALSE, NULL, &error));
      assert_says (&error, REFRACT_ERROR_ENGINE, cases[i].part, "afterwards");
      g_assert_cmpuint (refract_session_close (session), ==, 0);
      g_assert_null (refract_session_detokenize (session, no_ids, NULL, &error));
      assert_says (&error, REFRACT_ERROR_ENGINE, "ended already", "closed");
    }
}

/* ---- Log-probabilities ---- */

typedef struct
{
  guint64 n_bytes;
  gboolean refuse;
} Reading;

static gboolean
read_all (int fd, gpointer user_data, GCancellable *cancellable, GError **error)
{
  Reading *reading = user_data;
  char buffer[256];
  ssize_t n;

  while ((n = read (fd, buffer, sizeof buffer)) > 0)
    reading->n_bytes += (guint64) n;
  close (fd);
  if (reading->refuse)
    g_set_error_literal (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE, "these are no numbers");
  return !reading->refuse;
}

static void
test_logits (Fixture *fixture, gconstpointer data)
{
#define LOGITS "{\"id\":4,\"ok\":true,\"seconds\":2,\"kv\":" KV (2, 4, 64) "}\n"
  static const struct
  {
    const char *answer;
    gboolean refuse;
    RefractError code; /* 0: fine */
    const char *part;
  } cases[] = {
    { "!stream\n{\"id\":4,\"part\":true,\"prefilled\":5}\n" LOGITS LAST_PEAK, FALSE, 0, NULL },
    { "!stream\n" LOGITS, TRUE, REFRACT_ERROR_ENGINE, "these are no numbers" },
    { "!stream\n{\"id\":4,\"ok\":false,\"error\":{\"kind\":\"stopped\",\"message\":\"x\"}}\n", TRUE,
      REFRACT_ERROR_ENGINE, "these are no numbers" },
    { "!stream\n{\"id\":4,\"ok\":false,\"error\":{\"kind\":\"engine\",\"message\":\"sorry\"}}\n",
      FALSE, REFRACT_ERROR_ENGINE, "sorry" },
    { "!stream and kill\n", TRUE, REFRACT_ERROR_MEMORY, "was killed" },
    { "{\"id\":4,\"ok\":false,\"error\":{\"kind\":\"engine\",\"message\":\"sorry\"}}\n", FALSE,
      REFRACT_ERROR_ENGINE, "sorry" },
    { "{\"id\":4,\"ok\":true,\"short\":1100}\n", FALSE, REFRACT_ERROR_INPUT,
      "it gives 2 chunks of 512 tokens, 4 were asked for" },
    { "{\"id\":4,\"ok\":true,\"short\":100}\n", FALSE, REFRACT_ERROR_INPUT, "it has 100 tokens" },
    { "{\"id\":4,\"ok\":true,\"short\":-9}\n", FALSE, REFRACT_ERROR_INPUT, "it has 0 tokens" },
    { LOGITS, FALSE, REFRACT_ERROR_ENGINE, "no log-probabilities" },
  };
  g_autofree char *corpus = g_build_filename (fixture->folder, "corpus.txt", NULL);
  const RefractLogitsSpec spec = { corpus, 512, 4 };
  g_autoptr (RefractKvConfig) kv = refract_kv_config_parse ("bits=4", NULL);

  write_file (fixture->folder, "corpus.txt", "A text \xff that is not quite one.");
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *replies = g_strconcat (HELLO LOAD PEAK "<\n", cases[i].answer, NULL);
      Reading reading = { 0, cases[i].refuse };
      g_autoptr (GError) error = NULL;
      g_autoptr (RefractLogitsRun) run
          = refract_backend_logits (use_replies (fixture, replies), fixture->model, kv, &spec,
                                    read_all, &reading, NULL, &error);

      if (cases[i].code != 0)
        {
          g_assert_null (run);
          assert_says (&error, cases[i].code, cases[i].part, cases[i].answer);
          continue;
        }
      g_assert_no_error (error);
      g_assert_cmpuint (reading.n_bytes, ==, 10);
      g_assert_cmpuint (run->peak_rss, ==, 12345);
      g_assert_cmpfloat (run->compute_seconds, ==, 2);
      g_assert_cmpuint (run->kv_in_use->n_layers_quantized, ==, 2);
      g_assert_nonnull (strstr (run->kv_in_use->note, "2 of 3 layers quantized"));
      g_assert_nonnull (strstr (run->kv_in_use->note, "RotatingKVCache"));
    }
}

/* ---- The process ---- */

/* One process serves all configurations, until one is asked the same again: the noise floor is that
 * of two launches. */
static void
test_one_load (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;
  guint before;

  use_replies (
      fixture, READY
      "<\n{\"id\":5,\"ok\":true,\"bytes\":777}\n"
      "<\n{\"id\":6,\"ok\":true,\"bytes\":1}\n"
      "<\n{\"id\":7,\"part\":true,\"prompt\":0,\"ids\":[7],\"stop\":\"eos\","
      "\"text\":\"\",\"prompt_ms\":1,\"predicted_ms\":2}\n"
      "{\"id\":7,\"ok\":true,\"kv\":" KV (3, 8, 64) "}\n"
                                                    "<\n{\"id\":8,\"ok\":true,\"bytes\":778}\n");
  before = refract_process_get_n_spawned ();
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (RefractSession) session
          = open_session (fixture, i == 1 ? "bits=8" : "bits=4", &error);

      g_assert_no_error (error);
      g_assert_cmpfloat (refract_session_get_load_seconds (session), ==, i == 1 ? 0 : 1.5);
      g_assert_cmpuint (refract_session_get_n_requests (session), ==, 2);
      g_assert_cmpuint (refract_session_close (session), ==, i == 1 ? 778 : 777);
    }
  /* one to look what is installed, two that load */
  g_assert_cmpuint (refract_process_get_n_spawned () - before, ==, 3);
}

static gpointer
cancel_later (gpointer data)
{
  g_usleep (100000);
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_cancel (Fixture *fixture, gconstpointer data)
{
  static const char *const replies[]
      = { "!never\n", "<\n!hang\n", HELLO "<\n!hang\n", HELLO LOAD PEAK "<\n!hang\n" };

  for (guint i = 0; i < G_N_ELEMENTS (replies); i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (RefractKvConfig) kv = refract_kv_config_parse ("bits=4", NULL);
      const RefractSessionNeeds needs = { 1, 1024 };
      g_autoptr (GError) error = NULL;
      GThread *thread;

      use_replies (fixture, replies[i]);
      g_object_set (fixture->backend, "silence-limit", 600, NULL);
      thread = g_thread_new ("cancel", cancel_later, cancellable);
      g_assert_null (
          refract_backend_open (fixture->backend, fixture->model, kv, &needs, cancellable, &error));
      g_thread_join (thread);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
}

static void
test_foreign_words (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  use_replies (fixture, HELLO);
  g_assert_null (open_session (fixture, "q8_0/q8_0", &error));
  assert_says (&error, REFRACT_ERROR_KV_CONFIG, "bits=8", "llama.cpp's words");
  g_assert_null (open_session (fixture, "bits=4,group=128", &error));
  assert_says (&error, REFRACT_ERROR_KV_CONFIG, "group=64", "a group that does not divide");
}

/* A folder that has become something else since it was looked at. */
static void
test_no_folder (Fixture *fixture, gconstpointer data)
{
  g_autofree char *config = g_build_filename (fixture->model_folder, "config.json", NULL);
  g_autoptr (GError) error = NULL;

  use_replies (fixture, HELLO);
  g_remove (config);
  g_assert_null (open_session (fixture, "bits=4", &error));
  assert_says (&error, REFRACT_ERROR_MODEL, "config.json", "no config.json");
}

#define ADD(name, func) g_test_add ("/mlx-fake/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("detect", test_detect);
  ADD ("hello", test_hello);
  ADD ("load", test_load);
  ADD ("generate", test_generate);
  ADD ("reference", test_reference);
  ADD ("session", test_session);
  ADD ("logits", test_logits);
  ADD ("one-load", test_one_load);
  ADD ("cancel", test_cancel);
  ADD ("foreign-words", test_foreign_words);
  ADD ("no-folder", test_no_folder);
  return g_test_run ();
}
