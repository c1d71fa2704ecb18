/* refract-html.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "report/refract-report.h"

G_BEGIN_DECLS

/**
 * refract_html_from_reports:
 * @reports: (element-type RefractReport): one, or the candidates of one run, the best first
 *
 * The report as a page of its own: it loads nothing, runs no other script than its own, can be read
 * without any, and prints to A4. Whatever a model or a file said is escaped.
 *
 * Returns: (transfer full)
 */
char *refract_html_from_reports (GPtrArray *reports);

G_END_DECLS
