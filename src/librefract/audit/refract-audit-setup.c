/* refract-audit-setup.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <sys/statvfs.h>

#include <glib/gstdio.h>

#include "audit/refract-audit-private.h"
#include "audit/refract-hardware.h"
#include "core/refract-data.h"
#include "core/refract-error.h"
#include "core/refract-json.h"
#include "core/refract-logits.h"

#define MAX_AUTO_SLOTS 32
#define SHORT_CELLS 512 /* a prompt of ordinary length, its answer beside it */
#define MAX_AUTO_BUDGET (G_GUINT64_CONSTANT (4) << 30) /* bytes of KV cache at the reference */
#define DISK_MARGIN (G_GUINT64_CONSTANT (64) << 20)

RefractBackend *
refract_plan_create_backend (RefractPlan *plan, GError **error)
{
  g_autoptr (RefractBackendOptions) options = g_new0 (RefractBackendOptions, 1);
  const char *flags = refract_plan_get_string (plan, "engine-flags");
  g_autoptr (GError) own_error = NULL;

  options->engine_dir = g_strdup (refract_plan_get_string (plan, "engine-dir"));
  options->n_gpu_layers = refract_plan_get_int (plan, "n-gpu-layers");
  options->threads = refract_plan_get_int (plan, "threads");
  if (flags != NULL && !g_shell_parse_argv (flags, NULL, &options->engine_flags, &own_error))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "The engine flags “%s” cannot be split into words: %s", flags,
                   own_error->message);
      return NULL;
    }

  return refract_backend_new (refract_plan_get_string (plan, "backend"), options, error);
}

/* What an observation depends on beside its own key. */
static JsonObject *
run_identity (RefractObserver *observer, const RefractEngineInfo *engine)
{
  const RefractModelInfo *model = refract_model_get_info (observer->model);
  JsonObject *identity = json_object_new ();
  GStatBuf program = { 0 };

  if (engine->program != NULL)
    g_stat (engine->program, &program);
  json_object_set_string_member (identity, "model", model->fingerprint);
  json_object_set_string_member (identity, "engine", engine->name);
  json_object_set_string_member (identity, "version", engine->version);
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
  return identity;
}

static gboolean
load_inputs (RefractRun *run, GError **error)
{
  RefractPlan *plan = run->plan;

  if (refract_plan_has_axis (plan, REFRACT_AXIS_TRAJECTORY)
      || refract_plan_has_axis (plan, REFRACT_AXIS_PLAD))
    {
      const char *path = refract_plan_get_string (plan, "prompts");
      g_autofree char *own = path == NULL ? refract_data_dup_path ("prompts/v1.jsonl") : NULL;

      run->prompts = refract_prompts_load (path != NULL ? path : own, error);
      if (run->prompts == NULL)
        return FALSE;
    }
  if (refract_plan_has_axis (plan, REFRACT_AXIS_KLD))
    {
      if (refract_plan_get_string (plan, "corpus") == NULL)
        {
          g_set_error (
              error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
              "The axis kld needs a text to read: give a file with --corpus (WikiText-2 raw "
              "test, to compare with published results).");
          return FALSE;
        }
      run->corpus = refract_text_load (refract_plan_get_string (plan, "corpus"), error);
      if (run->corpus == NULL)
        return FALSE;
    }
  if (refract_plan_has_axis (plan, REFRACT_AXIS_RNIAH))
    {
      const char *path = refract_plan_get_string (plan, "haystack");

      /* A corpus serves as haystack as well. */
      if (path == NULL)
        path = refract_plan_get_string (plan, "corpus");
      if (path == NULL)
        {
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                       "The axis rniah needs a long text to hide the needle in: give a file with "
                       "--haystack.");
          return FALSE;
        }
      run->haystack = refract_text_load (path, error);
      if (run->haystack == NULL)
        return FALSE;
    }

  return TRUE;
}

/* Slots for all sessions, as many as the KV budget allows, each with a cache of its own that the
 * longest request fits into: where a sequence lies in a shared cache changes its rounding. */
static gboolean
plan_memory (RefractObserver *observer, RefractKvConfig *reference, GError **error)
{
  double bytes = refract_kv_config_get_bytes_per_token (reference, observer->model);
  guint64 budget = refract_plan_get_int (observer->plan, "kv-budget");
  guint slots = refract_plan_get_int (observer->plan, "slots");
  guint n_requests = 0, side_by_side;

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      RefractEstimate estimate = { 0 };

      if (observer->axes[i] == NULL || i == REFRACT_AXIS_KLD)
        continue;
      refract_axis_estimate (observer->axes[i], observer->plan, &observer->inputs, &estimate);
      observer->min_cells = MAX (observer->min_cells, estimate.max_cells);
      if (i != REFRACT_AXIS_RNIAH)
        n_requests = MAX (n_requests, estimate.n_requests);
    }
  observer->min_cells = MAX (observer->min_cells, SHORT_CELLS);

  if (budget == 0)
    budget = MIN (refract_hardware_get_available_memory () / 2, MAX_AUTO_BUDGET);
  if (bytes > 0 && budget / bytes < observer->min_cells
      && refract_plan_get_int (observer->plan, "kv-budget") > 0)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MEMORY,
                   "The longest prompt needs %u tokens of KV cache (%.0f MiB), which is more than "
                   "the budget of %.0f MiB: raise --kv-budget or shorten --rniah-lengths.",
                   observer->min_cells, observer->min_cells * bytes / 1048576, budget / 1048576.0);
      return FALSE;
    }

  /* Engines round up to this anyway; the same number everywhere. */
  observer->n_cells = (observer->min_cells + 255) / 256 * 256;
  side_by_side = CLAMP (n_requests, 1, MAX_AUTO_SLOTS);
  if (bytes > 0)
    side_by_side = CLAMP ((guint64) (budget / bytes) / observer->n_cells, 1, side_by_side);
  observer->n_slots = slots > 0 ? slots : side_by_side;
  return TRUE;
}

static gboolean
check_disk (RefractObserver *observer, GError **error)
{
  g_autoptr (GArray) ctx = refract_plan_get_uints (observer->plan, "ctx");
  guint64 n_vocab = refract_model_get_info (observer->model)->n_vocab;
  guint64 needed = DISK_MARGIN;
  const char *folder = refract_journal_get_folder (observer->journal);
  struct statvfs fs;

  for (guint i = 0; i < ctx->len; i++)
    needed += refract_logits_file_size (g_array_index (ctx, guint, i), n_vocab,
                                        refract_plan_get_int (observer->plan, "chunks"));
  if (statvfs (folder, &fs) == 0 && (guint64) fs.f_bavail * fs.f_frsize < needed)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
                   "The reference's log-probabilities need %.1f GB in %s, where %.1f GB are free: "
                   "make room, point XDG_STATE_HOME at a larger disk, or measure fewer --chunks.",
                   needed / 1e9, folder, (double) fs.f_bavail * fs.f_frsize / 1e9);
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
  for (guint i = 0; i < configurations->len; i++)
    if (!refract_backend_supports_kv (observer->backend, g_ptr_array_index (configurations, i),
                                      observer->model, error))
      return FALSE;
  return TRUE;
}

static gboolean
add_axes (RefractObserver *observer, RefractRun *run, GError **error)
{
  observer->inputs.prompts = run->prompts;
  observer->inputs.corpus = run->corpus;
  observer->inputs.haystack = run->haystack;
  observer->inputs.model_context = refract_model_get_info (run->model)->context_length;
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
open_journal (RefractObserver *observer,
              const RefractEngineInfo *engine,
              gboolean fresh,
              GError **error)
{
  g_autoptr (JsonObject) identity = run_identity (observer, engine);

  observer->journal = refract_journal_open (identity, fresh, error);
  if (observer->journal == NULL
      || !refract_journal_begin (observer->journal, observer->plan, observer->progress, error))
    return FALSE;
  if (refract_journal_get_n_found (observer->journal) > 0)
    refract_progress_log (observer->progress,
                          "Going on with an interrupted run: %u answers are measured already.",
                          refract_journal_get_n_found (observer->journal));
  return observer->axes[REFRACT_AXIS_KLD] == NULL || check_disk (observer, error);
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

  if (!refract_plan_validate (observer->plan, error) || !load_inputs (run, error))
    return FALSE;
  run->model = refract_model_new_from_file (refract_plan_get_string (observer->plan, "model"),
                                            observer->cancellable, error);
  if (run->model == NULL)
    return FALSE;
  observer->model = run->model;
  observer->backend = refract_plan_create_backend (observer->plan, error);
  if (observer->backend == NULL)
    return FALSE;
  engine = refract_backend_detect (observer->backend, observer->cancellable, error);
  if (engine == NULL)
    return FALSE;
  run->engine = refract_engine_info_copy (engine);

  own_reference = refract_plan_get_reference (observer->plan, NULL);
  if (!add_configurations (observer, run, own_reference, error) || !add_axes (observer, run, error)
      || !plan_memory (observer, own_reference, error)
      || !open_journal (observer, engine, fresh, error))
    return FALSE;

  *reference = g_steal_pointer (&own_reference);
  return TRUE;
}
