/* test-prompts.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>

#include "core/refract-error.h"
#include "core/refract-perturb.h"
#include "core/refract-prompts-private.h"

static char *folder;

static char *
write_bytes (const char *name, const char *text, gssize length)
{
  char *path = g_build_filename (folder, name, NULL);

  g_assert_true (g_file_set_contents (path, text, length, NULL));
  return path;
}

static RefractPrompts *
load_text (const char *text, gssize length, GError **error)
{
  g_autofree char *path = write_bytes ("set.jsonl", text, length);

  return refract_prompts_load (path, error);
}

static void
assert_prompt (
    RefractPrompts *prompts, guint index, const char *id, const char *category, const char *text)
{
  const RefractPrompt *prompt = refract_prompts_get (prompts, index);

  g_assert_cmpstr (prompt->id, ==, id);
  g_assert_cmpstr (prompt->category, ==, category);
  g_assert_cmpstr (prompt->text, ==, text);
}

/* The set that is shipped: five prompts per category, work for every perturbation. */
static void
test_bundled (void)
{
  static const char *const categories[]
      = { "factual", "arithmetic", "code", "reasoning", "instruction", "dialogue" };
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", "prompts", "v1.jsonl", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractPrompts) prompts = refract_prompts_load (path, &error);
  guint per_category[G_N_ELEMENTS (categories)] = { 0 };
  guint applies[REFRACT_N_PERTURBATIONS] = { 0 };

  g_assert_no_error (error);
  g_assert_cmpuint (refract_prompts_get_n (prompts), ==, 30);
  g_assert_false (refract_prompts_are_refract_0_3 (prompts));

  for (guint i = 0; i < 30; i++)
    {
      const RefractPrompt *prompt = refract_prompts_get (prompts, i);
      char *variants[REFRACT_N_PERTURBATIONS];

      for (guint c = 0; c < G_N_ELEMENTS (categories); c++)
        per_category[c] += g_str_equal (prompt->category, categories[c]);
      refract_perturb (prompt->text, 42 + i, variants);
      for (guint p = 0; p < REFRACT_N_PERTURBATIONS; p++)
        {
          applies[p] += variants[p] != NULL;
          g_free (variants[p]);
        }
    }

  for (guint c = 0; c < G_N_ELEMENTS (categories); c++)
    g_assert_cmpuint (per_category[c], ==, 5);
  for (guint p = 0; p < REFRACT_N_PERTURBATIONS; p++)
    g_assert_cmpuint (applies[p], >=, 10);
}

static void
test_jsonl (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractPrompts) prompts
      = load_text ("\xEF\xBB\xBF# a comment\r\n"
                   "{\"id\": \"a\", \"category\": \"code\", \"prompt\": \"def f(x):\\n    \"}\r\n"
                   "\n"
                   "  {\"id\": 7, \"prompt\": \" Zürich \\u00e9 \\ud83d\\ude00\", \"licence\": 1}\n"
                   "{\"id\": \"c/1\", \"category\": null, \"prompt\": "
                   "\"\\\"schema\\\": \\\"refract.report.v0.3.1\\\" is what?\"}",
                   -1, &error);

  g_assert_no_error (error);
  g_assert_cmpuint (refract_prompts_get_n (prompts), ==, 3);
  assert_prompt (prompts, 0, "a", "code", "def f(x):\n    ");
  assert_prompt (prompts, 1, "7", "other", " Zürich é 😀");
  assert_prompt (prompts, 2, "c/1", "other", "\"schema\": \"refract.report.v0.3.1\" is what?");
}

#define GOOD "{\"id\": \"a\", \"category\": \"c\", \"prompt\": \"p\"}\n"

static void
test_jsonl_errors (void)
{
  static const struct
  {
    const char *text;
    gssize length;
    const char *expected;
  } cases[] = {
    { "", 0, "has no prompts" },
    { "\n# only a comment\n\n", -1, "has no prompts" },
    { GOOD "{\"id\": \"b\", \"prompt\"", -1, "line 2" },
    { GOOD "\n[1, 2]\n", -1, "line 3" },
    { GOOD "{\"category\": \"c\", \"prompt\": \"p\"}", -1, "line 2 has no id" },
    { GOOD "{\"id\": \"b\", \"category\": \"c\"}", -1, "line 2 has no prompt" },
    { GOOD "{\"id\": \"b\", \"prompt\": 3}", -1, "line 2 has no prompt" },
    { GOOD "{\"id\": \"b\", \"category\": 3, \"prompt\": \"p\"}", -1, "line 2 has a category" },
    { GOOD "{\"id\": \"b\", \"prompt\": \" \\n\"}", -1, "line 2 has an empty prompt" },
    { GOOD "{\"id\": \"\", \"prompt\": \"p\"}", -1, "line 2 has an id that is empty" },
    { GOOD GOOD, -1, "line 2 repeats an id" },
    { GOOD "{\"id\": \"b\", \"prompt\": \"x\xFF\"}", -1, "not UTF-8 text in line 2" },
    { GOOD "{\"id\": \"b\", \"prompt\": \"\0\"}", sizeof GOOD - 1 + 26, "NUL byte in line 2" },
    { GOOD "{\"id\": \"b\", \"prompt\": \"x\\u0000y\"}", -1, "line 2" },
    { GOOD "{\"id\": \"b\", \"id\": \"c\", \"prompt\": \"x\"}", -1, "same key twice (byte" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (RefractPrompts) prompts = load_text (cases[i].text, cases[i].length, &error);

      g_test_message ("%s", error != NULL ? error->message : "(no error)");
      g_assert_null (prompts);
      g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
      g_assert_nonnull (strstr (error->message, cases[i].expected));
      g_assert_nonnull (strstr (error->message, "set.jsonl"));
    }
}

static void
test_limits (void)
{
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractPrompts) prompts = NULL;
  g_autofree char *long_text = g_strnfill (1024 * 1024, 'x');

  g_string_printf (text, "{\"id\": \"a\", \"prompt\": \"%s\"}", long_text);
  prompts = load_text (text->str, text->len, &error);
  g_assert_no_error (error);
  g_clear_pointer (&prompts, refract_prompts_free);

  g_string_printf (text, "{\"id\": \"a\", \"prompt\": \"%sx\"}", long_text);
  g_assert_null (load_text (text->str, text->len, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
  g_assert_nonnull (strstr (error->message, "line 1 has a prompt longer than 1 MiB"));
  g_clear_error (&error);

  g_string_truncate (text, 0);
  for (guint i = 1; i <= 10000; i++)
    g_string_append_printf (text, "{\"id\": %u, \"prompt\": \"p\"}\n", i);
  prompts = load_text (text->str, text->len, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (refract_prompts_get_n (prompts), ==, 10000);

  g_string_append (text, "{\"id\": 10001, \"prompt\": \"p\"}\n");
  g_assert_null (load_text (text->str, text->len, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
  g_assert_nonnull (strstr (error->message, "line 10001"));
}

static void
test_missing (void)
{
  g_autofree char *path = g_build_filename (folder, "missing.jsonl", NULL);
  g_autoptr (GError) error = NULL;

  g_assert_null (refract_prompts_load (path, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
  g_assert_nonnull (strstr (error->message, "missing.jsonl"));
  g_clear_error (&error);

  g_assert_null (refract_prompts_load (folder, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
  g_clear_error (&error);

  g_assert_null (refract_prompts_load ("/dev/null", &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
  g_assert_nonnull (strstr (error->message, "is not a text file"));
}

#define REPORT(entries)                                                                            \
  "{\"axes\": {\"plad\": {\"score\": NaN}, \"gtm\": {\"per_prompt\": [" entries "]}},"             \
  " \"schema\" :\"refract.report.v0.3.1\"}"

static void
test_report (void)
{
  g_autofree char *legacy
      = g_test_build_filename (G_TEST_DIST, "data", "legacy-v0.3.1-gemma26b.json", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractPrompts) prompts
      = load_text (REPORT ("{\"id\": \"x-1\", \"category\": \"code\", \"prompt\": \"a \", "
                           "\"ref_token_ids\": [1, 2], \"matched\": true},"
                           "{\"id\": \"x-2\", \"category\": \"dialogue\", \"prompt\": \"b\"}"),
                   -1, &error);
  g_autoptr (RefractPrompts) same = NULL;

  g_assert_no_error (error);
  g_assert_cmpuint (refract_prompts_get_n (prompts), ==, 2);
  assert_prompt (prompts, 0, "x-1", "code", "a ");
  assert_prompt (prompts, 1, "x-2", "dialogue", "b");

  /* The same prompts are the same set, wherever they come from. */
  same = load_text ("{\"id\": \"x-1\", \"prompt\": \"a \"}\n{\"id\": \"x-2\", \"prompt\": \"b\"}",
                    -1, &error);
  g_assert_no_error (error);
  g_assert_cmpstr (refract_prompts_get_sha256 (prompts), ==, refract_prompts_get_sha256 (same));

  g_assert_null (refract_prompts_load (legacy, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
  g_assert_nonnull (strstr (error->message, "without its prompts"));
  g_clear_error (&error);

  g_assert_null (
      load_text (REPORT ("{\"id\": \"x-1\", \"prompt\": \"a\"}, {\"id\": \"x-2\"}"), -1, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
  g_assert_nonnull (strstr (error->message, "redacted"));
  g_clear_error (&error);

  g_assert_null (load_text (REPORT ("{\"id\": \"x-1\", \"prompt\": 7}"), -1, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
  g_assert_nonnull (strstr (error->message, "prompt 1 has no prompt"));
  g_clear_error (&error);

  g_assert_null (load_text ("{\"schema\": \"refract.report.v0.3.1\", \"axes\": [", -1, &error));
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
}

static void
test_sha256 (void)
{
  static const char *const others[] = {
    "{\"id\": \"a\", \"prompt\": \"pq\"}\n{\"id\": \"b\", \"prompt\": \"r\"}",
    "{\"id\": \"a\", \"prompt\": \"p\"}\n{\"id\": \"c\", \"prompt\": \"qr\"}",
    "{\"id\": \"b\", \"prompt\": \"qr\"}\n{\"id\": \"a\", \"prompt\": \"p\"}",
    "{\"id\": \"a\", \"prompt\": \"p\"}",
  };
  g_autoptr (RefractPrompts) prompts = load_text (
      "{\"id\": \"a\", \"prompt\": \"p\"}\n{\"id\": \"b\", \"prompt\": \"qr\"}", -1, NULL);
  g_autofree char *expected = g_compute_checksum_for_data (
      G_CHECKSUM_SHA256, (const guchar *) "a\0p\0b\0qr", sizeof "a\0p\0b\0qr");
  g_autofree char *expected_texts
      = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) "p\0qr", sizeof "p\0qr");

  g_assert_cmpstr (refract_prompts_get_sha256 (prompts), ==, expected);
  g_assert_cmpstr (prompts->texts_sha256, ==, expected_texts);
  for (guint i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (RefractPrompts) other = load_text (others[i], -1, NULL);

      g_assert_cmpstr (refract_prompts_get_sha256 (other), !=, expected);
    }
}

/* The framework's prompts are not part of this project: the test wants them from outside. */
static void
test_framework (void)
{
  const char *path = g_getenv ("REFRACT_FRAMEWORK_PROMPTS");
  g_autoptr (RefractPrompts) prompts = NULL;
  g_autoptr (GError) error = NULL;

  if (path == NULL)
    {
      g_test_skip ("REFRACT_FRAMEWORK_PROMPTS does not name the framework's prompts/v0.1.jsonl");
      return;
    }

  prompts = refract_prompts_load (path, &error);
  g_assert_no_error (error);
  g_assert_true (refract_prompts_are_refract_0_3 (prompts));
}

static void
test_text (void)
{
  g_autofree char *path = write_bytes ("corpus.txt", "One line.\nZürich.\n", -1);
  g_autofree char *big = g_strnfill (1024 * 1024 + 5, 'a');
  g_autofree char *big_path = write_bytes ("big.txt", big, -1);
  g_autofree char *head
      = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) big, 1024 * 1024);
  g_autofree char *whole = g_compute_checksum_for_string (G_CHECKSUM_SHA256, big, -1);
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractText) text = refract_text_load (path, &error);
  g_autoptr (RefractText) big_text = refract_text_load (big_path, NULL);

  g_assert_no_error (error);
  g_assert_cmpstr (text->text, ==, "One line.\nZürich.\n");
  g_assert_cmpstr (text->path, ==, path);
  g_assert_cmpuint (text->size_bytes, ==, 19);
  g_assert_cmpstr (text->sha256, ==,
                   "748b291df1867755bbe862b14564f97e60abb3d22b5267836da9cc67e52849ac");
  g_assert_cmpstr (text->sha256_head, ==, text->sha256);
  g_assert_cmpstr (big_text->sha256, ==, whole);
  g_assert_cmpstr (big_text->sha256_head, ==, head);
}

static void
test_text_errors (void)
{
  static const struct
  {
    const char *text;
    gssize length;
    const char *expected;
  } cases[] = {
    { "", 0, "is empty" },
    { " \n\n", -1, "is empty" },
    { "a\nb\n\xE4\n", -1, "not UTF-8 text in line 3" },
    { "a\n\0b", 4, "NUL byte in line 2" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = write_bytes ("text.txt", cases[i].text, cases[i].length);
      g_autoptr (GError) error = NULL;

      g_assert_null (refract_text_load (path, &error));
      g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT);
      g_assert_nonnull (strstr (error->message, cases[i].expected));
      g_assert_nonnull (strstr (error->message, "text.txt"));
    }
}

int
main (int argc, char *argv[])
{
  int status;

  g_test_init (&argc, &argv, NULL);
  folder = g_dir_make_tmp ("refract-prompts-XXXXXX", NULL);

  g_test_add_func ("/prompts/bundled", test_bundled);
  g_test_add_func ("/prompts/jsonl", test_jsonl);
  g_test_add_func ("/prompts/jsonl-errors", test_jsonl_errors);
  g_test_add_func ("/prompts/limits", test_limits);
  g_test_add_func ("/prompts/missing", test_missing);
  g_test_add_func ("/prompts/report", test_report);
  g_test_add_func ("/prompts/sha256", test_sha256);
  g_test_add_func ("/prompts/framework", test_framework);
  g_test_add_func ("/text/load", test_text);
  g_test_add_func ("/text/errors", test_text_errors);

  status = g_test_run ();

  {
    static const char *const names[] = { "set.jsonl", "corpus.txt", "big.txt", "text.txt" };

    for (guint i = 0; i < G_N_ELEMENTS (names); i++)
      {
        g_autofree char *path = g_build_filename (folder, names[i], NULL);

        g_unlink (path);
      }
  }
  g_rmdir (folder);
  g_free (folder);
  return status;
}
