/* refract-card.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <stdio.h>

#include "report/refract-report.h"

G_BEGIN_DECLS

/**
 * refract_card_print:
 * @reports: (element-type RefractReport): of one run, ranked, the control last
 * @colour: whether to use terminal colours
 * @width: columns
 *
 * The score card: per report the composite with band, interval and weakest axis, a bar per axis,
 * diagnosis with what to do, ship rule, speed and memory; for several the ranking with the
 * recommendation first.
 */
void refract_card_print (FILE *stream, GPtrArray *reports, gboolean colour, guint width);

G_END_DECLS
