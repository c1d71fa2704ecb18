/* test-process.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "engine/refract-process.h"

/* What a person may wait: nothing of an engine lives longer than this after its owner. */
#define LIMIT (2 * G_TIME_SPAN_SECOND)
#define KILLS 20

static const char *self_path;

typedef struct
{
  GMutex mutex;
  GPtrArray *lines; /* "1 text" from standard output, "2 text" from standard error */
} Lines;

static void
take_line (const char *line, gboolean is_stderr, gpointer user_data)
{
  Lines *lines = user_data;

  g_mutex_lock (&lines->mutex);
  g_ptr_array_add (lines->lines, g_strdup_printf ("%d %s", is_stderr ? 2 : 1, line));
  g_mutex_unlock (&lines->mutex);
}

static void
lines_init (Lines *lines)
{
  g_mutex_init (&lines->mutex);
  lines->lines = g_ptr_array_new_with_free_func (g_free);
}

static void
lines_clear (Lines *lines)
{
  g_mutex_clear (&lines->mutex);
  g_ptr_array_unref (lines->lines);
}

static const char *
line_at (Lines *lines, guint index)
{
  return index < lines->lines->len ? g_ptr_array_index (lines->lines, index) : "(none)";
}

static guint
count_lines (Lines *lines)
{
  guint n;

  g_mutex_lock (&lines->mutex);
  n = lines->lines->len;
  g_mutex_unlock (&lines->mutex);
  return n;
}

static RefractProcess *
spawn_shell (const char *script, Lines *lines)
{
  const char *const argv[] = { "/bin/sh", "-c", script, NULL };
  g_autoptr (GError) error = NULL;
  RefractProcess *process
      = refract_process_spawn (NULL, argv, NULL, lines != NULL ? take_line : NULL, lines, &error);

  g_assert_no_error (error);
  g_assert_nonnull (process);
  return process;
}

static void
run_shell (const char *script, Lines *lines)
{
  g_autoptr (RefractProcess) process = spawn_shell (script, lines);
  g_autoptr (GError) error = NULL;

  g_assert_true (refract_process_wait (process, NULL, &error));
  g_assert_no_error (error);
}

/* Alive or waiting to be reaped: the letter of the state, 0 when there is no such process. */
static char
process_state (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree char *text = NULL;
  const char *end;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return 0;
  end = strrchr (text, ')');
  return end != NULL ? end[2] : 0;
}

static int
parent_of (int pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%d/stat", pid);
  g_autofree char *text = NULL;
  const char *end;
  int parent = 0;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  end = strrchr (text, ')');
  g_assert_cmpint (sscanf (end + 1, " %*c %d", &parent), ==, 1);
  return parent;
}

static gboolean
is_gone_in_time (int pid)
{
  gint64 end_time = g_get_monotonic_time () + LIMIT;

  while (g_get_monotonic_time () < end_time)
    {
      char state = process_state (pid);

      if (state == 0 || state == 'Z' || state == 'X')
        return TRUE;
      g_usleep (2000);
    }
  return FALSE;
}

/* The numbers that a script prints, one per line. */
static void
wait_for_pids (Lines *lines, guint n, int *pids)
{
  guint i;

  while (count_lines (lines) < n)
    g_usleep (1000);
  for (i = 0; i < n; i++)
    {
      pids[i] = atoi (line_at (lines, i) + 2);
      g_assert_cmpint (pids[i], >, 1);
    }
}

static void
test_status (void)
{
  g_autoptr (RefractProcess) process = spawn_shell ("echo first; echo why >&2; exit 3", NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *reason = NULL;

  g_assert_false (refract_process_wait (process, NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE);
  g_assert_nonnull (strstr (error->message, "exited with status 3"));
  g_assert_nonnull (strstr (error->message, "why"));
  g_assert_false (refract_process_is_running (process));
  reason = refract_process_dup_end_reason (process);
  g_assert_cmpstr (reason, ==, "exited with status 3");
}

static void
test_signal (void)
{
  g_autoptr (RefractProcess) process = spawn_shell ("kill -9 $$", NULL);
  g_autoptr (RefractProcess) other = spawn_shell ("kill -SEGV $$", NULL);
  g_autoptr (GError) error = NULL;
  g_autofree char *reason = NULL;

  g_assert_false (refract_process_wait (process, NULL, &error));
  g_assert_true (refract_process_was_killed (process));
  reason = refract_process_dup_end_reason (process);
  g_assert_cmpstr (reason, ==, "was killed by signal 9 (out of memory?)");
  g_assert_false (refract_process_wait (other, NULL, NULL));
  g_assert_false (refract_process_was_killed (other));
}

static void
test_lines (void)
{
  Lines lines;

  lines_init (&lines);
  run_shell ("printf 'a\\r\\n\\nb\\0c\\n\\377\\nlast'", &lines);
  g_assert_cmpuint (lines.lines->len, ==, 5);
  g_assert_cmpstr (line_at (&lines, 0), ==, "1 a");
  g_assert_cmpstr (line_at (&lines, 1), ==, "1 ");
  g_assert_cmpstr (line_at (&lines, 2), ==, "1 b\357\277\275c");
  g_assert_cmpstr (line_at (&lines, 3), ==, "1 \357\277\275");
  g_assert_cmpstr (line_at (&lines, 4), ==, "1 last");
  lines_clear (&lines);

  lines_init (&lines);
  run_shell ("echo to-stderr >&2", &lines);
  g_assert_cmpstr (line_at (&lines, 0), ==, "2 to-stderr");
  lines_clear (&lines);
}

static void
test_long_line (void)
{
  Lines lines;

  lines_init (&lines);
  run_shell ("head -c 1000000 /dev/zero | tr '\\0' x; echo; echo next", &lines);
  g_assert_cmpuint (lines.lines->len, ==, 2);
  g_assert_cmpuint (strlen (line_at (&lines, 0)), ==, 2 + (64 << 10));
  g_assert_cmpstr (line_at (&lines, 1), ==, "1 next");
  lines_clear (&lines);
}

static void
test_flood (void)
{
  Lines lines;
  g_autoptr (RefractProcess) process = NULL;
  g_autofree char *tail = NULL, *whole = NULL;
  g_auto (GStrv) kept = NULL;

  lines_init (&lines);
  process = spawn_shell ("yes flood | head -n 200000; echo last", &lines);
  g_assert_true (refract_process_wait (process, NULL, NULL));
  g_assert_cmpuint (lines.lines->len, ==, 200001);
  tail = refract_process_dup_tail (process, 2);
  g_assert_cmpstr (tail, ==, "flood\nlast");
  whole = refract_process_dup_tail (process, G_MAXUINT);
  kept = g_strsplit (whole, "\n", -1);
  g_assert_cmpuint (g_strv_length (kept), ==, 200);
  lines_clear (&lines);
}

static void
test_exec (void)
{
  g_autofree char *folder = g_dir_make_tmp ("refract-test-XXXXXX", NULL);
  g_autofree char *plain = g_build_filename (folder, "plain", NULL);
  const char *const missing[] = { "/nonexistent/llama-server", NULL };
  const char *const not_executable[] = { plain, NULL };
  const char *const launcher[] = { "/nonexistent/launcher", NULL };
  const char *const fine[] = { "/bin/true", NULL };
  g_autoptr (GError) error = NULL;

  g_assert_null (refract_process_spawn (NULL, missing, NULL, NULL, NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING);
  g_assert_nonnull (strstr (error->message, missing[0]));
  g_clear_error (&error);

  g_assert_true (g_file_set_contents (plain, "x", 1, NULL));
  g_assert_null (refract_process_spawn (NULL, not_executable, NULL, NULL, NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE);
  g_assert_nonnull (strstr (error->message, "chmod"));
  g_clear_error (&error);

  g_assert_null (refract_process_spawn (launcher, fine, NULL, NULL, NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING);
  g_assert_nonnull (strstr (error->message, launcher[0]));
  g_unlink (plain);
  g_rmdir (folder);
}

/* Arguments arrive as they are, the launcher comes first, the environment is changed as asked. */
static void
test_arguments (void)
{
  const char *const launcher[] = { "/usr/bin/env", "LAUNCHED=yes", NULL };
  const char *const argv[] = { "/bin/sh",
                               "-c",
                               "printf '%s\\n' \"$@\" \"$LAUNCHED\" \"$SET\" "
                               "\"${DROPPED-gone}\"",
                               "sh",
                               "a b",
                               "$(id)",
                               "",
                               NULL };
  const char *const environment[] = { "SET=to this=that", "DROPPED", NULL };
  g_autoptr (RefractProcess) process = NULL;
  Lines lines;

  lines_init (&lines);
  process = refract_process_spawn (launcher, argv, environment, take_line, &lines, NULL);
  g_assert_true (refract_process_wait (process, NULL, NULL));
  g_assert_cmpuint (lines.lines->len, ==, 6);
  g_assert_cmpstr (line_at (&lines, 0), ==, "1 a b");
  g_assert_cmpstr (line_at (&lines, 1), ==, "1 $(id)");
  g_assert_cmpstr (line_at (&lines, 2), ==, "1 ");
  g_assert_cmpstr (line_at (&lines, 3), ==, "1 yes");
  g_assert_cmpstr (line_at (&lines, 4), ==, "1 to this=that");
  g_assert_cmpstr (line_at (&lines, 5), ==, "1 gone");
  lines_clear (&lines);
}

/* No descriptor but the three, no blocked signal, a session of its own, nothing to read. */
static void
test_inheritance (void)
{
  int leak = open ("/dev/null", O_RDONLY); /* on purpose without O_CLOEXEC */
  Lines lines;

  lines_init (&lines);
  g_assert_cmpint (leak, >, 2);
  run_shell ("grep SigBlk /proc/self/status; read x || echo empty; cut -d' ' -f6 /proc/$$/stat; "
             "echo $$; ls /proc/$$/fd; true",
             &lines);
  g_assert_cmpuint (lines.lines->len, ==, 7);
  g_assert_cmpstr (line_at (&lines, 0), ==, "1 SigBlk:\t0000000000000000");
  g_assert_cmpstr (line_at (&lines, 1), ==, "1 empty");
  g_assert_cmpstr (line_at (&lines, 2), ==, line_at (&lines, 3));
  g_assert_cmpstr (line_at (&lines, 4), ==, "1 0");
  g_assert_cmpstr (line_at (&lines, 6), ==, "1 2");
  close (leak);
  lines_clear (&lines);
}

static void
test_cancel (void)
{
  g_autoptr (RefractProcess) process = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  Lines lines;
  int pid;

  lines_init (&lines);
  process = spawn_shell ("echo $$; while :; do sleep 1; done", &lines);
  wait_for_pids (&lines, 1, &pid);
  g_assert_null (refract_process_dup_end_reason (process));
  g_assert_cmpuint (refract_process_get_peak_rss (process), ==, 0);
  g_cancellable_cancel (cancellable);
  g_assert_false (refract_process_wait (process, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (process_state (pid), ==, 0);
  g_assert_cmpuint (refract_process_get_peak_rss (process), >, 100000);
  lines_clear (&lines);
}

static gpointer
cancel_later (gpointer data)
{
  g_usleep (100000);
  g_cancellable_cancel (data);
  return NULL;
}

static void
test_cancel_while_waiting (void)
{
  g_autoptr (RefractProcess) process = spawn_shell ("sleep 1000", NULL);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  GThread *thread = g_thread_new ("cancel", cancel_later, cancellable);

  g_assert_false (refract_process_wait (process, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_thread_join (thread);
}

/* One that ignores SIGTERM, its child, and one that moved to a session of its own. */
#define STUBBORN                                                                                   \
  "trap '' TERM; (trap '' TERM; while :; do sleep 1; done) & first=$!; "                           \
  "setsid sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1; done' & "                           \
  "echo $first; echo $$; while :; do sleep 1; done"

static void
test_stop_stubborn (void)
{
  g_autoptr (RefractProcess) process = NULL;
  g_autofree char *reason = NULL;
  Lines lines;
  int pids[3];
  guint i;

  lines_init (&lines);
  process = spawn_shell (STUBBORN, &lines);
  wait_for_pids (&lines, 3, pids);
  refract_process_stop (process);
  for (i = 0; i < 3; i++)
    g_assert_cmpint (process_state (pids[i]), ==, 0);
  reason = refract_process_dup_end_reason (process);
  g_assert_cmpstr (reason, ==, "was ended by Refract");
  refract_process_stop (process);
  lines_clear (&lines);
}

/* One that has to be killed, and a helper that ignores SIGTERM and cleans up after it. */
#define WITH_HELPER                                                                                \
  "(trap : TERM; while :; do sleep 1; done) | "                                                    \
  "(trap '' TERM; echo ready; cat >/dev/null; echo clean >\"$0\")"

static void
test_stop_with_helper (void)
{
  g_autofree char *folder = g_dir_make_tmp ("refract-process-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "cleaned", NULL);
  const char *const argv[] = { "sh", "-c", WITH_HELPER, path, NULL };
  g_autoptr (RefractProcess) process = NULL;
  g_autoptr (GError) error = NULL;

  process = refract_process_spawn_with_grace (NULL, argv, NULL, 600, NULL, NULL, &error);
  g_assert_no_error (error);
  for (;;)
    {
      g_autofree char *tail = refract_process_dup_tail (process, 1);

      if (g_str_equal (tail, "ready"))
        break;
      g_usleep (1000);
    }
  refract_process_stop (process);
  g_assert_true (g_file_test (path, G_FILE_TEST_EXISTS));
  g_unlink (path);
  g_rmdir (folder);
}

/* An engine that does not notice that a part of it was killed. */
static void
test_lost_part (void)
{
  g_autofree char *folder = g_dir_make_tmp ("refract-process-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "VLLM::Worker", NULL);
  const char *const argv[] = { "sh", "-c", "\"$0\" & echo $!; echo $$; sleep 1000", path, NULL };
  g_autoptr (RefractProcess) process = NULL;
  g_autoptr (GError) error = NULL;
  Lines lines;
  int pids[2];

  lines_init (&lines);
  g_assert_true (g_file_set_contents (path, "#!/bin/sh\nsleep 1000\n", -1, NULL));
  g_assert_cmpint (g_chmod (path, 0755), ==, 0);
  process = refract_process_spawn_with_grace (NULL, argv, NULL, 600, take_line, &lines, &error);
  g_assert_no_error (error);
  wait_for_pids (&lines, 2, pids);
  g_assert_false (refract_process_wait_for (process, 3 * G_TIME_SPAN_SECOND, NULL));
  g_assert_cmpint (kill (pids[0], SIGKILL), ==, 0);
  g_assert_true (refract_process_wait_for (process, 4 * G_TIME_SPAN_SECOND, NULL));
  g_assert_true (refract_process_was_killed (process));
  g_assert_true (is_gone_in_time (pids[1]));
  lines_clear (&lines);
  g_unlink (path);
  g_rmdir (folder);
}

/* An engine that ends by itself leaves nothing behind either. */
static void
test_leftovers (void)
{
  Lines lines;
  int pid;

  lines_init (&lines);
  run_shell ("setsid sleep 1000 >/dev/null 2>&1 & echo $!", &lines);
  wait_for_pids (&lines, 1, &pid);
  g_assert_cmpint (process_state (pid), ==, 0);
  lines_clear (&lines);
}

static void
test_supervisor_killed (void)
{
  g_autoptr (RefractProcess) process = NULL;
  g_autoptr (GError) error = NULL;
  Lines lines;
  int pids[2];

  lines_init (&lines);
  process = spawn_shell ("sleep 1000 & echo $!; echo $$; wait", &lines);
  wait_for_pids (&lines, 2, pids);
  g_assert_cmpint (kill (parent_of (pids[1]), SIGKILL), ==, 0);
  g_assert_false (refract_process_wait (process, NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE);
  g_assert_nonnull (strstr (error->message, "supervisor"));
  g_assert_true (is_gone_in_time (pids[0]));
  g_assert_true (is_gone_in_time (pids[1]));
  lines_clear (&lines);
}

/* The supervisor stands still: it is not waited for without end. */
static void
test_supervisor_stopped (void)
{
  g_autoptr (RefractProcess) process = NULL;
  Lines lines;
  int pid;

  if (!g_test_thorough ())
    {
      g_test_skip ("takes ten seconds: -m thorough");
      return;
    }
  lines_init (&lines);
  process = spawn_shell ("echo $$; exec sleep 1000", &lines);
  wait_for_pids (&lines, 1, &pid);
  g_assert_cmpint (kill (parent_of (pid), SIGSTOP), ==, 0);
  refract_process_stop (process);
  g_assert_true (is_gone_in_time (pid));
  lines_clear (&lines);
}

/* Owns a process until somebody kills it: the other half of the next test. */
static int
be_owner (const char *script)
{
  Lines lines;
  RefractProcess *process;
  guint i, n;

  lines_init (&lines);
  process = spawn_shell (script, &lines);
  for (i = 0; refract_process_is_running (process); i = n)
    {
      for (n = count_lines (&lines); i < n; i++)
        g_print ("%s\n", line_at (&lines, i) + 2);
      g_usleep (1000);
    }
  return 0;
}

static void
kill_owner (const char *script, guint n)
{
  g_autofree int *pids = g_new0 (int, n);
  g_autoptr (GSubprocess) owner = NULL;
  g_autoptr (GDataInputStream) output = NULL;
  guint i;

  owner = g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, NULL, self_path, "--own", script, NULL);
  g_assert_nonnull (owner);
  output = g_data_input_stream_new (g_subprocess_get_stdout_pipe (owner));
  for (i = 0; i < n; i++)
    {
      g_autofree char *line = g_data_input_stream_read_line (output, NULL, NULL, NULL);

      g_assert_nonnull (line);
      pids[i] = atoi (line);
      g_assert_cmpint (process_state (pids[i]), !=, 0);
    }
  kill (atoi (g_subprocess_get_identifier (owner)), SIGKILL);
  for (i = 0; i < n; i++)
    g_assert_true (is_gone_in_time (pids[i]));
  g_subprocess_wait (owner, NULL, NULL);
}

static void
test_owner_killed (void)
{
  guint i;

  for (i = 0; i < KILLS; i++)
    kill_owner ("sleep 1000 & echo $!; setsid sleep 1000 & echo $!; echo $$; wait", 3);
}

static void
test_owner_of_stubborn_killed (void)
{
  kill_owner (STUBBORN, 3);
}

static void
test_count (void)
{
  guint before = refract_process_get_n_spawned ();

  run_shell ("true", NULL);
  run_shell ("true", NULL);
  g_assert_cmpuint (refract_process_get_n_spawned (), ==, before + 2);
}

int
main (int argc, char **argv)
{
  self_path = argv[0];
  if (argc == 3 && g_str_equal (argv[1], "--own"))
    return be_owner (argv[2]);

  g_setenv ("DROPPED", "still here", TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/process/status", test_status);
  g_test_add_func ("/process/signal", test_signal);
  g_test_add_func ("/process/lines", test_lines);
  g_test_add_func ("/process/long-line", test_long_line);
  g_test_add_func ("/process/flood", test_flood);
  g_test_add_func ("/process/exec", test_exec);
  g_test_add_func ("/process/arguments", test_arguments);
  g_test_add_func ("/process/inheritance", test_inheritance);
  g_test_add_func ("/process/cancel", test_cancel);
  g_test_add_func ("/process/cancel-while-waiting", test_cancel_while_waiting);
  g_test_add_func ("/process/stop-stubborn", test_stop_stubborn);
  g_test_add_func ("/process/stop-with-helper", test_stop_with_helper);
  g_test_add_func ("/process/lost-part", test_lost_part);
  g_test_add_func ("/process/leftovers", test_leftovers);
  g_test_add_func ("/process/supervisor-killed", test_supervisor_killed);
  g_test_add_func ("/process/supervisor-stopped", test_supervisor_stopped);
  g_test_add_func ("/process/owner-killed", test_owner_killed);
  g_test_add_func ("/process/owner-of-stubborn-killed", test_owner_of_stubborn_killed);
  g_test_add_func ("/process/count", test_count);
  return g_test_run ();
}
