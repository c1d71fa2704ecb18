/* refract-json.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

G_BEGIN_DECLS

/* Reading: a member that is absent, null or of the wrong type gives the fallback. */
double refract_json_get_double (JsonObject *object, const char *name, double fallback);
gint64 refract_json_get_int (JsonObject *object, const char *name, gint64 fallback);
gboolean refract_json_get_boolean (JsonObject *object, const char *name, gboolean fallback);
const char *refract_json_get_string (JsonObject *object, const char *name, const char *fallback);
/* (transfer none) (nullable) */
JsonObject *refract_json_get_object (JsonObject *object, const char *name);
JsonArray *refract_json_get_array (JsonObject *object, const char *name);
/* @array: (nullable): 0 of NULL */
guint refract_json_get_length (JsonArray *array);
/* (transfer none) (nullable): an element that is not there or of another type is NULL */
JsonObject *refract_json_array_get_object (JsonArray *array, guint index);
const char *refract_json_array_get_string (JsonArray *array, guint index);

/* The member at a path such as "axes.gtm.score"; (transfer none) (nullable) */
JsonNode *refract_json_find (JsonObject *root, const char *path);
/* The number, or the text, at a path: NAN, or %NULL, where there is none. */
double refract_json_find_double (JsonObject *root, const char *path);
const char *refract_json_find_string (JsonObject *root, const char *path);

/* Writing: NaN and infinities become null, as strict JSON has no word for them. */
void refract_json_set_double (JsonObject *object, const char *name, double value);
void refract_json_set_string_or_null (JsonObject *object, const char *name, const char *value);
void refract_json_add_double (JsonArray *array, double value);
JsonArray *refract_json_array_from_ids (const gint32 *ids, gsize n);
/* the same of (element-type gint32) @ids */
JsonArray *refract_json_array_from_id_array (GArray *ids);
/* (transfer full) (element-type gint32): %NULL when an element is not a 32-bit integer */
GArray *refract_json_array_to_ids (JsonArray *array);
JsonArray *refract_json_array_from_strv (const char *const *strv);

/* The text of @object, two-space indented, members in insertion order, ends in a newline. */
char *refract_json_to_text (JsonObject *object, gboolean pretty);

/* (transfer full): untrusted text into an object, within the limits of core/refract-json-scan.h;
 * REFRACT_ERROR_INPUT says what is wrong in which line and byte. */
JsonObject *refract_json_parse_object (const char *text, gsize length, GError **error);
/* The same without what is in the arrays and objects that have one of the names @pruned (nullable).
 */
JsonObject *refract_json_parse_object_pruned (const char *text,
                                              gsize length,
                                              const char *const *pruned,
                                              GError **error);

/* (transfer full): a file of at most @max_bytes, terminated by a zero byte; a pipe or a device is
 * refused before it is read, so that reading always ends. REFRACT_ERROR_INPUT names the file. */
char *refract_json_read_text (const char *path, gsize max_bytes, gsize *length, GError **error);

/* Parses at most @max_bytes of a file into an object; REFRACT_ERROR_INPUT names the file. */
JsonObject *refract_json_load_object (const char *path, gsize max_bytes, GError **error);
/* The same, see refract_json_parse_object_pruned(). */
JsonObject *refract_json_load_object_pruned (const char *path,
                                             gsize max_bytes,
                                             const char *const *pruned,
                                             GError **error);

/* Writes @object next to @path and renames it over: the old file or the whole new one, never half.
 */
gboolean refract_json_save_object (JsonObject *object, const char *path, GError **error);

/* The same for text. REFRACT_ERROR_DISK names the file. */
gboolean refract_json_save_text (const char *text, gsize length, const char *path, GError **error);

G_END_DECLS
