/* refract-report-parse.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "core/refract-error.h"
#include "core/refract-json.h"
#include "report/refract-report-private.h"

typedef enum
{
  SHAPE_STRING,
  SHAPE_NUMBER,
  SHAPE_SCORE,
  SHAPE_BOOLEAN,
  SHAPE_OBJECT,
  SHAPE_STRINGS, /* an array of strings */
  SHAPE_OBJECTS, /* an array of objects */
} Shape;

static const char *const shape_names[] = {
  [SHAPE_STRING] = "a text",
  [SHAPE_NUMBER] = "a number",
  [SHAPE_SCORE] = "a number from 0 to 100",
  [SHAPE_BOOLEAN] = "true or false",
  [SHAPE_OBJECT] = "an object",
  [SHAPE_STRINGS] = "a list of texts",
  [SHAPE_OBJECTS] = "a list of objects",
};

/* What we read. A member that is absent or null is fine: old layouts lack many. */
static const struct
{
  const char *path;
  Shape shape;
} shapes[] = {
  { "framework_version", SHAPE_STRING },
  { "environment", SHAPE_OBJECT },
  { "repro_command", SHAPE_STRING },
  { "timestamp", SHAPE_STRING },
  { "model", SHAPE_STRING },
  { "reference", SHAPE_STRING },
  { "candidate", SHAPE_STRING },
  { "composite", SHAPE_SCORE },
  { "band", SHAPE_STRING },
  { "summary", SHAPE_STRING },
  { "diagnosis", SHAPE_STRINGS },
  { "composite_detail", SHAPE_OBJECT },
  { "axes", SHAPE_OBJECT },
  { "axes.gtm", SHAPE_OBJECT },
  { "axes.gtm.score", SHAPE_SCORE },
  { "axes.gtm.per_prompt", SHAPE_OBJECTS },
  { "axes.gtm.notes", SHAPE_STRINGS },
  { "axes.kld", SHAPE_OBJECT },
  { "axes.kld.score", SHAPE_SCORE },
  { "axes.kld.notes", SHAPE_STRINGS },
  { "axes.rniah", SHAPE_OBJECT },
  { "axes.rniah.score", SHAPE_SCORE },
  { "axes.rniah.cells", SHAPE_OBJECTS },
  { "axes.rniah.notes", SHAPE_STRINGS },
  { "axes.plad", SHAPE_OBJECT },
  { "axes.plad.score", SHAPE_SCORE },
  { "axes.plad.per_perturbation_score", SHAPE_OBJECT },
  { "axes.plad.per_prompt", SHAPE_OBJECTS },
  { "axes.plad.skipped_perturbations", SHAPE_STRINGS },
  { "axes.plad.notes", SHAPE_STRINGS },
  { "extension", SHAPE_OBJECT },
  { "extension.version", SHAPE_NUMBER },
  { "extension.plan", SHAPE_OBJECT },
  { "extension.comparable", SHAPE_OBJECT },
  { "extension.comparable.why", SHAPE_STRINGS },
  { "extension.interval", SHAPE_OBJECT },
  { "extension.weakest_axis", SHAPE_OBJECT },
  { "extension.within_noise", SHAPE_BOOLEAN },
  { "extension.ship", SHAPE_OBJECT },
  { "extension.findings", SHAPE_OBJECTS },
  { "extension.recommendation", SHAPE_OBJECT },
  { "extension.ranking", SHAPE_OBJECTS },
  { "extension.control", SHAPE_OBJECT },
  { "extension.failed", SHAPE_OBJECTS },
  { "extension.floor", SHAPE_OBJECT },
  { "extension.kv", SHAPE_OBJECT },
  { "extension.performance", SHAPE_OBJECT },
  { "extension.reference_kv", SHAPE_OBJECT },
  { "extension.reference_performance", SHAPE_OBJECT },
  { "extension.slots", SHAPE_OBJECT },
  { "extension.model", SHAPE_OBJECT },
  { "extension.hardware", SHAPE_OBJECT },
  { "extension.hardware.devices", SHAPE_STRINGS },
  { "extension.engine", SHAPE_OBJECT },
  { "extension.inputs", SHAPE_OBJECT },
  { "extension.axes", SHAPE_OBJECT },
  { "extension.axes.trajectory", SHAPE_OBJECT },
  { "extension.axes.trajectory.per_prompt", SHAPE_OBJECTS },
  { "extension.axes.kld", SHAPE_OBJECT },
  { "extension.axes.kld.histogram", SHAPE_OBJECT },
  { "extension.axes.kld.per_chunk", SHAPE_OBJECTS },
  { "extension.axes.kld.depth", SHAPE_OBJECTS },
  { "extension.axes.kld.worst", SHAPE_OBJECTS },
  { "extension.axes.kld.ladder", SHAPE_OBJECTS },
  { "extension.axes.rniah", SHAPE_OBJECT },
  { "extension.axes.rniah.cells", SHAPE_OBJECTS },
  { "extension.axes.plad", SHAPE_OBJECT },
  { "extension.axes.plad.answers", SHAPE_OBJECTS },
  { "extension.notes", SHAPE_STRINGS },
};

static gboolean has_shape (JsonNode *node, Shape shape);

static gboolean
holds_all (JsonNode *node, Shape shape)
{
  JsonArray *array;

  if (!JSON_NODE_HOLDS_ARRAY (node))
    return FALSE;
  array = json_node_get_array (node);
  for (guint i = 0; i < json_array_get_length (array); i++)
    if (!has_shape (json_array_get_element (array, i), shape))
      return FALSE;
  return TRUE;
}

static gboolean
has_shape (JsonNode *node, Shape shape)
{
  GType type = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;

  switch (shape)
    {
    case SHAPE_STRING:
      return type == G_TYPE_STRING;
    case SHAPE_NUMBER:
      return type == G_TYPE_INT64 || type == G_TYPE_DOUBLE;
    case SHAPE_SCORE:
      return has_shape (node, SHAPE_NUMBER) && json_node_get_double (node) >= 0
             && json_node_get_double (node) <= 100;
    case SHAPE_BOOLEAN:
      return type == G_TYPE_BOOLEAN;
    case SHAPE_OBJECT:
      return JSON_NODE_HOLDS_OBJECT (node);
    case SHAPE_STRINGS:
      return holds_all (node, SHAPE_STRING);
    case SHAPE_OBJECTS:
      return holds_all (node, SHAPE_OBJECT);
    default:
      g_return_val_if_reached (FALSE);
    }
}

gboolean
refract_report_check (JsonObject *root, GError **error)
{
  const char *schema = refract_json_get_string (root, "schema", NULL);

  if (schema == NULL || !g_str_has_prefix (schema, REFRACT_REPORT_SCHEMA_PREFIX))
    {
      g_set_error_literal (
          error, REFRACT_ERROR, REFRACT_ERROR_REPORT,
          "This is not a REFRACT report: it has no “schema” that says so. Choose a "
          "file that refract score wrote.");
      return FALSE;
    }
  if (refract_json_get_object (root, "axes") == NULL)
    {
      g_set_error_literal (error, REFRACT_ERROR, REFRACT_ERROR_REPORT,
                           "The report has no “axes”, so that there is nothing to show.");
      return FALSE;
    }
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      JsonNode *node = refract_json_find (root, shapes[i].path);

      if (node == NULL || JSON_NODE_HOLDS_NULL (node) || has_shape (node, shapes[i].shape))
        continue;
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_REPORT,
                   "The report's “%s” has to be %s. The file is damaged or of another program.",
                   shapes[i].path, shape_names[shapes[i].shape]);
      return FALSE;
    }
  return TRUE;
}
