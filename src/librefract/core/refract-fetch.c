/* refract-fetch.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <inttypes.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <glib/gstdio.h>
#include <libsoup/soup.h>

#include "core/refract-error.h"
#include "core/refract-fetch-private.h"
#include "core/refract-prompts.h"

#define BLOCK 65536
#define TIMEOUT 30 /* seconds without a byte */

/* What is downloaded, and the most that it may be. */
static const struct
{
  const char *url;
  const char *file;
  guint64 max_bytes;
} sources[] = {
  [REFRACT_FETCH_WIKITEXT]
  = { "https://huggingface.co/datasets/ggml-org/ci/resolve/main/wikitext-2-raw-v1.zip",
      "wikitext-2-raw-v1.zip", 32 * 1024 * 1024 },
  [REFRACT_FETCH_PROMPTS] = { "https://raw.githubusercontent.com/TheTom/turboquant_plus/main/"
                              "refract/prompts/v0.1.jsonl",
                              REFRACT_OWN_PROMPTS, 1024 * 1024 },
};

static const RefractFetchMember members[] = {
  { REFRACT_WIKITEXT_TEST, REFRACT_WIKITEXT_TEST_SHA256, 8 * 1024 * 1024 },
  { REFRACT_WIKITEXT_TRAIN, REFRACT_WIKITEXT_TRAIN_SHA256, 64 * 1024 * 1024 },
};

const char *
refract_fetch_get_url (RefractFetch what)
{
  return sources[what].url;
}

const char *
refract_fetch_get_folder (void)
{
  static char *folder;

  if (g_once_init_enter (&folder))
    g_once_init_leave (&folder,
                       g_build_filename (g_get_user_cache_dir (), "refract", "data", NULL));
  return folder;
}

char *
refract_fetch_find (const char *name)
{
  g_autofree char *path = g_build_filename (refract_fetch_get_folder (), name, NULL);

  return g_file_test (path, G_FILE_TEST_IS_REGULAR) ? g_steal_pointer (&path) : NULL;
}

static gboolean
disk_error (const char *path, GError **error)
{
  int saved_errno = errno;

  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
               "%s cannot be written: %s. Free some space, or set XDG_CACHE_HOME to another place.",
               path, g_strerror (saved_errno));
  return FALSE;
}

static gboolean
write_all (int fd, const char *path, const void *data, gsize length, GError **error)
{
  const char *at = data;

  while (length > 0)
    {
      gssize written = write (fd, at, length);

      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        return disk_error (path, error);
      at += written;
      length -= (gsize) written;
    }
  return TRUE;
}

/* Where the reply's body belongs: behind what there is (206 with the right range), or anew. */
static gboolean
place_reply (
    SoupMessage *message, int fd, const char *path, goffset *at, guint64 *total, GError **error)
{
  SoupMessageHeaders *headers = soup_message_get_response_headers (message);
  guint status = soup_message_get_status (message);
  goffset start, end, whole;

  if (status == SOUP_STATUS_PARTIAL_CONTENT
      && soup_message_headers_get_content_range (headers, &start, &end, &whole) && start == *at)
    *total = whole > 0 ? (guint64) whole : 0;
  else if (status == SOUP_STATUS_OK)
    {
      *at = 0;
      *total = (guint64) MAX (soup_message_headers_get_content_length (headers), 0);
    }
  else
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                   "The server answered “%u %s”. Try again later, or give another address "
                   "(--url, or in the preferences).",
                   status, soup_status_get_phrase (status));
      return FALSE;
    }
  if (ftruncate (fd, *at) != 0 || lseek (fd, *at, SEEK_SET) < 0)
    return disk_error (path, error);
  return TRUE;
}

static gboolean
receive (GInputStream *stream,
         int fd,
         const char *path,
         guint64 done,
         guint64 total,
         guint64 max_bytes,
         RefractFetchProgressFunc func,
         gpointer user_data,
         GCancellable *cancellable,
         GError **error)
{
  g_autofree char *block = g_malloc (BLOCK);

  for (;;)
    {
      gssize n = g_input_stream_read (stream, block, BLOCK, cancellable, error);

      if (n < 0)
        return FALSE;
      if (n == 0 && done < total)
        {
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                       "The connection broke off after %" PRIu64 " of %" PRIu64
                       " bytes. Try again: it goes on from there.",
                       done, total);
          return FALSE;
        }
      if (n == 0)
        return TRUE;
      done += (guint64) n;
      if (done > max_bytes || total > max_bytes)
        {
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                       "The download is larger than %" PRIu64
                       " MiB, which is not what was wanted. Check the address.",
                       max_bytes / 1048576);
          return FALSE;
        }
      if (!write_all (fd, path, block, (gsize) n, error))
        return FALSE;
      if (func != NULL)
        func (done, total, user_data);
    }
}

static gboolean
is_web (GUri *uri)
{
  const char *scheme = g_uri_get_scheme (uri);

  return g_str_equal (scheme, "https") || g_str_equal (scheme, "http");
}

/* Into @path, behind what is there of an earlier try. */
static gboolean
download (const char *url,
          const char *path,
          guint64 max_bytes,
          RefractFetchProgressFunc func,
          gpointer user_data,
          GCancellable *cancellable,
          GError **error)
{
  g_autoptr (SoupSession) session = soup_session_new_with_options (
      "timeout", TIMEOUT, "user-agent", "Refract/" PACKAGE_VERSION, NULL);
  g_autoptr (SoupMessage) message = soup_message_new (SOUP_METHOD_GET, url);
  g_autoptr (GInputStream) stream = NULL;
  guint64 total = 0;
  struct stat info;
  goffset at;
  gboolean done = FALSE;
  int fd;

  if (message == NULL || !is_web (soup_message_get_uri (message)))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "“%s” is not an address of the web: give one that begins with https:// or "
                   "http://.",
                   url);
      return FALSE;
    }
  fd = g_open (path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0 || fstat (fd, &info) != 0)
    {
      disk_error (path, error);
      if (fd >= 0)
        g_close (fd, NULL);
      return FALSE;
    }
  at = info.st_size;
  if (at > 0)
    soup_message_headers_set_range (soup_message_get_request_headers (message), at, -1);
  /* The bytes of the file, not of some packing on the way. */
  soup_message_disable_feature (message, SOUP_TYPE_CONTENT_DECODER);

  stream = soup_session_send (session, message, cancellable, error);
  if (stream == NULL)
    g_prefix_error (error, "%s: ", url);
  else if (soup_message_get_status (message) == SOUP_STATUS_REQUESTED_RANGE_NOT_SATISFIABLE)
    done = TRUE; /* all of it is there: the check will tell */
  else
    done = place_reply (message, fd, path, &at, &total, error)
           && receive (stream, fd, path, (guint64) at, total, max_bytes, func, user_data,
                       cancellable, error);
  g_close (fd, NULL);
  if (!done && stream != NULL)
    g_prefix_error (error, "%s: ", url);
  return done;
}

static gboolean
archive_error (const char *what, GError **error)
{
  g_set_error (
      error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
      "The download is not what was wanted (%s). It was removed: try again, or give another "
      "address (--url, or in the preferences).",
      what);
  return FALSE;
}

/* One member into the cache, under its final name only when it is what it has to be. */
static gboolean
unpack_member (struct archive *archive,
               const RefractFetchMember *member,
               const char *folder,
               GCancellable *cancellable,
               GError **error)
{
  g_autofree char *path = g_build_filename (folder, member->name, NULL);
  g_autofree char *part = g_strconcat (path, ".new", NULL);
  g_autofree char *block = g_malloc (BLOCK);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint64 size = 0;
  la_ssize_t n = 0;
  gboolean written = TRUE;
  int fd = g_open (part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

  if (fd < 0)
    return disk_error (part, error);
  while (written && size <= member->max_bytes
         && (n = archive_read_data (archive, block, BLOCK)) > 0)
    {
      size += (guint64) n;
      g_checksum_update (checksum, (const guchar *) block, n);
      written = write_all (fd, part, block, (gsize) n, error)
                && !g_cancellable_set_error_if_cancelled (cancellable, error);
    }
  g_close (fd, NULL);
  if (written && n != 0)
    written = archive_error (n < 0 ? "damaged" : "too large", error);
  else if (written && !g_str_equal (g_checksum_get_string (checksum), member->sha256))
    written = archive_error ("another text", error);
  else if (written && g_rename (part, path) != 0)
    written = disk_error (path, error);
  if (!written)
    g_unlink (part);
  return written;
}

static gboolean
unpack_all (struct archive *archive,
            const RefractFetchMember *wanted,
            guint n_wanted,
            const char *folder,
            GCancellable *cancellable,
            GError **error)
{
  struct archive_entry *entry;
  guint found = 0;
  int status;

  while ((status = archive_read_next_header (archive, &entry)) == ARCHIVE_OK
         || status == ARCHIVE_WARN)
    {
      const char *name = archive_entry_pathname (entry);
      const char *slash = name != NULL ? strrchr (name, '/') : NULL;

      for (guint i = 0; name != NULL && i < n_wanted; i++)
        if (archive_entry_filetype (entry) == AE_IFREG
            && g_str_equal (slash != NULL ? slash + 1 : name, wanted[i].name))
          {
            if (!unpack_member (archive, &wanted[i], folder, cancellable, error))
              return FALSE;
            found |= 1u << i;
          }
    }
  if (status != ARCHIVE_EOF || found != (1u << n_wanted) - 1)
    return archive_error ("no archive with " REFRACT_WIKITEXT_TEST " and " REFRACT_WIKITEXT_TRAIN,
                          error);
  return TRUE;
}

gboolean
refract_fetch_unpack (const char *path,
                      const RefractFetchMember *wanted,
                      guint n_wanted,
                      const char *folder,
                      GCancellable *cancellable,
                      GError **error)
{
  struct archive *archive = archive_read_new ();
  gboolean unpacked = FALSE;

  archive_read_support_format_zip (archive);
  if (archive_read_open_filename (archive, path, BLOCK) == ARCHIVE_OK)
    unpacked = unpack_all (archive, wanted, n_wanted, folder, cancellable, error);
  else
    archive_error ("no archive", error);
  archive_read_free (archive);
  return unpacked;
}

static gboolean
take_prompts (const char *part, GError **error)
{
  g_autofree char *path = g_build_filename (refract_fetch_get_folder (), REFRACT_OWN_PROMPTS, NULL);
  g_autoptr (RefractPrompts) prompts = refract_prompts_load (part, NULL);

  if (prompts == NULL || !refract_prompts_are_refract_0_3 (prompts))
    return archive_error ("not REFRACT's 30 prompts", error);
  return g_rename (part, path) == 0 || disk_error (path, error);
}

gboolean
refract_fetch_run (RefractFetch what,
                   const char *url,
                   RefractFetchProgressFunc func,
                   gpointer user_data,
                   GCancellable *cancellable,
                   GError **error)
{
  const char *folder = refract_fetch_get_folder ();
  g_autofree char *name = g_strconcat (sources[what].file, ".part", NULL);
  g_autofree char *part = g_build_filename (folder, name, NULL);
  gboolean taken;

  if (g_mkdir_with_parents (folder, 0777) != 0)
    return disk_error (folder, error);
  if (!download (url != NULL ? url : sources[what].url, part, sources[what].max_bytes, func,
                 user_data, cancellable, error))
    {
      /* What came is kept to go on with, unless it was not wanted at all. */
      if (error != NULL && *error != NULL && (*error)->domain == REFRACT_ERROR)
        g_unlink (part);
      return FALSE;
    }

  taken = what == REFRACT_FETCH_WIKITEXT
              ? refract_fetch_unpack (part, members, G_N_ELEMENTS (members), folder, cancellable,
                                      error)
              : take_prompts (part, error);
  g_unlink (part);
  return taken;
}
