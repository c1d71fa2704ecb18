/* refract-chart-bars.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>
#include <math.h>
#include <string.h>

#include "charts/refract-chart-private.h"
#include "core/refract-json.h"
#include "report/refract-report-text.h"
#include "core/refract-text.h"

#define BAR_HEIGHT 12.0

static const double marks[] = { 0, 60, 80, 90, 100 };

void
refract_score_row_clear (RefractScoreRow *row)
{
  g_free (row->label);
  g_free (row->note);
}

char *
refract_score_row_describe (const RefractScoreRow *row)
{
  GString *text = g_string_new (row->label);

  if (row->group != NULL)
    {
      g_string_prepend (text, ", ");
      g_string_prepend (text, row->group);
    }
  if (!isnan (row->score))
    {
      g_autofree char *score = refract_format_score (row->score, 1);
      const char *band = refract_chart_band_label (refract_band_for_score (row->score));

      g_string_append_printf (text, _ (": %s of 100, %s"), score, band);
      if (!isnan (row->low))
        {
          g_autofree char *low = refract_format_score (row->low, 1);
          g_autofree char *high = refract_format_score (row->high, 1);

          g_string_append_printf (text, _ ("; 95 %% interval %s to %s"), low, high);
        }
    }
  if (row->note != NULL)
    g_string_append_printf (text, isnan (row->score) ? ": %s" : "; %s", row->note);
  if (!g_str_has_suffix (text->str, "."))
    g_string_append_c (text, '.');
  return g_string_free (text, FALSE);
}

/* Where a row's parts go: beside each other where there is room, else over each other. */
typedef struct
{
  gboolean beside;
  double left; /* of the bar */
  double right;
  double names; /* where the bands' names begin */
  double size;  /* of the values' text */
} Columns;

static Columns
measure (const RefractScoreRow *rows, guint n, double x, double width, double size)
{
  double labels = 0, names = 0, numbers = refract_text_width ("100.0", size, TRUE), values;
  Columns columns = { .left = x, .right = x + width, .size = size };

  for (guint i = 0; i < n; i++)
    {
      labels = MAX (labels, refract_text_width (rows[i].label, size, FALSE));
      if (!isnan (rows[i].score))
        names = MAX (names, refract_text_width (
                                refract_chart_band_label (refract_band_for_score (rows[i].score)),
                                size, FALSE));
    }
  values = names + numbers + size * 1.6;
  if (values > width)
    {
      columns.size *= width / values;
      names *= width / values;
    }
  columns.names = x + width - names;
  columns.beside = labels + values + size * 3 < width * 0.55;
  if (columns.beside)
    {
      columns.left = x + labels + size * 1.2;
      columns.right = x + width - values - size * 1.5;
    }
  return columns;
}

/* "71.7 ▲ Degraded" */
static void
add_value (RefractScene *scene, const RefractScoreRow *row, const Columns *columns, double baseline)
{
  RefractBand band = refract_band_for_score (row->score);
  double size = columns->size, left = columns->names;
  RefractTextStyle name
      = refract_chart_style (REFRACT_ROLE_FOREGROUND, size, FALSE, REFRACT_ANCHOR_START);
  RefractTextStyle number
      = refract_chart_style (REFRACT_ROLE_FOREGROUND, size, TRUE, REFRACT_ANCHOR_END);
  g_autofree char *score = refract_format_score (row->score, 1);

  refract_scene_add_text (scene, &name, left, baseline, refract_chart_band_label (band));
  refract_chart_add_band_mark (scene, band, left - size * 0.75, baseline - size * 0.36,
                               size * 0.72);
  refract_scene_add_text (scene, &number, left - size * 1.6, baseline, score);
}

static void
add_bar (RefractScene *scene,
         const RefractScoreRow *row,
         const Columns *columns,
         double y,
         double height)
{
  RefractScale scale = { 0, 100, columns->left, columns->right, FALSE };
  double middle = y + height / 2;

  refract_scene_add_rect (scene, REFRACT_ROLE_TRACK, columns->left, y,
                          columns->right - columns->left, height, height / 2);
  if (row->score > 0)
    refract_scene_add_rect (
        scene, refract_chart_band_role (refract_band_for_score (row->score)), columns->left, y,
        MAX (refract_scale_map (&scale, row->score) - columns->left, height), height, height / 2);
  for (guint i = 1; i < G_N_ELEMENTS (marks) - 1; i++)
    {
      double at = refract_scale_map (&scale, marks[i]);

      refract_scene_add_line (scene, REFRACT_ROLE_BACKGROUND, at, y, at, y + height, 2);
    }
  if (!isnan (row->low))
    {
      double low = refract_scale_map (&scale, row->low);
      double high = refract_scale_map (&scale, row->high);
      RefractRole roles[] = { REFRACT_ROLE_BACKGROUND, REFRACT_ROLE_FOREGROUND };

      /* In a halo, so that it shows on every bar. */
      for (guint i = 0; i < 2; i++)
        {
          double stroke = i == 0 ? 5 : 2, half = i == 0 ? 6.5 : 5, end = i == 0 ? 1.5 : 0;

          refract_scene_add_line (scene, roles[i], low - end, middle, high + end, middle, stroke);
          refract_scene_add_line (scene, roles[i], low, middle - half, low, middle + half, stroke);
          refract_scene_add_line (scene, roles[i], high, middle - half, high, middle + half,
                                  stroke);
        }
    }
}

/* Label and value over the bar; returns the bottom. */
static double
add_stacked (RefractScene *scene,
             const RefractScoreRow *row,
             const Columns *columns,
             double x,
             double y,
             double width,
             double text_scale)
{
  double size = BODY * text_scale, line = REFRACT_TEXT_LINE (size);
  double bar = BAR_HEIGHT * MIN (text_scale, 1.5);
  double number
      = columns->names - columns->size * 1.6 - refract_text_width ("100.0", columns->size, TRUE);
  RefractTextStyle label
      = refract_chart_style (REFRACT_ROLE_FOREGROUND, size, FALSE, REFRACT_ANCHOR_START);

  y = refract_scene_add_paragraph (scene, &label, x, y, width, 3, row->label);
  if (isnan (row->score))
    return y;
  if (x + refract_text_width (row->label, size, FALSE) + size * 0.7 < number)
    y -= line;
  add_value (scene, row, columns, y + REFRACT_TEXT_ASCENT (size));
  y += line;
  add_bar (scene, row, columns, y, bar);
  return y + bar + 4;
}

/* Label, bar and value in one line; returns the bottom. */
static double
add_line (RefractScene *scene,
          const RefractScoreRow *row,
          const Columns *columns,
          double x,
          double y,
          double text_scale)
{
  double size = BODY * text_scale, line = REFRACT_TEXT_LINE (size);
  double bar = BAR_HEIGHT * MIN (text_scale, 1.5), baseline = y + REFRACT_TEXT_ASCENT (size);
  RefractTextStyle label
      = refract_chart_style (REFRACT_ROLE_FOREGROUND, size, FALSE, REFRACT_ANCHOR_START);

  refract_scene_add_text (scene, &label, x, baseline, row->label);
  if (isnan (row->score))
    return y;
  add_value (scene, row, columns, baseline);
  add_bar (scene, row, columns, baseline - size * 0.36 - bar / 2, bar);
  return y + line;
}

static double
add_row (RefractScene *scene,
         const RefractScoreRow *row,
         const Columns *columns,
         double x,
         double y,
         double width,
         double text_scale)
{
  double top = y, line = REFRACT_TEXT_LINE (BODY * text_scale);
  RefractTextStyle small
      = refract_chart_style (REFRACT_ROLE_DIM, CAPTION * text_scale, FALSE, REFRACT_ANCHOR_START);

  y = columns->beside ? add_line (scene, row, columns, x, y, text_scale)
                      : add_stacked (scene, row, columns, x, y, width, text_scale);
  if (row->note != NULL)
    y = refract_scene_add_paragraph (scene, &small, columns->left, y + 2 * text_scale,
                                     x + width - columns->left, 6, row->note);
  y = MAX (y, top + line);
  refract_scene_take_point (scene, x, top, width, y - top, row->key,
                            refract_score_row_describe (row));
  return y;
}

double
refract_chart_add_score_rows (RefractScene *scene,
                              const RefractScoreRow *rows,
                              guint n,
                              double x,
                              double y,
                              double width,
                              double text_scale)
{
  Columns columns = measure (rows, n, x, width, BODY * text_scale);
  RefractScale scale = { 0, 100, columns.left, columns.right, FALSE };
  double size = CAPTION * text_scale;
  RefractTextStyle style
      = refract_chart_style (REFRACT_ROLE_DIM, size, FALSE, REFRACT_ANCHOR_MIDDLE);
  /* The outer ones first: of those that would touch, the inner one gives way. */
  static const guint order[] = { 0, 4, 1, 2, 3 };

  for (guint i = 0; i < n; i++)
    y = add_row (scene, &rows[i], &columns, x, y, width, text_scale) + 10 * text_scale;
  for (guint i = 0; i < G_N_ELEMENTS (order); i++)
    {
      double mark = marks[order[i]];
      g_autofree char *label = g_strdup_printf ("%.0f", mark);

      style.anchor = mark == 0     ? REFRACT_ANCHOR_START
                     : mark == 100 ? REFRACT_ANCHOR_END
                                   : REFRACT_ANCHOR_MIDDLE;
      refract_scene_try_text (scene, &style, refract_scale_map (&scale, mark),
                              y + REFRACT_TEXT_ASCENT (size), size * 0.3, label);
    }
  return y + REFRACT_TEXT_LINE (size);
}

/* What must stand beside the number; (transfer full) (nullable) */
static char *
axis_note (RefractReport *report, RefractAxisId axis, JsonObject *object, JsonObject *extension)
{
  g_autofree char *bound = axis == REFRACT_AXIS_KLD ? refract_report_dup_bound_text (report) : NULL;
  const char *confidence = refract_json_get_string (
      extension, "confidence", refract_json_get_string (object, "confidence", "ok"));
  JsonObject *interval = refract_json_get_object (extension, "interval");
  GString *note = g_string_new (NULL);

  if (g_str_equal (confidence, "low"))
    g_string_append (note, _ ("low confidence"));
  else if (g_str_equal (confidence, "partial"))
    g_string_append (note, _ ("partial: a perturbation never applies"));
  if (interval != NULL && refract_json_get_boolean (interval, "few_samples", FALSE))
    g_string_append_printf (note, "%s%s", note->len > 0 ? ", " : "", _ ("few samples"));
  if (axis == REFRACT_AXIS_KLD && refract_json_get_boolean (extension, "clipped", FALSE))
    g_string_append_printf (note, "%s%s", note->len > 0 ? ", " : "",
                            _ ("clipped: the divergence is an underestimate"));
  if (bound != NULL)
    {
      if (note->len > 0)
        g_string_append (note, ", ");
      g_string_append_printf (note, _ ("at best: %s"), bound);
    }
  return g_string_free (note, note->len == 0);
}

void
refract_chart_fill_axis_row (RefractScoreRow *row, RefractReport *report, RefractAxisId axis)
{
  JsonObject *object = refract_report_get_axis (report, axis);
  JsonObject *extension = refract_report_get_axis_extension (report, axis);

  *row = (RefractScoreRow) { .label = g_strdup (_ (refract_axis_id_get_title (axis))),
                             .score = refract_report_get_axis_score (report, axis),
                             .low = NAN,
                             .high = NAN,
                             .key = (int) axis };
  if (!isnan (row->score))
    {
      refract_chart_read_interval (extension, &row->low, &row->high);
      row->note = axis_note (report, axis, object, extension);
    }
  else
    {
      const char *reason = refract_json_get_string (extension, "skip_reason", NULL);
      g_autofree char *clean
          = refract_text_clean (reason != NULL ? reason : _ ("not in the plan"), 300);

      row->note = g_strdup_printf (_ ("Not measured: %s"), clean);
    }
}

void
refract_chart_fill_axis_rows (RefractReport *report, RefractScoreRow rows[REFRACT_N_AXES])
{
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    refract_chart_fill_axis_row (&rows[i], report, (RefractAxisId) i);
}

static RefractScene *
score_chart (const RefractScoreRow *rows, guint n, double width, double text_scale, char *title)
{
  g_autoptr (RefractScene) scene = refract_chart_begin (width, &text_scale);
  GString *description = g_string_new (NULL);

  for (guint i = 0; i < n; i++)
    {
      g_autofree char *sentence = refract_score_row_describe (&rows[i]);

      g_string_append_printf (description, "%s%s", i > 0 ? " " : "", sentence);
    }
  refract_scene_set_height (
      scene, refract_chart_add_score_rows (scene, rows, n, MARGIN, MARGIN,
                                           refract_scene_get_width (scene) - 2 * MARGIN, text_scale)
                 + MARGIN);
  refract_scene_take_words (scene, title, g_string_free (description, FALSE));
  return g_steal_pointer (&scene);
}

RefractScene *
refract_chart_axes_new (RefractReport *report, double width, double text_scale)
{
  RefractScoreRow rows[REFRACT_N_AXES];
  RefractScene *scene;

  refract_chart_fill_axis_rows (report, rows);
  scene = score_chart (rows, REFRACT_N_AXES, width, text_scale, g_strdup (_ ("Score by axis")));
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    refract_score_row_clear (&rows[i]);
  return scene;
}

static void
clear_row (gpointer data)
{
  refract_score_row_clear (data);
}

static void
append_context (GArray *rows, double ctx, double score, double mean, JsonObject *extension, int key)
{
  g_autofree char *tokens = refract_chart_format_count (ctx);
  RefractScoreRow row = { .score = score >= 0 && score <= 100 ? score : NAN, .key = key };

  row.label = g_strdup_printf (_ ("%s tokens"), tokens);
  refract_chart_read_interval (extension, &row.low, &row.high);
  row.note = mean >= 0 && isfinite (mean)
                 ? g_strdup_printf (refract_json_get_boolean (extension, "lower_bound", FALSE)
                                        ? _ ("mean at least %.3g nats")
                                        : _ ("mean %.3g nats"),
                                    mean)
             : isnan (row.score) ? g_strdup (_ ("Not measured"))
                                 : NULL;
  g_array_append_val (rows, row);
}

RefractScene *
refract_chart_kld_contexts_new (RefractReport *report, double width, double text_scale)
{
  JsonObject *axis = refract_report_get_axis (report, REFRACT_AXIS_KLD);
  JsonObject *extension = refract_report_get_axis_extension (report, REFRACT_AXIS_KLD);
  JsonArray *ladder = refract_json_get_array (extension, "ladder");
  guint n = MIN (refract_chart_array_length (ladder), 32);
  g_autoptr (GArray) rows = g_array_new (FALSE, TRUE, sizeof (RefractScoreRow));

  if (n == 0 || axis == NULL)
    return NULL;
  g_array_set_clear_func (rows, clear_row);
  append_context (rows, refract_json_get_double (axis, "ctx", 0),
                  refract_report_get_axis_score (report, REFRACT_AXIS_KLD),
                  refract_json_get_double (axis, "mean_kld", NAN), extension, -1);
  for (guint i = 0; i < n; i++)
    {
      JsonObject *step = refract_chart_array_object (ladder, i);

      if (step != NULL)
        append_context (rows, refract_json_get_double (step, "ctx", 0),
                        refract_json_get_double (step, "score", NAN),
                        refract_json_get_double (step, "mean_kld", NAN), step, (int) i);
    }
  return score_chart ((RefractScoreRow *) (gpointer) rows->data, rows->len, width, text_scale,
                      g_strdup (_ ("KLD@D by context length")));
}

RefractScene *
refract_chart_plad_new (RefractReport *report, double width, double text_scale)
{
  static const struct
  {
    const char *name;
    const char *label;
  } kinds[] = { { "typo", N_ ("Typing errors") },
                { "case", N_ ("Upper and lower case") },
                { "punct", N_ ("Last punctuation mark") },
                { "paraphrase", N_ ("Another word for the same") } };
  JsonObject *axis = refract_report_get_axis (report, REFRACT_AXIS_PLAD);
  JsonObject *scores
      = axis != NULL ? refract_json_get_object (axis, "per_perturbation_score") : NULL;
  RefractScoreRow rows[G_N_ELEMENTS (kinds)];
  RefractScene *scene;

  if (scores == NULL)
    return NULL;
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      double score = refract_json_get_double (scores, kinds[i].name, NAN);

      rows[i] = (RefractScoreRow) { .label = g_strdup (_ (kinds[i].label)),
                                    .score = score >= 0 && score <= 100 ? score : NAN,
                                    .low = NAN,
                                    .high = NAN,
                                    .key = (int) i };
      if (isnan (rows[i].score))
        rows[i].note = g_strdup (_ ("Not measured: applies to no prompt"));
    }
  scene = score_chart (rows, G_N_ELEMENTS (kinds), width, text_scale,
                       g_strdup (_ ("PLAD score by change of the prompt")));
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    refract_score_row_clear (&rows[i]);
  return scene;
}
