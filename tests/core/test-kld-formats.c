/* test-kld-formats.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "core/refract-json.h"
#include "core/refract-kld-private.h"
#include "logits-stream.h"

/* ---- tests/data/kld-rows.json: the definition in plain Python ---- */

static JsonObject *
load_rows (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", "kld-rows.json", NULL);
  g_autofree char *text = NULL;
  gsize length;

  g_assert_true (g_file_get_contents (path, &text, &length, NULL));

  return refract_json_parse_object (text, length, NULL);
}

static float *
get_values (JsonObject *object, const char *name)
{
  JsonArray *array = json_object_get_array_member (object, name);
  float *values = g_new (float, json_array_get_length (array));

  for (guint i = 0; i < json_array_get_length (array); i++)
    values[i] = json_array_get_double_element (array, i);

  return values;
}

static int
compare_ids (gconstpointer a, gconstpointer b)
{
  return ((const RefractLogitsEntry *) a)->id - ((const RefractLogitsEntry *) b)->id;
}

static RefractLogitsRow
get_top (JsonObject *object, const char *name)
{
  JsonArray *array = json_object_get_array_member (object, name);
  guint n = json_array_get_length (array);
  RefractLogitsEntry *top = g_new (RefractLogitsEntry, n);

  for (guint i = 0; i < n; i++)
    {
      JsonArray *entry = json_array_get_array_element (array, i);

      top[i].id = json_array_get_int_element (entry, 0);
      top[i].log_p = json_array_get_double_element (entry, 1);
    }
  qsort (top, n, sizeof *top, compare_ids);

  return (RefractLogitsRow) { .top = top, .n_top = n };
}

static double
get (JsonObject *object, const char *name)
{
  return json_object_get_double_member (object, name);
}

static void
assert_top (JsonObject *expected, JsonObject *whole, guint token)
{
  RefractLogitsRow ref = get_top (expected, "ref");
  RefractLogitsRow cand = get_top (expected, "cand");
  RefractKldRow row;

  refract_kld_row_top (&ref, &cand, token, &row);
  g_assert_cmpfloat_with_epsilon (row.kld, get (expected, "kld"), 1e-9);
  g_assert_cmpfloat_with_epsilon (row.tail, get (expected, "tail"), 1e-9);
  g_assert_cmpfloat_with_epsilon (row.log_p_ref, get (whole, "log_p_ref"), 1e-6);
  g_assert_cmpfloat_with_epsilon (row.log_p_cand, get (whole, "log_p_cand"), 1e-6);
  g_assert_cmpint (row.same_top, ==, json_object_get_boolean_member (whole, "same_top"));
  g_assert_cmpfloat (row.kld, <, get (whole, "kld"));
  g_free ((gpointer) ref.top);
  g_free ((gpointer) cand.top);
}

static void
test_plain_python (void)
{
  g_autoptr (JsonObject) rows = load_rows ();
  JsonArray *cases = json_object_get_array_member (rows, "cases");
  guint n_vocab = json_object_get_int_member (rows, "n_vocab");

  g_assert_cmpuint (json_array_get_length (cases), ==, 6);
  for (guint i = 0; i < json_array_get_length (cases); i++)
    {
      JsonObject *expected = json_array_get_object_element (cases, i);
      JsonArray *tops = json_object_get_array_member (expected, "top");
      g_autofree float *ref = get_values (expected, "ref");
      g_autofree float *cand = get_values (expected, "cand");
      guint token = json_object_get_int_member (expected, "token");
      RefractKldRow row;

      refract_kld_row_f32 (ref, cand, n_vocab, token, &row);
      g_assert_cmpfloat_with_epsilon (row.kld, get (expected, "kld"), 1e-12);
      g_assert_cmpfloat_with_epsilon (row.log_p_ref, get (expected, "log_p_ref"), 1e-12);
      g_assert_cmpfloat_with_epsilon (row.log_p_cand, get (expected, "log_p_cand"), 1e-12);
      g_assert_cmpint (row.same_top, ==, json_object_get_boolean_member (expected, "same_top"));
      g_assert_cmpfloat (row.tail, ==, 0);

      refract_kld_row_f32 (ref, ref, n_vocab, token, &row);
      g_assert_cmpfloat (row.kld, ==, 0);
      g_assert_true (row.same_top);

      for (guint j = 0; j < json_array_get_length (tops); j++)
        assert_top (json_array_get_object_element (tops, j), expected, token);
    }
}

/* Logits that no softmax can take as they are, and the highest of equal ones. */
static void
test_f32_extremes (void)
{
  const float high[] = { 3e38f, 3e38f, -3e38f };
  const float low[] = { -1e4f, -1e4f, -1e4f };
  RefractKldRow row;

  refract_kld_row_f32 (high, low, 3, 0, &row);
  g_assert_cmpfloat_with_epsilon (row.kld, log (3.0 / 2), 1e-12);
  g_assert_cmpfloat_with_epsilon (row.log_p_ref, log (0.5), 1e-12);
  g_assert_cmpfloat_with_epsilon (row.log_p_cand, log (1.0 / 3), 1e-12);
  g_assert_true (row.same_top);

  refract_kld_row_f32 (low, high, 3, 2, &row);
  g_assert_true (isfinite (row.kld) && row.kld > 1e38);
  g_assert_true (isfinite (row.log_p_cand));

  refract_kld_row_f32 (high, (const float[]) { 0, 1, 1 }, 3, 0, &row);
  g_assert_false (row.same_top);
}

/* ---- the bound ---- */

static int
compare_log_p (gconstpointer a, gconstpointer b)
{
  float first = ((const RefractLogitsEntry *) a)->log_p;
  float second = ((const RefractLogitsEntry *) b)->log_p;

  return first > second ? -1 : first < second;
}

/* The true token and the @k most likely of a row, as an engine rounds them. */
static RefractLogitsRow
make_top (const double *log_p, guint n_vocab, guint k, guint token)
{
  RefractLogitsEntry *top = g_new (RefractLogitsEntry, n_vocab + 1);
  gboolean has_token = FALSE;

  for (guint i = 0; i < n_vocab; i++)
    top[i] = (RefractLogitsEntry) { i, (float) log_p[i] };
  qsort (top, n_vocab, sizeof *top, compare_log_p);
  for (guint i = 0; i < k; i++)
    has_token |= top[i].id == (gint32) token;
  if (!has_token)
    top[k++] = (RefractLogitsEntry) { token, (float) log_p[token] };
  qsort (top, k, sizeof *top, compare_ids);

  return (RefractLogitsRow) { .top = top, .n_top = k };
}

static double *
make_log_p (const float *logits, guint n)
{
  double *log_p = g_new (double, n);
  long double sum = 0;

  for (guint i = 0; i < n; i++)
    sum += expl (logits[i]);
  for (guint i = 0; i < n; i++)
    log_p[i] = logits[i] - logl (sum);

  return log_p;
}

/* Over flat to peaky rows, no to total divergence, one token to all of them: never above the
 * divergence of the whole vocabulary but for the rounding of the entries, which is all that is
 * left of it where they are the whole vocabulary. */
static void
test_bound (void)
{
  static const guint sizes[] = { 1, 2, 3, 17, 100, 1000 };
  static const float spreads[] = { 0.01, 1, 3, 10 };
  static const float noises[] = { 0, 1e-3, 0.03, 1, 10 };
  static const guint tops[] = { 1, 2, 5, 20, 64, 1000 };
  g_autoptr (GRand) common = g_rand_new_with_seed (3);
  g_autoptr (GRand) own = g_rand_new_with_seed (4);
  double sum_full = 0;
  double sum_bound[G_N_ELEMENTS (tops)] = { 0 };

  for (guint i = 0; i < G_N_ELEMENTS (sizes) * 4 * 5 * 5; i++)
    {
      guint n = sizes[i / 100];
      float noise = noises[i / 4 % 5];
      g_autofree float *logits = g_new (float, n);
      g_autoptr (GRand) again = g_rand_copy (common);
      g_autofree double *ref = NULL;
      g_autofree double *cand = NULL;
      guint token = g_rand_int_range (own, 0, n);
      gboolean is_usual = n == 1000 && spreads[i % 4] >= 3 && noise < 1;
      double full = 0;

      stream_make_logits (common, own, spreads[i % 4], 0, logits, n);
      ref = make_log_p (logits, n);
      stream_make_logits (again, own, spreads[i % 4], noise, logits, n);
      cand = make_log_p (logits, n);
      for (guint j = 0; j < n; j++)
        full += exp (ref[j]) * (ref[j] - cand[j]);

      for (guint k = 0; k < G_N_ELEMENTS (tops); k++)
        {
          RefractLogitsRow ref_row = make_top (ref, n, MIN (tops[k], n), token);
          RefractLogitsRow cand_row = make_top (cand, n, MIN (tops[k], n), token);
          RefractKldRow row;

          refract_kld_row_top (&ref_row, &cand_row, token, &row);
          g_assert_cmpfloat (row.kld, >=, 0);
          g_assert_cmpfloat (row.kld, <=, full * (1 + 1e-6) + 1e-9);
          if (tops[k] >= n)
            g_assert_cmpfloat_with_epsilon (row.kld, full, full * 1e-6 + 1e-6);
          if (noise == 0)
            g_assert_cmpfloat (row.kld, ==, 0);
          g_assert_cmpfloat (row.tail, >=, 0);
          g_assert_cmpfloat (row.tail, <=, 1);
          if (is_usual)
            sum_bound[k] += row.kld;
          g_free ((gpointer) ref_row.top);
          g_free ((gpointer) cand_row.top);
        }
      if (is_usual)
        sum_full += full;
    }

  /* and it is not merely small */
  for (guint k = 1; k < G_N_ELEMENTS (tops); k++)
    g_assert_cmpfloat (sum_bound[k], >, sum_bound[k - 1]);
  g_assert_cmpfloat (sum_bound[4], >, 0.5 * sum_full);
}

/* Buckets of nothing, or of less than nothing: what rounding leaves when the entries are all there
 * is, and where one side's entries are impossible on the other. */
static void
test_bound_tails (void)
{
  static const RefractLogitsEntry certain[] = { { 1, 0 }, { 2, -30 } };
  static const RefractLogitsEntry over[] = { { 1, 0.001f }, { 2, -20 } };
  static const RefractLogitsEntry even[] = { { 1, -0.69314718f }, { 2, -30 } };
  static const RefractLogitsEntry half[] = { { 1, -0.69314718f }, { 2, -1 } };
  static const RefractLogitsEntry never[] = { { 1, -9999 }, { 2, -9999 } };
  const struct
  {
    const RefractLogitsEntry *ref;
    const RefractLogitsEntry *cand;
    double kld;
    double tail;
  } cases[] = {
    { certain, certain, 0, 0 },
    { over, over, 0, 0 },
    { certain, over, 0, 0 },
    { over, certain, 0, 0 },
    { never, never, 0, 1 },
    /* KL (1, 0 ‖ ½, ½) to within 1e-6 of each part, whatever the second token has */
    { over, even, G_LN2, 0 },
    { never, half, log (1 / (1 - 0.5 - exp (-1))), 1 },
    { half, never, -1, 1 - 0.5 - exp (-1) },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      RefractLogitsRow ref = { .top = cases[i].ref, .n_top = 2 };
      RefractLogitsRow cand = { .top = cases[i].cand, .n_top = 2 };
      RefractKldRow row;

      refract_kld_row_top (&ref, &cand, 2, &row);
      g_assert_true (isfinite (row.kld) && row.kld >= 0);
      if (cases[i].kld >= 0)
        g_assert_cmpfloat_with_epsilon (row.kld, cases[i].kld, 3e-5);
      else
        g_assert_cmpfloat (row.kld, >, 5);
      g_assert_cmpfloat_with_epsilon (row.tail, cases[i].tail, 1e-6);
      g_assert_true (row.log_p_ref <= 0 && row.log_p_cand <= 0);
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
  g_assert_cmpint (g_rmdir (fixture->folder), ==, 0);
  g_free (fixture->folder);
  g_free (fixture->path);
}

static RefractKldPositions *
observe (Fixture *fixture, const RefractLogitsShape *shape, float noise)
{
  g_autoptr (GByteArray) bytes = stream_new_shape (shape, noise, 5);
  g_autoptr (GError) error = NULL;
  StreamWriting writing;
  GThread *thread;
  int fd = stream_open_pipe (&writing, bytes, FALSE, &thread);
  RefractKldPositions *positions
      = noise == 0 ? refract_kld_observe_reference (fd, fixture->path, NULL, NULL, NULL, &error)
                   : refract_kld_observe_candidate (fd, fixture->path, NULL, NULL, NULL, &error);

  g_thread_join (thread);
  g_assert_no_error (error);

  return positions;
}

static double
mean_kld (const RefractKldPositions *positions)
{
  g_autoptr (JsonObject) statistics = refract_kld_statistics (positions);

  return get (statistics, "mean_kld");
}

/* The same logits in all three formats: 16 bits agree within their steps, more tokens tell more of
 * the divergence, all of them all of it; the tokens' own probabilities are the same throughout. */
static void
test_streams (Fixture *fixture, gconstpointer data)
{
  RefractLogitsShape shape = { REFRACT_LOGITS_F32, 33, 300, 2, 0 };
  const guint tops[] = { 1, 8, 64, 300 };
  g_autoptr (RefractKldPositions) f32 = NULL;
  g_autoptr (RefractKldPositions) words = NULL;
  double f32_mean;
  double before = 0;
  double tail = 1;

  refract_kld_positions_free (observe (fixture, &shape, 0));
  f32 = observe (fixture, &shape, 0.2);
  f32_mean = mean_kld (f32);
  g_assert_cmpfloat (f32->mean_tail, ==, 0);
  g_assert_cmpfloat (f32_mean, >, 1e-3);

  shape.format = REFRACT_LOGITS_16BIT;
  refract_kld_positions_free (observe (fixture, &shape, 0));
  words = observe (fixture, &shape, 0.2);
  g_assert_cmpfloat_with_epsilon (mean_kld (words), f32_mean, 1e-3 * f32_mean);

  shape.format = REFRACT_LOGITS_TOP;
  for (guint i = 0; i < G_N_ELEMENTS (tops); i++)
    {
      g_autoptr (RefractKldPositions) reference = NULL;
      g_autoptr (RefractKldPositions) top = NULL;
      double mean;

      shape.top_k = tops[i];
      reference = observe (fixture, &shape, 0);
      g_assert_cmpfloat (reference->mean_tail, ==, 0);
      top = observe (fixture, &shape, 0.2);
      mean = mean_kld (top);
      g_assert_cmpfloat (mean, >, before);
      g_assert_cmpfloat (mean, <=, f32_mean * (1 + 1e-5));
      g_assert_cmpfloat (top->mean_tail, <, tail);
      before = mean;
      tail = top->mean_tail;
      for (guint row = 0; row < 32; row++)
        {
          g_assert_cmpfloat_with_epsilon (top->log_p_ref[row], f32->log_p_ref[row], 1e-5);
          g_assert_cmpfloat_with_epsilon (top->log_p_cand[row], f32->log_p_cand[row], 1e-5);
          g_assert_cmpint (top->same_top[row], ==, f32->same_top[row]);
        }
    }
  g_assert_cmpfloat_with_epsilon (before, f32_mean, 1e-5 * f32_mean);
  g_assert_cmpfloat (tail, <, 1e-6);
}

static void
test_streams_of_two_formats (Fixture *fixture, gconstpointer data)
{
  const RefractLogitsShape f32 = { REFRACT_LOGITS_F32, 9, 30, 1, 0 };
  const RefractLogitsShape top = { REFRACT_LOGITS_TOP, 9, 30, 1, 20 };
  const RefractLogitsShape other_top = { REFRACT_LOGITS_TOP, 9, 30, 1, 8 };
  const struct
  {
    const RefractLogitsShape *ref;
    const RefractLogitsShape *cand;
    const char *text;
  } cases[] = {
    { &f32, &top,
      "gave log-probabilities of the top 20 tokens and the reference 32-bit log-probabilities" },
    { &top, &other_top,
      "gave log-probabilities of the top 8 tokens and the reference log-probabilities of the top "
      "20 tokens" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GByteArray) bytes = stream_new_shape (cases[i].cand, 0.1, 5);
      g_autoptr (GError) error = NULL;

      refract_kld_positions_free (observe (fixture, cases[i].ref, 0));
      g_assert_null (refract_kld_observe_candidate (stream_open_file (bytes), fixture->path, NULL,
                                                    NULL, NULL, &error));
      g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE);
      g_assert_nonnull (strstr (error->message, cases[i].text));
    }
}

static JsonObject *
make_statistics (Fixture *fixture, const RefractLogitsShape *shape)
{
  g_autoptr (RefractKldPositions) positions = NULL;

  refract_kld_positions_free (observe (fixture, shape, 0));
  positions = observe (fixture, shape, 20);
  positions->phase = shape->top_k > 0 ? REFRACT_KLD_DECODE : REFRACT_KLD_PREFILL;
  positions->is_unverified = shape->top_k > 0;
  return refract_kld_statistics (positions);
}

/* What the numbers are: only 16 bits are clipped, only what was not all seen is a bound. */
static void
test_statistics (Fixture *fixture, gconstpointer data)
{
  RefractLogitsShape shape = { REFRACT_LOGITS_16BIT, 9, 30, 2, 0 };
  g_autoptr (JsonObject) words = make_statistics (fixture, &shape);
  g_autoptr (JsonObject) f32 = NULL;
  g_autoptr (JsonObject) top = NULL;
  g_autoptr (JsonObject) all = NULL;

#define TEXT(object, name) json_object_get_string_member (object, name)
#define FLAG(object, name) json_object_get_boolean_member (object, name)
  g_assert_cmpfloat (get (words, "mean_kld"), >, 3);
  g_assert_true (FLAG (words, "clipped"));
  g_assert_cmpstr (TEXT (words, "precision"), ==, "16-bit log-probabilities");
  g_assert_cmpstr (TEXT (words, "phase"), ==, "prefill");
  g_assert_true (FLAG (words, "probe_verified"));
  g_assert_false (FLAG (words, "lower_bound"));
  g_assert_true (json_object_get_null_member (words, "top_k"));
  g_assert_true (json_object_get_null_member (words, "mean_tail"));

  shape.format = REFRACT_LOGITS_F32;
  f32 = make_statistics (fixture, &shape);
  g_assert_false (FLAG (f32, "clipped"));
  g_assert_false (FLAG (f32, "lower_bound"));
  g_assert_cmpstr (TEXT (f32, "precision"), ==, "32-bit log-probabilities");

  shape.format = REFRACT_LOGITS_TOP;
  shape.top_k = 4;
  top = make_statistics (fixture, &shape);
  g_assert_true (FLAG (top, "lower_bound"));
  g_assert_cmpint (json_object_get_int_member (top, "top_k"), ==, 4);
  g_assert_cmpfloat (get (top, "mean_tail"), >, 0);
  g_assert_cmpstr (TEXT (top, "phase"), ==, "decode");
  g_assert_false (FLAG (top, "probe_verified"));

  shape.top_k = 30;
  all = make_statistics (fixture, &shape);
  g_assert_false (FLAG (all, "lower_bound"));
#undef TEXT
#undef FLAG
}

/* What the journal keeps of a bound. */
static void
test_json (Fixture *fixture, gconstpointer data)
{
  const RefractLogitsShape shape = { REFRACT_LOGITS_TOP, 9, 30, 2, 4 };
  g_autoptr (RefractKldPositions) self = NULL;
  g_autoptr (RefractKldPositions) back = NULL;
  g_autoptr (JsonObject) object = NULL;

  refract_kld_positions_free (observe (fixture, &shape, 0));
  self = observe (fixture, &shape, 0.5);
  self->phase = REFRACT_KLD_DECODE;
  self->is_unverified = TRUE;
  object = refract_kld_positions_to_json (self);
  back = refract_kld_positions_from_json (object, NULL);
  g_assert_cmpmem (&back->shape, sizeof shape, &shape, sizeof shape);
  g_assert_cmpint (back->phase, ==, REFRACT_KLD_DECODE);
  g_assert_true (back->is_unverified);
  g_assert_cmpfloat (back->mean_tail, ==, self->mean_tail);
  g_assert_cmpmem (back->kld, 8 * 8, self->kld, 8 * 8);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/kld-formats/plain-python", test_plain_python);
  g_test_add_func ("/kld-formats/f32-extremes", test_f32_extremes);
  g_test_add_func ("/kld-formats/bound", test_bound);
  g_test_add_func ("/kld-formats/bound-tails", test_bound_tails);
#define ADD(path, func) g_test_add (path, Fixture, NULL, set_up, func, tear_down)
  ADD ("/kld-formats/streams", test_streams);
  ADD ("/kld-formats/streams-of-two-formats", test_streams_of_two_formats);
  ADD ("/kld-formats/statistics", test_statistics);
  ADD ("/kld-formats/json", test_json);
#undef ADD

  return g_test_run ();
}
