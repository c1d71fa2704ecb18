/* refract-leaderboard.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "core/refract-error.h"
#include "core/refract-json.h"
#include "core/refract-text.h"
#include "core/refract-translate.h"
#include "report/refract-leaderboard.h"
#include "report/refract-report-text.h"

#define MAX_DEPTH 4
#define MAX_FILES 100000

const char refract_leaderboard_disclaimer[] = N_ (
    "This ranks how faithfully a KV cache configuration preserves a model's own f16 behaviour. "
    "It "
    "is not a ranking of models: a high score does not mean that the model is good, a low one "
    "not "
    "that it is bad. It says nothing about the quality of answers, code or reasoning, tool use, "
    "hallucination, safety, speed or your workload.");

/* What one row is made from. */
typedef struct
{
  RefractReport *report;
  char *model;
  char *candidate;
  const char *version;
  const char *engine;
  double composite;
  gboolean is_control;
} Entry;

static void
entry_free (gpointer data)
{
  Entry *entry = data;

  g_free (entry->model);
  g_free (entry->candidate);
  g_free (entry);
}

static Entry *
entry_new (RefractReport *report)
{
  JsonObject *root = refract_report_get_root (report);
  Entry *entry = g_new0 (Entry, 1);
  const char *schema = refract_json_get_string (root, "schema", "");

  entry->report = report;
  entry->model = refract_report_dup_model_name (report);
  entry->candidate = refract_report_dup_candidate_label (report);
  /* Old layouts carry the version in the schema's name only. */
  entry->version = refract_json_get_string (
      root, "framework_version",
      g_str_has_prefix (schema, "refract.report.v") ? schema + strlen ("refract.report.v") : "?");
  entry->engine = refract_report_get_engine_name (report);
  entry->composite = refract_report_get_composite (report);
  entry->is_control
      = refract_json_get_boolean (refract_report_get_extension (report), "is_control", FALSE);
  return entry;
}

static gboolean
has_low_confidence (RefractReport *report)
{
  static const RefractAxisId axes[] = { REFRACT_AXIS_RNIAH, REFRACT_AXIS_PLAD };

  for (guint i = 0; i < G_N_ELEMENTS (axes); i++)
    if (g_str_equal (
            refract_json_get_string (refract_report_get_axis (report, axes[i]), "confidence", ""),
            "low"))
      return TRUE;
  return FALSE;
}

/* (nullable): why the report is left out */
static const char *
why_not (const Entry *entry, const RefractLeaderboardOptions *options)
{
  JsonObject *comparable
      = refract_json_get_object (refract_report_get_extension (entry->report), "comparable");

  if (isnan (entry->composite))
    return N_ ("without a composite");
  if (g_str_has_prefix (entry->version, "0.1"))
    return N_ ("of methodology 0.1, which compared re-tokenised text");
  if (options->version != NULL && !g_str_has_prefix (entry->version, options->version))
    return N_ ("of another version of the methodology");
  if (options->comparable && !refract_json_get_boolean (comparable, "refract_0_3", FALSE))
    return N_ ("not comparable with published REFRACT 0.3 results");
  if (!options->low_confidence && has_low_confidence (entry->report))
    return N_ ("of low confidence");
  return NULL;
}

static const char *
get_timestamp (const Entry *entry)
{
  return refract_json_get_string (refract_report_get_root (entry->report), "timestamp", "");
}

static void
count (GHashTable *reasons, const char *reason)
{
  g_hash_table_insert (
      reasons, (gpointer) reason,
      GUINT_TO_POINTER (GPOINTER_TO_UINT (g_hash_table_lookup (reasons, reason)) + 1));
}

/* (transfer full): what is ranked: the newest of each kind */
static GPtrArray *
select_entries (GPtrArray *reports, const RefractLeaderboardOptions *options, GPtrArray *notes)
{
  g_autoptr (GHashTable) newest = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (GHashTable) reasons = g_hash_table_new (g_str_hash, g_str_equal);
  GPtrArray *entries = g_ptr_array_new_with_free_func (entry_free);
  GHashTableIter iter;
  gpointer reason, n;

  for (guint i = 0; i < reports->len; i++)
    {
      Entry *entry = entry_new (reports->pdata[i]);
      const char *problem = why_not (entry, options);
      g_autofree char *key = NULL;
      Entry *other;

      if (problem != NULL)
        {
          count (reasons, problem);
          entry_free (entry);
          continue;
        }
      key = g_strdup_printf ("%s\n%s\n%s\n%s\n%d", entry->model, entry->candidate, entry->version,
                             entry->engine != NULL ? entry->engine : "", entry->is_control);
      other = g_hash_table_lookup (newest, key);
      if (other != NULL)
        count (reasons, N_ ("older than another of the same model, candidate, engine and version"));
      if (other != NULL && strcmp (get_timestamp (other), get_timestamp (entry)) >= 0)
        {
          entry_free (entry);
          continue;
        }
      if (other != NULL)
        g_ptr_array_remove_fast (entries, other);
      g_hash_table_insert (newest, g_steal_pointer (&key), entry);
      g_ptr_array_add (entries, entry);
    }

  g_hash_table_iter_init (&iter, reasons);
  while (g_hash_table_iter_next (&iter, &reason, &n))
    g_ptr_array_add (notes, g_strdup_printf (N_ ("Left out: %u %s."), GPOINTER_TO_UINT (n),
                                             (const char *) reason));
  g_ptr_array_sort (notes, refract_text_compare);
  return entries;
}

static int
compare_entries (gconstpointer a, gconstpointer b)
{
  const Entry *left = *(const Entry *const *) a;
  const Entry *right = *(const Entry *const *) b;
  int order;

  if (left->composite != right->composite)
    return left->composite > right->composite ? -1 : 1;
  order = strcmp (left->model, right->model);
  return order != 0 ? order : strcmp (left->candidate, right->candidate);
}

/* What a reader has to know beside the number. */
static char *
make_note (const Entry *entry)
{
  JsonObject *root = refract_report_get_root (entry->report);
  JsonObject *extension = refract_report_get_extension (entry->report);
  GString *note = g_string_new (NULL);
  g_autofree char *bound = refract_report_dup_bound_text (entry->report);
  guint n_axes = 0;

  for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
    n_axes += !isnan (refract_report_get_axis_score (entry->report, axis));
  if (n_axes < REFRACT_N_AXES)
    g_string_append_printf (note, "%u of 4 axes", n_axes);
  if (has_low_confidence (entry->report))
    g_string_append_printf (note, "%slow confidence", note->len > 0 ? ", " : "");
  if (bound != NULL)
    g_string_append_printf (note, "%sat best: KLD is %s", note->len > 0 ? ", " : "", bound);
  if (refract_json_get_boolean (extension, "within_noise", FALSE))
    g_string_append_printf (note, "%swithin the noise", note->len > 0 ? ", " : "");
  if (!isnan (refract_json_find_double (root, "extension.kv.saving")))
    g_string_append_printf (note, "%ssaves %.0f %%", note->len > 0 ? ", " : "",
                            100 * refract_json_find_double (root, "extension.kv.saving"));
  return g_string_free (note, FALSE);
}

static void
add_row (RefractTable *table, const Entry *entry, const char *name, guint rank)
{
  JsonObject *root = refract_report_get_root (entry->report);
  RefractTableRow *row = refract_table_add_row (table);
  double kld = refract_json_find_double (root, "axes.kld.mean_kld");
  g_autofree char *note = make_note (entry);

  refract_table_row_add_number (row, rank, 0);
  refract_table_row_add_text (row, name);
  refract_table_row_add_score (row, entry->composite);
  refract_table_row_add_text (row,
                              refract_band_get_name (refract_band_for_score (entry->composite)));
  for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
    {
      refract_table_row_add_score (row, refract_report_get_axis_score (entry->report, axis));
      if (axis == REFRACT_AXIS_KLD)
        refract_table_row_take_number (
            row, kld, isnan (kld) ? g_strdup ("—") : g_strdup_printf ("%.4g", kld));
    }
  refract_table_row_add_text (row, entry->version);
  refract_table_row_add_text (row, entry->engine);
  refract_table_row_add_text (row, note);
}

static RefractTable *
make_table (const char *title, const char *ranked)
{
  const char *columns[]
      = { N_ ("Rank"), ranked,   N_ ("Composite"), N_ ("Band"),    N_ ("Trajectory"), "KLD",
          "KLD nats",  "R-NIAH", "PLAD",           N_ ("Version"), N_ ("Engine"),     N_ ("Notes"),
          NULL };

  return refract_table_new (title, columns);
}

/* A table in the making, and the reports behind its rows. */
typedef struct
{
  RefractTable *table;
  GPtrArray *reports;
} Ranking;

/* Most rows first. */
static int
compare_rankings (gconstpointer a, gconstpointer b)
{
  const RefractTable *left = (*(Ranking *const *) a)->table;
  const RefractTable *right = (*(Ranking *const *) b)->table;

  return left->rows->len != right->rows->len ? (int) right->rows->len - (int) left->rows->len
                                             : strcmp (left->title, right->title);
}

RefractLeaderboard *
refract_leaderboard_new (GPtrArray *reports, const RefractLeaderboardOptions *options)
{
  g_auto (RefractEnglish) english = refract_english_begin ();
  RefractLeaderboard *self = g_new0 (RefractLeaderboard, 1);
  g_autoptr (GPtrArray) entries = NULL;
  g_autoptr (GHashTable) groups = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GPtrArray) rankings = g_ptr_array_new_with_free_func (g_free);
  gboolean models = options->kind == REFRACT_LEADERBOARD_MODELS;
  guint n_controls = 0;

  self->notes = g_ptr_array_new_with_free_func (g_free);
  self->kind = options->kind;
  self->tables = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_table_free);
  self->reports = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);
  entries = select_entries (reports, options, self->notes);
  g_ptr_array_sort (entries, compare_entries);

  for (guint i = 0; i < entries->len; i++)
    {
      const Entry *entry = entries->pdata[i];
      const char *key = models ? entry->candidate : entry->model;
      Ranking *ranking = g_hash_table_lookup (groups, key);

      if (entry->is_control)
        {
          g_autofree char *name = g_strdup_printf ("%s, %s", entry->model, entry->candidate);

          if (self->controls == NULL)
            self->controls
                = make_table (N_ ("Negative controls: bad on purpose"), N_ ("Model and candidate"));
          add_row (self->controls, entry, name, ++n_controls);
          continue;
        }
      if (ranking == NULL)
        {
          g_autofree char *title = g_strdup_printf (
              models ? N_ ("Models that bear %s best") : N_ ("Candidates for %s"), key);

          ranking = g_new (Ranking, 1);
          ranking->table = make_table (title, models ? N_ ("Model") : N_ ("Candidate"));
          ranking->reports = g_ptr_array_new_with_free_func (g_object_unref);
          g_hash_table_insert (groups, (gpointer) key, ranking);
          g_ptr_array_add (rankings, ranking);
        }
      add_row (ranking->table, entry, models ? entry->model : entry->candidate,
               ranking->table->rows->len + 1);
      g_ptr_array_add (ranking->reports, g_object_ref (entry->report));
    }
  g_ptr_array_sort (rankings, compare_rankings);
  for (guint i = 0; i < rankings->len; i++)
    {
      Ranking *ranking = rankings->pdata[i];

      g_ptr_array_add (self->tables, ranking->table);
      g_ptr_array_add (self->reports, ranking->reports);
    }
  return self;
}

void
refract_leaderboard_free (RefractLeaderboard *self)
{
  g_ptr_array_unref (self->tables);
  g_ptr_array_unref (self->reports);
  g_clear_pointer (&self->controls, refract_table_free);
  g_ptr_array_unref (self->notes);
  g_free (self);
}

/* (element-type utf8): paths of JSON files */
static void
list_files (const char *folder, guint depth, GPtrArray *paths)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && paths->len < MAX_FILES && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (name[0] == '.')
        continue;
      if (g_file_test (path, G_FILE_TEST_IS_DIR))
        {
          if (depth + 1 < MAX_DEPTH && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
            list_files (path, depth + 1, paths);
        }
      else if (g_str_has_suffix (name, ".json"))
        g_ptr_array_add (paths, g_steal_pointer (&path));
    }
}

GPtrArray *
refract_leaderboard_load_folder (const char *folder,
                                 GPtrArray **unreadable,
                                 GCancellable *cancellable,
                                 GError **error)
{
  g_autoptr (GPtrArray) paths = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GDir) dir = NULL;
  g_autoptr (GPtrArray) reports = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GPtrArray) loaded = NULL;

  *unreadable = NULL;
  dir = g_dir_open (folder, 0, NULL);
  if (dir == NULL)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "The folder %s cannot be read. Give a folder with reports.", folder);
      return NULL;
    }
  list_files (folder, 0, paths);
  g_ptr_array_sort (paths, refract_text_compare);

  loaded = refract_report_load_many (paths, REFRACT_REPORT_RANKS, cancellable);
  *unreadable = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < loaded->len; i++)
    {
      RefractLoadedReport *file = loaded->pdata[i];

      if (file->report != NULL)
        g_ptr_array_add (reports, g_steal_pointer (&file->report));
      else
        g_ptr_array_add (*unreadable, g_strdup (file->error->message));
    }
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    {
      g_clear_pointer (unreadable, g_ptr_array_unref);
      return NULL;
    }
  return g_steal_pointer (&reports);
}

/* (transfer container): tables, then the controls */
static GPtrArray *
list_tables (const RefractLeaderboard *self)
{
  GPtrArray *tables = g_ptr_array_new ();

  for (guint i = 0; i < self->tables->len; i++)
    g_ptr_array_add (tables, self->tables->pdata[i]);
  if (self->controls != NULL)
    g_ptr_array_add (tables, self->controls);
  return tables;
}

char *
refract_leaderboard_to_markdown (const RefractLeaderboard *self)
{
  g_auto (RefractEnglish) english = refract_english_begin ();
  g_autoptr (GPtrArray) tables = list_tables (self);
  GString *text = g_string_new ("# KV cache fidelity\n\n> ");

  refract_markdown_append (text, refract_leaderboard_disclaimer);
  g_string_append (text, "\n\n");
  for (guint i = 0; i < tables->len; i++)
    {
      g_autofree char *table = refract_table_to_markdown (tables->pdata[i]);

      g_string_append_printf (text, "%s\n", table);
    }
  for (guint i = 0; i < self->notes->len; i++)
    {
      g_string_append (text, "- ");
      refract_markdown_append (text, self->notes->pdata[i]);
      g_string_append_c (text, '\n');
    }
  return g_string_free (text, FALSE);
}

char *
refract_leaderboard_to_csv (const RefractLeaderboard *self)
{
  g_auto (RefractEnglish) english = refract_english_begin ();
  g_autoptr (GPtrArray) tables = list_tables (self);
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < tables->len; i++)
    {
      const RefractTable *table = tables->pdata[i];
      g_autofree char *csv = refract_table_to_csv (table);

      if (i > 0)
        g_string_append (text, "\r\n");
      refract_csv_append (text, table->title);
      g_string_append_printf (text, "\r\n%s", csv);
    }
  return g_string_free (text, FALSE);
}
