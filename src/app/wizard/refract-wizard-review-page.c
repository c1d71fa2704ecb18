/* refract-wizard-review-page.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "refract-spin-row.h"
#include "report/refract-repeatability.h"
#include "report/refract-report-widgets.h"
#include "wizard/refract-wizard-review-page.h"

struct _RefractWizardReviewPage
{
  RefractWizardPage parent_instance;

  GtkLabel *sentence_label;
  GtkLabel *command_label;
  RefractSpinRow *n_runs_row;
  AdwActionRow *time_row;
  AdwActionRow *disk_row;
  AdwActionRow *memory_row;
  AdwActionRow *comparable_row;
};

G_DEFINE_FINAL_TYPE (RefractWizardReviewPage, refract_wizard_review_page, REFRACT_TYPE_WIZARD_PAGE)

static char *
list_axes (RefractPlan *plan)
{
  g_autoptr (GString) axes = g_string_new (NULL);

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    if (refract_plan_has_axis (plan, i))
      g_string_append_printf (axes, "%s%s", axes->len > 0 ? ", " : "",
                              _ (refract_axis_id_get_title (i)));
  return g_string_free (g_steal_pointer (&axes), FALSE);
}

static char *
describe_plan (RefractPlan *plan, RefractModel *model, GPtrArray *candidates)
{
  g_autoptr (RefractKvConfig) reference = refract_plan_get_reference (plan, NULL);
  g_autoptr (RefractKvConfig) control = refract_plan_get_control (plan, NULL);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autofree char *axes = list_axes (plan);
  const char *name = refract_model_get_info (model)->name;

  if (candidates->len == 1)
    g_string_append_printf (text, _ ("“%s” with %s will be compared with itself at %s."), name,
                            refract_kv_config_get_label (g_ptr_array_index (candidates, 0)),
                            refract_kv_config_get_label (reference));
  else
    g_string_append_printf (text,
                            _ ("“%s” with %u KV configurations will be compared with itself at "
                               "%s."),
                            name, candidates->len, refract_kv_config_get_label (reference));
  g_string_append_c (text, ' ');
  g_string_append_printf (text, _ ("Axes: %s."), axes);
  if (control != NULL)
    {
      g_string_append_c (text, ' ');
      g_string_append_printf (text, _ ("%s is the negative control."),
                              refract_kv_config_get_label (control));
    }
  if (refract_plan_get_boolean (plan, "measure-floor"))
    {
      g_string_append_c (text, ' ');
      g_string_append (text, _ ("The reference is measured twice, for the noise floor."));
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/* One line for each candidate, as every report will carry its own. */
static char *
list_commands (RefractPlan *plan, GPtrArray *candidates, const char *backend)
{
  g_autoptr (GString) commands = g_string_new (NULL);

  for (guint i = 0; i < candidates->len; i++)
    {
      g_autofree char *command
          = refract_plan_get_repro_command (plan, g_ptr_array_index (candidates, i), backend);

      g_string_append_printf (commands, "%s%s", i > 0 ? "\n" : "", command);
    }
  return g_string_free (g_steal_pointer (&commands), FALSE);
}

static void
update (RefractWizardReviewPage *self)
{
  RefractWizardPage *page = REFRACT_WIZARD_PAGE (self);
  RefractWizardState *state = refract_wizard_page_get_state (page);
  RefractWizardForecast *forecast = refract_wizard_state_get_forecast (state);
  RefractPlan *plan = refract_wizard_page_get_plan (page);
  RefractModel *model = refract_wizard_state_get_model (state);
  g_autoptr (GPtrArray) candidates = refract_plan_get_candidates (plan, NULL);
  g_autofree char *sentence = NULL;
  g_autofree char *commands = NULL;
  const char *backend;

  if (!refract_wizard_forecast_is_ready (forecast) || model == NULL
      || refract_wizard_state_get_engine (state) == NULL)
    refract_wizard_page_set_problem (page, _ ("The plan is being checked."));
  else
    refract_wizard_page_set_problem (page, refract_wizard_forecast_get_error (forecast));
  if (refract_wizard_page_get_problem (page) != NULL || candidates == NULL)
    return;

  backend = refract_backend_name_of_engine (refract_wizard_state_get_engine (state)->name);
  sentence = describe_plan (plan, model, candidates);
  commands = list_commands (plan, candidates, backend);
  gtk_label_set_label (self->sentence_label, sentence);
  refract_label_set_command (self->command_label, commands);
}

static void
copy_clicked (RefractWizardReviewPage *self)
{
  gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)),
                          gtk_label_get_label (self->command_label));
}

static void
refract_wizard_review_page_next (RefractWizardPage *page)
{
  gtk_widget_activate_action (GTK_WIDGET (page), "wizard.start", NULL);
}

static void
refract_wizard_review_page_constructed (GObject *object)
{
  RefractWizardReviewPage *self = REFRACT_WIZARD_REVIEW_PAGE (object);
  RefractWizardState *state = refract_wizard_page_get_state (REFRACT_WIZARD_PAGE (self));
  RefractWizardForecast *forecast = refract_wizard_state_get_forecast (state);

  G_OBJECT_CLASS (refract_wizard_review_page_parent_class)->constructed (object);

  gtk_adjustment_set_upper (refract_spin_row_get_adjustment (self->n_runs_row),
                            REFRACT_REPEATABILITY_MAX_RUNS);
  g_object_bind_property (state, "n-runs", self->n_runs_row, "value",
                          G_BINDING_BIDIRECTIONAL | G_BINDING_SYNC_CREATE);
  g_object_bind_property (forecast, "time", self->time_row, "subtitle", G_BINDING_SYNC_CREATE);
  g_object_bind_property (forecast, "disk", self->disk_row, "subtitle", G_BINDING_SYNC_CREATE);
  g_object_bind_property (forecast, "memory", self->memory_row, "subtitle", G_BINDING_SYNC_CREATE);
  g_object_bind_property (forecast, "comparable", self->comparable_row, "subtitle",
                          G_BINDING_SYNC_CREATE);
  g_signal_connect_object (forecast, "notify::ready", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (state, "notify::engine", G_CALLBACK (update), self, G_CONNECT_SWAPPED);
  update (self);
}

static void
refract_wizard_review_page_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_WIZARD_REVIEW_PAGE);

  G_OBJECT_CLASS (refract_wizard_review_page_parent_class)->dispose (object);
}

static void
refract_wizard_review_page_class_init (RefractWizardReviewPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->constructed = refract_wizard_review_page_constructed;
  object_class->dispose = refract_wizard_review_page_dispose;
  REFRACT_WIZARD_PAGE_CLASS (klass)->next = refract_wizard_review_page_next;

  g_type_ensure (REFRACT_TYPE_SPIN_ROW);
  gtk_widget_class_set_template_from_resource (widget_class,
                                               RESOURCE_PATH "/ui/wizard-review-page.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractWizardReviewPage, sentence_label);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardReviewPage, command_label);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardReviewPage, n_runs_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardReviewPage, time_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardReviewPage, disk_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardReviewPage, memory_row);
  gtk_widget_class_bind_template_child (widget_class, RefractWizardReviewPage, comparable_row);
  gtk_widget_class_bind_template_callback (widget_class, copy_clicked);
}

static void
refract_wizard_review_page_init (RefractWizardReviewPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
