/* refract-llamacpp-help.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "backends/refract-llamacpp-help.h"

#define MAX_INDENT 4 /* flags begin further left than the text that explains them */

typedef struct
{
  gboolean takes_value;
  GString *text;
} Option;

struct _RefractLlamacppHelp
{
  GPtrArray *options;
  GHashTable *by_flag; /* spelling → Option */
};

static void
option_free (gpointer data)
{
  Option *option = data;

  g_string_free (option->text, TRUE);
  g_free (option);
}

static void
append_words (GString *text, const char *words)
{
  g_autofree char *stripped = g_strstrip (g_strdup (words));

  if (*stripped != '\0')
    g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", stripped);
}

/* `-fa,   --flash-attn [on|off|auto]       set …`: spellings end in a comma but for the last; a
 * value follows it after one space, the explanation after more. */
static Option *
parse_flag_line (RefractLlamacppHelp *self, const char *line)
{
  Option *option = g_new0 (Option, 1);
  const char *at = line;
  gboolean more = TRUE;

  option->text = g_string_new (NULL);
  g_ptr_array_add (self->options, option);
  while (more && *at == '-')
    {
      gsize length = strcspn (at, " ");

      more = length > 1 && at[length - 1] == ',';
      g_hash_table_replace (self->by_flag, g_strndup (at, length - (more ? 1 : 0)), option);
      at += length;
      option->takes_value = at[0] == ' ' && at[1] != ' ' && at[1] != '\0' && !more;
      at += strspn (at, " ");
    }
  append_words (option->text, at);
  return option;
}

RefractLlamacppHelp *
refract_llamacpp_help_parse (const char *text)
{
  RefractLlamacppHelp *self = g_new0 (RefractLlamacppHelp, 1);
  g_auto (GStrv) lines = NULL;
  Option *option = NULL;
  guint i;

  g_return_val_if_fail (text != NULL, NULL);

  self->options = g_ptr_array_new_with_free_func (option_free);
  self->by_flag = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  lines = g_strsplit (text, "\n", -1);
  for (i = 0; lines[i] != NULL; i++)
    {
      gsize indent = strspn (lines[i], " ");

      if (indent <= MAX_INDENT && lines[i][indent] == '-' && lines[i][indent + 1] != ' '
          && !g_str_has_prefix (lines[i] + indent, "----"))
        option = parse_flag_line (self, lines[i] + indent);
      else if (indent > MAX_INDENT && option != NULL)
        append_words (option->text, lines[i]);
      else
        option = NULL;
    }
  return self;
}

void
refract_llamacpp_help_free (RefractLlamacppHelp *self)
{
  if (self == NULL)
    return;
  g_hash_table_unref (self->by_flag);
  g_ptr_array_unref (self->options);
  g_free (self);
}

gboolean
refract_llamacpp_help_has (RefractLlamacppHelp *self, const char *flag)
{
  return g_hash_table_contains (self->by_flag, flag);
}

const char *
refract_llamacpp_help_describe (RefractLlamacppHelp *self, const char *flag)
{
  Option *option = g_hash_table_lookup (self->by_flag, flag);

  return option != NULL ? option->text->str : NULL;
}

gboolean
refract_llamacpp_help_takes_value (RefractLlamacppHelp *self, const char *flag)
{
  Option *option = g_hash_table_lookup (self->by_flag, flag);

  return option != NULL && option->takes_value;
}

char **
refract_llamacpp_help_dup_kv_types (RefractLlamacppHelp *self)
{
  static const char *const usual[]
      = { "f32", "f16", "bf16", "q8_0", "q4_0", "q4_1", "iq4_nl", "q5_0", "q5_1", NULL };
  const char *text = refract_llamacpp_help_describe (self, "--cache-type-k");
  const char *list = text != NULL ? strstr (text, "allowed values:") : NULL;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) words = NULL;
  guint i;

  if (list == NULL)
    return g_strdupv ((char **) usual);
  words = g_strsplit (list + strlen ("allowed values:"), " ", -1);
  for (i = 0; words[i] != NULL; i++)
    {
      gsize length = strlen (words[i]);
      gboolean more = length > 0 && words[i][length - 1] == ',';

      if (length == 0)
        continue;
      if (more)
        words[i][length - 1] = '\0';
      g_strv_builder_add (builder, words[i]);
      if (!more)
        break;
    }
  return g_strv_builder_end (builder);
}

char **
refract_llamacpp_parse_devices (const char *text)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  gboolean below = FALSE;
  guint i;

  for (i = 0; lines[i] != NULL; i++)
    {
      if (below && lines[i][0] == ' ' && !g_str_equal (g_strstrip (lines[i]), "(none)"))
        g_strv_builder_add (builder, lines[i]);
      else if (g_str_has_prefix (lines[i], "Available devices:"))
        below = TRUE;
    }
  return g_strv_builder_end (builder);
}

gboolean
refract_llamacpp_parse_version (const char *text, char **version, char **build)
{
  static const char *const patterns[] = {
    /* 0.7.0 (build 11669, commit Debian) */
    "^version: (?<v>[^ ]+) \\(build (?<b>\\d+), commit (?<c>[^)]+)\\)",
    /* 4991 (f0ea1a2b) */
    "^version: (?<b>\\d+) \\((?<c>[^)]+)\\)",
    "^version: (?<v>[^ ].*)$",
  };
  guint i;

  for (i = 0; i < G_N_ELEMENTS (patterns); i++)
    {
      g_autoptr (GRegex) regex = g_regex_new (patterns[i], G_REGEX_MULTILINE, 0, NULL);
      g_autoptr (GMatchInfo) match = NULL;
      g_autofree char *v = NULL, *b = NULL, *c = NULL;

      if (!g_regex_match (regex, text, 0, &match))
        continue;
      v = g_match_info_fetch_named (match, "v");
      b = g_match_info_fetch_named (match, "b");
      c = g_match_info_fetch_named (match, "c");
      if (b == NULL)
        *version = g_strdup (v);
      else if (v == NULL)
        *version = g_strdup_printf ("b%s-%s", b, c);
      else
        *version = g_strdup_printf ("%s (b%s-%s)", v, b, c);
      *build = g_strdup (b != NULL ? b : "");
      return TRUE;
    }
  return FALSE;
}
