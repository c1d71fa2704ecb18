/* refract-chart-comparison.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>

#include "charts/refract-chart-comparison.h"
#include "charts/refract-chart-configs.h"
#include "charts/refract-chart-grid.h"
#include "core/refract-json.h"
#include "core/refract-text.h"

/* More bars than this are no picture any more. */
#define MAX_REPORTS 24

static void
fill_composite (RefractScoreRow *row, RefractReport *report)
{
  *row = (RefractScoreRow) { .score = refract_report_get_composite (report) };
  refract_chart_read_interval (refract_report_get_extension (report), &row->low, &row->high);
  if (isnan (row->score))
    row->note = g_strdup (_ ("Not measured"));
}

/* Composite, then axes. */
#define N_GROUPS (1 + REFRACT_N_AXES)

static const char *
group_title (guint group)
{
  return group == 0 ? _ ("Composite") : _ (refract_axis_id_get_title ((RefractAxisId) (group - 1)));
}

/* The bars of the composite (@group 0) or an axis; returns the bottom. */
static double
add_group (RefractScene *scene,
           const RefractComparison *comparison,
           guint group,
           double y,
           double text_scale)
{
  guint n = MIN (comparison->reports->len, MAX_REPORTS);
  g_autofree RefractScoreRow *rows = g_new0 (RefractScoreRow, n);
  RefractAxisId axis = (RefractAxisId) (group > 0 ? group - 1 : 0);
  double width = refract_scene_get_width (scene) - 2 * MARGIN;

  for (guint i = 0; i < n; i++)
    {
      RefractReport *report = comparison->reports->pdata[i];

      if (group == 0)
        fill_composite (&rows[i], report);
      else
        refract_chart_fill_axis_row (&rows[i], report, axis);
      g_free (rows[i].label);
      rows[i].label = refract_text_clean (comparison->names[i], 120);
      rows[i].group = group_title (group);
      rows[i].key = (int) i;
    }
  y = refract_chart_add_score_rows (scene, rows, n, MARGIN, y, width, text_scale);
  for (guint i = 0; i < n; i++)
    refract_score_row_clear (&rows[i]);
  return y;
}

/* What the bars say, one after the other. (transfer full) */
static char *
describe_points (RefractScene *scene, guint n)
{
  GString *description = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    g_string_append_printf (description, "%s%s", i > 0 ? " " : "",
                            refract_scene_get_point (scene, i)->describe);
  return g_string_free (description, FALSE);
}

RefractScene *
refract_chart_compare_scores_new (const RefractComparison *comparison,
                                  double width,
                                  double text_scale)
{
  g_autoptr (RefractScene) scene = refract_chart_begin (width, &text_scale);
  RefractTextStyle style = refract_chart_style (REFRACT_ROLE_FOREGROUND, BODY * text_scale, TRUE,
                                                REFRACT_ANCHOR_START);
  double y = MARGIN;

  for (guint group = 0; group < N_GROUPS; group++)
    {
      y = refract_scene_add_paragraph (scene, &style, MARGIN, y,
                                       refract_scene_get_width (scene) - 2 * MARGIN, 2,
                                       group_title (group))
          + 4 * text_scale;
      y = add_group (scene, comparison, group, y, text_scale) + 14 * text_scale;
    }
  refract_scene_set_height (scene, y);
  refract_scene_take_words (scene, g_strdup (_ ("Scores side by side")),
                            describe_points (scene, MIN (comparison->reports->len, MAX_REPORTS)));
  return g_steal_pointer (&scene);
}

RefractScene *
refract_chart_compare_group_new (const RefractComparison *comparison,
                                 guint group,
                                 double width,
                                 double text_scale)
{
  g_autoptr (RefractScene) scene = refract_chart_begin (width, &text_scale);
  guint n = MIN (comparison->reports->len, MAX_REPORTS), n_scored = 0;
  double y;

  g_return_val_if_fail (group < N_GROUPS, NULL);

  for (guint i = 0; i < n; i++)
    n_scored += group == 0
                || !isnan (refract_report_get_axis_score (comparison->reports->pdata[i],
                                                          (RefractAxisId) (group - 1)));
  if (n_scored == 0)
    return NULL;
  y = add_group (scene, comparison, group, MARGIN, text_scale);
  refract_scene_set_height (scene, y + MARGIN);
  refract_scene_take_words (scene, g_strdup (group_title (group)), describe_points (scene, n));
  return g_steal_pointer (&scene);
}

static RefractScene *
scatter_new (const RefractComparison *comparison,
             RefractScatterKind kind,
             double width,
             double text_scale)
{
  g_autoptr (GArray) configs = refract_chart_configs_new_for_comparison (comparison, kind);

  return refract_chart_scatter_draw (configs, kind, width, text_scale);
}

RefractScene *
refract_chart_compare_memory_new (const RefractComparison *comparison,
                                  double width,
                                  double text_scale)
{
  return scatter_new (comparison, REFRACT_SCATTER_MEMORY, width, text_scale);
}

RefractScene *
refract_chart_compare_speed_new (const RefractComparison *comparison,
                                 double width,
                                 double text_scale)
{
  return scatter_new (comparison, REFRACT_SCATTER_SPEED, width, text_scale);
}

/* --- R-NIAH ----------------------------------------------------------------------------------- */

/* How much less of what the reference finds is lost than in the first, −1 to 1; NAN where one of
 * them cannot be judged, as *@kind says then. */
static double
get_change (const RefractGrid *grid, guint row, guint column, RefractCellKind *kind)
{
  RefractCellKind first = refract_grid_cell_kind (grid->cells[0][row][column]);
  RefractCellKind second = refract_grid_cell_kind (grid->cells[1][row][column]);
  double change;

  if (first == REFRACT_CELL_ABSENT || second == REFRACT_CELL_ABSENT)
    *kind = REFRACT_CELL_ABSENT;
  else if (first == REFRACT_CELL_BLIND || second == REFRACT_CELL_BLIND)
    *kind = REFRACT_CELL_BLIND;
  else
    {
      change
          = CLAMP (refract_json_get_double (grid->cells[0][row][column], "degradation", 0), 0, 1)
            - CLAMP (refract_json_get_double (grid->cells[1][row][column], "degradation", 0), 0, 1);
      *kind = change < 0 ? REFRACT_CELL_WORSE : REFRACT_CELL_EQUAL;
      return change;
    }
  return NAN;
}

static char *
describe_change (const RefractGrid *grid, guint row, guint column)
{
  RefractCellKind kind;
  double change = get_change (grid, row, column, &kind);
  double position = grid->positions[column] * 100;
  g_autofree char *length = refract_chart_format_count (grid->lengths[row]);
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  const char *verdict = change > 0   ? _ ("better than the first")
                        : change < 0 ? _ ("worse than the first")
                                     : _ ("like the first");

  if (kind == REFRACT_CELL_ABSENT)
    return g_strdup_printf (_ ("%s tokens, needle at %.0f %%: not measured in both."), length,
                            position);
  if (kind == REFRACT_CELL_BLIND)
    return g_strdup_printf (
        _ ("%s tokens, needle at %.0f %%: not applicable, a reference fails too."), length,
        position);
  before = refract_grid_cell_hits (grid->cells[0][row][column], "cand_hits", "cand_acc");
  after = refract_grid_cell_hits (grid->cells[1][row][column], "cand_hits", "cand_acc");
  return g_strdup_printf (_ ("%s tokens, needle at %.0f %%: %s, %s against %s."), length, position,
                          verdict, after, before);
}

static void
draw_change (RefractScene *scene,
             const RefractGrid *grid,
             guint row,
             guint column,
             const RefractGridPlace *place)
{
  RefractCellKind kind;
  double change = get_change (grid, row, column, &kind), size = place->size;
  g_autofree char *text = NULL;
  RefractTextStyle style = refract_chart_style (
      REFRACT_ROLE_FOREGROUND, size, !isnan (change) && change != 0, REFRACT_ANCHOR_MIDDLE);

  refract_grid_draw_ground (scene, place, kind, -change);
  if (isnan (change))
    {
      refract_grid_draw_none (scene, place, kind);
      return;
    }
  if (change > 0)
    {
      double side = MIN (MIN (place->width, place->height) * 0.2, 9);
      double right = place->x + place->width - 5, top = place->y + 5;
      double points[]
          = { right - side, top + side * 0.8, right, top + side * 0.8, right - side / 2, top };

      refract_scene_add_polygon (scene, REFRACT_ROLE_FOREGROUND, points, 3);
    }
  text = change == 0 ? g_strdup ("=") : g_strdup_printf ("%+.0f %%", change * 100);
  if (refract_text_width (text, size, style.bold) <= place->width - 8)
    refract_scene_add_text (scene, &style, place->x + place->width / 2,
                            place->y + place->height / 2 + size * 0.36, text);
}

RefractScene *
refract_chart_compare_rniah_new (const RefractComparison *comparison,
                                 guint index,
                                 double width,
                                 double text_scale)
{
  g_autoptr (RefractScene) scene = refract_chart_begin (width, &text_scale);
  RefractReport *reports[] = { comparison->reports->pdata[0], comparison->reports->pdata[index] };
  g_autofree RefractGrid *grid = refract_grid_new (reports, G_N_ELEMENTS (reports));
  RefractTextStyle style
      = refract_chart_style (REFRACT_ROLE_DIM, CAPTION * text_scale, FALSE, REFRACT_ANCHOR_START);
  g_autofree char *first = refract_text_clean (comparison->names[0], 120);
  g_autofree char *name = refract_text_clean (comparison->names[index], 120);
  g_autofree char *lead = NULL;
  guint n = 0, n_better = 0, n_worse = 0;
  double y;

  for (guint i = 0; i < grid->n_lengths; i++)
    for (guint j = 0; j < grid->n_positions; j++)
      {
        RefractCellKind kind;
        double change = get_change (grid, i, j, &kind);

        n += !isnan (change);
        n_better += change > 0;
        n_worse += change < 0;
      }
  if (n == 0)
    return NULL;
  lead = g_strdup_printf (
      _ ("Share of the needles that %s finds more (▲) or less (▼) than %s. Rows: context length, "
         "tokens; columns: where the needle lies in the text."),
      name, first);
  y = refract_scene_add_paragraph (scene, &style, MARGIN, MARGIN,
                                   refract_scene_get_width (scene) - 2 * MARGIN, 12, lead);
  y = refract_grid_draw (grid, scene, y + 6, text_scale, draw_change, describe_change);
  refract_scene_set_height (scene, y + MARGIN);
  refract_scene_take_words (
      scene, g_strdup_printf (_ ("Retrieval: %s"), name),
      g_strdup_printf (_ ("Of %u cells, %u are better and %u worse than in %s."), n, n_better,
                       n_worse, first));
  return g_steal_pointer (&scene);
}
