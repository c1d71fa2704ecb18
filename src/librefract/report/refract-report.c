/* refract-report.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "core/refract-error.h"
#include "core/refract-json-scan.h"
#include "core/refract-json.h"
#include "report/refract-report-private.h"
#include "report/refract-report-text.h"

/* characters; a report may say anything */
#define MAX_NAME 200

struct _RefractReport
{
  GObject parent_instance;

  JsonObject *root;
};

G_DEFINE_FINAL_TYPE (RefractReport, refract_report, G_TYPE_OBJECT)

static void
refract_report_finalize (GObject *object)
{
  RefractReport *self = REFRACT_REPORT (object);

  g_clear_pointer (&self->root, json_object_unref);

  G_OBJECT_CLASS (refract_report_parent_class)->finalize (object);
}

static void
refract_report_class_init (RefractReportClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = refract_report_finalize;
}

static void
refract_report_init (RefractReport *self)
{
}

RefractReport *
refract_report_new_take (JsonObject *root)
{
  RefractReport *self = g_object_new (REFRACT_TYPE_REPORT, NULL);

  json_object_seal (root);
  self->root = root;
  return self;
}

RefractReport *
refract_report_new (const RefractRun *run, const RefractConfigResult *result, gboolean redact)
{
  g_autoptr (JsonObject) shared = NULL;

  g_return_val_if_fail (result->error == NULL, NULL);

  shared = refract_report_make_shared (run, redact);
  return refract_report_new_take (refract_report_make_root (run, result, shared, redact));
}

GPtrArray *
refract_report_list_results (const RefractRun *run)
{
  g_autoptr (GPtrArray) ranked = refract_rank (run);
  GPtrArray *results = g_ptr_array_new ();

  for (guint i = 0; i < ranked->len; i++)
    g_ptr_array_add (results, (gpointer) ((RefractRanked *) g_ptr_array_index (ranked, i))->result);
  for (guint i = 0; i < run->candidates->len; i++)
    {
      RefractConfigResult *result = g_ptr_array_index (run->candidates, i);
      guint at = ranked->len;

      if (result->error != NULL || result->is_control || g_ptr_array_find (results, result, NULL))
        continue;
      while (at < results->len
             && g_strcmp0 (refract_kv_config_get_text (result->kv),
                           refract_kv_config_get_text (
                               ((RefractConfigResult *) g_ptr_array_index (results, at))->kv))
                    > 0)
        at++;
      g_ptr_array_insert (results, at, result);
    }
  for (guint i = 0; i < run->candidates->len; i++)
    {
      RefractConfigResult *result = g_ptr_array_index (run->candidates, i);

      if (result->error == NULL && result->is_control)
        g_ptr_array_add (results, result);
    }
  return results;
}

GPtrArray *
refract_report_new_for_run (const RefractRun *run, gboolean redact)
{
  g_autoptr (GPtrArray) results = refract_report_list_results (run);
  g_autoptr (JsonObject) shared = refract_report_make_shared (run, redact);
  GPtrArray *reports = g_ptr_array_new_with_free_func (g_object_unref);

  for (guint i = 0; i < results->len; i++)
    g_ptr_array_add (reports, refract_report_new_take (refract_report_make_root (
                                  run, g_ptr_array_index (results, i), shared, redact)));
  return reports;
}

/* @object: (transfer full) (nullable): what was read */
static RefractReport *
finish_reading (JsonObject *object, GError *read_error, GError **error)
{
  g_autoptr (JsonObject) root = object;

  if (root == NULL)
    {
      read_error->code = REFRACT_ERROR_REPORT;
      g_propagate_error (error, read_error);
      return NULL;
    }
  if (!refract_report_check (root, error))
    return NULL;
  return refract_report_new_take (g_steal_pointer (&root));
}

static RefractReport *
load (const char *path, const char *const *pruned, GError **error)
{
  GError *read_error = NULL;
  JsonObject *object;
  RefractReport *self;

  g_return_val_if_fail (path != NULL, NULL);

  object = refract_json_load_object_pruned (path, REFRACT_JSON_MAX_BYTES, pruned, &read_error);
  self = finish_reading (object, read_error, error);
  if (self == NULL && object != NULL)
    {
      g_autofree char *name = g_filename_display_basename (path);

      g_prefix_error (error, "“%s” cannot be used. ", name);
    }
  return self;
}

RefractReport *
refract_report_load (const char *path, GError **error)
{
  return load (path, NULL, error);
}

/* The arrays that a part of a report does without. */
static const char *const *
get_pruned (RefractReportDetail detail)
{
  static const char *const summary[]
      = { "per_prompt", "per_chunk", "cells", "answers", "trials", "worst", "depth", "bins", NULL };
  static const char *const ranks[]
      = { "per_prompt", "per_chunk",      "cells",        "answers", "trials",  "worst",
          "depth",      "bins",           "histogram",    "ladder",  "plan",    "hardware",
          "inputs",     "findings",       "diagnosis",    "ranking", "control", "failed",
          "notes",      "recommendation", "reference_kv", "slots",   NULL };
  static const char *const numbers[]
      = { "answers", "trials", "worst", "depth", "bins", "ref_token_ids", "cand_token_ids", NULL };

  switch (detail)
    {
    case REFRACT_REPORT_RANKS:
      return ranks;
    case REFRACT_REPORT_SUMMARY:
      return summary;
    case REFRACT_REPORT_NUMBERS:
      return numbers;
    default:
      g_return_val_if_reached (numbers);
    }
}

RefractReport *
refract_report_load_partly (const char *path, RefractReportDetail detail, GError **error)
{
  return load (path, get_pruned (detail), error);
}

static RefractReport *
parse (const char *text, gsize length, const char *const *pruned, GError **error)
{
  GError *read_error = NULL;
  JsonObject *object;

  g_return_val_if_fail (text != NULL || length == 0, NULL);

  object = refract_json_parse_object_pruned (text, length, pruned, &read_error);
  return finish_reading (object, read_error, error);
}

RefractReport *
refract_report_new_from_text (const char *text, gsize length, GError **error)
{
  return parse (text, length, NULL, error);
}

RefractReport *
refract_report_new_from_text_partly (const char *text,
                                     gsize length,
                                     RefractReportDetail detail,
                                     GError **error)
{
  return parse (text, length, get_pruned (detail), error);
}

gboolean
refract_report_save (RefractReport *self, const char *path, GError **error)
{
  g_return_val_if_fail (REFRACT_IS_REPORT (self), FALSE);

  return refract_json_save_object (self->root, path, error);
}

JsonObject *
refract_report_get_root (RefractReport *self)
{
  g_return_val_if_fail (REFRACT_IS_REPORT (self), NULL);

  return self->root;
}

JsonObject *
refract_report_get_extension (RefractReport *self)
{
  g_return_val_if_fail (REFRACT_IS_REPORT (self), NULL);

  return refract_json_get_object (self->root, "extension");
}

JsonObject *
refract_report_get_axis (RefractReport *self, RefractAxisId axis)
{
  g_return_val_if_fail (REFRACT_IS_REPORT (self), NULL);

  return refract_json_get_object (refract_json_get_object (self->root, "axes"),
                                  refract_axis_id_get_key (axis));
}

JsonObject *
refract_report_get_axis_extension (RefractReport *self, RefractAxisId axis)
{
  g_return_val_if_fail (REFRACT_IS_REPORT (self), NULL);

  return refract_json_get_object (
      refract_json_get_object (refract_report_get_extension (self), "axes"),
      refract_axis_id_get_name (axis));
}

double
refract_report_get_composite (RefractReport *self)
{
  g_return_val_if_fail (REFRACT_IS_REPORT (self), NAN);

  return refract_json_get_double (self->root, "composite", NAN);
}

double
refract_report_get_axis_score (RefractReport *self, RefractAxisId axis)
{
  return refract_json_get_double (refract_report_get_axis (self, axis), "score", NAN);
}
