/* refract-scene-svg.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "charts/refract-palette.h"
#include "charts/refract-scene-svg.h"
#include "core/refract-text.h"

/* One decimal where it needs one, with a point in every locale: pages hold many of these. */
static void
append_number (GString *svg, double value)
{
  char buffer[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (buffer, sizeof buffer, "%.1f", value);
  if (g_str_has_suffix (buffer, ".0"))
    buffer[strlen (buffer) - 2] = '\0';
  g_string_append (svg, g_str_equal (buffer, "-0") ? "0" : buffer);
}

static void
append_attribute (GString *svg, const char *name, double value)
{
  g_string_append_printf (svg, " %s=\"", name);
  append_number (svg, value);
  g_string_append_c (svg, '"');
}

static void
append_escaped (GString *svg, const char *text)
{
  g_autofree char *clean = refract_text_clean (text, G_MAXUINT);
  g_autofree char *escaped = g_markup_escape_text (clean, -1);

  g_string_append (svg, escaped);
}

static void
append_points (GString *svg, const RefractSceneItem *item)
{
  g_string_append (svg, " points=\"");
  for (guint i = 0; i < item->n_points; i++)
    {
      append_number (svg, item->points[2 * i]);
      g_string_append_c (svg, ',');
      append_number (svg, item->points[2 * i + 1]);
      g_string_append_c (svg, i + 1 < item->n_points ? ' ' : '"');
    }
}

static void
append_stroke (GString *svg, const RefractSceneItem *item)
{
  if (item->kind != REFRACT_ITEM_LINE)
    g_string_append (svg, " fill=\"none\"");
  g_string_append (svg, " stroke=\"currentColor\"");
  if (item->line_width != 1)
    append_attribute (svg, "stroke-width", item->line_width);
  if (item->dashed)
    g_string_append (svg, " stroke-dasharray=\"6 4\"");
}

static void
append_arc (GString *svg, const RefractSceneItem *item)
{
  g_string_append (svg, " d=\"M");
  append_number (svg, item->x + item->radius * cos (item->x2));
  g_string_append_c (svg, ' ');
  append_number (svg, item->y + item->radius * sin (item->x2));
  g_string_append (svg, " A");
  append_number (svg, item->radius);
  g_string_append_c (svg, ' ');
  append_number (svg, item->radius);
  g_string_append_printf (svg, " 0 %d 1 ", item->y2 - item->x2 > G_PI);
  append_number (svg, item->x + item->radius * cos (item->y2));
  g_string_append_c (svg, ' ');
  append_number (svg, item->y + item->radius * sin (item->y2));
  g_string_append_c (svg, '"');
}

static void
append_text (GString *svg, const RefractSceneItem *item)
{
  static const char *const anchors[] = { "start", "middle", "end" };

  if (item->anchor != REFRACT_ANCHOR_START)
    g_string_append_printf (svg, " text-anchor=\"%s\"", anchors[item->anchor]);
  append_attribute (svg, "font-size", item->size);
  if (item->bold)
    g_string_append (svg, " font-weight=\"700\"");
  g_string_append_c (svg, '>');
  append_escaped (svg, item->text);
  g_string_append (svg, "</text>\n");
}

static void
append_item (GString *svg, const RefractSceneItem *item)
{
  static const char *const elements[]
      = { "rect", "line", "polyline", "polygon", "circle", "path", "text" };

  g_string_append_printf (svg, "<%s class=\"rf-%s\"", elements[item->kind],
                          refract_role_get_name (item->role));
  switch (item->kind)
    {
    case REFRACT_ITEM_RECT:
      append_attribute (svg, "x", item->x);
      append_attribute (svg, "y", item->y);
      append_attribute (svg, "width", item->width);
      append_attribute (svg, "height", item->height);
      if (item->radius > 0)
        append_attribute (svg, "rx", item->radius);
      break;
    case REFRACT_ITEM_LINE:
      append_stroke (svg, item);
      append_attribute (svg, "x1", item->x);
      append_attribute (svg, "y1", item->y);
      append_attribute (svg, "x2", item->x2);
      append_attribute (svg, "y2", item->y2);
      break;
    case REFRACT_ITEM_POLYLINE:
      append_stroke (svg, item);
      g_string_append (svg, " stroke-linejoin=\"round\"");
      append_points (svg, item);
      break;
    case REFRACT_ITEM_POLYGON:
      append_points (svg, item);
      break;
    case REFRACT_ITEM_CIRCLE:
      if (item->line_width > 0)
        append_stroke (svg, item);
      append_attribute (svg, "cx", item->x);
      append_attribute (svg, "cy", item->y);
      append_attribute (svg, "r", item->radius);
      break;
    case REFRACT_ITEM_ARC:
      append_stroke (svg, item);
      append_arc (svg, item);
      break;
    case REFRACT_ITEM_TEXT:
      append_attribute (svg, "x", item->x);
      append_attribute (svg, "y", item->y);
      append_text (svg, item);
      return;
    default:
      g_assert_not_reached ();
    }
  g_string_append (svg, "/>\n");
}

static void
append_point (GString *svg, const RefractScenePoint *point)
{
  g_string_append (svg, "<rect");
  append_attribute (svg, "x", point->x);
  append_attribute (svg, "y", point->y);
  append_attribute (svg, "width", point->width);
  append_attribute (svg, "height", point->height);
  g_string_append (svg, "><title>");
  append_escaped (svg, point->describe);
  g_string_append (svg, "</title></rect>\n");
}

static void
append_style (GString *svg)
{
  g_autofree char *light = refract_palette_to_css (refract_palette_get (FALSE, FALSE), "svg");
  g_autofree char *dark = refract_palette_to_css (refract_palette_get (TRUE, FALSE), "svg");

  g_string_append_printf (svg, "<style>\n%s@media (prefers-color-scheme:dark){\n%s}\n</style>\n",
                          light, dark);
}

char *
refract_scene_to_svg (const RefractScene *scene, const char *id)
{
  GString *svg = g_string_new ("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 ");
  const char *prefix = id != NULL ? id : "chart";

  append_number (svg, refract_scene_get_width (scene));
  g_string_append_c (svg, ' ');
  append_number (svg, refract_scene_get_height (scene));
  g_string_append_c (svg, '"');
  append_attribute (svg, "width", refract_scene_get_width (scene));
  append_attribute (svg, "height", refract_scene_get_height (scene));
  g_string_append_printf (
      svg,
      " fill=\"currentColor\" role=\"img\" aria-labelledby=\"%s-title %s-desc\" direction=\"ltr\""
      " font-family=\"Adwaita Sans, Cantarell, system-ui, sans-serif\">\n"
      "<title id=\"%s-title\">",
      prefix, prefix, prefix);
  append_escaped (svg, refract_scene_get_title (scene));
  g_string_append_printf (svg, "</title>\n<desc id=\"%s-desc\">", prefix);
  append_escaped (svg, refract_scene_get_description (scene));
  g_string_append (svg, "</desc>\n");
  if (id == NULL)
    {
      append_style (svg);
      g_string_append (svg, "<rect class=\"rf-background\" width=\"100%\" "
                            "height=\"100%\"/>\n");
    }
  for (guint i = 0; i < refract_scene_get_n_items (scene); i++)
    append_item (svg, refract_scene_get_item (scene, i));
  g_string_append (svg, "<g fill=\"none\" pointer-events=\"all\">\n");
  for (guint i = 0; i < refract_scene_get_n_points (scene); i++)
    append_point (svg, refract_scene_get_point (scene, i));
  g_string_append (svg, "</g>\n</svg>\n");
  return g_string_free (svg, FALSE);
}
