/* refract-random.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "core/refract-random.h"
#include "core/refract-statistics.h"

#define N_WORDS 624
#define DISTANCE 397

struct _RefractRandom
{
  guint32 words[N_WORDS];
  guint next;
};

/* Matsumoto and Nishimura's init_by_array (2002), for a key that is not longer than the state. */
static void
seed_by_key (RefractRandom *self, const guint32 *key, guint n)
{
  guint32 *words = self->words;
  guint i = 1;

  words[0] = 19650218;
  for (guint k = 1; k < N_WORDS; k++)
    words[k] = 1812433253 * (words[k - 1] ^ words[k - 1] >> 30) + k;
  for (guint k = 0; k < 2 * N_WORDS - 1; k++)
    {
      guint32 before = words[i - 1] ^ words[i - 1] >> 30;

      if (k < N_WORDS)
        words[i] = (words[i] ^ before * 1664525) + key[k % n] + k % n;
      else
        words[i] = (words[i] ^ before * 1566083941) - i;
      if (++i == N_WORDS)
        {
          words[0] = words[N_WORDS - 1];
          i = 1;
        }
    }
  words[0] = 0x80000000;
  self->next = N_WORDS;
}

static inline guint32
twist (guint32 word, guint32 next, guint32 distant)
{
  guint32 y = (word & 0x80000000) | (next & 0x7fffffff);

  return distant ^ y >> 1 ^ (-(y & 1) & 0x9908b0df);
}

/* The next 624 words; without a remainder in the loops, which cost more than all the rest. */
static void
renew (RefractRandom *self)
{
  guint32 *words = self->words;
  guint i = 0;

  for (; i < N_WORDS - DISTANCE; i++)
    words[i] = twist (words[i], words[i + 1], words[i + DISTANCE]);
  for (; i < N_WORDS - 1; i++)
    words[i] = twist (words[i], words[i + 1], words[i + DISTANCE - N_WORDS]);
  words[i] = twist (words[i], words[0], words[DISTANCE - 1]);
  self->next = 0;
}

/**
 * refract_random_new:
 * @seed: any value; its high word is part of the key only where it is not 0
 *
 * Returns: (transfer full): the generator; free it with refract_random_free()
 */
RefractRandom *
refract_random_new (guint64 seed)
{
  const guint32 key[] = { (guint32) seed, (guint32) (seed >> 32) };
  RefractRandom *self = g_new0 (RefractRandom, 1);

  seed_by_key (self, key, key[1] != 0 ? 2 : 1);
  return self;
}

void
refract_random_free (RefractRandom *self)
{
  g_free (self);
}

/**
 * refract_random_next:
 *
 * GRand's algorithm; here because its calls took a fifth of the time of an interval.
 *
 * Returns: the next 32-bit output
 */
guint32
refract_random_next (RefractRandom *self)
{
  guint32 y;

  if (self->next == N_WORDS)
    renew (self);
  y = self->words[self->next++];
  y ^= y >> 11;
  y ^= y << 7 & 0x9d2c5680;
  y ^= y << 15 & 0xefc60000;
  return y ^ y >> 18;
}

/**
 * refract_random_below:
 * @n: at least 1
 *
 * Draws the top bit-length(@n) bits of an output until they are below @n, as Python's
 * `Random._randbelow` does. `choice` and `randrange` of a range from 0 are this.
 *
 * Returns: uniform in [0, @n)
 */
guint32
refract_random_below (RefractRandom *self, guint32 n)
{
  guint shift;
  guint32 value;

  g_return_val_if_fail (n >= 1, 0);

  shift = 32 - g_bit_storage (n);
  do
    value = refract_random_next (self) >> shift;
  while (value >= n);
  return value;
}

/**
 * refract_random_double:
 *
 * Returns: uniform in [0, 1) with 53 bits from two outputs, as Python's `Random.random`
 */
double
refract_random_double (RefractRandom *self)
{
  double high = refract_random_next (self) >> 5;
  double low = refract_random_next (self) >> 6;

  return (high * 67108864.0 + low) / 9007199254740992.0;
}

/**
 * refract_random_gamma:
 * @shape: above 0
 *
 * Marsaglia and Tsang (2000); a shape below 1 from the next one up.
 *
 * Returns: gamma distributed with scale 1
 */
double
refract_random_gamma (RefractRandom *self, double shape)
{
  double d = shape + (shape < 1 ? 1 : 0) - 1.0 / 3;

  g_return_val_if_fail (shape > 0, NAN);

  while (TRUE)
    {
      double x = refract_normal_quantile (refract_random_double (self));
      double root = 1 + x / sqrt (9 * d);
      double v = root * root * root;
      double u = 1 - refract_random_double (self);

      if (!(v > 0) || log (u) >= 0.5 * x * x + d - d * v + d * log (v))
        continue;
      if (shape >= 1)
        return d * v;
      return d * v * pow (1 - refract_random_double (self), 1 / shape);
    }
}
