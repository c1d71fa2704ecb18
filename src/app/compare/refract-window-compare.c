/* refract-window-compare.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "compare/refract-compare-page.h"
#include "compare/refract-window-compare.h"
#include "core/refract-error.h"
#include "leaderboard/refract-leaderboard-page.h"

static void
compare_activated (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RefractWindow *self = user_data;
  RefractLibrary *library = refract_application_get_library (refract_application_get_default ());
  g_autofree const char **ids = g_variant_get_strv (parameter, NULL);
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();

  for (guint i = 0; ids[i] != NULL; i++)
    {
      RefractSummary *summary = refract_library_lookup (library, ids[i]);

      if (summary != NULL && refract_summary_get_error (summary) == NULL)
        g_ptr_array_add (paths, (gpointer) refract_summary_get_path (summary));
    }
  if (paths->len < REFRACT_COMPARE_MIN || paths->len > REFRACT_COMPARE_MAX)
    {
      g_autoptr (GError) error = g_error_new (
          REFRACT_ERROR, REFRACT_ERROR_USAGE,
          _ ("%u reports were chosen. Choose two to eight that can be read."), paths->len);

      refract_window_show_error (self, _ ("These reports cannot be compared"), error);
      return;
    }
  refract_window_set_page (self, ADW_NAVIGATION_PAGE (refract_compare_page_new (paths)));
}

static void
leaderboard_activated (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RefractLibrary *library = refract_application_get_library (refract_application_get_default ());

  refract_window_set_page (user_data, ADW_NAVIGATION_PAGE (refract_leaderboard_page_new (
                                          refract_library_get_folder (library))));
}

void
refract_window_init_compare (RefractWindow *self)
{
  static const GActionEntry entries[] = {
    { .name = "compare", .activate = compare_activated, .parameter_type = "as" },
    { .name = "leaderboard", .activate = leaderboard_activated },
  };

  g_return_if_fail (REFRACT_IS_WINDOW (self));

  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
}
