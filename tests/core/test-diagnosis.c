/* test-diagnosis.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "fake-run.h"
#include "report/refract-diagnosis.h"

static const RefractFinding *
find (GPtrArray *findings, const char *part)
{
  for (guint i = 0; i < findings->len; i++)
    {
      const RefractFinding *finding = g_ptr_array_index (findings, i);

      if (strstr (finding->text, part) != NULL)
        return finding;
    }
  return NULL;
}

static void
assert_has (GPtrArray *findings, const char *part)
{
  if (find (findings, part) != NULL)
    return;
  for (guint i = 0; i < findings->len; i++)
    g_test_message ("%s", ((const RefractFinding *) g_ptr_array_index (findings, i))->text);
  g_error ("no finding says “%s”", part);
}

static void
assert_lacks (GPtrArray *findings, const char *part)
{
  if (find (findings, part) != NULL)
    g_error ("“%s” was not to be said", find (findings, part)->text);
}

/* The first finding is the pattern. */
static void
test_patterns (void)
{
  static const struct
  {
    double scores[REFRACT_N_AXES];
    const char *parts[4];    /* said */
    const char *lacks[4];    /* not said */
    RefractShip ship;
  } cases[] = {
    { { 100, 100, 100, 100 },
      { "No loss shows", "Trajectory", "PLAD" },
      { "not measured" },
      REFRACT_SHIP_SAFE },
    { { 80, 80, 80, 80 }, { "No loss shows" }, { "rift" }, REFRACT_SHIP_SAFE },
    { { 90, 95, NAN, NAN },
      { "No loss shows: the decoded text (Trajectory) and the token distribution (KLD@D) are" },
      { "R-NIAH", "PLAD" },
      REFRACT_SHIP_SAFE },
    { { 79.99, 95, 95, 95 },
      { "Mild drift in short contexts: Trajectory 79.9", "the exact text" },
      { "No loss", "Retrieval", "Decoding drifts" },
      REFRACT_SHIP_AUDIT },
    { { 95, 79.99, NAN, NAN },
      { "Mild drift in short contexts: KLD@D 79.9", "nothing is known about retrieval" },
      { "No loss", "hold" },
      REFRACT_SHIP_AUDIT },
    { { 60, 60, 90, 90 },
      { "Mild drift in short contexts: Trajectory 60.0 and KLD@D 60.0" },
      { "broken" },
      REFRACT_SHIP_AUDIT },
    { { 59.99, 60, 90, 90 },
      { "Drift in short contexts: Trajectory 59.9" },
      { "Mild", "The token distribution is broken" },
      REFRACT_SHIP_MITIGATE },
    { { 59.99, 59.99, 90, 80 },
      { "The token distribution is broken (Trajectory 59.9 and KLD@D 59.9), but retrieval from long "
        "contexts (R-NIAH) and robustness to small input changes (PLAD) are intact" },
      { "rift in short" },
      REFRACT_SHIP_NO },
    { { 20, 20, 95, NAN },
      { "but retrieval from long contexts (R-NIAH) is intact" },
      { "PLAD) is" },
      REFRACT_SHIP_NO },
    { { 95, 95, 79.99, 95 },
      { "Retrieval from long contexts is lost: R-NIAH 79.9", "summaries and code" },
      { "No loss", "Decoding drifts", "Small changes" },
      REFRACT_SHIP_AUDIT },
    { { 95, 95, 95, 79 },
      { "Small changes of the input upset the answers: PLAD 79.0", "real people type" },
      { "No loss", "Retrieval" },
      REFRACT_SHIP_AUDIT },
    { { 70, 95, 50, 79 },
      { "Decoding drifts already in short contexts: Trajectory 70.0", "Retrieval from long",
        "Small changes" },
      { "Mild", "exact text" },
      REFRACT_SHIP_MITIGATE },
    { { 17.3, 17.5, 100, 78.4 },
      { "Decoding drifts already", "Small changes" },
      { "Retrieval", "atastrophic", "is broken" },
      REFRACT_SHIP_NO },
    { { 59, NAN, 95, 95 },
      { "Drift in short contexts: Trajectory 59.0" },
      { "KLD@D" },
      REFRACT_SHIP_MITIGATE },
  };

  g_autoptr (RefractRun) run = fake_run ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractConfigResult) result
          = fake_result ("ctk=q8_0,ctv=q4_0", cases[i].scores);
      g_autoptr (GPtrArray) findings = refract_diagnose (run, result);

      for (guint k = 0; k < 4 && cases[i].parts[k] != NULL; k++)
        assert_has (findings, cases[i].parts[k]);
      for (guint k = 0; k < 4 && cases[i].lacks[k] != NULL; k++)
        assert_lacks (findings, cases[i].lacks[k]);
      g_assert_cmpint (refract_ship_rule (result), ==, cases[i].ship);
      for (guint k = 0; k < findings->len; k++)
        g_assert_nonnull (((RefractFinding *) g_ptr_array_index (findings, k))->remedy);
    }
}

static void
test_catastrophic (void)
{
  static const double scores[][REFRACT_N_AXES]
      = { { 59.99, 10, 0, 30 }, { 5, 59.99, NAN, NAN }, { NAN, 1, NAN, NAN } };
  g_autoptr (RefractRun) run = fake_run ();

  for (guint i = 0; i < G_N_ELEMENTS (scores); i++)
    {
      g_autoptr (RefractConfigResult) result = fake_result ("ctk=q4_0,ctv=q4_0", scores[i]);
      g_autoptr (GPtrArray) findings = NULL;

      /* a paradox, which is not said beside it */
      json_object_set_double_member (result->axes[REFRACT_AXIS_KLD]->json, "ppl", 1);
      findings = refract_diagnose (run, result);
      g_assert_cmpuint (findings->len, ==, 1);
      assert_has (findings, "Catastrophic");
    }
}

static void
test_nothing_measured (void)
{
  static const double scores[] = { NAN, NAN, NAN, NAN };
  g_autoptr (RefractRun) run = fake_run ();
  g_autoptr (RefractConfigResult) result = fake_result ("ctk=q4_0,ctv=q4_0", scores);
  g_autoptr (GPtrArray) findings = NULL;

  result->axes[REFRACT_AXIS_RNIAH]
      = refract_axis_result_new_skipped (REFRACT_AXIS_RNIAH, "The context is too short.");
  findings = refract_diagnose (run, result);
  g_assert_cmpuint (findings->len, ==, 1);
  assert_has (findings, "Nothing was measured");
  g_assert_cmpint (refract_ship_rule (result), !=, REFRACT_SHIP_SAFE);
}

/* An axis at low confidence is never called intact, and alone it makes nothing safe. */
static void
test_confidence (void)
{
  static const double all[] = { 95, 95, 100, 95 };
  static const double alone[] = { NAN, NAN, 100, NAN };
  static const double broken[] = { 20, 20, 100, NAN };
  g_autoptr (RefractRun) run = fake_run ();
  g_autoptr (RefractConfigResult) result = fake_result ("ctk=q4_0,ctv=q4_0", all);
  g_autoptr (RefractConfigResult) lone = fake_result ("ctk=q4_0,ctv=q4_0", alone);
  g_autoptr (RefractConfigResult) bad = fake_result ("ctk=q4_0,ctv=q4_0", broken);
  g_autoptr (GPtrArray) findings = NULL;
  g_autofree char *sentence = NULL;
  RefractAxisResult *plad = result->axes[REFRACT_AXIS_PLAD];
  JsonArray *skipped = refract_json_get_array (plad->json, "skipped_perturbations");

  result->axes[REFRACT_AXIS_RNIAH]->confidence = REFRACT_CONFIDENCE_LOW;
  json_object_set_double_member (result->axes[REFRACT_AXIS_RNIAH]->json, "base_acc_avg", 0.1);
  plad->confidence = REFRACT_CONFIDENCE_PARTIAL;
  json_array_add_string_element (skipped, "paraphrase");
  findings = refract_diagnose (run, result);
  g_assert_null (strstr (find (findings, "No loss shows")->text, "R-NIAH"));
  g_assert_nonnull (strstr (find (findings, "No loss shows")->text, "PLAD"));
  assert_has (findings, "finds the needle in 10 % of the cells. Its 100.0");
  assert_has (findings, "paraphrase");
  g_assert_cmpint (refract_ship_rule (result), ==, REFRACT_SHIP_SAFE);
  sentence = refract_ship_describe (result);
  g_assert_nonnull (strstr (sentence, "Low confidence: retrieval"));
  g_ptr_array_unref (findings);

  lone->axes[REFRACT_AXIS_RNIAH]->confidence = REFRACT_CONFIDENCE_LOW;
  findings = refract_diagnose (run, lone);
  assert_has (findings, "Nothing can be called intact");
  g_assert_cmpint (refract_ship_rule (lone), ==, REFRACT_SHIP_AUDIT);
  g_assert_false (refract_within_noise (run, lone));
  g_ptr_array_unref (findings);

  bad->axes[REFRACT_AXIS_RNIAH]->confidence = REFRACT_CONFIDENCE_LOW;
  findings = refract_diagnose (run, bad);
  assert_has (findings, "no other surface was shown to be intact");
  assert_lacks (findings, "hold");
  g_ptr_array_unref (findings);

  plad->confidence = REFRACT_CONFIDENCE_LOW;
  findings = refract_diagnose (run, result);
  assert_has (findings, "PLAD says little here");
  g_assert_null (strstr (find (findings, "No loss shows")->text, "PLAD"));
}

static void
test_ppl_paradox (void)
{
  static const struct
  {
    double ppl, mean;
    gboolean said;
  } cases[] = {
    { 10.0, 0.0501, TRUE },  { 9.0, 0.2, TRUE },   { 10.0, 0.05, FALSE },
    { 10.01, 0.2, FALSE }, { 9.0, 0.01, FALSE },
  };
  static const double scores[] = { 95, 82, NAN, NAN };
  g_autoptr (RefractRun) run = fake_run ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractConfigResult) result = fake_result ("ctk=q4_0,ctv=q4_0", scores);
      JsonObject *json = result->axes[REFRACT_AXIS_KLD]->json;
      g_autoptr (GPtrArray) findings = NULL;

      json_object_set_double_member (json, "ppl", cases[i].ppl);
      json_object_set_double_member (json, "mean_kld", cases[i].mean);
      findings = refract_diagnose (run, result);
      g_assert_cmpint (find (findings, "Perplexity says better") != NULL, ==, cases[i].said);
      /* engines that give no perplexity */
      json_object_set_null_member (json, "ppl");
      g_ptr_array_unref (findings);
      findings = refract_diagnose (run, result);
      assert_lacks (findings, "Perplexity");
    }
}

static void
test_trajectory_against_kld (void)
{
  static const struct
  {
    double scores[REFRACT_N_AXES];
    const char *part;
  } cases[] = {
    { { 59.99, 80, 90, NAN }, "suspect the chat template" },
    { { 60, 80, 90, NAN }, NULL },
    { { 59.99, 79.99, 90, NAN }, NULL },
    { { 80, 59.99, 90, NAN }, "trust KLD@D" },
    { { 79.99, 59.99, 90, NAN }, NULL },
  };
  g_autoptr (RefractRun) run = fake_run ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractConfigResult) result
          = fake_result ("ctk=q8_0,ctv=q4_0", cases[i].scores);
      g_autoptr (GPtrArray) findings = refract_diagnose (run, result);

      if (cases[i].part != NULL)
        assert_has (findings, cases[i].part);
      else
        {
          assert_lacks (findings, "suspect the chat template");
          assert_lacks (findings, "trust KLD@D");
        }
    }
}

static void
test_early_divergence (void)
{
  static const double low[] = { 50, 95, 95, NAN };
  g_autoptr (RefractRun) run = fake_run ();

  for (guint early = 15; early <= 16; early++)
    {
      g_autoptr (RefractConfigResult) result = fake_result ("ctk=q4_0,ctv=f16", low);
      g_autoptr (GPtrArray) findings = NULL;

      json_object_set_array_member (result->axes[REFRACT_AXIS_TRAJECTORY]->json, "per_prompt",
                                    fake_per_prompt (early));
      findings = refract_diagnose (run, result);
      g_assert_cmpint (find (findings, "of 30 prompts the answer parts") != NULL, ==, early == 16);
    }
}

static void
test_strict_score (void)
{
  static const double scores[] = { 95, 95, NAN, NAN };
  g_autoptr (RefractRun) run = fake_run ();
  g_autoptr (RefractConfigResult) result = fake_result ("ctk=q4_0,ctv=f16", scores);
  JsonObject *extension = result->axes[REFRACT_AXIS_TRAJECTORY]->extension;
  g_autoptr (GPtrArray) findings = NULL;

  json_object_set_double_member (extension, "score_strict", 94.0);
  findings = refract_diagnose (run, result);
  assert_lacks (findings, "missing tokens");
  g_ptr_array_unref (findings);
  json_object_set_double_member (extension, "score_strict", 93.9);
  findings = refract_diagnose (run, result);
  assert_has (findings, "95.0 by the published formula, 93.9 when the missing tokens count");
}

static void
test_perturbations (void)
{
  static const double scores[] = { 95, 95, 95, 78 };
  static const struct
  {
    const char *name;
    const char *part;
  } cases[] = {
    { "typo", "(typo 79.9)" },
    { "case", "(case 79.9)" },
    { "punct", "end signal (punct 79.9)" },
    { "paraphrase", "most worrying of the four (paraphrase 79.9)" },
  };
  g_autoptr (RefractRun) run = fake_run ();

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractConfigResult) result = fake_result ("ctk=q4_0,ctv=f16", scores);
      JsonObject *each = refract_json_get_object (result->axes[REFRACT_AXIS_PLAD]->json,
                                                  "per_perturbation_score");
      g_autoptr (GPtrArray) findings = NULL;

      json_object_set_double_member (each, cases[i].name, 79.99);
      findings = refract_diagnose (run, result);
      for (guint k = 0; k < G_N_ELEMENTS (cases); k++)
        g_assert_cmpint (find (findings, cases[k].part) != NULL, ==, k == i);

      json_object_set_double_member (each, cases[i].name, 80);
      g_ptr_array_unref (findings);
      findings = refract_diagnose (run, result);
      assert_lacks (findings, cases[i].part);
      json_object_set_null_member (each, cases[i].name);
      g_ptr_array_unref (findings);
      findings = refract_diagnose (run, result);
      assert_lacks (findings, cases[i].part);
    }
}

static void
test_floor_in_remedy (void)
{
  static const double low[] = { 95, 70, NAN, NAN };
  static const double perfect[] = { 100, 100, NAN, NAN };
  g_autoptr (RefractRun) run = fake_run ();
  g_autoptr (RefractConfigResult) result = fake_result ("ctk=q4_0,ctv=f16", low);
  g_autoptr (GPtrArray) findings = refract_diagnose (run, result);

  g_assert_nonnull (strstr (find (findings, "KLD@D 70.0")->remedy, "--measure-floor"));
  run->floor = fake_result ("ctk=f16,ctv=f16", perfect);
  g_ptr_array_unref (findings);
  findings = refract_diagnose (run, result);
  g_assert_nonnull (strstr (find (findings, "KLD@D 70.0")->remedy, "The noise floor is 100.0"));
}

static void
test_side (void)
{
  g_autoptr (RefractRun) run = fake_run ();
  RefractConfigResult *both = fake_add (run, "ctk=q4_0,ctv=q4_0", 60, 80, NAN, NAN);
  RefractConfigResult *k_only = fake_add (run, "ctk=q4_0,ctv=f16", 62, 81, NAN, NAN);
  g_autoptr (GPtrArray) findings = refract_diagnose (run, both);

  assert_has (findings, "K does most of the damage");
  g_ptr_array_unref (findings);

  fake_add (run, "ctk=f16,ctv=q4_0", 98, 99, NAN, NAN);
  findings = refract_diagnose (run, both);
  assert_has (findings, "K does the damage: K q4_0 / V f16 alone");
  g_ptr_array_unref (findings);
  findings = refract_diagnose (run, k_only);
  assert_lacks (findings, "damage");
  g_ptr_array_unref (findings);

  /* the same the other way round, and otherwise set configurations do not count */
  g_ptr_array_set_size (run->candidates, 0);
  both = fake_add (run, "ctk=q4_0,ctv=q8_0", 60, 80, NAN, NAN);
  fake_add (run, "ctk=q4_0,ctv=f16,attn_rot_disable=1", 60, 80, NAN, NAN);
  findings = refract_diagnose (run, both);
  assert_lacks (findings, "damage");
  g_ptr_array_unref (findings);
  fake_add (run, "ctk=q4_0,ctv=f16", 99, 99, NAN, NAN);
  findings = refract_diagnose (run, both);
  assert_has (findings, "V does most of the damage");
  g_ptr_array_unref (findings);
  fake_add (run, "ctk=f16,ctv=q8_0", 61, 80, NAN, NAN);
  findings = refract_diagnose (run, both);
  assert_has (findings, "V does the damage");
  g_ptr_array_unref (findings);

  g_ptr_array_set_size (run->candidates, 0);
  both = fake_add (run, "ctk=q8_0,ctv=q4_0", 60, 80, NAN, NAN);
  fake_add (run, "ctk=q8_0,ctv=f16", 80, 90, NAN, NAN);
  fake_add (run, "ctk=f16,ctv=q4_0", 80, 90, NAN, NAN);
  findings = refract_diagnose (run, both);
  assert_has (findings, "about the same damage");
}

static void
test_ship_sentences (void)
{
  static const struct
  {
    double scores[REFRACT_N_AXES];
    const char *name;
    const char *part;
  } cases[] = {
    { { 80, 80, 80, 80 }, "safe", "Safe to ship: every axis" },
    { { 80, 80, NAN, NAN }, "safe", "Not measured: retrieval from long contexts (R-NIAH) and" },
    { { 79.99, 80, 80, 80 }, "audit", "Audit this surface before you ship: Trajectory 79.9." },
    { { 79.99, 60, 80, 80 }, "audit", "Audit these surfaces before you ship: Trajectory 79.9 and KLD@D 60.0." },
    { { 95, 95, 59.99, 95 }, "mitigate", "mitigations for retrieval from long contexts (R-NIAH): R-NIAH 59.9." },
    { { 95, 95, 59.99, 70 }, "mitigate", "Audit beside it: PLAD 70.0." },
    { { 59.99, 95, 59.99, 95 }, "no", "Do not ship: several axes fail (Trajectory 59.9 and R-NIAH 59.9)." },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractConfigResult) result
          = fake_result ("ctk=q8_0,ctv=q4_0", cases[i].scores);
      g_autofree char *sentence = refract_ship_describe (result);

      g_assert_cmpstr (refract_ship_get_name (refract_ship_rule (result)), ==, cases[i].name);
      if (strstr (sentence, cases[i].part) == NULL)
        g_error ("“%s” does not say “%s”", sentence, cases[i].part);
      result->not_proved = TRUE;
      g_assert_cmpint (refract_ship_rule (result), !=, REFRACT_SHIP_SAFE);
    }
}

static void
test_within_noise (void)
{
  static const double perfect[] = { 100, 100, NAN, NAN };
  static const double noisy[] = { 96, 99.9, NAN, NAN };
  static const double worse[] = { 96, 99.0, NAN, NAN };
  static const double lossy[] = { 96, 99.9, 90, NAN };
  g_autoptr (RefractRun) run = fake_run ();
  g_autoptr (RefractConfigResult) same = fake_result ("ctk=q8_0,ctv=q8_0", perfect);
  g_autoptr (RefractConfigResult) inside = fake_result ("ctk=q8_0,ctv=q8_0", noisy);
  g_autoptr (RefractConfigResult) outside = fake_result ("ctk=q8_0,ctv=q8_0", worse);
  g_autoptr (RefractConfigResult) other = fake_result ("ctk=q8_0,ctv=q8_0", lossy);

  /* no floor: only what reaches 100 */
  g_assert_true (refract_within_noise (run, same));
  g_assert_false (refract_within_noise (run, inside));

  /* a floor that is as noisy as the candidate */
  run->floor = fake_result ("ctk=f16,ctv=f16", noisy);
  g_assert_true (refract_within_noise (run, inside));
  g_assert_true (refract_within_noise (run, same));
  g_assert_false (refract_within_noise (run, outside));
  g_assert_false (refract_within_noise (run, other));

  /* a wide interval proves nothing */
  inside->axes[REFRACT_AXIS_TRAJECTORY]->interval.few_samples = TRUE;
  g_assert_true (refract_within_noise (run, inside));
  inside->axes[REFRACT_AXIS_TRAJECTORY]->units->numerator[0] -= 1;
  g_assert_false (refract_within_noise (run, inside));
  inside->axes[REFRACT_AXIS_TRAJECTORY]->interval.few_samples = FALSE;
  g_assert_true (refract_within_noise (run, inside));

  inside->not_proved = TRUE;
  g_assert_false (refract_within_noise (run, inside));
}

static const RefractRanked *
ranked_at (GPtrArray *ranked, guint i)
{
  return g_ptr_array_index (ranked, i);
}

static void
test_rank (void)
{
  g_autoptr (RefractRun) run = fake_run ();
  RefractConfigResult *q8 = fake_add (run, "ctk=q8_0,ctv=q8_0", 98, 99.9, NAN, NAN);
  RefractConfigResult *q4 = fake_add (run, "ctk=q4_0,ctv=q4_0", 60, 80, NAN, NAN);
  RefractConfigResult *q51 = fake_add (run, "ctk=q5_1,ctv=q5_1", 98, 99.9, NAN, NAN);
  RefractConfigResult *f16 = fake_add (run, "ctk=f16,ctv=q8_0", 90, 99, NAN, NAN);
  RefractConfigResult *control = fake_add (run, "ctk=q4_0,ctv=q4_0,attn_rot_disable=1", 99, 99, NAN,
                                           NAN);
  RefractConfigResult *failed = fake_add (run, "ctk=q4_1,ctv=q4_1", NAN, NAN, NAN, NAN);
  RefractConfigResult *unproved = fake_add (run, "ctk=q5_0,ctv=q5_0", 100, 100, NAN, NAN);
  g_autoptr (GPtrArray) ranked = NULL;

  control->is_control = TRUE;
  failed->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "it failed");
  unproved->not_proved = TRUE;

  ranked = refract_rank (run);
  g_assert_cmpuint (ranked->len, ==, 4);
  /* equal scores: fewer bytes first */
  g_assert_true (ranked_at (ranked, 0)->result == q51);
  g_assert_true (ranked_at (ranked, 1)->result == q8);
  g_assert_true (ranked_at (ranked, 2)->result == f16);
  g_assert_true (ranked_at (ranked, 3)->result == q4);
  g_assert_cmpfloat (ranked_at (ranked, 0)->bytes_per_token, >, 0);
  /* fewer bytes and not lower; not fewer bytes; fewer bytes but clearly lower */
  g_assert_null (ranked_at (ranked, 0)->dominated_by);
  g_assert_true (ranked_at (ranked, 1)->dominated_by == q51);
  g_assert_true (ranked_at (ranked, 2)->dominated_by == q51);
  g_assert_null (ranked_at (ranked, 3)->dominated_by);
}

/* Equal bytes: only a clearly higher composite dominates. Unknown bytes: nothing does. */
static void
test_dominated (void)
{
  g_autoptr (RefractRun) run = fake_run ();
  g_autoptr (GPtrArray) ranked = NULL;
  RefractConfigResult *a = fake_add (run, "ctk=q8_0,ctv=q4_0", 98, 99.9, NAN, NAN);

  fake_add (run, "ctk=q4_0,ctv=q8_0", 60, 80, NAN, NAN);
  fake_add (run, "ctk=turbo4,ctv=turbo4", 50, 60, NAN, NAN);
  ranked = refract_rank (run);
  g_assert_null (ranked_at (ranked, 0)->dominated_by);
  g_assert_true (ranked_at (ranked, 1)->dominated_by == a);
  g_assert_cmpfloat (ranked_at (ranked, 2)->bytes_per_token, ==, -1);
  g_assert_null (ranked_at (ranked, 2)->dominated_by);

  g_ptr_array_set_size (run->candidates, 0);
  g_ptr_array_unref (ranked);
  fake_add (run, "ctk=q8_0,ctv=q4_0", 98, 99.9, NAN, NAN);
  fake_add (run, "ctk=q4_0,ctv=q8_0", 98, 99.9, NAN, NAN);
  ranked = refract_rank (run);
  g_assert_null (ranked_at (ranked, 0)->dominated_by);
  g_assert_null (ranked_at (ranked, 1)->dominated_by);
}

static void
test_bytes (void)
{
  g_autoptr (RefractRun) run = fake_run ();
  RefractConfigResult *known = fake_add (run, "ctk=q8_0,ctv=q8_0", 98, 99, NAN, NAN);
  RefractConfigResult *unknown = fake_add (run, "ctk=turbo4,ctv=turbo4", 98, 99, NAN, NAN);
  const char *source;
  double computed = refract_config_result_get_bytes_per_token (known, run->model, &source);

  g_assert_cmpstr (source, ==, "computed");
  g_assert_cmpfloat (computed, >, 0);
  g_assert_cmpfloat (refract_config_result_get_bytes_per_token (unknown, run->model, &source), ==,
                     -1);
  g_assert_cmpstr (source, ==, "unknown");

  /* what the engine prints wins, and where it confirms the formula the exact number stands */
  unknown->kv_in_use = refract_kv_in_use_new ();
  unknown->kv_in_use->buffer_mib = 3;
  unknown->kv_in_use->n_cells = 1024;
  g_assert_cmpfloat (refract_config_result_get_bytes_per_token (unknown, run->model, &source), ==,
                     3072);
  g_assert_cmpstr (source, ==, "measured");
  known->kv_in_use = refract_kv_in_use_new ();
  known->kv_in_use->n_cells = 4096;
  known->kv_in_use->buffer_mib = computed * 4096 / 1048576 + 0.005;
  g_assert_cmpfloat (refract_config_result_get_bytes_per_token (known, run->model, &source), ==,
                     computed);
  g_assert_cmpstr (source, ==, "measured");
  known->kv_in_use->buffer_mib *= 2;
  g_assert_cmpfloat (refract_config_result_get_bytes_per_token (known, run->model, &source), >,
                     1.9 * computed);
}

static void
assert_recommends (const RefractRun *run, const RefractConfigResult *pick, const char *part)
{
  g_autoptr (RefractRecommendation) recommendation = refract_recommend (run);

  if (strstr (recommendation->sentence, part) == NULL)
    g_error ("“%s” does not say “%s”", recommendation->sentence, part);
  g_assert_true (recommendation->pick == pick);
}

static void
test_recommend (void)
{
  g_autoptr (RefractRun) run = fake_run ();
  RefractConfigResult *q8 = fake_add (run, "ctk=q8_0,ctv=q8_0", 100, 100, NAN, NAN);
  RefractConfigResult *mixed = fake_add (run, "ctk=q8_0,ctv=q5_1", 92, 99, NAN, NAN);
  RefractConfigResult *q4 = fake_add (run, "ctk=q4_0,ctv=q4_0", 79.99, 99, NAN, NAN);
  RefractConfigResult *fork = fake_add (run, "ctk=turbo4,ctv=turbo4", 95, 99, NAN, NAN);
  double budget;

  /* the fewest bytes that qualify; 1 − (8.5 + 6) / 32 */
  assert_recommends (run, mixed, "Ship K q8_0 / V q5_1: 55 % less KV memory, and 95.4 [");
  assert_recommends (run, mixed, "of 100 against f16.");

  /* a threshold, and what is within the noise whatever the threshold */
  g_object_set (run->plan, "threshold", 99.0, NULL);
  assert_recommends (run, q8, "Ship K q8_0 / V q8_0: 47 % less KV memory, indistinguishable from f16");
  q8->not_proved = TRUE;
  assert_recommends (run, NULL, "The closest is K turbo4 / V turbo4 with 97.0");
  assert_recommends (run, NULL, "below the 99.0 that is asked for");
  q8->not_proved = FALSE;

  /* a budget; unknown bytes keep none */
  g_object_set (run->plan, "threshold", 90.0, NULL);
  budget = refract_config_result_get_bytes_per_token (q4, run->model, NULL);
  g_object_set (run->plan, "max-bytes-per-token", budget, NULL);
  assert_recommends (run, NULL, "The closest is K q4_0 / V q4_0 with 88.5");
  assert_recommends (run, NULL, "but Trajectory 79.9");
  g_object_set (run->plan, "max-bytes-per-token", budget / 2, NULL);
  assert_recommends (run, NULL, "does not fit");
  g_object_set (run->plan, "max-bytes-per-token", 0.0, NULL);

  /* a threshold does not replace the ship rule; at 80 that is kept */
  g_object_set (run->plan, "threshold", 88.0, NULL);
  assert_recommends (run, mixed, "Ship K q8_0 / V q5_1");
  q4->axes[REFRACT_AXIS_TRAJECTORY]->score = 80;
  assert_recommends (run, q4, "Ship K q4_0 / V q4_0: 72 % less KV memory");

  /* bytes that nobody knows come last, and are said to be unknown */
  q4->not_proved = mixed->not_proved = q8->not_proved = TRUE;
  assert_recommends (run, fork, "its KV memory is not known");
  fork->has_composite = FALSE;
  assert_recommends (run, NULL, "no candidate has a composite");
}

static void
test_recommend_within_noise (void)
{
  static const double noisy[] = { 96, 99.9, NAN, NAN };
  g_autoptr (RefractRun) run = fake_run ();
  RefractConfigResult *q8 = fake_add (run, "ctk=q8_0,ctv=q8_0", 96, 99.9, NAN, NAN);

  fake_add (run, "ctk=q4_0,ctv=q4_0", 90, 90, NAN, NAN);
  g_object_set (run->plan, "threshold", 100.0, NULL);
  assert_recommends (run, NULL, "below the 100.0");
  run->floor = fake_result ("ctk=f16,ctv=f16", noisy);
  assert_recommends (run, q8, "indistinguishable from f16 here");
}

static void
test_control (void)
{
  g_autoptr (RefractRun) run = fake_run ();
  RefractConfigResult *good = fake_add (run, "ctk=q8_0,ctv=q8_0", 97, 99, NAN, NAN);
  RefractConfigResult *control;
  RefractRecommendation *recommendation;

  fake_add (run, "ctk=q4_0,ctv=q4_0", 40, 50, NAN, NAN);
  recommendation = refract_recommend (run);
  g_assert_true (recommendation->can_tell_apart);
  g_assert_null (recommendation->control_sentence);
  refract_recommendation_free (recommendation);

  control = fake_add (run, "ctk=q4_0,ctv=q4_0,attn_rot_disable=1", 20, 30, NAN, NAN);
  control->is_control = TRUE;
  recommendation = refract_recommend (run);
  g_assert_true (recommendation->can_tell_apart);
  g_assert_nonnull (strstr (recommendation->control_sentence, "clearly lower than every candidate"));
  g_assert_true (recommendation->pick == good);
  refract_recommendation_free (recommendation);

  /* as low as the worst candidate: the setup tells apart, that candidate is as bad as the control */
  g_ptr_array_remove (run->candidates, control);
  control = fake_add (run, "ctk=q4_0,ctv=q4_0,attn_rot_disable=1", 40, 50, NAN, NAN);
  control->is_control = TRUE;
  recommendation = refract_recommend (run);
  g_assert_true (recommendation->can_tell_apart);
  g_assert_nonnull (strstr (recommendation->control_sentence, "but not than K q4_0 / V q4_0."));
  g_assert_true (recommendation->pick == good);
  refract_recommendation_free (recommendation);

  /* as high as the best candidate: nothing is proved, nothing recommended */
  g_ptr_array_remove (run->candidates, control);
  control = fake_add (run, "ctk=q4_0,ctv=q4_0,attn_rot_disable=1", 97, 99, NAN, NAN);
  control->is_control = TRUE;
  recommendation = refract_recommend (run);
  g_assert_false (recommendation->can_tell_apart);
  g_assert_nonnull (strstr (recommendation->control_sentence, "cannot tell configurations apart"));
  g_assert_null (recommendation->pick);
  refract_recommendation_free (recommendation);

  control->error = g_error_new_literal (G_IO_ERROR, G_IO_ERROR_FAILED, "it failed");
  recommendation = refract_recommend (run);
  g_assert_true (recommendation->can_tell_apart);
  g_assert_nonnull (strstr (recommendation->control_sentence, "could not be measured"));
  g_assert_true (recommendation->pick == good);
  refract_recommendation_free (recommendation);

  /* good enough, smaller, and no better than the control: not the one to ship */
  g_ptr_array_set_size (run->candidates, 0);
  good = fake_add (run, "ctk=q8_0,ctv=q8_0", 99, 99.9, NAN, NAN);
  fake_add (run, "ctk=q4_0,ctv=q4_0", 90, 95, NAN, NAN);
  control = fake_add (run, "ctk=q4_0,ctv=q4_0,attn_rot_disable=1", 90, 95, NAN, NAN);
  control->is_control = TRUE;
  recommendation = refract_recommend (run);
  g_assert_true (recommendation->can_tell_apart);
  g_assert_true (recommendation->pick == good);
  refract_recommendation_free (recommendation);
}

static void
assert_reasons (const RefractRun *run, const char *const *parts)
{
  g_autoptr (GPtrArray) why = NULL;
  guint n = g_strv_length ((char **) parts);

  g_assert_cmpint (refract_is_comparable (run, &why), ==, n == 0);
  for (guint i = 0; i < why->len; i++)
    if (i >= n || strstr (g_ptr_array_index (why, i), parts[i]) == NULL)
      g_error ("reason %u is “%s”", i, (const char *) g_ptr_array_index (why, i));
  g_assert_cmpuint (why->len, ==, n);
}

#define PROMPTS "prompts are not"
#define REASONS(...) ((const char *const[]) { __VA_ARGS__ __VA_OPT__ (,) NULL })

static void
test_comparable (void)
{
  static const double nothing[] = { NAN, NAN, NAN, NAN };
  g_autoptr (RefractRun) run = fake_run ();

  /* the bundled inputs; REFRACT's own prompts are not ours to copy, so that reason stays */
  assert_reasons (run, REASONS (PROMPTS, "corpus is not", "haystack is not"));

  g_free (run->corpus->sha256);
  g_free (run->haystack->sha256);
  run->corpus->sha256
      = g_strdup ("173c87a53759e0201f33e0ccf978e510c2042d7f2cb78229d9a50d79b9e7dd08");
  run->haystack->sha256 = g_strdup (run->corpus->sha256);
  assert_reasons (run, REASONS (PROMPTS));

  /* one thing at a time */
  g_object_set (run->plan, "n-predict", (gint64) 50, NULL);
  assert_reasons (run, REASONS (PROMPTS));
  g_object_set (run->plan, "n-predict", (gint64) 64, "prompt-mode", "chat", "seed", (gint64) 43, NULL);
  assert_reasons (run, REASONS (PROMPTS, "64 tokens", "prompt mode is chat", "seed is 43"));
  g_object_set (run->plan, "n-predict", (gint64) 128, "prompt-mode", "raw", "seed", (gint64) 42, NULL);
  g_object_set (run->plan, "chunks", (gint64) 16, "ctx", "512,2048", NULL);
  assert_reasons (run, REASONS (PROMPTS, "16 × 512 tokens"));
  g_object_set (run->plan, "chunks", (gint64) 32, "ctx", "2048,512", NULL);
  assert_reasons (run, REASONS (PROMPTS, "32 × 2048 tokens"));
  g_object_set (run->plan, "ctx", "512,2048", NULL);
  assert_reasons (run, REASONS (PROMPTS));
  g_object_set (run->plan, "rniah-lengths", "4096,8192", "rniah-trials", (gint64) 3, "rniah-needle",
                "Note: KIWI-1 is rare.", NULL);
  assert_reasons (run, REASONS (PROMPTS, "lengths and positions", "trials or answer", "needle or question"));
  g_object_set (run->plan, "axes", "trajectory,kld", NULL);
  assert_reasons (run, REASONS (PROMPTS));
  g_object_set (run->plan, "axes", "kld", NULL);
  assert_reasons (run, REASONS ("other axes"));
  g_object_set (run->plan, "axes", "trajectory,kld", NULL);
  refract_config_result_free (run->reference);
  run->reference = fake_result ("ctk=bf16,ctv=bf16", nothing);
  assert_reasons (run, REASONS ("The reference is K bf16 / V bf16", PROMPTS));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/diagnosis/patterns", test_patterns);
  g_test_add_func ("/diagnosis/catastrophic", test_catastrophic);
  g_test_add_func ("/diagnosis/nothing-measured", test_nothing_measured);
  g_test_add_func ("/diagnosis/confidence", test_confidence);
  g_test_add_func ("/diagnosis/ppl-paradox", test_ppl_paradox);
  g_test_add_func ("/diagnosis/trajectory-against-kld", test_trajectory_against_kld);
  g_test_add_func ("/diagnosis/early-divergence", test_early_divergence);
  g_test_add_func ("/diagnosis/strict-score", test_strict_score);
  g_test_add_func ("/diagnosis/perturbations", test_perturbations);
  g_test_add_func ("/diagnosis/floor-in-remedy", test_floor_in_remedy);
  g_test_add_func ("/diagnosis/side", test_side);
  g_test_add_func ("/diagnosis/ship-sentences", test_ship_sentences);
  g_test_add_func ("/diagnosis/within-noise", test_within_noise);
  g_test_add_func ("/diagnosis/rank", test_rank);
  g_test_add_func ("/diagnosis/dominated", test_dominated);
  g_test_add_func ("/diagnosis/bytes", test_bytes);
  g_test_add_func ("/diagnosis/recommend", test_recommend);
  g_test_add_func ("/diagnosis/recommend-within-noise", test_recommend_within_noise);
  g_test_add_func ("/diagnosis/control", test_control);
  g_test_add_func ("/diagnosis/comparable", test_comparable);

  return g_test_run ();
}
