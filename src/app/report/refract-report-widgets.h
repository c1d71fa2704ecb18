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

/* (transfer full) (nullable): a report's sentence as it is shown: not too long, and translated */
char *refract_shown_text (const char *text);

/* A wrapped text, never markup. */
GtkWidget *refract_text_label_new (const char *text, const char *css_class);

/* What it shows is figures, which are read from left to right in every language: without a mark,
 * "31.5 [17.4, 49.5]" would be turned around where the text beside it goes from right to left. */
void refract_label_mark_figures (GtkLabel *label);

/* Breaks its lines without hyphens of its own: answers are read letter by letter. After whatever
 * else sets attributes. */
void refract_label_set_verbatim (GtkLabel *label);

/* Shows a command line, broken beside its options and not within them. */
void refract_label_set_command (GtkLabel *label, const char *command);

/* A row with @title above @subtitle, both plain. */
GtkWidget *refract_plain_row_new (const char *title, const char *subtitle);

/* Puts the report's facts into @group as rows; one that says so when it has none. */
void refract_report_fill_facts (AdwPreferencesGroup *group,
                                RefractReport *report,
                                RefractFactGroup facts);

/* Puts one line per sentence into @box, and hides it when there is none.
 * @sentences: (transfer full) (element-type utf8) */
void refract_report_take_sentences (GtkBox *box, GPtrArray *sentences);

/* Makes a part of a section. Returns: whether it is to be called again, for more of that part */
typedef gboolean (*RefractReportStep) (GtkWidget *section);

/**
 * refract_report_build:
 * @section: of the report's page; made and empty
 * @steps: (array zero-terminated=1) (transfer none): static
 *
 * Fills @section from the top: the first step at once, and another with each frame that is drawn of
 * it. To make and lay out a whole section takes longer than the window may stand still.
 */
void refract_report_build (GtkWidget *section, const RefractReportStep *steps);

/* Puts @text onto the clipboard and says so: "Copied" */
void refract_report_copy (GtkWidget *widget, const char *text, const char *message);

G_END_DECLS
