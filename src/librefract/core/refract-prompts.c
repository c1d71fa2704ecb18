/* refract-prompts.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <json-glib/json-glib.h>
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>

#include "core/refract-error.h"
#include "core/refract-json.h"
#include "core/refract-prompts-private.h"

#define MIB ((gsize) 1024 * 1024)
#define MAX_PROMPTS_FILE (64 * MIB)
#define MAX_TEXT_FILE (1024 * MIB)
#define MAX_PROMPT MIB
#define MAX_PROMPTS 10000

RefractPrompt *
refract_prompt_copy (const RefractPrompt *self)
{
  RefractPrompt *copy = g_new0 (RefractPrompt, 1);

  copy->id = g_strdup (self->id);
  copy->category = g_strdup (self->category);
  copy->text = g_strdup (self->text);

  return copy;
}

void
refract_prompt_free (RefractPrompt *self)
{
  g_free (self->id);
  g_free (self->category);
  g_free (self->text);
  g_free (self);
}

void
refract_prompts_free (RefractPrompts *self)
{
  g_clear_pointer (&self->ids, g_hash_table_unref);
  g_clear_pointer (&self->prompts, g_ptr_array_unref);
  g_free (self->sha256);
  g_free (self->texts_sha256);
  g_free (self);
}

guint
refract_prompts_get_n (RefractPrompts *self)
{
  return self->prompts->len;
}

const RefractPrompt *
refract_prompts_get (RefractPrompts *self, guint index)
{
  g_return_val_if_fail (index < self->prompts->len, NULL);

  return g_ptr_array_index (self->prompts, index);
}

const char *
refract_prompts_get_sha256 (RefractPrompts *self)
{
  return self->sha256;
}

gboolean
refract_prompts_are_refract_0_3 (RefractPrompts *self)
{
  return strcmp (self->texts_sha256, REFRACT_0_3_TEXTS) == 0;
}

static guint
count_lines (const char *text, gsize length)
{
  guint n = 1;

  for (gsize i = 0; i < length; i++)
    n += text[i] == '\n';

  return n;
}

/* A regular file of at most @max_bytes that is UTF-8 without NUL. */
static char *
read_text_file (const char *path, gsize max_bytes, gsize *length, GError **error)
{
  g_autofree char *name = g_filename_display_name (path);
  g_autofree char *text = NULL;
  g_autoptr (GError) local_error = NULL;
  const char *end;
  GStatBuf st;

  if (g_stat (path, &st) == 0 && (!S_ISREG (st.st_mode) || (guint64) st.st_size > max_bytes))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                   "%s is not a text file of at most %zu MiB. Give the path of one.", name,
                   max_bytes / MIB);
      return NULL;
    }
  if (!g_file_get_contents (path, &text, length, &local_error))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                   "%s. Check the path and its permissions.", local_error->message);
      return NULL;
    }
  if (!g_utf8_validate_len (text, *length, &end))
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                   *end == '\0' ? "%s has a NUL byte in line %u. It is not a text file."
                                : "%s is not UTF-8 text in line %u. Convert it to UTF-8.",
                   name, count_lines (text, end - text));
      return NULL;
    }

  return g_steal_pointer (&text);
}

/* A member as text; whole numbers count as text for ids. NULL when absent or of another type. */
static char *
dup_text_member (JsonObject *object, const char *name, gboolean numbers)
{
  JsonNode *node = json_object_get_member (object, name);

  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return NULL;
  if (json_node_get_value_type (node) == G_TYPE_STRING)
    return g_strdup (json_node_get_string (node));
  if (numbers && json_node_get_value_type (node) == G_TYPE_INT64)
    return g_strdup_printf ("%" G_GINT64_FORMAT, json_node_get_int (node));

  return NULL;
}

static const char *
check_prompt (RefractPrompts *self, const RefractPrompt *prompt)
{
  if (prompt->id == NULL)
    return "has no id. Add a member “id” with a short text.";
  if (prompt->text == NULL)
    return "has no prompt. Add a member “prompt” with its text.";
  if (prompt->category == NULL)
    return "has a category that is not text. Correct or remove it.";
  if (*prompt->id == '\0' || strlen (prompt->id) > 256)
    return "has an id that is empty or longer than 256 bytes. Give it a short one.";
  if (strlen (prompt->text) > MAX_PROMPT)
    return "has a prompt longer than 1 MiB. Shorten it.";
  if (prompt->text[strspn (prompt->text, " \t\r\n")] == '\0')
    return "has an empty prompt. Give it a text or remove it.";
  if (g_hash_table_contains (self->ids, prompt->id))
    return "repeats an id that was used before. Every prompt needs its own.";
  if (self->prompts->len >= MAX_PROMPTS)
    return "is one more than the 10,000 prompts that a set may have. Use a smaller set.";

  return NULL;
}

/* @where: "line" or "prompt": what @number counts */
static gboolean
add_prompt (RefractPrompts *self,
            JsonObject *object,
            const char *name,
            const char *where,
            guint number,
            GError **error)
{
  g_autoptr (RefractPrompt) prompt = g_new0 (RefractPrompt, 1);
  const char *problem;

  prompt->id = dup_text_member (object, "id", TRUE);
  prompt->text = dup_text_member (object, "prompt", FALSE);
  if (json_object_has_member (object, "category")
      && !json_object_get_null_member (object, "category"))
    prompt->category = dup_text_member (object, "category", FALSE);
  else
    prompt->category = g_strdup ("other");

  problem = check_prompt (self, prompt);
  if (problem != NULL)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT, "%s: %s %u %s", name, where, number,
                   problem);
      return FALSE;
    }

  g_hash_table_add (self->ids, prompt->id);
  g_ptr_array_add (self->prompts, g_steal_pointer (&prompt));
  return TRUE;
}

static gboolean
add_line (RefractPrompts *self, const char *line, const char *name, guint number, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (JsonObject) object = refract_json_parse_object (line, strlen (line), &local_error);

  if (object == NULL)
    {
      GString *message = g_string_new (local_error->message);

      /* The parser saw one line only. */
      g_string_replace (message, "(line 1, ", "(", 1);
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                   "%s: line %u is not a JSON object with id, category and prompt. %s", name,
                   number, message->str);
      g_string_free (message, TRUE);
      return FALSE;
    }

  return add_prompt (self, object, name, "line", number, error);
}

static gboolean
load_lines (RefractPrompts *self, char *text, const char *name, GError **error)
{
  char *line = text;

  if (g_str_has_prefix (line, "\xEF\xBB\xBF"))
    line += 3;

  for (guint number = 1; line != NULL; number++)
    {
      char *next = strchr (line, '\n');

      if (next != NULL)
        *next++ = '\0';
      g_strstrip (line);
      if (*line != '\0' && *line != '#' && !add_line (self, line, name, number, error))
        return FALSE;
      line = next;
    }

  if (self->prompts->len == 0)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                   "%s has no prompts. Each line must be one JSON object with id, category and "
                   "prompt.",
                   name);
      return FALSE;
    }
  return TRUE;
}

static gboolean
load_report (RefractPrompts *self, const char *text, gsize length, const char *name, GError **error)
{
  g_autoptr (JsonObject) root = refract_json_parse_object (text, length, error);
  JsonObject *object;
  JsonArray *entries = NULL;
  guint n = 0;

  if (root == NULL)
    {
      g_prefix_error (error, "%s: ", name);
      return FALSE;
    }

  if ((object = refract_json_get_object (root, "axes")) != NULL
      && (object = refract_json_get_object (object, "gtm")) != NULL
      && (entries = refract_json_get_array (object, "per_prompt")) != NULL)
    n = json_array_get_length (entries);

  for (guint i = 0; i < n; i++)
    {
      JsonNode *node = json_array_get_element (entries, i);

      if (!JSON_NODE_HOLDS_OBJECT (node)
          || !json_object_has_member (json_node_get_object (node), "prompt"))
        break;
      if (!add_prompt (self, json_node_get_object (node), name, "prompt", i + 1, error))
        return FALSE;
    }

  if (n == 0 || self->prompts->len < n)
    {
      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                   "%s is a report without its prompts: it was redacted, or Trajectory did not "
                   "run. Use the file that the prompts came from.",
                   name);
      return FALSE;
    }
  return TRUE;
}

static void
hash_prompts (RefractPrompts *self)
{
  g_autoptr (GChecksum) all = g_checksum_new (G_CHECKSUM_SHA256);
  g_autoptr (GChecksum) texts = g_checksum_new (G_CHECKSUM_SHA256);

  /* The NUL is part of what is hashed, so that texts cannot run into each other. */
  for (guint i = 0; i < self->prompts->len; i++)
    {
      const RefractPrompt *prompt = g_ptr_array_index (self->prompts, i);

      g_checksum_update (all, (const guchar *) prompt->id, strlen (prompt->id) + 1);
      g_checksum_update (all, (const guchar *) prompt->text, strlen (prompt->text) + 1);
      g_checksum_update (texts, (const guchar *) prompt->text, strlen (prompt->text) + 1);
    }

  self->sha256 = g_strdup (g_checksum_get_string (all));
  self->texts_sha256 = g_strdup (g_checksum_get_string (texts));
}

RefractPrompts *
refract_prompts_load (const char *path, GError **error)
{
  g_autoptr (RefractPrompts) self = g_new0 (RefractPrompts, 1);
  g_autofree char *name = g_filename_display_basename (path);
  g_autofree char *text = NULL;
  gsize length;
  gboolean loaded;

  self->prompts = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_prompt_free);
  self->ids = g_hash_table_new (g_str_hash, g_str_equal);

  text = read_text_file (path, MAX_PROMPTS_FILE, &length, error);
  if (text == NULL)
    return NULL;

  /* Inside a JSON string the quotes would be escaped, so no prompt can look like this. */
  if (g_regex_match_simple ("\"schema\"\\s*:\\s*\"refract\\.report\\.", text, G_REGEX_RAW, 0))
    loaded = load_report (self, text, length, name, error);
  else
    loaded = load_lines (self, text, name, error);
  if (!loaded)
    return NULL;

  hash_prompts (self);
  return g_steal_pointer (&self);
}

RefractText *
refract_text_load (const char *path, GError **error)
{
  g_autoptr (RefractText) self = g_new0 (RefractText, 1);
  gsize length;

  self->text = read_text_file (path, MAX_TEXT_FILE, &length, error);
  if (self->text == NULL)
    return NULL;
  if (self->text[strspn (self->text, " \t\r\n")] == '\0')
    {
      g_autofree char *name = g_filename_display_name (path);

      g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_INPUT,
                   "%s is empty. Give a file with natural text.", name);
      return NULL;
    }

  self->path = g_strdup (path);
  self->size_bytes = length;
  self->sha256
      = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) self->text, length);
  self->sha256_head = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guchar *) self->text,
                                                   MIN (length, MIB));

  return g_steal_pointer (&self);
}

void
refract_text_free (RefractText *self)
{
  g_free (self->path);
  g_free (self->text);
  g_free (self->sha256);
  g_free (self->sha256_head);
  g_free (self);
}
