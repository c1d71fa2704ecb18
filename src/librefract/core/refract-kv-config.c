/* refract-kv-config.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "core/refract-error.h"
#include "core/refract-kv-config-private.h"

#define DEFAULT_TYPE "f16"
#define MAX_GRID 256

struct _RefractKvConfig
{
  char *text;
  char *label;
  char *type_k;
  char *type_v;
  GStrv environment;
  GStrv flags;
  char *first_unsafe;
  gboolean flash_attention_off;
};

G_DEFINE_BOXED_TYPE (RefractKvConfig,
                     refract_kv_config,
                     refract_kv_config_ref,
                     refract_kv_config_unref)

typedef struct
{
  RefractKvConfig *config;
  GString *text;
  GString *extras;
  GPtrArray *environment;
  GPtrArray *flags;
} Build;

static const char *
describe_rotation (const char *key, gboolean on)
{
  if (g_str_equal (key, "attn_rot_k"))
    return on ? "K rotated" : "K not rotated";
  if (g_str_equal (key, "attn_rot_v"))
    return on ? "V rotated" : "V not rotated";
  return on ? "rotation off" : "rotation allowed";
}

static gboolean
is_off (const char *value)
{
  static const char *const words[] = { "off", "0", "false", "disabled", "no", NULL };
  g_autofree char *lower = g_ascii_strdown (value, -1);

  return g_strv_contains (words, lower);
}

static gboolean
build_pair (gpointer key_data, gpointer value_data, gpointer data)
{
  const char *key = key_data;
  const char *value = value_data;
  const char *variable = refract_kv_key_get_variable (key);
  Build *build = data;

  if (g_str_equal (key, "ctk") || g_str_equal (key, "ctv"))
    return FALSE;
  g_string_append_printf (build->text, ",%s=%s", key, value);
  if (build->extras->len > 0)
    g_string_append (build->extras, ", ");
  if (variable != NULL)
    {
      g_ptr_array_add (build->environment, g_strconcat (variable, "=", value, NULL));
      g_string_append (build->extras, describe_rotation (key, g_str_equal (value, "1")));
      return FALSE;
    }
  g_ptr_array_add (build->flags, g_strconcat ("--", key, NULL));
  g_ptr_array_add (build->flags, g_strdup (value));
  g_string_append_printf (build->extras, "%s %s", key, value);
  if (g_str_equal (key, "flash-attn") && is_off (value))
    build->config->flash_attention_off = TRUE;
  if (!refract_kv_key_is_harmless (key) && build->config->first_unsafe == NULL)
    build->config->first_unsafe = g_strdup (key);
  return FALSE;
}

static GStrv
finish_strv (GPtrArray *array)
{
  g_ptr_array_add (array, NULL);
  return (GStrv) g_ptr_array_free (array, FALSE);
}

static RefractKvConfig *
build_config (GTree *pairs)
{
  RefractKvConfig *self = g_atomic_rc_box_new0 (RefractKvConfig);
  const char *type_k = g_tree_lookup (pairs, "ctk");
  const char *type_v = g_tree_lookup (pairs, "ctv");
  Build build
      = { self, g_string_new (NULL), g_string_new (NULL), g_ptr_array_new (), g_ptr_array_new () };

  self->type_k = g_strdup (type_k != NULL ? type_k : DEFAULT_TYPE);
  self->type_v = g_strdup (type_v != NULL ? type_v : DEFAULT_TYPE);
  g_string_printf (build.text, "ctk=%s,ctv=%s", self->type_k, self->type_v);
  g_tree_foreach (pairs, build_pair, &build);
  self->text = g_string_free (build.text, FALSE);
  self->label = build.extras->len > 0 ? g_strdup_printf ("K %s / V %s (%s)", self->type_k,
                                                         self->type_v, build.extras->str)
                                      : g_strdup_printf ("K %s / V %s", self->type_k, self->type_v);
  g_string_free (build.extras, TRUE);
  self->environment = finish_strv (build.environment);
  self->flags = finish_strv (build.flags);
  return self;
}

RefractKvConfig *
refract_kv_config_parse (const char *text, GError **error)
{
  g_autoptr (GTree) pairs = NULL;

  g_return_val_if_fail (text != NULL, NULL);

  pairs = refract_kv_parse_pairs (text, error);
  return pairs != NULL ? build_config (pairs) : NULL;
}

RefractKvConfig *
refract_kv_config_ref (RefractKvConfig *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_config (gpointer data)
{
  RefractKvConfig *self = data;

  g_free (self->text);
  g_free (self->label);
  g_free (self->type_k);
  g_free (self->type_v);
  g_strfreev (self->environment);
  g_strfreev (self->flags);
  g_free (self->first_unsafe);
}

void
refract_kv_config_unref (RefractKvConfig *self)
{
  g_atomic_rc_box_release_full (self, clear_config);
}

const char *
refract_kv_config_get_text (RefractKvConfig *self)
{
  return self->text;
}

const char *
refract_kv_config_get_label (RefractKvConfig *self)
{
  return self->label;
}

const char *
refract_kv_config_get_type_k (RefractKvConfig *self)
{
  return self->type_k;
}

const char *
refract_kv_config_get_type_v (RefractKvConfig *self)
{
  return self->type_v;
}

gboolean
refract_kv_config_equal (RefractKvConfig *a, RefractKvConfig *b)
{
  return g_str_equal (a->text, b->text);
}

static gboolean
type_is_quantized (const char *type)
{
  return refract_kv_type_get_bits (type) < 16;
}

gboolean
refract_kv_config_is_quantized (RefractKvConfig *self)
{
  return type_is_quantized (self->type_k) || type_is_quantized (self->type_v);
}

const char *const *
refract_kv_config_get_environment (RefractKvConfig *self)
{
  return (const char *const *) self->environment;
}

const char *const *
refract_kv_config_get_flags (RefractKvConfig *self)
{
  return (const char *const *) self->flags;
}

gboolean
refract_kv_config_is_safe (RefractKvConfig *self, char **reason)
{
  if (self->first_unsafe == NULL)
    return TRUE;
  if (reason != NULL)
    *reason = g_strdup_printf ("The engine flag “--%s” is not one that a report may set. Check it "
                               "and type it yourself if you want it.",
                               self->first_unsafe);
  return FALSE;
}

double
refract_kv_config_get_bytes_per_token (RefractKvConfig *self, RefractModel *model)
{
  const RefractModelInfo *info = refract_model_get_info (model);
  double bits_k = refract_kv_type_get_bits (self->type_k);
  double bits_v = refract_kv_type_get_bits (self->type_v);

  if (bits_k < 0 || bits_v < 0 || info->n_window_layers > 0 || info->latent_attention)
    return -1;
  return ((double) info->k_elements_per_token * bits_k
          + (double) info->v_elements_per_token * bits_v)
         / 8;
}

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

static gboolean
check_type (const char *key, const char *type, const char *const *types, GError **error)
{
  g_autofree char *list = NULL;
  const char *nearest = NULL;
  guint best = 3;

  if (types == NULL || g_strv_contains (types, type))
    return TRUE;
  for (guint i = 0; types[i] != NULL; i++)
    {
      guint distance = edit_distance (type, types[i]);

      if (distance < best)
        {
          best = distance;
          nearest = types[i];
        }
    }
  list = g_strjoinv (", ", (char **) types);
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

gboolean
refract_kv_config_validate (RefractKvConfig *self,
                            RefractModel *model,
                            const char *const *types,
                            gboolean flash_attention,
                            GError **error)
{
  const RefractModelInfo *info = model != NULL ? refract_model_get_info (model) : NULL;

  if (!check_type ("ctk", self->type_k, types, error)
      || !check_type ("ctv", self->type_v, types, error))
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
  if (info != NULL && !info->latent_attention
      && (!check_head ("ctk", self->type_k, info->head_dim_k, info, types, error)
          || !check_head ("ctv", self->type_v, info->head_dim_v, info, types, error)))
    return FALSE;
  if ((!flash_attention || self->flash_attention_off) && type_is_quantized (self->type_v))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG,
                   "ctv=%s needs flash attention, which is switched off. Switch it on "
                   "(--flash-attn on), or use ctv=f16.",
                   self->type_v);
      return FALSE;
    }
  return TRUE;
}

static GPtrArray *
parse_grid_types (const char *text, const char *key, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (g_free);
  /* an empty text has no parts, the blank makes it one without a type */
  g_auto (GStrv) parts = g_strsplit (text[0] != '\0' ? text : " ", ",", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      char *type = refract_kv_parse_type (parts[i], key, error);

      if (type == NULL)
        return NULL;
      if (g_ptr_array_find_with_equal_func (list, type, g_str_equal, NULL))
        g_free (type);
      else
        g_ptr_array_add (list, type);
    }
  return g_steal_pointer (&list);
}

/* The only one of @separator in @text; NULL when there are none or several. */
static char *
find_only (char *text, const char *separator)
{
  char *first = strstr (text, separator);

  return first != NULL && strstr (first + strlen (separator), separator) == NULL ? first : NULL;
}

static gboolean
split_grid (char *text, char **before, char **after)
{
  /* types may contain an x (mxfp4): a bare one counts only when nothing else separates */
  static const char *const separators[] = { "×", "*", " x ", " X ", "x", "X" };

  for (guint i = 0; i < G_N_ELEMENTS (separators); i++)
    {
      char *at = find_only (text, separators[i]);

      if (at == NULL)
        continue;
      *at = '\0';
      *before = text;
      *after = at + strlen (separators[i]);
      return TRUE;
    }
  return FALSE;
}

GPtrArray *
refract_kv_config_grid (const char *text, GError **error)
{
  g_autoptr (GPtrArray) grid = NULL;
  g_autoptr (GPtrArray) types_k = NULL;
  g_autoptr (GPtrArray) types_v = NULL;
  g_autofree char *copy = NULL;
  char *before;
  char *after;

  g_return_val_if_fail (text != NULL, NULL);

  copy = strlen (text) <= REFRACT_KV_MAX_TEXT ? g_strdup (text) : g_strdup ("");
  if (!split_grid (copy, &before, &after))
    {
      g_autofree char *quoted = refract_kv_quote (text);

      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG,
                   "%s is no grid. Write K types, one ×, V types, for instance "
                   "q8_0,q5_1×q8_0,q4_0.",
                   quoted);
      return NULL;
    }
  types_k = parse_grid_types (before, "K", error);
  types_v = types_k != NULL ? parse_grid_types (after, "V", error) : NULL;
  if (types_v == NULL)
    return NULL;
  if (types_k->len * types_v->len > MAX_GRID)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG,
                   "The grid has %u configurations, more than %d. Name fewer types.",
                   types_k->len * types_v->len, MAX_GRID);
      return NULL;
    }
  grid = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_kv_config_unref);
  for (guint k = 0; k < types_k->len; k++)
    for (guint v = 0; v < types_v->len; v++)
      {
        g_autofree char *pair
            = g_strdup_printf ("ctk=%s,ctv=%s", (char *) g_ptr_array_index (types_k, k),
                               (char *) g_ptr_array_index (types_v, v));
        RefractKvConfig *config = refract_kv_config_parse (pair, error);

        if (config == NULL)
          return NULL;
        g_ptr_array_add (grid, config);
      }
  return g_steal_pointer (&grid);
}
