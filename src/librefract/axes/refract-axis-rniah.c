/* refract-axis-rniah.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <inttypes.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "axes/refract-axis-private.h"
#include "axes/refract-needle-fit.h"
#include "axes/refract-needle.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

/* Below this mean accuracy the reference does not retrieve either. */
#define LOW_BASE_ACCURACY 0.2

/**
 * RefractRniahAxis:
 *
 * Axis C: needles in haystacks of many lengths, at many depths (SCORING, "Axis C — R-NIAH").
 */
struct _RefractRniahAxis
{
  RefractAxis parent_instance;
  GPtrArray *needles;
  GArray *cells;
  GArray *n_tokens; /* guint per request: what the prompt really has */
  GPtrArray *skipped;
};

G_DEFINE_FINAL_TYPE (RefractRniahAxis, refract_rniah_axis, REFRACT_TYPE_AXIS)

/* Requests of a cell stand together: cell × trial. */
typedef struct
{
  guint length;
  double position;
} Cell;

typedef struct
{
  Cell cell;
  char *reason;
} SkippedCell;

/* What both configurations did in one cell. */
typedef struct
{
  guint base_hits;
  guint cand_hits;
  guint n_lost; /* trials that the candidate lost more than it won */
  double base_acc;
  double cand_acc;
  double degradation;
} Outcome;

static void
skipped_cell_free (SkippedCell *self)
{
  g_free (self->reason);
  g_free (self);
}

static void
skip (RefractRniahAxis *self, const Cell *cell, const char *reason)
{
  SkippedCell *skipped = g_new0 (SkippedCell, 1);

  skipped->cell = *cell;
  skipped->reason = g_strdup (reason);
  g_ptr_array_add (self->skipped, skipped);
}

/* Bytes of what is put around and into the haystack. */
static gsize
surroundings_size (RefractPlan *plan)
{
  const char *needle = refract_plan_get_string (plan, "rniah-needle");
  const char *question = refract_plan_get_string (plan, "rniah-question");

  return (needle != NULL ? strlen (needle) : 0) + (question != NULL ? strlen (question) : 0);
}

/* Why a prompt of @length tokens and its answer cannot be run at all; NULL when it can. */
static char *
find_obstacle (RefractPlan *plan, const RefractInputs *inputs, guint length)
{
  guint64 needed = (guint64) length + refract_plan_get_int (plan, "rniah-n-predict");
  gsize haystack = strlen (inputs->haystack->text);

  if (inputs->model_context > 0 && needed > inputs->model_context)
    return g_strdup_printf (N_ ("%" PRIu64 " tokens with the answer, and the model's context "
                                "has %" PRIu64),
                            needed, inputs->model_context);
  if (inputs->engine_context > 0 && needed > inputs->engine_context)
    return g_strdup_printf (N_ ("%" PRIu64 " tokens with the answer, and the engine can give "
                                "%" PRIu64 " here"),
                            needed, inputs->engine_context);
  /* A token stands for a byte at least. */
  if (haystack + surroundings_size (plan) + REFRACT_TEMPLATE_TOKENS_MOST < length)
    return g_strdup_printf (N_ ("the whole haystack has %zu bytes only"), haystack);

  return NULL;
}

static void
set_nothing_error (const Cell *cell, const char *reason, GError **error)
{
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_NOTHING_MEASURED,
               "R-NIAH has no cell to measure (length %u: %s). Choose lengths that fit, or a "
               "longer haystack.",
               cell->length, reason);
}

/* Lengths × positions of the plan. (transfer full) (element-type Cell) */
static GArray *
list_cells (RefractPlan *plan)
{
  g_autoptr (GArray) lengths = refract_plan_get_uints (plan, "rniah-lengths");
  g_autoptr (GArray) positions = refract_plan_get_doubles (plan, "rniah-positions");
  GArray *cells = g_array_new (FALSE, FALSE, sizeof (Cell));

  for (guint i = 0; i < lengths->len; i++)
    for (guint j = 0; j < positions->len; j++)
      {
        Cell cell = { g_array_index (lengths, guint, i), g_array_index (positions, double, j) };

        g_array_append_val (cells, cell);
      }

  return cells;
}

/* (transfer full) (element-type RefractNeedle): one per trial */
static GPtrArray *
make_needles (RefractPlan *plan, GError **error)
{
  const char *needle = refract_plan_get_string (plan, "rniah-needle");

  return refract_needles_new (needle != NULL ? needle : "",
                              refract_plan_get_int (plan, "rniah-trials"), error);
}

static gboolean
refract_rniah_axis_check (RefractAxis *axis,
                          RefractPlan *plan,
                          const RefractInputs *inputs,
                          GError **error)
{
  g_autoptr (GPtrArray) needles = make_needles (plan, error);
  g_autoptr (GArray) cells = list_cells (plan);
  g_autofree char *first_obstacle = NULL;

  if (needles == NULL)
    return FALSE;
  for (guint i = 0; i < cells->len; i++)
    {
      g_autofree char *obstacle
          = find_obstacle (plan, inputs, g_array_index (cells, Cell, i).length);

      if (obstacle == NULL)
        return TRUE;
      if (first_obstacle == NULL)
        first_obstacle = g_steal_pointer (&obstacle);
    }

  set_nothing_error (&g_array_index (cells, Cell, 0), first_obstacle, error);
  return FALSE;
}

static void
refract_rniah_axis_estimate (RefractAxis *axis,
                             RefractPlan *plan,
                             const RefractInputs *inputs,
                             RefractEstimate *estimate)
{
  g_autoptr (GArray) cells = list_cells (plan);
  guint n_trials = refract_plan_get_int (plan, "rniah-trials");
  guint n_predict = refract_plan_get_int (plan, "rniah-n-predict");

  for (guint i = 0; i < cells->len; i++)
    {
      guint length = g_array_index (cells, Cell, i).length;
      g_autofree char *obstacle = find_obstacle (plan, inputs, length);

      if (obstacle != NULL)
        continue;
      estimate->n_requests += n_trials;
      estimate->max_cells = MAX (estimate->max_cells, length + n_predict);
      estimate->prompt_tokens += (guint64) length * n_trials;
      estimate->predict_tokens += (guint64) n_predict * n_trials;
    }
}

/* One request per trial, or none and the cell in the list of skipped ones when it cannot be had. */
static gboolean
prepare_cell (RefractRniahAxis *self,
              RefractNeedleFit *fit,
              const Cell *cell,
              guint n_predict,
              GPtrArray *requests,
              GCancellable *cancellable,
              GError **error)
{
  char position[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (position, sizeof position, "%.15g", cell->position);
  for (guint trial = 0; trial < self->needles->len; trial++)
    {
      const RefractNeedle *needle = g_ptr_array_index (self->needles, trial);
      g_autofree char *key = g_strdup_printf ("%u/%s/%u", cell->length, position, trial + 1);
      g_autofree char *reason = NULL;
      g_autoptr (GArray) ids = refract_needle_fit_prompt (
          fit, needle->text, cell->position, cell->length, &reason, cancellable, error);

      if (ids == NULL && reason == NULL)
        return FALSE;
      if (ids == NULL)
        {
          skip (self, cell, reason);
          g_ptr_array_set_size (requests, requests->len - trial);
          g_array_set_size (self->n_tokens, requests->len);
          return TRUE;
        }
      g_array_append_val (self->n_tokens, ids->len);
      g_ptr_array_add (requests, refract_request_new (key, ids, n_predict));
    }

  g_array_append_vals (self->cells, cell, 1);
  return TRUE;
}

static GPtrArray *
refract_rniah_axis_prepare (RefractAxis *axis,
                            RefractPlan *plan,
                            const RefractInputs *inputs,
                            RefractSession *session,
                            GCancellable *cancellable,
                            GError **error)
{
  RefractRniahAxis *self = REFRACT_RNIAH_AXIS (axis);
  g_autoptr (GPtrArray) requests
      = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_request_free);
  g_autoptr (GArray) cells = list_cells (plan);
  guint n_predict = refract_plan_get_int (plan, "rniah-n-predict");
  const char *question = refract_plan_get_string (plan, "rniah-question");
  RefractNeedleFit fit;

  g_clear_pointer (&self->needles, g_ptr_array_unref);
  self->needles = make_needles (plan, error);
  if (self->needles == NULL)
    return NULL;
  g_array_set_size (self->cells, 0);
  g_array_set_size (self->n_tokens, 0);
  g_ptr_array_set_size (self->skipped, 0);

  refract_needle_fit_init (&fit, session, inputs->haystack->text, question != NULL ? question : "");
  for (guint i = 0; i < cells->len; i++)
    {
      const Cell *cell = &g_array_index (cells, Cell, i);
      g_autofree char *obstacle = find_obstacle (plan, inputs, cell->length);

      if (obstacle != NULL)
        skip (self, cell, obstacle);
      else if (!prepare_cell (self, &fit, cell, n_predict, requests, cancellable, error))
        return NULL;
    }

  if (self->cells->len == 0)
    {
      const SkippedCell *first = g_ptr_array_index (self->skipped, 0);

      set_nothing_error (&first->cell, first->reason, error);
      return NULL;
    }

  return g_steal_pointer (&requests);
}

static JsonObject *
describe_trial (RefractRniahAxis *self,
                guint trial,
                guint request,
                const RefractGeneration *base,
                const RefractGeneration *cand,
                gboolean base_hit,
                gboolean cand_hit)
{
  const RefractNeedle *needle = g_ptr_array_index (self->needles, trial);
  JsonObject *object = json_object_new ();

  json_object_set_string_member (object, "keyword", needle->keyword);
  json_object_set_int_member (object, "n_tokens", g_array_index (self->n_tokens, guint, request));
  json_object_set_boolean_member (object, "base_hit", base_hit);
  json_object_set_boolean_member (object, "cand_hit", cand_hit);
  json_object_set_string_member (object, "base_answer", base->text);
  json_object_set_string_member (object, "cand_answer", cand->text);
  json_object_set_string_member (object, "base_stop", refract_stop_get_name (base->stop));
  json_object_set_string_member (object, "cand_stop", refract_stop_get_name (cand->stop));

  return object;
}

/* Scores cell number @index; its lost trials go into @units, its answers into @trials. */
static Outcome
score_cell (RefractRniahAxis *self,
            guint index,
            const RefractObservation *reference,
            const RefractObservation *candidate,
            RefractUnits *units,
            JsonArray *trials)
{
  guint n_trials = self->needles->len;
  Outcome outcome = { 0 };
  guint n_left;

  for (guint trial = 0; trial < n_trials; trial++)
    {
      const RefractNeedle *needle = g_ptr_array_index (self->needles, trial);
      guint request = index * n_trials + trial;
      const RefractGeneration *base = g_ptr_array_index (reference->generations, request);
      const RefractGeneration *cand = g_ptr_array_index (candidate->generations, request);
      gboolean base_hit = refract_needle_is_hit (base->text, needle->keyword);
      gboolean cand_hit = refract_needle_is_hit (cand->text, needle->keyword);

      outcome.base_hits += base_hit;
      outcome.cand_hits += cand_hit;
      units->numerator[request] = base_hit && !cand_hit;
      units->denominator[request] = 1.0;
      json_array_add_object_element (
          trials, describe_trial (self, trial, request, base, cand, base_hit, cand_hit));
    }

  outcome.base_acc = (double) outcome.base_hits / n_trials;
  outcome.cand_acc = (double) outcome.cand_hits / n_trials;
  outcome.degradation = MAX (0.0, outcome.base_acc - outcome.cand_acc);

  /* The published formula sets trials that were won against lost ones of the same cell. */
  outcome.n_lost = MAX (outcome.base_hits, outcome.cand_hits) - outcome.cand_hits;
  n_left = outcome.n_lost;
  for (guint trial = 0; trial < n_trials; trial++)
    {
      double *numerator = &units->numerator[index * n_trials + trial];

      if (*numerator > 0.0 && n_left > 0)
        n_left--;
      else
        *numerator = 0.0;
    }

  return outcome;
}

static void
add_cell (RefractRniahAxis *self,
          guint index,
          const Outcome *outcome,
          JsonArray *trials,
          JsonArray *cells,
          JsonArray *details)
{
  const Cell *cell = &g_array_index (self->cells, Cell, index);
  JsonObject *object = json_object_new ();
  JsonObject *detail = json_object_new ();

  json_object_set_int_member (object, "length", cell->length);
  json_object_set_double_member (object, "position", cell->position);
  json_object_set_int_member (object, "n_trials", self->needles->len);
  json_object_set_double_member (object, "base_acc", outcome->base_acc);
  json_object_set_double_member (object, "cand_acc", outcome->cand_acc);
  json_object_set_double_member (object, "degradation", outcome->degradation);
  json_object_set_int_member (object, "base_hits", outcome->base_hits);
  json_object_set_int_member (object, "cand_hits", outcome->cand_hits);
  json_array_add_object_element (cells, object);

  json_object_set_int_member (detail, "length", cell->length);
  json_object_set_double_member (detail, "position", cell->position);
  json_object_set_boolean_member (detail, "reference_fails", outcome->base_hits == 0);
  json_object_set_array_member (detail, "trials", trials);
  json_array_add_object_element (details, detail);
}

static void
write_skipped (RefractRniahAxis *self, RefractAxisResult *result)
{
  JsonArray *pairs = json_array_new ();
  JsonArray *details = json_array_new ();

  for (guint i = 0; i < self->skipped->len; i++)
    {
      const SkippedCell *skipped = g_ptr_array_index (self->skipped, i);
      JsonArray *pair = json_array_new ();
      JsonObject *detail = json_object_new ();

      json_array_add_int_element (pair, skipped->cell.length);
      json_array_add_double_element (pair, skipped->cell.position);
      json_array_add_array_element (pairs, pair);

      json_object_set_int_member (detail, "length", skipped->cell.length);
      json_object_set_double_member (detail, "position", skipped->cell.position);
      json_object_set_string_member (detail, "reason", skipped->reason);
      json_array_add_object_element (details, detail);
    }
  if (self->skipped->len > 0)
    {
      const SkippedCell *first = g_ptr_array_index (self->skipped, 0);

      refract_axis_result_note (result, "%u of %u cells were skipped (length %u: %s).",
                                self->skipped->len, self->skipped->len + self->cells->len,
                                first->cell.length, first->reason);
    }

  json_object_set_array_member (result->json, "skipped_cells", pairs);
  json_object_set_array_member (result->extension, "skipped_cells", details);
}

static void
write_confidence (RefractRniahAxis *self,
                  RefractAxisResult *result,
                  double base_acc,
                  guint n_failed)
{
  if (base_acc < LOW_BASE_ACCURACY)
    {
      result->confidence = REFRACT_CONFIDENCE_LOW;
      refract_axis_result_note (result,
                                "The reference finds the needle in %.0f %% of the trials "
                                "only, so the score says little.",
                                100.0 * base_acc);
    }
  if (n_failed > 0)
    refract_axis_result_note (result,
                              "In %u of %u cells the reference fails too: they cannot show "
                              "a loss.",
                              n_failed, self->cells->len);

  json_object_set_string_member (result->json, "confidence",
                                 refract_confidence_get_name (result->confidence));
  json_object_set_double_member (result->json, "base_acc_avg", base_acc);
  json_object_set_int_member (result->extension, "n_cells_reference_fails", n_failed);
}

static RefractAxisResult *
refract_rniah_axis_score (RefractAxis *axis,
                          const RefractObservation *reference,
                          const RefractObservation *candidate,
                          GError **error)
{
  RefractRniahAxis *self = REFRACT_RNIAH_AXIS (axis);
  g_autoptr (RefractAxisResult) result = refract_axis_result_new (REFRACT_AXIS_RNIAH);
  RefractUnits *units;
  JsonArray *cells, *details;
  const RefractNeedle *needle;
  double base_acc = 0.0;
  guint n_failed = 0;

  if (self->cells->len == 0)
    {
      g_set_error_literal (error, REFRACT_ERROR, REFRACT_ERROR_NOTHING_MEASURED,
                           "R-NIAH has no cell to score. Choose lengths that fit the context.");
      return NULL;
    }
  if (!refract_axis_check_generations (axis, reference, candidate, self->n_tokens->len, error))
    return NULL;

  units = refract_units_new (REFRACT_LINK_LOSS, self->n_tokens->len);
  cells = json_array_new ();
  details = json_array_new ();
  for (guint i = 0; i < self->cells->len; i++)
    {
      JsonArray *trials = json_array_new ();
      Outcome outcome = score_cell (self, i, reference, candidate, units, trials);

      base_acc += outcome.base_acc;
      n_failed += outcome.base_hits == 0;
      add_cell (self, i, &outcome, trials, cells, details);
    }

  refract_axis_result_take_units (result, units);
  needle = g_ptr_array_index (self->needles, 0);
  json_object_set_int_member (result->json, "n_cells", self->cells->len);
  json_object_set_array_member (result->json, "cells", cells);
  json_object_set_string_member (result->json, "needle", needle->text);
  json_object_set_string_member (result->json, "password_keyword", needle->keyword);
  json_object_set_array_member (result->extension, "cells", details);
  write_skipped (self, result);
  write_confidence (self, result, base_acc / self->cells->len, n_failed);

  return g_steal_pointer (&result);
}

static void
refract_rniah_axis_finalize (GObject *object)
{
  RefractRniahAxis *self = REFRACT_RNIAH_AXIS (object);

  g_clear_pointer (&self->needles, g_ptr_array_unref);
  g_clear_pointer (&self->cells, g_array_unref);
  g_clear_pointer (&self->n_tokens, g_array_unref);
  g_clear_pointer (&self->skipped, g_ptr_array_unref);

  G_OBJECT_CLASS (refract_rniah_axis_parent_class)->finalize (object);
}

static void
refract_rniah_axis_class_init (RefractRniahAxisClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  RefractAxisClass *axis_class = REFRACT_AXIS_CLASS (klass);

  object_class->finalize = refract_rniah_axis_finalize;

  axis_class->id = REFRACT_AXIS_RNIAH;
  axis_class->check = refract_rniah_axis_check;
  axis_class->estimate = refract_rniah_axis_estimate;
  axis_class->prepare = refract_rniah_axis_prepare;
  axis_class->score = refract_rniah_axis_score;
}

static void
refract_rniah_axis_init (RefractRniahAxis *self)
{
  self->cells = g_array_new (FALSE, FALSE, sizeof (Cell));
  self->n_tokens = g_array_new (FALSE, FALSE, sizeof (guint));
  self->skipped = g_ptr_array_new_with_free_func ((GDestroyNotify) skipped_cell_free);
}
