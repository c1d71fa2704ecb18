/* refract-session-llamacpp.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include <glib/gstdio.h>

#include "backends/refract-llamacpp-exchange.h"
#include "backends/refract-llamacpp-generate.h"
#include "backends/refract-llamacpp-log.h"
#include "backends/refract-session-llamacpp.h"
#include "core/refract-error.h"
#include "core/refract-json.h"
#include "engine/refract-http.h"
#include "engine/refract-process.h"

#define LOGICAL_BATCH 2048
#define FIRST_DELAY (2 * G_TIME_SPAN_MILLISECOND)
#define LONGEST_DELAY (100 * G_TIME_SPAN_MILLISECOND)
#define DEATH_DELAY (500 * G_TIME_SPAN_MILLISECOND)
#define LOG_DELAY (2 * G_TIME_SPAN_SECOND)
#define PROBE_TIMEOUT 5   /* seconds */
#define DECODE_PATIENCE 6 /* times the limit: one batch of a big model on a CPU takes its time */

struct _RefractSessionLlamacpp
{
  RefractSession parent_instance;

  RefractProcess *process;
  RefractLlamacppLog *log;
  RefractHttp *http;
  RefractHttp *probe; /* health and progress: not counted, ends by itself */
  char *folder;
  char *socket;
  RefractKvInUse *kv_in_use;
  guint silence_limit;
  guint n_slots;
  guint n_cells;
  guint n_vocab;
  gint32 eos;
  gboolean eos_asked;
  gboolean thinking;
  double load_seconds;
  guint64 peak_rss;
};

G_DEFINE_FINAL_TYPE (RefractSessionLlamacpp, refract_session_llamacpp, REFRACT_TYPE_SESSION)

/* ---- Requests ---- */

/* A request that failed because the server died gives the server's end and its last lines. */
static void
explain_failure (RefractSessionLlamacpp *self, GError **error)
{
  if (error == NULL || *error == NULL || g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  if (self->process == NULL)
    {
      g_clear_error (error);
      g_set_error_literal (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                           "llama-server was ended already.");
    }
  else if ((*error)->domain != REFRACT_ERROR
           && refract_process_wait_for (self->process, DEATH_DELAY, NULL))
    {
      g_clear_error (error);
      refract_process_set_end_error (self->process, error);
    }
  else if ((*error)->domain != REFRACT_ERROR)
    {
      g_autofree char *tail = refract_process_dup_tail (self->process, 5);
      g_autofree char *reason = g_strdup ((*error)->message);

      g_clear_error (error);
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                   "llama-server stopped answering (%s). Its last lines:\n%s", reason, tail);
    }
}

static JsonObject *
post (RefractSessionLlamacpp *self,
      const char *path,
      JsonObject *body,
      GCancellable *cancellable,
      GError **error)
{
  g_autoptr (GError) own_error = NULL;
  JsonObject *reply = refract_http_post (self->http, path, body, NULL, cancellable, &own_error);

  if (reply == NULL)
    {
      explain_failure (self, &own_error);
      g_propagate_error (error, g_steal_pointer (&own_error));
    }
  return reply;
}

static void
set_unexpected (const char *path, const char *what, GError **error)
{
  g_set_error (
      error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
      "llama-server answered %s without %s: it is not the program that Refract expects, or "
      "a build that does not fit.",
      path, what);
}

static GArray *
refract_session_llamacpp_tokenize (RefractSession *session,
                                   const char *text,
                                   gboolean add_special,
                                   gboolean parse_special,
                                   GCancellable *cancellable,
                                   GError **error)
{
  RefractSessionLlamacpp *self = REFRACT_SESSION_LLAMACPP (session);
  g_autoptr (JsonObject) body = json_object_new ();
  g_autoptr (JsonObject) reply = NULL;
  JsonArray *tokens;
  GArray *ids;

  json_object_set_string_member (body, "content", text);
  json_object_set_boolean_member (body, "add_special", add_special);
  json_object_set_boolean_member (body, "parse_special", parse_special);
  json_object_set_boolean_member (body, "with_pieces", FALSE);
  reply = post (self, "/tokenize", body, cancellable, error);
  if (reply == NULL)
    return NULL;
  tokens = refract_json_get_array (reply, "tokens");
  ids = tokens != NULL ? refract_json_array_to_ids (tokens) : NULL;
  if (ids == NULL)
    set_unexpected ("/tokenize", "a list of token ids", error);
  return ids;
}

static char *
refract_session_llamacpp_detokenize (RefractSession *session,
                                     GArray *ids,
                                     GCancellable *cancellable,
                                     GError **error)
{
  RefractSessionLlamacpp *self = REFRACT_SESSION_LLAMACPP (session);
  g_autoptr (JsonObject) body = json_object_new ();
  g_autoptr (JsonObject) reply = NULL;
  const char *content;

  json_object_set_array_member (body, "tokens", refract_json_array_from_id_array (ids));
  reply = post (self, "/detokenize", body, cancellable, error);
  if (reply == NULL)
    return NULL;
  content = refract_json_get_string (reply, "content", NULL);
  if (content == NULL)
    {
      set_unexpected ("/detokenize", "a text", error);
      return NULL;
    }
  return g_utf8_make_valid (content, -1);
}

static char *
refract_session_llamacpp_apply_template (RefractSession *session,
                                         const char *system,
                                         const char *user,
                                         GCancellable *cancellable,
                                         GError **error)
{
  RefractSessionLlamacpp *self = REFRACT_SESSION_LLAMACPP (session);
  g_autoptr (JsonObject) body = refract_chat_to_json (system, user);
  g_autoptr (JsonObject) reply = NULL;
  const char *prompt;

  reply = post (self, "/apply-template", body, cancellable, error);
  if (reply == NULL)
    return NULL;
  prompt = refract_json_get_string (reply, "prompt", NULL);
  if (prompt == NULL)
    {
      set_unexpected ("/apply-template", "a prompt", error);
      return NULL;
    }
  self->thinking = self->thinking || refract_prompt_opens_thinking (prompt);
  return g_strdup (prompt);
}

/* ---- Generation ---- */

static JsonObject *
complete (RefractSessionLlamacpp *self,
          JsonObject *body,
          RefractTokensFunc func,
          gpointer user_data,
          GCancellable *cancellable,
          GError **error)
{
  guint patience = DECODE_PATIENCE * self->silence_limit;
  g_autoptr (GError) own_error = NULL;
  JsonObject *reply
      = refract_llamacpp_exchange (self->http, self->probe, body, self->n_slots, patience, func,
                                   user_data, cancellable, &own_error);

  if (reply == NULL)
    {
      explain_failure (self, &own_error);
      g_propagate_error (error, g_steal_pointer (&own_error));
    }
  return reply;
}

/* Asked for once, and only where a server leaves the end token out of its list. */
static gint32
get_eos (RefractSessionLlamacpp *self, GCancellable *cancellable)
{
  g_autoptr (JsonObject) props = NULL;
  g_autoptr (GArray) ids = NULL;
  const char *eos = NULL;

  if (self->eos_asked)
    return self->eos;
  self->eos_asked = TRUE;
  props = refract_http_get (self->http, "/props", NULL, cancellable, NULL);
  if (props != NULL)
    eos = refract_json_get_string (props, "eos_token", NULL);
  if (eos != NULL)
    ids = refract_session_tokenize (REFRACT_SESSION (self), eos, FALSE, TRUE, cancellable, NULL);
  if (ids != NULL && ids->len == 1)
    self->eos = g_array_index (ids, gint32, 0);
  return self->eos;
}

static GPtrArray *
refract_session_llamacpp_generate (RefractSession *session,
                                   GPtrArray *requests,
                                   RefractTokensFunc func,
                                   gpointer user_data,
                                   GCancellable *cancellable,
                                   GError **error)
{
  RefractSessionLlamacpp *self = REFRACT_SESSION_LLAMACPP (session);
  g_autoptr (JsonObject) body = refract_llamacpp_completion_body (requests);
  g_autoptr (JsonObject) reply = NULL;
  g_autoptr (GError) own_error = NULL;
  GPtrArray *generations;
  guint64 n_tokens = 0;
  guint i;

  reply = complete (self, body, func, user_data, cancellable, error);
  if (reply == NULL)
    return NULL;
  generations = refract_llamacpp_parse_completion (reply, requests, self->n_vocab, -1, &own_error);
  if (generations == NULL && get_eos (self, cancellable) >= 0)
    {
      g_clear_error (&own_error);
      generations = refract_llamacpp_parse_completion (reply, requests, self->n_vocab, self->eos,
                                                       &own_error);
    }
  if (generations == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&own_error));
      return NULL;
    }
  for (i = 0; i < generations->len; i++)
    n_tokens += ((RefractGeneration *) g_ptr_array_index (generations, i))->ids->len;
  if (func != NULL)
    func (n_tokens, user_data);
  return generations;
}

/* ---- Facts ---- */

static const RefractKvInUse *
refract_session_llamacpp_get_kv_in_use (RefractSession *session)
{
  return REFRACT_SESSION_LLAMACPP (session)->kv_in_use;
}

static guint
refract_session_llamacpp_get_n_slots (RefractSession *session)
{
  return REFRACT_SESSION_LLAMACPP (session)->n_slots;
}

static guint
refract_session_llamacpp_get_context_cells (RefractSession *session)
{
  return REFRACT_SESSION_LLAMACPP (session)->n_cells;
}

static double
refract_session_llamacpp_get_load_seconds (RefractSession *session)
{
  return REFRACT_SESSION_LLAMACPP (session)->load_seconds;
}

static gboolean
refract_session_llamacpp_has_thinking_template (RefractSession *session)
{
  return REFRACT_SESSION_LLAMACPP (session)->thinking;
}

static guint
refract_session_llamacpp_get_n_requests (RefractSession *session)
{
  return refract_http_get_n_requests (REFRACT_SESSION_LLAMACPP (session)->http);
}

/* ---- Life ---- */

static guint64
refract_session_llamacpp_close (RefractSession *session)
{
  RefractSessionLlamacpp *self = REFRACT_SESSION_LLAMACPP (session);

  if (self->process != NULL)
    {
      refract_process_stop (self->process);
      self->peak_rss = refract_process_get_peak_rss (self->process);
      g_clear_object (&self->process);
    }
  if (self->folder != NULL)
    {
      g_unlink (self->socket);
      g_rmdir (self->folder);
      g_clear_pointer (&self->folder, g_free);
    }
  return self->peak_rss;
}

static void
refract_session_llamacpp_finalize (GObject *object)
{
  RefractSessionLlamacpp *self = REFRACT_SESSION_LLAMACPP (object);

  refract_session_llamacpp_close (REFRACT_SESSION (self));
  g_clear_object (&self->http);
  g_clear_object (&self->probe);
  g_clear_pointer (&self->kv_in_use, refract_kv_in_use_free);
  g_clear_pointer (&self->log, refract_llamacpp_log_free);
  g_free (self->socket);
  G_OBJECT_CLASS (refract_session_llamacpp_parent_class)->finalize (object);
}

static void
refract_session_llamacpp_class_init (RefractSessionLlamacppClass *klass)
{
  RefractSessionClass *session_class = REFRACT_SESSION_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = refract_session_llamacpp_finalize;
  session_class->tokenize = refract_session_llamacpp_tokenize;
  session_class->detokenize = refract_session_llamacpp_detokenize;
  session_class->apply_template = refract_session_llamacpp_apply_template;
  session_class->generate = refract_session_llamacpp_generate;
  session_class->get_kv_in_use = refract_session_llamacpp_get_kv_in_use;
  session_class->get_n_slots = refract_session_llamacpp_get_n_slots;
  session_class->get_context_cells = refract_session_llamacpp_get_context_cells;
  session_class->get_load_seconds = refract_session_llamacpp_get_load_seconds;
  session_class->has_thinking_template = refract_session_llamacpp_has_thinking_template;
  session_class->get_n_requests = refract_session_llamacpp_get_n_requests;
  session_class->close = refract_session_llamacpp_close;
}

static void
refract_session_llamacpp_init (RefractSessionLlamacpp *self)
{
  self->eos = -1;
  self->log = refract_llamacpp_log_new ();
}

static GPtrArray *
build_command (RefractSessionLlamacpp *self,
               RefractLlamacppEngine *engine,
               RefractModel *model,
               RefractKvConfig *kv)
{
  static const struct
  {
    const char *flag, *value;
  } fixed[] = {
    { "--cache-ram", "0" },      { "--ctx-checkpoints", "0" }, { "--no-cache-prompt", NULL },
    { "--slots", NULL },         { "--jinja", NULL },          { "--no-context-shift", NULL },
    { "--no-kv-unified", NULL },
  };
  const RefractLlamacppProgramId id = REFRACT_LLAMACPP_SERVER;
  GPtrArray *command = refract_llamacpp_command_new (engine, id, model, kv, LOGICAL_BATCH);
  g_autofree char *cells = g_strdup_printf ("%u", self->n_cells * self->n_slots);
  g_autofree char *slots = g_strdup_printf ("%u", self->n_slots);
  guint i;

  refract_llamacpp_command_add (command, engine, id, "--ctx-size", cells);
  refract_llamacpp_command_add (command, engine, id, "--parallel", slots);
  refract_llamacpp_command_add (command, engine, id, "--host", self->socket);
  for (i = 0; i < G_N_ELEMENTS (fixed); i++)
    refract_llamacpp_command_add (command, engine, id, fixed[i].flag, fixed[i].value);
  if (!refract_llamacpp_command_add (command, engine, id, "--no-ui", NULL))
    refract_llamacpp_command_add (command, engine, id, "--no-webui", NULL);
  refract_llamacpp_command_finish (command, engine, id, kv);
  return command;
}

static void
set_start_error (RefractSessionLlamacpp *self, GError **error)
{
  g_autofree char *model_error = refract_llamacpp_log_dup_model_error (self->log);

  if (refract_llamacpp_log_is_out_of_memory (self->log)
      || refract_process_was_killed (self->process))
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MEMORY,
                 "llama-server ran out of memory with a context of %u cells. Give it less with "
                 "--kv-budget, close other programs, or use fewer GPU layers.",
                 self->n_cells * self->n_slots);
  else if (model_error != NULL)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL,
                 "llama.cpp cannot load this model: %s. Get the file again, or use a newer build.",
                 model_error);
  else
    refract_process_set_end_error (self->process, error);
}

/* %TRUE when the server is ready; else %FALSE, with @error set when waiting on makes no sense. */
static gboolean
ask_health (RefractSessionLlamacpp *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) own_error = NULL;
  g_autoptr (JsonObject) reply = NULL;
  guint status = 0;

  if (!g_file_test (self->socket, G_FILE_TEST_EXISTS))
    return FALSE;
  reply = refract_http_get (self->probe, "/health", &status, cancellable, &own_error);
  if (reply != NULL)
    return TRUE;
  /* 503: it loads; no connection or no answer: it begins, or is about to end */
  if (own_error->domain == REFRACT_ERROR && status != 503)
    g_propagate_error (error, g_steal_pointer (&own_error));
  return FALSE;
}

static gboolean
wait_until_ready (RefractSessionLlamacpp *self, GCancellable *cancellable, GError **error)
{
  gint64 start = g_get_monotonic_time (), delay = FIRST_DELAY;
  GError *own_error = NULL;

  while (!ask_health (self, cancellable, &own_error))
    {
      gboolean ended = refract_process_wait_for (self->process, delay, cancellable);

      if (g_cancellable_is_cancelled (cancellable))
        {
          g_clear_error (&own_error);
          g_cancellable_set_error_if_cancelled (cancellable, error);
          return FALSE;
        }
      if (ended)
        {
          g_clear_error (&own_error);
          set_start_error (self, error);
          return FALSE;
        }
      if (own_error != NULL)
        {
          g_propagate_error (error, own_error);
          return FALSE;
        }
      if (refract_process_get_silence (self->process) > self->silence_limit)
        {
          g_autofree char *tail = refract_process_dup_tail (self->process, 5);

          g_set_error (
              error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
              "llama-server is not ready and has been silent for %u seconds: it hangs. Its "
              "last lines:\n%s",
              self->silence_limit, tail);
          return FALSE;
        }
      delay = MIN (delay * 3 / 2, LONGEST_DELAY);
    }
  self->load_seconds = (double) (g_get_monotonic_time () - start) / G_TIME_SPAN_SECOND;
  return TRUE;
}

/* The log arrives through a pipe: a line that was written before /health answered may still be on
 * its way. */
static void
read_kv_in_use (RefractSessionLlamacpp *self)
{
  gint64 end_time = g_get_monotonic_time () + LOG_DELAY;

  do
    {
      g_clear_pointer (&self->kv_in_use, refract_kv_in_use_free);
      self->kv_in_use = refract_llamacpp_log_dup_kv_in_use (self->log);
    }
  while (self->kv_in_use->evidence == REFRACT_EVIDENCE_NONE && g_get_monotonic_time () < end_time
         && !refract_process_wait_for (self->process, LONGEST_DELAY, NULL));
}

RefractSession *
refract_session_llamacpp_open (RefractLlamacppEngine *engine,
                               RefractModel *model,
                               RefractKvConfig *kv,
                               const RefractSessionNeeds *needs,
                               guint silence_limit,
                               GCancellable *cancellable,
                               GError **error)
{
  g_autoptr (RefractSessionLlamacpp) self = g_object_new (REFRACT_TYPE_SESSION_LLAMACPP, NULL);
  RefractLlamacppHelp *help = engine->programs[REFRACT_LLAMACPP_SERVER].help;
  g_autoptr (GPtrArray) command = NULL;
  g_auto (GStrv) environment = refract_llamacpp_dup_environment (kv);

  self->silence_limit = silence_limit;
  self->n_cells = needs->n_cells;
  /* A build that cannot give each slot a cache of its own keeps all slots in one, where a
   * sequence's place changes its rounding: there, one slot. */
  self->n_slots = refract_llamacpp_help_has (help, "--kv-unified") ? needs->n_slots : 1;
  self->n_vocab = (guint) MIN (refract_model_get_info (model)->n_vocab, G_MAXINT32);
  self->folder = refract_engine_make_folder (error);
  if (self->folder == NULL)
    return NULL;
  self->socket = g_build_filename (self->folder, "engine.sock", NULL);
  self->http = refract_http_new_for_socket (self->socket);
  self->probe = refract_http_new_for_socket (self->socket);
  refract_http_set_timeout (self->probe, PROBE_TIMEOUT);

  command = build_command (self, engine, model, kv);
  self->process = refract_engine_launch_spawn (engine->launch, (const char *const *) command->pdata,
                                               (const char *const *) environment,
                                               refract_llamacpp_log_take_line, self->log, error);
  if (self->process == NULL || !wait_until_ready (self, cancellable, error))
    return NULL;
  read_kv_in_use (self);
  if (!refract_llamacpp_check_engaged (kv, self->kv_in_use, error))
    return NULL;
  return REFRACT_SESSION (g_steal_pointer (&self));
}
