/* bench-kld.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Log-probability pairs per second of one core: the KLD row kernel as this machine runs it, without
 * its wide vector unit, and a plain loop in double precision, over the same rows. */

#include "config.h"

#include <math.h>
#include <time.h>

#include "core/refract-kld-private.h"

#define N_ROWS 16
#define SECONDS 1.0

typedef void (*ScoreFunc) (const RefractLogitsRow *ref,
                           const RefractLogitsRow *cand,
                           guint n_vocab,
                           guint token,
                           RefractKldRow *out);

static void
score_plainly (const RefractLogitsRow *ref,
               const RefractLogitsRow *cand,
               guint n_vocab,
               guint token,
               RefractKldRow *out)
{
  double sum_ref = 0;
  double sum_cand = 0;
  double kld = 0;
  guint top_ref = 0;
  guint top_cand = 0;

  for (guint i = 0; i < n_vocab; i++)
    {
      double a = (double) ref->scale * ref->q[i] + ref->min_log_prob;
      double b = (double) cand->scale * cand->q[i] + cand->min_log_prob;
      double p = exp (a);

      sum_ref += p;
      sum_cand += exp (b);
      kld += p * (a - b);
      top_ref = ref->q[i] > ref->q[top_ref] ? i : top_ref;
      top_cand = cand->q[i] > cand->q[top_cand] ? i : top_cand;
    }
  out->kld = kld / sum_ref - log (sum_ref) + log (sum_cand);
  out->log_p_ref = (double) ref->scale * ref->q[token] + ref->min_log_prob - log (sum_ref);
  out->log_p_cand = (double) cand->scale * cand->q[token] + cand->min_log_prob - log (sum_cand);
  out->same_top = top_ref == top_cand;
}

static double
cpu_seconds (void)
{
  struct timespec now;

  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &now);

  return now.tv_sec + now.tv_nsec * 1e-9;
}

/* 10⁹ pairs per second; @mean_kld (out) */
static double
measure (ScoreFunc func,
         const RefractLogitsRow *ref,
         const RefractLogitsRow *cand,
         guint n_vocab,
         double *mean_kld)
{
  double begin = cpu_seconds ();
  double elapsed;
  guint64 n_rows = 0;
  double sum = 0;

  do
    {
      for (guint i = 0; i < N_ROWS; i++)
        {
          RefractKldRow row;

          func (&ref[i], &cand[i], n_vocab, i, &row);
          sum += row.kld;
        }
      n_rows += N_ROWS;
      elapsed = cpu_seconds () - begin;
    }
  while (elapsed < SECONDS);
  *mean_kld = sum / n_rows;

  return n_rows * (double) n_vocab / elapsed * 1e-9;
}

static void
bench (guint n_vocab)
{
  g_autoptr (GRand) random = g_rand_new_with_seed (1);
  g_autofree guint16 *ref_q = g_new (guint16, (gsize) N_ROWS * n_vocab);
  g_autofree guint16 *cand_q = g_new (guint16, (gsize) N_ROWS * n_vocab);
  RefractLogitsRow ref[N_ROWS];
  RefractLogitsRow cand[N_ROWS];
  double kernel;
  double baseline;
  double plain;
  double kernel_kld;
  double plain_kld;

  /* A bell of logits around the middle, one token at the top, and 0.05 nats of noise. */
  for (gsize i = 0; i < (gsize) N_ROWS * n_vocab; i++)
    {
      double q = 32768;

      for (guint j = 0; j < 6; j++)
        q += g_rand_double_range (random, -6000, 6000);
      ref_q[i] = CLAMP (q, 0, 65535);
      cand_q[i] = CLAMP (q + g_rand_double_range (random, -355, 355), 0, 65535);
    }
  for (guint i = 0; i < N_ROWS; i++)
    {
      guint top = g_rand_int_range (random, 0, n_vocab);

      ref[i] = (RefractLogitsRow) { 16.0f / 65535, -17, ref_q + (gsize) i * n_vocab };
      cand[i] = (RefractLogitsRow) { 16.0f / 65535, -17, cand_q + (gsize) i * n_vocab };
      ref_q[(gsize) i * n_vocab + top] = cand_q[(gsize) i * n_vocab + top] = 65535;
    }

  kernel = measure (refract_kld_row, ref, cand, n_vocab, &kernel_kld);
  baseline = measure (refract_kld_row_baseline, ref, cand, n_vocab, &kernel_kld);
  plain = measure (score_plainly, ref, cand, n_vocab, &plain_kld);
  g_print (
      "n_vocab %6u: %.3f G pairs/s (without the wide vector unit %.3f, plain double loop %.3f: "
      "%.1f times as fast); mean KLD %.9f, plain %.9f\n",
      n_vocab, kernel, baseline, plain, kernel / plain, kernel_kld, plain_kld);
}

int
main (void)
{
  bench (1024);
  bench (32000);
  bench (151936);

  return 0;
}
