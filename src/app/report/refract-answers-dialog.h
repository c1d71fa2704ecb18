/* refract-answers-dialog.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <adwaita.h>

G_BEGIN_DECLS

/**
 * RefractAnswersDialog:
 *
 * What reference and candidate answered, beside each other or, in a narrow window, below each
 * other. Texts are shown as they stand, and are cut where they are very long.
 */
#define REFRACT_TYPE_ANSWERS_DIALOG (refract_answers_dialog_get_type ())
G_DECLARE_FINAL_TYPE (
    RefractAnswersDialog, refract_answers_dialog, REFRACT, ANSWERS_DIALOG, AdwDialog)

/**
 * RefractAnswer:
 * @title: whose it is
 * @text: (nullable): %NULL says that the report has none
 * @note: (nullable): how it ended
 * @ids: (nullable) (element-type gint32): its tokens, shown on demand
 */
typedef struct
{
  const char *title;
  const char *text;
  const char *note;
  GArray *ids;
} RefractAnswer;

RefractAnswersDialog *refract_answers_dialog_new (const char *title);
/* A sentence of ours */
void refract_answers_dialog_add_sentence (RefractAnswersDialog *self, const char *sentence);
/* @text: (nullable): a prompt or such, under @title; nothing without a text */
void
refract_answers_dialog_add_text (RefractAnswersDialog *self, const char *title, const char *text);
/* @divergence: first token that differs, −1 when none is known. Where the two texts part, too, is
 * marked. */
void refract_answers_dialog_add_pair (RefractAnswersDialog *self,
                                      const RefractAnswer *reference,
                                      const RefractAnswer *candidate,
                                      gint64 divergence);

G_END_DECLS
