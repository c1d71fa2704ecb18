/* refract-python.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "backends/refract-python.h"
#include "core/refract-error.h"

static char *
find_in_environment (const char *folder)
{
  static const char *const programs[] = { "python", "python3" };

  for (guint i = 0; i < G_N_ELEMENTS (programs); i++)
    {
      g_autofree char *program = g_build_filename (folder, "bin", programs[i], NULL);

      if (g_file_test (program, G_FILE_TEST_IS_EXECUTABLE)
          && !g_file_test (program, G_FILE_TEST_IS_DIR))
        return g_canonicalize_filename (program, NULL);
    }
  return NULL;
}

char *
refract_python_find (const char *python, GError **error)
{
  const char *source = "";
  g_autofree char *found = NULL;

  if (python == NULL && (python = g_getenv ("REFRACT_PYTHON")) != NULL)
    source = " (of REFRACT_PYTHON)";
  else if (python == NULL && (python = g_getenv ("VIRTUAL_ENV")) != NULL)
    source = " (of VIRTUAL_ENV)";
  if (python == NULL || *python == '\0')
    {
      found = g_find_program_in_path ("python3");
      if (found == NULL)
        g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING,
                     "There is no python3 on PATH. Name the Python environment of the engine with "
                     "--python.");
      return g_steal_pointer (&found);
    }

  if (g_file_test (python, G_FILE_TEST_IS_DIR))
    found = find_in_environment (python);
  else
    {
      g_autofree char *program = g_find_program_in_path (python);

      found = program != NULL ? g_canonicalize_filename (program, NULL) : NULL;
    }
  if (found == NULL)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING,
                 "“%s”%s is neither a Python program nor the folder of a virtual environment. "
                 "Name one with --python.",
                 python, source);
  return g_steal_pointer (&found);
}

/* Names of distributions count as equal when these are. */
static char *
normalise (const char *name, gsize length)
{
  char *normal = g_ascii_strdown (name, length);

  return g_strdelimit (normal, "-.", '_');
}

/* "mlx_lm-0.32.2.dist-info" */
static char *
find_in_folder (const char *folder, const char *package)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  g_autofree char *wanted = normalise (package, strlen (package));
  const char *entry;

  while (dir != NULL && (entry = g_dir_read_name (dir)) != NULL)
    {
      const char *dash = strchr (entry, '-');
      g_autofree char *name = NULL;

      if (dash == NULL || !g_str_has_suffix (entry, ".dist-info"))
        continue;
      name = normalise (entry, dash - entry);
      if (g_str_equal (name, wanted))
        return g_strndup (dash + 1, strlen (dash + 1) - strlen (".dist-info"));
    }
  return NULL;
}

/* PREFIX/lib/python3.x/site-packages or dist-packages */
static char *
find_below (const char *prefix, const char *lib, const char *package)
{
  static const char *const folders[] = { "site-packages", "dist-packages" };
  g_autofree char *path = g_build_filename (prefix, lib, NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *entry;

  while (dir != NULL && (entry = g_dir_read_name (dir)) != NULL)
    for (guint i = 0; g_str_has_prefix (entry, "python3") && i < G_N_ELEMENTS (folders); i++)
      {
        g_autofree char *folder = g_build_filename (path, entry, folders[i], NULL);
        char *version = find_in_folder (folder, package);

        if (version != NULL)
          return version;
      }
  return NULL;
}

/* A virtual environment that does not look beyond itself. */
static gboolean
is_closed (const char *prefix)
{
  g_autofree char *path = g_build_filename (prefix, "pyvenv.cfg", NULL);
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL)
         && !g_regex_match_simple ("^include-system-site-packages\\s*=\\s*true\\s*$", text,
                                   G_REGEX_MULTILINE | G_REGEX_CASELESS, 0);
}

char *
refract_python_find_package (const char *interpreter, const char *package)
{
  g_autofree char *bin = g_path_get_dirname (interpreter);
  g_autofree char *prefix = g_path_get_dirname (bin);
  g_autofree char *own = g_build_filename (g_get_home_dir (), ".local", NULL);
  const char *prefixes[] = { prefix, own, "/usr/local", "/usr" };
  guint n = is_closed (prefix) ? 1 : G_N_ELEMENTS (prefixes);

  for (guint i = 0; i < n; i++)
    {
      char *version = find_below (prefixes[i], "lib", package);

      if (version == NULL)
        version = find_below (prefixes[i], "lib64", package);
      if (version != NULL)
        return version;
    }
  return NULL;
}
