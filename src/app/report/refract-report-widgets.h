/* refract-report-widgets.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

#include "report/refract-facts.h"
#include "report/refract-report.h"

G_BEGIN_DECLS

/* Longer texts of a report are cut on screen: laying them out would block the window. */
#define REFRACT_SHOWN_CHARS 1500

/* A wrapped text, never markup. */
GtkWidget *refract_text_label_new (const char *text, const char *css_class);

/* A row with @title above @subtitle, both plain. */
GtkWidget *refract_plain_row_new (const char *title, const char *subtitle);

/* Puts the report's facts into @group as rows; one that says so when it has none. */
void refract_report_fill_facts (AdwPreferencesGroup *group,
                                RefractReport *report,
                                RefractFactGroup facts);

/* Puts one line per sentence into @box, and hides it when there is none.
 * @sentences: (transfer full) (element-type utf8) */
void refract_report_take_sentences (GtkBox *box, GPtrArray *sentences);

/* Puts @text onto the clipboard and says so: "Copied" */
void refract_report_copy (GtkWidget *widget, const char *text, const char *message);

G_END_DECLS
