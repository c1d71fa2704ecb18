/* refract-random.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "core/refract-random.h"
#include "core/refract-statistics.h"

struct _RefractRandom
{
  GRand *rand;
};

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

  self->rand = g_rand_new_with_seed_array (key, key[1] != 0 ? 2 : 1);
  return self;
}

void
refract_random_free (RefractRandom *self)
{
  if (self == NULL)
    return;
  g_rand_free (self->rand);
  g_free (self);
}

/**
 * refract_random_next:
 *
 * Returns: the next 32-bit output
 */
guint32
refract_random_next (RefractRandom *self)
{
  return g_rand_int (self->rand);
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
