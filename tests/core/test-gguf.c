/* test-gguf.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <unistd.h>

#include "core/refract-gguf.h"
#include "model-fixture.h"

static void
assert_bytes_refused (GByteArray *bytes, const char *says)
{
  /* an own copy, so that a sanitizer sees every read beyond it */
  g_autofree guint8 *copy = g_memdup2 (bytes->data, bytes->len);
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractGguf) gguf = refract_gguf_new_from_data (copy, bytes->len, "file", &error);

  g_assert_null (gguf);
  assert_refused (error, says);
}

static void
test_values (void)
{
  g_autoptr (GgufBuilder) builder = gguf_new ();
  g_autoptr (GByteArray) bytes = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractGguf) gguf = NULL;
  const gint64 *ints;
  guint64 value;
  gsize n;

  gguf_key (builder, "u8", GGUF_U8);
  gguf_raw (builder->keys, 200, 1);
  gguf_key (builder, "i16", GGUF_I16);
  gguf_raw (builder->keys, (guint64) -2, 2);
  gguf_key (builder, "i64", GGUF_I64);
  gguf_raw (builder->keys, 1ull << 40, 8);
  gguf_key (builder, "u64", GGUF_U64);
  gguf_raw (builder->keys, G_MAXUINT64, 8);
  gguf_key (builder, "f32", GGUF_F32);
  gguf_raw (builder->keys, 0x3f800000, 4);
  gguf_key (builder, "flag", GGUF_BOOL);
  gguf_raw (builder->keys, 1, 1);
  gguf_string (builder, "bad-utf8", "a\xff\xfe");
  gguf_array (builder, "ints", GGUF_I8, 1, "1,-1,127");
  gguf_array (builder, "floats", GGUF_F64, 8, "1,2");
  gguf_strings (builder, "words", 3, "word");
  builder->version = 2;
  bytes = gguf_finish (builder);
  gguf = refract_gguf_new_from_data (bytes->data, bytes->len, "file", &error);
  g_assert_no_error (error);

  g_assert_true (refract_gguf_get_uint (gguf, "u8", &value));
  g_assert_cmpuint (value, ==, 200);
  g_assert_false (refract_gguf_get_uint (gguf, "i16", &value));
  g_assert_true (refract_gguf_get_uint (gguf, "i64", &value));
  g_assert_cmpuint (value, ==, 1ull << 40);
  g_assert_true (refract_gguf_get_uint (gguf, "u64", &value));
  g_assert_cmpuint (value, ==, G_MAXINT64);
  g_assert_false (refract_gguf_get_uint (gguf, "f32", &value));
  g_assert_true (refract_gguf_get_uint (gguf, "flag", &value));
  g_assert_cmpuint (value, ==, 1);
  g_assert_cmpstr (refract_gguf_get_string (gguf, "bad-utf8"), ==, "a\357\277\275\357\277\275");
  g_assert_null (refract_gguf_get_string (gguf, "u8"));
  ints = refract_gguf_get_ints (gguf, "ints", &n);
  g_assert_cmpuint (n, ==, 3);
  g_assert_cmpint (ints[1], ==, -1);
  g_assert_cmpint (ints[2], ==, 127);
  g_assert_null (refract_gguf_get_ints (gguf, "floats", &n));
  g_assert_true (refract_gguf_get_array_length (gguf, "floats", &value));
  g_assert_cmpuint (value, ==, 2);
  g_assert_true (refract_gguf_get_array_length (gguf, "words", &value));
  g_assert_cmpuint (value, ==, 3);
  g_assert_false (refract_gguf_get_array_length (gguf, "bad-utf8", &value));
}

static void
test_versions (void)
{
  static const struct
  {
    guint32 version;
    const char *says;
  } cases[] = {
    { 0, "version 0, which is not supported" },
    { 1, "version 1, which is not supported" },
    { 4, "version 4, which is not supported" },
    { 0x03000000, "big-endian" },
    { 0x02000000, "big-endian" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GgufBuilder) builder = new_model (LLAMA);
      g_autoptr (GByteArray) bytes = NULL;

      builder->version = cases[i].version;
      bytes = gguf_finish (builder);
      assert_bytes_refused (bytes, cases[i].says);
    }
}

static void
test_foreign (void)
{
  static const struct
  {
    const char *head;
    gsize n;
    const char *says;
  } cases[] = {
    { "", 0, "it is empty" },
    { "G", 1, "is not a GGUF file" },
    { "version https://git-lfs.github.com/spec/v1\n", 43, "Git LFS pointer" },
    { "PK\x03\x04zip", 7, "ZIP archive or a PyTorch checkpoint" },
    { "lmggxxxx", 8, "before GGUF" },
    { "tjggxxxx", 8, "before GGUF" },
    { "\n <!DOCTYPE html>", 17, "web page" },
    { "<HTML>", 6, "web page" },
    { "\x0a\0\0\0\0\0\0\0{\"a\":[]  }", 18, "safetensors" },
    { "\x1f\x8b\x08", 3, "archive" },
    { "\x7f"
      "ELF\2\1",
      6, "a program" },
    { "{\"architectures\":[]}", 20, "JSON" },
    { "Entry not found", 15, "text file" },
    { "\0\0\0\0\0\0", 6, "begins with zeros" },
    { "\x9d\xfe\x01\x9c", 4, "no format that Refract knows" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = in_folder ("foreign.gguf");
      g_autoptr (GByteArray) bytes = g_byte_array_new ();
      g_autoptr (GError) error = NULL;

      g_byte_array_append (bytes, (const guint8 *) cases[i].head, cases[i].n);
      assert_bytes_refused (bytes, cases[i].says);
      g_assert_true (g_file_set_contents (path, cases[i].head, (gssize) cases[i].n, NULL));
      g_assert_null (refract_model_new_from_file (path, NULL, &error));
      assert_refused (error, cases[i].says);
      assert_refused (error, "foreign.gguf");
    }
}

static void
test_truncated (void)
{
  g_autoptr (GgufBuilder) builder = new_model (LLAMA);
  g_autoptr (GByteArray) bytes = NULL;

  gguf_strings (builder, "tokenizer.ggml.tokens", 5, "token");
  gguf_array (builder, "numbers", GGUF_I32, 4, "1,2,3");
  bytes = gguf_finish (builder);
  while (bytes->len > 4)
    {
      g_autofree char *at = NULL;

      g_byte_array_set_size (bytes, bytes->len - 1);
      at = g_strdup_printf ("truncated at byte %u", bytes->len);
      assert_bytes_refused (bytes, at);
    }
}

static void
test_file_shorter_than_tensors (void)
{
  g_autoptr (GgufBuilder) builder = new_model (LLAMA);
  g_autofree char *path = gguf_write (builder, folder, "short.gguf");
  g_autoptr (GError) error = NULL;
  GStatBuf status;

  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpint (truncate (path, status.st_size - 1), ==, 0);
  g_assert_null (refract_model_new_from_file (path, NULL, &error));
  assert_refused (error, "truncated");
  assert_refused (error, "Download");
}

typedef void (*Damage) (GgufBuilder *builder);

static void
damage_nested_array (GgufBuilder *builder)
{
  gguf_key (builder, "nested", GGUF_ARRAY);
  gguf_raw (builder->keys, GGUF_ARRAY, 4);
  gguf_raw (builder->keys, 1, 8);
}

static void
damage_value_type (GgufBuilder *builder)
{
  gguf_key (builder, "odd", 13);
}

static void
damage_element_type (GgufBuilder *builder)
{
  gguf_key (builder, "odd", GGUF_ARRAY);
  gguf_raw (builder->keys, 99, 4);
  gguf_raw (builder->keys, 1, 8);
}

static void
damage_duplicate (GgufBuilder *builder)
{
  gguf_u32 (builder, "llama.block_count", 3);
}

static void
damage_empty_key (GgufBuilder *builder)
{
  gguf_u32 (builder, "", 3);
}

static void
damage_long_key (GgufBuilder *builder)
{
  g_autofree char *key = g_strnfill (300, 'k');

  gguf_u32 (builder, key, 3);
}

static void
damage_key_bytes (GgufBuilder *builder)
{
  gguf_u32 (builder, "key\x1b[2J", 3);
}

static void
damage_key_utf8 (GgufBuilder *builder)
{
  gguf_u32 (builder, "key\xff\xfe", 3);
}

static void
damage_string_length (GgufBuilder *builder)
{
  gguf_key (builder, "text", GGUF_STRING);
  gguf_raw (builder->keys, G_MAXUINT64 - 4, 8);
}

static void
damage_array_length (GgufBuilder *builder)
{
  gguf_key (builder, "list", GGUF_ARRAY);
  gguf_raw (builder->keys, GGUF_U64, 4);
  /* times eight it wraps to 8 */
  gguf_raw (builder->keys, (1ull << 61) + 1, 8);
}

static void
damage_string_array_length (GgufBuilder *builder)
{
  gguf_key (builder, "list", GGUF_ARRAY);
  gguf_raw (builder->keys, GGUF_STRING, 4);
  gguf_raw (builder->keys, 1ull << 40, 8);
}

static void
damage_key_count (GgufBuilder *builder)
{
  builder->n_keys = 1ull << 62;
}

static void
damage_tensor_count (GgufBuilder *builder)
{
  builder->n_tensors = G_MAXUINT64;
}

static void
damage_alignment (GgufBuilder *builder)
{
  gguf_u32 (builder, "general.alignment", 0);
}

static void
damage_odd_alignment (GgufBuilder *builder)
{
  gguf_u32 (builder, "general.alignment", 48);
}

static void
add_tensor (GgufBuilder *builder,
            const char *name,
            guint n_dimensions,
            guint64 dimension,
            guint32 type,
            guint64 offset)
{
  gguf_text (builder->tensors, name);
  gguf_raw (builder->tensors, n_dimensions, 4);
  for (guint i = 0; i < MIN (n_dimensions, 4); i++)
    gguf_raw (builder->tensors, dimension, 8);
  gguf_raw (builder->tensors, type, 4);
  gguf_raw (builder->tensors, offset, 8);
  builder->n_tensors++;
}

static void
damage_tensor_name (GgufBuilder *builder)
{
  add_tensor (builder, "", 1, 1, 0, 0);
}

static void
damage_dimensions (GgufBuilder *builder)
{
  add_tensor (builder, "t", 1000000, 1, 0, 0);
}

static void
damage_elements (GgufBuilder *builder)
{
  add_tensor (builder, "t", 2, 1ull << 33, 0, 0);
}

static void
damage_tensor_size (GgufBuilder *builder)
{
  add_tensor (builder, "t", 1, 1ull << 62, 0, 0);
}

static void
damage_offset (GgufBuilder *builder)
{
  add_tensor (builder, "t", 1, 8, 0, G_MAXUINT64 - 31);
}

static void
damage_offset_beyond (GgufBuilder *builder)
{
  add_tensor (builder, "t", 1, 8, 200, 1ull << 40);
}

static void
damage_misaligned (GgufBuilder *builder)
{
  add_tensor (builder, "t", 1, 8, 0, 8);
}

static void
damage_row (GgufBuilder *builder)
{
  add_tensor (builder, "t", 1, 33, 8, 0);
}

static void
test_hostile (void)
{
  static const struct
  {
    Damage damage;
    const char *says;
  } cases[] = {
    { damage_nested_array, "“nested” is an array of arrays" },
    { damage_value_type, "“odd” has the unknown type 13" },
    { damage_element_type, "“odd” has the unknown type 99" },
    { damage_duplicate, "“llama.block_count” stands in it twice" },
    { damage_empty_key, "a key has a length of 0 bytes" },
    { damage_long_key, "a key has a length of 300 bytes" },
    { damage_key_bytes, "a key is not printable ASCII" },
    { damage_key_utf8, "a key is not printable ASCII" },
    { damage_string_length, "within the value of “text”" },
    { damage_array_length, "within the value of “list”" },
    { damage_string_array_length, "within the value of “list”" },
    { damage_key_count, "claims 4611686018427387904 keys" },
    { damage_tensor_count, "18446744073709551615 tensors" },
    { damage_alignment, "alignment is 0" },
    { damage_odd_alignment, "alignment is 48" },
    { damage_tensor_name, "a tensor's name has 0 bytes" },
    { damage_dimensions, "a tensor has 1000000 dimensions" },
    { damage_elements, "more elements than can be counted" },
    { damage_tensor_size, "impossible size" },
    { damage_offset, "impossible size" },
    { damage_offset_beyond, "need 1024.00 GiB" },
    { damage_misaligned, "not aligned" },
    { damage_row, "impossible size" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GgufBuilder) builder = new_model (LLAMA);
      g_autoptr (GByteArray) bytes = NULL;
      g_autoptr (GError) error = NULL;

      cases[i].damage (builder);
      bytes = gguf_finish (builder);
      assert_bytes_refused (bytes, cases[i].says);
      g_assert_null (load (builder, &error));
      assert_refused (error, cases[i].says);
      assert_refused (error, "model.gguf");
    }
}

/* Any byte may change: an error or a header, nothing else. */
static void
test_altered_bytes (void)
{
  g_autoptr (GgufBuilder) builder = new_model (LLAMA);
  g_autoptr (GByteArray) bytes = NULL;
  guint n_refused = 0;

  gguf_strings (builder, "tokenizer.ggml.tokens", 5, "token");
  gguf_array (builder, "numbers", GGUF_I32, 4, "1,2,3");
  bytes = gguf_finish (builder);
  for (guint at = 0; at < bytes->len; at++)
    for (guint bit = 0; bit < 8; bit++)
      {
        g_autofree guint8 *copy = g_memdup2 (bytes->data, bytes->len);
        g_autoptr (GError) error = NULL;
        g_autoptr (RefractGguf) gguf = NULL;

        copy[at] ^= (guint8) (1u << bit);
        gguf = refract_gguf_new_from_data (copy, bytes->len, "file", &error);
        g_assert_true ((gguf == NULL) == (error != NULL));
        n_refused += gguf == NULL;
      }
  g_assert_cmpuint (n_refused, >, bytes->len);
}

/* Bytes that this process has read from files, or -1 where the system does not say. */
static gint64
get_bytes_read (void)
{
  g_autofree char *text = NULL;
  const char *at;

  if (!g_file_get_contents ("/proc/self/io", &text, NULL, NULL))
    return -1;
  at = strstr (text, "rchar: ");
  return at != NULL ? g_ascii_strtoll (at + strlen ("rchar: "), NULL, 10) : -1;
}

/* A file of 100 GB is read by its header (and 2 MiB for the fingerprint), whatever it claims. */
static void
test_huge (void)
{
  static const struct
  {
    guint32 element_type;
    guint64 length;
    const char *says;
  } cases[] = {
    { GGUF_STRING, 12ull << 30, "claims 12884901888 elements" },
    { GGUF_U8, 90ull << 30, "claims 96636764160 elements" },
    { GGUF_F64, 4ull << 20, NULL },
    { GGUF_U64, 8ull << 20, "claims 8388608 elements" },
    { GGUF_STRING, 4ull << 20, NULL },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GgufBuilder) builder = gguf_new ();
      g_autofree char *path = NULL;
      g_autoptr (GError) error = NULL;
      g_autoptr (RefractModel) model = NULL;
      gint64 before;

      gguf_keys (builder, LLAMA);
      builder->n_tensors = 1;
      gguf_key (builder, "list", GGUF_ARRAY);
      gguf_raw (builder->keys, cases[i].element_type, 4);
      gguf_raw (builder->keys, cases[i].length, 8);
      path = gguf_write (builder, folder, "huge.gguf");
      if (truncate (path, 100ll << 30) != 0)
        {
          g_test_skip ("the file system has no sparse files");
          return;
        }
      before = get_bytes_read ();
      model = refract_model_new_from_file (path, NULL, &error);
      g_assert_null (model);
      /* the longest list that is allowed; behind its zeros stands a tensor without a name */
      assert_refused (error, cases[i].says != NULL ? cases[i].says : "a tensor's name has 0 bytes");
      if (before >= 0)
        g_assert_cmpint (get_bytes_read () - before, <, 64 << 20);
      g_remove (path);
    }
}

/* A text that is skipped unread must not lead far into the file either. */
static void
test_huge_string (void)
{
  g_autoptr (GgufBuilder) builder = gguf_new ();
  g_autofree char *path = NULL;
  g_autoptr (GError) error = NULL;
  gint64 before;

  gguf_key (builder, "text", GGUF_STRING);
  gguf_raw (builder->keys, 65ull << 20, 8);
  path = gguf_write (builder, folder, "huge.gguf");
  if (truncate (path, 100ll << 30) != 0)
    {
      g_test_skip ("the file system has no sparse files");
      return;
    }
  before = get_bytes_read ();
  g_assert_null (refract_model_new_from_file (path, NULL, &error));
  assert_refused (error, "claims more than 64 MiB");
  if (before >= 0)
    g_assert_cmpint (get_bytes_read () - before, <, 4 << 20);
  g_remove (path);
}

static void
test_huge_but_good (void)
{
  g_autoptr (GgufBuilder) builder = new_model (LLAMA);
  g_autofree char *path = gguf_write (builder, folder, "large.gguf");
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractModel) model = NULL;
  gint64 before = get_bytes_read ();

  if (truncate (path, 100ll << 30) != 0)
    {
      g_test_skip ("the file system has no sparse files");
      return;
    }
  model = refract_model_new_from_file (path, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (refract_model_get_info (model)->size_bytes, ==, 100ull << 30);
  if (before >= 0)
    g_assert_cmpint (get_bytes_read () - before, <, 4 << 20);
  g_remove (path);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  make_folder ();
  g_test_add_func ("/gguf/values", test_values);
  g_test_add_func ("/gguf/versions", test_versions);
  g_test_add_func ("/gguf/foreign", test_foreign);
  g_test_add_func ("/gguf/truncated", test_truncated);
  g_test_add_func ("/gguf/shorter-than-tensors", test_file_shorter_than_tensors);
  g_test_add_func ("/gguf/hostile", test_hostile);
  g_test_add_func ("/gguf/altered-bytes", test_altered_bytes);
  g_test_add_func ("/gguf/huge", test_huge);
  g_test_add_func ("/gguf/huge-string", test_huge_string);
  g_test_add_func ("/gguf/huge-but-good", test_huge_but_good);
  status = g_test_run ();
  remove_folder ();
  return status;
}
