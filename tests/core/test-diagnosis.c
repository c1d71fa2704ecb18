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
    const char *parts[4]; /* said */
    const char *lacks[4]; /* not said */
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
      { "The token distribution is broken (Trajectory 59.9 and KLD@D 59.9), but retrieval from "
        "long "
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
      g_autoptr (RefractConfigResult) result = fake_result ("ctk=q8_0,ctv=q4_0", cases[i].scores);
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
    { 10.0, 0.0501, TRUE }, { 9.0, 0.2, TRUE },   { 10.0, 0.05, FALSE },
    { 10.01, 0.2, FALSE },  { 9.0, 0.01, FALSE },
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
      g_autoptr (RefractConfigResult) result = fake_result ("ctk=q8_0,ctv=q4_0", cases[i].scores);
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
  assert_has (findings, "K does the damage: K q4_0 / V f16 scores");
  g_assert_cmpstr (find (findings, "rift in short")->remedy, ==,
                   "Audit the decoding workload. Give K more bits.");
  g_ptr_array_unref (findings);
  findings = refract_diagnose (run, k_only);
  assert_lacks (findings, "damage");
  /* V has all the bits there are */
  g_assert_null (strstr (find (findings, "rift in short")->remedy, " V "));
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
    { { 79.99, 60, 80, 80 },
      "audit",
      "Audit these surfaces before you ship: Trajectory 79.9 and KLD@D 60.0." },
    { { 95, 95, 59.99, 95 },
      "mitigate",
      "mitigations for retrieval from long contexts (R-NIAH): R-NIAH 59.9." },
    { { 95, 95, 59.99, 70 }, "mitigate", "Audit beside it: PLAD 70.0." },
    { { 59.99, 95, 59.99, 95 },
      "no",
      "Do not ship: several axes fail (Trajectory 59.9 and R-NIAH 59.9)." },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractConfigResult) result = fake_result ("ctk=q8_0,ctv=q4_0", cases[i].scores);
      g_autofree char *sentence = refract_ship_describe (result);

      g_assert_cmpstr (refract_ship_get_name (refract_ship_rule (result)), ==, cases[i].name);
      if (strstr (sentence, cases[i].part) == NULL)
        g_error ("“%s” does not say “%s”", sentence, cases[i].part);
      result->not_proved = TRUE;
      g_assert_cmpint (refract_ship_rule (result), !=, REFRACT_SHIP_SAFE);
    }
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

  return g_test_run ();
}
