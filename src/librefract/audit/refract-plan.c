/* refract-plan.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "audit/refract-plan-private.h"
#include "backends/refract-backend.h"
#include "core/refract-error.h"

#define REFERENCE "ctk=f16,ctv=f16"
#define NEEDLE "Note: APRICOT-7-BLUE is the rare paint color featured in this article."
#define QUESTION "Q: What is the rare paint color featured in this article?\nA:"

const RefractPlanField refract_plan_fields[] = {
  { "model", REFRACT_PLAN_PATH, NULL, 0, 0, 0, "--model" },
  { "backend", REFRACT_PLAN_STRING, "auto", 0, 0, 0, "--backend" },
  { "engine-dir", REFRACT_PLAN_PATH, NULL, 0, 0, 0, NULL, TRUE },
  { "python", REFRACT_PLAN_PATH, NULL, 0, 0, 0, NULL, TRUE },
  { "reference-url", REFRACT_PLAN_STRING, NULL, 0, 0, 0, "--reference-url", TRUE },
  { "candidate-url", REFRACT_PLAN_STRING, NULL, 0, 0, 0, "--candidate-url", TRUE },
  { "allow-model-code", REFRACT_PLAN_BOOLEAN, NULL, 0, 0, 1, "--allow-model-code", TRUE },
  { "engine-flags", REFRACT_PLAN_STRING, NULL, 0, 0, 0, "--engine-flags" },
  { "n-gpu-layers", REFRACT_PLAN_INT, NULL, -1, -1, 100000, "--n-gpu-layers" },
  { "threads", REFRACT_PLAN_INT, NULL, 0, 0, 1024, "--threads" },
  { "reference", REFRACT_PLAN_STRING, REFERENCE, 0, 0, 0, "--reference" },
  { "candidates", REFRACT_PLAN_STRV, NULL, 0, 0, 0, NULL },
  { "control", REFRACT_PLAN_STRING, NULL, 0, 0, 0, "--control" },
  { "axes", REFRACT_PLAN_STRING, "trajectory,kld", 0, 0, 0, "--axes" },
  { "prompts", REFRACT_PLAN_PATH, NULL, 0, 0, 0, "--prompts" },
  { "prompt-mode", REFRACT_PLAN_STRING, "raw", 0, 0, 0, "--prompt-mode" },
  { "corpus", REFRACT_PLAN_PATH, NULL, 0, 0, 0, "--corpus" },
  { "haystack", REFRACT_PLAN_PATH, NULL, 0, 0, 0, "--haystack" },
  { "n-predict", REFRACT_PLAN_INT, NULL, 128, 1, 65536, "--n-predict" },
  { "chunks", REFRACT_PLAN_INT, NULL, 32, 1, 100000, "--chunks" },
  { "ctx", REFRACT_PLAN_UINTS, "512", 0, 8, 4194304, "--ctx" },
  { "rniah-lengths", REFRACT_PLAN_UINTS, "4096,8192,16384", 0, 64, 4194304, "--rniah-lengths" },
  { "rniah-positions", REFRACT_PLAN_DOUBLES, "0.1,0.5,0.9", 0, 0, 1, "--rniah-positions" },
  { "rniah-trials", REFRACT_PLAN_INT, NULL, 1, 1, 10, "--rniah-trials" },
  { "rniah-n-predict", REFRACT_PLAN_INT, NULL, 256, 1, 65536, "--rniah-n-predict" },
  { "rniah-needle", REFRACT_PLAN_STRING, NEEDLE, 0, 0, 0, "--rniah-needle" },
  { "rniah-question", REFRACT_PLAN_STRING, QUESTION, 0, 0, 0, "--rniah-question" },
  { "seed", REFRACT_PLAN_INT, NULL, 42, 0, 9007199254740991.0, "--seed" },
  { "measure-floor", REFRACT_PLAN_BOOLEAN, NULL, 0, 0, 1, "--measure-floor" },
  { "strict-floor", REFRACT_PLAN_BOOLEAN, NULL, 0, 0, 1, "--strict-floor" },
  { "slots", REFRACT_PLAN_INT, NULL, 0, 0, 256, "--slots" },
  { "kv-budget", REFRACT_PLAN_INT, NULL, 0, 0, 9007199254740991.0, "--kv-budget" },
  { "threshold", REFRACT_PLAN_DOUBLE, NULL, 90, 0, 100, "--threshold" },
  { "max-bytes-per-token", REFRACT_PLAN_DOUBLE, NULL, 0, 0, 1e12, "--max-bytes-per-token" },
};
G_STATIC_ASSERT (G_N_ELEMENTS (refract_plan_fields) == REFRACT_PLAN_N_FIELDS);

G_DEFINE_FINAL_TYPE (RefractPlan, refract_plan, G_TYPE_OBJECT)

static GParamSpec *properties[REFRACT_PLAN_N_FIELDS + 1];

gboolean
refract_plan_field_is_text (const RefractPlanField *field)
{
  return field->type == REFRACT_PLAN_STRING || field->type == REFRACT_PLAN_PATH
         || field->type == REFRACT_PLAN_UINTS || field->type == REFRACT_PLAN_DOUBLES;
}

guint
refract_plan_find_field (const char *name)
{
  for (guint i = 0; i < REFRACT_PLAN_N_FIELDS; i++)
    if (g_str_equal (refract_plan_fields[i].name, name))
      return i;

  g_error ("the plan has no property “%s”", name);
}

static void
refract_plan_finalize (GObject *object)
{
  RefractPlan *self = REFRACT_PLAN (object);

  for (guint i = 0; i < REFRACT_PLAN_N_FIELDS; i++)
    {
      if (refract_plan_field_is_text (&refract_plan_fields[i]))
        g_free (self->values[i].text);
      else if (refract_plan_fields[i].type == REFRACT_PLAN_STRV)
        g_strfreev (self->values[i].strv);
    }

  G_OBJECT_CLASS (refract_plan_parent_class)->finalize (object);
}

static void
refract_plan_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  RefractPlan *self = REFRACT_PLAN (object);
  const RefractPlanField *field = &refract_plan_fields[prop_id - 1];
  const RefractPlanValue *own = &self->values[prop_id - 1];

  if (refract_plan_field_is_text (field))
    g_value_set_string (value, own->text);
  else if (field->type == REFRACT_PLAN_STRV)
    g_value_set_boxed (value, own->strv);
  else if (field->type == REFRACT_PLAN_INT)
    g_value_set_int64 (value, (gint64) own->number);
  else if (field->type == REFRACT_PLAN_BOOLEAN)
    g_value_set_boolean (value, own->number != 0);
  else
    g_value_set_double (value, own->number);
}

static void
refract_plan_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  RefractPlan *self = REFRACT_PLAN (object);
  const RefractPlanField *field = &refract_plan_fields[prop_id - 1];
  RefractPlanValue *own = &self->values[prop_id - 1];

  if (refract_plan_field_is_text (field))
    {
      const char *text = g_value_get_string (value);

      if (g_strcmp0 (own->text, text) == 0)
        return;
      g_free (own->text);
      own->text = text != NULL && *text != '\0' ? g_strdup (text) : g_strdup (field->text);
    }
  else if (field->type == REFRACT_PLAN_STRV)
    {
      g_strfreev (own->strv);
      own->strv = g_value_dup_boxed (value);
      if (own->strv == NULL)
        own->strv = g_new0 (char *, 1);
    }
  else
    {
      double number = field->type == REFRACT_PLAN_INT       ? (double) g_value_get_int64 (value)
                      : field->type == REFRACT_PLAN_BOOLEAN ? g_value_get_boolean (value)
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

  for (guint i = 0; i < REFRACT_PLAN_N_FIELDS; i++)
    {
      const RefractPlanField *field = &refract_plan_fields[i];
      GParamSpec *pspec;

      if (refract_plan_field_is_text (field))
        pspec = g_param_spec_string (field->name, NULL, NULL, field->text, flags);
      else if (field->type == REFRACT_PLAN_STRV)
        pspec = g_param_spec_boxed (field->name, NULL, NULL, G_TYPE_STRV, flags);
      else if (field->type == REFRACT_PLAN_INT)
        pspec = g_param_spec_int64 (field->name, NULL, NULL, (gint64) field->minimum,
                                    (gint64) field->maximum, (gint64) field->value, flags);
      else if (field->type == REFRACT_PLAN_BOOLEAN)
        pspec = g_param_spec_boolean (field->name, NULL, NULL, field->value != 0, flags);
      else
        pspec = g_param_spec_double (field->name, NULL, NULL, field->minimum, field->maximum,
                                     field->value, flags);
      properties[i + 1] = pspec;
    }

  g_object_class_install_properties (object_class, REFRACT_PLAN_N_FIELDS + 1, properties);
}

static void
refract_plan_init (RefractPlan *self)
{
  for (guint i = 0; i < REFRACT_PLAN_N_FIELDS; i++)
    {
      if (refract_plan_field_is_text (&refract_plan_fields[i]))
        self->values[i].text = g_strdup (refract_plan_fields[i].text);
      else if (refract_plan_fields[i].type == REFRACT_PLAN_STRV)
        self->values[i].strv = g_new0 (char *, 1);
      else
        self->values[i].number = refract_plan_fields[i].value;
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
  for (guint i = 0; i < REFRACT_PLAN_N_FIELDS; i++)
    {
      g_auto (GValue) value = G_VALUE_INIT;

      g_object_get_property (G_OBJECT (self), refract_plan_fields[i].name, &value);
      g_object_set_property (G_OBJECT (copy), refract_plan_fields[i].name, &value);
    }

  return copy;
}

void
refract_plan_make_paths_absolute (RefractPlan *self)
{
  g_return_if_fail (REFRACT_IS_PLAN (self));

  for (guint i = 0; i < REFRACT_PLAN_N_FIELDS; i++)
    if (refract_plan_fields[i].type == REFRACT_PLAN_PATH && self->values[i].text != NULL)
      {
        g_autofree char *path = g_canonicalize_filename (self->values[i].text, NULL);

        g_object_set (self, refract_plan_fields[i].name, path, NULL);
      }
}

const char *
refract_plan_get_string (RefractPlan *self, const char *property)
{
  guint i = refract_plan_find_field (property);

  g_return_val_if_fail (REFRACT_IS_PLAN (self), NULL);
  g_return_val_if_fail (refract_plan_field_is_text (&refract_plan_fields[i]), NULL);

  return self->values[i].text;
}

static double
get_number (RefractPlan *self, const char *property)
{
  guint i = refract_plan_find_field (property);

  g_return_val_if_fail (REFRACT_IS_PLAN (self), 0);
  g_return_val_if_fail (!refract_plan_field_is_text (&refract_plan_fields[i])
                            && refract_plan_fields[i].type != REFRACT_PLAN_STRV,
                        0);

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

GArray *
refract_plan_parse_list (const RefractPlanField *field, const char *text, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);
  g_autoptr (GArray) numbers = g_array_new (FALSE, FALSE, sizeof (double));

  for (guint i = 0; parts[i] != NULL; i++)
    {
      const char *part = g_strstrip (parts[i]);
      char *end = NULL;
      double number = g_ascii_strtod (part, &end);

      if (end == part || *end != '\0' || !isfinite (number) || number < field->minimum
          || number > field->maximum
          || (field->type == REFRACT_PLAN_UINTS && number != floor (number)))
        {
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                       "“%s” is not a valid element of %s: give %s from %g to %g, with commas "
                       "between them.",
                       part, field->name,
                       field->type == REFRACT_PLAN_UINTS ? "whole numbers" : "numbers",
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
  guint i = refract_plan_find_field (property);
  GArray *numbers;

  g_return_val_if_fail (REFRACT_IS_PLAN (self), NULL);

  numbers = refract_plan_parse_list (&refract_plan_fields[i], self->values[i].text, NULL);
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

gboolean
refract_plan_has_floor_axis (RefractPlan *self, RefractAxisId axis)
{
  gboolean has_cheap = refract_plan_has_axis (self, REFRACT_AXIS_TRAJECTORY)
                       || refract_plan_has_axis (self, REFRACT_AXIS_KLD);

  return refract_plan_has_axis (self, axis)
         && (!has_cheap || axis == REFRACT_AXIS_TRAJECTORY || axis == REFRACT_AXIS_KLD);
}

/* The first configuration tells: there is always one in a plan that can be run. */
static RefractKvDialect
find_dialect (RefractPlan *self)
{
  char **texts = self->values[refract_plan_find_field ("candidates")].strv;
  g_autoptr (RefractKvConfig) kv
      = texts[0] != NULL ? refract_kv_config_parse (texts[0], NULL) : NULL;
  RefractBackendKind kind;

  if (kv != NULL)
    return refract_kv_config_get_dialect (kv);
  if (refract_backend_kind_from_name (refract_plan_get_string (self, "backend"), &kind))
    return refract_backend_kind_get_dialect (kind);
  return REFRACT_KV_LLAMACPP;
}

const char *
refract_plan_get_reference_text (RefractPlan *self)
{
  const char *text = refract_plan_get_string (self, "reference");

  return g_str_equal (text, REFERENCE) ? refract_kv_dialect_get_reference (find_dialect (self))
                                       : text;
}

RefractKvConfig *
refract_plan_get_reference (RefractPlan *self, GError **error)
{
  return refract_kv_config_parse (refract_plan_get_reference_text (self), error);
}

GPtrArray *
refract_plan_get_candidates (RefractPlan *self, GError **error)
{
  char **texts = self->values[refract_plan_find_field ("candidates")].strv;
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
validate_field (const RefractPlanField *field, const RefractPlanValue *value, GError **error)
{
  if (field->type == REFRACT_PLAN_UINTS || field->type == REFRACT_PLAN_DOUBLES)
    {
      g_autoptr (GArray) numbers = refract_plan_parse_list (field, value->text, error);

      return numbers != NULL;
    }

  if (!refract_plan_field_is_text (field) && field->type != REFRACT_PLAN_STRV
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
check_same_words (RefractKvConfig *reference, RefractKvConfig *kv, GError **error)
{
  if (refract_kv_config_get_dialect (reference) == refract_kv_config_get_dialect (kv))
    return TRUE;
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG,
               "“%s” and “%s” are for different engines: one plan is run on one engine.",
               refract_kv_config_get_text (reference), refract_kv_config_get_text (kv));
  return FALSE;
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
  for (guint i = 0; i < candidates->len; i++)
    if (!check_same_words (reference, g_ptr_array_index (candidates, i), error))
      return FALSE;
  if (control != NULL && !check_same_words (reference, control, error))
    return FALSE;
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

  for (guint i = 0; i < REFRACT_PLAN_N_FIELDS; i++)
    if (!validate_field (&refract_plan_fields[i], &self->values[i], error))
      return FALSE;

  if (refract_plan_get_string (self, "model") == NULL)
    {
      g_set_error (
          error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
          "The plan names no model: give the path of a GGUF file, or of a model’s folder, with "
          "--model.");
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
