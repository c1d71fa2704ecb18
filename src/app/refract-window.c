/* refract-window.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "compare/refract-window-compare.h"
#include "core/refract-translate.h"
#include "library/refract-window-library.h"
#include "refract-toast.h"
#include "refract-window.h"
#include "run/refract-window-runs.h"
#include "wizard/refract-window-wizard.h"

struct _RefractWindow
{
  AdwApplicationWindow parent_instance;

  AdwToastOverlay *toast_overlay;
  AdwNavigationSplitView *split_view;
  RefractSidebar *sidebar;
  AdwNavigationPage *welcome_page;
  GtkWidget *welcome;
};

G_DEFINE_FINAL_TYPE (RefractWindow, refract_window, ADW_TYPE_APPLICATION_WINDOW)

static void
refract_window_constructed (GObject *object)
{
  RefractWindow *self = REFRACT_WINDOW (object);
  GSettings *settings;

  G_OBJECT_CLASS (refract_window_parent_class)->constructed (object);

  settings = refract_application_get_settings (refract_application_get_default ());
  g_settings_bind (settings, "window-width", self, "default-width", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "window-height", self, "default-height", G_SETTINGS_BIND_DEFAULT);
  g_settings_bind (settings, "window-maximized", self, "maximized", G_SETTINGS_BIND_DEFAULT);
}

static void
refract_window_dispose (GObject *object)
{
  gtk_widget_dispose_template (GTK_WIDGET (object), REFRACT_TYPE_WINDOW);

  G_OBJECT_CLASS (refract_window_parent_class)->dispose (object);
}

static void
painted_cb (RefractWindow *self, GdkFrameClock *clock)
{
  gtk_widget_set_visible (self->welcome, TRUE);
  refract_window_show_library (self);
  g_signal_handlers_disconnect_by_func (clock, painted_cb, self);
}

/* Setting text is most of what a new window costs: large text and the list come with the second
 * frame, so that the first is there at once. */
static void
refract_window_realize (GtkWidget *widget)
{
  GTK_WIDGET_CLASS (refract_window_parent_class)->realize (widget);

  g_signal_connect_object (gtk_widget_get_frame_clock (widget), "after-paint",
                           G_CALLBACK (painted_cb), widget, G_CONNECT_SWAPPED);
}

static void
refract_window_class_init (RefractWindowClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->constructed = refract_window_constructed;
  object_class->dispose = refract_window_dispose;
  widget_class->realize = refract_window_realize;

  g_type_ensure (REFRACT_TYPE_SIDEBAR);
  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/window.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractWindow, toast_overlay);
  gtk_widget_class_bind_template_child (widget_class, RefractWindow, split_view);
  gtk_widget_class_bind_template_child (widget_class, RefractWindow, sidebar);
  gtk_widget_class_bind_template_child (widget_class, RefractWindow, welcome_page);
  gtk_widget_class_bind_template_child (widget_class, RefractWindow, welcome);
}

static void
refract_window_init (RefractWindow *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
  g_object_ref (self->welcome_page);
  refract_window_init_runs (self);
  refract_window_init_wizard (self);
  refract_window_init_compare (self);
  refract_window_init_library (self, self->sidebar);
}

RefractWindow *
refract_window_new (RefractApplication *application)
{
  return g_object_new (REFRACT_TYPE_WINDOW, "application", application, NULL);
}

RefractWindow *
refract_window_from_widget (GtkWidget *widget)
{
  GtkRoot *root = gtk_widget_get_root (widget);

  return REFRACT_IS_WINDOW (root) ? REFRACT_WINDOW (root) : NULL;
}

void
refract_window_set_page (RefractWindow *self, AdwNavigationPage *page)
{
  g_return_if_fail (REFRACT_IS_WINDOW (self));

  adw_navigation_split_view_set_content (self->split_view,
                                         page != NULL ? page : self->welcome_page);
  adw_navigation_split_view_set_show_content (self->split_view, page != NULL);
}

AdwNavigationPage *
refract_window_get_page (RefractWindow *self)
{
  g_return_val_if_fail (REFRACT_IS_WINDOW (self), NULL);

  return adw_navigation_split_view_get_content (self->split_view);
}

void
refract_window_show_sidebar (RefractWindow *self)
{
  g_return_if_fail (REFRACT_IS_WINDOW (self));

  adw_navigation_split_view_set_show_content (self->split_view, FALSE);
}

RefractSidebar *
refract_window_get_sidebar (RefractWindow *self)
{
  g_return_val_if_fail (REFRACT_IS_WINDOW (self), NULL);

  return self->sidebar;
}

void
refract_window_add_toast (RefractWindow *self, AdwToast *toast)
{
  g_return_if_fail (REFRACT_IS_WINDOW (self));

  gtk_accessible_announce (GTK_ACCESSIBLE (self->toast_overlay), adw_toast_get_title (toast),
                           GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
  refract_toast_fit (toast, GTK_WIDGET (self->toast_overlay));
  adw_toast_overlay_add_toast (self->toast_overlay, toast);
}

typedef struct
{
  RefractWindow *window;
  char *title;
  char *message;
} ErrorDetails;

static void
error_details_free (gpointer data, GClosure *closure)
{
  ErrorDetails *details = data;

  g_free (details->title);
  g_free (details->message);
  g_free (details);
}

static void
details_clicked (AdwToast *toast, gpointer user_data)
{
  const ErrorDetails *details = user_data;
  AdwDialog *dialog = adw_alert_dialog_new (details->title, details->message);

  adw_alert_dialog_add_response (ADW_ALERT_DIALOG (dialog), "close", _ ("_Close"));
  adw_dialog_present (dialog, GTK_WIDGET (details->window));
}

void
refract_window_show_error (RefractWindow *self, const char *title, const GError *error)
{
  AdwToast *toast;
  ErrorDetails *details;

  g_return_if_fail (REFRACT_IS_WINDOW (self));
  g_return_if_fail (error != NULL);

  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return;

  toast = adw_toast_new (title);
  adw_toast_set_use_markup (toast, FALSE);
  adw_toast_set_button_label (toast, _ ("_Details"));
  adw_toast_set_priority (toast, ADW_TOAST_PRIORITY_HIGH);

  details = g_new (ErrorDetails, 1);
  details->window = self;
  details->title = g_strdup (title);
  details->message = refract_translate (error->message);
  g_signal_connect_data (toast, "button-clicked", G_CALLBACK (details_clicked), details,
                         error_details_free, G_CONNECT_DEFAULT);
  refract_window_add_toast (self, toast);
}
