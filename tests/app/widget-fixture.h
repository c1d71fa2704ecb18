/* widget-fixture.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Looking into widgets, whatever they are made of. */

#pragma once

#include <string.h>

#include <gtk/gtk.h>

typedef gboolean (*WidgetPredicate) (GtkWidget *widget, gconstpointer data);

/* (nullable): @widget or the first below it, depth first, for which @predicate says so */
static inline gpointer
widget_find (gpointer widget, WidgetPredicate predicate, gconstpointer data)
{
  if (predicate (widget, data))
    return widget;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    {
      gpointer found = widget_find (child, predicate, data);

      if (found != NULL)
        return found;
    }
  return NULL;
}

static inline guint
widget_count (gpointer widget, WidgetPredicate predicate, gconstpointer data)
{
  guint n = predicate (widget, data);

  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    n += widget_count (child, predicate, data);
  return n;
}

static inline gboolean
widget_has_type (GtkWidget *widget, gconstpointer type)
{
  return g_type_is_a (G_OBJECT_TYPE (widget), GPOINTER_TO_SIZE (type));
}

#define widget_find_type(widget, type)                                                             \
  widget_find (widget, widget_has_type, GSIZE_TO_POINTER ((gsize) (type)))
#define widget_count_type(widget, type)                                                            \
  widget_count (widget, widget_has_type, GSIZE_TO_POINTER ((gsize) (type)))

/* A label with @text in it, be it shown or not. */
static inline gboolean
widget_has_text (GtkWidget *widget, gconstpointer text)
{
  return GTK_IS_LABEL (widget) && gtk_widget_get_child_visible (widget)
         && strstr (gtk_label_get_text (GTK_LABEL (widget)), text) != NULL;
}

static inline gboolean
widget_has_shown_text (GtkWidget *widget, gconstpointer text)
{
  return gtk_widget_get_mapped (widget) && widget_has_text (widget, text);
}

static inline gboolean
widget_shows (gpointer widget, const char *text)
{
  return widget_find (widget, widget_has_shown_text, text) != NULL;
}

/* A button that is shown. */
static inline gboolean
widget_is_button (GtkWidget *widget, gconstpointer label)
{
  return GTK_IS_BUTTON (widget) && gtk_widget_get_mapped (widget)
         && g_strcmp0 (gtk_button_get_label (GTK_BUTTON (widget)), label) == 0;
}

static inline gboolean
widget_is_in_toast (GtkWidget *widget)
{
  for (; widget != NULL; widget = gtk_widget_get_parent (widget))
    if (g_str_equal (gtk_widget_get_css_name (widget), "toast"))
      return TRUE;
  return FALSE;
}

/* A label of a toast with @text in it, none of which is cut off. */
static inline gboolean
widget_is_whole_in_toast (GtkWidget *widget, gconstpointer text)
{
  return widget_has_shown_text (widget, text) && widget_is_in_toast (widget)
         && !pango_layout_is_ellipsized (gtk_label_get_layout (GTK_LABEL (widget)));
}

/* By its id in the template. */
static inline gboolean
widget_has_id (GtkWidget *widget, gconstpointer id)
{
  return g_strcmp0 (gtk_buildable_get_buildable_id (GTK_BUILDABLE (widget)), id) == 0;
}
