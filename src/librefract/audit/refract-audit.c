/* refract-audit.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>
#include <sys/statvfs.h>

#include <glib/gstdio.h>

#include "audit/refract-audit.h"
#include "audit/refract-hardware.h"
#include "audit/refract-observer.h"
#include "core/refract-data.h"
#include "core/refract-error.h"
#include "core/refract-json.h"
#include "core/refract-logits.h"

#define MAX_AUTO_SLOTS 32
#define SHORT_CELLS 512 /* a prompt of ordinary length, its answer beside it */
#define MAX_AUTO_BUDGET (G_GUINT64_CONSTANT (4) << 30) /* bytes of KV cache at the reference */
#define DISK_MARGIN (G_GUINT64_CONSTANT (64) << 20)
#define FLOOR_MINIMUM 99.5 /* below it, REFRACT 0.3 stops */
#define LOW_BITS 5.0       /* a type this small that changes no token is suspect */

struct _RefractAudit
{
  GObject parent_instance;

  RefractPlan *plan;
  RefractProgress *progress;
  RefractJournal *journal;
  gboolean fresh;
};

G_DEFINE_FINAL_TYPE (RefractAudit, refract_audit, G_TYPE_OBJECT)

static void
refract_audit_finalize (GObject *object)
{
  RefractAudit *self = REFRACT_AUDIT (object);

  g_clear_object (&self->plan);
  g_clear_object (&self->progress);
  g_clear_object (&self->journal);

  G_OBJECT_CLASS (refract_audit_parent_class)->finalize (object);
}

static void
refract_audit_class_init (RefractAuditClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = refract_audit_finalize;
}

static void
refract_audit_init (RefractAudit *self)
{
  self->progress = refract_progress_new ();
}

RefractAudit *
refract_audit_new (RefractPlan *plan, gboolean fresh)
{
  RefractAudit *self = g_object_new (REFRACT_TYPE_AUDIT, NULL);

  self->plan = refract_plan_copy (plan);
  self->fresh = fresh;
  return self;
}

RefractProgress *
refract_audit_get_progress (RefractAudit *self)
{
  g_return_val_if_fail (REFRACT_IS_AUDIT (self), NULL);

  return self->progress;
}

void
refract_audit_forget (RefractAudit *self)
{
  g_return_if_fail (REFRACT_IS_AUDIT (self));

  if (self->journal != NULL)
    refract_journal_remove (self->journal);
  g_clear_object (&self->journal);
}

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

static gboolean
check_configurations (RefractObserver *observer, GPtrArray *configurations, GError **error)
{
  for (guint i = 0; i < configurations->len; i++)
    if (!refract_backend_supports_kv (observer->backend, g_ptr_array_index (configurations, i),
                                      observer->model, error))
      return FALSE;
  return TRUE;
}

static gboolean
is_same_generation (const RefractGeneration *a, const RefractGeneration *b)
{
  return a->ids->len == b->ids->len
         && memcmp (a->ids->data, b->ids->data, a->ids->len * sizeof (gint32)) == 0;
}

/* SCORING, "did not engage": without proof from the engine, a quantized type that changes nothing
 * at all cannot be told from one that was never used. */
static gboolean
could_not_prove (const RefractConfigResult *result,
                 const RefractObservations *reference,
                 const RefractObservations *candidate)
{
  const RefractObservation *kld = candidate->axes[REFRACT_AXIS_KLD];
  const RefractObservation *a = reference->axes[REFRACT_AXIS_TRAJECTORY];
  const RefractObservation *b = candidate->axes[REFRACT_AXIS_TRAJECTORY];
  double bits;

  if (!refract_kv_config_is_quantized (result->kv)
      || (result->kv_in_use != NULL && result->kv_in_use->evidence == REFRACT_EVIDENCE_PROVED))
    return FALSE;

  if (kld != NULL)
    {
      const RefractKldPositions *positions = g_ptr_array_index (kld->positions, 0);
      gsize n = (gsize) positions->n_chunks * positions->rows_per_chunk;

      for (gsize i = 0; i < n; i++)
        if (positions->kld[i] != 0 || !positions->same_top[i])
          return FALSE;
      return TRUE;
    }

  bits = MIN (refract_kv_type_get_bits (refract_kv_config_get_type_k (result->kv)),
              refract_kv_type_get_bits (refract_kv_config_get_type_v (result->kv)));
  if (b == NULL || bits > LOW_BITS)
    return FALSE;
  for (guint i = 0; i < b->generations->len; i++)
    if (!is_same_generation (g_ptr_array_index (a->generations, i),
                             g_ptr_array_index (b->generations, i)))
      return FALSE;
  return TRUE;
}

/* The engine's words for KLD's worst positions, beside their ids. */
static void
add_worst_texts (const RefractAxisResult *kld, JsonArray *texts)
{
  JsonArray *worst = refract_json_get_array (kld->extension, "worst");

  for (guint i = 0;
       worst != NULL && i < json_array_get_length (worst) && i < json_array_get_length (texts); i++)
    {
      JsonObject *position = json_array_get_object_element (worst, i);
      JsonObject *text = json_array_get_object_element (texts, i);

      json_object_set_string_member (position, "context_text",
                                     refract_json_get_string (text, "context", ""));
      json_object_set_string_member (position, "token_text",
                                     refract_json_get_string (text, "token", ""));
    }
}

static gboolean
score_configuration (RefractObserver *observer,
                     RefractConfigResult *result,
                     const RefractObservations *reference,
                     const RefractObservations *candidate,
                     GError **error)
{
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      if (observer->axes[i] == NULL || candidate->axes[i] == NULL)
        continue;
      result->axes[i]
          = refract_axis_score (observer->axes[i], reference->axes[i], candidate->axes[i], error);
      if (result->axes[i] == NULL)
        return FALSE;
    }

  if (candidate->worst_texts != NULL)
    add_worst_texts (result->axes[REFRACT_AXIS_KLD], candidate->worst_texts);
  refract_config_result_compose (result);
  if (could_not_prove (result, reference, candidate))
    {
      result->not_proved = TRUE;
      result->has_composite = FALSE;
    }
  return TRUE;
}

static gboolean
measure_floor (RefractObserver *observer,
               RefractRun *run,
               RefractKvConfig *kv,
               const RefractObservations *reference,
               guint stage,
               GError **error)
{
  g_autoptr (RefractObservations) again = NULL;
  const RefractAxisResult *trajectory;

  run->floor = refract_config_result_new (kv);
  again = refract_observer_observe (observer, kv, REFRACT_ROLE_FLOOR, run->floor, stage, error);
  if (again == NULL || !score_configuration (observer, run->floor, reference, again, error))
    return FALSE;

  trajectory = run->floor->axes[REFRACT_AXIS_TRAJECTORY];
  if (refract_plan_get_boolean (run->plan, "strict-floor")
      && (run->floor->composite < FLOOR_MINIMUM
          || (trajectory != NULL
              && refract_json_get_double (trajectory->json, "full_match_rate", 1) < 1)))
    {
      g_autofree char *score = refract_format_score (run->floor->composite, 2);

      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_FLOOR,
                   "The reference measured twice agrees with itself to %s only, and a strict floor "
                   "wants %.1f and the same tokens: this engine's results vary from run to run. "
                   "Leave out --strict-floor to go on and see the floor beside every score.",
                   score, FLOOR_MINIMUM);
      return FALSE;
    }
  return TRUE;
}

/* One candidate; its own failure is part of the result, a cancelled run is not. */
static gboolean
measure_candidate (RefractObserver *observer,
                   RefractConfigResult *result,
                   const RefractObservations *reference,
                   guint stage,
                   GError **error)
{
  g_autoptr (RefractObservations) observations = NULL;
  g_autoptr (GError) own_error = NULL;

  observations = refract_observer_observe (observer, result->kv, REFRACT_ROLE_CANDIDATE, result,
                                           stage, &own_error);
  if (observations != NULL
      && score_configuration (observer, result, reference, observations, &own_error))
    return TRUE;

  if (g_cancellable_set_error_if_cancelled (observer->cancellable, error))
    return FALSE;
  refract_progress_log (observer->progress, "%s could not be measured: %s",
                        refract_kv_config_get_label (result->kv), own_error->message);
  result->error = g_steal_pointer (&own_error);
  return TRUE;
}

static gboolean
measure (RefractAudit *self,
         RefractObserver *observer,
         RefractRun *run,
         RefractKvConfig *reference,
         GError **error)
{
  g_autoptr (RefractObservations) observations = NULL;
  g_autoptr (GArray) stages = g_array_new (FALSE, FALSE, sizeof (guint));
  guint reference_stage, floor_stage = 0;
  gboolean with_floor = refract_plan_get_boolean (run->plan, "measure-floor");
  gboolean scored = FALSE;

  reference_stage = refract_observer_add_stages (observer, reference, REFRACT_ROLE_REFERENCE);
  if (with_floor)
    floor_stage = refract_observer_add_stages (observer, reference, REFRACT_ROLE_FLOOR);
  for (guint i = 0; i < run->candidates->len; i++)
    {
      RefractConfigResult *result = g_ptr_array_index (run->candidates, i);
      guint stage = refract_observer_add_stages (observer, result->kv, REFRACT_ROLE_CANDIDATE);

      g_array_append_val (stages, stage);
    }

  run->reference = refract_config_result_new (reference);
  observations = refract_observer_observe (observer, reference, REFRACT_ROLE_REFERENCE,
                                           run->reference, reference_stage, error);
  if (observations == NULL)
    return FALSE;
  if (with_floor && !measure_floor (observer, run, reference, observations, floor_stage, error))
    return FALSE;

  for (guint i = 0; i < run->candidates->len; i++)
    {
      RefractConfigResult *result = g_ptr_array_index (run->candidates, i);

      if (!measure_candidate (observer, result, observations, g_array_index (stages, guint, i),
                              error))
        return FALSE;
      scored |= result->error == NULL;
    }

  if (!scored)
    {
      const RefractConfigResult *first = g_ptr_array_index (run->candidates, 0);

      g_propagate_error (error, g_error_copy (first->error));
      return FALSE;
    }
  return TRUE;
}

static gboolean
set_up (RefractAudit *self,
        RefractObserver *observer,
        RefractRun *run,
        RefractKvConfig **reference,
        GError **error)
{
  g_autoptr (RefractKvConfig) own_reference = NULL;
  g_autoptr (RefractKvConfig) control = NULL;
  g_autoptr (GPtrArray) configurations = NULL;
  g_autoptr (JsonObject) identity = NULL;
  const RefractEngineInfo *engine;

  if (!refract_plan_validate (self->plan, error) || !load_inputs (run, error))
    return FALSE;
  run->model = refract_model_new_from_file (refract_plan_get_string (self->plan, "model"),
                                            observer->cancellable, error);
  if (run->model == NULL)
    return FALSE;
  observer->model = run->model;
  observer->backend = refract_plan_create_backend (self->plan, error);
  if (observer->backend == NULL)
    return FALSE;
  engine = refract_backend_detect (observer->backend, observer->cancellable, error);
  if (engine == NULL)
    return FALSE;
  run->engine = refract_engine_info_copy (engine);

  own_reference = refract_plan_get_reference (self->plan, NULL);
  control = refract_plan_get_control (self->plan, NULL);
  configurations = refract_plan_get_candidates (self->plan, NULL);
  if (control != NULL)
    g_ptr_array_add (configurations, refract_kv_config_ref (control));
  for (guint i = 0; i < configurations->len; i++)
    {
      RefractConfigResult *result
          = refract_config_result_new (g_ptr_array_index (configurations, i));

      result->is_control = control != NULL && i == configurations->len - 1;
      g_ptr_array_add (run->candidates, result);
    }
  g_ptr_array_insert (configurations, 0, refract_kv_config_ref (own_reference));
  if (!check_configurations (observer, configurations, error))
    return FALSE;

  observer->inputs.prompts = run->prompts;
  observer->inputs.corpus = run->corpus;
  observer->inputs.haystack = run->haystack;
  observer->inputs.model_context = refract_model_get_info (run->model)->context_length;
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    if (refract_plan_has_axis (self->plan, i))
      {
        observer->axes[i] = refract_axis_new (i);
        if (!refract_axis_check (observer->axes[i], self->plan, &observer->inputs, error))
          return FALSE;
      }
  if (!plan_memory (observer, own_reference, error))
    return FALSE;

  identity = run_identity (observer, engine);
  self->journal = refract_journal_open (identity, self->fresh, error);
  if (self->journal == NULL
      || !refract_journal_begin (self->journal, self->plan, self->progress, error))
    return FALSE;
  observer->journal = self->journal;
  if (refract_journal_get_n_found (self->journal) > 0)
    refract_progress_log (self->progress,
                          "Going on with an interrupted run: %u answers are measured already.",
                          refract_journal_get_n_found (self->journal));
  if (observer->axes[REFRACT_AXIS_KLD] != NULL && !check_disk (observer, error))
    return FALSE;

  *reference = g_steal_pointer (&own_reference);
  return TRUE;
}

/* Short, sortable, and not repeated: time and a few random digits. */
static char *
make_run_id (GDateTime *time)
{
  g_autofree char *stamp = g_date_time_format (time, "%Y%m%d-%H%M%S");

  return g_strdup_printf ("%s-%04x", stamp, g_random_int () & 0xffff);
}

RefractRun *
refract_audit_run (RefractAudit *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (RefractRun) run = NULL;
  g_autoptr (RefractKvConfig) reference = NULL;
  RefractObserver observer = { 0 };
  gboolean finished;

  g_return_val_if_fail (REFRACT_IS_AUDIT (self), NULL);
  g_return_val_if_fail (self->journal == NULL, NULL);

  run = refract_run_new ();
  run->plan = refract_plan_copy (self->plan);
  observer.plan = self->plan;
  observer.progress = self->progress;
  observer.cancellable = cancellable;
  observer.notes = run->notes;

  finished = set_up (self, &observer, run, &reference, error)
             && measure (self, &observer, run, reference, error);
  run->n_slots = observer.batch;
  run->n_cells = observer.n_cells;
  run->slots_evidence = g_strdup (observer.slots_evidence != NULL ? observer.slots_evidence
                                                                  : "No prompt was decoded.");
  refract_observer_clear (&observer);
  g_clear_object (&observer.backend);
  if (!finished)
    return NULL;

  run->finished = g_date_time_new_now_local ();
  run->run_id = make_run_id (run->finished);
  run->wall_seconds = refract_progress_get_elapsed (self->progress);
  return g_steal_pointer (&run);
}

static void
run_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  RefractRun *run = refract_audit_run (source_object, cancellable, &error);

  if (run != NULL)
    g_task_return_pointer (task, run, (GDestroyNotify) refract_run_free);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

/* An audit takes minutes: a thread of its own, so that GLib's small pool stays free. */
static gpointer
own_thread (gpointer data)
{
  g_autoptr (GTask) task = data;

  run_thread (task, g_task_get_source_object (task), NULL, g_task_get_cancellable (task));
  return NULL;
}

void
refract_audit_run_async (RefractAudit *self,
                         GCancellable *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer user_data)
{
  GTask *task;

  g_return_if_fail (REFRACT_IS_AUDIT (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, refract_audit_run_async);
  /* The run tells by itself that it was cancelled, after its engines are gone. */
  g_task_set_check_cancellable (task, FALSE);
  g_thread_unref (g_thread_new ("refract-audit", own_thread, task));
}

RefractRun *
refract_audit_run_finish (RefractAudit *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
