/* refract-json.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <inttypes.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "core/refract-json-scan.h"
#include "core/refract-json.h"

static JsonNode *
get_value (JsonObject *object, const char *name)
{
  JsonNode *node;

  if (object == NULL)
    return NULL;
  node = json_object_get_member (object, name);
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return NULL;
  return node;
}

double
refract_json_get_double (JsonObject *object, const char *name, double fallback)
{
  JsonNode *node = get_value (object, name);

  if (node == NULL)
    return fallback;
  if (json_node_get_value_type (node) == G_TYPE_DOUBLE)
    return json_node_get_double (node);
  if (json_node_get_value_type (node) == G_TYPE_INT64)
    return json_node_get_int (node);
  return fallback;
}

gint64
refract_json_get_int (JsonObject *object, const char *name, gint64 fallback)
{
  JsonNode *node = get_value (object, name);

  if (node == NULL)
    return fallback;
  if (json_node_get_value_type (node) == G_TYPE_INT64)
    return json_node_get_int (node);
  if (json_node_get_value_type (node) == G_TYPE_DOUBLE)
    {
      double value = json_node_get_double (node);

      /* 2^53: every whole number below is exact */
      if (value == floor (value) && fabs (value) <= 9007199254740992.0)
        return (gint64) value;
    }
  return fallback;
}

gboolean
refract_json_get_boolean (JsonObject *object, const char *name, gboolean fallback)
{
  JsonNode *node = get_value (object, name);

  if (node == NULL || json_node_get_value_type (node) != G_TYPE_BOOLEAN)
    return fallback;
  return json_node_get_boolean (node);
}

const char *
refract_json_get_string (JsonObject *object, const char *name, const char *fallback)
{
  JsonNode *node = get_value (object, name);

  if (node == NULL || json_node_get_value_type (node) != G_TYPE_STRING)
    return fallback;
  return json_node_get_string (node);
}

JsonObject *
refract_json_get_object (JsonObject *object, const char *name)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  return json_node_get_object (node);
}

JsonArray *
refract_json_get_array (JsonObject *object, const char *name)
{
  JsonNode *node = object != NULL ? json_object_get_member (object, name) : NULL;

  if (node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    return NULL;
  return json_node_get_array (node);
}

JsonNode *
refract_json_find (JsonObject *root, const char *path)
{
  g_auto (GStrv) names = g_strsplit (path, ".", -1);
  JsonObject *object = root;
  guint last = g_strv_length (names) - 1;

  for (guint i = 0; i < last && object != NULL; i++)
    object = refract_json_get_object (object, names[i]);
  return object != NULL ? json_object_get_member (object, names[last]) : NULL;
}

double
refract_json_find_double (JsonObject *root, const char *path)
{
  JsonNode *node = refract_json_find (root, path);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node)
                 && (json_node_get_value_type (node) == G_TYPE_INT64
                     || json_node_get_value_type (node) == G_TYPE_DOUBLE)
             ? json_node_get_double (node)
             : NAN;
}

const char *
refract_json_find_string (JsonObject *root, const char *path)
{
  JsonNode *node = refract_json_find (root, path);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node)
                 && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

/* (nullable) */
static JsonNode *
get_element (JsonArray *array, guint index)
{
  return index < refract_json_get_length (array) ? json_array_get_element (array, index) : NULL;
}

JsonObject *
refract_json_array_get_object (JsonArray *array, guint index)
{
  JsonNode *node = get_element (array, index);

  return node != NULL && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
}

guint
refract_json_get_length (JsonArray *array)
{
  return array != NULL ? json_array_get_length (array) : 0;
}

const char *
refract_json_array_get_string (JsonArray *array, guint index)
{
  JsonNode *node = get_element (array, index);

  return node != NULL && JSON_NODE_HOLDS_VALUE (node)
                 && json_node_get_value_type (node) == G_TYPE_STRING
             ? json_node_get_string (node)
             : NULL;
}

void
refract_json_set_double (JsonObject *object, const char *name, double value)
{
  if (isfinite (value))
    json_object_set_double_member (object, name, value);
  else
    json_object_set_null_member (object, name);
}

void
refract_json_set_string_or_null (JsonObject *object, const char *name, const char *value)
{
  g_autofree char *valid = NULL;

  if (value == NULL)
    {
      json_object_set_null_member (object, name);
      return;
    }
  if (!g_utf8_validate (value, -1, NULL))
    value = valid = g_utf8_make_valid (value, -1);
  json_object_set_string_member (object, name, value);
}

void
refract_json_add_double (JsonArray *array, double value)
{
  if (isfinite (value))
    json_array_add_double_element (array, value);
  else
    json_array_add_null_element (array);
}

JsonArray *
refract_json_array_from_ids (const gint32 *ids, gsize n)
{
  JsonArray *array = json_array_sized_new (MIN (n, G_MAXUINT));

  for (gsize i = 0; i < n; i++)
    json_array_add_int_element (array, ids[i]);
  return array;
}

JsonArray *
refract_json_array_from_id_array (GArray *ids)
{
  g_return_val_if_fail (ids != NULL, NULL);

  return refract_json_array_from_ids ((const gint32 *) (gconstpointer) ids->data, ids->len);
}

GArray *
refract_json_array_to_ids (JsonArray *array)
{
  guint n = json_array_get_length (array);
  g_autoptr (GArray) ids = g_array_sized_new (FALSE, FALSE, sizeof (gint32), n);

  for (guint i = 0; i < n; i++)
    {
      JsonNode *node = json_array_get_element (array, i);
      gint64 value;
      gint32 id;

      if (!JSON_NODE_HOLDS_VALUE (node) || json_node_get_value_type (node) != G_TYPE_INT64)
        return NULL;
      value = json_node_get_int (node);
      if (value < G_MININT32 || value > G_MAXINT32)
        return NULL;
      id = (gint32) value;
      g_array_append_val (ids, id);
    }
  return g_steal_pointer (&ids);
}

JsonArray *
refract_json_array_from_strv (const char *const *strv)
{
  JsonArray *array = json_array_new ();

  for (gsize i = 0; strv != NULL && strv[i] != NULL; i++)
    {
      g_autofree char *valid = g_utf8_make_valid (strv[i], -1);

      json_array_add_string_element (array, valid);
    }
  return array;
}

char *
refract_json_to_text (JsonObject *object, gboolean pretty)
{
  g_autoptr (JsonGenerator) generator = json_generator_new ();
  g_autoptr (JsonNode) node = json_node_new (JSON_NODE_OBJECT);
  g_autofree char *text = NULL;

  json_node_set_object (node, object);
  json_generator_set_root (generator, node);
  json_generator_set_pretty (generator, pretty);
  json_generator_set_indent (generator, 2);
  text = json_generator_to_data (generator, NULL);
  return g_strconcat (text, "\n", NULL);
}

JsonObject *
refract_json_parse_object_pruned (const char *text,
                                  gsize length,
                                  const char *const *pruned,
                                  GError **error)
{
  g_autoptr (JsonParser) parser = NULL;
  g_autoptr (GError) local_error = NULL;
  g_autofree char *strict = NULL;
  JsonNode *root;

  if (!refract_json_scan_pruned (text, length, pruned, &strict, &length, error))
    return NULL;

  parser = json_parser_new ();
  if (!json_parser_load_from_data (parser, strict != NULL ? strict : text, length, &local_error))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT, "Not valid JSON: %s.",
                   local_error->message);
      return NULL;
    }
  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    {
      g_set_error_literal (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                           "The JSON text holds no object; an object in braces is expected.");
      return NULL;
    }
  return json_object_ref (json_node_get_object (root));
}

JsonObject *
refract_json_parse_object (const char *text, gsize length, GError **error)
{
  return refract_json_parse_object_pruned (text, length, NULL, error);
}

char *
refract_json_read_text (const char *path, gsize max_bytes, gsize *length, GError **error)
{
  g_autofree char *name = g_filename_display_basename (path);
  g_autofree char *text = NULL;
  struct stat info;
  gsize n_read = 0;
  int fd;
  int saved_errno = 0;

  fd = g_open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK, 0);
  if (fd < 0 || fstat (fd, &info) != 0)
    {
      saved_errno = errno;
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT, "“%s” cannot be opened: %s.", name,
                   g_strerror (saved_errno));
      if (fd >= 0)
        close (fd);
      return NULL;
    }
  if (!S_ISREG (info.st_mode))
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                 "“%s” is not a file that can be read. Choose a JSON file.", name);
  else if ((guint64) info.st_size > max_bytes)
    g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                 "“%s” has %" PRIu64 " bytes; at most %zu are read.", name, (guint64) info.st_size,
                 max_bytes);
  else
    text = g_try_malloc (info.st_size + 1);

  while (text != NULL && n_read < (gsize) info.st_size)
    {
      gssize n = read (fd, text + n_read, info.st_size - n_read);

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        {
          saved_errno = errno;
          g_clear_pointer (&text, g_free);
          g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT, "“%s” cannot be read: %s.", name,
                       g_strerror (saved_errno));
        }
      if (n <= 0)
        break;
      n_read += n;
    }
  close (fd);

  if (text == NULL)
    {
      if (error != NULL && *error == NULL)
        g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                     "There is not enough memory to read “%s”.", name);
      return NULL;
    }
  text[n_read] = '\0';
  *length = n_read;
  return g_steal_pointer (&text);
}

JsonObject *
refract_json_load_object (const char *path, gsize max_bytes, GError **error)
{
  return refract_json_load_object_pruned (path, max_bytes, NULL, error);
}

JsonObject *
refract_json_load_object_pruned (const char *path,
                                 gsize max_bytes,
                                 const char *const *pruned,
                                 GError **error)
{
  g_autofree char *text = NULL;
  JsonObject *object;
  gsize length;

  text = refract_json_read_text (path, max_bytes, &length, error);
  if (text == NULL)
    return NULL;
  object = refract_json_parse_object_pruned (text, length, pruned, error);
  if (object == NULL)
    {
      g_autofree char *name = g_filename_display_basename (path);

      g_prefix_error (error, "“%s” cannot be read. ", name);
    }
  return object;
}

gboolean
refract_json_save_text (const char *text, gsize length, const char *path, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (!g_file_set_contents_full (path, text, length,
                                 G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE, 0666,
                                 &local_error))
    {
      g_autofree char *name = g_filename_display_name (path);
      char *reason = strrchr (local_error->message, ':');

      /* GLib's message names its temporary file; the reason is what comes last. */
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_DISK,
                   "“%s” could not be written: %s. Choose another folder or free some space.", name,
                   reason != NULL ? g_strchug (reason + 1) : local_error->message);
      return FALSE;
    }
  return TRUE;
}

gboolean
refract_json_save_object (JsonObject *object, const char *path, GError **error)
{
  g_autofree char *text = refract_json_to_text (object, TRUE);

  return refract_json_save_text (text, strlen (text), path, error);
}
