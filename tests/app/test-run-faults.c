/* test-run-faults.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Engines that are killed, disks that are full, sessions that end: nothing measured is lost,
 * nothing is left running, and the page says what to do. */

#include "config.h"

#include <signal.h>
#include <sys/resource.h>

#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "run-fixture.h"

/* In the first half of what the reference decodes, so that its engine is needed for a while. */
static gboolean
is_decoding (gpointer data)
{
  RefractRunItem *item = data;
  g_autoptr (GPtrArray) stages = refract_progress_dup_stages (refract_run_item_get_progress (item));

  g_assert_cmpint (refract_run_item_get_state (item), ==, REFRACT_RUN_RUNNING);
  for (guint i = 0; i < stages->len; i++)
    {
      const RefractStage *stage = g_ptr_array_index (stages, i);

      if (g_strcmp0 (stage->step, "trajectory") == 0)
        return stage->state == REFRACT_STAGE_RUNNING && stage->done < stage->total / 2;
    }
  return FALSE;
}

static void
test_engine_killed (void)
{
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (RefractRunItem) item = run_fixture_add ("ctk=q8_0,ctv=q8_0", 64);
  g_autoptr (GArray) engines = NULL;

  refract_window_show_run (window, item);
  app_fixture_wait (is_decoding, item, RUN_SECONDS);
  engines = run_fixture_find_engines ("(llama-server)");
  g_assert_cmpuint (engines->len, ==, 1);
  g_assert_cmpint (kill (g_array_index (engines, int, 0), SIGKILL), ==, 0);
  run_fixture_wait_state (item, REFRACT_RUN_FAILED);

  g_assert_nonnull (refract_run_item_get_error (item));
  g_assert_true (
      run_fixture_shows (GTK_WIDGET (window), refract_run_item_get_error (item)->message));
  run_fixture_assert_no_engine ();
  run_fixture_press (window, "run.resume");
  run_fixture_wait_state (item, REFRACT_RUN_FINISHED);
  app_fixture_close_window (window);
}

static void
limit_files (rlim_t bytes)
{
  struct rlimit limit;

  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &limit), ==, 0);
  limit.rlim_cur = MIN (bytes, limit.rlim_max);
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
}

static void
test_disk_full (void)
{
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (RefractRunItem) item = NULL;

  signal (SIGXFSZ, SIG_IGN);
  limit_files (200000);
  item = run_fixture_add ("ctk=q8_0,ctv=q8_0", 16);
  refract_window_show_run (window, item);
  run_fixture_wait_state (item, REFRACT_RUN_FAILED);
  limit_files (RLIM_INFINITY);
  g_assert_error (refract_run_item_get_error (item), REFRACT_ERROR, REFRACT_ERROR_DISK);
  g_assert_true (
      run_fixture_shows (GTK_WIDGET (window), refract_run_item_get_error (item)->message));
  run_fixture_assert_no_engine ();

  run_fixture_press (window, "run.resume");
  run_fixture_wait_state (item, REFRACT_RUN_FINISHED);
  app_fixture_close_window (window);
}

/* Everything is measured and the reports cannot be written: nothing is measured again. */
static void
test_library_cannot_be_written (void)
{
  RefractWindow *window = app_fixture_open_window ();
  const char *folder = refract_library_get_folder (refract_application_get_library (app_fixture));
  g_autoptr (GPtrArray) unfinished = NULL;
  g_autofree char *away = g_strconcat (folder, ".away", NULL);
  g_autoptr (RefractRunItem) item = run_fixture_add ("ctk=q8_0,ctv=q8_0", 16);

  refract_window_show_run (window, item);
  run_fixture_wait_fraction (item, 0.1);
  g_assert_cmpint (g_rename (folder, away), ==, 0);
  g_assert_true (g_file_set_contents (folder, "", 0, NULL));
  run_fixture_wait_state (item, REFRACT_RUN_FAILED);
  g_assert_error (refract_run_item_get_error (item), REFRACT_ERROR, REFRACT_ERROR_DISK);
  g_assert_cmpfloat (refract_run_item_get_fraction (item), ==, 1);
  unfinished = refract_unfinished_list (NULL);
  g_assert_cmpuint (unfinished->len, ==, 1);
  g_assert_cmpstr (((RefractUnfinished *) g_ptr_array_index (unfinished, 0))->id, ==,
                   refract_run_item_get_journal_id (item));

  g_assert_cmpint (g_unlink (folder), ==, 0);
  g_assert_cmpint (g_rename (away, folder), ==, 0);
  run_fixture_press (window, "run.resume");
  run_fixture_wait_state (item, REFRACT_RUN_FINISHED);
  app_fixture_close_window (window);
}

static gboolean
has_one_item (gpointer model)
{
  return g_list_model_get_n_items (model) == 1;
}

static gboolean
is_empty (gpointer model)
{
  return g_list_model_get_n_items (model) == 0;
}

static void
discarded_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  refract_audit_queue_discard_finish (REFRACT_AUDIT_QUEUE (source), result, &error);
  g_assert_no_error (error);
}

/* What the next start of the application finds. */
static void
test_unfinished (void)
{
  g_autoptr (RefractAuditQueue) next
      = refract_audit_queue_new (refract_application_get_library (app_fixture));
  g_autoptr (RefractRunItem) item = run_fixture_add ("ctk=q8_0,ctv=q8_0", 64);
  g_autoptr (RefractRunItem) found = NULL;
  RefractWindow *window;

  run_fixture_wait_fraction (item, 0.3);
  refract_audit_queue_stop (run_fixture_queue (), item);
  run_fixture_wait_state (item, REFRACT_RUN_STOPPED);

  refract_audit_queue_load_unfinished (next);
  app_fixture_wait (has_one_item, next, 10);
  found = g_list_model_get_item (G_LIST_MODEL (next), 0);
  g_assert_cmpint (refract_run_item_get_state (found), ==, REFRACT_RUN_STOPPED);
  g_assert_cmpstr (refract_run_item_get_journal_id (found), ==,
                   refract_run_item_get_journal_id (item));
  g_assert_cmpstr (refract_run_item_get_title (found), ==, "Demo");
  g_assert_cmpfloat (refract_run_item_get_fraction (found), >, 0);
  g_assert_nonnull (refract_run_item_get_plan (found));

  window = app_fixture_open_window ();
  refract_window_show_run (window, found);
  app_fixture_wait (app_fixture_is_mapped, refract_window_get_page (window), 10);
  g_assert_true (run_fixture_shows (GTK_WIDGET (window), "Stopped"));
  app_fixture_close_window (window);

  refract_audit_queue_discard_async (next, found, discarded_cb, NULL);
  app_fixture_wait (is_empty, next, 10);
  /* The journal is gone, and that is no error for whoever else knew it. */
  refract_audit_queue_discard_async (run_fixture_queue (), item, discarded_cb, NULL);
  app_fixture_wait (is_empty, run_fixture_queue (), 10);
  refract_audit_queue_load_unfinished (next);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_true (is_empty (next));
}

/* The last one: it ends the application as well. */
static void
test_signal (void)
{
  RefractWindow *window = app_fixture_open_window ();
  g_autoptr (RefractRunItem) item = run_fixture_add ("ctk=q8_0,ctv=q8_0", 64);
  gpointer watched = window;

  g_object_add_weak_pointer (G_OBJECT (window), &watched);
  run_fixture_wait_fraction (item, 0.1);
  g_assert_cmpint (kill (getpid (), SIGTERM), ==, 0);
  run_fixture_wait_state (item, REFRACT_RUN_STOPPED);
  g_assert_null (watched);
  g_assert_false (refract_audit_queue_get_busy (run_fixture_queue ()));
  run_fixture_assert_no_engine ();
}

int
main (int argc, char **argv)
{
  g_autofree char *engine = g_find_program_in_path ("llama-server");

  app_fixture_init (&argc, &argv);
  if (engine == NULL)
    {
      g_print ("1..0 # SKIP no llama-server here\n");
      return 0;
    }
  g_test_add_func ("/run-faults/engine-killed", test_engine_killed);
  g_test_add_func ("/run-faults/disk-full", test_disk_full);
  g_test_add_func ("/run-faults/library-cannot-be-written", test_library_cannot_be_written);
  g_test_add_func ("/run-faults/unfinished", test_unfinished);
  g_test_add_func ("/run-faults/signal", test_signal);
  return app_fixture_run ();
}
