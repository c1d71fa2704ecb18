/* refract-application.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "preferences/refract-defaults.h"
#include "preferences/refract-preferences-dialog.h"
#include "refract-application.h"
#include "refract-keyring.h"
#include "refract-window.h"
#include "run/refract-run-guard.h"

struct _RefractApplication
{
  AdwApplication parent_instance;

  GSettings *settings;
  RefractLibrary *library;
  RefractAuditQueue *queue;
  RefractRunGuard *run_guard;
};

G_DEFINE_FINAL_TYPE (RefractApplication, refract_application, ADW_TYPE_APPLICATION)

/* (transfer none): the window there is, or a new one */
static RefractWindow *
get_window (RefractApplication *self)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (self));

  return window != NULL ? REFRACT_WINDOW (window) : refract_window_new (self);
}

static void
quit_activated (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  GList *windows = gtk_application_get_windows (user_data);

  /* Each window asks by itself what to do with running audits; without one they are stopped, and
   * the application ends with the last of them. */
  if (windows == NULL)
    refract_run_guard_end (REFRACT_APPLICATION (user_data)->run_guard);
  while (windows != NULL)
    {
      GtkWindow *window = windows->data;

      windows = windows->next;
      gtk_window_close (window);
    }
}

static void
preferences_activated (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RefractApplication *self = REFRACT_APPLICATION (user_data);
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (self));

  adw_dialog_present (refract_preferences_dialog_new (self->settings),
                      window != NULL ? GTK_WIDGET (window) : NULL);
}

static void
about_activated (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  AdwDialog *dialog = adw_about_dialog_new ();

  g_object_set (dialog, "application-name", _ ("Refract"), "application-icon", APP_ID, "version",
                PACKAGE_VERSION, "developer-name", _ ("The Refract developers"), "comments",
                _ ("How close a model with a quantized KV cache stays to its own f16 self"),
                "license-type", GTK_LICENSE_GPL_3_0, "copyright", "© 2026 The Refract developers",
                NULL);
  adw_dialog_present (dialog,
                      GTK_WIDGET (gtk_application_get_active_window (GTK_APPLICATION (user_data))));
}

static const GActionEntry action_entries[] = {
  { .name = "quit", .activate = quit_activated },
  { .name = "preferences", .activate = preferences_activated },
  { .name = "about", .activate = about_activated },
};

static const struct
{
  const char *action;
  const char *accels[3];
} accels[] = {
  { "app.preferences", { "<Control>comma" } }, { "app.quit", { "<Control>q" } },
  { "win.new-audit('')", { "<Control>n" } },   { "win.import", { "<Control>o" } },
  { "win.search", { "<Control>f" } },          { "window.close", { "<Control>w" } },
};

static void
refract_application_activate (GApplication *application)
{
  gtk_window_present (GTK_WINDOW (get_window (REFRACT_APPLICATION (application))));
}

static void
refract_application_open (GApplication *application, GFile **files, int n_files, const char *hint)
{
  RefractWindow *window = get_window (REFRACT_APPLICATION (application));

  gtk_window_present (GTK_WINDOW (window));
  refract_window_open_files (window, files, n_files);
}

static void
refract_application_startup (GApplication *application)
{
  RefractApplication *self = REFRACT_APPLICATION (application);

  G_APPLICATION_CLASS (refract_application_parent_class)->startup (application);

  self->settings = g_settings_new (APP_ID);
  refract_defaults_follow (self->settings);
  refract_keyring_init ();
  self->library = refract_library_new (NULL);
  self->queue = refract_audit_queue_new (self->library);
  self->run_guard = refract_run_guard_new (self);
  refract_audit_queue_load_unfinished (self->queue);
  g_action_map_add_action_entries (G_ACTION_MAP (self), action_entries,
                                   G_N_ELEMENTS (action_entries), self);
  for (guint i = 0; i < G_N_ELEMENTS (accels); i++)
    gtk_application_set_accels_for_action (GTK_APPLICATION (self), accels[i].action,
                                           accels[i].accels);
}

static void
refract_application_dispose (GObject *object)
{
  RefractApplication *self = REFRACT_APPLICATION (object);

  g_clear_pointer (&self->run_guard, refract_run_guard_free);
  g_clear_object (&self->queue);
  g_clear_object (&self->library);
  g_clear_object (&self->settings);

  G_OBJECT_CLASS (refract_application_parent_class)->dispose (object);
}

static void
refract_application_class_init (RefractApplicationClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GApplicationClass *application_class = G_APPLICATION_CLASS (klass);

  object_class->dispose = refract_application_dispose;

  application_class->activate = refract_application_activate;
  application_class->open = refract_application_open;
  application_class->startup = refract_application_startup;
}

static void
refract_application_init (RefractApplication *self)
{
}

RefractApplication *
refract_application_new (void)
{
  return g_object_new (REFRACT_TYPE_APPLICATION, "application-id", APP_ID, "flags",
                       G_APPLICATION_HANDLES_OPEN, "resource-base-path", RESOURCE_PATH, "version",
                       PACKAGE_VERSION, NULL);
}

RefractApplication *
refract_application_get_default (void)
{
  return REFRACT_APPLICATION (g_application_get_default ());
}

GSettings *
refract_application_get_settings (RefractApplication *self)
{
  g_return_val_if_fail (REFRACT_IS_APPLICATION (self), NULL);

  return self->settings;
}

RefractLibrary *
refract_application_get_library (RefractApplication *self)
{
  g_return_val_if_fail (REFRACT_IS_APPLICATION (self), NULL);

  return self->library;
}

RefractAuditQueue *
refract_application_get_queue (RefractApplication *self)
{
  g_return_val_if_fail (REFRACT_IS_APPLICATION (self), NULL);

  return self->queue;
}
