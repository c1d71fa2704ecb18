/* refract-run-words.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "audit/refract-demo.h"
#include "run/refract-run-words.h"

static gboolean
is_demo (const char *model)
{
  g_autoptr (RefractPlan) demo = refract_demo_plan_new ();

  return g_strcmp0 (model, refract_plan_get_string (demo, "model")) == 0;
}

char *
refract_run_words_dup_title (RefractPlan *plan)
{
  const char *model = refract_plan_get_string (plan, "model");
  g_autofree char *name = NULL;

  if (is_demo (model))
    return g_strdup (_ ("Demo"));
  if (model == NULL || *model == '\0')
    return g_strdup (_ ("No model"));
  name = refract_model_path_dup_name (model);
  if (g_str_has_suffix (name, ".gguf"))
    name[strlen (name) - strlen (".gguf")] = '\0';
  return g_steal_pointer (&name);
}

static char *
dup_candidates (RefractPlan *plan)
{
  g_autoptr (GPtrArray) candidates = refract_plan_get_candidates (plan, NULL);

  if (candidates == NULL || candidates->len == 0)
    return g_strdup ("");
  if (candidates->len == 1)
    return g_strdup (refract_kv_config_get_label (g_ptr_array_index (candidates, 0)));
  return g_strdup_printf (ngettext ("%u KV configuration", "%u KV configurations", candidates->len),
                          candidates->len);
}

char *
refract_run_words_dup_subtitle (RefractPlan *plan, guint n_runs)
{
  g_autofree char *once = dup_candidates (plan);

  /* Translators: KV configurations; how often they are measured. */
  return n_runs > 1 ? g_strdup_printf (_ ("%s, %u times"), once, n_runs) : g_steal_pointer (&once);
}

char *
refract_run_words_dup_status (RefractRunState state,
                              double fraction,
                              gboolean stopping,
                              gboolean has_measured)
{
  int percent = (int) (fraction * 100);

  switch (state)
    {
    case REFRACT_RUN_WAITING:
      return g_strdup (_ ("Waiting"));
    case REFRACT_RUN_RUNNING:
      if (stopping)
        return g_strdup (_ ("Stopping…"));
      /* Translators: how far a running audit is. */
      return g_strdup_printf (_ ("Running, %d %%"), percent);
    case REFRACT_RUN_FINISHED:
      return g_strdup (_ ("Finished"));
    case REFRACT_RUN_STOPPED:
      return has_measured ? g_strdup_printf (_ ("Stopped at %d %%"), percent)
                          : g_strdup (_ ("Stopped"));
    case REFRACT_RUN_FAILED:
      return g_strdup (_ ("Failed"));
    default:
      g_return_val_if_reached (NULL);
    }
}
