/* test-gguf.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "core/refract-gguf.h"
#include "core/refract-gguf-private.h"
#include "core/refract-model.h"
#include "gguf-builder.h"

#define LLAMA                                                                                      \
  "general.architecture=\"llama\" llama.block_count=3 llama.embedding_length=256 "                 \
  "llama.attention.head_count=4 llama.context_length=2048"

static char *folder;

static char *
in_folder (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

static void
remove_folder (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = in_folder (name);

      g_remove (path);
    }
  g_rmdir (folder);
}

static GgufBuilder *
new_model (const char *keys)
{
  GgufBuilder *builder = gguf_new ();

  gguf_keys (builder, keys);
  gguf_tensor (builder, "token_embd.weight", 64);
  return builder;
}

static RefractModel *
load (GgufBuilder *builder, GError **error)
{
  g_autofree char *path = gguf_write (builder, folder, "model.gguf");

  return refract_model_new_from_file (path, NULL, error);
}

static RefractModel *
load_keys (const char *keys)
{
  g_autoptr (GgufBuilder) builder = new_model (keys);
  g_autoptr (GError) error = NULL;
  RefractModel *model = load (builder, &error);

  g_assert_no_error (error);
  return model;
}

static void
assert_refused (GError *error, const char *says)
{
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_MODEL);
  if (strstr (error->message, says) == NULL)
    g_error ("“%s” does not say “%s”", error->message, says);
}

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
test_demo (void)
{
  g_autofree char *path
      = g_build_filename (g_getenv ("REFRACT_DATA_DIR"), "data", "demo", "model.gguf", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractModel) model = refract_model_new_from_file (path, NULL, &error);
  const RefractModelInfo *info;
  GStatBuf status;

  g_assert_no_error (error);
  info = refract_model_get_info (model);
  g_assert_cmpint (g_stat (path, &status), ==, 0);
  g_assert_cmpstr (info->path, ==, path);
  g_assert_cmpstr (info->name, ==, "refract-demo");
  g_assert_cmpstr (info->architecture, ==, "llama");
  g_assert_cmpstr (info->quantization, ==, "F16");
  g_assert_cmpuint (info->n_layers, >, 0);
  g_assert_cmpuint (info->n_kv_layers, ==, info->n_layers);
  g_assert_cmpuint (info->n_window_layers, ==, 0);
  g_assert_cmpuint (info->head_dim_k, ==, 64);
  g_assert_cmpuint (info->head_dim_v, ==, 64);
  g_assert_cmpuint (info->k_elements_per_token, ==, info->n_layers * info->n_kv_heads * 64);
  g_assert_cmpuint (info->v_elements_per_token, ==, info->k_elements_per_token);
  g_assert_cmpuint (info->context_length, >=, 4096);
  g_assert_cmpuint (info->n_vocab, >=, 256);
  g_assert_nonnull (strstr (info->chat_template, "messages"));
  g_assert_cmpuint (info->size_bytes, ==, status.st_size);
  g_assert_cmpuint (info->n_parts, ==, 1);
  g_assert_cmpuint (info->n_tensors, >, info->n_layers);
  g_assert_false (info->latent_attention);
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
    { "\x7f" "ELF\2\1", 6, "a program" },
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
test_not_a_file (void)
{
  g_autofree char *fifo = in_folder ("fifo.gguf");
  g_autofree char *locked = in_folder ("locked.gguf");
  g_autofree char *missing = in_folder ("missing.gguf");
  const struct
  {
    const char *path;
    const char *says;
  } cases[] = {
    { missing, missing },
    { folder, "is a folder" },
    { fifo, "is a pipe, socket or device" },
    { "/dev/null", "is a pipe, socket or device" },
    { locked, "may not be read" },
  };

  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_assert_true (g_file_set_contents (locked, "GGUF", 4, NULL));
  g_assert_cmpint (g_chmod (locked, 0), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_null (refract_model_new_from_file (cases[i].path, NULL, &error));
      /* the superuser may read everything */
      assert_refused (error, cases[i].path == locked && geteuid () == 0 ? "truncated at byte 4"
                                                                        : cases[i].says);
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

typedef struct
{
  const char *keys;
  guint n_layers;
  guint n_kv_layers;
  guint n_window_layers;
  guint n_kv_heads;
  guint head_dim_k;
  guint head_dim_v;
  guint64 k_elements;
  guint64 v_elements;
  gboolean latent;
} Geometry;

static const Geometry geometries[] = {
  /* head size from the width; as many KV heads as heads */
  { LLAMA, 3, 3, 0, 4, 64, 64, 768, 768, FALSE },
  { LLAMA " llama.attention.head_count_kv=2 llama.attention.key_length=128", 3, 3, 0, 2, 128, 64,
    768, 384, FALSE },
  /* hybrids: blocks without a cache */
  { LLAMA " llama.attention.head_count_kv=[0,2,4]", 3, 2, 0, 2, 64, 64, 384, 384, FALSE },
  /* what llama.cpp ignores for this architecture */
  { LLAMA " llama.attention.sliding_window=4096", 3, 3, 0, 4, 64, 64, 768, 768, FALSE },
  { LLAMA " llama.nextn_predict_layers=1", 3, 2, 0, 4, 64, 64, 512, 512, FALSE },
  { LLAMA " llama.nextn_predict_layers=9", 3, 0, 0, 0, 64, 64, 0, 0, FALSE },
  { LLAMA " llama.attention.causal=0", 3, 0, 0, 0, 64, 64, 0, 0, FALSE },
  { "general.architecture=\"gemma3\" gemma3.block_count=13 gemma3.embedding_length=256 "
    "gemma3.attention.head_count=4 gemma3.attention.head_count_kv=1 "
    "gemma3.attention.sliding_window=512",
    13, 13, 11, 1, 64, 64, 832, 832, FALSE },
  { "general.architecture=\"gemma4\" gemma4.block_count=4 gemma4.embedding_length=256 "
    "gemma4.attention.head_count=4 gemma4.attention.head_count_kv=[2,1,2,1] "
    "gemma4.attention.key_length=512 gemma4.attention.value_length=512 "
    "gemma4.attention.key_length_swa=256 gemma4.attention.value_length_swa=128 "
    "gemma4.attention.sliding_window=512 gemma4.attention.shared_kv_layers=1 "
    "gemma4.attention.sliding_window_pattern=b[1,0,1,0]",
    4, 3, 2, 2, 512, 512, 2 * 2 * 256 + 512, 2 * 2 * 128 + 512, FALSE },
  { "general.architecture=\"smallthinker\" smallthinker.block_count=9 "
    "smallthinker.embedding_length=256 smallthinker.attention.head_count=4 "
    "smallthinker.attention.sliding_window=4096 smallthinker.attention.sliding_window_pattern=4",
    9, 9, 6, 4, 64, 64, 2304, 2304, FALSE },
  { "general.architecture=\"llama4\" llama4.block_count=8 llama4.embedding_length=256 "
    "llama4.attention.head_count=4",
    8, 8, 6, 4, 64, 64, 2048, 2048, FALSE },
  /* a window that we have no pattern for: nothing is taken for full */
  { "general.architecture=\"novel\" novel.block_count=2 novel.embedding_length=256 "
    "novel.attention.head_count=4 novel.attention.sliding_window=128",
    2, 2, 2, 4, 64, 64, 512, 512, FALSE },
  { "general.architecture=\"deepseek2\" deepseek2.block_count=2 deepseek2.embedding_length=256 "
    "deepseek2.attention.head_count=4 deepseek2.attention.head_count_kv=1 "
    "deepseek2.attention.key_length=576 deepseek2.attention.value_length=512 "
    "deepseek2.attention.kv_lora_rank=512",
    2, 2, 0, 1, 576, 512, 1152, 1024, TRUE },
  { "general.architecture=\"qwen35\" qwen35.block_count=7 qwen35.embedding_length=256 "
    "qwen35.attention.head_count=4 qwen35.attention.head_count_kv=2 "
    "qwen35.full_attention_interval=4",
    7, 1, 0, 2, 64, 64, 128, 128, FALSE },
  { "general.architecture=\"qwen3next\" qwen3next.block_count=8 qwen3next.embedding_length=256 "
    "qwen3next.attention.head_count=4",
    8, 2, 0, 4, 64, 64, 512, 512, FALSE },
  /* recurrent: no cache at all */
  { "general.architecture=\"mamba\" mamba.block_count=4 mamba.embedding_length=256 "
    "mamba.attention.head_count=0",
    4, 0, 0, 0, 0, 0, 0, 0, FALSE },
};

static void
test_geometry (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (geometries); i++)
    {
      const Geometry *wanted = &geometries[i];
      g_autoptr (RefractModel) model = load_keys (wanted->keys);
      const RefractModelInfo *info = refract_model_get_info (model);

      g_test_message ("%s", wanted->keys);
      g_assert_cmpuint (info->n_layers, ==, wanted->n_layers);
      g_assert_cmpuint (info->n_kv_layers, ==, wanted->n_kv_layers);
      g_assert_cmpuint (info->n_window_layers, ==, wanted->n_window_layers);
      g_assert_cmpuint (info->n_kv_heads, ==, wanted->n_kv_heads);
      g_assert_cmpuint (info->head_dim_k, ==, wanted->head_dim_k);
      g_assert_cmpuint (info->head_dim_v, ==, wanted->head_dim_v);
      g_assert_cmpuint (info->k_elements_per_token, ==, wanted->k_elements);
      g_assert_cmpuint (info->v_elements_per_token, ==, wanted->v_elements);
      g_assert_cmpint (info->latent_attention, ==, wanted->latent);
    }
}

static void
test_impossible_geometry (void)
{
  static const struct
  {
    const char *keys;
    const char *says;
  } cases[] = {
    { "llama.block_count=3", "names no architecture" },
    { "general.architecture=\"\x1b[0m\"", "impossible architecture" },
    { "general.architecture=\"llama\"", "lacks “llama.block_count”" },
    { "general.architecture=\"llama\" llama.block_count=4000000000",
      "impossible value for “llama.block_count”" },
    { "general.architecture=\"llama\" llama.block_count=2 llama.attention.head_count=4",
      "lacks “llama.embedding_length”" },
    { LLAMA " llama.attention.head_count_kv=[1,2]",
      "too few entries in “llama.attention.head_count_kv”" },
    { LLAMA " llama.attention.head_count_kv=[1,-2,1]",
      "impossible value for “llama.attention.head_count_kv”" },
    { LLAMA " llama.attention.key_length=4000000000",
      "impossible value for “llama.attention.key_length”" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GgufBuilder) builder = new_model (cases[i].keys);
      g_autoptr (GError) error = NULL;

      g_assert_null (load (builder, &error));
      assert_refused (error, cases[i].says);
    }
}

static void
test_not_a_model (void)
{
  static const struct
  {
    const char *keys;
    const char *says;
  } cases[] = {
    { LLAMA " general.type=\"adapter\"", "is a LoRA adapter, not a model" },
    { LLAMA " general.type=\"mmproj\"", "is a projector for images or sound, not a model" },
    { "general.architecture=\"clip\"", "is a projector for images or sound, not a model" },
    { "general.type=\"imatrix\"", "is an importance matrix, not a model" },
  };
  g_autoptr (GgufBuilder) vocabulary = gguf_new ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GgufBuilder) builder = new_model (cases[i].keys);
      g_autoptr (GError) refusal = NULL;

      g_assert_null (load (builder, &refusal));
      assert_refused (refusal, cases[i].says);
    }
  gguf_keys (vocabulary, LLAMA);
  g_assert_null (load (vocabulary, &error));
  assert_refused (error, "only a vocabulary");
}

static void
test_vocabulary (void)
{
  g_autoptr (GgufBuilder) builder = new_model (LLAMA);
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractModel) counted = NULL;
  g_autoptr (RefractModel) stated = NULL;

  gguf_strings (builder, "tokenizer.ggml.tokens", 300, "token");
  counted = load (builder, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (refract_model_get_info (counted)->n_vocab, ==, 300);
  gguf_u32 (builder, "llama.vocab_size", 320);
  stated = load (builder, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (refract_model_get_info (stated)->n_vocab, ==, 320);
}

static void
test_file_types (void)
{
  static const struct
  {
    guint64 file_type;
    const char *name;
  } cases[] = {
    { 0, "F32" },          { 1, "F16" },      { 2, "Q4_0" },     { 7, "Q8_0" },
    { 10, "Q2_K" },        { 15, "Q4_K_M" },  { 18, "Q6_K" },    { 19, "IQ2_XXS" },
    { 23, "IQ3_XXS" },     { 25, "IQ4_NL" },  { 30, "IQ4_XS" },  { 31, "IQ1_M" },
    { 32, "BF16" },        { 36, "TQ1_0" },   { 38, "MXFP4_MOE" }, { 39, "NVFP4" },
    { 1024 + 15, "Q4_K_M (guessed)" },        { 99, "unknown" }, { 1024 + 99, "unknown" },
    { G_MAXUINT64, "unknown" },
  };
  g_autoptr (RefractModel) silent = load_keys (LLAMA);
  g_autoptr (RefractModel) model = load_keys (LLAMA " general.file_type=17");

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *name = refract_gguf_file_type_name (cases[i].file_type);

      g_assert_cmpstr (name, ==, cases[i].name);
    }
  g_assert_cmpstr (refract_model_get_info (silent)->quantization, ==, "unknown");
  g_assert_cmpstr (refract_model_get_info (model)->quantization, ==, "Q5_K_M");
}

static void
test_texts (void)
{
  g_autoptr (GgufBuilder) builder = new_model (LLAMA);
  g_autoptr (GgufBuilder) bloated = new_model (LLAMA);
  g_autofree char *filler = g_strnfill ((1 << 20) + 1, 'x');
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractModel) model = NULL;
  g_autoptr (RefractModel) nameless = load_keys (LLAMA " general.name=\"\"");

  gguf_string (builder, "general.name", " A\x1b[31m\nname ");
  gguf_string (builder, "tokenizer.chat_template", "{{ messages }}\n");
  gguf_string (builder, "tokenizer.huggingface.json", filler);
  model = load (builder, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (refract_model_get_info (model)->name, ==, "A [31m name");
  g_assert_cmpstr (refract_model_get_info (model)->chat_template, ==, "{{ messages }}\n");
  g_assert_cmpstr (refract_model_get_info (nameless)->name, ==, "model");
  g_assert_null (refract_model_get_info (nameless)->chat_template);
  gguf_string (bloated, "tokenizer.chat_template", filler);
  g_assert_null (load (bloated, &error));
  assert_refused (error, "chat template of 1 MiB");
}

static void
test_fingerprint (void)
{
  g_autoptr (GgufBuilder) builder = new_model (LLAMA);
  g_autofree char *path = NULL;
  g_autofree char *contents = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractModel) model = NULL;
  g_autoptr (RefractModel) changed = NULL;
  g_autoptr (RefractModel) middle = NULL;
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  const gsize mib = 1 << 20;
  guint64 size_le;
  gsize size;

  gguf_tensor (builder, "blob", 3 * mib / 4);
  path = gguf_write (builder, folder, "print.gguf");
  model = refract_model_new_from_file (path, NULL, &error);
  g_assert_no_error (error);
  g_assert_true (g_file_get_contents (path, &contents, &size, NULL));
  g_assert_cmpuint (size, >, 3 * mib);
  size_le = GUINT64_TO_LE (size);
  g_checksum_update (checksum, (const guchar *) &size_le, 8);
  g_checksum_update (checksum, (const guchar *) contents, (gssize) mib);
  g_checksum_update (checksum, (const guchar *) contents + size - mib, (gssize) mib);
  g_assert_cmpstr (refract_model_get_info (model)->fingerprint, ==,
                   g_checksum_get_string (checksum));

  contents[size / 2] ^= 1;
  g_assert_true (g_file_set_contents (path, contents, (gssize) size, NULL));
  middle = refract_model_new_from_file (path, NULL, &error);
  g_assert_cmpstr (refract_model_get_info (model)->fingerprint, ==,
                   refract_model_get_info (middle)->fingerprint);
  contents[size - 1] ^= 1;
  g_assert_true (g_file_set_contents (path, contents, (gssize) size, NULL));
  changed = refract_model_new_from_file (path, NULL, &error);
  g_assert_cmpstr (refract_model_get_info (model)->fingerprint, !=,
                   refract_model_get_info (changed)->fingerprint);
}

static char *
write_part (guint number, guint count, guint64 claimed_tensors)
{
  g_autofree char *name = g_strdup_printf ("big-%05u-of-%05u.gguf", number, count);
  g_autoptr (GgufBuilder) builder = gguf_new ();

  if (number == 1)
    gguf_keys (builder, LLAMA);
  gguf_key (builder, "split.no", GGUF_U16);
  gguf_raw (builder->keys, number - 1, 2);
  gguf_key (builder, "split.count", GGUF_U16);
  gguf_raw (builder->keys, count, 2);
  gguf_u32 (builder, "split.tensors.count", (guint32) claimed_tensors);
  for (guint i = 0; i < number; i++)
    {
      g_autofree char *tensor = g_strdup_printf ("blk.%u.%u", number, i);

      gguf_tensor (builder, tensor, 32);
    }
  return gguf_write (builder, folder, name);
}

static void
test_split (void)
{
  g_autofree char *first = write_part (1, 3, 6);
  g_autofree char *second = write_part (2, 3, 6);
  g_autofree char *third = write_part (3, 3, 6);
  const char *const paths[] = { first, second, third };
  guint64 size = 0;

  for (guint i = 0; i < 3; i++)
    {
      GStatBuf status;

      g_assert_cmpint (g_stat (paths[i], &status), ==, 0);
      size += (guint64) status.st_size;
    }
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RefractModel) model = refract_model_new_from_file (paths[i], NULL, &error);
      const RefractModelInfo *info;

      g_assert_no_error (error);
      info = refract_model_get_info (model);
      g_assert_cmpstr (info->path, ==, first);
      g_assert_cmpstr (info->name, ==, "big");
      g_assert_cmpuint (info->n_parts, ==, 3);
      g_assert_cmpuint (info->n_tensors, ==, 6);
      g_assert_cmpuint (info->size_bytes, ==, size);
      g_assert_cmpuint (info->n_layers, ==, 3);
    }
}

static void
assert_split_refused (const char *path, const char *says)
{
  g_autoptr (GError) error = NULL;

  g_assert_null (refract_model_new_from_file (path, NULL, &error));
  assert_refused (error, says);
}

static void
test_split_broken (void)
{
  g_autofree char *first = write_part (1, 3, 6);
  g_autofree char *second = write_part (2, 3, 6);
  g_autofree char *third = write_part (3, 3, 6);
  g_autofree char *renamed = in_folder ("renamed.gguf");
  g_autofree char *again = NULL;
  g_autofree char *miscounted = NULL;

  g_remove (third);
  assert_split_refused (first, "Part 3 of 3 of the model is missing: “big-00003-of-00003.gguf”");
  assert_split_refused (second, "Part 3 of 3 of the model is missing");
  again = write_part (3, 3, 6);

  g_assert_cmpint (truncate (second, 100), ==, 0);
  assert_split_refused (first, "“big-00002-of-00003.gguf” is truncated");
  g_assert_cmpint (g_rename (third, second), ==, 0);
  assert_split_refused (first, "“big-00002-of-00003.gguf” is not part 2 of 3");
  g_remove (second);
  g_remove (first);
  g_free (g_steal_pointer (&again));

  again = write_part (2, 3, 6);
  assert_split_refused (again, "Part 1 of 3 of the model is missing");
  g_assert_cmpint (g_rename (again, renamed), ==, 0);
  assert_split_refused (renamed, "Give the parts their names back");

  g_free (write_part (1, 2, 9));
  miscounted = write_part (2, 2, 9);
  assert_split_refused (miscounted, "hold 3 tensors, not the 9");
}

static void
test_cancelled (void)
{
  g_autoptr (GgufBuilder) builder = new_model (LLAMA);
  g_autofree char *path = gguf_write (builder, folder, "model.gguf");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  g_assert_null (refract_model_new_from_file (path, cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("refract-gguf-XXXXXX", NULL);
  g_assert_nonnull (folder);
  g_test_add_func ("/gguf/demo", test_demo);
  g_test_add_func ("/gguf/values", test_values);
  g_test_add_func ("/gguf/versions", test_versions);
  g_test_add_func ("/gguf/foreign", test_foreign);
  g_test_add_func ("/gguf/not-a-file", test_not_a_file);
  g_test_add_func ("/gguf/truncated", test_truncated);
  g_test_add_func ("/gguf/shorter-than-tensors", test_file_shorter_than_tensors);
  g_test_add_func ("/gguf/hostile", test_hostile);
  g_test_add_func ("/gguf/altered-bytes", test_altered_bytes);
  g_test_add_func ("/gguf/huge", test_huge);
  g_test_add_func ("/gguf/huge-string", test_huge_string);
  g_test_add_func ("/gguf/huge-but-good", test_huge_but_good);
  g_test_add_func ("/gguf/geometry", test_geometry);
  g_test_add_func ("/gguf/impossible-geometry", test_impossible_geometry);
  g_test_add_func ("/gguf/not-a-model", test_not_a_model);
  g_test_add_func ("/gguf/vocabulary", test_vocabulary);
  g_test_add_func ("/gguf/file-types", test_file_types);
  g_test_add_func ("/gguf/texts", test_texts);
  g_test_add_func ("/gguf/fingerprint", test_fingerprint);
  g_test_add_func ("/gguf/split", test_split);
  g_test_add_func ("/gguf/split-broken", test_split_broken);
  g_test_add_func ("/gguf/cancelled", test_cancelled);
  status = g_test_run ();
  remove_folder ();
  g_free (folder);
  return status;
}
