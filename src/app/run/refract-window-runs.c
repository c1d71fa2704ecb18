/* refract-window-runs.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n.h>

#include "audit/refract-demo.h"
#include "library/refract-window-library.h"
#include "preferences/refract-defaults.h"
#include "report/refract-repeatability-page.h"
#include "run/refract-run-page.h"
#include "run/refract-window-runs.h"

static RefractAuditQueue *
get_queue (void)
{
  return refract_application_get_queue (refract_application_get_default ());
}

/* (transfer none) (nullable): one of the same model that runs or waits */
static RefractRunItem *
find_active (RefractAuditQueue *queue, RefractPlan *plan)
{
  const char *model = refract_plan_get_string (plan, "model");

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (queue)); i++)
    {
      g_autoptr (RefractRunItem) item = g_list_model_get_item (G_LIST_MODEL (queue), i);
      RefractRunState state = refract_run_item_get_state (item);

      if ((state == REFRACT_RUN_RUNNING || state == REFRACT_RUN_WAITING)
          && g_strcmp0 (refract_plan_get_string (refract_run_item_get_plan (item), "model"), model)
                 == 0)
        return item;
    }
  return NULL;
}

static void
try_demo_activated (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RefractWindow *self = user_data;
  RefractAuditQueue *queue = get_queue ();
  g_autoptr (RefractPlan) plan = refract_demo_plan_new ();
  RefractRunItem *item = find_active (queue, plan);

  refract_defaults_apply_engine (
      refract_application_get_settings (refract_application_get_default ()), plan);
  if (item == NULL)
    item = refract_audit_queue_add (queue, plan, FALSE);
  refract_window_show_run (self, item);
}

static void
close_chosen_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (RefractWindow) self = user_data;
  const char *response = adw_alert_dialog_choose_finish (ADW_ALERT_DIALOG (source), result);

  if (g_strcmp0 (response, "cancel") == 0)
    return;
  if (g_strcmp0 (response, "stop") == 0)
    refract_audit_queue_stop_all (get_queue ());
  /* The application stays until the last engine is gone. */
  gtk_window_destroy (GTK_WINDOW (self));
}

static void
ask_before_close (RefractWindow *self, RefractAuditQueue *queue)
{
  AdwDialog *dialog = adw_alert_dialog_new (_ ("Keep Measuring?"), NULL);
  AdwAlertDialog *alert = ADW_ALERT_DIALOG (dialog);
  RefractRunItem *running = refract_audit_queue_get_running (queue);
  guint n_waiting = refract_audit_queue_get_n_waiting (queue);
  g_autoptr (GString) body = g_string_new (NULL);

  g_string_append_printf (body,
                          _ ("“%s” is being measured. It can go on in the background; a "
                             "notification tells when it is finished."),
                          running != NULL ? refract_run_item_get_title (running) : "");
  if (n_waiting > 0)
    g_string_append_printf (
        body,
        ngettext (" After it, %u more audit waits.", " After it, %u more audits wait.", n_waiting),
        n_waiting);
  adw_alert_dialog_set_body (alert, body->str);
  adw_alert_dialog_add_responses (alert, "cancel", _ ("_Cancel"), "stop",
                                  _ ("_Stop and Keep What Is Measured"), "background",
                                  _ ("Keep _Running"), NULL);
  adw_alert_dialog_set_response_appearance (alert, "stop", ADW_RESPONSE_DESTRUCTIVE);
  adw_alert_dialog_set_response_appearance (alert, "background", ADW_RESPONSE_SUGGESTED);
  adw_alert_dialog_set_default_response (alert, "background");
  adw_alert_dialog_set_close_response (alert, "cancel");
  adw_alert_dialog_choose (alert, GTK_WIDGET (self), NULL, close_chosen_cb, g_object_ref (self));
}

static gboolean
close_request_cb (RefractWindow *self)
{
  RefractAuditQueue *queue = get_queue ();
  AdwDialog *dialog = adw_application_window_get_visible_dialog (ADW_APPLICATION_WINDOW (self));

  if (!refract_audit_queue_get_busy (queue))
    return GDK_EVENT_PROPAGATE;
  if (!ADW_IS_ALERT_DIALOG (dialog))
    ask_before_close (self, queue);
  return GDK_EVENT_STOP;
}

/* Whoever watched it to the end sees what came out; whoever looks at something else is left alone.
 */
static void
ended_cb (RefractWindow *self, RefractRunItem *item)
{
  AdwNavigationPage *page = refract_window_get_page (self);

  if (refract_run_item_get_state (item) == REFRACT_RUN_FINISHED && REFRACT_IS_RUN_PAGE (page)
      && refract_run_page_get_item (REFRACT_RUN_PAGE (page)) == item)
    refract_window_show_run (self, item);
}

void
refract_window_init_runs (RefractWindow *self)
{
  static const GActionEntry entries[] = { { .name = "try-demo", .activate = try_demo_activated } };

  g_action_map_add_action_entries (G_ACTION_MAP (self), entries, G_N_ELEMENTS (entries), self);
  g_signal_connect (self, "close-request", G_CALLBACK (close_request_cb), NULL);
  g_signal_connect_object (get_queue (), "ended", G_CALLBACK (ended_cb), self, G_CONNECT_SWAPPED);
}

void
refract_window_show_run (RefractWindow *self, RefractRunItem *item)
{
  GPtrArray *summaries;
  AdwNavigationPage *page;

  g_return_if_fail (REFRACT_IS_WINDOW (self));
  g_return_if_fail (REFRACT_IS_RUN_ITEM (item));

  summaries = refract_run_item_get_summaries (item);
  if (summaries != NULL)
    {
      RefractSummary *summary = g_ptr_array_index (summaries, 0);
      GPtrArray *repeatability = refract_run_item_get_repeatability (item);

      refract_window_show_report (self, summary);
      if (repeatability != NULL)
        refract_window_set_page (self, ADW_NAVIGATION_PAGE (refract_repeatability_page_new (
                                           repeatability, refract_run_item_get_title (item),
                                           refract_summary_get_id (summary))));
      return;
    }

  refract_sidebar_select (refract_window_get_sidebar (self), G_OBJECT (item));
  page = refract_window_get_page (self);
  if (!REFRACT_IS_RUN_PAGE (page) || refract_run_page_get_item (REFRACT_RUN_PAGE (page)) != item)
    page = ADW_NAVIGATION_PAGE (refract_run_page_new (get_queue (), item));
  refract_window_set_page (self, page);
}
