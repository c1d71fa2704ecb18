/* test-recommend.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "fake-run.h"
#include "core/refract-prompts-private.h"
#include "report/refract-diagnosis.h"

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
  RefractConfigResult *control
      = fake_add (run, "ctk=q4_0,ctv=q4_0,attn_rot_disable=1", 99, 99, NAN, NAN);
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

/* What "auto" became is what it takes. */
static void
test_bytes_of_auto (void)
{
  g_autoptr (RefractRun) run = fake_run ();
  RefractConfigResult *half = fake_add (run, "kv=bfloat16", 98, 99, NAN, NAN);
  RefractConfigResult *own = fake_add (run, "kv=auto", 98, 99, NAN, NAN);
  double expected = refract_config_result_get_bytes_per_token (half, run->model, NULL);

  g_assert_cmpfloat (expected, >, 0);
  g_assert_cmpfloat (refract_config_result_get_bytes_per_token (own, run->model, NULL), ==,
                     expected);
  own->kv_in_use = refract_kv_in_use_new ();
  own->kv_in_use->type_k = g_strdup ("float32");
  g_assert_cmpfloat (refract_config_result_get_bytes_per_token (own, run->model, NULL), ==,
                     2 * expected);
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
  assert_recommends (run, q8,
                     "Ship K q8_0 / V q8_0: 47 % less KV memory, indistinguishable from f16");
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
  g_assert_nonnull (
      strstr (recommendation->control_sentence, "clearly lower than every candidate"));
  g_assert_true (recommendation->pick == good);
  refract_recommendation_free (recommendation);

  /* as low as the worst candidate: the setup tells apart, that candidate is as bad as the control
   */
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
#define REASONS(...) ((const char *const[]) { __VA_ARGS__ __VA_OPT__ (, ) NULL })

static void
test_comparable (void)
{
  static const double nothing[] = { NAN, NAN, NAN, NAN };
  g_autoptr (RefractRun) run = fake_run ();
  char *own_texts;

  /* the bundled inputs; REFRACT's own prompts are not ours to copy, so that reason stays */
  assert_reasons (run, REASONS (PROMPTS, "corpus is not", "haystack is not"));

  g_free (run->corpus->sha256);
  g_free (run->haystack->sha256);
  run->corpus->sha256
      = g_strdup ("173c87a53759e0201f33e0ccf978e510c2042d7f2cb78229d9a50d79b9e7dd08");
  run->haystack->sha256 = g_strdup (run->corpus->sha256);
  assert_reasons (run, REASONS (PROMPTS));

  /* With those prompts it is comparable; they are known by the hash of their texts alone. */
  own_texts = run->prompts->texts_sha256;
  run->prompts->texts_sha256 = g_strdup (REFRACT_0_3_TEXTS);
  assert_reasons (run, REASONS ());
  g_object_set (run->plan, "n-predict", (gint64) 50, NULL);
  assert_reasons (run, REASONS ());
  g_free (run->prompts->texts_sha256);
  run->prompts->texts_sha256 = own_texts;

  /* one thing at a time */
  assert_reasons (run, REASONS (PROMPTS));
  g_object_set (run->plan, "n-predict", (gint64) 64, "prompt-mode", "chat", "seed", (gint64) 43,
                NULL);
  assert_reasons (run, REASONS (PROMPTS, "64 tokens", "prompt mode is chat", "seed is 43"));
  g_object_set (run->plan, "n-predict", (gint64) 128, "prompt-mode", "raw", "seed", (gint64) 42,
                NULL);
  g_object_set (run->plan, "chunks", (gint64) 16, "ctx", "512,2048", NULL);
  assert_reasons (run, REASONS (PROMPTS, "16 × 512 tokens"));
  g_object_set (run->plan, "chunks", (gint64) 32, "ctx", "2048,512", NULL);
  assert_reasons (run, REASONS (PROMPTS, "32 × 2048 tokens"));
  g_object_set (run->plan, "ctx", "512,2048", NULL);
  assert_reasons (run, REASONS (PROMPTS));
  g_object_set (run->plan, "rniah-lengths", "4096,8192", "rniah-trials", (gint64) 3, "rniah-needle",
                "Note: KIWI-1 is rare.", NULL);
  assert_reasons (
      run, REASONS (PROMPTS, "lengths and positions", "trials or answer", "needle or question"));
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

  g_test_add_func ("/recommend/within-noise", test_within_noise);
  g_test_add_func ("/recommend/rank", test_rank);
  g_test_add_func ("/recommend/dominated", test_dominated);
  g_test_add_func ("/recommend/bytes", test_bytes);
  g_test_add_func ("/recommend/bytes-of-auto", test_bytes_of_auto);
  g_test_add_func ("/recommend/pick", test_recommend);
  g_test_add_func ("/recommend/pick-within-noise", test_recommend_within_noise);
  g_test_add_func ("/recommend/control", test_control);
  g_test_add_func ("/recommend/comparable", test_comparable);

  return g_test_run ();
}
