/* refract-server-launch.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "engine/refract-engine-launch.h"
#include "backends/refract-server.h"
#include "core/refract-error.h"

#define FIRST_DELAY (50 * G_TIME_SPAN_MILLISECOND)
#define LONGEST_DELAY (250 * G_TIME_SPAN_MILLISECOND)
/* Workers share memory that their own helper gives back once all of them have ended; and they take
 * their time to end on a busy machine, killed or not. */
#define GRACE_MS 1500
#define PROBE_TIMEOUT 5 /* seconds */

void
refract_server_add_flag (GPtrArray *command, const char *flag, const char *value)
{
  g_ptr_array_add (command, g_strdup (flag));
  if (value != NULL)
    g_ptr_array_add (command, g_strdup (value));
}

void
refract_server_add_number (GPtrArray *command, const char *flag, guint64 value)
{
  g_ptr_array_add (command, g_strdup (flag));
  g_ptr_array_add (command, g_strdup_printf ("%" G_GUINT64_FORMAT, value));
}

/* A port of the loopback that nobody has: taken, and let go of again. */
static guint
find_port (GError **error)
{
  g_autoptr (GSocket) socket = NULL;
  g_autoptr (GInetAddress) loopback = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress) any = g_inet_socket_address_new (loopback, 0), bound = NULL;

  socket = g_socket_new (G_SOCKET_FAMILY_IPV4, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, error);
  if (socket == NULL || !g_socket_bind (socket, any, FALSE, error))
    return 0;
  bound = g_socket_get_local_address (socket, error);
  return bound != NULL ? g_inet_socket_address_get_port (G_INET_SOCKET_ADDRESS (bound)) : 0;
}

static GPtrArray *
build_command (const RefractServerStart *start, guint port)
{
  char **user_flags = start->engine->options->engine_flags;
  const char *const *kv_flags = refract_kv_config_get_flags (start->kv);
  GPtrArray *command = g_ptr_array_new_with_free_func (g_free);
  guint i;

  g_ptr_array_add (command, g_strdup (start->engine->python));
  start->engine->kind->add_command (command, start, port);
  for (i = 0; kv_flags[i] != NULL; i++)
    g_ptr_array_add (command, g_strdup (kv_flags[i]));
  for (i = 0; user_flags != NULL && user_flags[i] != NULL; i++)
    g_ptr_array_add (command, g_strdup (user_flags[i]));
  g_ptr_array_add (command, NULL);
  return command;
}

static char **
build_environment (const RefractServerStart *start, const char *key)
{
  const char *const *entries = refract_kv_config_get_environment (start->kv);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  guint i;

  g_strv_builder_add (builder, "PYTHONUNBUFFERED=1");
  g_strv_builder_add (builder, "HF_HUB_OFFLINE=1");
  g_strv_builder_add (builder, "REFRACT_SERVER_KEY"); /* of other servers: none of its business */
  start->engine->kind->add_environment (builder, start, key);
  for (i = 0; entries[i] != NULL; i++)
    g_strv_builder_add (builder, entries[i]);
  return g_strv_builder_end (builder);
}

static void
set_start_error (RefractServer *self, const RefractServerStart *start, GError **error)
{
  const char *title = refract_server_kind_get_title (self->kind);
  g_autofree char *cause = refract_server_log_dup_cause (self->log);

  if (refract_server_log_is_out_of_memory (self->log))
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MEMORY,
                 "%s ran out of memory with %u × %u tokens of KV cache%s%s. Give it less with "
                 "--kv-budget or --slots, close other programs, or use a smaller model.",
                 title, start->n_slots, start->n_cells, cause != NULL ? ": " : "",
                 cause != NULL ? cause : "");
  else if (refract_process_was_killed (self->process))
    g_set_error (
        error, REFRACT_ERROR, REFRACT_ERROR_MEMORY,
        "%s was killed while it loaded, as the system does when memory runs out. Give it "
        "less KV cache with --kv-budget or --slots, close other programs, or use a smaller "
        "model.",
        title);
  else if (cause != NULL)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                 "%s could not start: %s. See the self-test for what this installation can do.",
                 title, cause);
  else
    refract_process_set_end_error (self->process, error);
}

/* %TRUE when the server is ready; else %FALSE, with @error set when waiting on makes no sense. */
static gboolean
ask_health (RefractHttp *probe, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) own_error = NULL;
  g_autofree char *reply = NULL;
  guint status = 0;

  reply = refract_http_get_text (probe, "/health", &status, cancellable, &own_error);
  if (reply != NULL)
    return TRUE;
  /* 503: it loads; no connection or no answer: it begins, or is about to end */
  if (own_error->domain == REFRACT_ERROR && status != 503)
    g_propagate_error (error, g_steal_pointer (&own_error));
  return FALSE;
}

static gboolean
wait_until_ready (RefractServer *self,
                  const RefractServerStart *start,
                  RefractHttp *probe,
                  GCancellable *cancellable,
                  GError **error)
{
  gint64 began = g_get_monotonic_time (), delay = FIRST_DELAY;
  g_autoptr (GError) own_error = NULL;

  while (!ask_health (probe, cancellable, &own_error))
    {
      gboolean ended = refract_process_wait_for (self->process, delay, cancellable);

      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        return FALSE;
      if (ended)
        {
          set_start_error (self, start, error);
          return FALSE;
        }
      if (own_error != NULL)
        {
          g_propagate_error (error, g_steal_pointer (&own_error));
          return FALSE;
        }
      if (refract_process_get_silence (self->process) > start->silence_limit)
        {
          g_autofree char *tail = refract_process_dup_tail (self->process, 5);

          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                       "%s is not ready and has been silent for %u seconds: it hangs. Its last "
                       "lines:\n%s",
                       refract_server_kind_get_title (self->kind), start->silence_limit, tail);
          return FALSE;
        }
      delay = MIN (delay * 3 / 2, LONGEST_DELAY);
    }
  self->load_seconds = (double) (g_get_monotonic_time () - began) / G_TIME_SPAN_SECOND;
  return TRUE;
}

gboolean
refract_server_launch (RefractServer *self,
                       const RefractServerStart *start,
                       GCancellable *cancellable,
                       GError **error)
{
  const RefractServerEngine *engine = start->engine;
  g_autofree char *key = g_uuid_string_random (), *url = NULL; /* only we talk to it */
  g_autoptr (GPtrArray) command = NULL;
  g_auto (GStrv) environment = NULL;
  g_autoptr (RefractEngineLaunch) launch = refract_engine_launch_new (
      engine->python, (const char *const *) engine->options->launcher, REFRACT_FLATPAK_INFO);
  g_autoptr (RefractHttp) probe = NULL;
  guint port = find_port (error);

  if (port == 0)
    {
      g_prefix_error (error, "No port of this computer could be had for the engine: ");
      return FALSE;
    }
  url = g_strdup_printf ("http://127.0.0.1:%u", port);
  self->http = refract_http_new_for_url (url, key, error);
  probe = refract_http_new_for_url (url, key, error);
  if (self->http == NULL || probe == NULL)
    return FALSE;
  refract_http_set_timeout (probe, PROBE_TIMEOUT);

  refract_engine_launch_set_grace (launch, GRACE_MS);
  command = build_command (start, port);
  environment = build_environment (start, key);
  self->process = refract_engine_launch_spawn (launch, (const char *const *) command->pdata,
                                               (const char *const *) environment,
                                               refract_server_log_take_line, self->log, error);
  if (self->process == NULL || !wait_until_ready (self, start, probe, cancellable, error))
    return FALSE;
  self->version = self->kind->dup_version (self, cancellable, error);
  return self->version != NULL;
}
