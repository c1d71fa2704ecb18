/* refract-chart-rniah.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "charts/refract-chart-private.h"
#include "core/refract-json.h"

#define MAX_SIDE 32

typedef struct
{
  double lengths[MAX_SIDE]; /* tokens, ascending */
  guint n_lengths;
  double positions[MAX_SIDE]; /* 0–1, ascending */
  guint n_positions;
  JsonObject *cells[MAX_SIDE][MAX_SIDE];
  int keys[MAX_SIDE][MAX_SIDE];
  guint n;
  guint worse;
  guint blind;
} Grid;

typedef enum
{
  CELL_EQUAL,
  CELL_WORSE,
  CELL_BLIND, /* the reference does not find it either */
  CELL_ABSENT,
} CellKind;

/* Keeps @values sorted and without doubles; a full array takes no more. */
static void
insert (double *values, guint *n, double value)
{
  guint at = 0;

  while (at < *n && values[at] < value)
    at++;
  if ((at < *n && values[at] == value) || *n == MAX_SIDE)
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

static CellKind
cell_kind (JsonObject *cell)
{
  if (cell == NULL)
    return CELL_ABSENT;
  if (!(refract_json_get_double (cell, "base_acc", 0) > 0))
    return CELL_BLIND;
  return refract_json_get_double (cell, "degradation", 0) > 0 ? CELL_WORSE : CELL_EQUAL;
}

static gboolean
read_grid (RefractReport *report, Grid *grid)
{
  JsonObject *axis = refract_report_get_axis (report, REFRACT_AXIS_RNIAH);
  JsonArray *cells = refract_json_get_array (axis, "cells");
  guint n = refract_chart_array_length (cells);
  double length, position;

  *grid = (Grid) { .n_lengths = 0 };
  for (guint i = 0; i < n; i++)
    if (read_place (refract_chart_array_object (cells, i), &length, &position))
      {
        insert (grid->lengths, &grid->n_lengths, length);
        insert (grid->positions, &grid->n_positions, position);
      }
  for (guint i = 0; i < n; i++)
    {
      JsonObject *cell = refract_chart_array_object (cells, i);
      int row, column;

      if (!read_place (cell, &length, &position))
        continue;
      row = find (grid->lengths, grid->n_lengths, length);
      column = find (grid->positions, grid->n_positions, position);
      if (row < 0 || column < 0 || grid->cells[row][column] != NULL)
        continue;
      grid->cells[row][column] = cell;
      grid->keys[row][column] = (int) i;
      grid->n++;
      grid->worse += cell_kind (cell) == CELL_WORSE;
      grid->blind += cell_kind (cell) == CELL_BLIND;
    }
  return grid->n > 0;
}

/* "2/3"; (transfer full) */
static char *
hits (JsonObject *cell, const char *hits_key, const char *share_key)
{
  double n = refract_json_get_double (cell, "n_trials", NAN);
  double found = refract_json_get_double (cell, hits_key, NAN);

  if (n > 0 && n < 1e6 && found >= 0 && found <= n)
    return g_strdup_printf ("%.0f/%.0f", found, n);
  return g_strdup_printf ("%.0f %%",
                          CLAMP (refract_json_get_double (cell, share_key, 0), 0, 1) * 100);
}

static char *
describe_cell (const Grid *grid, guint row, guint column)
{
  JsonObject *cell = grid->cells[row][column];
  g_autofree char *length = refract_chart_format_count (grid->lengths[row]);
  g_autofree char *candidate = NULL;
  g_autofree char *reference = NULL;
  double position = grid->positions[column] * 100;

  if (cell == NULL)
    return g_strdup_printf (_ ("%s tokens, needle at %.0f %%: did not run."), length, position);
  candidate = hits (cell, "cand_hits", "cand_acc");
  reference = hits (cell, "base_hits", "base_acc");
  switch (cell_kind (cell))
    {
    case CELL_BLIND:
      return g_strdup_printf (_ ("%s tokens, needle at %.0f %%: not applicable, the reference "
                                 "finds %s; candidate %s."),
                              length, position, reference, candidate);
    case CELL_WORSE:
      return g_strdup_printf (
          _ ("%s tokens, needle at %.0f %%: worse, candidate %s, reference %s."), length, position,
          candidate, reference);
    case CELL_EQUAL:
    case CELL_ABSENT:
    default:
      return g_strdup_printf (
          _ ("%s tokens, needle at %.0f %%: not worse, candidate %s, reference %s."), length,
          position, candidate, reference);
    }
}

/* Candidate and reference on one line, else on two, else not at all. */
static void
add_cell_text (RefractScene *scene,
               JsonObject *cell,
               double x,
               double y,
               double width,
               double height,
               double size)
{
  CellKind kind = cell_kind (cell);
  g_autofree char *candidate = NULL;
  g_autofree char *reference = NULL;
  g_autofree char *both = NULL;
  RefractTextStyle style = refract_chart_style (REFRACT_ROLE_FOREGROUND, size, kind == CELL_WORSE,
                                                REFRACT_ANCHOR_MIDDLE);
  double middle = x + width / 2, baseline = y + height / 2 + size * 0.36;

  if (kind == CELL_ABSENT || kind == CELL_BLIND)
    {
      const char *text = kind == CELL_ABSENT ? "–" : _ ("n/a");
      double room = refract_text_width (text, size, FALSE) + 6;

      if (room >= width)
        return;
      /* No hatch behind words. */
      if (kind == CELL_BLIND)
        refract_scene_add_rect (scene, REFRACT_ROLE_BACKGROUND, middle - room / 2,
                                baseline - REFRACT_TEXT_ASCENT (size) - 1, room, size * 1.05 + 2,
                                3);
      refract_scene_add_text (scene, &style, middle, baseline, text);
      return;
    }
  candidate = hits (cell, "cand_hits", "cand_acc");
  reference = hits (cell, "base_hits", "base_acc");
  both = g_strdup_printf ("%s · %s", candidate, reference);
  if (refract_text_width (both, size, style.bold) <= width - 8)
    refract_scene_add_text (scene, &style, middle, baseline, both);
  else if (MAX (refract_text_width (candidate, size, style.bold),
                refract_text_width (reference, size, style.bold))
           <= width - 8)
    {
      refract_scene_add_text (scene, &style, middle, baseline - size * 0.68, candidate);
      style.role = REFRACT_ROLE_FOREGROUND;
      style.bold = FALSE;
      refract_scene_add_text (scene, &style, middle, baseline + size * 0.68, reference);
    }
}

static void
add_cell (RefractScene *scene,
          JsonObject *cell,
          double x,
          double y,
          double width,
          double height,
          double size)
{
  switch (cell_kind (cell))
    {
    case CELL_EQUAL:
      refract_scene_add_rect (scene, REFRACT_ROLE_EQUAL, x, y, width, height, 4);
      break;
    case CELL_WORSE:
      {
        double side = MIN (MIN (width, height) * 0.2, 9), right = x + width - 5;
        double points[]
            = { right - side, y + 5, right, y + 5, right - side / 2, y + 5 + side * 0.8 };

        refract_scene_add_rect (
            scene, refract_role_for_heat (refract_json_get_double (cell, "degradation", 0)), x, y,
            width, height, 4);
        refract_scene_add_polygon (scene, REFRACT_ROLE_FOREGROUND, points, 3);
      }
      break;
    case CELL_BLIND:
      refract_scene_add_rect (scene, REFRACT_ROLE_TRACK, x, y, width, height, 0);
      refract_scene_add_hatch (scene, x, y, width, height, 7);
      break;
    case CELL_ABSENT:
    default:
      refract_scene_add_rect (scene, REFRACT_ROLE_TRACK, x, y, width, height, 4);
      break;
    }
  add_cell_text (scene, cell, x, y, width, height, size);
}

static double
add_legend (RefractScene *scene, const Grid *grid, double y, double text_scale)
{
  double x = MARGIN;

  refract_chart_add_key (scene, REFRACT_KEY_PATCH, REFRACT_ROLE_EQUAL, &x, &y, text_scale,
                         _ ("Not worse"));
  refract_chart_add_key (scene, REFRACT_KEY_PATCH, REFRACT_ROLE_HEAT_2, &x, &y, text_scale,
                         _ ("A little worse"));
  refract_chart_add_key (scene, REFRACT_KEY_PATCH, REFRACT_ROLE_HEAT_5, &x, &y, text_scale,
                         _ ("Much worse"));
  if (grid->blind > 0)
    refract_chart_add_key (scene, REFRACT_KEY_HATCH, REFRACT_ROLE_HATCH, &x, &y, text_scale,
                           _ ("n/a: the reference fails too"));
  return y + REFRACT_TEXT_LINE (CAPTION * text_scale);
}

static double
add_grid (RefractScene *scene, const Grid *grid, double y, double text_scale)
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

          add_cell (scene, grid->cells[i][j], x + 1.5, y + 1.5, cell_width - 3, cell_height - 3,
                    cell_height < body * 3 ? size : MIN (body, cell_height / 3));
          refract_scene_take_point (scene, x, y, cell_width, cell_height,
                                    grid->cells[i][j] != NULL ? grid->keys[i][j] : -1,
                                    describe_cell (grid, i, j));
        }
      y += cell_height;
    }
  return y;
}

RefractScene *
refract_chart_rniah_new (RefractReport *report, double width, double text_scale)
{
  g_autoptr (RefractScene) scene = refract_chart_begin (width, &text_scale);
  double size = CAPTION * text_scale, y;
  g_autofree Grid *grid = g_new (Grid, 1);
  RefractTextStyle style
      = refract_chart_style (REFRACT_ROLE_DIM, size, FALSE, REFRACT_ANCHOR_START);
  GString *description;

  if (!read_grid (report, grid))
    return NULL;
  width = refract_scene_get_width (scene);
  y = refract_scene_add_paragraph (
      scene, &style, MARGIN, MARGIN, width - 2 * MARGIN, 6,
      _ ("Found by candidate · reference. Rows: context length, tokens; columns: where the needle "
         "lies in the text."));
  y = add_grid (scene, grid, y + 6, text_scale);
  y = add_legend (scene, grid, y + 10, text_scale);
  refract_scene_set_height (scene, y + MARGIN);

  description = g_string_new (NULL);
  g_string_append_printf (description, _ ("Worse than the reference in %u of %u cells."),
                          grid->worse, grid->n);
  if (grid->blind > 0)
    g_string_append_printf (
        description, _ (" Not applicable in %u, where the reference fails too."), grid->blind);
  refract_scene_take_words (scene, g_strdup (_ ("Retrieval by length and position")),
                            g_string_free (description, FALSE));
  return g_steal_pointer (&scene);
}
