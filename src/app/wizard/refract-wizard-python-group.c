/* refract-wizard-python-group.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "engine/refract-http.h"
#include "engine/refract-server-key.h"
#include "refract-keyring.h"
#include "wizard/refract-wizard-python-group.h"

struct _RefractWizardPythonGroup
{
  AdwPreferencesGroup parent_instance;

  AdwActionRow *python_row;
  GtkWidget *default_button;
  GtkWidget *servers_row;
  AdwEntryRow *reference_url_row;
  AdwEntryRow *candidate_url_row;
  AdwPreferencesRow *key_row;
  AdwSwitchRow *remember_row;
  AdwSwitchRow *code_row;

  RefractPlan *plan;
  GPtrArray *bases; /* (element-type utf8): the addresses that the key belongs to */
  gboolean filling; /* changes are not the person's */
  GCancellable *cancellable;
};

enum
{
  SIGNAL_KEY_APPLIED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

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

/* ---- Key ---- */

static gboolean
has_base (GPtrArray *bases, const char *base)
{
  return g_ptr_array_find_with_equal_func (bases, base, g_str_equal, NULL);
}

/* The addresses that a key belongs to, each once. */
static GPtrArray *
list_bases (RefractWizardPythonGroup *self)
{
  static const char *const names[] = { "reference-url", "candidate-url" };
  GPtrArray *bases = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *url = refract_plan_get_string (self->plan, names[i]);
      g_autofree char *base = url != NULL ? refract_http_dup_base (url, NULL) : NULL;

      if (base != NULL && !has_base (bases, base))
        g_ptr_array_add (bases, g_steal_pointer (&base));
    }
  return bases;
}

static const char *
get_key (RefractWizardPythonGroup *self)
{
  return gtk_editable_get_text (GTK_EDITABLE (self->key_row));
}

static void
show_key (RefractWizardPythonGroup *self, const char *key, gboolean remembered)
{
  self->filling = TRUE;
  gtk_editable_set_text (GTK_EDITABLE (self->key_row), key);
  adw_switch_row_set_active (self->remember_row, remembered);
  self->filling = FALSE;
}

/* Without a keyring a key is for this session only. */
static void
show_no_keyring (RefractWizardPythonGroup *self, const GError *error)
{
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;
  show_key (self, get_key (self), FALSE);
  gtk_widget_set_sensitive (GTK_WIDGET (self->remember_row), FALSE);
  adw_action_row_set_subtitle (
      ADW_ACTION_ROW (self->remember_row),
      _ ("No keyring answers here: the key is forgotten when Refract is closed"));
}

static void
remembered (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractWizardPythonGroup) self = user_data;
  g_autoptr (GError) error = NULL;

  if (!refract_keyring_remember_finish (result, &error) && self->plan != NULL)
    show_no_keyring (self, error);
}

static void
remember (RefractWizardPythonGroup *self, const char *key)
{
  for (guint i = 0; i < self->bases->len; i++)
    refract_keyring_remember_async (g_ptr_array_index (self->bases, i),
                                    key != NULL && *key != '\0' ? key : NULL, NULL, remembered,
                                    g_object_ref (self));
}

static void
use_key (RefractWizardPythonGroup *self)
{
  for (guint i = 0; i < self->bases->len; i++)
    refract_server_key_set (g_ptr_array_index (self->bases, i), get_key (self));
  if (adw_switch_row_get_active (self->remember_row))
    remember (self, get_key (self));
}

static void
key_applied (RefractWizardPythonGroup *self)
{
  use_key (self);
  g_signal_emit (self, signals[SIGNAL_KEY_APPLIED], 0);
}

static void
remember_toggled (RefractWizardPythonGroup *self)
{
  if (!self->filling)
    remember (self, adw_switch_row_get_active (self->remember_row) ? get_key (self) : NULL);
}

static void
key_found (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractWizardPythonGroup) self = user_data;
  g_autoptr (GError) error = NULL;
  g_autofree char *key = refract_keyring_find_finish (result, &error);

  if (self->plan == NULL)
    return;
  if (error != NULL)
    show_no_keyring (self, error);
  else if (key != NULL && *get_key (self) == '\0')
    show_key (self, key, TRUE);
}

/* A key goes to no server but those that it was written for. What is remembered for the servers is
 * shown, unless the person wrote one. */
static void
follow_addresses (RefractWizardPythonGroup *self)
{
  GPtrArray *bases = list_bases (self);
  gboolean same = bases->len == self->bases->len;

  for (guint i = 0; i < self->bases->len; i++)
    if (!has_base (bases, g_ptr_array_index (self->bases, i)))
      {
        show_key (self, "", FALSE);
        same = FALSE;
      }
  g_ptr_array_unref (self->bases);
  self->bases = bases;
  if (same || bases->len == 0)
    return;
  if (*get_key (self) != '\0')
    {
      use_key (self);
      return;
    }
  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();
  refract_keyring_find_async (bases->pdata[0], self->cancellable, key_found, g_object_ref (self));
}

/* ---- Addresses ---- */

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
  follow_addresses (self);
}

static void
refract_wizard_python_group_dispose (GObject *object)
{
  RefractWizardPythonGroup *self = REFRACT_WIZARD_PYTHON_GROUP (object);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->bases, g_ptr_array_unref);
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
  gtk_widget_class_bind_template_child (widget_class, RefractWizardPythonGroup, key_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardPythonGroup, remember_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardPythonGroup, code_row);
  gtk_widget_class_bind_template_callback (widget_class, choose_clicked);
  gtk_widget_class_bind_template_callback (widget_class, default_clicked);
  gtk_widget_class_bind_template_callback (widget_class, url_applied);
  gtk_widget_class_bind_template_callback (widget_class, key_applied);
  gtk_widget_class_bind_template_callback (widget_class, remember_toggled);

  signals[SIGNAL_KEY_APPLIED]
      = g_signal_new ("key-applied", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL,
                      NULL, G_TYPE_NONE, 0);
}

static void
refract_wizard_python_group_init (RefractWizardPythonGroup *self)
{
  self->bases = g_ptr_array_new_with_free_func (g_free);
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
