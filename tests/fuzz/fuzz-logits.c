/* fuzz-logits.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/refract-json.h"
#include "core/refract-kld-private.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
score (const RefractLogitsShape *shape,
       const RefractLogitsRow *ref,
       const RefractLogitsRow *cand,
       guint token,
       RefractKldRow *scored)
{
  if (shape->format == REFRACT_LOGITS_16BIT)
    refract_kld_row (ref, cand, shape->n_vocab, token, scored);
  else if (shape->format == REFRACT_LOGITS_F32)
    refract_kld_row_f32 (ref->values, cand->values, shape->n_vocab, token, scored);
  else
    refract_kld_row_top (ref, cand, token, scored);
}

/* A copy that outlives the reader's next row. */
static RefractLogitsRow
copy_row (const RefractLogitsShape *shape, const RefractLogitsRow *row)
{
  RefractLogitsRow copy = *row;

  copy.q = g_memdup2 (row->q, shape->n_vocab * sizeof *row->q);
  copy.values = g_memdup2 (row->values, shape->n_vocab * sizeof *row->values);
  copy.top = g_memdup2 (row->top, row->n_top * sizeof *row->top);

  return copy;
}

static void
read_stream (const guint8 *data, gsize size)
{
  int fd = memfd_create ("logits", MFD_CLOEXEC);
  g_autoptr (RefractLogitsReader) reader = NULL;
  const RefractLogitsShape *shape;
  RefractLogitsRow row;
  RefractLogitsRow first = { 0 };
  gboolean has_first = FALSE;
  gboolean end;

  g_assert (write (fd, data, size) == (ssize_t) size && lseek (fd, 0, SEEK_SET) == 0);
  reader = refract_logits_reader_new (fd, "The input", NULL, NULL);
  if (reader == NULL)
    return;

  shape = refract_logits_reader_get_shape (reader);
  while (refract_logits_reader_next (reader, &row, &end, NULL) && !end)
    {
      RefractKldRow scored;

      if (!has_first)
        first = copy_row (shape, &row);
      has_first = TRUE;
      score (shape, &row, &row, shape->n_vocab - 1, &scored);
      g_assert (scored.kld == 0 && scored.same_top);
      score (shape, &first, &row, 0, &scored);
      g_assert (scored.kld >= 0 && isfinite (scored.kld));
      g_assert (scored.log_p_ref <= 0 && isfinite (scored.log_p_ref));
      g_assert (scored.log_p_cand <= 0 && isfinite (scored.log_p_cand));
      g_assert (scored.tail >= 0 && scored.tail <= 1);
    }
  g_free ((gpointer) first.q);
  g_free ((gpointer) first.values);
  g_free ((gpointer) first.top);
}

static void
read_positions (const char *text, gsize size)
{
  g_autoptr (JsonObject) object = refract_json_parse_object (text, size, NULL);
  g_autoptr (RefractKldPositions) positions = NULL;
  g_autoptr (JsonObject) statistics = NULL;

  if (object != NULL)
    positions = refract_kld_positions_from_json (object, NULL);
  if (positions != NULL && positions->kld != NULL)
    statistics = refract_kld_statistics (positions);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (size > 0 && data[0] == '{')
    read_positions ((const char *) data, size);
  else
    read_stream (data, size);

  return 0;
}
