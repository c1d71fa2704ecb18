/* refract-window-wizard.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "core/refract-data.h"
#include "core/refract-model-finder.h"
#include "preferences/refract-defaults.h"
#include "report/refract-repeatability.h"
#include "wizard/refract-window-wizard.h"
#include "wizard/refract-wizard.h"

static void
present (RefractWindow *self, RefractWizard *wizard)
{
  adw_dialog_present (ADW_DIALOG (wizard), GTK_WIDGET (self));
}

static void
new_audit_activated (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  const char *path = g_variant_get_string (parameter, NULL);
  RefractWizard *wizard = refract_wizard_new (NULL);

  if (*path != '\0')
    g_object_set (refract_wizard_state_get_plan (refract_wizard_get_state (wizard)), "model", path,
                  NULL);
  present (user_data, wizard);
}

/* ---- The plan of a report ---- */

typedef struct
{
  RefractPlanImport *import;
  guint n_runs;
  GPtrArray *known; /* paths besides the models that are found */
} Search;

static void
search_free (gpointer data)
{
  Search *search = data;

  g_clear_pointer (&search->import, refract_plan_import_free);
  g_ptr_array_unref (search->known);
  g_free (search);
}

static void
search_thread (GTask *task, gpointer source_object, gpointer task_data, GCancellable *cancellable)
{
  Search *search = task_data;
  g_autoptr (GPtrArray) models = refract_model_finder_find (NULL, cancellable);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < models->len; i++)
    g_ptr_array_add (search->known,
                     g_strdup (refract_found_model_get_path (g_ptr_array_index (models, i))));
  if (refract_plan_import_find_files (search->import, search->known, cancellable, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, g_steal_pointer (&error));
}

static void
search_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RefractWindow *self = REFRACT_WINDOW (source);
  Search *search = g_task_get_task_data (G_TASK (result));
  RefractWizard *wizard;

  if (!g_task_propagate_boolean (G_TASK (result), NULL)
      || !gtk_widget_get_mapped (GTK_WIDGET (self)))
    return;
  refract_defaults_apply_engine (
      refract_application_get_settings (refract_application_get_default ()), search->import->plan);
  wizard = refract_wizard_new_for_import (g_steal_pointer (&search->import));
  present (self, wizard);
  if (search->n_runs > 1)
    {
      g_object_set (refract_wizard_get_state (wizard), "n-runs", search->n_runs, NULL);
      refract_wizard_hurry (wizard);
    }
}

/* Files that were used before, and those that come with the program. */
static GPtrArray *
list_known (void)
{
  static const char *const bundled[]
      = { "demo/model.gguf", "demo/corpus.txt", "demo/haystack.txt", "prompts/v1.jsonl" };
  GSettings *settings = refract_application_get_settings (refract_application_get_default ());
  g_auto (GStrv) recent = g_settings_get_strv (settings, "recent-models");
  GPtrArray *known = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; recent[i] != NULL; i++)
    g_ptr_array_add (known, g_strdup (recent[i]));
  for (guint i = 0; i < G_N_ELEMENTS (bundled); i++)
    g_ptr_array_add (known, refract_data_dup_path (bundled[i]));
  return known;
}

static void
open_plan (RefractWindow *self, RefractReport *report, guint n_runs)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GTask) task = NULL;
  RefractPlanImport *import;
  Search *search;

  import = refract_plan_from_report (report, &error);
  if (import == NULL)
    {
      refract_window_show_error (self, _ ("The report has no usable plan"), error);
      return;
    }
  search = g_new0 (Search, 1);
  search->import = import;
  search->n_runs = n_runs;
  search->known = list_known ();
  task = g_task_new (self, NULL, search_done, NULL);
  g_task_set_source_tag (task, open_plan);
  g_task_set_task_data (task, search, search_free);
  g_task_run_in_thread (task, search_thread);
}

void
refract_window_edit_plan (RefractWindow *self, RefractReport *report)
{
  g_return_if_fail (REFRACT_IS_WINDOW (self));
  g_return_if_fail (REFRACT_IS_REPORT (report));

  open_plan (self, report, 1);
}

void
refract_window_check_repeatability (RefractWindow *self, RefractReport *report)
{
  g_return_if_fail (REFRACT_IS_WINDOW (self));
  g_return_if_fail (REFRACT_IS_REPORT (report));

  open_plan (self, report, REFRACT_REPEATABILITY_RUNS);
}

static void
report_loaded (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractWindow) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractReport) report
      = refract_library_load_finish (REFRACT_LIBRARY (source), result, &error);

  if (report != NULL)
    refract_window_edit_plan (self, report);
  else
    refract_window_show_error (self, _ ("The report could not be opened"), error);
}

static void
edit_plan_activated (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RefractWindow *self = user_data;
  RefractLibrary *library = refract_application_get_library (refract_application_get_default ());
  RefractSummary *summary
      = refract_library_lookup (library, g_variant_get_string (parameter, NULL));

  /* it may have been deleted while a menu was open */
  if (summary != NULL)
    refract_library_load_async (library, summary, NULL, report_loaded, g_object_ref (self));
}

void
refract_window_init_wizard (RefractWindow *self)
{
  static const GActionEntry entries[] = {
    { .name = "new-audit", .activate = new_audit_activated, .parameter_type = "s" },
    { .name = "edit-plan", .activate = edit_plan_activated, .parameter_type = "s" },
  };

  g_return_if_fail (REFRACT_IS_WINDOW (self));

  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
}
