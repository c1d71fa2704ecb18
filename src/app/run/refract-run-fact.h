/* refract-run-fact.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

/* A figure over its caption. */
#define REFRACT_TYPE_RUN_FACT (refract_run_fact_get_type ())
G_DECLARE_FINAL_TYPE (RefractRunFact, refract_run_fact, REFRACT, RUN_FACT, GtkBox)

/* @text: (nullable): hides the whole */
void refract_run_fact_set_value (RefractRunFact *self, const char *text);

G_END_DECLS
