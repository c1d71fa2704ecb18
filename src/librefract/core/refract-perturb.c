/* refract-perturb.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "core/refract-perturb.h"
#include "core/refract-random.h"

/* never touched by typo and paraphrase */
static const char *const stop_words[] = {
  "a",    "an",   "the",  "is",    "are",   "was",  "were", "be",  "been", "being", "in",
  "on",   "at",   "to",   "of",    "for",   "with", "by",   "as",  "and",  "or",    "but",
  "not",  "no",   "do",   "does",  "did",   "i",    "you",  "he",  "she",  "it",    "we",
  "they", "this", "that", "these", "those", "have", "has",  "had", NULL,
};

static const struct
{
  const char *word;
  const char *synonym;
} synonyms[] = {
  { "big", "large" },    { "large", "big" },    { "small", "tiny" },      { "tiny", "small" },
  { "fast", "quick" },   { "quick", "fast" },   { "begin", "start" },     { "start", "begin" },
  { "happy", "glad" },   { "sad", "unhappy" },  { "smart", "clever" },    { "clever", "smart" },
  { "show", "display" }, { "display", "show" }, { "build", "construct" }, { "create", "make" },
  { "make", "create" },  { "find", "locate" },  { "locate", "find" },
};

/* A run of at least two ASCII letters, in bytes of the prompt. */
typedef struct
{
  gsize start;
  gsize length;
} Word;

static gboolean
next_word (const char *prompt, Word *word)
{
  gsize at = word->start + word->length;

  while (prompt[at] != '\0')
    {
      gsize start = at;

      while (g_ascii_isalpha (prompt[at]))
        at++;
      if (at - start >= 2)
        {
          *word = (Word) { start, at - start };
          return TRUE;
        }
      if (at == start)
        at++;
    }
  return FALSE;
}

static char *
lower_word (const char *prompt, const Word *word)
{
  return g_ascii_strdown (prompt + word->start, word->length);
}

static const char *
find_synonym (const char *prompt, const Word *word)
{
  g_autofree char *lower = lower_word (prompt, word);

  for (guint i = 0; i < G_N_ELEMENTS (synonyms); i++)
    if (strcmp (lower, synonyms[i].word) == 0)
      return synonyms[i].synonym;
  return NULL;
}

static gboolean
is_eligible (const char *prompt, const Word *word, RefractPerturbation perturbation)
{
  g_autofree char *lower = lower_word (prompt, word);

  if (g_strv_contains (stop_words, lower))
    return FALSE;
  if (perturbation == REFRACT_PERTURBATION_TYPO)
    return word->length >= 4;
  return word->length >= 3 && find_synonym (prompt, word) != NULL;
}

/* FALSE, and nothing drawn, where no word of @prompt is eligible */
static gboolean
choose_word (const char *prompt,
             RefractPerturbation perturbation,
             RefractRandom *random,
             Word *chosen)
{
  g_autoptr (GArray) eligible = g_array_new (FALSE, FALSE, sizeof (Word));
  Word word = { 0 };

  while (next_word (prompt, &word))
    if (is_eligible (prompt, &word, perturbation))
      g_array_append_val (eligible, word);
  if (eligible->len == 0)
    return FALSE;
  *chosen = g_array_index (eligible, Word, refract_random_below (random, eligible->len));
  return TRUE;
}

static char *
apply_typo (const char *prompt, RefractRandom *random)
{
  g_autofree char *text = NULL;
  Word word;
  char *at;
  char first;

  if (!choose_word (prompt, REFRACT_PERTURBATION_TYPO, random, &word))
    return NULL;
  text = g_strdup (prompt);
  at = text + word.start + refract_random_below (random, word.length - 1);
  if (at[0] == at[1])
    return NULL;
  first = at[0];
  at[0] = at[1];
  at[1] = first;
  return g_steal_pointer (&text);
}

static char *
apply_case (const char *prompt)
{
  g_autofree char *text = g_strdup (prompt);
  gboolean changed = FALSE;
  Word word = { 0 };

  while (next_word (prompt, &word))
    {
      changed |= g_ascii_isupper (prompt[word.start]);
      text[word.start] = g_ascii_tolower (prompt[word.start]);
    }
  return changed ? g_steal_pointer (&text) : NULL;
}

/* What Python's str.rstrip() removes, so that both implementations see the same last character. */
static gboolean
is_white_space (gunichar c)
{
  return g_unichar_isspace (c) || c == '\v' || c == 0x85 || (c >= 0x1c && c <= 0x1f);
}

static char *
apply_punct (const char *prompt)
{
  const char *end = prompt + strlen (prompt);

  while (end > prompt && is_white_space (g_utf8_get_char (g_utf8_prev_char (end))))
    end = g_utf8_prev_char (end);
  if (end > prompt && (end[-1] == '?' || end[-1] == '.'))
    return g_strdup_printf ("%.*s%s", (int) (end - prompt - 1), prompt, end);
  return g_strdup_printf ("%.*s?%s", (int) (end - prompt), prompt, end);
}

static char *
apply_paraphrase (const char *prompt, RefractRandom *random)
{
  g_autofree char *synonym = NULL;
  Word word;

  if (!choose_word (prompt, REFRACT_PERTURBATION_PARAPHRASE, random, &word))
    return NULL;
  synonym = g_strdup (find_synonym (prompt, &word));
  if (g_ascii_isupper (prompt[word.start]))
    synonym[0] = g_ascii_toupper (synonym[0]);
  return g_strdup_printf ("%.*s%s%s", (int) word.start, prompt, synonym,
                          prompt + word.start + word.length);
}

const char *
refract_perturbation_get_name (RefractPerturbation perturbation)
{
  static const char *const names[REFRACT_N_PERTURBATIONS] = {
    [REFRACT_PERTURBATION_TYPO] = "typo",
    [REFRACT_PERTURBATION_CASE] = "case",
    [REFRACT_PERTURBATION_PUNCT] = "punct",
    [REFRACT_PERTURBATION_PARAPHRASE] = "paraphrase",
  };

  g_return_val_if_fail (perturbation < REFRACT_N_PERTURBATIONS, NULL);

  return names[perturbation];
}

void
refract_perturb (const char *prompt, guint64 seed, char *out[REFRACT_N_PERTURBATIONS])
{
  g_autoptr (RefractRandom) random = refract_random_new (seed);

  g_return_if_fail (prompt != NULL);

  out[REFRACT_PERTURBATION_TYPO] = apply_typo (prompt, random);
  out[REFRACT_PERTURBATION_CASE] = apply_case (prompt);
  out[REFRACT_PERTURBATION_PUNCT] = apply_punct (prompt);
  out[REFRACT_PERTURBATION_PARAPHRASE] = apply_paraphrase (prompt, random);
}
