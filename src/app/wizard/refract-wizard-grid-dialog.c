/* refract-wizard-grid-dialog.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "core/refract-kv-config.h"
#include "wizard/refract-wizard-grid-dialog.h"

struct _RefractWizardGridDialog
{
  AdwDialog parent_instance;

  AdwWrapBox *k_box;
  AdwWrapBox *v_box;
  GtkLabel *count_label;
  GtkWidget *add_button;

  GPtrArray *grid; /* (nullable) (element-type RefractKvConfig) */
};

enum
{
  SIGNAL_CHOSEN,
  N_SIGNALS
};

G_DEFINE_FINAL_TYPE (RefractWizardGridDialog, refract_wizard_grid_dialog, ADW_TYPE_DIALOG)

static guint signals[N_SIGNALS];

/* The types that are switched on, with commas. */
static char *
join_active (AdwWrapBox *box)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (GtkWidget *child = gtk_widget_get_first_child (GTK_WIDGET (box)); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (gtk_toggle_button_get_active (GTK_TOGGLE_BUTTON (child)))
      g_string_append_printf (text, "%s%s", text->len > 0 ? "," : "",
                              gtk_button_get_label (GTK_BUTTON (child)));
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static void
update (RefractWizardGridDialog *self)
{
  g_autofree char *types_k = join_active (self->k_box);
  g_autofree char *types_v = join_active (self->v_box);
  g_autofree char *text = g_strdup_printf ("%s×%s", types_k, types_v);
  g_autofree char *label = NULL;
  guint n;

  g_clear_pointer (&self->grid, g_ptr_array_unref);
  if (*types_k != '\0' && *types_v != '\0')
    self->grid = refract_kv_config_grid (text, NULL);
  n = self->grid != NULL ? self->grid->len : 0;
  label = n > 0
              ? g_strdup_printf (g_dngettext (NULL, "%u configuration", "%u configurations", n), n)
              : g_strdup (_ ("Choose types for K and for V."));
  gtk_label_set_label (self->count_label, label);
  gtk_widget_set_sensitive (self->add_button, n > 0);
}

static void
add_clicked (RefractWizardGridDialog *self)
{
  g_signal_emit (self, signals[SIGNAL_CHOSEN], 0, self->grid);
  adw_dialog_close (ADW_DIALOG (self));
}

static void
add_types (RefractWizardGridDialog *self, AdwWrapBox *box, const char *const *types)
{
  for (guint i = 0; types[i] != NULL; i++)
    {
      GtkWidget *button = gtk_toggle_button_new_with_label (types[i]);

      g_signal_connect_object (button, "toggled", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
      adw_wrap_box_append (box, button);
    }
}

static void
refract_wizard_grid_dialog_dispose (GObject *object)
{
  RefractWizardGridDialog *self = REFRACT_WIZARD_GRID_DIALOG (object);

  g_clear_pointer (&self->grid, g_ptr_array_unref);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_WIZARD_GRID_DIALOG);

  G_OBJECT_CLASS (refract_wizard_grid_dialog_parent_class)->dispose (object);
}

static void
refract_wizard_grid_dialog_class_init (RefractWizardGridDialogClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = refract_wizard_grid_dialog_dispose;

  signals[SIGNAL_CHOSEN] = g_signal_new ("chosen", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0,
                                         NULL, NULL, NULL, G_TYPE_NONE, 1, G_TYPE_PTR_ARRAY);

  gtk_widget_class_set_template_from_resource (widget_class,
                                               RESOURCE_PATH "/ui/wizard-grid-dialog.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractWizardGridDialog, k_box);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardGridDialog, v_box);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardGridDialog, count_label);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardGridDialog, add_button);
  gtk_widget_class_bind_template_callback (widget_class, add_clicked);
}

static void
refract_wizard_grid_dialog_init (RefractWizardGridDialog *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

RefractWizardGridDialog *
refract_wizard_grid_dialog_new (const char *const *types)
{
  RefractWizardGridDialog *self = g_object_new (REFRACT_TYPE_WIZARD_GRID_DIALOG, NULL);

  add_types (self, self->k_box, types);
  add_types (self, self->v_box, types);
  update (self);
  return self;
}
