/* refract-cmd-fetch.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <stdio.h>
#include <unistd.h>

#include <glib/gi18n.h>

#include "core/refract-error.h"
#include "core/refract-fetch.h"
#include "refract-cli.h"

static void
progress_cb (guint64 done, guint64 total, gpointer user_data)
{
  guint *shown = user_data;
  guint percent = total > 0 ? (guint) (done * 100 / total) : 0;

  if (percent == *shown || !isatty (STDERR_FILENO))
    return;
  *shown = percent;
  fprintf (stderr, "\r%3u %%", percent);
  if (percent == 100)
    fputs ("\r", stderr);
}

static gboolean
fetch (RefractFetch what, const char *name, const char *url, gboolean again, GError **error)
{
  g_autofree char *there = refract_fetch_find (name);
  guint shown = 0;

  if (there == NULL || again)
    {
      fprintf (stderr, _ ("Fetching %s\n"), url != NULL ? url : refract_fetch_get_url (what));
      if (!refract_fetch_run (what, url, progress_cb, &shown, NULL, error))
        return FALSE;
      g_free (there);
      there = refract_fetch_find (name);
    }
  printf ("%s\n", there);
  return TRUE;
}

int
refract_cmd_fetch (int argc, char **argv)
{
  gboolean prompts = FALSE, again = FALSE;
  g_autofree char *url = NULL;
  g_autofree char *prompts_url = NULL;
  const GOptionEntry entries[] = {
    { "prompts", 0, 0, G_OPTION_ARG_NONE, &prompts,
      N_ ("REFRACT's own 30 prompts as well, for scores comparable with published ones"), NULL },
    { "again", 0, 0, G_OPTION_ARG_NONE, &again, N_ ("Even what was fetched before"), NULL },
    { "url", 0, 0, G_OPTION_ARG_STRING, &url, N_ ("Another address of wikitext-2-raw-v1.zip"),
      N_ ("URL") },
    { "prompts-url", 0, 0, G_OPTION_ARG_STRING, &prompts_url, N_ ("Another address of the prompts"),
      N_ ("URL") },
    { NULL },
  };
  g_autoptr (GOptionContext) context = g_option_context_new (NULL);
  g_autoptr (GError) error = NULL;

  g_option_context_set_summary (
      context,
      _ ("Downloads the texts of published results, WikiText-2 raw, about 5 MB. From then\n"
         "on they are used where no corpus and no haystack is named."));
  g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, &argc, &argv, &error))
    return refract_cli_fail (error);
  if (argc > 1)
    {
      g_set_error (&error, REFRACT_ERROR, REFRACT_ERROR_USAGE,
                   "“%s” is not an option: see refract fetch --help.", argv[1]);
      return refract_cli_fail (error);
    }

  if (!fetch (REFRACT_FETCH_WIKITEXT, REFRACT_WIKITEXT_TEST, url, again, &error))
    return refract_cli_fail (error);
  if (prompts && !fetch (REFRACT_FETCH_PROMPTS, REFRACT_OWN_PROMPTS, prompts_url, again, &error))
    return refract_cli_fail (error);
  return REFRACT_EXIT_FINE;
}
