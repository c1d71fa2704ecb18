/* refract-process.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib-unix.h>

#include "core/refract-error.h"
#include "engine/refract-process-private.h"

#define ERROR_LINES 12u
#define GRACE_MS 500u
#define STOP_LIMIT (7 * G_TIME_SPAN_SECOND) /* and the grace: more than the supervisor's own */

G_DEFINE_FINAL_TYPE (RefractProcess, refract_process, G_TYPE_OBJECT)

static guint n_spawned;

static void
refract_process_finalize (GObject *object)
{
  RefractProcess *self = REFRACT_PROCESS (object);
  guint i;

  if (self->reader != NULL)
    {
      refract_process_stop (self);
      g_thread_join (self->reader);
    }
  refract_process_close_fd (&self->lifeline);
  for (i = 0; i < REFRACT_PROCESS_N_STREAMS; i++)
    {
      refract_process_close_fd (&self->streams[i].fd);
      g_string_free (self->streams[i].line, TRUE);
    }
  g_clear_object (&self->supervisor);
  g_free (self->executed);
  g_free (self->program);
  g_queue_clear_full (&self->tail, g_free);
  g_mutex_clear (&self->mutex);
  g_cond_clear (&self->changed);

  G_OBJECT_CLASS (refract_process_parent_class)->finalize (object);
}

static void
refract_process_class_init (RefractProcessClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = refract_process_finalize;
}

static void
refract_process_init (RefractProcess *self)
{
  guint i;

  g_mutex_init (&self->mutex);
  g_cond_init (&self->changed);
  g_queue_init (&self->tail);
  self->lifeline = -1;
  for (i = 0; i < REFRACT_PROCESS_N_STREAMS; i++)
    {
      self->streams[i].fd = -1;
      self->streams[i].line = g_string_new (NULL);
    }
}

static gboolean
open_pipe (int fds[2], GError **error)
{
  if (pipe2 (fds, O_CLOEXEC) == 0)
    return TRUE;
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
               "A pipe to the engine could not be made: %s. Close other programs.",
               g_strerror (errno));
  return FALSE;
}

static GSubprocessLauncher *
prepare_launcher (RefractProcess *self, const char *const *environment, GError **error)
{
  g_autoptr (GSubprocessLauncher) launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_NONE);
  int lifeline[2], pipes[REFRACT_PROCESS_N_STREAMS][2];
  guint i;

  for (i = 0; environment != NULL && environment[i] != NULL; i++)
    {
      const char *equals = strchr (environment[i], '=');
      g_autofree char *name = NULL;

      if (equals == NULL)
        {
          g_subprocess_launcher_unsetenv (launcher, environment[i]);
          continue;
        }
      name = g_strndup (environment[i], (gsize) (equals - environment[i]));
      g_subprocess_launcher_setenv (launcher, name, equals + 1, TRUE);
    }

  if (!open_pipe (lifeline, error))
    return NULL;
  self->lifeline = lifeline[1];
  g_subprocess_launcher_take_stdin_fd (launcher, lifeline[0]);
  for (i = 0; i < REFRACT_PROCESS_N_STREAMS; i++)
    {
      if (!open_pipe (pipes[i], error))
        return NULL;
      self->streams[i].fd = pipes[i][0];
      if (i == REFRACT_PROCESS_STREAM_OUT)
        g_subprocess_launcher_take_stdout_fd (launcher, pipes[i][1]);
      else if (i == REFRACT_PROCESS_STREAM_ERR)
        g_subprocess_launcher_take_stderr_fd (launcher, pipes[i][1]);
      else
        g_subprocess_launcher_take_fd (launcher, pipes[i][1], 3);
      if (!g_unix_set_fd_nonblocking (pipes[i][0], TRUE, error))
        return NULL;
    }
  return g_steal_pointer (&launcher);
}

static gboolean
wait_until_started (RefractProcess *self, GError **error)
{
  int failed;

  g_mutex_lock (&self->mutex);
  while (self->pid == 0 && self->exec_errno == 0 && !self->ended)
    g_cond_wait (&self->changed, &self->mutex);
  failed = self->exec_errno;
  g_mutex_unlock (&self->mutex);

  if (failed != 0)
    g_set_error (error, REFRACT_ERROR,
                 failed == ENOENT ? REFRACT_ERROR_ENGINE_MISSING : REFRACT_ERROR_ENGINE,
                 failed == EACCES ? "“%s” could not be started: %s. Make it executable (chmod +x) "
                                    "or choose another folder."
                                  : "“%s” could not be started: %s. Check its path.",
                 self->executed, g_strerror (failed));
  return failed == 0;
}

RefractProcess *
refract_process_spawn (const char *const *launcher,
                       const char *const *argv,
                       const char *const *environment,
                       RefractLineFunc line_func,
                       gpointer user_data,
                       GError **error)
{
  return refract_process_spawn_with_grace (launcher, argv, environment, GRACE_MS, line_func,
                                           user_data, error);
}

RefractProcess *
refract_process_spawn_with_grace (const char *const *launcher,
                                  const char *const *argv,
                                  const char *const *environment,
                                  guint grace_ms,
                                  RefractLineFunc line_func,
                                  gpointer user_data,
                                  GError **error)
{
  g_autoptr (RefractProcess) self = g_object_new (REFRACT_TYPE_PROCESS, NULL);
  g_autoptr (GSubprocessLauncher) subprocess_launcher = NULL;
  g_autoptr (GPtrArray) full = g_ptr_array_new_with_free_func (g_free);
  guint i;

  g_return_val_if_fail (argv != NULL && argv[0] != NULL, NULL);

  g_ptr_array_add (full, refract_process_find_supervisor (error));
  if (g_ptr_array_index (full, 0) == NULL)
    return NULL;
  g_ptr_array_add (full, g_strdup ("--status-fd"));
  g_ptr_array_add (full, g_strdup ("3"));
  g_ptr_array_add (full, g_strdup ("--grace"));
  g_ptr_array_add (full, g_strdup_printf ("%u", grace_ms));
  g_ptr_array_add (full, g_strdup ("--"));
  for (i = 0; launcher != NULL && launcher[i] != NULL; i++)
    g_ptr_array_add (full, g_strdup (launcher[i]));
  for (i = 0; argv[i] != NULL; i++)
    g_ptr_array_add (full, g_strdup (argv[i]));
  g_ptr_array_add (full, NULL);

  self->executed = g_strdup (g_ptr_array_index (full, 6));
  self->program = g_path_get_basename (argv[0]);
  self->grace_ms = grace_ms;
  self->line_func = line_func;
  self->user_data = user_data;
  self->last_output = g_get_monotonic_time ();
  subprocess_launcher = prepare_launcher (self, environment, error);
  if (subprocess_launcher == NULL)
    return NULL;
  self->supervisor = g_subprocess_launcher_spawnv (subprocess_launcher,
                                                   (const char *const *) full->pdata, error);
  if (self->supervisor == NULL)
    return NULL;
  g_subprocess_launcher_close (subprocess_launcher);

  self->reader = g_thread_new ("engine-output", refract_process_read, self);
  g_atomic_int_inc (&n_spawned);
  if (!wait_until_started (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

gboolean
refract_process_is_running (RefractProcess *self)
{
  gboolean running;

  g_return_val_if_fail (REFRACT_IS_PROCESS (self), FALSE);

  g_mutex_lock (&self->mutex);
  running = !self->ended;
  g_mutex_unlock (&self->mutex);
  return running;
}

static void
wake (GCancellable *cancellable, gpointer data)
{
  RefractProcess *self = data;

  g_mutex_lock (&self->mutex);
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->mutex);
}

gboolean
refract_process_wait_for (RefractProcess *self, gint64 timeout, GCancellable *cancellable)
{
  gint64 end_time = g_get_monotonic_time () + timeout;
  gulong handler = 0;
  gboolean ended;

  g_return_val_if_fail (REFRACT_IS_PROCESS (self), FALSE);

  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (wake), self, NULL);
  g_mutex_lock (&self->mutex);
  while (!self->ended && !g_cancellable_is_cancelled (cancellable))
    if (timeout < 0)
      g_cond_wait (&self->changed, &self->mutex);
    else if (!g_cond_wait_until (&self->changed, &self->mutex, end_time))
      break;
  ended = self->ended;
  g_mutex_unlock (&self->mutex);
  g_cancellable_disconnect (cancellable, handler);
  return ended;
}

gboolean
refract_process_wait (RefractProcess *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (REFRACT_IS_PROCESS (self), FALSE);

  refract_process_wait_for (self, -1, cancellable);
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    {
      refract_process_stop (self);
      return FALSE;
    }
  if (self->has_status && WIFEXITED (self->status) && WEXITSTATUS (self->status) == 0)
    return TRUE;
  refract_process_set_end_error (self, error);
  return FALSE;
}

void
refract_process_stop (RefractProcess *self)
{
  gint64 limit;

  g_return_if_fail (REFRACT_IS_PROCESS (self));

  g_mutex_lock (&self->mutex);
  if (!self->ended)
    self->stopping = TRUE;
  g_mutex_unlock (&self->mutex);
  refract_process_close_fd (&self->lifeline);
  limit = STOP_LIMIT + self->grace_ms * G_TIME_SPAN_MILLISECOND;
  if (self->supervisor != NULL && !refract_process_wait_for (self, limit, NULL))
    {
      /* the supervisor itself was stopped (SIGSTOP) */
      g_subprocess_force_exit (self->supervisor);
      refract_process_wait_for (self, -1, NULL);
    }
}

char *
refract_process_dup_tail (RefractProcess *self, guint n)
{
  GString *text = g_string_new (NULL);
  GList *link;
  guint i = 0;

  g_mutex_lock (&self->mutex);
  for (link = self->tail.head; link != NULL; link = link->next, i++)
    if (self->tail.length - i <= n)
      g_string_append_printf (text, "%s%s", text->len > 0 ? "\n" : "", (const char *) link->data);
  g_mutex_unlock (&self->mutex);
  return g_string_free (text, FALSE);
}

char *
refract_process_dup_end_reason (RefractProcess *self)
{
  char *reason = NULL;

  g_return_val_if_fail (REFRACT_IS_PROCESS (self), NULL);

  g_mutex_lock (&self->mutex);
  if (!self->ended)
    reason = NULL;
  else if (self->stopping)
    reason = g_strdup ("was ended by Refract");
  else if (!self->has_status)
    reason = g_strdup ("was ended together with its supervisor, which somebody killed");
  else if (WIFEXITED (self->status))
    reason = g_strdup_printf ("exited with status %d", WEXITSTATUS (self->status));
  else if (WTERMSIG (self->status) == SIGKILL)
    reason = g_strdup ("was killed by signal 9 (out of memory?)");
  else
    reason = g_strdup_printf ("was ended by signal %d (%s)", WTERMSIG (self->status),
                              g_strsignal (WTERMSIG (self->status)));
  g_mutex_unlock (&self->mutex);
  return reason;
}

void
refract_process_set_end_error (RefractProcess *self, GError **error)
{
  g_autofree char *reason = refract_process_dup_end_reason (self);
  g_autofree char *tail = refract_process_dup_tail (self, ERROR_LINES);

  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE, "%s %s.%s%s", self->program,
               reason != NULL ? reason : "still runs", *tail != '\0' ? " Its last lines:\n" : "",
               tail);
}

gboolean
refract_process_was_killed (RefractProcess *self)
{
  gboolean killed;

  g_mutex_lock (&self->mutex);
  killed = self->ended && !self->stopping && self->has_status && WIFSIGNALED (self->status)
           && WTERMSIG (self->status) == SIGKILL;
  g_mutex_unlock (&self->mutex);
  return killed;
}

double
refract_process_get_silence (RefractProcess *self)
{
  double seconds;

  g_mutex_lock (&self->mutex);
  seconds = (double) (g_get_monotonic_time () - self->last_output) / G_TIME_SPAN_SECOND;
  g_mutex_unlock (&self->mutex);
  return seconds;
}

guint64
refract_process_get_peak_rss (RefractProcess *self)
{
  guint64 bytes;

  g_return_val_if_fail (REFRACT_IS_PROCESS (self), 0);

  g_mutex_lock (&self->mutex);
  bytes = self->ended && !self->memory_unknown ? self->peak_rss : 0;
  g_mutex_unlock (&self->mutex);
  return bytes;
}

guint
refract_process_get_n_spawned (void)
{
  return (guint) g_atomic_int_get (&n_spawned);
}

void
refract_process_set_memory_unknown (RefractProcess *self)
{
  g_return_if_fail (REFRACT_IS_PROCESS (self));

  g_mutex_lock (&self->mutex);
  self->memory_unknown = TRUE;
  g_mutex_unlock (&self->mutex);
}
