/* refract-json-events.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What is kept of a name or a string; the rest of a longer one is read and left out. */
#define REFRACT_JSON_EVENT_TEXT 255

typedef enum
{
  REFRACT_JSON_START_OBJECT,
  REFRACT_JSON_END_OBJECT,
  REFRACT_JSON_START_ARRAY,
  REFRACT_JSON_END_ARRAY,
  REFRACT_JSON_NAME,
  REFRACT_JSON_STRING,
  REFRACT_JSON_NUMBER,
  REFRACT_JSON_TRUE,
  REFRACT_JSON_FALSE,
  REFRACT_JSON_NULL,
} RefractJsonEvent;

/* @text: of a name or a string, escapes as they stand, cut to %REFRACT_JSON_EVENT_TEXT bytes; else
 * "". @number: of a number, which may be infinite or not a number (Python writes such words).
 * Return %FALSE with @error set to end the reading. */
typedef gboolean (*RefractJsonEventFunc) (
    RefractJsonEvent event, const char *text, double number, gpointer user_data, GError **error);

/**
 * RefractJsonEvents:
 *
 * Reads untrusted JSON as it arrives, in pieces of any size, and tells what it finds: for replies
 * that are too large to be held. Its own memory is a few kilobytes whatever arrives.
 */
typedef struct _RefractJsonEvents RefractJsonEvents;

RefractJsonEvents *refract_json_events_new (RefractJsonEventFunc func, gpointer user_data);
void refract_json_events_free (RefractJsonEvents *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (RefractJsonEvents, refract_json_events_free)

/* %FALSE with REFRACT_ERROR_INPUT where the text is not JSON, or with the function's own error. */
gboolean refract_json_events_feed (RefractJsonEvents *self,
                                   const char *bytes,
                                   gsize n_bytes,
                                   GError **error);
/* Nothing more comes: %FALSE with REFRACT_ERROR_INPUT unless one whole value was there. */
gboolean refract_json_events_finish (RefractJsonEvents *self, GError **error);

G_END_DECLS
