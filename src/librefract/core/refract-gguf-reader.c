/* refract-gguf-reader.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <inttypes.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/refract-error.h"
#include "core/refract-gguf-reader.h"

/* Above what any real file has (a vocabulary of 262,144 gives a header of about 10 MB), low enough
 * that a hostile file is refused within milliseconds. */
#define MAX_HEADER_BYTES (64u << 20)

gboolean
refract_gguf_reader_fail_truncated (RefractGgufReader *reader, GError **error)
{
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL,
               "“%s” is truncated at byte %" PRIu64 ", within %s. Download or copy it "
               "again.",
               reader->name, reader->size, reader->part);
  return FALSE;
}

gboolean
refract_gguf_reader_fail_damaged (RefractGgufReader *reader,
                                  GError **error,
                                  const char *format,
                                  ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL,
               "“%s” is a damaged GGUF file: %s (near byte %" PRIu64 "). Download or "
               "copy it again.",
               reader->name, what, reader->position);
  return FALSE;
}

static gboolean
refill (RefractGgufReader *reader, GError **error)
{
  gsize wanted = MIN (REFRACT_GGUF_WINDOW_BYTES, reader->size - reader->position);
  gsize done = 0;

  if (g_cancellable_set_error_if_cancelled (reader->cancellable, error))
    return FALSE;
  while (done < wanted)
    {
      gssize n = pread (reader->fd, reader->buffer + done, wanted - done,
                        (off_t) (reader->position + done));

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL, "“%s” cannot be read: %s.",
                       reader->name, g_strerror (errno));
          return FALSE;
        }
      if (n == 0)
        {
          reader->size = reader->position + done;
          return refract_gguf_reader_fail_truncated (reader, error);
        }
      done += (gsize) n;
    }
  reader->window = reader->buffer;
  reader->window_start = reader->position;
  reader->window_length = done;
  return TRUE;
}

gboolean
refract_gguf_reader_check (RefractGgufReader *reader, guint64 n, GError **error)
{
  if (n > reader->size - reader->position)
    return refract_gguf_reader_fail_truncated (reader, error);
  if (n > MAX_HEADER_BYTES - MIN (reader->position, MAX_HEADER_BYTES))
    return refract_gguf_reader_fail_damaged (reader, error, "its header claims more than %u MiB",
                                             MAX_HEADER_BYTES >> 20);
  return TRUE;
}

const guint8 *
refract_gguf_reader_take (RefractGgufReader *reader, gsize n, GError **error)
{
  gsize ahead;

  if (!refract_gguf_reader_check (reader, n, error))
    return NULL;
  ahead = (gsize) (reader->position - reader->window_start);
  if (ahead > reader->window_length || n > reader->window_length - ahead)
    {
      if (!refill (reader, error))
        return NULL;
      ahead = 0;
    }
  reader->position += n;
  return reader->window + ahead;
}

gboolean
refract_gguf_reader_skip (RefractGgufReader *reader, guint64 n, GError **error)
{
  if (!refract_gguf_reader_check (reader, n, error))
    return FALSE;
  reader->position += n;
  return TRUE;
}

gboolean
refract_gguf_reader_copy (RefractGgufReader *reader, guint8 *into, gsize n, GError **error)
{
  while (n > 0)
    {
      gsize step = MIN (n, REFRACT_GGUF_WINDOW_BYTES);
      const guint8 *bytes = refract_gguf_reader_take (reader, step, error);

      if (bytes == NULL)
        return FALSE;
      memcpy (into, bytes, step);
      into += step;
      n -= step;
    }
  return TRUE;
}

gboolean
refract_gguf_reader_u32 (RefractGgufReader *reader, guint32 *value, GError **error)
{
  const guint8 *bytes = refract_gguf_reader_take (reader, sizeof *value, error);

  if (bytes == NULL)
    return FALSE;
  memcpy (value, bytes, sizeof *value);
  *value = GUINT32_FROM_LE (*value);
  return TRUE;
}

gboolean
refract_gguf_reader_u64 (RefractGgufReader *reader, guint64 *value, GError **error)
{
  const guint8 *bytes = refract_gguf_reader_take (reader, sizeof *value, error);

  if (bytes == NULL)
    return FALSE;
  memcpy (value, bytes, sizeof *value);
  *value = GUINT64_FROM_LE (*value);
  return TRUE;
}
