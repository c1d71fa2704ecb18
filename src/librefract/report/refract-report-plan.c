/* refract-report-plan.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "core/refract-error.h"
#include "core/refract-json.h"
#include "core/refract-model.h"
#include "core/refract-prompts.h"
#include "report/refract-report-plan.h"
#include "report/refract-report-private.h"

#define MAX_TEXT 4096
#define MAX_SHOWN 80
#define MAX_ELEMENTS 256
#define MAX_REFUSED 64
#define DEFAULT_REFERENCE "ctk=f16,ctv=f16"

/* Members that say which program runs or which server is asked, and how. */
static const char *const command_keys[]
    = { "engine_dir", "engine_flags", "launcher", "python", "reference_url", "candidate_url" };
static const char *const file_keys[] = { "model", "prompts", "corpus", "haystack" };

static void
claim_free (gpointer data)
{
  RefractPlanClaim *claim = data;

  g_free (claim->key);
  g_free (claim->text);
  g_free (claim);
}

static void
refusal_free (gpointer data)
{
  RefractPlanRefusal *refusal = data;

  g_free (refusal->text);
  g_free (refusal->reason);
  g_free (refusal);
}

static void
file_free (gpointer data)
{
  RefractPlanFile *file = data;

  g_free (file->property);
  g_free (file->name);
  g_free (file->hash);
  g_free (file->other);
  g_free (file);
}

void
refract_plan_import_free (RefractPlanImport *self)
{
  g_clear_object (&self->plan);
  g_clear_pointer (&self->claims, g_ptr_array_unref);
  g_clear_pointer (&self->refused, g_ptr_array_unref);
  g_clear_pointer (&self->files, g_ptr_array_unref);
  g_free (self);
}

/* Printable, on one line, at most @n characters. */
static char *
clean_text (const char *text, glong n)
{
  g_autofree char *valid = g_utf8_make_valid (text, (gssize) strnlen (text, MAX_TEXT));
  GString *clean = g_string_new (NULL);
  glong i = 0;

  for (const char *c = valid; *c != '\0'; c = g_utf8_next_char (c), i++)
    {
      gunichar ch = g_utf8_get_char (c);

      if (i == n)
        {
          g_string_append (clean, "…");
          break;
        }
      g_string_append_unichar (clean, g_unichar_isprint (ch) ? ch : ' ');
    }
  return g_string_free (clean, FALSE);
}

static void
refuse (RefractPlanImport *self, const char *text, const char *reason)
{
  RefractPlanRefusal *refusal;

  if (self->refused->len >= MAX_REFUSED)
    return;
  refusal = g_new0 (RefractPlanRefusal, 1);
  refusal->text = clean_text (text, MAX_SHOWN);
  refusal->reason = g_strdup (reason);
  g_ptr_array_add (self->refused, refusal);
}

/* A member as the text that it claims; lists with blanks. NULL where it claims nothing. */
static char *
claim_text (JsonNode *node)
{
  g_autoptr (GString) text = g_string_new (NULL);

  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    g_string_append (text, json_node_get_string (node));
  else if (JSON_NODE_HOLDS_ARRAY (node))
    {
      JsonArray *array = json_node_get_array (node);

      for (guint i = 0; i < MIN (json_array_get_length (array), MAX_ELEMENTS); i++)
        {
          JsonNode *element = json_array_get_element (array, i);

          if (JSON_NODE_HOLDS_VALUE (element)
              && json_node_get_value_type (element) == G_TYPE_STRING)
            g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "",
                                    json_node_get_string (element));
        }
    }
  return text->len > 0 ? clean_text (text->str, MAX_TEXT) : NULL;
}

static void
take_claims (RefractPlanImport *self, JsonObject *object)
{
  for (guint i = 0; i < G_N_ELEMENTS (command_keys); i++)
    {
      g_autofree char *text = json_object_has_member (object, command_keys[i])
                                  ? claim_text (json_object_get_member (object, command_keys[i]))
                                  : NULL;
      RefractPlanClaim *claim;

      if (text == NULL)
        continue;
      claim = g_new0 (RefractPlanClaim, 1);
      claim->key = g_strdelimit (g_strdup (command_keys[i]), "_", '-');
      claim->text = g_steal_pointer (&text);
      g_ptr_array_add (self->claims, claim);
    }
}

static void
take_file (RefractPlanImport *self, const char *property, const char *path, const char *hash)
{
  RefractPlanFile *file;
  /* a report of another system may have either separator */
  const char *slash = path != NULL ? strrchr (path, '/') : NULL;
  const char *backslash = path != NULL ? strrchr (path, '\\') : NULL;
  const char *base = backslash != NULL && (slash == NULL || backslash > slash) ? backslash : slash;

  if (path == NULL)
    return;
  base = base != NULL ? base + 1 : path;
  if (*base == '\0' || g_str_equal (base, REFRACT_REDACTED))
    return;
  file = g_new0 (RefractPlanFile, 1);
  file->property = g_strdup (property);
  file->name = clean_text (base, MAX_SHOWN);
  file->hash = g_strdup (hash);
  g_ptr_array_add (self->files, file);
}

/* Whether a report may have @text measured: cache types and rotation, no other flag. */
static gboolean
is_allowed (RefractPlanImport *self, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractKvConfig) kv = refract_kv_config_parse (text, &error);
  const char *const *flags = kv != NULL ? refract_kv_config_get_flags (kv) : NULL;
  g_autofree char *reason = NULL;

  if (kv != NULL && flags[0] == NULL)
    return TRUE;
  if (kv != NULL)
    reason = g_strdup_printf (
        N_ ("From a report only cache types and rotation are taken over, not the "
            "engine flag %s. Type it yourself if you want it."),
        flags[0]);
  refuse (self, text, reason != NULL ? reason : error->message);
  return FALSE;
}

static gboolean
is_string (JsonNode *node)
{
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING;
}

/* (transfer full): the configurations of @array that may be measured */
static JsonArray *
filter_candidates (RefractPlanImport *self, JsonArray *array)
{
  JsonArray *allowed = json_array_new ();

  for (guint i = 0; i < refract_json_get_length (array); i++)
    {
      JsonNode *element = json_array_get_element (array, i);

      if (i == MAX_ELEMENTS)
        {
          refuse (self, "…",
                  N_ ("The report has more than 256 configurations: the rest is left out."));
          break;
        }
      if (is_string (element) && is_allowed (self, json_node_get_string (element)))
        json_array_add_string_element (allowed, json_node_get_string (element));
    }
  return allowed;
}

static gboolean
fail (GError **error, const char *key, const char *what)
{
  g_autofree char *shown = clean_text (key, MAX_SHOWN);

  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_REPORT,
               "The plan in this report cannot be used: “%s” %s.", shown, what);
  return FALSE;
}

static gboolean
is_one_of (const char *key, const char *const *keys, guint n)
{
  for (guint i = 0; i < n; i++)
    if (g_str_equal (keys[i], key))
      return TRUE;
  return FALSE;
}

/* Copies a member of the report's plan that is a parameter and nothing else. */
static gboolean
take_parameter (
    RefractPlanImport *self, JsonObject *safe, const char *key, JsonNode *node, GError **error)
{
  g_autofree char *property = g_strdelimit (g_strdup (key), "_", '-');

  if (g_object_class_find_property (G_OBJECT_GET_CLASS (self->plan), property) == NULL
      && !g_str_equal (key, "version"))
    {
      refuse (self, key, N_ ("This program does not know this member of the plan."));
      return TRUE;
    }
  if (is_string (node) && strlen (json_node_get_string (node)) > MAX_TEXT)
    return fail (error, key, "is longer than any text that belongs there");
  if (JSON_NODE_HOLDS_ARRAY (node)
      && json_array_get_length (json_node_get_array (node)) > MAX_ELEMENTS)
    return fail (error, key, "has more elements than can be measured");
  json_object_set_member (safe, key, json_node_copy (node));
  return TRUE;
}

/* The parameters of `extension.plan`; programs, files and configurations aside. */
static JsonObject *
filter_plan (RefractPlanImport *self, JsonObject *object, GError **error)
{
  static const char *const own_keys[] = { "candidates", "control", "reference", "backend" };
  g_autoptr (JsonObject) safe = json_object_new ();
  g_autoptr (GList) members = json_object_get_members (object);
  const char *reference = refract_json_get_string (object, "reference", DEFAULT_REFERENCE);
  const char *control = refract_json_get_string (object, "control", NULL);

  for (GList *l = members; l != NULL; l = l->next)
    if (g_str_equal (l->data, "allow_model_code"))
      refuse (self, l->data, N_ ("Whether a model may run its own code is yours to say."));
    else if (!is_one_of (l->data, command_keys, G_N_ELEMENTS (command_keys))
             && !is_one_of (l->data, file_keys, G_N_ELEMENTS (file_keys))
             && !is_one_of (l->data, own_keys, G_N_ELEMENTS (own_keys))
             && !take_parameter (self, safe, l->data, json_object_get_member (object, l->data),
                                 error))
      return NULL;

  json_object_set_string_member (safe, "reference",
                                 is_allowed (self, reference) ? reference : DEFAULT_REFERENCE);
  if (control != NULL && is_allowed (self, control))
    json_object_set_string_member (safe, "control", control);
  json_object_set_array_member (
      safe, "candidates", filter_candidates (self, refract_json_get_array (object, "candidates")));
  return g_steal_pointer (&safe);
}

static void
set_int_if_there (JsonObject *plan, const char *key, JsonObject *from, const char *member)
{
  gint64 value = refract_json_get_int (from, member, 0);

  if (value > 0)
    json_object_set_int_member (plan, key, value);
}

/* What an older report says of its plan. */
static JsonObject *
make_old_plan (RefractReport *report)
{
  JsonObject *root = refract_report_get_root (report);
  JsonObject *plan = json_object_new ();
  JsonArray *candidates = json_array_new ();
  JsonArray *contexts = json_array_new ();
  g_autoptr (GString) axes = g_string_new (NULL);
  const char *candidate = refract_json_get_string (root, "candidate", NULL);
  JsonObject *trajectory = refract_report_get_axis (report, REFRACT_AXIS_TRAJECTORY);
  JsonObject *kld = refract_report_get_axis (report, REFRACT_AXIS_KLD);

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      JsonObject *axis = refract_report_get_axis (report, i);

      if (axis != NULL && !refract_json_get_boolean (axis, "skipped", FALSE))
        g_string_append_printf (axes, "%s%s", axes->len > 0 ? "," : "",
                                refract_axis_id_get_name (i));
    }
  if (axes->len > 0)
    json_object_set_string_member (plan, "axes", axes->str);
  json_object_set_int_member (plan, "version", 1);
  json_object_set_string_member (plan, "reference",
                                 refract_json_get_string (root, "reference", DEFAULT_REFERENCE));
  if (candidate != NULL)
    json_array_add_string_element (candidates, candidate);
  json_object_set_array_member (plan, "candidates", candidates);
  if (trajectory != NULL)
    set_int_if_there (plan, "n_predict", trajectory, "n_tokens_each");
  if (kld != NULL)
    {
      set_int_if_there (plan, "chunks", kld, "chunks");
      if (refract_json_get_int (kld, "ctx", 0) > 0)
        json_array_add_int_element (contexts, refract_json_get_int (kld, "ctx", 0));
    }
  if (json_array_get_length (contexts) > 0)
    json_object_set_array_member (plan, "ctx", contexts);
  else
    json_array_unref (contexts);
  return plan;
}

/* Bounds of every parameter, with a model and a candidate lent where they are still missing. Not in
 * a copy: copying a value that is out of its bounds is what must not happen. */
static gboolean
check_bounds (RefractPlan *plan, GError **error)
{
  const char *any[] = { refract_plan_get_string (plan, "reference"), NULL };
  g_auto (GStrv) candidates = NULL;
  g_autofree char *control = g_strdup (refract_plan_get_string (plan, "control"));
  g_autoptr (GError) own_error = NULL;
  gboolean valid;

  g_object_get (plan, "candidates", &candidates, NULL);
  g_object_set (plan, "model", "model.gguf", NULL);
  if (candidates[0] == NULL)
    g_object_set (plan, "candidates", any, "control", NULL, NULL);
  valid = refract_plan_validate (plan, &own_error);
  g_object_set (plan, "model", NULL, "candidates", candidates, "control", control, NULL);
  if (!valid)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_REPORT,
                 "The plan in this report cannot be used: %s", own_error->message);
  return valid;
}

static const char *
input_hash (JsonObject *inputs, const char *name)
{
  JsonObject *input = inputs != NULL ? refract_json_get_object (inputs, name) : NULL;

  return input != NULL ? refract_json_get_string (input, "sha256", NULL) : NULL;
}

static void
take_files (RefractPlanImport *self, RefractReport *report, JsonObject *plan)
{
  JsonObject *extension = refract_report_get_extension (report);
  JsonObject *model = extension != NULL ? refract_json_get_object (extension, "model") : NULL;
  JsonObject *inputs = extension != NULL ? refract_json_get_object (extension, "inputs") : NULL;
  const char *path = refract_json_get_string (refract_report_get_root (report), "model", NULL);

  take_file (self, "model", refract_json_get_string (plan, "model", path),
             model != NULL ? refract_json_get_string (model, "fingerprint", NULL) : NULL);
  for (guint i = 1; i < G_N_ELEMENTS (file_keys); i++)
    take_file (self, file_keys[i], refract_json_get_string (plan, file_keys[i], NULL),
               input_hash (inputs, file_keys[i]));
}

RefractPlanImport *
refract_plan_from_report (RefractReport *report, GError **error)
{
  g_autoptr (RefractPlanImport) self = g_new0 (RefractPlanImport, 1);
  JsonObject *extension, *embedded;
  g_autoptr (JsonObject) object = NULL;
  g_autoptr (JsonObject) safe = NULL;
  g_autoptr (GError) own_error = NULL;

  g_return_val_if_fail (REFRACT_IS_REPORT (report), NULL);

  self->plan = refract_plan_new ();
  self->claims = g_ptr_array_new_with_free_func (claim_free);
  self->refused = g_ptr_array_new_with_free_func (refusal_free);
  self->files = g_ptr_array_new_with_free_func (file_free);

  extension = refract_report_get_extension (report);
  embedded = extension != NULL ? refract_json_get_object (extension, "plan") : NULL;
  object = embedded != NULL ? json_object_ref (embedded) : make_old_plan (report);
  take_claims (self, object);
  take_files (self, report, object);
  safe = filter_plan (self, object, error);
  if (safe == NULL)
    return NULL;

  g_clear_object (&self->plan);
  self->plan = refract_plan_from_json (safe, &own_error);
  if (self->plan == NULL)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_REPORT,
                   "The plan in this report cannot be used: %s", own_error->message);
      return NULL;
    }
  return check_bounds (self->plan, error) ? g_steal_pointer (&self) : NULL;
}

/* ---- Files of this machine ---- */

/* (nullable): the hash of a known file, of the kind that reports carry */
static char *
hash_file (const char *property, const char *path, GCancellable *cancellable)
{
  if (g_str_equal (property, "model"))
    {
      g_autoptr (RefractModel) model = refract_model_new_from_file (path, cancellable, NULL);

      return model != NULL ? g_strdup (refract_model_get_info (model)->fingerprint) : NULL;
    }
  if (g_str_equal (property, "prompts"))
    {
      g_autoptr (RefractPrompts) prompts = refract_prompts_load (path, NULL);

      return prompts != NULL ? g_strdup (refract_prompts_get_sha256 (prompts)) : NULL;
    }
  else
    {
      g_autoptr (RefractText) text = refract_text_load (path, NULL);

      return text != NULL ? g_strdup (text->sha256) : NULL;
    }
}

static void
try_file (RefractPlanImport *self,
          RefractPlanFile *file,
          const char *path,
          GCancellable *cancellable)
{
  g_autofree char *base = refract_model_path_dup_name (path);
  g_autofree char *hash = NULL;

  if (file->found || !g_str_equal (base, file->name))
    return;
  hash = hash_file (file->property, path, cancellable);
  if (hash == NULL)
    return;
  if (file->hash != NULL && !g_str_equal (file->hash, hash))
    {
      g_free (file->other);
      file->other = g_strdup (path);
      return;
    }
  g_object_set (self->plan, file->property, path, NULL);
  file->found = TRUE;
}

gboolean
refract_plan_import_find_files (RefractPlanImport *self,
                                GPtrArray *known,
                                GCancellable *cancellable,
                                GError **error)
{
  for (guint i = 0; i < self->files->len; i++)
    for (guint k = 0; k < known->len; k++)
      {
        if (g_cancellable_set_error_if_cancelled (cancellable, error))
          return FALSE;
        try_file (self, g_ptr_array_index (self->files, i), g_ptr_array_index (known, k),
                  cancellable);
      }
  return TRUE;
}

const RefractPlanFile *
refract_plan_import_get_file (RefractPlanImport *self, const char *property)
{
  for (guint i = 0; i < self->files->len; i++)
    {
      const RefractPlanFile *file = g_ptr_array_index (self->files, i);

      if (g_str_equal (file->property, property))
        return file;
    }
  return NULL;
}
