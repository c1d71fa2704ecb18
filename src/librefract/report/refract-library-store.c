/* refract-library-store.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <errno.h>
#include <string.h>

#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "core/refract-json-scan.h"
#include "core/refract-json.h"
#include "core/refract-text.h"
#include "report/refract-library-private.h"

#define NOTES_NAME ".notes.json"
#define NOTES_MAX_BYTES (8u * 1024 * 1024)
#define TRASH_NAME ".trash"
#define SUFFIX ".refract.json"

/* Appends @text as part of a file name: at most 40 characters that mean nothing to a shell. */
static void
append_name (GString *name, const char *text)
{
  guint n = 0;

  for (const char *at = text; *at != '\0' && n < 40; at++)
    if (g_ascii_isalnum (*at) || (n > 0 && strchr ("._", *at) != NULL))
      {
        g_string_append_c (name, *at);
        n++;
      }
    else if (n > 0 && name->str[name->len - 1] != '-')
      {
        g_string_append_c (name, '-');
        n++;
      }
  if (n > 0 && name->str[name->len - 1] == '-')
    g_string_truncate (name, name->len - 1);
  if (n > 0)
    g_string_append_c (name, '-');
}

/* (transfer full): a path that is free, or that has this very content (@exists) */
static char *
choose_path (RefractLibrary *self, RefractReport *report, const char *sha256, gboolean *exists)
{
  g_autoptr (RefractSummary) summary = refract_summary_new (
      refract_library_get_folder (self), g_get_real_time (), 0, sha256, report, NULL);
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (refract_summary_get_time (summary));
  g_autofree char *date = time != NULL ? g_date_time_format (time, "%Y-%m-%d-") : NULL;
  g_autoptr (GString) name = g_string_new (date);
  gsize stem;

  append_name (name, refract_summary_get_model (summary));
  append_name (name, refract_summary_get_label (summary));
  stem = name->len;
  for (gsize digits = 8;; digits *= 2)
    {
      g_autofree char *path = NULL;
      g_autofree char *text = NULL;
      g_autofree char *found = NULL;
      gsize length;

      g_string_truncate (name, stem);
      g_string_append_len (name, sha256, MIN (digits, strlen (sha256)));
      g_string_append (name, SUFFIX);
      path = g_build_filename (refract_library_get_folder (self), name->str, NULL);
      text = refract_json_read_text (path, REFRACT_JSON_MAX_BYTES, &length, NULL);
      if (text != NULL)
        found = refract_library_hash (text, length);
      *exists = g_strcmp0 (found, sha256) == 0;
      if (*exists || digits >= strlen (sha256) || !g_file_test (path, G_FILE_TEST_EXISTS))
        return g_steal_pointer (&path);
    }
}

/* In a task's thread. @duplicate (out): the content is in the folder already */
static RefractSummary *
store_text (RefractLibrary *self,
            RefractReport *report,
            const char *text,
            gsize length,
            gboolean *duplicate,
            GError **error)
{
  static GMutex writing; /* so that the same content twice at a time is one file */
  g_autofree char *sha256 = refract_library_hash (text, length);
  g_autofree char *path = NULL;
  g_autofree char *id = NULL;
  RefractSummary *summary = NULL;

  g_mutex_lock (&writing);
  id = g_strdup (g_hash_table_lookup (refract_library_lock (self), sha256));
  refract_library_unlock (self);
  *duplicate = FALSE;
  if (id != NULL)
    {
      path = g_build_filename (refract_library_get_folder (self), id, NULL);
      *duplicate = g_file_test (path, G_FILE_TEST_EXISTS);
    }
  if (!*duplicate)
    {
      g_free (path);
      path = choose_path (self, report, sha256, duplicate);
    }
  if (*duplicate || refract_json_save_text (text, length, path, error))
    summary = refract_library_read_file (path);
  if (summary != NULL)
    {
      g_hash_table_replace (refract_library_lock (self), g_steal_pointer (&sha256),
                            g_strdup (refract_summary_get_id (summary)));
      refract_library_unlock (self);
    }
  else if (error != NULL && *error == NULL)
    {
      g_autofree char *name = g_filename_display_basename (path);

      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
                   "“%s” was written and is gone again. Does another program clear the folder?",
                   name);
    }
  g_mutex_unlock (&writing);
  return summary;
}

static void
add_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_autofree char *text = refract_json_to_text (refract_report_get_root (data), TRUE);
  GError *error = NULL;
  gboolean duplicate;
  RefractSummary *summary = store_text (source, data, text, strlen (text), &duplicate, &error);

  if (summary != NULL)
    g_task_return_pointer (task, summary, g_object_unref);
  else
    g_task_return_error (task, error);
}

void
refract_library_add_async (RefractLibrary *self,
                           RefractReport *report,
                           GCancellable *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_return_if_fail (REFRACT_IS_LIBRARY (self));
  g_return_if_fail (REFRACT_IS_REPORT (report));

  g_task_set_source_tag (task, refract_library_add_async);
  g_task_set_task_data (task, g_object_ref (report), g_object_unref);
  g_task_run_in_thread (task, add_thread);
}

RefractSummary *
refract_library_add_finish (RefractLibrary *self, GAsyncResult *result, GError **error)
{
  g_autoptr (RefractSummary) summary = NULL;

  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  summary = g_task_propagate_pointer (G_TASK (result), error);
  return summary != NULL ? g_object_ref (refract_library_insert (self, summary)) : NULL;
}

/* (transfer full): at most REFRACT_JSON_MAX_BYTES of any file that GIO can read */
static char *
read_file (GFile *file, gsize *length, GCancellable *cancellable, GError **error)
{
  g_autofree char *path = g_file_get_path (file);
  g_autoptr (GFileInputStream) stream = NULL;
  g_autofree char *text = NULL;

  if (path != NULL)
    return refract_json_read_text (path, REFRACT_JSON_MAX_BYTES, length, error);

  stream = g_file_read (file, cancellable, error);
  text = stream != NULL ? g_malloc (REFRACT_JSON_MAX_BYTES + 1) : NULL;
  if (text == NULL
      || !g_input_stream_read_all (G_INPUT_STREAM (stream), text, REFRACT_JSON_MAX_BYTES + 1,
                                   length, cancellable, error))
    return NULL;
  return g_steal_pointer (&text);
}

static void
import_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  g_autoptr (RefractReport) report = NULL;
  g_autoptr (RefractSummary) summary = NULL;
  g_autofree char *text = NULL;
  GError *error = NULL;
  gboolean duplicate = FALSE;
  gsize length;

  text = read_file (data, &length, cancellable, &error);
  if (text != NULL)
    report = refract_report_new_from_text (text, length, &error);
  if (text != NULL && report == NULL)
    {
      g_autofree char *base = g_file_get_basename (data);
      g_autofree char *name = g_filename_display_name (base);

      g_prefix_error (&error, "“%s” cannot be imported. ", name);
    }
  if (report != NULL && !g_task_return_error_if_cancelled (task))
    summary = store_text (source, report, text, length, &duplicate, &error);
  if (summary != NULL)
    {
      g_object_set_data (G_OBJECT (task), "duplicate", GINT_TO_POINTER (duplicate));
      g_task_return_pointer (task, g_steal_pointer (&summary), g_object_unref);
    }
  else if (error != NULL)
    g_task_return_error (task, error);
}

void
refract_library_import_async (RefractLibrary *self,
                              GFile *file,
                              GCancellable *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_return_if_fail (REFRACT_IS_LIBRARY (self));
  g_return_if_fail (G_IS_FILE (file));

  g_task_set_source_tag (task, refract_library_import_async);
  g_task_set_task_data (task, g_object_ref (file), g_object_unref);
  g_task_run_in_thread (task, import_thread);
}

RefractSummary *
refract_library_import_finish (RefractLibrary *self,
                               GAsyncResult *result,
                               gboolean *duplicate,
                               GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  if (duplicate != NULL)
    *duplicate = GPOINTER_TO_INT (g_object_get_data (G_OBJECT (result), "duplicate"));
  return refract_library_add_finish (self, result, error);
}

static void
load_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  GError *error = NULL;
  RefractReport *report = refract_report_load (data, &error);

  if (report != NULL)
    g_task_return_pointer (task, report, g_object_unref);
  else
    g_task_return_error (task, error);
}

void
refract_library_load_async (RefractLibrary *self,
                            RefractSummary *summary,
                            GCancellable *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_return_if_fail (REFRACT_IS_LIBRARY (self));
  g_return_if_fail (REFRACT_IS_SUMMARY (summary));

  g_task_set_source_tag (task, refract_library_load_async);
  g_task_set_task_data (task, g_strdup (refract_summary_get_path (summary)), g_free);
  g_task_run_in_thread (task, load_thread);
}

RefractReport *
refract_library_load_finish (RefractLibrary *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

GHashTable *
refract_library_read_notes (const char *folder, GError **error)
{
  g_autofree char *path = g_build_filename (folder, NOTES_NAME, NULL);
  g_autoptr (JsonObject) object = NULL;
  GHashTable *notes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  JsonArray *array;

  if (!g_file_test (path, G_FILE_TEST_EXISTS))
    return notes;
  object = refract_json_load_object (path, NOTES_MAX_BYTES, NULL);
  array = refract_json_get_array (object, "notes");
  if (array == NULL)
    {
      g_autofree char *aside = g_strconcat (path, ".unreadable", NULL);

      g_rename (path, aside);
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_REPORT,
                   "The notes on reports cannot be read. Their file was kept as “%s”.", aside);
      return notes;
    }
  for (guint i = 0; i < json_array_get_length (array); i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      JsonObject *entry = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;

      g_hash_table_replace (
          notes, g_strdup (refract_json_get_string (entry, "sha256", "")),
          refract_text_clean (refract_json_get_string (entry, "note", ""), REFRACT_NOTE_MAX));
    }
  return notes;
}

/* What one change of a note is, and how it is taken back. */
typedef struct
{
  RefractSummary *summary;
  char *before;
  char *path;
  JsonObject *notes;
  guint serial;
} NoteChange;

static void
note_change_free (gpointer data)
{
  NoteChange *self = data;

  g_object_unref (self->summary);
  g_free (self->before);
  g_free (self->path);
  json_object_unref (self->notes);
  g_free (self);
}

static void
note_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  static GMutex lock;
  static guint written;
  NoteChange *change = data;
  GError *error = NULL;
  gboolean done = TRUE;

  /* A later change holds this one as well and may have been faster. */
  g_mutex_lock (&lock);
  if (change->serial > written)
    done = refract_json_save_object (change->notes, change->path, &error);
  if (done)
    written = MAX (written, change->serial);
  g_mutex_unlock (&lock);

  if (done)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
put_note (RefractLibrary *self, RefractSummary *summary, const char *note)
{
  GHashTable *notes = refract_library_get_notes (self);
  const char *sha256 = refract_summary_get_sha256 (summary);

  if (*note != '\0')
    g_hash_table_replace (notes, g_strdup (sha256), g_strdup (note));
  else
    g_hash_table_remove (notes, sha256);
  refract_summary_set_note (summary, note);
}

static JsonObject *
make_notes (RefractLibrary *self)
{
  JsonObject *object = json_object_new ();
  JsonArray *array = json_array_new ();
  GHashTableIter iter;
  gpointer sha256, note;

  g_hash_table_iter_init (&iter, refract_library_get_notes (self));
  while (g_hash_table_iter_next (&iter, &sha256, &note))
    {
      JsonObject *entry = json_object_new ();

      json_object_set_string_member (entry, "sha256", sha256);
      json_object_set_string_member (entry, "note", note);
      json_array_add_object_element (array, entry);
    }
  json_object_set_array_member (object, "notes", array);
  return object;
}

void
refract_library_set_note_async (RefractLibrary *self,
                                RefractSummary *summary,
                                const char *note,
                                GAsyncReadyCallback callback,
                                gpointer user_data)
{
  static guint serial;
  g_autoptr (GTask) task = g_task_new (self, NULL, callback, user_data);
  g_autofree char *text = NULL;
  NoteChange *change;

  g_return_if_fail (REFRACT_IS_LIBRARY (self));
  g_return_if_fail (REFRACT_IS_SUMMARY (summary));

  g_task_set_source_tag (task, refract_library_set_note_async);
  text = refract_text_clean (note, REFRACT_NOTE_MAX);
  change = g_new0 (NoteChange, 1);
  change->summary = g_object_ref (summary);
  change->before = g_strdup (refract_summary_get_note (summary));
  change->path = g_build_filename (refract_library_get_folder (self), NOTES_NAME, NULL);
  change->serial = ++serial;
  put_note (self, summary, text);
  change->notes = make_notes (self);
  g_task_set_task_data (task, change, note_change_free);
  g_task_run_in_thread (task, note_thread);
}

gboolean
refract_library_set_note_finish (RefractLibrary *self, GAsyncResult *result, GError **error)
{
  NoteChange *change;

  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);

  if (g_task_propagate_boolean (G_TASK (result), error))
    return TRUE;
  change = g_task_get_task_data (G_TASK (result));
  put_note (self, change->summary, change->before);
  return FALSE;
}

static char *
make_trash_path (RefractLibrary *self, RefractSummary *summary)
{
  return g_build_filename (refract_library_get_folder (self), TRASH_NAME,
                           refract_summary_get_id (summary), NULL);
}

static gboolean
move (const char *from, const char *to, GError **error)
{
  g_autofree char *name = g_filename_display_basename (from);
  int saved_errno;

  if (g_rename (from, to) == 0)
    return TRUE;
  saved_errno = errno;
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
               "“%s” cannot be moved: %s. Is the folder of the reports writable?", name,
               g_strerror (saved_errno));
  return FALSE;
}

gboolean
refract_library_delete (RefractLibrary *self, RefractSummary *summary, GError **error)
{
  g_autofree char *trash = NULL;
  g_autofree char *path = NULL;

  g_return_val_if_fail (REFRACT_IS_LIBRARY (self), FALSE);
  g_return_val_if_fail (REFRACT_IS_SUMMARY (summary), FALSE);

  trash = g_build_filename (refract_library_get_folder (self), TRASH_NAME, NULL);
  path = make_trash_path (self, summary);
  g_mkdir_with_parents (trash, 0700); /* where it fails, so does the move, which says why */
  if (!move (refract_summary_get_path (summary), path, error))
    return FALSE;
  if (refract_library_lookup (self, refract_summary_get_id (summary)) == summary)
    refract_library_remove (self, summary);
  return TRUE;
}

gboolean
refract_library_restore (RefractLibrary *self, RefractSummary *summary, GError **error)
{
  g_autofree char *path = NULL;

  g_return_val_if_fail (REFRACT_IS_LIBRARY (self), FALSE);
  g_return_val_if_fail (REFRACT_IS_SUMMARY (summary), FALSE);

  path = make_trash_path (self, summary);
  if (g_file_test (refract_summary_get_path (summary), G_FILE_TEST_EXISTS))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
                   "Another file has taken the name of “%s”. Move that one away first.",
                   refract_summary_get_id (summary));
      return FALSE;
    }
  if (!move (path, refract_summary_get_path (summary), error))
    return FALSE;
  refract_library_insert (self, summary);
  return TRUE;
}

void
refract_library_purge (RefractLibrary *self, RefractSummary *summary)
{
  g_autofree char *path = NULL;

  g_return_if_fail (REFRACT_IS_LIBRARY (self));
  g_return_if_fail (REFRACT_IS_SUMMARY (summary));

  path = make_trash_path (self, summary);
  g_unlink (path);
}
