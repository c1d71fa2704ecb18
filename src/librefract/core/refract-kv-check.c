/* refract-kv-check.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "core/refract-error.h"
#include "core/refract-kv-config-private.h"

/* Edits between two short words: the type that was meant differs in one or two letters. */
static guint
edit_distance (const char *a, const char *b)
{
  guint row[REFRACT_KV_MAX_TYPE + 1];
  gsize n = strlen (b);

  if (n > REFRACT_KV_MAX_TYPE)
    return G_MAXUINT;
  for (gsize j = 0; j <= n; j++)
    row[j] = (guint) j;
  for (gsize i = 0; a[i] != '\0'; i++)
    {
      guint diagonal = row[0];

      row[0] = (guint) i + 1;
      for (gsize j = 0; j < n; j++)
        {
          guint above = row[j + 1];

          row[j + 1] = MIN (MIN (above, row[j]) + 1, diagonal + (a[i] != b[j]));
          diagonal = above;
        }
    }
  return row[n];
}

static const char *
nearest_llamacpp (double bits)
{
  static const char *const types[] = { "f16", "q8_0", "q5_1", "q5_0", "q4_1", "q4_0" };
  const char *nearest = types[0];

  for (guint i = 1; i < G_N_ELEMENTS (types); i++)
    if (ABS (refract_kv_type_get_bits (types[i]) - bits)
        < ABS (refract_kv_type_get_bits (nearest) - bits))
      nearest = types[i];
  return nearest;
}

/* The bits that take as much with groups of 32, as in the blocks of llama.cpp: one more. */
static guint
nearest_mlx (double bits)
{
  static const guint numbers[] = { 16, 8, 6, 5, 4, 3, 2 };
  guint nearest = numbers[0];

  for (guint i = 1; i < G_N_ELEMENTS (numbers) && bits < 16; i++)
    if (i == 1 || ABS (numbers[i] + 1 - bits) < ABS (nearest + 1 - bits))
      nearest = numbers[i];
  return nearest;
}

/* A type that we do not know is taken for one of 8 bits: nothing is lost by asking for too many. */
static double
known_bits (const char *type)
{
  double bits = refract_kv_type_get_bits (type);

  return bits < 0 ? 8 : bits;
}

char *
refract_kv_config_get_equivalent (RefractKvConfig *self, RefractKvDialect dialect)
{
  double k = known_bits (self->type_k), v = known_bits (self->type_v);
  guint bits_k = nearest_mlx (k), bits_v = nearest_mlx (v);

  if (!refract_kv_config_is_quantized (self))
    return g_strdup (refract_kv_dialect_get_reference (dialect));
  switch (dialect)
    {
    case REFRACT_KV_SERVER:
      return g_strdup ("kv=fp8_e4m3");
    case REFRACT_KV_MLX:
      return bits_k == bits_v ? g_strdup_printf ("bits=%u,group=32", bits_k)
                              : g_strdup_printf ("k_bits=%u,v_bits=%u,group=32", bits_k, bits_v);
    case REFRACT_KV_LLAMACPP:
    default:
      return g_strdup_printf ("ctk=%s,ctv=%s", nearest_llamacpp (k), nearest_llamacpp (v));
    }
}

gboolean
refract_kv_config_check_dialect (RefractKvConfig *self,
                                 RefractKvDialect dialect,
                                 const char *engine,
                                 GError **error)
{
  g_autofree char *nearest = NULL;

  if (self->dialect == dialect)
    return TRUE;
  nearest = refract_kv_config_get_equivalent (self, dialect);
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG,
               "%s has other words for its KV cache than “%s”. The nearest is %s.", engine,
               self->text, nearest);
  return FALSE;
}

/* What the engine has of about the same size, for a type that another engine has. */
static const char *
find_foreign (const char *type, const char *const *types)
{
  double bits = refract_kv_type_get_bits (type);
  const char *nearest = NULL;
  double best = 1.5;

  for (guint i = 0; bits > 0 && types[i] != NULL; i++)
    {
      double own = refract_kv_type_get_bits (types[i]);

      if (own > 0 && ABS (own - bits) < best)
        {
          best = ABS (own - bits);
          nearest = types[i];
        }
    }
  return nearest;
}

static gboolean
check_type (const char *key, const char *type, const char *const *types, GError **error)
{
  g_autofree char *list = NULL;
  const char *nearest = NULL;
  guint best = 3;

  if (types == NULL || g_strv_contains (types, type))
    return TRUE;
  list = g_strjoinv (", ", (char **) types);
  nearest = find_foreign (type, types);
  if (nearest != NULL)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG,
                   "This engine has no cache type “%s” (%s). The nearest that it has is %s, of: "
                   "%s.",
                   type, key, nearest, list);
      return FALSE;
    }
  for (guint i = 0; types[i] != NULL; i++)
    {
      guint distance = edit_distance (type, types[i]);

      if (distance < best)
        {
          best = distance;
          nearest = types[i];
        }
    }
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG,
               "This engine has no cache type “%s” (%s).%s%s%s It has: %s.", type, key,
               nearest != NULL ? " Did you mean " : "", nearest != NULL ? nearest : "",
               nearest != NULL ? "?" : "", list);
  return FALSE;
}

static char *
list_types_that_divide (guint head_dim, const char *const *types)
{
  static const char *const known[] = { "f16", "bf16", "f32", NULL };
  GString *list = g_string_new (NULL);

  for (const char *const *type = types != NULL ? types : known; *type != NULL; type++)
    {
      guint block = refract_kv_type_get_block (*type);

      if (block > 0 && head_dim % block == 0)
        g_string_append_printf (list, "%s%s", list->len > 0 ? ", " : "", *type);
    }
  return g_string_free (list, FALSE);
}

static gboolean
check_head (const char *key,
            const char *type,
            guint head_dim,
            const RefractModelInfo *info,
            const char *const *types,
            GError **error)
{
  guint block = refract_kv_type_get_block (type);
  g_autofree char *works = NULL;

  if (block == 0 || head_dim % block == 0)
    return TRUE;
  works = list_types_that_divide (head_dim, types);
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG,
               "%s=%s stores blocks of %u elements, but the heads of “%s” have %u, which is no "
               "multiple of that. Types that work here: %s.",
               key, type, block, info->name, head_dim, works);
  return FALSE;
}

/* MLX: a group has to divide the heads. */
static gboolean
check_group (RefractKvConfig *self, const RefractModelInfo *info, GError **error)
{
  static const guint groups[] = { 128, 64, 32 };
  guint group = self->mlx.group;
  guint k = self->mlx.k_bits < 16 ? info->head_dim_k : 0;
  guint v = self->mlx.v_bits < 16 ? info->head_dim_v : 0;

  if (group == 0 || (k % group == 0 && v % group == 0))
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (groups); i++)
    if (k % groups[i] == 0 && v % groups[i] == 0)
      {
        g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG,
                     "The heads of “%s” have %u elements, which groups of %u do not divide. Use "
                     "group=%u.",
                     info->name, MAX (k, v), group, groups[i]);
        return FALSE;
      }
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG,
               "The heads of “%s” have %u elements, which none of MLX’s groups (32, 64, 128) "
               "divides: its KV cache cannot be quantized there.",
               info->name, MAX (k, v));
  return FALSE;
}

gboolean
refract_kv_config_validate (RefractKvConfig *self,
                            RefractModel *model,
                            const char *const *types,
                            gboolean flash_attention,
                            GError **error)
{
  static const char *const llamacpp[] = { "ctk", "ctv" };
  static const char *const server[] = { "kv", "kv" };
  const RefractModelInfo *info = model != NULL ? refract_model_get_info (model) : NULL;
  const char *const *keys = self->dialect == REFRACT_KV_SERVER ? server : llamacpp;

  if (!check_type (keys[0], self->type_k, types, error)
      || !check_type (keys[1], self->type_v, types, error))
    return FALSE;
  if (info != NULL && info->n_kv_layers == 0)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG,
                   "“%s” keeps no KV cache (architecture %s), so there is nothing to quantize. "
                   "Choose a model with attention.",
                   info->name, info->architecture);
      return FALSE;
    }
  /* a latent cache has one row per token, of no head's size */
  if (info != NULL && !info->latent_attention && self->dialect == REFRACT_KV_MLX)
    return check_group (self, info, error);
  if (info != NULL && !info->latent_attention
      && (!check_head (keys[0], self->type_k, info->head_dim_k, info, types, error)
          || !check_head (keys[1], self->type_v, info->head_dim_v, info, types, error)))
    return FALSE;
  if (self->dialect == REFRACT_KV_LLAMACPP && (!flash_attention || self->flash_attention_off)
      && refract_kv_type_get_bits (self->type_v) < 16)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG,
                   "ctv=%s needs flash attention, which is switched off. Switch it on "
                   "(--flash-attn on), or use ctv=f16.",
                   self->type_v);
      return FALSE;
    }
  return TRUE;
}
