/* refract-gguf.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/**
 * RefractGguf:
 *
 * The metadata of one GGUF file (versions 2 and 3, little endian), read without touching the
 * tensors' data. Layout: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
 *
 * Nothing in the file is believed: every length is checked against the file's size and against a
 * limit of ours before anything is allocated or repeated. Keys are printable ASCII and unique;
 * strings are valid UTF-8 (what was not is replaced). Strings above 1 MiB and arrays above 4096
 * numbers are skipped, only their length is known. Immutable.
 */
typedef struct _RefractGguf RefractGguf;

/**
 * refract_gguf_new_from_fd:
 * @fd: a regular file, readable with pread(); stays the caller's
 * @size: the file's size in bytes
 * @name: what error messages call the file
 *
 * Reads the header; the tensors' data is not read, but must lie within @size.
 *
 * Returns: (transfer full): or %NULL with %REFRACT_ERROR_MODEL that says what is wrong with the
 *   file or what it seems to be instead, or %G_IO_ERROR_CANCELLED
 */
RefractGguf *refract_gguf_new_from_fd (
    int fd, guint64 size, const char *name, GCancellable *cancellable, GError **error);

/**
 * refract_gguf_new_from_data:
 * @data: (array length=size): a whole file; not needed after the call
 *
 * Like refract_gguf_new_from_fd(), for bytes in memory.
 */
RefractGguf *
refract_gguf_new_from_data (const guint8 *data, gsize size, const char *name, GError **error);

void refract_gguf_free (RefractGguf *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractGguf, refract_gguf_free)

guint64 refract_gguf_get_n_tensors (RefractGguf *self);

/* (transfer none) (nullable): %NULL when absent, not a string, or longer than 1 MiB */
const char *refract_gguf_get_string (RefractGguf *self, const char *key);

/* %TRUE when @key is there with a string; @length in bytes, also of one that was skipped */
gboolean refract_gguf_get_string_length (RefractGguf *self, const char *key, guint64 *length);

/* %TRUE when @key is there with an integer or boolean that is not negative */
gboolean refract_gguf_get_uint (RefractGguf *self, const char *key, guint64 *value);

/* %TRUE when @key is there with an array of anything; its bytes lie within the file */
gboolean refract_gguf_get_array_length (RefractGguf *self, const char *key, guint64 *length);

/* (transfer none) (nullable) (array length=length): an array of at most 4096 integers or booleans
 */
const gint64 *refract_gguf_get_ints (RefractGguf *self, const char *key, gsize *length);

G_END_DECLS
