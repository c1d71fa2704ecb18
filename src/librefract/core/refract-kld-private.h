/* refract-kld-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "core/refract-kld.h"
#include "core/refract-logits-private.h"

G_BEGIN_DECLS

/* refract_kld_row() without the choice of a wider vector unit: for the test that both give the same
 * bits, and for the bench. */
void refract_kld_row_baseline (const RefractLogitsRow *ref,
                               const RefractLogitsRow *cand,
                               guint n_vocab,
                               guint token,
                               RefractKldRow *out);

void refract_kld_row_f32 (
    const float *ref, const float *cand, guint n_vocab, guint token, RefractKldRow *out);
void refract_kld_row_top (const RefractLogitsRow *ref,
                          const RefractLogitsRow *cand,
                          guint token,
                          RefractKldRow *out);

G_END_DECLS
