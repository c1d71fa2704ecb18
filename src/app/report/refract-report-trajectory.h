/* refract-report-trajectory.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-report.h"

G_BEGIN_DECLS

/* A report's section on Trajectory: where the answers part, prompt by prompt. */
#define REFRACT_TYPE_REPORT_TRAJECTORY (refract_report_trajectory_get_type ())
G_DECLARE_FINAL_TYPE (
    RefractReportTrajectory, refract_report_trajectory, REFRACT, REPORT_TRAJECTORY, AdwBin)

GtkWidget *refract_report_trajectory_new (RefractReport *report);

G_END_DECLS
