/* refract-data.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "core/refract-data.h"

char *
refract_data_dup_path (const char *name)
{
  const char *folder = g_getenv ("REFRACT_DATA_DIR");
  g_autofree char *path = NULL;

  if (folder == NULL)
    return g_build_filename (PKGDATADIR, name, NULL);

  path = g_build_filename (folder, name, NULL);
  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    {
      g_free (path);
      path = g_build_filename (folder, "data", name, NULL);
    }
  return g_steal_pointer (&path);
}
