/* refract-cmd-leaderboard.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <stdio.h>

#include <glib/gi18n.h>

#include "core/refract-error.h"
#include "refract-cli.h"
#include "refract-terminal.h"
#include "report/refract-leaderboard.h"

static void
print_leaderboard (const RefractLeaderboard *leaderboard)
{
  gboolean colour = refract_terminal_has_colour (stdout);
  guint width = refract_terminal_get_width (stdout);

  refract_terminal_print_wrapped (stdout, refract_leaderboard_disclaimer, 0, width);
  putchar ('\n');
  for (guint i = 0; i < leaderboard->tables->len; i++)
    refract_terminal_print_table (stdout, leaderboard->tables->pdata[i], colour, width);
  if (leaderboard->controls != NULL)
    refract_terminal_print_table (stdout, leaderboard->controls, colour, width);
  for (guint i = 0; i < leaderboard->notes->len; i++)
    puts (leaderboard->notes->pdata[i]);
}

/* By the ending of @path. */
static gboolean
write_leaderboard (const RefractLeaderboard *leaderboard, const char *path, GError **error)
{
  g_autofree char *text = NULL;

  if (g_str_has_suffix (path, ".md"))
    text = refract_leaderboard_to_markdown (leaderboard);
  else if (g_str_has_suffix (path, ".html"))
    text = refract_leaderboard_to_html (leaderboard);
  else if (g_str_has_suffix (path, ".csv"))
    text = refract_leaderboard_to_csv (leaderboard);
  else
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "--out %s: give a file that ends in .md, .html or .csv.", path);
      return FALSE;
    }
  return refract_cli_write (path, text, error);
}

int
refract_cmd_leaderboard (int argc, char **argv)
{
  g_autofree char *out = NULL;
  g_autofree char *by = NULL;
  g_autofree char *version = NULL;
  gboolean comparable = FALSE, low_confidence = FALSE;
  const GOptionEntry entries[] = {
    { "out", 0, 0, G_OPTION_ARG_FILENAME, &out, N_ ("Write to a file: .md, .html or .csv"),
      N_ ("FILE") },
    { "by", 0, 0, G_OPTION_ARG_STRING, &by,
      N_ ("candidate (default): models for each candidate; model: candidates for each model"),
      N_ ("WHAT") },
    { "methodology", 0, 0, G_OPTION_ARG_STRING, &version,
      N_ ("Only this version of the methodology, e.g. 0.3"), N_ ("VERSION") },
    { "comparable", 0, 0, G_OPTION_ARG_NONE, &comparable,
      N_ ("Only what is comparable with published REFRACT 0.3 results"), NULL },
    { "low-confidence", 0, 0, G_OPTION_ARG_NONE, &low_confidence,
      N_ ("With reports of low confidence"), NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (_ ("FOLDER"));
  g_autoptr (GPtrArray) reports = NULL;
  g_autoptr (GPtrArray) unreadable = NULL;
  g_autoptr (RefractLeaderboard) leaderboard = NULL;
  g_autoptr (GError) error = NULL;
  RefractLeaderboardOptions options = { REFRACT_LEADERBOARD_MODELS };

  g_option_context_set_summary (context, _ ("Ranks the reports in a folder."));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return refract_cli_fail (error);
  if (argc != 2 || (by != NULL && !g_str_equal (by, "candidate") && !g_str_equal (by, "model")))
    {
      g_set_error_literal (&error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                           argc != 2
                               ? "Give one folder with reports: see refract leaderboard --help."
                               : "--by is candidate or model.");
      return refract_cli_fail (error);
    }

  if (g_strcmp0 (by, "model") == 0)
    options.kind = REFRACT_LEADERBOARD_CANDIDATES;
  options.version = version;
  options.comparable = comparable;
  options.low_confidence = low_confidence;
  reports = refract_leaderboard_load_folder (argv[1], &unreadable, NULL, &error);
  if (reports == NULL)
    return refract_cli_fail (error);
  for (guint i = 0; i < unreadable->len; i++)
    fprintf (stderr, "refract: %s\n", (const char *) unreadable->pdata[i]);
  if (reports->len == 0)
    {
      g_set_error (&error, REFRACT_ERROR, REFRACT_ERROR_USAGE, "There is no report in %s.",
                   argv[1]);
      return refract_cli_fail (error);
    }

  leaderboard = refract_leaderboard_new (reports, &options);
  if (out == NULL)
    print_leaderboard (leaderboard);
  else if (!write_leaderboard (leaderboard, out, &error))
    return refract_cli_fail (error);
  return REFRACT_EXIT_FINE;
}
