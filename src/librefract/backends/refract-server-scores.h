/* refract-server-scores.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "core/refract-json-events.h"
#include "core/refract-logits.h"

G_BEGIN_DECLS

/**
 * RefractServerScores:
 *
 * The log-probabilities of one prompt, collected from a reply while it arrives: for every position
 * the true token's and those of the most likely ones. Its memory is bounded by what was asked for.
 */
typedef struct _RefractServerScores RefractServerScores;

/* @top_k: most likely tokens that are asked for; @n_vocab for all */
RefractServerScores *
refract_server_scores_new (const gint32 *ids, guint n_ids, guint top_k, guint n_vocab);
void refract_server_scores_free (RefractServerScores *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractServerScores, refract_server_scores_free)

/* For the readers of replies: one entry of the prediction of position @position, or the true token
 * of it (@id as the reply says it). %FALSE with @error where that cannot be. */
gboolean refract_server_scores_add (
    RefractServerScores *self, guint position, double id, double log_p, GError **error);
gboolean refract_server_scores_set_true (
    RefractServerScores *self, guint position, double id, double log_p, GError **error);
/* Where the reader of a reply is; all 0 at its beginning. */
typedef struct
{
  int depth;      /* of brackets */
  int list_depth; /* of the list that is being read; 0: none */
  int list;       /* which one: the reader's own number */
  guint position;
  guint index; /* of an element in the innermost array */
  gboolean has_log_p;
  double id;
  double log_p;
} RefractScoreCursor;
RefractScoreCursor *refract_server_scores_get_cursor (RefractServerScores *self);

/* The whole reply was read: every position but the first must have what was asked for. Where there
 * is less, REFRACT_ERROR_NOTHING_MEASURED whose message is the part of a sentence that says so. */
gboolean refract_server_scores_check (RefractServerScores *self, GError **error);
/* Entries of the prediction of @position ≥ 1, the true token's among them; no id twice. */
const RefractLogitsEntry *
refract_server_scores_get (RefractServerScores *self, guint position, guint *n_entries);

G_END_DECLS
