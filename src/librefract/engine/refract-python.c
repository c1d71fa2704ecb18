/* refract-python.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "core/refract-error.h"
#include "engine/refract-python.h"

#define INFO_SUFFIX ".dist-info"

/* A link of another root (/run/host) may lead nowhere in ours. */
static gboolean
is_program (const char *path)
{
  return g_file_test (path, G_FILE_TEST_IS_REGULAR)
         || (!g_file_test (path, G_FILE_TEST_EXISTS) && g_file_test (path, G_FILE_TEST_IS_SYMLINK));
}

static char *
find_in_environment (const char *folder)
{
  static const char *const names[] = { "bin/python3", "bin/python", "python3" };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);

      if (is_program (path))
        return g_steal_pointer (&path);
    }
  return NULL;
}

char *
refract_python_find (const char *named, GError **error)
{
  static const char *const variables[] = { "REFRACT_PYTHON", "VIRTUAL_ENV" };
  g_autofree char *absolute = NULL;
  const char *source = "the Python setting";
  char *path;

  for (guint i = 0; (named == NULL || *named == '\0') && i < G_N_ELEMENTS (variables); i++)
    {
      named = g_getenv (variables[i]);
      source = variables[i];
    }
  if (named == NULL || *named == '\0')
    {
      path = g_find_program_in_path ("python3");
      if (path == NULL)
        g_set_error_literal (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING,
                             "python3 was not found. Install Python, or name the environment that "
                             "has the engine with --python or REFRACT_PYTHON.");
      return path;
    }

  absolute = g_canonicalize_filename (named, NULL);
  path = g_file_test (absolute, G_FILE_TEST_IS_DIR) ? find_in_environment (absolute)
         : is_program (absolute)                    ? g_strdup (absolute)
                                                    : NULL;
  if (path == NULL)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING,
                 "There is no Python at “%s” (%s). Name an interpreter, or the folder of a virtual "
                 "environment.",
                 named, source);
  return path;
}

/* "mlx_lm-0.32.2.dist-info" for "mlx-lm"; (nullable) */
static char *
dup_version (const char *entry, const char *package)
{
  gsize length = strlen (package), i;

  if (!g_str_has_suffix (entry, INFO_SUFFIX) || strlen (entry) <= length + strlen (INFO_SUFFIX))
    return NULL;
  for (i = 0; i < length; i++)
    {
      char wanted = strchr ("-.", package[i]) != NULL ? '_' : g_ascii_tolower (package[i]);
      char found = strchr ("-.", entry[i]) != NULL ? '_' : g_ascii_tolower (entry[i]);

      if (wanted != found)
        return NULL;
    }
  if (entry[length] != '-')
    return NULL;
  return g_strndup (entry + length + 1, strlen (entry) - length - 1 - strlen (INFO_SUFFIX));
}

static char *
find_in_packages (const char *folder, const char *package)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *entry;
  char *version = NULL;

  while (dir != NULL && version == NULL && (entry = g_dir_read_name (dir)) != NULL)
    version = dup_version (entry, package);
  return version;
}

/* Packages of every Python 3 below @lib ("…/lib"). */
static char *
find_below (const char *lib, const char *package)
{
  static const char *const kinds[] = { "site-packages", "dist-packages" };
  g_autoptr (GDir) dir = g_dir_open (lib, 0, NULL);
  const char *entry;
  char *version = NULL;

  while (dir != NULL && version == NULL && (entry = g_dir_read_name (dir)) != NULL)
    for (guint i = 0; i < G_N_ELEMENTS (kinds) && g_str_has_prefix (entry, "python3"); i++)
      if (version == NULL)
        {
          g_autofree char *folder = g_build_filename (lib, entry, kinds[i], NULL);

          version = find_in_packages (folder, package);
        }
  return version;
}

char *
refract_python_dup_package_version (const char *python, const char *package)
{
  g_autofree char *bin = g_path_get_dirname (python);
  g_autofree char *prefix = g_path_get_dirname (bin);
  g_autofree char *lib = g_build_filename (prefix, "lib", NULL);
  g_autofree char *lib64 = g_build_filename (prefix, "lib64", NULL);
  g_autofree char *local = g_build_filename (prefix, "local", "lib", NULL);
  g_autofree char *user = g_build_filename (g_get_home_dir (), ".local", "lib", NULL);
  g_autofree char *mark = g_build_filename (prefix, "pyvenv.cfg", NULL);
  const char *const folders[] = { lib, lib64, local, user };
  guint n = g_file_test (mark, G_FILE_TEST_EXISTS) ? 2 : G_N_ELEMENTS (folders), i;
  char *version = NULL;

  g_return_val_if_fail (python != NULL && package != NULL && *package != '\0', NULL);

  for (i = 0; i < n && version == NULL; i++)
    version = find_below (folders[i], package);
  return version;
}
