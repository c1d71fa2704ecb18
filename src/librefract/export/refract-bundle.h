/* refract-bundle.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "report/refract-report.h"

G_BEGIN_DECLS

/**
 * refract_bundle_write:
 * @reports: (element-type RefractReport): one, or the candidates of a run
 * @selftest: (nullable): refract_checks_to_json()
 * @repeatability: (nullable): refract_repeatability_to_json()
 *
 * A zip file to hand in to a leaderboard: the reports as JSON, as a page and as Markdown, and what
 * shows that the setup works and repeats itself. Written whole or not at all.
 */
gboolean refract_bundle_write (const char *path,
                               GPtrArray *reports,
                               JsonObject *selftest,
                               JsonObject *repeatability,
                               GError **error);

G_END_DECLS
