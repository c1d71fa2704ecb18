/* test-plad.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "axis-fixture.h"

#include "core/refract-json.h"
#include "core/refract-perturb.h"

static void
test_plad_prepare (void)
{
  static const char *const keys[]
      = { "a", "a/typo", "a/case", "a/punct", "a/paraphrase", "b", "b/punct", "c", "c/punct" };
  g_auto (Setup) setup = { 0 };
  RefractEstimate estimate;
  char *variants[REFRACT_N_PERTURBATIONS];
  g_autofree char *expected = NULL;
  g_autoptr (GArray) ids = NULL;

  /* Prompt mode raw is A's: PLAD asks as a chat whatever it says. */
  setup_init (&setup, REFRACT_AXIS_PLAD);
  setup.inputs.prompts = make_prompts (
      "{\"id\": \"a\", \"prompt\": \"Name some big rivers\"}\n"
      "{\"id\": \"b\", \"prompt\": \"a 2?\"}\n{\"id\": \"c\", \"prompt\": \"x?\"}\n");
  g_object_set (setup.plan, "n-predict", (gint64) 5, "prompt-mode", "raw", "seed", (gint64) 42,
                NULL);
  refract_axis_estimate (setup.axis, setup.plan, &setup.inputs, &estimate);
  setup_prepare (&setup);

  g_assert_cmpstr (setup.session->last_text, ==, "[SYS]-[USER]x[BOT]");
  g_assert_cmpuint (setup.requests->len, ==, G_N_ELEMENTS (keys));
  g_assert_cmpuint (estimate.n_requests, ==, G_N_ELEMENTS (keys));
  for (guint i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      const RefractRequest *request = g_ptr_array_index (setup.requests, i);

      g_assert_cmpstr (request->key, ==, keys[i]);
      g_assert_cmpuint (request->n_predict, ==, 5);
      g_assert_cmpuint (estimate.max_cells, >=, request->ids->len + 5);
    }

  /* Seed 42 for the first prompt. */
  refract_perturb ("Name some big rivers", 42, variants);
  expected = g_strdup_printf ("[SYS]-[USER]%s[BOT]", variants[REFRACT_PERTURBATION_TYPO]);
  ids = refract_session_tokenize (REFRACT_SESSION (setup.session), expected, TRUE, TRUE, NULL,
                                  NULL);
  g_assert_cmpmem (ids->data, ids->len * 4,
                   ((RefractRequest *) setup.requests->pdata[1])->ids->data,
                   ((RefractRequest *) setup.requests->pdata[1])->ids->len * 4);
  for (guint i = 0; i < REFRACT_N_PERTURBATIONS; i++)
    g_free (variants[i]);
}

static void
test_plad_seed (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (RefractAxisResult) result = NULL;
  char *variants[REFRACT_N_PERTURBATIONS];
  guint row = 0;

  /* The generator is seeded with the plan's seed plus the prompt's index. */
  setup_init (&setup, REFRACT_AXIS_PLAD);
  setup.inputs.prompts
      = make_prompts ("{\"id\": \"a\", \"prompt\": \"Please create several short poems\"}\n"
                      "{\"id\": \"b\", \"prompt\": \"Please create several short poems\"}\n");
  g_object_set (setup.plan, "seed", (gint64) 1000, NULL);
  setup_prepare (&setup);
  for (guint i = 0; i < setup.requests->len; i++)
    {
      OBSERVE (setup.ref, IDS (1), "", LIMIT);
      OBSERVE (setup.cand, IDS (1), "", LIMIT);
    }
  result = setup_score (&setup);
  for (guint i = 0; i < 2; i++)
    {
      refract_perturb ("Please create several short poems", 1000 + i, variants);
      for (guint p = 0; p < REFRACT_N_PERTURBATIONS; p++)
        {
          JsonObject *entry = element (result->json, "per_prompt", row++);

          assert_string (entry, "perturbation", refract_perturbation_get_name (p));
          assert_string (entry, "perturbed_prompt", variants[p]);
          g_free (variants[p]);
        }
    }
}

static void
test_plad_key_clash (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (GError) error = NULL;

  setup_init (&setup, REFRACT_AXIS_PLAD);
  setup.inputs.prompts = make_prompts (
      "{\"id\": \"a\", \"prompt\": \"p\"}\n{\"id\": \"a/punct\", \"prompt\": \"q\"}\n");
  g_assert_false (setup_try_prepare (&setup, &error));
  assert_message (error, REFRACT_ERROR_INPUT, "a/punct");
}

/* Two prompts to which only "punct" applies and one with "case" too: pairs are a/punct, b/case,
 * b/punct, c/punct. */
static void
setup_plad (Setup *setup)
{
  setup_init (setup, REFRACT_AXIS_PLAD);
  setup->inputs.prompts = make_prompts (
      "{\"id\": \"a\", \"prompt\": \"a 1\"}\n{\"id\": \"b\", \"prompt\": \"No 2\"}\n"
      "{\"id\": \"c\", \"prompt\": \"a 3\"}\n");
  setup_prepare (setup);
  g_assert_cmpuint (setup->requests->len, ==, 7);
}

static void
test_plad_score (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (RefractAxisResult) result = NULL;
  JsonObject *scores, *entry;
  double half = exp (-5 * 0.5), full = exp (-5.0);

  setup_plad (&setup);
  /* a: anchor, punct. Reference moves a quarter, candidate three quarters: excess one half. */
  OBSERVE (setup.ref, IDS (1, 2, 3, 4), "r", LIMIT);
  OBSERVE (setup.ref, IDS (1, 2, 3, 9), "r2", LIMIT);
  OBSERVE (setup.cand, IDS (1, 2, 3, 4), "c", LIMIT);
  OBSERVE (setup.cand, IDS (1, 9, 9, 9), "c2", EOS);
  /* b: anchor, case, punct. Case: the candidate moves less than the reference: no excess. Punct:
   * longer than the anchor by three times, capped at 1, against none. */
  OBSERVE (setup.ref, IDS (1, 2), "", LIMIT);
  OBSERVE (setup.ref, IDS (7, 8), "", LIMIT);
  OBSERVE (setup.ref, IDS (1, 2), "", LIMIT);
  OBSERVE (setup.cand, IDS (5, 6), "", LIMIT);
  OBSERVE (setup.cand, IDS (5, 6), "", LIMIT);
  OBSERVE (setup.cand, IDS (1, 2, 3, 4, 7, 8, 9), "", LIMIT);
  /* c: anchor, punct. Empty anchors: the reference stays empty (0), the candidate does not (1). */
  OBSERVE (setup.ref, NO_IDS, "", EOS);
  OBSERVE (setup.ref, NO_IDS, "", EOS);
  OBSERVE (setup.cand, NO_IDS, "", EOS);
  OBSERVE (setup.cand, IDS (4), "", EOS);
  result = setup_score (&setup);

  g_assert_cmpfloat_with_epsilon (result->score, 100 * (half + 1 + full + full) / 4, 1e-9);
  scores = json_object_get_object_member (result->json, "per_perturbation_score");
  assert_null (scores, "typo");
  assert_double (scores, "case", 100.0);
  assert_double (scores, "punct", 100 * (half + full + full) / 3);
  assert_null (scores, "paraphrase");
  assert_int (result->json, "n_prompts", 3);
  assert_int (result->json, "n_perturbations", 4);
  assert_string (result->json, "confidence", "partial");
  g_assert_cmpint (result->confidence, ==, REFRACT_CONFIDENCE_PARTIAL);
  g_assert_cmpstr (json_array_get_string_element (
                       json_object_get_array_member (result->json, "skipped_perturbations"), 1),
                   ==, "paraphrase");

  entry = element (result->json, "per_prompt", 0);
  assert_string (entry, "prompt_id", "a");
  assert_string (entry, "perturbation", "punct");
  assert_string (entry, "perturbed_prompt", "a 1?");
  assert_double (entry, "ref_drift", 0.25);
  assert_double (entry, "cand_drift", 0.75);
  assert_double (entry, "excess_drift", 0.5);
  assert_double (entry, "plad_pp", 100 * half);
  entry = element (result->json, "per_prompt", 1);
  assert_string (entry, "perturbation", "case");
  assert_double (entry, "ref_drift", 1.0);
  assert_double (entry, "cand_drift", 0.0);
  assert_double (entry, "excess_drift", 0.0);
  entry = element (result->json, "per_prompt", 2);
  assert_double (entry, "cand_drift", 1.0); /* edit distance 7 over 2 */
  entry = element (result->json, "per_prompt", 3);
  assert_double (entry, "ref_drift", 0.0);
  assert_double (entry, "cand_drift", 1.0);

  /* The framework compares tokens of the answers' text. */
  assert_note (result, "ids that were decoded", TRUE);
  assert_note (result, "8 of 12 pairs", TRUE);
  assert_double (result->extension, "saturated_share", 0.25);
  assert_int (result->extension, "n_pairs", 4);

  entry = element (result->extension, "answers", 0);
  assert_string (entry, "prompt_id", "a");
  assert_null (entry, "perturbation");
  assert_string (entry, "ref_text", "r");
  entry = element (result->extension, "answers", 1);
  assert_string (entry, "perturbation", "punct");
  assert_string (entry, "cand_text", "c2");
  assert_string (entry, "cand_stop", "eos");

  /* Same indices as A's units: one per prompt, whatever applies to it. */
  g_assert_cmpuint (result->units->n, ==, 3);
  g_assert_cmpfloat (result->units->denominator[1], ==, 2.0);
  g_assert_cmpfloat_with_epsilon (result->units->numerator[1], 1.0 + full, 1e-12);
}

static void
test_plad_equal (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (RefractAxisResult) equal = NULL;
  g_autoptr (RefractAxisResult) altered = NULL;
  RefractGeneration *generation;

  setup_plad (&setup);
  for (guint i = 0; i < setup.requests->len; i++)
    {
      gint32 ids[] = { 1, 2, 3 + i / 2, -1 };

      OBSERVE (setup.ref, ids, "", LIMIT);
      OBSERVE (setup.cand, ids, "", LIMIT);
    }
  equal = setup_score (&setup);
  g_assert_cmpfloat (equal->score, ==, 100.0);

  generation = g_ptr_array_index (setup.cand->generations, 1);
  g_array_index (generation->ids, gint32, 1) = 77;
  altered = setup_score (&setup);
  g_assert_cmpfloat (altered->score, <, 100.0);
}

/* Where the reference itself says something else nothing is left to measure: 0.95 counts, and more
 * than half of the pairs make the axis uncertain. */
static void
test_plad_low (void)
{
  g_auto (Setup) setup = { 0 };
  g_autoptr (RefractAxisResult) half = NULL;
  g_autoptr (RefractAxisResult) more = NULL;
  gint32 twenty[21], drifted[21];

  for (guint i = 0; i < 20; i++)
    {
      twenty[i] = i;
      drifted[i] = i == 0 ? 0 : 100 + i; /* 19 of 20 */
    }
  twenty[20] = drifted[20] = -1;

  setup_plad (&setup);
  for (guint i = 0; i < 7; i++)
    {
      /* requests 0 and 2 and 5 are anchors; variants 1 and 3 drift */
      OBSERVE (setup.ref, i == 1 || i == 3 ? drifted : twenty, "", LIMIT);
      OBSERVE (setup.cand, twenty, "", LIMIT);
    }
  half = setup_score (&setup);
  assert_double (half->extension, "saturated_share", 0.5);
  g_assert_cmpint (half->confidence, ==, REFRACT_CONFIDENCE_PARTIAL);
  assert_note (half, "reference itself", FALSE);

  g_array_index (((RefractGeneration *) setup.ref->generations->pdata[4])->ids, gint32, 0) = 500;
  for (guint i = 1; i < 20; i++)
    g_array_index (((RefractGeneration *) setup.ref->generations->pdata[4])->ids, gint32, i) = 100;
  more = setup_score (&setup);
  assert_double (more->extension, "saturated_share", 0.75);
  g_assert_cmpint (more->confidence, ==, REFRACT_CONFIDENCE_LOW);
  assert_string (more->json, "confidence", "low");
  assert_note (more, "In 3 of 4 pairs the reference itself", TRUE);
}

/* fixtures/scoring.json: edit distances through the axis' own drift. */
static void
test_plad_vectors (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "scoring.json", NULL);
  g_autoptr (JsonObject) root = refract_json_load_object (path, 1 << 20, NULL);
  guint n = json_array_get_length (json_object_get_array_member (root, "sequences"));

  for (guint i = 0; i < n; i++)
    {
      JsonObject *vector = element (root, "sequences", i);
      JsonArray *anchor = json_object_get_array_member (vector, "ref");
      double distance = json_object_get_int_member (vector, "levenshtein");
      g_auto (Setup) setup = { 0 };
      g_autoptr (RefractAxisResult) result = NULL;

      if (json_array_get_length (anchor) == 0)
        continue;
      setup_init (&setup, REFRACT_AXIS_PLAD);
      setup.inputs.prompts = make_prompts ("{\"id\": 1, \"prompt\": \"a 1\"}");
      setup_prepare (&setup);
      for (guint side = 0; side < 2; side++)
        {
          RefractGeneration *generation = fake_generation (NO_IDS, "", REFRACT_STOP_LIMIT);

          g_array_unref (generation->ids);
          generation->ids = refract_json_array_to_ids (
              json_object_get_array_member (vector, side == 0 ? "ref" : "cand"));
          g_ptr_array_add (setup.cand->generations, generation);
          OBSERVE (setup.ref, IDS (1), "", LIMIT);
        }
      result = setup_score (&setup);
      assert_double (element (result->json, "per_prompt", 0), "cand_drift",
                     MIN (1.0, distance / json_array_get_length (anchor)));
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/plad/prepare", test_plad_prepare);
  g_test_add_func ("/plad/seed", test_plad_seed);
  g_test_add_func ("/plad/key-clash", test_plad_key_clash);
  g_test_add_func ("/plad/score", test_plad_score);
  g_test_add_func ("/plad/equal", test_plad_equal);
  g_test_add_func ("/plad/low-confidence", test_plad_low);
  g_test_add_func ("/plad/vectors", test_plad_vectors);

  return g_test_run ();
}
