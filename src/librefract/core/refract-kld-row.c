/* refract-kld-row.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* KL of two rows in one pass.
 *
 * With a_i and b_i the two log-probabilities relative to their row's maximum, A = Σ exp (a_i) and
 * B = Σ exp (b_i), the renormalised difference is d_i = a_i − b_i − c with c = ln (A / B), and
 * since both sides then sum to one
 *
 *   KL = Σ p_i · d_i = Σ p_i · h (d_i),   h (d) = exp (−d) − 1 + d ≥ 0.
 *
 * No term of the second form is negative and each is exact to single precision, so a KL of 1e-8 is
 * not the small difference of large sums. c is not known before the pass, but the rows' own
 * normalisation is a close guess: with a guess that is off by δ the sum over A comes out larger by
 * h (−δ) exactly, which is of second order and is taken off. Only when that is not small beside the
 * result is there a second pass with the c of the first.
 *
 * Eight float lanes, emptied into double lanes after every BLOCK values, combined in a fixed order:
 * the sums are the same bits whatever the vector unit (no fused multiply-add: -ffp-contract=off).
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "core/refract-kld-private.h"

#define LANES 8
#define BLOCK 512
#define SEARCH_BLOCK 128

typedef float Floats __attribute__ ((vector_size (LANES * sizeof (float))));
typedef gint32 Ints __attribute__ ((vector_size (LANES * sizeof (gint32))));
typedef guint16 Words __attribute__ ((vector_size (LANES * sizeof (guint16))));

#define QUARTER_BITS 0x3e800000 /* 0.25f */
#define SPLAT(x) ((Floats) { (x), (x), (x), (x), (x), (x), (x), (x) })

/* log2 p_i = bits · (q_i − max), before normalisation */
typedef struct
{
  const guint16 *q;
  float bits;
  guint16 max;
} Side;

typedef struct
{
  double ref;  /* Σ exp (a_i) */
  double cand; /* Σ exp (b_i) */
  double gap;  /* Σ exp (a_i) · h (d_i) */
} Sums;

typedef void (*SumFunc) (const Side *ref, const Side *cand, guint n, float shift, Sums *sums);
typedef guint (*ArgmaxFunc) (const guint16 *q, guint n);

typedef struct
{
  Floats ref;
  Floats cand;
  Floats gap;
} Lanes;

static inline __attribute__ ((always_inline)) Floats
blend (Ints mask, Floats yes, Floats no)
{
  return (Floats) (((Ints) yes & mask) | ((Ints) no & ~mask));
}

/* 2^x for −126 ≤ x ≤ 0, relative error < 3e-7, exactly 1 at 0. Adding 1.5·2²³ rounds to the nearest
 * integer and leaves it in the low bits, from where it goes to the exponent. The coefficients
 * interpolate (2^f − 1)/f at the Chebyshev nodes of [−0.5, 0.5]. */
static inline __attribute__ ((always_inline)) Floats
power_of_two (Floats x)
{
  const Floats magic = SPLAT (12582912.0f);
  Floats rounded = x + magic;
  Floats f = x - (rounded - magic);
  Floats y = SPLAT (0x1.5ec866p-10f);

  y = y * f + SPLAT (0x1.3cbf60p-7f);
  y = y * f + SPLAT (0x1.c6afeep-5f);
  y = y * f + SPLAT (0x1.ebfa4cp-3f);
  y = y * f + SPLAT (0x1.62e430p-1f);
  y = y * f + SPLAT (1.0f);

  return (Floats) ((Ints) y + ((Ints) rounded << 23));
}

/* h (d) / d² for d in bits, |d| ≤ 0.5, interpolated likewise; relative error < 2e-7 */
static inline __attribute__ ((always_inline)) Floats
gap_polynomial (Floats d)
{
  Floats y = SPLAT (0x1.43e716p-13f);

  y = y * d + SPLAT (-0x1.5ec866p-10f);
  y = y * d + SPLAT (0x1.3b2a80p-7f);
  y = y * d + SPLAT (-0x1.c6afeep-5f);
  y = y * d + SPLAT (0x1.ebfbe0p-3f);

  return y;
}

static inline __attribute__ ((always_inline)) Floats
load_bits (const guint16 *q, const Side *side)
{
  Words words;

  memcpy (&words, q, sizeof words);

  return (__builtin_convertvector (__builtin_convertvector (words, Ints), Floats)
          - SPLAT ((float) side->max))
         * SPLAT (side->bits);
}

/* @mask has all bits set in the lanes that count. */
static inline __attribute__ ((always_inline)) void
add_pairs (const guint16 *q_ref,
           const guint16 *q_cand,
           const Side *ref,
           const Side *cand,
           float shift,
           float factor,
           const Ints *mask,
           Lanes *lanes)
{
  Floats a = load_bits (q_ref, ref);
  Floats b = load_bits (q_cand, cand);
  Floats d = a - b - SPLAT (shift);
  Floats p_ref = power_of_two (a);
  Floats p_cand = power_of_two (b);
  Floats square = d * d;
  /* square ≤ 0.25, on the bits: gcc compares wide vectors of floats one by one without AVX. */
  Ints is_small = ((Ints) square - QUARTER_BITS - 1) >> 31;
  Floats small = p_ref * (square * gap_polynomial (d));
  Floats large = p_cand * SPLAT (factor) - p_ref + p_ref * (d * SPLAT ((float) G_LN2));

  lanes->ref += (Floats) ((Ints) p_ref & *mask);
  lanes->cand += (Floats) ((Ints) p_cand & *mask);
  lanes->gap += (Floats) ((Ints) blend (is_small, small, large) & *mask);
}

static inline __attribute__ ((always_inline)) void
empty_lanes (Lanes *lanes, double ref[LANES], double cand[LANES], double gap[LANES])
{
  guint i;

  for (i = 0; i < LANES; i++)
    {
      ref[i] += lanes->ref[i];
      cand[i] += lanes->cand[i];
      gap[i] += lanes->gap[i];
    }
  memset (lanes, 0, sizeof *lanes);
}

static inline __attribute__ ((always_inline)) double
add_up (const double lanes[LANES])
{
  return ((lanes[0] + lanes[4]) + (lanes[2] + lanes[6]))
         + ((lanes[1] + lanes[5]) + (lanes[3] + lanes[7]));
}

/* @shift: the guess of c, in bits */
static inline __attribute__ ((always_inline)) void
sum_rows (const Side *ref, const Side *cand, guint n, float shift, Sums *sums)
{
  const Ints all = { -1, -1, -1, -1, -1, -1, -1, -1 };
  float factor = (float) exp2 ((double) shift);
  double ref_lanes[LANES] = { 0 };
  double cand_lanes[LANES] = { 0 };
  double gap_lanes[LANES] = { 0 };
  Lanes lanes = { 0 };
  guint i = 0;

  while (n - i >= LANES)
    {
      guint end = i + MIN (BLOCK, (n - i) / LANES * LANES);

      for (; i < end; i += LANES)
        add_pairs (ref->q + i, cand->q + i, ref, cand, shift, factor, &all, &lanes);
      empty_lanes (&lanes, ref_lanes, cand_lanes, gap_lanes);
    }

  if (i < n)
    {
      guint16 q_ref[LANES] = { 0 };
      guint16 q_cand[LANES] = { 0 };
      Ints mask = { 0 };
      guint j;

      memcpy (q_ref, ref->q + i, (n - i) * sizeof (guint16));
      memcpy (q_cand, cand->q + i, (n - i) * sizeof (guint16));
      for (j = 0; j < n - i; j++)
        mask[j] = -1;
      add_pairs (q_ref, q_cand, ref, cand, shift, factor, &mask, &lanes);
      empty_lanes (&lanes, ref_lanes, cand_lanes, gap_lanes);
    }

  sums->ref = add_up (ref_lanes);
  sums->cand = add_up (cand_lanes);
  sums->gap = add_up (gap_lanes);
}

/* Index of the largest value, the lowest of several: whole blocks first, then within the block. */
static inline __attribute__ ((always_inline)) guint
argmax (const guint16 *q, guint n)
{
  guint best_block = 0;
  guint16 best = 0;
  guint block;
  guint i;

  for (block = 0; block < n && best < G_MAXUINT16; block += SEARCH_BLOCK)
    {
      guint end = MIN (block + SEARCH_BLOCK, n);
      guint16 highest = 0;
      Words lanes = { 0 };

      for (i = block; end - i >= LANES; i += LANES)
        {
          Words words;
          Words larger;

          memcpy (&words, q + i, sizeof words);
          larger = (Words) (words > lanes);
          lanes = (words & larger) | (lanes & ~larger);
        }
      for (; i < end; i++)
        highest = MAX (highest, q[i]);
      for (i = 0; i < LANES; i++)
        highest = MAX (highest, lanes[i]);
      if (highest > best)
        {
          best = highest;
          best_block = block;
        }
    }

  for (i = best_block; i < n - 1 && q[i] != best; i++)
    ;

  return i;
}

static void
sum_rows_baseline (const Side *ref, const Side *cand, guint n, float shift, Sums *sums)
{
  sum_rows (ref, cand, n, shift, sums);
}

static guint
argmax_baseline (const guint16 *q, guint n)
{
  return argmax (q, n);
}

#ifdef __x86_64__
__attribute__ ((target ("avx2"))) static void
sum_rows_avx2 (const Side *ref, const Side *cand, guint n, float shift, Sums *sums)
{
  sum_rows (ref, cand, n, shift, sums);
}

__attribute__ ((target ("avx2"))) static guint
argmax_avx2 (const guint16 *q, guint n)
{
  return argmax (q, n);
}
#endif

/* h (−δ): what a guess of c that is off by δ adds to KL */
static double
excess (double delta)
{
  return expm1 (-delta) + delta;
}

static void
score_row (const RefractLogitsRow *ref,
           const RefractLogitsRow *cand,
           guint n_vocab,
           guint token,
           SumFunc sum_func,
           ArgmaxFunc argmax_func,
           RefractKldRow *out)
{
  guint top_ref = argmax_func (ref->q, n_vocab);
  guint top_cand = argmax_func (cand->q, n_vocab);
  Side ref_side = { ref->q, (float) (ref->scale / G_LN2), ref->q[top_ref] };
  Side cand_side = { cand->q, (float) (cand->scale / G_LN2), cand->q[top_cand] };
  /* c = ln (A / B), and −ln A is what the file has for the most likely token */
  double c = ((double) cand->scale * cand_side.max + cand->min_log_prob)
             - ((double) ref->scale * ref_side.max + ref->min_log_prob);
  guint pass;
  Sums sums;
  double kld;

  for (pass = 0;; pass++)
    {
      float shift = (float) (c / G_LN2);
      double delta;

      sum_func (&ref_side, &cand_side, n_vocab, shift, &sums);
      c = log (sums.ref) - log (sums.cand);
      delta = excess (c - shift * G_LN2);
      kld = sums.gap / sums.ref - delta;
      if (pass == 1 || delta <= MIN (kld, 1.0))
        break;
    }

  /* rounding of what is less than the 16 bits can tell */
  out->kld = kld < 1e-9 ? 0.0 : kld;
  out->log_p_ref = (double) ref->scale * (ref->q[token] - ref_side.max) - log (sums.ref);
  out->log_p_cand = (double) cand->scale * (cand->q[token] - cand_side.max) - log (sums.cand);
  out->same_top = top_ref == top_cand;
  out->tail = 0.0;
}

void
refract_kld_row_baseline (const RefractLogitsRow *ref,
                          const RefractLogitsRow *cand,
                          guint n_vocab,
                          guint token,
                          RefractKldRow *out)
{
  score_row (ref, cand, n_vocab, token, sum_rows_baseline, argmax_baseline, out);
}

void
refract_kld_row (const RefractLogitsRow *ref,
                 const RefractLogitsRow *cand,
                 guint n_vocab,
                 guint token,
                 RefractKldRow *out)
{
  g_return_if_fail (n_vocab > 0 && token < n_vocab);

#ifdef __x86_64__
  if (__builtin_cpu_supports ("avx2"))
    score_row (ref, cand, n_vocab, token, sum_rows_avx2, argmax_avx2, out);
  else
#endif
    score_row (ref, cand, n_vocab, token, sum_rows_baseline, argmax_baseline, out);
}
