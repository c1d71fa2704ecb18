/* test-model-finder.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <unistd.h>

#include <glib/gstdio.h>

#include "core/refract-model-finder.h"

#define BLOB "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char *home;

static char *
write_file (const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (home, name, NULL);
  g_autofree char *folder = g_path_get_dirname (path);
  g_autoptr (GError) error = NULL;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_file_set_contents (path, text, -1, &error);
  g_assert_no_error (error);
  return g_steal_pointer (&path);
}

static void
add_file (const char *name, const char *text)
{
  g_free (write_file (name, text));
}

/* "NAME|SOURCE|SIZE" of all, one per line */
static char *
list_found (void)
{
  g_autoptr (GPtrArray) models = refract_model_finder_find (home, NULL);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < models->len; i++)
    {
      RefractFoundModel *model = g_ptr_array_index (models, i);

      g_assert_true (g_path_is_absolute (refract_found_model_get_path (model)));
      g_string_append_printf (
          text, "%s|%s|%" G_GUINT64_FORMAT "\n", refract_found_model_get_name (model),
          refract_found_model_get_source (model), refract_found_model_get_size (model));
    }
  return g_string_free (text, FALSE);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir
      = g_file_test (path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_assert_cmpint (g_remove (path), ==, 0);
}

static void
begin (void)
{
  home = g_dir_make_tmp ("refract-home-XXXXXX", NULL);
  g_assert_nonnull (home);
}

static void
end (void)
{
  remove_tree (home);
  g_clear_pointer (&home, g_free);
}

static void
test_empty (void)
{
  g_autofree char *found = NULL;

  begin ();
  found = list_found ();
  g_assert_cmpstr (found, ==, "");
  end ();
}

static void
test_places (void)
{
  g_autofree char *found = NULL;

  begin ();
  add_file (".lmstudio/models/org/repo/Beta-Q8_0.gguf", "12345");
  add_file (".lmstudio/models/org/repo/mmproj-Beta.gguf", "1");
  add_file (".lmstudio/models/org/repo/README.md", "1");
  add_file (".cache/llama.cpp/alpha.gguf", "123");
  add_file (".cache/llama.cpp/alpha.gguf.downloadInProgress", "123");
  /* parts in any folder are one model; a part alone that is not the first is none */
  add_file (".cache/llama.cpp/big-00001-of-00003.gguf", "1234");
  add_file (".cache/llama.cpp/big-00002-of-00003.gguf", "12");
  add_file (".cache/llama.cpp/big-00003-of-00003.gguf", "1");
  add_file (".cache/llama.cpp/rest-00002-of-00002.gguf", "1");
  found = list_found ();
  g_assert_cmpstr (found, ==,
                   "alpha|llama.cpp|3\n"
                   "Beta-Q8_0|LM Studio|5\n"
                   "big|llama.cpp|7\n");
  end ();
}

/* A blob that two revisions link to is one model; a link to a folder above ends. */
static void
test_hugging_face (void)
{
  g_autofree char *found = NULL;
  g_autofree char *one = NULL;
  g_autofree char *two = NULL;
  g_autofree char *loop = NULL;

  begin ();
  add_file (".cache/huggingface/hub/models--o--m/blobs/" BLOB, "123456");
  add_file (".cache/huggingface/hub/models--o--m/snapshots/a/config.json", "{}");
  add_file (".cache/huggingface/hub/models--o--m/snapshots/b/config.json", "{}");
  one = g_build_filename (home, ".cache/huggingface/hub/models--o--m/snapshots/a/m.gguf", NULL);
  two = g_build_filename (home, ".cache/huggingface/hub/models--o--m/snapshots/b/m.gguf", NULL);
  loop = g_build_filename (home, ".cache/huggingface/hub/models--o--m/snapshots/loop", NULL);
  g_assert_cmpint (symlink ("../../blobs/" BLOB, one), ==, 0);
  g_assert_cmpint (symlink ("../../blobs/" BLOB, two), ==, 0);
  g_assert_cmpint (symlink ("../../..", loop), ==, 0);
  found = list_found ();
  g_assert_cmpstr (found, ==, "m|Hugging Face|6\n");
  end ();
}

/* Folders with config.json: a whole model that continues text, once. */
static void
test_folders (void)
{
  static const char causal[]
      = "{\"architectures\":[\"LlamaForCausalLM\"],\"model_type\":\"llama\"}";
  static const char bert[] = "{\"architectures\":[\"BertModel\"],\"model_type\":\"bert\"}";
  static const char hub[] = ".cache/huggingface/hub/";
  static const struct
  {
    const char *folder;
    const char *config;
    const char *weights;
  } folders[] = {
    { "models--o--Tiny/snapshots/a", causal, "model.safetensors" },
    { "models--o--bert/snapshots/a", bert, "model.safetensors" },
    { "models--o--unfinished/snapshots/a", causal, "model.safetensors.incomplete" },
    { "models--o--broken/snapshots/a", "{", "model.safetensors" },
    { "models--o--picture/snapshots/a/text_encoder", causal, "model.safetensors" },
  };
  g_autofree char *found = NULL;
  g_autofree char *again = NULL;
  g_autofree char *linked = NULL;

  begin ();
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    {
      g_autofree char *config = g_strconcat (hub, folders[i].folder, "/config.json", NULL);
      g_autofree char *weights
          = g_strconcat (hub, folders[i].folder, "/", folders[i].weights, NULL);

      add_file (config, folders[i].config);
      add_file (weights, "12345");
    }
  add_file (".cache/huggingface/hub/models--o--picture/snapshots/a/model_index.json", "{}");
  add_file (".cache/huggingface/hub/models--o--Tiny/snapshots/b/model.safetensors", "12345");
  add_file (".lmstudio/models/org/repo-4bit/config.json", "{\"model_type\":\"gemma3\"}");
  add_file (".lmstudio/models/org/repo-4bit/model-00001-of-00002.safetensors", "123");
  add_file (".lmstudio/models/org/repo-4bit/model-00002-of-00002.safetensors", "12");
  again = g_build_filename (home, hub, "models--o--Tiny/snapshots/a/config.json", NULL);
  linked = g_build_filename (home, hub, "models--o--Tiny/snapshots/b/config.json", NULL);
  g_assert_cmpint (symlink (again, linked), ==, 0);
  found = list_found ();
  g_assert_cmpstr (found, ==, "repo-4bit|LM Studio|5\nTiny|Hugging Face|5\n");
  end ();
}

static void
test_ollama (void)
{
  g_autofree char *found = NULL;

  begin ();
  add_file (".ollama/models/blobs/sha256-" BLOB, "12345678");
  add_file (".ollama/models/manifests/registry.ollama.ai/library/tiny/1b",
            "{\"layers\":[{\"mediaType\":\"application/vnd.ollama.image.license\",\"digest\":"
            "\"sha256:" BLOB "\"},{\"mediaType\":\"application/vnd.ollama.image.model\","
            "\"digest\":\"sha256:" BLOB "\"}]}");
  /* broken, hostile, and of a blob that is gone */
  add_file (".ollama/models/manifests/registry.ollama.ai/library/broken/x", "{");
  add_file (".ollama/models/manifests/registry.ollama.ai/library/odd/x",
            "{\"layers\":[1,{\"mediaType\":\"application/vnd.ollama.image.model\",\"digest\":"
            "\"sha256:../../../../etc/passwd\"},{\"mediaType\":7}]}");
  add_file (".ollama/models/manifests/registry.ollama.ai/library/gone/x",
            "{\"layers\":[{\"mediaType\":\"application/vnd.ollama.image.model\",\"digest\":"
            "\"sha256:00\"}]}");
  found = list_found ();
  g_assert_cmpstr (found, ==, "tiny:1b|Ollama|8\n");
  end ();
}

static void
test_environment (void)
{
  g_autofree char *found = NULL;
  g_autofree char *llama = NULL;
  g_autofree char *hub = NULL;

  begin ();
  add_file ("elsewhere/llama/a.gguf", "1");
  add_file ("elsewhere/hf/hub/models--o--m/snapshots/r/b.gguf", "12");
  add_file (".cache/llama.cpp/not-looked-at.gguf", "1");
  llama = g_build_filename (home, "elsewhere/llama", NULL);
  hub = g_build_filename (home, "elsewhere/hf", NULL);
  g_setenv ("LLAMA_CACHE", llama, TRUE);
  g_setenv ("HF_HOME", hub, TRUE);
  found = list_found ();
  g_unsetenv ("LLAMA_CACHE");
  g_unsetenv ("HF_HOME");
  g_assert_cmpstr (found, ==, "a|llama.cpp|1\nb|Hugging Face|2\n");
  end ();
}

static void
test_bounds (void)
{
  g_autoptr (GPtrArray) models = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GPtrArray) cancelled = NULL;
  g_autoptr (GString) deep = g_string_new (".cache/llama.cpp");

  begin ();
  for (guint i = 0; i < 520; i++)
    {
      g_autofree char *name = g_strdup_printf (".cache/llama.cpp/%u.gguf", i);

      add_file (name, "1");
    }
  for (guint i = 0; i < 20; i++)
    g_string_append (deep, "/d");
  g_string_append (deep, "/deep.gguf");
  add_file (deep->str, "1");

  models = refract_model_finder_find (home, NULL);
  g_assert_cmpuint (models->len, ==, 500);
  g_cancellable_cancel (cancellable);
  cancelled = refract_model_finder_find (home, cancellable);
  g_assert_cmpuint (cancelled->len, ==, 0);
  end ();
}

static void
done_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GPtrArray) models = refract_model_finder_find_finish (result, &error);

  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_null (models);
  g_main_loop_quit (user_data);
}

static void
test_cancelled (void)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  g_cancellable_cancel (cancellable);
  refract_model_finder_find_async (cancellable, done_cb, loop);
  g_main_loop_run (loop);
}

int
main (int argc, char **argv)
{
  static const char *const variables[]
      = { "HF_HUB_CACHE", "HF_HOME", "LLAMA_CACHE", "OLLAMA_MODELS" };

  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (variables); i++)
    g_unsetenv (variables[i]);
  g_test_add_func ("/model-finder/empty", test_empty);
  g_test_add_func ("/model-finder/places", test_places);
  g_test_add_func ("/model-finder/hugging-face", test_hugging_face);
  g_test_add_func ("/model-finder/folders", test_folders);
  g_test_add_func ("/model-finder/ollama", test_ollama);
  g_test_add_func ("/model-finder/environment", test_environment);
  g_test_add_func ("/model-finder/bounds", test_bounds);
  g_test_add_func ("/model-finder/cancelled", test_cancelled);
  return g_test_run ();
}
