/* refract-report-shared.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "audit/refract-hardware.h"
#include "core/refract-json.h"
#include "core/refract-text.h"
#include "report/refract-report-private.h"

static JsonArray *
array_from_strings (GPtrArray *strings)
{
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < strings->len; i++)
    json_array_add_string_element (array, g_ptr_array_index (strings, i));
  return array;
}

static JsonObject *
make_comparable (const RefractRun *run)
{
  JsonObject *object = json_object_new ();
  g_autoptr (GPtrArray) why = NULL;

  json_object_set_boolean_member (object, "refract_0_3", refract_is_comparable (run, &why));
  json_object_set_array_member (object, "why", array_from_strings (why));
  return object;
}

/* The plan as reports carry it: without paths, and with its candidates in an order of their own, so
 * that the order on the command line changes nothing. */
static JsonObject *
make_plan (const RefractRun *run, gboolean redact)
{
  g_autoptr (RefractPlan) plan = refract_plan_copy (run->plan);
  g_autoptr (GPtrArray) candidates = refract_plan_get_candidates (plan, NULL);
  g_autoptr (GPtrArray) texts = g_ptr_array_new ();

  for (guint i = 0; candidates != NULL && i < candidates->len; i++)
    g_ptr_array_add (texts,
                     (char *) refract_kv_config_get_text (g_ptr_array_index (candidates, i)));
  g_ptr_array_sort (texts, refract_text_compare);
  g_ptr_array_add (texts, NULL);
  g_object_set (plan, "candidates", texts->pdata, NULL);
  if (redact)
    g_object_set (plan, "rniah-needle", REFRACT_REDACTED, "rniah-question", REFRACT_REDACTED, NULL);
  return refract_plan_to_json (plan, FALSE);
}

static JsonObject *
make_ranking_row (const RefractRun *run,
                  const RefractConfigResult *result,
                  const RefractConfigResult *dominated_by)
{
  JsonObject *row = json_object_new ();

  json_object_set_string_member (row, "label", refract_kv_config_get_label (result->kv));
  json_object_set_string_member (row, "candidate", refract_kv_config_get_text (result->kv));
  if (result->has_composite)
    {
      refract_json_set_double (row, "composite", result->composite);
      json_object_set_object_member (row, "interval",
                                     refract_report_make_interval (&result->composite_interval));
      json_object_set_string_member (
          row, "band", refract_band_get_name (refract_band_for_score (result->composite)));
    }
  else
    {
      json_object_set_null_member (row, "composite");
      json_object_set_null_member (row, "interval");
      json_object_set_null_member (row, "band");
    }
  json_object_set_boolean_member (row, "not_proved", result->not_proved);
  json_object_set_string_member (row, "ship", refract_ship_get_name (refract_ship_rule (result)));
  json_object_set_boolean_member (row, "within_noise", refract_within_noise (run, result));
  refract_report_set_bytes (row, run, result);
  refract_json_set_double (row, "prefill_tps",
                           result->performance.prefill_tps > 0 ? result->performance.prefill_tps
                                                               : NAN);
  refract_json_set_double (
      row, "decode_tps", result->performance.decode_tps > 0 ? result->performance.decode_tps : NAN);
  refract_json_set_string_or_null (
      row, "dominated_by",
      dominated_by != NULL ? refract_kv_config_get_text (dominated_by->kv) : NULL);
  return row;
}

static JsonArray *
make_ranking (const RefractRun *run)
{
  g_autoptr (GPtrArray) ranked = refract_rank (run);
  g_autoptr (GPtrArray) results = refract_report_list_results (run);
  JsonArray *rows = json_array_new ();

  for (guint i = 0; i < results->len; i++)
    {
      const RefractConfigResult *result = g_ptr_array_index (results, i);
      const RefractRanked *entry = i < ranked->len ? g_ptr_array_index (ranked, i) : NULL;

      if (!result->is_control)
        json_array_add_object_element (
            rows, make_ranking_row (run, result, entry != NULL ? entry->dominated_by : NULL));
    }
  return rows;
}

static void
set_recommendation (JsonObject *shared, const RefractRun *run)
{
  g_autoptr (RefractRecommendation) recommendation = refract_recommend (run);
  JsonObject *object = json_object_new ();

  refract_json_set_string_or_null (
      object, "candidate",
      recommendation->pick != NULL ? refract_kv_config_get_text (recommendation->pick->kv) : NULL);
  json_object_set_string_member (object, "sentence", recommendation->sentence);
  json_object_set_boolean_member (object, "can_tell_apart", recommendation->can_tell_apart);
  refract_json_set_string_or_null (object, "control_sentence", recommendation->control_sentence);
  json_object_set_object_member (shared, "recommendation", object);

  json_object_set_null_member (shared, "control");
  for (guint i = 0; i < run->candidates->len; i++)
    {
      const RefractConfigResult *result = g_ptr_array_index (run->candidates, i);

      if (result->is_control && result->error == NULL)
        json_object_set_object_member (shared, "control", make_ranking_row (run, result, NULL));
    }
}

static int
compare_results (gconstpointer a, gconstpointer b)
{
  const RefractConfigResult *left = *(const RefractConfigResult *const *) a;
  const RefractConfigResult *right = *(const RefractConfigResult *const *) b;

  return g_strcmp0 (refract_kv_config_get_text (left->kv), refract_kv_config_get_text (right->kv));
}

static JsonArray *
make_failed (const RefractRun *run)
{
  g_autoptr (GPtrArray) failed = g_ptr_array_new ();
  JsonArray *array = json_array_new ();

  for (guint i = 0; i < run->candidates->len; i++)
    {
      RefractConfigResult *result = g_ptr_array_index (run->candidates, i);

      if (result->error != NULL)
        g_ptr_array_add (failed, result);
    }
  g_ptr_array_sort (failed, compare_results);
  for (guint i = 0; i < failed->len; i++)
    {
      const RefractConfigResult *result = g_ptr_array_index (failed, i);
      JsonObject *object = json_object_new ();

      json_object_set_string_member (object, "label", refract_kv_config_get_label (result->kv));
      json_object_set_string_member (object, "candidate", refract_kv_config_get_text (result->kv));
      refract_json_set_string_or_null (object, "message", result->error->message);
      json_array_add_object_element (array, object);
    }
  return array;
}

static guint
count_divergent (JsonObject *trajectory)
{
  JsonArray *prompts = refract_json_get_array (trajectory, "per_prompt");
  guint n = 0;

  for (guint i = 0; i < refract_json_get_length (prompts); i++)
    n += !refract_json_get_boolean (json_array_get_object_element (prompts, i), "matched", FALSE);
  return n;
}

static JsonObject *
make_floor (const RefractRun *run)
{
  const RefractConfigResult *floor = run->floor;
  JsonObject *object = json_object_new ();
  JsonObject *scores = json_object_new ();

  refract_json_set_double (object, "composite", floor->has_composite ? floor->composite : NAN);
  json_object_set_object_member (object, "interval",
                                 refract_report_make_interval (&floor->composite_interval));
  refract_json_set_double (object, "minimum", REFRACT_REPORT_FLOOR_MINIMUM);
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    refract_json_set_double (scores, refract_axis_id_get_name (i),
                             refract_config_result_is_scored (floor, i) ? floor->axes[i]->score
                                                                        : NAN);
  json_object_set_object_member (object, "scores", scores);
  json_object_set_null_member (object, "mean_kld");
  json_object_set_null_member (object, "same_topp_pct");
  json_object_set_null_member (object, "divergent_prompts");
  if (refract_config_result_is_scored (floor, REFRACT_AXIS_KLD))
    {
      JsonObject *kld = floor->axes[REFRACT_AXIS_KLD]->json;

      refract_json_set_double (object, "mean_kld", refract_json_get_double (kld, "mean_kld", NAN));
      refract_json_set_double (object, "same_topp_pct",
                               refract_json_get_double (kld, "same_topp_pct", NAN));
    }
  if (refract_config_result_is_scored (floor, REFRACT_AXIS_TRAJECTORY))
    json_object_set_int_member (object, "divergent_prompts",
                                count_divergent (floor->axes[REFRACT_AXIS_TRAJECTORY]->json));
  return object;
}

static JsonObject *
make_slots (const RefractRun *run)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "n", run->n_slots);
  json_object_set_int_member (object, "cells", run->n_cells);
  refract_json_set_string_or_null (object, "evidence", run->slots_evidence);
  return object;
}

static void
set_uint64 (JsonObject *object, const char *name, guint64 value)
{
  json_object_set_int_member (object, name, (gint64) MIN (value, G_MAXINT64));
}

static JsonObject *
make_model (const RefractModelInfo *info)
{
  JsonObject *object = json_object_new ();
  g_autofree char *file = g_path_get_basename (info->path);

  refract_json_set_string_or_null (object, "name", info->name);
  refract_json_set_string_or_null (object, "file", file);
  set_uint64 (object, "size_bytes", info->size_bytes);
  refract_json_set_string_or_null (object, "fingerprint", info->fingerprint);
  refract_json_set_string_or_null (object, "architecture", info->architecture);
  refract_json_set_string_or_null (object, "quantization", info->quantization);
  json_object_set_int_member (object, "n_layers", info->n_layers);
  json_object_set_int_member (object, "n_kv_layers", info->n_kv_layers);
  json_object_set_int_member (object, "n_window_layers", info->n_window_layers);
  json_object_set_int_member (object, "n_kv_heads", info->n_kv_heads);
  json_object_set_int_member (object, "head_dim_k", info->head_dim_k);
  json_object_set_int_member (object, "head_dim_v", info->head_dim_v);
  set_uint64 (object, "k_elements_per_token", info->k_elements_per_token);
  set_uint64 (object, "v_elements_per_token", info->v_elements_per_token);
  json_object_set_boolean_member (object, "latent_attention", info->latent_attention);
  set_uint64 (object, "context_length", info->context_length);
  set_uint64 (object, "n_vocab", info->n_vocab);
  json_object_set_boolean_member (object, "has_chat_template", info->chat_template != NULL);
  return object;
}

static JsonObject *
make_hardware (const RefractRun *run)
{
  JsonObject *object = json_object_new ();
  g_autofree char *platform = refract_hardware_dup_platform ();
  g_autofree char *processor = refract_hardware_dup_processor ();

  refract_json_set_string_or_null (object, "platform", platform);
  refract_json_set_string_or_null (object, "processor", processor);
  set_uint64 (object, "memory_bytes", refract_hardware_get_memory ());
  json_object_set_array_member (
      object, "devices", refract_json_array_from_strv ((const char *const *) run->engine->devices));
  return object;
}

static JsonObject *
make_engine (const RefractRun *run)
{
  JsonObject *object = json_object_new ();

  refract_json_set_string_or_null (object, "name", run->engine->name);
  refract_json_set_string_or_null (object, "version", run->engine->version);
  refract_json_set_string_or_null (object, "build", run->engine->build);
  return object;
}

static void
set_text (JsonObject *inputs, const char *name, const RefractText *text)
{
  JsonObject *object;
  g_autofree char *file = NULL;

  if (text == NULL)
    {
      json_object_set_null_member (inputs, name);
      return;
    }
  object = json_object_new ();
  file = g_path_get_basename (text->path);
  refract_json_set_string_or_null (object, "name", file);
  set_uint64 (object, "size_bytes", text->size_bytes);
  refract_json_set_string_or_null (object, "sha256", text->sha256);
  json_object_set_object_member (inputs, name, object);
}

/* What tells a text of the plan from another one, also where it is redacted. */
static void
set_fingerprint (JsonObject *inputs, const char *name, const RefractRun *run, const char *field)
{
  const char *text = refract_plan_get_string (run->plan, field);
  g_autofree char *sha256 = NULL;
  JsonObject *object = json_object_new ();

  if (text != NULL)
    sha256 = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  refract_json_set_string_or_null (object, "sha256", sha256);
  json_object_set_object_member (inputs, name, object);
}

static JsonObject *
make_inputs (const RefractRun *run)
{
  JsonObject *inputs = json_object_new ();

  json_object_set_null_member (inputs, "prompts");
  if (run->prompts != NULL)
    {
      const char *path = refract_plan_get_string (run->plan, "prompts");
      g_autofree char *file = g_path_get_basename (path != NULL ? path : "v1.jsonl");
      JsonObject *object = json_object_new ();

      refract_json_set_string_or_null (object, "name", file);
      json_object_set_int_member (object, "n", refract_prompts_get_n (run->prompts));
      refract_json_set_string_or_null (object, "sha256", refract_prompts_get_sha256 (run->prompts));
      json_object_set_object_member (inputs, "prompts", object);
    }
  set_text (inputs, "corpus", run->corpus);
  set_text (inputs, "haystack", run->haystack);
  set_fingerprint (inputs, "needle", run, "rniah-needle");
  set_fingerprint (inputs, "question", run, "rniah-question");
  return inputs;
}

JsonObject *
refract_report_make_shared (const RefractRun *run, gboolean redact)
{
  JsonObject *shared = json_object_new ();

  json_object_set_object_member (shared, "comparable", make_comparable (run));
  json_object_set_object_member (shared, "plan", make_plan (run, redact));
  set_recommendation (shared, run);
  json_object_set_array_member (shared, "ranking", make_ranking (run));
  json_object_set_array_member (shared, "failed", make_failed (run));
  if (run->floor != NULL)
    json_object_set_object_member (shared, "floor", make_floor (run));
  else
    json_object_set_null_member (shared, "floor");
  json_object_set_object_member (shared, "reference_kv",
                                 refract_report_make_kv (run, run->reference));
  json_object_set_object_member (shared, "reference_performance",
                                 refract_report_make_performance (run->reference));
  json_object_set_object_member (shared, "slots", make_slots (run));
  json_object_set_object_member (shared, "model", make_model (refract_model_get_info (run->model)));
  json_object_set_object_member (shared, "hardware", make_hardware (run));
  json_object_set_object_member (shared, "engine", make_engine (run));
  json_object_set_object_member (shared, "inputs", make_inputs (run));
  json_object_set_array_member (shared, "notes", array_from_strings (run->notes));
  return shared;
}
