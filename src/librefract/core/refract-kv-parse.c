/* refract-kv-parse.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "core/refract-error.h"
#include "core/refract-kv-config-private.h"

#define EXAMPLE "ctk=q8_0,ctv=q4_0"

static const struct
{
  const char *key;
  const char *variable;
} variables[] = {
  { "attn_rot_disable", "LLAMA_ATTN_ROT_DISABLE" },
  { "attn_rot_k", "LLAMA_ATTN_ROT_K_OVERRIDE" },
  { "attn_rot_v", "LLAMA_ATTN_ROT_V_OVERRIDE" },
};

/* Words of flags that name programs, files, sockets, addresses or secrets, or that an audit sets
 * itself. A flag is refused when one of its words is here. */
static const char *const refused_words[] = {
  "agent",   "alias",     "all",      "api",    "binary",  "cache",  "cert",    "cmd",
  "command", "config",    "control",  "cors",   "ctx",     "dir",    "docker",  "draft",
  "exec",    "ffmpeg",    "file",     "fname",  "grammar", "hf",     "hff",     "hfr",
  "hft",     "host",      "http",     "in",     "input",   "json",   "key",     "kl",
  "lib",     "library",   "load",     "log",    "logdir",  "logits", "lookup",  "lora",
  "mcp",     "media",     "mmproj",   "model",  "models",  "mu",     "offline", "out",
  "output",  "parallel",  "password", "path",   "plugin",  "port",   "predict", "preset",
  "program", "prompt",    "prompts",  "props",  "proxy",   "repo",   "rpc",     "save",
  "script",  "secret",    "seed",     "server", "servers", "slot",   "slots",   "socket",
  "spec",    "ssl",       "template", "token",  "tools",   "ui",     "url",     "user",
  "verbose", "verbosity", "webui",
};

static const char *const harmless_keys[] = {
  "defrag-thold",   "flash-attn",      "rope-freq-base",   "rope-freq-scale",
  "rope-scale",     "rope-scaling",    "yarn-attn-factor", "yarn-beta-fast",
  "yarn-beta-slow", "yarn-ext-factor", "yarn-orig-ctx",
};

const char *
refract_kv_key_get_variable (const char *key)
{
  for (guint i = 0; i < G_N_ELEMENTS (variables); i++)
    if (g_str_equal (variables[i].key, key))
      return variables[i].variable;
  return NULL;
}

gboolean
refract_kv_key_is_harmless (const char *key)
{
  if (g_str_equal (key, "ctk") || g_str_equal (key, "ctv")
      || refract_kv_key_get_variable (key) != NULL)
    return TRUE;
  for (guint i = 0; i < G_N_ELEMENTS (harmless_keys); i++)
    if (g_str_equal (harmless_keys[i], key))
      return TRUE;
  return FALSE;
}

char *
refract_kv_quote (const char *text)
{
  GString *quoted = g_string_new ("“");
  gsize n = 0;

  for (; text[n] != '\0' && n < 40; n++)
    g_string_append_c (quoted, g_ascii_isprint (text[n]) ? text[n] : '?');
  g_string_append (quoted, text[n] != '\0' ? "…”" : "”");
  return g_string_free (quoted, FALSE);
}

static void fail (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
fail (GError **error, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  if (error != NULL)
    *error = g_error_new_valist (REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG, format, args);
  va_end (args);
}

char *
refract_kv_parse_type (const char *text, const char *key, GError **error)
{
  g_autofree char *type = g_strstrip (g_ascii_strdown (text, -1));
  g_autofree char *quoted = refract_kv_quote (text);

  if (type[0] == '\0')
    {
      fail (error, "%s has no type. Write for instance %s=q8_0.", key, key);
      return NULL;
    }
  if (!g_ascii_isalpha (type[0]) || strlen (type) > REFRACT_KV_MAX_TYPE
      || strspn (type, "abcdefghijklmnopqrstuvwxyz0123456789_") != strlen (type))
    {
      fail (error, "%s is no cache type for %s: types are short words such as f16 or q8_0.", quoted,
            key);
      return NULL;
    }
  return g_steal_pointer (&type);
}

static gboolean
is_refused (const char *key)
{
  g_auto (GStrv) words = g_strsplit (key, "-", -1);

  for (guint w = 0; words[w] != NULL; w++)
    for (guint i = 0; i < G_N_ELEMENTS (refused_words); i++)
      if (g_str_equal (words[w], refused_words[i]))
        return TRUE;
  return FALSE;
}

/* Known keys with underscores, engine flags with dashes, all in lower case. */
static char *
parse_key (const char *text, GError **error)
{
  g_autofree char *key = g_strstrip (g_ascii_strdown (text, -1));
  g_autofree char *quoted = refract_kv_quote (text);

  if (strlen (key) < 2 || strlen (key) > REFRACT_KV_MAX_KEY || !g_ascii_isalpha (key[0])
      || strspn (key, "abcdefghijklmnopqrstuvwxyz0123456789_-") != strlen (key))
    {
      fail (error, "%s is no key of a KV configuration. Write for instance " EXAMPLE ".", quoted);
      return NULL;
    }
  g_strdelimit (key, "-", '_');
  if (g_str_equal (key, "ctk") || g_str_equal (key, "ctv")
      || refract_kv_key_get_variable (key) != NULL)
    return g_steal_pointer (&key);
  if (g_str_has_prefix (key, "cache_type"))
    {
      fail (error, "%s is written ctk (for K) or ctv (for V) here, as in " EXAMPLE ".", quoted);
      return NULL;
    }
  if (g_str_equal (key, "fa"))
    return g_strdup ("flash-attn");
  g_strdelimit (key, "_", '-');
  if (!refract_kv_key_is_harmless (key) && is_refused (key))
    {
      fail (error,
            "%s may not be set in a KV configuration: it names a file, a program, an "
            "address or something that the audit sets itself. Use the engine’s flags instead.",
            quoted);
      return NULL;
    }
  return g_steal_pointer (&key);
}

static char *
parse_switch (const char *text, const char *key, GError **error)
{
  static const char *const on[] = { "1", "on", "true", "yes", NULL };
  static const char *const off[] = { "0", "off", "false", "no", NULL };
  g_autofree char *lower = g_ascii_strdown (text, -1);

  if (g_strv_contains (on, lower))
    return g_strdup ("1");
  if (g_strv_contains (off, lower))
    return g_strdup ("0");
  fail (error, "%s takes 1 or 0.", key);
  return NULL;
}

/* Values of flags: words and numbers. No path, no blank, nothing that reads as another flag. */
static char *
parse_flag_value (const char *text, const char *key, GError **error)
{
  g_autofree char *quoted = refract_kv_quote (text);
  const char *digits = text[0] == '-' ? text + 1 : text;

  if (strlen (text) <= REFRACT_KV_MAX_VALUE
      && (g_ascii_isdigit (digits[0]) || g_ascii_isalpha (text[0]) || digits[0] == '.')
      && strstr (text, "..") == NULL
      && strspn (digits, G_CSET_a_2_z G_CSET_A_2_Z G_CSET_DIGITS "_.:+-") == strlen (digits))
    return g_strdup (text);
  fail (error, "%s is no value for %s: only words and numbers are accepted.", quoted, key);
  return NULL;
}

static char *
parse_value (const char *text, const char *key, GError **error)
{
  g_autofree char *value = g_strstrip (g_strdup (text));

  if (g_str_equal (key, "ctk") || g_str_equal (key, "ctv"))
    return refract_kv_parse_type (value, key, error);
  if (value[0] == '\0')
    {
      fail (error, "%s has no value. Write %s=VALUE or leave it out.", key, key);
      return NULL;
    }
  if (refract_kv_key_get_variable (key) != NULL)
    return parse_switch (value, key, error);
  return parse_flag_value (value, key, error);
}

static gboolean
add_pair (GTree *pairs, const char *key_text, const char *value_text, GError **error)
{
  g_autofree char *key = parse_key (key_text, error);
  g_autofree char *value = NULL;

  if (key == NULL)
    return FALSE;
  if (g_tree_lookup (pairs, key) != NULL)
    {
      fail (error, "%s is given twice. Leave one of them out.", key);
      return FALSE;
    }
  value = parse_value (value_text, key, error);
  if (value == NULL)
    return FALSE;
  g_tree_insert (pairs, g_steal_pointer (&key), g_steal_pointer (&value));
  return TRUE;
}

static gboolean
add_part (GTree *pairs, char *part, GError **error)
{
  char *equals = strchr (part, '=');
  char *slash = strchr (part, '/');
  g_autofree char *quoted = NULL;

  if (equals != NULL)
    {
      *equals = '\0';
      return add_pair (pairs, part, equals + 1, error);
    }
  if (slash != NULL && strchr (slash + 1, '/') == NULL)
    {
      *slash = '\0';
      return add_pair (pairs, "ctk", part, error) && add_pair (pairs, "ctv", slash + 1, error);
    }
  quoted = refract_kv_quote (part);
  fail (error, "%s is not of the form key=value. Write for instance " EXAMPLE " or q8_0/q4_0.",
        quoted);
  return FALSE;
}

static int
compare_keys (gconstpointer a, gconstpointer b, gpointer data)
{
  return strcmp (a, b);
}

GTree *
refract_kv_parse_pairs (const char *text, GError **error)
{
  g_autoptr (GTree) pairs = g_tree_new_full (compare_keys, NULL, g_free, g_free);
  g_auto (GStrv) parts = NULL;

  if (strlen (text) > REFRACT_KV_MAX_TEXT)
    {
      fail (error,
            "The KV configuration is longer than %d characters. Write for instance " EXAMPLE ".",
            REFRACT_KV_MAX_TEXT);
      return NULL;
    }
  for (const char *c = text; *c != '\0'; c++)
    if (!g_ascii_isprint (*c) && *c != '\t')
      {
        fail (error,
              "The KV configuration has a character that does not belong there, after %ld "
              "bytes. Write for instance " EXAMPLE ".",
              (long) (c - text));
        return NULL;
      }
  parts = g_strsplit (text, ",", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    if (g_strstrip (parts[i])[0] != '\0' && !add_part (pairs, parts[i], error))
      return NULL;
  if (g_tree_nnodes (pairs) == 0)
    {
      fail (error, "The KV configuration is empty. Write for instance " EXAMPLE ".");
      return NULL;
    }
  return g_steal_pointer (&pairs);
}
