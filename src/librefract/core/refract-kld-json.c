/* refract-kld-json.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "core/refract-error.h"
#include "core/refract-json.h"
#include "core/refract-kld-private.h"

/* A journal stays on the machine that wrote it: everything is in its byte order. */
static void
set_bytes (JsonObject *object, const char *name, gconstpointer values, gsize size)
{
  g_autofree char *text = g_base64_encode (values, size);

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

static const char *const formats[] = {
  [REFRACT_LOGITS_16BIT] = "16-bit",
  [REFRACT_LOGITS_F32] = "32-bit",
  [REFRACT_LOGITS_TOP] = "top",
  NULL,
};

/* Members: format, n_ctx, n_vocab, n_chunks, top_k; phase, unverified; tokens (32 bits each),
 * log_p_ref and, of a candidate, kld, log_p_cand (64 bits each), same_top (a byte each) and
 * mean_tail. */
JsonObject *
refract_kld_positions_to_json (const RefractKldPositions *self)
{
  const RefractLogitsShape *shape = &self->shape;
  JsonObject *object = json_object_new ();
  gsize n = (gsize) shape->n_chunks * self->rows_per_chunk;

  json_object_set_string_member (object, "format", formats[shape->format]);
  json_object_set_int_member (object, "n_ctx", shape->n_ctx);
  json_object_set_int_member (object, "n_vocab", shape->n_vocab);
  json_object_set_int_member (object, "n_chunks", shape->n_chunks);
  json_object_set_int_member (object, "top_k", shape->top_k);
  json_object_set_string_member (object, "phase", refract_kld_phase_get_name (self->phase));
  json_object_set_boolean_member (object, "unverified", self->is_unverified);
  set_bytes (object, "tokens", self->tokens,
             (gsize) shape->n_chunks * shape->n_ctx * sizeof (gint32));
  set_bytes (object, "log_p_ref", self->log_p_ref, n * sizeof (double));
  if (self->kld != NULL)
    {
      set_bytes (object, "kld", self->kld, n * sizeof (double));
      set_bytes (object, "log_p_cand", self->log_p_cand, n * sizeof (double));
      set_bytes (object, "same_top", self->same_top, n);
      json_object_set_double_member (object, "mean_tail", self->mean_tail);
    }

  return object;
}

static gboolean
are_log_probabilities (const double *values, gsize n)
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

  for (i = 0; i < (gsize) self->shape.n_chunks * self->shape.n_ctx; i++)
    if (self->tokens[i] < 0 || self->tokens[i] >= (gint64) self->shape.n_vocab)
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

static gboolean
parse_shape (JsonObject *object, RefractLogitsShape *shape)
{
  const char *format = refract_json_get_string (object, "format", "");
  gint64 n_ctx = refract_json_get_int (object, "n_ctx", 0);
  gint64 n_vocab = refract_json_get_int (object, "n_vocab", 0);
  gint64 n_chunks = refract_json_get_int (object, "n_chunks", 0);
  gint64 top_k = refract_json_get_int (object, "top_k", 0);
  guint i;

  for (i = 0; formats[i] != NULL && !g_str_equal (format, formats[i]); i++)
    ;
  if (formats[i] == NULL || !refract_logits_shape_is_valid (i, n_ctx, n_vocab, n_chunks, top_k))
    return FALSE;
  *shape = (RefractLogitsShape) { i, n_ctx, n_vocab, n_chunks, top_k };

  return TRUE;
}

/* Every array is exactly as long as the shape says and every value is one that could have been
 * measured. */
static RefractKldPositions *
parse (JsonObject *object)
{
  g_autoptr (RefractKldPositions) self = g_new0 (RefractKldPositions, 1);
  gsize n;

  if (!parse_shape (object, &self->shape))
    return NULL;

  self->rows_per_chunk = refract_logits_rows_per_chunk (self->shape.n_ctx);
  if (g_str_equal (refract_json_get_string (object, "phase", ""), "decode"))
    self->phase = REFRACT_KLD_DECODE;
  self->is_unverified = refract_json_get_boolean (object, "unverified", FALSE);
  n = (gsize) self->shape.n_chunks * self->rows_per_chunk;

  self->tokens = get_bytes (object, "tokens",
                            (gsize) self->shape.n_chunks * self->shape.n_ctx * sizeof (gint32));
  self->log_p_ref = get_bytes (object, "log_p_ref", n * sizeof (double));
  if (self->tokens == NULL || !are_tokens (self) || self->log_p_ref == NULL
      || !are_log_probabilities (self->log_p_ref, n))
    return NULL;

  if (json_object_has_member (object, "kld"))
    {
      self->kld = get_bytes (object, "kld", n * sizeof (double));
      self->log_p_cand = get_bytes (object, "log_p_cand", n * sizeof (double));
      self->same_top = get_bytes (object, "same_top", n);
      self->mean_tail = refract_json_get_double (object, "mean_tail", -1);
      if (self->kld == NULL || self->log_p_cand == NULL || self->same_top == NULL
          || !(self->mean_tail >= 0 && self->mean_tail <= 1) || !are_candidate_values (self, n))
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
