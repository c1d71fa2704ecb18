/* test-statistics.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "../data-fixture.h"
#include "core/refract-statistics.h"

static void
assert_close (double value, double expected)
{
  g_assert_cmpfloat_with_epsilon (value, expected, 2e-13 * fabs (expected));
}

static gint32 *
read_ids (JsonObject *row, const char *key, gsize *n)
{
  JsonArray *array = json_object_get_array_member (row, key);
  gint32 *ids = g_new (gint32, json_array_get_length (array));

  *n = json_array_get_length (array);
  for (guint i = 0; i < *n; i++)
    ids[i] = json_array_get_int_element (array, i);
  return ids;
}

static void
test_sequences_fixture (void)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonArray *rows = load_rows (parser, "scoring.json", "sequences", 40);

  for (guint i = 0; i < json_array_get_length (rows); i++)
    {
      JsonObject *row = json_array_get_object_element (rows, i);
      gsize n_ref, n_cand;
      g_autofree gint32 *ref = read_ids (row, "ref", &n_ref);
      g_autofree gint32 *cand = read_ids (row, "cand", &n_cand);
      guint prefix = refract_common_prefix (ref, n_ref, cand, n_cand);

      g_assert_cmpuint (refract_edit_distance (ref, n_ref, cand, n_cand), ==,
                        json_object_get_int_member (row, "levenshtein"));
      g_assert_cmpuint (refract_edit_distance (cand, n_cand, ref, n_ref), ==,
                        json_object_get_int_member (row, "levenshtein"));
      g_assert_cmpuint (prefix, ==, json_object_get_int_member (row, "prefix_agreement_length"));
      if (json_object_get_null_member (row, "first_divergence"))
        g_assert_true (prefix == n_ref && prefix == n_cand);
      else
        g_assert_cmpuint (prefix, ==, json_object_get_int_member (row, "first_divergence"));
    }
}

static void
test_sort (void)
{
  double values[] = { 3, NAN, -INFINITY, 1, INFINITY, 1, -2 };
  const double expected[] = { -INFINITY, -2, 1, 1, 3, INFINITY };

  refract_sort_doubles (values, G_N_ELEMENTS (values));
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    g_assert_true (values[i] == expected[i]);
  g_assert_true (isnan (values[6]));
  refract_sort_doubles (NULL, 0);
}

static void
test_quantile (void)
{
  const double sorted[] = { 1, 2, 4, 8 };
  const double infinite[] = { 0, INFINITY, INFINITY };

  g_assert_true (refract_quantile (sorted, 4, 0) == 1);
  g_assert_true (refract_quantile (sorted, 4, 1) == 8);
  g_assert_true (refract_quantile (sorted, 4, 0.5) == 3);
  /* position 2.7 */
  assert_close (refract_quantile (sorted, 4, 0.9), 6.8);
  g_assert_true (refract_quantile (sorted, 1, 0.3) == 1);
  g_assert_true (refract_quantile (infinite, 3, 0.75) == INFINITY);
}

static void
test_sum (void)
{
  g_autofree double *values = g_new (double, 1000003);

  for (guint i = 0; i < 1000003; i++)
    values[i] = 0.1;
  g_assert_true (refract_sum (NULL, 0) == 0);
  g_assert_true (refract_sum (values, 3) == 0.1 + 0.1 + 0.1);
  /* one after the other is off by 1e-6 here */
  g_assert_cmpfloat_with_epsilon (refract_sum (values, 1000003), 100000.3, 1e-9);
}

static void
test_normal (void)
{
  assert_close (refract_normal_cdf (0), 0.5);
  assert_close (refract_normal_cdf (1.959963984540054), 0.975);
  assert_close (refract_normal_cdf (-1), 0.158655253931457051);
  assert_close (refract_normal_cdf (-6), 9.86587645037698141e-10);

  g_assert_cmpfloat_with_epsilon (refract_normal_quantile (0.5), 0, 1e-15);
  assert_close (refract_normal_quantile (0.975), 1.95996398454005424);
  assert_close (refract_normal_quantile (0.025), -1.95996398454005424);
  assert_close (refract_normal_quantile (0.05), -1.64485362695147271);
  assert_close (refract_normal_quantile (0.3), -0.524400512708040816);
  assert_close (refract_normal_quantile (0.001), -3.09023230616781354);
  assert_close (refract_normal_quantile (1e-10), -6.3613409024040562);
  assert_close (refract_normal_quantile (1e-300), -37.0470962993611992);
  g_assert_true (refract_normal_quantile (0) == -INFINITY);
  g_assert_true (refract_normal_quantile (1) == INFINITY);
}

static void
test_beta (void)
{
  /* p, a, b, and the quantile to 18 digits from an arbitrary-precision library */
  static const double known[][4] = {
    { 0.975, 0.5, 9.5, 0.237610098632903135 },   { 0.025, 0.5, 9.5, 0.0000530640534184928795 },
    { 0.025, 1.5, 8.5, 0.0122640876216194506 },  { 0.975, 1.5, 8.5, 0.414469277440532657 },
    { 0.5, 4.5, 5.5, 0.446538931554290313 },     { 0.025, 9.5, 0.5, 0.762389901367096865 },
    { 0.05, 1, 30, 0.00170831564446573434 },     { 0.025, 0.5, 0.5, 0.0015413331334360119 },
    { 0.9, 200.5, 800.5, 0.216631572271711552 }, { 0.001, 50, 0.5, 0.896897736581286212 },
    { 0.05, 14.5, 0.5, 0.873942416577968058 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    assert_close (refract_beta_quantile (known[i][0], known[i][1], known[i][2]), known[i][3]);
  g_assert_true (refract_beta_quantile (0, 0.5, 0.5) == 0);
  g_assert_true (refract_beta_quantile (1, 0.5, 0.5) == 1);
  assert_close (refract_beta_quantile (0.123, 1, 1), 0.123);
  assert_close (refract_beta_quantile (0.05, 30, 1), pow (0.05, 1.0 / 30));
}

static void
test_edit_distance (void)
{
  const gint32 a[] = { 1, 2, 3, 4 };
  const gint32 b[] = { 2, 3, 4, 5 };

  g_assert_cmpuint (refract_edit_distance (NULL, 0, NULL, 0), ==, 0);
  g_assert_cmpuint (refract_edit_distance (a, 4, NULL, 0), ==, 4);
  g_assert_cmpuint (refract_edit_distance (NULL, 0, b, 3), ==, 3);
  /* one removed in front, one added at the end */
  g_assert_cmpuint (refract_edit_distance (a, 4, b, 4), ==, 2);
  g_assert_cmpuint (refract_common_prefix (a, 4, a, 2), ==, 2);
  g_assert_cmpuint (refract_common_prefix (NULL, 0, a, 2), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/statistics/sequences-fixture", test_sequences_fixture);
  g_test_add_func ("/statistics/sort", test_sort);
  g_test_add_func ("/statistics/quantile", test_quantile);
  g_test_add_func ("/statistics/sum", test_sum);
  g_test_add_func ("/statistics/normal", test_normal);
  g_test_add_func ("/statistics/beta", test_beta);
  g_test_add_func ("/statistics/edit-distance", test_edit_distance);
  return g_test_run ();
}
