/* refract-wizard-page.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "wizard/refract-wizard-page.h"

#define N_STEPS 5

typedef struct
{
  RefractWizardState *state;
  char *problem;
  guint step;
  AdwWindowTitle *window_title;
  GtkLabel *problem_label;
  GtkButton *next_button;
} RefractWizardPagePrivate;

enum
{
  PROP_0,
  PROP_STATE,
  PROP_CONTENT,
  PROP_STEP,
  PROP_NEXT_LABEL,
  PROP_PROBLEM,
  N_PROPS
};

G_DEFINE_ABSTRACT_TYPE_WITH_PRIVATE (RefractWizardPage,
                                     refract_wizard_page,
                                     ADW_TYPE_NAVIGATION_PAGE)

static GParamSpec *properties[N_PROPS];

static RefractWizardPagePrivate *
get_private (RefractWizardPage *self)
{
  return refract_wizard_page_get_instance_private (self);
}

/* Not a child of the template: disposing that would unparent what the parent class unparents too.
 */
static AdwToolbarView *
get_toolbar_view (GObject *page)
{
  return ADW_TOOLBAR_VIEW (adw_navigation_page_get_child (ADW_NAVIGATION_PAGE (page)));
}

static void
refract_wizard_page_real_next (RefractWizardPage *self)
{
  g_autofree char *tag = g_strdup_printf ("step-%u", get_private (self)->step + 1);

  gtk_widget_activate_action (GTK_WIDGET (self), "navigation.push", "s", tag);
}

static void
refract_wizard_page_real_stop (RefractWizardPage *self)
{
}

static void
next_clicked (RefractWizardPage *self)
{
  refract_wizard_page_go_on (self);
}

static void
set_step (RefractWizardPage *self, guint step)
{
  RefractWizardPagePrivate *private = get_private (self);
  g_autofree char *tag = g_strdup_printf ("step-%u", step);
  g_autofree char *subtitle = NULL;

private
  ->step = step;
  /* Translators: which of the steps of a wizard is shown */
  subtitle = g_strdup_printf (_ ("Step %u of %u"), step, N_STEPS);
  adw_window_title_set_subtitle (private->window_title, subtitle);
  adw_navigation_page_set_tag (ADW_NAVIGATION_PAGE (self), tag);
}

static void
refract_wizard_page_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  RefractWizardPagePrivate *private = get_private (REFRACT_WIZARD_PAGE (object));

  switch (prop_id)
    {
    case PROP_STATE:
      g_value_set_object (value, private->state);
      break;
    case PROP_CONTENT:
      g_value_set_object (value, adw_toolbar_view_get_content (get_toolbar_view (object)));
      break;
    case PROP_STEP:
      g_value_set_uint (value, private->step);
      break;
    case PROP_NEXT_LABEL:
      g_value_set_string (value, gtk_button_get_label (private->next_button));
      break;
    case PROP_PROBLEM:
      g_value_set_string (value, private->problem);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
refract_wizard_page_set_property (GObject *object,
                                  guint prop_id,
                                  const GValue *value,
                                  GParamSpec *pspec)
{
  RefractWizardPage *self = REFRACT_WIZARD_PAGE (object);
  RefractWizardPagePrivate *private = get_private (self);

  switch (prop_id)
    {
    case PROP_STATE:
    private
      ->state = g_value_dup_object (value);
      break;
    case PROP_CONTENT:
      adw_toolbar_view_set_content (get_toolbar_view (object), g_value_get_object (value));
      break;
    case PROP_STEP:
      set_step (self, g_value_get_uint (value));
      break;
    case PROP_NEXT_LABEL:
      gtk_button_set_label (private->next_button, g_value_get_string (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
refract_wizard_page_dispose (GObject *object)
{
  RefractWizardPagePrivate *private = get_private (REFRACT_WIZARD_PAGE (object));

  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_WIZARD_PAGE);
  g_clear_object (&private->state);
  g_clear_pointer (&private->problem, g_free);

  G_OBJECT_CLASS (refract_wizard_page_parent_class)->dispose (object);
}

static void
refract_wizard_page_class_init (RefractWizardPageClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);
  GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS;

  object_class->dispose = refract_wizard_page_dispose;
  object_class->get_property = refract_wizard_page_get_property;
  object_class->set_property = refract_wizard_page_set_property;
  klass->next = refract_wizard_page_real_next;
  klass->stop = refract_wizard_page_real_stop;

  properties[PROP_STATE] = g_param_spec_object ("state", NULL, NULL, REFRACT_TYPE_WIZARD_STATE,
                                                flags | G_PARAM_CONSTRUCT_ONLY);
  properties[PROP_CONTENT] = g_param_spec_object ("content", NULL, NULL, GTK_TYPE_WIDGET, flags);
  properties[PROP_STEP] = g_param_spec_uint ("step", NULL, NULL, 1, N_STEPS, 1, flags);
  properties[PROP_NEXT_LABEL] = g_param_spec_string ("next-label", NULL, NULL, NULL, flags);
  properties[PROP_PROBLEM]
      = g_param_spec_string ("problem", NULL, NULL, NULL,
                             G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/wizard-page.ui");
  gtk_widget_class_bind_template_child_private (widget_class, RefractWizardPage, window_title);
  gtk_widget_class_bind_template_child_private (widget_class, RefractWizardPage, problem_label);
  gtk_widget_class_bind_template_child_private (widget_class, RefractWizardPage, next_button);
  gtk_widget_class_bind_template_callback (widget_class, next_clicked);
}

static void
refract_wizard_page_init (RefractWizardPage *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}

RefractWizardState *
refract_wizard_page_get_state (RefractWizardPage *self)
{
  g_return_val_if_fail (REFRACT_IS_WIZARD_PAGE (self), NULL);

  return get_private (self)->state;
}

RefractPlan *
refract_wizard_page_get_plan (RefractWizardPage *self)
{
  g_return_val_if_fail (REFRACT_IS_WIZARD_PAGE (self), NULL);

  return refract_wizard_state_get_plan (get_private (self)->state);
}

void
refract_wizard_page_set_problem (RefractWizardPage *self, const char *problem)
{
  RefractWizardPagePrivate *private;

  g_return_if_fail (REFRACT_IS_WIZARD_PAGE (self));

private
  = get_private (self);
  if (g_strcmp0 (private->problem, problem) == 0)
    return;
  g_free (private->problem);
private
  ->problem = g_strdup (problem);
  gtk_label_set_label (private->problem_label, problem != NULL ? problem : "");
  gtk_widget_set_visible (GTK_WIDGET (private->problem_label), problem != NULL);
  gtk_widget_set_sensitive (GTK_WIDGET (private->next_button), problem == NULL);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_PROBLEM]);
}

const char *
refract_wizard_page_get_problem (RefractWizardPage *self)
{
  g_return_val_if_fail (REFRACT_IS_WIZARD_PAGE (self), NULL);

  return get_private (self)->problem;
}

void
refract_wizard_page_go_on (RefractWizardPage *self)
{
  g_return_if_fail (REFRACT_IS_WIZARD_PAGE (self));

  if (get_private (self)->problem == NULL)
    REFRACT_WIZARD_PAGE_GET_CLASS (self)->next (self);
}

void
refract_wizard_page_stop (RefractWizardPage *self)
{
  g_return_if_fail (REFRACT_IS_WIZARD_PAGE (self));

  REFRACT_WIZARD_PAGE_GET_CLASS (self)->stop (self);
}

GtkWidget *
refract_wizard_page_get_button (RefractWizardPage *self)
{
  g_return_val_if_fail (REFRACT_IS_WIZARD_PAGE (self), NULL);

  return GTK_WIDGET (get_private (self)->next_button);
}
