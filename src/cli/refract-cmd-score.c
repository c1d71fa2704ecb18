/* refract-cmd-score.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "core/refract-error.h"
#include "refract-cli.h"
#include "refract-plan-options.h"

int
refract_cmd_score (int argc, char **argv)
{
  g_autofree char *json_out = NULL;
  g_autofree char *html_out = NULL;
  RefractRunOptions options = { .fail_below = -1 };
  g_autoptr (GPtrArray) settings = NULL;
  GOptionEntry entries[] = {
    { "json-out", 'o', 0, G_OPTION_ARG_FILENAME, &json_out,
      N_ ("Write the report here; a folder for several candidates"), N_ ("PATH") },
    { "html-out", 0, 0, G_OPTION_ARG_FILENAME, &html_out,
      N_ ("Write a page with all candidates here"), N_ ("FILE") },
    { "redact", 0, 0, G_OPTION_ARG_NONE, &options.redact,
      N_ ("Leave prompts and answers out of the report"), NULL },
    { "fail-below", 0, 0, G_OPTION_ARG_DOUBLE, &options.fail_below,
      N_ ("Exit with status 1 when a candidate scores below this"), N_ ("SCORE") },
    { "fresh", 0, 0, G_OPTION_ARG_NONE, &options.fresh,
      N_ ("Measure everything anew, even where an interrupted run left off"), NULL },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet, N_ ("No progress and no score card"),
      NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (RefractPlan) plan = NULL;
  g_autoptr (GError) error = NULL;

  g_option_context_set_summary (
      context, _ ("Measures candidate KV configurations of a model against its reference."));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  settings = refract_plan_options_add (context);

  if (!g_option_context_parse (context, &argc, &argv, &error))
    return refract_cli_fail (error);
  if (argc > 1)
    {
      g_set_error (&error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "“%s” is not an option: see refract score --help-all.", argv[1]);
      return refract_cli_fail (error);
    }
  if (options.fail_below > 100 || isnan (options.fail_below))
    {
      g_set_error (&error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "--fail-below takes a score from 0 to 100.");
      return refract_cli_fail (error);
    }

  plan = refract_plan_options_make_plan (settings, &error);
  if (plan == NULL)
    return refract_cli_fail (error);

  options.json_out = json_out;
  options.html_out = html_out;
  return refract_cli_run_plan (plan, &options);
}
