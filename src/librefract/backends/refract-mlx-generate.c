/* refract-mlx-generate.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "backends/refract-mlx-generate.h"
#include "backends/refract-mlx-kv.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

struct _RefractMlxGenerating
{
  RefractMlxWorker *worker;
  GPtrArray *requests;
  GPtrArray *generations;
  guint64 n_tokens; /* of those that are finished */
  RefractTokensFunc func;
  gpointer user_data;
};

gboolean
refract_mlx_ids_are_valid (GArray *ids, RefractMlxWorker *worker)
{
  gint32 n_vocab = (gint32) refract_mlx_worker_get_model_facts (worker)->n_vocab;

  for (guint i = 0; i < ids->len; i++)
    if (g_array_index (ids, gint32, i) < 0 || g_array_index (ids, gint32, i) >= n_vocab)
      return FALSE;
  return TRUE;
}

JsonObject *
refract_mlx_generate_request (GPtrArray *requests, RefractKvConfig *kv)
{
  JsonObject *object = json_object_new ();
  JsonArray *limits = json_array_new ();

  for (guint i = 0; i < requests->len; i++)
    json_array_add_int_element (limits, ((const RefractRequest *) requests->pdata[i])->n_predict);
  json_object_set_array_member (object, "prompts", refract_requests_to_json (requests));
  json_object_set_array_member (object, "n", limits);
  json_object_set_object_member (object, "kv", refract_mlx_kv_to_json (kv));
  return object;
}

RefractMlxGenerating *
refract_mlx_generating_new (RefractMlxWorker *worker,
                            GPtrArray *requests,
                            RefractTokensFunc func,
                            gpointer user_data)
{
  RefractMlxGenerating *self = g_new0 (RefractMlxGenerating, 1);

  self->worker = worker;
  self->requests = requests;
  self->generations = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_generation_free);
  self->func = func;
  self->user_data = user_data;
  return self;
}

void
refract_mlx_generating_free (RefractMlxGenerating *self)
{
  g_ptr_array_unref (self->generations);
  g_free (self);
}

static RefractGeneration *
parse_result (RefractMlxGenerating *self, const RefractRequest *request, JsonObject *part)
{
  g_autoptr (RefractGeneration) generation = g_new0 (RefractGeneration, 1);
  JsonArray *ids = refract_json_get_array (part, "ids");
  const char *stop = refract_json_get_string (part, "stop", "");
  const char *text = refract_json_get_string (part, "text", NULL);
  gboolean is_eos = g_str_equal (stop, "eos");

  generation->ids = ids != NULL ? refract_json_array_to_ids (ids) : NULL;
  generation->prompt_ms = refract_json_get_double (part, "prompt_ms", -1);
  generation->predicted_ms = refract_json_get_double (part, "predicted_ms", -1);
  if (generation->ids == NULL || text == NULL || generation->ids->len == 0
      || generation->ids->len > request->n_predict
      || !refract_mlx_ids_are_valid (generation->ids, self->worker)
      || !(is_eos || (g_str_equal (stop, "limit") && generation->ids->len == request->n_predict))
      || !(generation->prompt_ms >= 0) || !(generation->predicted_ms >= 0))
    return NULL;
  generation->stop = is_eos ? REFRACT_STOP_EOS : REFRACT_STOP_LIMIT;
  generation->text = g_utf8_make_valid (text, -1);
  generation->n_prompt = request->ids->len;
  return g_steal_pointer (&generation);
}

gboolean
refract_mlx_generating_take_part (JsonObject *part, gpointer user_data, GError **error)
{
  RefractMlxGenerating *self = user_data;
  guint index = self->generations->len;
  gint64 n_tokens = refract_json_get_int (part, "tokens", 0);
  const RefractRequest *request
      = index < self->requests->len ? g_ptr_array_index (self->requests, index) : NULL;
  RefractGeneration *generation;

  if (request == NULL || refract_json_get_int (part, "prompt", -1) != index || n_tokens < 0
      || n_tokens > request->n_predict)
    {
      refract_mlx_worker_set_unexpected (self->worker, "a prompt's part out of turn", error);
      return FALSE;
    }
  if (!json_object_has_member (part, "ids"))
    {
      if (n_tokens > 0 && self->func != NULL)
        self->func (self->n_tokens + (guint64) n_tokens, self->user_data);
      return TRUE;
    }

  generation = parse_result (self, request, part);
  if (generation == NULL)
    {
      refract_mlx_worker_set_unexpected (self->worker, "an answer that cannot be the model's",
                                         error);
      return FALSE;
    }
  self->n_tokens += generation->ids->len;
  g_ptr_array_add (self->generations, generation);
  return TRUE;
}

GPtrArray *
refract_mlx_generating_finish (RefractMlxGenerating *self, GError **error)
{
  if (self->generations->len != self->requests->len)
    {
      refract_mlx_worker_set_unexpected (self->worker, "fewer results than prompts", error);
      return NULL;
    }
  return g_ptr_array_ref (self->generations);
}
