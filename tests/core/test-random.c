/* test-random.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "../data-fixture.h"
#include "core/refract-random.h"

static void
test_fixture (void)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonArray *rows = load_rows (parser, "mt19937.json", "rows", 7);

  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      guint64 seed = json_object_get_int_member (row, "seed");
      JsonArray *outputs = json_object_get_array_member (row, "u32");
      JsonArray *limits = json_object_get_array_member (row, "randbelow_n");
      JsonArray *below = json_object_get_array_member (row, "randbelow");
      g_autoptr (RefractRandom) random = refract_random_new (seed);
      g_autoptr (RefractRandom) fresh = refract_random_new (seed);

      for (guint j = 0; j < json_array_get_length (outputs); j++)
        g_assert_cmpuint (refract_random_next (random), ==,
                          json_array_get_int_element (outputs, j));
      for (guint j = 0; j < json_array_get_length (limits); j++)
        g_assert_cmpuint (refract_random_below (fresh, json_array_get_int_element (limits, j)), ==,
                          json_array_get_int_element (below, j));
    }
}

static void
test_below_range (void)
{
  g_autoptr (RefractRandom) random = refract_random_new (G_MAXUINT64);
  const guint32 limits[] = { 1, 2, 3, 1u << 31, G_MAXUINT32 };

  for (guint i = 0; i < G_N_ELEMENTS (limits); i++)
    for (guint j = 0; j < 1000; j++)
      g_assert_cmpuint (refract_random_below (random, limits[i]), <, limits[i]);
}

static void
test_double (void)
{
  g_autoptr (RefractRandom) random = refract_random_new (42);

  /* random.Random (42).random (), three times */
  g_assert_true (refract_random_double (random) == 0.6394267984578837);
  g_assert_true (refract_random_double (random) == 0.025010755222666936);
  g_assert_true (refract_random_double (random) == 0.27502931836911926);
}

static void
test_gamma (void)
{
  static const double shapes[] = { 0.25, 1, 8.5 };
  g_autoptr (RefractRandom) random = refract_random_new (1);

  for (guint i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      double sum = 0;
      double squares = 0;

      for (guint j = 0; j < 40000; j++)
        {
          double value = refract_random_gamma (random, shapes[i]);

          g_assert_cmpfloat (value, >=, 0);
          sum += value;
          squares += value * value;
        }
      /* mean and variance are the shape; four standard errors */
      g_assert_cmpfloat_with_epsilon (sum / 40000, shapes[i], 4 * sqrt (shapes[i] / 40000));
      g_assert_cmpfloat_with_epsilon (squares / 40000 - shapes[i] * shapes[i], shapes[i],
                                      4 * sqrt ((6 * shapes[i] + 2 * shapes[i] * shapes[i]) / 40000)
                                          + 8 * shapes[i] * sqrt (shapes[i] / 40000));
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/random/fixture", test_fixture);
  g_test_add_func ("/random/below-range", test_below_range);
  g_test_add_func ("/random/double", test_double);
  g_test_add_func ("/random/gamma", test_gamma);
  return g_test_run ();
}
