/* refract-chart-grid.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "charts/refract-chart-private.h"

G_BEGIN_DECLS

#define REFRACT_GRID_SIDE 32
#define REFRACT_GRID_LAYERS 2

/**
 * RefractGrid:
 * @lengths: tokens, ascending
 * @positions: 0–1, ascending
 * @cells: of each report; %NULL where it has none
 * @keys: index in the first report's `axes.rniah.cells`, −1 where that has none
 *
 * The R-NIAH cells of one report, or of two in the same places.
 */
typedef struct
{
  double lengths[REFRACT_GRID_SIDE];
  guint n_lengths;
  double positions[REFRACT_GRID_SIDE];
  guint n_positions;
  JsonObject *cells[REFRACT_GRID_LAYERS][REFRACT_GRID_SIDE][REFRACT_GRID_SIDE];
  int keys[REFRACT_GRID_SIDE][REFRACT_GRID_SIDE];
} RefractGrid;

typedef enum
{
  REFRACT_CELL_EQUAL,
  REFRACT_CELL_WORSE,
  REFRACT_CELL_BLIND, /* the reference does not find it either */
  REFRACT_CELL_ABSENT,
} RefractCellKind;

/* (transfer full): of @n reports, at most %REFRACT_GRID_LAYERS */
RefractGrid *refract_grid_new (RefractReport *const *reports, guint n);
/* @cell: (nullable) */
RefractCellKind refract_grid_cell_kind (JsonObject *cell);
/* "2/3", or "67 %" where there are no counts; (transfer full) */
char *refract_grid_cell_hits (JsonObject *cell, const char *hits_key, const char *share_key);

/* px; @size: of the text in it */
typedef struct
{
  double x;
  double y;
  double width;
  double height;
  double size;
} RefractGridPlace;

typedef void (*RefractGridDrawFunc) (RefractScene *scene,
                                     const RefractGrid *grid,
                                     guint row,
                                     guint column,
                                     const RefractGridPlace *place);
/* (transfer full) */
typedef char *(*RefractGridDescribeFunc) (const RefractGrid *grid, guint row, guint column);

/* Draws the cells with their lengths and positions from @y on; returns the bottom. */
double refract_grid_draw (const RefractGrid *grid,
                          RefractScene *scene,
                          double y,
                          double text_scale,
                          RefractGridDrawFunc draw,
                          RefractGridDescribeFunc describe);

/* What lies under a cell's words. */
void refract_grid_draw_ground (RefractScene *scene,
                               const RefractGridPlace *place,
                               RefractCellKind kind,
                               double degree);
/* "–" or "n/a", for a cell without numbers. */
void
refract_grid_draw_none (RefractScene *scene, const RefractGridPlace *place, RefractCellKind kind);

G_END_DECLS
