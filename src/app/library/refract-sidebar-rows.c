/* refract-sidebar-rows.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "library/refract-library-row.h"
#include "library/refract-sidebar-actions.h"
#include "library/refract-sidebar-rows.h"
#include "refract-application.h"

#define MOVABLE "refract-movable"

/* Of a row's own gesture: the press selects the row and opens the menu where it was. */
static void
row_menu_cb (GtkGesture *gesture, GtkListItem *list_item, double x, double y)
{
  GtkWidget *row = gtk_event_controller_get_widget (GTK_EVENT_CONTROLLER (gesture));
  RefractSidebar *self = REFRACT_SIDEBAR (gtk_widget_get_ancestor (row, REFRACT_TYPE_SIDEBAR));

  if (self != NULL && refract_sidebar_has_menu (gtk_list_item_get_item (list_item))
      && refract_sidebar_open_menu (self, gtk_list_item_get_position (list_item), row,
                                    &GRAPHENE_POINT_INIT (x, y)))
    gtk_gesture_set_state (gesture, GTK_EVENT_SEQUENCE_CLAIMED);
}

static void
row_clicked_cb (GtkGestureClick *gesture, int n_press, double x, double y, gpointer list_item)
{
  row_menu_cb (GTK_GESTURE (gesture), list_item, x, y);
}

static void
row_pressed_cb (GtkGestureLongPress *gesture, double x, double y, gpointer list_item)
{
  row_menu_cb (GTK_GESTURE (gesture), list_item, x, y);
}

/* Before the list's own gesture: while choosing every press adds or takes away, and with Control or
 * Shift it begins that. */
static void
row_chosen_cb (GtkGestureClick *gesture, int n_press, double x, double y, GtkListItem *list_item)
{
  GtkEventController *controller = GTK_EVENT_CONTROLLER (gesture);
  GdkModifierType state = gtk_event_controller_get_current_event_state (controller);
  RefractSidebar *self = REFRACT_SIDEBAR (
      gtk_widget_get_ancestor (gtk_event_controller_get_widget (controller), REFRACT_TYPE_SIDEBAR));

  if (self != NULL
      && refract_sidebar_choose (self, gtk_list_item_get_position (list_item),
                                 state & (GDK_CONTROL_MASK | GDK_SHIFT_MASK)))
    gtk_gesture_set_state (GTK_GESTURE (gesture), GTK_EVENT_SEQUENCE_CLAIMED);
}

static void
row_setup_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item)
{
  GtkWidget *row = refract_library_row_new ();
  GtkGesture *click = gtk_gesture_click_new ();
  GtkGesture *press = gtk_gesture_long_press_new ();
  GtkGesture *choose = gtk_gesture_click_new ();

  gtk_event_controller_set_propagation_phase (GTK_EVENT_CONTROLLER (choose), GTK_PHASE_CAPTURE);
  g_signal_connect (choose, "pressed", G_CALLBACK (row_chosen_cb), list_item);
  gtk_widget_add_controller (row, GTK_EVENT_CONTROLLER (choose));
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), GDK_BUTTON_SECONDARY);
  gtk_gesture_single_set_touch_only (GTK_GESTURE_SINGLE (press), TRUE);
  g_signal_connect (click, "pressed", G_CALLBACK (row_clicked_cb), list_item);
  g_signal_connect (press, "pressed", G_CALLBACK (row_pressed_cb), list_item);
  gtk_widget_add_controller (row, GTK_EVENT_CONTROLLER (click));
  gtk_widget_add_controller (row, GTK_EVENT_CONTROLLER (press));
  gtk_list_item_set_child (list_item, row);
}

/* A waiting audit is dropped where it shall be in the queue. */
static gboolean
dropped_cb (GtkDropTarget *target, const GValue *value, double x, double y, GtkListItem *list_item)
{
  RefractAuditQueue *queue = refract_application_get_queue (refract_application_get_default ());
  RefractRunItem *item = g_value_get_object (value);
  RefractRunItem *there = gtk_list_item_get_item (list_item);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (queue)); i++)
    {
      g_autoptr (RefractRunItem) other = g_list_model_get_item (G_LIST_MODEL (queue), i);

      if (other != there || refract_run_item_get_state (other) != REFRACT_RUN_WAITING)
        continue;
      refract_audit_queue_move (queue, item, i);
      return TRUE;
    }
  return FALSE;
}

static GdkContentProvider *
drag_cb (GtkDragSource *source, double x, double y, GtkListItem *list_item)
{
  GObject *item = gtk_list_item_get_item (list_item);

  /* What runs, or is stopped, has no place in the queue. */
  return refract_sidebar_has_menu (item)
             ? gdk_content_provider_new_typed (REFRACT_TYPE_RUN_ITEM, item)
             : NULL;
}

/* Audits are few: only their rows can be dragged. */
static void
make_movable (GtkListItem *list_item)
{
  GtkWidget *row = gtk_list_item_get_child (list_item);
  GtkDragSource *source = gtk_drag_source_new ();
  GtkDropTarget *target = gtk_drop_target_new (REFRACT_TYPE_RUN_ITEM, GDK_ACTION_MOVE);
  GtkEventController *controllers[]
      = { GTK_EVENT_CONTROLLER (source), GTK_EVENT_CONTROLLER (target) };

  gtk_drag_source_set_actions (source, GDK_ACTION_MOVE);
  g_signal_connect (source, "prepare", G_CALLBACK (drag_cb), list_item);
  g_signal_connect (target, "drop", G_CALLBACK (dropped_cb), list_item);
  for (guint i = 0; i < G_N_ELEMENTS (controllers); i++)
    {
      gtk_event_controller_set_static_name (controllers[i], MOVABLE);
      gtk_widget_add_controller (row, controllers[i]);
    }
}

static void
make_unmovable (GtkListItem *list_item)
{
  GtkWidget *row = gtk_list_item_get_child (list_item);
  g_autoptr (GListModel) controllers = gtk_widget_observe_controllers (row);

  for (guint i = g_list_model_get_n_items (controllers); i > 0; i--)
    {
      g_autoptr (GtkEventController) controller = g_list_model_get_item (controllers, i - 1);

      if (g_strcmp0 (gtk_event_controller_get_name (controller), MOVABLE) == 0)
        gtk_widget_remove_controller (row, controller);
    }
}

static void
name_row (GtkListItem *list_item)
{
  g_autofree char *text = refract_library_row_describe (gtk_list_item_get_item (list_item));

  gtk_list_item_set_accessible_label (list_item, text);
}

static void
row_bind_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item)
{
  GObject *item = gtk_list_item_get_item (list_item);

  refract_library_row_set_item (REFRACT_LIBRARY_ROW (gtk_list_item_get_child (list_item)), item);
  name_row (list_item);
  if (REFRACT_IS_SUMMARY (item))
    g_signal_connect_object (item, "notify::note", G_CALLBACK (name_row), list_item,
                             G_CONNECT_SWAPPED);
  else
    make_movable (list_item);
}

static void
row_unbind_cb (GtkSignalListItemFactory *factory, GtkListItem *list_item)
{
  GObject *item = gtk_list_item_get_item (list_item);

  g_signal_handlers_disconnect_by_data (item, list_item);
  if (REFRACT_IS_RUN_ITEM (item))
    make_unmovable (list_item);
  refract_library_row_set_item (REFRACT_LIBRARY_ROW (gtk_list_item_get_child (list_item)), NULL);
}

static void
header_setup_cb (GtkSignalListItemFactory *factory, GtkListHeader *header)
{
  GtkWidget *label = gtk_label_new (NULL);

  gtk_label_set_xalign (GTK_LABEL (label), 0);
  gtk_widget_set_margin_start (label, 12);
  gtk_widget_set_margin_end (label, 12);
  gtk_label_set_ellipsize (GTK_LABEL (label), PANGO_ELLIPSIZE_MIDDLE);
  gtk_list_header_set_child (header, label);
}

static void
header_bind_cb (RefractReportOrder *order, GtkListHeader *header)
{
  g_autofree char *title
      = refract_report_order_dup_title (order, gtk_list_header_get_item (header));

  gtk_label_set_label (GTK_LABEL (gtk_list_header_get_child (header)), title);
}

GtkListItemFactory *
refract_sidebar_rows_new (void)
{
  GtkListItemFactory *rows = gtk_signal_list_item_factory_new ();

  g_signal_connect (rows, "setup", G_CALLBACK (row_setup_cb), NULL);
  g_signal_connect (rows, "bind", G_CALLBACK (row_bind_cb), NULL);
  g_signal_connect (rows, "unbind", G_CALLBACK (row_unbind_cb), NULL);
  return rows;
}

GtkListItemFactory *
refract_sidebar_headers_new (RefractReportOrder *order)
{
  GtkListItemFactory *headers = gtk_signal_list_item_factory_new ();

  g_signal_connect (headers, "setup", G_CALLBACK (header_setup_cb), NULL);
  g_signal_connect_object (headers, "bind", G_CALLBACK (header_bind_cb), order, G_CONNECT_SWAPPED);
  return headers;
}
