/* test-json-events.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "core/refract-error.h"
#include "core/refract-json-events.h"

static gboolean
write_event (
    RefractJsonEvent event, const char *text, double number, gpointer user_data, GError **error)
{
  static const char marks[] = "{}[]";
  GString *out = user_data;

  if (event <= REFRACT_JSON_END_ARRAY)
    g_string_append_c (out, marks[event]);
  else if (event == REFRACT_JSON_NAME)
    g_string_append_printf (out, "%s=", text);
  else if (event == REFRACT_JSON_STRING)
    g_string_append_printf (out, "'%s' ", text);
  else if (event == REFRACT_JSON_NUMBER)
    g_string_append_printf (out, "%.17g ", number);
  else
    g_string_append_c (out, "TF0"[event - REFRACT_JSON_TRUE]);
  return TRUE;
}

/* The events of @text, fed in pieces of @step bytes; %NULL with @error. */
static char *
read_events (const char *text, gsize step, GError **error)
{
  g_autoptr (GString) out = g_string_new (NULL);
  g_autoptr (RefractJsonEvents) events = refract_json_events_new (write_event, out);
  gsize length = strlen (text), at;

  for (at = 0; at < length; at += step)
    if (!refract_json_events_feed (events, text + at, MIN (step, length - at), error))
      return NULL;
  if (!refract_json_events_finish (events, error))
    return NULL;
  return g_strdup (out->str);
}

static void
test_events (void)
{
  static const char text[] = " {\"a\": [1, -2.5e3,null,true,false, []], \"b\\\"\": {\"c\": "
                             "\"x\\\\\"}, \"d\":-Infinity}\n";
  static const char expected[] = "{a=[1 -2500 0TF[]]b\\\"={c='x\\\\' }d=-inf }";
  gsize step;

  for (step = 1; step < sizeof text; step++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *events = read_events (text, step, &error);

      g_assert_no_error (error);
      g_assert_cmpstr (events, ==, expected);
    }
}

static void
test_numbers (void)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *events = read_events ("[0.1,-6.627494812011719,NaN,12345678901]", 3, &error);

  g_assert_no_error (error);
  g_assert_true (g_str_has_prefix (events, "[0.10000000000000001 -6.6274948120117188 "));
  g_assert_true (g_str_has_suffix (events, " 12345678901 ]"));
}

static void
test_long_text (void)
{
  g_autofree char *long_text = g_strnfill (100000, 'x');
  g_autofree char *text = g_strdup_printf ("\"%s\"", long_text);
  g_autoptr (GError) error = NULL;
  g_autofree char *events = read_events (text, 1000, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (strlen (events), ==, REFRACT_JSON_EVENT_TEXT + 3);
}

static void
test_nonsense (void)
{
  static const char *const texts[] = {
    "",       "{",  "[1,]",      "[1 2]",      "{\"a\" 1}", "{\"a\":}", "{,}",
    "]",      "{]", "[1]]",      "[1],",       "\"open",    "nul",      "1x",
    "{1: 2}", "[}", "[\"a\":1]", "{\"a\":1,}", "<html>",    "[--1]",    "\001",
  };
  g_autofree char *deep = g_strnfill (1000, '['), *digits = g_strnfill (1000, '1');
  guint i;

  for (i = 0; i < G_N_ELEMENTS (texts) + 2; i++)
    {
      const char *text = i < G_N_ELEMENTS (texts)    ? texts[i]
                         : i == G_N_ELEMENTS (texts) ? deep
                                                     : digits;
      g_autoptr (GError) error = NULL;
      g_autofree char *events = read_events (text, 1, &error);

      g_assert_null (events);
      g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/json-events/events", test_events);
  g_test_add_func ("/json-events/numbers", test_numbers);
  g_test_add_func ("/json-events/long-text", test_long_text);
  g_test_add_func ("/json-events/nonsense", test_nonsense);
  return g_test_run ();
}
