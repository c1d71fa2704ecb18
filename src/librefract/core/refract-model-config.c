/* refract-model-config.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "core/refract-error.h"
#include "core/refract-json.h"
#include "core/refract-model-private.h"

/* Far above any model, low enough that no product below overflows 64 bits. */
#define MAX_LAYERS 4096
#define MAX_HEADS 65536
#define MAX_HEAD_DIM 65536
#define MAX_TOKENS (G_GINT64_CONSTANT (1) << 40)

typedef enum
{
  LAYER_FULL,
  LAYER_WINDOW,
  LAYER_NONE, /* without a cache that grows */
} LayerKind;

typedef struct
{
  JsonObject *json;
  const char *file;
  const char *type;
  guint n_layers;
  LayerKind kinds[MAX_LAYERS];
} Config;

static gboolean
fail (const Config *self, const char *what, const char *key, GError **error)
{
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL,
               "“%s” cannot be used: its config.json %s “%s”. Download the model again.",
               self->file, what, key);
  return FALSE;
}

/* The first of @keys that is there; 0 where none is. A list is for others to read. */
static gboolean
get_number (
    const Config *self, const char *const *keys, gint64 maximum, guint64 *value, GError **error)
{
  *value = 0;
  for (; *keys != NULL; keys++)
    {
      JsonNode *node = json_object_get_member (self->json, *keys);
      gint64 number = refract_json_get_int (self->json, *keys, -1);

      if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
        continue;
      if (number < 0 || number > maximum)
        return fail (self, "has an impossible value for", *keys, error);
      *value = (guint64) number;
      return TRUE;
    }
  return TRUE;
}

/* A whole number in a list; @fallback for anything else. */
static gint64
get_element (JsonArray *list, guint i, gint64 fallback)
{
  JsonNode *node = json_array_get_element (list, i);

  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_INT64
             ? json_node_get_int (node)
             : fallback;
}

static LayerKind
read_word (const char *word)
{
  static const char *const none[]
      = { "linear", "conv", "mamba", "recurrent", "ssm", "rwkv", "moe", "mlp", "lightning" };
  static const char *const window[] = { "sliding", "chunked", "local" };

  for (guint i = 0; i < G_N_ELEMENTS (none); i++)
    if (g_str_has_prefix (word, none[i]))
      return LAYER_NONE;
  for (guint i = 0; i < G_N_ELEMENTS (window); i++)
    if (strstr (word, window[i]) != NULL)
      return LAYER_WINDOW;
  return LAYER_FULL;
}

/* A word for each layer, or a few that repeat; 1 and 0 for attention and none. */
static gboolean
read_list (Config *self)
{
  static const char *const keys[]
      = { "layer_types", "layers_block_type", "block_types", "attn_type_list" };
  JsonArray *list = NULL;
  guint n;

  for (guint i = 0; i < G_N_ELEMENTS (keys) && list == NULL; i++)
    list = refract_json_get_array (self->json, keys[i]);
  n = list != NULL ? json_array_get_length (list) : 0;
  for (guint i = 0; i < self->n_layers && n > 0; i++)
    {
      const char *word = refract_json_array_get_string (list, i % n);

      if (word != NULL)
        self->kinds[i] = read_word (word);
      else if (get_element (list, i % n, 1) == 0)
        self->kinds[i] = LAYER_NONE;
    }
  return n > 0;
}

/* "M-M*-": a star is attention. */
static gboolean
read_pattern (Config *self)
{
  const char *pattern = refract_json_get_string (self->json, "hybrid_override_pattern", "");
  gsize n = strlen (pattern);

  for (guint i = 0; i < self->n_layers && n > 0; i++)
    self->kinds[i] = i < n && pattern[i] == '*' ? LAYER_FULL : LAYER_NONE;
  return n > 0;
}

/* The layers with attention, by number. */
static gboolean
read_indices (Config *self)
{
  JsonObject *linear = refract_json_get_object (self->json, "linear_attn_config");
  JsonArray *indices = refract_json_get_array (self->json, "full_attn_idxs");
  guint first = 0;

  if (indices == NULL)
    indices = refract_json_get_array (self->json, "attn_layer_indices");
  if (indices == NULL && linear != NULL)
    {
      indices = refract_json_get_array (linear, "full_attn_layers");
      first = 1;
    }
  if (indices == NULL)
    return FALSE;

  for (guint i = 0; i < self->n_layers; i++)
    self->kinds[i] = LAYER_NONE;
  for (guint i = 0; i < json_array_get_length (indices); i++)
    {
      gint64 layer = get_element (indices, i, -1);

      if (layer >= first && layer - first < self->n_layers)
        self->kinds[layer - first] = LAYER_FULL;
    }
  return TRUE;
}

/* One layer of some has attention, the last one or the one at an offset. */
static gboolean
read_interval (Config *self)
{
  gint64 interval = refract_json_get_int (
      self->json, "full_attention_interval",
      g_str_has_prefix (self->type, "qwen3_next") || g_str_has_prefix (self->type, "qwen3_5") ? 4
                                                                                              : 0);
  gint64 period = refract_json_get_int (self->json, "attn_layer_period", interval);
  gint64 offset = refract_json_get_int (self->json, "attn_layer_offset", period - 1);

  if (period <= 0 || period > MAX_LAYERS)
    return FALSE;
  for (guint i = 0; i < self->n_layers; i++)
    self->kinds[i] = i % period == offset ? LAYER_FULL : LAYER_NONE;
  return TRUE;
}

/* Of how many layers one is full, the last; 0 where none is. */
static gint64
window_period (Config *self)
{
  static const struct
  {
    const char *type;
    guint period;
  } known[] = {
    { "gemma2", 2 },  { "gemma3n", 5 }, { "gemma3", 6 },
    { "cohere2", 4 }, { "gpt_oss", 2 }, { "exaone4", 4 },
  };
  gint64 period
      = refract_json_get_int (self->json, "sliding_window_pattern",
                              refract_json_get_int (self->json, "_sliding_window_pattern", -1));

  for (guint i = 0; i < G_N_ELEMENTS (known) && period < 0; i++)
    if (g_str_has_prefix (self->type, known[i].type))
      period = known[i].period;
  return CLAMP (period, 0, MAX_LAYERS);
}

static void
read_window (Config *self)
{
  gint64 width = refract_json_get_int (
      self->json, "sliding_window", refract_json_get_int (self->json, "attention_window_size", 0));
  gboolean optional = json_object_has_member (self->json, "max_window_layers");
  gboolean used = refract_json_get_boolean (self->json, "use_sliding_window", !optional);
  gint64 first = used && optional ? refract_json_get_int (self->json, "max_window_layers", 0) : 0;
  gint64 period = window_period (self);

  for (guint i = 0; i < self->n_layers && width > 0 && used; i++)
    if (i >= first && (period == 0 || (i + 1) % period != 0))
      self->kinds[i] = LAYER_WINDOW;
}

static void
read_layers (Config *self)
{
  gint64 shared = refract_json_get_int (self->json, "num_kv_shared_layers", 0);

  if (read_list (self))
    {
      /* of these, attention without a word for it slides */
      if (refract_json_get_int (self->json, "attention_window_size", 0) > 0)
        for (guint i = 0; i < self->n_layers; i++)
          if (self->kinds[i] == LAYER_FULL)
            self->kinds[i] = LAYER_WINDOW;
    }
  else if (!read_pattern (self) && !read_indices (self) && !read_interval (self))
    read_window (self);

  /* the last ones use an earlier layer's cache */
  for (guint i = 0; i < self->n_layers && i < CLAMP (shared, 0, MAX_LAYERS); i++)
    self->kinds[self->n_layers - 1 - i] = LAYER_NONE;
}

/* KV heads of a layer: a number for all, or a list. */
static guint64
kv_heads_of (const Config *self, guint layer, guint64 all)
{
  JsonArray *list = refract_json_get_array (self->json, "num_key_value_heads");

  if (list == NULL)
    list = refract_json_get_array (self->json, "num_key_value_heads_per_layer");
  if (list == NULL)
    list = refract_json_get_array (self->json, "num_kv_heads");
  if (list == NULL || layer >= json_array_get_length (list))
    return all;
  return (guint64) CLAMP (get_element (list, layer, (gint64) all), 0, MAX_HEADS);
}

static gboolean
read_heads (const Config *self, guint64 *heads, guint64 *kv_heads, guint64 *dim, GError **error)
{
  static const char *const head_keys[] = { "num_attention_heads", "n_head", "n_heads", NULL };
  static const char *const kv_keys[]
      = { "num_key_value_heads", "num_kv_heads", "n_head_kv", "multi_query_group_num", NULL };
  static const char *const width_keys[] = { "hidden_size", "n_embd", "d_model", NULL };
  static const char *const dim_keys[] = { "head_dim", "kv_channels", NULL };
  guint64 width;

  if (!get_number (self, head_keys, MAX_HEADS, heads, error)
      || !get_number (self, kv_keys, MAX_HEADS, kv_heads, error)
      || !get_number (self, width_keys, (gint64) MAX_HEADS * MAX_HEAD_DIM, &width, error)
      || !get_number (self, dim_keys, MAX_HEAD_DIM, dim, error))
    return FALSE;
  if (*kv_heads == 0)
    *kv_heads = refract_json_get_boolean (self->json, "multi_query", FALSE) ? 1 : *heads;
  if (*dim == 0 && *heads > 0)
    *dim = width / *heads;
  return *dim <= MAX_HEAD_DIM || fail (self, "has an impossible value for", width_keys[0], error);
}

static gboolean
add_layers (const Config *self, RefractModelInfo *info, GError **error)
{
  static const char *const global_dim[] = { "global_head_dim", NULL };
  static const char *const global_heads[] = { "num_global_key_value_heads", NULL };
  guint64 heads, kv_heads, dim, full_dim, full_heads;

  if (!read_heads (self, &heads, &kv_heads, &dim, error)
      || !get_number (self, global_dim, MAX_HEAD_DIM, &full_dim, error)
      || !get_number (self, global_heads, MAX_HEADS, &full_heads, error))
    return FALSE;
  info->latent_attention = refract_json_get_int (self->json, "kv_lora_rank", 0) > 0;
  info->head_dim_k = info->head_dim_v = (guint) dim;
  if (heads == 0 && (strstr (self->type, "mamba") != NULL || strstr (self->type, "rwkv") != NULL))
    return TRUE;
  if (heads == 0)
    return fail (self, "lacks", "num_attention_heads", error);

  for (guint i = 0; i < self->n_layers; i++)
    {
      gboolean full = self->kinds[i] == LAYER_FULL;
      guint64 own_heads = kv_heads_of (self, i, full && full_heads > 0 ? full_heads : kv_heads);
      guint64 own_dim = full && full_dim > 0 ? full_dim : dim;

      if (self->kinds[i] == LAYER_NONE || own_heads == 0)
        continue;
      if (info->n_kv_layers == 0)
        info->n_kv_heads = (guint) own_heads;
      info->n_kv_layers++;
      info->n_window_layers += !full;
      info->k_elements_per_token += own_heads * own_dim;
      info->v_elements_per_token += own_heads * own_dim;
    }
  if (info->n_kv_layers > 0 && dim == 0)
    return fail (self, "lacks", "hidden_size", error);
  return TRUE;
}

gboolean
refract_model_read_config (JsonObject *config,
                           const char *file,
                           RefractModelInfo *info,
                           GError **error)
{
  static const char *const layer_keys[]
      = { "num_hidden_layers", "n_layer", "n_layers", "num_layers", NULL };
  static const char *const context_keys[]
      = { "max_position_embeddings", "n_positions", "n_ctx", "max_seq_len", "seq_length", NULL };
  static const char *const vocabulary_keys[] = { "vocab_size", "padded_vocab_size", NULL };
  JsonObject *text = refract_json_get_object (config, "text_config");
  g_autofree Config *self = g_new0 (Config, 1);
  guint64 n_layers;

  self->json = text != NULL ? text : config;
  self->file = file;
  self->type = refract_json_get_string (self->json, "model_type",
                                        refract_json_get_string (config, "model_type", ""));
  if (refract_json_get_boolean (config, "is_encoder_decoder", FALSE))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL,
                   "“%s” translates one text into another (model type %s). Choose a model that "
                   "continues its text.",
                   file, self->type);
      return FALSE;
    }
  if (!get_number (self, layer_keys, MAX_LAYERS, &n_layers, error)
      || !get_number (self, context_keys, MAX_TOKENS, &info->context_length, error)
      || !get_number (self, vocabulary_keys, G_MAXINT32, &info->n_vocab, error))
    return FALSE;
  if (n_layers == 0)
    return fail (self, "lacks", layer_keys[0], error);
  info->n_layers = self->n_layers = (guint) n_layers;
  read_layers (self);
  return add_layers (self, info, error);
}
