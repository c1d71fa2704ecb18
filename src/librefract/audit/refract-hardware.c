/* refract-hardware.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>
#include <sys/utsname.h>

#include "audit/refract-hardware.h"

/* The value after "@name :" of the first such line of a file in /proc. */
static char *
read_proc_value (const char *path, const char *name)
{
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;

  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i] != NULL; i++)
    {
      const char *colon = strchr (lines[i], ':');
      g_autofree char *key = colon != NULL ? g_strndup (lines[i], colon - lines[i]) : NULL;

      if (key != NULL && g_str_equal (g_strstrip (key), name))
        return g_strstrip (g_strdup (colon + 1));
    }

  return NULL;
}

char *
refract_hardware_dup_platform (void)
{
  struct utsname name;
  g_auto (GStrv) version = NULL;

  if (uname (&name) != 0)
    return g_strdup ("unknown");

  /* Major and minor: what follows tells more about the owner's kernel than about the measurement.
   */
  version = g_strsplit (name.release, ".", 3);
  return g_strdup_printf ("%s %s.%s %s", name.sysname, version[0],
                          version[0] != NULL && version[1] != NULL ? version[1] : "0",
                          name.machine);
}

char *
refract_hardware_dup_processor (void)
{
  struct utsname name;
  char *model = read_proc_value ("/proc/cpuinfo", "model name");

  if (model != NULL)
    return model;
  return g_strdup (uname (&name) == 0 ? name.machine : "unknown");
}

static guint64
read_meminfo (const char *name)
{
  g_autofree char *value = read_proc_value ("/proc/meminfo", name);

  return value != NULL ? g_ascii_strtoull (value, NULL, 10) * 1024 : 0;
}

guint64
refract_hardware_get_memory (void)
{
  return read_meminfo ("MemTotal");
}

guint64
refract_hardware_get_available_memory (void)
{
  return read_meminfo ("MemAvailable");
}
