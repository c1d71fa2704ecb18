/* refract-plan.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "audit/refract-plan.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

#define PLAN_VERSION 1
#define PLAN_MAX_BYTES (1024 * 1024)

typedef enum
{
  FIELD_STRING,
  FIELD_PATH, /* a string that says where something lies on this machine */
  FIELD_STRV,
  FIELD_INT,
  FIELD_BOOLEAN,
  FIELD_DOUBLE,
  FIELD_UINTS, /* text: whole numbers with commas */
  FIELD_DOUBLES,
} FieldType;

typedef struct
{
  const char *name; /* property; the JSON key has underscores */
  FieldType type;
  const char *text; /* default of strings and lists */
  double value;     /* default of numbers */
  double minimum;   /* of a number, or of each element of a list */
  double maximum;
  const char *option; /* command line option of `refract score`; NULL where it is no plain option */
} Field;

#define NEEDLE "Note: APRICOT-7-BLUE is the rare paint color featured in this article."
#define QUESTION "Q: What is the rare paint color featured in this article?\nA:"

static const Field fields[] = {
  { "model", FIELD_PATH, NULL, 0, 0, 0, "--model" },
  { "backend", FIELD_STRING, "auto", 0, 0, 0, "--backend" },
  { "engine-dir", FIELD_PATH, NULL, 0, 0, 0, NULL },
  { "engine-flags", FIELD_STRING, NULL, 0, 0, 0, "--engine-flags" },
  { "n-gpu-layers", FIELD_INT, NULL, -1, -1, 100000, "--n-gpu-layers" },
  { "threads", FIELD_INT, NULL, 0, 0, 1024, "--threads" },
  { "reference", FIELD_STRING, "ctk=f16,ctv=f16", 0, 0, 0, "--reference" },
  { "candidates", FIELD_STRV, NULL, 0, 0, 0, NULL },
  { "control", FIELD_STRING, NULL, 0, 0, 0, "--control" },
  { "axes", FIELD_STRING, "trajectory,kld", 0, 0, 0, "--axes" },
  { "prompts", FIELD_PATH, NULL, 0, 0, 0, "--prompts" },
  { "prompt-mode", FIELD_STRING, "raw", 0, 0, 0, "--prompt-mode" },
  { "corpus", FIELD_PATH, NULL, 0, 0, 0, "--corpus" },
  { "haystack", FIELD_PATH, NULL, 0, 0, 0, "--haystack" },
  { "n-predict", FIELD_INT, NULL, 128, 1, 65536, "--n-predict" },
  { "chunks", FIELD_INT, NULL, 32, 1, 100000, "--chunks" },
  { "ctx", FIELD_UINTS, "512", 0, 8, 4194304, "--ctx" },
  { "rniah-lengths", FIELD_UINTS, "4096,8192,16384", 0, 64, 4194304, "--rniah-lengths" },
  { "rniah-positions", FIELD_DOUBLES, "0.1,0.5,0.9", 0, 0, 1, "--rniah-positions" },
  { "rniah-trials", FIELD_INT, NULL, 1, 1, 10, "--rniah-trials" },
  { "rniah-n-predict", FIELD_INT, NULL, 256, 1, 65536, "--rniah-n-predict" },
  { "rniah-needle", FIELD_STRING, NEEDLE, 0, 0, 0, "--rniah-needle" },
  { "rniah-question", FIELD_STRING, QUESTION, 0, 0, 0, "--rniah-question" },
  { "seed", FIELD_INT, NULL, 42, 0, 9007199254740991.0, "--seed" },
  { "measure-floor", FIELD_BOOLEAN, NULL, 0, 0, 1, "--measure-floor" },
  { "strict-floor", FIELD_BOOLEAN, NULL, 0, 0, 1, "--strict-floor" },
  { "slots", FIELD_INT, NULL, 0, 0, 256, "--slots" },
  { "kv-budget", FIELD_INT, NULL, 0, 0, 9007199254740991.0, "--kv-budget" },
  { "threshold", FIELD_DOUBLE, NULL, 90, 0, 100, "--threshold" },
  { "max-bytes-per-token", FIELD_DOUBLE, NULL, 0, 0, 1e12, "--max-bytes-per-token" },
};
#define N_FIELDS G_N_ELEMENTS (fields)

typedef union
{
  char *text;
  char **strv;
  double number;
} Value;

struct _RefractPlan
{
  GObject parent_instance;

  Value values[N_FIELDS];
};

G_DEFINE_FINAL_TYPE (RefractPlan, refract_plan, G_TYPE_OBJECT)

static GParamSpec *properties[N_FIELDS + 1];

static gboolean
field_is_text (const Field *field)
{
  return field->type == FIELD_STRING || field->type == FIELD_PATH || field->type == FIELD_UINTS
         || field->type == FIELD_DOUBLES;
}

static char *
field_dup_key (const Field *field)
{
  return g_strdelimit (g_strdup (field->name), "-", '_');
}

static guint
find_field (const char *name)
{
  for (guint i = 0; i < N_FIELDS; i++)
    if (g_str_equal (fields[i].name, name))
      return i;

  g_error ("the plan has no property “%s”", name);
}

static void
refract_plan_finalize (GObject *object)
{
  RefractPlan *self = REFRACT_PLAN (object);

  for (guint i = 0; i < N_FIELDS; i++)
    {
      if (field_is_text (&fields[i]))
        g_free (self->values[i].text);
      else if (fields[i].type == FIELD_STRV)
        g_strfreev (self->values[i].strv);
    }

  G_OBJECT_CLASS (refract_plan_parent_class)->finalize (object);
}

static void
refract_plan_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  RefractPlan *self = REFRACT_PLAN (object);
  const Field *field = &fields[prop_id - 1];
  const Value *own = &self->values[prop_id - 1];

  if (field_is_text (field))
    g_value_set_string (value, own->text);
  else if (field->type == FIELD_STRV)
    g_value_set_boxed (value, own->strv);
  else if (field->type == FIELD_INT)
    g_value_set_int64 (value, (gint64) own->number);
  else if (field->type == FIELD_BOOLEAN)
    g_value_set_boolean (value, own->number != 0);
  else
    g_value_set_double (value, own->number);
}

static void
refract_plan_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  RefractPlan *self = REFRACT_PLAN (object);
  const Field *field = &fields[prop_id - 1];
  Value *own = &self->values[prop_id - 1];

  if (field_is_text (field))
    {
      const char *text = g_value_get_string (value);

      if (g_strcmp0 (own->text, text) == 0)
        return;
      g_free (own->text);
      own->text = text != NULL && *text != '\0' ? g_strdup (text) : g_strdup (field->text);
    }
  else if (field->type == FIELD_STRV)
    {
      g_strfreev (own->strv);
      own->strv = g_value_dup_boxed (value);
      if (own->strv == NULL)
        own->strv = g_new0 (char *, 1);
    }
  else
    {
      double number = field->type == FIELD_INT       ? (double) g_value_get_int64 (value)
                      : field->type == FIELD_BOOLEAN ? g_value_get_boolean (value)
                                                     : g_value_get_double (value);

      if (own->number == number)
        return;
      own->number = number;
    }

  g_object_notify_by_pspec (object, pspec);
}

static void
refract_plan_class_init (RefractPlanClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  object_class->finalize = refract_plan_finalize;
  object_class->get_property = refract_plan_get_property;
  object_class->set_property = refract_plan_set_property;

  for (guint i = 0; i < N_FIELDS; i++)
    {
      const Field *field = &fields[i];
      GParamSpec *pspec;

      if (field_is_text (field))
        pspec = g_param_spec_string (field->name, NULL, NULL, field->text, flags);
      else if (field->type == FIELD_STRV)
        pspec = g_param_spec_boxed (field->name, NULL, NULL, G_TYPE_STRV, flags);
      else if (field->type == FIELD_INT)
        pspec = g_param_spec_int64 (field->name, NULL, NULL, (gint64) field->minimum,
                                    (gint64) field->maximum, (gint64) field->value, flags);
      else if (field->type == FIELD_BOOLEAN)
        pspec = g_param_spec_boolean (field->name, NULL, NULL, field->value != 0, flags);
      else
        pspec = g_param_spec_double (field->name, NULL, NULL, field->minimum, field->maximum,
                                     field->value, flags);
      properties[i + 1] = pspec;
    }

  g_object_class_install_properties (object_class, N_FIELDS + 1, properties);
}

static void
refract_plan_init (RefractPlan *self)
{
  for (guint i = 0; i < N_FIELDS; i++)
    {
      if (field_is_text (&fields[i]))
        self->values[i].text = g_strdup (fields[i].text);
      else if (fields[i].type == FIELD_STRV)
        self->values[i].strv = g_new0 (char *, 1);
      else
        self->values[i].number = fields[i].value;
    }
}

/**
 * refract_plan_new:
 *
 * Returns: (transfer full): a plan with REFRACT's defaults, and no model and no candidates
 */
RefractPlan *
refract_plan_new (void)
{
  return g_object_new (REFRACT_TYPE_PLAN, NULL);
}

/**
 * refract_plan_copy:
 *
 * Returns: (transfer full): an equal plan that shares nothing
 */
RefractPlan *
refract_plan_copy (RefractPlan *self)
{
  RefractPlan *copy;

  g_return_val_if_fail (REFRACT_IS_PLAN (self), NULL);

  copy = refract_plan_new ();
  for (guint i = 0; i < N_FIELDS; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;

      g_object_get_property (G_OBJECT (self), fields[i].name, &value);
      g_object_set_property (G_OBJECT (copy), fields[i].name, &value);
    }

  return copy;
}

void
refract_plan_make_paths_absolute (RefractPlan *self)
{
  g_return_if_fail (REFRACT_IS_PLAN (self));

  for (guint i = 0; i < N_FIELDS; i++)
    if (fields[i].type == FIELD_PATH && self->values[i].text != NULL)
      {
        g_autofree char *path = g_canonicalize_filename (self->values[i].text, NULL);

        g_object_set (self, fields[i].name, path, NULL);
      }
}

const char *
refract_plan_get_string (RefractPlan *self, const char *property)
{
  guint i = find_field (property);

  g_return_val_if_fail (REFRACT_IS_PLAN (self), NULL);
  g_return_val_if_fail (field_is_text (&fields[i]), NULL);

  return self->values[i].text;
}

static double
get_number (RefractPlan *self, const char *property)
{
  guint i = find_field (property);

  g_return_val_if_fail (REFRACT_IS_PLAN (self), 0);
  g_return_val_if_fail (!field_is_text (&fields[i]) && fields[i].type != FIELD_STRV, 0);

  return self->values[i].number;
}

gint64
refract_plan_get_int (RefractPlan *self, const char *property)
{
  return (gint64) get_number (self, property);
}

gboolean
refract_plan_get_boolean (RefractPlan *self, const char *property)
{
  return get_number (self, property) != 0;
}

double
refract_plan_get_double (RefractPlan *self, const char *property)
{
  return get_number (self, property);
}

/* The numbers of a list property; NULL with an error that names the element. */
static GArray *
parse_list (const Field *field, const char *text, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);
  g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (double));

  for (guint i = 0; parts[i] != NULL; i++)
    {
      const char *part = g_strstrip (parts[i]);
      char *end = NULL;
      double number = g_ascii_strtod (part, &end);

      if (end == part || *end != '\0' || !isfinite (number) || number < field->minimum
          || number > field->maximum || (field->type == FIELD_UINTS && number != floor (number)))
        {
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                       "“%s” is not a valid element of %s: give %s from %g to %g, with commas "
                       "between them.",
                       part, field->name, field->type == FIELD_UINTS ? "whole numbers" : "numbers",
                       field->minimum, field->maximum);
          return NULL;
        }
      for (guint k = 0; k < numbers->len; k++)
        if (g_array_index (numbers, double, k) == number)
          {
            g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE, "%s names %s twice.",
                         field->name, part);
            return NULL;
          }
      g_array_append_val (numbers, number);
    }

  return g_steal_pointer (&numbers);
}

GArray *
refract_plan_get_doubles (RefractPlan *self, const char *property)
{
  guint i = find_field (property);
  GArray *numbers;

  g_return_val_if_fail (REFRACT_IS_PLAN (self), NULL);

  numbers = parse_list (&fields[i], self->values[i].text, NULL);
  return numbers != NULL ? numbers : g_array_new (FALSE, FALSE, sizeof (double));
}

GArray *
refract_plan_get_uints (RefractPlan *self, const char *property)
{
  g_autoptr (GArray) numbers = refract_plan_get_doubles (self, property);
  GArray *uints = g_array_new (FALSE, FALSE, sizeof (guint));

  for (guint i = 0; i < numbers->len; i++)
    {
      guint number = (guint) g_array_index (numbers, double, i);

      g_array_append_val (uints, number);
    }

  return uints;
}

gboolean
refract_plan_has_axis (RefractPlan *self, RefractAxisId axis)
{
  g_auto (GStrv) names = g_strsplit (refract_plan_get_string (self, "axes"), ",", -1);

  for (guint i = 0; names[i] != NULL; i++)
    if (g_str_equal (g_strstrip (names[i]), refract_axis_id_get_name (axis)))
      return TRUE;

  return FALSE;
}

RefractKvConfig *
refract_plan_get_reference (RefractPlan *self, GError **error)
{
  return refract_kv_config_parse (refract_plan_get_string (self, "reference"), error);
}

GPtrArray *
refract_plan_get_candidates (RefractPlan *self, GError **error)
{
  char **texts = self->values[find_field ("candidates")].strv;
  g_autoptr (GPtrArray) candidates
      = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_kv_config_unref);

  for (guint i = 0; texts[i] != NULL; i++)
    {
      g_autoptr (RefractKvConfig) kv = refract_kv_config_parse (texts[i], error);

      if (kv == NULL)
        return NULL;
      if (!g_ptr_array_find_with_equal_func (candidates, kv, (GEqualFunc) refract_kv_config_equal,
                                             NULL))
        g_ptr_array_add (candidates, g_steal_pointer (&kv));
    }

  return g_steal_pointer (&candidates);
}

RefractKvConfig *
refract_plan_get_control (RefractPlan *self, GError **error)
{
  const char *text = refract_plan_get_string (self, "control");

  return text != NULL ? refract_kv_config_parse (text, error) : NULL;
}

static gboolean
validate_field (const Field *field, const Value *value, GError **error)
{
  if (field->type == FIELD_UINTS || field->type == FIELD_DOUBLES)
    {
      g_autoptr (GArray) numbers = parse_list (field, value->text, error);

      return numbers != NULL;
    }

  if (!field_is_text (field) && field->type != FIELD_STRV
      && !(value->number >= field->minimum && value->number <= field->maximum))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "%s is %g, but has to be from %.0f to %.0f.", field->name, value->number,
                   field->minimum, field->maximum);
      return FALSE;
    }

  return TRUE;
}

static gboolean
validate_axes (RefractPlan *self, GError **error)
{
  g_auto (GStrv) names = g_strsplit (refract_plan_get_string (self, "axes"), ",", -1);

  for (guint i = 0; names[i] != NULL; i++)
    {
      gboolean known = FALSE;

      for (guint axis = 0; axis < REFRACT_N_AXES; axis++)
        known |= g_str_equal (g_strstrip (names[i]), refract_axis_id_get_name (axis));
      if (!known)
        {
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                       "There is no axis “%s”: the axes are trajectory, kld, rniah and plad.",
                       names[i]);
          return FALSE;
        }
    }

  return TRUE;
}

static gboolean
validate_configurations (RefractPlan *self, GError **error)
{
  g_autoptr (RefractKvConfig) reference = refract_plan_get_reference (self, error);
  g_autoptr (GPtrArray) candidates = NULL;
  g_autoptr (RefractKvConfig) control = NULL;

  if (reference == NULL || (candidates = refract_plan_get_candidates (self, error)) == NULL)
    return FALSE;
  if (refract_plan_get_string (self, "control") != NULL
      && (control = refract_plan_get_control (self, error)) == NULL)
    return FALSE;
  if (candidates->len == 0)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "There is nothing to compare with the reference: give a candidate, for instance "
                   "--candidate ctk=q8_0,ctv=q8_0.");
      return FALSE;
    }
  if (control != NULL
      && g_ptr_array_find_with_equal_func (candidates, control,
                                           (GEqualFunc) refract_kv_config_equal, NULL))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "“%s” is both a candidate and the control: leave it out of one of them.",
                   refract_kv_config_get_text (control));
      return FALSE;
    }

  return TRUE;
}

gboolean
refract_plan_validate (RefractPlan *self, GError **error)
{
  const char *mode;

  g_return_val_if_fail (REFRACT_IS_PLAN (self), FALSE);

  for (guint i = 0; i < N_FIELDS; i++)
    if (!validate_field (&fields[i], &self->values[i], error))
      return FALSE;

  if (refract_plan_get_string (self, "model") == NULL)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "The plan names no model: give the path of a GGUF file with --model.");
      return FALSE;
    }
  mode = refract_plan_get_string (self, "prompt-mode");
  if (!g_str_equal (mode, "raw") && !g_str_equal (mode, "chat"))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "“%s” is not a prompt mode: it is raw (the prompt is continued as it stands) or "
                   "chat (the prompt is a user's message).",
                   mode);
      return FALSE;
    }
  if (refract_plan_get_boolean (self, "strict-floor")
      && !refract_plan_get_boolean (self, "measure-floor"))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "A strict floor needs a floor: add --measure-floor.");
      return FALSE;
    }

  return validate_axes (self, error) && validate_configurations (self, error);
}

static void
write_field (RefractPlan *self, guint i, gboolean with_paths, JsonObject *object)
{
  const Field *field = &fields[i];
  const Value *value = &self->values[i];
  g_autofree char *key = field_dup_key (field);

  switch (field->type)
    {
    case FIELD_PATH:
      if (with_paths || value->text == NULL)
        refract_json_set_string_or_null (object, key, value->text);
      else if (!g_str_equal (field->name, "engine-dir"))
        {
          g_autofree char *base = g_path_get_basename (value->text);

          json_object_set_string_member (object, key, base);
        }
      break;

    case FIELD_STRING:
      refract_json_set_string_or_null (object, key, value->text);
      break;

    case FIELD_STRV:
      json_object_set_array_member (
          object, key, refract_json_array_from_strv ((const char *const *) value->strv));
      break;

    case FIELD_INT:
      json_object_set_int_member (object, key, (gint64) value->number);
      break;

    case FIELD_BOOLEAN:
      json_object_set_boolean_member (object, key, value->number != 0);
      break;

    case FIELD_DOUBLE:
      refract_json_set_double (object, key, value->number);
      break;

    case FIELD_UINTS:
    case FIELD_DOUBLES:
      {
        g_autoptr (GArray) numbers = parse_list (field, value->text, NULL);
        JsonArray *array = json_array_new ();

        for (guint k = 0; numbers != NULL && k < numbers->len; k++)
          {
            double number = g_array_index (numbers, double, k);

            if (field->type == FIELD_UINTS)
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
  for (guint i = 0; i < N_FIELDS; i++)
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
read_field (RefractPlan *self, const Field *field, JsonNode *node)
{
  GType type = JSON_NODE_HOLDS_VALUE (node) ? json_node_get_value_type (node) : G_TYPE_INVALID;
  gboolean is_number = type == G_TYPE_INT64 || type == G_TYPE_DOUBLE;

  if (field->type == FIELD_STRV)
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

  if (field->type == FIELD_UINTS || field->type == FIELD_DOUBLES)
    {
      g_autofree char *text = NULL;

      if (!read_list (node, &text))
        return FALSE;
      g_object_set (self, field->name, text, NULL);
      return TRUE;
    }

  if (field_is_text (field))
    {
      if (JSON_NODE_HOLDS_NULL (node))
        return TRUE;
      if (type != G_TYPE_STRING)
        return FALSE;
      g_object_set (self, field->name, json_node_get_string (node), NULL);
      return TRUE;
    }

  if (field->type == FIELD_BOOLEAN)
    {
      if (type != G_TYPE_BOOLEAN)
        return FALSE;
      g_object_set (self, field->name, json_node_get_boolean (node), NULL);
      return TRUE;
    }

  if (!is_number)
    return FALSE;
  /* Straight into the field: refract_plan_validate() names the bounds, a GParamSpec would clamp. */
  self->values[find_field (field->name)].number = json_node_get_double (node);
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
                   "This plan has version %" G_GINT64_FORMAT ", but this program reads version %d.",
                   version, PLAN_VERSION);
      return NULL;
    }

  members = json_object_get_members (object);
  for (GList *l = members; l != NULL; l = l->next)
    {
      g_autofree char *name = g_strdelimit (g_strdup (l->data), "_", '-');
      gboolean known = g_str_equal (l->data, "version");

      for (guint i = 0; i < N_FIELDS && !known; i++)
        if (g_str_equal (fields[i].name, name))
          {
            if (!read_field (plan, &fields[i], json_object_get_member (object, l->data)))
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

static void
append_quoted (GString *command, const char *option, const char *value)
{
  gboolean plain = *value != '\0';
  g_autofree char *quoted = g_shell_quote (value);

  for (const char *p = value; *p != '\0'; p++)
    plain &= g_ascii_isalnum (*p) || strchr ("-_=,./:%+@", *p) != NULL;
  g_string_append_printf (command, " %s %s", option, plain ? value : quoted);
}

char *
refract_plan_get_repro_command (RefractPlan *self, RefractKvConfig *candidate)
{
  GString *command = g_string_new ("refract score");
  guint control = find_field ("control");
  g_autoptr (RefractKvConfig) own_control = refract_plan_get_control (self, NULL);
  gboolean with_control = own_control != NULL && !refract_kv_config_equal (own_control, candidate);

  g_return_val_if_fail (REFRACT_IS_PLAN (self), NULL);

  for (guint i = 0; i < N_FIELDS; i++)
    {
      const Field *field = &fields[i];
      const Value *value = &self->values[i];

      if (g_str_equal (field->name, "candidates"))
        append_quoted (command, "--candidate", refract_kv_config_get_text (candidate));
      if (field->option == NULL || (i == control && !with_control))
        continue;

      if (field->type == FIELD_PATH)
        {
          g_autofree char *base = value->text != NULL ? g_path_get_basename (value->text) : NULL;

          if (base != NULL)
            append_quoted (command, field->option, base);
        }
      else if (field_is_text (field))
        {
          if (g_strcmp0 (value->text, field->text) != 0)
            append_quoted (command, field->option, value->text);
        }
      else if (field->type == FIELD_BOOLEAN)
        {
          if (value->number != field->value)
            g_string_append_printf (command, " %s", field->option);
        }
      else if (value->number != field->value)
        {
          char buffer[G_ASCII_DTOSTR_BUF_SIZE];

          append_quoted (command, field->option,
                         g_ascii_formatd (buffer, sizeof buffer, "%.15g", value->number));
        }
    }

  return g_string_free (command, FALSE);
}
