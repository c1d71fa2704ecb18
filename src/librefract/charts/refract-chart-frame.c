/* refract-chart-frame.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include "charts/refract-chart-private.h"

void
refract_frame_init (RefractFrame *frame,
                    RefractScene *scene,
                    double text_scale,
                    double top,
                    const char *y_caption,
                    const char *const *y_labels,
                    guint n_y_labels,
                    double height)
{
  double size = CAPTION * text_scale, labels = 0;
  double width = refract_scene_get_width (scene);
  RefractTextStyle caption
      = refract_chart_style (REFRACT_ROLE_DIM, size, FALSE, REFRACT_ANCHOR_START);

  for (guint i = 0; i < n_y_labels; i++)
    labels = MAX (labels, refract_text_width (y_labels[i], size, FALSE));
  top = refract_scene_add_paragraph (scene, &caption, MARGIN, top, width - 2 * MARGIN, 2,
                                     y_caption);
  *frame = (RefractFrame) {
    .scene = scene,
    .text_scale = text_scale,
    .left = MARGIN + MIN (labels, width / 3) + 8,
    .top = top + size,
    .right = width - MARGIN - 4,
    .bottom = top + size + height,
  };
  frame->x = (RefractScale) { 0, 1, frame->left, frame->right, FALSE };
  frame->y = (RefractScale) { 0, 1, frame->bottom, frame->top, FALSE };
}

void
refract_frame_add_y_tick (RefractFrame *frame, double y, const char *label)
{
  double size = CAPTION * frame->text_scale;
  RefractTextStyle style = refract_chart_style (REFRACT_ROLE_DIM, size, FALSE, REFRACT_ANCHOR_END);

  refract_scene_add_line (frame->scene, REFRACT_ROLE_GRID, frame->left, y, frame->right, y, 1);
  refract_scene_try_text (frame->scene, &style, frame->left - 8, y + size * 0.36, 0, label);
}

void
refract_frame_add_x_tick (RefractFrame *frame, double x, const char *label)
{
  double size = CAPTION * frame->text_scale, room = refract_text_width (label, size, FALSE) / 2;
  double width = refract_scene_get_width (frame->scene);
  RefractTextStyle style
      = refract_chart_style (REFRACT_ROLE_DIM, size, FALSE, REFRACT_ANCHOR_MIDDLE);

  refract_scene_add_line (frame->scene, REFRACT_ROLE_GRID, x, frame->bottom, x, frame->bottom + 4,
                          1);
  /* At the edges it stands a little inwards rather than nowhere. */
  if (x - room < 2)
    x = room + 2;
  if (x + room > width - 2)
    x = width - 2 - room;
  refract_scene_try_text (frame->scene, &style, x, frame->bottom + 7 + REFRACT_TEXT_ASCENT (size),
                          size * 0.5, label);
}

void
refract_frame_finish (RefractFrame *frame, const char *x_caption)
{
  double size = CAPTION * frame->text_scale;
  double width = refract_scene_get_width (frame->scene), y;
  RefractTextStyle style
      = refract_chart_style (REFRACT_ROLE_DIM, size, FALSE, REFRACT_ANCHOR_MIDDLE);

  y = refract_scene_add_paragraph (frame->scene, &style, width / 2,
                                   frame->bottom + 7 + REFRACT_TEXT_LINE (size) + 2,
                                   width - 2 * MARGIN, 3, x_caption);
  refract_scene_set_height (frame->scene, y + MARGIN);
}
