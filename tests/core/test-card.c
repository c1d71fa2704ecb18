/* test-card.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include <glib.h>

#include "../../src/cli/refract-card.h"

/* The lines from "Ranking" on of a run whose candidates have these labels. */
static char **
print_ranking (const char *const *labels, guint width)
{
  g_autoptr (GString) json = g_string_new (
      "{\"schema\": \"refract.report.v0.3.2\", \"model\": \"m\", \"axes\": {}, \"composite\": 90,"
      "\"extension\": {\"ranking\": [");
  g_autoptr (GPtrArray) reports = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  RefractReport *report;
  char *buffer = NULL;
  size_t size = 0;
  FILE *stream = open_memstream (&buffer, &size);

  for (guint i = 0; labels[i] != NULL; i++)
    g_string_append_printf (
        json,
        "%s{\"label\": \"%s\", \"composite\": 95.4, \"interval\": {\"low\": 47.8, \"high\": 99.9},"
        "\"bytes_per_token\": 816, \"saving\": 0.47, \"decode_tps\": 89%s}",
        i > 0 ? "," : "", labels[i], i == 1 ? ", \"dominated_by\": \"x\"" : "");
  g_string_append (json, "]}}");
  report = refract_report_new_from_text (json->str, json->len, &error);
  g_assert_no_error (error);
  g_ptr_array_add (reports, report);
  refract_card_print (stream, reports, FALSE, width);
  fclose (stream);
  text = g_strdup (strstr (buffer, "Ranking"));
  free (buffer);
  g_test_message ("%s", text);
  return g_strsplit (text, "\n", -1);
}

static gsize
column_of (const char *line, const char *text)
{
  const char *at = strstr (line, text);

  g_assert_nonnull (at);
  return g_utf8_pointer_to_offset (line, at);
}

static void
assert_width (char **lines, guint width)
{
  for (guint i = 0; lines[i] != NULL; i++)
    g_assert_cmpuint (g_utf8_strlen (lines[i], -1), <=, width);
}

/* Columns as wide as what is in them. */
static void
test_columns (void)
{
  static const char *const labels[]
      = { "K 8-bit / V 8-bit, groups of 64", "K q8_0 / V q8_0", "K é", NULL };
  g_auto (GStrv) lines = print_ranking (labels, 100);

  assert_width (lines, 100);
  for (guint i = 2; i <= 4; i++)
    {
      g_assert_cmpuint (column_of (lines[i], labels[i - 2]), ==, column_of (lines[1], "candidate"));
      g_assert_cmpuint (column_of (lines[i], "95.4"), ==, column_of (lines[1], "composite"));
      g_assert_cmpuint (column_of (lines[i], "816"), ==, column_of (lines[1], "bytes/token"));
    }
  g_assert_nonnull (strstr (lines[2], "groups of 64   95.4"));
  g_assert_true (g_str_has_suffix (lines[3], "89             dominated"));
  g_assert_true (g_str_has_suffix (lines[4], "89"));
}

/* Where that is wider than the terminal, labels have a line of their own. */
static void
test_narrow (void)
{
  static const char *const labels[] = { "K 8-bit / V 8-bit, groups of 64",
                                        "K 8-bit / V 4-bit, groups of 64, simulated and of a name "
                                        "that no terminal holds, whatever it does: the end",
                                        NULL };
  g_auto (GStrv) lines = print_ranking (labels, 80);
  g_auto (GStrv) tiny = print_ranking (labels, 5);

  assert_width (lines, 80);
  g_assert_cmpstr (lines[3], ==, "  1   K 8-bit / V 8-bit, groups of 64");
  g_assert_cmpuint (column_of (lines[4], "95.4"), ==, column_of (lines[2], "composite"));
  g_assert_true (g_str_has_prefix (lines[5], "  2   K 8-bit / V 4-bit, "));
  g_assert_true (g_str_has_suffix (lines[5], "whatever it does: the end"));
  g_assert_nonnull (strstr (lines[5], "…"));
  g_assert_true (g_str_has_suffix (lines[6], "dominated"));
  g_assert_nonnull (strstr (tiny[3], "…"));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/card/columns", test_columns);
  g_test_add_func ("/card/narrow", test_narrow);
  return g_test_run ();
}
