/* refract-kld-statistics.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "core/refract-json.h"
#include "core/refract-kld.h"
#include "core/refract-statistics.h"

#define HISTOGRAM_BINS 64
#define HISTOGRAM_LOW (-9.0)
#define HISTOGRAM_HIGH 2.0
#define DEPTH_BUCKETS 8
#define N_WORST 50
#define N_CONTEXT 16
#define CLIPPED_NATS 3.0

typedef struct
{
  gsize n;
  double mean;
  double flip_rate;
  double *sorted; /* (owned) */
} Summary;

static void
summary_clear (Summary *self)
{
  g_clear_pointer (&self->sorted, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Summary, summary_clear)

static gsize
count_rows (const RefractKldPositions *self)
{
  return (gsize) self->shape.n_chunks * self->rows_per_chunk;
}

/* Of the rows [first, end) of every chunk. */
static void
summarize (const RefractKldPositions *self, guint first, guint end, Summary *summary)
{
  gsize n_flips = 0;
  guint chunk;
  guint row;

  summary->n = (gsize) self->shape.n_chunks * (end - first);
  summary->sorted = g_new (double, summary->n);
  for (chunk = 0; chunk < self->shape.n_chunks; chunk++)
    for (row = first; row < end; row++)
      {
        gsize i = (gsize) chunk * self->rows_per_chunk + row;

        summary->sorted[(gsize) chunk * (end - first) + row - first] = self->kld[i];
        n_flips += !self->same_top[i];
      }

  summary->mean = refract_sum (summary->sorted, summary->n) / summary->n;
  summary->flip_rate = (double) n_flips / summary->n;
  refract_sort_doubles (summary->sorted, summary->n);
}

static double
mean_of_log_p (const double *log_p, gsize n)
{
  return refract_sum (log_p, n) / n;
}

static void
add_perplexities (const RefractKldPositions *self, JsonObject *object)
{
  gsize n = count_rows (self);
  double ppl = exp (-mean_of_log_p (self->log_p_cand, n));
  double ppl_reference = exp (-mean_of_log_p (self->log_p_ref, n));
  g_autofree double *dp = g_new (double, n);
  double mean_dp;
  gsize i;

  for (i = 0; i < n; i++)
    dp[i] = exp (self->log_p_cand[i]) - exp (self->log_p_ref[i]);
  mean_dp = refract_sum (dp, n) / n;
  for (i = 0; i < n; i++)
    dp[i] *= dp[i];

  refract_json_set_double (object, "ppl", ppl);
  refract_json_set_double (object, "ppl_reference", ppl_reference);
  refract_json_set_double (object, "delta_ppl", ppl - ppl_reference);
  refract_json_set_double (object, "mean_dp_pct", 100.0 * mean_dp);
  refract_json_set_double (object, "rms_dp_pct", 100.0 * sqrt (refract_sum (dp, n) / n));
}

/* Mean and standard deviation of each chunk: what chunks of two reports are compared by. */
static JsonArray *
make_chunks (const RefractKldPositions *self)
{
  JsonArray *chunks = json_array_new ();
  guint n = self->rows_per_chunk;
  g_autofree double *values = g_new (double, n);

  for (guint chunk = 0; chunk < self->shape.n_chunks; chunk++)
    {
      JsonObject *object = json_object_new ();
      double mean;
      guint i;

      for (i = 0; i < n; i++)
        values[i] = self->kld[(gsize) chunk * n + i];
      mean = refract_sum (values, n) / n;
      for (i = 0; i < n; i++)
        values[i] = (values[i] - mean) * (values[i] - mean);
      json_object_set_int_member (object, "n", n);
      refract_json_set_double (object, "mean_kld", mean);
      refract_json_set_double (object, "sd_kld",
                               n > 1 ? sqrt (refract_sum (values, n) / (n - 1)) : 0);
      json_array_add_object_element (chunks, object);
    }
  return chunks;
}

static JsonObject *
make_histogram (const Summary *summary)
{
  JsonObject *histogram = json_object_new ();
  JsonArray *edges = json_array_new ();
  JsonArray *bins = json_array_new ();
  gint64 counts[HISTOGRAM_BINS] = { 0 };
  gint64 zero_count = 0;
  gsize i;

  for (i = 0; i < summary->n; i++)
    {
      double position;

      if (summary->sorted[i] <= 0)
        {
          zero_count++;
          continue;
        }
      position = (log10 (summary->sorted[i]) - HISTOGRAM_LOW) / (HISTOGRAM_HIGH - HISTOGRAM_LOW);
      counts[(int) CLAMP (position * HISTOGRAM_BINS, 0, HISTOGRAM_BINS - 1)]++;
    }

  json_array_add_double_element (edges, HISTOGRAM_LOW);
  json_array_add_double_element (edges, HISTOGRAM_HIGH);
  for (i = 0; i < HISTOGRAM_BINS; i++)
    json_array_add_int_element (bins, counts[i]);
  json_object_set_array_member (histogram, "edges_log10", edges);
  json_object_set_array_member (histogram, "bins", bins);
  json_object_set_int_member (histogram, "zero_count", zero_count);

  return histogram;
}

static JsonArray *
make_depth (const RefractKldPositions *self)
{
  JsonArray *depth = json_array_new ();
  guint n_buckets = MIN (DEPTH_BUCKETS, self->rows_per_chunk);
  guint i;

  for (i = 0; i < n_buckets; i++)
    {
      guint first = (guint64) i * self->rows_per_chunk / n_buckets;
      guint end = (guint64) (i + 1) * self->rows_per_chunk / n_buckets;
      g_auto (Summary) summary = { 0 };
      JsonObject *bucket = json_object_new ();

      summarize (self, first, end, &summary);
      json_object_set_int_member (bucket, "from_token", self->shape.n_ctx / 2 + first);
      json_object_set_int_member (bucket, "to_token", self->shape.n_ctx / 2 + end - 1);
      refract_json_set_double (bucket, "mean_kld", summary.mean);
      refract_json_set_double (bucket, "p99_kld",
                               refract_quantile (summary.sorted, summary.n, 0.99));
      refract_json_set_double (bucket, "flip_rate", summary.flip_rate);
      json_object_set_int_member (bucket, "n", summary.n);
      json_array_add_object_element (depth, bucket);
    }

  return depth;
}

/* The largest KLD first, in order of position where it is equal. */
static int
compare_worst (gconstpointer a, gconstpointer b, gpointer user_data)
{
  const double *kld = user_data;
  gsize i = *(const gsize *) a;
  gsize j = *(const gsize *) b;

  if (kld[i] != kld[j])
    return kld[i] > kld[j] ? -1 : 1;

  return i < j ? -1 : i > j;
}

static JsonObject *
make_position (const RefractKldPositions *self, gsize i)
{
  JsonObject *object = json_object_new ();
  guint chunk = i / self->rows_per_chunk;
  guint position = self->shape.n_ctx / 2 + i % self->rows_per_chunk;
  const gint32 *tokens = self->tokens + (gsize) chunk * self->shape.n_ctx;
  guint n_context = MIN (N_CONTEXT, position + 1);

  json_object_set_int_member (object, "chunk", chunk);
  json_object_set_int_member (object, "position", position);
  refract_json_set_double (object, "kld", self->kld[i]);
  refract_json_set_double (object, "log_p_ref", self->log_p_ref[i]);
  refract_json_set_double (object, "log_p_cand", self->log_p_cand[i]);
  json_object_set_boolean_member (object, "same_top", self->same_top[i]);
  json_object_set_int_member (object, "token", tokens[position + 1]);
  json_object_set_array_member (
      object, "context",
      refract_json_array_from_ids (tokens + position + 1 - n_context, n_context));

  return object;
}

static JsonArray *
make_worst (const RefractKldPositions *self)
{
  gsize n = count_rows (self);
  g_autofree gsize *order = g_new (gsize, n);
  JsonArray *worst = json_array_new ();
  gsize i;

  for (i = 0; i < n; i++)
    order[i] = i;
  g_qsort_with_data (order, n, sizeof (gsize), compare_worst, self->kld);
  for (i = 0; i < MIN (n, N_WORST); i++)
    json_array_add_object_element (worst, make_position (self, order[i]));

  return worst;
}

/* Another tool's thresholds (mlx-quant-fidelity, KV cache); all three must hold. */
static const char *
get_verdict (double mean, double p99, double flip_rate)
{
  if (mean <= 0.01 && p99 <= 0.10 && flip_rate <= 0.01)
    return "good";
  if (mean <= 0.10 && p99 <= 1.00 && flip_rate <= 0.05)
    return "marginal";

  return "bad";
}

/* What kind of numbers these are: never to be mixed with those of another kind. */
static void
add_kind (const RefractKldPositions *self, JsonObject *object, double mean)
{
  gboolean is_16bit = self->shape.format == REFRACT_LOGITS_16BIT;
  gboolean is_bound = refract_kld_positions_is_lower_bound (self);

  json_object_set_boolean_member (object, "clipped", is_16bit && mean > CLIPPED_NATS);
  json_object_set_string_member (
      object, "precision", is_16bit ? "16-bit log-probabilities" : "32-bit log-probabilities");
  json_object_set_boolean_member (object, "lower_bound", is_bound);
  refract_json_set_double (object, "top_k", is_bound ? self->shape.top_k : NAN);
  refract_json_set_double (object, "mean_tail", is_bound ? self->mean_tail : NAN);
  json_object_set_string_member (object, "phase", refract_kld_phase_get_name (self->phase));
  json_object_set_boolean_member (object, "probe_verified", !self->is_unverified);
}

/**
 * refract_kld_statistics:
 * @self: positions of a candidate
 *
 * Everything in nats unless said otherwise; percentiles are linear between order statistics.
 *
 * - `n_positions`: scored positions, chunks × (ctx − 1 − ctx/2)
 * - `mean_kld`, `median_kld`, `p90_kld`, `p95_kld`, `p99_kld`, `p999_kld`, `max_kld`: of
 *   KL(reference ‖ candidate) per position, ≥ 0
 * - `flip_rate`: share of positions whose most likely token differs, [0, 1]
 * - `same_topp_pct`: 100 · (1 − flip_rate), percent
 * - `ppl`, `ppl_reference`, `delta_ppl`: perplexity of the candidate and of the reference over the
 *   scored positions, exp (−mean ln p (true token)), and their difference
 * - `mean_dp_pct`, `rms_dp_pct`: of p_cand (true token) − p_ref (true token), percent
 * - `histogram`: `edges_log10` [low, high] of `bins` (64 counts of log10 KLD, equally wide; what
 *   lies beyond is in the outermost bin) and `zero_count`, positions below 1e-9
 * - `depth`: up to 8 equal buckets of the scored positions: `from_token`, `to_token` (first and
 *   last position in the context, in tokens), `mean_kld`, `p99_kld`, `flip_rate`, `n`
 * - `worst`: the 50 positions with the largest KLD, largest first: `chunk` (from 0), `position` (in
 *   the context, of the last token that the model saw), `kld`, `log_p_ref`, `log_p_cand`,
 *   `same_top`, `token` (the true next id) and `context` (up to 16 ids before it)
 * - `verdict`: "good", "marginal" or "bad"
 * - `clipped`: 16 bits, and the mean is above 3 nats, where the file's 16-nat floor makes it an
 *   underestimate
 * - `precision`: "16-bit log-probabilities" or "32-bit log-probabilities"
 * - `lower_bound`: every KLD here is a lower bound, from the `top_k` most likely tokens of each
 * side (null: the full vocabulary), which left `mean_tail` of the reference's probability unseen
 * (mean over the positions, [0, 1], or null)
 * - `phase`: "prefill" or "decode": what of the engine was observed
 * - `probe_verified`: this phase of the engine is known to read the quantized cache
 *
 * Returns: (transfer full)
 */
JsonObject *
refract_kld_statistics (const RefractKldPositions *self)
{
  static const struct
  {
    const char *name;
    double q;
  } quantiles[] = {
    { "median_kld", 0.5 }, { "p90_kld", 0.9 },    { "p95_kld", 0.95 },
    { "p99_kld", 0.99 },   { "p999_kld", 0.999 }, { "max_kld", 1.0 },
  };
  JsonObject *object;
  g_auto (Summary) summary = { 0 };
  double p99;
  gsize i;

  g_return_val_if_fail (self->kld != NULL && count_rows (self) > 0, NULL);

  object = json_object_new ();
  summarize (self, 0, self->rows_per_chunk, &summary);
  p99 = refract_quantile (summary.sorted, summary.n, 0.99);

  json_object_set_int_member (object, "n_positions", summary.n);
  refract_json_set_double (object, "mean_kld", summary.mean);
  for (i = 0; i < G_N_ELEMENTS (quantiles); i++)
    refract_json_set_double (object, quantiles[i].name,
                             refract_quantile (summary.sorted, summary.n, quantiles[i].q));
  refract_json_set_double (object, "flip_rate", summary.flip_rate);
  refract_json_set_double (object, "same_topp_pct", 100.0 * (1.0 - summary.flip_rate));
  add_perplexities (self, object);
  json_object_set_object_member (object, "histogram", make_histogram (&summary));
  json_object_set_array_member (object, "per_chunk", make_chunks (self));
  json_object_set_array_member (object, "depth", make_depth (self));
  json_object_set_array_member (object, "worst", make_worst (self));
  json_object_set_string_member (object, "verdict",
                                 get_verdict (summary.mean, p99, summary.flip_rate));
  add_kind (self, object, summary.mean);

  return object;
}
