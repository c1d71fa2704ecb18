/* refract-mlx-kv.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "backends/refract-mlx-kv.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

#define MAX_LAYERS 10000
#define UNQUANTIZED 16
#define MIB (1024.0 * 1024)

/* What the worker found. */
typedef struct
{
  guint n_layers;
  guint n_quantized;
  guint k_bits;
  guint v_bits;
  guint group;
  gboolean simulated;
  gint64 n_bytes;
  gint64 n_cells;
  const char *dtype;
  char *others; /* classes of the layers that are not quantized */
} Found;

JsonObject *
refract_mlx_kv_to_json (RefractKvConfig *kv)
{
  JsonObject *object = json_object_new ();
  guint k_bits = UNQUANTIZED, v_bits = UNQUANTIZED, group = 0;

  refract_kv_config_get_mlx_bits (kv, &k_bits, &v_bits, &group);
  if (k_bits == UNQUANTIZED && v_bits == UNQUANTIZED)
    return object;
  if (k_bits == v_bits)
    json_object_set_int_member (object, "bits", k_bits);
  else
    {
      json_object_set_int_member (object, "k_bits", k_bits);
      json_object_set_int_member (object, "v_bits", v_bits);
    }
  json_object_set_int_member (object, "group", group);
  return object;
}

static guint
get_small (JsonObject *object, const char *name, guint fallback)
{
  gint64 value = refract_json_get_int (object, name, fallback);

  return value < 0 || value > MAX_LAYERS ? G_MAXUINT : (guint) value;
}

static char *
join_others (JsonObject *object)
{
  JsonArray *others = refract_json_get_array (object, "others");
  GString *list = g_string_new (NULL);

  for (guint i = 0; others != NULL && i < MIN (json_array_get_length (others), 5); i++)
    {
      const char *name = refract_json_array_get_string (others, i);

      if (name != NULL)
        g_string_append_printf (list, "%s%.60s", list->len > 0 ? ", " : "", name);
    }
  return g_string_free (list, FALSE);
}

static gboolean
parse_found (JsonObject *object, Found *found)
{
  guint bits = get_small (object, "bits", UNQUANTIZED);

  *found = (Found) {
    .n_layers = get_small (object, "layers", 0),
    .n_quantized = get_small (object, "quantized", 0),
    .k_bits = get_small (object, "k_bits", bits),
    .v_bits = get_small (object, "v_bits", bits),
    .group = get_small (object, "group", 0),
    .simulated = json_object_has_member (object, "k_bits"),
    .n_bytes = refract_json_get_int (object, "bytes", -1),
    .n_cells = refract_json_get_int (object, "cells", -1),
    .dtype = refract_json_get_string (object, "dtype", ""),
  };
  return found->n_layers > 0 && found->n_layers <= MAX_LAYERS
         && found->n_quantized <= found->n_layers && found->k_bits <= UNQUANTIZED
         && found->v_bits <= UNQUANTIZED && found->group <= MAX_LAYERS && found->n_bytes >= 0
         && found->n_cells >= 0 && strlen (found->dtype) < 20;
}

static gboolean
check_engaged (RefractKvConfig *kv, RefractModel *model, const Found *found, GError **error)
{
  const char *name = refract_model_get_info (model)->name;
  guint k_bits = UNQUANTIZED, v_bits = UNQUANTIZED, group = 0;
  gboolean wanted;

  refract_kv_config_get_mlx_bits (kv, &k_bits, &v_bits, &group);
  wanted = k_bits < UNQUANTIZED || v_bits < UNQUANTIZED;
  if (wanted && found->n_quantized == 0)
    g_set_error (
        error, REFRACT_ERROR, REFRACT_ERROR_NOT_ENGAGED,
        "None of the %u layers of “%s” stored its KV cache quantized: MLX has no quantized "
        "form of %s. Only bits=16 can be measured there.",
        found->n_layers, name, *found->others != '\0' ? found->others : "its caches");
  else if (found->n_quantized > 0
           && (found->k_bits != k_bits || found->v_bits != v_bits || found->group != group))
    g_set_error (
        error, REFRACT_ERROR, REFRACT_ERROR_NOT_ENGAGED,
        "MLX stored K with %u bits and V with %u in groups of %u, where %u, %u and %u were "
        "asked for. Use another version of mlx-lm.",
        found->k_bits, found->v_bits, found->group, k_bits, v_bits, group);
  else
    return TRUE;
  return FALSE;
}

static char *
dup_type (const Found *found, guint bits)
{
  return found->n_quantized > 0 && bits < UNQUANTIZED
             ? g_strdup_printf ("%u-bit/%u", bits, found->group)
             : g_strdup (found->dtype);
}

/* What a reader of the figures has to know, a sentence each; (nullable) */
static char *
dup_note (const RefractMlxModelFacts *facts, const Found *found)
{
  GString *note = g_string_new (NULL);

  if (found->n_quantized > 0 && found->n_quantized < found->n_layers)
    g_string_append_printf (note,
                            "%u of %u layers quantized, the others cannot be (%s): the score is "
                            "that of the mixture. ",
                            found->n_quantized, found->n_layers, found->others);
  if (found->simulated)
    g_string_append (note, "Simulated: K and V go through quantizers of different bits but are "
                           "stored unquantized, as MLX has no such cache. ");
  if (!g_str_equal (facts->dtype, facts->stored_dtype))
    g_string_append_printf (note,
                            "Computed in %s, where the model is %s: on a processor MLX needs it. ",
                            facts->dtype, facts->stored_dtype);
  if (note->len > 0)
    g_string_truncate (note, note->len - 1);
  return g_string_free (note, note->len == 0);
}

RefractKvInUse *
refract_mlx_kv_read (RefractMlxWorker *worker,
                     RefractKvConfig *kv,
                     RefractModel *model,
                     JsonObject *reply,
                     GError **error)
{
  const RefractMlxModelFacts *facts = refract_mlx_worker_get_model_facts (worker);
  JsonObject *object = refract_json_get_object (reply, "kv");
  g_autofree char *others = NULL;
  RefractKvInUse *in_use;
  Found found;

  if (object == NULL || !parse_found (object, &found))
    {
      refract_mlx_worker_set_unexpected (worker, "a KV cache that cannot be", error);
      return NULL;
    }
  others = found.others = join_others (object);
  if (!check_engaged (kv, model, &found, error))
    return NULL;

  in_use = refract_kv_in_use_new ();
  in_use->evidence = REFRACT_EVIDENCE_PROVED;
  in_use->type_k = dup_type (&found, found.k_bits);
  in_use->type_v = dup_type (&found, found.v_bits);
  in_use->n_layers = found.n_layers;
  in_use->n_layers_quantized = found.n_quantized;
  in_use->note = dup_note (facts, &found);
  in_use->buffer_mib = found.n_bytes / MIB;
  /* What a token takes is told by these two. In 32 bits, or simulated, it is not what the
   * configuration takes where it is used. */
  if (!found.simulated && !g_str_equal (found.dtype, "float32"))
    in_use->n_cells = (guint64) found.n_cells;
  return in_use;
}
