/* refract-scene.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "charts/refract-scene.h"
#include "core/refract-text.h"

struct _RefractScene
{
  double width;
  double height;
  char *title;
  char *description;
  GArray *items;
  GArray *points;
};

G_DEFINE_BOXED_TYPE (RefractScene, refract_scene, refract_scene_ref, refract_scene_unref)

const char *
refract_role_get_name (RefractRole role)
{
  static const char *const names[REFRACT_N_ROLES]
      = { "background",  "foreground", "dim",    "grid",     "track",  "accent",
          "accent-soft", "excellent",  "pass",   "degraded", "fail",   "equal",
          "heat-1",      "heat-2",     "heat-3", "heat-4",   "heat-5", "hatch" };

  g_return_val_if_fail (role < REFRACT_N_ROLES, names[REFRACT_ROLE_FOREGROUND]);
  return names[role];
}

RefractRole
refract_role_for_heat (double degree)
{
  if (!(degree > 0))
    return REFRACT_ROLE_HEAT_1;
  return REFRACT_ROLE_HEAT_1 + (guint) MIN (degree * 5, 4);
}

static void
clear_item (gpointer data)
{
  RefractSceneItem *item = data;

  g_free (item->points);
  g_free (item->text);
}

static void
clear_point (gpointer data)
{
  g_free (((RefractScenePoint *) data)->describe);
}

RefractScene *
refract_scene_new (double width)
{
  RefractScene *self = g_atomic_rc_box_new0 (RefractScene);

  self->width = width;
  self->items = g_array_new (FALSE, TRUE, sizeof (RefractSceneItem));
  g_array_set_clear_func (self->items, clear_item);
  self->points = g_array_new (FALSE, TRUE, sizeof (RefractScenePoint));
  g_array_set_clear_func (self->points, clear_point);
  return self;
}

RefractScene *
refract_scene_ref (RefractScene *self)
{
  return g_atomic_rc_box_acquire (self);
}

static void
clear_scene (gpointer data)
{
  RefractScene *self = data;

  g_free (self->title);
  g_free (self->description);
  g_array_unref (self->items);
  g_array_unref (self->points);
}

void
refract_scene_unref (RefractScene *self)
{
  g_atomic_rc_box_release_full (self, clear_scene);
}

double
refract_scene_get_width (const RefractScene *self)
{
  return self->width;
}

double
refract_scene_get_height (const RefractScene *self)
{
  return self->height;
}

void
refract_scene_set_height (RefractScene *self, double height)
{
  self->height = ceil (height);
}

const char *
refract_scene_get_title (const RefractScene *self)
{
  return self->title;
}

const char *
refract_scene_get_description (const RefractScene *self)
{
  return self->description;
}

void
refract_scene_take_words (RefractScene *self, char *title, char *description)
{
  g_free (self->title);
  self->title = title;
  g_free (self->description);
  self->description = description;
}

guint
refract_scene_get_n_items (const RefractScene *self)
{
  return self->items->len;
}

const RefractSceneItem *
refract_scene_get_item (const RefractScene *self, guint index)
{
  g_return_val_if_fail (index < self->items->len, NULL);
  return &g_array_index (self->items, RefractSceneItem, index);
}

guint
refract_scene_get_n_points (const RefractScene *self)
{
  return self->points->len;
}

const RefractScenePoint *
refract_scene_get_point (const RefractScene *self, guint index)
{
  g_return_val_if_fail (index < self->points->len, NULL);
  return &g_array_index (self->points, RefractScenePoint, index);
}

int
refract_scene_find_point (const RefractScene *self, double x, double y, double slack)
{
  double best = slack;
  int found = -1;

  for (guint i = 0; i < self->points->len; i++)
    {
      const RefractScenePoint *point = refract_scene_get_point (self, i);
      double dx = MAX (MAX (point->x - x, x - point->x - point->width), 0);
      double dy = MAX (MAX (point->y - y, y - point->y - point->height), 0);
      double distance = hypot (dx, dy);

      if (distance < best || (found < 0 && distance <= best))
        {
          best = distance;
          found = (int) i;
        }
    }
  return found;
}

static RefractSceneItem *
add_item (RefractScene *self, RefractItemKind kind, RefractRole role, double x, double y)
{
  RefractSceneItem item = { .kind = kind, .role = role, .x = x, .y = y };

  g_array_append_val (self->items, item);
  return &g_array_index (self->items, RefractSceneItem, self->items->len - 1);
}

void
refract_scene_add_rect (RefractScene *self,
                        RefractRole role,
                        double x,
                        double y,
                        double width,
                        double height,
                        double radius)
{
  RefractSceneItem *item = add_item (self, REFRACT_ITEM_RECT, role, x, y);

  item->width = MAX (width, 0);
  item->height = MAX (height, 0);
  item->radius = MIN (radius, MIN (item->width, item->height) / 2);
}

void
refract_scene_add_line (RefractScene *self,
                        RefractRole role,
                        double x,
                        double y,
                        double x2,
                        double y2,
                        double line_width)
{
  RefractSceneItem *item = add_item (self, REFRACT_ITEM_LINE, role, x, y);

  item->x2 = x2;
  item->y2 = y2;
  item->line_width = line_width;
}

void
refract_scene_add_polyline (RefractScene *self,
                            RefractRole role,
                            const double *points,
                            guint n_points,
                            double line_width,
                            gboolean dashed)
{
  RefractSceneItem *item = add_item (self, REFRACT_ITEM_POLYLINE, role, 0, 0);

  item->points = g_memdup2 (points, (gsize) n_points * 2 * sizeof (double));
  item->n_points = n_points;
  item->line_width = line_width;
  item->dashed = dashed;
}

void
refract_scene_add_polygon (RefractScene *self,
                           RefractRole role,
                           const double *points,
                           guint n_points)
{
  RefractSceneItem *item = add_item (self, REFRACT_ITEM_POLYGON, role, 0, 0);

  item->points = g_memdup2 (points, (gsize) n_points * 2 * sizeof (double));
  item->n_points = n_points;
}

void
refract_scene_add_circle (
    RefractScene *self, RefractRole role, double x, double y, double radius, double line_width)
{
  RefractSceneItem *item = add_item (self, REFRACT_ITEM_CIRCLE, role, x, y);

  item->radius = radius;
  item->line_width = line_width;
}

void
refract_scene_add_arc (RefractScene *self,
                       RefractRole role,
                       double x,
                       double y,
                       double radius,
                       double from,
                       double to,
                       double line_width)
{
  RefractSceneItem *item = add_item (self, REFRACT_ITEM_ARC, role, x, y);

  item->radius = radius;
  item->x2 = from;
  item->y2 = to;
  item->line_width = line_width;
}

void
refract_scene_add_hatch (
    RefractScene *self, double x, double y, double width, double height, double gap)
{
  /* Lines x + y = d, each from where it enters the rectangle to where it leaves it. */
  for (double d = gap; d < width + height; d += gap)
    {
      double from_x = MIN (d, width), to_y = MIN (d, height);

      refract_scene_add_line (self, REFRACT_ROLE_HATCH, x + from_x, y + d - from_x, x + d - to_y,
                              y + to_y, 1);
    }
}

void
refract_scene_move (RefractScene *self, guint n_items, double y)
{
  for (guint i = 0; i < n_items; i++)
    {
      RefractSceneItem *item = &g_array_index (self->items, RefractSceneItem, i);

      item->y += y;
      if (item->kind == REFRACT_ITEM_LINE)
        item->y2 += y;
      for (guint j = 0; j < item->n_points; j++)
        item->points[2 * j + 1] += y;
    }
  for (guint i = 0; i < self->points->len; i++)
    g_array_index (self->points, RefractScenePoint, i).y += y;
}

void
refract_scene_truncate (RefractScene *self, guint n_items)
{
  g_array_set_size (self->items, n_items);
}

void
refract_scene_take_point (
    RefractScene *self, double x, double y, double width, double height, int key, char *describe)
{
  RefractScenePoint point = { x, y, width, height, describe, key };

  g_array_append_val (self->points, point);
}

static RefractSceneItem *
add_text_item (
    RefractScene *self, const RefractTextStyle *style, double x, double y, const char *text)
{
  RefractSceneItem *item = add_item (self, REFRACT_ITEM_TEXT, style->role, x, y);

  item->text = refract_text_clean (text, G_MAXUINT);
  item->size = style->size;
  item->bold = style->bold;
  item->anchor = style->anchor;
  return item;
}

void
refract_scene_add_text (
    RefractScene *self, const RefractTextStyle *style, double x, double y, const char *text)
{
  add_text_item (self, style, x, y, text);
}

static gboolean
overlaps_text (const RefractScene *self, const RefractSceneItem *item, double gap)
{
  double x, y, width, height;

  refract_scene_item_get_extents (item, &x, &y, &width, &height);
  for (guint i = 0; i < self->items->len; i++)
    {
      const RefractSceneItem *other = refract_scene_get_item (self, i);
      double x2, y2, width2, height2;

      if (other->kind != REFRACT_ITEM_TEXT || other == item)
        continue;
      refract_scene_item_get_extents (other, &x2, &y2, &width2, &height2);
      if (x - gap < x2 + width2 && x2 < x + width + gap && y < y2 + height2 && y2 < y + height)
        return TRUE;
    }
  return FALSE;
}

gboolean
refract_scene_try_text (RefractScene *self,
                        const RefractTextStyle *style,
                        double x,
                        double y,
                        double gap,
                        const char *text)
{
  RefractSceneItem *item = add_text_item (self, style, x, y, text);
  double left, top, width, height;

  refract_scene_item_get_extents (item, &left, &top, &width, &height);
  if (left >= 0 && left + width <= self->width && top >= 0 && !overlaps_text (self, item, gap))
    return TRUE;
  g_array_set_size (self->items, self->items->len - 1);
  return FALSE;
}
