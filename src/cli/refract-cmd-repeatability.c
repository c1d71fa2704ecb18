/* refract-cmd-repeatability.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <stdio.h>

#include <glib/gi18n.h>

#include "core/refract-error.h"
#include "core/refract-json.h"
#include "refract-cli.h"
#include "refract-plan-options.h"
#include "refract-terminal.h"
#include "report/refract-repeatability.h"

/* (transfer full) (nullable) */
static GPtrArray *
run_all (RefractPlan *plan, int n_runs, gboolean quiet, GError **error)
{
  g_autoptr (GPtrArray) runs = g_ptr_array_new_with_free_func ((GDestroyNotify) g_ptr_array_unref);

  for (int i = 0; i < n_runs; i++)
    {
      g_autoptr (RefractAudit) audit = refract_audit_new (plan, TRUE);
      g_autoptr (RefractRun) run = NULL;

      if (!quiet)
        fprintf (stderr, _ ("Run %d of %d\n"), i + 1, n_runs);
      run = refract_cli_run_audit (audit, quiet, error);
      if (run == NULL)
        return NULL;
      /* What is stored goes by the whole plan, the needle's text included. */
      g_ptr_array_add (runs, refract_report_new_for_run (run, i > 0));
      refract_audit_forget (audit);
    }
  return g_steal_pointer (&runs);
}

static void
print_repeatability (GPtrArray *candidates)
{
  g_autoptr (RefractTable) table = refract_repeatability_make_table (candidates);
  guint width = refract_terminal_get_width (stdout);

  refract_terminal_print_table (stdout, table, refract_terminal_has_colour (stdout), width);
  for (guint i = 0; i < candidates->len; i++)
    {
      g_autofree char *sentence = refract_repeatability_dup_sentence (candidates->pdata[i]);

      refract_terminal_print_wrapped (stdout, sentence, 0, width);
    }
}

int
refract_cmd_repeatability (int argc, char **argv)
{
  int n_runs = REFRACT_REPEATABILITY_RUNS;
  gboolean quiet = FALSE;
  g_autofree char *json_out = NULL;
  const GOptionEntry entries[] = {
    { "runs", 0, 0, G_OPTION_ARG_INT, &n_runs, N_ ("How often to measure (default 4)"), N_ ("N") },
    { "json-out", 'o', 0, G_OPTION_ARG_FILENAME, &json_out, N_ ("Write the result as JSON"),
      N_ ("FILE") },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &quiet, N_ ("No progress"), NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GPtrArray) options = NULL;
  g_autoptr (RefractPlan) plan = NULL;
  g_autoptr (GPtrArray) runs = NULL;
  g_autoptr (GPtrArray) candidates = NULL;
  GPtrArray *first;
  g_autoptr (GError) error = NULL;

  g_option_context_set_summary (
      context, _ ("Measures the same plan several times, everything anew, and says how far the\n"
                  "scores spread. Takes the options of “refract score”."));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  options = refract_plan_options_add (context);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return refract_cli_fail (error);
  if (argc > 1 || n_runs < 2 || n_runs > REFRACT_REPEATABILITY_MAX_RUNS)
    {
      if (argc > 1)
        g_set_error (&error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                     "“%s” is not an option: see refract repeatability --help-all.", argv[1]);
      else
        g_set_error (&error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                     "--runs takes a whole number from 2 to %d.", REFRACT_REPEATABILITY_MAX_RUNS);
      return refract_cli_fail (error);
    }
  plan = refract_plan_options_make_plan (options, &error);
  if (plan == NULL)
    return refract_cli_fail (error);

  runs = run_all (plan, n_runs, quiet, &error);
  if (runs == NULL)
    return refract_cli_fail (error);
  first = g_ptr_array_index (runs, 0);
  candidates = refract_repeatability_new (runs);
  print_repeatability (candidates);
  if (!refract_repeatability_store (candidates, g_ptr_array_index (first, 0), &error))
    return refract_cli_fail (error);
  if (json_out != NULL)
    {
      g_autoptr (JsonObject) root = refract_repeatability_to_json (candidates);

      if (!refract_json_save_object (root, json_out, &error))
        return refract_cli_fail (error);
    }
  return REFRACT_EXIT_FINE;
}
