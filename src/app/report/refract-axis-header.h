/* refract-axis-header.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-report.h"

G_BEGIN_DECLS

/* The head of an axis' section: what it measures, its score, and all that has to be known beside
 * that number. */
#define REFRACT_TYPE_AXIS_HEADER (refract_axis_header_get_type ())
G_DECLARE_FINAL_TYPE (RefractAxisHeader, refract_axis_header, REFRACT, AXIS_HEADER, GtkBox)

/* Returns whether the axis was measured. */
gboolean
refract_axis_header_set_report (RefractAxisHeader *self, RefractReport *report, RefractAxisId axis);

G_END_DECLS
