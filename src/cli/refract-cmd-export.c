/* refract-cmd-export.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <stdio.h>

#include <glib/gi18n.h>

#include "audit/refract-audit.h"
#include "core/refract-error.h"
#include "core/refract-json-scan.h"
#include "core/refract-json.h"
#include "export/refract-badge.h"
#include "export/refract-bundle.h"
#include "export/refract-csv.h"
#include "export/refract-html.h"
#include "export/refract-markdown.h"
#include "refract-cli.h"
#include "report/refract-repeatability.h"

typedef char *(*Writer) (RefractReport *report);

static const struct
{
  const char *name;
  Writer write; /* NULL: the page */
  const char *help;
  gboolean takes_several;
} forms[] = {
  { "html", NULL, N_ ("A page of its own"), TRUE },
  { "markdown", refract_markdown_from_report, N_ ("Text for an issue or a model card") },
  { "model-index", refract_markdown_model_index, N_ ("Metadata for a model card on Hugging Face") },
  { "csv", refract_csv_from_report, N_ ("Every prompt, chunk, cell and pair") },
  { "badge", refract_badge_to_svg, N_ ("A badge as SVG") },
  { "badge-markdown", refract_badge_to_markdown, N_ ("A badge as a line of Markdown") },
};

/* What @path has, or what was found on this machine for the same plan, model and engine. (transfer
 * full) (nullable): %NULL without @error where nobody has repeated the audit */
static JsonObject *
load_repeatability (RefractReport *report, const char *path, GError **error)
{
  g_autoptr (GPtrArray) candidates = NULL;

  if (path != NULL)
    return refract_json_load_object (path, REFRACT_JSON_MAX_BYTES, error);
  if (refract_repeatability_exists (report))
    candidates = refract_repeatability_find (report, error);
  return candidates != NULL ? refract_repeatability_to_json (candidates) : NULL;
}

/* The engine's self-test is run here, on the machine that hands the bundle in. */
static gboolean
write_bundle (const char *path, GPtrArray *reports, const char *repeatability_path, GError **error)
{
  g_autoptr (RefractPlan) plan = refract_plan_new ();
  g_autoptr (RefractBackend) backend = refract_plan_create_backend (plan, NULL, NULL, error);
  g_autoptr (GPtrArray) checks = NULL;
  g_autoptr (JsonObject) selftest = NULL;
  g_autoptr (JsonObject) repeatability = NULL;
  g_autoptr (GError) local_error = NULL;

  if (backend == NULL)
    return FALSE;
  repeatability = load_repeatability (reports->pdata[0], repeatability_path, &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  checks = refract_backend_selftest (backend, NULL, NULL);
  selftest = refract_checks_to_json (checks);
  return refract_bundle_write (path, reports, selftest, repeatability, error);
}

static gboolean
write_forms (GPtrArray *reports, char *const *paths, GError **error)
{
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      g_autofree char *text = NULL;

      if (paths[i] == NULL)
        continue;
      if (reports->len > 1 && !forms[i].takes_several)
        {
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                       "--%s takes one report: name one at a time.", forms[i].name);
          return FALSE;
        }
      text = forms[i].write != NULL ? forms[i].write (reports->pdata[0])
                                    : refract_html_from_reports (reports);
      if (!refract_cli_write (paths[i], text, error))
        return FALSE;
    }
  return TRUE;
}

/* (transfer full) (nullable) */
static GPtrArray *
load_reports (char **paths, int n, GError **error)
{
  g_autoptr (GPtrArray) reports = g_ptr_array_new_with_free_func (g_object_unref);

  for (int i = 0; i < n; i++)
    {
      RefractReport *report = refract_report_load (paths[i], error);

      if (report == NULL)
        return NULL;
      g_ptr_array_add (reports, report);
    }
  return g_steal_pointer (&reports);
}

int
refract_cmd_export (int argc, char **argv)
{
  char *paths[G_N_ELEMENTS (forms)] = { NULL };
  g_autofree char *bundle = NULL;
  g_autofree char *repeatability = NULL;
  GOptionEntry entries[G_N_ELEMENTS (forms) + 3] = {
    { "bundle", 0, 0, G_OPTION_ARG_FILENAME, &bundle,
      N_ ("A zip to hand in: JSON, page, Markdown, self-test"), N_ ("FILE") },
    { "repeatability", 0, 0, G_OPTION_ARG_FILENAME, &repeatability,
      N_ ("For the bundle, what refract repeatability wrote (default: what it found here)"),
      N_ ("FILE") },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (_ ("REPORT…"));
  g_autoptr (GPtrArray) reports = NULL;
  g_autoptr (GError) error = NULL;
  gboolean any;

  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    entries[i + 2]
        = (GOptionEntry) { forms[i].name, 0,          0, G_OPTION_ARG_FILENAME, &paths[i],
                           forms[i].help, N_ ("FILE") };
  g_option_context_set_summary (
      context,
      _ ("Writes a report in other forms. “-” is the standard output. --html and --bundle\n"
         "take all candidates of a run."));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (g_option_context_parse (context, &argc, &argv, &error))
    {
      any = bundle != NULL;
      for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
        any |= paths[i] != NULL;
      if (argc < 2 || !any)
        g_set_error_literal (&error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                             "Give a report and at least one form: see refract export --help.");
      else
        reports = load_reports (argv + 1, argc - 1, &error);
    }
  if (reports != NULL && write_forms (reports, paths, &error) && bundle != NULL)
    write_bundle (bundle, reports, repeatability, &error);
  for (guint i = 0; i < G_N_ELEMENTS (forms); i++)
    g_free (paths[i]);
  return error != NULL ? refract_cli_fail (error) : REFRACT_EXIT_FINE;
}
