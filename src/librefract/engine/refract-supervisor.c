/* refract-supervisor.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* refract-supervisor [--status-fd N] [--grace MS] -- PROGRAM [ARGUMENT…]
 *
 * Runs PROGRAM in a session of its own and lets nothing of it outlive whoever holds the other end
 * of standard input: at its end of file, as when PROGRAM itself ends, everything that PROGRAM
 * started gets SIGTERM, and SIGKILL half a second (or MS milliseconds) later. PROGRAM gets
 * /dev/null as standard input and its exit status becomes ours (128 + N for signal N, 126/127 when
 * it could not be executed). A PROGRAM with more than half a second may be an engine of several
 * processes: where one of them is gone and the rest does not notice, all are ended as if killed.
 *
 * Lines on the status descriptor: `pid N` once PROGRAM runs, or `exec-failed ERRNO`; at the end
 * `exit WAIT_STATUS` (as waitpid() gives it) and `rss BYTES` (largest peak of its processes). */

#include "config.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define TERM_GRACE_MS 500
#define MAX_TERM_GRACE_MS 10000
#define HELPER_GRACE_MS 1000
#define KILL_GRACE_MS 5000 /* then a process is stuck in the kernel and cannot be waited for */
#define KILL_INTERVAL_MS 20
#define WATCH_INTERVAL_MS 250
#define NOTICE_MS 500 /* for an engine to notice itself, and say why */
#define MAX_CREW 256
#define LOOKS_PER_SEARCH 8
#define MAX_PROCESSES 65536
#define MAX_DEPTH 1024
#define EXIT_USAGE 125

/* How the names of processes begin that vLLM and SGLang are made of; they never end before the
 * rest.
 */
static const char *const crew_names[] = { "VLLM::", "sglang::" };

typedef struct
{
  int status_fd;
  int signal_fd;
  pid_t child;
  int child_status;
  bool child_ended;
  bool all_ended;
  long peak_rss_kib;
  int term_grace_ms;
  pid_t crew[MAX_CREW];
  size_t n_crew;
  unsigned n_looks;
} Supervisor;

static long long
now_ms (void)
{
  struct timespec ts;

  clock_gettime (CLOCK_MONOTONIC, &ts);
  return ts.tv_sec * 1000LL + ts.tv_nsec / 1000000;
}

static void
report (Supervisor *self, const char *what, long long value)
{
  if (self->status_fd >= 0)
    dprintf (self->status_fd, "%s %lld\n", what, value);
}

static void
reap (Supervisor *self)
{
  struct rusage usage;
  int status;
  pid_t pid;

  while ((pid = wait4 (-1, &status, WNOHANG, &usage)) > 0)
    {
      if (usage.ru_maxrss > self->peak_rss_kib)
        self->peak_rss_kib = usage.ru_maxrss;
      if (pid == self->child)
        {
          self->child_status = status;
          self->child_ended = true;
        }
    }
  self->all_ended = pid < 0 && errno == ECHILD;
}

typedef struct
{
  pid_t pid;
  pid_t parent;
  bool is_crew;
} Entry;

/* Reads /proc/PID/stat: "PID (NAME) STATE PARENT …" */
static void
read_entry (const char *pid, Entry *entry)
{
  char path[64], text[512], state = 0;
  const char *name, *after_name;
  ssize_t n;
  size_t i;
  int fd;

  *entry = (Entry) { .pid = atoi (pid) };
  snprintf (path, sizeof path, "/proc/%s/stat", pid);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return;
  n = read (fd, text, sizeof text - 1);
  close (fd);
  text[n > 0 ? n : 0] = 0;
  name = strchr (text, '(');
  after_name = strrchr (text, ')');
  if (name == NULL || after_name == NULL
      || sscanf (after_name + 1, " %c %d", &state, &entry->parent) != 2 || state == 'Z')
    return;
  for (i = 0; i < sizeof crew_names / sizeof crew_names[0]; i++)
    if (strncmp (name + 1, crew_names[i], strlen (crew_names[i])) == 0)
      entry->is_crew = true;
}

static int
compare_entries (const void *a, const void *b)
{
  const Entry *x = a, *y = b;

  return x->pid < y->pid ? -1 : x->pid > y->pid;
}

/* Whether a process has switched SIGTERM off: a helper that ends after the others, to clean up. */
static bool
ignores_term (pid_t pid)
{
  char path[64], text[4096];
  unsigned long long ignored = 0;
  const char *line;
  ssize_t n;
  int fd;

  snprintf (path, sizeof path, "/proc/%d/status", pid);
  fd = open (path, O_RDONLY | O_CLOEXEC);
  if (fd < 0)
    return false;
  n = read (fd, text, sizeof text - 1);
  close (fd);
  text[n > 0 ? n : 0] = 0;
  line = strstr (text, "\nSigIgn:");
  return line != NULL && sscanf (line, "\nSigIgn: %llx", &ignored) == 1
         && (ignored >> (SIGTERM - 1) & 1) != 0;
}

/* Everything below us, whatever session or group it moved to. */
static size_t
list_descendants (const Entry **found)
{
  static Entry all[MAX_PROCESSES];
  DIR *proc = opendir ("/proc");
  struct dirent *entry;
  size_t n = 0, n_found = 0, i;
  int depth;

  if (proc == NULL)
    return 0;
  while (n < MAX_PROCESSES && (entry = readdir (proc)) != NULL)
    if (isdigit ((unsigned char) entry->d_name[0]))
      read_entry (entry->d_name, &all[n++]);
  closedir (proc);
  qsort (all, n, sizeof all[0], compare_entries);

  for (i = 0; i < n; i++)
    {
      const Entry *at = &all[i];
      Entry key = *at;

      /* a list read while processes come and go may hold a circle: hence the bound */
      for (depth = 0; at != NULL && at->parent != getpid () && depth < MAX_DEPTH; depth++)
        {
          key.pid = at->parent;
          at = bsearch (&key, all, n, sizeof all[0], compare_entries);
        }
      if (at != NULL && at->parent == getpid ())
        found[n_found++] = &all[i];
    }
  return n_found;
}

/* Sends @signal_number to everything below us; with @spare, not to helpers. */
static void
signal_descendants (int signal_number, bool spare)
{
  static const Entry *found[MAX_PROCESSES];
  size_t n = list_descendants (found), i;

  for (i = 0; i < n; i++)
    if (!(spare && ignores_term (found[i]->pid)))
      kill (found[i]->pid, signal_number);
}

/* Whether one of the processes is gone that an engine is made of. New ones are looked for now and
 * then: all processes of a big machine are many. */
static bool
has_lost_crew (Supervisor *self)
{
  static const Entry *found[MAX_PROCESSES];
  size_t n = 0, n_known = self->n_crew, i;

  for (i = 0; i < self->n_crew; i++)
    {
      char pid[16];
      Entry entry;

      snprintf (pid, sizeof pid, "%d", self->crew[i]);
      read_entry (pid, &entry);
      if (!entry.is_crew)
        return true;
    }
  if (self->n_looks++ % LOOKS_PER_SEARCH != 0)
    return false;
  n = list_descendants (found);
  for (i = self->n_crew = 0; i < n; i++)
    if (found[i]->is_crew && self->n_crew < MAX_CREW)
      self->crew[self->n_crew++] = found[i]->pid;
  return self->n_crew < n_known;
}

/* Waits for signals and the lifeline (where >= 0) for at most @timeout_ms (−1: for ever). */
static bool
wait_for_events (Supervisor *self, int lifeline, long long timeout_ms)
{
  struct pollfd fds[2] = { { self->signal_fd, POLLIN, 0 }, { lifeline, POLLIN, 0 } };
  struct signalfd_siginfo info;
  bool end = false;
  char buffer[256];

  if (poll (fds, lifeline >= 0 ? 2 : 1, (int) timeout_ms) < 0)
    return false;
  if (fds[0].revents & POLLIN)
    while (read (self->signal_fd, &info, sizeof info) == sizeof info)
      end = end || info.ssi_signo != SIGCHLD;
  if (fds[1].revents != 0)
    {
      ssize_t n = read (lifeline, buffer, sizeof buffer);

      end = end || n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN);
    }
  reap (self);
  return end;
}

static void
end_everything (Supervisor *self)
{
  long long helper_grace = self->term_grace_ms > TERM_GRACE_MS ? HELPER_GRACE_MS : 0;
  long long start = now_ms ();

  reap (self);
  if (!self->child_ended)
    kill (-self->child, SIGTERM);
  if (!self->all_ended)
    signal_descendants (SIGTERM, false);
  while (!self->all_ended && now_ms () - start < self->term_grace_ms)
    wait_for_events (self, -1, self->term_grace_ms - (now_ms () - start));

  start = now_ms ();
  while (!self->all_ended && now_ms () - start < KILL_GRACE_MS)
    {
      bool spare = now_ms () - start < helper_grace;

      if (!self->child_ended && !spare)
        kill (-self->child, SIGKILL);
      signal_descendants (SIGKILL, spare);
      wait_for_events (self, -1, KILL_INTERVAL_MS);
    }
}

static void __attribute__ ((noreturn))
run_program (char **argv, pid_t parent, int error_fd)
{
  sigset_t no_signals;
  int null_fd = open ("/dev/null", O_RDONLY);
  int error;

  setsid ();
  if (null_fd >= 0)
    dup2 (null_fd, STDIN_FILENO);
  close_range (STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  signal (SIGPIPE, SIG_DFL);
  sigemptyset (&no_signals);
  sigprocmask (SIG_SETMASK, &no_signals, NULL);
  prctl (PR_SET_PDEATHSIG, SIGKILL);
  if (getppid () == parent) /* else the supervisor was killed before the line above */
    execvp (argv[0], argv);
  error = errno;
  if (write (error_fd, &error, sizeof error) < 0)
    _exit (EXIT_USAGE);
  _exit (error == ENOENT ? 127 : 126);
}

/* Returns 0, or the errno of what failed. */
static int
start (Supervisor *self, char **argv)
{
  int error_pipe[2], error = 0;
  pid_t parent = getpid ();
  ssize_t n;

  if (pipe2 (error_pipe, O_CLOEXEC) < 0)
    return errno;
  self->child = fork ();
  if (self->child < 0)
    return errno;
  if (self->child == 0)
    run_program (argv, parent, error_pipe[1]);

  close (error_pipe[1]);
  do
    n = read (error_pipe[0], &error, sizeof error);
  while (n < 0 && errno == EINTR);
  close (error_pipe[0]);
  return n == sizeof error ? error : 0;
}

static int
usage (void)
{
  fputs ("Usage: refract-supervisor [--status-fd N] [--grace MS] -- PROGRAM [ARGUMENT…]\n", stderr);
  return EXIT_USAGE;
}

/* Waits until everything is to be ended; %true if that is because the program lost a part. */
static bool
watch (Supervisor *self)
{
  bool has_crew = self->term_grace_ms > TERM_GRACE_MS, end = false, lost = false;
  long long seen;

  while (!self->child_ended && !end && !lost)
    {
      end = wait_for_events (self, STDIN_FILENO, has_crew ? WATCH_INTERVAL_MS : -1);
      lost = !end && has_crew && has_lost_crew (self);
    }
  seen = now_ms ();
  while (lost && !self->child_ended && !end && now_ms () - seen < NOTICE_MS)
    end = wait_for_events (self, STDIN_FILENO, KILL_INTERVAL_MS);
  return lost && !self->child_ended && !end;
}

static bool
prepare (Supervisor *self)
{
  sigset_t mask;

  /* A session of our own: Ctrl-C on the terminal is for the application to act upon. */
  setsid ();
  signal (SIGPIPE, SIG_IGN);
  signal (SIGCHLD, SIG_DFL);
  sigemptyset (&mask);
  sigaddset (&mask, SIGCHLD);
  sigaddset (&mask, SIGTERM);
  sigaddset (&mask, SIGINT);
  sigaddset (&mask, SIGHUP);
  if (sigprocmask (SIG_BLOCK, &mask, NULL) < 0)
    return false;
  self->signal_fd = signalfd (-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
  return self->signal_fd >= 0 && prctl (PR_SET_CHILD_SUBREAPER, 1) == 0;
}

int
main (int argc, char **argv)
{
  Supervisor self = { .status_fd = -1, .signal_fd = -1, .term_grace_ms = TERM_GRACE_MS };
  int first = 1, error;
  bool lost;

  for (; argc > first + 1 && strcmp (argv[first], "--") != 0; first += 2)
    if (strcmp (argv[first], "--status-fd") == 0)
      self.status_fd = atoi (argv[first + 1]);
    else if (strcmp (argv[first], "--grace") == 0)
      self.term_grace_ms = atoi (argv[first + 1]);
    else
      return usage ();
  if (self.term_grace_ms < 0 || self.term_grace_ms > MAX_TERM_GRACE_MS)
    return usage ();
  if (argc < first + 2 || strcmp (argv[first], "--") != 0)
    return usage ();
  if (self.status_fd >= 0)
    fcntl (self.status_fd, F_SETFD, FD_CLOEXEC);
  if (!prepare (&self))
    {
      perror ("refract-supervisor");
      return EXIT_USAGE;
    }

  error = start (&self, argv + first + 1);
  if (error != 0)
    {
      report (&self, "exec-failed", error);
      return error == ENOENT ? 127 : 126;
    }
  report (&self, "pid", self.child);

  lost = watch (&self);
  end_everything (&self);

  if (!self.child_ended || lost)
    self.child_status = SIGKILL;
  report (&self, "exit", self.child_status);
  report (&self, "rss", self.peak_rss_kib * 1024LL);
  return WIFSIGNALED (self.child_status) ? 128 + WTERMSIG (self.child_status)
                                         : WEXITSTATUS (self.child_status);
}
