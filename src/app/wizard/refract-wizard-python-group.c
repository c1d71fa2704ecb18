/* refract-wizard-python-group.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "wizard/refract-wizard-python-group.h"

struct _RefractWizardPythonGroup
{
  AdwPreferencesGroup parent_instance;

  AdwActionRow *python_row;
  GtkWidget *default_button;
  GtkWidget *servers_row;
  AdwEntryRow *reference_url_row;
  AdwEntryRow *candidate_url_row;
  AdwSwitchRow *code_row;

  RefractPlan *plan;
};

G_DEFINE_FINAL_TYPE (RefractWizardPythonGroup,
                     refract_wizard_python_group,
                     ADW_TYPE_PREFERENCES_GROUP)

static void
python_changed (RefractWizardPythonGroup *self)
{
  const char *python = refract_plan_get_string (self->plan, "python");
  g_autofree char *shown = python != NULL ? g_filename_display_name (python) : NULL;

  adw_action_row_set_subtitle (self->python_row,
                               shown != NULL ? shown : _ ("Looked for on this machine"));
  gtk_widget_set_visible (self->default_button, python != NULL);
}

static void
folder_chosen (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractWizardPythonGroup) self = user_data;
  g_autoptr (GFile) folder
      = gtk_file_dialog_select_folder_finish (GTK_FILE_DIALOG (source), result, NULL);
  g_autofree char *path = folder != NULL ? g_file_get_path (folder) : NULL;

  if (path != NULL && self->plan != NULL)
    g_object_set (self->plan, "python", path, NULL);
}

static void
choose_clicked (RefractWizardPythonGroup *self)
{
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();

  gtk_file_dialog_set_title (dialog, _ ("Choose the Folder of a Python Environment"));
  gtk_file_dialog_select_folder (dialog, GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), NULL,
                                 folder_chosen, g_object_ref (self));
}

static void
default_clicked (RefractWizardPythonGroup *self)
{
  g_object_set (self->plan, "python", NULL, NULL);
}

/* Both at once: one alone is asked as soon as it is known. */
static void
url_applied (RefractWizardPythonGroup *self)
{
  g_autofree char *reference
      = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->reference_url_row))));
  g_autofree char *candidate
      = g_strstrip (g_strdup (gtk_editable_get_text (GTK_EDITABLE (self->candidate_url_row))));

  g_object_set (self->plan, "reference-url", reference, "candidate-url", candidate, NULL);
}

static void
show_url (AdwEntryRow *row, const char *url)
{
  if (g_strcmp0 (gtk_editable_get_text (GTK_EDITABLE (row)), url != NULL ? url : "") != 0)
    gtk_editable_set_text (GTK_EDITABLE (row), url != NULL ? url : "");
}

static void
urls_changed (RefractWizardPythonGroup *self)
{
  show_url (self->reference_url_row, refract_plan_get_string (self->plan, "reference-url"));
  show_url (self->candidate_url_row, refract_plan_get_string (self->plan, "candidate-url"));
}

static void
refract_wizard_python_group_dispose (GObject *object)
{
  RefractWizardPythonGroup *self = REFRACT_WIZARD_PYTHON_GROUP (object);

  g_clear_object (&self->plan);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_WIZARD_PYTHON_GROUP);

  G_OBJECT_CLASS (refract_wizard_python_group_parent_class)->dispose (object);
}

static void
refract_wizard_python_group_class_init (RefractWizardPythonGroupClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = refract_wizard_python_group_dispose;

  gtk_widget_class_set_template_from_resource (widget_class,
                                               RESOURCE_PATH "/ui/wizard-python-group.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractWizardPythonGroup, python_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardPythonGroup, default_button);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardPythonGroup, servers_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardPythonGroup, reference_url_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardPythonGroup, candidate_url_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardPythonGroup, code_row);
  gtk_widget_class_bind_template_callback (widget_class, choose_clicked);
  gtk_widget_class_bind_template_callback (widget_class, default_clicked);
  gtk_widget_class_bind_template_callback (widget_class, url_applied);
}

static void
refract_wizard_python_group_init (RefractWizardPythonGroup *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

void
refract_wizard_python_group_set_plan (RefractWizardPythonGroup *self, RefractPlan *plan)
{
  g_return_if_fail (REFRACT_IS_WIZARD_PYTHON_GROUP (self));
  g_return_if_fail (self->plan == NULL);

  self->plan = g_object_ref (plan);
  g_object_bind_property (plan, "allow-model-code", self->code_row, "active",
                          G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  g_signal_connect_object (plan, "notify::python", G_CALLBACK (python_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (plan, "notify::reference-url", G_CALLBACK (urls_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (plan, "notify::candidate-url", G_CALLBACK (urls_changed), self,
                           G_CONNECT_SWAPPED);
  python_changed (self);
  urls_changed (self);
}

void
refract_wizard_python_group_show (RefractWizardPythonGroup *self,
                                  RefractModel *model,
                                  gboolean has_servers)
{
  g_return_if_fail (REFRACT_IS_WIZARD_PYTHON_GROUP (self));

  gtk_widget_set_visible (self->servers_row, has_servers);
  gtk_widget_set_visible (GTK_WIDGET (self->code_row),
                          model != NULL && refract_model_get_info (model)->has_model_code);
}
