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

static const struct
{
  const char *key;
  RefractKvDialect dialect;
} dialect_keys[] = {
  { "ctk", REFRACT_KV_LLAMACPP },
  { "ctv", REFRACT_KV_LLAMACPP },
  { "attn_rot_disable", REFRACT_KV_LLAMACPP },
  { "attn_rot_k", REFRACT_KV_LLAMACPP },
  { "attn_rot_v", REFRACT_KV_LLAMACPP },
  { "kv", REFRACT_KV_SERVER },
  { "bits", REFRACT_KV_MLX },
  { "k_bits", REFRACT_KV_MLX },
  { "v_bits", REFRACT_KV_MLX },
  { "group", REFRACT_KV_MLX },
};

/* Words of flags that name programs, files, sockets, addresses or secrets, or that an audit sets
 * itself. A flag is refused when one of its words is here. */
static const char *const refused_words[] = {
  "adapter",  "adapters",    "addr",     "address",  "agent",      "alias",     "all",
  "api",      "binary",      "cache",    "cert",     "cmd",        "code",      "command",
  "config",   "control",     "cors",     "ctx",      "dir",        "docker",    "download",
  "draft",    "entrypoint",  "exec",     "executor", "extensions", "ffmpeg",    "file",
  "fname",    "grammar",     "hf",       "hff",      "hfr",        "hft",       "host",
  "http",     "import",      "in",       "input",    "json",       "key",       "kl",
  "lib",      "library",     "load",     "loader",   "log",        "logdir",    "logits",
  "lookup",   "lora",        "mcp",      "media",    "middleware", "mmproj",    "model",
  "models",   "module",      "modules",  "mu",       "offline",    "out",       "output",
  "parallel", "password",    "path",     "plugin",   "plugins",    "port",      "predict",
  "preset",   "program",     "prompt",   "prompts",  "props",      "proxy",     "ray",
  "remote",   "repo",        "revision", "rpc",      "save",       "script",    "secret",
  "seed",     "served",      "server",   "servers",  "slot",       "slots",     "socket",
  "spec",     "speculative", "ssl",      "template", "token",      "tokenizer", "tools",
  "trust",    "ui",          "url",      "urls",     "user",       "verbose",   "verbosity",
  "webui",    "worker",
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
refract_kv_key_get_dialect (const char *key, RefractKvDialect *dialect)
{
  for (guint i = 0; i < G_N_ELEMENTS (dialect_keys); i++)
    if (g_str_equal (dialect_keys[i].key, key))
      {
        if (dialect != NULL)
          *dialect = dialect_keys[i].dialect;
        return TRUE;
      }
  return FALSE;
}

gboolean
refract_kv_key_is_harmless (const char *key)
{
  if (refract_kv_key_get_dialect (key, NULL))
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
      fail (error, "%s has no type. Write for instance %s=%s.", key, key,
            g_str_equal (key, "kv") ? "fp8_e4m3" : "q8_0");
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
      fail (error, "%s is no key of a KV configuration. Write for instance %s.", quoted, EXAMPLE);
      return NULL;
    }
  g_strdelimit (key, "-", '_');
  if (refract_kv_key_get_dialect (key, NULL))
    return g_steal_pointer (&key);
  if (g_str_has_prefix (key, "cache_type"))
    {
      fail (error, "%s is written ctk (for K) or ctv (for V) here, as in %s.", quoted, EXAMPLE);
      return NULL;
    }
  if (g_str_equal (key, "kv_cache_dtype"))
    {
      fail (error, "%s is written kv here, as in kv=fp8_e4m3.", quoted);
      return NULL;
    }
  if (g_str_equal (key, "kv_bits") || g_str_equal (key, "kv_group_size"))
    {
      fail (error, "%s is written %s here, as in bits=4,group=64.", quoted,
            g_str_equal (key, "kv_bits") ? "bits" : "group");
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

/* One of the numbers that MLX has, as it writes it. */
static char *
parse_number (const char *text, const char *key, GError **error)
{
  static const guint bits[] = { 1, 2, 3, 4, 5, 6, 8, 16, 0 };
  static const guint groups[] = { 32, 64, 128, 0 };
  gboolean is_group = g_str_equal (key, "group");
  guint64 number = 0;

  if (g_ascii_string_to_unsigned (text, 10, 1, 128, &number, NULL))
    for (const guint *known = is_group ? groups : bits; *known != 0; known++)
      if (*known == number)
        return g_strdup_printf ("%u", *known);
  fail (error, "%s takes %s.", key,
        is_group ? "32, 64 or 128" : "1, 2, 3, 4, 5, 6, 8 or 16, which is not quantized");
  return NULL;
}

static char *
parse_value (const char *text, const char *key, GError **error)
{
  g_autofree char *value = g_strstrip (g_strdup (text));

  if (g_str_equal (key, "ctk") || g_str_equal (key, "ctv") || g_str_equal (key, "kv"))
    return refract_kv_parse_type (value, key, error);
  if (value[0] == '\0')
    {
      fail (error, "%s has no value. Write %s=VALUE or leave it out.", key, key);
      return NULL;
    }
  if (refract_kv_key_get_variable (key) != NULL)
    return parse_switch (value, key, error);
  if (refract_kv_key_get_dialect (key, NULL))
    return parse_number (value, key, error);
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
  fail (error, "%s is not of the form key=value. Write for instance %s or q8_0/q4_0.", quoted,
        EXAMPLE);
  return FALSE;
}

static int
compare_keys (gconstpointer a, gconstpointer b, gpointer data)
{
  return strcmp (a, b);
}

typedef struct
{
  const char *first; /* key of a dialect */
  const char *other; /* key of another dialect */
  const char *flag;
  RefractKvDialect dialect;
} Dialects;

static gboolean
find_dialect (gpointer key_data, gpointer value_data, gpointer data)
{
  const char *key = key_data;
  Dialects *dialects = data;
  RefractKvDialect dialect;

  if (!refract_kv_key_get_dialect (key, &dialect))
    dialects->flag = key;
  else if (dialects->first == NULL)
    {
      dialects->first = key;
      dialects->dialect = dialect;
    }
  else if (dialects->dialect != dialect)
    dialects->other = key;
  return FALSE;
}

static gboolean
check_one_dialect (GTree *pairs, RefractKvDialect *dialect, GError **error)
{
  static const char *const engines[] = { "llama.cpp", "servers such as vLLM and SGLang", "MLX" };
  Dialects dialects = { NULL, NULL, NULL, REFRACT_KV_LLAMACPP };
  RefractKvDialect other;

  g_tree_foreach (pairs, find_dialect, &dialects);
  *dialect = dialects.dialect;
  if (dialects.other != NULL)
    {
      refract_kv_key_get_dialect (dialects.other, &other);
      fail (error, "%s is for %s and %s for %s: give only those of the engine that you use.",
            dialects.first, engines[*dialect], dialects.other, engines[other]);
      return FALSE;
    }
  if (*dialect == REFRACT_KV_MLX && dialects.flag != NULL)
    {
      fail (error,
            "MLX has no flag “%s”: a configuration for it has bits (or k_bits, v_bits) and "
            "group only.",
            dialects.flag);
      return FALSE;
    }
  return TRUE;
}

static guint
get_number (GTree *pairs, const char *key, guint otherwise)
{
  const char *text = g_tree_lookup (pairs, key);

  return text != NULL ? (guint) g_ascii_strtoull (text, NULL, 10) : otherwise;
}

gboolean
refract_kv_parse_mlx_bits (GTree *pairs, RefractKvMlxBits *bits, GError **error)
{
  guint both = get_number (pairs, "bits", 0);

  bits->k_bits = get_number (pairs, "k_bits", both > 0 ? both : 16);
  bits->v_bits = get_number (pairs, "v_bits", both > 0 ? both : 16);
  bits->group = get_number (pairs, "group", 0);
  if (both > 0
      && (g_tree_lookup (pairs, "k_bits") != NULL || g_tree_lookup (pairs, "v_bits") != NULL))
    {
      fail (error, "bits is for K and V alike: give either bits, or k_bits and v_bits.");
      return FALSE;
    }
  if (bits->k_bits == 16 && bits->v_bits == 16)
    {
      if (bits->group == 0)
        return TRUE;
      fail (error, "group says how many elements share a scale, but nothing is quantized here. "
                   "Leave it out, or write for instance bits=4,group=64.");
      return FALSE;
    }
  if (bits->group == 0)
    bits->group = 64;
  return TRUE;
}

GTree *
refract_kv_parse_pairs (const char *text, RefractKvDialect *dialect, GError **error)
{
  g_autoptr (GTree) pairs = g_tree_new_full (compare_keys, NULL, g_free, g_free);
  g_auto (GStrv) parts = NULL;

  if (strlen (text) > REFRACT_KV_MAX_TEXT)
    {
      fail (error, "The KV configuration is longer than %d characters. Write for instance %s.",
            REFRACT_KV_MAX_TEXT, EXAMPLE);
      return NULL;
    }
  for (const char *c = text; *c != '\0'; c++)
    if (!g_ascii_isprint (*c) && *c != '\t')
      {
        fail (error,
              "The KV configuration has a character that does not belong there, after %ld "
              "bytes. Write for instance %s.",
              (long) (c - text), EXAMPLE);
        return NULL;
      }
  parts = g_strsplit (text, ",", -1);
  for (guint i = 0; parts[i] != NULL; i++)
    if (g_strstrip (parts[i])[0] != '\0' && !add_part (pairs, parts[i], error))
      return NULL;
  if (g_tree_nnodes (pairs) == 0)
    {
      fail (error, "The KV configuration is empty. Write for instance %s.", EXAMPLE);
      return NULL;
    }
  return check_one_dialect (pairs, dialect, error) ? g_steal_pointer (&pairs) : NULL;
}
