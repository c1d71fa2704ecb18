/* test-score.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <locale.h>
#include <math.h>

#include "../data-fixture.h"
#include "core/refract-error.h"
#include "core/refract-score.h"

static void
test_composite_fixture (void)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;
  JsonArray *rows = load_rows (parser, "scoring.json", "composites", 10);

  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      JsonArray *array = json_object_get_array_member (row, "scores");
      double scores[REFRACT_N_AXES];
      double composite;

      for (guint j = 0; j < REFRACT_N_AXES; j++)
        scores[j] = json_array_get_null_element (array, j)
                        ? NAN
                        : json_array_get_double_element (array, j);
      g_assert_true (refract_composite (scores, REFRACT_N_AXES, &composite, &error));
      g_assert_no_error (error);
      g_assert_true (composite == json_object_get_double_member (row, "composite"));
      g_assert_cmpstr (refract_band_get_name (refract_band_for_score (composite)), ==,
                       json_object_get_string_member (row, "band"));
    }
}

static void
test_composite_nothing (void)
{
  const double scores[] = { NAN, NAN };
  g_autoptr (GError) error = NULL;
  double composite = -1;

  g_assert_false (refract_composite (scores, 2, &composite, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_NOTHING_MEASURED);
  g_assert_true (composite == -1);
  g_clear_error (&error);
  g_assert_false (refract_composite (NULL, 0, &composite, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_NOTHING_MEASURED);
}

static void
test_composite_zero (void)
{
  const double below[] = { 90, -1e-9 };
  const double not_scored[] = { NAN, 90, NAN };
  double composite;

  g_assert_true (refract_composite (below, 2, &composite, NULL));
  g_assert_true (composite == 0);
  g_assert_true (refract_composite (not_scored, 3, &composite, NULL));
  g_assert_true (composite == 90);
}

static void
test_bands (void)
{
  static const struct
  {
    double score;
    const char *band;
  } rows[] = {
    { 100, "EXCELLENT" },     { 90, "EXCELLENT" }, { 89.99999, "PASS" }, { 80, "PASS" },
    { 79.99999, "DEGRADED" }, { 60, "DEGRADED" },  { 59.99999, "FAIL" }, { 0, "FAIL" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpstr (refract_band_get_name (refract_band_for_score (rows[i].score)), ==,
                     rows[i].band);
}

static void
test_axis_names (void)
{
  static const char *const expected[REFRACT_N_AXES][3] = {
    { "trajectory", "gtm", "Trajectory" },
    { "kld", "kld", "KLD@D" },
    { "rniah", "rniah", "R-NIAH" },
    { "plad", "plad", "PLAD" },
  };

  for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
    {
      g_assert_cmpstr (refract_axis_id_get_name (axis), ==, expected[axis][0]);
      g_assert_cmpstr (refract_axis_id_get_key (axis), ==, expected[axis][1]);
      g_assert_cmpstr (refract_axis_id_get_title (axis), ==, expected[axis][2]);
    }
}

static void
test_format (void)
{
  static const struct
  {
    double score;
    guint decimals;
    const char *text;
  } rows[] = {
    { 79.96, 1, "79.9" },      { 79.94, 1, "79.9" }, { 80, 1, "80.0" },      { 80.04, 1, "80.0" },
    { 89.999, 1, "89.9" },     { 90, 1, "90.0" },    { 99.97, 1, "99.9" },   { 100, 1, "100.0" },
    { 59.96, 1, "59.9" },      { 60, 1, "60.0" },    { 86.46, 1, "86.5" },   { 86.44, 1, "86.4" },
    { 69.96, 1, "70.0" },      { 0, 1, "0.0" },      { 0.04, 1, "0.0" },     { 79.996, 2, "79.99" },
    { 99.999999, 2, "99.99" }, { 100, 2, "100.00" }, { 86.456, 2, "86.46" }, { 59.994, 2, "59.99" },
    { 59.996, 2, "59.99" },    { 79.6, 0, "79" },    { 99.6, 0, "99" },      { 42.6, 0, "43" },
  };

  /* a comma in the text would show that the locale leaks in */
  setlocale (LC_NUMERIC, "de_DE.UTF-8");
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autofree char *text = refract_format_score (rows[i].score, rows[i].decimals);

      g_assert_cmpstr (text, ==, rows[i].text);
    }
  for (guint decimals = 0; decimals <= 9; decimals++)
    {
      g_autofree char *text = refract_format_score (nextafter (80, 0), decimals);

      g_assert_true (refract_band_for_score (g_ascii_strtod (text, NULL)) == REFRACT_BAND_DEGRADED);
    }
}

static double
score_of (RefractLink link,
          double numerator_1,
          double denominator_1,
          double numerator_2,
          double denominator_2)
{
  g_autoptr (RefractUnits) units = refract_units_new (link, 2);

  units->numerator[0] = numerator_1;
  units->denominator[0] = denominator_1;
  units->numerator[1] = numerator_2;
  units->denominator[1] = denominator_2;
  return refract_units_score (units);
}

static void
test_units_score (void)
{
  g_autoptr (RefractUnits) empty = refract_units_new (REFRACT_LINK_NATS, 0);

  /* the ratio of the sums (30 of 40), not the mean of the ratios (0.666…) */
  g_assert_true (score_of (REFRACT_LINK_AGREEMENT, 20, 20, 10, 20) == 75);
  g_assert_true (score_of (REFRACT_LINK_AGREEMENT, 10, 10, 5, 20) == 50);
  g_assert_true (score_of (REFRACT_LINK_AGREEMENT, 3, 2, 0, 0) == 100);
  g_assert_true (score_of (REFRACT_LINK_AGREEMENT, 0, 0, 0, 0) == 0);
  g_assert_cmpfloat_with_epsilon (score_of (REFRACT_LINK_NATS, 10, 100, 30, 100), 81.87307530779819,
                                  1e-12);
  g_assert_true (score_of (REFRACT_LINK_NATS, -1, 100, 0, 100) == 100);
  g_assert_true (score_of (REFRACT_LINK_NATS, INFINITY, 100, 0, 100) == 0);
  g_assert_true (score_of (REFRACT_LINK_LOSS, 1, 1, 0, 3) == 75);
  g_assert_true (score_of (REFRACT_LINK_LOSS, 0, 1, 0, 1) == 100);
  /* nothing measured, or not a number, is never perfect */
  g_assert_true (score_of (REFRACT_LINK_NATS, 0, 0, 0, 0) == 0);
  g_assert_true (score_of (REFRACT_LINK_LOSS, 0, 0, 0, 0) == 0);
  g_assert_true (score_of (REFRACT_LINK_NATS, NAN, 100, 0, 100) == 0);
  g_assert_true (refract_units_score (empty) == 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/score/composite-fixture", test_composite_fixture);
  g_test_add_func ("/score/composite-nothing", test_composite_nothing);
  g_test_add_func ("/score/composite-zero", test_composite_zero);
  g_test_add_func ("/score/bands", test_bands);
  g_test_add_func ("/score/axis-names", test_axis_names);
  g_test_add_func ("/score/format", test_format);
  g_test_add_func ("/score/units-score", test_units_score);
  return g_test_run ();
}
