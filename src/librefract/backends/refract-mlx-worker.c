/* refract-mlx-worker.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <fcntl.h>
#include <string.h>

#include <gio/gunixsocketaddress.h>
#include <glib-unix.h>
#include <glib/gstdio.h>

#include "engine/refract-engine-launch.h"
#include "backends/refract-mlx-errors.h"
#include "backends/refract-mlx-worker.h"
#include "core/refract-data.h"
#include "core/refract-error.h"
#include "core/refract-json-scan.h"
#include "core/refract-json.h"
#include "engine/refract-process.h"

#define SCRIPT "mlx-worker/refract_mlx_worker.py"
#define PROTOCOL 1
#define CHUNK (1u << 16)
#define TICK (20 * G_TIME_SPAN_MILLISECOND)
#define DEATH_DELAY (500 * G_TIME_SPAN_MILLISECOND)
#define PATIENCE 6 /* times the limit: a step of a big model on a processor takes its time */
#define MAX_VOCAB (1u << 24)

struct _RefractMlxWorker
{
  RefractProcess *process;
  char *python;
  char *model_name;
  char *folder;
  char *path;
  GSocket *listener;
  GSocket *socket;
  GByteArray *received; /* not yet a whole line */
  gsize searched;       /* bytes of it without a newline */
  RefractMlxFacts facts;
  RefractMlxModelFacts model_facts;
  guint silence_limit;
  guint n_calls;
  GError *failure; /* what ended it */
};

/* ---- Life ---- */

static void
stop (RefractMlxWorker *self)
{
  if (self->process != NULL)
    refract_process_stop (self->process);
  if (self->socket != NULL)
    g_socket_close (self->socket, NULL);
}

static void
clear_worker (gpointer data)
{
  RefractMlxWorker *self = data;

  stop (self);
  g_clear_object (&self->process);
  g_clear_object (&self->socket);
  g_clear_object (&self->listener);
  if (self->folder != NULL)
    {
      g_unlink (self->path);
      g_rmdir (self->folder);
    }
  g_byte_array_unref (self->received);
  g_clear_error (&self->failure);
  g_free (self->python);
  g_free (self->model_name);
  g_free (self->folder);
  g_free (self->path);
  g_free (self->facts.python);
  g_free (self->facts.mlx);
  g_free (self->facts.mlx_lm);
  g_free (self->facts.transformers);
  g_free (self->facts.device_name);
  g_free (self->model_facts.dtype);
  g_free (self->model_facts.stored_dtype);
}

RefractMlxWorker *
refract_mlx_worker_ref (RefractMlxWorker *self)
{
  return g_rc_box_acquire (self);
}

void
refract_mlx_worker_unref (RefractMlxWorker *self)
{
  g_rc_box_release_full (self, clear_worker);
}

const RefractMlxFacts *
refract_mlx_worker_get_facts (RefractMlxWorker *self)
{
  return &self->facts;
}

const RefractMlxModelFacts *
refract_mlx_worker_get_model_facts (RefractMlxWorker *self)
{
  return &self->model_facts;
}

gboolean
refract_mlx_worker_is_running (RefractMlxWorker *self)
{
  return !g_socket_is_closed (self->socket) && refract_process_is_running (self->process);
}

guint
refract_mlx_worker_get_n_calls (RefractMlxWorker *self)
{
  return self->n_calls;
}

/* ---- The exchange ---- */

/* Every later call fails with what ended it. */
static void
end_with (RefractMlxWorker *self, const GError *failure)
{
  stop (self);
  g_clear_error (&self->failure);
  self->failure = g_error_copy (failure);
}

void
refract_mlx_worker_set_unexpected (RefractMlxWorker *self, const char *what, GError **error)
{
  g_autoptr (GError) failure = g_error_new (
      REFRACT_ERROR, REFRACT_ERROR_ENGINE,
      "Refract's MLX worker answered with %s. Install mlx and mlx-lm anew, or use another "
      "environment.",
      what);

  end_with (self, failure);
  g_propagate_error (error, g_steal_pointer (&failure));
}

/* Why an exchange broke off: how the process ended, where it did. Ends it where it did not. */
static void
explain_failure (RefractMlxWorker *self, GError **error)
{
  g_autoptr (GError) reason = g_steal_pointer (error);

  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_CANCELLED) || reason->domain == REFRACT_ERROR)
    g_propagate_error (error, g_steal_pointer (&reason));
  else if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
    {
      g_autofree char *tail = refract_process_dup_tail (self->process, 5);

      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                   "MLX has not said anything for %d seconds: it hangs. Its last lines:\n%s",
                   g_socket_get_timeout (self->socket), tail);
    }
  else if (!refract_process_wait_for (self->process, DEATH_DELAY, NULL))
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                 "Refract's MLX worker stopped answering (%s). Run it again.", reason->message);
  else if (refract_process_was_killed (self->process))
    refract_mlx_set_killed_error (error);
  else
    refract_process_set_end_error (self->process, error);
  end_with (self, *error);
}

static gboolean
send_request (RefractMlxWorker *self,
              JsonObject *request,
              GCancellable *cancellable,
              GError **error)
{
  g_autofree char *text = refract_json_to_text (request, FALSE);
  gsize length = strlen (text), sent = 0;

  while (sent < length)
    {
      gssize n = g_socket_send (self->socket, text + sent, length - sent, cancellable, error);

      if (n < 0)
        return FALSE;
      sent += (gsize) n;
    }
  return TRUE;
}

/* The next line, without its newline; %NULL on failure. */
static GBytes *
receive_line (RefractMlxWorker *self, GCancellable *cancellable, GError **error)
{
  char buffer[CHUNK];

  for (;;)
    {
      const guint8 *start = self->received->data;
      const guint8 *newline
          = self->received->len > self->searched
                ? memchr (start + self->searched, '\n', self->received->len - self->searched)
                : NULL;
      GBytes *line;
      gssize n;

      if (newline != NULL)
        {
          line = g_bytes_new (start, (gsize) (newline - start));
          g_byte_array_remove_range (self->received, 0, (guint) (newline - start) + 1);
          self->searched = 0;
          return line;
        }
      self->searched = self->received->len;
      if (self->received->len > REFRACT_JSON_MAX_BYTES)
        {
          refract_mlx_worker_set_unexpected (self, "a line that does not end", error);
          return NULL;
        }
      n = g_socket_receive (self->socket, buffer, sizeof buffer, cancellable, error);
      if (n < 0)
        return NULL;
      if (n == 0)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, "it closed the connection");
          return NULL;
        }
      g_byte_array_append (self->received, (const guint8 *) buffer, (guint) n);
    }
}

static JsonObject *
receive_reply (RefractMlxWorker *self, guint id, GCancellable *cancellable, GError **error)
{
  g_autoptr (GBytes) line = receive_line (self, cancellable, error);
  g_autoptr (JsonObject) reply = NULL;
  const char *text;
  gsize length;

  if (line == NULL)
    return NULL;
  text = g_bytes_get_data (line, &length);
  reply = refract_json_parse_object (text != NULL ? text : "", length, NULL);
  if (reply == NULL || refract_json_get_int (reply, "id", -1) != id)
    {
      refract_mlx_worker_set_unexpected (
          self, reply == NULL ? "something that is not JSON" : "the answer to another request",
          error);
      return NULL;
    }
  return g_steal_pointer (&reply);
}

/* Sends the request and takes its answer, part by part. */
static JsonObject *
exchange (RefractMlxWorker *self,
          JsonObject *request,
          RefractMlxPartFunc func,
          gpointer user_data,
          GCancellable *cancellable,
          GError **error)
{
  if (!send_request (self, request, cancellable, error))
    return NULL;
  for (;;)
    {
      g_autoptr (JsonObject) reply = receive_reply (self, self->n_calls, cancellable, error);

      if (reply == NULL)
        return NULL;
      if (json_object_has_member (reply, "ok"))
        return g_steal_pointer (&reply);
      if (!refract_json_get_boolean (reply, "part", FALSE) || func == NULL)
        {
          refract_mlx_worker_set_unexpected (self, "a part where none belongs", error);
          return NULL;
        }
      if (!func (reply, user_data, error))
        {
          stop (self);
          return NULL;
        }
    }
}

JsonObject *
refract_mlx_worker_call (RefractMlxWorker *self,
                         const char *op,
                         JsonObject *request,
                         RefractMlxPartFunc func,
                         gpointer user_data,
                         GCancellable *cancellable,
                         GError **error)
{
  g_autoptr (JsonObject) reply = NULL;
  g_autoptr (GError) own_error = NULL;

  if (!refract_mlx_worker_is_running (self) && self->failure != NULL)
    {
      g_propagate_error (error, g_error_copy (self->failure));
      return NULL;
    }
  json_object_set_int_member (request, "id", ++self->n_calls);
  json_object_set_string_member (request, "op", op);
  reply = exchange (self, request, func, user_data, cancellable, &own_error);
  if (reply == NULL)
    {
      explain_failure (self, &own_error);
      g_propagate_error (error, g_steal_pointer (&own_error));
      return NULL;
    }
  if (!refract_json_get_boolean (reply, "ok", FALSE))
    {
      refract_mlx_set_reported_error (refract_json_get_object (reply, "error"), self->python,
                                      self->model_name, error);
      return NULL;
    }
  return g_steal_pointer (&reply);
}

int
refract_mlx_worker_accept (RefractMlxWorker *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GSocket) socket = g_socket_accept (self->listener, cancellable, error);
  int fd = socket != NULL ? fcntl (g_socket_get_fd (socket), F_DUPFD_CLOEXEC, 3) : -1;

  if (socket != NULL && fd < 0)
    g_set_error_literal (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                         "There are no file descriptors left. Close other programs.");
  if (fd >= 0)
    g_unix_set_fd_nonblocking (fd, FALSE, NULL); /* as of a pipe */
  return fd;
}

guint64
refract_mlx_worker_take_peak (RefractMlxWorker *self)
{
  g_autoptr (JsonObject) request = json_object_new ();
  g_autoptr (JsonObject) reply = NULL;

  reply = refract_mlx_worker_call (self, "peak", request, NULL, NULL, NULL, NULL);
  return reply != NULL ? (guint64) MAX (refract_json_get_int (reply, "bytes", 0), 0) : 0;
}

/* ---- Start ---- */

static gboolean
listen_for_worker (RefractMlxWorker *self, GError **error)
{
  g_autoptr (GSocketAddress) address = NULL;

  self->folder = refract_engine_make_folder (error);
  if (self->folder == NULL)
    return FALSE;
  self->path = g_build_filename (self->folder, "engine.sock", NULL);
  address = g_unix_socket_address_new (self->path);
  self->listener
      = g_socket_new (G_SOCKET_FAMILY_UNIX, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_DEFAULT, error);
  return self->listener != NULL && g_socket_bind (self->listener, address, FALSE, error)
         && g_socket_listen (self->listener, error);
}

static gboolean
spawn (RefractMlxWorker *self,
       const RefractBackendOptions *options,
       RefractModel *model,
       GError **error)
{
  g_autofree char *script = refract_data_dup_path (SCRIPT);
  g_autofree char *threads = g_strdup_printf ("OMP_NUM_THREADS=%u", options->threads);
  g_autoptr (RefractEngineLaunch) launch = refract_engine_launch_new (
      self->python, (const char *const *) options->launcher, "/.flatpak-info");
  const char *argv[8] = { self->python, "-u", "-B", script, self->path };
  const char *const environment[]
      = { "HF_HUB_OFFLINE=1", "PYTHONUNBUFFERED=1", options->threads > 0 ? threads : NULL, NULL };

  if (!g_file_test (script, G_FILE_TEST_IS_REGULAR))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING,
                   "“%s”, a part of Refract, is missing. Install Refract again.", script);
      return FALSE;
    }
  if (model != NULL)
    argv[5] = refract_model_get_info (model)->path;
  if (model != NULL && options->allow_model_code)
    argv[6] = "allow-model-code";
  self->process = refract_engine_launch_spawn (launch, argv, environment, NULL, NULL, error);
  return self->process != NULL;
}

/* The remedy comes last, behind what the program said of itself. */
static void
set_no_python (RefractMlxWorker *self, GError **error)
{
  g_autofree char *reason = refract_process_dup_end_reason (self->process);
  g_autofree char *tail = refract_process_dup_tail (self->process, 3);

  g_strdelimit (tail, "\n", ' ');
  if (*tail != '\0')
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING,
                 "“%s” is not a Python that runs Refract's MLX worker (%s: “%s”). Name one of 3.10 "
                 "or newer with --python.",
                 self->python, reason, tail);
  else
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING,
                 "“%s” is not a Python that runs Refract's MLX worker (%s). Name one of 3.10 or "
                 "newer with --python.",
                 self->python, reason);
}

/* Waits until the process connects. */
static gboolean
wait_for_worker (RefractMlxWorker *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) own_error = NULL;

  while (!g_socket_condition_timed_wait (self->listener, G_IO_IN, TICK, cancellable, &own_error))
    {
      if (!g_error_matches (own_error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT))
        {
          g_propagate_error (error, g_steal_pointer (&own_error));
          return FALSE;
        }
      g_clear_error (&own_error);
      if (!refract_process_is_running (self->process))
        {
          set_no_python (self, error);
          return FALSE;
        }
      if (refract_process_get_silence (self->process) > self->silence_limit)
        {
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                       "“%s” started but has done nothing for %u seconds: it hangs. Use another "
                       "Python.",
                       self->python, self->silence_limit);
          return FALSE;
        }
    }
  self->socket = g_socket_accept (self->listener, cancellable, error);
  if (self->socket == NULL)
    return FALSE;
  g_socket_set_timeout (self->socket, self->silence_limit);
  return TRUE;
}

static char *
dup_member (JsonObject *reply, const char *name)
{
  const char *text = refract_json_get_string (reply, name, "");

  return g_strndup (text, MIN (strlen (text), 200));
}

static gboolean
say_hello (RefractMlxWorker *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (JsonObject) request = json_object_new ();
  g_autoptr (JsonObject) reply
      = refract_mlx_worker_call (self, "hello", request, NULL, NULL, cancellable, error);
  const char *device;

  if (reply == NULL)
    return FALSE;
  device = refract_json_get_string (reply, "device", "");
  if (refract_json_get_int (reply, "protocol", 0) != PROTOCOL
      || (!g_str_equal (device, "cpu") && !g_str_equal (device, "gpu")))
    {
      refract_mlx_worker_set_unexpected (self, "another protocol than this version's", error);
      return FALSE;
    }
  self->facts = (RefractMlxFacts) {
    .python = dup_member (reply, "python"),
    .mlx = dup_member (reply, "mlx"),
    .mlx_lm = dup_member (reply, "mlx_lm"),
    .transformers = dup_member (reply, "transformers"),
    .is_cpu = g_str_equal (device, "cpu"),
    .device_name = dup_member (reply, "device_name"),
  };
  return TRUE;
}

static gboolean
load_model (RefractMlxWorker *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (JsonObject) request = json_object_new ();
  g_autoptr (JsonObject) reply
      = refract_mlx_worker_call (self, "load", request, NULL, NULL, cancellable, error);
  gint64 n_vocab;

  if (reply == NULL)
    return FALSE;
  n_vocab = refract_json_get_int (reply, "n_vocab", 0);
  if (n_vocab < 1 || n_vocab > MAX_VOCAB)
    {
      refract_mlx_worker_set_unexpected (self, "a model without a vocabulary", error);
      return FALSE;
    }
  self->model_facts = (RefractMlxModelFacts) {
    .n_vocab = (guint) n_vocab,
    .dtype = dup_member (reply, "dtype"),
    .stored_dtype = dup_member (reply, "stored_dtype"),
    .load_seconds = MAX (refract_json_get_double (reply, "seconds", 0), 0),
  };
  g_socket_set_timeout (self->socket, PATIENCE * self->silence_limit);
  return TRUE;
}

RefractMlxWorker *
refract_mlx_worker_start (const RefractBackendOptions *options,
                          const char *python,
                          RefractModel *model,
                          guint silence_limit,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autoptr (RefractMlxWorker) self = g_rc_box_new0 (RefractMlxWorker);

  self->received = g_byte_array_new ();
  self->python = g_strdup (python);
  self->model_name = model != NULL ? g_strdup (refract_model_get_info (model)->name) : NULL;
  self->silence_limit = silence_limit;
  if (!listen_for_worker (self, error) || !spawn (self, options, model, error)
      || !wait_for_worker (self, cancellable, error) || !say_hello (self, cancellable, error)
      || (model != NULL && !load_model (self, cancellable, error)))
    return NULL;
  return g_steal_pointer (&self);
}
