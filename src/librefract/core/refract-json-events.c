/* refract-json-events.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <inttypes.h>
#include <string.h>

#include "core/refract-error.h"
#include "core/refract-json-events.h"
#include "core/refract-json-scan.h"

/* What may come next. */
typedef enum
{
  EXPECT_VALUE,
  EXPECT_VALUE_OR_END, /* after [ */
  EXPECT_NAME,         /* after a comma in an object */
  EXPECT_NAME_OR_END,  /* after { */
  EXPECT_COLON,
  EXPECT_COMMA_OR_END,
  EXPECT_NOTHING,
} Expect;

typedef enum
{
  IN_NOTHING,
  IN_STRING,
  IN_ESCAPE,
  IN_WORD, /* a number, or one of the bare words */
} Inside;

struct _RefractJsonEvents
{
  RefractJsonEventFunc func;
  gpointer user_data;
  Expect expect;
  Inside inside;
  guint depth;
  guint64 n_bytes;
  char stack[REFRACT_JSON_MAX_DEPTH]; /* '[' or '{' */
  gsize length;
  char text[REFRACT_JSON_EVENT_TEXT + 1];
};

RefractJsonEvents *
refract_json_events_new (RefractJsonEventFunc func, gpointer user_data)
{
  RefractJsonEvents *self = g_new0 (RefractJsonEvents, 1);

  self->func = func;
  self->user_data = user_data;
  return self;
}

void
refract_json_events_free (RefractJsonEvents *self)
{
  g_free (self);
}

static gboolean
fail (RefractJsonEvents *self, const char *problem, GError **error)
{
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT, "not JSON: %s at byte %" PRIu64, problem,
               self->n_bytes);
  return FALSE;
}

static gboolean
emit (RefractJsonEvents *self, RefractJsonEvent event, double number, GError **error)
{
  gboolean has_text = event == REFRACT_JSON_NAME || event == REFRACT_JSON_STRING;

  return self->func (event, has_text ? self->text : "", number, self->user_data, error);
}

static void
end_value (RefractJsonEvents *self)
{
  self->expect = self->depth > 0 ? EXPECT_COMMA_OR_END : EXPECT_NOTHING;
}

static gboolean
open_container (RefractJsonEvents *self, char c, GError **error)
{
  if (self->depth == REFRACT_JSON_MAX_DEPTH)
    return fail (self, "nested too deeply", error);
  self->stack[self->depth++] = c;
  self->expect = c == '[' ? EXPECT_VALUE_OR_END : EXPECT_NAME_OR_END;
  return emit (self, c == '[' ? REFRACT_JSON_START_ARRAY : REFRACT_JSON_START_OBJECT, 0, error);
}

static gboolean
close_container (RefractJsonEvents *self, char c, GError **error)
{
  gboolean is_array = c == ']';
  gboolean allowed = self->expect == EXPECT_COMMA_OR_END
                     || self->expect == (is_array ? EXPECT_VALUE_OR_END : EXPECT_NAME_OR_END);

  if (!allowed || self->depth == 0 || self->stack[self->depth - 1] != (is_array ? '[' : '{'))
    return fail (self, "a bracket that closes nothing", error);
  self->depth--;
  end_value (self);
  return emit (self, is_array ? REFRACT_JSON_END_ARRAY : REFRACT_JSON_END_OBJECT, 0, error);
}

/* The closing quote of a string: of a member's name or of a value. */
static gboolean
end_string (RefractJsonEvents *self, GError **error)
{
  gboolean is_name = self->expect == EXPECT_NAME || self->expect == EXPECT_NAME_OR_END;

  self->text[self->length] = '\0';
  self->inside = IN_NOTHING;
  if (is_name)
    self->expect = EXPECT_COLON;
  else
    end_value (self);
  return emit (self, is_name ? REFRACT_JSON_NAME : REFRACT_JSON_STRING, 0, error);
}

static gboolean
end_word (RefractJsonEvents *self, GError **error)
{
  static const struct
  {
    const char *word;
    RefractJsonEvent event;
  } words[] = {
    { "null", REFRACT_JSON_NULL },
    { "true", REFRACT_JSON_TRUE },
    { "false", REFRACT_JSON_FALSE },
  };
  char *end;
  double number;
  guint i;

  self->text[self->length] = '\0';
  self->inside = IN_NOTHING;
  end_value (self);
  for (i = 0; i < G_N_ELEMENTS (words); i++)
    if (strcmp (self->text, words[i].word) == 0)
      return emit (self, words[i].event, 0, error);
  number = g_ascii_strtod (self->text, &end);
  if (end == self->text || *end != '\0')
    return fail (self, "neither a number nor null, true or false", error);
  return emit (self, REFRACT_JSON_NUMBER, number, error);
}

static gboolean
may_begin_value (RefractJsonEvents *self)
{
  return self->expect == EXPECT_VALUE || self->expect == EXPECT_VALUE_OR_END;
}

/* One character outside of strings and words. */
static gboolean
take_mark (RefractJsonEvents *self, char c, GError **error)
{
  switch (c)
    {
    case ' ':
    case '\t':
    case '\r':
    case '\n':
      return TRUE;
    case '[':
    case '{':
      return may_begin_value (self) ? open_container (self, c, error)
                                    : fail (self, "a bracket out of place", error);
    case ']':
    case '}':
      return close_container (self, c, error);
    case ':':
      if (self->expect != EXPECT_COLON)
        return fail (self, "a colon out of place", error);
      self->expect = EXPECT_VALUE;
      return TRUE;
    case ',':
      if (self->expect != EXPECT_COMMA_OR_END)
        return fail (self, "a comma out of place", error);
      self->expect = self->stack[self->depth - 1] == '[' ? EXPECT_VALUE : EXPECT_NAME;
      return TRUE;
    case '"':
      if (!may_begin_value (self) && self->expect != EXPECT_NAME
          && self->expect != EXPECT_NAME_OR_END)
        return fail (self, "a string out of place", error);
      self->inside = IN_STRING;
      self->length = 0;
      return TRUE;
    default:
      if (!may_begin_value (self))
        return fail (self, "something out of place", error);
      self->inside = IN_WORD;
      self->text[0] = c;
      self->length = 1;
      return TRUE;
    }
}

static gboolean
take_in_string (RefractJsonEvents *self, char c, GError **error)
{
  if (self->inside == IN_STRING && c == '"')
    return end_string (self, error);
  self->inside = self->inside == IN_STRING && c == '\\' ? IN_ESCAPE : IN_STRING;
  if (self->length < REFRACT_JSON_EVENT_TEXT)
    self->text[self->length++] = c;
  return TRUE;
}

static gboolean
take (RefractJsonEvents *self, char c, GError **error)
{
  if (self->inside == IN_STRING || self->inside == IN_ESCAPE)
    return take_in_string (self, c, error);
  if (self->inside == IN_WORD)
    {
      if (g_ascii_isalnum (c) || c == '.' || c == '-' || c == '+')
        {
          if (self->length == REFRACT_JSON_MAX_NUMBER)
            return fail (self, "a number that is too long", error);
          self->text[self->length++] = c;
          return TRUE;
        }
      if (!end_word (self, error))
        return FALSE;
    }
  return take_mark (self, c, error);
}

gboolean
refract_json_events_feed (RefractJsonEvents *self, const char *bytes, gsize n_bytes, GError **error)
{
  gsize i;

  for (i = 0; i < n_bytes; i++, self->n_bytes++)
    if (!take (self, bytes[i], error))
      return FALSE;
  return TRUE;
}

gboolean
refract_json_events_finish (RefractJsonEvents *self, GError **error)
{
  if (self->inside == IN_WORD && !end_word (self, error))
    return FALSE;
  if (self->inside != IN_NOTHING || self->expect != EXPECT_NOTHING)
    return fail (self, "it ends too early", error);
  return TRUE;
}
