/* fuzz-logits.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/refract-json.h"
#include "core/refract-kld.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
read_stream (const guint8 *data, gsize size)
{
  int fd = memfd_create ("logits", MFD_CLOEXEC);
  g_autoptr (RefractLogitsReader) reader = NULL;
  g_autofree guint16 *first = NULL;
  RefractLogitsRow row;
  RefractLogitsRow first_row;
  gboolean end;

  g_assert (write (fd, data, size) == (ssize_t) size && lseek (fd, 0, SEEK_SET) == 0);
  reader = refract_logits_reader_new (fd, "The input", NULL, NULL);
  if (reader == NULL)
    return;

  while (refract_logits_reader_next (reader, &row, &end, NULL) && !end)
    {
      guint n_vocab = refract_logits_reader_get_n_vocab (reader);
      RefractKldRow scored;

      if (first == NULL)
        {
          first = g_memdup2 (row.q, n_vocab * sizeof (guint16));
          first_row = row;
          first_row.q = first;
        }
      refract_kld_row (&row, &row, n_vocab, n_vocab - 1, &scored);
      g_assert (scored.kld == 0 && scored.same_top);
      refract_kld_row (&first_row, &row, n_vocab, 0, &scored);
      g_assert (scored.kld >= 0 && isfinite (scored.kld));
      g_assert (scored.log_p_ref <= 0 && isfinite (scored.log_p_ref));
      g_assert (scored.log_p_cand <= 0 && isfinite (scored.log_p_cand));
    }
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
