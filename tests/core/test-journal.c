/* test-journal.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include <glib/gstdio.h>

#include "audit/refract-journal.h"
#include "audit/refract-unfinished.h"
#include "core/refract-error.h"
#include "core/refract-json.h"

static JsonObject *
new_identity (const char *model)
{
  JsonObject *identity = json_object_new ();

  json_object_set_string_member (identity, "model", model);
  return identity;
}

static RefractJournal *
open_journal (const char *model, gboolean fresh)
{
  g_autoptr (JsonObject) identity = new_identity (model);
  g_autoptr (GError) error = NULL;
  RefractJournal *journal = refract_journal_open (identity, fresh, &error);

  g_assert_no_error (error);
  return journal;
}

static void
record (RefractJournal *journal, const char *key, gint64 number)
{
  g_autoptr (JsonObject) value = json_object_new ();
  g_autoptr (GError) error = NULL;

  json_object_set_int_member (value, "number", number);
  g_assert_true (refract_journal_record (journal, key, value, &error));
  g_assert_no_error (error);
}

static gint64
look_up (RefractJournal *journal, const char *key)
{
  return refract_json_get_int (refract_journal_lookup (journal, key), "number", -1);
}

static void
test_goes_on (void)
{
  RefractJournal *journal = open_journal ("goes-on", FALSE);

  g_assert_cmpuint (refract_journal_get_n_found (journal), ==, 0);
  record (journal, "a", 1);
  record (journal, "b|\"quoted\"\n", 2);
  record (journal, "a", 3);
  g_object_unref (journal);

  journal = open_journal ("goes-on", FALSE);
  g_assert_cmpuint (refract_journal_get_n_found (journal), ==, 2);
  g_assert_cmpint (look_up (journal, "a"), ==, 3);
  g_assert_cmpint (look_up (journal, "b|\"quoted\"\n"), ==, 2);
  g_assert_null (refract_journal_lookup (journal, "c"));
  g_object_unref (journal);

  /* another identity sees nothing of it */
  journal = open_journal ("another", FALSE);
  g_assert_cmpuint (refract_journal_get_n_found (journal), ==, 0);
  g_object_unref (journal);

  journal = open_journal ("goes-on", TRUE);
  g_assert_cmpuint (refract_journal_get_n_found (journal), ==, 0);
  refract_journal_remove (journal);
  g_assert_false (g_file_test (refract_journal_get_folder (journal), G_FILE_TEST_EXISTS));
  g_object_unref (journal);
}

/* Killed in the middle of a line: the line is forgotten and the next one starts clean. */
static void
test_half_written (void)
{
  RefractJournal *journal = open_journal ("half", FALSE);
  g_autofree char *path
      = g_build_filename (refract_journal_get_folder (journal), "journal.jsonl", NULL);
  FILE *file;

  record (journal, "a", 1);
  g_object_unref (journal);
  file = g_fopen (path, "a");
  fputs ("{\"key\":\"b\",\"value\":{\"numb", file);
  fclose (file);

  journal = open_journal ("half", FALSE);
  g_assert_cmpuint (refract_journal_get_n_found (journal), ==, 1);
  record (journal, "c", 3);
  g_object_unref (journal);

  journal = open_journal ("half", FALSE);
  g_assert_cmpuint (refract_journal_get_n_found (journal), ==, 2);
  g_assert_cmpint (look_up (journal, "c"), ==, 3);
  refract_journal_remove (journal);
  g_object_unref (journal);
}

static void
test_two_at_once (void)
{
  g_autoptr (RefractJournal) one = open_journal ("twice", FALSE);
  g_autoptr (RefractJournal) two = open_journal ("twice", FALSE);

  g_assert_cmpstr (refract_journal_get_folder (one), !=, refract_journal_get_folder (two));
  record (one, "a", 1);
  g_assert_null (refract_journal_lookup (two, "a"));
  refract_journal_remove (one);
  refract_journal_remove (two);
}

/* A run of @model that is half done. */
static RefractJournal *
begin_run (const char *model)
{
  g_autoptr (RefractPlan) plan = refract_plan_new ();
  g_autoptr (RefractProgress) progress = refract_progress_new ();
  RefractJournal *journal = open_journal (model, FALSE);
  g_autoptr (GError) error = NULL;

  g_object_set (plan, "model", model, "n-predict", G_GINT64_CONSTANT (17), NULL);
  refract_progress_add_stage (progress, "f16", "kld", 100);
  refract_progress_add_stage (progress, "q8_0", "kld", 100);
  g_assert_true (refract_journal_begin (journal, plan, progress, &error));
  g_assert_no_error (error);
  record (journal, "a", 1);
  refract_progress_finish (progress, 0, FALSE);
  record (journal, "b", 2);
  return journal;
}

static GPtrArray *
list_unfinished (guint expected)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *list = refract_unfinished_list (&error);

  g_assert_no_error (error);
  g_assert_cmpuint (list->len, ==, expected);
  return list;
}

static void
test_unfinished (void)
{
  g_autofree char *here = g_get_current_dir ();
  g_autofree char *model = g_build_filename (here, "some.gguf", NULL);
  g_autoptr (RefractJournal) journal = begin_run ("some.gguf");
  g_autofree char *folder = g_strdup (refract_journal_get_folder (journal));
  g_autofree char *path = g_build_filename (folder, "journal.jsonl", NULL);
  g_autofree char *plan_path = g_build_filename (folder, "plan.json", NULL);
  g_autofree char *id = g_path_get_basename (folder);
  g_autoptr (GPtrArray) running = list_unfinished (0);
  g_autoptr (GPtrArray) stopped = NULL;
  g_autoptr (GPtrArray) unreadable = NULL;
  g_autoptr (GPtrArray) none = NULL;
  g_autoptr (GError) error = NULL;
  const RefractUnfinished *one;
  FILE *file;

  g_assert_false (refract_unfinished_delete (id, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE);
  g_clear_error (&error);
  g_clear_object (&journal);

  /* killed while it wrote: the last whole line counts */
  file = g_fopen (path, "a");
  fputs ("{\"progress\":0.75,\"key\":\"c\",", file);
  fclose (file);
  stopped = list_unfinished (1);
  one = g_ptr_array_index (stopped, 0);
  g_assert_cmpstr (one->id, ==, id);
  g_assert_cmpstr (refract_plan_get_string (one->plan, "model"), ==, model);
  g_assert_cmpint (refract_plan_get_int (one->plan, "n-predict"), ==, 17);
  g_assert_cmpuint (one->n_measured, ==, 2);
  g_assert_cmpfloat (one->fraction, ==, 0.5);
  g_assert_cmpuint (one->bytes, >, 500);
  g_assert_nonnull (one->changed);

  /* and it goes on */
  journal = open_journal ("some.gguf", FALSE);
  g_assert_cmpuint (refract_journal_get_n_found (journal), ==, 2);
  g_clear_object (&journal);

  g_assert_true (g_file_set_contents (plan_path, "{\"version\": 99}", -1, NULL));
  unreadable = list_unfinished (1);
  one = g_ptr_array_index (unreadable, 0);
  g_assert_null (one->plan);

  g_assert_true (refract_unfinished_delete (id, &error));
  g_assert_no_error (error);
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
  none = list_unfinished (0);
  g_assert_true (refract_unfinished_delete (id, &error));
  g_assert_no_error (error);
}

/* Stopped before anything was measured: nothing is left. */
static void
test_nothing_measured (void)
{
  g_autoptr (RefractPlan) plan = refract_plan_new ();
  g_autoptr (RefractProgress) progress = refract_progress_new ();
  RefractJournal *journal = open_journal ("nothing", FALSE);
  g_autofree char *folder = g_strdup (refract_journal_get_folder (journal));

  g_assert_true (refract_journal_begin (journal, plan, progress, NULL));
  g_object_unref (journal);
  g_assert_false (g_file_test (folder, G_FILE_TEST_EXISTS));
}

/* What an earlier attempt did takes no time in this one, and says nothing of how fast this one is.
 */
static void
test_remaining (void)
{
  g_autoptr (RefractProgress) progress = refract_progress_new ();
  guint first = refract_progress_add_stage (progress, "f16", "trajectory", 500);
  guint second = refract_progress_add_stage (progress, "q8_0", "trajectory", 500);

  refract_progress_begin (progress, first, 500);
  refract_progress_recall (progress, first, 300);
  refract_progress_recall (progress, first, 200);
  refract_progress_finish (progress, first, FALSE);
  g_assert_cmpfloat (refract_progress_get_fraction (progress), ==, 0.5);
  g_assert_cmpfloat (refract_progress_get_remaining_after (progress, 10), ==, -1);
  refract_progress_begin (progress, second, 500);
  refract_progress_update (progress, second, 100, 10);
  g_assert_cmpfloat (refract_progress_get_fraction (progress), ==, 0.6);
  g_assert_cmpfloat (refract_progress_get_remaining_after (progress, 1), ==, -1);
  g_assert_cmpfloat (refract_progress_get_remaining_after (progress, 10), ==, 40);
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static void
test_generation (void)
{
  static const gint32 ids[] = { 5, 0, 151935, 2 };
  g_autoptr (RefractGeneration) generation = g_new0 (RefractGeneration, 1);
  g_autoptr (RefractGeneration) again = NULL;
  g_autoptr (JsonObject) object = NULL;

  generation->ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_array_append_vals (generation->ids, ids, G_N_ELEMENTS (ids));
  generation->text = g_strdup ("a \"b\" \n ü");
  generation->stop = REFRACT_STOP_EOS;
  generation->n_prompt = 12;
  generation->prompt_ms = 1.25;
  generation->predicted_ms = 0.1;

  object = refract_generation_to_json (generation);
  again = refract_generation_from_json (object);
  g_assert_cmpmem (again->ids->data, again->ids->len * sizeof (gint32), ids, sizeof ids);
  g_assert_cmpstr (again->text, ==, generation->text);
  g_assert_cmpint (again->stop, ==, REFRACT_STOP_EOS);
  g_assert_cmpuint (again->n_prompt, ==, 12);
  g_assert_cmpfloat (again->predicted_ms, ==, 0.1);

  json_object_set_string_member (object, "ids", "5,0");
  g_assert_null (refract_generation_from_json (object));
}

static void
test_request_hash (void)
{
  static const gint32 values[] = { 1, 2, 3 };
  g_autoptr (GArray) ids = g_array_new (FALSE, FALSE, sizeof (gint32));
  g_autoptr (RefractRequest) request = NULL;
  g_autoptr (RefractRequest) longer = NULL;
  g_autofree char *hash = NULL;
  g_autofree char *longer_hash = NULL;

  g_array_append_vals (ids, values, G_N_ELEMENTS (values));
  request = refract_request_new ("a", ids, 16);
  longer = refract_request_new ("a", ids, 17);
  hash = refract_request_dup_hash (request);
  longer_hash = refract_request_dup_hash (longer);
  g_assert_cmpuint (strlen (hash), ==, 64);
  g_assert_cmpstr (hash, !=, longer_hash);
}

int
main (int argc, char *argv[])
{
  g_autofree char *state = g_dir_make_tmp ("refract-journal-XXXXXX", NULL);
  g_autofree char *refract = g_build_filename (state, "refract", NULL);
  g_autofree char *runs = g_build_filename (refract, "runs", NULL);
  int status;

  g_setenv ("XDG_STATE_HOME", state, TRUE);
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/journal/goes-on", test_goes_on);
  g_test_add_func ("/journal/half-written", test_half_written);
  g_test_add_func ("/journal/two-at-once", test_two_at_once);
  g_test_add_func ("/journal/unfinished", test_unfinished);
  g_test_add_func ("/journal/nothing-measured", test_nothing_measured);
  g_test_add_func ("/journal/remaining", test_remaining);
  g_test_add_func ("/journal/generation", test_generation);
  g_test_add_func ("/journal/request-hash", test_request_hash);

  status = g_test_run ();
  g_rmdir (runs);
  g_rmdir (refract);
  g_rmdir (state);
  return status;
}
