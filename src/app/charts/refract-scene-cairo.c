/* refract-scene-cairo.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <pango/pangocairo.h>

#include "charts/refract-scene-cairo.h"
#include "core/refract-error.h"

static void
set_color (cairo_t *cr, RefractColor color)
{
  cairo_set_source_rgba (cr, ((color >> 24) & 0xff) / 255.0, ((color >> 16) & 0xff) / 255.0,
                         ((color >> 8) & 0xff) / 255.0, (color & 0xff) / 255.0);
}

static void
round_rectangle (cairo_t *cr, const RefractSceneItem *item)
{
  double r = item->radius, right = item->x + item->width, bottom = item->y + item->height;

  if (!(r > 0))
    {
      cairo_rectangle (cr, item->x, item->y, item->width, item->height);
      return;
    }
  cairo_new_sub_path (cr);
  cairo_arc (cr, right - r, item->y + r, r, -G_PI / 2, 0);
  cairo_arc (cr, right - r, bottom - r, r, 0, G_PI / 2);
  cairo_arc (cr, item->x + r, bottom - r, r, G_PI / 2, G_PI);
  cairo_arc (cr, item->x + r, item->y + r, r, G_PI, 3 * G_PI / 2);
  cairo_close_path (cr);
}

static void
add_points (cairo_t *cr, const RefractSceneItem *item)
{
  cairo_new_path (cr);
  for (guint i = 0; i < item->n_points; i++)
    cairo_line_to (cr, item->points[2 * i], item->points[2 * i + 1]);
}

static void
stroke (cairo_t *cr, const RefractSceneItem *item)
{
  static const double dashes[] = { 6, 4 };

  cairo_set_line_width (cr, item->line_width);
  cairo_set_line_join (cr, CAIRO_LINE_JOIN_ROUND);
  cairo_set_dash (cr, dashes, item->dashed ? 2 : 0, 0);
  cairo_stroke (cr);
}

static void
draw_text (cairo_t *cr,
           const RefractSceneItem *item,
           PangoLayout *layout,
           PangoFontDescription *font)
{
  int width;
  double x = item->x;

  pango_font_description_set_absolute_size (font, item->size * PANGO_SCALE);
  pango_font_description_set_weight (font, item->bold ? PANGO_WEIGHT_BOLD : PANGO_WEIGHT_NORMAL);
  pango_layout_set_font_description (layout, font);
  pango_layout_set_text (layout, item->text, -1);
  pango_layout_get_size (layout, &width, NULL);
  if (item->anchor == REFRACT_ANCHOR_MIDDLE)
    x -= (double) width / PANGO_SCALE / 2;
  else if (item->anchor == REFRACT_ANCHOR_END)
    x -= (double) width / PANGO_SCALE;
  cairo_move_to (cr, x, item->y - (double) pango_layout_get_baseline (layout) / PANGO_SCALE);
  pango_cairo_show_layout (cr, layout);
}

static void
draw_shape (cairo_t *cr, const RefractSceneItem *item)
{
  cairo_new_path (cr);
  switch (item->kind)
    {
    case REFRACT_ITEM_RECT:
      round_rectangle (cr, item);
      cairo_fill (cr);
      break;
    case REFRACT_ITEM_LINE:
      cairo_move_to (cr, item->x, item->y);
      cairo_line_to (cr, item->x2, item->y2);
      stroke (cr, item);
      break;
    case REFRACT_ITEM_POLYLINE:
      add_points (cr, item);
      stroke (cr, item);
      break;
    case REFRACT_ITEM_POLYGON:
      add_points (cr, item);
      cairo_close_path (cr);
      cairo_fill (cr);
      break;
    case REFRACT_ITEM_CIRCLE:
      cairo_arc (cr, item->x, item->y, item->radius, 0, 2 * G_PI);
      if (item->line_width > 0)
        stroke (cr, item);
      else
        cairo_fill (cr);
      break;
    case REFRACT_ITEM_ARC:
      cairo_arc (cr, item->x, item->y, item->radius, item->x2, item->y2);
      stroke (cr, item);
      break;
    case REFRACT_ITEM_TEXT:
    default:
      g_assert_not_reached ();
    }
}

void
refract_scene_draw (const RefractScene *scene,
                    cairo_t *cr,
                    const RefractPalette *palette,
                    const char *font_family)
{
  g_autoptr (PangoLayout) layout = pango_cairo_create_layout (cr);
  PangoFontDescription *font = pango_font_description_new ();

  pango_font_description_set_family (font, font_family != NULL ? font_family : "sans-serif");
  pango_layout_set_single_paragraph_mode (layout, TRUE);
  pango_layout_set_auto_dir (layout, FALSE);
  cairo_save (cr);
  for (guint i = 0; i < refract_scene_get_n_items (scene); i++)
    {
      const RefractSceneItem *item = refract_scene_get_item (scene, i);

      set_color (cr, palette->colors[item->role]);
      if (item->kind == REFRACT_ITEM_TEXT)
        draw_text (cr, item, layout, font);
      else
        draw_shape (cr, item);
    }
  cairo_restore (cr);
  pango_font_description_free (font);
}

static cairo_status_t
append (void *data, const unsigned char *bytes, unsigned int length)
{
  g_byte_array_append (data, bytes, length);
  return CAIRO_STATUS_SUCCESS;
}

GBytes *
refract_scene_to_png (const RefractScene *scene,
                      const RefractPalette *palette,
                      const char *font_family,
                      double scale,
                      GError **error)
{
  cairo_surface_t *surface = cairo_image_surface_create (
      CAIRO_FORMAT_RGB24, (int) MIN (ceil (refract_scene_get_width (scene) * scale), 32767),
      (int) MIN (ceil (refract_scene_get_height (scene) * scale), 32767));
  cairo_t *cr = cairo_create (surface);
  g_autoptr (GByteArray) png = g_byte_array_new ();
  cairo_status_t status;

  set_color (cr, palette->colors[REFRACT_ROLE_BACKGROUND]);
  cairo_paint (cr);
  cairo_scale (cr, scale, scale);
  refract_scene_draw (scene, cr, palette, font_family);
  cairo_destroy (cr);
  status = cairo_surface_write_to_png_stream (surface, append, png);
  cairo_surface_destroy (surface);
  if (status != CAIRO_STATUS_SUCCESS)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
                   "The picture “%s” could not be made: %s. Save it as SVG instead.",
                   refract_scene_get_title (scene), cairo_status_to_string (status));
      return NULL;
    }
  return g_byte_array_free_to_bytes (g_steal_pointer (&png));
}
