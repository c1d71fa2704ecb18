/* refract-chart-view-input.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "charts/refract-chart-view-private.h"

static void
move_cursor (RefractChartView *self, int index)
{
  RefractScene *scene = refract_chart_view_get_scene (self);
  int n = scene != NULL ? (int) refract_scene_get_n_points (scene) : 0;

  if (n == 0)
    return;
  self->cursor = CLAMP (index, 0, n - 1);
  gtk_widget_queue_draw (GTK_WIDGET (self));
  gtk_accessible_announce (GTK_ACCESSIBLE (self),
                           refract_scene_get_point (scene, (guint) self->cursor)->describe,
                           GTK_ACCESSIBLE_ANNOUNCEMENT_PRIORITY_MEDIUM);
}

/* The nearest point above or below the cursor; else the one before or after. */
static int
find_row (const RefractScene *scene, int cursor, int direction)
{
  const RefractScenePoint *from = refract_scene_get_point (scene, (guint) cursor);
  double best = INFINITY;
  int found = cursor + direction;

  for (guint i = 0; i < refract_scene_get_n_points (scene); i++)
    {
      const RefractScenePoint *point = refract_scene_get_point (scene, i);
      double dy = (point->y + point->height / 2 - from->y - from->height / 2) * direction;
      double dx = fabs (point->x + point->width / 2 - from->x - from->width / 2);

      if (dy > MIN (point->height, from->height) / 2 && dy + 4 * dx < best)
        {
          best = dy + 4 * dx;
          found = (int) i;
        }
    }
  return found;
}

/* "(ii)": columns and rows, −1, 0 or 1 */
static gboolean
move_callback (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  RefractChartView *self = REFRACT_CHART_VIEW (widget);
  RefractScene *scene = refract_chart_view_get_scene (self);
  int columns, rows;

  g_variant_get (args, "(ii)", &columns, &rows);
  if (scene == NULL)
    return FALSE;
  if (self->cursor < 0 || self->cursor >= (int) refract_scene_get_n_points (scene))
    move_cursor (self, 0);
  else if (rows != 0)
    move_cursor (self, find_row (scene, self->cursor, rows));
  else
    move_cursor (self, self->cursor + columns);
  return TRUE;
}

/* "(i)": the index, of whatever size */
static gboolean
jump_callback (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  int index;

  g_variant_get (args, "(i)", &index);
  move_cursor (REFRACT_CHART_VIEW (widget), index);
  return TRUE;
}

static void
activate_point (RefractChartView *self, int index)
{
  RefractScene *scene = refract_chart_view_get_scene (self);

  if (scene != NULL && index >= 0 && index < (int) refract_scene_get_n_points (scene))
    g_signal_emit_by_name (self, "activated", (guint) index,
                           refract_scene_get_point (scene, (guint) index)->key);
}

static gboolean
activate_callback (GtkWidget *widget, GVariant *args, gpointer user_data)
{
  RefractChartView *self = REFRACT_CHART_VIEW (widget);

  activate_point (self, self->cursor);
  return self->cursor >= 0;
}

/* --- The pointer --- */

static void
set_hover (RefractChartView *self, int index)
{
  gboolean can_activate;

  if (self->hover == index)
    return;
  self->hover = index;
  can_activate = index >= 0
                 && g_signal_has_handler_pending (
                     self, g_signal_lookup ("activated", REFRACT_TYPE_CHART_VIEW), 0, FALSE);
  gtk_widget_set_cursor_from_name (GTK_WIDGET (self), can_activate ? "pointer" : NULL);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
motion_cb (RefractChartView *self, double x, double y)
{
  RefractScene *scene = refract_chart_view_get_scene (self);

  set_hover (self,
             scene != NULL ? refract_scene_find_point (scene, x, y, REFRACT_CHART_VIEW_SLACK) : -1);
}

static void
leave_cb (RefractChartView *self)
{
  set_hover (self, -1);
}

static void
popup_menu (RefractChartView *self, double x, double y)
{
  if (self->menu == NULL)
    {
      g_autoptr (GMenuModel) model = refract_chart_view_create_menu ();

      self->menu = gtk_popover_menu_new_from_model (model);
      gtk_widget_set_parent (self->menu, GTK_WIDGET (self));
      gtk_popover_set_has_arrow (GTK_POPOVER (self->menu), FALSE);
      gtk_widget_set_halign (self->menu, GTK_ALIGN_START);
    }
  gtk_popover_set_pointing_to (GTK_POPOVER (self->menu),
                               &(GdkRectangle) { (int) x, (int) y, 1, 1 });
  gtk_popover_popup (GTK_POPOVER (self->menu));
}

static void
menu_action (GtkWidget *widget, const char *name, GVariant *parameter)
{
  popup_menu (REFRACT_CHART_VIEW (widget), gtk_widget_get_width (widget) / 2.0,
              gtk_widget_get_height (widget) / 2.0);
}

static void
pressed_cb (RefractChartView *self, int n_press, double x, double y, GtkGestureClick *gesture)
{
  GtkGesture *base = GTK_GESTURE (gesture);
  GdkEvent *event = gtk_gesture_get_last_event (base, NULL);
  RefractScene *scene = refract_chart_view_get_scene (self);
  int index;

  gtk_widget_grab_focus (GTK_WIDGET (self));
  if (event != NULL && gdk_event_triggers_context_menu (event))
    {
      gtk_gesture_set_state (base, GTK_EVENT_SEQUENCE_CLAIMED);
      popup_menu (self, x, y);
      return;
    }
  if (gtk_gesture_single_get_current_button (GTK_GESTURE_SINGLE (gesture)) != GDK_BUTTON_PRIMARY
      || scene == NULL)
    return;
  index = refract_scene_find_point (scene, x, y, REFRACT_CHART_VIEW_SLACK);
  if (index < 0)
    return;
  self->cursor = index;
  gtk_widget_queue_draw (GTK_WIDGET (self));
  activate_point (self, index);
}

static void
long_pressed_cb (RefractChartView *self, double x, double y)
{
  popup_menu (self, x, y);
}

void
refract_chart_view_class_add_keys (GtkWidgetClass *widget_class)
{
  static const struct
  {
    guint keys[2];
    int columns;
    int rows;
  } moves[] = { { { GDK_KEY_Left, GDK_KEY_KP_Left }, -1, 0 },
                { { GDK_KEY_Right, GDK_KEY_KP_Right }, 1, 0 },
                { { GDK_KEY_Up, GDK_KEY_KP_Up }, 0, -1 },
                { { GDK_KEY_Down, GDK_KEY_KP_Down }, 0, 1 } };
  static const guint enters[]
      = { GDK_KEY_Return, GDK_KEY_ISO_Enter, GDK_KEY_KP_Enter, GDK_KEY_space };

  for (guint i = 0; i < G_N_ELEMENTS (moves); i++)
    for (guint j = 0; j < 2; j++)
      gtk_widget_class_add_binding (widget_class, moves[i].keys[j], 0, move_callback, "(ii)",
                                    moves[i].columns, moves[i].rows);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_Home, 0, jump_callback, "(i)", 0);
  gtk_widget_class_add_binding (widget_class, GDK_KEY_End, 0, jump_callback, "(i)", G_MAXINT);
  for (guint i = 0; i < G_N_ELEMENTS (enters); i++)
    gtk_widget_class_add_binding (widget_class, enters[i], 0, activate_callback, NULL);
  gtk_widget_class_install_action (widget_class, "menu.popup", NULL, menu_action);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_F10, GDK_SHIFT_MASK, "menu.popup",
                                       NULL);
  gtk_widget_class_add_binding_action (widget_class, GDK_KEY_Menu, 0, "menu.popup", NULL);
}

void
refract_chart_view_add_controllers (RefractChartView *self)
{
  GtkWidget *widget = GTK_WIDGET (self);
  GtkEventController *motion = gtk_event_controller_motion_new ();
  GtkEventController *focus = gtk_event_controller_focus_new ();
  GtkGesture *click = gtk_gesture_click_new ();
  GtkGesture *hold = gtk_gesture_long_press_new ();

  g_signal_connect_swapped (motion, "motion", G_CALLBACK (motion_cb), self);
  g_signal_connect_swapped (motion, "leave", G_CALLBACK (leave_cb), self);
  gtk_widget_add_controller (widget, motion);
  g_signal_connect_swapped (focus, "enter", G_CALLBACK (gtk_widget_queue_draw), self);
  g_signal_connect_swapped (focus, "leave", G_CALLBACK (gtk_widget_queue_draw), self);
  gtk_widget_add_controller (widget, focus);
  gtk_gesture_single_set_button (GTK_GESTURE_SINGLE (click), 0);
  g_signal_connect_swapped (click, "pressed", G_CALLBACK (pressed_cb), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (click));
  gtk_gesture_single_set_touch_only (GTK_GESTURE_SINGLE (hold), TRUE);
  g_signal_connect_swapped (hold, "pressed", G_CALLBACK (long_pressed_cb), self);
  gtk_widget_add_controller (widget, GTK_EVENT_CONTROLLER (hold));
}
