/* refract-library.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "core/refract-error.h"
#include "report/refract-library-private.h"

#define REFRESH_DELAY_MS 150
#define INDEX_DELAY_MS 1000

struct _RefractLibrary
{
  GObject parent_instance;

  char *folder;
  GPtrArray *items;
  GHashTable *by_id;
  GHashTable *notes;
  GFileMonitor *monitor;
  GCancellable *cancellable;
  GError *first_error;
  guint refresh_source;
  guint index_source;

  GMutex lock;
  GHashTable *hashes; /* guarded by lock */

  guint loading : 1;
  guint scanning : 1;
  guint scan_again : 1;
  guint index_writing : 1;
};

enum
{
  PROP_0,
  PROP_FOLDER,
  PROP_LOADING,
  N_PROPS
};

static void refract_library_model_init (GListModelInterface *interface);

G_DEFINE_FINAL_TYPE_WITH_CODE (RefractLibrary,
                               refract_library,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      refract_library_model_init))

static GParamSpec *properties[N_PROPS];
static guint problem_signal;

static GType
refract_library_get_item_type (GListModel *model)
{
  return REFRACT_TYPE_SUMMARY;
}

static guint
refract_library_get_n_items (GListModel *model)
{
  return REFRACT_LIBRARY (model)->items->len;
}

static gpointer
refract_library_get_item (GListModel *model, guint position)
{
  RefractLibrary *self = REFRACT_LIBRARY (model);

  return position < self->items->len ? g_object_ref (g_ptr_array_index (self->items, position))
                                     : NULL;
}

static void
refract_library_model_init (GListModelInterface *interface)
{
  interface->get_item_type = refract_library_get_item_type;
  interface->get_n_items = refract_library_get_n_items;
  interface->get_item = refract_library_get_item;
}

/* The position of @summary, or where it belongs. */
static guint
find_position (RefractLibrary *self, RefractSummary *summary)
{
  guint low = 0;
  guint high = self->items->len;

  while (low < high)
    {
      guint middle = (low + high) / 2;

      if (refract_summary_compare (g_ptr_array_index (self->items, middle), summary) < 0)
        low = middle + 1;
      else
        high = middle;
    }
  return low;
}

static void
write_index_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const char *folder = g_object_get_data (G_OBJECT (task), "folder");
  g_autoptr (GError) error = NULL;

  if (refract_library_write_index (folder, data, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static void queue_index (RefractLibrary *self);

static void
write_index_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RefractLibrary *self = REFRACT_LIBRARY (source);
  g_autoptr (GError) error = NULL;

  self->index_writing = FALSE;
  /* Nobody has to know: the next start reads the reports instead. */
  if (!g_task_propagate_boolean (G_TASK (result), &error))
    g_info ("%s", error->message);
}

static gboolean
index_timeout_cb (gpointer user_data)
{
  RefractLibrary *self = user_data;
  g_autoptr (GTask) task = NULL;
  GPtrArray *copy;

  if (self->index_writing)
    return G_SOURCE_CONTINUE;

  self->index_source = 0;
  self->index_writing = TRUE;
  copy = g_ptr_array_copy (self->items, (GCopyFunc) (void *) g_object_ref, NULL);
  g_ptr_array_set_free_func (copy, g_object_unref);
  task = g_task_new (self, NULL, write_index_cb, NULL);
  g_task_set_source_tag (task, index_timeout_cb);
  g_object_set_data_full (G_OBJECT (task), "folder", g_strdup (self->folder), g_free);
  g_task_set_task_data (task, copy, (GDestroyNotify) g_ptr_array_unref);
  g_task_run_in_thread (task, write_index_thread);
  return G_SOURCE_REMOVE;
}

static void
queue_index (RefractLibrary *self)
{
  if (self->index_source == 0 && !self->loading)
    self->index_source = g_timeout_add (INDEX_DELAY_MS, index_timeout_cb, self);
}

/* Fills in what belongs to the library's thread before @summary is listed. */
static void
adopt (RefractLibrary *self, RefractSummary *summary)
{
  const char *sha256 = refract_summary_get_sha256 (summary);
  const char *note = g_hash_table_lookup (self->notes, sha256);

  refract_summary_set_note (summary, note != NULL ? note : "");
  g_hash_table_replace (self->by_id, (gpointer) refract_summary_get_id (summary), summary);
  if (refract_summary_get_error (summary) == NULL && *sha256 != '\0')
    {
      g_hash_table_replace (refract_library_lock (self), g_strdup (sha256),
                            g_strdup (refract_summary_get_id (summary)));
      refract_library_unlock (self);
    }
}

/* @summaries: sorted, none of them listed; one signal for each run of neighbours */
static void
insert_sorted (RefractLibrary *self, GPtrArray *summaries)
{
  for (guint i = 0; i < summaries->len;)
    {
      guint position = find_position (self, g_ptr_array_index (summaries, i));
      RefractSummary *next
          = position < self->items->len ? g_ptr_array_index (self->items, position) : NULL;
      guint n = 0;

      while (i + n < summaries->len
             && (n == 0 || next == NULL
                 || refract_summary_compare (g_ptr_array_index (summaries, i + n), next) < 0))
        {
          RefractSummary *summary = g_ptr_array_index (summaries, i + n);

          adopt (self, summary);
          g_ptr_array_insert (self->items, position + n, g_object_ref (summary));
          n++;
        }
      g_list_model_items_changed (G_LIST_MODEL (self), position, 0, n);
      i += n;
    }
}

static gboolean
is_same_file (RefractSummary *a, RefractSummary *b)
{
  return refract_summary_get_modified (a) == refract_summary_get_modified (b)
         && refract_summary_get_size (a) == refract_summary_get_size (b);
}

RefractSummary *
refract_library_insert (RefractLibrary *self, RefractSummary *summary)
{
  g_autoptr (GPtrArray) one = g_ptr_array_new ();
  RefractSummary *listed = refract_library_lookup (self, refract_summary_get_id (summary));

  if (listed != NULL)
    return listed;
  g_ptr_array_add (one, summary);
  insert_sorted (self, one);
  queue_index (self);
  return summary;
}

void
refract_library_remove (RefractLibrary *self, RefractSummary *summary)
{
  g_autoptr (RefractSummary) kept = g_object_ref (summary);
  guint position = find_position (self, summary);
  GHashTable *hashes;

  g_return_if_fail (position < self->items->len
                    && g_ptr_array_index (self->items, position) == summary);

  g_hash_table_remove (self->by_id, refract_summary_get_id (summary));
  hashes = refract_library_lock (self);
  if (g_strcmp0 (g_hash_table_lookup (hashes, refract_summary_get_sha256 (summary)),
                 refract_summary_get_id (summary))
      == 0)
    g_hash_table_remove (hashes, refract_summary_get_sha256 (summary));
  refract_library_unlock (self);
  g_ptr_array_remove_index (self->items, position);
  g_list_model_items_changed (G_LIST_MODEL (self), position, 1, 0);
  queue_index (self);
}

static void start_scan (RefractLibrary *self, gboolean is_first);

static void
finish_scan (RefractLibrary *self, RefractLibraryBatch *batch)
{
  self->scanning = FALSE;
  if (self->loading)
    {
      self->loading = FALSE;
      g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_LOADING]);
      if (self->first_error != NULL)
        g_signal_emit (self, problem_signal, 0, self->first_error);
      g_clear_error (&self->first_error);
    }
  if (batch->error != NULL)
    g_signal_emit (self, problem_signal, 0, batch->error);
  if (batch->stale)
    queue_index (self);
  if (self->scan_again)
    start_scan (self, FALSE);
}

static void
apply_batch (RefractLibrary *self, RefractLibraryBatch *batch)
{
  g_autoptr (GPtrArray) fresh = g_ptr_array_new ();

  for (guint i = 0; i < batch->removed->len; i++)
    {
      RefractSummary *summary = g_ptr_array_index (batch->removed, i);

      /* It may have been replaced since the scan began. */
      if (refract_library_lookup (self, refract_summary_get_id (summary)) == summary)
        refract_library_remove (self, summary);
    }
  for (guint i = 0; i < batch->added->len; i++)
    {
      RefractSummary *summary = g_ptr_array_index (batch->added, i);
      RefractSummary *listed = refract_library_lookup (self, refract_summary_get_id (summary));

      if (listed != NULL && is_same_file (listed, summary))
        continue;
      if (listed != NULL)
        refract_library_remove (self, listed);
      g_ptr_array_add (fresh, summary);
    }
  insert_sorted (self, fresh);
  if (batch->last)
    finish_scan (self, batch);
}

static void
start_scan (RefractLibrary *self, gboolean is_first)
{
  GHashTable *known = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, g_object_unref);

  self->scanning = TRUE;
  self->scan_again = FALSE;
  for (guint i = 0; i < self->items->len; i++)
    {
      RefractSummary *summary = g_ptr_array_index (self->items, i);

      g_hash_table_insert (known, (gpointer) refract_summary_get_id (summary),
                           g_object_ref (summary));
    }
  refract_library_scan (self, known, is_first, self->cancellable, apply_batch);
}

static gboolean
refresh_timeout_cb (gpointer user_data)
{
  RefractLibrary *self = user_data;

  self->refresh_source = 0;
  if (self->scanning)
    self->scan_again = TRUE;
  else
    start_scan (self, FALSE);
  return G_SOURCE_REMOVE;
}

static gboolean
first_scan_cb (gpointer user_data)
{
  RefractLibrary *self = user_data;

  self->refresh_source = 0;
  start_scan (self, TRUE);
  return G_SOURCE_REMOVE;
}

static gboolean
is_hidden (GFile *file)
{
  g_autofree char *name = file != NULL ? g_file_get_basename (file) : NULL;

  return name == NULL || name[0] == '.';
}

/* One scan for many events: they come in bursts, and some may be lost. */
static void
changed_cb (RefractLibrary *self, GFile *file, GFile *other, GFileMonitorEvent event)
{
  if (is_hidden (file) && is_hidden (other))
    return;
  if (self->refresh_source == 0)
    self->refresh_source = g_timeout_add (REFRESH_DELAY_MS, refresh_timeout_cb, self);
}

static void
refract_library_constructed (GObject *object)
{
  RefractLibrary *self = REFRACT_LIBRARY (object);
  g_autoptr (GFile) file = NULL;

  G_OBJECT_CLASS (refract_library_parent_class)->constructed (object);

  if (self->folder == NULL)
    self->folder = g_build_filename (g_get_user_data_dir (), "refract", "reports", NULL);
  if (g_mkdir_with_parents (self->folder, 0700) != 0)
    {
      int saved_errno = errno;
      g_autofree char *name = g_filename_display_name (self->folder);

      self->first_error = g_error_new (
          REFRACT_ERROR, REFRACT_ERROR_DISK,
          "The folder of the reports, “%s”, cannot be made: %s. No report can be kept there.", name,
          g_strerror (saved_errno));
    }
  self->notes = refract_library_read_notes (self->folder,
                                            self->first_error == NULL ? &self->first_error : NULL);

  file = g_file_new_for_path (self->folder);
  self->monitor = g_file_monitor_directory (file, G_FILE_MONITOR_WATCH_MOVES, NULL,
                                            self->first_error == NULL ? &self->first_error : NULL);
  if (self->monitor != NULL)
    g_signal_connect_object (self->monitor, "changed", G_CALLBACK (changed_cb), self,
                             G_CONNECT_SWAPPED);
  /* When nothing else is to be done: a window that opens has the processor to itself. */
  self->refresh_source = g_idle_add_full (G_PRIORITY_LOW, first_scan_cb, self, NULL);
}

static void
refract_library_dispose (GObject *object)
{
  RefractLibrary *self = REFRACT_LIBRARY (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_handle_id (&self->refresh_source, g_source_remove);
  g_clear_handle_id (&self->index_source, g_source_remove);
  g_clear_object (&self->monitor);

  G_OBJECT_CLASS (refract_library_parent_class)->dispose (object);
}

static void
refract_library_finalize (GObject *object)
{
  RefractLibrary *self = REFRACT_LIBRARY (object);

  g_clear_object (&self->cancellable);
  g_clear_error (&self->first_error);
  g_hash_table_unref (self->by_id);
  g_hash_table_unref (self->notes);
  g_hash_table_unref (self->hashes);
  g_ptr_array_unref (self->items);
  g_mutex_clear (&self->lock);
  g_free (self->folder);

  G_OBJECT_CLASS (refract_library_parent_class)->finalize (object);
}

static void
refract_library_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  RefractLibrary *self = REFRACT_LIBRARY (object);

  switch (prop_id)
    {
    case PROP_FOLDER:
      g_value_set_string (value, self->folder);
      break;
    case PROP_LOADING:
      g_value_set_boolean (value, self->loading);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
refract_library_set_property (GObject *object,
                              guint prop_id,
                              const GValue *value,
                              GParamSpec *pspec)
{
  RefractLibrary *self = REFRACT_LIBRARY (object);

  switch (prop_id)
    {
    case PROP_FOLDER:
      self->folder = g_value_dup_string (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
refract_library_class_init (RefractLibraryClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = refract_library_constructed;
  object_class->dispose = refract_library_dispose;
  object_class->finalize = refract_library_finalize;
  object_class->get_property = refract_library_get_property;
  object_class->set_property = refract_library_set_property;

  properties[PROP_FOLDER]
      = g_param_spec_string ("folder", NULL, NULL, NULL,
                             G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);
  properties[PROP_LOADING]
      = g_param_spec_boolean ("loading", NULL, NULL, TRUE,
                              G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);
  problem_signal
      = g_signal_new ("problem", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                      G_TYPE_NONE, 1, G_TYPE_ERROR | G_SIGNAL_TYPE_STATIC_SCOPE);
}

static void
refract_library_init (RefractLibrary *self)
{
  self->items = g_ptr_array_new_with_free_func (g_object_unref);
  self->by_id = g_hash_table_new (g_str_hash, g_str_equal);
  self->hashes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  self->cancellable = g_cancellable_new ();
  self->loading = TRUE;
  g_mutex_init (&self->lock);
}

RefractLibrary *
refract_library_new (const char *folder)
{
  return g_object_new (REFRACT_TYPE_LIBRARY, "folder", folder, NULL);
}

const char *
refract_library_get_folder (RefractLibrary *self)
{
  g_return_val_if_fail (REFRACT_IS_LIBRARY (self), NULL);

  return self->folder;
}

gboolean
refract_library_is_loading (RefractLibrary *self)
{
  g_return_val_if_fail (REFRACT_IS_LIBRARY (self), FALSE);

  return self->loading;
}

RefractSummary *
refract_library_lookup (RefractLibrary *self, const char *id)
{
  g_return_val_if_fail (REFRACT_IS_LIBRARY (self), NULL);
  g_return_val_if_fail (id != NULL, NULL);

  return g_hash_table_lookup (self->by_id, id);
}

GHashTable *
refract_library_get_notes (RefractLibrary *self)
{
  return self->notes;
}

GHashTable *
refract_library_lock (RefractLibrary *self)
{
  g_mutex_lock (&self->lock);
  return self->hashes;
}

void
refract_library_unlock (RefractLibrary *self)
{
  g_mutex_unlock (&self->lock);
}
