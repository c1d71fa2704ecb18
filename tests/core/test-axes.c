/* test-axes.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "axis-fixture.h"

#include "core/refract-json.h"

#define PROMPTS                                                                                    \
  "{\"id\": \"a\", \"category\": \"code\", \"prompt\": \"One big\"}\n"                             \
  "{\"id\": \"b\", \"category\": \"code\", \"prompt\": \"two 2\"}\n"                               \
  "{\"id\": \"c\", \"category\": \"dialogue\", \"prompt\": \"x?\"}\n"

static void
setup_prompts (Setup *setup, RefractAxisId axis, const char *mode)
{
  setup_init (setup, axis);
  setup->inputs.prompts = make_prompts (PROMPTS);
  g_object_set (setup->plan, "n-predict", (gint64) 4, "prompt-mode", mode, NULL);
}

/* ---- Trajectory ---- */

static void
test_trajectory_prepare (void)
{
  g_auto (Setup) setup = { 0 };
  RefractRequest *request;
  RefractEstimate estimate;

  setup_prompts (&setup, REFRACT_AXIS_TRAJECTORY, "raw");
  refract_axis_estimate (setup.axis, setup.plan, &setup.inputs, &estimate);
  setup_prepare (&setup);

  /* BOS as the model wants, but no special tokens read out of the prompt. */
  g_assert_true (setup.session->add_special);
  g_assert_false (setup.session->parse_special);
  g_assert_cmpstr (setup.session->last_text, ==, "x?");

  g_assert_cmpuint (setup.requests->len, ==, 3);
  request = g_ptr_array_index (setup.requests, 1);
  g_assert_cmpstr (request->key, ==, "b");
  g_assert_cmpuint (request->n_predict, ==, 4);
  g_assert_cmpuint (request->ids->len, ==, 3);
  g_assert_cmpint (g_array_index (request->ids, gint32, 0), ==, 1);
  g_assert_cmpint (g_array_index (request->ids, gint32, 1), ==, 't' + 10);

  g_assert_cmpuint (estimate.n_requests, ==, 3);
  g_assert_cmpuint (estimate.predict_tokens, ==, 12);
  for (guint i = 0; i < 3; i++)
    {
      request = g_ptr_array_index (setup.requests, i);
      g_assert_cmpuint (estimate.max_cells, >=, request->ids->len + request->n_predict);
    }
}

/* 128 tokens, raw: what published results used. */
static void
test_trajectory_defaults (void)
{
  g_auto (Setup) setup = { 0 };
  const RefractRequest *request;

  setup_init (&setup, REFRACT_AXIS_TRAJECTORY);
  setup.inputs.prompts = make_prompts (PROMPTS);
  setup_prepare (&setup);
  request = g_ptr_array_index (setup.requests, 0);
  g_assert_cmpuint (request->n_predict, ==, 128);
  g_assert_cmpstr (setup.session->last_text, ==, "x?");
}

static void
test_trajectory_chat (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (RefractAxisResult) result = NULL;

  setup_prompts (&setup, REFRACT_AXIS_TRAJECTORY, "chat");
  setup_prepare (&setup);
  g_assert_cmpstr (setup.session->last_text, ==, "[SYS]-[USER]x?[BOT]");

  for (guint i = 0; i < 3; i++)
    {
      OBSERVE (setup.ref, IDS (1), "", LIMIT);
      OBSERVE (setup.cand, IDS (1), "", LIMIT);
    }
  result = setup_score (&setup);
  assert_string (result->extension, "prompt_mode", "chat");
  assert_note (result, "chat", TRUE);
}

static void
test_trajectory_prepare_errors (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  setup_prompts (&setup, REFRACT_AXIS_TRAJECTORY, "raw");
  setup.inputs.engine_context = 7; /* three tokens and four of the answer */
  setup_prepare (&setup);
  setup.inputs.engine_context = 6;
  g_assert_false (setup_try_prepare (&setup, &error));
  assert_message (error, REFRACT_ERROR_INPUT, "Prompt “a” has 3 tokens");
  g_clear_error (&error);

  g_cancellable_cancel (cancellable);
  g_assert_null (refract_axis_prepare (setup.axis, setup.plan, &setup.inputs,
                                       REFRACT_SESSION (setup.session), cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* One pair that agrees, one that parts at token 2, one that ends early after token 1. */
static void
test_trajectory_score (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (RefractAxisResult) result = NULL;
  JsonObject *entry;
  g_autoptr (GArray) ids = NULL;

  setup_prompts (&setup, REFRACT_AXIS_TRAJECTORY, "raw");
  setup_prepare (&setup);
  OBSERVE (setup.ref, IDS (1, 2, 3, 4), "abcd", LIMIT);
  OBSERVE (setup.cand, IDS (1, 2, 3, 4), "abcd", LIMIT);
  OBSERVE (setup.ref, IDS (1, 2, 3, 4), "abcd", LIMIT);
  OBSERVE (setup.cand, IDS (1, 2, 9, 4), "abXd", LIMIT);
  OBSERVE (setup.ref, IDS (5, 6, 7, 8), "efgh", LIMIT);
  OBSERVE (setup.cand, IDS (5, 0), "e", EOS);
  result = setup_score (&setup);

  g_assert_cmpfloat_with_epsilon (result->score, 70.0, 1e-9);
  assert_double (result->extension, "score_strict", 100.0 * 7 / 12);
  assert_note (result, "58.33", TRUE);
  assert_note (result, "1 of 3 candidate answers ended before", TRUE);
  assert_note (result, "chat", FALSE);
  g_assert_cmpint (result->confidence, ==, REFRACT_CONFIDENCE_OK);

  assert_double (result->json, "full_match_rate", 1.0 / 3);
  assert_double (result->json, "median_first_divergence", 1.5);
  assert_double (result->json, "mean_prefix_agreement_length", 7.0 / 3);
  assert_double (result->json, "mean_cand_length", 10.0 / 3);
  assert_double (result->json, "mean_ref_length", 4.0);
  assert_int (result->json, "n_prompts", 3);
  assert_int (result->json, "n_tokens_each", 4);

  entry = element (result->json, "per_prompt", 0);
  assert_null (entry, "first_divergence");
  g_assert_true (json_object_get_boolean_member (entry, "matched"));
  entry = element (result->json, "per_prompt", 1);
  assert_string (entry, "id", "b");
  assert_string (entry, "category", "code");
  assert_string (entry, "prompt", "two 2");
  assert_int (entry, "first_divergence", 2);
  assert_int (entry, "prefix_agreement_length", 2);
  g_assert_false (json_object_get_boolean_member (entry, "matched"));
  ids = refract_json_array_to_ids (json_object_get_array_member (entry, "cand_token_ids"));
  g_assert_cmpmem (ids->data, ids->len * 4, IDS (1, 2, 9, 4), 16);
  entry = element (result->json, "per_prompt", 2);
  assert_int (entry, "cand_length", 2);
  assert_int (entry, "ref_length", 4);
  g_assert_cmpuint (json_array_get_length (json_object_get_array_member (entry, "ref_token_ids")),
                    ==, 4);

  assert_string (result->extension, "prompt_mode", "raw");
  entry = element (result->extension, "per_prompt", 2);
  assert_string (entry, "id", "c");
  assert_string (entry, "ref_text", "efgh");
  assert_string (entry, "cand_text", "e");
  assert_string (entry, "ref_stop", "limit");
  assert_string (entry, "cand_stop", "eos");

  g_assert_cmpuint (result->units->n, ==, 3);
  g_assert_cmpint (result->units->link, ==, REFRACT_LINK_AGREEMENT);
  g_assert_cmpfloat (result->units->numerator[2], ==, 1.0);
  g_assert_cmpfloat (result->units->denominator[2], ==, 2.0);
}

static void
test_trajectory_equal (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (RefractAxisResult) equal = NULL;
  g_autoptr (RefractAxisResult) altered = NULL;
  RefractGeneration *generation;

  setup_prompts (&setup, REFRACT_AXIS_TRAJECTORY, "raw");
  setup_prepare (&setup);
  for (guint i = 0; i < 3; i++)
    {
      OBSERVE (setup.ref, IDS (3, 1, 4), "text", EOS);
      OBSERVE (setup.cand, IDS (3, 1, 4), "text", EOS);
    }
  equal = setup_score (&setup);
  g_assert_cmpfloat (equal->score, ==, 100.0);
  g_assert_cmpfloat (json_object_get_double_member (equal->extension, "score_strict"), ==, 100.0);
  assert_double (equal->json, "full_match_rate", 1.0);
  assert_null (equal->json, "median_first_divergence");
  assert_note (equal, "differ in length", FALSE);

  generation = g_ptr_array_index (setup.cand->generations, 1);
  g_array_index (generation->ids, gint32, 2) = 5;
  altered = setup_score (&setup);
  g_assert_cmpfloat_with_epsilon (altered->score, 100.0 * 8 / 9, 1e-9);
}

/* Agreeing so far and stopping early is 100 by the published formula, and not by the strict one. */
static void
test_trajectory_early (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (RefractAxisResult) result = NULL;
  JsonObject *entry;

  setup_prompts (&setup, REFRACT_AXIS_TRAJECTORY, "raw");
  setup_prepare (&setup);
  for (guint i = 0; i < 3; i++)
    {
      OBSERVE (setup.ref, IDS (3, 1, 4, 1), "", LIMIT);
      OBSERVE (setup.cand, IDS (3), "", EOS);
    }
  result = setup_score (&setup);
  g_assert_cmpfloat (result->score, ==, 100.0);
  assert_double (result->extension, "score_strict", 25.0);
  assert_double (result->json, "full_match_rate", 0.0);
  entry = element (result->json, "per_prompt", 0);
  assert_int (entry, "first_divergence", 1); /* the boundary */
  assert_note (result, "25.00", TRUE);
}

static void
test_trajectory_empty (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (RefractAxisResult) result = NULL;
  g_autoptr (GError) error = NULL;

  setup_prompts (&setup, REFRACT_AXIS_TRAJECTORY, "raw");
  setup_prepare (&setup);
  for (guint i = 0; i < 3; i++)
    {
      OBSERVE (setup.ref, IDS (3, 1), "", LIMIT);
      OBSERVE (setup.cand, NO_IDS, "", EOS);
    }
  result = setup_score (&setup); /* mean candidate length 0 */
  g_assert_cmpfloat (result->score, ==, 0.0);
  assert_int (element (result->json, "per_prompt", 0), "first_divergence", 0);

  g_array_set_size (((RefractGeneration *) setup.ref->generations->pdata[1])->ids, 0);
  g_assert_null (refract_axis_score (setup.axis, setup.ref, setup.cand, &error));
  assert_message (error, REFRACT_ERROR_ENGINE, "prompt “b”");
  g_clear_error (&error);

  g_ptr_array_set_size (setup.cand->generations, 2);
  g_assert_null (refract_axis_score (setup.axis, setup.ref, setup.cand, &error));
  assert_message (error, REFRACT_ERROR_NOTHING_MEASURED, "2 answers where 3");
}

/* fixtures/scoring.json */
static void
test_trajectory_vectors (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "scoring.json", NULL);
  g_autoptr (JsonObject) root = refract_json_load_object (path, 1 << 20, NULL);
  guint n = json_array_get_length (json_object_get_array_member (root, "sequences"));

  g_assert_cmpuint (n, ==, 40);
  for (guint i = 0; i < n; i++)
    {
      JsonObject *expected = element (root, "sequences", i);
      g_auto (Setup) setup = { 0 };
      g_autoptr (RefractAxisResult) result = NULL;
      JsonObject *entry;
      const char *sides[] = { "ref", "cand" };

      if (json_array_get_length (json_object_get_array_member (expected, "ref")) == 0
          && json_array_get_length (json_object_get_array_member (expected, "cand")) == 0)
        continue; /* an error here: /trajectory/empty */
      setup_init (&setup, REFRACT_AXIS_TRAJECTORY);
      setup.inputs.prompts = make_prompts ("{\"id\": 1, \"prompt\": \"p\"}");
      setup_prepare (&setup);
      for (guint side = 0; side < 2; side++)
        {
          RefractGeneration *generation = fake_generation (NO_IDS, "", REFRACT_STOP_LIMIT);

          g_array_unref (generation->ids);
          generation->ids
              = refract_json_array_to_ids (json_object_get_array_member (expected, sides[side]));
          g_ptr_array_add ((side == 0 ? setup.ref : setup.cand)->generations, generation);
        }
      result = setup_score (&setup);

      entry = element (result->json, "per_prompt", 0);
      g_assert_true (json_node_equal (json_object_get_member (entry, "first_divergence"),
                                      json_object_get_member (expected, "first_divergence")));
      assert_int (entry, "prefix_agreement_length",
                  json_object_get_int_member (expected, "prefix_agreement_length"));
    }
}

/* ---- KLD ---- */

static RefractKldPositions *
make_positions (guint n_ctx, guint n_chunks, gboolean is_reference, double kld)
{
  RefractKldPositions *positions = g_new0 (RefractKldPositions, 1);
  guint n;

  positions->shape.n_ctx = n_ctx;
  positions->shape.n_vocab = 100;
  positions->shape.n_chunks = n_chunks;
  positions->rows_per_chunk = n_ctx - 1 - n_ctx / 2;
  positions->tokens = g_new0 (gint32, n_ctx * n_chunks);
  n = n_chunks * positions->rows_per_chunk;
  positions->log_p_ref = g_new0 (double, n);
  if (!is_reference)
    {
      positions->log_p_cand = g_new0 (double, n);
      positions->kld = g_new0 (double, n);
      positions->same_top = g_new0 (guint8, n);
    }
  for (guint i = 0; i < n; i++)
    {
      positions->log_p_ref[i] = -1;
      if (is_reference)
        continue;
      positions->log_p_cand[i] = -1;
      positions->kld[i] = kld;
      positions->same_top[i] = 1;
    }

  return positions;
}

static void
setup_kld (Setup *setup, const char *contexts)
{
  g_autoptr (GError) error = NULL;

  setup_init (setup, REFRACT_AXIS_KLD);
  setup->text = (RefractText) { .path = (char *) "/somewhere/private/corpus.txt",
                                .size_bytes = 1234,
                                .sha256_head = (char *) "abcd" };
  setup->inputs.corpus = &setup->text;
  setup->ref->positions
      = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_kld_positions_free);
  setup->cand->positions
      = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_kld_positions_free);
  g_object_set (setup->plan, "ctx", contexts, "chunks", (gint64) 2, NULL);

  setup->requests
      = refract_axis_prepare (setup->axis, setup->plan, &setup->inputs, NULL, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (setup->requests->len, ==, 0);
}

static void
add_positions (Setup *setup, guint n_ctx, double kld)
{
  g_ptr_array_add (setup->ref->positions, make_positions (n_ctx, 2, TRUE, 0));
  g_ptr_array_add (setup->cand->positions, make_positions (n_ctx, 2, FALSE, kld));
}

static void
test_kld_score (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (RefractAxisResult) result = NULL;
  RefractKldPositions *positions;
  RefractEstimate estimate;
  JsonObject *corpus;

  setup_kld (&setup, "8");
  refract_axis_estimate (setup.axis, setup.plan, &setup.inputs, &estimate);
  g_assert_cmpuint (estimate.n_requests, ==, 0);
  g_assert_cmpuint (estimate.max_cells, ==, 8);
  g_assert_cmpuint (estimate.prompt_tokens, ==, 16);

  /* Two chunks of three positions: 0.6 and 0 nats in all, 0.1 in the mean. */
  add_positions (&setup, 8, 0.0);
  positions = g_ptr_array_index (setup.cand->positions, 0);
  positions->kld[1] = 0.5;
  positions->kld[2] = 0.1;
  result = setup_score (&setup);

  g_assert_cmpfloat_with_epsilon (result->score, 100 * exp (-0.1), 1e-6);
  g_assert_cmpint (result->units->link, ==, REFRACT_LINK_NATS);
  g_assert_cmpuint (result->units->n, ==, 2);
  g_assert_cmpfloat_with_epsilon (result->units->numerator[0], 0.6, 1e-6);
  g_assert_cmpfloat (result->units->denominator[0], ==, 3.0);
  g_assert_cmpfloat (result->units->numerator[1], ==, 0.0);

  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (result->json, "mean_kld"), 0.1,
                                  1e-6);
  assert_double (result->json, "ppl", exp (1));
  assert_double (result->json, "rms_dp_pct", 0.0);
  assert_double (result->json, "same_topp_pct", 100.0);
  assert_string (result->json, "base_path", "");
  assert_int (result->json, "chunks", 2);
  assert_int (result->json, "ctx", 8);
  g_assert_false (json_object_get_boolean_member (result->json, "is_self_reference"));
  corpus = json_object_get_object_member (result->json, "corpus");
  assert_string (corpus, "path", "corpus.txt"); /* no personal path */
  assert_int (corpus, "size_bytes", 1234);
  assert_string (corpus, "sha256_head", "abcd");

  assert_int (result->extension, "n_positions", 6);
  assert_note (result, "6 positions (2 chunks of 8 tokens)", TRUE);
  assert_note (result, "underestimate", FALSE);
  assert_note (result, "lower bound", FALSE);
  assert_note (result, "Nobody", FALSE);
}

static void
test_kld_zero (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (RefractAxisResult) equal = NULL;
  g_autoptr (RefractAxisResult) altered = NULL;

  setup_kld (&setup, "8");
  add_positions (&setup, 8, 0.0);
  equal = setup_score (&setup);
  g_assert_cmpfloat (equal->score, ==, 100.0);

  ((RefractKldPositions *) setup.cand->positions->pdata[0])->kld[5] = 1e-5f;
  altered = setup_score (&setup);
  g_assert_cmpfloat (altered->score, <, 100.0);
}

static void
test_kld_ladder (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (RefractAxisResult) result = NULL;
  JsonObject *step;

  setup_kld (&setup, "8,32");
  add_positions (&setup, 8, 0.2);
  add_positions (&setup, 32, 0.7);
  result = setup_score (&setup);

  /* The score is that of the first; the others stand beside it. */
  g_assert_cmpfloat_with_epsilon (result->score, 100 * exp (-0.2), 1e-5);
  g_assert_cmpuint (
      json_array_get_length (json_object_get_array_member (result->extension, "ladder")), ==, 1);
  step = element (result->extension, "ladder", 0);
  assert_int (step, "ctx", 32);
  assert_int (step, "chunks", 2);
  assert_int (step, "n_positions", 30);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (step, "mean_kld"), 0.7, 1e-6);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (step, "score"), 100 * exp (-0.7),
                                  1e-5);
}

static void
test_kld_bound (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (RefractAxisResult) result = NULL;
  RefractKldPositions *positions;

  setup_kld (&setup, "8");
  add_positions (&setup, 8, 0.1);
  positions = setup.cand->positions->pdata[0];
  positions->shape.format = REFRACT_LOGITS_TOP;
  positions->shape.top_k = 64;
  positions->mean_tail = 0.124;
  positions->is_unverified = TRUE;
  result = setup_score (&setup);
  assert_note (result, "A lower bound from the top 64 tokens: 12.4 % of", TRUE);
  assert_note (result, "Nobody has shown that this engine's prefill reads", TRUE);
  g_assert_true (json_object_get_boolean_member (result->extension, "lower_bound"));
}

static void
test_kld_clipped (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (RefractAxisResult) result = NULL;

  setup_kld (&setup, "8");
  add_positions (&setup, 8, 3.5);
  result = setup_score (&setup);
  assert_note (result, "underestimate", TRUE);
}

static void
test_kld_errors (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (GError) error = NULL;

  setup_kld (&setup, "8,32");
  add_positions (&setup, 8, 0.2);
  g_assert_null (refract_axis_score (setup.axis, setup.ref, setup.cand, &error));
  assert_message (error, REFRACT_ERROR_NOTHING_MEASURED, "32 tokens");
  g_clear_error (&error);

  g_ptr_array_add (setup.ref->positions, make_positions (32, 2, TRUE, 0));
  g_ptr_array_add (setup.cand->positions, make_positions (32, 1, FALSE, 0.1));
  g_assert_null (refract_axis_score (setup.axis, setup.ref, setup.cand, &error));
  assert_message (error, REFRACT_ERROR_NOTHING_MEASURED, "same plan");
  g_clear_error (&error);

  /* The reference's own pass was never compared with anything. */
  g_assert_null (refract_axis_score (setup.axis, setup.ref, setup.ref, &error));
  assert_message (error, REFRACT_ERROR_NOTHING_MEASURED, "no scored positions");
}

/* ---- all of them ---- */

static void
test_axis_new (void)
{
  static const char *const names[] = { "ok", "partial", "low" };

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      g_autoptr (RefractAxis) axis = refract_axis_new (i);
      g_autoptr (RefractAxisResult) skipped = refract_axis_result_new_skipped (i, "no haystack");

      g_assert_cmpint (refract_axis_get_id (axis), ==, i);
      g_assert_cmpint (skipped->axis, ==, i);
      g_assert_cmpstr (skipped->skip_reason, ==, "no haystack");
      g_assert_null (skipped->units);
    }
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpstr (refract_confidence_get_name (i), ==, names[i]);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/axis/new", test_axis_new);
  g_test_add_func ("/trajectory/prepare", test_trajectory_prepare);
  g_test_add_func ("/trajectory/defaults", test_trajectory_defaults);
  g_test_add_func ("/trajectory/chat", test_trajectory_chat);
  g_test_add_func ("/trajectory/prepare-errors", test_trajectory_prepare_errors);
  g_test_add_func ("/trajectory/score", test_trajectory_score);
  g_test_add_func ("/trajectory/equal", test_trajectory_equal);
  g_test_add_func ("/trajectory/early-stop", test_trajectory_early);
  g_test_add_func ("/trajectory/empty", test_trajectory_empty);
  g_test_add_func ("/trajectory/vectors", test_trajectory_vectors);
  g_test_add_func ("/kld-axis/score", test_kld_score);
  g_test_add_func ("/kld-axis/zero", test_kld_zero);
  g_test_add_func ("/kld-axis/ladder", test_kld_ladder);
  g_test_add_func ("/kld-axis/clipped", test_kld_clipped);
  g_test_add_func ("/kld-axis/bound", test_kld_bound);
  g_test_add_func ("/kld-axis/errors", test_kld_errors);

  return g_test_run ();
}
