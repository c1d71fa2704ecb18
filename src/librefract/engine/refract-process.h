/* refract-process.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * RefractProcess:
 *
 * One engine process under our supervisor: it never outlives us (the supervisor ends the engine's
 * whole process group when our end of its pipe closes, however we die), its output is read all the
 * time, and its last lines are at hand for the error. Standard output and standard error are read
 * apart. Never through a shell. All calls block and are for one thread at a time, but
 * refract_process_dup_tail() is for any.
 */
#define REFRACT_TYPE_PROCESS (refract_process_get_type ())
G_DECLARE_FINAL_TYPE (RefractProcess, refract_process, REFRACT, PROCESS, GObject)

/* Called in the reader's own thread for every whole line (without its newline, made valid UTF-8,
 * cut at 64 KiB). */
typedef void (*RefractLineFunc) (const char *line, gboolean is_stderr, gpointer user_data);

/**
 * refract_process_spawn:
 * @launcher: (nullable): argv prefix that starts the engine elsewhere (`flatpak-spawn --host`, …)
 * @argv: program and arguments
 * @environment: (nullable): changes to ours: "NAME=value" entries, "NAME" to leave one out
 * @line_func: (nullable): see #RefractLineFunc; it must not drop the last reference
 *
 * Returns once the program runs: one that cannot be executed is an error here,
 * REFRACT_ERROR_ENGINE_MISSING when there is no such file.
 */
RefractProcess *refract_process_spawn (const char *const *launcher,
                                       const char *const *argv,
                                       const char *const *environment,
                                       RefractLineFunc line_func,
                                       gpointer user_data,
                                       GError **error);
/* The same for a program that needs @grace_ms, at most 10000 instead of the ordinary 500, to end
 * its own processes and clean up after them. */
RefractProcess *refract_process_spawn_with_grace (const char *const *launcher,
                                                  const char *const *argv,
                                                  const char *const *environment,
                                                  guint grace_ms,
                                                  RefractLineFunc line_func,
                                                  gpointer user_data,
                                                  GError **error);
gboolean refract_process_is_running (RefractProcess *self);
/* Waits for the end by itself; cancelling stops the process (and waits for that, ≤ 1 s). %TRUE when
 * it exited with status 0, else REFRACT_ERROR_ENGINE with the last lines. */
gboolean refract_process_wait (RefractProcess *self, GCancellable *cancellable, GError **error);
/**
 * refract_process_wait_for:
 * @timeout: microseconds, −1 for ever
 *
 * Waits for the end, the timeout or the cancellable, whatever comes first; stops nothing.
 *
 * Returns: whether the process has ended
 */
gboolean refract_process_wait_for (RefractProcess *self, gint64 timeout, GCancellable *cancellable);
/* Sets REFRACT_ERROR_ENGINE from how the process ended and its last lines. */
void refract_process_set_end_error (RefractProcess *self, GError **error);
/* TERM, then KILL after the grace; returns when the whole group is gone. Idempotent. */
void refract_process_stop (RefractProcess *self);
/* The last lines of both streams in order of arrival, at most @n. */
char *refract_process_dup_tail (RefractProcess *self, guint n);
/* "exited with status 1", "was killed by signal 9 (out of memory?)", … ; NULL while it runs */
char *refract_process_dup_end_reason (RefractProcess *self);
/* %TRUE when it ended by SIGKILL and not by us: what the kernel does when memory runs out */
gboolean refract_process_was_killed (RefractProcess *self);
/* seconds since it last wrote anything (since its start when it never did) */
double refract_process_get_silence (RefractProcess *self);
/* peak resident memory of the engine in bytes (its own and its children's maximum); 0 while it runs
 */
guint64 refract_process_get_peak_rss (RefractProcess *self);
/* The program runs where its memory cannot be seen: the peak stays 0. */
void refract_process_set_memory_unknown (RefractProcess *self);
/* how many engine processes this program has started so far: what tests count */
guint refract_process_get_n_spawned (void);

G_END_DECLS
