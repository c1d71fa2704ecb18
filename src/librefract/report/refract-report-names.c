/* refract-report-names.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "core/refract-json.h"
#include "core/refract-text.h"
#include "report/refract-report.h"

/* Longer names are cut: a report may say anything. */
#define MAX_NAME 120

/* (transfer full): not more of @text than a name shows, so that long ones cost nothing */
static char *
dup_start (const char *text)
{
  return g_strndup (text, 8 * MAX_NAME);
}

static gboolean
contains_ignoring_case (const char *text, const char *part)
{
  g_autofree char *folded = g_utf8_casefold (text, -1);
  g_autofree char *folded_part = g_utf8_casefold (part, -1);

  return strstr (folded, folded_part) != NULL;
}

char *
refract_report_dup_model_name (RefractReport *self)
{
  JsonObject *root = refract_report_get_root (self);
  JsonObject *model = refract_json_get_object (refract_report_get_extension (self), "model");
  g_autofree char *name = dup_start (refract_json_get_string (model, "name", ""));
  g_autofree char *weights = dup_start (refract_json_get_string (model, "quantization", "unknown"));
  const char *path = refract_json_get_string (root, "model", "");
  const char *slash = MAX (strrchr (path, '/'), strrchr (path, '\\'));
  g_autofree char *text = NULL;

  if (*name != '\0' && !g_str_equal (weights, "unknown") && !contains_ignoring_case (name, weights))
    text = g_strdup_printf ("%s %s", name, weights);
  else
    text = dup_start (*name != '\0' ? name : slash != NULL ? slash + 1 : path);
  if (g_str_has_suffix (text, ".gguf"))
    text[strlen (text) - strlen (".gguf")] = '\0';
  return refract_text_clean (*text != '\0' ? text : _ ("Unknown model"), MAX_NAME);
}

const char *
refract_report_get_engine_name (RefractReport *self)
{
  JsonObject *root = refract_report_get_root (self);
  const char *name = refract_json_find_string (root, "extension.engine.name");

  if (name == NULL)
    name = refract_json_find_string (root, "environment.backend");
  return g_strcmp0 (name, "llamacpp") == 0 ? "llama.cpp" : name;
}

char *
refract_kv_text_to_label (const char *text)
{
  g_autoptr (RefractKvConfig) kv
      = strlen (text) < 1000 ? refract_kv_config_parse (text, NULL) : NULL;

  return refract_text_clean (kv != NULL ? refract_kv_config_get_label (kv) : text, MAX_NAME);
}

/* The label that was written with the report, else one made from the text. */
static char *
dup_label (RefractReport *self, const char *kv_key, const char *text_key)
{
  JsonObject *kv = refract_json_get_object (refract_report_get_extension (self), kv_key);
  const char *label = refract_json_get_string (kv, "label", "");

  if (*label != '\0')
    return refract_text_clean (label, MAX_NAME);
  return refract_kv_text_to_label (
      refract_json_get_string (refract_report_get_root (self), text_key, _ ("Unknown KV cache")));
}

char *
refract_report_dup_candidate_label (RefractReport *self)
{
  return dup_label (self, "kv", "candidate");
}

char *
refract_report_dup_reference_label (RefractReport *self)
{
  return dup_label (self, "reference_kv", "reference");
}
