/* refract-choice-bar.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "compare/refract-compare-page.h"
#include "library/refract-choice-bar.h"
#include "library/refract-choice.h"

struct _RefractChoiceBar
{
  AdwBin parent_instance;

  GtkLabel *label;
  GtkWidget *compare_button;

  GtkSelectionModel *choice;
};

enum
{
  COMPARE,
  N_SIGNALS
};

G_DEFINE_FINAL_TYPE (RefractChoiceBar, refract_choice_bar, ADW_TYPE_BIN)

static guint signals[N_SIGNALS];

static void
changed_cb (RefractChoiceBar *self)
{
  g_autoptr (GVariant) ids = g_variant_ref_sink (refract_choice_get_ids (self->choice));
  guint n = (guint) g_variant_n_children (ids);
  g_autofree char *text = n == 0 ? g_strdup (_ ("Choose reports to compare"))
                                 : g_strdup_printf (ngettext ("%u chosen", "%u chosen", n), n);

  gtk_label_set_label (self->label, text);
  gtk_widget_set_sensitive (self->compare_button,
                            n >= REFRACT_COMPARE_MIN && n <= REFRACT_COMPARE_MAX);
}

static void
clicked_cb (RefractChoiceBar *self)
{
  g_signal_emit (self, signals[COMPARE], 0);
}

void
refract_choice_bar_set_choice (RefractChoiceBar *self, GtkSelectionModel *choice)
{
  g_return_if_fail (REFRACT_IS_CHOICE_BAR (self));

  if (self->choice != NULL)
    g_signal_handlers_disconnect_by_data (self->choice, self);
  g_set_object (&self->choice, choice);
  if (choice == NULL)
    return;
  g_signal_connect_object (choice, "selection-changed", G_CALLBACK (changed_cb), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (choice, "items-changed", G_CALLBACK (changed_cb), self,
                           G_CONNECT_SWAPPED | G_CONNECT_AFTER);
  changed_cb (self);
}

static void
refract_choice_bar_dispose (GObject *object)
{
  refract_choice_bar_set_choice (REFRACT_CHOICE_BAR (object), NULL);
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_CHOICE_BAR);

  G_OBJECT_CLASS (refract_choice_bar_parent_class)->dispose (object);
}

static void
refract_choice_bar_class_init (RefractChoiceBarClass *klass)
{
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  G_OBJECT_CLASS (klass)->dispose = refract_choice_bar_dispose;

  signals[COMPARE] = g_signal_new ("compare", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL,
                                   NULL, NULL, G_TYPE_NONE, 0);

  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/choice-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractChoiceBar, label);
  gtk_widget_class_bind_template_child (widget_class, RefractChoiceBar, compare_button);
  gtk_widget_class_bind_template_callback (widget_class, clicked_cb);
}

static void
refract_choice_bar_init (RefractChoiceBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
