/* refract-chart-rniah.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "charts/refract-chart-grid.h"
#include "core/refract-json.h"

static char *
describe_cell (const RefractGrid *grid, guint row, guint column)
{
  JsonObject *cell = grid->cells[0][row][column];
  g_autofree char *length = refract_chart_format_count (grid->lengths[row]);
  g_autofree char *candidate = NULL;
  g_autofree char *reference = NULL;
  double position = grid->positions[column] * 100;

  if (cell == NULL)
    return g_strdup_printf (_ ("%s tokens, needle at %.0f %%: did not run."), length, position);
  candidate = refract_grid_cell_hits (cell, "cand_hits", "cand_acc");
  reference = refract_grid_cell_hits (cell, "base_hits", "base_acc");
  switch (refract_grid_cell_kind (cell))
    {
    case REFRACT_CELL_BLIND:
      return g_strdup_printf (_ ("%s tokens, needle at %.0f %%: not applicable, the reference "
                                 "finds %s; candidate %s."),
                              length, position, reference, candidate);
    case REFRACT_CELL_WORSE:
      return g_strdup_printf (
          _ ("%s tokens, needle at %.0f %%: worse, candidate %s, reference %s."), length, position,
          candidate, reference);
    case REFRACT_CELL_EQUAL:
    case REFRACT_CELL_ABSENT:
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
               RefractCellKind kind,
               const RefractGridPlace *place)
{
  g_autofree char *candidate = refract_grid_cell_hits (cell, "cand_hits", "cand_acc");
  g_autofree char *reference = refract_grid_cell_hits (cell, "base_hits", "base_acc");
  g_autofree char *both = g_strdup_printf ("%s · %s", candidate, reference);
  double size = place->size, middle = place->x + place->width / 2;
  double baseline = place->y + place->height / 2 + size * 0.36;
  RefractTextStyle style = refract_chart_style (REFRACT_ROLE_FOREGROUND, size,
                                                kind == REFRACT_CELL_WORSE, REFRACT_ANCHOR_MIDDLE);

  if (refract_text_width (both, size, style.bold) <= place->width - 8)
    refract_scene_add_text (scene, &style, middle, baseline, both);
  else if (MAX (refract_text_width (candidate, size, style.bold),
                refract_text_width (reference, size, style.bold))
           <= place->width - 8)
    {
      refract_scene_add_text (scene, &style, middle, baseline - size * 0.68, candidate);
      style.bold = FALSE;
      refract_scene_add_text (scene, &style, middle, baseline + size * 0.68, reference);
    }
}

static void
draw_cell (RefractScene *scene,
           const RefractGrid *grid,
           guint row,
           guint column,
           const RefractGridPlace *place)
{
  JsonObject *cell = grid->cells[0][row][column];
  RefractCellKind kind = refract_grid_cell_kind (cell);

  refract_grid_draw_ground (scene, place, kind, refract_json_get_double (cell, "degradation", 0));
  if (kind == REFRACT_CELL_ABSENT || kind == REFRACT_CELL_BLIND)
    refract_grid_draw_none (scene, place, kind);
  else
    add_cell_text (scene, cell, kind, place);
}

static double
add_legend (RefractScene *scene, guint blind, double y, double text_scale)
{
  double x = MARGIN;

  refract_chart_add_key (scene, REFRACT_KEY_PATCH, REFRACT_ROLE_EQUAL, &x, &y, text_scale,
                         _ ("Not worse"));
  refract_chart_add_key (scene, REFRACT_KEY_PATCH, REFRACT_ROLE_HEAT_2, &x, &y, text_scale,
                         _ ("A little worse"));
  refract_chart_add_key (scene, REFRACT_KEY_PATCH, REFRACT_ROLE_HEAT_5, &x, &y, text_scale,
                         _ ("Much worse"));
  if (blind > 0)
    refract_chart_add_key (scene, REFRACT_KEY_HATCH, REFRACT_ROLE_HATCH, &x, &y, text_scale,
                           _ ("n/a: the reference fails too"));
  return y + REFRACT_TEXT_LINE (CAPTION * text_scale);
}

RefractScene *
refract_chart_rniah_new (RefractReport *report, double width, double text_scale)
{
  g_autoptr (RefractScene) scene = refract_chart_begin (width, &text_scale);
  double size = CAPTION * text_scale, y;
  g_autofree RefractGrid *grid = refract_grid_new (&report, 1);
  guint n[REFRACT_CELL_ABSENT + 1] = { 0 };
  RefractTextStyle style
      = refract_chart_style (REFRACT_ROLE_DIM, size, FALSE, REFRACT_ANCHOR_START);
  GString *description;

  if (grid->n_lengths == 0)
    return NULL;
  for (guint i = 0; i < grid->n_lengths; i++)
    for (guint j = 0; j < grid->n_positions; j++)
      n[refract_grid_cell_kind (grid->cells[0][i][j])]++;
  width = refract_scene_get_width (scene);
  y = refract_scene_add_paragraph (
      scene, &style, MARGIN, MARGIN, width - 2 * MARGIN, 6,
      _ ("Found by candidate · reference. Rows: context length, tokens; columns: where the needle "
         "lies in the text."));
  y = refract_grid_draw (grid, scene, y + 6, text_scale, draw_cell, describe_cell);
  y = add_legend (scene, n[REFRACT_CELL_BLIND], y + 10, text_scale);
  refract_scene_set_height (scene, y + MARGIN);

  description = g_string_new (NULL);
  g_string_append_printf (description, _ ("Worse than the reference in %u of %u cells."),
                          n[REFRACT_CELL_WORSE],
                          n[REFRACT_CELL_EQUAL] + n[REFRACT_CELL_WORSE] + n[REFRACT_CELL_BLIND]);
  if (n[REFRACT_CELL_BLIND] > 0)
    g_string_append_printf (description,
                            _ (" Not applicable in %u, where the reference fails too."),
                            n[REFRACT_CELL_BLIND]);
  refract_scene_take_words (scene, g_strdup (_ ("Retrieval by length and position")),
                            g_string_free (description, FALSE));
  return g_steal_pointer (&scene);
}
