/* refract-wizard-claims-group.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "wizard/refract-wizard-claims-group.h"

struct _RefractWizardClaimsGroup
{
  AdwPreferencesGroup parent_instance;

  RefractPlan *plan;
};

G_DEFINE_FINAL_TYPE (RefractWizardClaimsGroup,
                     refract_wizard_claims_group,
                     ADW_TYPE_PREFERENCES_GROUP)

static const char *
claim_title (const char *key)
{
  if (g_str_equal (key, "engine-dir"))
    return _ ("Engine Folder");
  if (g_str_equal (key, "engine-flags"))
    return _ ("Engine Flags");
  if (g_str_equal (key, "python"))
    return _ ("Python Environment");
  if (g_str_equal (key, "reference-url"))
    return _ ("Address of the Reference’s Server");
  if (g_str_equal (key, "candidate-url"))
    return _ ("Address of the Candidate’s Server");
  return _ ("Launcher");
}

static void
use_clicked (GtkButton *button, gpointer user_data)
{
  RefractWizardClaimsGroup *self = user_data;
  const RefractPlanClaim *claim = g_object_get_data (G_OBJECT (button), "claim");

  g_object_set (self->plan, claim->key, claim->text, NULL);
  gtk_widget_set_sensitive (GTK_WIDGET (button), FALSE);
  gtk_button_set_label (button, _ ("Used"));
}

static GtkWidget *
make_row (RefractWizardClaimsGroup *self, RefractPlanClaim *claim)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *button = gtk_button_new_with_label (_ ("Use"));

  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), claim_title (claim->key));
  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), claim->text);
  adw_action_row_set_subtitle_selectable (ADW_ACTION_ROW (row), TRUE);
  /* a plan has no launcher */
  if (g_object_class_find_property (G_OBJECT_GET_CLASS (self->plan), claim->key) == NULL)
    {
      gtk_button_set_label (GTK_BUTTON (button), _ ("Never Used"));
      gtk_widget_set_sensitive (button, FALSE);
    }
  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  g_object_set_data (G_OBJECT (button), "claim", claim);
  g_signal_connect_object (button, "clicked", G_CALLBACK (use_clicked), self, G_CONNECT_DEFAULT);
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
  return row;
}

static void
refract_wizard_claims_group_dispose (GObject *object)
{
  g_clear_object (&REFRACT_WIZARD_CLAIMS_GROUP (object)->plan);

  G_OBJECT_CLASS (refract_wizard_claims_group_parent_class)->dispose (object);
}

static void
refract_wizard_claims_group_class_init (RefractWizardClaimsGroupClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = refract_wizard_claims_group_dispose;
}

static void
refract_wizard_claims_group_init (RefractWizardClaimsGroup *self)
{
}

void
refract_wizard_claims_group_set_import (RefractWizardClaimsGroup *self,
                                        RefractPlan *plan,
                                        const RefractPlanImport *import)
{
  g_return_if_fail (REFRACT_IS_WIZARD_CLAIMS_GROUP (self));
  g_return_if_fail (self->plan == NULL);

  self->plan = g_object_ref (plan);
  gtk_widget_set_visible (GTK_WIDGET (self), import != NULL && import->claims->len > 0);
  for (guint i = 0; import != NULL && i < import->claims->len; i++)
    adw_preferences_group_add (ADW_PREFERENCES_GROUP (self),
                               make_row (self, g_ptr_array_index (import->claims, i)));
}
