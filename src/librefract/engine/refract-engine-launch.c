/* refract-engine-launch.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/un.h>

#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "engine/refract-engine-launch.h"

#define HOST_ROOT "/run/host/"
#define APP_ROOT "/app/"
#define GRACE_MS 500
#define LONGEST_NAME "/engine.sock"

struct _RefractEngineLaunch
{
  char **launcher;  /* NULL: none */
  gboolean is_host; /* outside of our Flatpak sandbox */
  char *app_path;   /* what /app is outside; NULL unknown */
  guint grace_ms;
};

static gboolean
is_of_sandbox (const char *program)
{
  return g_str_has_prefix (program, APP_ROOT) || g_str_has_prefix (program, "/usr/");
}

static char *
read_app_path (const char *flatpak_info)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();

  if (!g_key_file_load_from_file (file, flatpak_info, G_KEY_FILE_NONE, NULL))
    return NULL;
  return g_key_file_get_string (file, "Instance", "app-path", NULL);
}

RefractEngineLaunch *
refract_engine_launch_new (const char *program,
                           const char *const *launcher,
                           const char *flatpak_info)
{
  /* It ends the program when we end, however violently. */
  static const char *const flatpak_spawn[] = { "flatpak-spawn", "--host", "--watch-bus", NULL };
  RefractEngineLaunch *self = g_new0 (RefractEngineLaunch, 1);
  const char *host_launcher = g_getenv ("REFRACT_HOST_LAUNCHER");

  self->grace_ms = GRACE_MS;
  if (launcher != NULL && launcher[0] != NULL)
    self->launcher = g_strdupv ((char **) launcher);
  else if (program == NULL)
    return self;
  else if (host_launcher != NULL && *host_launcher != '\0' && g_str_has_prefix (program, HOST_ROOT))
    self->launcher = g_strdupv ((char *[]) { (char *) host_launcher, NULL });
  else if (g_file_test (flatpak_info, G_FILE_TEST_EXISTS) && !is_of_sandbox (program))
    {
      self->launcher = g_strdupv ((char **) flatpak_spawn);
      self->is_host = TRUE;
      self->app_path = read_app_path (flatpak_info);
    }
  return self;
}

void
refract_engine_launch_free (RefractEngineLaunch *self)
{
  if (self == NULL)
    return;

  g_strfreev (self->launcher);
  g_free (self->app_path);
  g_free (self);
}

void
refract_engine_launch_set_grace (RefractEngineLaunch *self, guint grace_ms)
{
  self->grace_ms = grace_ms;
}

/* An argument, or the value of --option=VALUE, that is a path of the sandbox, as the host knows it.
 */
static char *
dup_for_host (const RefractEngineLaunch *self, const char *argument)
{
  const char *equals = g_str_has_prefix (argument, "--") ? strchr (argument, '=') : NULL;
  const char *path = equals != NULL ? equals + 1 : argument;
  int head = (int) (path - argument);

  if (!self->is_host)
    return g_strdup (argument);
  if (g_str_has_prefix (path, HOST_ROOT))
    return g_strdup_printf ("%.*s%s", head, argument, path + strlen (HOST_ROOT) - 1);
  if (self->app_path != NULL && g_str_has_prefix (path, APP_ROOT))
    return g_strdup_printf ("%.*s%s%s", head, argument, self->app_path,
                            path + strlen (APP_ROOT) - 1);
  return g_strdup (argument);
}

RefractProcess *
refract_engine_launch_spawn (const RefractEngineLaunch *self,
                             const char *const *argv,
                             const char *const *environment,
                             RefractLineFunc line_func,
                             gpointer user_data,
                             GError **error)
{
  g_autoptr (GPtrArray) full = g_ptr_array_new_with_free_func (g_free);
  RefractProcess *process;
  guint i;

  if (self->launcher == NULL)
    return refract_process_spawn_with_grace (NULL, argv, environment, self->grace_ms, line_func,
                                             user_data, error);

  if (environment != NULL && environment[0] != NULL)
    {
      g_ptr_array_add (full, g_strdup ("env"));
      for (i = 0; environment[i] != NULL; i++)
        if (strchr (environment[i], '=') == NULL)
          g_ptr_array_add (full, g_strconcat ("--unset=", environment[i], NULL));
      for (i = 0; environment[i] != NULL; i++)
        if (strchr (environment[i], '=') != NULL)
          g_ptr_array_add (full, g_strdup (environment[i]));
    }
  for (i = 0; argv[i] != NULL; i++)
    g_ptr_array_add (full, dup_for_host (self, argv[i]));
  g_ptr_array_add (full, NULL);

  process = refract_process_spawn_with_grace ((const char *const *) self->launcher,
                                              (const char *const *) full->pdata, NULL,
                                              self->grace_ms, line_func, user_data, error);
  /* What we could weigh is flatpak-spawn. */
  if (process != NULL && self->is_host)
    refract_process_set_memory_unknown (process);
  return process;
}

char *
refract_engine_make_folder (GError **error)
{
  const char *runtime = g_getenv ("XDG_RUNTIME_DIR"), *flatpak = g_getenv ("FLATPAK_ID");
  /* This one is the same folder inside and outside of a Flatpak sandbox. */
  g_autofree char *shared = runtime != NULL && flatpak != NULL
                                ? g_build_filename (runtime, "app", flatpak, NULL)
                                : NULL;
  const char *const places[] = { shared, runtime, g_get_tmp_dir (), "/tmp" };
  int saved_errno = ENOENT;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (places); i++)
    {
      g_autofree char *path = NULL;

      if (places[i] == NULL || *places[i] == '\0')
        continue;
      path = g_build_filename (places[i], "refract-XXXXXX", NULL);
      if (strlen (path) + strlen (LONGEST_NAME) >= sizeof ((struct sockaddr_un *) NULL)->sun_path)
        continue;
      if (g_mkdtemp_full (path, 0700) != NULL)
        return g_steal_pointer (&path);
      saved_errno = errno;
    }
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
               "No private folder could be made for talking to the engine: %s. Check that "
               "XDG_RUNTIME_DIR or /tmp can be written to.",
               g_strerror (saved_errno));
  return NULL;
}
