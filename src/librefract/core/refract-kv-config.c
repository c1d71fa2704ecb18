/* refract-kv-config.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "core/refract-error.h"
#include "core/refract-kv-config-private.h"

#define DEFAULT_TYPE "f16" /* of llama.cpp */
#define MAX_GRID 256

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

const char *
refract_kv_dialect_get_reference (RefractKvDialect dialect)
{
  switch (dialect)
    {
    case REFRACT_KV_LLAMACPP:
      return "ctk=f16,ctv=f16";
    case REFRACT_KV_SERVER:
      return "kv=auto";
    case REFRACT_KV_MLX:
      return "bits=16";
    default:
      g_assert_not_reached ();
    }
}

static gboolean
build_pair (gpointer key_data, gpointer value_data, gpointer data)
{
  const char *key = key_data;
  const char *value = value_data;
  const char *variable = refract_kv_key_get_variable (key);
  Build *build = data;

  if (variable == NULL && refract_kv_key_get_dialect (key, NULL))
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

static char *
mlx_type (guint bits, guint group)
{
  return bits < 16 ? g_strdup_printf ("%u-bit/%u", bits, group) : g_strdup ("16-bit");
}

/* What the configuration is called, and the first part of its text. */
static char *
build_types (RefractKvConfig *self, GTree *pairs, GString *text)
{
  const char *type_k = g_tree_lookup (pairs, "ctk");
  const char *type_v = g_tree_lookup (pairs, "ctv");
  const RefractKvMlxBits *mlx = &self->mlx;

  switch (self->dialect)
    {
    case REFRACT_KV_SERVER:
      self->type_k = g_strdup (g_tree_lookup (pairs, "kv"));
      self->type_v = g_strdup (self->type_k);
      g_string_printf (text, "kv=%s", self->type_k);
      return g_strdup_printf ("KV %s", self->type_k);

    case REFRACT_KV_MLX:
      self->type_k = mlx_type (mlx->k_bits, mlx->group);
      self->type_v = mlx_type (mlx->v_bits, mlx->group);
      if (mlx->k_bits == mlx->v_bits)
        g_string_printf (text, "bits=%u", mlx->k_bits);
      else
        g_string_printf (text, "k_bits=%u,v_bits=%u", mlx->k_bits, mlx->v_bits);
      if (mlx->group == 0)
        return g_strdup ("K 16-bit / V 16-bit");
      g_string_append_printf (text, ",group=%u", mlx->group);
      return g_strdup_printf ("K %u-bit / V %u-bit, groups of %u%s", mlx->k_bits, mlx->v_bits,
                              mlx->group, mlx->k_bits != mlx->v_bits ? ", simulated" : "");

    case REFRACT_KV_LLAMACPP:
    default:
      self->type_k = g_strdup (type_k != NULL ? type_k : DEFAULT_TYPE);
      self->type_v = g_strdup (type_v != NULL ? type_v : DEFAULT_TYPE);
      g_string_printf (text, "ctk=%s,ctv=%s", self->type_k, self->type_v);
      return g_strdup_printf ("K %s / V %s", self->type_k, self->type_v);
    }
}

static RefractKvConfig *
build_config (GTree *pairs, RefractKvDialect dialect, const RefractKvMlxBits *mlx)
{
  RefractKvConfig *self = g_atomic_rc_box_new0 (RefractKvConfig);
  g_autofree char *label = NULL;
  Build build
      = { self, g_string_new (NULL), g_string_new (NULL), g_ptr_array_new (), g_ptr_array_new () };

  self->dialect = dialect;
  self->mlx = *mlx;
  label = build_types (self, pairs, build.text);
  g_tree_foreach (pairs, build_pair, &build);
  self->text = g_string_free (build.text, FALSE);
  self->label = build.extras->len > 0 ? g_strdup_printf ("%s (%s)", label, build.extras->str)
                                      : g_steal_pointer (&label);
  g_string_free (build.extras, TRUE);
  self->environment = finish_strv (build.environment);
  self->flags = finish_strv (build.flags);
  return self;
}

RefractKvConfig *
refract_kv_config_parse (const char *text, GError **error)
{
  g_autoptr (GTree) pairs = NULL;
  RefractKvDialect dialect;
  RefractKvMlxBits mlx = { 16, 16, 0 };

  g_return_val_if_fail (text != NULL, NULL);

  pairs = refract_kv_parse_pairs (text, &dialect, error);
  if (pairs == NULL
      || (dialect == REFRACT_KV_MLX && !refract_kv_parse_mlx_bits (pairs, &mlx, error)))
    return NULL;
  return build_config (pairs, dialect, &mlx);
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

RefractKvDialect
refract_kv_config_get_dialect (RefractKvConfig *self)
{
  return self->dialect;
}

gboolean
refract_kv_config_get_mlx_bits (RefractKvConfig *self, guint *k_bits, guint *v_bits, guint *group)
{
  if (self->dialect != REFRACT_KV_MLX)
    return FALSE;
  if (k_bits != NULL)
    *k_bits = self->mlx.k_bits;
  if (v_bits != NULL)
    *v_bits = self->mlx.v_bits;
  if (group != NULL)
    *group = self->mlx.group;
  return TRUE;
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

static gboolean
is_number (const char *text)
{
  return text[0] != '\0' && strspn (text, G_CSET_DIGITS) == strlen (text);
}

static GPtrArray *
parse_grid_types (const char *text, const char *key, GError **error)
{
  g_autoptr (GPtrArray) list = g_ptr_array_new_with_free_func (g_free);
  /* an empty text has no parts, the blank makes it one without a type */
  g_auto (GStrv) parts = g_strsplit (text[0] != '\0' ? text : " ", ",", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      char *type = is_number (g_strstrip (parts[i])) ? g_strdup (parts[i])
                                                     : refract_kv_parse_type (parts[i], key, error);

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
        const char *type_k = g_ptr_array_index (types_k, k);
        const char *type_v = g_ptr_array_index (types_v, v);
        g_autofree char *pair
            = is_number (type_k) && g_str_equal (type_k, type_v)
                  ? g_strdup_printf ("bits=%s", type_k)
                  : g_strdup_printf ("%s=%s,%s=%s", is_number (type_k) ? "k_bits" : "ctk", type_k,
                                     is_number (type_v) ? "v_bits" : "ctv", type_v);
        RefractKvConfig *config = refract_kv_config_parse (pair, error);

        if (config == NULL)
          return NULL;
        g_ptr_array_add (grid, config);
      }
  return g_steal_pointer (&grid);
}
