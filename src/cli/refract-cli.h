/* refract-cli.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

#include "audit/refract-audit.h"

G_BEGIN_DECLS

/* Exit statuses, as documented in the README. */
typedef enum
{
  REFRACT_EXIT_FINE = 0,
  REFRACT_EXIT_BELOW = 1,   /* a score below --fail-below */
  REFRACT_EXIT_USAGE = 2,   /* bad usage or input */
  REFRACT_EXIT_ENGINE = 3,  /* engine failure, did not engage, strict floor */
  REFRACT_EXIT_PARTIAL = 4, /* some candidates failed while others were scored */
  REFRACT_EXIT_CANCELLED = 130,
} RefractExit;

/* Subcommands: argv[0] is the subcommand's name. */
int refract_cmd_score (int argc, char **argv);
int refract_cmd_selftest (int argc, char **argv);
int refract_cmd_demo (int argc, char **argv);
int refract_cmd_compare (int argc, char **argv);
int refract_cmd_leaderboard (int argc, char **argv);
int refract_cmd_export (int argc, char **argv);
int refract_cmd_fetch (int argc, char **argv);
int refract_cmd_repeatability (int argc, char **argv);

/* Prints "refract: message" to standard error and gives the exit status of its kind. */
int refract_cli_fail (const GError *error);

/* Writes a text whole or not at all; to standard output where @path is "-". */
gboolean refract_cli_write (const char *path, const char *text, GError **error);

/**
 * RefractRunOptions:
 * @json_out: (nullable): file, or folder for several candidates
 * @html_out: (nullable): file for the page with all candidates
 * @redact: leave prompts and answers out of the JSON
 * @fresh: do not go on with an interrupted run
 * @quiet: no progress, no score card
 * @fail_below: exit status 1 below this composite; negative for none
 */
typedef struct
{
  const char *json_out;
  const char *html_out;
  gboolean redact;
  gboolean fresh;
  gboolean quiet;
  double fail_below;
} RefractRunOptions;

/* Runs an audit with progress unless @quiet; Ctrl-C cancels it. (transfer full) */
RefractRun *refract_cli_run_audit (RefractAudit *audit, gboolean quiet, GError **error);

/* Runs a plan to its end with progress, score card and reports. */
int refract_cli_run_plan (RefractPlan *plan, const RefractRunOptions *options);

G_END_DECLS
