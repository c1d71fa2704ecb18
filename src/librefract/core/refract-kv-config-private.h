/* refract-kv-config-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "core/refract-kv-config.h"

G_BEGIN_DECLS

#define REFRACT_KV_MAX_TEXT 1024
#define REFRACT_KV_MAX_TYPE 32
#define REFRACT_KV_MAX_KEY 48
#define REFRACT_KV_MAX_VALUE 64

/* What the pairs of MLX say: 16 bits where nothing is said, group 0 where nothing is quantized. */
typedef struct
{
  guint k_bits;
  guint v_bits;
  guint group;
} RefractKvMlxBits;

struct _RefractKvConfig
{
  RefractKvDialect dialect;
  RefractKvMlxBits mlx;
  char *text;
  char *label;
  char *type_k;
  char *type_v;
  GStrv environment;
  GStrv flags;
  char *first_unsafe;
  gboolean flash_attention_off;
};

/* @text as it may stand in a message: short, printable ASCII */
char *refract_kv_quote (const char *text);

/* A cache type in lower case, or %NULL with an error that names @key. */
char *refract_kv_parse_type (const char *text, const char *key, GError **error);

/**
 * refract_kv_parse_pairs:
 *
 * Splits `key=value,…` (and the shorthand `K/V`), checks every part and that all are of one
 * dialect.
 *
 * Returns: (transfer full) (element-type utf8 utf8): normalised keys to normalised values, in the
 *   order of their names
 */
GTree *refract_kv_parse_pairs (const char *text, RefractKvDialect *dialect, GError **error);

gboolean refract_kv_parse_mlx_bits (GTree *pairs, RefractKvMlxBits *bits, GError **error);

/* Whether @key belongs to one dialect alone, and which. */
gboolean refract_kv_key_get_dialect (const char *key, RefractKvDialect *dialect);

/* The environment variable that @key stands for, or %NULL. */
const char *refract_kv_key_get_variable (const char *key);

/* Whether a report from elsewhere may set the engine flag @key. */
gboolean refract_kv_key_is_harmless (const char *key);

G_END_DECLS
