/* test-unpack.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* What is taken out of a download: what was wanted, into the folder, and nothing else. */

#include "config.h"

#include <string.h>

#include <archive.h>
#include <archive_entry.h>
#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "core/refract-fetch-private.h"

/* SHA-256 of "first" and of "second" */
static const RefractFetchMember wanted[] = {
  { "a.raw", "a7937b64b8caa58f03721bb6bacf5c78cb235febe0e70b1b84cd99541461a08e", 16 },
  { "b.raw", "16367aacb67a4a017c8da8ab95682ccb390863780f7114dda0a0e0c55644c7c4", 16 },
};

typedef struct
{
  char *folder;
  char *inside;
  char *zip;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  self->folder = g_dir_make_tmp ("refract-unpack-XXXXXX", NULL);
  self->inside = g_build_filename (self->folder, "inside", NULL);
  self->zip = g_build_filename (self->folder, "x.zip", NULL);
  g_assert_cmpint (g_mkdir (self->inside, 0700), ==, 0);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++)
    {
      g_autofree char *path = g_build_filename (self->inside, wanted[i].name, NULL);

      g_unlink (path);
    }
  g_unlink (self->zip);
  /* These fail where anything else was written. */
  g_assert_cmpint (g_rmdir (self->inside), ==, 0);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0);
  g_free (self->folder);
  g_free (self->inside);
  g_free (self->zip);
}

/* Pairs of a name and a text, %NULL-terminated; a text "-> X" is a link to X. */
static void
write_zip (Fixture *self, ...)
{
  struct archive *archive = archive_write_new ();
  va_list arguments;
  const char *name;

  archive_write_set_format_zip (archive);
  g_assert_cmpint (archive_write_open_filename (archive, self->zip), ==, ARCHIVE_OK);
  va_start (arguments, self);
  while ((name = va_arg (arguments, const char *)) != NULL)
    {
      const char *text = va_arg (arguments, const char *);
      struct archive_entry *entry = archive_entry_new ();
      gboolean is_link = g_str_has_prefix (text, "-> ");

      archive_entry_set_pathname (entry, name);
      archive_entry_set_filetype (entry, is_link ? AE_IFLNK : AE_IFREG);
      archive_entry_set_perm (entry, 0777);
      if (is_link)
        archive_entry_set_symlink (entry, text + 3);
      else
        archive_entry_set_size (entry, (la_int64_t) strlen (text));
      archive_write_header (archive, entry);
      if (!is_link)
        archive_write_data (archive, text, strlen (text));
      archive_entry_free (entry);
    }
  va_end (arguments);
  archive_write_close (archive);
  archive_write_free (archive);
}

static gboolean
unpack (Fixture *self, GError **error)
{
  return refract_fetch_unpack (self->zip, wanted, G_N_ELEMENTS (wanted), self->inside, NULL, error);
}

static void
assert_text (Fixture *self, const char *name, const char *expected)
{
  g_autofree char *path = g_build_filename (self->inside, name, NULL);
  g_autofree char *text = NULL;

  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, expected);
}

static void
test_wanted (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  write_zip (self, "top/README", "x", "top/a.raw", "first", "../../up/b.raw", "second", "../evil",
             "x", NULL);
  g_assert_true (unpack (self, &error));
  g_assert_no_error (error);
  assert_text (self, "a.raw", "first");
  assert_text (self, "b.raw", "second");
}

static void
test_unwanted (Fixture *self, gconstpointer data)
{
  g_autoptr (GError) error = NULL;

  write_zip (self, "a.raw", "first", "b.raw", "another", NULL);
  g_assert_false (unpack (self, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
  g_assert_nonnull (strstr (error->message, "another text"));
  g_clear_error (&error);

  write_zip (self, "a.raw", "far more than sixteen bytes", "b.raw", "second", NULL);
  g_assert_false (unpack (self, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
  g_clear_error (&error);

  write_zip (self, "a.raw", "-> /etc/passwd", "b.raw", "second", NULL);
  g_assert_false (unpack (self, &error));
  g_assert_nonnull (strstr (error->message, "no archive with"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/unpack/wanted", Fixture, NULL, set_up, test_wanted, tear_down);
  g_test_add ("/unpack/unwanted", Fixture, NULL, set_up, test_unwanted, tear_down);
  return g_test_run ();
}
