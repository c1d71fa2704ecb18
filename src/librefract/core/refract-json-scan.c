/* refract-json-scan.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "core/refract-error.h"
#include "core/refract-json-scan.h"

#define MAX_ALIKE 4 /* keys of an object with the same hash in GLib's table */

/* A key of the object that is being read. */
typedef struct
{
  guint64 hash;
  guint parser_hash; /* as the parser's table hashes it */
} Key;

typedef struct
{
  const char *start;
  const char *at;
  const char *end;
  const char *copied; /* up to here the text is in @out */
  GString *out;       /* NULL until something is rewritten */
  guint n_values;
  guint n_containers;
  GString *key;
  const char *const *pruned; /* (nullable) */
  guint pruning;             /* depth inside what is pruned: nothing there is rewritten */
  const char *problem;
} Scan;

static gboolean scan_value (Scan *self, guint depth);

static gboolean
fail (Scan *self, const char *problem)
{
  self->problem = problem;
  return FALSE;
}

/* The bytes from @from up to where the scan is become @replacement. */
static void
rewrite (Scan *self, const char *from, const char *replacement)
{
  if (self->pruning > 0)
    return;
  if (self->out == NULL)
    self->out = g_string_sized_new (self->end - self->start + 64);
  g_string_append_len (self->out, self->copied, from - self->copied);
  g_string_append (self->out, replacement);
  self->copied = self->at;
}

#define ALL(byte) (G_GUINT64_CONSTANT (0x0101010101010101) * (byte))
#define HIGH_BITS ALL (0x80)

/* Eight bytes at once, where there are as many. */
static inline gboolean
peek_word (const Scan *self, guint64 *word)
{
  if (self->end - self->at < (gssize) sizeof *word)
    return FALSE;
  memcpy (word, self->at, sizeof *word);
  return TRUE;
}

/* Whether one of the bytes is below @limit (at most 0x80); never misses one, and is never wrong
 * where all are ASCII (Mycroft's trick). */
static inline gboolean
has_less (guint64 word, guint8 limit)
{
  return ((word - ALL (limit)) & ~word & HIGH_BITS) != 0;
}

static inline gboolean
has_byte (guint64 word, guint8 byte)
{
  return has_less (word ^ ALL (byte), 1);
}

static inline void
skip_space (Scan *self)
{
  guint64 word;

  while (self->at < self->end
         && (*self->at == ' ' || *self->at == '\n' || *self->at == '\r' || *self->at == '\t'))
    {
      self->at++;
      while (peek_word (self, &word) && word == ALL (' '))
        self->at += sizeof word;
    }
}

static gboolean
skip_word (Scan *self, const char *word)
{
  gsize length = strlen (word);

  if ((gsize) (self->end - self->at) < length || memcmp (self->at, word, length) != 0)
    return FALSE;
  self->at += length;
  return TRUE;
}

static int
scan_hex4 (Scan *self)
{
  int value = 0;

  if (self->end - self->at < 4)
    return -1;
  for (guint i = 0; i < 4; i++)
    {
      int digit = g_ascii_xdigit_value (self->at[i]);

      if (digit < 0)
        return -1;
      value = value * 16 + digit;
    }
  self->at += 4;
  return value;
}

static gboolean
scan_unicode_escape (Scan *self, GString *decoded)
{
  const char *from = self->at - 2;
  int first = scan_hex4 (self);
  gunichar character;

  if (first < 0)
    return fail (self, "an escape \\u without four hexadecimal digits");
  if (first == 0)
    return fail (self, "a zero character in a string");

  character = (gunichar) first;
  if (first >= 0xd800 && first <= 0xdfff)
    {
      const char *after = self->at;
      int second = first < 0xdc00 && skip_word (self, "\\u") ? scan_hex4 (self) : -1;

      if (second >= 0xdc00 && second <= 0xdfff)
        character = 0x10000 + (((gunichar) first - 0xd800) << 10) + ((gunichar) second - 0xdc00);
      else
        {
          self->at = after;
          character = 0xfffd;
          rewrite (self, from, "\\ufffd");
        }
    }
  if (decoded != NULL)
    g_string_append_unichar (decoded, character);
  return TRUE;
}

static gboolean
scan_escape (Scan *self, GString *decoded)
{
  static const char meanings[256] = {
    ['"'] = '"',  ['\\'] = '\\', ['/'] = '/',  ['b'] = '\b',
    ['f'] = '\f', ['n'] = '\n',  ['r'] = '\r', ['t'] = '\t',
  };
  char meaning;

  self->at++;
  if (self->at == self->end || *self->at == '\0')
    return fail (self, "a string that does not end");
  if (*self->at == 'u')
    {
      self->at++;
      return scan_unicode_escape (self, decoded);
    }
  meaning = meanings[(guchar) *self->at];
  if (meaning == '\0')
    return fail (self, "an escape that JSON does not have");
  if (decoded != NULL)
    g_string_append_c (decoded, meaning);
  self->at++;
  return TRUE;
}

/* Up to what ends the string or has to be looked at. */
static void
skip_plain (Scan *self)
{
  guint64 word;

  while (peek_word (self, &word) && !has_byte (word, '"') && !has_byte (word, '\\')
         && !has_less (word, 0x20))
    self->at += sizeof word;
  while (self->at < self->end && *self->at != '"' && *self->at != '\\'
         && (guchar) *self->at >= 0x20)
    self->at++;
}

/* @decoded: (nullable): gets the string's characters */
static gboolean
scan_string (Scan *self, GString *decoded)
{
  const char *from = self->at;

  self->at++;
  while (self->at < self->end && *self->at != '"')
    {
      const char *run = self->at;

      skip_plain (self);
      if (self->at - from > (gssize) REFRACT_JSON_MAX_STRING)
        return fail (self, "a string of more than 16 MiB");
      if (decoded != NULL)
        g_string_append_len (decoded, run, self->at - run);
      if (self->at < self->end && (guchar) *self->at < 0x20)
        return fail (self, "a control character in a string");
      if (self->at < self->end && *self->at == '\\' && !scan_escape (self, decoded))
        return FALSE;
    }
  if (self->at == self->end)
    return fail (self, "a string that does not end");
  self->at++;
  return TRUE;
}

static gboolean
skip_digits (Scan *self)
{
  const char *from = self->at;

  while (self->at < self->end && g_ascii_isdigit (*self->at))
    self->at++;
  return self->at > from;
}

static gboolean
scan_number (Scan *self)
{
  const char *from = self->at;
  gboolean is_whole = TRUE, has_exponent = FALSE;
  gsize length;
  char number[REFRACT_JSON_MAX_NUMBER + 3];

  if (*self->at == '-')
    self->at++;
  if (skip_word (self, "Infinity"))
    {
      rewrite (self, from, "null");
      return TRUE;
    }
  if (self->end - self->at >= 2 && self->at[0] == '0' && g_ascii_isdigit (self->at[1]))
    return fail (self, "a number that begins with 0");
  if (!skip_digits (self))
    return fail (self, "something that is no value");
  if (self->at < self->end && *self->at == '.')
    {
      is_whole = FALSE;
      self->at++;
      if (!skip_digits (self))
        return fail (self, "a number without digits after its point");
    }
  if (self->at < self->end && (*self->at == 'e' || *self->at == 'E'))
    {
      is_whole = FALSE;
      has_exponent = TRUE;
      self->at++;
      if (self->at < self->end && (*self->at == '+' || *self->at == '-'))
        self->at++;
      if (!skip_digits (self))
        return fail (self, "a number without digits in its exponent");
    }

  length = self->at - from;
  if (length > REFRACT_JSON_MAX_NUMBER)
    return fail (self, "a number of more than 64 characters");
  if (!has_exponent && length <= 18)
    return TRUE;
  memcpy (number, from, length);
  number[length] = '\0';
  /* 64 digits are no more than a double can hold. */
  if (has_exponent && !isfinite (g_ascii_strtod (number, NULL)))
    rewrite (self, from, "null");
  else if (is_whole && length > 18)
    {
      memcpy (number + length, ".0", 3);
      rewrite (self, from, number);
    }
  return TRUE;
}

/* FNV-1a. A collision refuses a file that somebody built to collide, nothing more. */
static guint64
hash_key (const GString *key)
{
  guint64 hash = G_GUINT64_CONSTANT (14695981039346656037);

  for (gsize i = 0; i < key->len; i++)
    hash = (hash ^ (guchar) key->str[i]) * G_GUINT64_CONSTANT (1099511628211);
  return hash;
}

/* Keys come one by one, at most 1024 of them: looking at all before is fast enough. */
static gboolean
take_key (Scan *self, Key *keys, guint n)
{
  guint n_alike = 0;

  keys[n] = (Key) { hash_key (self->key), g_str_hash (self->key->str) };
  for (guint i = 0; i < n; i++)
    {
      if (keys[i].hash == keys[n].hash)
        return fail (self, "an object with the same key twice");
      n_alike += keys[i].parser_hash == keys[n].parser_hash;
    }
  if (n_alike > MAX_ALIKE)
    return fail (self, "an object whose keys are built to slow a reader down");
  return TRUE;
}

static gboolean
scan_pruned (Scan *self, guint depth)
{
  const char *from = self->at;
  gboolean is_array = *from == '[';
  gboolean ok;

  self->pruning++;
  ok = scan_value (self, depth);
  self->pruning--;
  if (ok)
    rewrite (self, from, is_array ? "[]" : "{}");
  return ok;
}

static gboolean
scan_member (Scan *self, guint depth, Key *keys, guint n)
{
  skip_space (self);
  if (self->at == self->end || *self->at != '"')
    return fail (self, "an object's member without a key in quotation marks");
  /* what is pruned is no table of anybody's */
  if (n >= REFRACT_JSON_MAX_MEMBERS && self->pruning == 0)
    return fail (self, "an object of more than 1024 members");
  self->n_values++;
  g_string_truncate (self->key, 0);
  if (!scan_string (self, self->key))
    return FALSE;
  if (self->pruning == 0 && !take_key (self, keys, n))
    return FALSE;
  skip_space (self);
  if (self->at == self->end || *self->at != ':')
    return fail (self, "a key without a colon after it");
  self->at++;
  skip_space (self);
  if (self->pruned != NULL && self->at < self->end && (*self->at == '[' || *self->at == '{')
      && g_strv_contains (self->pruned, self->key->str))
    return scan_pruned (self, depth);
  return scan_value (self, depth);
}

/* An object (@keys given) or an array, the opening bracket not yet read. */
static gboolean
scan_members (Scan *self, guint depth, Key *keys, char closing)
{
  guint n = 0;

  self->at++;
  skip_space (self);
  if (self->at < self->end && *self->at == closing)
    {
      self->at++;
      return TRUE;
    }
  for (;;)
    {
      if (keys != NULL ? !scan_member (self, depth, keys, n) : !scan_value (self, depth))
        return FALSE;
      n++;
      skip_space (self);
      if (self->at == self->end)
        return fail (self, "an end of the text in the middle of an object or array");
      if (*self->at == closing)
        break;
      if (*self->at != ',')
        return fail (self, "two values without a comma between them");
      self->at++;
    }
  self->at++;
  return TRUE;
}

static gboolean
scan_object (Scan *self, guint depth)
{
  Key keys[REFRACT_JSON_MAX_MEMBERS];

  return scan_members (self, depth, keys, '}');
}

static gboolean
scan_value (Scan *self, guint depth)
{
  skip_space (self);
  if (self->at == self->end)
    return fail (self, "an end of the text where a value is expected");
  if (++self->n_values > REFRACT_JSON_MAX_VALUES)
    return fail (self, "more than 2 million keys and values");

  if (*self->at == '{' || *self->at == '[')
    {
      if (depth == REFRACT_JSON_MAX_DEPTH)
        return fail (self, "more than 64 levels of objects and arrays");
      if (++self->n_containers > REFRACT_JSON_MAX_CONTAINERS)
        return fail (self, "more than 200,000 objects and arrays");
      return *self->at == '{' ? scan_object (self, depth + 1)
                              : scan_members (self, depth + 1, NULL, ']');
    }
  if (*self->at == '"')
    return scan_string (self, NULL);
  if (*self->at == 'N')
    {
      const char *from = self->at;

      if (!skip_word (self, "NaN"))
        return fail (self, "something that is no value");
      rewrite (self, from, "null");
      return TRUE;
    }
  if (*self->at == '-' || *self->at == 'I' || g_ascii_isdigit (*self->at))
    return scan_number (self);
  if (skip_word (self, "null") || skip_word (self, "true") || skip_word (self, "false"))
    return TRUE;
  return fail (self, "something that is no value");
}

/* As g_utf8_validate_len (), where most is ASCII; zero bytes are found later. */
static gboolean
is_utf8 (Scan *self)
{
  guint64 word;

  while (self->at < self->end)
    {
      if (peek_word (self, &word) && (word & HIGH_BITS) == 0)
        self->at += sizeof word;
      else if ((guchar) *self->at < 0x80)
        self->at++;
      else if ((gint32) g_utf8_get_char_validated (self->at, self->end - self->at) >= 0)
        self->at = g_utf8_next_char (self->at);
      else
        return FALSE;
    }
  self->at = self->start;
  return TRUE;
}

static void
set_error (const Scan *self, GError **error)
{
  guint line = 1;

  for (const char *at = self->start; at < self->at; at++)
    line += *at == '\n';
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
               "The JSON text has %s (line %u, byte %zu).", self->problem, line,
               (gsize) (self->at - self->start));
}

gboolean
refract_json_scan (
    const char *text, gsize length, char **strict, gsize *strict_length, GError **error)
{
  return refract_json_scan_pruned (text, length, NULL, strict, strict_length, error);
}

/* Some systems write a redirected output in UTF-16. */
static gboolean
is_utf16 (const Scan *self)
{
  const char *text = self->start;

  return self->end - text >= 2
         && (memcmp (text, "\xff\xfe", 2) == 0 || memcmp (text, "\xfe\xff", 2) == 0
             || (text[0] == '\0') != (text[1] == '\0'));
}

/* A byte order mark, which some editors put before UTF-8. */
static void
skip_mark (Scan *self)
{
  if (self->end - self->at < 3 || memcmp (self->at, "\xef\xbb\xbf", 3) != 0)
    return;
  self->at += 3;
  rewrite (self, self->start, "");
}

/* The whole text. */
static gboolean
scan_text (Scan *self)
{
  if (self->end - self->start > REFRACT_JSON_MAX_BYTES)
    return fail (self, "more than 64 MiB");
  if (is_utf16 (self))
    return fail (self, "UTF-16 instead of UTF-8: save it as UTF-8");
  if (!is_utf8 (self))
    return fail (self, "bytes that are not UTF-8");
  skip_mark (self);
  skip_space (self);
  if (self->at == self->end)
    return fail (self, "nothing in it");
  if (!scan_value (self, 0))
    return FALSE;
  skip_space (self);
  return self->at == self->end || fail (self, "something after its end");
}

gboolean
refract_json_scan_pruned (const char *text,
                          gsize length,
                          const char *const *pruned,
                          char **strict,
                          gsize *strict_length,
                          GError **error)
{
  Scan scan = { .start = text, .at = text, .end = text + length, .copied = text, .pruned = pruned };
  gboolean ok;

  *strict = NULL;
  *strict_length = length;

  scan.key = g_string_new (NULL);
  ok = scan_text (&scan);
  if (ok && scan.out != NULL)
    {
      scan.at = scan.end;
      rewrite (&scan, scan.end, "");
      *strict_length = scan.out->len;
      *strict = g_string_free (g_steal_pointer (&scan.out), FALSE);
    }
  else if (!ok)
    set_error (&scan, error);
  if (scan.out != NULL)
    g_string_free (scan.out, TRUE);
  g_string_free (scan.key, TRUE);
  return ok;
}
