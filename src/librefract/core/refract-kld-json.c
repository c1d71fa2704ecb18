/* refract-kld-json.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "core/refract-error.h"
#include "core/refract-json.h"
#include "core/refract-kld-private.h"

G_STATIC_ASSERT (sizeof (float) == sizeof (guint32));

/* To and from little-endian, in place. */
static void
swap_words (gpointer words, gsize n)
{
  guint32 *values = words;
  gsize i;

  for (i = 0; i < n; i++)
    values[i] = GUINT32_TO_LE (values[i]);
}

static void
set_words (JsonObject *object, const char *name, gconstpointer values, gsize n)
{
  g_autofree gpointer words = g_memdup2 (values, n * sizeof (guint32));
  g_autofree char *text = NULL;

  swap_words (words, n);
  text = g_base64_encode (words, n * sizeof (guint32));
  json_object_set_string_member (object, name, text);
}

/* (transfer full) (nullable): exactly @size bytes, or nothing */
static gpointer
get_bytes (JsonObject *object, const char *name, gsize size)
{
  const char *text = refract_json_get_string (object, name, NULL);
  g_autofree guchar *bytes = NULL;
  gsize length;

  if (text == NULL)
    return NULL;
  bytes = g_base64_decode (text, &length);

  return length == size ? g_steal_pointer (&bytes) : NULL;
}

static gpointer
get_words (JsonObject *object, const char *name, gsize n)
{
  gpointer words = get_bytes (object, name, n * sizeof (guint32));

  if (words != NULL)
    swap_words (words, n);

  return words;
}

/* Members: n_ctx, n_vocab, n_chunks; tokens, log_p_ref and, of a candidate, kld, log_p_cand (32
 * bits each) and same_top (a byte each). */
JsonObject *
refract_kld_positions_to_json (const RefractKldPositions *self)
{
  JsonObject *object = json_object_new ();
  gsize n = (gsize) self->n_chunks * self->rows_per_chunk;

  json_object_set_int_member (object, "n_ctx", self->n_ctx);
  json_object_set_int_member (object, "n_vocab", self->n_vocab);
  json_object_set_int_member (object, "n_chunks", self->n_chunks);
  set_words (object, "tokens", self->tokens, (gsize) self->n_chunks * self->n_ctx);
  set_words (object, "log_p_ref", self->log_p_ref, n);
  if (self->kld != NULL)
    {
      g_autofree char *same_top = g_base64_encode (self->same_top, n);

      set_words (object, "kld", self->kld, n);
      set_words (object, "log_p_cand", self->log_p_cand, n);
      json_object_set_string_member (object, "same_top", same_top);
    }

  return object;
}

static gboolean
are_log_probabilities (const float *values, gsize n)
{
  gsize i;

  for (i = 0; i < n; i++)
    if (!isfinite (values[i]) || values[i] > 0)
      return FALSE;

  return TRUE;
}

static gboolean
are_tokens (const RefractKldPositions *self)
{
  gsize i;

  for (i = 0; i < (gsize) self->n_chunks * self->n_ctx; i++)
    if (self->tokens[i] < 0 || self->tokens[i] >= (gint64) self->n_vocab)
      return FALSE;

  return TRUE;
}

static gboolean
are_candidate_values (const RefractKldPositions *self, gsize n)
{
  gsize i;

  for (i = 0; i < n; i++)
    if (!isfinite (self->kld[i]) || self->kld[i] < 0 || self->same_top[i] > 1)
      return FALSE;

  return are_log_probabilities (self->log_p_cand, n);
}

/* Every array is exactly as long as the shape says and every value is one that could have been
 * measured. */
static RefractKldPositions *
parse (JsonObject *object)
{
  g_autoptr (RefractKldPositions) self = g_new0 (RefractKldPositions, 1);
  gint64 n_ctx = refract_json_get_int (object, "n_ctx", 0);
  gint64 n_vocab = refract_json_get_int (object, "n_vocab", 0);
  gint64 n_chunks = refract_json_get_int (object, "n_chunks", 0);
  gsize n;

  if (!refract_logits_shape_is_valid (n_ctx, n_vocab, n_chunks))
    return NULL;

  self->n_ctx = n_ctx;
  self->n_vocab = n_vocab;
  self->n_chunks = n_chunks;
  self->rows_per_chunk = refract_logits_rows_per_chunk (n_ctx);
  n = (gsize) self->n_chunks * self->rows_per_chunk;

  self->tokens = get_words (object, "tokens", (gsize) self->n_chunks * self->n_ctx);
  self->log_p_ref = get_words (object, "log_p_ref", n);
  if (self->tokens == NULL || !are_tokens (self) || self->log_p_ref == NULL
      || !are_log_probabilities (self->log_p_ref, n))
    return NULL;

  if (json_object_has_member (object, "kld"))
    {
      self->kld = get_words (object, "kld", n);
      self->log_p_cand = get_words (object, "log_p_cand", n);
      self->same_top = get_bytes (object, "same_top", n);
      if (self->kld == NULL || self->log_p_cand == NULL || self->same_top == NULL
          || !are_candidate_values (self, n))
        return NULL;
    }

  return g_steal_pointer (&self);
}

RefractKldPositions *
refract_kld_positions_from_json (JsonObject *object, GError **error)
{
  RefractKldPositions *self = object != NULL ? parse (object) : NULL;

  if (self == NULL)
    g_set_error_literal (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                         "The stored KLD positions are damaged. Measure this configuration again.");

  return self;
}
