/* test-library.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <sys/stat.h>

#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "fake-run.h"
#include "report/refract-library.h"

typedef struct
{
  char *folder; /* of the test */
  char *reports;
  RefractLibrary *library;
} Fixture;

typedef struct
{
  guint n_changes;
  guint n_added;
  guint n_removed;
} Changes;

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_remove (path);
}

static void
set_up (Fixture *f, gconstpointer data)
{
  f->folder = g_dir_make_tmp ("refract-library-XXXXXX", NULL);
  f->reports = g_build_filename (f->folder, "deep", "reports", NULL);
}

static void
tear_down (Fixture *f, gconstpointer data)
{
  g_clear_object (&f->library);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  remove_tree (f->folder);
  g_free (f->folder);
  g_free (f->reports);
}

#define WAIT_UNTIL(condition)                                                                      \
  G_STMT_START                                                                                     \
  {                                                                                                \
    gint64 deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;                               \
                                                                                                   \
    while (!(condition))                                                                           \
      {                                                                                            \
        if (g_get_monotonic_time () > deadline)                                                    \
          g_error ("never: %s", #condition);                                                       \
        if (!g_main_context_iteration (NULL, FALSE))                                               \
          g_usleep (1000);                                                                         \
      }                                                                                            \
  }                                                                                                \
  G_STMT_END

static void
open_library (Fixture *f)
{
  g_clear_object (&f->library);
  f->library = refract_library_new (f->reports);
  WAIT_UNTIL (!refract_library_is_loading (f->library));
}

static guint
n_items (Fixture *f)
{
  return g_list_model_get_n_items (G_LIST_MODEL (f->library));
}

/* (transfer none): the library keeps it */
static RefractSummary *
item (Fixture *f, guint position)
{
  g_autoptr (RefractSummary) summary = g_list_model_get_item (G_LIST_MODEL (f->library), position);

  g_assert_nonnull (summary);
  return summary;
}

static void
keep_result (GObject *source, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

static RefractReport *
make_report (const char *kv, double score, int day)
{
  g_autoptr (RefractRun) run = fake_run ();
  RefractConfigResult *result = fake_add (run, kv, score, score, score, score);

  g_clear_pointer (&run->finished, g_date_time_unref);
  run->finished = g_date_time_new_local (2026, 3, day, 12, 0, 0);
  return refract_report_new (run, result, FALSE);
}

static RefractSummary *
add (Fixture *f, RefractReport *report)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (RefractSummary) summary = NULL;
  g_autoptr (GError) error = NULL;

  refract_library_add_async (f->library, report, NULL, keep_result, &result);
  WAIT_UNTIL (result != NULL);
  summary = refract_library_add_finish (f->library, result, &error);
  g_assert_no_error (error);
  return summary; /* the library keeps it */
}

static RefractSummary *
add_new (Fixture *f, const char *kv, double score, int day)
{
  g_autoptr (RefractReport) report = make_report (kv, score, day);

  return add (f, report);
}

static RefractSummary *
import (Fixture *f, const char *path, gboolean *duplicate, GError **error)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (RefractSummary) summary = NULL;

  refract_library_import_async (f->library, file, NULL, keep_result, &result);
  WAIT_UNTIL (result != NULL);
  summary = refract_library_import_finish (f->library, result, duplicate, error);
  return summary;
}

static char *
write_file (Fixture *f, const char *name, const char *text)
{
  char *path = g_build_filename (f->folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  return path;
}

static void
write_report (Fixture *f, const char *name, const char *text)
{
  g_autofree char *path = g_build_filename (f->reports, name, NULL);

  g_assert_true (g_file_set_contents (path, text, -1, NULL));
}

static const char small[] = "{\"schema\": \"refract.report.v0.2.0\", \"composite\": 81.5, "
                            "\"timestamp\": \"2025-01-02T03:04:05\", \"model\": \"/m/old.gguf\", "
                            "\"candidate\": \"ctk=q8_0,ctv=q4_0\", "
                            "\"axes\": {\"gtm\": {\"score\": 81.5}, \"plad\": {\"score\": NaN}}}";

static void
count_changes (GListModel *model, guint position, guint removed, guint added, gpointer data)
{
  Changes *changes = data;

  changes->n_changes++;
  changes->n_added += added;
  changes->n_removed += removed;
}

static char *
index_path (Fixture *f)
{
  return g_build_filename (f->reports, ".index.jsonl", NULL);
}

static gboolean
file_has (const char *path, const char *needle)
{
  g_autofree char *text = NULL;

  return g_file_get_contents (path, &text, NULL, NULL) && strstr (text, needle) != NULL;
}

/* Everything that is listed, as the index would say it. */
static char *
list_all (Fixture *f)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < n_items (f); i++)
    {
      g_autoptr (JsonObject) object = refract_summary_to_json (item (f, i));
      g_autofree char *line = refract_json_to_text (object, FALSE);

      g_string_append (text, line);
    }
  return g_string_free (text, FALSE);
}

static void
test_add (Fixture *f, gconstpointer data)
{
  RefractSummary *summary;
  Changes changes = { 0 };

  open_library (f);
  g_assert_cmpuint (n_items (f), ==, 0);
  g_signal_connect (f->library, "items-changed", G_CALLBACK (count_changes), &changes);

  add_new (f, "ctk=q4_0,ctv=q4_0", 70, 2);
  add_new (f, "ctk=q8_0,ctv=q8_0", 95, 3);
  summary = add_new (f, "ctk=q8_0,ctv=q4_0", 85, 1);
  g_assert_cmpuint (n_items (f), ==, 3);
  g_assert_cmpuint (changes.n_changes, ==, 3);
  g_assert_cmpuint (changes.n_added, ==, 3);
  g_assert_true (item (f, 2) == summary);
  g_assert_cmpfloat_with_epsilon (refract_summary_get_composite (item (f, 0)), 95, 1e-9);
  g_assert_cmpfloat_with_epsilon (refract_summary_get_composite (item (f, 1)), 70, 1e-9);

  g_assert_cmpstr (refract_summary_get_label (summary), ==, "K q8_0 / V q4_0");
  g_assert_cmpstr (refract_summary_get_band (summary), ==, "PASS");
  g_assert_cmpstr (refract_summary_get_engine (summary), ==, "llama.cpp");
  g_assert_cmpstr (refract_summary_get_error (summary), ==, NULL);
  g_assert_cmpfloat (refract_summary_get_axis_score (summary, REFRACT_AXIS_KLD), ==, 85);
  g_assert_true (g_str_has_prefix (refract_summary_get_id (summary), "2026-03-01-"));
  g_assert_true (g_str_has_suffix (refract_summary_get_id (summary), ".refract.json"));
  g_assert_nonnull (strstr (refract_summary_get_id (summary), "K-q8_0-V-q4_0"));
  g_assert_true (refract_library_lookup (f->library, refract_summary_get_id (summary)) == summary);
}

/* The reports of a run: best first, the control last, whatever the names. */
static void
test_order_in_run (Fixture *f, gconstpointer data)
{
  g_autoptr (RefractRun) run = fake_run ();
  g_autoptr (GPtrArray) reports = NULL;

  fake_add (run, "ctk=q4_0,ctv=q4_0", 60, 60, 60, 60);
  fake_add (run, "ctk=q8_0,ctv=q8_0", 98, 98, 98, 98);
  fake_add (run, "ctk=q4_0,ctv=q4_0,attn_rot_disable=1", 99, 99, 99, 99)->is_control = TRUE;
  reports = refract_report_new_for_run (run, FALSE);
  open_library (f);
  for (guint i = 0; i < reports->len; i++)
    add (f, g_ptr_array_index (reports, i));
  g_assert_cmpuint (n_items (f), ==, 3);
  g_assert_cmpfloat_with_epsilon (refract_summary_get_composite (item (f, 0)), 98, 1e-9);
  g_assert_cmpfloat_with_epsilon (refract_summary_get_composite (item (f, 1)), 60, 1e-9);
  g_assert_true (refract_summary_is_control (item (f, 2)));
}

static void
test_outside (Fixture *f, gconstpointer data)
{
  g_autofree char *path = g_build_filename (f->reports, "by-hand.json", NULL);

  open_library (f);
  add_new (f, "ctk=q8_0,ctv=q8_0", 95, 3);
  write_report (f, "by-hand.json", small);
  WAIT_UNTIL (n_items (f) == 2);
  g_assert_cmpstr (refract_summary_get_model (item (f, 1)), ==, "old");

  /* A file that is no report is listed, with the reason, and is well again when it is mended. */
  write_report (f, "by-hand.json", "{\"axes\": ");
  WAIT_UNTIL (n_items (f) == 2 && refract_summary_get_error (item (f, 0)) != NULL);
  g_assert_cmpstr (refract_summary_get_model (item (f, 0)), ==, "by-hand.json");
  write_report (f, "by-hand.json", small);
  WAIT_UNTIL (n_items (f) == 2 && refract_summary_get_error (item (f, 1)) == NULL);

  g_unlink (path);
  WAIT_UNTIL (n_items (f) == 1);
}

/* As long as before: what changed is known by its time. */
static void
test_same_length (Fixture *f, gconstpointer data)
{
  g_autofree char *other = g_strdup (small);
  char *digit = strpbrk (strstr (other, "\"composite\""), "123456789");

  open_library (f);
  write_report (f, "by-hand.json", small);
  WAIT_UNTIL (n_items (f) == 1);
  *digit = *digit == '7' ? '8' : '7';
  write_report (f, "by-hand.json", other);
  WAIT_UNTIL (
      n_items (f) == 1
      && refract_summary_get_composite (item (f, 0))
             == g_ascii_strtod (strpbrk (strstr (other, "\"composite\""), "0123456789"), NULL));
}

static void
test_index (Fixture *f, gconstpointer data)
{
  g_autofree char *path = index_path (f);
  g_autofree char *before = NULL;
  static const char *const broken[]
      = { "", "\n\n\n",
          "{\"index\":1}\n{\"id\":\"../../x.json\"}\n[1]\n{\"id\": 3, \"scores\": []}\n",
          "{\"index\":99}\n", "{\"index\":1" };

  open_library (f);
  for (int day = 1; day <= 20; day++)
    add_new (f, "ctk=q8_0,ctv=q4_0", 50 + 2 * day, day);
  write_report (f, "broken.json", "not a report");
  WAIT_UNTIL (n_items (f) == 21);
  WAIT_UNTIL (file_has (path, "broken.json"));
  before = list_all (f);

  /* From the index: what it says is what the reports say. */
  open_library (f);
  {
    g_autofree char *after = list_all (f);

    g_assert_cmpstr (before, ==, after);
  }
  for (guint i = 0; i < G_N_ELEMENTS (broken); i++)
    {
      g_autofree char *after = NULL;

      g_assert_true (g_file_set_contents (path, broken[i], -1, NULL));
      open_library (f);
      after = list_all (f);
      g_assert_cmpstr (before, ==, after);
    }
}

/* What the index says is used, so that reports need not be read; a file that has changed is. */
static void
test_index_used (Fixture *f, gconstpointer data)
{
  g_autofree char *path = index_path (f);
  g_autofree char *text = NULL;
  g_autoptr (GString) changed = NULL;

  open_library (f);
  add_new (f, "ctk=q8_0,ctv=q4_0", 85, 1);
  WAIT_UNTIL (file_has (path, "q4_0"));
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  changed = g_string_new (text);
  g_string_replace (changed, "K q8_0", "K from the index", 0);
  g_assert_true (g_file_set_contents (path, changed->str, -1, NULL));
  open_library (f);
  g_assert_cmpstr (refract_summary_get_label (item (f, 0)), ==, "K from the index / V q4_0");

  write_report (f, refract_summary_get_id (item (f, 0)), small);
  open_library (f);
  g_assert_cmpuint (n_items (f), ==, 1);
  g_assert_cmpfloat_with_epsilon (refract_summary_get_composite (item (f, 0)), 81.5, 1e-9);
}

static void
set_note (Fixture *f, RefractSummary *summary, const char *note)
{
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;

  refract_library_set_note_async (f->library, summary, note, keep_result, &result);
  WAIT_UNTIL (result != NULL);
  g_assert_true (refract_library_set_note_finish (f->library, result, &error));
  g_assert_no_error (error);
}

static void
test_note (Fixture *f, gconstpointer data)
{
  g_autofree char *index = index_path (f);
  g_autofree char *notes = g_build_filename (f->reports, ".notes.json", NULL);
  g_autofree char *aside = g_strconcat (notes, ".unreadable", NULL);
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autofree char *renamed = g_build_filename (f->reports, "renamed.json", NULL);
  RefractSummary *summary;

  open_library (f);
  summary = add_new (f, "ctk=q8_0,ctv=q4_0", 85, 1);
  add_new (f, "ctk=q8_0,ctv=q8_0", 95, 2);
  g_assert_true (g_file_get_contents (refract_summary_get_path (summary), &before, NULL, NULL));
  set_note (f, summary, "the <b>laptop</b>\nplugged in");
  g_assert_cmpstr (refract_summary_get_note (summary), ==, "the <b>laptop</b> plugged in");
  g_assert_true (g_file_get_contents (refract_summary_get_path (summary), &after, NULL, NULL));
  g_assert_cmpstr (before, ==, after);

  /* without the index, and under another name */
  g_unlink (index);
  g_rename (refract_summary_get_path (summary), renamed);
  open_library (f);
  g_assert_cmpstr (refract_summary_get_id (item (f, 1)), ==, "renamed.json");
  g_assert_cmpstr (refract_summary_get_note (item (f, 1)), ==, "the <b>laptop</b> plugged in");
  g_assert_cmpstr (refract_summary_get_note (item (f, 0)), ==, "");

  set_note (f, item (f, 1), "");
  open_library (f);
  g_assert_cmpstr (refract_summary_get_note (item (f, 1)), ==, "");

  /* what cannot be read is not overwritten */
  g_assert_true (g_file_set_contents (notes, "{\"notes\": 7}", -1, NULL));
  open_library (f);
  set_note (f, item (f, 1), "again");
  g_assert_true (g_file_test (aside, G_FILE_TEST_EXISTS));
}

static void
test_note_fails (Fixture *f, gconstpointer data)
{
  g_autofree char *notes = g_build_filename (f->reports, ".notes.json", "in-the-way", NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  RefractSummary *summary;

  open_library (f);
  summary = add_new (f, "ctk=q8_0,ctv=q4_0", 85, 1);
  g_mkdir_with_parents (notes, 0700);
  refract_library_set_note_async (f->library, summary, "lost", keep_result, &result);
  g_assert_cmpstr (refract_summary_get_note (summary), ==, "lost");
  WAIT_UNTIL (result != NULL);
  g_assert_false (refract_library_set_note_finish (f->library, result, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK);
  g_assert_cmpstr (refract_summary_get_note (summary), ==, "");
}

static void
test_delete (Fixture *f, gconstpointer data)
{
  g_autoptr (RefractSummary) summary = NULL;
  g_autofree char *index = index_path (f);
  g_autofree char *trash = NULL;
  g_autoptr (GError) error = NULL;

  open_library (f);
  add_new (f, "ctk=q8_0,ctv=q8_0", 95, 2);
  summary = g_object_ref (add_new (f, "ctk=q8_0,ctv=q4_0", 85, 3));
  trash = g_build_filename (f->reports, ".trash", refract_summary_get_id (summary), NULL);
  WAIT_UNTIL (file_has (index, refract_summary_get_id (summary)));

  g_assert_true (refract_library_delete (f->library, summary, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (n_items (f), ==, 1);
  WAIT_UNTIL (!file_has (index, refract_summary_get_id (summary)));
  g_assert_false (g_file_test (refract_summary_get_path (summary), G_FILE_TEST_EXISTS));
  g_assert_true (refract_library_restore (f->library, summary, &error));
  g_assert_no_error (error);
  g_assert_true (item (f, 0) == summary);

  /* deleted twice: said, not shown twice */
  g_assert_true (refract_library_delete (f->library, summary, &error));
  g_assert_false (refract_library_delete (f->library, summary, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK);
  refract_library_purge (f->library, summary);
  g_assert_false (g_file_test (trash, G_FILE_TEST_EXISTS));

  /* what was deleted and not undone goes with the next start */
  g_assert_true (refract_library_delete (f->library, item (f, 0), NULL));
  open_library (f);
  g_assert_cmpuint (n_items (f), ==, 0);
  {
    g_autofree char *folder = g_path_get_dirname (trash);

    g_assert_cmpint (g_rmdir (folder), ==, 0);
  }
}

static void
test_import (Fixture *f, gconstpointer data)
{
  g_autofree char *legacy
      = g_test_build_filename (G_TEST_DIST, "data", "legacy-v0.3.1-gemma26b.json", NULL);
  g_autofree char *old = write_file (f, "old.json", small);
  g_autoptr (GError) error = NULL;
  RefractSummary *first, *again, *second;
  g_autofree char *stored = NULL;
  gboolean duplicate = TRUE;

  open_library (f);
  first = import (f, legacy, &duplicate, &error);
  g_assert_no_error (error);
  g_assert_false (duplicate);
  g_assert_cmpstr (refract_summary_get_model (first), ==, "gemma-4-26B-A4B-it-Q8_0");
  g_assert_cmpstr (refract_summary_get_label (first), ==, "K q8_0 / V turbo4");
  g_assert_cmpstr (refract_summary_get_band (first), ==, "FAIL");
  g_assert_cmpstr (refract_summary_get_verdict (first), ==,
                   "Material quality loss. Treat as broken.");
  g_assert_true (g_str_has_prefix (refract_summary_get_id (first), "2026-04-30-"));

  second = import (f, old, &duplicate, &error);
  g_assert_no_error (error);
  g_assert_false (duplicate);
  g_assert_true (isnan (refract_summary_get_axis_score (second, REFRACT_AXIS_PLAD)));
  g_assert_true (g_file_get_contents (refract_summary_get_path (second), &stored, NULL, NULL));
  g_assert_cmpstr (stored, ==, small); /* as it is, NaN included */

  again = import (f, old, &duplicate, &error);
  g_assert_no_error (error);
  g_assert_true (duplicate);
  g_assert_true (again == second);
  again = import (f, refract_summary_get_path (first), &duplicate, &error);
  g_assert_true (duplicate);
  g_assert_true (again == first);
  g_assert_cmpuint (n_items (f), ==, 2);

  /* nor is what somebody put into the folder by another name */
  write_report (f, "by-hand.json", "{\"schema\":\"refract.report.v0.3.1\",\"axes\":{}}");
  WAIT_UNTIL (n_items (f) == 3);
  {
    g_autofree char *same
        = write_file (f, "same.json", "{\"schema\":\"refract.report.v0.3.1\",\"axes\":{}}");

    again = import (f, same, &duplicate, &error);
    g_assert_true (duplicate);
    g_assert_cmpstr (refract_summary_get_id (again), ==, "by-hand.json");
    g_assert_cmpuint (n_items (f), ==, 3);
  }

  /* what was deleted is no duplicate */
  g_assert_true (refract_library_delete (f->library, second, NULL));
  g_assert_nonnull (import (f, old, &duplicate, &error));
  g_assert_false (duplicate);
}

static void
test_hostile (Fixture *f, gconstpointer data)
{
  static const char *const texts[] = {
    "",
    "GGUF\1\2\3",
    "[]",
    "{\"schema\": 1}",
    "{\"schema\": \"refract.report.v0.3.1\"}",
    "{\"schema\": \"refract.report.v0.3.1\", \"axes\": {}, \"composite\": 1e9}",
    "{\"schema\": \"refract.report.v0.3.1\", \"axes\": {}, \"axes\": {}}",
  };
  g_autoptr (GString) deep = g_string_new ("{\"schema\": \"refract.report.v0.3.1\", \"axes\": ");
  g_autoptr (GString) named = g_string_new (NULL);
  g_autofree char *path = g_build_filename (f->folder, "x.json", NULL);
  g_autofree char *fifo = g_build_filename (f->reports, "pipe.json", NULL);
  g_autofree char *folder = g_build_filename (f->reports, "folder.json", NULL);
  g_autofree char *odd = g_build_filename (f->reports, "bad\xff.json", NULL);
  RefractSummary *summary;

  open_library (f);
  for (guint i = 0; i < 100000; i++)
    g_string_append_c (deep, '[');
  for (guint i = 0; i <= G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_true (
          g_file_set_contents (path, i < G_N_ELEMENTS (texts) ? texts[i] : deep->str, -1, NULL));
      g_assert_null (import (f, path, NULL, &error));
      g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_REPORT);
      g_assert_nonnull (strstr (error->message, "x.json"));
    }
  g_unlink (path);
  {
    g_autoptr (GError) error = NULL;

    g_assert_null (import (f, path, NULL, &error));
    g_assert_nonnull (error);
  }
  g_assert_cmpuint (n_items (f), ==, 0);

  /* A model's name is no path, and no long one. */
  g_string_append (named, "{\"schema\": \"refract.report.v0.3.1\", \"candidate\": \"../../../x\", "
                          "\"axes\": {}, \"model\": \"");
  for (guint i = 0; i < 100000; i++)
    g_string_append (named, "-$(x)\\n");
  g_string_append (named, "\"}");
  g_assert_true (g_file_set_contents (path, named->str, -1, NULL));
  summary = import (f, path, NULL, NULL);
  g_assert_nonnull (summary);
  g_assert_cmpuint (strlen (refract_summary_get_id (summary)), <, 150);
  g_assert_cmpuint (strlen (refract_summary_get_model (summary)), <, 1000);
  g_assert_null (strchr (refract_summary_get_model (summary), '\n'));
  g_assert_null (strpbrk (refract_summary_get_id (summary), "$()/ "));

  /* What is no file ends no reading, and is said. */
  g_assert_cmpint (mkfifo (fifo, 0600), ==, 0);
  g_mkdir (folder, 0700);
  g_file_set_contents (odd, small, -1, NULL);
  open_library (f);
  g_assert_cmpuint (n_items (f), ==, 3);
  g_assert_nonnull (refract_summary_get_error (refract_library_lookup (f->library, "pipe.json")));
  g_assert_nonnull (refract_summary_get_error (refract_library_lookup (f->library, "folder.json")));
}

static void
test_load (Fixture *f, gconstpointer data)
{
  g_autoptr (RefractReport) report = make_report ("ctk=q8_0,ctv=q4_0", 85, 1);
  g_autoptr (RefractReport) back = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) failed = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *before = refract_json_to_text (refract_report_get_root (report), TRUE);
  g_autofree char *after = NULL;
  RefractSummary *summary;

  open_library (f);
  summary = add (f, report);
  refract_library_load_async (f->library, summary, NULL, keep_result, &result);
  WAIT_UNTIL (result != NULL);
  back = refract_library_load_finish (f->library, result, &error);
  g_assert_no_error (error);
  after = refract_json_to_text (refract_report_get_root (back), TRUE);
  g_assert_cmpstr (before, ==, after);

  g_unlink (refract_summary_get_path (summary));
  refract_library_load_async (f->library, summary, NULL, keep_result, &failed);
  WAIT_UNTIL (failed != NULL);
  g_assert_null (refract_library_load_finish (f->library, failed, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_REPORT);
}

static void
keep_problem (RefractLibrary *library, const GError *error, gpointer user_data)
{
  g_clear_error ((GError **) user_data); /* there may be several */
  *(GError **) user_data = g_error_copy (error);
}

static void
test_no_folder (Fixture *f, gconstpointer data)
{
  g_autoptr (GError) problem = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractReport) report = make_report ("ctk=q8_0,ctv=q4_0", 85, 1);
  g_autofree char *file = write_file (f, "deep", "a file where the folder should be");

  f->library = refract_library_new (f->reports);
  g_signal_connect (f->library, "problem", G_CALLBACK (keep_problem), &problem);
  WAIT_UNTIL (!refract_library_is_loading (f->library) && problem != NULL);
  g_assert_error (problem, REFRACT_ERROR, REFRACT_ERROR_DISK);
  refract_library_add_async (f->library, report, NULL, keep_result, &result);
  WAIT_UNTIL (result != NULL);
  g_assert_null (refract_library_add_finish (f->library, result, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK);
}

/* Many come in batches, each a few signals, and stand in order. */
static void
test_many (Fixture *f, gconstpointer data)
{
  Changes changes = { 0 };
  guint i;

  g_mkdir_with_parents (f->reports, 0700);
  for (i = 0; i < 1200; i++)
    {
      g_autofree char *name = g_strdup_printf ("%u.json", (i * 7919) % 1200);
      g_autofree char *text = g_strdup_printf (
          "{\"schema\": \"refract.report.v0.3.1\", \"timestamp\": \"2026-02-03T%02u:%02u:00\", "
          "\"axes\": {}}",
          i / 60, i % 60);

      write_report (f, name, text);
    }
  f->library = refract_library_new (f->reports);
  g_signal_connect (f->library, "items-changed", G_CALLBACK (count_changes), &changes);
  WAIT_UNTIL (!refract_library_is_loading (f->library));
  g_assert_cmpuint (n_items (f), ==, 1200);
  g_assert_cmpuint (changes.n_added, ==, 1200);
  for (i = 1; i < n_items (f); i++)
    g_assert_cmpint (refract_summary_compare (item (f, i - 1), item (f, i)), <, 0);

  /* gone before it has read everything */
  g_clear_object (&f->library);
  f->library = refract_library_new (f->reports);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
  g_test_add ("/library/" name, Fixture, NULL, set_up, function, tear_down)
  ADD ("add", test_add);
  ADD ("order-in-run", test_order_in_run);
  ADD ("outside", test_outside);
  ADD ("same-length", test_same_length);
  ADD ("index", test_index);
  ADD ("index-used", test_index_used);
  ADD ("note", test_note);
  ADD ("note-fails", test_note_fails);
  ADD ("delete", test_delete);
  ADD ("import", test_import);
  ADD ("hostile", test_hostile);
  ADD ("load", test_load);
  ADD ("no-folder", test_no_folder);
  ADD ("many", test_many);
  return g_test_run ();
}
