/* refract-gguf.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "core/refract-error.h"
#include "core/refract-gguf.h"
#include "core/refract-gguf-private.h"
#include "core/refract-gguf-reader.h"

#define MAX_KEYS 2048u /* also bounds what keys chosen to collide in a hash table can cost */
#define MAX_TENSORS 1048576u
#define MAX_ARRAY (4u << 20)
#define MAX_KEY_LENGTH 256u
#define MAX_TENSOR_NAME 1024u
#define MAX_KEPT_STRING (1u << 20)
#define MAX_KEPT_INTS 4096u
#define MAX_ALIGNMENT (1u << 20)
#define MAX_DIMENSIONS 4u

#define DEFAULT_ALIGNMENT 32u

typedef enum
{
  TYPE_UINT8,
  TYPE_INT8,
  TYPE_UINT16,
  TYPE_INT16,
  TYPE_UINT32,
  TYPE_INT32,
  TYPE_FLOAT32,
  TYPE_BOOL,
  TYPE_STRING,
  TYPE_ARRAY,
  TYPE_UINT64,
  TYPE_INT64,
  TYPE_FLOAT64,
  N_TYPES,
} ValueType;

static const guint8 type_sizes[N_TYPES] = { 1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8 };

typedef struct
{
  ValueType type;
  gint64 integer;
  char *string;
  GArray *integers;
  guint64 length;
} Value;

struct _RefractGguf
{
  GHashTable *values;
  guint64 n_tensors;
};

static void
value_free (gpointer data)
{
  Value *value = data;

  g_free (value->string);
  g_clear_pointer (&value->integers, g_array_unref);
  g_free (value);
}

/* Unsigned values above the signed range saturate: no count that we use comes near. */
static gint64
decode_integer (ValueType type, const guint8 *bytes)
{
  guint64 raw = 0;

  memcpy (&raw, bytes, type_sizes[type]);
  raw = GUINT64_FROM_LE (raw);
  switch ((guint) type)
    {
    case TYPE_INT8:
      return (gint8) raw;
    case TYPE_INT16:
      return (gint16) raw;
    case TYPE_INT32:
      return (gint32) raw;
    case TYPE_INT64:
      return (gint64) raw;
    case TYPE_BOOL:
      return raw != 0;
    default:
      return (gint64) MIN (raw, (guint64) G_MAXINT64);
    }
}

static gboolean
is_integer (ValueType type)
{
  return type < N_TYPES && type_sizes[type] > 0 && type != TYPE_FLOAT32 && type != TYPE_FLOAT64;
}

static gboolean
read_string (RefractGgufReader *reader, Value *value, GError **error)
{
  g_autofree char *text = NULL;

  if (!refract_gguf_reader_u64 (reader, &value->length, error)
      || !refract_gguf_reader_check (reader, value->length, error))
    return FALSE;
  if (value->length > MAX_KEPT_STRING)
    return refract_gguf_reader_skip (reader, value->length, error);
  text = g_malloc (value->length + 1);
  if (!refract_gguf_reader_copy (reader, (guint8 *) text, value->length, error))
    return FALSE;
  value->string = g_utf8_make_valid (text, (gssize) value->length);
  return TRUE;
}

static gboolean
skip_strings (RefractGgufReader *reader, guint64 n, GError **error)
{
  for (guint64 i = 0; i < n; i++)
    {
      guint64 length;

      if (!refract_gguf_reader_u64 (reader, &length, error)
          || !refract_gguf_reader_skip (reader, length, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_array (RefractGgufReader *reader, Value *value, GError **error)
{
  guint32 type;
  gsize size;

  if (!refract_gguf_reader_u32 (reader, &type, error)
      || !refract_gguf_reader_u64 (reader, &value->length, error))
    return FALSE;
  if (type == TYPE_ARRAY)
    return refract_gguf_reader_fail_damaged (reader, error, "%s is an array of arrays",
                                             reader->part);
  if (type >= N_TYPES)
    return refract_gguf_reader_fail_damaged (reader, error, "%s has the unknown type %u",
                                             reader->part, type);
  /* a string takes at least the eight bytes of its length */
  size = type == TYPE_STRING ? sizeof (guint64) : type_sizes[type];
  if (value->length > (reader->size - reader->position) / size)
    return refract_gguf_reader_fail_truncated (reader, error);
  if (value->length > MAX_ARRAY)
    return refract_gguf_reader_fail_damaged (reader, error, "%s claims %" PRIu64 " elements",
                                             reader->part, value->length);
  if (type == TYPE_STRING)
    return skip_strings (reader, value->length, error);
  if (!is_integer (type) || value->length > MAX_KEPT_INTS)
    return refract_gguf_reader_skip (reader, value->length * size, error);

  value->integers = g_array_sized_new (FALSE, FALSE, sizeof (gint64), (guint) value->length);
  for (guint64 i = 0; i < value->length; i++)
    {
      const guint8 *bytes = refract_gguf_reader_take (reader, size, error);
      gint64 integer;

      if (bytes == NULL)
        return FALSE;
      integer = decode_integer (type, bytes);
      g_array_append_val (value->integers, integer);
    }
  return TRUE;
}

static gboolean
read_value (RefractGgufReader *reader, Value *value, GError **error)
{
  const guint8 *bytes;
  guint32 type;

  if (!refract_gguf_reader_u32 (reader, &type, error))
    return FALSE;
  if (type >= N_TYPES)
    return refract_gguf_reader_fail_damaged (reader, error, "%s has the unknown type %u",
                                             reader->part, type);
  value->type = type;
  if (type == TYPE_STRING)
    return read_string (reader, value, error);
  if (type == TYPE_ARRAY)
    return read_array (reader, value, error);
  bytes = refract_gguf_reader_take (reader, type_sizes[type], error);
  if (bytes == NULL)
    return FALSE;
  if (is_integer (type))
    value->integer = decode_integer (type, bytes);
  return TRUE;
}

static char *
read_key (RefractGgufReader *reader, GError **error)
{
  const guint8 *bytes;
  guint64 length;

  if (!refract_gguf_reader_u64 (reader, &length, error)
      || !refract_gguf_reader_check (reader, length, error))
    return NULL;
  if (length == 0 || length > MAX_KEY_LENGTH)
    {
      refract_gguf_reader_fail_damaged (reader, error, "a key has a length of %" PRIu64 " bytes",
                                        length);
      return NULL;
    }
  bytes = refract_gguf_reader_take (reader, length, error);
  if (bytes == NULL)
    return NULL;
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_isgraph (bytes[i]))
      {
        refract_gguf_reader_fail_damaged (reader, error, "a key is not printable ASCII");
        return NULL;
      }
  return g_strndup ((const char *) bytes, length);
}

static gboolean
read_pair (RefractGgufReader *reader, RefractGguf *self, GError **error)
{
  g_autofree char *key = NULL;
  g_autofree char *part = NULL;
  Value *value;
  gboolean ok;

  reader->part = "a key of its metadata";
  key = read_key (reader, error);
  if (key == NULL)
    return FALSE;
  if (g_hash_table_contains (self->values, key))
    return refract_gguf_reader_fail_damaged (reader, error, "the key “%.64s” stands in it twice",
                                             key);
  part = g_strdup_printf ("the value of “%.64s”", key);
  reader->part = part;
  value = g_new0 (Value, 1);
  g_hash_table_insert (self->values, g_steal_pointer (&key), value);
  ok = read_value (reader, value, error);
  reader->part = NULL;
  return ok;
}

/* Checks one tensor's description and moves @data_end to its last byte, from the data's start. */
static gboolean
read_tensor (RefractGgufReader *reader, guint64 alignment, guint64 *data_end, GError **error)
{
  guint64 name_length;
  guint64 offset;
  guint64 elements = 1;
  guint64 row = 1;
  guint64 size;
  guint32 n_dimensions;
  guint32 type;

  if (!refract_gguf_reader_u64 (reader, &name_length, error)
      || !refract_gguf_reader_check (reader, name_length, error))
    return FALSE;
  if (name_length == 0 || name_length > MAX_TENSOR_NAME)
    return refract_gguf_reader_fail_damaged (reader, error, "a tensor's name has %" PRIu64 " bytes",
                                             name_length);
  if (!refract_gguf_reader_skip (reader, name_length, error)
      || !refract_gguf_reader_u32 (reader, &n_dimensions, error))
    return FALSE;
  if (n_dimensions > MAX_DIMENSIONS)
    return refract_gguf_reader_fail_damaged (reader, error, "a tensor has %u dimensions",
                                             n_dimensions);
  for (guint i = 0; i < n_dimensions; i++)
    {
      guint64 length;

      if (!refract_gguf_reader_u64 (reader, &length, error))
        return FALSE;
      if (!g_uint64_checked_mul (&elements, elements, length))
        return refract_gguf_reader_fail_damaged (reader, error,
                                                 "a tensor has more elements than can be counted");
      if (i == 0)
        row = length;
    }
  if (!refract_gguf_reader_u32 (reader, &type, error)
      || !refract_gguf_reader_u64 (reader, &offset, error))
    return FALSE;
  if (offset % alignment != 0)
    return refract_gguf_reader_fail_damaged (reader, error, "a tensor's data is not aligned");
  if (!refract_gguf_tensor_size (type, elements, row, &size)
      || !g_uint64_checked_add (&size, offset, size))
    return refract_gguf_reader_fail_damaged (reader, error, "a tensor has an impossible size");
  *data_end = MAX (*data_end, size);
  return TRUE;
}

static gboolean
read_tensors (RefractGgufReader *reader, RefractGguf *self, GError **error)
{
  guint64 alignment = DEFAULT_ALIGNMENT;
  guint64 data_end = 0;
  guint64 data_start;

  if (refract_gguf_get_uint (self, "general.alignment", &alignment)
      && (alignment == 0 || alignment > MAX_ALIGNMENT || (alignment & (alignment - 1)) != 0))
    return refract_gguf_reader_fail_damaged (reader, error, "its alignment is %" PRIu64, alignment);

  reader->part = "the list of its tensors";
  for (guint64 i = 0; i < self->n_tensors; i++)
    if (!read_tensor (reader, alignment, &data_end, error))
      return FALSE;

  data_start = (reader->position + alignment - 1) / alignment * alignment;
  if (data_end > 0 && (data_start > reader->size || data_end > reader->size - data_start))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL,
                   "“%s” is truncated at byte %" PRIu64 ": its tensors need %.2f GiB "
                   "after a header of %" PRIu64 " bytes. Download or copy it again.",
                   reader->name, reader->size, (double) data_end / (1u << 30), data_start);
      return FALSE;
    }
  return TRUE;
}

static gboolean
read_preamble (RefractGgufReader *reader, guint64 *n_keys, guint64 *n_tensors, GError **error)
{
  gsize n_head = MIN (reader->size, REFRACT_GGUF_SNIFF_BYTES);
  const guint8 *head;
  guint32 version;

  reader->part = "its first bytes";
  head = refract_gguf_reader_take (reader, n_head, error);
  if (head == NULL)
    return FALSE;
  if (n_head < 4 || memcmp (head, "GGUF", 4) != 0)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL, "“%s” is not a GGUF file: %s.",
                   reader->name, refract_gguf_describe_foreign (head, n_head, reader->size));
      return FALSE;
    }
  reader->position = 4;
  if (!refract_gguf_reader_u32 (reader, &version, error))
    return FALSE;
  if (version != 0 && (version & 0xffff) == 0)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL,
                   "“%s” is a big-endian GGUF file. Use a little-endian one.", reader->name);
      return FALSE;
    }
  if (version != 2 && version != 3)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL,
                   "“%s” is GGUF version %u, which is not supported. Convert it to version 2 or 3.",
                   reader->name, version);
      return FALSE;
    }
  return refract_gguf_reader_u64 (reader, n_tensors, error)
         && refract_gguf_reader_u64 (reader, n_keys, error);
}

static RefractGguf *
read_gguf (RefractGgufReader *reader, GError **error)
{
  g_autoptr (RefractGguf) self = g_new0 (RefractGguf, 1);
  guint64 n_keys;

  self->values = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, value_free);
  if (!read_preamble (reader, &n_keys, &self->n_tensors, error))
    return NULL;
  if (n_keys > MAX_KEYS || self->n_tensors > MAX_TENSORS)
    {
      refract_gguf_reader_fail_damaged (reader, error,
                                        "it claims %" PRIu64 " keys and %" PRIu64 " tensors",
                                        n_keys, self->n_tensors);
      return NULL;
    }
  for (guint64 i = 0; i < n_keys; i++)
    if (!read_pair (reader, self, error))
      return NULL;
  if (!read_tensors (reader, self, error))
    return NULL;
  return g_steal_pointer (&self);
}

RefractGguf *
refract_gguf_new_from_fd (
    int fd, guint64 size, const char *name, GCancellable *cancellable, GError **error)
{
  g_autofree guint8 *buffer = g_malloc (REFRACT_GGUF_WINDOW_BYTES);
  RefractGgufReader reader = {
    .fd = fd,
    .size = size,
    .window = buffer,
    .buffer = buffer,
    .name = name,
    .cancellable = cancellable,
  };

  return read_gguf (&reader, error);
}

RefractGguf *
refract_gguf_new_from_data (const guint8 *data, gsize size, const char *name, GError **error)
{
  RefractGgufReader reader = {
    .fd = -1,
    .size = size,
    .window = data != NULL ? data : (const guint8 *) "",
    .window_length = size,
    .name = name,
  };

  return read_gguf (&reader, error);
}

void
refract_gguf_free (RefractGguf *self)
{
  g_hash_table_unref (self->values);
  g_free (self);
}

guint64
refract_gguf_get_n_tensors (RefractGguf *self)
{
  return self->n_tensors;
}

const char *
refract_gguf_get_string (RefractGguf *self, const char *key)
{
  Value *value = g_hash_table_lookup (self->values, key);

  return value != NULL ? value->string : NULL;
}

gboolean
refract_gguf_get_uint (RefractGguf *self, const char *key, guint64 *result)
{
  Value *value = g_hash_table_lookup (self->values, key);

  if (value == NULL || !is_integer (value->type) || value->integer < 0)
    return FALSE;
  *result = (guint64) value->integer;
  return TRUE;
}

static gboolean
get_length (RefractGguf *self, const char *key, ValueType type, guint64 *length)
{
  Value *value = g_hash_table_lookup (self->values, key);

  if (value == NULL || value->type != type)
    return FALSE;
  *length = value->length;
  return TRUE;
}

gboolean
refract_gguf_get_string_length (RefractGguf *self, const char *key, guint64 *length)
{
  return get_length (self, key, TYPE_STRING, length);
}

gboolean
refract_gguf_get_array_length (RefractGguf *self, const char *key, guint64 *length)
{
  return get_length (self, key, TYPE_ARRAY, length);
}

const gint64 *
refract_gguf_get_ints (RefractGguf *self, const char *key, gsize *length)
{
  Value *value = g_hash_table_lookup (self->values, key);

  if (value == NULL || value->integers == NULL)
    return NULL;
  *length = value->integers->len;
  return (const gint64 *) (gpointer) value->integers->data;
}
