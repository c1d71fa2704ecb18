/* refract-wizard-engine-page.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "core/refract-error.h"
#include "core/refract-translate.h"
#include "preferences/refract-defaults.h"
#include "refract-application.h"
#include "refract-spin-row.h"
#include "wizard/refract-engine-check.h"
#include "wizard/refract-wizard-claims-group.h"
#include "wizard/refract-wizard-engine-page.h"
#include "wizard/refract-wizard-install-group.h"
#include "wizard/refract-wizard-python-group.h"

struct _RefractWizardEnginePage
{
  RefractWizardPage parent_instance;

  AdwComboRow *backend_row;
  AdwActionRow *folder_row;
  GtkWidget *default_button;
  AdwEntryRow *flags_row;
  RefractSpinRow *layers_row;
  AdwPreferencesGroup *checks_group;
  GtkStack *checking_stack;
  GtkWidget *model_row;
  RefractWizardPythonGroup *python_group;
  RefractWizardInstallGroup *install_group;
  RefractWizardClaimsGroup *claims_group;

  RefractBackendKind kinds[REFRACT_N_BACKENDS]; /* those that load the model */
  guint n_kinds;
  char *fingerprint;     /* (nullable): of the model that the plan was last for */
  gboolean filling;      /* changes are not the person's */
  GPtrArray *check_rows; /* (element-type GtkWidget) */
  GCancellable *cancellable;
};

G_DEFINE_FINAL_TYPE (RefractWizardEnginePage, refract_wizard_engine_page, REFRACT_TYPE_WIZARD_PAGE)

/* ---- Rows ---- */

static const struct
{
  const char *icon;
  const char *style;
  const char *name;
} statuses[] = {
  [REFRACT_CHECK_PASSED] = { "object-select-symbolic", "success", N_ ("Passed") },
  [REFRACT_CHECK_WARNING] = { "dialog-warning-symbolic", "warning", N_ ("Warning") },
  [REFRACT_CHECK_FAILED] = { "dialog-error-symbolic", "error", N_ ("Failed") },
};

static GtkWidget *
make_check_row (const char *english_title,
                RefractCheckStatus status,
                const char *english_detail,
                const char *english_remedy)
{
  g_autofree char *title = refract_translate (english_title);
  g_autofree char *detail = refract_translate (english_detail);
  g_autofree char *remedy = refract_translate (english_remedy);
  GtkWidget *row = adw_action_row_new ();
  GtkWidget *icon = gtk_image_new_from_icon_name (statuses[status].icon);
  g_autofree char *subtitle
      = remedy != NULL ? g_strdup_printf ("%s\n%s", detail, remedy) : g_strdup (detail);

  adw_preferences_row_set_use_markup (ADW_PREFERENCES_ROW (row), FALSE);
  adw_preferences_row_set_title (ADW_PREFERENCES_ROW (row), title);
  adw_action_row_set_subtitle (ADW_ACTION_ROW (row), subtitle);
  adw_action_row_set_subtitle_selectable (ADW_ACTION_ROW (row), TRUE);
  gtk_widget_add_css_class (icon, statuses[status].style);
  gtk_accessible_update_property (GTK_ACCESSIBLE (icon), GTK_ACCESSIBLE_PROPERTY_LABEL,
                                  _ (statuses[status].name), -1);
  adw_action_row_add_prefix (ADW_ACTION_ROW (row), icon);
  return row;
}

static void
clear_checks (RefractWizardEnginePage *self)
{
  for (guint i = 0; i < self->check_rows->len; i++)
    adw_preferences_group_remove (self->checks_group, g_ptr_array_index (self->check_rows, i));
  g_ptr_array_set_size (self->check_rows, 0);
}

static void
add_check (RefractWizardEnginePage *self, GtkWidget *row)
{
  g_ptr_array_add (self->check_rows, row);
  adw_preferences_group_add (self->checks_group, row);
}

static void
show_outcome (RefractWizardEnginePage *self, const RefractEngineCheck *outcome)
{
  RefractWizardPage *page = REFRACT_WIZARD_PAGE (self);
  gboolean missing
      = outcome->error != NULL
        && g_error_matches (outcome->error, REFRACT_ERROR, REFRACT_ERROR_ENGINE_MISSING);

  clear_checks (self);
  for (guint i = 0; outcome->checks != NULL && i < outcome->checks->len; i++)
    {
      const RefractCheck *check = g_ptr_array_index (outcome->checks, i);

      add_check (self, make_check_row (check->title, check->status, check->detail, check->remedy));
    }
  if (self->check_rows->len == 0 && outcome->error != NULL)
    add_check (self,
               make_check_row (_ ("Engine"), REFRACT_CHECK_FAILED, outcome->error->message, NULL));
  gtk_stack_set_visible_child_name (self->checking_stack, "idle");
  gtk_widget_set_visible (GTK_WIDGET (self->install_group), missing);

  refract_wizard_page_set_problem (
      page, outcome->engine != NULL ? NULL
            : missing               ? _ ("No usable engine: install one, or choose its folder.")
                      : _ ("The engine cannot be used as it is: see the checks above."));
  refract_wizard_state_set_engine (refract_wizard_page_get_state (page), outcome->engine,
                                   outcome->backend);
}

static void
check_done (GObject *source, GAsyncResult *result, gpointer user_data)
{
  RefractWizardEnginePage *self = REFRACT_WIZARD_ENGINE_PAGE (source);
  g_autoptr (RefractEngineCheck) outcome = refract_engine_check_finish (result);

  /* only a cancelled check has no outcome */
  if (outcome == NULL)
    return;
  g_clear_object (&self->cancellable);
  show_outcome (self, outcome);
}

static void
check (RefractWizardEnginePage *self, gboolean loads_model)
{
  RefractWizardPage *page = REFRACT_WIZARD_PAGE (self);

  g_cancellable_cancel (self->cancellable);
  g_clear_object (&self->cancellable);
  self->cancellable = g_cancellable_new ();

  gtk_stack_set_visible_child_name (self->checking_stack, "checking");
  refract_wizard_page_set_problem (page, _ ("The engine is being checked."));
  refract_engine_check_async (G_OBJECT (self), refract_wizard_page_get_plan (page),
                              refract_wizard_state_get_model (refract_wizard_page_get_state (page)),
                              loads_model, self->cancellable, check_done);
}

static void
recheck (RefractWizardEnginePage *self)
{
  check (self, FALSE);
}

static void
model_test_activated (RefractWizardEnginePage *self)
{
  check (self, TRUE);
}

/* ---- Which engine ---- */

static gboolean
is_server (RefractBackendKind kind)
{
  return refract_backend_kind_get_dialect (kind) == REFRACT_KV_SERVER;
}

/* What belongs to the engines that may be used: the one that is chosen, or all that load the model.
 */
static void
show_kinds (RefractWizardEnginePage *self)
{
  RefractWizardPage *page = REFRACT_WIZARD_PAGE (self);
  RefractModel *model = refract_wizard_state_get_model (refract_wizard_page_get_state (page));
  guint selected = adw_combo_row_get_selected (self->backend_row);
  const RefractBackendKind *kinds = selected > 0 ? &self->kinds[selected - 1] : self->kinds;
  guint n = selected > 0 ? 1 : self->n_kinds;
  gboolean has_llamacpp = FALSE, has_python = FALSE, has_servers = FALSE;

  for (guint i = 0; i < n; i++)
    {
      has_llamacpp |= kinds[i] == REFRACT_BACKEND_KIND_LLAMACPP;
      has_python |= refract_backend_kind_get_package (kinds[i]) != NULL;
      has_servers |= is_server (kinds[i]);
    }
  if (model != NULL && !has_servers) /* where no address is asked for, there is none */
    g_object_set (refract_wizard_page_get_plan (page), "reference-url", NULL, "candidate-url", NULL,
                  NULL);
  gtk_widget_set_visible (GTK_WIDGET (self->backend_row), self->n_kinds > 1);
  gtk_widget_set_visible (GTK_WIDGET (self->folder_row), has_llamacpp);
  gtk_widget_set_visible (GTK_WIDGET (self->layers_row), has_llamacpp);
  gtk_widget_set_visible (GTK_WIDGET (self->flags_row), has_llamacpp || has_servers);
  gtk_widget_set_visible (GTK_WIDGET (self->python_group), has_python);
  refract_wizard_python_group_show (self->python_group, model, has_servers);
  refract_wizard_install_group_show (self->install_group, kinds, n);
}

static void
backend_changed (RefractWizardEnginePage *self)
{
  const char *name = refract_plan_get_string (
      refract_wizard_page_get_plan (REFRACT_WIZARD_PAGE (self)), "backend");
  guint selected = 0;

  for (guint i = 0; i < self->n_kinds; i++)
    if (g_str_equal (refract_backend_kind_get_name (self->kinds[i]), name))
      selected = i + 1;
  self->filling = TRUE;
  adw_combo_row_set_selected (self->backend_row, selected);
  self->filling = FALSE;
  show_kinds (self);
  recheck (self);
}

static void
backend_selected (RefractWizardEnginePage *self)
{
  guint selected = adw_combo_row_get_selected (self->backend_row);

  if (!self->filling && selected <= self->n_kinds)
    g_object_set (refract_wizard_page_get_plan (REFRACT_WIZARD_PAGE (self)), "backend",
                  selected > 0 ? refract_backend_kind_get_name (self->kinds[selected - 1]) : "auto",
                  NULL);
}

/* The flags and GPU layers of the preferences are those of llama.cpp. */
static void
adapt_flags (RefractPlan *plan, gboolean is_folder)
{
  g_autoptr (RefractPlan) own = refract_plan_new ();
  const char *flags = refract_plan_get_string (plan, "engine-flags");
  gint64 layers = refract_plan_get_int (plan, "n-gpu-layers");
  const char *usual;
  gint64 usual_layers;

  refract_defaults_apply_engine (
      refract_application_get_settings (refract_application_get_default ()), own);
  usual = refract_plan_get_string (own, "engine-flags");
  usual_layers = refract_plan_get_int (own, "n-gpu-layers");
  if (usual != NULL && g_strcmp0 (flags, is_folder ? usual : NULL) == 0)
    g_object_set (plan, "engine-flags", is_folder ? NULL : usual, NULL);
  if (is_folder || layers == -1)
    g_object_set (plan, "n-gpu-layers", is_folder ? G_GINT64_CONSTANT (-1) : usual_layers, NULL);
}

/* What was allowed for one model is not for the next. */
static void
forget_permission (RefractWizardEnginePage *self, const RefractModelInfo *info)
{
  if (self->fingerprint != NULL && !g_str_equal (self->fingerprint, info->fingerprint))
    g_object_set (refract_wizard_page_get_plan (REFRACT_WIZARD_PAGE (self)), "allow-model-code",
                  FALSE, NULL);
  g_free (self->fingerprint);
  self->fingerprint = g_strdup (info->fingerprint);
}

static void
model_changed (RefractWizardEnginePage *self)
{
  RefractWizardPage *page = REFRACT_WIZARD_PAGE (self);
  RefractPlan *plan = refract_wizard_page_get_plan (page);
  RefractModel *model = refract_wizard_state_get_model (refract_wizard_page_get_state (page));
  g_autoptr (GtkStringList) titles = gtk_string_list_new (NULL);
  RefractBackendKind named;

  /* one is being read */
  if (model == NULL && self->n_kinds > 0)
    return;
  gtk_string_list_append (titles, _ ("Automatic"));
  self->n_kinds = 0;
  for (guint i = 0; i < REFRACT_N_BACKENDS; i++)
    if (model != NULL ? refract_backend_kind_can_load (i, model)
                      : i == REFRACT_BACKEND_KIND_LLAMACPP)
      {
        gtk_string_list_append (titles, refract_backend_kind_get_title (i));
        self->kinds[self->n_kinds++] = i;
      }
  self->filling = TRUE;
  adw_combo_row_set_model (self->backend_row, G_LIST_MODEL (titles));
  self->filling = FALSE;
  if (model != NULL)
    {
      forget_permission (self, refract_model_get_info (model));
      adapt_flags (plan, refract_model_get_info (model)->is_directory);
      if (refract_backend_kind_from_name (refract_plan_get_string (plan, "backend"), &named)
          && !refract_backend_kind_can_load (named, model))
        g_object_set (plan, "backend", "auto", NULL);
    }
  backend_changed (self);
}

/* ---- Folder ---- */

static void
show_folder (RefractWizardEnginePage *self)
{
  RefractPlan *plan = refract_wizard_page_get_plan (REFRACT_WIZARD_PAGE (self));
  const char *folder = refract_plan_get_string (plan, "engine-dir");
  g_autofree char *shown = folder != NULL ? g_filename_display_name (folder) : NULL;

  adw_action_row_set_subtitle (self->folder_row,
                               shown != NULL ? shown : _ ("Looked for on this machine"));
  gtk_widget_set_visible (self->default_button, folder != NULL);
}

static void
folder_changed (RefractWizardEnginePage *self)
{
  show_folder (self);
  recheck (self);
}

static void
folder_chosen (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractWizardEnginePage) self = user_data;
  g_autoptr (GFile) folder
      = gtk_file_dialog_select_folder_finish (GTK_FILE_DIALOG (source), result, NULL);
  g_autofree char *path = folder != NULL ? g_file_get_path (folder) : NULL;

  if (path != NULL)
    g_object_set (refract_wizard_page_get_plan (REFRACT_WIZARD_PAGE (self)), "engine-dir", path,
                  NULL);
}

static void
choose_folder_clicked (RefractWizardEnginePage *self)
{
  g_autoptr (GtkFileDialog) dialog = gtk_file_dialog_new ();

  gtk_file_dialog_set_title (dialog, _ ("Choose the Folder of llama.cpp’s Programs"));
  gtk_file_dialog_select_folder (dialog, GTK_WINDOW (gtk_widget_get_root (GTK_WIDGET (self))), NULL,
                                 folder_chosen, g_object_ref (self));
}

static void
default_clicked (RefractWizardEnginePage *self)
{
  g_object_set (refract_wizard_page_get_plan (REFRACT_WIZARD_PAGE (self)), "engine-dir", NULL,
                NULL);
}

/* Flags count when they are applied, not with every letter. */
static void
flags_applied (RefractWizardEnginePage *self)
{
  g_object_set (refract_wizard_page_get_plan (REFRACT_WIZARD_PAGE (self)), "engine-flags",
                gtk_editable_get_text (GTK_EDITABLE (self->flags_row)), NULL);
}

static void
flags_changed (RefractWizardEnginePage *self)
{
  const char *flags = refract_plan_get_string (
      refract_wizard_page_get_plan (REFRACT_WIZARD_PAGE (self)), "engine-flags");

  if (g_strcmp0 (gtk_editable_get_text (GTK_EDITABLE (self->flags_row)), flags) != 0)
    gtk_editable_set_text (GTK_EDITABLE (self->flags_row), flags != NULL ? flags : "");
  recheck (self);
}

static gboolean
is_something (GBinding *binding, const GValue *from, GValue *to, gpointer data)
{
  g_value_set_boolean (to, g_value_get_pointer (from) != NULL);
  return TRUE;
}

static void
refract_wizard_engine_page_constructed (GObject *object)
{
  static const char *const checked[] = { "notify::python", "notify::reference-url",
                                         "notify::candidate-url", "notify::allow-model-code" };
  RefractWizardEnginePage *self = REFRACT_WIZARD_ENGINE_PAGE (object);
  RefractWizardPage *page = REFRACT_WIZARD_PAGE (self);
  RefractWizardState *state = refract_wizard_page_get_state (page);
  RefractPlan *plan = refract_wizard_page_get_plan (page);

  G_OBJECT_CLASS (refract_wizard_engine_page_parent_class)->constructed (object);

  refract_wizard_python_group_set_plan (self->python_group, plan);
  refract_wizard_claims_group_set_import (self->claims_group, plan,
                                          refract_wizard_state_get_import (state));
  g_object_bind_property (plan, "n-gpu-layers", self->layers_row, "value",
                          G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  g_object_bind_property_full (state, "engine", self->model_row, "sensitive", G_BINDING_SYNC_CREATE,
                               is_something, NULL, NULL, NULL);
  g_signal_connect_object (plan, "notify::engine-dir", G_CALLBACK (folder_changed), self,
                           G_CONNECT_SWAPPED);
  for (guint i = 0; i < G_N_ELEMENTS (checked); i++)
    g_signal_connect_object (plan, checked[i], G_CALLBACK (recheck), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (plan, "notify::backend", G_CALLBACK (backend_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (state, "notify::model", G_CALLBACK (model_changed), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (plan, "notify::engine-flags", G_CALLBACK (flags_changed), self,
                           G_CONNECT_SWAPPED);
  gtk_editable_set_text (GTK_EDITABLE (self->flags_row),
                         refract_plan_get_string (plan, "engine-flags") != NULL
                             ? refract_plan_get_string (plan, "engine-flags")
                             : "");
  show_folder (self);
  model_changed (self);
}

static void
refract_wizard_engine_page_stop (RefractWizardPage *page)
{
  g_cancellable_cancel (REFRACT_WIZARD_ENGINE_PAGE (page)->cancellable);
}

static void
refract_wizard_engine_page_dispose (GObject *object)
{
  RefractWizardEnginePage *self = REFRACT_WIZARD_ENGINE_PAGE (object);

  g_clear_object (&self->cancellable);
  g_clear_pointer (&self->fingerprint, g_free);
  g_clear_pointer (&self->check_rows, g_ptr_array_unref);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_WIZARD_ENGINE_PAGE);

  G_OBJECT_CLASS (refract_wizard_engine_page_parent_class)->dispose (object);
}

static void
refract_wizard_engine_page_class_init (RefractWizardEnginePageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->constructed = refract_wizard_engine_page_constructed;
  object_class->dispose = refract_wizard_engine_page_dispose;
  REFRACT_WIZARD_PAGE_CLASS (klass)->stop = refract_wizard_engine_page_stop;

  g_type_ensure (REFRACT_TYPE_SPIN_ROW);
  g_type_ensure (REFRACT_TYPE_WIZARD_CLAIMS_GROUP);
  g_type_ensure (REFRACT_TYPE_WIZARD_INSTALL_GROUP);
  g_type_ensure (REFRACT_TYPE_WIZARD_PYTHON_GROUP);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               RESOURCE_PATH "/ui/wizard-engine-page.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractWizardEnginePage, backend_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardEnginePage, folder_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardEnginePage, default_button);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardEnginePage, flags_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardEnginePage, layers_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardEnginePage, checks_group);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardEnginePage, checking_stack);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardEnginePage, model_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardEnginePage, python_group);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardEnginePage, install_group);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardEnginePage, claims_group);
  gtk_widget_class_bind_template_callback (widget_class, backend_selected);
  gtk_widget_class_bind_template_callback (widget_class, recheck);
  gtk_widget_class_bind_template_callback (widget_class, model_test_activated);
  gtk_widget_class_bind_template_callback (widget_class, choose_folder_clicked);
  gtk_widget_class_bind_template_callback (widget_class, default_clicked);
  gtk_widget_class_bind_template_callback (widget_class, flags_applied);
}

static void
refract_wizard_engine_page_init (RefractWizardEnginePage *self)
{
  self->check_rows = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}
