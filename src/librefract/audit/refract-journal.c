/* refract-journal.c
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
#include "backends/refract-backend.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

#define MAX_RUNS 16 /* of one identity at the same time */

struct _RefractJournal
{
  GObject parent_instance;

  char *folder;
  int fd;
  GHashTable *entries; /* key → JsonObject */
  guint n_found;
  RefractProgress *progress; /* of the run that records */
};

G_DEFINE_FINAL_TYPE (RefractJournal, refract_journal, G_TYPE_OBJECT)

static void
close_journal (RefractJournal *self)
{
  if (self->fd >= 0)
    close (self->fd);
  self->fd = -1;
}

static void
refract_journal_finalize (GObject *object)
{
  RefractJournal *self = REFRACT_JOURNAL (object);

  /* There is nothing to go on with. */
  if (self->fd >= 0 && g_hash_table_size (self->entries) == 0)
    refract_journal_remove_folder (self->folder);
  close_journal (self);
  g_clear_object (&self->progress);
  g_free (self->folder);
  g_hash_table_unref (self->entries);

  G_OBJECT_CLASS (refract_journal_parent_class)->finalize (object);
}

static void
refract_journal_class_init (RefractJournalClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = refract_journal_finalize;
}

static void
refract_journal_init (RefractJournal *self)
{
  self->fd = -1;
  self->entries
      = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) json_object_unref);
}

static void
remove_contents (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_unlink (path);
    }
}

gboolean
refract_journal_remove_folder (const char *folder)
{
  remove_contents (folder);
  return g_rmdir (folder) == 0 || errno == ENOENT;
}

G_LOCK_DEFINE_STATIC (runs_folder);
static char *runs_folder;

void
refract_journal_set_runs_folder (const char *folder)
{
  G_LOCK (runs_folder);
  g_free (runs_folder);
  runs_folder = folder != NULL && *folder != '\0' ? g_strdup (folder) : NULL;
  G_UNLOCK (runs_folder);
}

char *
refract_journal_dup_runs_folder (void)
{
  char *folder;

  G_LOCK (runs_folder);
  folder = g_strdup (runs_folder);
  G_UNLOCK (runs_folder);
  if (folder == NULL)
    folder = g_build_filename (g_get_user_state_dir (), "refract", "runs", NULL);
  return folder;
}

gboolean
refract_journal_lock (int fd)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

  return fcntl (fd, F_OFD_SETLK, &lock) == 0;
}

gboolean
refract_journal_is_locked (int fd)
{
  struct flock lock = { .l_type = F_WRLCK, .l_whence = SEEK_SET };

  return fcntl (fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

/* Reads what an earlier run has left, up to the last whole line, and cuts off a half-written one.
 */
static gboolean
load_entries (RefractJournal *self, const char *path, GError **error)
{
  g_autofree char *text = NULL;
  gsize length = 0, good = 0;

  if (!g_file_get_contents (path, &text, &length, error))
    return FALSE;

  while (good < length)
    {
      const char *line = text + good;
      const char *end = memchr (line, '\n', length - good);
      g_autoptr (JsonParser) parser = json_parser_new ();
      JsonObject *object, *value;
      const char *key;

      if (end == NULL || !json_parser_load_from_data (parser, line, end - line, NULL)
          || !JSON_NODE_HOLDS_OBJECT (json_parser_get_root (parser)))
        break;
      object = json_node_get_object (json_parser_get_root (parser));
      key = refract_json_get_string (object, "key", NULL);
      value = refract_json_get_object (object, "value");
      if (key == NULL || value == NULL)
        break;
      g_hash_table_replace (self->entries, g_strdup (key), json_object_ref (value));
      good = end - text + 1;
    }

  self->n_found = g_hash_table_size (self->entries);
  if (good < length && ftruncate (self->fd, good) != 0)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK, "Could not mend the journal %s: %s.",
                   path, g_strerror (errno));
      return FALSE;
    }
  return TRUE;
}

/* TRUE when the folder is ours now, FALSE when another run has it. */
static gboolean
take_folder (
    RefractJournal *self, const char *folder, gboolean fresh, gboolean *taken, GError **error)
{
  g_autofree char *path = g_build_filename (folder, REFRACT_JOURNAL_FILE, NULL);
  struct stat file;

  *taken = FALSE;
  if (g_mkdir_with_parents (folder, 0700) != 0
      || (self->fd = open (path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) < 0)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
                   "Could not write the run's journal %s: %s.", path, g_strerror (errno));
      return FALSE;
    }
  if (!refract_journal_lock (self->fd))
    {
      close_journal (self);
      return TRUE;
    }
  /* Deleted between opening and locking: this one is nobody's any more. */
  if (fstat (self->fd, &file) == 0 && file.st_nlink == 0)
    {
      close_journal (self);
      return take_folder (self, folder, fresh, taken, error);
    }

  *taken = TRUE;
  self->folder = g_strdup (folder);
  if (fresh)
    {
      remove_contents (folder);
      close_journal (self);
      g_clear_pointer (&self->folder, g_free);
      return take_folder (self, folder, FALSE, taken, error);
    }
  return load_entries (self, path, error);
}

RefractJournal *
refract_journal_open (JsonObject *identity, gboolean fresh, GError **error)
{
  g_autoptr (RefractJournal) self = g_object_new (REFRACT_TYPE_JOURNAL, NULL);
  g_autofree char *text = refract_json_to_text (identity, FALSE);
  g_autofree char *hash = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  g_autofree char *runs = NULL;

  g_return_val_if_fail (identity != NULL, NULL);

  hash[16] = '\0';
  runs = refract_journal_dup_runs_folder ();
  for (guint i = 0; i < MAX_RUNS; i++)
    {
      g_autofree char *name = i == 0 ? g_strdup (hash) : g_strdup_printf ("%s-%u", hash, i + 1);
      g_autofree char *folder = g_build_filename (runs, name, NULL);
      gboolean taken;

      if (!take_folder (self, folder, fresh, &taken, error))
        return NULL;
      if (taken)
        return g_steal_pointer (&self);
    }

  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
               "%d audits of this model are running already: wait for one of them to end.",
               MAX_RUNS);
  return NULL;
}

gboolean
refract_journal_begin (RefractJournal *self,
                       RefractPlan *plan,
                       RefractProgress *progress,
                       GError **error)
{
  g_autoptr (RefractPlan) own_plan = NULL;
  g_autoptr (JsonObject) object = NULL;
  g_autofree char *path = NULL;
  g_autofree char *text = NULL;
  g_autoptr (GError) own_error = NULL;

  g_return_val_if_fail (REFRACT_IS_JOURNAL (self), FALSE);

  g_set_object (&self->progress, progress);
  own_plan = refract_plan_copy (plan);
  refract_plan_make_paths_absolute (own_plan);
  object = refract_plan_to_json (own_plan, TRUE);
  text = refract_json_to_text (object, TRUE);
  path = g_build_filename (self->folder, REFRACT_JOURNAL_PLAN, NULL);
  if (!g_file_set_contents (path, text, -1, &own_error))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
                   "Could not write the plan into the run's journal: %s.", own_error->message);
      return FALSE;
    }
  return TRUE;
}

const char *
refract_journal_get_folder (RefractJournal *self)
{
  g_return_val_if_fail (REFRACT_IS_JOURNAL (self), NULL);

  return self->folder;
}

const char *
refract_journal_get_id (RefractJournal *self)
{
  g_return_val_if_fail (REFRACT_IS_JOURNAL (self), NULL);

  return strrchr (self->folder, G_DIR_SEPARATOR) + 1;
}

guint
refract_journal_get_n_found (RefractJournal *self)
{
  g_return_val_if_fail (REFRACT_IS_JOURNAL (self), 0);

  return self->n_found;
}

JsonObject *
refract_journal_lookup (RefractJournal *self, const char *key)
{
  g_return_val_if_fail (REFRACT_IS_JOURNAL (self), NULL);

  return g_hash_table_lookup (self->entries, key);
}

gboolean
refract_journal_record (RefractJournal *self, const char *key, JsonObject *value, GError **error)
{
  g_autoptr (JsonObject) line = json_object_new ();
  g_autofree char *json = NULL;
  g_autofree char *text = NULL;
  const char *rest;
  gsize left;

  g_return_val_if_fail (REFRACT_IS_JOURNAL (self), FALSE);

  /* First, so that refract_unfinished_list() need not read the value. */
  if (self->progress != NULL)
    refract_json_set_double (line, REFRACT_JOURNAL_PROGRESS,
                             refract_progress_get_fraction (self->progress));
  json_object_set_string_member (line, "key", key);
  json_object_set_object_member (line, "value", json_object_ref (value));
  json = refract_json_to_text (line, FALSE);
  text = g_strconcat (g_strchomp (json), "\n", NULL);

  rest = text;
  left = strlen (text);
  while (left > 0)
    {
      gssize n = write (self->fd, rest, left);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
                       "Could not write the run's journal in %s: %s. What was measured before is "
                       "kept; make room and start again to go on.",
                       self->folder, g_strerror (errno));
          return FALSE;
        }
      rest += n;
      left -= n;
    }

  g_hash_table_replace (self->entries, g_strdup (key), json_object_ref (value));
  return TRUE;
}

void
refract_journal_remove (RefractJournal *self)
{
  g_return_if_fail (REFRACT_IS_JOURNAL (self));

  refract_journal_remove_folder (self->folder);
  close_journal (self);
}

JsonObject *
refract_generation_to_json (const RefractGeneration *generation)
{
  JsonObject *object = json_object_new ();

  json_object_set_array_member (object, "ids", refract_json_array_from_id_array (generation->ids));
  json_object_set_string_member (object, "text", generation->text);
  json_object_set_string_member (object, "stop", refract_stop_get_name (generation->stop));
  json_object_set_int_member (object, "n_prompt", generation->n_prompt);
  refract_json_set_double (object, "prompt_ms", generation->prompt_ms);
  refract_json_set_double (object, "predicted_ms", generation->predicted_ms);

  return object;
}

RefractGeneration *
refract_generation_from_json (JsonObject *object)
{
  JsonArray *ids = refract_json_get_array (object, "ids");
  const char *text = refract_json_get_string (object, "text", NULL);
  const char *stop = refract_json_get_string (object, "stop", NULL);
  g_autoptr (GArray) own_ids = ids != NULL ? refract_json_array_to_ids (ids) : NULL;
  RefractGeneration *generation;

  if (own_ids == NULL || text == NULL || stop == NULL)
    return NULL;

  generation = g_new0 (RefractGeneration, 1);
  generation->ids = g_steal_pointer (&own_ids);
  generation->text = g_strdup (text);
  generation->stop = g_str_equal (stop, refract_stop_get_name (REFRACT_STOP_EOS))
                         ? REFRACT_STOP_EOS
                         : REFRACT_STOP_LIMIT;
  generation->n_prompt = refract_json_get_int (object, "n_prompt", 0);
  generation->prompt_ms = refract_json_get_double (object, "prompt_ms", 0);
  generation->predicted_ms = refract_json_get_double (object, "predicted_ms", 0);
  return generation;
}

JsonObject *
refract_kv_in_use_to_json (const RefractKvInUse *kv)
{
  JsonObject *object = json_object_new ();

  json_object_set_int_member (object, "evidence", kv->evidence);
  refract_json_set_string_or_null (object, "type_k", kv->type_k);
  refract_json_set_string_or_null (object, "type_v", kv->type_v);
  json_object_set_int_member (object, "rotation_k", kv->rotation_k);
  json_object_set_int_member (object, "rotation_v", kv->rotation_v);
  refract_json_set_double (object, "buffer_mib", kv->buffer_mib);
  json_object_set_int_member (object, "n_cells", kv->n_cells);
  json_object_set_int_member (object, "n_layers", kv->n_layers);
  json_object_set_int_member (object, "n_layers_quantized", kv->n_layers_quantized);
  refract_json_set_string_or_null (object, "note", kv->note);

  return object;
}

RefractKvInUse *
refract_kv_in_use_from_json (JsonObject *object)
{
  RefractKvInUse *kv = refract_kv_in_use_new ();

  kv->evidence = CLAMP (refract_json_get_int (object, "evidence", 0), REFRACT_EVIDENCE_NONE,
                        REFRACT_EVIDENCE_PROVED);
  kv->type_k = g_strdup (refract_json_get_string (object, "type_k", NULL));
  kv->type_v = g_strdup (refract_json_get_string (object, "type_v", NULL));
  kv->rotation_k = refract_json_get_int (object, "rotation_k", -1);
  kv->rotation_v = refract_json_get_int (object, "rotation_v", -1);
  kv->buffer_mib = refract_json_get_double (object, "buffer_mib", -1);
  kv->n_cells = refract_json_get_int (object, "n_cells", 0);
  kv->n_layers = refract_json_get_int (object, "n_layers", 0);
  kv->n_layers_quantized = refract_json_get_int (object, "n_layers_quantized", 0);
  kv->note = g_strdup (refract_json_get_string (object, "note", NULL));
  return kv;
}

char *
refract_request_dup_hash (const RefractRequest *request)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint32 n_predict = GUINT32_TO_LE (request->n_predict);

  for (guint i = 0; i < request->ids->len; i++)
    {
      guint32 id = GUINT32_TO_LE ((guint32) g_array_index (request->ids, gint32, i));

      g_checksum_update (checksum, (const guchar *) &id, sizeof id);
    }
  g_checksum_update (checksum, (const guchar *) &n_predict, sizeof n_predict);

  return g_strdup (g_checksum_get_string (checksum));
}
