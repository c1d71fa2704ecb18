/* test-estimate.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gstdio.h>

#include "audit/refract-estimate.h"
#include "core/refract-error.h"
#include "fake-run.h"

static char *
store_path (void)
{
  return g_build_filename (g_get_user_state_dir (), "refract", "timings.json", NULL);
}

static void
forget (void)
{
  g_autofree char *path = store_path ();

  g_remove (path);
}

static void
remove_store (const char *folder)
{
  g_autofree char *own = g_build_filename (folder, "refract", NULL);

  forget ();
  g_rmdir (own);
  g_rmdir (folder);
}

/* The plan of a run that takes 4 s to set up and @seconds for each axis that it has. */
static RefractRun *
timed_run (const char *axes, double seconds)
{
  RefractRun *run = fake_run ();
  const double nothing[] = { NAN, NAN, NAN, NAN };

  g_object_set (run->plan, "axes", axes, NULL);
  g_ptr_array_add (run->candidates, fake_result ("ctk=q8_0,ctv=q8_0", nothing));
  g_ptr_array_add (run->candidates, fake_result ("ctk=q4_0,ctv=q4_0", nothing));
  for (guint i = 0; i < 3; i++)
    {
      RefractConfigResult *result
          = i == 0 ? run->reference : g_ptr_array_index (run->candidates, i - 1);

      result->performance.setup_seconds = 4;
      for (guint axis = 0; axis < REFRACT_N_AXES; axis++)
        result->performance.axis_seconds[axis]
            = refract_plan_has_axis (run->plan, axis) ? seconds : -1;
    }
  return run;
}

static RefractForecast
forecast_of (const RefractRun *run)
{
  g_autoptr (GError) error = NULL;
  RefractForecast forecast;

  refract_estimate_forecast (run, &forecast, &error);
  g_assert_no_error (error);
  g_assert_cmpfloat (forecast.low, >=, 0);
  g_assert_cmpfloat (forecast.high, >=, forecast.low);
  return forecast;
}

static void
record (const RefractRun *run)
{
  g_autoptr (GError) error = NULL;

  g_assert_true (refract_estimate_record (run, &error));
  g_assert_no_error (error);
}

static void
assert_about (const RefractForecast *forecast, double seconds)
{
  g_assert_cmpint (forecast->knowledge, ==, REFRACT_KNOWLEDGE_LEARNED);
  g_assert_cmpfloat_with_epsilon (forecast->low, seconds * 0.75, 0.01);
  g_assert_cmpfloat_with_epsilon (forecast->high, seconds * 1.25, 0.01);
}

static void
test_first (void)
{
  g_autoptr (RefractRun) run = timed_run ("trajectory,kld", 10);
  RefractForecast forecast;

  forget ();
  forecast = forecast_of (run);
  g_assert_cmpint (forecast.knowledge, ==, REFRACT_KNOWLEDGE_GUESS);
  g_assert_cmpfloat (forecast.high, >, 2 * forecast.low);
}

static void
test_second (void)
{
  g_autoptr (RefractRun) run = timed_run ("trajectory,kld", 10);
  RefractForecast forecast;

  forget ();
  record (run);
  forecast = forecast_of (run);
  /* three configurations, each set up once and two axes long */
  assert_about (&forecast, 3 * (4 + 2 * 10));

  /* half the work of one axis: a range around what the rate says */
  g_object_set (run->plan, "chunks", G_GINT64_CONSTANT (16), NULL);
  forecast = forecast_of (run);
  g_assert_cmpint (forecast.knowledge, ==, REFRACT_KNOWLEDGE_RELATED);
  g_assert_cmpfloat_with_epsilon (forecast.low, 3 * (4 + 10 + 2.5), 0.01);
  g_assert_cmpfloat_with_epsilon (forecast.high, 3 * (4 + 10 + 10), 0.01);
  g_object_set (run->plan, "chunks", G_GINT64_CONSTANT (33), NULL);
  forecast = forecast_of (run);
  assert_about (&forecast, 3 * (4 + 10 + 10 * 33.0 / 32));

  /* a control and a floor are measured like candidates; the floor has A and B only */
  g_object_set (run->plan, "chunks", G_GINT64_CONSTANT (32), "control", "q4_1/q4_1",
                "measure-floor", TRUE, NULL);
  forecast = forecast_of (run);
  assert_about (&forecast, 5 * (4 + 2 * 10));

  /* KLD alone opens no session */
  g_object_set (run->plan, "axes", "kld", "control", NULL, "measure-floor", FALSE, NULL);
  forecast = forecast_of (run);
  assert_about (&forecast, 3 * 10);
}

/* What was not measured of this model is a range, and stays known once it was. */
static void
test_other_axes (void)
{
  g_autoptr (RefractRun) quick = timed_run ("trajectory,kld", 10);
  g_autoptr (RefractRun) full = timed_run ("trajectory,kld,rniah,plad", 10);
  g_autoptr (RefractRun) rniah = timed_run ("rniah", 20);
  RefractForecast forecast;

  forget ();
  record (quick);
  forecast = forecast_of (full);
  g_assert_cmpint (forecast.knowledge, ==, REFRACT_KNOWLEDGE_RELATED);
  g_assert_cmpfloat (forecast.high, >, forecast.low * 1.5);

  record (full);
  record (rniah);
  forecast = forecast_of (full);
  assert_about (&forecast, 3 * (4 + 10 + 10 + 20 + 10));
}

/* Another engine, other flags or another number of layers are another machine, as it were. */
static void
test_other_engine (void)
{
  g_autoptr (RefractRun) run = timed_run ("trajectory,kld", 10);
  RefractForecast forecast;

  forget ();
  record (run);
  g_free (run->engine->version);
  run->engine->version = g_strdup ("b10000");
  forecast = forecast_of (run);
  g_assert_cmpint (forecast.knowledge, ==, REFRACT_KNOWLEDGE_RELATED);
  g_assert_cmpfloat (forecast.low, <, 72);
  g_assert_cmpfloat (forecast.high, >, 72);

  record (run);
  g_object_set (run->plan, "n-gpu-layers", G_GINT64_CONSTANT (9), NULL);
  forecast = forecast_of (run);
  g_assert_cmpint (forecast.knowledge, ==, REFRACT_KNOWLEDGE_RELATED);
}

static void
test_resumed (void)
{
  g_autoptr (RefractRun) run = timed_run ("trajectory,kld", 10);
  RefractForecast forecast;

  forget ();
  run->resumed = TRUE;
  record (run);
  forecast = forecast_of (run);
  g_assert_cmpint (forecast.knowledge, ==, REFRACT_KNOWLEDGE_GUESS);
}

static void
test_bad_store (void)
{
  static const char *const texts[]
      = { "",
          "[]",
          "{\"version\":1,\"entries\":7}",
          "{\"version\":1,\"entries\":{\"x\":null}}",
          "{\"version\":1,\"entries\":{\"x\":{\"model_bytes\":-4,\"when\":\"now\"}}}",
          "{\"version\":99,\"entries\":{}}" };
  g_autoptr (RefractRun) run = timed_run ("trajectory,kld", 10);
  g_autofree char *path = store_path ();

  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      RefractForecast forecast;

      forget ();
      record (run); /* makes the folder */
      g_assert_true (g_file_set_contents (path, texts[i], -1, NULL));
      forecast = forecast_of (run);
      g_assert_cmpint (forecast.knowledge, ==, REFRACT_KNOWLEDGE_GUESS);
      record (run);
      forecast = forecast_of (run);
      assert_about (&forecast, 72);
    }
}

static void
test_many_models (void)
{
  g_autoptr (RefractRun) run = timed_run ("trajectory,kld", 10);
  g_autofree char *path = store_path ();
  g_autoptr (JsonObject) store = NULL;

  forget ();
  for (guint i = 0; i < 203; i++)
    {
      g_autoptr (GDateTime) finished = g_date_time_add_seconds (run->finished, 1);

      g_object_set (run->plan, "threads", (gint64) i, NULL);
      g_date_time_unref (run->finished);
      run->finished = g_steal_pointer (&finished);
      record (run);
    }
  store = refract_json_load_object (path, 1 << 20, NULL);
  g_assert_cmpuint (json_object_get_size (refract_json_get_object (store, "entries")), ==, 200);
}

static void
test_needs (void)
{
  g_autoptr (RefractRun) run = timed_run ("trajectory,kld", 10);
  static const char *const references[] = { "bits=16", "kv=auto" };
  g_autoptr (GError) error = NULL;
  RefractForecast forecast;
  guint64 words;

  forget ();
  forecast = forecast_of (run);
  g_assert_cmpuint (forecast.needs.n_slots, ==, 30);
  g_assert_cmpuint (forecast.needs.n_cells, ==, 512);
  /* 2 KV heads × 64 × (K and V) × 2 bytes × 3 layers */
  g_assert_cmpfloat (forecast.needs.kv_bytes, ==, 30.0 * 512 * 2 * 64 * 2 * 2 * 3);
  words = forecast.needs.disk_bytes;
  g_assert_cmpuint (words, >, 64 << 20);
  g_assert_cmpuint (forecast.disk_free, >, 0);

  /* 32 bits of each log-probability instead of 16 */
  for (guint i = 0; i < G_N_ELEMENTS (references); i++)
    {
      g_object_set (run->plan, "reference", references[i], NULL);
      forecast = forecast_of (run);
      g_assert_cmpuint (forecast.needs.disk_bytes - (64 << 20), >, 19 * (words - (64 << 20)) / 10);
    }

  g_object_set (run->plan, "axes", "trajectory", NULL);
  forecast = forecast_of (run);
  g_assert_cmpuint (forecast.needs.disk_bytes, ==, 0);

  g_object_set (run->plan, "kv-budget", G_GINT64_CONSTANT (1000), NULL);
  g_assert_false (refract_estimate_forecast (run, &forecast, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_MEMORY);
}

int
main (int argc, char **argv)
{
  g_autofree char *folder = g_dir_make_tmp ("refract-estimate-XXXXXX", NULL);
  int status;

  /* GLib's own isolation of folders leaks */
  g_setenv ("XDG_STATE_HOME", folder, TRUE);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/estimate/first", test_first);
  g_test_add_func ("/estimate/second", test_second);
  g_test_add_func ("/estimate/other-axes", test_other_axes);
  g_test_add_func ("/estimate/other-engine", test_other_engine);
  g_test_add_func ("/estimate/resumed", test_resumed);
  g_test_add_func ("/estimate/bad-store", test_bad_store);
  g_test_add_func ("/estimate/many-models", test_many_models);
  g_test_add_func ("/estimate/needs", test_needs);
  status = g_test_run ();
  remove_store (folder);
  return status;
}
