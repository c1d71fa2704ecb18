/* refract-kv-types.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <stdio.h>

#include "core/refract-kv-config.h"

typedef struct
{
  const char *name;
  double bits;
  guint block;
} KvType;

static const KvType kv_types[] = {
  { "f32", 32, 1 },      { "f16", 16, 1 },
  { "bf16", 16, 1 },     { "q8_0", 8.5, 32 },
  { "q5_1", 6, 32 },     { "q5_0", 5.5, 32 },
  { "q4_1", 5, 32 },     { "q4_0", 4.5, 32 },
  { "iq4_nl", 4.5, 32 }, { "fp8", 8, 1 },
  { "fp8_e4m3", 8, 1 },  { "fp8_e5m2", 8, 1 },
  { "auto", 16, 1 },     { "float16", 16, 1 },
  { "bfloat16", 16, 1 }, { "float32", 32, 1 },
  { "fp8_inc", 8, 1 },   { "mxfp8", 8.25, 32 },
  { "nvfp4", 4.5, 16 },  { "fp4_mx_block16", 4.5, 16 },
};

static const KvType *
find_type (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (kv_types); i++)
    if (g_strcmp0 (kv_types[i].name, name) == 0)
      return &kv_types[i];
  return NULL;
}

/* "4-bit/64": MLX keeps a scale and an offset of 16 bits for each group. */
static gboolean
read_mlx_type (const char *type, guint *bits, guint *group)
{
  char end[2];

  *group = 0;
  return type != NULL
         && (sscanf (type, "%2u-bit/%3u%1s", bits, group, end) == 2
             || (g_str_equal (type, "16-bit") && (*bits = 16) > 0));
}

double
refract_kv_type_get_bits (const char *type)
{
  const KvType *known = find_type (type);
  guint bits, group;

  if (known != NULL)
    return known->bits;
  if (!read_mlx_type (type, &bits, &group))
    return -1;
  return group > 0 ? bits + 32.0 / group : bits;
}

/* The name that servers' documentation explains. */
static const char *
get_own_name (const char *type)
{
  static const char *const aliases[][2] = { { "fp8", "fp8_e4m3" }, { "bf16", "bfloat16" } };

  for (guint i = 0; i < G_N_ELEMENTS (aliases); i++)
    if (g_strcmp0 (type, aliases[i][0]) == 0)
      return aliases[i][1];
  return type;
}

gboolean
refract_kv_type_is_same (const char *a, const char *b)
{
  return g_strcmp0 (get_own_name (a), get_own_name (b)) == 0;
}

guint
refract_kv_type_get_block (const char *type)
{
  const KvType *known = find_type (type);
  guint bits, group;

  if (known != NULL)
    return known->block;
  return read_mlx_type (type, &bits, &group) ? MAX (group, 1) : 0;
}
