/* test-translate.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <glib/gstdio.h>
#include <locale.h>
#include <unistd.h>

#include "../data-fixture.h"
#include "core/refract-error.h"
#include "core/refract-json.h"
#include "core/refract-kv-config.h"
#include "core/refract-translate.h"
#include "export/refract-html.h"
#include "export/refract-markdown.h"
#include "export/refract-table.h"
#include "report/refract-facts.h"
#include "report/refract-report-text.h"

/* In German, on a machine that need not have a German locale: under that name the one without a
 * language is as good. (nullable): its folder, to be removed */
static char *
speak_german (void)
{
  char *folder = g_dir_make_tmp ("refract-locale-XXXXXX", NULL);
  g_autofree char *link = g_build_filename (folder, "de_DE.UTF-8", NULL);

  g_setenv ("LOCPATH", folder, TRUE);
  g_setenv ("LC_ALL", "de_DE.UTF-8", TRUE);
  g_unsetenv ("LANGUAGE");
  g_assert_cmpint (symlink ("/usr/lib/locale/C.utf8", link), ==, 0);
  if (setlocale (LC_ALL, "") == NULL)
    g_print ("1..0 # SKIP no locale to go by another name\n");
  g_unsetenv ("LOCPATH"); /* newlocale() leaks it */
  bindtextdomain (GETTEXT_PACKAGE, BUILT_LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  return folder;
}

static void
assert_german (const char *english, const char *german)
{
  g_autofree char *once = refract_translate (english);
  g_autofree char *twice = refract_translate (once);

  g_assert_cmpstr (once, ==, german);
  g_assert_cmpstr (twice, ==, german);
}

static void
test_sentences (void)
{
  assert_german ("No axis could be scored.", "Keine Achse ließ sich bewerten.");
  assert_german ("Typing errors upset the answers (typo 63.6).",
                 "Tippfehler bringen die Antworten durcheinander (typo 63.6).");
  /* in another order */
  assert_german ("No loss shows: the decoded text (Trajectory) is intact, close to f16.",
                 "Kein Verlust zeigt sich: Unversehrt und nahe an f16 ist der dekodierte Text "
                 "(Trajektorie).");
  /* the other form, and a list */
  assert_german ("No loss shows: the decoded text (Trajectory), the token distribution (KLD@D) and "
                 "retrieval from long contexts (R-NIAH) are intact, close to f16.",
                 "Kein Verlust zeigt sich: Unversehrt und nahe an f16 sind der dekodierte Text "
                 "(Trajektorie), die Verteilung der Token (KLD@D) und das Wiederfinden in langen "
                 "Kontexten (R-NIAH).");
  /* several sentences, each on its own; what nobody knows stays */
  assert_german ("Safe to ship: every axis that was scored reaches 80. Low confidence: retrieval "
                 "from long contexts (R-NIAH). Whatever. No axis could be scored.",
                 "Einsetzbar: Jede bewertete Achse erreicht 80. Geringe Aussagekraft: das "
                 "Wiederfinden in langen Kontexten (R-NIAH). Whatever. Keine Achse ließ sich "
                 "bewerten.");
  /* a phrase in a phrase in a sentence, with a per cent sign */
  assert_german ("Ship K q8_0 / V q8_0: 47 % less KV memory, and 98.8 [95.2, 99.5] of 100 against "
                 "f16.",
                 "Setzen Sie K q8_0 / V q8_0 ein: 47 % weniger KV-Speicher und 98.8 [95.2, 99.5] "
                 "von 100 gegen f16.");
  assert_german ("Do not ship: several axes fail (Trajectory 31.5 and PLAD 40.0).",
                 "Nicht einsetzen: Mehrere Achsen fallen durch (Trajektorie 31.5 und PLAD 40.0).");
}

static void
test_errors (void)
{
  static const struct
  {
    const char *config;
    const char *german;
  } rows[] = {
    { "", "Die KV-Konfiguration ist leer. Schreiben Sie zum Beispiel ctk=q8_0,ctv=q4_0." },
    { "ctk", "“ctk” hat keinen Wert. Schreiben Sie ctk=WERT, oder lassen Sie es weg." },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *message = NULL;

      g_assert_null (refract_kv_config_parse (rows[i].config, &error));
      g_test_message ("%s", error->message);
      message = refract_translate (error->message);
      g_assert_cmpstr (message, !=, error->message);
    }
}

/* Nothing that a report says is printed, and names are not words. */
static void
test_strangers (void)
{
  g_autoptr (GString) sentences = g_string_new (NULL);
  static const char *const texts[] = { "",
                                       "%s%n%s",
                                       "Prompts.gguf and Layers",
                                       "Typing errors upset the answers (%1$s %n).x",
                                       "%u of %u cells were skipped",
                                       "\xe2\x80\xae. . . .",
                                       "x" };

  g_assert_null (refract_translate (NULL));
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    assert_german (texts[i], texts[i]);
  for (guint i = 0; i < 100000; i++)
    g_string_append (sentences, ". ");
  assert_german (sentences->str, sentences->str);
  /* a file that is called as something in the catalogue */
  assert_german ("“Prompts” cannot be opened: x.", "„Prompts“ lässt sich nicht öffnen: x.");
}

/* Every sentence that a report of ours has. */
static void
test_report (void)
{
  g_autoptr (RefractReport) report = load_report ("full-demo-q4_0.refract.json");
  JsonObject *extension = refract_report_get_extension (report);
  JsonArray *findings = refract_json_get_array (extension, "findings");
  JsonObject *recommendation = refract_json_get_object (extension, "recommendation");
  g_autoptr (GPtrArray) sentences = g_ptr_array_new ();

  for (guint i = 0; i < json_array_get_length (findings); i++)
    {
      JsonObject *finding = json_array_get_object_element (findings, i);

      g_ptr_array_add (sentences, (char *) refract_json_get_string (finding, "text", NULL));
      g_ptr_array_add (sentences, (char *) refract_json_get_string (finding, "remedy", NULL));
    }
  g_ptr_array_add (sentences, (char *) refract_json_get_string (recommendation, "sentence", NULL));
  g_ptr_array_add (sentences,
                   (char *) refract_json_get_string (recommendation, "control_sentence", NULL));
  g_ptr_array_add (sentences, (char *) refract_json_get_string (
                                  refract_json_get_object (extension, "ship"), "sentence", NULL));
  g_ptr_array_add (sentences, (char *) refract_json_get_string (refract_report_get_root (report),
                                                                "summary", NULL));
  g_assert_cmpuint (sentences->len, >, 6);
  for (guint i = 0; i < sentences->len; i++)
    {
      g_autofree char *german = refract_translate (sentences->pdata[i]);

      g_test_message ("%s", german);
      g_assert_cmpstr (german, !=, sentences->pdata[i]);
    }
}

/* What leaves the machine is the same in every language. */
static void
test_exports (void)
{
  g_autoptr (RefractReport) report = load_report ("full-demo-q4_0.refract.json");
  g_autoptr (GPtrArray) reports = g_ptr_array_new ();
  g_autofree char *german_markdown = NULL;
  g_autofree char *german_html = NULL;
  g_autofree char *markdown = NULL;
  g_autofree char *html = NULL;
  g_autofree char *summary = refract_report_dup_summary_text (report);

  g_ptr_array_add (reports, report);
  german_markdown = refract_markdown_from_report (report);
  german_html = refract_html_from_reports (reports);
  /* the card for the clipboard is the person's */
  g_assert_nonnull (strstr (summary, "Gesamt:"));
  {
    g_auto (RefractEnglish) english = refract_english_begin ();
    g_autofree char *same = refract_translate ("No axis could be scored.");

    g_assert_cmpstr (same, ==, "No axis could be scored.");
    g_assert_cmpstr (_ ("Composite"), ==, "Composite");
    markdown = refract_markdown_from_report (report);
    html = refract_html_from_reports (reports);
  }
  g_assert_cmpstr (_ ("Composite"), !=, "Composite");
  g_assert_cmpstr (german_markdown, ==, markdown);
  g_assert_cmpstr (german_html, ==, html);
  g_assert_null (strstr (html, "Referenz"));
}

static void
test_table (void)
{
  const char *const columns[] = { "Model and candidate", "Band", NULL };
  g_autoptr (RefractTable) table = refract_table_new ("Candidates for x", columns);
  RefractTableRow *row = refract_table_add_row (table);

  refract_table_row_add_text (row, "Prompt 7");
  refract_table_row_add_score (row, 86.4);
  refract_table_translate (table);
  g_assert_cmpstr (table->title, ==, "Kandidaten für x");
  g_assert_cmpstr (table->columns[0], ==, "Modell und Kandidat");
  g_assert_cmpstr (((RefractCell *) row->cells->pdata[1])->text, ==, "86.40");
}

int
main (int argc, char **argv)
{
  g_autofree char *folder = speak_german ();
  g_autofree char *link = g_build_filename (folder, "de_DE.UTF-8", NULL);
  int status = 0;

  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/translate/sentences", test_sentences);
  g_test_add_func ("/translate/errors", test_errors);
  g_test_add_func ("/translate/strangers", test_strangers);
  g_test_add_func ("/translate/report", test_report);
  g_test_add_func ("/translate/exports", test_exports);
  g_test_add_func ("/translate/table", test_table);
  if (setlocale (LC_MESSAGES, NULL) != NULL && !g_str_equal (setlocale (LC_MESSAGES, NULL), "C"))
    status = g_test_run ();
  g_unlink (link);
  g_rmdir (folder);
  return status;
}
