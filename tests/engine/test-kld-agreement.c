/* test-kld-agreement.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Our KLD, from the reference's file and the candidate's stream through a named pipe, against what
 * llama-perplexity itself says about the same data (SCORING, axis B). */

#define G_LOG_DOMAIN "test-kld-agreement"

#include "config.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>

#include "core/refract-kld.h"

#define N_CTX "512"
#define N_CHUNKS "8"
#define N_ROWS (8 * 255)

typedef struct
{
  char *engine;
  char *model;
  char *corpus;
  char *folder;
  char *reference; /* written by us while reading the engine's stream */
  char *base;      /* written by the engine */
  char *pipe;
} Fixture;

static const char *const ropes[] = { "0.85", "0.7", "0.6", "0.55" };
static const char *const types[] = { "f16", "q8_0", "q5_1", "q4_0" };

/* The engine over the corpus, or against @file when @compare; never through a shell. @rope: "1", or
 * a scale that bends all positions, for more divergence than a KV type of this model gives. */
static GSubprocess *
start_engine (Fixture *fixture,
              const char *k,
              const char *v,
              const char *rope,
              const char *file,
              gboolean compare)
{
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_autoptr (GError) error = NULL;
  GSubprocess *process;
  /* clang-format off */
  const char *const common[] = {
    fixture->engine, "-m", fixture->model, "-c", N_CTX, "-b", N_CTX, "-ub", N_CTX, "-t", "1",
    "-fa", "on", "-ctk", k, "-ctv", v, "--rope-freq-scale", rope, "--chunks", N_CHUNKS,
    "--kl-divergence-base", file,
  };
  /* clang-format on */

  for (guint i = 0; i < G_N_ELEMENTS (common); i++)
    g_ptr_array_add (argv, (gpointer) common[i]);
  if (compare)
    {
      g_ptr_array_add (argv, (gpointer) "--kl-divergence");
    }
  else
    {
      g_ptr_array_add (argv, (gpointer) "-f");
      g_ptr_array_add (argv, fixture->corpus);
    }
  g_ptr_array_add (argv, NULL);

  process = g_subprocess_newv ((const char *const *) argv->pdata,
                               G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_SILENCE,
                               &error);
  g_assert_no_error (error);

  return process;
}

static char *
finish_engine (GSubprocess *process)
{
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  g_subprocess_communicate_utf8 (process, NULL, NULL, &text, NULL, &error);
  g_assert_no_error (error);

  return text;
}

/* The tool's own comparison. Its log thread may be lost at exit together with the last lines, on a
 * busy machine one time in six: then once more. */
static char *
compare (Fixture *fixture, const char *k, const char *v, const char *rope)
{
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr (GSubprocess) process = start_engine (fixture, k, v, rope, fixture->base, TRUE);
      g_autofree char *text = finish_engine (process);

      if (strstr (text, "Same top p:") != NULL)
        return g_steal_pointer (&text);
    }

  g_error ("llama-perplexity printed no summary in 20 runs");
}

/* The number after @label and its colon in the tool's summary. */
static double
read_statistic (const char *text, const char *label)
{
  const char *found = strstr (text, label);

  g_assert_nonnull (found);
  found = strchr (found, ':');
  g_assert_nonnull (found);

  return g_ascii_strtod (found + 1, NULL);
}

/* Through the named pipe, while the engine writes it. */
static RefractKldPositions *
observe (Fixture *fixture, const char *k, const char *v, const char *rope, gboolean is_reference)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char *text = NULL;
  RefractKldPositions *positions;
  int fd;

  g_assert_cmpint (mkfifo (fixture->pipe, 0600), ==, 0);
  fd = open (fixture->pipe, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  g_assert_cmpint (fd, >=, 0);
  process = start_engine (fixture, k, v, rope, fixture->pipe, FALSE);
  positions
      = is_reference
            ? refract_kld_observe_reference (fd, fixture->reference, NULL, NULL, NULL, &error)
            : refract_kld_observe_candidate (fd, fixture->reference, NULL, NULL, NULL, &error);
  g_assert_no_error (error);
  text = finish_engine (process);
  g_assert_cmpint (g_unlink (fixture->pipe), ==, 0);

  return positions;
}

static void
assert_agrees (Fixture *fixture, const char *k, const char *v, const char *rope)
{
  g_autoptr (RefractKldPositions) positions = observe (fixture, k, v, rope, FALSE);
  g_autoptr (JsonObject) statistics = refract_kld_statistics (positions);
  g_autofree char *text = compare (fixture, k, v, rope);
  double tool_mean = read_statistic (text, "Mean    KLD");
  double tool_rms = read_statistic (text, "RMS Δp");
  double tool_same = read_statistic (text, "Same top p:");
  double tool_ppl = read_statistic (text, "Mean PPL(Q) ");
  double tool_ppl_base = read_statistic (text, "Mean PPL(base) ");
  double mean = json_object_get_double_member (statistics, "mean_kld");
  double rms = json_object_get_double_member (statistics, "rms_dp_pct");
  double same = json_object_get_double_member (statistics, "same_topp_pct");

  g_test_message ("%s/%s, positions × %s: mean KLD %.6f, tool %.6f; RMS Δp %.3f %%, tool %.3f %%; "
                  "same top %.3f %%, "
                  "tool %.3f %%",
                  k, v, rope, mean, tool_mean, rms, tool_rms, same, tool_same);
  g_assert_cmpint (json_object_get_int_member (statistics, "n_positions"), ==, N_ROWS);
  g_assert_cmpfloat_with_epsilon (mean, tool_mean, MAX (0.005 * tool_mean, 2e-6));
  g_assert_cmpfloat_with_epsilon (rms, tool_rms, 0.01);
  /* The tool has the candidate's exact logits: a few rows whose first two are closer than 16 bits
   * can tell, and true tokens more than 16 nats below the top */
  g_assert_cmpfloat_with_epsilon (same, tool_same, 400.0 / N_ROWS);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (statistics, "ppl"), tool_ppl,
                                  0.005 * tool_ppl);
  g_assert_cmpfloat_with_epsilon (json_object_get_double_member (statistics, "ppl_reference"),
                                  tool_ppl_base, 0.005 * tool_ppl_base);

  if (g_str_equal (k, "f16") && g_str_equal (v, "f16") && g_str_equal (rope, "1"))
    {
      for (guint i = 0; i < N_ROWS; i++)
        {
          g_assert_cmpfloat (positions->kld[i], ==, 0);
          g_assert_cmpfloat (positions->log_p_cand[i], ==, positions->log_p_ref[i]);
          g_assert_cmpint (positions->same_top[i], ==, 1);
        }
    }
  else
    {
      g_assert_cmpfloat (mean, >, 0);
    }
}

static void
assert_same_files (const char *a, const char *b)
{
  g_autofree char *a_contents = NULL;
  g_autofree char *b_contents = NULL;
  gsize a_length;
  gsize b_length;

  g_assert_true (g_file_get_contents (a, &a_contents, &a_length, NULL));
  g_assert_true (g_file_get_contents (b, &b_contents, &b_length, NULL));
  g_assert_cmpmem (a_contents, a_length, b_contents, b_length);
}

static void
test_agreement (void)
{
  const char *root = g_getenv ("REFRACT_DATA_DIR");
  g_autofree char *engine = g_find_program_in_path ("llama-perplexity");
  Fixture fixture = { 0 };
  g_autoptr (RefractKldPositions) reference = NULL;
  g_autoptr (GSubprocess) process = NULL;
  g_autofree char *text = NULL;

  if (engine == NULL)
    {
      g_test_skip ("llama-perplexity is not on PATH");
      return;
    }

  fixture.engine = engine;
  fixture.model = g_build_filename (root, "data", "demo", "model.gguf", NULL);
  fixture.corpus = g_build_filename (root, "data", "demo", "corpus.txt", NULL);
  fixture.folder = g_dir_make_tmp ("kld-agreement-XXXXXX", NULL);
  fixture.reference = g_build_filename (fixture.folder, "reference.logits", NULL);
  fixture.base = g_build_filename (fixture.folder, "base.logits", NULL);
  fixture.pipe = g_build_filename (fixture.folder, "pipe", NULL);

  process = start_engine (&fixture, "f16", "f16", "1", fixture.base, FALSE);
  text = finish_engine (process);
  reference = observe (&fixture, "f16", "f16", "1", TRUE);
  assert_same_files (fixture.base, fixture.reference);

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    for (guint j = 0; j < G_N_ELEMENTS (types); j++)
      assert_agrees (&fixture, types[i], types[j], "1");
  for (guint i = 0; i < G_N_ELEMENTS (ropes); i++)
    assert_agrees (&fixture, "f16", "f16", ropes[i]);

  g_unlink (fixture.base);
  g_unlink (fixture.reference);
  g_assert_cmpint (g_rmdir (fixture.folder), ==, 0);
  g_free (fixture.model);
  g_free (fixture.corpus);
  g_free (fixture.folder);
  g_free (fixture.reference);
  g_free (fixture.base);
  g_free (fixture.pipe);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/kld-agreement/every-pair", test_agreement);

  return g_test_run ();
}
