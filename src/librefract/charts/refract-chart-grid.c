/* refract-chart-grid.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "charts/refract-chart-grid.h"
#include "core/refract-json.h"

/* Keeps @values sorted and without doubles; a full array takes no more. */
static void
insert (double *values, guint *n, double value)
{
  guint at = 0;

  while (at < *n && values[at] < value)
    at++;
  if ((at < *n && values[at] == value) || *n == REFRACT_GRID_SIDE)
    return;
  for (guint i = *n; i > at; i--)
    values[i] = values[i - 1];
  values[at] = value;
  (*n)++;
}

static int
find (const double *values, guint n, double value)
{
  for (guint i = 0; i < n; i++)
    if (values[i] == value)
      return (int) i;
  return -1;
}

static gboolean
read_place (JsonObject *cell, double *length, double *position)
{
  *length = refract_json_get_double (cell, "length", NAN);
  *position = refract_json_get_double (cell, "position", NAN);
  return *length >= 0 && *length < 1e12 && *position >= 0 && *position <= 1;
}

RefractCellKind
refract_grid_cell_kind (JsonObject *cell)
{
  if (cell == NULL)
    return REFRACT_CELL_ABSENT;
  if (!(refract_json_get_double (cell, "base_acc", 0) > 0))
    return REFRACT_CELL_BLIND;
  return refract_json_get_double (cell, "degradation", 0) > 0 ? REFRACT_CELL_WORSE
                                                              : REFRACT_CELL_EQUAL;
}

static void
fill_layer (RefractGrid *grid, guint layer, JsonArray *cells)
{
  double length, position;

  for (guint i = 0; i < refract_chart_array_length (cells); i++)
    {
      JsonObject *cell = refract_chart_array_object (cells, i);
      int row, column;

      if (!read_place (cell, &length, &position))
        continue;
      row = find (grid->lengths, grid->n_lengths, length);
      column = find (grid->positions, grid->n_positions, position);
      if (row < 0 || column < 0 || grid->cells[layer][row][column] != NULL)
        continue;
      grid->cells[layer][row][column] = cell;
      if (layer == 0)
        grid->keys[row][column] = (int) i;
    }
}

RefractGrid *
refract_grid_new (RefractReport *const *reports, guint n)
{
  RefractGrid *grid = g_new0 (RefractGrid, 1);
  JsonArray *cells[REFRACT_GRID_LAYERS];
  double length, position;

  g_assert (n <= REFRACT_GRID_LAYERS);

  for (guint layer = 0; layer < n; layer++)
    {
      cells[layer] = refract_json_get_array (
          refract_report_get_axis (reports[layer], REFRACT_AXIS_RNIAH), "cells");
      for (guint i = 0; i < refract_chart_array_length (cells[layer]); i++)
        if (read_place (refract_chart_array_object (cells[layer], i), &length, &position))
          {
            insert (grid->lengths, &grid->n_lengths, length);
            insert (grid->positions, &grid->n_positions, position);
          }
    }
  for (guint row = 0; row < REFRACT_GRID_SIDE; row++)
    for (guint column = 0; column < REFRACT_GRID_SIDE; column++)
      grid->keys[row][column] = -1;
  for (guint layer = 0; layer < n; layer++)
    fill_layer (grid, layer, cells[layer]);
  return grid;
}

char *
refract_grid_cell_hits (JsonObject *cell, const char *hits_key, const char *share_key)
{
  double n = refract_json_get_double (cell, "n_trials", NAN);
  double found = refract_json_get_double (cell, hits_key, NAN);

  if (n > 0 && n < 1e6 && found >= 0 && found <= n)
    return g_strdup_printf ("%.0f/%.0f", found, n);
  return g_strdup_printf ("%.0f %%",
                          CLAMP (refract_json_get_double (cell, share_key, 0), 0, 1) * 100);
}

void
refract_grid_draw_ground (RefractScene *scene,
                          const RefractGridPlace *place,
                          RefractCellKind kind,
                          double degree)
{
  double x = place->x, y = place->y, width = place->width, height = place->height;

  switch (kind)
    {
    case REFRACT_CELL_EQUAL:
      refract_scene_add_rect (scene, REFRACT_ROLE_EQUAL, x, y, width, height, 4);
      break;
    case REFRACT_CELL_WORSE:
      {
        double side = MIN (MIN (width, height) * 0.2, 9), right = x + width - 5;
        double points[]
            = { right - side, y + 5, right, y + 5, right - side / 2, y + 5 + side * 0.8 };

        refract_scene_add_rect (scene, refract_role_for_heat (degree), x, y, width, height, 4);
        refract_scene_add_polygon (scene, REFRACT_ROLE_FOREGROUND, points, 3);
      }
      break;
    case REFRACT_CELL_BLIND:
      refract_scene_add_rect (scene, REFRACT_ROLE_TRACK, x, y, width, height, 0);
      refract_scene_add_hatch (scene, x, y, width, height, 7);
      break;
    case REFRACT_CELL_ABSENT:
    default:
      refract_scene_add_rect (scene, REFRACT_ROLE_TRACK, x, y, width, height, 4);
      break;
    }
}

void
refract_grid_draw_none (RefractScene *scene, const RefractGridPlace *place, RefractCellKind kind)
{
  const char *text = kind == REFRACT_CELL_ABSENT ? "–" : _ ("n/a");
  double size = place->size, room = refract_text_width (text, size, FALSE) + 6;
  double middle = place->x + place->width / 2;
  double baseline = place->y + place->height / 2 + size * 0.36;
  RefractTextStyle style
      = refract_chart_style (REFRACT_ROLE_FOREGROUND, size, FALSE, REFRACT_ANCHOR_MIDDLE);

  if (room >= place->width)
    return;
  /* No hatch behind words. */
  if (kind == REFRACT_CELL_BLIND)
    refract_scene_add_rect (scene, REFRACT_ROLE_BACKGROUND, middle - room / 2,
                            baseline - REFRACT_TEXT_ASCENT (size) - 1, room, size * 1.05 + 2, 3);
  refract_scene_add_text (scene, &style, middle, baseline, text);
}

double
refract_grid_draw (const RefractGrid *grid,
                   RefractScene *scene,
                   double y,
                   double text_scale,
                   RefractGridDrawFunc draw,
                   RefractGridDescribeFunc describe)
{
  double size = CAPTION * text_scale, body = BODY * text_scale, labels = 0;
  double width = refract_scene_get_width (scene), cell_width, cell_height, left;
  RefractTextStyle column
      = refract_chart_style (REFRACT_ROLE_DIM, size, FALSE, REFRACT_ANCHOR_MIDDLE);
  RefractTextStyle row = refract_chart_style (REFRACT_ROLE_DIM, size, FALSE, REFRACT_ANCHOR_END);

  for (guint i = 0; i < grid->n_lengths; i++)
    {
      g_autofree char *label = refract_chart_format_count (grid->lengths[i]);

      labels = MAX (labels, refract_text_width (label, size, FALSE));
    }
  left = MARGIN + MIN (labels, width / 3) + 8;
  cell_width = MIN ((width - MARGIN - left) / grid->n_positions, 180);
  cell_height = MAX (MIN (44, cell_width), body * 3);
  if (grid->n_lengths > 8)
    cell_height = MAX (size * 1.6, 24);
  for (guint i = 0; i < grid->n_positions; i++)
    {
      g_autofree char *label = g_strdup_printf ("%.0f %%", grid->positions[i] * 100);

      refract_scene_try_text (scene, &column, left + (i + 0.5) * cell_width,
                              y + REFRACT_TEXT_ASCENT (size), 2, label);
    }
  y += REFRACT_TEXT_LINE (size) + 2;
  for (guint i = 0; i < grid->n_lengths; i++)
    {
      g_autofree char *label = refract_chart_format_count (grid->lengths[i]);

      refract_scene_add_text_fit (scene, &row, left - 8, y + cell_height / 2 + size * 0.36,
                                  left - 8, label);
      for (guint j = 0; j < grid->n_positions; j++)
        {
          double x = left + j * cell_width;

          RefractGridPlace place = { x + 1.5, y + 1.5, cell_width - 3, cell_height - 3,
                                     cell_height < body * 3 ? size : MIN (body, cell_height / 3) };

          draw (scene, grid, i, j, &place);
          refract_scene_take_point (scene, x, y, cell_width, cell_height, grid->keys[i][j],
                                    describe (grid, i, j));
        }
      y += cell_height;
    }
  return y;
}
