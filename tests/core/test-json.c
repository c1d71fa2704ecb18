/* test-json.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "core/refract-json-scan.h"
#include "core/refract-json.h"

static JsonObject *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  JsonObject *object = refract_json_parse_object (text, strlen (text), &error);

  g_assert_no_error (error);
  g_assert_nonnull (object);
  return object;
}

static void
assert_refused (const char *text, gssize length, const char *part)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (JsonObject) object = NULL;

  object = refract_json_parse_object (text, length < 0 ? strlen (text) : (gsize) length, &error);
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
  g_assert_null (object);
  if (strstr (error->message, part) == NULL)
    g_error ("“%s” does not say “%s”", error->message, part);
}

static void
test_values (void)
{
  g_autoptr (JsonObject) object = parse ("{\"a\": 1, \"b\": -2.5e+3, \"c\": [true, false, null], "
                                         "\"d\": {\"e\": \"x\\u00e4\\n\\\"\\/\\ud83d\\ude00\"}, "
                                         "\"f\": -0.0, \"g\": 1E2, \"h\": \"\"}");

  g_assert_cmpint (refract_json_get_int (object, "a", 0), ==, 1);
  g_assert_cmpfloat (refract_json_get_double (object, "a", 0), ==, 1.0);
  g_assert_cmpfloat (refract_json_get_double (object, "b", 0), ==, -2500.0);
  g_assert_cmpint (refract_json_get_int (object, "b", 0), ==, -2500);
  g_assert_cmpfloat (refract_json_get_double (object, "g", 0), ==, 100.0);
  g_assert_cmpstr (refract_json_get_string (refract_json_get_object (object, "d"), "e", NULL), ==,
                   "xä\n\"/😀");
  g_assert_cmpuint (json_array_get_length (refract_json_get_array (object, "c")), ==, 3);
  g_assert_cmpstr (refract_json_get_string (object, "h", NULL), ==, "");
  /* absent or of another type */
  g_assert_cmpint (refract_json_get_int (object, "h", 7), ==, 7);
  g_assert_cmpfloat (refract_json_get_double (object, "nothing", 0.5), ==, 0.5);
  g_assert_true (refract_json_get_boolean (object, "a", TRUE));
  g_assert_null (refract_json_get_object (object, "c"));
  g_assert_null (refract_json_get_array (object, "d"));
  g_assert_cmpstr (refract_json_get_string (object, "a", "fallback"), ==, "fallback");
}

/* A byte order mark is no part of the text, also where that is rewritten. */
static void
test_mark (void)
{
  g_autoptr (JsonObject) object = parse ("\xef\xbb\xbf {\"a\": 1, \"b\": NaN}");

  g_assert_cmpint (refract_json_get_int (object, "a", 0), ==, 1);
  g_assert_true (json_object_get_null_member (object, "b"));
}

static void
test_rewrites (void)
{
  g_autoptr (JsonObject) object
      = parse ("{\"a\":NaN,\"b\": [Infinity,-Infinity, 1e999],\"NaN\":\"NaN, Infinity\","
               "\"c\":123456789012345678901234,\"d\":\"\\ud83dx\",\"e\":999999999999999999}");
  JsonArray *array = refract_json_get_array (object, "b");

  g_assert_true (json_object_get_null_member (object, "a"));
  for (guint i = 0; i < 3; i++)
    g_assert_true (json_array_get_null_element (array, i));
  g_assert_cmpstr (refract_json_get_string (object, "NaN", NULL), ==, "NaN, Infinity");
  g_assert_cmpfloat (refract_json_get_double (object, "c", 0), ==, 123456789012345678901234.0);
  g_assert_cmpstr (refract_json_get_string (object, "d", NULL), ==, "\xef\xbf\xbdx");
  g_assert_cmpint (refract_json_get_int (object, "e", 0), ==, 999999999999999999);
}

static void
test_refused (void)
{
  static const struct
  {
    const char *text;
    const char *part;
  } cases[] = {
    { "", "nothing in it" },
    { "\xef\xbb\xbf\n", "nothing in it" },
    { "\xff\xfe{", "UTF-16" },
    { "\xfe\xff", "UTF-16" },
    { "[]", "no object" },
    { "{", "without a key" },
    { "{\"a\":1", "in the middle" },
    { "{\"a\":1}x", "something after its end (line 1, byte 7)" },
    { "{\"a\":1,\n\"a\":2}", "same key twice (line 2" },
    { "{\"a\":1,\"\\u0061\":2}", "same key twice" },
    { "{\"a\":{\"b\":1,\"c\":{\"b\":1},\"b\":1}}", "same key twice" },
    { "{\"a\":1,}", "without a key" },
    { "{'a':1}", "without a key" },
    { "{\"a\" 1}", "without a colon" },
    { "{\"a\":[1 2]}", "without a comma" },
    { "{\"a\":[1,]}", "no value" },
    { "{\"a\":[1}}", "without a comma" },
    { "{\"a\":01}", "begins with 0" },
    { "{\"a\":1.}", "after its point" },
    { "{\"a\":1e}", "in its exponent" },
    { "{\"a\":-}", "no value" },
    { "{\"a\":+1}", "no value" },
    { "{\"a\":nan}", "no value" },
    { "{\"a\":nul}", "no value" },
    { "{\"a\":NaNa}", "without a comma" },
    { "{\"a\":\"x", "does not end" },
    { "{\"a\":\"\\", "does not end" },
    { "{\"a\":\"\\x\"}", "escape" },
    { "{\"a\":\"\\u12\"}", "hexadecimal" },
    { "{\"a\":\"\\u0000\"}", "zero character" },
    { "{\"a\":\"\n\"}", "control character" },
    { "{\"a\":\"\xff\"}", "not UTF-8" },
    { "{/* */\"a\":1}", "without a key" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    assert_refused (cases[i].text, -1, cases[i].part);
  assert_refused ("{\"a\":\"x\0y\"}", 11, "control character");
}

/* What a string ends or may not have is found wherever it stands, whatever stands before it. */
static void
test_strings (void)
{
  static const char *const fillers[] = { "a", "é", "\x7f", " ", "~" };
  static const struct
  {
    const char *part;
    const char *problem; /* NULL: fine */
  } parts[] = {
    { "\\\"", NULL },
    { "\\n", NULL },
    { "\xc2\x80", NULL },
    { "\xf0\x9f\x98\x80", NULL },
    { "!", NULL },
    { "\x1f", "control character" },
    { "\n", "control character" },
    { "\xc2", "not UTF-8" },
    { "\x80", "not UTF-8" },
    { "\xed\xa0\x80", "not UTF-8" },
  };

  for (guint filler = 0; filler < G_N_ELEMENTS (fillers); filler++)
    for (guint n = 0; n < 20; n++)
      for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
        {
          g_autoptr (GString) text = g_string_new ("{\"k\" :\n          \"");

          for (guint j = 0; j < n; j++)
            g_string_append (text, fillers[filler]);
          g_string_append_printf (text, "%sz\"\t,        \"b\": 7}", parts[i].part);
          if (parts[i].problem != NULL)
            assert_refused (text->str, (gssize) text->len, parts[i].problem);
          else
            {
              g_autoptr (GError) error = NULL;
              g_autoptr (JsonObject) object
                  = refract_json_parse_object (text->str, text->len, &error);

              g_assert_no_error (error);
              g_assert_true (g_str_has_suffix (refract_json_get_string (object, "k", ""), "z"));
              g_assert_cmpint (refract_json_get_int (object, "b", 0), ==, 7);
            }
        }
}

static void
test_limits (void)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < REFRACT_JSON_MAX_DEPTH - 1; i++)
    g_string_append (text, "{\"a\":");
  g_string_append (text, "{}");
  for (guint i = 0; i < REFRACT_JSON_MAX_DEPTH - 1; i++)
    g_string_append_c (text, '}');
  json_object_unref (parse (text->str));

  g_string_prepend (text, "{\"a\":");
  g_string_append_c (text, '}');
  assert_refused (text->str, -1, "64 levels");

  g_string_assign (text, "{\"k0\":0");
  for (guint i = 1; i < REFRACT_JSON_MAX_MEMBERS; i++)
    g_string_append_printf (text, ",\"k%u\":0", i);
  g_string_append_c (text, '}');
  json_object_unref (parse (text->str));
  g_string_insert (text, text->len - 1, ",\"more\":0");
  assert_refused (text->str, -1, "1024 members");

  /* keys that GLib's hash does not tell apart */
  g_string_assign (text, "{");
  for (guint i = 0; i < 8; i++)
    g_string_append_printf (text, "%s\"%s%s%s\":0", i > 0 ? "," : "", i & 1 ? "Ez" : "FY",
                            i & 2 ? "Ez" : "FY", i & 4 ? "Ez" : "FY");
  g_string_append_c (text, '}');
  assert_refused (text->str, -1, "slow a reader down");

  g_string_assign (text, "{\"a\":[0");
  for (guint i = 0; i < REFRACT_JSON_MAX_VALUES; i++)
    g_string_append (text, ",0");
  g_string_append (text, "]}");
  assert_refused (text->str, -1, "2 million");

  g_string_assign (text, "{\"a\":[[]");
  for (guint i = 0; i < REFRACT_JSON_MAX_CONTAINERS; i++)
    g_string_append (text, ",[]");
  g_string_append (text, "]}");
  assert_refused (text->str, -1, "200,000");

  g_string_set_size (text, REFRACT_JSON_MAX_STRING + 10);
  memset (text->str, 'x', text->len);
  memcpy (text->str, "{\"a\":\"", 6);
  memcpy (text->str + text->len - 2, "\"}", 2);
  assert_refused (text->str, -1, "16 MiB");

  g_string_set_size (text, REFRACT_JSON_MAX_BYTES + 1);
  assert_refused (text->str, text->len, "64 MiB");
}

static void
test_write (void)
{
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonObject) back = NULL;
  g_autoptr (GArray) ids = NULL;
  g_autofree char *text = NULL;
  const gint32 values[] = { 0, -1, G_MAXINT32 };
  JsonArray *numbers = json_array_new ();

  refract_json_set_double (object, "nan", NAN);
  refract_json_set_double (object, "tenth", 0.1);
  refract_json_set_string_or_null (object, "none", NULL);
  refract_json_set_string_or_null (object, "broken", "a\xff");
  refract_json_add_double (numbers, INFINITY);
  refract_json_add_double (numbers, 1.0 / 3.0);
  json_object_set_array_member (object, "numbers", numbers);
  json_object_set_array_member (object, "ids", refract_json_array_from_ids (values, 3));
  text = refract_json_to_text (object, TRUE);
  g_assert_true (g_str_has_suffix (text, "}\n"));

  back = parse (text);
  g_assert_true (json_object_get_null_member (back, "nan"));
  g_assert_cmpfloat (refract_json_get_double (back, "tenth", 0), ==, 0.1);
  g_assert_true (json_object_get_null_member (back, "none"));
  g_assert_cmpstr (refract_json_get_string (back, "broken", NULL), ==, "a\xef\xbf\xbd");
  numbers = refract_json_get_array (back, "numbers");
  g_assert_true (json_array_get_null_element (numbers, 0));
  g_assert_cmpfloat (json_array_get_double_element (numbers, 1), ==, 1.0 / 3.0);
  ids = refract_json_array_to_ids (refract_json_get_array (back, "ids"));
  g_assert_cmpmem (ids->data, ids->len * sizeof (gint32), values, sizeof values);
  g_assert_null (refract_json_array_to_ids (numbers));
}

static void
test_files (void)
{
  g_autofree char *folder = g_dir_make_tmp ("refract-json-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "a.json", NULL);
  g_autofree char *missing = g_build_filename (folder, "missing", "a.json", NULL);
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonObject) back = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = NULL;

  json_object_set_int_member (object, "a", 1);
  g_assert_true (refract_json_save_object (object, path, &error));
  json_object_set_int_member (object, "a", 2);
  g_assert_true (refract_json_save_object (object, path, &error));
  back = refract_json_load_object (path, 1024, &error);
  g_assert_no_error (error);
  g_assert_cmpint (refract_json_get_int (back, "a", 0), ==, 2);

  g_assert_null (refract_json_load_object (path, 3, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
  g_assert_nonnull (strstr (error->message, "a.json"));
  g_clear_error (&error);
  g_assert_null (refract_json_load_object (folder, 1024, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
  g_clear_error (&error);
  g_assert_null (refract_json_load_object ("/dev/zero", 1024, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
  g_clear_error (&error);

  g_assert_false (refract_json_save_object (object, missing, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK);
  g_assert_nonnull (strstr (error->message, "a.json"));
  g_clear_error (&error);

  dir = g_dir_open (folder, 0, NULL);
  g_assert_cmpstr (g_dir_read_name (dir), ==, "a.json");
  g_assert_null (g_dir_read_name (dir));
  g_unlink (path);
  g_rmdir (folder);
}

/* A write that stops half-way, as on a full disk, leaves the old file and nothing else. */
static void
test_disk_full (void)
{
  g_autofree char *folder = g_dir_make_tmp ("refract-json-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "a.json", NULL);
  g_autofree char *big = g_strnfill (100000, 'x');
  g_autoptr (JsonObject) object = json_object_new ();
  g_autoptr (JsonObject) back = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (GDir) dir = NULL;
  struct rlimit old, small;

  json_object_set_int_member (object, "a", 1);
  g_assert_true (refract_json_save_object (object, path, &error));
  json_object_set_string_member (object, "b", big);

  signal (SIGXFSZ, SIG_IGN);
  g_assert_cmpint (getrlimit (RLIMIT_FSIZE, &old), ==, 0);
  small = old;
  small.rlim_cur = 4096;
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &small), ==, 0);
  g_assert_false (refract_json_save_object (object, path, &error));
  g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &old), ==, 0);
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK);
  g_assert_nonnull (strstr (error->message, path));
  g_clear_error (&error);

  back = refract_json_load_object (path, 1024, &error);
  g_assert_no_error (error);
  g_assert_cmpint (refract_json_get_int (back, "a", 0), ==, 1);
  dir = g_dir_open (folder, 0, NULL);
  g_assert_cmpstr (g_dir_read_name (dir), ==, "a.json");
  g_assert_null (g_dir_read_name (dir));
  g_unlink (path);
  g_rmdir (folder);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/json/values", test_values);
  g_test_add_func ("/json/mark", test_mark);
  g_test_add_func ("/json/rewrites", test_rewrites);
  g_test_add_func ("/json/refused", test_refused);
  g_test_add_func ("/json/strings", test_strings);
  g_test_add_func ("/json/limits", test_limits);
  g_test_add_func ("/json/write", test_write);
  g_test_add_func ("/json/files", test_files);
  g_test_add_func ("/json/disk-full", test_disk_full);

  return g_test_run ();
}
