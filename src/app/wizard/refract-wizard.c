/* refract-wizard.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "core/refract-data.h"
#include "preferences/refract-defaults.h"
#include "refract-application.h"
#include "refract-window.h"
#include "run/refract-window-runs.h"
#include "wizard/refract-wizard-depth-page.h"
#include "wizard/refract-wizard-engine-page.h"
#include "wizard/refract-wizard-kv-page.h"
#include "wizard/refract-wizard-model-page.h"
#include "wizard/refract-wizard-review-page.h"
#include "wizard/refract-wizard.h"

#define MAX_RECENT 5

struct _RefractWizard
{
  AdwDialog parent_instance;

  AdwNavigationView *navigation_view;

  RefractWizardState *state;
  GPtrArray *pages; /* (element-type RefractWizardPage) */
  gboolean hurrying;
  guint hurry_source;
};

G_DEFINE_FINAL_TYPE (RefractWizard, refract_wizard, ADW_TYPE_DIALOG)

/* Whether the person has to look at what the import brought for @page. */
static gboolean
has_question (RefractWizard *self, AdwNavigationPage *page)
{
  RefractPlanImport *import = refract_wizard_state_get_import (self->state);

  if (import == NULL)
    return FALSE;
  if (REFRACT_IS_WIZARD_ENGINE_PAGE (page))
    return import->claims->len > 0;
  if (REFRACT_IS_WIZARD_KV_PAGE (page))
    return import->refused->len > 0;
  if (REFRACT_IS_WIZARD_DEPTH_PAGE (page))
    for (guint i = 0; i < import->files->len; i++)
      if (!((const RefractPlanFile *) g_ptr_array_index (import->files, i))->found)
        return TRUE;
  return FALSE;
}

static gboolean
hurry_cb (gpointer user_data)
{
  RefractWizard *self = user_data;
  AdwNavigationPage *page = adw_navigation_view_get_visible_page (self->navigation_view);

  self->hurry_source = 0;
  if (REFRACT_IS_WIZARD_REVIEW_PAGE (page) || has_question (self, page))
    self->hurrying = FALSE;
  else if (self->hurrying)
    refract_wizard_page_go_on (REFRACT_WIZARD_PAGE (page));
  return G_SOURCE_REMOVE;
}

/* Not in the middle of what has changed. */
static void
continue_hurrying (RefractWizard *self)
{
  if (self->hurrying && self->hurry_source == 0)
    self->hurry_source = g_idle_add (hurry_cb, self);
}

/* Who goes back wants to look. */
static void
stop_hurrying (RefractWizard *self)
{
  self->hurrying = FALSE;
}

void
refract_wizard_hurry (RefractWizard *self)
{
  g_return_if_fail (REFRACT_IS_WIZARD (self));

  self->hurrying = TRUE;
  for (guint i = 0; i < self->pages->len; i++)
    g_signal_connect_object (g_ptr_array_index (self->pages, i), "notify::problem",
                             G_CALLBACK (continue_hurrying), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (self->navigation_view, "popped", G_CALLBACK (stop_hurrying), self,
                           G_CONNECT_SWAPPED);
  continue_hurrying (self);
}

/* Enter goes on, as the button of the page at hand does. */
static void
visible_page_changed (RefractWizard *self)
{
  AdwNavigationPage *page = adw_navigation_view_get_visible_page (self->navigation_view);

  continue_hurrying (self);

  adw_dialog_set_default_widget (ADW_DIALOG (self),
                                 REFRACT_IS_WIZARD_PAGE (page)
                                     ? refract_wizard_page_get_button (REFRACT_WIZARD_PAGE (page))
                                     : NULL);
}

static void
remember_model (RefractPlan *plan)
{
  GSettings *settings = refract_application_get_settings (refract_application_get_default ());
  const char *model = refract_plan_get_string (plan, "model");
  g_auto (GStrv) recent = g_settings_get_strv (settings, "recent-models");
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) fresh = NULL;
  guint n = 1;

  g_strv_builder_add (builder, model);
  for (guint i = 0; recent[i] != NULL && n < MAX_RECENT; i++)
    if (!g_str_equal (recent[i], model))
      {
        g_strv_builder_add (builder, recent[i]);
        n++;
      }
  fresh = g_strv_builder_end (builder);
  g_settings_set_strv (settings, "recent-models", (const char *const *) fresh);
}

static void
start_activated (GtkWidget *widget, const char *action, GVariant *parameter)
{
  RefractWizard *self = REFRACT_WIZARD (widget);
  RefractWindow *window = refract_window_from_widget (widget);
  RefractPlan *plan = refract_wizard_state_get_plan (self->state);
  RefractAuditQueue *queue = refract_application_get_queue (refract_application_get_default ());
  guint n_runs = refract_wizard_state_get_n_runs (self->state);
  RefractRunItem *item;

  remember_model (plan);
  item = n_runs > 1 ? refract_audit_queue_add_repeated (queue, plan, n_runs)
                    : refract_audit_queue_add (queue, plan, FALSE);
  adw_dialog_force_close (ADW_DIALOG (self));
  if (window != NULL)
    refract_window_show_run (window, item);
}

static void
discard_chosen (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractWizard) self = user_data;
  const char *response = adw_alert_dialog_choose_finish (ADW_ALERT_DIALOG (source), result);

  if (g_str_equal (response, "discard"))
    adw_dialog_force_close (ADW_DIALOG (self));
}

static void
refract_wizard_close_attempt (AdwDialog *dialog)
{
  RefractWizard *self = REFRACT_WIZARD (dialog);
  AdwAlertDialog *question;

  if (!refract_wizard_state_is_changed (self->state))
    {
      adw_dialog_force_close (dialog);
      return;
    }
  question = ADW_ALERT_DIALOG (adw_alert_dialog_new (
      _ ("Discard This Plan?"), _ ("What you have chosen here is not kept anywhere.")));
  adw_alert_dialog_add_responses (question, "cancel", _ ("_Cancel"), "discard", _ ("_Discard"),
                                  NULL);
  adw_alert_dialog_set_response_appearance (question, "discard", ADW_RESPONSE_DESTRUCTIVE);
  adw_alert_dialog_set_default_response (question, "cancel");
  adw_alert_dialog_set_close_response (question, "cancel");
  adw_alert_dialog_choose (question, GTK_WIDGET (self), NULL, discard_chosen, g_object_ref (self));
}

/* What runs for a page holds a reference to it and would outlive the dialog. */
static void
refract_wizard_closed (AdwDialog *dialog)
{
  RefractWizard *self = REFRACT_WIZARD (dialog);

  for (guint i = 0; i < self->pages->len; i++)
    refract_wizard_page_stop (g_ptr_array_index (self->pages, i));
  refract_wizard_forecast_stop (refract_wizard_state_get_forecast (self->state));
}

static void
refract_wizard_dispose (GObject *object)
{
  RefractWizard *self = REFRACT_WIZARD (object);

  g_clear_handle_id (&self->hurry_source, g_source_remove);
  g_clear_pointer (&self->pages, g_ptr_array_unref);
  g_clear_object (&self->state);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_WIZARD);

  G_OBJECT_CLASS (refract_wizard_parent_class)->dispose (object);
}

static void
refract_wizard_class_init (RefractWizardClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = refract_wizard_dispose;
  ADW_DIALOG_CLASS (klass)->close_attempt = refract_wizard_close_attempt;
  ADW_DIALOG_CLASS (klass)->closed = refract_wizard_closed;

  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/wizard.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractWizard, navigation_view);
  gtk_widget_class_bind_template_callback (widget_class, visible_page_changed);
  gtk_widget_class_install_action (widget_class, "wizard.start", NULL, start_activated);
}

static void
refract_wizard_init (RefractWizard *self)
{
  self->pages = g_ptr_array_new ();
  gtk_widget_init_template (GTK_WIDGET (self));
}

static void
add_pages (RefractWizard *self)
{
  const GType types[] = { REFRACT_TYPE_WIZARD_MODEL_PAGE, REFRACT_TYPE_WIZARD_ENGINE_PAGE,
                          REFRACT_TYPE_WIZARD_KV_PAGE, REFRACT_TYPE_WIZARD_DEPTH_PAGE,
                          REFRACT_TYPE_WIZARD_REVIEW_PAGE };

  for (guint i = 0; i < G_N_ELEMENTS (types); i++)
    {
      AdwNavigationPage *page = g_object_new (types[i], "state", self->state, NULL);

      g_ptr_array_add (self->pages, page);
      adw_navigation_view_add (self->navigation_view, page);
    }
  refract_wizard_state_settle (self->state);
}

/* A plan with texts to read, where the person has none of their own. */
static RefractPlan *
new_default_plan (void)
{
  RefractPlan *plan = refract_defaults_new_plan (
      refract_application_get_settings (refract_application_get_default ()));
  g_autofree char *corpus = refract_data_dup_path ("demo/corpus.txt");
  g_autofree char *haystack = refract_data_dup_path ("demo/haystack.txt");
  static const char *const candidates[] = { "ctk=q8_0,ctv=q8_0", NULL };

  refract_plan_use_fetched (plan);
  if (refract_plan_get_string (plan, "corpus") == NULL)
    g_object_set (plan, "corpus", corpus, "haystack", haystack, NULL);
  g_object_set (plan, "candidates", candidates, NULL);
  return plan;
}

RefractWizard *
refract_wizard_new (RefractPlan *plan)
{
  g_autoptr (RefractPlan) own = plan != NULL ? g_object_ref (plan) : new_default_plan ();
  RefractWizard *self = g_object_new (REFRACT_TYPE_WIZARD, NULL);

  self->state = refract_wizard_state_new (own, NULL);
  add_pages (self);
  return self;
}

RefractWizard *
refract_wizard_new_for_import (RefractPlanImport *import)
{
  RefractWizard *self = g_object_new (REFRACT_TYPE_WIZARD, NULL);

  self->state = refract_wizard_state_new (import->plan, import);
  add_pages (self);
  return self;
}

RefractWizardState *
refract_wizard_get_state (RefractWizard *self)
{
  g_return_val_if_fail (REFRACT_IS_WIZARD (self), NULL);

  return self->state;
}
