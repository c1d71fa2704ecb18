/* refract-plan-json.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <inttypes.h>

#include "audit/refract-plan-private.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

#define PLAN_VERSION 1
#define PLAN_MAX_BYTES (1024 * 1024)

static char *
field_dup_key (const RefractPlanField *field)
{
  return g_strdelimit (g_strdup (field->name), "-", '_');
}

static void
write_field (RefractPlan *self, guint i, gboolean with_paths, JsonObject *object)
{
  const RefractPlanField *field = &refract_plan_fields[i];
  const RefractPlanValue *value = &self->values[i];
  g_autofree char *key = field_dup_key (field);

  if (field->is_local && !with_paths)
    return;
  switch (field->type)
    {
    case REFRACT_PLAN_PATH:
      if (with_paths || value->text == NULL)
        refract_json_set_string_or_null (object, key, value->text);
      else
        {
          g_autofree char *base = refract_model_path_dup_name (value->text);

          json_object_set_string_member (object, key, base);
        }
      break;

    case REFRACT_PLAN_STRING:
      refract_json_set_string_or_null (object, key,
                                       g_str_equal (field->name, "reference")
                                           ? refract_plan_get_reference_text (self)
                                           : value->text);
      break;

    case REFRACT_PLAN_STRV:
      json_object_set_array_member (
          object, key, refract_json_array_from_strv ((const char *const *) value->strv));
      break;

    case REFRACT_PLAN_INT:
      json_object_set_int_member (object, key, (gint64) value->number);
      break;

    case REFRACT_PLAN_BOOLEAN:
      json_object_set_boolean_member (object, key, value->number != 0);
      break;

    case REFRACT_PLAN_DOUBLE:
      refract_json_set_double (object, key, value->number);
      break;

    case REFRACT_PLAN_UINTS:
    case REFRACT_PLAN_DOUBLES:
      {
        g_autoptr (GArray) numbers = refract_plan_parse_list (field, value->text, NULL);
        JsonArray *array = json_array_new ();

        for (guint k = 0; numbers != NULL && k < numbers->len; k++)
          {
            double number = g_array_index (numbers, double, k);

            if (field->type == REFRACT_PLAN_UINTS)
              json_array_add_int_element (array, (gint64) number);
            else
              refract_json_add_double (array, number);
          }
        json_object_set_array_member (object, key, array);
      }
      break;

    default:
      g_assert_not_reached ();
    }
}

JsonObject *
refract_plan_to_json (RefractPlan *self, gboolean with_paths)
{
  JsonObject *object;

  g_return_val_if_fail (REFRACT_IS_PLAN (self), NULL);

  object = json_object_new ();
  json_object_set_int_member (object, "version", PLAN_VERSION);
  for (guint i = 0; i < REFRACT_PLAN_N_FIELDS; i++)
    write_field (self, i, with_paths, object);

  return object;
}

/* The text form of a JSON value as its property has it; FALSE where the type is another. */
static gboolean
read_list (JsonNode *node, char **out)
{
  g_autoptr (GString) text = g_string_new (NULL);
  JsonArray *array;

  if (!JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;

  array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *element = json_array_get_element (array, i);
      char buffer[G_ASCII_DTOSTR_BUF_SIZE];

      if (!JSON_NODE_HOLDS_VALUE (element)
          || !g_value_type_transformable (json_node_get_value_type (element), G_TYPE_DOUBLE))
        return FALSE;
      g_ascii_formatd (buffer, sizeof buffer, "%.15g", json_node_get_double (element));
      g_string_append_printf (text, "%s%s", i > 0 ? "," : "", buffer);
    }
  if (text->len == 0)
    return FALSE;

  *out = g_strdup (text->str);
  return TRUE;
}

static gboolean
read_field (RefractPlan *self, const RefractPlanField *field, JsonNode *node)
{
  GType type = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;
  gboolean is_number = type == G_TYPE_INT64 || type == G_TYPE_DOUBLE;

  if (field->type == REFRACT_PLAN_STRV)
    {
      g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
      g_auto (GStrv) strv = NULL;
      JsonArray *array;

      if (!JSON_NODE_HOLDS_ARRAY (node))
        return FALSE;
      array = json_node_get_array (node);
      for (guint i = 0; i < json_array_get_length (array); i++)
        {
          JsonNode *element = json_array_get_element (array, i);

          if (!JSON_NODE_HOLDS_VALUE (element)
              || json_node_get_value_type (element) != G_TYPE_STRING)
            return FALSE;
          g_strv_builder_add (builder, json_node_get_string (element));
        }
      strv = g_strv_builder_end (builder);
      g_object_set (self, field->name, strv, NULL);
      return TRUE;
    }

  if (field->type == REFRACT_PLAN_UINTS || field->type == REFRACT_PLAN_DOUBLES)
    {
      g_autofree char *text = NULL;

      if (!read_list (node, &text))
        return FALSE;
      g_object_set (self, field->name, text, NULL);
      return TRUE;
    }

  if (refract_plan_field_is_text (field))
    {
      if (JSON_NODE_HOLDS_NULL (node))
        return TRUE;
      if (type != G_TYPE_STRING)
        return FALSE;
      g_object_set (self, field->name, json_node_get_string (node), NULL);
      return TRUE;
    }

  if (field->type == REFRACT_PLAN_BOOLEAN)
    {
      if (type != G_TYPE_BOOLEAN)
        return FALSE;
      g_object_set (self, field->name, json_node_get_boolean (node), NULL);
      return TRUE;
    }

  if (!is_number)
    return FALSE;
  /* Straight into the field: refract_plan_validate() names the bounds, a GParamSpec would clamp. */
  self->values[refract_plan_find_field (field->name)].number = json_node_get_double (node);
  return TRUE;
}

RefractPlan *
refract_plan_from_json (JsonObject *object, GError **error)
{
  g_autoptr (RefractPlan) plan = refract_plan_new ();
  g_autoptr (GList) members = NULL;
  gint64 version;

  g_return_val_if_fail (object != NULL, NULL);

  version = refract_json_get_int (object, "version", 0);
  if (version != PLAN_VERSION)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "This plan has version %" PRId64 ", but this program reads version %d.", version,
                   PLAN_VERSION);
      return NULL;
    }

  members = json_object_get_members (object);
  for (GList *l = members; l != NULL; l = l->next)
    {
      g_autofree char *name = g_strdelimit (g_strdup (l->data), "_", '-');
      gboolean known = g_str_equal (l->data, "version");

      for (guint i = 0; i < REFRACT_PLAN_N_FIELDS && !known; i++)
        if (g_str_equal (refract_plan_fields[i].name, name))
          {
            if (!read_field (plan, &refract_plan_fields[i],
                             json_object_get_member (object, l->data)))
              {
                g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                             "The plan's “%s” has a value of the wrong type.",
                             (const char *) l->data);
                return NULL;
              }
            known = TRUE;
          }
      if (!known)
        {
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                       "The plan has a member “%s” that this program does not know: check its "
                       "spelling.",
                       (const char *) l->data);
          return NULL;
        }
    }

  return g_steal_pointer (&plan);
}

RefractPlan *
refract_plan_load (const char *path, GError **error)
{
  g_autoptr (JsonObject) object = refract_json_load_object (path, PLAN_MAX_BYTES, error);
  RefractPlan *plan;

  if (object == NULL)
    return NULL;

  plan = refract_plan_from_json (object, error);
  if (plan == NULL)
    g_prefix_error (error, "%s: ", path);
  return plan;
}
