/* refract-session-mlx.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "backends/refract-mlx-generate.h"
#include "backends/refract-mlx-kv.h"
#include "backends/refract-session-mlx.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

struct _RefractSessionMlx
{
  RefractSession parent_instance;

  RefractMlxWorker *worker; /* NULL once closed */
  RefractModel *model;
  RefractKvConfig *kv;
  RefractKvInUse *kv_in_use;
  guint n_cells;
  guint n_calls_before;
  guint n_calls;
  gboolean thinking;
  double load_seconds;
  guint64 peak_rss;
};

G_DEFINE_FINAL_TYPE (RefractSessionMlx, refract_session_mlx, REFRACT_TYPE_SESSION)

static JsonObject *
call (RefractSessionMlx *self,
      const char *op,
      JsonObject *request,
      RefractMlxPartFunc func,
      gpointer user_data,
      GCancellable *cancellable,
      GError **error)
{
  if (self->worker == NULL)
    {
      g_set_error_literal (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE, "MLX was ended already.");
      return NULL;
    }
  return refract_mlx_worker_call (self->worker, op, request, func, user_data, cancellable, error);
}

/* ---- Text ---- */

static GArray *
refract_session_mlx_tokenize (RefractSession *session,
                              const char *text,
                              gboolean add_special,
                              gboolean parse_special,
                              GCancellable *cancellable,
                              GError **error)
{
  RefractSessionMlx *self = REFRACT_SESSION_MLX (session);
  g_autoptr (JsonObject) request = json_object_new ();
  g_autoptr (JsonObject) reply = NULL;
  g_autoptr (GArray) ids = NULL;
  JsonArray *array;

  json_object_set_string_member (request, "text", text);
  json_object_set_boolean_member (request, "special", add_special);
  json_object_set_boolean_member (request, "parse", parse_special);
  reply = call (self, "tokenize", request, NULL, NULL, cancellable, error);
  if (reply == NULL)
    return NULL;
  array = refract_json_get_array (reply, "ids");
  ids = array != NULL ? refract_json_array_to_ids (array) : NULL;
  if (ids == NULL || !refract_mlx_ids_are_valid (ids, self->worker))
    {
      refract_mlx_worker_set_unexpected (self->worker, "token ids that the model does not have",
                                         error);
      return NULL;
    }
  return g_steal_pointer (&ids);
}

static char *
take_text (RefractSessionMlx *self, JsonObject *reply, GError **error)
{
  const char *text = refract_json_get_string (reply, "text", NULL);

  if (text == NULL)
    refract_mlx_worker_set_unexpected (self->worker, "no text", error);
  return text != NULL ? g_utf8_make_valid (text, -1) : NULL;
}

static char *
refract_session_mlx_detokenize (RefractSession *session,
                                GArray *ids,
                                GCancellable *cancellable,
                                GError **error)
{
  RefractSessionMlx *self = REFRACT_SESSION_MLX (session);
  g_autoptr (JsonObject) request = json_object_new ();
  g_autoptr (JsonObject) reply = NULL;

  json_object_set_array_member (request, "ids", refract_json_array_from_id_array (ids));
  reply = call (self, "detokenize", request, NULL, NULL, cancellable, error);
  return reply != NULL ? take_text (self, reply, error) : NULL;
}

static char *
refract_session_mlx_apply_template (RefractSession *session,
                                    const char *system,
                                    const char *user,
                                    GCancellable *cancellable,
                                    GError **error)
{
  RefractSessionMlx *self = REFRACT_SESSION_MLX (session);
  g_autoptr (JsonObject) request = json_object_new ();
  g_autoptr (JsonObject) reply = NULL;
  char *prompt;

  if (system != NULL)
    json_object_set_string_member (request, "system", system);
  json_object_set_string_member (request, "user", user);
  reply = call (self, "template", request, NULL, NULL, cancellable, error);
  prompt = reply != NULL ? take_text (self, reply, error) : NULL;
  if (prompt != NULL)
    self->thinking = self->thinking || refract_prompt_opens_thinking (prompt);
  return prompt;
}

/* ---- Generation ---- */

/* Keeps the larger of the caches: what a token takes is told best by a full one. */
static void
take_kv_in_use (RefractSessionMlx *self, RefractKvInUse *in_use)
{
  if (self->kv_in_use != NULL && self->kv_in_use->buffer_mib > in_use->buffer_mib)
    {
      refract_kv_in_use_free (in_use);
      return;
    }
  g_clear_pointer (&self->kv_in_use, refract_kv_in_use_free);
  self->kv_in_use = in_use;
}

static GPtrArray *
refract_session_mlx_generate (RefractSession *session,
                              GPtrArray *requests,
                              RefractTokensFunc func,
                              gpointer user_data,
                              GCancellable *cancellable,
                              GError **error)
{
  RefractSessionMlx *self = REFRACT_SESSION_MLX (session);
  g_autoptr (JsonObject) request = refract_mlx_generate_request (requests, self->kv);
  g_autoptr (RefractMlxGenerating) generating = NULL;
  g_autoptr (JsonObject) reply = NULL;
  RefractKvInUse *in_use;

  generating = refract_mlx_generating_new (self->worker, requests, func, user_data);
  reply = call (self, "generate", request, refract_mlx_generating_take_part, generating,
                cancellable, error);
  in_use = reply != NULL ? refract_mlx_kv_read (self->worker, self->kv, self->model, reply, error)
                         : NULL;
  if (in_use == NULL)
    return NULL;
  take_kv_in_use (self, in_use);
  return refract_mlx_generating_finish (generating, error);
}

/* ---- Facts ---- */

static const RefractKvInUse *
refract_session_mlx_get_kv_in_use (RefractSession *session)
{
  return REFRACT_SESSION_MLX (session)->kv_in_use;
}

/* mlx-lm decodes several prompts side by side only with an unquantized cache. */
static guint
refract_session_mlx_get_n_slots (RefractSession *session)
{
  return 1;
}

static guint
refract_session_mlx_get_context_cells (RefractSession *session)
{
  return REFRACT_SESSION_MLX (session)->n_cells;
}

static double
refract_session_mlx_get_load_seconds (RefractSession *session)
{
  return REFRACT_SESSION_MLX (session)->load_seconds;
}

static gboolean
refract_session_mlx_has_thinking_template (RefractSession *session)
{
  return REFRACT_SESSION_MLX (session)->thinking;
}

static guint
refract_session_mlx_get_n_requests (RefractSession *session)
{
  RefractSessionMlx *self = REFRACT_SESSION_MLX (session);

  return self->worker != NULL ? refract_mlx_worker_get_n_calls (self->worker) - self->n_calls_before
                              : self->n_calls;
}

/* ---- Life ---- */

static guint64
refract_session_mlx_close (RefractSession *session)
{
  RefractSessionMlx *self = REFRACT_SESSION_MLX (session);

  if (self->worker != NULL)
    {
      self->n_calls = refract_session_mlx_get_n_requests (session);
      self->peak_rss = refract_mlx_worker_take_peak (self->worker);
      g_clear_pointer (&self->worker, refract_mlx_worker_unref);
    }
  return self->peak_rss;
}

static void
refract_session_mlx_finalize (GObject *object)
{
  RefractSessionMlx *self = REFRACT_SESSION_MLX (object);

  refract_session_mlx_close (REFRACT_SESSION (self));
  g_clear_pointer (&self->kv_in_use, refract_kv_in_use_free);
  g_clear_pointer (&self->kv, refract_kv_config_unref);
  g_clear_object (&self->model);
  G_OBJECT_CLASS (refract_session_mlx_parent_class)->finalize (object);
}

static void
refract_session_mlx_class_init (RefractSessionMlxClass *klass)
{
  RefractSessionClass *session_class = REFRACT_SESSION_CLASS (klass);

  G_OBJECT_CLASS (klass)->finalize = refract_session_mlx_finalize;
  session_class->tokenize = refract_session_mlx_tokenize;
  session_class->detokenize = refract_session_mlx_detokenize;
  session_class->apply_template = refract_session_mlx_apply_template;
  session_class->generate = refract_session_mlx_generate;
  session_class->get_kv_in_use = refract_session_mlx_get_kv_in_use;
  session_class->get_n_slots = refract_session_mlx_get_n_slots;
  session_class->get_context_cells = refract_session_mlx_get_context_cells;
  session_class->get_load_seconds = refract_session_mlx_get_load_seconds;
  session_class->has_thinking_template = refract_session_mlx_has_thinking_template;
  session_class->get_n_requests = refract_session_mlx_get_n_requests;
  session_class->close = refract_session_mlx_close;
}

static void
refract_session_mlx_init (RefractSessionMlx *self)
{
}

/* One token after another: what the caches become is known before anything is measured. */
static gboolean
probe (RefractSessionMlx *self, GCancellable *cancellable, GError **error)
{
  static const gint32 id = 0;
  g_autoptr (GPtrArray) requests
      = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_request_free);
  g_autoptr (GPtrArray) generations = NULL;
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));

  g_array_append_val (ids, id);
  g_ptr_array_add (requests, refract_request_new ("probe", ids, 1));
  generations
      = refract_session_generate (REFRACT_SESSION (self), requests, NULL, NULL, cancellable, error);
  return generations != NULL;
}

RefractSession *
refract_session_mlx_open (RefractMlxWorker *worker,
                          RefractModel *model,
                          RefractKvConfig *kv,
                          const RefractSessionNeeds *needs,
                          double load_seconds,
                          GCancellable *cancellable,
                          GError **error)
{
  g_autoptr (RefractSessionMlx) self = g_object_new (REFRACT_TYPE_SESSION_MLX, NULL);

  self->worker = refract_mlx_worker_ref (worker);
  self->model = g_object_ref (model);
  self->kv = refract_kv_config_ref (kv);
  self->n_cells = needs->n_cells;
  self->load_seconds = load_seconds;
  self->n_calls_before = refract_mlx_worker_get_n_calls (worker);
  refract_mlx_worker_take_peak (worker);
  if (!probe (self, cancellable, error))
    {
      g_clear_pointer (&self->worker, refract_mlx_worker_unref); /* nothing to ask it */
      return NULL;
    }
  return REFRACT_SESSION (g_steal_pointer (&self));
}
