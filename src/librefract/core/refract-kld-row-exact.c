/* refract-kld-row-exact.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Rows that came in single precision are scored in double: the engine's own rounding is all that
 * is left between the result and the definition. */

#include "config.h"

#include <math.h>

#include "core/refract-kld-private.h"

/* What 1 − Σ p may be off by where the log-probabilities are single-precision. */
#define TAIL_ERROR 1e-6

static guint
find_top (const float *values, guint n)
{
  guint top = 0;

  for (guint i = 1; i < n; i++)
    if (values[i] > values[top])
      top = i;

  return top;
}

/**
 * refract_kld_row_f32:
 * @ref: n_vocab finite logits or log-probabilities
 * @cand: likewise
 * @token: the true next token, < n_vocab
 *
 * KL over the full vocabulary, both rows renormalised; a tie for the most likely token goes to the
 * lowest id. The same values give exactly 0.
 */
void
refract_kld_row_f32 (
    const float *ref, const float *cand, guint n_vocab, guint token, RefractKldRow *out)
{
  guint top_ref = find_top (ref, n_vocab);
  guint top_cand = find_top (cand, n_vocab);
  double max_ref = ref[top_ref];
  double max_cand = cand[top_cand];
  double sum_ref = 0;
  double sum_cand = 0;
  double sum_gap = 0;
  double log_ref;
  double log_cand;

  for (guint i = 0; i < n_vocab; i++)
    {
      double a = ref[i] - max_ref;
      double b = cand[i] - max_cand;
      double p = exp (a);

      sum_ref += p;
      sum_cand += exp (b);
      sum_gap += p * (a - b);
    }
  log_ref = log (sum_ref);
  log_cand = log (sum_cand);

  *out = (RefractKldRow) {
    .kld = MAX (sum_gap / sum_ref - log_ref + log_cand, 0.0),
    .log_p_ref = ref[token] - max_ref - log_ref,
    .log_p_cand = cand[token] - max_cand - log_cand,
    .same_top = top_ref == top_cand,
  };
}

static gint32
find_top_entry (const RefractLogitsEntry *entries, guint n)
{
  guint top = 0;

  for (guint i = 1; i < n; i++)
    if (entries[i].log_p > entries[top].log_p)
      top = i;

  return entries[top].id;
}

/* The least that KL of the two-part distributions (1 − a, a) and (1 − b, b) can be when both tails
 * are off by no more than TAIL_ERROR. */
static double
tail_divergence (double a, double b)
{
  double towards_b = a < b ? TAIL_ERROR : -TAIL_ERROR;

  if (fabs (a - b) <= 2 * TAIL_ERROR)
    return 0;
  a += towards_b;
  b -= towards_b;
  return a * log (a / b) + (1 - a) * log ((1 - a) / (1 - b));
}

/**
 * refract_kld_row_top:
 * @ref: a row of %REFRACT_LOGITS_TOP as its reader gives it
 * @cand: likewise; both have an entry of the true token
 * @token: the true next token
 *
 * A lower bound of KL from what both rows tell: each side's vocabulary parted in the same way, into
 * the tokens that are in both rows and one bucket of all others. By the chain rule that is
 *
 *   KL = (1 − t_ref) · KL (the shared tokens among themselves) + KL (shared or not),
 *
 * t being the mass of the bucket, and neither term can be negative. What rounding may have done to
 * the buckets is taken from the bound: it never adds to it.
 */
void
refract_kld_row_top (const RefractLogitsRow *ref,
                     const RefractLogitsRow *cand,
                     guint token,
                     RefractKldRow *out)
{
  double sum_ref = 0;
  double sum_cand = 0;
  double sum_gap = 0;
  double shared = 0;
  guint i = 0;
  guint j = 0;

  *out = (RefractKldRow) { 0 };
  while (i < ref->n_top && j < cand->n_top)
    {
      const RefractLogitsEntry *a = &ref->top[i];
      const RefractLogitsEntry *b = &cand->top[j];

      i += a->id <= b->id;
      j += b->id <= a->id;
      if (a->id != b->id)
        continue;
      if (a->id == (gint32) token)
        {
          out->log_p_ref = MIN (a->log_p, 0);
          out->log_p_cand = MIN (b->log_p, 0);
        }
      sum_ref += exp (a->log_p);
      sum_cand += exp (b->log_p);
      sum_gap += exp (a->log_p) * ((double) a->log_p - b->log_p);
    }

  if (sum_ref > 0 && sum_cand > 0) /* what underflows says nothing */
    shared = sum_gap / sum_ref - log (sum_ref / sum_cand);
  out->tail = MAX (1 - sum_ref, 0.0);
  out->kld = MIN (sum_ref, 1) * shared + tail_divergence (out->tail, MAX (1 - sum_cand, 0.0));
  out->kld = MAX (out->kld, 0.0);
  out->same_top = find_top_entry (ref->top, ref->n_top) == find_top_entry (cand->top, cand->n_top);
}
