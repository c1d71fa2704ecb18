/* test-engaged.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "audit/refract-engaged.h"
#include "core/refract-json.h"
#include "fake-run.h"
#include "report/refract-report-text.h"
#include "report/refract-report.h"

#define N_CTX 32
#define N_CHUNKS 2

/* Positions that diverge by @kld each, or by 0. */
static RefractObservation *
make_kld (double kld)
{
  RefractObservation *observation = refract_observation_new (REFRACT_AXIS_KLD);
  RefractKldPositions *positions = g_new0 (RefractKldPositions, 1);
  guint n = N_CHUNKS * (N_CTX - 1 - N_CTX / 2);

  positions->shape = (RefractLogitsShape) { REFRACT_LOGITS_F32, N_CTX, 100, N_CHUNKS, 0 };
  positions->rows_per_chunk = n / N_CHUNKS;
  positions->tokens = g_new0 (gint32, N_CTX * N_CHUNKS);
  positions->kld = g_new (double, n);
  positions->log_p_ref = g_new (double, n);
  positions->log_p_cand = g_new (double, n);
  positions->same_top = g_new (guint8, n);
  for (guint i = 0; i < n; i++)
    {
      positions->kld[i] = kld * (i % 7 + 1);
      positions->log_p_ref[i] = -1;
      positions->log_p_cand[i] = -1 - kld;
      positions->same_top[i] = 1;
    }
  observation->positions
      = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_kld_positions_free);
  g_ptr_array_add (observation->positions, positions);
  return observation;
}

static RefractObservation *
make_answers (gint32 last)
{
  RefractObservation *observation = refract_observation_new (REFRACT_AXIS_TRAJECTORY);
  RefractGeneration *generation = g_new0 (RefractGeneration, 1);

  generation->ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_array_append_val (generation->ids, last);
  observation->generations
      = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_generation_free);
  g_ptr_array_add (observation->generations, generation);
  return observation;
}

static void
set_evidence (RefractConfigResult *result, RefractEvidence evidence)
{
  result->kv_in_use = refract_kv_in_use_new ();
  result->kv_in_use->evidence = evidence;
}

#define NONE (-1.0) /* the axis did not run */

static void
test_one (void)
{
  static const struct
  {
    const char *reference;
    const char *kv;
    RefractEvidence evidence;
    double kld;
    gint32 answer; /* the reference's is 1; 0: the axis did not run */
    gboolean not_proved;
    gboolean same;
  } cases[] = {
    /* a quantized cache that changes nothing at all, whatever the engine says it allocated */
    { "kv=auto", "kv=fp8_e4m3", REFRACT_EVIDENCE_ECHOED, 0, 1, TRUE, FALSE },
    { "bits=16", "bits=8,group=64", REFRACT_EVIDENCE_PROVED, 0, 1, TRUE, FALSE },
    { "ctk=f16,ctv=f16", "ctk=q8_0,ctv=f16", REFRACT_EVIDENCE_NONE, 0, 0, TRUE, FALSE },
    { "kv=auto", "kv=fp8_e4m3", REFRACT_EVIDENCE_ECHOED, 1e-10, 1, FALSE, FALSE },
    /* without KLD, only few bits are suspect, and only where nothing was read back */
    { "ctk=f16,ctv=f16", "ctk=q4_0,ctv=q4_0", REFRACT_EVIDENCE_NONE, NONE, 1, TRUE, FALSE },
    { "ctk=f16,ctv=f16", "ctk=q4_0,ctv=q4_0", REFRACT_EVIDENCE_PROVED, NONE, 1, FALSE, FALSE },
    { "ctk=f16,ctv=f16", "ctk=q8_0,ctv=q8_0", REFRACT_EVIDENCE_NONE, NONE, 1, FALSE, FALSE },
    { "ctk=f16,ctv=f16", "ctk=q4_0,ctv=q4_0", REFRACT_EVIDENCE_NONE, NONE, 2, FALSE, FALSE },
    /* a type that stores what the reference stores */
    { "kv=auto", "kv=bfloat16", REFRACT_EVIDENCE_ECHOED, 0, 1, FALSE, TRUE },
    { "kv=auto", "kv=bfloat16", REFRACT_EVIDENCE_ECHOED, 0, 2, FALSE, FALSE },
    { "kv=auto", "kv=bfloat16", REFRACT_EVIDENCE_ECHOED, 1e-4, 1, FALSE, FALSE },
    { "kv=auto", "kv=bfloat16", REFRACT_EVIDENCE_ECHOED, NONE, 1, FALSE, FALSE },
    /* the reference against itself, quantized or not */
    { "kv=auto", "kv=auto", REFRACT_EVIDENCE_ECHOED, 0, 1, FALSE, FALSE },
    { "kv=fp8_e4m3", "kv=fp8_e4m3", REFRACT_EVIDENCE_ECHOED, 0, 1, FALSE, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractKvConfig) reference_kv = refract_kv_config_parse (cases[i].reference, NULL);
      g_autoptr (RefractKvConfig) kv = refract_kv_config_parse (cases[i].kv, NULL);
      g_autoptr (RefractConfigResult) result = refract_config_result_new (kv);
      g_autoptr (RefractObservations) reference = g_new0 (RefractObservations, 1);
      g_autoptr (RefractObservations) candidate = g_new0 (RefractObservations, 1);

      set_evidence (result, cases[i].evidence);
      result->has_composite = TRUE;
      if (cases[i].kld != NONE)
        candidate->axes[REFRACT_AXIS_KLD] = make_kld (cases[i].kld);
      if (cases[i].answer != 0)
        {
          reference->axes[REFRACT_AXIS_TRAJECTORY] = make_answers (1);
          candidate->axes[REFRACT_AXIS_TRAJECTORY] = make_answers (cases[i].answer);
        }
      refract_engaged_check (result, reference_kv, reference, candidate);
      g_assert_cmpint (result->not_proved, ==, cases[i].not_proved);
      g_assert_cmpint (result->has_composite, ==, !cases[i].not_proved);
      g_assert_cmpint (result->doubt != NULL, ==, cases[i].not_proved);
      g_assert_cmpint (result->same_as_reference, ==, cases[i].same);
    }
}

static RefractConfigResult *
add_candidate (GPtrArray *candidates, const char *text, RefractEvidence evidence, double kld)
{
  g_autoptr (RefractKvConfig) kv = refract_kv_config_parse (text, NULL);
  RefractConfigResult *result = refract_config_result_new (kv);

  set_evidence (result, evidence);
  result->has_composite = TRUE;
  if (kld != NONE)
    {
      g_autoptr (RefractObservation) observation = make_kld (kld);
      const RefractKldPositions *positions = g_ptr_array_index (observation->positions, 0);
      RefractAxisResult *axis = refract_axis_result_new (REFRACT_AXIS_KLD);
      RefractUnits *units = refract_units_new (REFRACT_LINK_NATS, N_CHUNKS);

      for (guint chunk = 0; chunk < N_CHUNKS; chunk++)
        {
          for (guint row = 0; row < positions->rows_per_chunk; row++)
            units->numerator[chunk] += positions->kld[chunk * positions->rows_per_chunk + row];
          units->denominator[chunk] = positions->rows_per_chunk;
        }
      refract_axis_result_take_units (axis, units);
      json_object_unref (axis->extension);
      axis->extension = refract_kld_statistics (positions);
      result->axes[REFRACT_AXIS_KLD] = axis;
    }
  g_ptr_array_add (candidates, result);
  return result;
}

static GPtrArray *
new_candidates (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) refract_config_result_free);
}

/* vLLM on a CPU starts with types that it cannot do, and does the same for all of them. */
static void
test_pretended_types (void)
{
  g_autoptr (GPtrArray) candidates = new_candidates ();
  RefractConfigResult *real
      = add_candidate (candidates, "kv=fp8_e5m2", REFRACT_EVIDENCE_ECHOED, 0.002);
  RefractConfigResult *fp8
      = add_candidate (candidates, "kv=fp8_e4m3", REFRACT_EVIDENCE_ECHOED, 0.001);
  RefractConfigResult *alias = add_candidate (candidates, "kv=fp8", REFRACT_EVIDENCE_ECHOED, 0.001);
  RefractConfigResult *fake
      = add_candidate (candidates, "kv=nvfp4", REFRACT_EVIDENCE_ECHOED, 0.591);
  RefractConfigResult *other_fake
      = add_candidate (candidates, "kv=fp8_inc", REFRACT_EVIDENCE_ECHOED, 0.591);
  RefractConfigResult *third_fake
      = add_candidate (candidates, "kv=mxfp8", REFRACT_EVIDENCE_ECHOED, 0.591);

  add_candidate (candidates, "kv=float16", REFRACT_EVIDENCE_ECHOED, 0);
  add_candidate (candidates, "kv=bfloat16", REFRACT_EVIDENCE_ECHOED, 0);
  add_candidate (candidates, "kv=float32", REFRACT_EVIDENCE_NONE, NONE);
  refract_engaged_check_all (candidates);

  g_assert_true (fake->not_proved && other_fake->not_proved && third_fake->not_proved);
  g_assert_false (fake->has_composite);
  g_assert_cmpstr (fake->doubt, ==,
                   "KV nvfp4 and KV fp8_inc diverge by the same amounts to the last bit: the "
                   "engine did one and the same for both types.");
  g_assert_false (real->not_proved || fp8->not_proved || alias->not_proved);
  for (guint i = 6; i < candidates->len; i++)
    g_assert_false (((RefractConfigResult *) g_ptr_array_index (candidates, i))->not_proved);
}

/* The one whose allocation was read is believed, the other not; flags alone may change nothing. */
static void
test_pairs (void)
{
  static const struct
  {
    const char *kv[2];
    RefractEvidence evidence[2];
    gboolean not_proved[2];
  } cases[] = {
    { { "kv=fp8_e4m3", "kv=nvfp4" },
      { REFRACT_EVIDENCE_PROVED, REFRACT_EVIDENCE_ECHOED },
      { FALSE, TRUE } },
    { { "kv=fp8_e4m3", "kv=nvfp4" },
      { REFRACT_EVIDENCE_PROVED, REFRACT_EVIDENCE_PROVED },
      { TRUE, TRUE } },
    { { "ctk=q8_0,ctv=q4_0", "ctk=q8_0,ctv=q8_0" },
      { REFRACT_EVIDENCE_NONE, REFRACT_EVIDENCE_NONE },
      { TRUE, TRUE } },
    { { "ctk=q8_0,ctv=q8_0", "ctk=q8_0,ctv=q8_0,attn_rot_disable=1" },
      { REFRACT_EVIDENCE_NONE, REFRACT_EVIDENCE_NONE },
      { FALSE, FALSE } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GPtrArray) candidates = new_candidates ();

      for (guint j = 0; j < 2; j++)
        add_candidate (candidates, cases[i].kv[j], cases[i].evidence[j], 0.01);
      refract_engaged_check_all (candidates);
      for (guint j = 0; j < 2; j++)
        g_assert_cmpint (((RefractConfigResult *) g_ptr_array_index (candidates, j))->not_proved,
                         ==, cases[i].not_proved[j]);
    }
}

/* What the reader is told. */
static void
test_report (void)
{
  g_autoptr (RefractRun) run = fake_run ();
  RefractConfigResult *doubted = fake_add (run, "ctk=q8_0,ctv=q8_0", 98, 99, 100, 97);
  RefractConfigResult *same = fake_add (run, "ctk=bf16,ctv=bf16", 100, 100, 100, 100);
  g_autoptr (RefractReport) first = NULL;
  g_autoptr (RefractReport) second = NULL;
  g_autoptr (GPtrArray) caveats = NULL;
  g_autofree char *text = NULL;
  g_autofree char *other_text = NULL;
  gboolean says = FALSE;

  doubted->not_proved = TRUE;
  doubted->has_composite = FALSE;
  doubted->doubt = g_strdup ("A reason.");
  same->same_as_reference = TRUE;
  first = refract_report_new (run, doubted, FALSE);
  second = refract_report_new (run, same, FALSE);

  text = refract_json_to_text (refract_report_get_root (first), FALSE);
  g_assert_nonnull (strstr (text, "A reason. It could not be proved that K q8_0 / V q8_0 was"));
  g_assert_nonnull (strstr (text, "\"doubt\":\"A reason.\""));
  other_text = refract_json_to_text (refract_report_get_root (second), FALSE);
  g_assert_nonnull (strstr (other_text, "K bf16 / V bf16 is the same as the reference here"));
  g_assert_nonnull (strstr (other_text, "\"composite\":100"));
  caveats = refract_report_list_caveats (second);
  for (guint i = 0; i < caveats->len; i++)
    says |= g_str_has_prefix (g_ptr_array_index (caveats, i), "Same as the reference");
  g_assert_true (says);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engaged/one", test_one);
  g_test_add_func ("/engaged/pretended-types", test_pretended_types);
  g_test_add_func ("/engaged/pairs", test_pairs);
  g_test_add_func ("/engaged/report", test_report);
  return g_test_run ();
}
