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

#define HEADER 20

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

/* The size of a file that the engine wrote: 4 chunks of 128 tokens, 32,000 tokens vocabulary. */
static void
test_file_size (void)
{
  g_autoptr (GByteArray) odd = stream_new (9, 5, 3, 0, 1);

  g_assert_cmpuint (refract_logits_file_size (128, 32000, 4), ==, 16132084);
  g_assert_cmpuint (refract_logits_file_size (9, 5, 3), ==, odd->len);
  g_assert_cmpuint (refract_logits_file_size (8192, 151936, 1000), >, G_GUINT64_CONSTANT (1) << 40);
}

static void
assert_reads (GByteArray *bytes, int fd, guint n_ctx, guint n_vocab, guint n_chunks)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractLogitsReader) reader = refract_logits_reader_new (fd, "It", NULL, &error);
  gsize offset = HEADER + n_chunks * n_ctx * sizeof (gint32);
  guint n_rows = n_chunks * (n_ctx - 1 - n_ctx / 2);
  RefractLogitsRow row;
  gboolean end;

  g_assert_no_error (error);
  g_assert_cmpuint (refract_logits_reader_get_n_ctx (reader), ==, n_ctx);
  g_assert_cmpuint (refract_logits_reader_get_n_vocab (reader), ==, n_vocab);
  g_assert_cmpuint (refract_logits_reader_get_n_chunks (reader), ==, n_chunks);
  g_assert_cmpuint (refract_logits_reader_get_rows_per_chunk (reader), ==, n_ctx - 1 - n_ctx / 2);
  g_assert_cmpmem (refract_logits_reader_get_tokens (reader), n_chunks * n_ctx * sizeof (gint32),
                   bytes->data + HEADER, n_chunks * n_ctx * sizeof (gint32));

  for (guint i = 0; i < n_rows; i++)
    {
      g_assert_true (refract_logits_reader_next (reader, &row, &end, &error));
      g_assert_no_error (error);
      g_assert_false (end);
      g_assert_cmpmem (&row.scale, 4, bytes->data + offset, 4);
      g_assert_cmpmem (&row.min_log_prob, 4, bytes->data + offset + 4, 4);
      g_assert_cmpmem (row.q, 2 * n_vocab, bytes->data + offset + 8, 2 * n_vocab);
      offset += 8 + 2 * (n_vocab + n_vocab % 2);
    }
  g_assert_cmpuint (offset, ==, bytes->len);
  g_assert_true (refract_logits_reader_next (reader, &row, &end, &error));
  g_assert_true (end);
}

static void
test_reads (void)
{
  static const guint shapes[][3] = { { 3, 1, 1 }, { 8, 6, 4 }, { 9, 7, 3 }, { 64, 1001, 2 } };

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      const guint *shape = shapes[i];
      g_autoptr (GByteArray) bytes = stream_new (shape[0], shape[1], shape[2], 0, 1);
      StreamWriting writing;
      GThread *thread;
      int fd = stream_open_pipe (&writing, bytes, FALSE, &thread);

      assert_reads (bytes, stream_open_file (bytes), shape[0], shape[1], shape[2]);
      assert_reads (bytes, fd, shape[0], shape[1], shape[2]);
      g_thread_join (thread);
    }
}

static void
test_headers (void)
{
  static const struct
  {
    guint offset;
    gint32 value;
    const char *text;
  } faults[] = {
    { 0, 0x5f78785f, "does not hold" },
    { 8, 2, "cannot be" },
    { 8, 0, "cannot be" },
    { 8, -8, "cannot be" },
    { 8, G_MAXINT32, "cannot be" },
    { 12, 0, "cannot be" },
    { 12, -1, "cannot be" },
    { 12, (1 << 24) + 1, "cannot be" },
    { 16, 0, "cannot be" },
    { 16, -1, "cannot be" },
    { 16, G_MAXINT32, "cannot be" },
    { 16, (1 << 28) / 8 + 1, "cannot be" },
    { 16, 1 << 20, "8388608 came" },
    { HEADER + 4 * 11, -1, "token -1 at position 11" },
    { HEADER + 4 * 11, 6, "token 6 at position 11" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autoptr (GByteArray) bytes = stream_new (8, 6, 4, 0, 1);

      stream_patch (bytes, faults[i].offset, &faults[i].value, 4);
      assert_refused (bytes, REFRACT_ERROR_ENGINE, faults[i].text);
    }
}

/* Cut anywhere, a stream says how far it came. */
static void
test_short (void)
{
  g_autoptr (GByteArray) bytes = stream_new (8, 5, 2, 0, 1);
  guint rows_begin = HEADER + 16 * 4;
  guint row_size = 8 + 2 * 6;

  for (guint length = 0; length < bytes->len; length++)
    {
      g_autoptr (GByteArray) cut = stream_cut (bytes, length);
      g_autofree char *text = NULL;

      if (length < HEADER)
        text = g_strdup_printf ("ends after %u bytes", length);
      else if (length < rows_begin)
        text = g_strdup_printf ("ends within its tokens, %u of 16 came", (length - HEADER) / 4);
      else
        text = g_strdup_printf ("ends after %u of 6 rows", (length - rows_begin) / row_size);
      assert_refused (cut, REFRACT_ERROR_ENGINE, text);
    }
}

static void
test_long (void)
{
  g_autoptr (GByteArray) bytes = stream_new (8, 5, 2, 0, 1);

  g_byte_array_append (bytes, (const guint8 *) "x", 1);
  assert_refused (bytes, REFRACT_ERROR_ENGINE, "goes on after the last of its 6 rows");
}

static void
test_rows_that_are_not_numbers (void)
{
  static const struct
  {
    guint offset;
    float value;
    const char *text;
  } faults[] = {
    { 0, NAN, "row 2 of chunk 2 is not numbers" },
    { 0, INFINITY, "row 2 of chunk 2 is not numbers" },
    { 4, NAN, "row 2 of chunk 2 is not numbers" },
    { 4, -INFINITY, "row 2 of chunk 2 is not numbers" },
    { 0, -1e-4, "row 2 of chunk 2 is damaged" },
    { 0, 81.0f / 65535.0f, "row 2 of chunk 2 is damaged" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (faults); i++)
    {
      g_autoptr (GByteArray) bytes = stream_new (8, 6, 2, 0, 1);

      stream_patch (bytes, HEADER + 16 * 4 + 4 * (8 + 2 * 6) + faults[i].offset, &faults[i].value,
                    4);
      assert_refused (bytes, REFRACT_ERROR_ENGINE, faults[i].text);
    }
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
  writer = refract_logits_writer_new (path, refract_logits_reader_get_n_ctx (reader),
                                      refract_logits_reader_get_n_vocab (reader),
                                      refract_logits_reader_get_n_chunks (reader),
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
  g_autoptr (GByteArray) bytes = stream_new (9, 7, 3, 0, 1);
  g_autofree char *contents = NULL;
  g_autoptr (GError) error = NULL;
  gsize length;

  g_assert_true (copy_rows (bytes, path, 5, FALSE, &error));
  g_assert_cmpuint (count_files (folder), ==, 0);

  g_assert_true (copy_rows (bytes, path, 12, TRUE, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (count_files (folder), ==, 1);
  g_assert_true (g_file_get_contents (path, &contents, &length, NULL));
  g_assert_cmpmem (contents, length, bytes->data, bytes->len);

  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
test_writer_no_room (void)
{
  g_autofree char *folder = g_dir_make_tmp ("logits-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "reference.logits", NULL);
  g_autofree char *nowhere = g_build_filename (folder, "no", "reference.logits", NULL);
  g_autoptr (RefractLogitsWriter) writer = NULL;
  g_autoptr (GError) error = NULL;
  gint32 tokens[8] = { 0 };

  /* 2⁵² bytes */
  writer = refract_logits_writer_new (path, 65536, 1 << 24, 4096, tokens, &error);
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK);
  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, path));
  g_assert_nonnull (strstr (error->message, "needs 4.5 PB more and the disk has "));
  g_assert_null (writer);
  g_assert_cmpuint (count_files (folder), ==, 0);
  g_clear_error (&error);

  writer = refract_logits_writer_new (nowhere, 8, 6, 1, tokens, &error);
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
    writer = refract_logits_writer_new (path, 64, 100, 1, refract_logits_reader_get_tokens (reader),
                                        &error);
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
  g_test_add_func ("/logits/false-header", test_false_header);
  g_test_add_func ("/logits/cancel", test_cancel);
  g_test_add_func ("/logits/writer", test_writer);
  g_test_add_func ("/logits/writer-no-room", test_writer_no_room);
  g_test_add_func ("/logits/writer-fails", test_writer_fails);

  return g_test_run ();
}
