/* refract-run-guard.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <signal.h>

#include <glib-unix.h>
#include <glib/gi18n.h>

#include "library/refract-window-library.h"
#include "refract-window.h"
#include "run/refract-run-guard.h"
#include "run/refract-window-runs.h"

/* How long a notification's button is waited for where no window is left, ms. Some desktops start a
 * program that has ended for it; others only tell one that runs. */
#define NOTICE_MS (10 * 60 * 1000)

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP };

struct _RefractRunGuard
{
  RefractApplication *application;
  RefractAuditQueue *queue;
  guint inhibited;
  gboolean held;
  gboolean ending;
  char *awaited_report; /* (nullable): to be shown as soon as the library has been read */
  guint signal_sources[G_N_ELEMENTS (ending_signals)];
};

static void
busy_changed_cb (RefractRunGuard *self)
{
  GtkApplication *application = GTK_APPLICATION (self->application);
  gboolean busy = refract_audit_queue_get_busy (self->queue);

  if (self->held == busy)
    return;
  self->held = busy;
  if (busy)
    {
      g_application_hold (G_APPLICATION (application));
      self->inhibited = gtk_application_inhibit (
          application, gtk_application_get_active_window (application),
          GTK_APPLICATION_INHIBIT_LOGOUT | GTK_APPLICATION_INHIBIT_SUSPEND,
          _ ("An audit is running"));
      return;
    }
  if (self->inhibited != 0)
    gtk_application_uninhibit (application, self->inhibited);
  self->inhibited = 0;
  g_application_release (G_APPLICATION (application));
}

static gboolean
has_active_window (RefractRunGuard *self)
{
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (self->application));

  return window != NULL && gtk_window_is_active (window);
}

static void
ended_cb (RefractRunGuard *self, RefractRunItem *item)
{
  RefractRunState state = refract_run_item_get_state (item);
  GApplication *application = G_APPLICATION (self->application);
  g_autofree char *id = g_strdup_printf ("run-%u", refract_run_item_get_id (item));
  g_autoptr (GNotification) notification = NULL;

  /* Without a session there is nobody to tell. */
  if (state == REFRACT_RUN_STOPPED || has_active_window (self)
      || g_application_get_dbus_connection (application) == NULL)
    return;

  notification = g_notification_new (state == REFRACT_RUN_FINISHED ? _ ("Audit Finished")
                                                                   : _ ("Audit Failed"));
  g_notification_set_body (notification, refract_run_item_get_title (item));
  if (state == REFRACT_RUN_FINISHED)
    {
      RefractSummary *summary = g_ptr_array_index (refract_run_item_get_summaries (item), 0);
      const char *report = refract_summary_get_id (summary);

      g_notification_set_default_action_and_target (notification, "app.show-report", "s", report);
      g_notification_add_button_with_target (notification, _ ("Show Report"), "app.show-report",
                                             "s", report);
    }
  else
    g_notification_set_default_action_and_target (notification, "app.show-run", "u",
                                                  refract_run_item_get_id (item));
  if (gtk_application_get_windows (GTK_APPLICATION (application)) == NULL)
    g_application_set_inactivity_timeout (application, NOTICE_MS);
  g_application_send_notification (application, id, notification);
}

/* From now on the last window's end is the application's. */
static void
window_added_cb (GApplication *application)
{
  g_application_set_inactivity_timeout (application, 0);
}

/* (transfer none): to the front, made when needed */
static RefractWindow *
raise_window (RefractRunGuard *self)
{
  GtkApplication *application = GTK_APPLICATION (self->application);

  g_application_activate (G_APPLICATION (application));
  return REFRACT_WINDOW (gtk_application_get_active_window (application));
}

static void
show_run_activated (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RefractRunGuard *self = user_data;
  RefractRunItem *item = refract_audit_queue_find (self->queue, g_variant_get_uint32 (parameter));
  RefractWindow *window = raise_window (self);

  if (item != NULL)
    refract_window_show_run (window, item);
}

static void
show_awaited_report (RefractRunGuard *self)
{
  RefractLibrary *library = refract_application_get_library (self->application);
  GtkWindow *window = gtk_application_get_active_window (GTK_APPLICATION (self->application));
  g_autofree char *id = NULL;
  RefractSummary *summary;

  if (self->awaited_report == NULL || window == NULL)
    return;
  summary = refract_library_lookup (library, self->awaited_report);
  if (summary == NULL && refract_library_is_loading (library))
    return;

  id = g_steal_pointer (&self->awaited_report);
  if (summary != NULL)
    refract_window_show_report (REFRACT_WINDOW (window), summary);
  else
    refract_window_add_toast (REFRACT_WINDOW (window),
                              adw_toast_new (_ ("The report is not in the library any more")));
}

/* A notification outlives the program: the library may only be about to be read. */
static void
show_report_activated (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RefractRunGuard *self = user_data;

  raise_window (self);
  g_free (self->awaited_report);
  self->awaited_report = g_variant_dup_string (parameter, NULL);
  show_awaited_report (self);
}

void
refract_run_guard_end (RefractRunGuard *self)
{
  refract_audit_queue_stop_all (self->queue);
  /* An audit that is being stopped keeps the application until its engine is gone. */
  g_application_set_inactivity_timeout (G_APPLICATION (self->application), 0);
  if (!refract_audit_queue_get_busy (self->queue))
    g_application_quit (G_APPLICATION (self->application));
}

static gboolean
signal_cb (gpointer user_data)
{
  RefractRunGuard *self = user_data;
  GtkApplication *application = GTK_APPLICATION (self->application);
  GtkWindow *window;

  if (self->ending)
    {
      g_application_quit (G_APPLICATION (application));
      return G_SOURCE_CONTINUE;
    }
  self->ending = TRUE;
  while ((window = gtk_application_get_active_window (application)) != NULL)
    gtk_window_destroy (window);
  refract_run_guard_end (self);
  return G_SOURCE_CONTINUE;
}

RefractRunGuard *
refract_run_guard_new (RefractApplication *application)
{
  static const GActionEntry entries[]
      = { { .name = "show-run", .activate = show_run_activated, .parameter_type = "u" },
          { .name = "show-report", .activate = show_report_activated, .parameter_type = "s" } };
  RefractRunGuard *self = g_new0 (RefractRunGuard, 1);

  self->application = application;
  self->queue = g_object_ref (refract_application_get_queue (application));
  g_signal_connect_swapped (self->queue, "notify::busy", G_CALLBACK (busy_changed_cb), self);
  g_signal_connect_swapped (self->queue, "ended", G_CALLBACK (ended_cb), self);
  g_signal_connect (application, "window-added", G_CALLBACK (window_added_cb), NULL);
  g_signal_connect_swapped (refract_application_get_library (application), "notify::loading",
                            G_CALLBACK (show_awaited_report), self);
  g_action_map_add_action_entries (G_ACTION_MAP (application), entries, G_N_ELEMENTS (entries),
                                   self);
  for (guint i = 0; i < G_N_ELEMENTS (ending_signals); i++)
    self->signal_sources[i] = g_unix_signal_add (ending_signals[i], signal_cb, self);
  return self;
}

void
refract_run_guard_free (RefractRunGuard *self)
{
  for (guint i = 0; i < G_N_ELEMENTS (ending_signals); i++)
    g_source_remove (self->signal_sources[i]);
  g_action_map_remove_action (G_ACTION_MAP (self->application), "show-run");
  g_action_map_remove_action (G_ACTION_MAP (self->application), "show-report");
  g_signal_handlers_disconnect_by_data (refract_application_get_library (self->application), self);
  g_signal_handlers_disconnect_by_data (self->queue, self);
  g_object_unref (self->queue);
  g_free (self->awaited_report);
  g_free (self);
}
