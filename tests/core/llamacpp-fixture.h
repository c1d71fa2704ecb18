/* llamacpp-fixture.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* A folder with fake-llama.c under the names of llama.cpp's programs, and a backend that uses it.
 */

#pragma once

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "backends/refract-backend-llamacpp.h"
#include "core/refract-error.h"

typedef struct
{
  char *folder;
  RefractModel *model;
  RefractKvConfig *kv;
  RefractBackendOptions options;
  RefractBackend *backend;
} Fixture;

G_GNUC_UNUSED static void
write_file (Fixture *fixture, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (fixture->folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

G_GNUC_UNUSED static char *
read_file (Fixture *fixture, const char *name)
{
  g_autofree char *path = g_build_filename (fixture->folder, name, NULL);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  return text;
}

G_GNUC_UNUSED static void
use_recorded (Fixture *fixture, const char *name, const char *recorded)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "llamacpp", recorded, NULL);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  write_file (fixture, name, text);
}

G_GNUC_UNUSED static void
link_program (Fixture *fixture, const char *name)
{
  g_autofree char *target = g_test_build_filename (G_TEST_BUILT, "core", "fake-llama", NULL);
  g_autofree char *path = g_build_filename (fixture->folder, name, NULL);

  g_assert_cmpint (symlink (target, path), ==, 0);
}

G_GNUC_UNUSED static void
remove_program (Fixture *fixture, const char *name)
{
  g_autofree char *path = g_build_filename (fixture->folder, name, NULL);

  g_assert_cmpint (g_unlink (path), ==, 0);
}

G_GNUC_UNUSED static void
set_up (Fixture *fixture, gconstpointer mode)
{
  g_autofree char *model
      = g_build_filename (g_getenv ("REFRACT_DATA_DIR"), "data", "demo", "model.gguf", NULL);
  g_autoptr (GError) error = NULL;

  fixture->folder = g_dir_make_tmp ("refract-test-XXXXXX", NULL);
  fixture->model = refract_model_new_from_file (model, NULL, &error);
  g_assert_no_error (error);
  fixture->kv = refract_kv_config_parse ("ctk=q4_0,ctv=q4_0", NULL);
  fixture->options
      = (RefractBackendOptions) { .engine_dir = fixture->folder, .n_gpu_layers = -1, .threads = 3 };
  link_program (fixture, "llama-server");
  link_program (fixture, "llama-perplexity");
  use_recorded (fixture, "help", "b11669-server-help.txt");
  use_recorded (fixture, "perplexity-help", "b11669-perplexity-help.txt");
  use_recorded (fixture, "version", "b11669-version.txt");
  use_recorded (fixture, "devices", "cuda-devices.txt");
  write_file (fixture, "mode", mode != NULL ? mode : "fine");
}

G_GNUC_UNUSED static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GDir) dir = g_dir_open (fixture->folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    remove_program (fixture, name);
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_clear_object (&fixture->backend);
  g_object_unref (fixture->model);
  refract_kv_config_unref (fixture->kv);
  g_free (fixture->folder);
}

G_GNUC_UNUSED static RefractBackend *
get_backend (Fixture *fixture)
{
  if (fixture->backend == NULL)
    fixture->backend = refract_backend_llamacpp_new (&fixture->options);
  return fixture->backend;
}

G_GNUC_UNUSED static RefractSession *
open_session (Fixture *fixture, GCancellable *cancellable, GError **error)
{
  RefractSessionNeeds needs = { 4, 1024 };

  return refract_backend_open (get_backend (fixture), fixture->model, fixture->kv, &needs,
                               cancellable, error);
}

G_GNUC_UNUSED static gpointer
cancel_later (gpointer data)
{
  g_usleep (200000);
  g_cancellable_cancel (data);
  return NULL;
}

G_GNUC_UNUSED static void
assert_arguments (Fixture *fixture, const char *expected)
{
  g_autofree char *text = read_file (fixture, "arguments");
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  g_autofree char *socket = NULL, *joined = NULL;
  guint i;

  for (i = 0; lines[i] != NULL; i++)
    if (g_str_has_suffix (lines[i], "/engine.sock") || g_str_has_suffix (lines[i], "/logits")
        || g_str_has_suffix (lines[i], ".gguf") || g_str_has_suffix (lines[i], "corpus.txt"))
      {
        g_autofree char *base = g_path_get_basename (lines[i]);

        g_free (lines[i]);
        lines[i] = g_steal_pointer (&base);
      }
  joined = g_strjoinv (" ", lines + 1);
  g_assert_cmpstr (joined, ==, expected);
}

#define ADD(path, mode, func) g_test_add ("/llamacpp-" path, Fixture, mode, set_up, func, tear_down)
