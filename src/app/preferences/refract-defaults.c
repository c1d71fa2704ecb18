/* refract-defaults.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <adwaita.h>

#include "audit/refract-journal.h"
#include "refract-defaults.h"

/* As the enumeration in the schema. */
enum
{
  PRESET_QUICK,
  PRESET_FULL,
};

static void
set_text (RefractPlan *plan, const char *property, GSettings *settings)
{
  g_autofree char *text = g_settings_get_string (settings, property);

  g_object_set (plan, property, *text != '\0' ? text : NULL, NULL);
}

void
refract_defaults_apply_engine (GSettings *settings, RefractPlan *plan)
{
  set_text (plan, "engine-dir", settings);
  set_text (plan, "engine-flags", settings);
  set_text (plan, "python", settings);
  g_object_set (plan, "n-gpu-layers", (gint64) g_settings_get_int (settings, "n-gpu-layers"), NULL);
}

RefractPlan *
refract_defaults_new_plan (GSettings *settings)
{
  RefractPlan *plan = refract_plan_new ();

  refract_defaults_apply_engine (settings, plan);
  if (g_settings_get_enum (settings, "preset") == PRESET_FULL)
    g_object_set (plan, "axes", "trajectory,kld,rniah,plad", "measure-floor", TRUE, NULL);
  return plan;
}

static void
color_scheme_changed (GSettings *settings)
{
  static const AdwColorScheme schemes[]
      = { ADW_COLOR_SCHEME_DEFAULT, ADW_COLOR_SCHEME_FORCE_LIGHT, ADW_COLOR_SCHEME_FORCE_DARK };

  adw_style_manager_set_color_scheme (adw_style_manager_get_default (),
                                      schemes[g_settings_get_enum (settings, "color-scheme")]);
}

static void
runs_folder_changed (GSettings *settings)
{
  g_autofree char *folder = g_settings_get_string (settings, "runs-folder");

  refract_journal_set_runs_folder (folder);
}

void
refract_defaults_follow (GSettings *settings)
{
  g_signal_connect (settings, "changed::color-scheme", G_CALLBACK (color_scheme_changed), NULL);
  g_signal_connect (settings, "changed::runs-folder", G_CALLBACK (runs_folder_changed), NULL);
  color_scheme_changed (settings);
  runs_folder_changed (settings);
}
