/* test-logits.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <sys/resource.h>

#include "core/refract-error.h"
#include "core/refract-logits.h"
#include "logits-stream.h"

#define HEADER 20 /* of the engine's own format */

static void
assert_refused (GByteArray *bytes, int code, const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractLogitsReader) reader
      = refract_logits_reader_new (stream_open_file (bytes), "The test's stream", NULL, &error);
  RefractLogitsRow row;
  gboolean end = FALSE;

  while (reader != NULL && error == NULL && !end)
    refract_logits_reader_next (reader, &row, &end, &error);

  g_assert_error (error, REFRACT_ERROR, code);
  g_assert_true (g_str_has_prefix (error->message, "The test's stream"));
  g_assert_nonnull (strstr (error->message, text));
}

static guint
header_size (RefractLogitsFormat format)
{
  return format == REFRACT_LOGITS_16BIT ? 20 : 24;
}

/* Bytes of the row at @offset. */
static guint
row_size (const RefractLogitsShape *shape, const GByteArray *bytes, guint offset)
{
  guint32 n;

  if (shape->format == REFRACT_LOGITS_16BIT)
    return 8 + 2 * (shape->n_vocab + shape->n_vocab % 2);
  if (shape->format == REFRACT_LOGITS_F32)
    return 4 * shape->n_vocab;
  memcpy (&n, bytes->data + offset, 4);

  return 4 + 8 * n;
}

/* The size of a file that the engine wrote: 4 chunks of 128 tokens, 32,000 tokens vocabulary. */
static void
test_file_size (void)
{
  static const RefractLogitsShape engine = { REFRACT_LOGITS_16BIT, 128, 32000, 4, 0 };
  static const RefractLogitsShape large = { REFRACT_LOGITS_16BIT, 8192, 151936, 1000, 0 };
  RefractLogitsShape shape = { REFRACT_LOGITS_16BIT, 9, 5, 3, 0 };
  g_autoptr (GByteArray) odd = stream_new_shape (&shape, 0, 1);
  g_autoptr (GByteArray) f32 = NULL;

  g_assert_cmpuint (refract_logits_file_size (&engine), ==, 16132084);
  g_assert_cmpuint (refract_logits_file_size (&shape), ==, odd->len);
  g_assert_cmpuint (refract_logits_file_size (&large), >, G_GUINT64_CONSTANT (1) << 40);

  shape.format = REFRACT_LOGITS_F32;
  f32 = stream_new_shape (&shape, 0, 1);
  g_assert_cmpuint (refract_logits_file_size (&shape), ==, f32->len);
  shape.format = REFRACT_LOGITS_TOP;
  shape.top_k = 2;
  g_assert_cmpuint (refract_logits_file_size (&shape), ==, 24 + 27 * 4 + 12 * (4 + 3 * 8));
}

static void
assert_row (const RefractLogitsShape *shape, const RefractLogitsRow *row, const guint8 *bytes)
{
  if (shape->format == REFRACT_LOGITS_16BIT)
    {
      g_assert_cmpmem (&row->scale, 4, bytes, 4);
      g_assert_cmpmem (&row->min_log_prob, 4, bytes + 4, 4);
      g_assert_cmpmem (row->q, 2 * shape->n_vocab, bytes + 8, 2 * shape->n_vocab);
    }
  else if (shape->format == REFRACT_LOGITS_F32)
    g_assert_cmpmem (row->values, 4 * shape->n_vocab, bytes, 4 * shape->n_vocab);
  else
    {
      guint n_found = 0;

      g_assert_cmpmem (&row->n_top, 4, bytes, 4);
      for (guint i = 0; i < row->n_top; i++)
        {
          g_assert_true (i == 0 || row->top[i].id > row->top[i - 1].id);
          for (guint j = 0; j < row->n_top; j++)
            n_found += memcmp (&row->top[i], bytes + 4 + 8 * j, 8) == 0;
        }
      g_assert_cmpuint (n_found, ==, row->n_top);
    }
}

static void
assert_reads (const GByteArray *bytes, int fd, const RefractLogitsShape *shape)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractLogitsReader) reader = refract_logits_reader_new (fd, "It", NULL, &error);
  gsize n_tokens = shape->n_chunks * shape->n_ctx;
  gsize offset = header_size (shape->format) + n_tokens * sizeof (gint32);
  RefractLogitsRow row;
  gboolean end;

  g_assert_no_error (error);
  g_assert_cmpmem (refract_logits_reader_get_shape (reader), sizeof *shape, shape, sizeof *shape);
  g_assert_cmpmem (refract_logits_reader_get_tokens (reader), n_tokens * 4,
                   bytes->data + header_size (shape->format), n_tokens * 4);

  for (guint i = 0; i < shape->n_chunks * refract_logits_rows_per_chunk (shape->n_ctx); i++)
    {
      g_assert_true (refract_logits_reader_next (reader, &row, &end, &error));
      g_assert_no_error (error);
      g_assert_false (end);
      assert_row (shape, &row, bytes->data + offset);
      offset += row_size (shape, bytes, offset);
    }
  g_assert_cmpuint (offset, ==, bytes->len);
  g_assert_true (refract_logits_reader_next (reader, &row, &end, &error));
  g_assert_true (end);
}

static const RefractLogitsShape shapes[] = {
  { REFRACT_LOGITS_16BIT, 3, 1, 1, 0 },    { REFRACT_LOGITS_16BIT, 8, 6, 4, 0 },
  { REFRACT_LOGITS_16BIT, 9, 7, 3, 0 },    { REFRACT_LOGITS_16BIT, 64, 1001, 2, 0 },
  { REFRACT_LOGITS_F32, 3, 1, 1, 0 },      { REFRACT_LOGITS_F32, 9, 7, 3, 0 },
  { REFRACT_LOGITS_F32, 64, 1001, 2, 0 },  { REFRACT_LOGITS_TOP, 3, 1, 1, 1 },
  { REFRACT_LOGITS_TOP, 9, 7, 3, 1 },      { REFRACT_LOGITS_TOP, 9, 7, 3, 7 },
  { REFRACT_LOGITS_TOP, 64, 1001, 2, 64 },
};

static void
test_reads (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      g_autoptr (GByteArray) bytes = stream_new_shape (&shapes[i], 0, 1);
      StreamWriting writing;
      GThread *thread;
      int fd = stream_open_pipe (&writing, bytes, FALSE, &thread);

      assert_reads (bytes, stream_open_file (bytes), &shapes[i]);
      assert_reads (bytes, fd, &shapes[i]);
      g_thread_join (thread);
    }
}

static void
test_headers (void)
{
  static const struct
  {
    RefractLogitsFormat format;
    guint offset;
    gint32 value;
    const char *text;
  } faults[] = {
    { REFRACT_LOGITS_16BIT, 0, 0x5f78785f, "does not hold" },
    { REFRACT_LOGITS_16BIT, 8, 2, "cannot be" },
    { REFRACT_LOGITS_16BIT, 8, 0, "cannot be" },
    { REFRACT_LOGITS_16BIT, 8, -8, "cannot be" },
    { REFRACT_LOGITS_16BIT, 8, G_MAXINT32, "cannot be" },
    { REFRACT_LOGITS_16BIT, 12, 0, "cannot be" },
    { REFRACT_LOGITS_16BIT, 12, -1, "cannot be" },
    { REFRACT_LOGITS_16BIT, 12, (1 << 24) + 1, "cannot be" },
    { REFRACT_LOGITS_16BIT, 16, 0, "cannot be" },
    { REFRACT_LOGITS_16BIT, 16, -1, "cannot be" },
    { REFRACT_LOGITS_16BIT, 16, G_MAXINT32, "cannot be" },
    { REFRACT_LOGITS_16BIT, 16, (1 << 28) / 8 + 1, "cannot be" },
    { REFRACT_LOGITS_16BIT, 16, 1 << 20, "8388608 came" },
    { REFRACT_LOGITS_16BIT, 20 + 4 * 11, -1, "token -1 at position 11" },
    { REFRACT_LOGITS_16BIT, 20 + 4 * 11, 6, "token 6 at position 11" },
    { REFRACT_LOGITS_F32, 8, 2, "cannot be" },
    { REFRACT_LOGITS_F32, 12, (1 << 24) + 1, "cannot be" },
    { REFRACT_LOGITS_F32, 20, 1, "cannot be" },
    { REFRACT_LOGITS_F32, 24 + 4 * 11, 6, "token 6 at position 11" },
    { REFRACT_LOGITS_TOP, 20, 0, "cannot be" },
    { REFRACT_LOGITS_TOP, 20, -1, "cannot be" },
    { REFRACT_LOGITS_TOP, 20, 7, "6 and 7 of it a row, which cannot be" },
    { REFRACT_LOGITS_TOP, 20, G_MAXINT32, "cannot be" },
    { REFRACT_LOGITS_TOP, 24 + 4 * 11, -1, "token -1 at position 11" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      RefractLogitsFormat format = faults[i].format;
      const RefractLogitsShape shape = { format, 8, 6, 4, format == REFRACT_LOGITS_TOP ? 2 : 0 };
      g_autoptr (GByteArray) bytes = stream_new_shape (&shape, 0, 1);

      stream_patch (bytes, faults[i].offset, &faults[i].value, 4);
      assert_refused (bytes, REFRACT_ERROR_ENGINE, faults[i].text);
    }
}

/* Cut anywhere, a stream says how far it came. */
static void
test_short (void)
{
  for (RefractLogitsFormat format = 0; format <= REFRACT_LOGITS_TOP; format++)
    {
      const RefractLogitsShape shape = { format, 8, 5, 2, format == REFRACT_LOGITS_TOP ? 2 : 0 };
      g_autoptr (GByteArray) bytes = stream_new_shape (&shape, 0, 1);
      guint header = header_size (format);
      guint next = header + 16 * 4;
      guint n_rows = 0;

      for (guint length = 0; length < bytes->len; length++)
        {
          g_autoptr (GByteArray) cut = stream_cut (bytes, length);
          g_autofree char *text = NULL;

          if (length >= header + 16 * 4 && length - next == row_size (&shape, bytes, next))
            {
              next = length;
              n_rows++;
            }
          if (length < header)
            text = g_strdup_printf ("ends after %u bytes", length);
          else if (length < header + 16 * 4)
            text = g_strdup_printf ("ends within its tokens, %u of 16 came", (length - header) / 4);
          else
            text = g_strdup_printf ("ends after %u of 6 rows", n_rows);
          assert_refused (cut, REFRACT_ERROR_ENGINE, text);
        }
      g_assert_cmpuint (n_rows, ==, 5);
    }
}

static void
test_long (void)
{
  g_autoptr (GByteArray) bytes = stream_new (8, 5, 2, 0, 1);

  g_byte_array_append (bytes, (const guint8 *) "x", 1);
  assert_refused (bytes, REFRACT_ERROR_ENGINE, "goes on after the last of its 6 rows");
}

/* Faults of the second row of the second chunk: it is after the sixth token of eight. */
static void
test_rows_that_are_not_numbers (void)
{
  static const struct
  {
    RefractLogitsFormat format;
    guint offset;
    float value;
    const char *text;
  } faults[] = {
    { REFRACT_LOGITS_16BIT, 0, NAN, "position 5 of chunk 2 is not numbers" },
    { REFRACT_LOGITS_16BIT, 0, INFINITY, "position 5 of chunk 2 is not numbers" },
    { REFRACT_LOGITS_16BIT, 4, NAN, "position 5 of chunk 2 is not numbers" },
    { REFRACT_LOGITS_16BIT, 4, -INFINITY, "position 5 of chunk 2 is not numbers" },
    { REFRACT_LOGITS_16BIT, 0, -1e-4, "position 5 of chunk 2 is damaged" },
    { REFRACT_LOGITS_16BIT, 0, 81.0f / 65535.0f, "position 5 of chunk 2 is damaged" },
    { REFRACT_LOGITS_F32, 0, NAN, "position 5 of chunk 2 is not numbers" },
    { REFRACT_LOGITS_F32, 20, INFINITY, "position 5 of chunk 2 is not numbers" },
    { REFRACT_LOGITS_F32, 20, -INFINITY, "position 5 of chunk 2 is not numbers" },
    { REFRACT_LOGITS_TOP, 8, NAN, "position 5 of chunk 2 is not numbers" },
    { REFRACT_LOGITS_TOP, 16, -INFINITY, "position 5 of chunk 2 is not numbers" },
    { REFRACT_LOGITS_TOP, 8, 0.5, "position 5 of chunk 2 has probabilities that add up" },
    { REFRACT_LOGITS_TOP, 8, 1e30, "position 5 of chunk 2 has probabilities that add up" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      RefractLogitsFormat format = faults[i].format;
      const RefractLogitsShape shape = { format, 8, 6, 2, format == REFRACT_LOGITS_TOP ? 2 : 0 };
      g_autoptr (GByteArray) bytes = stream_new_shape (&shape, 0, 1);
      guint offset = header_size (format) + 16 * 4;

      for (guint row = 0; row < 4; row++)
        offset += row_size (&shape, bytes, offset);
      stream_patch (bytes, offset + faults[i].offset, &faults[i].value, 4);
      assert_refused (bytes, REFRACT_ERROR_ENGINE, faults[i].text);
    }
}

/* One row by hand over 100 tokens, of which 7 is the true one. */
static void
assert_top_row (guint32 n, const RefractLogitsEntry *entries, const char *text)
{
  const gint32 sizes[4] = { 3, 100, 1, 3 };
  const gint32 tokens[3] = { 1, 2, 7 };
  g_autoptr (GByteArray) bytes = g_byte_array_new ();

  g_byte_array_append (bytes, (const guint8 *) "_lp_top_", 8);
  g_byte_array_append (bytes, (const guint8 *) sizes, sizeof sizes);
  g_byte_array_append (bytes, (const guint8 *) tokens, sizeof tokens);
  g_byte_array_append (bytes, (const guint8 *) &n, 4);
  g_byte_array_append (bytes, (const guint8 *) entries, 4 * sizeof *entries);
  if (text != NULL)
    assert_refused (bytes, REFRACT_ERROR_ENGINE, text);
  else
    {
      const RefractLogitsShape shape = { REFRACT_LOGITS_TOP, 3, 100, 1, 3 };

      assert_reads (bytes, stream_open_file (bytes), &shape);
    }
}

static void
test_top_rows (void)
{
  static const RefractLogitsEntry good[] = { { 99, -1 }, { 7, -2 }, { 0, -2 }, { 50, -3 } };
  static const RefractLogitsEntry twice[] = { { 99, -1 }, { 7, -2 }, { 99, -2 }, { 50, -3 } };
  static const RefractLogitsEntry outside[] = { { 100, -1 }, { 7, -2 }, { 0, -2 }, { 50, -3 } };
  static const RefractLogitsEntry negative[] = { { 99, -1 }, { 7, -2 }, { -1, -2 }, { 50, -3 } };
  static const RefractLogitsEntry other[] = { { 99, -1 }, { 8, -2 }, { 0, -2 }, { 50, -3 } };
  static const RefractLogitsEntry full[] = { { 99, -2 }, { 7, -2 }, { 0, -0.01 }, { 50, -9 } };

  assert_top_row (4, good, NULL);
  assert_top_row (0, good, "position 1 of chunk 1 has more tokens than announced");
  assert_top_row (5, good, "position 1 of chunk 1 has more tokens than announced");
  assert_top_row (G_MAXUINT32, good, "position 1 of chunk 1 has more tokens than announced");
  assert_top_row (4, twice, "position 1 of chunk 1 has the same token twice");
  assert_top_row (4, outside, "position 1 of chunk 1 has a token outside the vocabulary");
  assert_top_row (4, negative, "position 1 of chunk 1 has a token outside the vocabulary");
  assert_top_row (4, other, "position 1 of chunk 1 lacks the true next token");
  assert_top_row (4, full, "position 1 of chunk 1 has probabilities that add up to more than 1");
}

/* A header of 2^28 tokens without the tokens, where 1 GiB for them is not to be had. */
static void
test_false_header (void)
{
#ifdef __SANITIZE_ADDRESS__
  g_test_skip ("The sanitizer needs the address space");
#else
  const gint32 shape[3] = { 65536, 1000, 4096 };
  g_autoptr (GByteArray) bytes = NULL;
  struct rlimit limit = { 512 * 1024 * 1024, 512 * 1024 * 1024 };

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  bytes = g_byte_array_new ();
  g_byte_array_append (bytes, (const guint8 *) "_logits_", 8);
  g_byte_array_append (bytes, (const guint8 *) shape, sizeof shape);
  g_byte_array_append (bytes, (const guint8 *) shape, sizeof shape);
  g_assert_cmpint (setrlimit (RLIMIT_AS, &limit), ==, 0);
  assert_refused (bytes, REFRACT_ERROR_ENGINE, "3 of 268435456 came");
#endif
}

static gpointer
cancel_thread (gpointer data)
{
  g_usleep (100 * 1000);
  g_cancellable_cancel (data);

  return NULL;
}

/* A pipe that stalls after @length bytes and is never closed: only the cancellation ends it. */
static void
test_cancel (void)
{
  g_autoptr (GByteArray) bytes = stream_new (8, 6, 2, 0, 1);
  const guint lengths[] = { 0, 13, HEADER + 5, HEADER + 16 * 4 + 30 };

  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autoptr (GByteArray) cut = stream_cut (bytes, lengths[i]);
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (RefractLogitsReader) reader = NULL;
      g_autoptr (GError) error = NULL;
      StreamWriting writing;
      GThread *writer;
      GThread *canceller = g_thread_new ("cancel", cancel_thread, cancellable);
      int fd = stream_open_pipe (&writing, cut, TRUE, &writer);
      RefractLogitsRow row;
      gboolean end;

      reader = refract_logits_reader_new (fd, "It", cancellable, &error);
      while (reader != NULL && refract_logits_reader_next (reader, &row, &end, &error))
        g_assert_false (end);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      g_thread_join (writer);
      g_thread_join (canceller);
      close (writing.fd);
    }
}

static guint
count_files (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;

  return n;
}

/* @n_rows of the stream's rows; the last error, or what finishing said */
static gboolean
copy_rows (GByteArray *bytes, const char *path, guint n_rows, gboolean finish, GError **error)
{
  g_autoptr (RefractLogitsReader) reader
      = refract_logits_reader_new (stream_open_file (bytes), "It", NULL, error);
  g_autoptr (RefractLogitsWriter) writer = NULL;
  RefractLogitsRow row;
  gboolean end;

  g_assert_nonnull (reader);
  writer = refract_logits_writer_new (path, refract_logits_reader_get_shape (reader),
                                      refract_logits_reader_get_tokens (reader), error);
  if (writer == NULL)
    return FALSE;
  for (guint i = 0; i < n_rows; i++)
    {
      g_assert_true (refract_logits_reader_next (reader, &row, &end, error));
      if (!refract_logits_writer_add (writer, &row, error))
        return FALSE;
    }

  return !finish || refract_logits_writer_finish (writer, error);
}

static void
test_writer (void)
{
  g_autofree char *folder = g_dir_make_tmp ("logits-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "reference.logits", NULL);

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      const RefractLogitsShape *shape = &shapes[i];
      guint n_rows = shape->n_chunks * refract_logits_rows_per_chunk (shape->n_ctx);
      g_autoptr (GByteArray) bytes = stream_new_shape (shape, 0, 1);
      g_autofree char *contents = NULL;
      g_autoptr (GByteArray) written = NULL;
      g_autoptr (GError) error = NULL;
      gsize length;

      g_assert_true (copy_rows (bytes, path, n_rows - 1, FALSE, &error));
      g_assert_cmpuint (count_files (folder), ==, 0);

      g_assert_true (copy_rows (bytes, path, n_rows, TRUE, &error));
      g_assert_no_error (error);
      g_assert_cmpuint (count_files (folder), ==, 1);
      g_assert_true (g_file_get_contents (path, &contents, &length, NULL));
      if (shape->format != REFRACT_LOGITS_TOP) /* the entries have found their order */
        g_assert_cmpmem (contents, length, bytes->data, bytes->len);
      written = g_byte_array_new_take ((guint8 *) g_steal_pointer (&contents), length);
      assert_reads (written, stream_open_file (written), shape);
      g_assert_cmpint (g_unlink (path), ==, 0);
    }

  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

typedef struct
{
  const RefractLogitsShape *shape;
  const GByteArray *bytes; /* what is to be written */
  int fd;
  GCancellable *cancellable;
  GError *error;
} PipeWriting;

/* A backend: writes row by row what a reader of the same bytes gives. */
static gpointer
write_pipe_thread (gpointer data)
{
  PipeWriting *writing = data;
  g_autoptr (RefractLogitsReader) reader
      = refract_logits_reader_new (stream_open_file (writing->bytes), "It", NULL, NULL);
  g_autoptr (RefractLogitsWriter) writer = refract_logits_writer_new_for_pipe (
      writing->fd, writing->shape, refract_logits_reader_get_tokens (reader), writing->cancellable,
      &writing->error);
  RefractLogitsRow row;
  gboolean end = FALSE;

  while (writer != NULL && writing->error == NULL && !end)
    {
      g_assert_true (refract_logits_reader_next (reader, &row, &end, NULL));
      if (!end)
        refract_logits_writer_add (writer, &row, &writing->error);
      else
        refract_logits_writer_finish (writer, &writing->error);
    }

  return NULL;
}

static void
test_pipe_writer (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      g_autoptr (GByteArray) bytes = stream_new_shape (&shapes[i], 0, 1);
      PipeWriting writing = { .shape = &shapes[i], .bytes = bytes };
      GThread *thread;
      int ends[2];

      g_assert_cmpint (pipe (ends), ==, 0);
      writing.fd = ends[1];
      thread = g_thread_new ("writer", write_pipe_thread, &writing);
      assert_reads (bytes, ends[0], &shapes[i]);
      g_thread_join (thread);
      g_assert_no_error (writing.error);
    }
}

/* The reader goes away: an error, and neither the signal nor a change to how it is handled. */
static void
test_pipe_writer_broken (void)
{
  static const RefractLogitsShape shape = { REFRACT_LOGITS_F32, 64, 5000, 2, 0 };
  g_autoptr (GByteArray) bytes = stream_new_shape (&shape, 0, 1);

  for (guint n_read = 0; n_read <= 1000; n_read += 1000)
    {
      PipeWriting writing = { .shape = &shape, .bytes = bytes };
      GThread *thread;
      char buffer[1000];
      int ends[2];
      sigset_t pending;

      g_assert_cmpint (pipe (ends), ==, 0);
      writing.fd = ends[1];
      thread = g_thread_new ("writer", write_pipe_thread, &writing);
      if (n_read > 0)
        g_assert_cmpint (read (ends[0], buffer, n_read), >, 0);
      close (ends[0]);
      g_thread_join (thread);
      g_assert_error (writing.error, G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE);
      g_clear_error (&writing.error);
      sigpending (&pending);
      g_assert_false (sigismember (&pending, SIGPIPE));
    }
}

/* A reader that reads nothing: only the cancellation ends it. */
static void
test_pipe_writer_cancel (void)
{
  static const RefractLogitsShape shape = { REFRACT_LOGITS_F32, 64, 5000, 2, 0 };
  g_autoptr (GByteArray) bytes = stream_new_shape (&shape, 0, 1);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  PipeWriting writing = { .shape = &shape, .bytes = bytes, .cancellable = cancellable };
  GThread *canceller;
  GThread *thread;
  int ends[2];

  g_assert_cmpint (pipe (ends), ==, 0);
  writing.fd = ends[1];
  thread = g_thread_new ("writer", write_pipe_thread, &writing);
  canceller = g_thread_new ("cancel", cancel_thread, cancellable);
  g_thread_join (thread);
  g_thread_join (canceller);
  close (ends[0]);
  g_assert_error (writing.error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&writing.error);
}

static void
test_writer_no_room (void)
{
  g_autofree char *folder = g_dir_make_tmp ("logits-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "reference.logits", NULL);
  g_autofree char *nowhere = g_build_filename (folder, "no", "reference.logits", NULL);
  g_autoptr (RefractLogitsWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  const RefractLogitsShape large = { REFRACT_LOGITS_16BIT, 65536, 1 << 24, 4096, 0 };
  const RefractLogitsShape small = { REFRACT_LOGITS_16BIT, 8, 6, 1, 0 };
  gint32 tokens[8] = { 0 };

  /* 2⁵² bytes */
  writer = refract_logits_writer_new (path, &large, tokens, &error);
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, "needs 4.5 PB more and the disk has "));
  g_assert_null (writer);
  g_assert_cmpuint (count_files (folder), ==, 0);
  g_clear_error (&error);

  writer = refract_logits_writer_new (nowhere, &small, tokens, &error);
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK);
  g_assert_nonnull (strstr (error->message, nowhere));
  g_assert_null (writer);

  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* A disk that gives out halfway, as a limit on the file's size does. */
static void
test_writer_fails (void)
{
  g_autofree char *folder = NULL;
  g_autofree char *path = NULL;
  g_autoptr (GByteArray) bytes = NULL;
  g_autoptr (GError) error = NULL;
  struct rlimit limit = { 1000, 1000 };

  if (!g_test_subprocess ())
    {
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
      return;
    }

  folder = g_dir_make_tmp ("logits-XXXXXX", NULL);
  path = g_build_filename (folder, "reference.logits", NULL);
  bytes = stream_new (64, 100, 1, 0, 1);
  signal (SIGXFSZ, SIG_IGN);
  {
    g_autoptr (RefractLogitsReader) reader
        = refract_logits_reader_new (stream_open_file (bytes), "It", NULL, NULL);
    g_autoptr (RefractLogitsWriter) writer = NULL;
    RefractLogitsRow row;
    gboolean end;

    g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
    writer = refract_logits_writer_new (path, refract_logits_reader_get_shape (reader),
                                        refract_logits_reader_get_tokens (reader), &error);
    g_assert_nonnull (writer);
    while (refract_logits_reader_next (reader, &row, &end, NULL) && !end
           && refract_logits_writer_add (writer, &row, &error))
      ;
  }
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_cmpuint (count_files (folder), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/logits/file-size", test_file_size);
  g_test_add_func ("/logits/reads", test_reads);
  g_test_add_func ("/logits/headers", test_headers);
  g_test_add_func ("/logits/short", test_short);
  g_test_add_func ("/logits/long", test_long);
  g_test_add_func ("/logits/rows-that-are-not-numbers", test_rows_that_are_not_numbers);
  g_test_add_func ("/logits/top-rows", test_top_rows);
  g_test_add_func ("/logits/false-header", test_false_header);
  g_test_add_func ("/logits/cancel", test_cancel);
  g_test_add_func ("/logits/writer", test_writer);
  g_test_add_func ("/logits/pipe-writer", test_pipe_writer);
  g_test_add_func ("/logits/pipe-writer-broken", test_pipe_writer_broken);
  g_test_add_func ("/logits/pipe-writer-cancel", test_pipe_writer_cancel);
  g_test_add_func ("/logits/writer-no-room", test_writer_no_room);
  g_test_add_func ("/logits/writer-fails", test_writer_fails);

  return g_test_run ();
}
