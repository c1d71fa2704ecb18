/* refract-badge.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include "report/refract-report.h"

G_BEGIN_DECLS

/* "PASS 86.4 · K q8_0 / V q4_0 · wiki.test.raw · 512 · raw": verdict, KV types, corpus, context and
 * prompt mode; what a report does not say is left out. (transfer full) */
char *refract_badge_dup_text (RefractReport *report);
/* A badge as SVG; (transfer full) */
char *refract_badge_to_svg (RefractReport *report);
/* The same as a line of Markdown that has shields.io draw it; (transfer full) */
char *refract_badge_to_markdown (RefractReport *report);

G_END_DECLS
