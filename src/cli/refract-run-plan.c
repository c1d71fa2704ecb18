/* refract-run-plan.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <errno.h>
#include <math.h>
#include <string.h>
#include <unistd.h>

#include <glib-unix.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>

#include "audit/refract-audit.h"
#include "audit/refract-estimate.h"
#include "core/refract-error.h"
#include "core/refract-translate.h"
#include "export/refract-html.h"
#include "refract-card.h"
#include "refract-cli.h"
#include "refract-live.h"
#include "refract-terminal.h"
#include "report/refract-report.h"

typedef struct
{
  GMainLoop *loop;
  GCancellable *cancellable;
  RefractRun *run;
  GError *error;
  gboolean interrupted;
} Running;

static gboolean
interrupt_cb (gpointer user_data)
{
  Running *running = user_data;

  /* The second time, at once: the supervisors end the engines. */
  if (running->interrupted)
    _exit (REFRACT_EXIT_CANCELLED);
  running->interrupted = TRUE;
  g_cancellable_cancel (running->cancellable);
  return G_SOURCE_CONTINUE;
}

static void
finished_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Running *running = user_data;

  running->run = refract_audit_run_finish (REFRACT_AUDIT (source), result, &running->error);
  g_main_loop_quit (running->loop);
}

RefractRun *
refract_cli_run_audit (RefractAudit *audit, gboolean quiet, GError **error)
{
  g_autoptr (GMainLoop) loop = g_main_loop_new (NULL, FALSE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (RefractLive) live = NULL;
  Running running = { loop, cancellable, NULL, NULL, FALSE };
  static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
  guint sources[G_N_ELEMENTS (signals)];

  if (!quiet)
    live = refract_live_new (refract_audit_get_progress (audit));
  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    sources[i] = g_unix_signal_add (signals[i], interrupt_cb, &running);

  refract_audit_run_async (audit, cancellable, finished_cb, &running);
  g_main_loop_run (loop);

  for (guint i = 0; i < G_N_ELEMENTS (signals); i++)
    g_source_remove (sources[i]);
  if (running.error != NULL)
    g_propagate_error (error, running.error);
  return running.run;
}

static gboolean
is_folder (const char *path)
{
  return g_str_has_suffix (path, "/") || g_file_test (path, G_FILE_TEST_IS_DIR);
}

/* Before the measuring, so that a typo does not cost an hour. */
static gboolean
check_output (RefractPlan *plan, const char *path, GError **error)
{
  g_autoptr (GPtrArray) candidates = refract_plan_get_candidates (plan, NULL);
  gboolean several = candidates->len > 1 || refract_plan_get_string (plan, "control") != NULL;
  g_autofree char *folder = NULL;

  if (several && !is_folder (path) && g_str_has_suffix (path, ".json"))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "There is one report per candidate: give a folder instead of the file %s.",
                   path);
      return FALSE;
    }

  folder = several || is_folder (path) ? g_strdup (path) : g_path_get_dirname (path);
  if (g_mkdir_with_parents (folder, 0777) != 0 || g_access (folder, W_OK | X_OK) != 0)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "Reports cannot be written to the folder %s: %s.", folder, g_strerror (errno));
      return FALSE;
    }
  return TRUE;
}

static gboolean
check_page (const char *path, GError **error)
{
  g_autofree char *folder = g_path_get_dirname (path);

  if (is_folder (path) || g_access (folder, W_OK | X_OK) != 0)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "The page %s cannot be written. Give a file in a folder that you may write to.",
                   path);
      return FALSE;
    }
  return TRUE;
}

/* "gemma-2b-Q8_0.ctk-q8_0-ctv-q4_0.refract.json" */
static char *
report_name (RefractPlan *plan, RefractReport *report)
{
  g_autofree char *model = refract_model_path_dup_name (refract_plan_get_string (plan, "model"));
  g_autofree char *candidate
      = g_strdup (json_object_get_string_member (refract_report_get_root (report), "candidate"));

  if (g_str_has_suffix (model, ".gguf"))
    model[strlen (model) - strlen (".gguf")] = '\0';
  g_strdelimit (candidate, "=,/ ", '-');
  return g_strdup_printf ("%s.%s.refract.json", model, candidate);
}

static gboolean
write_reports (
    RefractPlan *plan, GPtrArray *reports, const char *path, gboolean quiet, GError **error)
{
  gboolean into_folder
      = is_folder (path) || reports->len > 1 || refract_plan_get_string (plan, "control") != NULL;

  for (guint i = 0; i < reports->len; i++)
    {
      RefractReport *report = g_ptr_array_index (reports, i);
      g_autofree char *name = into_folder ? report_name (plan, report) : NULL;
      g_autofree char *file = into_folder ? g_build_filename (path, name, NULL) : g_strdup (path);

      if (!refract_report_save (report, file, error))
        return FALSE;
      if (!quiet)
        printf (_ ("Report: %s\n"), file);
    }
  return TRUE;
}

static gboolean
write_page (GPtrArray *reports, const RefractRunOptions *options, GError **error)
{
  g_autofree char *page = refract_html_from_reports (reports);

  if (!refract_cli_write (options->html_out, page, error))
    return FALSE;
  if (!options->quiet)
    printf (_ ("Page: %s\n"), options->html_out);
  return TRUE;
}

static int
exit_status (const RefractRun *run, double fail_below)
{
  gboolean failed = FALSE, below = FALSE, not_proved = FALSE;

  for (guint i = 0; i < run->candidates->len; i++)
    {
      const RefractConfigResult *result = g_ptr_array_index (run->candidates, i);

      failed |= result->error != NULL;
      not_proved |= result->not_proved;
      below |= !result->is_control && result->has_composite && result->composite < fail_below;
    }

  if (failed)
    return REFRACT_EXIT_PARTIAL;
  if (not_proved)
    return run->candidates->len > 1 ? REFRACT_EXIT_PARTIAL : REFRACT_EXIT_ENGINE;
  return below ? REFRACT_EXIT_BELOW : REFRACT_EXIT_FINE;
}

int
refract_cli_run_plan (RefractPlan *plan, const RefractRunOptions *options)
{
  g_autoptr (RefractAudit) audit = refract_audit_new (plan, options->fresh);
  g_autoptr (RefractRun) run = NULL;
  g_autoptr (GPtrArray) reports = NULL;
  g_autoptr (GError) error = NULL;

  if (options->json_out != NULL && !check_output (plan, options->json_out, &error))
    return refract_cli_fail (error);
  if (options->html_out != NULL && !check_page (options->html_out, &error))
    return refract_cli_fail (error);

  run = refract_cli_run_audit (audit, options->quiet, &error);
  if (run == NULL)
    return refract_cli_fail (error);

  reports = refract_report_new_for_run (run, options->redact);
  if (!options->quiet)
    refract_card_print (stdout, reports, refract_terminal_has_colour (stdout),
                        refract_terminal_get_width (stdout));
  for (guint i = 0; i < run->candidates->len; i++)
    {
      const RefractConfigResult *result = g_ptr_array_index (run->candidates, i);

      g_autofree char *message
          = result->error != NULL ? refract_translate (result->error->message) : NULL;

      if (message != NULL)
        fprintf (stderr, "refract: %s: %s\n", refract_kv_config_get_label (result->kv), message);
    }
  if (options->json_out != NULL
      && !write_reports (plan, reports, options->json_out, options->quiet, &error))
    return refract_cli_fail (error);
  if (options->html_out != NULL && !write_page (reports, options, &error))
    return refract_cli_fail (error);

  refract_audit_forget (audit);
  if (!refract_estimate_record (run, &error))
    fprintf (stderr, "refract: %s\n", error->message);
  return exit_status (run, options->fail_below);
}
