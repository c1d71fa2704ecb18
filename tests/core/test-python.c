/* test-python.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <unistd.h>

#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "engine/refract-python.h"

typedef struct
{
  char *folder;
} Fixture;

static char *
below (Fixture *fixture, const char *name)
{
  return g_build_filename (fixture->folder, name, NULL);
}

static void
add_folder (Fixture *fixture, const char *name)
{
  g_autofree char *path = below (fixture, name);

  g_assert_cmpint (g_mkdir_with_parents (path, 0700), ==, 0);
}

static void
add_file (Fixture *fixture, const char *name)
{
  g_autofree char *path = below (fixture, name);

  g_assert_true (g_file_set_contents (path, "", 0, NULL));
}

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("refract-test-XXXXXX", NULL);
  add_folder (fixture, "venv/bin");
  add_folder (fixture, "venv/lib/python3.11/site-packages/mlx_lm-0.32.2.dist-info");
  add_folder (fixture, "venv/lib/python3.11/site-packages/mlx-0.32.4.dist-info");
  add_folder (fixture, "venv/lib/python3.11/site-packages/mlx_metal");
  add_file (fixture, "venv/bin/python");
  add_file (fixture, "venv/pyvenv.cfg");
  g_unsetenv ("REFRACT_PYTHON");
  g_unsetenv ("VIRTUAL_ENV");
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
  remove_tree (fixture->folder);
  g_free (fixture->folder);
}

static void
assert_found (const char *named, const char *expected)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *path = refract_python_find (named, &error);

  g_assert_no_error (error);
  g_assert_cmpstr (path, ==, expected);
}

static void
assert_missing (const char *named, const char *part)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (refract_python_find (named, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING);
  g_assert_nonnull (g_strstr_len (error->message, -1, part));
}

static void
test_find (Fixture *fixture, gconstpointer data)
{
  g_autofree char *venv = below (fixture, "venv");
  g_autofree char *python = below (fixture, "venv/bin/python");
  g_autofree char *nothing = below (fixture, "nothing");
  g_autofree char *empty = below (fixture, "venv/lib");
  g_autofree char *system = g_find_program_in_path ("python3");

  assert_found (venv, python);
  assert_found (python, python);
  assert_missing (nothing, "virtual environment");
  assert_missing (empty, "virtual environment");

  if (system != NULL)
    assert_found (NULL, system);
  g_setenv ("VIRTUAL_ENV", venv, TRUE);
  assert_found (NULL, python);
  assert_found ("", python);
  g_setenv ("REFRACT_PYTHON", nothing, TRUE);
  assert_missing (NULL, "REFRACT_PYTHON");
  assert_found (venv, python);
}

static void
assert_version (const char *python, const char *package, const char *expected)
{
  g_autofree char *version = refract_python_dup_package_version (python, package);

  g_assert_cmpstr (version, ==, expected);
}

static void
test_package (Fixture *fixture, gconstpointer data)
{
  g_autofree char *python = below (fixture, "venv/bin/python");

  assert_version (python, "mlx-lm", "0.32.2");
  assert_version (python, "mlx", "0.32.4");
  assert_version (python, "MLX_LM", "0.32.2");
  assert_version (python, "mlx-metal", NULL);
  assert_version (python, "ml", NULL);
  assert_version ("/nowhere/bin/python3", "no-such-package", NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/python/find", Fixture, NULL, set_up, test_find, tear_down);
  g_test_add ("/python/package", Fixture, NULL, set_up, test_package, tear_down);
  return g_test_run ();
}
