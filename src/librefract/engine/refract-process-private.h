/* refract-process-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <sys/types.h>

#include "engine/refract-process.h"

G_BEGIN_DECLS

typedef struct
{
  int fd;
  GString *line;
  gboolean too_long; /* the rest of this line is dropped */
} RefractProcessStream;

enum
{
  REFRACT_PROCESS_STREAM_OUT,
  REFRACT_PROCESS_STREAM_ERR,
  REFRACT_PROCESS_STREAM_STATUS,
  REFRACT_PROCESS_N_STREAMS
};

struct _RefractProcess
{
  GObject parent_instance;

  GSubprocess *supervisor;
  char *executed; /* the launcher's program where there is one */
  char *program;
  guint grace_ms;
  int lifeline;
  GThread *reader;
  RefractLineFunc line_func;
  gpointer user_data;
  RefractProcessStream streams[REFRACT_PROCESS_N_STREAMS]; /* the reader's own */

  GMutex mutex; /* protects what follows */
  GCond changed;
  GQueue tail;
  gint64 last_output;
  pid_t pid; /* leader of the engine's session and group; 0 before it runs */
  int exec_errno;
  gboolean has_status;
  int status;
  guint64 peak_rss;
  gboolean memory_unknown;
  gboolean stopping;
  gboolean ended;
};

/* The program that ends engines: named by the environment, in the build tree, beside an installed
 * prefix, or where it was configured to be. (transfer full): %NULL with %REFRACT_ERROR_ENGINE */
char *refract_process_find_supervisor (GError **error);
/* Closes @fd, unless it is −1, which it is then. */
void refract_process_close_fd (int *fd);
/* The reader's thread: takes what engine and supervisor say until both have ended. @data: the
 * #RefractProcess */
gpointer refract_process_read (gpointer data);

G_END_DECLS
