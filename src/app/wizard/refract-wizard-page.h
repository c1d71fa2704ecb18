/* refract-wizard-page.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "wizard/refract-wizard-state.h"

G_BEGIN_DECLS

#define REFRACT_TYPE_WIZARD_PAGE (refract_wizard_page_get_type ())
G_DECLARE_DERIVABLE_TYPE (
    RefractWizardPage, refract_wizard_page, REFRACT, WIZARD_PAGE, AdwNavigationPage)

/**
 * RefractWizardPage:
 *
 * One step of the wizard: a header with the step's number, what the step is about, and below it the
 * button that goes on, which is insensitive while there is a problem, with the problem said beside
 * it. Properties: state (construct-only), content, step (1 …), next-label, problem.
 *
 * @next: what the button does: the page after this one by default
 * @stop: the wizard is closed: what runs for this page, and holds a reference to it, has to end
 */
struct _RefractWizardPageClass
{
  AdwNavigationPageClass parent_class;

  void (*next) (RefractWizardPage *self);
  void (*stop) (RefractWizardPage *self);
};

/* (transfer none) */
RefractWizardState *refract_wizard_page_get_state (RefractWizardPage *self);
RefractPlan *refract_wizard_page_get_plan (RefractWizardPage *self);

/* @problem: (nullable): plain text: why the wizard cannot go on from here; %NULL when it can */
void refract_wizard_page_set_problem (RefractWizardPage *self, const char *problem);
const char *refract_wizard_page_get_problem (RefractWizardPage *self);
/* As if the button had been clicked; nothing while there is a problem. */
void refract_wizard_page_go_on (RefractWizardPage *self);
/* Ends what runs for the page. */
void refract_wizard_page_stop (RefractWizardPage *self);
/* (transfer none): the button, for the dialog's default */
GtkWidget *refract_wizard_page_get_button (RefractWizardPage *self);

G_END_DECLS
