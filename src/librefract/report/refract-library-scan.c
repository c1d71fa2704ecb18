/* refract-library-scan.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "core/refract-json-scan.h"
#include "core/refract-json.h"
#include "report/refract-library-private.h"

#define INDEX_NAME ".index.jsonl"
#define INDEX_VERSION 1
#define BATCH_FIRST 40 /* a screenful, so that something is seen at once */
#define BATCH_LENGTH 250
#define BATCH_TIME_US (100 * G_TIME_SPAN_MILLISECOND)
#define N_READERS 2

/* What is handed from the scanning thread to the library's. */
typedef struct
{
  GMutex lock;
  GQueue batches; /* RefractLibraryBatch */
  gboolean attached;
  GMainContext *context;
  GWeakRef library;
  RefractLibraryApply apply;
} Feed;

typedef struct
{
  Feed *feed;
  char *folder;
  GHashTable *known;
  gboolean is_first;
  RefractLibraryBatch *batch;
  gint64 batch_begun;
  guint n_sent;
  gboolean stale;

  GPtrArray *wanted; /* Entry, not owned: to be read, newest first */
  GCancellable *cancellable;
  GMutex lock; /* of what the readers share: the batch and n_read */
  guint n_read;
} Scan;

/* A file in the folder, before it is read. */
typedef struct
{
  char *name;
  gint64 modified;
  gint64 size;
} Entry;

static RefractLibraryBatch *
batch_new (void)
{
  RefractLibraryBatch *self = g_new0 (RefractLibraryBatch, 1);

  self->added = g_ptr_array_new_with_free_func (g_object_unref);
  self->removed = g_ptr_array_new_with_free_func (g_object_unref);
  return self;
}

static void
batch_free (RefractLibraryBatch *self)
{
  g_ptr_array_unref (self->added);
  g_ptr_array_unref (self->removed);
  g_clear_error (&self->error);
  g_free (self);
}

static void
feed_clear (gpointer data)
{
  Feed *self = data;
  RefractLibraryBatch *batch;

  while ((batch = g_queue_pop_head (&self->batches)) != NULL)
    batch_free (batch);
  g_weak_ref_clear (&self->library);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
}

static void
feed_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, feed_clear);
}

static void
entry_free (gpointer data)
{
  Entry *self = data;

  g_free (self->name);
  g_free (self);
}

static void
scan_free (gpointer data)
{
  Scan *self = data;

  feed_unref (self->feed);
  g_free (self->folder);
  g_hash_table_unref (self->known);
  g_clear_pointer (&self->batch, batch_free);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* One batch per iteration, so that frames are drawn in between. */
static gboolean
feed_dispatch (gpointer data)
{
  Feed *feed = data;
  g_autoptr (RefractLibrary) library = g_weak_ref_get (&feed->library);
  RefractLibraryBatch *batch;
  gboolean more;

  g_mutex_lock (&feed->lock);
  batch = g_queue_pop_head (&feed->batches);
  more = !g_queue_is_empty (&feed->batches);
  feed->attached = more;
  g_mutex_unlock (&feed->lock);

  if (batch != NULL && library != NULL)
    feed->apply (library, batch);
  g_clear_pointer (&batch, batch_free);
  return more ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static int
compare_summaries (gconstpointer a, gconstpointer b)
{
  return refract_summary_compare (*(RefractSummary *const *) a, *(RefractSummary *const *) b);
}

static void
send_batch (Scan *self)
{
  Feed *feed = self->feed;
  RefractLibraryBatch *batch = self->batch;

  g_ptr_array_sort (batch->added, compare_summaries);
  self->batch = batch_new ();
  self->batch_begun = g_get_monotonic_time ();
  self->n_sent++;

  g_mutex_lock (&feed->lock);
  g_queue_push_tail (&feed->batches, batch);
  if (!feed->attached)
    {
      g_autoptr (GSource) source = g_idle_source_new ();

      feed->attached = TRUE;
      g_source_set_callback (source, feed_dispatch, g_atomic_rc_box_acquire (feed), feed_unref);
      g_source_attach (source, feed->context);
    }
  g_mutex_unlock (&feed->lock);
}

static void
add_summary (Scan *self, RefractSummary *summary)
{
  g_ptr_array_add (self->batch->added, summary);
  if (self->batch->added->len >= (self->n_sent == 0 ? BATCH_FIRST : BATCH_LENGTH)
      || g_get_monotonic_time () - self->batch_begun > BATCH_TIME_US)
    send_batch (self);
}

gboolean
refract_library_is_report_name (const char *name)
{
  return name[0] != '.' && g_str_has_suffix (name, ".json") && strchr (name, '/') == NULL;
}

char *
refract_library_hash (const char *text, gsize length)
{
  return g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) text, length);
}

static gboolean
stat_file (const char *path, gint64 *modified, gint64 *size)
{
  struct stat info;

  if (stat (path, &info) != 0)
    return FALSE;
  *modified = (gint64) info.st_mtim.tv_sec * G_USEC_PER_SEC + info.st_mtim.tv_nsec / 1000;
  *size = info.st_size;
  return TRUE;
}

RefractSummary *
refract_library_read_file (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractReport) report = NULL;
  g_autofree char *text = NULL;
  g_autofree char *sha256 = NULL;
  gint64 modified, size;
  gsize length;

  /* Before it is read: what changes meanwhile is read again. */
  if (!stat_file (path, &modified, &size))
    return NULL;
  text = refract_json_read_text (path, REFRACT_JSON_MAX_BYTES, &length, &error);
  if (text != NULL)
    {
      sha256 = refract_library_hash (text, length);
      report = refract_report_new_from_text_partly (text, length, REFRACT_REPORT_SUMMARY, &error);
    }
  return refract_summary_new (path, modified, size, sha256, report,
                              report == NULL ? error->message : NULL);
}

static int
compare_entries (gconstpointer a, gconstpointer b)
{
  const Entry *x = *(const Entry *const *) a;
  const Entry *y = *(const Entry *const *) b;

  return x->modified != y->modified ? (x->modified > y->modified ? -1 : 1)
                                    : strcmp (x->name, y->name);
}

/* (nullable): newest first */
static GPtrArray *
list_folder (const char *folder, GError **error)
{
  g_autoptr (GPtrArray) entries = NULL;
  g_autoptr (GDir) dir = NULL;
  g_autoptr (GError) local_error = NULL;
  const char *name;

  dir = g_dir_open (folder, 0, &local_error);
  if (dir == NULL)
    {
      g_autofree char *display = g_filename_display_name (folder);

      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
                   "The folder of the reports, “%s”, cannot be read. Make it readable, or make a "
                   "new one.",
                   display);
      return NULL;
    }
  entries = g_ptr_array_new_with_free_func (entry_free);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      gint64 modified, size;

      /* A name that is no UTF-8 can be in no list and no index. */
      if (refract_library_is_report_name (name) && g_utf8_validate (name, -1, NULL)
          && stat_file (path, &modified, &size))
        {
          Entry *entry = g_new (Entry, 1);

          *entry = (Entry) { g_strdup (name), modified, size };
          g_ptr_array_add (entries, entry);
        }
    }
  g_ptr_array_sort (entries, compare_entries);
  return g_steal_pointer (&entries);
}

/* The lines of the index as far as they hold; a broken one only costs reading that report. */
static void
read_index (Scan *self, GHashTable *entries)
{
  g_autofree char *path = g_build_filename (self->folder, INDEX_NAME, NULL);
  g_autofree char *text = NULL;
  gsize length;
  char *end;
  gboolean is_head = TRUE;

  text = refract_json_read_text (path, REFRACT_JSON_MAX_BYTES, &length, NULL);
  for (char *line = text; line != NULL && (end = strchr (line, '\n')) != NULL; line = end + 1)
    {
      g_autoptr (JsonObject) object = refract_json_parse_object (line, end - line, NULL);
      g_autoptr (RefractSummary) summary = NULL;
      Entry *entry;

      if (is_head && refract_json_get_int (object, "index", 0) != INDEX_VERSION)
        return;
      if (!is_head && object != NULL)
        summary = refract_summary_new_from_json (self->folder, object);
      is_head = FALSE;
      if (summary == NULL)
        continue;

      entry = g_hash_table_lookup (entries, refract_summary_get_id (summary));
      if (entry == NULL || entry->modified != refract_summary_get_modified (summary)
          || entry->size != refract_summary_get_size (summary)
          || g_hash_table_contains (self->known, refract_summary_get_id (summary)))
        {
          self->stale = TRUE;
          continue;
        }
      g_hash_table_insert (self->known, (gpointer) refract_summary_get_id (summary),
                           g_object_ref (summary));
      add_summary (self, g_steal_pointer (&summary));
    }
}

static void
find_gone (Scan *self, GHashTable *entries)
{
  GHashTableIter iter;
  gpointer id, summary;

  g_hash_table_iter_init (&iter, self->known);
  while (g_hash_table_iter_next (&iter, &id, &summary))
    if (!g_hash_table_contains (entries, id))
      {
        g_ptr_array_add (self->batch->removed, g_object_ref (summary));
        self->stale = TRUE;
      }
}

static void
empty_trash (const char *folder)
{
  g_autofree char *path = g_build_filename (folder, ".trash", NULL);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *file = g_build_filename (path, name, NULL);

      g_unlink (file);
    }
}

/* One of the threads that read what is wanted. */
static gpointer
read_wanted (gpointer data)
{
  Scan *self = data;

  g_mutex_lock (&self->lock);
  while (self->n_read < self->wanted->len && !g_cancellable_is_cancelled (self->cancellable))
    {
      Entry *entry = g_ptr_array_index (self->wanted, self->n_read++);
      g_autofree char *path = g_build_filename (self->folder, entry->name, NULL);
      RefractSummary *summary;

      g_mutex_unlock (&self->lock);
      summary = refract_library_read_file (path);
      g_mutex_lock (&self->lock);
      if (summary != NULL)
        add_summary (self, summary);
    }
  g_mutex_unlock (&self->lock);
  return NULL;
}

static void
read_in_threads (Scan *self)
{
  GThread *helpers[N_READERS - 1];
  guint n_helpers;

  if (self->wanted->len == 0)
    return;
  n_helpers = MIN (N_READERS, self->wanted->len) - 1;
  for (guint i = 0; i < n_helpers; i++)
    helpers[i] = g_thread_new ("library", read_wanted, self);
  read_wanted (self);
  for (guint i = 0; i < n_helpers; i++)
    g_thread_join (helpers[i]);
}

static void
scan_folder (Scan *self)
{
  g_autoptr (GPtrArray) entries = NULL;
  g_autoptr (GPtrArray) wanted = g_ptr_array_new ();
  g_autoptr (GHashTable) by_name = g_hash_table_new (g_str_hash, g_str_equal);

  if (self->is_first)
    empty_trash (self->folder);
  entries = list_folder (self->folder, &self->batch->error);
  if (entries == NULL)
    return;
  for (guint i = 0; i < entries->len; i++)
    {
      Entry *entry = g_ptr_array_index (entries, i);

      g_hash_table_insert (by_name, entry->name, entry);
    }
  if (self->is_first)
    read_index (self, by_name);
  find_gone (self, by_name);

  for (guint i = 0; i < entries->len; i++)
    {
      Entry *entry = g_ptr_array_index (entries, i);
      RefractSummary *known = g_hash_table_lookup (self->known, entry->name);

      if (known == NULL || refract_summary_get_modified (known) != entry->modified
          || refract_summary_get_size (known) != entry->size)
        g_ptr_array_add (wanted, entry);
    }
  self->stale |= wanted->len > 0;
  self->wanted = wanted;
  read_in_threads (self);
}

static void
scan_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  Scan *self = data;

  self->cancellable = cancellable;
  scan_folder (self);
  self->batch->last = TRUE;
  self->batch->stale = self->stale;
  send_batch (self);
  g_task_return_boolean (task, TRUE);
}

void
refract_library_scan (RefractLibrary *library,
                      GHashTable *known,
                      gboolean is_first,
                      GCancellable *cancellable,
                      RefractLibraryApply apply)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, NULL, NULL);
  Scan *self = g_new0 (Scan, 1);
  Feed *feed = g_atomic_rc_box_new0 (Feed);

  g_mutex_init (&feed->lock);
  g_weak_ref_init (&feed->library, library);
  feed->context = g_main_context_ref_thread_default ();
  feed->apply = apply;

  self->feed = feed;
  self->folder = g_strdup (refract_library_get_folder (library));
  self->known = known;
  self->is_first = is_first;
  self->batch = batch_new ();
  self->batch_begun = g_get_monotonic_time ();
  g_mutex_init (&self->lock);
  g_task_set_source_tag (task, refract_library_scan);
  g_task_set_task_data (task, self, scan_free);
  g_task_run_in_thread (task, scan_thread);
}

gboolean
refract_library_write_index (const char *folder, GPtrArray *summaries, GError **error)
{
  g_autofree char *path = g_build_filename (folder, INDEX_NAME, NULL);
  g_autoptr (GString) text = g_string_new (NULL);

  g_string_append_printf (text, "{\"index\":%d}\n", INDEX_VERSION);
  for (guint i = 0; i < summaries->len; i++)
    {
      g_autoptr (JsonObject) object = refract_summary_to_json (g_ptr_array_index (summaries, i));
      g_autofree char *line = refract_json_to_text (object, FALSE);

      g_string_append (text, line);
    }
  return refract_json_save_text (text->str, text->len, path, error);
}
