/* refract-kld.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "core/refract-logits.h"

G_BEGIN_DECLS

/**
 * RefractKldPositions:
 *
 * What one pass over a corpus leaves: per scored position, n_chunks × rows_per_chunk of each array,
 * chunk by chunk.
 * @kld: KL(reference ‖ candidate), nats, ≥ 0; values below 1e-9 are stored as 0
 * @log_p_ref: ln p_ref of the true next token
 * @log_p_cand: ln p_cand of the true next token
 * @same_top: 1 where both give the same most likely token
 *
 * A pass over the reference alone has @kld NULL and @same_top NULL and @log_p_cand NULL.
 */
typedef struct
{
  guint n_ctx;
  guint n_vocab;
  guint n_chunks;
  guint rows_per_chunk;
  gint32 *tokens; /* n_chunks × n_ctx */
  float *kld;
  float *log_p_ref;
  float *log_p_cand;
  guint8 *same_top;
} RefractKldPositions;

void refract_kld_positions_free (RefractKldPositions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractKldPositions, refract_kld_positions_free)

/**
 * RefractKldRow:
 *
 * One pair of rows: the row kernel's result.
 */
typedef struct
{
  double kld;
  double log_p_ref;
  double log_p_cand;
  gboolean same_top;
} RefractKldRow;

/* KL over the full vocabulary of two de-quantised, renormalised rows (SCORING, axis B). @token is
 * the true next token, < n_vocab; a tie for the most likely token goes to the lowest id.
 * Vectorised; the sums are the same bits whatever the machine's vector unit. */
void refract_kld_row (const RefractLogitsRow *ref,
                      const RefractLogitsRow *cand,
                      guint n_vocab,
                      guint token,
                      RefractKldRow *out);

/* Called after every row with rows done and rows in all. */
typedef void (*RefractRowsFunc) (guint64 done, guint64 total, gpointer user_data);

/* Reads the reference's stream to its end while copying it to @copy_path (written whole or not at
 * all; free space is checked as soon as the header tells the size; REFRACT_ERROR_DISK). */
RefractKldPositions *refract_kld_observe_reference (int fd,
                                                    const char *copy_path,
                                                    RefractRowsFunc func,
                                                    gpointer user_data,
                                                    GCancellable *cancellable,
                                                    GError **error);
/* Scores a candidate's stream row by row against the reference's file. Different tokens, vocabulary
 * or shape is an error that says which. */
RefractKldPositions *refract_kld_observe_candidate (int fd,
                                                    const char *reference_path,
                                                    RefractRowsFunc func,
                                                    gpointer user_data,
                                                    GCancellable *cancellable,
                                                    GError **error);

/* As a JSON object (arrays base64 of little-endian values) and back; for the journal. */
JsonObject *refract_kld_positions_to_json (const RefractKldPositions *self);
RefractKldPositions *refract_kld_positions_from_json (JsonObject *object, GError **error);

/**
 * refract_kld_statistics:
 *
 * Everything that SCORING lists for axis B as "reported" and "ours", from the per-position values:
 * mean_kld, ppl, ppl_reference, delta_ppl, rms_dp_pct, same_topp_pct, n_positions, median, p90,
 * p95, p99, p999, max, flip_rate, histogram, depth buckets, worst positions (ids of the context,
 * not text), verdict, clipped (mean above 3 nats). Keys: docs/report-schema.md.
 */
JsonObject *refract_kld_statistics (const RefractKldPositions *self);

G_END_DECLS
