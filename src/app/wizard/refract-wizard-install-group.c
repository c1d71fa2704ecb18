/* refract-wizard-install-group.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "wizard/refract-wizard-install-group.h"

struct _RefractWizardInstallGroup
{
  AdwPreferencesGroup parent_instance;

  GPtrArray *rows; /* (element-type GtkWidget) */
};

G_DEFINE_FINAL_TYPE (RefractWizardInstallGroup,
                     refract_wizard_install_group,
                     ADW_TYPE_PREFERENCES_GROUP)

#define VENV(name, packages) "python3 -m venv ~/" name " && ~/" name "/bin/pip install " packages

/* What installs an engine where; the command is copied as it stands. */
static const struct
{
  RefractBackendKind kind;
  const char *system;
  const char *command;
} installs[] = {
  { REFRACT_BACKEND_KIND_LLAMACPP, "Debian, Ubuntu",
    "sudo apt install llama.cpp-tools llama.cpp-tools-extra" },
  { REFRACT_BACKEND_KIND_LLAMACPP, "Fedora", "sudo dnf install llama-cpp" },
  { REFRACT_BACKEND_KIND_LLAMACPP, "Arch Linux", "yay -S llama.cpp" },
  { REFRACT_BACKEND_KIND_LLAMACPP, "Homebrew", "brew install llama.cpp" },
  { REFRACT_BACKEND_KIND_LLAMACPP, N_ ("Any system: programs ready to run"),
    "https://github.com/ggml-org/llama.cpp/releases" },
  { REFRACT_BACKEND_KIND_VLLM, N_ ("vLLM, with a GPU"), VENV ("vllm", "vllm") },
  { REFRACT_BACKEND_KIND_VLLM, N_ ("vLLM, without a GPU"),
    "https://docs.vllm.ai/en/stable/getting_started/installation/cpu/" },
  { REFRACT_BACKEND_KIND_SGLANG, N_ ("SGLang, with a GPU"), VENV ("sglang", "sglang") },
  { REFRACT_BACKEND_KIND_MLX, N_ ("MLX, on Apple silicon"), VENV ("mlx", "mlx-lm") },
  { REFRACT_BACKEND_KIND_MLX, N_ ("MLX, on Linux without a GPU"),
    VENV ("mlx", "'mlx[cpu]' mlx-lm") },
  { REFRACT_BACKEND_KIND_MLX, N_ ("MLX, on Linux with a GPU of NVIDIA"),
    VENV ("mlx", "'mlx[cuda13]' mlx-lm") },
};

static void
copy_clicked (GtkButton *button, gpointer user_data)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (button)), user_data);
}

static GtkWidget *
make_row (const char *system, const char *command)
{
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *button = gtk_button_new_from_icon_name ("edit-copy-symbolic");

  gtk_widget_set_valign (button, GTK_ALIGN_CENTER);
  gtk_widget_set_tooltip_text (button, _ ("Copy"));
  gtk_widget_add_css_class (button, "flat");
  g_signal_connect (button, "clicked", G_CALLBACK (copy_clicked), (gpointer) command);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), _ (system));
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), command);
  adw_action_row_set_subtitle_selectable (ADW_ACTION_ROW (row), TRUE);
  gtk_widget_add_css_class (row, "property");
  gtk_widget_add_css_class (row, "monospace");
  adw_action_row_add_suffix (ADW_ACTION_ROW (row), button);
  return row;
}

static void
refract_wizard_install_group_dispose (GObject *object)
{
  g_clear_pointer (&REFRACT_WIZARD_INSTALL_GROUP (object)->rows, g_ptr_array_unref);

  G_OBJECT_CLASS (refract_wizard_install_group_parent_class)->dispose (object);
}

static void
refract_wizard_install_group_class_init (RefractWizardInstallGroupClass *klass)
{
  G_OBJECT_CLASS (klass)->dispose = refract_wizard_install_group_dispose;
}

static void
refract_wizard_install_group_init (RefractWizardInstallGroup *self)
{
  self->rows = g_ptr_array_new ();
}

void
refract_wizard_install_group_show (RefractWizardInstallGroup *self,
                                   const RefractBackendKind *kinds,
                                   guint n_kinds)
{
  AdwPreferencesGroup *group = ADW_PREFERENCES_GROUP (self);
  gboolean is_llamacpp = n_kinds == 1 && kinds[0] == REFRACT_BACKEND_KIND_LLAMACPP;
  g_autofree char *title = NULL;

  g_return_if_fail (REFRACT_IS_WIZARD_INSTALL_GROUP (self));

  for (guint i = 0; i < self->rows->len; i++)
    adw_preferences_group_remove (group, g_ptr_array_index (self->rows, i));
  g_ptr_array_set_size (self->rows, 0);

  title = n_kinds == 1
              ? g_strdup_printf (_ ("Install %s"), refract_backend_kind_get_title (kinds[0]))
              : g_strdup (_ ("Install an Engine"));
  adw_preferences_group_set_title (group, title);
  adw_preferences_group_set_description (
      group, is_llamacpp ? _ ("In a Flatpak, the llama.cpp that comes with it is found by itself; "
                              "for your own, choose its folder.")
                         : _ ("Then choose the folder that was made as the Python environment."));
  for (guint i = 0; i < G_N_ELEMENTS (installs); i++)
    for (guint k = 0; k < n_kinds; k++)
      if (installs[i].kind == kinds[k])
        {
          GtkWidget *row = make_row (installs[i].system, installs[i].command);

          g_ptr_array_add (self->rows, row);
          adw_preferences_group_add (group, row);
        }
}
