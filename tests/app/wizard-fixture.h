/* wizard-fixture.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Walking through the wizard and finding what is on its pages. */

#pragma once

#include "app-fixture.h"
#include "app-shot.h"
#include "widget-fixture.h"
#include "wizard/refract-wizard-kv-row.h"
#include "wizard/refract-wizard-page.h"
#include "wizard/refract-wizard.h"

#define WAIT 60 /* seconds: an engine on a busy machine */

static inline AdwNavigationView *
get_view (RefractWizard *wizard)
{
  return ADW_NAVIGATION_VIEW (adw_dialog_get_child (ADW_DIALOG (wizard)));
}

static inline RefractWizardPage *
get_page (RefractWizard *wizard)
{
  return REFRACT_WIZARD_PAGE (adw_navigation_view_get_visible_page (get_view (wizard)));
}

/* By its id in the template. */
static inline gpointer
get_child (gpointer parent, const char *id)
{
  GtkWidget *child = widget_find (parent, widget_has_id, id);

  g_assert_nonnull (child);
  return child;
}

static inline gboolean
is_valid (gpointer page)
{
  return refract_wizard_page_get_problem (page) == NULL;
}

static inline void
next_page (RefractWizard *wizard)
{
  RefractWizardPage *page = get_page (wizard);

  app_fixture_wait (is_valid, page, WAIT);
  refract_wizard_page_go_on (page);
  g_assert_true (get_page (wizard) != page);
}

static inline RefractWizard *
present_wizard (RefractWindow *window, RefractPlan *plan)
{
  RefractWizard *wizard = refract_wizard_new (plan);

  adw_dialog_present (ADW_DIALOG (wizard), GTK_WIDGET (window));
  app_shot_settle (GTK_WIDGET (window));
  return wizard;
}

static inline gboolean
row_has_text (GtkWidget *widget, gconstpointer text)
{
  g_autofree char *own = REFRACT_IS_WIZARD_KV_ROW (widget)
                             ? refract_wizard_kv_row_dup_text (REFRACT_WIZARD_KV_ROW (widget))
                             : NULL;

  return g_strcmp0 (own, text) == 0;
}

static inline RefractWizardKvRow *
find_row (gpointer group, const char *text)
{
  return widget_find (group, row_has_text, text);
}

typedef struct
{
  GtkStack *stack;
  const char *name;
} StackChild;

static inline gboolean
stack_shows (gpointer data)
{
  const StackChild *child = data;

  return g_strcmp0 (gtk_stack_get_visible_child_name (child->stack), child->name) == 0;
}

static inline void
wait_for_stack (GtkStack *stack, const char *name)
{
  StackChild child = { stack, name };

  app_fixture_wait (stack_shows, &child, WAIT);
}
