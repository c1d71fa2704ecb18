/* refract-report-item.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/**
 * RefractReportItem:
 *
 * One row of a report's list: texts that are ready to be shown, and what it sorts by. Immutable
 * once it is in a list.
 */
#define REFRACT_TYPE_REPORT_ITEM (refract_report_item_get_type ())
G_DECLARE_FINAL_TYPE (RefractReportItem, refract_report_item, REFRACT, REPORT_ITEM, GObject)

struct _RefractReportItem
{
  GObject parent_instance;

  guint index; /* in the report's array */
  char *title;
  char *subtitle;
  char *value; /* at the end of the row, short */
  char *body;  /* a text of a model or corpus */
  guint body_start;
  guint body_end; /* bytes of @body that stand out; equal: none */
  char *group;    /* sorts by it, and is found by it */
  double number;  /* sorts by it; NAN last */
  gboolean is_dimmed;
  gboolean is_activatable;
};

/* @title: (transfer full); the rest is filled in by who makes it */
RefractReportItem *refract_report_item_new_take (guint index, char *title);
/* Whether its texts contain @needle, which is casefolded. */
gboolean refract_report_item_matches (RefractReportItem *self, const char *needle);

G_END_DECLS
