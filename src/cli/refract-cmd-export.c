/* refract-cmd-export.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <stdio.h>

#include <glib/gi18n.h>

#include "core/refract-error.h"
#include "export/refract-badge.h"
#include "export/refract-csv.h"
#include "export/refract-html.h"
#include "export/refract-markdown.h"
#include "refract-cli.h"

typedef char *(*Writer) (RefractReport *report);

static char *
write_html (RefractReport *report)
{
  g_autoptr (GPtrArray) reports = g_ptr_array_new ();

  g_ptr_array_add (reports, report);
  return refract_html_from_reports (reports);
}

static const struct
{
  const char *name;
  Writer write;
  const char *help;
} forms[] = {
  { "html", write_html, N_ ("A page of its own") },
  { "markdown", refract_markdown_from_report, N_ ("Text for an issue or a model card") },
  { "model-index", refract_markdown_model_index, N_ ("Metadata for a model card on Hugging Face") },
  { "csv", refract_csv_from_report, N_ ("Every prompt, chunk, cell and pair") },
  { "badge", refract_badge_to_svg, N_ ("A badge as SVG") },
  { "badge-markdown", refract_badge_to_markdown, N_ ("A badge as a line of Markdown") },
};

int
refract_cmd_export (int argc, char **argv)
{
  char *paths[G_N_ELEMENTS (forms)] = { NULL };
  GOptionEntry entries[G_N_ELEMENTS (forms) + 1] = { 0 };
  g_autoptr (GOptionContext) context = g_option_context_new (_ ("REPORT"));
  g_autoptr (RefractReport) report = NULL;
  g_autoptr (GError) error = NULL;
  gboolean any = FALSE;
  int status = REFRACT_EXIT_FINE;

  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    entries[i] = (GOptionEntry) { forms[i].name, 0,          0, G_OPTION_ARG_FILENAME, &paths[i],
                                  forms[i].help, N_ ("FILE") };
  g_option_context_set_summary (context,
                                _ ("Writes a report in other forms. “-” is the standard output."));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (g_option_context_parse (context, &argc, &argv, &error))
    {
      for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
        any |= paths[i] != NULL;
      if (argc != 2 || !any)
        g_set_error_literal (&error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                             "Give one report and at least one form: see refract export --help.");
      else
        report = refract_report_load (argv[1], &error);
    }
  for (guint i = 0; error == NULL && i < G_N_ELEMENTS (forms); i++)
    {
      g_autofree char *text = paths[i] != NULL ? forms[i].write (report) : NULL;

      if (text != NULL)
        refract_cli_write (paths[i], text, &error);
    }
  if (error != NULL)
    status = refract_cli_fail (error);
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    g_free (paths[i]);
  return status;
}
