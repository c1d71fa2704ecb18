/* refract-csv.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "core/refract-json.h"
#include "core/refract-translate.h"
#include "export/refract-csv.h"
#include "export/refract-table.h"

/* One kind of item: where its list is, what identifies one, and its values. */
static const struct
{
  const char *kind;
  RefractAxisId axis;
  gboolean in_extension;
  const char *list;   /* NULL: the axis itself, where it is a bound */
  const char *nested; /* (nullable): the list inside each element that is meant */
  const char *keys[3];
  const char *values[8];
} kinds[] = {
  { "prompt",
    REFRACT_AXIS_TRAJECTORY,
    FALSE,
    "per_prompt",
    NULL,
    { "id", "category" },
    { "first_divergence", "prefix_agreement_length", "cand_length", "ref_length" } },
  { "chunk", REFRACT_AXIS_KLD, TRUE, "per_chunk", NULL, { NULL }, { "n", "mean_kld", "sd_kld" } },
  { "bound", REFRACT_AXIS_KLD, TRUE, NULL, NULL, { NULL }, { "top_k", "mean_tail" } },
  { "depth",
    REFRACT_AXIS_KLD,
    TRUE,
    "depth",
    NULL,
    { "from_token", "to_token" },
    { "mean_kld", "p99_kld", "flip_rate", "n" } },
  { "position",
    REFRACT_AXIS_KLD,
    TRUE,
    "worst",
    NULL,
    { "chunk", "position" },
    { "kld", "log_p_ref", "log_p_cand", "same_top" } },
  { "cell",
    REFRACT_AXIS_RNIAH,
    FALSE,
    "cells",
    NULL,
    { "length", "position" },
    { "n_trials", "base_acc", "cand_acc", "degradation", "base_hits", "cand_hits" } },
  { "trial",
    REFRACT_AXIS_RNIAH,
    TRUE,
    "cells",
    "trials",
    { "length", "position" },
    { "n_tokens", "base_hit", "cand_hit" } },
  { "pair",
    REFRACT_AXIS_PLAD,
    FALSE,
    "per_prompt",
    NULL,
    { "prompt_id", "perturbation" },
    { "ref_drift", "cand_drift", "excess_drift", "plad_pp" } },
};

static void
append_value (GString *text, JsonObject *object, const char *name)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return;
  if (json_node_get_value_type (node) == G_TYPE_STRING)
    refract_csv_append (text, json_node_get_string (node));
  else if (json_node_get_value_type (node) == G_TYPE_BOOLEAN)
    g_string_append (text, json_node_get_boolean (node) ? "1" : "0");
  else
    refract_csv_append_number (text, json_node_get_double (node));
}

/* One line per value: kind, index, keys, name, value. @parent: has the keys */
static void
add_item (GString *text, guint kind, guint index, JsonObject *parent, JsonObject *item)
{
  for (guint v = 0; v < G_N_ELEMENTS (kinds[kind].values) && kinds[kind].values[v] != NULL; v++)
    {
      const char *name = kinds[kind].values[v];

      if (!json_object_has_member (item, name))
        continue;
      g_string_append_printf (text, "%s,%s,%u,", refract_axis_id_get_name (kinds[kind].axis),
                              kinds[kind].kind, index);
      for (guint k = 0; k < 2; k++)
        {
          if (kinds[kind].keys[k] != NULL)
            append_value (text, parent, kinds[kind].keys[k]);
          g_string_append_c (text, ',');
        }
      g_string_append_printf (text, "%s,", name);
      append_value (text, item, name);
      g_string_append (text, "\r\n");
    }
}

char *
refract_csv_from_report (RefractReport *report)
{
  g_auto (RefractEnglish) english = refract_english_begin ();
  GString *text = g_string_new ("axis,item,index,key,second_key,name,value\r\n");

  for (guint kind = 0; kind < G_N_ELEMENTS (kinds); kind++)
    {
      JsonObject *axis = kinds[kind].in_extension
                             ? refract_report_get_axis_extension (report, kinds[kind].axis)
                             : refract_report_get_axis (report, kinds[kind].axis);
      JsonArray *list
          = kinds[kind].list != NULL ? refract_json_get_array (axis, kinds[kind].list) : NULL;
      guint index = 0;

      if (kinds[kind].list == NULL && refract_json_get_boolean (axis, "lower_bound", FALSE))
        add_item (text, kind, 0, axis, axis);
      for (guint i = 0; i < refract_json_get_length (list); i++)
        {
          JsonObject *item = json_array_get_object_element (list, i);
          JsonArray *nested = kinds[kind].nested != NULL
                                  ? refract_json_get_array (item, kinds[kind].nested)
                                  : NULL;

          if (kinds[kind].nested == NULL)
            add_item (text, kind, index++, item, item);
          for (guint j = 0; j < refract_json_get_length (nested); j++)
            {
              JsonNode *element = json_array_get_element (nested, j);

              if (JSON_NODE_HOLDS_OBJECT (element))
                add_item (text, kind, index++, item, json_node_get_object (element));
            }
        }
    }
  return g_string_free (text, FALSE);
}
