/* refract-report-filter.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* What reports are shown; REFRACT_BANDS_UNSCORED are those without a composite. */
typedef enum
{
  REFRACT_BANDS_FAIL = 1 << 0, /* shifted by RefractBand */
  REFRACT_BANDS_DEGRADED = 1 << 1,
  REFRACT_BANDS_PASS = 1 << 2,
  REFRACT_BANDS_EXCELLENT = 1 << 3,
  REFRACT_BANDS_UNSCORED = 1 << 4,
  REFRACT_BANDS_ALL = 31,
} RefractBands;

#define REFRACT_TYPE_BANDS (refract_bands_get_type ())
GType refract_bands_get_type (void);

/**
 * RefractReportFilter:
 *
 * Which #RefractSummary are listed. Properties: `text` (words that all have to be in model,
 * configuration, note or engine), `bands` (#RefractBands), `model` and `engine` (%NULL: every one),
 * and, read-only, `narrowed` (something but the text leaves reports out).
 */
#define REFRACT_TYPE_REPORT_FILTER (refract_report_filter_get_type ())
G_DECLARE_FINAL_TYPE (RefractReportFilter, refract_report_filter, REFRACT, REPORT_FILTER, GtkFilter)

RefractReportFilter *refract_report_filter_new (void);
/* Back to everything. */
void refract_report_filter_clear (RefractReportFilter *self);

G_END_DECLS
