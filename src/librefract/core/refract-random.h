/* refract-random.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * RefractRandom:
 *
 * MT19937 seeded by a key array of the seed's 32-bit words, low word first, as Python's
 * `random.Random(seed)` does; fixtures/mt19937.json. Not thread-safe.
 */
typedef struct _RefractRandom RefractRandom;

RefractRandom *refract_random_new (guint64 seed);
void refract_random_free (RefractRandom *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractRandom, refract_random_free)

guint32 refract_random_next (RefractRandom *self);
/* uniform in [0, n), n ≥ 1: draws the top bit-length(n) bits of an output until they are below n */
guint32 refract_random_below (RefractRandom *self, guint32 n);
/* uniform in [0, 1) with 53 bits, from two outputs */
double refract_random_double (RefractRandom *self);
/* gamma distributed with scale 1, shape > 0 */
double refract_random_gamma (RefractRandom *self, double shape);

G_END_DECLS
