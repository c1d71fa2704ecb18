/* refract-translate.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/*
 * What the library stores and throws (findings, verdicts, notes, errors, checks) is English and
 * stays so: reports, journals and exports are the same in every locale. Whoever shows such a text
 * to a person translates it here.
 */

/**
 * refract_translate:
 * @text: (nullable): one or more sentences of the library, or anything else
 *
 * Puts every sentence that the translators know into the person's language. One that was printed
 * from a format is known by the format, and what was printed into it is kept, or translated as well
 * where it is a phrase of the library. Other text is returned as it is, so that translating twice
 * does no harm.
 *
 * Returns: (transfer full) (nullable): %NULL for %NULL
 */
char *refract_translate (const char *text);

/**
 * RefractEnglish:
 *
 * While one is in scope this thread's texts are English and its numbers have decimal points,
 * whatever the locale: for what is stored or leaves the machine.
 *
 *     g_auto (RefractEnglish) english = refract_english_begin ();
 */
typedef struct
{
  gpointer own;
  gpointer previous;
} RefractEnglish;

RefractEnglish refract_english_begin (void);
void refract_english_end (RefractEnglish *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (RefractEnglish, refract_english_end)

G_END_DECLS
