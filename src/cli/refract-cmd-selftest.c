/* refract-cmd-selftest.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <stdio.h>

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "audit/refract-audit.h"
#include "core/refract-error.h"
#include "core/refract-json.h"
#include "core/refract-translate.h"
#include "refract-cli.h"
#include "refract-plan-options.h"
#include "refract-terminal.h"

static void
print_check (const RefractCheck *check, gboolean colour, guint width)
{
  static const char *const marks[] = { "✓", "!", "✗" };
  static const RefractStyle styles[]
      = { REFRACT_STYLE_GREEN, REFRACT_STYLE_YELLOW, REFRACT_STYLE_RED };
  g_autofree char *mark
      = refract_terminal_style (colour, styles[check->status], marks[check->status]);
  g_autofree char *title = refract_translate (check->title);
  g_autofree char *translated = refract_translate (check->detail);
  g_autofree char *detail = refract_terminal_escape (translated);
  g_autofree char *line = g_strdup_printf ("%s: %s", title, detail);

  printf ("%s ", mark);
  refract_terminal_print_wrapped (stdout, line, 2, width);
  if (check->remedy != NULL)
    {
      g_autofree char *advice = refract_translate (check->remedy);
      g_autofree char *remedy = refract_terminal_escape (advice);

      printf ("  → ");
      refract_terminal_print_wrapped (stdout, remedy, 4, width);
    }
}

int
refract_cmd_selftest (int argc, char **argv)
{
  g_autofree char *model_path = NULL;
  g_autofree char *backend_name = NULL;
  g_autofree char *engine_dir = NULL;
  g_autofree char *engine_flags = NULL;
  g_autofree char *python = NULL;
  g_autofree char *reference_url = NULL;
  g_autofree char *candidate_url = NULL;
  g_autofree char *backends = refract_cli_describe_backends ();
  gboolean json = FALSE, failed = FALSE, allow_model_code = FALSE;
  GOptionEntry entries[] = {
    { "model", 0, 0, G_OPTION_ARG_FILENAME, &model_path, N_ ("Load this model as well"),
      N_ ("FILE") },
    { "backend", 0, 0, G_OPTION_ARG_STRING, &backend_name, backends, N_ ("NAME") },
    { "engine-dir", 0, 0, G_OPTION_ARG_FILENAME, &engine_dir, N_ ("Where llama.cpp's programs are"),
      N_ ("FOLDER") },
    { "python", 0, 0, G_OPTION_ARG_FILENAME, &python,
      N_ ("The Python environment that has vLLM, SGLang or MLX, or its interpreter"),
      N_ ("FOLDER") },
    { "reference-url", 0, 0, G_OPTION_ARG_STRING, &reference_url,
      N_ ("A vLLM or SGLang server of yours that runs the reference; its key is read from "
          "REFRACT_SERVER_KEY"),
      N_ ("URL") },
    { "candidate-url", 0, 0, G_OPTION_ARG_STRING, &candidate_url, N_ ("The same for the candidate"),
      N_ ("URL") },
    { "allow-model-code", 0, 0, G_OPTION_ARG_NONE, &allow_model_code,
      N_ ("Let the model run the code that it brings along"), NULL },
    { "engine-flags", 0, 0, G_OPTION_ARG_STRING, &engine_flags,
      N_ ("More flags for the engine; the last one wins"), N_ ("FLAGS") },
    { "json", 0, 0, G_OPTION_ARG_NONE, &json, N_ ("Print the checks as JSON"), NULL },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (RefractPlan) plan = refract_plan_new ();
  g_autoptr (RefractBackend) backend = NULL;
  g_autoptr (RefractModel) model = NULL;
  g_autoptr (GPtrArray) checks = NULL;
  g_autoptr (GError) error = NULL;

  g_option_context_set_summary (context, _ ("Checks that the engine can be measured with."));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return refract_cli_fail (error);
  if (argc > 1)
    {
      g_set_error (&error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "“%s” is not an option: see refract selftest --help.", argv[1]);
      return refract_cli_fail (error);
    }

  g_object_set (plan, "engine-dir", engine_dir, "engine-flags", engine_flags, "backend",
                backend_name, "python", python, "reference-url", reference_url, "candidate-url",
                candidate_url, "allow-model-code", allow_model_code, NULL);
  if (model_path != NULL)
    {
      model = refract_model_new_from_file (model_path, NULL, &error);
      if (model == NULL)
        return refract_cli_fail (error);
    }
  backend = refract_plan_create_backend (plan, model, NULL, &error);
  if (backend == NULL)
    return refract_cli_fail (error);

  checks = refract_backend_selftest (backend, model, NULL);
  for (guint i = 0; i < checks->len; i++)
    {
      const RefractCheck *check = g_ptr_array_index (checks, i);

      failed |= check->status == REFRACT_CHECK_FAILED;
      if (!json)
        print_check (check, refract_terminal_has_colour (stdout),
                     refract_terminal_get_width (stdout));
    }
  if (json)
    {
      g_autoptr (JsonObject) root = refract_checks_to_json (checks);
      g_autofree char *text = refract_json_to_text (root, TRUE);

      fputs (text, stdout);
    }

  return failed ? REFRACT_EXIT_ENGINE : REFRACT_EXIT_FINE;
}
