/* refract-unfinished.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "audit/refract-journal-private.h"
#include "audit/refract-unfinished.h"
#include "core/refract-error.h"

void
refract_unfinished_free (RefractUnfinished *self)
{
  if (self == NULL)
    return;

  g_free (self->id);
  g_clear_object (&self->plan);
  g_clear_pointer (&self->changed, g_date_time_unref);
  g_free (self);
}

static guint64
folder_size (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint64 bytes = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      GStatBuf file;

      if (g_lstat (path, &file) == 0)
        bytes += file.st_size;
    }
  return bytes;
}

/* Whole lines, and the progress that the last of them tells. */
static void
read_lines (RefractUnfinished *self, const char *text, gsize length)
{
  static const char start[] = "{\"" REFRACT_JOURNAL_PROGRESS "\":";
  const char *line = text, *last = NULL, *end;

  while ((end = memchr (line, '\n', length - (line - text))) != NULL)
    {
      self->n_measured++;
      last = line;
      line = end + 1;
    }
  if (last != NULL && (gsize) (line - last) > sizeof start && g_str_has_prefix (last, start))
    {
      g_autofree char *number = g_strndup (last + strlen (start), 32);
      double fraction = g_ascii_strtod (number, NULL);

      self->fraction = fraction > 0 ? MIN (fraction, 1) : 0;
    }
}

/* NULL where there is no journal, or one in use. */
static RefractUnfinished *
read_journal (const char *runs, const char *id)
{
  g_autofree char *folder = g_build_filename (runs, id, NULL);
  g_autofree char *path = g_build_filename (folder, REFRACT_JOURNAL_FILE, NULL);
  g_autofree char *plan = g_build_filename (folder, REFRACT_JOURNAL_PLAN, NULL);
  g_autoptr (RefractUnfinished) self = NULL;
  g_autoptr (GMappedFile) mapped = NULL;
  struct stat file;
  int fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);

  if (fd < 0)
    return NULL;
  if (!refract_journal_is_locked (fd) && fstat (fd, &file) == 0 && S_ISREG (file.st_mode))
    {
      self = g_new0 (RefractUnfinished, 1);
      self->id = g_strdup (id);
      self->changed = g_date_time_new_from_unix_local (file.st_mtime);
      self->bytes = folder_size (folder);
      self->plan = refract_plan_load (plan, NULL);
      mapped = g_mapped_file_new_from_fd (fd, FALSE, NULL);
      if (mapped != NULL && g_mapped_file_get_length (mapped) > 0)
        read_lines (self, g_mapped_file_get_contents (mapped), g_mapped_file_get_length (mapped));
    }
  close (fd);

  return g_steal_pointer (&self);
}

static int
compare_changed (gconstpointer a, gconstpointer b)
{
  const RefractUnfinished *one = *(RefractUnfinished *const *) a;
  const RefractUnfinished *two = *(RefractUnfinished *const *) b;
  int order = g_date_time_compare (two->changed, one->changed);

  return order != 0 ? order : strcmp (one->id, two->id);
}

GPtrArray *
refract_unfinished_list (GError **error)
{
  g_autoptr (GPtrArray) list
      = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_unfinished_free);
  g_autofree char *runs = refract_journal_dup_runs_folder ();
  g_autoptr (GError) own_error = NULL;
  g_autoptr (GDir) dir = g_dir_open (runs, 0, &own_error);
  const char *id;

  if (dir == NULL && !g_error_matches (own_error, G_FILE_ERROR, G_FILE_ERROR_NOENT))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
                   "Could not look for unfinished audits: %s.", own_error->message);
      return NULL;
    }

  while (dir != NULL && (id = g_dir_read_name (dir)) != NULL)
    {
      RefractUnfinished *unfinished = read_journal (runs, id);

      if (unfinished != NULL)
        g_ptr_array_add (list, unfinished);
    }
  g_ptr_array_sort (list, compare_changed);
  return g_steal_pointer (&list);
}

gboolean
refract_unfinished_delete (const char *id, GError **error)
{
  g_autofree char *runs = refract_journal_dup_runs_folder ();
  g_autofree char *folder = g_build_filename (runs, id, NULL);
  g_autofree char *path = g_build_filename (folder, REFRACT_JOURNAL_FILE, NULL);
  gboolean deleted;
  int fd;

  g_return_val_if_fail (strchr (id, G_DIR_SEPARATOR) == NULL && *id != '.' && *id != '\0', FALSE);

  fd = g_open (path, O_RDWR | O_CLOEXEC, 0);
  if (fd >= 0 && !refract_journal_lock (fd))
    {
      close (fd);
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "This audit is running: stop it before you delete what it has measured.");
      return FALSE;
    }

  deleted = refract_journal_remove_folder (folder);
  if (!deleted)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
                 "Could not delete the unfinished audit in %s: %s.", folder, g_strerror (errno));
  if (fd >= 0)
    close (fd);
  return deleted;
}
