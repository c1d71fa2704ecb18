/* refract-report-public.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "report/refract-report-private.h"

typedef struct
{
  const char *home; /* NULL when it is no folder of a person */
  gboolean redact;
} Filter;

static JsonNode *filter_node (const Filter *filter, JsonNode *node, gboolean in_axes);

static gboolean
is_in_name (char character)
{
  return g_ascii_isalnum (character) || character == '-' || character == '_' || character == '.'
         || (guchar) character >= 0x80;
}

/* "/home/somebody", "/Users/somebody", "/root": bytes up to the end of the name; 0 when @at is none
 */
static gsize
match_home (const char *at)
{
  static const char *const roots[] = { "/home/", "/Users/", "/root" };

  for (guint i = 0; i < G_N_ELEMENTS (roots); i++)
    {
      gsize n = strlen (roots[i]);
      gsize end = n;

      if (!g_str_has_prefix (at, roots[i]))
        continue;
      while (is_in_name (at[end]))
        end++;
      if (at[n - 1] == '/' ? end > n : end == n)
        return end;
    }
  return 0;
}

static char *
filter_text (const Filter *filter, const char *text, gboolean in_axes)
{
  gsize home_length = filter->home != NULL ? strlen (filter->home) : 0;
  GString *out = g_string_new (NULL);
  char before = '\0';

  while (*text != '\0')
    {
      gsize n = 0;

      /* A path begins here: not in the middle of another one, as in /opt/root. */
      if (*text == '/' && !is_in_name (before))
        {
          if (home_length > 0 && g_str_has_prefix (text, filter->home)
              && !is_in_name (text[home_length]))
            n = home_length;
          else if (!in_axes)
            n = match_home (text);
        }
      if (n > 0)
        g_string_append_c (out, '~');
      else
        {
          n = 1;
          g_string_append_c (out, *text);
        }
      before = text[n - 1];
      text += n;
    }
  return g_string_free (out, FALSE);
}

/* What a person, a model or a corpus said. Texts are kept by their name, so that a new one is left
 * out until somebody decides; lists of ids are left out by theirs. */
static gboolean
is_redacted (const char *name, JsonNode *node)
{
  static const char *const kept_texts[]
      = { "id",          "prompt_id", "category",   "perturbation", "ref_stop", "cand_stop",
          "base_stop",   "band",      "confidence", "description",  "verdict",  "prompt_mode",
          "skip_reason", "path",      "base_path",  "sha256_head",  "reason",   NULL };
  static const char *const left_out[]
      = { "ref_token_ids", "cand_token_ids", "context", "token", NULL };

  if (g_strv_contains (left_out, name))
    return TRUE;
  return JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING
         && !g_strv_contains (kept_texts, name);
}

static JsonObject *
filter_object (const Filter *filter, JsonObject *object, gboolean in_axes)
{
  JsonObject *copy = json_object_new ();
  JsonObjectIter iter;
  const char *name;
  JsonNode *node;

  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &node))
    if (!(filter->redact && in_axes && is_redacted (name, node)))
      json_object_set_member (copy, name,
                              filter_node (filter, node, in_axes || g_str_equal (name, "axes")));
  return copy;
}

static JsonArray *
filter_array (const Filter *filter, JsonArray *array, gboolean in_axes)
{
  guint n = json_array_get_length (array);
  JsonArray *copy = json_array_sized_new (n);

  for (guint i = 0; i < n; i++)
    json_array_add_element (copy, filter_node (filter, json_array_get_element (array, i), in_axes));
  return copy;
}

static JsonNode *
filter_node (const Filter *filter, JsonNode *node, gboolean in_axes)
{
  JsonNode *copy;

  if (JSON_NODE_HOLDS_OBJECT (node))
    {
      copy = json_node_new (JSON_NODE_OBJECT);
      json_node_take_object (copy, filter_object (filter, json_node_get_object (node), in_axes));
      return copy;
    }
  if (JSON_NODE_HOLDS_ARRAY (node))
    {
      copy = json_node_new (JSON_NODE_ARRAY);
      json_node_take_array (copy, filter_array (filter, json_node_get_array (node), in_axes));
      return copy;
    }
  if (JSON_NODE_HOLDS_VALUE (node) && json_node_get_value_type (node) == G_TYPE_STRING)
    {
      g_autofree char *text = filter_text (filter, json_node_get_string (node), in_axes);

      return json_node_init_string (json_node_alloc (), text);
    }
  return json_node_copy (node);
}

JsonObject *
refract_report_make_public (JsonObject *root, gboolean redact)
{
  g_autofree char *home = g_canonicalize_filename (g_get_home_dir (), "/");
  Filter filter = { NULL, redact };

  /* "/" or "/tmp" is nobody's own, and part of innocent texts. */
  if (strchr (home + 1, '/') != NULL || g_str_equal (home, "/root"))
    filter.home = home;
  return filter_object (&filter, root, FALSE);
}
