/* refract-chart-view.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <adwaita.h>
#include <glib/gi18n.h>
#include <math.h>

#include "charts/refract-chart-save.h"
#include "charts/refract-chart-style.h"
#include "charts/refract-chart-table.h"
#include "charts/refract-chart-view-private.h"
#include "charts/refract-scene-cairo.h"

#define NATURAL_WIDTH 480

enum
{
  PROP_0,
  PROP_KIND,
  PROP_REPORT,
  PROP_HAS_DATA,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (RefractChartView, refract_chart_view, GTK_TYPE_WIDGET)

/* (transfer full) (nullable) */
static RefractScene *
make_scene (RefractChartView *self, double width, double text_scale)
{
  if (self->maker != NULL)
    return self->maker (self->maker_data, width, text_scale);
  if (self->report == NULL || self->function == NULL)
    return NULL;
  return self->function (self->report, width, text_scale);
}

/* Lays out for @width, unless that is how it is. */
static RefractScene *
ensure_scene (RefractChartView *self, double width)
{
  double text_scale = refract_chart_style_get_text_scale (GTK_WIDGET (self));

  if (self->scene != NULL && self->scene_width == width && self->scene_text_scale == text_scale)
    return self->scene;
  g_clear_pointer (&self->scene, refract_scene_unref);
  g_clear_pointer (&self->node, gsk_render_node_unref);
  self->scene = make_scene (self, width, text_scale);
  self->scene_width = width;
  self->scene_text_scale = text_scale;
  return self->scene;
}

RefractScene *
refract_chart_view_get_scene (RefractChartView *self)
{
  int width;

  g_return_val_if_fail (REFRACT_IS_CHART_VIEW (self), NULL);

  width = gtk_widget_get_width (GTK_WIDGET (self));
  return ensure_scene (self, width > 0 ? width : NATURAL_WIDTH);
}

/* --- Layout and drawing --- */

static GtkSizeRequestMode
refract_chart_view_get_request_mode (GtkWidget *widget)
{
  return GTK_SIZE_REQUEST_HEIGHT_FOR_WIDTH;
}

static void
refract_chart_view_measure (GtkWidget *widget,
                            GtkOrientation orientation,
                            int for_size,
                            int *minimum,
                            int *natural,
                            int *minimum_baseline,
                            int *natural_baseline)
{
  RefractChartView *self = REFRACT_CHART_VIEW (widget);
  RefractScene *scene;

  if (orientation == GTK_ORIENTATION_HORIZONTAL)
    {
      *minimum = REFRACT_CHART_MIN_WIDTH;
      *natural = NATURAL_WIDTH;
      return;
    }
  scene = ensure_scene (self, for_size >= 0 ? for_size : NATURAL_WIDTH);
  *minimum = *natural = scene != NULL ? (int) ceil (refract_scene_get_height (scene)) : 0;
}

static void
refract_chart_view_size_allocate (GtkWidget *widget, int width, int height, int baseline)
{
  RefractChartView *self = REFRACT_CHART_VIEW (widget);

  if (self->menu != NULL)
    gtk_popover_present (GTK_POPOVER (self->menu));
}

static void
snapshot_point (RefractChartView *self, GtkSnapshot *snapshot, int index, gboolean is_cursor)
{
  const RefractScenePoint *point;
  GskRoundedRect outline;
  GdkRGBA color;
  float widths[4] = { 2, 2, 2, 2 };
  double left, top, right, bottom;

  if (index < 0 || index >= (int) refract_scene_get_n_points (self->scene))
    return;
  point = refract_scene_get_point (self->scene, (guint) index);
  left = MAX (point->x - 3, 1);
  top = MAX (point->y - 3, 1);
  right = MIN (point->x + point->width + 3, gtk_widget_get_width (GTK_WIDGET (self)) - 1);
  bottom = MIN (point->y + point->height + 3, gtk_widget_get_height (GTK_WIDGET (self)) - 1);
  gsk_rounded_rect_init_from_rect (&outline,
                                   &GRAPHENE_RECT_INIT ((float) left, (float) top,
                                                        (float) (right - left),
                                                        (float) (bottom - top)),
                                   6);
  gtk_widget_get_color (GTK_WIDGET (self), &color);
  color.alpha = 0.07f;
  gtk_snapshot_push_rounded_clip (snapshot, &outline);
  gtk_snapshot_append_color (snapshot, &color, &outline.bounds);
  gtk_snapshot_pop (snapshot);
  if (is_cursor)
    {
      GdkRGBA *accent = adw_style_manager_get_accent_color_rgba (adw_style_manager_get_default ());
      GdkRGBA ring[4] = { *accent, *accent, *accent, *accent };

      gtk_snapshot_append_border (snapshot, &outline, widths, ring);
      gdk_rgba_free (accent);
    }
}

static void
refract_chart_view_snapshot (GtkWidget *widget, GtkSnapshot *snapshot)
{
  RefractChartView *self = REFRACT_CHART_VIEW (widget);

  if (refract_chart_view_get_scene (self) == NULL)
    return;
  if (self->node == NULL)
    {
      g_autoptr (GtkSnapshot) own = gtk_snapshot_new ();
      cairo_t *cr = gtk_snapshot_append_cairo (
          own, &GRAPHENE_RECT_INIT (0, 0, (float) refract_scene_get_width (self->scene),
                                    (float) refract_scene_get_height (self->scene)));
      RefractPalette palette;

      refract_chart_style_get_palette (&palette);
      refract_scene_draw (self->scene, cr, &palette, refract_chart_style_get_font (widget));
      cairo_destroy (cr);
      self->node = gtk_snapshot_to_node (own);
    }
  if (self->node != NULL)
    gtk_snapshot_append_node (snapshot, self->node);
  if (self->hover != self->cursor || !gtk_widget_has_focus (widget))
    snapshot_point (self, snapshot, self->hover, FALSE);
  if (gtk_widget_has_focus (widget))
    snapshot_point (self, snapshot, self->cursor, TRUE);
}

static void
redraw (RefractChartView *self)
{
  g_clear_pointer (&self->node, gsk_render_node_unref);
  gtk_widget_queue_draw (GTK_WIDGET (self));
}

static void
refract_chart_view_css_changed (GtkWidget *widget, GtkCssStyleChange *change)
{
  GTK_WIDGET_CLASS (refract_chart_view_parent_class)->css_changed (widget, change);

  /* The font may be another one. */
  g_clear_pointer (&REFRACT_CHART_VIEW (widget)->node, gsk_render_node_unref);
}

/* --- What it says --- */

static void
update_accessible (RefractChartView *self)
{
  RefractScene *scene = refract_chart_view_get_scene (self);

  if (scene != NULL)
    gtk_accessible_update_property (
        GTK_ACCESSIBLE (self), GTK_ACCESSIBLE_PROPERTY_LABEL, refract_scene_get_title (scene),
        GTK_ACCESSIBLE_PROPERTY_DESCRIPTION, refract_scene_get_description (scene), -1);
}

static gboolean
refract_chart_view_query_tooltip (
    GtkWidget *widget, int x, int y, gboolean keyboard_mode, GtkTooltip *tooltip)
{
  RefractChartView *self = REFRACT_CHART_VIEW (widget);
  RefractScene *scene = refract_chart_view_get_scene (self);
  const RefractScenePoint *point;
  int index;

  if (scene == NULL)
    return FALSE;
  index = keyboard_mode ? self->cursor
                        : refract_scene_find_point (scene, x, y, REFRACT_CHART_VIEW_SLACK);
  if (index < 0 || index >= (int) refract_scene_get_n_points (scene))
    return FALSE;
  point = refract_scene_get_point (scene, (guint) index);
  gtk_tooltip_set_text (tooltip, point->describe);
  gtk_tooltip_set_tip_area (tooltip, &(GdkRectangle) { (int) point->x, (int) point->y,
                                                       MAX ((int) point->width, 1),
                                                       MAX ((int) point->height, 1) });
  return TRUE;
}

/* --- Actions --- */

static void
save_image (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RefractChartView *self = user_data;
  int width = gtk_widget_get_width (GTK_WIDGET (self));

  if (self->maker != NULL)
    {
      g_autoptr (RefractScene) scene = self->maker (self->maker_data, width, 1);

      if (scene != NULL)
        refract_chart_save_scene (GTK_WIDGET (self), scene);
    }
  else if (self->report != NULL)
    refract_chart_save (GTK_WIDGET (self), self->report, self->kind, width);
}

static void
show_table (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RefractChartView *self = user_data;
  RefractScene *scene = refract_chart_view_get_scene (self);

  if (scene != NULL)
    adw_dialog_present (ADW_DIALOG (refract_chart_table_new (scene)), GTK_WIDGET (self));
}

static void
copy_table (GSimpleAction *action, GVariant *parameter, gpointer user_data)
{
  RefractChartView *self = user_data;
  RefractScene *scene = refract_chart_view_get_scene (self);

  if (scene != NULL)
    {
      g_autofree char *text = refract_chart_table_to_text (scene);

      gdk_clipboard_set_text (gtk_widget_get_clipboard (GTK_WIDGET (self)), text);
    }
}

static const GActionEntry action_entries[] = {
  { .name = "save-image", .activate = save_image },
  { .name = "show-table", .activate = show_table },
  { .name = "copy-table", .activate = copy_table },
};

GActionGroup *
refract_chart_view_get_actions (RefractChartView *self)
{
  g_return_val_if_fail (REFRACT_IS_CHART_VIEW (self), NULL);
  return G_ACTION_GROUP (self->actions);
}

GMenuModel *
refract_chart_view_create_menu (void)
{
  GMenu *menu = g_menu_new ();

  g_menu_append (menu, _ ("_Save Image…"), "chart.save-image");
  g_menu_append (menu, _ ("Show as _Table"), "chart.show-table");
  g_menu_append (menu, _ ("_Copy as Text"), "chart.copy-table");
  return G_MENU_MODEL (menu);
}

/* --- The object --- */

/* After another report or kind. */
static void
reset (RefractChartView *self)
{
  gboolean had_data = self->has_data;

  g_clear_pointer (&self->scene, refract_scene_unref);
  self->cursor = self->hover = -1;
  redraw (self);
  self->has_data = refract_chart_view_get_scene (self) != NULL;
  update_accessible (self);
  gtk_widget_queue_resize (GTK_WIDGET (self));
  if (self->has_data != had_data)
    g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_HAS_DATA]);
}

static void
set_kind (RefractChartView *self, const char *kind)
{
  if (g_strcmp0 (kind, self->kind) == 0)
    return;
  g_free (self->kind);
  self->kind = g_strdup (kind);
  self->function = refract_chart_lookup (kind);
  if (self->function == NULL)
    g_critical ("There is no chart “%s”", kind);
  reset (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_KIND]);
}

void
refract_chart_view_set_report (RefractChartView *self, RefractReport *report)
{
  g_return_if_fail (REFRACT_IS_CHART_VIEW (self));
  g_return_if_fail (report == NULL || REFRACT_IS_REPORT (report));

  if (!g_set_object (&self->report, report))
    return;
  reset (self);
  g_object_notify_by_pspec (G_OBJECT (self), properties[PROP_REPORT]);
}

void
refract_chart_view_set_maker (RefractChartView *self,
                              RefractSceneFunc maker,
                              gpointer data,
                              GDestroyNotify destroy)
{
  g_return_if_fail (REFRACT_IS_CHART_VIEW (self));

  if (self->maker_destroy != NULL)
    self->maker_destroy (self->maker_data);
  self->maker = maker;
  self->maker_data = data;
  self->maker_destroy = destroy;
  reset (self);
}

int
refract_chart_view_get_cursor (RefractChartView *self)
{
  g_return_val_if_fail (REFRACT_IS_CHART_VIEW (self), -1);
  return self->cursor;
}

static void
refract_chart_view_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  RefractChartView *self = REFRACT_CHART_VIEW (object);

  switch (id)
    {
    case PROP_KIND:
      g_value_set_string (value, self->kind);
      break;
    case PROP_REPORT:
      g_value_set_object (value, self->report);
      break;
    case PROP_HAS_DATA:
      g_value_set_boolean (value, self->has_data);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
refract_chart_view_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  RefractChartView *self = REFRACT_CHART_VIEW (object);

  switch (id)
    {
    case PROP_KIND:
      set_kind (self, g_value_get_string (value));
      break;
    case PROP_REPORT:
      refract_chart_view_set_report (self, g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
refract_chart_view_dispose (GObject *object)
{
  RefractChartView *self = REFRACT_CHART_VIEW (object);

  g_clear_pointer (&self->menu, gtk_widget_unparent);
  g_clear_pointer (&self->node, gsk_render_node_unref);
  g_clear_pointer (&self->scene, refract_scene_unref);
  g_clear_object (&self->report);
  g_clear_object (&self->actions);

  G_OBJECT_CLASS (refract_chart_view_parent_class)->dispose (object);
}

static void
refract_chart_view_finalize (GObject *object)
{
  RefractChartView *self = REFRACT_CHART_VIEW (object);

  if (self->maker_destroy != NULL)
    self->maker_destroy (self->maker_data);
  g_free (self->kind);

  G_OBJECT_CLASS (refract_chart_view_parent_class)->finalize (object);
}

static void
refract_chart_view_class_init (RefractChartViewClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  GtkWidgetClass *widget_class = GTK_WIDGET_CLASS (klass);

  object_class->get_property = refract_chart_view_get_property;
  object_class->set_property = refract_chart_view_set_property;
  object_class->dispose = refract_chart_view_dispose;
  object_class->finalize = refract_chart_view_finalize;

  widget_class->get_request_mode = refract_chart_view_get_request_mode;
  widget_class->measure = refract_chart_view_measure;
  widget_class->size_allocate = refract_chart_view_size_allocate;
  widget_class->snapshot = refract_chart_view_snapshot;
  widget_class->css_changed = refract_chart_view_css_changed;
  widget_class->query_tooltip = refract_chart_view_query_tooltip;

  properties[PROP_KIND]
      = g_param_spec_string ("kind", NULL, NULL, NULL,
                             G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_REPORT]
      = g_param_spec_object ("report", NULL, NULL, REFRACT_TYPE_REPORT,
                             G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS);
  properties[PROP_HAS_DATA] = g_param_spec_boolean ("has-data", NULL, NULL, FALSE,
                                                    G_PARAM_READABLE | G_PARAM_STATIC_STRINGS);
  g_object_class_install_properties (object_class, N_PROPS, properties);

  g_signal_new ("activated", G_TYPE_FROM_CLASS (klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                G_TYPE_NONE, 2, G_TYPE_UINT, G_TYPE_INT);

  gtk_widget_class_set_css_name (widget_class, "chart");
  gtk_widget_class_set_accessible_role (widget_class, GTK_ACCESSIBLE_ROLE_IMG);
  refract_chart_view_class_add_keys (widget_class);
}

static void
refract_chart_view_init (RefractChartView *self)
{
  AdwStyleManager *manager = adw_style_manager_get_default ();

  self->cursor = self->hover = -1;
  gtk_widget_set_focusable (GTK_WIDGET (self), TRUE);
  gtk_widget_set_has_tooltip (GTK_WIDGET (self), TRUE);
  refract_chart_view_add_controllers (self);
  self->actions = g_simple_action_group_new ();
  g_action_map_add_action_entries (G_ACTION_MAP (self->actions), action_entries,
                                   G_N_ELEMENTS (action_entries), self);
  gtk_widget_insert_action_group (GTK_WIDGET (self), "chart", G_ACTION_GROUP (self->actions));
  g_signal_connect_object (manager, "notify::dark", G_CALLBACK (redraw), self, G_CONNECT_SWAPPED);
  g_signal_connect_object (manager, "notify::high-contrast", G_CALLBACK (redraw), self,
                           G_CONNECT_SWAPPED);
  g_signal_connect_object (manager, "notify::accent-color", G_CALLBACK (redraw), self,
                           G_CONNECT_SWAPPED);
}

GtkWidget *
refract_chart_view_new (const char *kind)
{
  return g_object_new (REFRACT_TYPE_CHART_VIEW, "kind", kind, NULL);
}
