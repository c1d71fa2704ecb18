/* refract-llamacpp-logits.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gstdio.h>

#include "backends/refract-llamacpp-log.h"
#include "backends/refract-llamacpp-logits.h"
#include "core/refract-error.h"
#include "engine/refract-process.h"

#define LOGICAL_BATCH 2048
#define PIPE_BYTES (1 << 20)
#define TICK (20 * G_TIME_SPAN_MILLISECOND)
#define END_DELAY (60 * G_TIME_SPAN_SECOND)

typedef struct
{
  RefractLlamacppLog *log;
  RefractProcess *process;
  char *folder;
  char *pipe_path;
  int fd;

  RefractLogitsFunc func;
  gpointer user_data;
  GCancellable *cancellable; /* the reader's own, follows the caller's */
  GThread *reader;
  GError *error;
  gboolean succeeded;
  int done; /* atomic */
} LogitsRun;

static void
logits_run_clear (LogitsRun *run)
{
  g_clear_object (&run->process);
  if (run->fd >= 0)
    close (run->fd);
  if (run->folder != NULL)
    {
      g_unlink (run->pipe_path);
      g_rmdir (run->folder);
    }
  g_free (run->folder);
  g_free (run->pipe_path);
  g_clear_error (&run->error);
  g_clear_object (&run->cancellable);
  refract_llamacpp_log_free (run->log);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (LogitsRun, logits_run_clear)

/* As many chunks side by side as fit into a batch: the same for every configuration of a run. */
static guint
batch_size (guint n_ctx)
{
  return MAX (n_ctx, LOGICAL_BATCH / n_ctx * n_ctx);
}

static GPtrArray *
build_command (RefractLlamacppEngine *engine,
               RefractModel *model,
               RefractKvConfig *kv,
               const RefractLogitsSpec *spec,
               const char *pipe_path)
{
  const RefractLlamacppProgramId id = REFRACT_LLAMACPP_PERPLEXITY;
  GPtrArray *command
      = refract_llamacpp_command_new (engine, id, model, kv, batch_size (spec->n_ctx));
  g_autofree char *n_ctx = g_strdup_printf ("%u", spec->n_ctx);
  g_autofree char *n_chunks = g_strdup_printf ("%u", spec->n_chunks);

  refract_llamacpp_command_add (command, engine, id, "--file", spec->corpus_path);
  refract_llamacpp_command_add (command, engine, id, "--ctx-size", n_ctx);
  refract_llamacpp_command_add (command, engine, id, "--chunks", n_chunks);
  refract_llamacpp_command_add (command, engine, id, "--kl-divergence-base", pipe_path);
  refract_llamacpp_command_finish (command, engine, id, kv);
  return command;
}

/* The reading end is opened before the program runs, so that neither has to wait for the other to
 * open it. */
static gboolean
make_pipe (LogitsRun *run, GError **error)
{
  run->folder = refract_engine_make_folder (error);
  if (run->folder == NULL)
    return FALSE;
  run->pipe_path = g_build_filename (run->folder, "logits", NULL);
  if (mkfifo (run->pipe_path, 0600) == 0)
    run->fd = g_open (run->pipe_path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0);
  if (run->fd < 0)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
                   "A named pipe could not be made in “%s”: %s. Set XDG_RUNTIME_DIR to a folder on "
                   "a local disk.",
                   run->folder, g_strerror (errno));
      return FALSE;
    }
  fcntl (run->fd, F_SETPIPE_SZ, PIPE_BYTES); /* fewer switches between the two; works without */
  return TRUE;
}

/* The run's own end stays open: when the reader gives up, the program waits, so that its end by a
 * broken pipe does not hide why. */
static gpointer
read_logits (gpointer data)
{
  LogitsRun *run = data;

  run->succeeded = run->func (fcntl (run->fd, F_DUPFD_CLOEXEC, 0), run->user_data, run->cancellable,
                              &run->error);
  g_atomic_int_set (&run->done, 1);
  return NULL;
}

/* %TRUE as soon as the program has opened the pipe and written to it; until then a reader would see
 * the end of a file. */
static gboolean
has_data (LogitsRun *run)
{
  struct pollfd fd = { run->fd, POLLIN, 0 };

  return poll (&fd, 1, 0) > 0 && (fd.revents & POLLIN) != 0;
}

/* Has the program closed the pipe, with nothing left in it? */
static gboolean
is_closed (LogitsRun *run)
{
  struct pollfd fd = { run->fd, POLLIN, 0 };

  return poll (&fd, 1, 0) > 0 && fd.revents == POLLHUP;
}

static gboolean
hangs_at_start (LogitsRun *run, guint silence_limit)
{
  RefractPerplexityFacts facts;

  refract_llamacpp_log_get_perplexity (run->log, &facts);
  return facts.started == 0 && refract_process_get_silence (run->process) > silence_limit;
}

/* %FALSE when something has gone wrong that the program's own end does not explain. */
static gboolean
run_to_end (LogitsRun *run, guint silence_limit, GCancellable *cancellable, GError **error)
{
  gint64 read_end = 0;

  while (!refract_process_wait_for (run->process, TICK, cancellable))
    {
      gboolean done = g_atomic_int_get (&run->done);

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (run->reader == NULL && has_data (run))
        {
          g_unix_set_fd_nonblocking (run->fd, FALSE, NULL);
          run->reader = g_thread_new ("logits", read_logits, run);
        }
      if (done && !run->succeeded && !is_closed (run))
        {
          g_propagate_error (error, g_steal_pointer (&run->error));
          return FALSE;
        }
      if (done && read_end == 0)
        read_end = g_get_monotonic_time ();
      if (hangs_at_start (run, silence_limit)
          || (read_end > 0 && g_get_monotonic_time () - read_end > END_DELAY))
        {
          g_autofree char *tail = refract_process_dup_tail (run->process, 5);

          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                       "llama-perplexity hangs: it has neither said nor done anything for %u "
                       "seconds. Its last lines:\n%s",
                       read_end > 0 ? (guint) (END_DELAY / G_TIME_SPAN_SECOND) : silence_limit,
                       tail);
          return FALSE;
        }
    }
  return !g_cancellable_set_error_if_cancelled (cancellable, error);
}

/* What the program itself says was wrong; its exit status is 0 for most of it. */
static gboolean
check_log (LogitsRun *run, const RefractLogitsSpec *spec, GError **error)
{
  g_autofree char *model_error = refract_llamacpp_log_dup_model_error (run->log);
  g_autofree char *corpus = g_filename_display_basename (spec->corpus_path);
  RefractPerplexityFacts facts;

  refract_llamacpp_log_get_perplexity (run->log, &facts);
  if (model_error != NULL)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL,
                 "llama.cpp cannot load this model: %s. Get the file again, or use a newer build.",
                 model_error);
  else if (facts.n_tokens_needed > 0)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                 "The corpus “%s” is too short: it has %u tokens, and a context of %u needs at "
                 "least %u. Use a longer text or a smaller --ctx.",
                 corpus, facts.n_tokens, spec->n_ctx, facts.n_tokens_needed);
  else if (facts.n_chunks > 0 && facts.n_chunks < spec->n_chunks)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                 "The corpus “%s” is too short: it gives %u chunks of %u tokens, %u were asked for "
                 "(%u tokens). Use a longer text, or --chunks %u.",
                 corpus, facts.n_chunks, spec->n_ctx, spec->n_chunks, spec->n_chunks * spec->n_ctx,
                 facts.n_chunks);
  else if (facts.n_chunks == 0
           && (refract_llamacpp_log_is_out_of_memory (run->log)
               || refract_process_was_killed (run->process)))
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MEMORY,
                 "llama-perplexity ran out of memory with a context of %u tokens. Use a smaller "
                 "--ctx, close other programs, or use fewer GPU layers.",
                 batch_size (spec->n_ctx));
  else
    return TRUE;
  return FALSE;
}

static RefractLogitsRun *
collect (LogitsRun *run, gint64 start, gint64 end)
{
  RefractLogitsRun *result = g_new0 (RefractLogitsRun, 1);
  RefractPerplexityFacts facts;
  double wall = (double) (end - start) / G_TIME_SPAN_SECOND;

  refract_llamacpp_log_get_perplexity (run->log, &facts);
  result->kv_in_use = refract_llamacpp_log_dup_kv_in_use (run->log);
  result->load_seconds
      = facts.started > 0 ? (double) (facts.started - start) / G_TIME_SPAN_SECOND : 0;
  result->compute_seconds
      = facts.total_ms > 0 ? facts.total_ms / 1000 : wall - result->load_seconds;
  result->peak_rss = refract_process_get_peak_rss (run->process);
  return result;
}

/* It allocates its cache, begins to write, reads the corpus and leaves with status 0 where that is
 * too short; what it logs of that is lost now and then, as its log is written by a thread of its
 * own.
 */
static gboolean
ended_before_chunks (LogitsRun *run)
{
  RefractPerplexityFacts facts;

  refract_llamacpp_log_get_perplexity (run->log, &facts);
  return facts.n_chunks == 0 && g_error_matches (run->error, REFRACT_ERROR, REFRACT_ERROR_ENGINE);
}

static void
set_too_short (const RefractLogitsSpec *spec, GError **error)
{
  g_autofree char *corpus = g_filename_display_basename (spec->corpus_path);

  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
               "The corpus “%s” is too short: a context of %u needs at least %u tokens. Use a "
               "longer text or a smaller --ctx.",
               corpus, spec->n_ctx, 2 * spec->n_ctx);
}

/* The end of a run that went through: the program's own word first, then what it allocated, then
 * what the reader found in the data. */
static gboolean
check_end (LogitsRun *run,
           RefractKvConfig *kv,
           const RefractLogitsSpec *spec,
           const RefractKvInUse *in_use,
           GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (!check_log (run, spec, error) || !refract_llamacpp_check_engaged (kv, in_use, error))
    return FALSE;
  if (!refract_process_wait (run->process, NULL, &failure) || run->reader == NULL)
    {
      if (failure == NULL)
        refract_process_set_end_error (run->process, &failure);
      g_prefix_error (&failure, "The log-probabilities are not whole: ");
      g_propagate_error (error, g_steal_pointer (&failure));
      return FALSE;
    }
  if (!run->succeeded && in_use->evidence == REFRACT_EVIDENCE_PROVED && ended_before_chunks (run))
    set_too_short (spec, error);
  else if (!run->succeeded)
    g_propagate_error (error, g_steal_pointer (&run->error));
  return run->succeeded;
}

/* The caller's cancellable ends ours; ours may end without the caller's. */
static void
cancel_cb (GCancellable *cancellable, gpointer user_data)
{
  g_cancellable_cancel (user_data);
}

RefractLogitsRun *
refract_llamacpp_logits (RefractLlamacppEngine *engine,
                         RefractModel *model,
                         RefractKvConfig *kv,
                         const RefractLogitsSpec *spec,
                         RefractLogitsFunc func,
                         gpointer user_data,
                         guint silence_limit,
                         GCancellable *cancellable,
                         GError **error)
{
  g_auto (LogitsRun) run = { .fd = -1, .func = func, .user_data = user_data };
  g_autoptr (RefractLogitsRun) result = NULL;
  g_autoptr (GPtrArray) command = NULL;
  g_auto (GStrv) environment = refract_llamacpp_dup_environment (kv);
  gint64 start = g_get_monotonic_time ();
  gulong handler = 0;
  gboolean ended;

  run.log = refract_llamacpp_log_new ();
  run.cancellable = g_cancellable_new ();
  if (!make_pipe (&run, error))
    return NULL;
  command = build_command (engine, model, kv, spec, run.pipe_path);
  run.process = refract_engine_launch_spawn (engine->launch, (const char *const *) command->pdata,
                                             (const char *const *) environment,
                                             refract_llamacpp_log_take_line, run.log, error);
  if (run.process == NULL)
    return NULL;

  if (cancellable != NULL)
    handler = g_cancellable_connect (cancellable, G_CALLBACK (cancel_cb), run.cancellable, NULL);
  ended = run_to_end (&run, silence_limit, cancellable, error);
  if (!ended)
    {
      g_cancellable_cancel (run.cancellable);
      refract_process_stop (run.process);
    }
  else if (run.reader == NULL && has_data (&run))
    run.reader = g_thread_new ("logits", read_logits, &run); /* it ended between two looks */
  if (run.reader != NULL)
    g_thread_join (run.reader);
  g_cancellable_disconnect (cancellable, handler);
  if (!ended)
    return NULL;

  result = collect (&run, start, g_get_monotonic_time ());
  if (!check_end (&run, kv, spec, result->kv_in_use, error))
    return NULL;
  return g_steal_pointer (&result);
}
