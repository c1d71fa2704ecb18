/* refract-needle-fit.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "axes/refract-needle-fit.h"
#include "axes/refract-needle.h"

/* What natural text has with most tokenizers: only the first guess depends on it. */
#define USUAL_BYTES_PER_TOKEN 4.0
/* Enough to close in on any length with a step to spare; after it, the best so far is taken. */
#define MAX_CALLS 12

/* Cuts of the haystack that are known to give too little (or just enough) and too much. */
typedef struct
{
  gssize low;
  gssize high;
} Bracket;

void
refract_needle_fit_init (RefractNeedleFit *self,
                         RefractSession *session,
                         const char *haystack,
                         const char *question)
{
  *self = (RefractNeedleFit) {
    .session = session,
    .haystack = haystack,
    .haystack_length = strlen (haystack),
    .question = question,
    .bytes_per_token = USUAL_BYTES_PER_TOKEN,
  };
}

static gsize
align_to_character (RefractNeedleFit *self, gsize n_bytes)
{
  while (n_bytes > 0 && n_bytes < self->haystack_length
         && ((guchar) self->haystack[n_bytes] & 0xC0) == 0x80)
    n_bytes--;

  return n_bytes;
}

static GArray *
tokenize (RefractNeedleFit *self,
          const char *needle,
          double position,
          gsize n_bytes,
          GCancellable *cancellable,
          GError **error)
{
  g_autofree char *system = refract_needle_insert (self->haystack, n_bytes, position, needle);
  GArray *ids
      = refract_session_tokenize_chat (self->session, system, self->question, cancellable, error);

  if (ids == NULL)
    return NULL;

  if (self->n_calls > 0 && ids->len != self->n_tokens && n_bytes != self->n_bytes)
    {
      double slope = ((double) n_bytes - (double) self->n_bytes)
                     / ((double) ids->len - (double) self->n_tokens);

      /* Close to the goal a step of a few bytes says nothing about the text. */
      if (slope > 0.25 && slope < 64.0 && ABS ((int) ids->len - (int) self->n_tokens) > 16)
        self->bytes_per_token = slope;
    }
  self->n_bytes = n_bytes;
  self->n_tokens = ids->len;
  self->n_calls++;

  return ids;
}

/* The next cut to try, strictly inside the bracket; −1 when no character is left in it. */
static gssize
next_cut (RefractNeedleFit *self, const Bracket *bracket, guint length)
{
  double guess = self->n_bytes + ((double) length - self->n_tokens) * self->bytes_per_token;
  gboolean enclosed = bracket->low >= 0 && bracket->high <= (gssize) self->haystack_length;
  gssize cut;

  if (bracket->high == 0)
    return -1;
  if (enclosed
      && (bracket->high - bracket->low < 16 || guess <= bracket->low || guess >= bracket->high))
    guess = (bracket->low + bracket->high) / 2;

  cut = align_to_character (self, CLAMP (guess, 0.0, (double) self->haystack_length));
  if (cut >= bracket->high)
    cut = align_to_character (self, bracket->high - 1);
  if (cut <= bracket->low)
    {
      if (bracket->low < 0 || bracket->low >= (gssize) self->haystack_length)
        return -1;
      cut = g_utf8_next_char (self->haystack + bracket->low) - self->haystack;
    }

  return cut < bracket->high ? cut : -1;
}

/* More text is not always more tokens (words merge, the needle moves): once the bracket is closed,
 * the cuts around it are tried, above and below by turns. −1 when there are none. */
static gssize
next_neighbour (RefractNeedleFit *self, Bracket *bracket, gboolean above)
{
  const char *high = self->haystack + bracket->high;
  const char *low = self->haystack + bracket->low;

  if (above && bracket->high < (gssize) self->haystack_length)
    return bracket->high = g_utf8_next_char (high) - self->haystack;
  if (bracket->low > 0)
    return bracket->low = g_utf8_prev_char (low) - self->haystack;

  return -1;
}

GArray *
refract_needle_fit_prompt (RefractNeedleFit *self,
                           const char *needle,
                           double position,
                           guint length,
                           char **reason,
                           GCancellable *cancellable,
                           GError **error)
{
  Bracket bracket = { .low = -1, .high = self->haystack_length + 1 };
  g_autoptr (GArray) best = NULL;
  gboolean closed = FALSE;

  *reason = NULL;

  for (guint call = 0; call < MAX_CALLS; call++)
    {
      g_autoptr (GArray) ids = NULL;
      gssize cut = closed ? -1 : next_cut (self, &bracket, length);

      /* The last call is for the shortest prompt there is, when all others were too long. */
      if (best == NULL && call == MAX_CALLS - 1)
        cut = 0;
      if (cut < 0 && (best == NULL || bracket.low == (gssize) self->haystack_length))
        break;
      if (cut < 0)
        {
          cut = next_neighbour (self, &bracket, call % 2 == 0);
          closed = TRUE;
        }
      if (cut < 0)
        break;

      ids = tokenize (self, needle, position, cut, cancellable, error);
      if (ids == NULL)
        return NULL;
      if (ids->len == length)
        return g_steal_pointer (&ids);
      if (!closed && ids->len > length)
        bracket.high = cut;
      else if (!closed)
        bracket.low = cut;
      if (ids->len < length && (best == NULL || ids->len > best->len))
        {
          g_clear_pointer (&best, g_array_unref);
          best = g_steal_pointer (&ids);
        }
    }

  if (best == NULL)
    *reason
        = g_strdup_printf (N_ ("%u tokens are too few for template, needle and question"), length);
  else if (!closed && bracket.low == (gssize) self->haystack_length)
    *reason = g_strdup_printf (N_ ("the whole haystack gives %u tokens only"), best->len);
  if (*reason != NULL)
    return NULL;

  return g_steal_pointer (&best);
}
