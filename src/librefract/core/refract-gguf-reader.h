/* refract-gguf-reader.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define REFRACT_GGUF_WINDOW_BYTES (256u << 10)

/**
 * RefractGgufReader:
 * @window: bytes that were read, refilled with pread() into @buffer
 * @name: the file's name, for errors
 * @part: what is being read, for errors
 *
 * A forward-only view of a file's header. Every function checks lengths against the file's size and
 * against the most that a header may have, and says where it stood (%REFRACT_ERROR_MODEL).
 */
typedef struct
{
  int fd;
  guint64 size;
  guint64 position;
  const guint8 *window;
  guint64 window_start;
  gsize window_length;
  guint8 *buffer;
  const char *name;
  const char *part;
  GCancellable *cancellable;
} RefractGgufReader;

/* Whether the file has @n bytes more, within what a header may have. */
gboolean refract_gguf_reader_check (RefractGgufReader *reader, guint64 n, GError **error);
/* @n bytes (at most %REFRACT_GGUF_WINDOW_BYTES), valid until the next call; %NULL with an error */
const guint8 *refract_gguf_reader_take (RefractGgufReader *reader, gsize n, GError **error);
gboolean refract_gguf_reader_skip (RefractGgufReader *reader, guint64 n, GError **error);
gboolean
refract_gguf_reader_copy (RefractGgufReader *reader, guint8 *into, gsize n, GError **error);
gboolean refract_gguf_reader_u32 (RefractGgufReader *reader, guint32 *value, GError **error);
gboolean refract_gguf_reader_u64 (RefractGgufReader *reader, guint64 *value, GError **error);
/* Both set the error and return %FALSE. */
gboolean refract_gguf_reader_fail_truncated (RefractGgufReader *reader, GError **error);
gboolean refract_gguf_reader_fail_damaged (RefractGgufReader *reader,
                                           GError **error,
                                           const char *format,
                                           ...) G_GNUC_PRINTF (3, 4);

G_END_DECLS
