/* refract-main.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "core/refract-error.h"
#include "core/refract-translate.h"
#include "refract-cli.h"

typedef struct
{
  const char *name;
  int (*run) (int argc, char **argv);
  const char *description;
} Command;

static const Command commands[] = {
  { "score", refract_cmd_score,
    N_ ("Measure KV configurations of a model against its own f16 self") },
  { "selftest", refract_cmd_selftest,
    N_ ("Check that the engine works, with a remedy for what does not") },
  { "demo", refract_cmd_demo, N_ ("Audit the model that comes with the program") },
  { "repeatability", refract_cmd_repeatability,
    N_ ("Measure the same several times and show the spread") },
  { "compare", refract_cmd_compare, N_ ("Lay reports side by side") },
  { "leaderboard", refract_cmd_leaderboard, N_ ("Rank the reports in a folder") },
  { "export", refract_cmd_export, N_ ("Write a report as a page, Markdown, CSV or a badge") },
  { "fetch", refract_cmd_fetch, N_ ("Download the texts of published results") },
};

static void
print_help (FILE *stream)
{
  fputs (_ ("Usage: refract COMMAND [OPTIONS…]\n\n"
            "Measures how faithful a language model stays to itself when its KV cache is "
            "quantized.\n\n"
            "Commands:\n"),
         stream);
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    fprintf (stream, "  %-14s %s\n", commands[i].name, gettext (commands[i].description));
  fputs (_ ("\n“refract COMMAND --help” shows a command's options, “refract --version” the "
            "version.\n\n"
            "Exit status: 0 fine, 1 a score is below --fail-below, 2 bad usage or input, 3 the "
            "engine\n"
            "failed or the setting did not engage, 4 some candidates failed while others were "
            "scored,\n"
            "130 cancelled.\n"),
         stream);
}

gboolean
refract_cli_write (const char *path, const char *text, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (g_str_equal (path, "-"))
    {
      fputs (text, stdout);
      return TRUE;
    }
  if (!g_file_set_contents_full (path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT, 0666,
                                 &local_error))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK, "%s cannot be written: %s.", path,
                   local_error->message);
      return FALSE;
    }
  return TRUE;
}

int
refract_cli_fail (const GError *error)
{
  g_autofree char *message = NULL;

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      fputs (_ ("Cancelled. What was measured is kept: the same command goes on from there.\n"),
             stderr);
      return REFRACT_EXIT_CANCELLED;
    }

  message = refract_translate (error->message);
  fprintf (stderr, "refract: %s\n", message);
  if (error->domain == G_OPTION_ERROR)
    return REFRACT_EXIT_USAGE;
  if (error->domain != REFRACT_ERROR)
    return REFRACT_EXIT_ENGINE;

  switch ((RefractError) error->code)
    {
    case REFRACT_ERROR_USAGE:
    case REFRACT_ERROR_MODEL:
    case REFRACT_ERROR_KV_CONFIG:
    case REFRACT_ERROR_INPUT:
    case REFRACT_ERROR_REPORT:
    case REFRACT_ERROR_NOTHING_MEASURED: /* no cell fits the model or the texts */
      return REFRACT_EXIT_USAGE;

    case REFRACT_ERROR_ENGINE_MISSING:
    case REFRACT_ERROR_ENGINE:
    case REFRACT_ERROR_NOT_ENGAGED:
    case REFRACT_ERROR_MEMORY:
    case REFRACT_ERROR_DISK:
    case REFRACT_ERROR_FLOOR:
    default:
      return REFRACT_EXIT_ENGINE;
    }
}

int
main (int argc, char **argv)
{
  const char *name = argc > 1 ? argv[1] : NULL;

  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, LOCALEDIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  if (name == NULL)
    {
      print_help (stderr);
      return REFRACT_EXIT_USAGE;
    }
  if (g_str_equal (name, "--version"))
    {
      /* Another program of the same name exists: say which one this is. */
      printf ("Refract %s (C, librefract; REFRACT methodology 0.3.2)\n", PACKAGE_VERSION);
      return REFRACT_EXIT_FINE;
    }
  if (g_str_equal (name, "--help") || g_str_equal (name, "-h") || g_str_equal (name, "help"))
    {
      print_help (stdout);
      return REFRACT_EXIT_FINE;
    }

  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    if (g_str_equal (name, commands[i].name))
      return commands[i].run (argc - 1, argv + 1);

  fprintf (stderr, _ ("refract: there is no command “%s”.\n\n"), name);
  print_help (stderr);
  return REFRACT_EXIT_USAGE;
}
