/* refract-cmd-compare.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <stdio.h>

#include <glib/gi18n.h>

#include "core/refract-error.h"
#include "refract-cli.h"
#include "refract-terminal.h"
#include "report/refract-comparison.h"

#define MAX_COLUMNS 5 /* reports side by side; more stand one under another */

static void
print_comparison (const RefractComparison *comparison)
{
  gboolean colour = refract_terminal_has_colour (stdout);
  guint width = refract_terminal_get_width (stdout);
  g_autoptr (RefractTable) list
      = comparison->reports->len > MAX_COLUMNS ? refract_comparison_make_list (comparison) : NULL;

  for (guint i = 0; i < comparison->warnings->len; i++)
    {
      g_autofree char *clean = refract_terminal_escape (comparison->warnings->pdata[i]);
      g_autofree char *mark = refract_terminal_style (colour, REFRACT_STYLE_YELLOW, "!");

      printf ("%s ", mark);
      refract_terminal_print_wrapped (stdout, clean, 2, width);
    }
  if (comparison->warnings->len > 0)
    putchar ('\n');
  refract_terminal_print_table (stdout, list != NULL ? list : comparison->metrics, colour, width);
  refract_terminal_print_table (stdout, comparison->differences, colour, width);
  if (comparison->items != NULL && comparison->items->rows->len == 0)
    puts (_ ("No prompt, chunk or cell changed by more than chance."));
  else if (comparison->items != NULL)
    refract_terminal_print_table (stdout, comparison->items, colour, width);
}

int
refract_cmd_compare (int argc, char **argv)
{
  g_autofree char *html = NULL;
  g_autofree char *markdown = NULL;
  g_autofree char *csv = NULL;
  g_auto (GStrv) paths = NULL;
  const GOptionEntry entries[] = {
    { "html", 0, 0, G_OPTION_ARG_FILENAME, &html, N_ ("Write a page"), N_ ("FILE") },
    { "markdown", 0, 0, G_OPTION_ARG_FILENAME, &markdown, N_ ("Write Markdown"), N_ ("FILE") },
    { "csv", 0, 0, G_OPTION_ARG_FILENAME, &csv, N_ ("Write the tables as CSV"), N_ ("FILE") },
    { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &paths, NULL, N_ ("REPORT…") },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GPtrArray) files = g_ptr_array_new ();
  g_autoptr (GPtrArray) reports = NULL;
  g_autoptr (RefractComparison) comparison = NULL;
  g_autoptr (GError) error = NULL;

  g_option_context_set_summary (
      context, _ ("Lays reports side by side. Differences are against the first."));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return refract_cli_fail (error);

  for (guint i = 0; paths != NULL && paths[i] != NULL; i++)
    g_ptr_array_add (files, paths[i]);
  reports = refract_report_load_all (files, REFRACT_REPORT_NUMBERS, NULL, &error);
  if (reports == NULL)
    return refract_cli_fail (error);
  comparison = refract_comparison_new (reports, &error);
  if (comparison == NULL)
    return refract_cli_fail (error);

  if (html != NULL)
    {
      g_autofree char *text = refract_comparison_to_html (comparison);

      if (!refract_cli_write (html, text, &error))
        return refract_cli_fail (error);
    }
  if (markdown != NULL)
    {
      g_autofree char *text = refract_comparison_to_markdown (comparison);

      if (!refract_cli_write (markdown, text, &error))
        return refract_cli_fail (error);
    }
  if (csv != NULL)
    {
      g_autofree char *text = refract_comparison_to_csv (comparison);

      if (!refract_cli_write (csv, text, &error))
        return refract_cli_fail (error);
    }
  if (html == NULL && markdown == NULL && csv == NULL)
    print_comparison (comparison);
  return REFRACT_EXIT_FINE;
}
