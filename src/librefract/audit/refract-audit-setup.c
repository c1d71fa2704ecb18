/* refract-audit-setup.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <sys/statvfs.h>

#include <glib/gstdio.h>

#include "audit/refract-audit-private.h"
#include "audit/refract-needs.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

/* (transfer full) (nullable) */
static char **
list_candidates (RefractPlan *plan)
{
  g_autoptr (GPtrArray) candidates = refract_plan_get_candidates (plan, NULL);
  g_autoptr (RefractKvConfig) control = refract_plan_get_control (plan, NULL);
  g_autoptr (GStrvBuilder) texts = g_strv_builder_new ();

  for (guint i = 0; candidates != NULL && i < candidates->len; i++)
    g_strv_builder_add (texts, refract_kv_config_get_text (candidates->pdata[i]));
  if (control != NULL)
    g_strv_builder_add (texts, refract_kv_config_get_text (control));
  return g_strv_builder_end (texts);
}

RefractBackend *
refract_plan_create_backend (RefractPlan *plan,
                             RefractModel *model,
                             GCancellable *cancellable,
                             GError **error)
{
  g_autoptr (RefractBackendOptions) options = g_new0 (RefractBackendOptions, 1);
  const char *flags = refract_plan_get_string (plan, "engine-flags");
  g_autoptr (RefractKvConfig) reference = refract_plan_get_reference (plan, NULL);
  g_autoptr (GError) own_error = NULL;

  options->engine_dir = g_strdup (refract_plan_get_string (plan, "engine-dir"));
  options->n_gpu_layers = refract_plan_get_int (plan, "n-gpu-layers");
  options->threads = refract_plan_get_int (plan, "threads");
  options->python = g_strdup (refract_plan_get_string (plan, "python"));
  options->reference_url = g_strdup (refract_plan_get_string (plan, "reference-url"));
  options->candidate_url = g_strdup (refract_plan_get_string (plan, "candidate-url"));
  options->allow_model_code = refract_plan_get_boolean (plan, "allow-model-code");
  if (reference != NULL)
    options->reference_kv = g_strdup (refract_kv_config_get_text (reference));
  options->candidate_kvs = list_candidates (plan);
  if (flags != NULL && !g_shell_parse_argv (flags, NULL, &options->engine_flags, &own_error))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "The engine flags “%s” cannot be split into words: %s", flags,
                   own_error->message);
      return NULL;
    }

  return refract_backend_new (refract_plan_get_string (plan, "backend"), model, options,
                              cancellable, error);
}

/* What an observation depends on beside its own key. */
static JsonObject *
run_identity (RefractObserver *observer, const RefractEngineInfo *engine)
{
  static const char *const servers[] = { "reference-url", "candidate-url" };
  const RefractModelInfo *model = refract_model_get_info (observer->model);
  JsonObject *identity = json_object_new ();
  GStatBuf program = { 0 };

  if (engine->program != NULL)
    g_stat (engine->program, &program);
  json_object_set_string_member (identity, "model", model->fingerprint);
  json_object_set_string_member (identity, "engine", engine->name);
  json_object_set_string_member (identity, "version", engine->version);
  refract_json_set_string_or_null (identity, "served", engine->served);
  refract_json_set_string_or_null (identity, "program", engine->program);
  json_object_set_int_member (identity, "program_size", program.st_size);
  json_object_set_int_member (identity, "program_time", program.st_mtime);
  refract_json_set_string_or_null (identity, "flags",
                                   refract_plan_get_string (observer->plan, "engine-flags"));
  json_object_set_int_member (identity, "n_gpu_layers",
                              refract_plan_get_int (observer->plan, "n-gpu-layers"));
  json_object_set_int_member (identity, "threads",
                              refract_plan_get_int (observer->plan, "threads"));
  json_object_set_int_member (identity, "slots", refract_plan_get_int (observer->plan, "slots"));
  for (guint i = 0; i < G_N_ELEMENTS (servers); i++)
    if (refract_plan_get_string (observer->plan, servers[i]) != NULL)
      json_object_set_string_member (identity, servers[i],
                                     refract_plan_get_string (observer->plan, servers[i]));
  return identity;
}

/* Slots and cells of all sessions, as the plan and the machine's memory have it. */
static gboolean
plan_needs (RefractObserver *observer, RefractNeeds *needs, GError **error)
{
  if (!refract_needs_compute (needs, observer->plan, observer->model, observer->axes,
                              &observer->inputs, error))
    return FALSE;
  observer->min_cells = needs->min_cells;
  observer->n_cells = needs->n_cells;
  observer->n_slots = needs->n_slots;
  return TRUE;
}

static gboolean
check_disk (RefractObserver *observer, const RefractNeeds *needs, GError **error)
{
  const char *folder = refract_journal_get_folder (observer->journal);
  struct statvfs fs;

  if (statvfs (folder, &fs) == 0 && (guint64) fs.f_bavail * fs.f_frsize < needs->disk_bytes)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
                   "The reference's log-probabilities need %.1f GB in %s, where %.1f GB are free: "
                   "make room, point XDG_STATE_HOME at a larger disk, or measure fewer --chunks.",
                   needs->disk_bytes / 1e9, folder, (double) fs.f_bavail * fs.f_frsize / 1e9);
      return FALSE;
    }
  return TRUE;
}

/* The reference, the candidates and the control, each of which the engine has to be able to do. */
static gboolean
add_configurations (RefractObserver *observer,
                    RefractRun *run,
                    RefractKvConfig *reference,
                    GError **error)
{
  g_autoptr (RefractKvConfig) control = refract_plan_get_control (observer->plan, NULL);
  g_autoptr (GPtrArray) configurations = refract_plan_get_candidates (observer->plan, NULL);

  if (control != NULL)
    g_ptr_array_add (configurations, refract_kv_config_ref (control));
  for (guint i = 0; i < configurations->len; i++)
    {
      RefractConfigResult *result
          = refract_config_result_new (g_ptr_array_index (configurations, i));

      result->is_control = control != NULL && i == configurations->len - 1;
      g_ptr_array_add (run->candidates, result);
    }

  g_ptr_array_insert (configurations, 0, refract_kv_config_ref (reference));
  /* the reference last: where it is at its default, a candidate is what was mistaken */
  for (guint i = configurations->len; i-- > 0;)
    if (!refract_backend_supports_kv (observer->backend, g_ptr_array_index (configurations, i),
                                      observer->model, error))
      return FALSE;
  return TRUE;
}

static gboolean
add_axes (RefractObserver *observer, RefractRun *run, GError **error)
{
  observer->inputs = refract_run_get_inputs (run);
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    if (refract_plan_has_axis (observer->plan, i))
      {
        observer->axes[i] = refract_axis_new (i);
        if (!refract_axis_check (observer->axes[i], observer->plan, &observer->inputs, error))
          return FALSE;
      }
  return TRUE;
}

static gboolean
open_journal (RefractObserver *observer, RefractRun *run, gboolean fresh, GError **error)
{
  g_autoptr (JsonObject) identity = run_identity (observer, run->engine);

  observer->journal = refract_journal_open (identity, fresh, error);
  if (observer->journal == NULL
      || !refract_journal_begin (observer->journal, observer->plan, observer->progress, error))
    return FALSE;
  run->resumed = refract_journal_get_n_found (observer->journal) > 0;
  if (run->resumed)
    refract_progress_log (observer->progress,
                          "Going on with an interrupted run: %u answers are measured already.",
                          refract_journal_get_n_found (observer->journal));
  return TRUE;
}

gboolean
refract_audit_set_up (RefractObserver *observer,
                      RefractRun *run,
                      gboolean fresh,
                      RefractKvConfig **reference,
                      GError **error)
{
  g_autoptr (RefractKvConfig) own_reference = NULL;
  const RefractEngineInfo *engine;
  RefractNeeds needs;

  if (!refract_plan_validate (observer->plan, error) || !refract_run_load_inputs (run, error))
    return FALSE;
  run->model = refract_model_new_from_file (refract_plan_get_string (observer->plan, "model"),
                                            observer->cancellable, error);
  if (run->model == NULL)
    return FALSE;
  observer->model = run->model;
  observer->backend
      = refract_plan_create_backend (observer->plan, run->model, observer->cancellable, error);
  if (observer->backend == NULL)
    return FALSE;
  engine = refract_backend_detect (observer->backend, observer->cancellable, error);
  if (engine == NULL)
    return FALSE;
  run->engine = refract_engine_info_copy (engine);

  own_reference = refract_plan_get_reference (observer->plan, NULL);
  if (!add_configurations (observer, run, own_reference, error) || !add_axes (observer, run, error)
      || !plan_needs (observer, &needs, error) || !open_journal (observer, run, fresh, error)
      || !check_disk (observer, &needs, error))
    return FALSE;

  *reference = g_steal_pointer (&own_reference);
  return TRUE;
}
