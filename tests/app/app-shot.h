/* app-shot.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

/* Pictures of widgets and windows, drawn in the test's own process by GTK's own renderer: the same
 * on every machine with the same fonts, whatever the display. Popovers are surfaces of their own
 * and not in the picture of their window. Call the functions after app_fixture_init(). */

#pragma once

#include <string.h>

#include <adwaita.h>

typedef struct
{
  int width; /* of the content, in application pixels */
  int height;
  double text_scale; /* 1 is 100 % */
  AdwColorScheme scheme;
} AppShotStyle;

#define APP_SHOT_WIDE ((const AppShotStyle) { 1100, 760, 1, ADW_COLOR_SCHEME_FORCE_LIGHT })
#define APP_SHOT_DARK ((const AppShotStyle) { 1100, 760, 1, ADW_COLOR_SCHEME_FORCE_DARK })
#define APP_SHOT_NARROW ((const AppShotStyle) { 360, 640, 1, ADW_COLOR_SCHEME_FORCE_LIGHT })
#define APP_SHOT_LARGE_TEXT ((const AppShotStyle) { 360, 640, 2, ADW_COLOR_SCHEME_FORCE_LIGHT })

/* Whether a part of what is shown is still being made; an audit that runs is shown as it is. */
static inline gboolean
app_shot_is_busy (GtkWidget *widget)
{
  if (!gtk_widget_get_mapped (widget) || ADW_IS_SPINNER (widget))
    return FALSE;
  if (gtk_test_accessible_has_state (GTK_ACCESSIBLE (widget), GTK_ACCESSIBLE_STATE_BUSY))
    return TRUE;
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    if (app_shot_is_busy (child))
      return TRUE;
  return FALSE;
}

/* Iterates until all that is shown is made and nothing happens for a moment (or something always
 * does), and the last frame is drawn. */
static inline void
app_shot_settle (GtkWidget *widget)
{
  gint64 second = (g_getenv ("REFRACT_TEST_SLOW") != NULL ? 10 : 1) * G_USEC_PER_SEC;
  gint64 made_deadline = g_get_monotonic_time () + 20 * second;
  gint64 deadline, quiet_since;

  while (g_get_monotonic_time () < made_deadline && app_shot_is_busy (widget))
    g_main_context_iteration (NULL, TRUE);
  deadline = g_get_monotonic_time () + second;
  quiet_since = g_get_monotonic_time ();
  while (g_get_monotonic_time () < deadline
         && g_get_monotonic_time () - quiet_since < 60 * G_TIME_SPAN_MILLISECOND)
    if (g_main_context_iteration (NULL, FALSE))
      quiet_since = g_get_monotonic_time ();
    else
      g_usleep (2000);
  gtk_test_widget_wait_for_draw (widget);
}

/* Text size and colours of the whole process, and the size of the mapped @window's content. */
static inline void
app_shot_apply (GtkWindow *window, const AppShotStyle *style)
{
  graphene_rect_t outer, inner;

  g_object_set (gtk_settings_get_default (), "gtk-xft-dpi", (int) (96 * 1024 * style->text_scale),
                "gtk-enable-animations", FALSE, NULL);
  adw_style_manager_set_color_scheme (adw_style_manager_get_default (), style->scheme);
  if (window == NULL)
    return;

  /* Where nobody composites, a window's size contains its frame. */
  g_assert_true (gtk_widget_compute_bounds (GTK_WIDGET (window), GTK_WIDGET (window), &outer));
  g_assert_true (gtk_widget_compute_bounds (gtk_widget_get_first_child (GTK_WIDGET (window)),
                                            GTK_WIDGET (window), &inner));
  gtk_window_set_default_size (window, style->width + outer.size.width - inner.size.width,
                               style->height + outer.size.height - inner.size.height);
  app_shot_settle (GTK_WIDGET (window));
}

/**
 * app_shot_texture:
 * @widget: mapped; a window is drawn without its frame and shadow
 * @scale: 2 draws everything crisply at twice the size
 *
 * Returns: (transfer full): what the widget looks like, on its window's background
 */
static inline GdkTexture *
app_shot_texture (GtkWidget *widget, double scale)
{
  GtkWidget *root = GTK_WIDGET (gtk_widget_get_native (widget));
  GtkWidget *framed = GTK_IS_WINDOW (widget) ? gtk_widget_get_first_child (widget) : widget;
  g_autoptr (GdkPaintable) paintable = gtk_widget_paintable_new (root);
  g_autoptr (GtkSnapshot) snapshot = gtk_snapshot_new ();
  g_autoptr (GskRenderNode) node = NULL;
  graphene_rect_t outer, bounds;

  g_assert_true (gtk_widget_get_mapped (widget));
  g_assert_true (gtk_widget_compute_bounds (root, root, &outer));
  g_assert_true (gtk_widget_compute_bounds (framed, root, &bounds));

  gtk_snapshot_scale (snapshot, scale, scale);
  gtk_snapshot_translate (snapshot, &GRAPHENE_POINT_INIT (outer.origin.x - bounds.origin.x,
                                                          outer.origin.y - bounds.origin.y));
  /* Its intrinsic size is that of the window's content; any other would be scaled to, and blur. */
  gdk_paintable_snapshot (paintable, snapshot, gdk_paintable_get_intrinsic_width (paintable),
                          gdk_paintable_get_intrinsic_height (paintable));
  node = gtk_snapshot_to_node (snapshot);
  g_assert_nonnull (node);

  return gsk_renderer_render_texture (
      gtk_native_get_renderer (GTK_NATIVE (root)), node,
      &GRAPHENE_RECT_INIT (0, 0, bounds.size.width * scale, bounds.size.height * scale));
}

/* Whether it shows text that need not be whole: what a person searches for, a toast that was there
 * before the window became this narrow, and what has its whole text in a tooltip. */
static inline gboolean
app_shot_may_be_cut (GtkWidget *label)
{
  const char *text = gtk_label_get_text (GTK_LABEL (label));

  for (GtkWidget *widget = label; widget != NULL; widget = gtk_widget_get_parent (widget))
    {
      const char *tooltip = gtk_widget_get_tooltip_text (widget);

      if (GTK_IS_SEARCH_ENTRY (widget) || g_str_equal (gtk_widget_get_css_name (widget), "toast")
          || (tooltip != NULL && strstr (tooltip, text) != NULL))
        return TRUE;
    }
  return FALSE;
}

/* Fails where a label that is shown ends in "…" or has less room than its text. */
static inline void
app_shot_assert_whole (GtkWidget *widget, const char *name)
{
  if (!gtk_widget_get_mapped (widget) || !gtk_widget_get_child_visible (widget))
    return;
  if (GTK_IS_LABEL (widget) && !app_shot_may_be_cut (widget))
    {
      PangoLayout *layout = gtk_label_get_layout (GTK_LABEL (widget));
      int width, height;

      pango_layout_get_pixel_size (layout, &width, &height);
      if (pango_layout_is_ellipsized (layout) || width > gtk_widget_get_width (widget) + 1
          || height > gtk_widget_get_height (widget) + 1)
        g_error ("%s: “%s” needs %d × %d pixels and has %d × %d", name,
                 gtk_label_get_text (GTK_LABEL (widget)), width, height,
                 gtk_widget_get_width (widget), gtk_widget_get_height (widget));
    }
  for (GtkWidget *child = gtk_widget_get_first_child (widget); child != NULL;
       child = gtk_widget_get_next_sibling (child))
    app_shot_assert_whole (child, name);
}

/* Writes DIR/@name.png, DIR being $REFRACT_SHOTS; without that the picture is only drawn. No text
 * in it may be cut off. */
static inline void
app_shot_write (GtkWidget *widget, const char *name)
{
  const char *folder = g_getenv ("REFRACT_SHOTS");
  g_autoptr (GdkTexture) texture = NULL;
  g_autofree char *file = g_strconcat (name, ".png", NULL);
  g_autofree char *path = g_build_filename (folder != NULL ? folder : "", file, NULL);

  app_shot_settle (widget);
  texture = app_shot_texture (widget, 1);
  g_assert_nonnull (texture);
  app_shot_assert_whole (widget, name);
  if (folder == NULL)
    return;

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (gdk_texture_save_to_png (texture, path));
  g_test_message ("wrote %s", path);
}

/**
 * app_shot_present:
 * @widget: (transfer floating): a widget, an AdwNavigationPage, an AdwDialog or a GtkWindow
 *
 * Shows it in a window whose content has the size of @style, or as large as the widget must be.
 *
 * Returns: (transfer none): the window; gtk_window_destroy() when done
 */
static inline GtkWindow *
app_shot_present (GtkWidget *widget, const AppShotStyle *style)
{
  GtkWidget *window = GTK_IS_WINDOW (widget) ? widget : adw_window_new ();

  app_shot_apply (NULL, style);
  gtk_window_set_default_size (GTK_WINDOW (window), style->width, style->height);
  if (ADW_IS_NAVIGATION_PAGE (widget))
    {
      GtkWidget *view = adw_navigation_view_new ();

      adw_navigation_view_add (ADW_NAVIGATION_VIEW (view), ADW_NAVIGATION_PAGE (widget));
      adw_window_set_content (ADW_WINDOW (window), view);
    }
  else if (widget != window && !ADW_IS_DIALOG (widget))
    adw_window_set_content (ADW_WINDOW (window), widget);

  gtk_window_present (GTK_WINDOW (window));
  while (!gtk_widget_get_mapped (window))
    g_main_context_iteration (NULL, TRUE);
  app_shot_apply (GTK_WINDOW (window), style);
  if (ADW_IS_DIALOG (widget))
    adw_dialog_present (ADW_DIALOG (widget), window);
  app_shot_settle (window);
  return GTK_WINDOW (window);
}

/* One picture of @widget (transfer floating) in a window of its own. */
static inline void
app_shot (GtkWidget *widget, const AppShotStyle *style, const char *name)
{
  GtkWindow *window = app_shot_present (widget, style);

  app_shot_write (GTK_WIDGET (window), name);
  gtk_window_destroy (window);
  app_shot_apply (NULL, &APP_SHOT_WIDE);
}
