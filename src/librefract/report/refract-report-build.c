/* refract-report-build.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include <glib/gi18n-lib.h>

#include "backends/refract-backend.h"
#include "core/refract-json.h"
#include "report/refract-report-private.h"

JsonObject *
refract_report_make_interval (const RefractInterval *interval)
{
  JsonObject *object = json_object_new ();

  refract_json_set_double (object, "low", interval->low);
  refract_json_set_double (object, "high", interval->high);
  json_object_set_int_member (object, "n_units", interval->n_units);
  json_object_set_boolean_member (object, "few_samples", interval->few_samples);
  return object;
}

/* bytes_per_token, bytes_source and saving: the share of the reference's bytes that is saved */
void
refract_report_set_bytes (JsonObject *object,
                          const RefractRun *run,
                          const RefractConfigResult *result)
{
  const char *source;
  double bytes = refract_config_result_get_bytes_per_token (result, run->model, &source);
  double reference = refract_config_result_get_bytes_per_token (run->reference, run->model, NULL);

  refract_json_set_double (object, "bytes_per_token", bytes > 0 ? bytes : NAN);
  json_object_set_string_member (object, "bytes_source", source);
  refract_json_set_double (object, "saving",
                           bytes > 0 && reference > 0 ? 1 - bytes / reference : NAN);
}

static void
set_rotation (JsonObject *object, const char *name, int rotation)
{
  if (rotation < 0)
    json_object_set_null_member (object, name);
  else
    json_object_set_boolean_member (object, name, rotation != 0);
}

JsonObject *
refract_report_make_kv (const RefractRun *run, const RefractConfigResult *result)
{
  const RefractKvInUse *in_use = result->kv_in_use;
  JsonObject *object = json_object_new ();
  JsonObject *requested = json_object_new ();

  json_object_set_string_member (object, "label", refract_kv_config_get_label (result->kv));
  json_object_set_string_member (requested, "text", refract_kv_config_get_text (result->kv));
  json_object_set_string_member (requested, "type_k", refract_kv_config_get_type_k (result->kv));
  json_object_set_string_member (requested, "type_v", refract_kv_config_get_type_v (result->kv));
  json_object_set_object_member (object, "requested", requested);
  json_object_set_null_member (object, "in_use");
  if (in_use != NULL)
    {
      JsonObject *used = json_object_new ();

      refract_json_set_string_or_null (used, "type_k", in_use->type_k);
      refract_json_set_string_or_null (used, "type_v", in_use->type_v);
      set_rotation (used, "rotation_k", in_use->rotation_k);
      set_rotation (used, "rotation_v", in_use->rotation_v);
      if (in_use->n_layers > 0)
        {
          json_object_set_int_member (used, "layers", in_use->n_layers);
          json_object_set_int_member (used, "layers_quantized", in_use->n_layers_quantized);
        }
      if (in_use->note != NULL)
        json_object_set_string_member (used, "note", in_use->note);
      json_object_set_object_member (object, "in_use", used);
    }
  json_object_set_string_member (
      object, "evidence",
      refract_evidence_get_name (in_use != NULL ? in_use->evidence : REFRACT_EVIDENCE_NONE));
  refract_report_set_bytes (object, run, result);
  return object;
}

JsonObject *
refract_report_make_performance (const RefractConfigResult *result)
{
  const RefractPerformance *performance = &result->performance;
  const RefractKvInUse *in_use = result->kv_in_use;
  JsonObject *object = json_object_new ();

  refract_json_set_double (object, "prefill_tps",
                           performance->prefill_tps > 0 ? performance->prefill_tps : NAN);
  refract_json_set_double (object, "decode_tps",
                           performance->decode_tps > 0 ? performance->decode_tps : NAN);
  refract_json_set_double (object, "load_seconds",
                           performance->load_seconds >= 0 ? performance->load_seconds : NAN);
  refract_json_set_double (object, "engine_seconds", performance->engine_seconds);
  json_object_set_int_member (object, "requests", performance->n_requests);
  refract_json_set_double (object, "peak_rss_bytes",
                           performance->peak_rss > 0 ? (double) performance->peak_rss : NAN);
  refract_json_set_double (object, "kv_buffer_mib",
                           in_use != NULL && in_use->buffer_mib >= 0 ? in_use->buffer_mib : NAN);
  refract_json_set_double (object, "kv_cells",
                           in_use != NULL && in_use->n_cells > 0 ? (double) in_use->n_cells : NAN);
  return object;
}

static JsonObject *
make_environment (const RefractRun *run, JsonObject *shared)
{
  JsonObject *hardware = refract_json_get_object (shared, "hardware");
  JsonObject *environment = json_object_new ();
  const char *backend = refract_backend_name_of_engine (run->engine->name);
  g_autofree char *version = g_strconcat (backend, "_version", NULL);
  g_autofree char *model = refract_model_path_dup_name (refract_model_get_info (run->model)->path);

  json_object_set_string_member (environment, "backend", backend);
  refract_json_set_string_or_null (environment, "model", model);
  if (g_str_equal (backend, "llamacpp"))
    {
      refract_json_set_string_or_null (environment, "llama_cpp_commit", run->engine->build);
      refract_json_set_string_or_null (environment, "llama_cpp_version", run->engine->version);
    }
  else
    refract_json_set_string_or_null (environment, version, run->engine->version);
  refract_json_set_string_or_null (environment, "platform",
                                   refract_json_get_string (hardware, "platform", NULL));
  refract_json_set_string_or_null (environment, "chip",
                                   refract_json_get_string (hardware, "processor", NULL));
  refract_json_set_double (environment, "ram_gb",
                           refract_json_get_double (hardware, "memory_bytes", 0)
                               / (1024.0 * 1024.0 * 1024.0));
  json_object_set_array_member (
      environment, "gpus",
      refract_json_array_from_strv ((const char *const *) run->engine->devices));
  return environment;
}

static char *
make_repro_command (const RefractRun *run, const RefractConfigResult *result, gboolean redact)
{
  g_autoptr (RefractPlan) plan = refract_plan_copy (run->plan);
  g_autoptr (RefractPlan) defaults = refract_plan_new ();
  static const char *const texts[] = { "rniah-needle", "rniah-question" };

  for (guint i = 0; redact && i < G_N_ELEMENTS (texts); i++)
    if (g_strcmp0 (refract_plan_get_string (plan, texts[i]),
                   refract_plan_get_string (defaults, texts[i]))
        != 0)
      g_object_set (plan, texts[i], REFRACT_REDACTED, NULL);
  return refract_plan_get_repro_command (plan, result->kv,
                                         refract_backend_name_of_engine (run->engine->name));
}

static JsonObject *
make_composite_detail (const RefractRun *run, const RefractConfigResult *result)
{
  JsonObject *object = json_object_new ();
  JsonArray *notes = json_array_new ();

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      g_autofree char *key = g_strconcat (refract_axis_id_get_key (i), "_score", NULL);
      gboolean scored = refract_config_result_is_scored (result, i);

      refract_json_set_double (object, key, scored ? result->axes[i]->score : NAN);
      if (scored && result->axes[i]->confidence == REFRACT_CONFIDENCE_LOW)
        {
          g_autofree char *note
              = g_strdup_printf (N_ ("%s ran at low confidence; the composite includes it."),
                                 refract_axis_id_get_title (i));

          json_array_add_string_element (notes, note);
        }
    }
  if (run->floor != NULL && run->floor->has_composite)
    {
      const RefractAxisResult *trajectory = run->floor->axes[REFRACT_AXIS_TRAJECTORY];

      refract_json_set_double (object, "floor_score", run->floor->composite);
      json_object_set_boolean_member (
          object, "floor_ok",
          run->floor->composite >= REFRACT_REPORT_FLOOR_MINIMUM
              && (trajectory == NULL
                  || refract_json_get_double (trajectory->json, "full_match_rate", 1) >= 1));
    }
  else
    {
      json_object_set_null_member (object, "floor_score");
      json_object_set_null_member (object, "floor_ok");
    }
  refract_json_set_double (object, "floor_min", REFRACT_REPORT_FLOOR_MINIMUM);
  json_object_set_array_member (object, "notes", notes);
  return object;
}

static void
set_findings (JsonObject *root,
              JsonObject *extension,
              const RefractRun *run,
              const RefractConfigResult *result)
{
  g_autoptr (GPtrArray) findings = refract_diagnose (run, result);
  JsonArray *texts = json_array_new ();
  JsonArray *objects = json_array_new ();

  for (guint i = 0; i < findings->len; i++)
    {
      const RefractFinding *finding = g_ptr_array_index (findings, i);
      JsonObject *object = json_object_new ();

      json_array_add_string_element (texts, finding->text);
      json_object_set_string_member (object, "text", finding->text);
      refract_json_set_string_or_null (object, "remedy", finding->remedy);
      json_array_add_object_element (objects, object);
    }
  json_object_set_array_member (root, "diagnosis", texts);
  json_object_set_array_member (extension, "findings", objects);
}

static void
set_weakest (JsonObject *extension, const RefractConfigResult *result)
{
  int weakest = -1;
  JsonObject *object;

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    if (refract_config_result_is_scored (result, i)
        && (weakest < 0 || result->axes[i]->score < result->axes[weakest]->score))
      weakest = i;
  if (weakest < 0)
    {
      json_object_set_null_member (extension, "weakest_axis");
      return;
    }
  object = json_object_new ();
  json_object_set_string_member (object, "axis", refract_axis_id_get_name (weakest));
  json_object_set_string_member (object, "title", refract_axis_id_get_title (weakest));
  refract_json_set_double (object, "score", result->axes[weakest]->score);
  json_object_set_object_member (extension, "weakest_axis", object);
}

static void
take_shared (JsonObject *extension, JsonObject *shared, const char *const *names)
{
  for (guint i = 0; names[i] != NULL; i++)
    json_object_set_member (extension, names[i],
                            json_node_copy (json_object_get_member (shared, names[i])));
}

static JsonObject *
make_extension (JsonObject *root,
                const RefractRun *run,
                const RefractConfigResult *result,
                JsonObject *shared,
                gboolean redact)
{
  static const char *const about[] = { "comparable", "plan", NULL };
  static const char *const sweep[]
      = { "recommendation", "ranking", "control", "failed", "floor", NULL };
  static const char *const setting[] = {
    "reference_kv", "reference_performance", "slots", "model", "hardware", "engine", "inputs", NULL
  };
  static const char *const notes[] = { "notes", NULL };
  g_autofree char *ship_sentence = refract_ship_describe (result);
  JsonObject *extension = json_object_new ();
  JsonObject *application = json_object_new ();
  JsonObject *ship = json_object_new ();

  json_object_set_int_member (extension, "version", REFRACT_REPORT_EXTENSION);
  json_object_set_string_member (application, "name", "refract");
  json_object_set_string_member (application, "version", PACKAGE_VERSION);
  json_object_set_object_member (extension, "application", application);
  refract_json_set_string_or_null (extension, "run_id", run->run_id);
  json_object_set_boolean_member (extension, "redacted", redact);
  take_shared (extension, shared, about);

  if (result->has_composite)
    json_object_set_object_member (extension, "interval",
                                   refract_report_make_interval (&result->composite_interval));
  else
    json_object_set_null_member (extension, "interval");
  set_weakest (extension, result);
  json_object_set_boolean_member (extension, "within_noise", refract_within_noise (run, result));
  json_object_set_boolean_member (extension, "not_proved", result->not_proved);
  refract_json_set_string_or_null (extension, "doubt", result->doubt);
  json_object_set_boolean_member (extension, "same_as_reference", result->same_as_reference);
  json_object_set_boolean_member (extension, "is_control", result->is_control);
  json_object_set_string_member (ship, "rule", refract_ship_get_name (refract_ship_rule (result)));
  json_object_set_string_member (ship, "sentence", ship_sentence);
  json_object_set_object_member (extension, "ship", ship);
  set_findings (root, extension, run, result);
  take_shared (extension, shared, sweep);
  json_object_set_object_member (extension, "kv", refract_report_make_kv (run, result));
  json_object_set_object_member (extension, "performance",
                                 refract_report_make_performance (result));
  take_shared (extension, shared, setting);
  json_object_set_object_member (extension, "axes",
                                 refract_report_make_axes_extension (run, result));
  take_shared (extension, shared, notes);
  refract_json_set_double (extension, "wall_seconds", run->wall_seconds);
  return extension;
}

JsonObject *
refract_report_make_root (const RefractRun *run,
                          const RefractConfigResult *result,
                          JsonObject *shared,
                          gboolean redact)
{
  g_autoptr (JsonObject) root = json_object_new ();
  g_autofree char *model = refract_model_path_dup_name (refract_model_get_info (run->model)->path);
  g_autofree char *repro = make_repro_command (run, result, redact);
  g_autofree char *timestamp = g_date_time_format (run->finished, "%Y-%m-%dT%H:%M:%S");
  JsonArray *range = json_array_new ();
  JsonObject *extension;

  json_object_set_string_member (root, "schema", REFRACT_REPORT_SCHEMA);
  json_object_set_string_member (root, "framework_version", REFRACT_REPORT_FRAMEWORK);
  json_object_set_object_member (root, "environment", make_environment (run, shared));
  json_object_set_string_member (root, "repro_command", repro);
  json_object_set_string_member (root, "timestamp", timestamp);
  json_object_set_string_member (root, "score_direction", "higher_is_better");
  json_array_add_int_element (range, 0);
  json_array_add_int_element (range, 100);
  json_object_set_array_member (root, "score_range", range);
  refract_json_set_string_or_null (root, "model", model);
  json_object_set_string_member (root, "reference",
                                 refract_kv_config_get_text (run->reference->kv));
  json_object_set_string_member (root, "candidate", refract_kv_config_get_text (result->kv));
  if (result->has_composite)
    {
      RefractBand band = refract_band_for_score (result->composite);

      refract_json_set_double (root, "composite", result->composite);
      json_object_set_string_member (root, "band", refract_band_get_name (band));
      json_object_set_string_member (root, "summary", refract_band_get_summary (band));
    }
  else
    {
      json_object_set_null_member (root, "composite");
      json_object_set_null_member (root, "band");
      json_object_set_string_member (root, "summary",
                                     result->not_proved
                                         ? N_ ("It could not be proved that the setting engaged.")
                                         : N_ ("No axis could be scored."));
    }
  /* Set here, so that it stands before what follows; its lines come with the findings. */
  json_object_set_null_member (root, "diagnosis");
  extension = make_extension (root, run, result, shared, redact);
  json_object_set_object_member (root, "composite_detail", make_composite_detail (run, result));
  json_object_set_object_member (root, "axes", refract_report_make_axes (run, result));
  json_object_set_object_member (root, "extras", json_object_new ());
  json_object_set_object_member (root, "extension", extension);
  return refract_report_make_public (root, redact);
}
