/* refract-preferences-dialog.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "refract-engine-group.h"
#include "refract-preferences-dialog.h"
#include "refract-storage-group.h"

struct _RefractPreferencesDialog
{
  AdwPreferencesDialog parent_instance;

  RefractEngineGroup *engine_group;
  RefractStorageGroup *storage_group;
  AdwComboRow *color_scheme_row;
  AdwComboRow *preset_row;
  GtkWidget *wikitext_url_row;
  GtkWidget *prompts_url_row;
};

G_DEFINE_FINAL_TYPE (RefractPreferencesDialog,
                     refract_preferences_dialog,
                     ADW_TYPE_PREFERENCES_DIALOG)

static void
enum_selected (AdwComboRow *row, GParamSpec *pspec, GSettings *settings)
{
  g_settings_set_enum (settings, g_object_get_data (G_OBJECT (row), "key"),
                       (int) adw_combo_row_get_selected (row));
}

/* The row's items are in the order of the enumeration. */
static void
bind_enum (AdwComboRow *row, GSettings *settings, const char *key)
{
  adw_combo_row_set_selected (row, (guint) g_settings_get_enum (settings, key));
  g_object_set_data (G_OBJECT (row), "key", (gpointer) key);
  g_signal_connect_object (row, "notify::selected", G_CALLBACK (enum_selected), settings,
                           G_CONNECT_DEFAULT);
}

static void
refract_preferences_dialog_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_PREFERENCES_DIALOG);

  G_OBJECT_CLASS (refract_preferences_dialog_parent_class)->dispose (object);
}

static void
refract_preferences_dialog_class_init (RefractPreferencesDialogClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->dispose = refract_preferences_dialog_dispose;

  g_type_ensure (REFRACT_TYPE_ENGINE_GROUP);
  g_type_ensure (REFRACT_TYPE_STORAGE_GROUP);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               RESOURCE_PATH "/ui/preferences-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractPreferencesDialog, engine_group);
  gtk_widget_class_bind_template_child (widget_class, RefractPreferencesDialog, storage_group);
  gtk_widget_class_bind_template_child (widget_class, RefractPreferencesDialog, color_scheme_row);
  gtk_widget_class_bind_template_child (widget_class, RefractPreferencesDialog, preset_row);
  gtk_widget_class_bind_template_child (widget_class, RefractPreferencesDialog, wikitext_url_row);
  gtk_widget_class_bind_template_child (widget_class, RefractPreferencesDialog, prompts_url_row);
}

static void
refract_preferences_dialog_init (RefractPreferencesDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

AdwDialog *
refract_preferences_dialog_new (GSettings *settings)
{
  RefractPreferencesDialog *self = g_object_new (REFRACT_TYPE_PREFERENCES_DIALOG, NULL);

  refract_engine_group_set_settings (self->engine_group, settings);
  refract_storage_group_set_settings (self->storage_group, settings);
  bind_enum (self->color_scheme_row, settings, "color-scheme");
  bind_enum (self->preset_row, settings, "preset");
  g_settings_bind (settings, "wikitext-url", self->wikitext_url_row, "text",
                   G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "prompts-url", self->prompts_url_row, "text", G_SETTINGS_BIND_DEFAULT);
  return ADW_DIALOG (self);
}
