/* refract-logits-shape.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "core/refract-logits-private.h"

#define MAX_SIZE (16 * 1024 * 1024)
#define MAX_TOKENS (1 << 28)

static const char magics[][REFRACT_LOGITS_MAGIC_SIZE + 1] = {
  [REFRACT_LOGITS_16BIT] = "_logits_",
  [REFRACT_LOGITS_F32] = "_lp_f32_",
  [REFRACT_LOGITS_TOP] = "_lp_top_",
};

const char *
refract_logits_format_get_magic (RefractLogitsFormat format)
{
  return magics[format];
}

gboolean
refract_logits_format_from_magic (const guint8 *magic, RefractLogitsFormat *format)
{
  for (guint i = 0; i < G_N_ELEMENTS (magics); i++)
    if (memcmp (magic, magics[i], REFRACT_LOGITS_MAGIC_SIZE) == 0)
      {
        *format = i;
        return TRUE;
      }

  return FALSE;
}

gsize
refract_logits_format_get_header_size (RefractLogitsFormat format)
{
  return format == REFRACT_LOGITS_16BIT ? 20 : REFRACT_LOGITS_MAX_HEADER_SIZE;
}

gboolean
refract_logits_shape_is_valid (
    RefractLogitsFormat format, gint64 n_ctx, gint64 n_vocab, gint64 n_chunks, gint64 top_k)
{
  if (format == REFRACT_LOGITS_TOP ? top_k < 1 || top_k > n_vocab : top_k != 0)
    return FALSE;

  return n_ctx >= 3 && n_ctx <= MAX_SIZE && n_vocab >= 1 && n_vocab <= MAX_SIZE && n_chunks >= 1
         && n_chunks <= MAX_TOKENS / n_ctx;
}

guint
refract_logits_rows_per_chunk (guint n_ctx)
{
  return n_ctx - 1 - n_ctx / 2;
}

guint64
refract_logits_shape_get_n_rows (const RefractLogitsShape *shape)
{
  return (guint64) shape->n_chunks * refract_logits_rows_per_chunk (shape->n_ctx);
}

gsize
refract_logits_shape_get_row_size (const RefractLogitsShape *shape)
{
  switch (shape->format)
    {
    case REFRACT_LOGITS_16BIT:
      return 2 * sizeof (float) + ((gsize) shape->n_vocab + 1) / 2 * 2 * sizeof (guint16);
    case REFRACT_LOGITS_F32:
      return (gsize) shape->n_vocab * sizeof (float);
    case REFRACT_LOGITS_TOP:
      return sizeof (guint32) + ((gsize) shape->top_k + 1) * sizeof (RefractLogitsEntry);
    default:
      g_return_val_if_reached (0);
    }
}

/**
 * refract_logits_file_size:
 * @shape: a valid one
 *
 * Returns: bytes of a file of this shape; of %REFRACT_LOGITS_TOP the most that it can have
 */
guint64
refract_logits_file_size (const RefractLogitsShape *shape)
{
  return refract_logits_format_get_header_size (shape->format)
         + (guint64) shape->n_chunks * shape->n_ctx * sizeof (gint32)
         + refract_logits_shape_get_n_rows (shape) * refract_logits_shape_get_row_size (shape);
}

char *
refract_logits_shape_describe (const RefractLogitsShape *shape)
{
  switch (shape->format)
    {
    case REFRACT_LOGITS_16BIT:
      return g_strdup ("16-bit log-probabilities");
    case REFRACT_LOGITS_F32:
      return g_strdup ("32-bit log-probabilities");
    case REFRACT_LOGITS_TOP:
      return g_strdup_printf ("log-probabilities of the top %u tokens", shape->top_k);
    default:
      g_return_val_if_reached (NULL);
    }
}
