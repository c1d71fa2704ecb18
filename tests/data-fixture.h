/* data-fixture.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* What is in tests/data, for tests of the library and of the window. */

#pragma once

#include <string.h>

#include "report/refract-report.h"

static inline RefractReport *
load_report (const char *name)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", name, NULL);
  g_autoptr (GError) error = NULL;
  RefractReport *report = refract_report_load (path, &error);

  g_assert_no_error (error);
  return report;
}

static inline RefractReport *
parse_report (const char *text)
{
  g_autoptr (GError) error = NULL;
  RefractReport *report = refract_report_new_from_text (text, strlen (text), &error);

  g_assert_no_error (error);
  return report;
}

/* The array @member of file @name, which has @n elements. The @parser owns it. */
static inline JsonArray *
load_rows (JsonParser *parser, const char *name, const char *member, guint n)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "data", name, NULL);
  g_autoptr (GError) error = NULL;
  JsonArray *rows;

  json_parser_load_from_file (parser, path, &error);
  g_assert_no_error (error);
  rows
      = json_object_get_array_member (json_node_get_object (json_parser_get_root (parser)), member);
  g_assert_cmpuint (json_array_get_length (rows), ==, n);
  return rows;
}
