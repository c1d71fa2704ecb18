/* test-kld.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/resource.h>

#include "core/refract-error.h"
#include "core/refract-json.h"
#include "core/refract-kld-private.h"
#include "logits-stream.h"

static RefractLogitsRow
row_at (const GByteArray *bytes, gsize offset)
{
  RefractLogitsRow row;

  memcpy (&row.scale, bytes->data + offset, 4);
  memcpy (&row.min_log_prob, bytes->data + offset + 4, 4);
  row.q = (const guint16 *) (gconstpointer) (bytes->data + offset + 8);

  return row;
}

/* The definition, word for word: de-quantise, renormalise, sum. */
static RefractKldRow
score_exactly (const RefractLogitsRow *ref,
               const RefractLogitsRow *cand,
               guint n_vocab,
               guint token)
{
  RefractKldRow row = { 0 };
  long double sum_ref = 0;
  long double sum_cand = 0;
  long double kld = 0;
  guint top_ref = 0;
  guint top_cand = 0;

#define LOG_P(row, i) ((long double) (row)->scale * (row)->q[i] + (row)->min_log_prob)
  for (guint i = 0; i < n_vocab; i++)
    {
      sum_ref += expl (LOG_P (ref, i));
      sum_cand += expl (LOG_P (cand, i));
      top_ref = ref->q[i] > ref->q[top_ref] ? i : top_ref;
      top_cand = cand->q[i] > cand->q[top_cand] ? i : top_cand;
    }
  for (guint i = 0; i < n_vocab; i++)
    {
      long double log_p_ref = LOG_P (ref, i) - logl (sum_ref);

      kld += expl (log_p_ref) * (log_p_ref - LOG_P (cand, i) + logl (sum_cand));
    }
  row.kld = kld;
  row.log_p_ref = LOG_P (ref, token) - logl (sum_ref);
  row.log_p_cand = LOG_P (cand, token) - logl (sum_cand);
  row.same_top = top_ref == top_cand;
#undef LOG_P

  return row;
}

/* (3/4, 1/4) against (1/2, 1/2), whatever normalisation the rows claim */
static void
test_row_by_hand (void)
{
  static const guint16 first[] = { 65535, 0 };
  static const guint16 flat[] = { 0, 0 };
  static const float claims[][2] = {
    { 0, 0 },          { -1.386294f, -0.693147f },
    { -5, 3 },         { 20, -20 },
    { -20, 20 },       { 150, -150 },
    { -150, 150 },     { 1e30f, -1e30f },
    { -1e30f, 1e30f },
  };
  double expected = 0.75 * log (0.75 / 0.5) + 0.25 * log (0.25 / 0.5);

  for (guint i = 0; i < G_N_ELEMENTS (claims); i++)
    {
      RefractLogitsRow ref = { log (3) / 65535, claims[i][0], first };
      RefractLogitsRow cand = { 0, claims[i][1], flat };
      RefractKldRow row;

      refract_kld_row (&ref, &cand, 2, 0, &row);
      g_assert_cmpfloat_with_epsilon (row.kld, expected, 5e-7);
      g_assert_cmpfloat_with_epsilon (row.log_p_ref, log (0.75), 1e-6);
      g_assert_cmpfloat_with_epsilon (row.log_p_cand, log (0.5), 1e-6);
      g_assert_true (row.same_top);

      refract_kld_row (&ref, &cand, 2, 1, &row);
      g_assert_cmpfloat_with_epsilon (row.log_p_ref, log (0.25), 1e-6);

      refract_kld_row (&cand, &ref, 2, 1, &row);
      g_assert_cmpfloat_with_epsilon (row.kld, 0.5 * log (0.5 / 0.75) + 0.5 * log (0.5 / 0.25),
                                      5e-7);
    }
}

/* A vocabulary of one token has nothing to diverge on. */
static void
test_row_of_one (void)
{
  const guint16 q[] = { 65535 };
  RefractLogitsRow row = { 16.0f / 65535, -16, q };
  RefractKldRow scored;

  refract_kld_row (&row, &row, 1, 0, &scored);
  g_assert_cmpfloat (scored.kld, ==, 0);
  g_assert_cmpfloat (scored.log_p_ref, ==, 0);
  g_assert_true (scored.same_top);
}

/* Over sizes around the lanes and the blocks, flat to peaky rows, no to total divergence: close to
 * the definition, never negative, nothing below 1e-9, identical rows exactly 0, and the same bits
 * with and without the wide vector unit. */
static void
test_row_accuracy (void)
{
  static const guint sizes[]
      = { 1, 2, 3, 7, 8, 9, 15, 16, 17, 511, 512, 513, 519, 1024, 1025, 32003 };
  static const float spreads[] = { 0.1, 1, 3, 8, 30 };
  static const float noises[] = { 0, 1e-4, 1e-3, 3e-3, 1e-2, 0.1, 1, 10 };
  g_autoptr (GRand) common = g_rand_new_with_seed (1);
  g_autoptr (GRand) own = g_rand_new_with_seed (2);
  g_autofree float *logits = g_new (float, 32003);
  guint n_tiny = 0;

  for (guint i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (guint j = 0; j < G_N_ELEMENTS (spreads); j++)
      for (guint k = 0; k < G_N_ELEMENTS (noises); k++)
        {
          guint n = sizes[i];
          g_autoptr (GByteArray) bytes = g_byte_array_new ();
          g_autoptr (GRand) again = g_rand_copy (common);
          RefractLogitsRow ref;
          RefractLogitsRow cand;
          RefractKldRow exact;
          RefractKldRow row;
          RefractKldRow baseline;

          stream_make_logits (common, own, spreads[j], 0, logits, n);
          stream_add_row (bytes, logits, n);
          stream_make_logits (again, own, spreads[j], noises[k], logits, n);
          stream_add_row (bytes, logits, n);
          ref = row_at (bytes, 0);
          cand = row_at (bytes, bytes->len / 2);

          exact = score_exactly (&ref, &cand, n, n / 3);
          refract_kld_row (&ref, &cand, n, n / 3, &row);
          refract_kld_row_baseline (&ref, &cand, n, n / 3, &baseline);

          g_assert_true (row.kld == 0 || row.kld >= 1e-9);
          if (noises[k] == 0)
            g_assert_cmpfloat (row.kld, ==, 0);
          else if (exact.kld < 0.9e-9)
            g_assert_cmpfloat (row.kld, ==, 0);
          else if (exact.kld > 1.1e-9)
            g_assert_cmpfloat_with_epsilon (row.kld, exact.kld, 1e-5 * exact.kld + 2e-10);
          n_tiny += exact.kld > 1.1e-9 && exact.kld < 1e-6;
          g_assert_cmpfloat_with_epsilon (row.log_p_ref, exact.log_p_ref, 1e-6);
          g_assert_cmpfloat_with_epsilon (row.log_p_cand, exact.log_p_cand, 1e-6);
          g_assert_cmpfloat (row.log_p_cand, <=, 0);
          g_assert_cmpint (row.same_top, ==, exact.same_top);

          g_assert_cmpfloat (row.kld, ==, baseline.kld);
          g_assert_cmpfloat (row.log_p_ref, ==, baseline.log_p_ref);
          g_assert_cmpfloat (row.log_p_cand, ==, baseline.log_p_cand);
          g_assert_cmpint (row.same_top, ==, baseline.same_top);
        }

  g_assert_cmpuint (n_tiny, >, 50);
}

/* The engine clamps what is 16 nats below the top, which with a large vocabulary adds percents of
 * probability: without renormalisation this pair comes out negative. */
static void
test_row_is_renormalised (void)
{
  const guint n = 150000;
  g_autofree guint16 *ref_q = g_new0 (guint16, n);
  g_autofree guint16 *cand_q = g_new0 (guint16, n);
  RefractLogitsRow ref = { 16.0f / 65535, -16, ref_q };
  RefractLogitsRow cand = { 16.0f / 65535, -15.99f, cand_q };
  RefractKldRow row;
  RefractKldRow exact;

  ref_q[5] = cand_q[5] = 65535;
  refract_kld_row (&ref, &cand, n, 5, &row);
  g_assert_cmpfloat (row.kld, ==, 0);
  g_assert_cmpfloat_with_epsilon (row.log_p_ref, -log (1 + (n - 1) * exp (-16)), 1e-6);

  cand_q[6] = 40000;
  exact = score_exactly (&ref, &cand, n, 5);
  refract_kld_row (&ref, &cand, n, 5, &row);
  g_assert_cmpfloat_with_epsilon (row.kld, exact.kld, 1e-5 * exact.kld);
}

/* A tie goes to the lowest id, in whatever block or lane it lies. */
static void
test_row_top (void)
{
  static const guint places[] = { 0, 1, 7, 8, 9, 511, 512, 1000, 1023, 1027 };
  const guint n = 1028;

  for (guint i = 0; i < G_N_ELEMENTS (places); i++)
    for (guint j = 0; j < G_N_ELEMENTS (places); j++)
      for (guint top = 300; top <= G_MAXUINT16; top += G_MAXUINT16 - 300)
        {
          g_autofree guint16 *ref_q = g_new0 (guint16, n);
          g_autofree guint16 *cand_q = g_new0 (guint16, n);
          RefractLogitsRow ref = { 16.0f / 65535, -16, ref_q };
          RefractLogitsRow cand = { 16.0f / 65535, -16, cand_q };
          RefractKldRow row;
          RefractKldRow baseline;

          ref_q[places[i]] = ref_q[places[j]] = top;
          cand_q[MIN (places[i], places[j])] = top;
          refract_kld_row (&ref, &cand, n, 0, &row);
          g_assert_true (row.same_top);
          refract_kld_row (&cand, &ref, n, 0, &row);
          g_assert_true (row.same_top);

          cand_q[MIN (places[i], places[j])] = 0;
          cand_q[MAX (places[i], places[j])] = top;
          refract_kld_row (&ref, &cand, n, 0, &row);
          refract_kld_row_baseline (&ref, &cand, n, 0, &baseline);
          g_assert_cmpint (row.same_top, ==, i == j);
          g_assert_cmpint (baseline.same_top, ==, i == j);
        }
}

/* ---- streams ---- */

typedef struct
{
  char *folder;
  char *path;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->folder = g_dir_make_tmp ("kld-XXXXXX", NULL);
  fixture->path = g_build_filename (fixture->folder, "reference.logits", NULL);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  g_unlink (fixture->path);
  /* fails when something was left behind */
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_free (fixture->folder);
  g_free (fixture->path);
}

static void
count_cb (guint64 done, guint64 total, gpointer user_data)
{
  guint64 *n = user_data;

  g_assert_cmpuint (done, ==, ++*n);
  g_assert_cmpuint (total, ==, 12);
}

static void
write_file (const char *path, const GByteArray *bytes)
{
  g_assert_true (g_file_set_contents (path, (const char *) bytes->data, bytes->len, NULL));
}

static void
test_observe (Fixture *fixture, gconstpointer data)
{
  const guint n_ctx = 9;
  const guint n_vocab = 1001;
  g_autoptr (GByteArray) ref_bytes = stream_new (n_ctx, n_vocab, 3, 0, 1);
  g_autoptr (GByteArray) cand_bytes = stream_new (n_ctx, n_vocab, 3, 0.3, 2);
  g_autoptr (RefractKldPositions) reference = NULL;
  g_autoptr (RefractKldPositions) candidate = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *copy = NULL;
  gsize length;
  StreamWriting writing;
  GThread *thread;
  guint64 n = 0;
  guint n_flips = 0;

  reference = refract_kld_observe_reference (stream_open_pipe (&writing, ref_bytes, FALSE, &thread),
                                             fixture->path, count_cb, &n, NULL, &error);
  g_thread_join (thread);
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 12);
  g_assert_cmpuint (reference->rows_per_chunk, ==, 4);
  g_assert_null (reference->kld);
  g_assert_null (reference->log_p_cand);
  g_assert_null (reference->same_top);
  g_assert_true (g_file_get_contents (fixture->path, &copy, &length, NULL));
  g_assert_cmpmem (copy, length, ref_bytes->data, ref_bytes->len);

  n = 0;
  candidate
      = refract_kld_observe_candidate (stream_open_pipe (&writing, cand_bytes, FALSE, &thread),
                                       fixture->path, count_cb, &n, NULL, &error);
  g_thread_join (thread);
  g_assert_no_error (error);
  g_assert_cmpuint (n, ==, 12);
  g_assert_cmpuint (candidate->shape.n_ctx, ==, n_ctx);
  g_assert_cmpuint (candidate->shape.n_vocab, ==, n_vocab);
  g_assert_cmpuint (candidate->shape.n_chunks, ==, 3);
  g_assert_cmpuint (candidate->rows_per_chunk, ==, 4);
  g_assert_cmpmem (candidate->tokens, 27 * 4, ref_bytes->data + 20, 27 * 4);

  for (guint i = 0; i < 12; i++)
    {
      gsize offset = 20 + 27 * 4 + (gsize) i * (8 + 2 * 1002);
      RefractLogitsRow ref_row = row_at (ref_bytes, offset);
      RefractLogitsRow cand_row = row_at (cand_bytes, offset);
      gint32 token = candidate->tokens[i / 4 * n_ctx + n_ctx / 2 + i % 4 + 1];
      RefractKldRow exact = score_exactly (&ref_row, &cand_row, n_vocab, token);

      g_assert_cmpfloat_with_epsilon (candidate->kld[i], exact.kld, 1e-5 * exact.kld);
      g_assert_cmpfloat_with_epsilon (candidate->log_p_ref[i], exact.log_p_ref, 1e-5);
      g_assert_cmpfloat_with_epsilon (candidate->log_p_cand[i], exact.log_p_cand, 1e-5);
      g_assert_cmpfloat (reference->log_p_ref[i], ==, candidate->log_p_ref[i]);
      g_assert_cmpint (candidate->same_top[i], ==, exact.same_top);
      n_flips += !exact.same_top;
    }
  g_assert_cmpuint (n_flips, >, 0);
}

static void
test_observe_self (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GByteArray) bytes = stream_new (32, 777, 2, 0, 1);
  g_autoptr (RefractKldPositions) self = NULL;
  g_autoptr (JsonObject) statistics = NULL;

  write_file (fixture->path, bytes);
  self = refract_kld_observe_candidate (stream_open_file (bytes), fixture->path, NULL, NULL, NULL,
                                        NULL);
  for (guint i = 0; i < 30; i++)
    {
      g_assert_cmpfloat (self->kld[i], ==, 0);
      g_assert_cmpfloat (self->log_p_ref[i], ==, self->log_p_cand[i]);
      g_assert_cmpint (self->same_top[i], ==, 1);
    }
  statistics = refract_kld_statistics (self);
  g_assert_cmpfloat (json_object_get_double_member (statistics, "mean_kld"), ==, 0);
  g_assert_cmpfloat (json_object_get_double_member (statistics, "same_topp_pct"), ==, 100);
  g_assert_cmpfloat (json_object_get_double_member (statistics, "rms_dp_pct"), ==, 0);
}

static void
assert_candidate_refused (Fixture *fixture, GByteArray *bytes, const char *text)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (refract_kld_observe_candidate (stream_open_file (bytes), fixture->path, NULL, NULL,
                                                NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, text));
}

static void
test_observe_other_corpus (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GByteArray) reference = stream_new (8, 6, 4, 0, 1);
  g_autoptr (GByteArray) shape = stream_new (16, 6, 2, 0, 1);
  g_autoptr (GByteArray) chunks = stream_new (8, 6, 3, 0, 1);
  g_autoptr (GByteArray) vocab = stream_new (8, 7, 4, 0, 1);
  g_autoptr (GByteArray) tokens = stream_new (8, 6, 4, 0, 1);
  g_autoptr (GByteArray) cut = stream_cut (reference, reference->len - 3);
  gint32 was = 0;
  gint32 other = 0;

  write_file (fixture->path, reference);
  assert_candidate_refused (fixture, shape, "2 chunks of 16 tokens and the reference over 4 of 8");
  assert_candidate_refused (fixture, chunks, "3 chunks of 8 tokens and the reference over 4 of 8");
  assert_candidate_refused (fixture, vocab, "vocabulary of 7 tokens and the reference of 6");
  assert_candidate_refused (fixture, cut,
                            "The candidate's stream of log-probabilities ends after "
                            "11 of 12 rows");

  memcpy (&was, tokens->data + 20 + 4 * 19, 4);
  other = (was + 1) % 6;
  stream_patch (tokens, 20 + 4 * 19, &other, 4);
  assert_candidate_refused (fixture, tokens,
                            "tokens differ from the reference's at chunk 3, position 3");

  write_file (fixture->path, cut);
  assert_candidate_refused (fixture, reference, "The reference's file of log-probabilities “");
}

static void
test_observe_no_reference (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GByteArray) bytes = stream_new (8, 6, 4, 0, 1);
  g_autoptr (GError) error = NULL;

  g_assert_null (refract_kld_observe_candidate (stream_open_file (bytes), fixture->path, NULL, NULL,
                                                NULL, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
  g_assert_nonnull (strstr (error->message, fixture->path));
}

/* tear_down() sees to it that nothing half-written stays. */
static void
test_observe_broken_reference (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GByteArray) bytes = stream_new (8, 6, 4, 0, 1);
  float nan = NAN;

  for (guint length = 0; length < bytes->len; length += 7)
    {
      g_autoptr (GByteArray) cut = stream_cut (bytes, length);
      g_autoptr (GError) error = NULL;

      g_assert_null (refract_kld_observe_reference (stream_open_file (cut), fixture->path, NULL,
                                                    NULL, NULL, &error));
      g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE);
      g_assert_false (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
    }

  stream_patch (bytes, bytes->len - 20, &nan, 4);
  g_assert_null (refract_kld_observe_reference (stream_open_file (bytes), fixture->path, NULL, NULL,
                                                NULL, NULL));
  g_assert_false (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
}

static void
cancel_cb (guint64 done, guint64 total, gpointer user_data)
{
  if (done == 3)
    g_cancellable_cancel (user_data);
}

static void
test_observe_cancel (Fixture *fixture, gconstpointer data)
{
  g_autoptr (GByteArray) bytes = stream_new (8, 6, 4, 0, 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_assert_null (refract_kld_observe_reference (stream_open_file (bytes), fixture->path, cancel_cb,
                                                cancellable, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (g_file_test (fixture->path, G_FILE_TEST_EXISTS));
  g_clear_error (&error);

  g_cancellable_reset (cancellable);
  write_file (fixture->path, bytes);
  g_assert_null (refract_kld_observe_candidate (stream_open_file (bytes), fixture->path, cancel_cb,
                                                cancellable, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

/* 64 MB each of reference and candidate within 32 MB of address space */
static void
test_observe_memory (void)
{
#ifdef __SANITIZE_ADDRESS__
  g_test_skip ("The sanitizer needs the address space");
#else
  const guint n_vocab = 150000;
  const gint32 shape[3] = { 436, n_vocab, 1 };
  const float head[2] = { 16.0f / 65535, -17 };
  Fixture fixture;
  g_autofree guint16 *row = NULL;
  g_autofree char *statm = NULL;
  struct rlimit limit;
  int fds[2];

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  set_up (&fixture, NULL);
  row = g_new (guint16, n_vocab);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GByteArray) header = g_byte_array_new ();
      gint32 tokens[436] = { 0 };

      g_byte_array_append (header, (const guint8 *) "_logits_", 8);
      g_byte_array_append (header, (const guint8 *) shape, sizeof shape);
      g_byte_array_append (header, (const guint8 *) tokens, sizeof tokens);
      fds[i] = stream_open_file (header);
      g_assert_cmpint (lseek (fds[i], 0, SEEK_END), ==, header->len);
      for (guint j = 0; j < 217; j++)
        {
          for (guint k = 0; k < n_vocab; k++)
            row[k] = (k * 2654435761u + j * 40503u + i) >> 16;
          g_assert_cmpint (write (fds[i], head, sizeof head), ==, sizeof head);
          g_assert_cmpint (write (fds[i], row, 2 * n_vocab), ==, 2 * n_vocab);
        }
      g_assert_cmpint (lseek (fds[i], 0, SEEK_SET), ==, 0);
    }

  g_assert_true (g_file_get_contents ("/proc/self/statm", &statm, NULL, NULL));
  limit.rlim_cur = limit.rlim_max
      = g_ascii_strtoull (statm, NULL, 10) * sysconf (_SC_PAGESIZE) + 32 * 1024 * 1024;
  g_assert_cmpint (setrlimit (RLIMIT_AS, &limit), ==, 0);
  {
    g_autoptr (GError) error = NULL;
    g_autoptr (RefractKldPositions) reference
        = refract_kld_observe_reference (fds[0], fixture.path, NULL, NULL, NULL, &error);
    g_autoptr (RefractKldPositions) candidate = NULL;

    g_assert_no_error (error);
    candidate = refract_kld_observe_candidate (fds[1], fixture.path, NULL, NULL, NULL, &error);
    g_assert_no_error (error);
    g_assert_cmpuint (candidate->rows_per_chunk, ==, 217);
  }
  tear_down (&fixture, NULL);
#endif
}

/* ---- JSON ---- */

static RefractKldPositions *
observe_some (Fixture *fixture, gboolean candidate)
{
  g_autoptr (GByteArray) bytes = stream_new (9, 1001, 3, 0, 1);
  g_autoptr (GByteArray) cand_bytes = stream_new (9, 1001, 3, 0.1, 2);

  write_file (fixture->path, bytes);
  if (candidate)
    return refract_kld_observe_candidate (stream_open_file (cand_bytes), fixture->path, NULL, NULL,
                                          NULL, NULL);

  return refract_kld_observe_reference (stream_open_file (bytes), fixture->path, NULL, NULL, NULL,
                                        NULL);
}

/* Through text, as the journal has it. */
static JsonObject *
through_text (JsonObject *object)
{
  g_autofree char *text = refract_json_to_text (object, FALSE);

  return refract_json_parse_object (text, strlen (text), NULL);
}

static void
test_json (Fixture *fixture, gconstpointer data)
{
  for (guint candidate = 0; candidate < 2; candidate++)
    {
      g_autoptr (RefractKldPositions) self = observe_some (fixture, candidate);
      g_autoptr (JsonObject) object = refract_kld_positions_to_json (self);
      g_autoptr (JsonObject) read = through_text (object);
      g_autoptr (GError) error = NULL;
      g_autoptr (RefractKldPositions) back = refract_kld_positions_from_json (read, &error);

      g_assert_no_error (error);
      g_assert_cmpuint (back->shape.n_ctx, ==, 9);
      g_assert_cmpuint (back->shape.n_vocab, ==, 1001);
      g_assert_cmpuint (back->shape.n_chunks, ==, 3);
      g_assert_cmpuint (back->rows_per_chunk, ==, 4);
      g_assert_cmpmem (back->tokens, 27 * 4, self->tokens, 27 * 4);
      g_assert_cmpmem (back->log_p_ref, 12 * 8, self->log_p_ref, 12 * 8);
      g_assert_true ((back->kld != NULL) == candidate);
      if (candidate)
        {
          g_assert_cmpmem (back->kld, 12 * 8, self->kld, 12 * 8);
          g_assert_cmpmem (back->log_p_cand, 12 * 8, self->log_p_cand, 12 * 8);
          g_assert_cmpmem (back->same_top, 12, self->same_top, 12);
        }
    }
}

static char *
base64_of_double (double value)
{
  double values[12];

  for (guint i = 0; i < 12; i++)
    values[i] = i == 11 ? value : -1.0;

  return g_base64_encode ((guchar *) values, sizeof values);
}

static void
test_json_hostile (Fixture *fixture, gconstpointer data)
{
  g_autoptr (RefractKldPositions) self = observe_some (fixture, TRUE);
  g_autofree char *nan = base64_of_double (NAN);
  g_autofree char *infinite = base64_of_double (-INFINITY);
  g_autofree char *positive = base64_of_double (0.5);
  g_autofree char *short_text = g_base64_encode ((const guchar *) "abcdefgh", 8);
  struct
  {
    const char *name;
    const char *text; /* NULL: the number */
    gint64 number;
  } faults[] = {
    { "format", "8-bit", 0 },
    { "format", "top", 0 },
    { "format", NULL, 0 },
    { "top_k", NULL, 3 },
    { "mean_tail", NULL, -1 },
    { "mean_tail", NULL, 2 },
    { "n_ctx", NULL, 0 },
    { "n_ctx", NULL, -9 },
    { "n_ctx", NULL, 10 },
    { "n_ctx", NULL, G_MAXINT64 },
    { "n_ctx", "9", 0 },
    { "n_vocab", NULL, 0 },
    { "n_vocab", NULL, 5 },
    { "n_vocab", NULL, G_MAXINT64 },
    { "n_chunks", NULL, 0 },
    { "n_chunks", NULL, 4 },
    { "n_chunks", NULL, G_MAXINT32 },
    { "n_chunks", NULL, G_MAXINT64 },
    { "tokens", "", 0 },
    { "tokens", NULL, 7 },
    { "tokens", short_text, 0 },
    { "log_p_ref", nan, 0 },
    { "log_p_ref", infinite, 0 },
    { "log_p_ref", positive, 0 },
    { "log_p_ref", "*", 0 },
    { "kld", nan, 0 },
    { "kld", infinite, 0 },
    { "kld", short_text, 0 },
    { "kld", NULL, 1 },
    { "log_p_cand", positive, 0 },
    { "log_p_cand", NULL, 1 },
    { "same_top", short_text, 0 },
    { "same_top", "AgICAgICAgICAgIC", 0 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autoptr (JsonObject) object = refract_kld_positions_to_json (self);
      g_autoptr (GError) error = NULL;

      if (faults[i].text != NULL)
        json_object_set_string_member (object, faults[i].name, faults[i].text);
      else
        json_object_set_int_member (object, faults[i].name, faults[i].number);
      g_assert_null (refract_kld_positions_from_json (object, &error));
      g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
    }

  g_assert_null (refract_kld_positions_from_json (NULL, NULL));
}

/* ---- statistics ---- */

#define N_CTX 42
#define N_ROWS 20

static RefractKldPositions *
make_positions (void)
{
  RefractKldPositions *self = g_new0 (RefractKldPositions, 1);

  self->shape.n_ctx = N_CTX;
  self->shape.n_vocab = 1000;
  self->shape.n_chunks = 5;
  self->rows_per_chunk = N_ROWS;
  self->tokens = g_new (gint32, 5 * N_CTX);
  self->kld = g_new0 (double, 100);
  self->log_p_ref = g_new (double, 100);
  self->log_p_cand = g_new (double, 100);
  self->same_top = g_new (guint8, 100);
  for (guint i = 0; i < 5 * N_CTX; i++)
    self->tokens[i] = i;
  for (guint i = 0; i < 100; i++)
    {
      self->log_p_ref[i] = log (0.5);
      self->log_p_cand[i] = log (0.25);
      self->same_top[i] = 1;
    }

  return self;
}

static double
get (JsonObject *object, const char *name)
{
  g_assert_true (json_object_has_member (object, name));

  return json_object_get_double_member (object, name);
}

/* 1, 2, … 100 millinats, shuffled */
static void
test_statistics (void)
{
  g_autoptr (RefractKldPositions) self = make_positions ();
  g_autoptr (JsonObject) object = NULL;

  for (guint i = 0; i < 100; i++)
    self->kld[i] = (i * 37 % 100 + 1) * 1e-3f;
  self->same_top[3] = self->same_top[99] = 0;
  self->log_p_cand[0] = logf (0.75f);

  object = refract_kld_statistics (self);
  g_assert_cmpint (json_object_get_int_member (object, "n_positions"), ==, 100);
  g_assert_cmpfloat_with_epsilon (get (object, "mean_kld"), 0.0505, 1e-8);
  g_assert_cmpfloat_with_epsilon (get (object, "median_kld"), 0.0505, 1e-8);
  g_assert_cmpfloat_with_epsilon (get (object, "p90_kld"), 0.0901, 1e-8);
  g_assert_cmpfloat_with_epsilon (get (object, "p95_kld"), 0.09505, 1e-8);
  g_assert_cmpfloat_with_epsilon (get (object, "p99_kld"), 0.09901, 1e-8);
  g_assert_cmpfloat_with_epsilon (get (object, "p999_kld"), 0.099901, 1e-8);
  g_assert_cmpfloat_with_epsilon (get (object, "max_kld"), 0.1, 1e-8);
  g_assert_cmpfloat (get (object, "flip_rate"), ==, 0.02);
  g_assert_cmpfloat_with_epsilon (get (object, "same_topp_pct"), 98, 1e-12);
  g_assert_cmpfloat_with_epsilon (get (object, "ppl_reference"), 2, 1e-6);
  g_assert_cmpfloat_with_epsilon (get (object, "ppl"), 4 * pow (3, -0.01), 1e-6);
  g_assert_cmpfloat_with_epsilon (get (object, "delta_ppl"), 4 * pow (3, -0.01) - 2, 1e-6);
  g_assert_cmpfloat_with_epsilon (get (object, "mean_dp_pct"), -24.5, 1e-6);
  g_assert_cmpfloat_with_epsilon (get (object, "rms_dp_pct"), 25, 1e-6);
  g_assert_false (json_object_get_boolean_member (object, "clipped"));
}

static void
test_statistics_histogram (void)
{
  g_autoptr (RefractKldPositions) self = make_positions ();
  g_autoptr (JsonObject) object = NULL;
  JsonObject *histogram;
  JsonArray *edges;
  JsonArray *bins;
  gint64 sum = 0;

  self->kld[0] = 1e-9f;
  self->kld[1] = 2e-9f;
  self->kld[2] = 1.0f;
  self->kld[3] = 99;
  self->kld[4] = 1e4;
  object = refract_kld_statistics (self);
  histogram = json_object_get_object_member (object, "histogram");
  edges = json_object_get_array_member (histogram, "edges_log10");
  bins = json_object_get_array_member (histogram, "bins");
  g_assert_cmpfloat (json_array_get_double_element (edges, 0), ==, -9);
  g_assert_cmpfloat (json_array_get_double_element (edges, 1), ==, 2);
  g_assert_cmpint (json_array_get_length (bins), ==, 64);
  g_assert_cmpint (json_object_get_int_member (histogram, "zero_count"), ==, 95);
  for (guint i = 0; i < 64; i++)
    sum += json_array_get_int_element (bins, i);
  g_assert_cmpint (sum, ==, 5);
  g_assert_cmpint (json_array_get_int_element (bins, 0), ==, 1);
  /* (log10 2e-9 + 9) · 64/11 = 1.75, 9 · 64/11 = 52.4 */
  g_assert_cmpint (json_array_get_int_element (bins, 1), ==, 1);
  g_assert_cmpint (json_array_get_int_element (bins, 52), ==, 1);
  g_assert_cmpint (json_array_get_int_element (bins, 63), ==, 2);
  g_assert_true (json_object_get_boolean_member (object, "clipped"));
}

/* 20 rows per chunk in 8 buckets of 2 or 3, from position 21 on */
static void
test_statistics_depth (void)
{
  static const gint64 from[] = { 21, 23, 26, 28, 31, 33, 36, 38 };
  static const gint64 to[] = { 22, 25, 27, 30, 32, 35, 37, 40 };
  g_autoptr (RefractKldPositions) self = make_positions ();
  g_autoptr (JsonObject) object = NULL;
  JsonArray *depth;

  for (guint i = 0; i < 100; i++)
    self->kld[i] = (i % N_ROWS) * 0.01f;
  self->kld[3 * N_ROWS + 19] = 1;
  self->same_top[4 * N_ROWS + 19] = 0;
  object = refract_kld_statistics (self);
  depth = json_object_get_array_member (object, "depth");
  g_assert_cmpint (json_array_get_length (depth), ==, 8);
  for (guint i = 0; i < 8; i++)
    {
      JsonObject *bucket = json_array_get_object_element (depth, i);
      double mean = ((from[i] - 21) + (to[i] - 21)) * 0.005 + (i == 7 ? 0.81 / 15 : 0);

      g_assert_cmpint (json_object_get_int_member (bucket, "from_token"), ==, from[i]);
      g_assert_cmpint (json_object_get_int_member (bucket, "to_token"), ==, to[i]);
      g_assert_cmpint (json_object_get_int_member (bucket, "n"), ==, 5 * (to[i] - from[i] + 1));
      g_assert_cmpfloat_with_epsilon (get (bucket, "mean_kld"), mean, 1e-7);
      g_assert_cmpfloat_with_epsilon (get (bucket, "flip_rate"), i == 7 ? 1.0 / 15 : 0, 1e-12);
    }
  /* between the 14th and the 15th of 15 values: 0.19 + 0.86 · 0.81 */
  g_assert_cmpfloat_with_epsilon (get (json_array_get_object_element (depth, 7), "p99_kld"),
                                  0.19 + 0.86 * 0.81, 1e-6);
}

static void
test_statistics_worst (void)
{
  g_autoptr (RefractKldPositions) self = make_positions ();
  g_autoptr (JsonObject) object = NULL;
  JsonArray *worst;
  JsonObject *first;
  JsonArray *context;

  for (guint i = 0; i < 100; i++)
    self->kld[i] = 0.1f;
  self->kld[2 * N_ROWS + 7] = 0.5;
  self->same_top[2 * N_ROWS + 7] = 0;
  object = refract_kld_statistics (self);
  worst = json_object_get_array_member (object, "worst");
  g_assert_cmpint (json_array_get_length (worst), ==, 50);

  first = json_array_get_object_element (worst, 0);
  context = json_object_get_array_member (first, "context");
  g_assert_cmpint (json_object_get_int_member (first, "chunk"), ==, 2);
  g_assert_cmpint (json_object_get_int_member (first, "position"), ==, 28);
  g_assert_cmpint (json_object_get_int_member (first, "token"), ==, 2 * N_CTX + 29);
  g_assert_cmpfloat (get (first, "kld"), ==, 0.5);
  g_assert_cmpfloat_with_epsilon (get (first, "log_p_ref"), log (0.5), 1e-6);
  g_assert_cmpfloat_with_epsilon (get (first, "log_p_cand"), log (0.25), 1e-6);
  g_assert_false (json_object_get_boolean_member (first, "same_top"));
  g_assert_cmpint (json_array_get_length (context), ==, 16);
  g_assert_cmpint (json_array_get_int_element (context, 0), ==, 2 * N_CTX + 13);
  g_assert_cmpint (json_array_get_int_element (context, 15), ==, 2 * N_CTX + 28);

  for (guint i = 1; i < 50; i++)
    {
      JsonObject *position = json_array_get_object_element (worst, i);
      guint row = i - 1 + (i - 1 >= 2 * N_ROWS + 7);

      g_assert_cmpint (json_object_get_int_member (position, "chunk"), ==, row / N_ROWS);
      g_assert_cmpint (json_object_get_int_member (position, "position"), ==, 21 + row % N_ROWS);
    }
}

/* A chunk shorter than 8 rows and than 16 ids of context. */
static void
test_statistics_small (Fixture *fixture, gconstpointer data)
{
  g_autoptr (RefractKldPositions) self = observe_some (fixture, TRUE);
  g_autoptr (JsonObject) object = refract_kld_statistics (self);
  JsonArray *depth = json_object_get_array_member (object, "depth");
  JsonArray *worst = json_object_get_array_member (object, "worst");

  g_assert_cmpint (json_array_get_length (depth), ==, 4);
  g_assert_cmpint (json_array_get_length (worst), ==, 12);
  for (guint i = 0; i < 12; i++)
    {
      JsonObject *position = json_array_get_object_element (worst, i);

      g_assert_cmpint (json_array_get_length (json_object_get_array_member (position, "context")),
                       ==, json_object_get_int_member (position, "position") + 1);
    }
}

/* The three limits, each alone, from both sides. */
static void
test_statistics_verdict (void)
{
  static const struct
  {
    float base;
    float tail; /* of the last three positions */
    guint n_flips;
    const char *verdict;
  } cases[] = {
    { 0.0f, 0.0f, 0, "good" },           { 0.0099f, 0.0099f, 1, "good" },
    { 0.0101f, 0.0101f, 0, "marginal" }, { 0.0f, 0.099f, 0, "good" },
    { 0.0f, 0.101f, 0, "marginal" },     { 0.0f, 0.0f, 2, "marginal" },
    { 0.0f, 0.0f, 5, "marginal" },       { 0.0f, 0.0f, 6, "bad" },
    { 0.099f, 0.099f, 0, "marginal" },   { 0.101f, 0.101f, 0, "bad" },
    { 0.0f, 0.99f, 0, "marginal" },      { 0.0f, 1.01f, 0, "bad" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (RefractKldPositions) self = make_positions ();
      g_autoptr (JsonObject) object = NULL;

      for (guint j = 0; j < 100; j++)
        {
          self->kld[j] = j < 97 ? cases[i].base : cases[i].tail;
          self->same_top[j] = j >= cases[i].n_flips;
        }
      object = refract_kld_statistics (self);
      g_assert_cmpstr (json_object_get_string_member (object, "verdict"), ==, cases[i].verdict);
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/kld/row/by-hand", test_row_by_hand);
  g_test_add_func ("/kld/row/of-one", test_row_of_one);
  g_test_add_func ("/kld/row/accuracy", test_row_accuracy);
  g_test_add_func ("/kld/row/is-renormalised", test_row_is_renormalised);
  g_test_add_func ("/kld/row/top", test_row_top);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/kld/observe/pair", test_observe);
  ADD ("/kld/observe/self", test_observe_self);
  ADD ("/kld/observe/other-corpus", test_observe_other_corpus);
  ADD ("/kld/observe/no-reference", test_observe_no_reference);
  ADD ("/kld/observe/broken-reference", test_observe_broken_reference);
  ADD ("/kld/observe/cancel", test_observe_cancel);
  g_test_add_func ("/kld/observe/memory", test_observe_memory);
  ADD ("/kld/json/round-trip", test_json);
  ADD ("/kld/json/hostile", test_json_hostile);
  ADD ("/kld/statistics/small", test_statistics_small);
  g_test_add_func ("/kld/statistics/by-hand", test_statistics);
  g_test_add_func ("/kld/statistics/histogram", test_statistics_histogram);
  g_test_add_func ("/kld/statistics/depth", test_statistics_depth);
  g_test_add_func ("/kld/statistics/worst", test_statistics_worst);
  g_test_add_func ("/kld/statistics/verdict", test_statistics_verdict);

  return g_test_run ();
}
