/* test-launch.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Engines that are started elsewhere: what they are told is true there. */

#include "config.h"

#include <string.h>

#include <glib/gstdio.h>

#include "engine/refract-engine-launch.h"

/* Says how it was called, and calls what follows its own options. */
#define FAKE_SPAWN "#!/bin/sh\necho \"spawn $1 $2\"\nshift 2\nunset VISIBLE\nexec \"$@\"\n"

typedef struct
{
  char *folder;
  char *info;
  char *spawn;
  GMutex mutex;
  GString *lines;
} Fixture;

static void
take_line (const char *line, gboolean is_stderr, gpointer user_data)
{
  Fixture *self = user_data;

  g_mutex_lock (&self->mutex);
  g_string_append_printf (self->lines, "%s\n", line);
  g_mutex_unlock (&self->mutex);
}

static void
set_up (Fixture *self, gconstpointer data)
{
  g_autofree char *path = NULL;

  self->folder = g_dir_make_tmp ("refract-launch-XXXXXX", NULL);
  self->info = g_build_filename (self->folder, "flatpak-info", NULL);
  self->spawn = g_build_filename (self->folder, "flatpak-spawn", NULL);
  self->lines = g_string_new (NULL);
  g_mutex_init (&self->mutex);
  g_assert_true (
      g_file_set_contents (self->info, "[Instance]\napp-path=/outside/files\n", -1, NULL));
  g_assert_true (g_file_set_contents (self->spawn, FAKE_SPAWN, -1, NULL));
  g_assert_cmpint (g_chmod (self->spawn, 0700), ==, 0);
  path = g_strconcat (self->folder, ":", g_getenv ("PATH"), NULL);
  g_setenv ("PATH", path, TRUE);
  g_unsetenv ("REFRACT_HOST_LAUNCHER");
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  g_remove (self->info);
  g_remove (self->spawn);
  g_rmdir (self->folder);
  g_free (self->folder);
  g_free (self->info);
  g_free (self->spawn);
  g_string_free (self->lines, TRUE);
  g_mutex_clear (&self->mutex);
}

/* What was printed, when @argv was launched as the program @program would be. */
static const char *
launch (Fixture *self,
        const char *program,
        const char *const *launcher,
        const char *info,
        const char *const *argv,
        guint64 *peak_rss)
{
  const char *const environment[] = { "CHANGED=yes", "TAKEN", NULL };
  RefractEngineLaunch *how = refract_engine_launch_new (program, launcher, info);
  g_autoptr (RefractProcess) process = NULL;
  g_autoptr (GError) error = NULL;

  g_setenv ("TAKEN", "no", TRUE);
  process = refract_engine_launch_spawn (how, argv, environment, take_line, self, &error);
  g_assert_no_error (error);
  g_assert_true (refract_process_wait (process, NULL, &error));
  g_assert_no_error (error);
  if (peak_rss != NULL)
    *peak_rss = refract_process_get_peak_rss (process);
  g_clear_object (&process);
  refract_engine_launch_free (how);
  return self->lines->str;
}

static const char *const say[] = { "/bin/sh",
                                   "-c",
                                   "printf '%s\\n' \"$CHANGED\" \"${TAKEN-gone}\" \"$@\"",
                                   "sh",
                                   "/run/host/usr/x.gguf",
                                   "--file=/run/host/etc/y",
                                   "/app/share/corpus",
                                   "/home/me/z",
                                   NULL };

static void
test_here (Fixture *self, gconstpointer data)
{
  guint64 rss;

  g_assert_cmpstr (launch (self, "/opt/llama-server", NULL, "/nonexistent", say, &rss), ==,
                   "yes\ngone\n/run/host/usr/x.gguf\n--file=/run/host/etc/y\n/app/share/corpus\n"
                   "/home/me/z\n");
  g_assert_cmpuint (rss, >, 0);
}

/* The host gets its own paths and the environment; what cannot be weighed is not. */
static void
test_flatpak (Fixture *self, gconstpointer data)
{
  guint64 rss;

  g_assert_cmpstr (launch (self, "/home/me/llama-server", NULL, self->info, say, &rss), ==,
                   "spawn --host --watch-bus\nyes\ngone\n/usr/x.gguf\n--file=/etc/y\n"
                   "/outside/files/share/corpus\n/home/me/z\n");
  g_assert_cmpuint (rss, ==, 0);
}

/* The engine that comes with the sandbox runs in it. */
static void
test_flatpak_own (Fixture *self, gconstpointer data)
{
  g_assert_null (
      strstr (launch (self, "/app/bin/llama-server", NULL, self->info, say, NULL), "spawn"));
  g_assert_null (
      strstr (launch (self, "/usr/bin/llama-server", NULL, self->info, say, NULL), "spawn"));
}

static void
test_named (Fixture *self, gconstpointer data)
{
  const char *const launcher[] = { "/usr/bin/env", "--unset=NOTHING", NULL };

  g_assert_cmpstr (launch (self, "/home/me/llama-server", launcher, self->info, say, NULL), ==,
                   "yes\ngone\n/run/host/usr/x.gguf\n--file=/run/host/etc/y\n/app/share/corpus\n"
                   "/home/me/z\n");
}

static void
test_host_launcher (Fixture *self, gconstpointer data)
{
  g_setenv ("REFRACT_HOST_LAUNCHER", "/nonexistent/launcher", TRUE);
  g_assert_true (g_str_has_prefix (
      launch (self, "/opt/llama-server", NULL, "/nonexistent", say, NULL), "yes\n"));
  g_unsetenv ("REFRACT_HOST_LAUNCHER");
}

#define ADD(name, func) g_test_add ("/launch/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("here", test_here);
  ADD ("flatpak", test_flatpak);
  ADD ("flatpak-own", test_flatpak_own);
  ADD ("named", test_named);
  ADD ("host-launcher", test_host_launcher);
  return g_test_run ();
}
