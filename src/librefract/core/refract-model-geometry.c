/* refract-model-geometry.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "core/refract-error.h"
#include "core/refract-model-private.h"

/* Far above any model, low enough that no product below overflows 64 bits. */
#define MAX_LAYERS 4096u
#define MAX_HEADS 65536u
#define MAX_HEAD_DIM 65536u

#define DEFAULT_RECURRENT_INTERVAL 4

/* The window pattern that llama.cpp knows by architecture: of each @period blocks one is full, the
 * last one or the first one. Period 1: no block slides, whatever the header says. */
typedef struct
{
  const char *architecture;
  guint period;
  gboolean full_first;
} WindowPattern;

static const WindowPattern window_patterns[] = {
  { "afmoe", 4, FALSE },       { "cohere2", 4, FALSE }, { "cohere2moe", 4, TRUE },
  { "exaone-moe", 4, FALSE },  { "exaone4", 4, FALSE }, { "gemma2", 2, FALSE },
  { "gemma3", 6, FALSE },      { "gemma3n", 5, FALSE }, { "gpt-oss", 2, FALSE },
  { "llama", 1, FALSE },       { "llama4", 4, FALSE },  { "olmo2", 4, FALSE },
  { "phi3", 1, FALSE },        { "plamo3", 8, FALSE },  { "qwen2", 1, FALSE },
  { "smallthinker", 4, TRUE },
};

typedef struct
{
  RefractGguf *gguf;
  const char *architecture;
  const char *file;
} Header;

typedef struct
{
  const gint64 *flags;
  gsize n_flags;
  guint period;
  gboolean full_first;
} Window;

static char *
arch_key (Header *header, const char *suffix)
{
  return g_strconcat (header->architecture, ".", suffix, NULL);
}

static gboolean
get (Header *header, const char *suffix, guint64 *value)
{
  g_autofree char *key = arch_key (header, suffix);

  return refract_gguf_get_uint (header->gguf, key, value);
}

static guint64
get_or (Header *header, const char *suffix, guint64 fallback)
{
  guint64 value;

  return get (header, suffix, &value) ? value : fallback;
}

static gboolean
fail (Header *header, const char *suffix, const char *what, GError **error)
{
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL,
               "“%s” cannot be used: its header %s “%s.%s”. Convert the model again with a current "
               "llama.cpp.",
               header->file, what, header->architecture, suffix);
  return FALSE;
}

static gboolean
get_checked (Header *header,
             const char *suffix,
             guint64 fallback,
             guint64 maximum,
             guint *value,
             GError **error)
{
  guint64 wide = get_or (header, suffix, fallback);

  if (wide > maximum)
    return fail (header, suffix, "has an impossible value for", error);
  *value = (guint) wide;
  return TRUE;
}

/* One value for all blocks, or an array with one for each. */
static gboolean
get_per_layer (Header *header,
               const char *suffix,
               const guint *fallback,
               guint n_layers,
               guint *values,
               GError **error)
{
  g_autofree char *key = arch_key (header, suffix);
  const gint64 *integers;
  guint64 scalar;
  guint64 length;
  gsize n;

  integers = refract_gguf_get_ints (header->gguf, key, &n);
  if (integers == NULL && refract_gguf_get_array_length (header->gguf, key, &length))
    return fail (header, suffix, "has an unusable array in", error);
  if (integers != NULL && n < n_layers)
    return fail (header, suffix, "has too few entries in", error);
  if (integers == NULL && !refract_gguf_get_uint (header->gguf, key, &scalar))
    {
      for (guint i = 0; i < n_layers; i++)
        values[i] = fallback != NULL ? fallback[i] : 0;
      return TRUE;
    }
  for (guint i = 0; i < n_layers; i++)
    {
      guint64 value = integers != NULL ? (guint64) integers[i] : scalar;

      if (value > MAX_HEADS)
        return fail (header, suffix, "has an impossible value for", error);
      values[i] = (guint) value;
    }
  return TRUE;
}

static void
read_window (Header *header, Window *window)
{
  g_autofree char *key = arch_key (header, "attention.sliding_window_pattern");
  const WindowPattern *known = NULL;
  guint64 width;
  guint64 period;

  *window = (Window) { .period = 1 };
  for (guint i = 0; i < G_N_ELEMENTS (window_patterns); i++)
    if (g_str_equal (window_patterns[i].architecture, header->architecture))
      known = &window_patterns[i];
  /* chunked attention: its width stands in no key, a zero switches it off */
  width = get_or (header, "attention.sliding_window",
                  g_str_equal (header->architecture, "llama4") ? 1 : 0);
  if (width == 0 || (known != NULL && known->period == 1))
    return;
  window->full_first = known != NULL && known->full_first;
  window->flags = refract_gguf_get_ints (header->gguf, key, &window->n_flags);
  if (window->flags != NULL)
    return;
  /* a window without a pattern that we know: no block is taken to be full */
  window->period = known != NULL ? known->period : 0;
  if (refract_gguf_get_uint (header->gguf, key, &period) && period <= MAX_LAYERS)
    window->period = (guint) period;
}

static gboolean
is_windowed (const Window *window, guint layer)
{
  if (window->flags != NULL)
    return window->n_flags > 0 && window->flags[layer % window->n_flags] != 0;
  if (window->period == 0)
    return TRUE;
  return layer % window->period != (window->full_first ? 0 : window->period - 1);
}

/* Of hybrids with linear attention only each n-th block has a cache that grows; 1 for others. */
static guint64
get_attention_interval (Header *header)
{
  gboolean hybrid = g_str_equal (header->architecture, "qwen3next")
                    || g_str_has_prefix (header->architecture, "qwen35");
  guint64 interval
      = get_or (header, "full_attention_interval", hybrid ? DEFAULT_RECURRENT_INTERVAL : 1);

  return MAX (interval, 1);
}

/* Blocks that predict further tokens, and those that share an earlier block's cache, have none. */
static guint64
get_n_cacheable (Header *header, guint n_layers)
{
  guint64 without = get_or (header, "nextn_predict_layers", 0);
  guint64 shared = get_or (header, "attention.shared_kv_layers", 0);

  if (get_or (header, "attention.causal", 1) == 0)
    return 0;
  without = MIN (without, n_layers);
  shared = MIN (shared, n_layers - without);
  return n_layers - without - shared;
}

static gboolean
read_head_dims (Header *header, guint n_heads, RefractModelInfo *info, GError **error)
{
  guint64 width = get_or (header, "embedding_length", 0);
  guint64 fallback = n_heads > 0 ? width / n_heads : 0;

  if (!get_checked (header, "attention.key_length", fallback, MAX_HEAD_DIM, &info->head_dim_k,
                    error)
      || !get_checked (header, "attention.value_length", fallback, MAX_HEAD_DIM, &info->head_dim_v,
                       error))
    return FALSE;
  return TRUE;
}

static gboolean
add_layers (Header *header,
            const guint *kv_heads,
            guint64 n_cacheable,
            RefractModelInfo *info,
            GError **error)
{
  guint64 interval = get_attention_interval (header);
  Window window;
  guint swa_k;
  guint swa_v;

  read_window (header, &window);
  if (!get_checked (header, "attention.key_length_swa", info->head_dim_k, MAX_HEAD_DIM, &swa_k,
                    error)
      || !get_checked (header, "attention.value_length_swa", info->head_dim_v, MAX_HEAD_DIM, &swa_v,
                       error))
    return FALSE;
  for (guint i = 0; i < n_cacheable; i++)
    {
      gboolean windowed = is_windowed (&window, i);

      if (kv_heads[i] == 0 || (i + 1) % interval != 0)
        continue;
      if (info->n_kv_layers == 0)
        info->n_kv_heads = kv_heads[i];
      info->n_kv_layers++;
      info->n_window_layers += windowed;
      info->k_elements_per_token += (guint64) kv_heads[i] * (windowed ? swa_k : info->head_dim_k);
      info->v_elements_per_token += (guint64) kv_heads[i] * (windowed ? swa_v : info->head_dim_v);
    }
  if (info->n_kv_layers > 0 && (info->head_dim_k == 0 || info->head_dim_v == 0))
    return fail (header, "embedding_length", "lacks", error);
  return TRUE;
}

gboolean
refract_model_read_geometry (RefractGguf *gguf,
                             const char *architecture,
                             const char *file,
                             RefractModelInfo *info,
                             GError **error)
{
  Header header = { gguf, architecture, file };
  g_autofree guint *heads = NULL;
  g_autofree guint *kv_heads = NULL;
  guint n_heads = 0;

  if (!get_checked (&header, "block_count", 0, MAX_LAYERS, &info->n_layers, error))
    return FALSE;
  if (info->n_layers == 0)
    return fail (&header, "block_count", "lacks", error);
  heads = g_new (guint, info->n_layers);
  kv_heads = g_new (guint, info->n_layers);
  if (!get_per_layer (&header, "attention.head_count", NULL, info->n_layers, heads, error)
      || !get_per_layer (&header, "attention.head_count_kv", heads, info->n_layers, kv_heads,
                         error))
    return FALSE;
  for (guint i = 0; i < info->n_layers && n_heads == 0; i++)
    n_heads = heads[i];
  info->latent_attention = get_or (&header, "attention.kv_lora_rank", 0) > 0;
  info->context_length = get_or (&header, "context_length", 0);
  if (!read_head_dims (&header, n_heads, info, error))
    return FALSE;
  return add_layers (&header, kv_heads, get_n_cacheable (&header, info->n_layers), info, error);
}
