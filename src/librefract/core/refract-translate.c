/* refract-translate.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <inttypes.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "core/refract-translate.h"

#define MAX_TEXT 2000   /* bytes; longer ones are no messages */
#define MAX_SENTENCES 4 /* of one format */
#define MAX_PARTS 12    /* of one format */
#define MAX_DEPTH 3     /* of phrases in phrases */
#define MIN_LETTERS 6   /* of a format, beside what is printed into it */
#define JOINT " and "   /* of the last two in a list */

/* The library's formats, from the translators' template. */
static const struct
{
  const char *text;
  const char *plural; /* (nullable) */
} formats[] = {
#include "refract-formats.inc"
};

typedef struct
{
  const char *start;
  gsize length;
} Part;

/* @format: at a “%”; moves it behind the conversion. Returns its letter, and the number before a
 * “$” or 0. */
static char
skip_conversion (const char **format, guint *position)
{
  const char *at = *format + 1;
  gsize digits = strspn (at, "0123456789");

  *position = 0;
  if (digits > 0 && at[digits] == '$')
    {
      *position = (guint) strtoul (at, NULL, 10);
      at += digits + 1;
    }
  at += strspn (at, "-+ #0123456789.*'hljzt");
  *format = *at != '\0' ? at + 1 : at;
  return *at;
}

/* Appends the plain text at @format up to the next conversion or the end, and moves there. */
static void
read_plain (const char **format, GString *plain)
{
  while (**format != '\0')
    {
      if (**format == '%' && (*format)[1] != '%')
        return;
      *format += **format == '%';
      g_string_append_c (plain, **format);
      (*format)++;
    }
}

static gboolean
is_printed_by (char letter, Part part)
{
  static const char *const number = "+-0123456789.,einfa";

  if (letter == 's')
    return TRUE;
  return part.length > 0 && strspn (part.start, number) >= part.length;
}

/* Where the next sentence ends, behind its point. */
static const char *
find_end (const char *text, const char *end)
{
  for (text++; text < end; text++)
    if (text[-1] == '.' && (*text == ' ' || *text == '\n'))
      return text;
  return end;
}

/* Whether @text of @length was printed from @format. @parts: (out): what was printed into it. Each
 * part goes to where the plain text behind it begins first, the last one to where it ends. */
static gboolean
match (const char *format, const char *text, gsize length, Part *parts, guint *n_parts)
{
  const char *end = text + length;
  g_autoptr (GString) plain = NULL;

  *n_parts = 0;
  if (*format != '%' && *format != *text)
    return FALSE;
  plain = g_string_new (NULL);
  read_plain (&format, plain);
  if (*format == '\0')
    g_strchomp (plain->str);
  if (!g_str_has_prefix (text, plain->str))
    return FALSE;
  text += strlen (plain->str);
  while (*format == '%')
    {
      guint position;
      char letter = skip_conversion (&format, &position);
      const char *next;

      if (*n_parts == MAX_PARTS || text > end)
        return FALSE;
      g_string_truncate (plain, 0);
      read_plain (&format, plain);
      if (*format == '\0')
        {
          gsize tail = strlen (g_strchomp (plain->str));

          next = (gsize) (end - text) >= tail ? end - tail : NULL;
          if (next != NULL && strncmp (next, plain->str, tail) != 0)
            return FALSE;
        }
      else
        next = plain->len > 0 ? g_strstr_len (text, end - text, plain->str) : NULL;
      if (next == NULL)
        return FALSE;
      parts[*n_parts] = (Part) { text, next - text };
      if (!is_printed_by (letter, parts[(*n_parts)++]))
        return FALSE;
      /* What is more than a sentence stands at the end only. */
      if (plain->str[0] != '\0' && find_end (text, next) != next)
        return FALSE;
      text = next + strlen (plain->str);
    }
  return text == end;
}

static char *translate (const char *text, gsize length, guint depth);

/* @format: in the person's language */
static char *
print (const char *format, const Part *parts, guint n_parts, guint depth)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint next = 0;

  for (read_plain (&format, text); *format == '%'; read_plain (&format, text))
    {
      g_autofree char *part = NULL;
      guint position;

      skip_conversion (&format, &position);
      if (position == 0)
        position = ++next;
      if (position > n_parts)
        return NULL;
      part = translate (parts[position - 1].start, parts[position - 1].length, depth + 1);
      if (part != NULL)
        g_string_append (text, part);
      else
        g_string_append_len (text, parts[position - 1].start, parts[position - 1].length);
    }
  return g_strchomp (g_string_free (g_steal_pointer (&text), FALSE));
}

static guint
count_letters (const char *format)
{
  guint n = 0, position;

  while (*format != '\0')
    if (*format == '%' && format[1] != '%')
      skip_conversion (&format, &position);
    else
      n += g_ascii_isalpha (*format++) != 0;
  return n;
}

/* The number that decides about the plural form: not 1, and where it is not in the text, any. */
static gulong
find_number (const Part *parts, guint n_parts)
{
  for (guint i = 0; i < n_parts; i++)
    if (strspn (parts[i].start, "0123456789") == parts[i].length)
      return strtoul (parts[i].start, NULL, 10);
  return 2;
}

/* Of several formats that fit, the one that says most itself. */
static char *
translate_format (const char *text, gsize length, guint depth)
{
  Part parts[MAX_PARTS], best_parts[MAX_PARTS];
  guint n_parts, n_best = 0, most = MIN_LETTERS - 1;
  const char *best = NULL;

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++)
    for (guint form = 0; form < 2; form++)
      {
        const char *format = form == 0 ? formats[i].text : formats[i].plural;
        guint n_letters;

        if (format == NULL || !match (format, text, length, parts, &n_parts))
          continue;
        n_letters = count_letters (format);
        if (n_letters <= most)
          continue;
        most = n_letters;
        n_best = n_parts;
        memcpy (best_parts, parts, sizeof parts);
        best = formats[i].plural == NULL
                   ? _ (formats[i].text)
                   : g_dngettext (GETTEXT_PACKAGE, formats[i].text, formats[i].plural,
                                  form == 0 ? 1 : find_number (parts, n_parts));
      }
  return best != NULL ? print (best, best_parts, n_best, depth) : NULL;
}

static char *
translate_item (const char *text, guint depth, gboolean *is_known)
{
  char *item = translate (text, strlen (text), depth + 1);

  *is_known |= item != NULL;
  return item != NULL ? item : g_strdup (text);
}

/* "a and b", "a, b and c", in a sentence. (nullable): none of them is a phrase of the library */
static char *
translate_list (const char *text, guint depth)
{
  const char *joint = depth > 0 ? g_strrstr (text, JOINT) : NULL;
  gboolean is_known = FALSE;
  g_autofree char *start = NULL;
  g_autofree char *last = NULL;
  g_auto (GStrv) items = NULL;
  g_autoptr (GString) list = NULL;

  if (joint == NULL)
    return NULL;
  list = g_string_new (NULL);
  start = g_strndup (text, joint - text);
  last = translate_item (joint + strlen (JOINT), depth, &is_known);
  items = g_strsplit (start, ", ", -1);
  for (guint i = 0; items[i] != NULL; i++)
    {
      g_autofree char *item = translate_item (items[i], depth, &is_known);

      g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", item);
    }
  /* Translators: the last two of a list */
  return is_known ? g_strdup_printf (_ ("%s and %s"), list->str, last) : NULL;
}

/* (nullable): one sentence or phrase as a whole */
static char *
translate_whole (const char *text, gsize length, guint depth)
{
  g_autofree char *copy = g_strndup (text, length);
  const char *known = length > 0 ? _ (copy) : copy;
  char *list;

  if (known != copy)
    return g_strdup (known);
  list = translate_list (copy, depth);
  return list != NULL ? list : translate_format (copy, length, depth);
}

/* What is known of the sentences from @text on, as many at a time as there is a text for. @rest:
 * (out): behind them; where nothing is known, behind the first one. */
static char *
translate_sentences (const char *text, const char *end, guint depth, const char **rest)
{
  const char *ends[MAX_SENTENCES];
  char *known = NULL;
  guint n = 0;

  for (const char *at = text; n < MAX_SENTENCES && at < end; n++)
    at = ends[n] = find_end (at, end);
  while (known == NULL && n-- > 0)
    {
      known = translate_whole (text, ends[n] - text, depth);
      *rest = ends[n];
    }
  return known;
}

/* Of a word in a sentence: what is not written small is somebody's name for something. */
static gboolean
is_name (const char *word, gsize length)
{
  for (gsize i = 0; i < length; i++)
    if (!g_ascii_islower (word[i]))
      return memchr (word, ' ', length) == NULL;
  return FALSE;
}

/* (nullable): nothing of it is known */
static char *
translate (const char *text, gsize length, guint depth)
{
  const char *end = text + length;
  gboolean is_known = FALSE;
  g_autoptr (GString) result = NULL;

  if (depth > MAX_DEPTH || (depth > 0 && is_name (text, length)))
    return NULL;
  result = g_string_new (NULL);
  while (text < end)
    {
      const char *rest = end;
      g_autofree char *known = translate_sentences (text, end, depth, &rest);

      if (known != NULL)
        g_string_append (result, known);
      else
        g_string_append_len (result, text, rest - text);
      is_known |= known != NULL;
      for (text = rest; text < end && (*text == ' ' || *text == '\n'); text++)
        g_string_append_c (result, *text);
    }
  return is_known ? g_string_free (g_steal_pointer (&result), FALSE) : NULL;
}

char *
refract_translate (const char *text)
{
  static const char probe[] = N_ ("Composite");
  char *known = NULL;

  if (text == NULL)
    return NULL;
  if (_ (probe) != probe && strlen (text) <= MAX_TEXT)
    known = translate (text, strlen (text), 0);
  return known != NULL ? known : g_strdup (text);
}

RefractEnglish
refract_english_begin (void)
{
  RefractEnglish self;

  /* GLib decides at the first one, once, whether it translates. */
  (void) _ ("Composite");
  self.own = newlocale (LC_MESSAGES_MASK | LC_NUMERIC_MASK | LC_TIME_MASK, "C",
                        duplocale (LC_GLOBAL_LOCALE));
  g_assert (self.own != NULL);
  self.previous = uselocale (self.own);
  return self;
}

void
refract_english_end (RefractEnglish *self)
{
  uselocale (self->previous);
  freelocale (self->own);
}
