/* gguf-builder.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>
#include <string.h>

/* Writes GGUF files byte by byte, well-formed or not. Keys are counted as they are added. */

enum
{
  GGUF_U8,
  GGUF_I8,
  GGUF_U16,
  GGUF_I16,
  GGUF_U32,
  GGUF_I32,
  GGUF_F32,
  GGUF_BOOL,
  GGUF_STRING,
  GGUF_ARRAY,
  GGUF_U64,
  GGUF_I64,
  GGUF_F64,
};

typedef struct
{
  GByteArray *keys;
  GByteArray *tensors;
  guint64 n_keys;
  guint64 n_tensors;
  guint64 data_bytes;
  guint32 version;
} GgufBuilder;

static inline void
gguf_raw (GByteArray *out, guint64 value, guint n_bytes)
{
  guint64 little = GUINT64_TO_LE (value);

  g_byte_array_append (out, (const guint8 *) &little, n_bytes);
}

static inline void
gguf_text (GByteArray *out, const char *text)
{
  gguf_raw (out, strlen (text), 8);
  g_byte_array_append (out, (const guint8 *) text, strlen (text));
}

static inline GgufBuilder *
gguf_new (void)
{
  GgufBuilder *self = g_new0 (GgufBuilder, 1);

  self->keys = g_byte_array_new ();
  self->tensors = g_byte_array_new ();
  self->version = 3;
  return self;
}

static inline void
gguf_free (GgufBuilder *self)
{
  g_byte_array_unref (self->keys);
  g_byte_array_unref (self->tensors);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (GgufBuilder, gguf_free)

static inline void
gguf_key (GgufBuilder *self, const char *key, guint32 type)
{
  gguf_text (self->keys, key);
  gguf_raw (self->keys, type, 4);
  self->n_keys++;
}

static inline void
gguf_string (GgufBuilder *self, const char *key, const char *value)
{
  gguf_key (self, key, GGUF_STRING);
  gguf_text (self->keys, value);
}

static inline void
gguf_u32 (GgufBuilder *self, const char *key, guint32 value)
{
  gguf_key (self, key, GGUF_U32);
  gguf_raw (self->keys, value, 4);
}

/* "4,0,4" of elements of @n_bytes */
static inline void
gguf_array (GgufBuilder *self, const char *key, guint32 type, guint n_bytes, const char *values)
{
  g_auto (GStrv) parts = g_strsplit (values, ",", -1);

  gguf_key (self, key, GGUF_ARRAY);
  gguf_raw (self->keys, type, 4);
  gguf_raw (self->keys, g_strv_length (parts), 8);
  for (guint i = 0; parts[i] != NULL; i++)
    gguf_raw (self->keys, (guint64) g_ascii_strtoll (parts[i], NULL, 10), n_bytes);
}

static inline void
gguf_strings (GgufBuilder *self, const char *key, guint n, const char *value)
{
  gguf_key (self, key, GGUF_ARRAY);
  gguf_raw (self->keys, GGUF_STRING, 4);
  gguf_raw (self->keys, n, 8);
  for (guint i = 0; i < n; i++)
    gguf_text (self->keys, value);
}

/* an f32 vector of @n elements after those that are there */
static inline void
gguf_tensor (GgufBuilder *self, const char *name, guint64 n)
{
  gguf_text (self->tensors, name);
  gguf_raw (self->tensors, 1, 4);
  gguf_raw (self->tensors, n, 8);
  gguf_raw (self->tensors, 0, 4);
  gguf_raw (self->tensors, self->data_bytes, 8);
  self->data_bytes += (n * 4 + 31) / 32 * 32;
  self->n_tensors++;
}

/* `a.b=3 a.c=[4,0] a.d="text"` as keys; a.e=b[1,0] is an array of booleans */
static inline void
gguf_keys (GgufBuilder *self, const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, " ", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      char *value = strchr (parts[i], '=');
      gsize length;

      if (value == NULL)
        continue;
      *value++ = '\0';
      length = strlen (value);
      if (value[0] == '"')
        {
          value[length - 1] = '\0';
          gguf_string (self, parts[i], value + 1);
        }
      else if (value[0] == '[' || value[0] == 'b')
        {
          gboolean flags = value[0] == 'b';

          value[length - 1] = '\0';
          gguf_array (self, parts[i], flags ? GGUF_BOOL : GGUF_I32, flags ? 1 : 4,
                      value + (flags ? 2 : 1));
        }
      else
        gguf_u32 (self, parts[i], (guint32) g_ascii_strtoull (value, NULL, 10));
    }
}

/* the whole file, with zeros for the tensors' data */
static inline GByteArray *
gguf_finish (GgufBuilder *self)
{
  GByteArray *out = g_byte_array_new ();
  guint start;

  g_byte_array_append (out, (const guint8 *) "GGUF", 4);
  gguf_raw (out, self->version, 4);
  gguf_raw (out, self->n_tensors, 8);
  gguf_raw (out, self->n_keys, 8);
  g_byte_array_append (out, self->keys->data, self->keys->len);
  g_byte_array_append (out, self->tensors->data, self->tensors->len);
  start = (out->len + 31) / 32 * 32;
  while (out->len < start + self->data_bytes)
    g_byte_array_append (out, (const guint8 *) "", 1);
  return out;
}

/* a file of @name in @folder; returns its path */
static inline char *
gguf_write (GgufBuilder *self, const char *folder, const char *name)
{
  g_autoptr (GByteArray) bytes = gguf_finish (self);
  g_autoptr (GError) error = NULL;
  char *path = g_build_filename (folder, name, NULL);

  g_file_set_contents (path, (const char *) bytes->data, bytes->len, &error);
  g_assert_no_error (error);
  return path;
}
