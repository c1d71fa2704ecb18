/* refract-html-private.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "charts/refract-chart.h"
#include "export/refract-table.h"
#include "report/refract-facts.h"
#include "report/refract-report.h"

G_BEGIN_DECLS

/* px: the width of a phone's column, and of one of a desk's three */
#define REFRACT_HTML_CHART_WIDTH 336

/* A page's body while it is written. @index: of the report, for ids that differ; @several: the
 * page has several reports; @wide: its tables scroll on a narrow screen instead of standing as
 * labelled values; @level: of the headings of its sections */
typedef struct
{
  GString *body;
  GString *nav;
  guint index;
  gboolean several;
  gboolean wide;
  guint level;
  guint n_charts;
  guint n_sections;
} RefractHtml;

/* `<TAG CLASS>text</TAG>`; nothing when @text is %NULL or empty. @class: (nullable) */
void
refract_html_add (RefractHtml *self, const char *tag, const char *class_name, const char *text);
G_GNUC_PRINTF (4, 5)
void refract_html_add_printf (
    RefractHtml *self, const char *tag, const char *class_name, const char *format, ...);
/* @texts: (element-type utf8): a paragraph for each */
void refract_html_add_texts (RefractHtml *self, const char *class_name, GPtrArray *texts);
/* A heading of the second level that the page's navigation leads to. */
void refract_html_add_section (RefractHtml *self, const char *title);
/* A heading of the level that holds here. */
void refract_html_add_heading (RefractHtml *self, const char *title);
/* The chart as a figure; @scene: (transfer full) (nullable) */
void refract_html_take_scene (RefractHtml *self, RefractScene *scene);
/* The same; nothing where the report has nothing for it. */
void refract_html_add_chart (RefractHtml *self, RefractReport *report, RefractChartFunc chart);
/* The table in a region that scrolls by itself; nothing when it is empty. @name: of the region */
void refract_html_add_table (RefractHtml *self, const RefractTable *table, const char *name);
/* What the report has of that group, as a card; nothing where it has nothing. @title: (nullable) */
void refract_html_add_facts (RefractHtml *self,
                             RefractReport *report,
                             RefractFactGroup group,
                             const char *title);

/**
 * refract_html_finish:
 * @id: (nullable): what the masthead calls the page by
 * @time: (nullable): of what is told
 *
 * Returns: (transfer full): the page: masthead with the sections, then the body
 */
char *refract_html_finish (RefractHtml *self, const char *title, const char *id, const char *time);

/* refract-html-axes.c: a section per axis that the report has */
void refract_html_add_axes (RefractHtml *self, RefractReport *report);
/* refract-html-details.c: model, hardware, engine, inputs, command, the report itself */
void refract_html_add_details (RefractHtml *self, GPtrArray *reports);

G_END_DECLS
