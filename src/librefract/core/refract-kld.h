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
 * RefractKldPhase:
 * @REFRACT_KLD_PREFILL: the engine gave the log-probabilities while it read the corpus
 * @REFRACT_KLD_DECODE: it was led through the corpus token by token
 *
 * An engine's two ways through its cache may disagree by themselves (ENGINES 0.2).
 */
typedef enum
{
  REFRACT_KLD_PREFILL,
  REFRACT_KLD_DECODE,
} RefractKldPhase;

/* "prefill" | "decode" */
const char *refract_kld_phase_get_name (RefractKldPhase phase);

/**
 * RefractKldPositions:
 * @shape: of the candidate's stream, or of the reference's where only that was read
 * @tokens: n_chunks × n_ctx
 * @kld: KL(reference ‖ candidate), nats, ≥ 0; of 16-bit rows values below 1e-9 are stored as 0;
 *   of %REFRACT_LOGITS_TOP a lower bound
 * @log_p_ref: ln p_ref of the true next token
 * @log_p_cand: ln p_cand of the true next token
 * @same_top: 1 where both give the same most likely token
 * @mean_tail: share of the reference's probability that no entry of both rows told, mean over the
 *   positions, [0, 1]; 0 for a full vocabulary and of a reference alone
 * @phase: what of the engine was observed
 * @is_unverified: nobody has shown that this phase of the engine reads the quantized cache
 *
 * What one pass over a corpus leaves: per scored position, n_chunks × rows_per_chunk of each array,
 * chunk by chunk. A pass over the reference alone has @kld NULL and @same_top NULL and @log_p_cand
 * NULL. The observer sets @phase and @is_unverified from what the backend says of the run.
 */
typedef struct
{
  RefractLogitsShape shape;
  guint rows_per_chunk;
  gint32 *tokens;
  double *kld;
  double *log_p_ref;
  double *log_p_cand;
  guint8 *same_top;
  double mean_tail;
  RefractKldPhase phase;
  gboolean is_unverified;
} RefractKldPositions;

/* Whether @kld is a lower bound: some of the vocabulary was not seen. */
gboolean refract_kld_positions_is_lower_bound (const RefractKldPositions *self);
void refract_kld_positions_free (RefractKldPositions *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractKldPositions, refract_kld_positions_free)

/**
 * RefractKldRow:
 * @kld: KL(reference ‖ candidate), nats, ≥ 0
 * @tail: share of the reference's probability that was not seen, [0, 1]; 0 for a full vocabulary
 *
 * One pair of rows: the row kernels' result.
 */
typedef struct
{
  double kld;
  double log_p_ref;
  double log_p_cand;
  double tail;
  gboolean same_top;
} RefractKldRow;

/* KL over the full vocabulary of two 16-bit rows, de-quantised and renormalised (SCORING, axis B).
 * @token is the true next token, < n_vocab; a tie for the most likely token goes to the lowest id.
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
/* Scores a candidate's stream row by row against the reference's file. Different tokens,
 * vocabulary, shape or format is an error that says which. */
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
 * not text), verdict, clipped (mean above 3 nats), and what kind of numbers these are. Keys:
 * docs/report-schema.md.
 */
JsonObject *refract_kld_statistics (const RefractKldPositions *self);

G_END_DECLS
