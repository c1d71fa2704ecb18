/* refract-bundle.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include <archive.h>
#include <archive_entry.h>
#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "core/refract-json.h"
#include "export/refract-bundle.h"
#include "export/refract-html.h"
#include "export/refract-markdown.h"

#define EPOCH 315532800 /* 1980-01-01, the first day of zip: the same content is the same file */

static gboolean
add_text (struct archive *archive, const char *name, const char *text)
{
  struct archive_entry *entry = archive_entry_new ();
  gsize length = strlen (text);
  gboolean added;

  archive_entry_set_pathname (entry, name);
  archive_entry_set_filetype (entry, AE_IFREG);
  archive_entry_set_perm (entry, 0644);
  archive_entry_set_size (entry, (la_int64_t) length);
  archive_entry_set_mtime (entry, EPOCH, 0);
  added = archive_write_header (archive, entry) == ARCHIVE_OK
          && archive_write_data (archive, text, length) == (la_ssize_t) length;
  archive_entry_free (entry);
  return added;
}

static gboolean
add_json (struct archive *archive, const char *name, JsonObject *object)
{
  g_autofree char *text = NULL;

  if (object == NULL)
    return TRUE;
  text = refract_json_to_text (object, TRUE);
  return add_text (archive, name, text);
}

static gboolean
add_all (struct archive *archive,
         GPtrArray *reports,
         JsonObject *selftest,
         JsonObject *repeatability)
{
  g_autofree char *page = refract_html_from_reports (reports);
  g_autoptr (GString) markdown = g_string_new (NULL);

  for (guint i = 0; i < reports->len; i++)
    {
      g_autofree char *name = g_strdup_printf ("report-%u.refract.json", i + 1);
      g_autofree char *text = refract_markdown_from_report (reports->pdata[i]);

      g_string_append_printf (markdown, "%s%s", i > 0 ? "\n" : "", text);
      if (!add_json (archive, name, refract_report_get_root (reports->pdata[i])))
        return FALSE;
    }
  return add_text (archive, "report.html", page) && add_text (archive, "report.md", markdown->str)
         && add_json (archive, "selftest.json", selftest)
         && add_json (archive, "repeatability.json", repeatability);
}

gboolean
refract_bundle_write (const char *path,
                      GPtrArray *reports,
                      JsonObject *selftest,
                      JsonObject *repeatability,
                      GError **error)
{
  g_autofree char *part = g_strconcat (path, ".part", NULL);
  struct archive *archive = archive_write_new ();
  gboolean written;

  written = archive_write_set_format_zip (archive) == ARCHIVE_OK
            && archive_write_open_filename (archive, part) == ARCHIVE_OK
            && add_all (archive, reports, selftest, repeatability)
            && archive_write_close (archive) == ARCHIVE_OK;
  if (!written)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
                 "%s cannot be written: %s. Choose another folder or free some space.", path,
                 archive_error_string (archive));
  archive_write_free (archive);

  if (written && g_rename (part, path) != 0)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
                   "%s cannot be written. Choose another name or folder.", path);
      written = FALSE;
    }
  if (!written)
    g_unlink (part);
  return written;
}
