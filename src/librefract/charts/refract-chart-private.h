/* refract-chart-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "charts/refract-chart.h"
#include "charts/refract-plot.h"

G_BEGIN_DECLS

/* px at 100 % text */
#define CAPTION 12.0
#define BODY 14.0
#define MARGIN 12.0

/* More than this of anything cannot be told apart, and a hostile report has more. */
#define MAX_ELEMENTS 4096

/* A scene of at least the least width; *@text_scale within its range. */
RefractScene *refract_chart_begin (double width, double *text_scale);

RefractTextStyle
refract_chart_style (RefractRole role, double size, gboolean bold, RefractAnchor anchor);

RefractRole refract_chart_band_role (RefractBand band);
/* "Excellent", for people */
const char *refract_chart_band_label (RefractBand band);
/* The band's shape, centred: disc, square, triangle, cross. */
void refract_chart_add_band_mark (
    RefractScene *scene, RefractBand band, double x, double y, double size);

/* `extension.interval` or an axis' own; %FALSE when there is none that makes sense */
gboolean refract_chart_read_interval (JsonObject *owner, double *low, double *high);
/* ": 95 % interval 83.1 to 89.0" and the like are made of this; (transfer full) (nullable) */
char *refract_chart_interval_text (JsonObject *owner);
/* A count or token number with its thousands; (transfer full) */
char *refract_chart_format_count (double value);
/* "816 bytes", "1.2 KiB"; (transfer full) */
char *refract_chart_format_bytes (double bytes);
/* (transfer full): the label for people of a row of `ranking`, or of canonical text */
char *refract_chart_kv_label (const char *label, const char *text);
/* (nullable): the element when it is an object */
JsonObject *refract_chart_array_object (JsonArray *array, guint index);
guint refract_chart_array_length (JsonArray *array);

/**
 * RefractScoreRow:
 * @group: (nullable): what the rows around it have in common, for its sentence
 * @label: what is scored
 * @score: [0, 100]; NAN: @note says why there is none
 * @low: of the interval, NAN when there is none
 * @note: (nullable): small print under the bar
 *
 * One bar of a chart of scores.
 */
typedef struct
{
  const char *group;
  char *label;
  double score;
  double low;
  double high;
  char *note;
  int key;
} RefractScoreRow;

void refract_score_row_clear (RefractScoreRow *row);
/* "PLAD: 71.7 of 100, Degraded; 95 % interval 60.0 to 80.0; few samples." (transfer full) */
char *refract_score_row_describe (const RefractScoreRow *row);
/* Draws them under each other from @y, with the scale's marks below; returns the bottom. */
double refract_chart_add_score_rows (RefractScene *scene,
                                     const RefractScoreRow *rows,
                                     guint n,
                                     double x,
                                     double y,
                                     double width,
                                     double text_scale);
/* One axis of the report as a row; clear it. */
void refract_chart_fill_axis_row (RefractScoreRow *row, RefractReport *report, RefractAxisId axis);
/* The report's four axes as rows; clear each. */
void refract_chart_fill_axis_rows (RefractReport *report, RefractScoreRow rows[REFRACT_N_AXES]);

/* The gauge alone, into @width from @y on; returns the bottom. */
double refract_chart_add_gauge (RefractScene *scene,
                                RefractReport *report,
                                double x,
                                double y,
                                double width,
                                double max_radius,
                                double text_scale);

/**
 * RefractFrame:
 *
 * The field of a chart with two axes: captions above it, marks left of and below it.
 */
typedef struct
{
  RefractScene *scene;
  double text_scale;
  double left;
  double top;
  double right;
  double bottom;
  RefractScale x;
  RefractScale y;
} RefractFrame;

/* Lays the frame out; @y_labels: the widest marks that will stand at its left. */
void refract_frame_init (RefractFrame *frame,
                         RefractScene *scene,
                         double text_scale,
                         double top,
                         const char *y_caption,
                         const char *const *y_labels,
                         guint n_y_labels,
                         double height);
/* A line across with its mark at the left. */
void refract_frame_add_y_tick (RefractFrame *frame, double y, const char *label);
/* A mark below, left out where it would touch another. */
void refract_frame_add_x_tick (RefractFrame *frame, double x, const char *label);
/* The caption of x below the marks; sets the scene's height. */
void refract_frame_finish (RefractFrame *frame, const char *x_caption);

/* A legend's entry: a patch and a word, wrapped where the line is full. *@x, *@y: where the next
 * one goes; start with @x at the margin. */
typedef enum
{
  REFRACT_KEY_PATCH,
  REFRACT_KEY_LINE,
  REFRACT_KEY_DASHES,
  REFRACT_KEY_HATCH,
} RefractKeyKind;
void refract_chart_add_key (RefractScene *scene,
                            RefractKeyKind kind,
                            RefractRole role,
                            double *x,
                            double *y,
                            double text_scale,
                            const char *text);

G_END_DECLS
