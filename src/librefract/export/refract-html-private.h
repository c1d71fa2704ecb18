/* refract-html-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "charts/refract-chart.h"
#include "report/refract-report.h"

G_BEGIN_DECLS

/* A page's body while it is written. @index: of the report, for ids that differ */
typedef struct
{
  GString *body;
  guint index;
  guint n_charts;
} RefractHtml;

/* `<TAG CLASS>text</TAG>`; nothing when @text is %NULL or empty. @class: (nullable) */
void
refract_html_add (RefractHtml *self, const char *tag, const char *class_name, const char *text);
G_GNUC_PRINTF (4, 5)
void refract_html_add_printf (
    RefractHtml *self, const char *tag, const char *class_name, const char *format, ...);
/* The chart as a figure; nothing where the report has nothing for it. */
void refract_html_add_chart (RefractHtml *self, RefractReport *report, RefractChartFunc chart);
/* `dt` and `dd`; nothing when @text is %NULL or empty */
void refract_html_add_fact (RefractHtml *self, const char *name, const char *text);
G_GNUC_PRINTF (3, 4)
void refract_html_add_fact_printf (RefractHtml *self, const char *name, const char *format, ...);

/* refract-html-axes.c: a section per axis that the report has */
void refract_html_add_axes (RefractHtml *self, RefractReport *report);
/* refract-html-details.c: model, hardware, engine, inputs, command, the report itself */
void refract_html_add_details (RefractHtml *self, GPtrArray *reports);

G_END_DECLS
