/* refract-gguf-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* what is looked at to tell which kind of file it is */
#define REFRACT_GGUF_SNIFF_BYTES 64

/* What a file that is not GGUF seems to be and what to do, a sentence's end without its full stop;
 * @head holds the first @n bytes of @size. */
const char *refract_gguf_describe_foreign (const guint8 *head, gsize n, guint64 size);

/**
 * refract_gguf_tensor_size:
 * @type: a ggml type number
 * @row: the length of the first dimension
 * @size: (out): bytes of @elements of that type; 0 for types that we do not know
 *
 * Block and byte sizes: ggml's type traits (ggml/src/ggml.c, ggml-common.h).
 *
 * Returns: %FALSE when the size overflows or rows are not whole blocks
 */
gboolean refract_gguf_tensor_size (guint32 type, guint64 elements, guint64 row, guint64 *size);

/**
 * refract_gguf_file_type_name:
 * @file_type: `general.file_type`
 *
 * Names as llama-quantize takes them (llama.cpp's enum llama_ftype).
 *
 * Returns: (transfer full): for instance "Q4_K_M", with " (guessed)" where the loader guessed it,
 *   or "unknown"
 */
char *refract_gguf_file_type_name (guint64 file_type);

G_END_DECLS
