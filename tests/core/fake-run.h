/* fake-run.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <math.h>
#include <string.h>

#include "audit/refract-run.h"
#include "core/refract-json.h"

/* A finished run without an engine: the bundled model and prompts, scores as a test wants them. */

#define FAKE_UNITS 30

static inline char *
fake_path (const char *name)
{
  return g_test_build_filename (G_TEST_DIST, "..", name, NULL);
}

static inline JsonArray *
fake_per_prompt (guint early)
{
  JsonArray *array = json_array_new ();
  const gint32 ids[] = { 1, 2, 3 };

  for (guint i = 0; i < FAKE_UNITS; i++)
    {
      JsonObject *entry = json_object_new ();
      g_autofree char *id = g_strdup_printf ("prompt-%u", i);

      json_object_set_string_member (entry, "id", id);
      json_object_set_string_member (entry, "category", "factual");
      json_object_set_string_member (entry, "prompt", "a secret prompt");
      json_object_set_array_member (entry, "ref_token_ids", refract_json_array_from_ids (ids, 3));
      json_object_set_array_member (entry, "cand_token_ids", refract_json_array_from_ids (ids, 3));
      if (i < early)
        json_object_set_int_member (entry, "first_divergence", 3);
      else
        json_object_set_null_member (entry, "first_divergence");
      json_object_set_int_member (entry, "prefix_agreement_length", 3);
      json_object_set_int_member (entry, "cand_length", 3);
      json_object_set_int_member (entry, "ref_length", 3);
      json_object_set_boolean_member (entry, "matched", i >= early);
      json_array_add_object_element (array, entry);
    }
  return array;
}

static inline void
fake_fill_trajectory (RefractAxisResult *axis)
{
  JsonArray *texts = json_array_new ();
  JsonObject *text = json_object_new ();

  json_object_set_double_member (axis->json, "full_match_rate", 1.0);
  json_object_set_int_member (axis->json, "median_first_divergence", 12);
  json_object_set_double_member (axis->json, "mean_prefix_agreement_length", 3);
  json_object_set_double_member (axis->json, "mean_cand_length", 3);
  json_object_set_double_member (axis->json, "mean_ref_length", 3);
  json_object_set_int_member (axis->json, "n_prompts", FAKE_UNITS);
  json_object_set_int_member (axis->json, "n_tokens_each", 3);
  json_object_set_array_member (axis->json, "per_prompt", fake_per_prompt (0));
  json_object_set_double_member (axis->extension, "score_strict", axis->score);
  json_object_set_string_member (axis->extension, "prompt_mode", "raw");
  json_object_set_string_member (text, "id", "prompt-0");
  json_object_set_string_member (text, "ref_text", "a secret answer");
  json_object_set_string_member (text, "cand_text", "a secret answer");
  json_object_set_string_member (text, "ref_stop", "eos");
  json_object_set_string_member (text, "cand_stop", "limit");
  json_array_add_object_element (texts, text);
  json_object_set_array_member (axis->extension, "per_prompt", texts);
}

static inline void
fake_fill_kld (RefractAxisResult *axis)
{
  const gint32 ids[] = { 71, 72 };
  double mean = -log (MAX (axis->score, 1) / 100);
  JsonObject *corpus = json_object_new ();
  JsonArray *worst = json_array_new ();
  JsonObject *position = json_object_new ();

  json_object_set_double_member (axis->json, "mean_kld", mean);
  json_object_set_double_member (axis->json, "ppl", 10.5);
  json_object_set_double_member (axis->json, "rms_dp_pct", 0.5);
  json_object_set_double_member (axis->json, "same_topp_pct", 99.0);
  json_object_set_string_member (axis->json, "base_path", "");
  json_object_set_int_member (axis->json, "chunks", 32);
  json_object_set_int_member (axis->json, "ctx", 512);
  json_object_set_boolean_member (axis->json, "is_self_reference", FALSE);
  json_object_set_string_member (corpus, "path", "corpus.txt");
  json_object_set_int_member (corpus, "size_bytes", 10);
  json_object_set_string_member (corpus, "sha256_head", "00");
  json_object_set_object_member (axis->json, "corpus", corpus);
  json_object_set_double_member (axis->extension, "mean_kld", mean);
  json_object_set_double_member (axis->extension, "ppl_reference", 10.0);
  json_object_set_string_member (axis->extension, "verdict", "good");
  json_object_set_int_member (position, "token", 71);
  json_object_set_double_member (position, "kld", 1.5);
  json_object_set_array_member (position, "context", refract_json_array_from_ids (ids, 2));
  json_array_add_object_element (worst, position);
  json_object_set_array_member (axis->extension, "worst", worst);
}

static inline void
fake_fill_rniah (RefractAxisResult *axis)
{
  JsonArray *cells = json_array_new ();
  JsonArray *details = json_array_new ();
  JsonObject *cell = json_object_new ();
  JsonObject *detail = json_object_new ();

  json_object_set_int_member (axis->json, "n_cells", 1);
  json_object_set_int_member (cell, "length", 4096);
  json_object_set_double_member (cell, "position", 0.1);
  json_object_set_int_member (cell, "n_trials", 1);
  json_object_set_double_member (cell, "base_acc", 1);
  json_object_set_double_member (cell, "cand_acc", 1);
  json_object_set_double_member (cell, "degradation", 0);
  json_object_set_int_member (cell, "base_hits", 1);
  json_object_set_int_member (cell, "cand_hits", 1);
  json_array_add_object_element (cells, cell);
  json_object_set_array_member (axis->json, "cells", cells);
  json_object_set_array_member (axis->json, "skipped_cells", json_array_new ());
  json_object_set_string_member (axis->json, "needle", "a secret needle SECRET-1");
  json_object_set_string_member (axis->json, "password_keyword", "SECRET-1");
  json_object_set_double_member (axis->json, "base_acc_avg", 1);
  json_object_set_string_member (detail, "base_answer", "a secret answer SECRET-1");
  json_array_add_object_element (details, detail);
  json_object_set_array_member (axis->extension, "cells", details);
}

static inline void
fake_fill_plad (RefractAxisResult *axis)
{
  static const char *const names[] = { "typo", "case", "punct", "paraphrase" };
  JsonObject *scores = json_object_new ();
  JsonArray *pairs = json_array_new ();
  JsonObject *pair = json_object_new ();

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    json_object_set_double_member (scores, names[i], 95);
  json_object_set_object_member (axis->json, "per_perturbation_score", scores);
  json_object_set_string_member (pair, "prompt_id", "prompt-0");
  json_object_set_string_member (pair, "perturbation", "typo");
  json_object_set_string_member (pair, "perturbed_prompt", "a secret pormpt");
  json_object_set_double_member (pair, "ref_drift", 0.5);
  json_array_add_object_element (pairs, pair);
  json_object_set_array_member (axis->json, "per_prompt", pairs);
  json_object_set_int_member (axis->json, "n_prompts", FAKE_UNITS);
  json_object_set_int_member (axis->json, "n_perturbations", 4);
  json_object_set_array_member (axis->json, "skipped_perturbations", json_array_new ());
}

/* Units that differ a little, unless the score is at an end; the score itself is exactly @score. */
static inline RefractAxisResult *
fake_axis (RefractAxisId id, double score)
{
  static const RefractLink links[]
      = { REFRACT_LINK_AGREEMENT, REFRACT_LINK_NATS, REFRACT_LINK_LOSS, REFRACT_LINK_AGREEMENT };
  RefractAxisResult *axis = refract_axis_result_new (id);
  RefractUnits *units = refract_units_new (links[id], FAKE_UNITS);
  double share = CLAMP (score, 0, 100) / 100;
  double spread = MIN (share, 1 - share) / 4;

  for (guint i = 0; i < FAKE_UNITS; i++)
    {
      double ratio = share + spread * (i % 3 - 1.0);

      units->denominator[i] = 10;
      units->numerator[i] = 10
                            * (id == REFRACT_AXIS_KLD     ? -log (MAX (ratio, 1e-6))
                               : id == REFRACT_AXIS_RNIAH ? 1 - ratio
                                                          : ratio);
    }
  refract_axis_result_take_units (axis, units);
  axis->score = score;
  if (id == REFRACT_AXIS_TRAJECTORY)
    fake_fill_trajectory (axis);
  else if (id == REFRACT_AXIS_KLD)
    fake_fill_kld (axis);
  else if (id == REFRACT_AXIS_RNIAH)
    fake_fill_rniah (axis);
  else
    fake_fill_plad (axis);
  return axis;
}

/* @scores: by axis, NAN where not scored */
static inline RefractConfigResult *
fake_result (const char *kv, const double scores[REFRACT_N_AXES])
{
  g_autoptr (RefractKvConfig) config = refract_kv_config_parse (kv, NULL);
  RefractConfigResult *result = refract_config_result_new (config);

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    if (!isnan (scores[i]))
      result->axes[i] = fake_axis (i, scores[i]);
  refract_config_result_compose (result);
  result->performance = (RefractPerformance) { 1000, 50, 1.5, 1 << 20, 12 };
  return result;
}

static inline RefractConfigResult *
fake_add (RefractRun *run, const char *kv, double a, double b, double c, double d)
{
  const double scores[] = { a, b, c, d };
  RefractConfigResult *result = fake_result (kv, scores);

  g_ptr_array_add (run->candidates, result);
  return result;
}

static inline RefractRun *
fake_run (void)
{
  static const double nothing[] = { NAN, NAN, NAN, NAN };
  static const char *const devices[] = { "GPU0: a device", NULL };
  static const char *const candidates[] = { "ctk=q8_0,ctv=q8_0", "ctk=q4_0,ctv=q4_0", NULL };
  g_autofree char *model = fake_path ("data/demo/model.gguf");
  g_autofree char *prompts = fake_path ("prompts/v1.jsonl");
  g_autofree char *corpus = fake_path ("data/demo/corpus.txt");
  RefractRun *run = refract_run_new ();
  g_autoptr (GError) error = NULL;

  run->run_id = g_strdup ("20260101-000000-abcd");
  run->finished = g_date_time_new_local (2026, 1, 2, 3, 4, 5);
  run->plan = refract_plan_new ();
  g_object_set (run->plan, "model", model, "prompts", prompts, "corpus", corpus, "axes",
                "trajectory,kld,rniah,plad", "candidates", candidates, NULL);
  run->model = refract_model_new_from_file (model, NULL, &error);
  g_assert_no_error (error);
  run->prompts = refract_prompts_load (prompts, &error);
  g_assert_no_error (error);
  run->corpus = refract_text_load (corpus, &error);
  g_assert_no_error (error);
  run->haystack = refract_text_load (corpus, &error);
  g_assert_no_error (error);
  run->engine = g_new0 (RefractEngineInfo, 1);
  run->engine->name = g_strdup ("llama.cpp");
  run->engine->version = g_strdup ("b9999");
  run->engine->build = g_strdup ("abcdef");
  run->engine->kv_types = g_new0 (char *, 1);
  run->engine->devices = g_strdupv ((char **) devices);
  run->engine->program = g_build_filename (g_get_home_dir (), "bin", "llama-server", NULL);
  run->reference = fake_result ("ctk=f16,ctv=f16", nothing);
  run->n_slots = 8;
  run->n_cells = 4096;
  run->slots_evidence = g_strdup ("Four prompts gave the same ids with 8 slots and with one.");
  run->wall_seconds = 60;
  return run;
}
