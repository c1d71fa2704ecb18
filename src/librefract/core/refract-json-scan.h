/* refract-json-scan.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* What untrusted JSON may hold; more is refused before anything is built from it. */
#define REFRACT_JSON_MAX_BYTES (64u * 1024 * 1024)
#define REFRACT_JSON_MAX_DEPTH 64
#define REFRACT_JSON_MAX_STRING (16u * 1024 * 1024)
#define REFRACT_JSON_MAX_NUMBER 64
#define REFRACT_JSON_MAX_VALUES 2000000 /* keys count as well */
#define REFRACT_JSON_MAX_CONTAINERS 200000
#define REFRACT_JSON_MAX_MEMBERS 1024

/**
 * refract_json_scan:
 * @text: (array length=length): untrusted bytes, not necessarily terminated
 * @strict: (out) (transfer full) (nullable): the text to parse instead of @text where something had
 *   to be rewritten, terminated by a zero byte; %NULL when @text can be parsed as it stands
 * @strict_length: (out): bytes of the text to parse
 *
 * One pass over @text, in time linear in @length and in memory bounded by the limits above, that
 * checks it against RFC 8259 and makes it safe for a parser that builds a tree: no deep nesting, no
 * duplicate keys or keys built to collide, no zero characters, valid UTF-8. Rewritten are: the bare
 * words NaN, Infinity and -Infinity and numbers beyond a double (null), whole numbers beyond 18
 * digits (a double), surrogates that stand alone (U+FFFD).
 *
 * Returns: %FALSE with %REFRACT_ERROR_INPUT, which says what is wrong in which line and byte
 */
gboolean refract_json_scan (
    const char *text, gsize length, char **strict, gsize *strict_length, GError **error);

/* The same, and the arrays and objects that are members under one of the names @pruned (nullable,
 * ends with %NULL) become empty ones: what a list of many files does without. Their syntax is
 * checked all the same; their objects may have any number of members. */
gboolean refract_json_scan_pruned (const char *text,
                                   gsize length,
                                   const char *const *pruned,
                                   char **strict,
                                   gsize *strict_length,
                                   GError **error);

G_END_DECLS
