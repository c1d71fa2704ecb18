/* refract-page-bar.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "refract-page-bar.h"

struct _RefractPageBar
{
  GtkWidget parent_instance;

  GtkWidget *box;
  GtkWidget *below; /* the title where it does not fit */
  GtkLabel *title;
  GtkLabel *subtitle;
  AdwHeaderBar *header_bar;
  int beside; /* the width that is not the title's, while that is in the header bar */
  guint move_id;
};

G_DEFINE_FINAL_TYPE (RefractPageBar, refract_page_bar, GTK_TYPE_WIDGET)

enum
{
  PROP_HEADER_BAR = 1,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static gboolean
move_title (gpointer user_data)
{
  RefractPageBar *self = user_data;
  gboolean is_below = gtk_widget_get_visible (self->below);

  self->move_id = 0;
  adw_header_bar_set_show_title (self->header_bar, is_below);
  gtk_widget_set_visible (self->below, !is_below);
  return G_SOURCE_REMOVE;
}

static GtkSizeRequestMode
refract_page_bar_get_request_mode (GtkWidget *widget)
{
  return gtk_widget_get_request_mode (REFRACT_PAGE_BAR (widget)->box);
}

static void
refract_page_bar_measure (GtkWidget *widget,
                          GtkOrientation orientation,
                          int for_size,
                          int *minimum,
                          int *natural,
                          int *minimum_baseline,
                          int *natural_baseline)
{
  gtk_widget_measure (REFRACT_PAGE_BAR (widget)->box, orientation, for_size, minimum, natural,
                      minimum_baseline, natural_baseline);
}

static void
refract_page_bar_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  RefractPageBar *self = REFRACT_PAGE_BAR (widget);
  gboolean is_below = gtk_widget_get_visible (self->below);
  GtkWidget *title;
  int needed;

  gtk_widget_allocate (self->box, width, height, baseline, NULL);
  if (self->header_bar == NULL)
    return;

  title = adw_header_bar_get_title_widget (self->header_bar);
  gtk_widget_measure (title, GTK_ORIENTATION_HORIZONTAL, -1, NULL, &needed, NULL, NULL);
  if (!is_below)
    self->beside = width - gtk_widget_get_width (title);
  /* Not while sizes are being given out. */
  if (is_below != (needed > width - self->beside) && self->move_id == 0)
    self->move_id = g_idle_add_full (G_PRIORITY_HIGH_IDLE, move_title, self, NULL);
}

static gboolean
is_not_empty (GBinding *binding, const GValue *text, GValue *is_shown, gpointer user_data)
{
  g_value_set_boolean (is_shown, *g_value_get_string (text) != '\0');
  return TRUE;
}

static void
set_header_bar (RefractPageBar *self, AdwHeaderBar *header_bar)
{
  GtkWidget *title = adw_header_bar_get_title_widget (header_bar);

  g_return_if_fail (self->header_bar == NULL);
  g_return_if_fail (ADW_IS_WINDOW_TITLE (title));

  self->header_bar = header_bar;
  gtk_box_prepend (GTK_BOX (self->box), GTK_WIDGET (header_bar));
  g_object_bind_property (title, "title", self->title, "label", G_BINDING_SYNC_CREATE);
  g_object_bind_property (title, "subtitle", self->subtitle, "label", G_BINDING_SYNC_CREATE);
  g_object_bind_property_full (title, "subtitle", self->subtitle, "visible", G_BINDING_SYNC_CREATE,
                               is_not_empty, NULL, NULL, NULL);
}

static void
refract_page_bar_set_property (GObject *object,
                               guint prop_id,
                               const GValue *value,
                               GParamSpec *pspec)
{
  RefractPageBar *self = REFRACT_PAGE_BAR (object);

  switch (prop_id)
    {
    case PROP_HEADER_BAR:
      set_header_bar (self, g_value_get_object (value));
      break;

    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
refract_page_bar_dispose (GObject *object)
{
  RefractPageBar *self = REFRACT_PAGE_BAR (object);

  g_clear_handle_id (&self->move_id, g_source_remove);
  self->header_bar = NULL;
  gtk_widget_dispose_template (GTK_WIDGET (self), REFRACT_TYPE_PAGE_BAR);

  G_OBJECT_CLASS (refract_page_bar_parent_class)->dispose (object);
}

static void
refract_page_bar_class_init (RefractPageBarClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->set_property = refract_page_bar_set_property;
  object_class->dispose = refract_page_bar_dispose;
  widget_class->get_request_mode = refract_page_bar_get_request_mode;
  widget_class->measure = refract_page_bar_measure;
  widget_class->size_allocate = refract_page_bar_size_allocate;

  properties[PROP_HEADER_BAR] = g_param_spec_object ("header-bar", NULL, NULL, ADW_TYPE_HEADER_BAR,
                                                     G_PARAM_WRITABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  gtk_widget_class_set_template_from_resource (widget_class, RESOURCE_PATH "/ui/page-bar.ui");
  gtk_widget_class_bind_template_child (widget_class, RefractPageBar, box);
  gtk_widget_class_bind_template_child (widget_class, RefractPageBar, below);
  gtk_widget_class_bind_template_child (widget_class, RefractPageBar, title);
  gtk_widget_class_bind_template_child (widget_class, RefractPageBar, subtitle);
}

static void
refract_page_bar_init (RefractPageBar *self)
{
  gtk_widget_init_template (GTK_WIDGET (self));
}
