/* refract-scene.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

/* What a colour is for; the palette says which one it is. */
typedef enum
{
  REFRACT_ROLE_BACKGROUND,
  REFRACT_ROLE_FOREGROUND,
  REFRACT_ROLE_DIM,
  REFRACT_ROLE_GRID,
  REFRACT_ROLE_TRACK, /* the part of a bar that is not reached */
  REFRACT_ROLE_ACCENT,
  REFRACT_ROLE_ACCENT_SOFT,
  REFRACT_ROLE_EXCELLENT,
  REFRACT_ROLE_PASS,
  REFRACT_ROLE_DEGRADED,
  REFRACT_ROLE_FAIL,
  REFRACT_ROLE_EQUAL,  /* as good as the reference; readable under foreground text, as heat is */
  REFRACT_ROLE_HEAT_1, /* worse, in five even steps */
  REFRACT_ROLE_HEAT_2,
  REFRACT_ROLE_HEAT_3,
  REFRACT_ROLE_HEAT_4,
  REFRACT_ROLE_HEAT_5,
  REFRACT_ROLE_HATCH, /* the lines over what could not be judged */
} RefractRole;
#define REFRACT_N_ROLES 18

/* "accent-soft": the name in style sheets */
const char *refract_role_get_name (RefractRole role);
/* @degree: 0 (a little worse) to 1, clamped; NAN is 0 */
RefractRole refract_role_for_heat (double degree);

typedef enum
{
  REFRACT_ITEM_RECT,     /* filled: x, y, width, height, radius of the corners */
  REFRACT_ITEM_LINE,     /* x, y to x2, y2 */
  REFRACT_ITEM_POLYLINE, /* points, open */
  REFRACT_ITEM_POLYGON,  /* points, filled */
  REFRACT_ITEM_CIRCLE,   /* x, y, radius; filled when line_width is 0 */
  REFRACT_ITEM_ARC,      /* x, y, radius, from angle x2 to y2 */
  REFRACT_ITEM_TEXT,     /* x on the baseline y, by anchor */
} RefractItemKind;

typedef enum
{
  REFRACT_ANCHOR_START,
  REFRACT_ANCHOR_MIDDLE,
  REFRACT_ANCHOR_END,
} RefractAnchor;

/* Lengths in px, y downwards; angles in radians, clockwise from three o'clock. */
typedef struct
{
  RefractItemKind kind;
  RefractRole role;
  double x;
  double y;
  double x2;
  double y2;
  double width;
  double height;
  double radius;
  double line_width;
  gboolean dashed;
  double *points; /* x, y, x, y, … */
  guint n_points;
  char *text; /* plain: no markup, no control characters */
  double size;
  gboolean bold;
  RefractAnchor anchor;
} RefractSceneItem;

/* Something that can be pointed at. @describe: one sentence, the only text there is for tooltip,
 * announcement, table and title. @key: the index in the report's array that it comes from, −1 where
 * it comes from none. */
typedef struct
{
  double x;
  double y;
  double width;
  double height;
  char *describe;
  int key;
} RefractScenePoint;

/**
 * RefractScene:
 *
 * What a chart draws, without saying with what: items in drawing order, and the points that a
 * keyboard or pointer goes over, in reading order. Whoever makes it may change it; afterwards it is
 * immutable and may be shared between threads.
 */
typedef struct _RefractScene RefractScene;

#define REFRACT_TYPE_SCENE (refract_scene_get_type ())
GType refract_scene_get_type (void);

RefractScene *refract_scene_new (double width);
RefractScene *refract_scene_ref (RefractScene *self);
void refract_scene_unref (RefractScene *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractScene, refract_scene_unref)

/* px, both */
double refract_scene_get_width (const RefractScene *self);
double refract_scene_get_height (const RefractScene *self);
void refract_scene_set_height (RefractScene *self, double height);

/* What it is, and one or two sentences of what it shows */
const char *refract_scene_get_title (const RefractScene *self);
const char *refract_scene_get_description (const RefractScene *self);
void refract_scene_take_words (RefractScene *self, char *title, char *description);

guint refract_scene_get_n_items (const RefractScene *self);
const RefractSceneItem *refract_scene_get_item (const RefractScene *self, guint index);
guint refract_scene_get_n_points (const RefractScene *self);
const RefractScenePoint *refract_scene_get_point (const RefractScene *self, guint index);
/* The point under x, y, else the nearest within @slack px; −1 when there is none. */
int refract_scene_find_point (const RefractScene *self, double x, double y, double slack);

void refract_scene_add_rect (RefractScene *self,
                             RefractRole role,
                             double x,
                             double y,
                             double width,
                             double height,
                             double radius);
void refract_scene_add_line (RefractScene *self,
                             RefractRole role,
                             double x,
                             double y,
                             double x2,
                             double y2,
                             double line_width);
/* @points: x, y pairs, copied */
void refract_scene_add_polyline (RefractScene *self,
                                 RefractRole role,
                                 const double *points,
                                 guint n_points,
                                 double line_width,
                                 gboolean dashed);
void refract_scene_add_polygon (RefractScene *self,
                                RefractRole role,
                                const double *points,
                                guint n_points);
/* a disc, or a ring where @line_width is above 0 */
void refract_scene_add_circle (
    RefractScene *self, RefractRole role, double x, double y, double radius, double line_width);
void refract_scene_add_arc (RefractScene *self,
                            RefractRole role,
                            double x,
                            double y,
                            double radius,
                            double from,
                            double to,
                            double line_width);
/* Diagonal lines over a rectangle, clipped to it. */
void refract_scene_add_hatch (
    RefractScene *self, double x, double y, double width, double height, double gap);

/* How a text stands. @size: px. */
typedef struct
{
  RefractRole role;
  double size;
  gboolean bold;
  RefractAnchor anchor;
} RefractTextStyle;

/* @text is untrusted: control and formatting characters are dropped. */
void refract_scene_add_text (
    RefractScene *self, const RefractTextStyle *style, double x, double y, const char *text);
/* The same, with an ellipsis where it is wider than @max_width. */
void refract_scene_add_text_fit (RefractScene *self,
                                 const RefractTextStyle *style,
                                 double x,
                                 double y,
                                 double max_width,
                                 const char *text);
/* Only where it lies on the canvas and over no other text; @gap: px kept free at both sides. */
gboolean refract_scene_try_text (RefractScene *self,
                                 const RefractTextStyle *style,
                                 double x,
                                 double y,
                                 double gap,
                                 const char *text);
/* Wrapped at @max_width into at most @max_lines, from the top @y; returns the bottom. */
double refract_scene_add_paragraph (RefractScene *self,
                                    const RefractTextStyle *style,
                                    double x,
                                    double y,
                                    double max_width,
                                    guint max_lines,
                                    const char *text);
/* Moves the first @n_items and all points down. */
void refract_scene_move (RefractScene *self, guint n_items, double y);
/* Takes back what was drawn from @n_items on. */
void refract_scene_truncate (RefractScene *self, guint n_items);

void refract_scene_take_point (
    RefractScene *self, double x, double y, double width, double height, int key, char *describe);

/* Room for @text in a sans font, px; a little more than any of the usual ones takes. */
double refract_text_width (const char *text, double size, gboolean bold);
/* px: from the baseline to the top and to the bottom, and from line to line */
#define REFRACT_TEXT_ASCENT(size) ((size) * 0.8)
#define REFRACT_TEXT_DESCENT(size) ((size) * 0.25)
#define REFRACT_TEXT_LINE(size) ((size) * 1.35)
/* px: where @item, a text, stands */
void refract_scene_item_get_extents (
    const RefractSceneItem *item, double *x, double *y, double *width, double *height);

G_END_DECLS
