/* refract-server-scores.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "backends/refract-server-scores.h"
#include "core/refract-error.h"

#define IMPOSSIBLE (-9999.0f) /* how engines that can write no −∞ write it */
#define ROUNDING 0.01

struct _RefractServerScores
{
  const gint32 *ids;
  guint n_ids;
  guint top_k;
  guint n_vocab;
  RefractScoreCursor cursor;
  GArray *entries;   /* of all positions, in order */
  gsize *starts;     /* per position: where its own begin; n_ids + 1 of them */
  guint n_begun;     /* positions whose start is known */
  float *true_log_p; /* NAN where the reply did not say it apart */
  RefractLogitsEntry *row;
};

RefractServerScores *
refract_server_scores_new (const gint32 *ids, guint n_ids, guint top_k, guint n_vocab)
{
  RefractServerScores *self = g_new0 (RefractServerScores, 1);
  guint i;

  self->ids = ids;
  self->n_ids = n_ids;
  self->top_k = MIN (top_k, n_vocab);
  self->n_vocab = n_vocab;
  self->entries = g_array_new (FALSE, FALSE, sizeof (RefractLogitsEntry));
  self->starts = g_new0 (gsize, (gsize) n_ids + 1);
  self->true_log_p = g_new (float, n_ids);
  self->row = g_new (RefractLogitsEntry, (gsize) self->top_k + 2);
  for (i = 0; i < n_ids; i++)
    self->true_log_p[i] = NAN;
  return self;
}

void
refract_server_scores_free (RefractServerScores *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->entries);
  g_free (self->starts);
  g_free (self->true_log_p);
  g_free (self->row);
  g_free (self);
}

RefractScoreCursor *
refract_server_scores_get_cursor (RefractServerScores *self)
{
  return &self->cursor;
}

static gboolean
fail (guint position, const char *problem, GError **error)
{
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
               "The log-probabilities of token %u of a prompt are not usable: %s. Use another "
               "version of the engine.",
               position, problem);
  return FALSE;
}

/* A log-probability as it is stored; NAN for what cannot be one. */
static float
clean_log_p (double log_p)
{
  if (isnan (log_p) || log_p > ROUNDING)
    return NAN;
  return (float) MAX (log_p, (double) IMPOSSIBLE);
}

/* The position that is written to: all before it are whole. */
static gboolean
begin_position (RefractServerScores *self, guint position, GError **error)
{
  if (position == 0 || position >= self->n_ids || position + 1 < self->n_begun)
    return fail (position, "they are out of order, or of a longer text than was sent", error);
  while (self->n_begun <= position)
    self->starts[self->n_begun++] = self->entries->len;
  return TRUE;
}

gboolean
refract_server_scores_add (
    RefractServerScores *self, guint position, double id, double log_p, GError **error)
{
  RefractLogitsEntry entry = { 0, clean_log_p (log_p) };

  if (!begin_position (self, position, error))
    return FALSE;
  if (!(id >= 0 && id < self->n_vocab) || id != floor (id))
    return fail (position, "one is of no token of the vocabulary", error);
  if (isnan (entry.log_p))
    return fail (position, "one is no logarithm of a probability", error);
  if (self->entries->len - self->starts[position] > self->top_k)
    return fail (position, "there are more than were asked for", error);
  entry.id = (gint32) id;
  g_array_append_val (self->entries, entry);
  return TRUE;
}

gboolean
refract_server_scores_set_true (
    RefractServerScores *self, guint position, double id, double log_p, GError **error)
{
  if (position >= self->n_ids || id != self->ids[position])
    return fail (position, "the engine scored another text than was sent", error);
  self->true_log_p[position] = clean_log_p (log_p);
  return TRUE;
}

const RefractLogitsEntry *
refract_server_scores_get (RefractServerScores *self, guint position, guint *n_entries)
{
  const RefractLogitsEntry *entries;
  gsize start = self->starts[position], end = self->starts[position + 1];
  guint n = (guint) (end - start), i;

  entries = &g_array_index (self->entries, RefractLogitsEntry, start);
  *n_entries = n;
  for (i = 0; i < n; i++)
    if (entries[i].id == self->ids[position])
      return entries;
  if (isnan (self->true_log_p[position]))
    return NULL;
  for (i = 0; i < n; i++)
    self->row[i] = entries[i];
  self->row[n] = (RefractLogitsEntry) { self->ids[position], self->true_log_p[position] };
  *n_entries = n + 1;
  return self->row;
}

gboolean
refract_server_scores_check (RefractServerScores *self, GError **error)
{
  guint position, n;

  while (self->n_begun <= self->n_ids)
    self->starts[self->n_begun++] = self->entries->len;
  for (position = 1; position < self->n_ids; position++)
    {
      n = (guint) (self->starts[position + 1] - self->starts[position]);
      if (n < self->top_k)
        {
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_NOTHING_MEASURED,
                       "it gave %u of %u for token %u of a prompt", n, self->top_k, position);
          return FALSE;
        }
      if (refract_server_scores_get (self, position, &n) == NULL)
        return fail (position, "that of the token itself is missing", error);
    }
  return TRUE;
}
