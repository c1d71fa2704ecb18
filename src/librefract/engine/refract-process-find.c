/* refract-process-find.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "core/refract-error.h"
#include "engine/refract-process-private.h"

#define N_PARENTS 4

char *
refract_process_find_supervisor (GError **error)
{
  const char *named = g_getenv ("REFRACT_SUPERVISOR");
  g_autofree char *self_path = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = self_path != NULL ? g_path_get_dirname (self_path) : NULL;
  static const char *const places[]
      = { "src/librefract/refract-supervisor", "libexec/refract/refract-supervisor" };
  guint i, k;

  if (named != NULL && *named != '\0')
    return g_strdup (named);
  for (i = 0; folder != NULL && i < N_PARENTS; i++)
    {
      g_autofree char *parent = NULL;

      for (k = 0; k < G_N_ELEMENTS (places); k++)
        {
          g_autofree char *path = g_build_filename (folder, places[k], NULL);

          if (g_file_test (path, G_FILE_TEST_IS_EXECUTABLE))
            return g_steal_pointer (&path);
        }
      parent = g_path_get_dirname (folder);
      g_free (folder);
      folder = g_steal_pointer (&parent);
    }
  if (g_file_test (LIBEXECDIR "/refract-supervisor", G_FILE_TEST_IS_EXECUTABLE))
    return g_strdup (LIBEXECDIR "/refract-supervisor");
  g_set_error_literal (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                       "Refract's own helper program “refract-supervisor” is missing: install "
                       "Refract again, or name it in REFRACT_SUPERVISOR.");
  return NULL;
}
