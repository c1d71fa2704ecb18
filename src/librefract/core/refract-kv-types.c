/* refract-kv-types.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "core/refract-kv-config.h"

typedef struct
{
  const char *name;
  double bits;
  guint block;
} KvType;

static const KvType kv_types[] = {
  { "f32", 32, 1 },      { "f16", 16, 1 },    { "bf16", 16, 1 },    { "q8_0", 8.5, 32 },
  { "q5_1", 6, 32 },     { "q5_0", 5.5, 32 }, { "q4_1", 5, 32 },    { "q4_0", 4.5, 32 },
  { "iq4_nl", 4.5, 32 }, { "fp8", 8, 1 },     { "fp8_e4m3", 8, 1 }, { "fp8_e5m2", 8, 1 },
};

static const KvType *
find_type (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (kv_types); i++)
    if (g_strcmp0 (kv_types[i].name, name) == 0)
      return &kv_types[i];
  return NULL;
}

double
refract_kv_type_get_bits (const char *type)
{
  const KvType *known = find_type (type);

  return known != NULL ? known->bits : -1;
}

guint
refract_kv_type_get_block (const char *type)
{
  const KvType *known = find_type (type);

  return known != NULL ? known->block : 0;
}
