/* refract-kld.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>

#include "core/refract-error.h"
#include "core/refract-kld-private.h"

const char *
refract_kld_phase_get_name (RefractKldPhase phase)
{
  return phase == REFRACT_KLD_DECODE ? "decode" : "prefill";
}

gboolean
refract_kld_positions_is_lower_bound (const RefractKldPositions *self)
{
  return self->shape.format == REFRACT_LOGITS_TOP && self->shape.top_k < self->shape.n_vocab;
}

void
refract_kld_positions_free (RefractKldPositions *self)
{
  if (self == NULL)
    return;

  g_free (self->tokens);
  g_free (self->kld);
  g_free (self->log_p_ref);
  g_free (self->log_p_cand);
  g_free (self->same_top);
  g_free (self);
}

static RefractKldPositions *
positions_new_for_reader (RefractLogitsReader *reader, gboolean is_candidate)
{
  RefractKldPositions *self = g_new0 (RefractKldPositions, 1);
  gsize n_rows;

  self->shape = *refract_logits_reader_get_shape (reader);
  self->rows_per_chunk = refract_logits_rows_per_chunk (self->shape.n_ctx);
  self->tokens = g_memdup2 (refract_logits_reader_get_tokens (reader),
                            (gsize) self->shape.n_chunks * self->shape.n_ctx * sizeof (gint32));

  n_rows = refract_logits_shape_get_n_rows (&self->shape);
  self->log_p_ref = g_new (double, n_rows);
  if (is_candidate)
    {
      self->kld = g_new (double, n_rows);
      self->log_p_cand = g_new (double, n_rows);
      self->same_top = g_new (guint8, n_rows);
    }

  return self;
}

/* The token that row @row of all rows predicts. */
static gint32
true_token (const RefractKldPositions *self, gsize row)
{
  guint n_ctx = self->shape.n_ctx;

  return self
      ->tokens[row / self->rows_per_chunk * n_ctx + n_ctx / 2 + row % self->rows_per_chunk + 1];
}

static void
score_row (const RefractLogitsShape *shape,
           const RefractLogitsRow *ref,
           const RefractLogitsRow *cand,
           guint token,
           RefractKldRow *out)
{
  switch (shape->format)
    {
    case REFRACT_LOGITS_16BIT:
      refract_kld_row (ref, cand, shape->n_vocab, token, out);
      break;
    case REFRACT_LOGITS_F32:
      refract_kld_row_f32 (ref->values, cand->values, shape->n_vocab, token, out);
      break;
    case REFRACT_LOGITS_TOP:
      refract_kld_row_top (ref, cand, token, out);
      break;
    default:
      g_return_if_reached ();
    }
}

/**
 * refract_kld_observe_reference:
 * @fd: a file or the reading end of a pipe; owned afterwards, also on failure
 * @copy_path: where the candidates will find the stream
 * @func: (nullable): progress
 *
 * Memory is one row and the positions, whatever the stream's size.
 *
 * Returns: (transfer full): positions with only @tokens and @log_p_ref set
 */
RefractKldPositions *
refract_kld_observe_reference (int fd,
                               const char *copy_path,
                               RefractRowsFunc func,
                               gpointer user_data,
                               GCancellable *cancellable,
                               GError **error)
{
  g_autoptr (RefractLogitsReader) reader = NULL;
  g_autoptr (RefractLogitsWriter) writer = NULL;
  g_autoptr (RefractKldPositions) self = NULL;
  guint64 n_rows;
  guint64 i;

  reader = refract_logits_reader_new (fd, "The reference's stream of log-probabilities",
                                      cancellable, error);
  if (reader == NULL)
    return NULL;

  self = positions_new_for_reader (reader, FALSE);
  writer = refract_logits_writer_new (copy_path, &self->shape, self->tokens, error);
  if (writer == NULL)
    return NULL;

  n_rows = refract_logits_shape_get_n_rows (&self->shape);
  for (i = 0;; i++)
    {
      RefractLogitsRow row;
      RefractKldRow scored;
      gboolean end;

      if (!refract_logits_reader_next (reader, &row, &end, error))
        return NULL;
      if (end)
        break;
      if (!refract_logits_writer_add (writer, &row, error))
        return NULL;

      score_row (&self->shape, &row, &row, true_token (self, i), &scored);
      self->log_p_ref[i] = scored.log_p_ref;
      if (func != NULL)
        func (i + 1, n_rows, user_data);
    }

  if (!refract_logits_writer_finish (writer, error))
    return NULL;

  return g_steal_pointer (&self);
}

static RefractLogitsReader *
open_reference (const char *path, GCancellable *cancellable, GError **error)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC);
  g_autofree char *what = NULL;

  if (fd < 0)
    {
      int code = errno;

      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                   "The reference's log-probabilities “%s” cannot be opened: %s. Measure the "
                   "reference again.",
                   path, g_strerror (code));
      return NULL;
    }

  what = g_strdup_printf ("The reference's file of log-probabilities “%s”", path);

  return refract_logits_reader_new (fd, what, cancellable, error);
}

/* The same numbers of the same corpus, cut and tokenized the same way: else no row has its
 * partner. */
static gboolean
check_same_shape (const RefractLogitsShape *ref, const RefractLogitsShape *cand, GError **error)
{
  if (cand->n_vocab != ref->n_vocab)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                   "The candidate has a vocabulary of %u tokens and the reference of %u: they are "
                   "not the same model.",
                   cand->n_vocab, ref->n_vocab);
      return FALSE;
    }

  if (cand->n_ctx != ref->n_ctx || cand->n_chunks != ref->n_chunks)
    {
      g_set_error (
          error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
          "The candidate was measured over %u chunks of %u tokens and the reference over %u "
          "of %u. Measure both over the same corpus and with the same plan.",
          cand->n_chunks, cand->n_ctx, ref->n_chunks, ref->n_ctx);
      return FALSE;
    }

  if (cand->format != ref->format || cand->top_k != ref->top_k)
    {
      g_autofree char *cand_text = refract_logits_shape_describe (cand);
      g_autofree char *ref_text = refract_logits_shape_describe (ref);

      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                   "The candidate gave %s and the reference %s. Measure both with the same engine "
                   "and the same plan.",
                   cand_text, ref_text);
      return FALSE;
    }

  return TRUE;
}

static gboolean
check_same_corpus (RefractLogitsReader *reference, RefractLogitsReader *candidate, GError **error)
{
  const RefractLogitsShape *shape = refract_logits_reader_get_shape (reference);
  const gint32 *ref_tokens = refract_logits_reader_get_tokens (reference);
  const gint32 *cand_tokens = refract_logits_reader_get_tokens (candidate);
  gsize i;

  if (!check_same_shape (shape, refract_logits_reader_get_shape (candidate), error))
    return FALSE;

  for (i = 0; i < (gsize) shape->n_chunks * shape->n_ctx; i++)
    if (ref_tokens[i] != cand_tokens[i])
      {
        g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_ENGINE,
                     "The candidate's tokens differ from the reference's at chunk %zu, position "
                     "%zu (%d, not %d). Measure both over the same corpus "
                     "and with the same engine.",
                     i / shape->n_ctx + 1, i % shape->n_ctx, cand_tokens[i], ref_tokens[i]);
        return FALSE;
      }

  return TRUE;
}

/**
 * refract_kld_observe_candidate:
 * @fd: a file or the reading end of a pipe; owned afterwards, also on failure
 * @reference_path: what refract_kld_observe_reference() copied
 * @func: (nullable): progress
 *
 * Returns: (transfer full): positions with everything set
 */
RefractKldPositions *
refract_kld_observe_candidate (int fd,
                               const char *reference_path,
                               RefractRowsFunc func,
                               gpointer user_data,
                               GCancellable *cancellable,
                               GError **error)
{
  g_autoptr (RefractLogitsReader) candidate = NULL;
  g_autoptr (RefractLogitsReader) reference = NULL;
  g_autoptr (RefractKldPositions) self = NULL;
  guint64 n_rows;
  guint64 i;

  candidate = refract_logits_reader_new (fd, "The candidate's stream of log-probabilities",
                                         cancellable, error);
  if (candidate == NULL)
    return NULL;
  reference = open_reference (reference_path, cancellable, error);
  if (reference == NULL || !check_same_corpus (reference, candidate, error))
    return NULL;

  self = positions_new_for_reader (candidate, TRUE);
  n_rows = refract_logits_shape_get_n_rows (&self->shape);
  for (i = 0;; i++)
    {
      RefractLogitsRow ref_row;
      RefractLogitsRow cand_row;
      RefractKldRow scored;
      gboolean end;

      if (!refract_logits_reader_next (candidate, &cand_row, &end, error))
        return NULL;
      if (end)
        break;
      if (!refract_logits_reader_next (reference, &ref_row, &end, error))
        return NULL;

      score_row (&self->shape, &ref_row, &cand_row, true_token (self, i), &scored);
      self->kld[i] = scored.kld;
      self->log_p_ref[i] = scored.log_p_ref;
      self->log_p_cand[i] = scored.log_p_cand;
      self->same_top[i] = scored.same_top;
      self->mean_tail += scored.tail; /* the sum, for now */
      if (func != NULL)
        func (i + 1, n_rows, user_data);
    }

  self->mean_tail /= n_rows;

  return g_steal_pointer (&self);
}
