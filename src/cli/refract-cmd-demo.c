/* refract-cmd-demo.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <gio/gio.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "audit/refract-demo.h"
#include "core/refract-error.h"
#include "refract-cli.h"

int
refract_cmd_demo (int argc, char **argv)
{
  g_autofree char *json_out = NULL;
  g_autofree char *html_out = NULL;
  g_autofree char *engine_dir = NULL;
  RefractRunOptions options = { .fail_below = -1 };
  GOptionEntry entries[] = {
    { "json-out", 'o', 0, G_OPTION_ARG_FILENAME, &json_out,
      N_ ("Folder for the reports (default refract-demo)"), N_ ("FOLDER") },
    { "engine-dir", 0, 0, G_OPTION_ARG_FILENAME, &engine_dir,
      N_ ("Where the engine's programs are"), N_ ("FOLDER") },
    { "quiet", 'q', 0, G_OPTION_ARG_NONE, &options.quiet, N_ ("No progress and no score card"),
      NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (RefractPlan) plan = refract_demo_plan_new ();
  g_autoptr (GError) error = NULL;

  g_option_context_set_summary (
      context, _ ("Audits the small model that comes with the program: two candidates and a\n"
                  "control, all four axes. Takes about a minute."));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return refract_cli_fail (error);
  if (argc > 1)
    {
      g_set_error (&error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "“%s” is not an option: see refract demo --help.", argv[1]);
      return refract_cli_fail (error);
    }

  if (engine_dir != NULL)
    g_object_set (plan, "engine-dir", engine_dir, NULL);
  options.json_out = json_out != NULL ? json_out : "refract-demo/";
  /* The page's folder is made here: the reports' own is made later. */
  if (g_mkdir_with_parents (options.json_out, 0777) == 0)
    html_out = g_build_filename (options.json_out, "demo.html", NULL);
  options.html_out = html_out;
  return refract_cli_run_plan (plan, &options);
}
