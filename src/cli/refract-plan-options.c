/* refract-plan-options.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include <gio/gio.h>
#include <glib/gi18n.h>

#include "backends/refract-backend.h"
#include "core/refract-error.h"
#include "core/refract-kv-config.h"
#include "refract-plan-options.h"

#define RNIAH_FIRST_LENGTH 4096 /* REFRACT doubles from here */

/* Options are collected first and applied afterwards, so that --plan may stand anywhere. */
typedef struct
{
  char *name;
  char *value;
} Setting;

static void
setting_free (Setting *self)
{
  g_free (self->name);
  g_free (self->value);
  g_free (self);
}

static gboolean
collect_cb (const char *name, const char *value, gpointer data, GError **error)
{
  GPtrArray *settings = data;
  Setting *setting = g_new0 (Setting, 1);

  setting->name = g_strdup (name + strspn (name, "-"));
  setting->value = g_strdup (value);
  g_ptr_array_add (settings, setting);
  return TRUE;
}

#define TEXT(name, what, help)                                                                     \
  { name, 0, 0, G_OPTION_ARG_CALLBACK, (gpointer) collect_cb, help, what }
#define FLAG(name, help)                                                                           \
  { name, 0, G_OPTION_FLAG_NO_ARG, G_OPTION_ARG_CALLBACK, (gpointer) collect_cb, help, NULL }

static const GOptionEntry plan_entries[] = {
  TEXT ("model",
        N_ ("FILE"),
        N_ ("The model: a GGUF file (of a split one any part), or a folder with config.json")),
  TEXT ("reference",
        N_ ("KV"),
        N_ ("What to compare with (default: not quantized: ctk=f16,ctv=f16, kv=auto or bits=16)")),
  TEXT ("candidate",
        N_ ("KV"),
        N_ ("A KV configuration to measure, e.g. ctk=q8_0,ctv=q4_0 (llama.cpp), kv=fp8_e4m3 (vLLM, "
            "SGLang) or bits=4,group=64 (MLX); may be repeated")),
  TEXT ("grid",
        N_ ("K,K×V,V"),
        N_ ("Every K type with every V type, e.g. q8_0,q4_0xq8_0,q4_0, or 8,4x8,4 for MLX")),
  TEXT ("control",
        N_ ("KV"),
        N_ ("A configuration that is known to be bad, to show that damage is seen")),
  FLAG ("full", N_ ("All four axes, and the noise floor of the first two")),
  TEXT ("axes", N_ ("LIST"), N_ ("Of trajectory,kld,rniah,plad (default trajectory,kld)")),
  TEXT ("plan", N_ ("FILE"), N_ ("Run a saved plan; other options change it")),
  { NULL },
};

static const GOptionEntry axis_entries[] = {
  TEXT ("prompts", N_ ("FILE"), N_ ("JSONL with id, category and prompt, or a REFRACT report")),
  TEXT ("prompt-mode", N_ ("MODE"), N_ ("raw (default) or chat, for the trajectory axis")),
  TEXT ("n-predict", N_ ("N"), N_ ("Tokens to decode per prompt (default 128)")),
  TEXT ("corpus", N_ ("FILE"), N_ ("Text for the kld axis")),
  TEXT ("chunks", N_ ("N"), N_ ("Chunks of the corpus (default 32)")),
  TEXT ("ctx",
        N_ ("LIST"),
        N_ ("Tokens per chunk (default 512); more than one shows KLD by context length")),
  TEXT ("haystack", N_ ("FILE"), N_ ("Text for the rniah axis (default: the corpus)")),
  TEXT ("rniah-lengths", N_ ("LIST"), N_ ("Context lengths in tokens (default 4096,8192,16384)")),
  TEXT ("rniah-up-to", N_ ("N"), N_ ("Lengths doubling from 4096 up to this")),
  TEXT ("rniah-ctx-max", N_ ("N"), N_ ("Leave out lengths above this")),
  TEXT ("rniah-positions", N_ ("LIST"), N_ ("Places of the needle (default 0.1,0.5,0.9)")),
  TEXT ("rniah-trials", N_ ("N"), N_ ("Needles per cell (default 1)")),
  TEXT ("rniah-n-predict", N_ ("N"), N_ ("Tokens to decode per answer (default 256)")),
  TEXT ("rniah-needle",
        N_ ("TEXT"),
        N_ ("The sentence to hide; its longest word in CAPITALS is the key")),
  TEXT ("rniah-question", N_ ("TEXT"), N_ ("The question that asks for it")),
  TEXT ("seed", N_ ("N"), N_ ("Seed of the perturbations (default 42)")),
  FLAG ("measure-floor", N_ ("Measure the reference against itself as well")),
  FLAG ("strict-floor", N_ ("Stop when the floor is below 99.5 or a token differs")),
  { NULL },
};

static GOptionEntry engine_entries[] = {
  TEXT ("backend", N_ ("NAME"), NULL), /* its help names the engines that there are */
  TEXT ("engine-dir", N_ ("FOLDER"), N_ ("Where llama.cpp's programs are")),
  TEXT ("python",
        N_ ("FOLDER"),
        N_ ("The Python environment that has vLLM, SGLang or MLX, or its interpreter")),
  TEXT ("reference-url",
        N_ ("URL"),
        N_ ("A vLLM or SGLang server of yours that runs the reference; its key is read from "
            "REFRACT_SERVER_KEY")),
  TEXT ("candidate-url", N_ ("URL"), N_ ("The same for the candidate")),
  FLAG ("allow-model-code", N_ ("Let the model run the code that it brings along")),
  TEXT ("engine-flags", N_ ("FLAGS"), N_ ("More flags for the engine; the last one wins")),
  TEXT ("n-gpu-layers", N_ ("N"), N_ ("Layers on the GPU")),
  TEXT ("threads", N_ ("N"), N_ ("Threads of the engine (default: one per processor)")),
  TEXT ("slots",
        N_ ("N"),
        N_ ("Prompts decoded side by side (default auto: as many as change nothing)")),
  TEXT ("kv-budget", N_ ("SIZE"), N_ ("Most memory for the KV cache, e.g. 2G (default auto)")),
  { NULL },
};

static void
take_strv (RefractPlan *plan, const char *value)
{
  g_auto (GStrv) old = NULL;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) all = NULL;

  g_object_get (plan, "candidates", &old, NULL);
  g_strv_builder_addv (builder, (const char **) old);
  g_strv_builder_add (builder, value);
  all = g_strv_builder_end (builder);
  g_object_set (plan, "candidates", all, NULL);
}

static gboolean
parse_size (const char *text, gint64 *out)
{
  char *end = NULL;
  double value = g_ascii_strtod (text, &end);
  static const char units[] = "KMGT";
  const char *unit;

  if (end == text || !isfinite (value) || value < 0)
    return FALSE;
  unit = *end != '\0' ? strchr (units, g_ascii_toupper (*end)) : NULL;
  if (unit != NULL)
    {
      value *= pow (1024, unit - units + 1);
      end++;
      if (g_ascii_strcasecmp (end, "iB") == 0 || g_ascii_strcasecmp (end, "B") == 0)
        end += strlen (end);
    }
  if (*end != '\0' || value > 9e15)
    return FALSE;
  *out = (gint64) value;
  return TRUE;
}

static gboolean
bad_value (const Setting *setting, const char *wanted, GError **error)
{
  g_set_error (error, REFRACT_ERROR, REFRACT_ERROR_USAGE, "--%s %s: give %s.", setting->name,
               setting->value, wanted);
  return FALSE;
}

static gboolean
apply_lengths (RefractPlan *plan, const Setting *setting, GError **error)
{
  g_autoptr (GString) list = g_string_new (NULL);
  guint64 limit;

  if (!g_ascii_string_to_unsigned (setting->value, 10, 64, 4194304, &limit, NULL))
    return bad_value (setting, "a number of tokens from 64 to 4194304", error);

  if (g_str_equal (setting->name, "rniah-up-to"))
    {
      for (guint64 length = MIN (limit, RNIAH_FIRST_LENGTH); length <= limit; length *= 2)
        g_string_append_printf (list, "%s%" G_GUINT64_FORMAT, list->len > 0 ? "," : "", length);
    }
  else
    {
      g_autoptr (GArray) lengths = refract_plan_get_uints (plan, "rniah-lengths");

      for (guint i = 0; i < lengths->len; i++)
        if (g_array_index (lengths, guint, i) <= limit)
          g_string_append_printf (list, "%s%u", list->len > 0 ? "," : "",
                                  g_array_index (lengths, guint, i));
      if (list->len == 0)
        return bad_value (setting, "at least the shortest of the lengths (--rniah-lengths)", error);
    }

  g_object_set (plan, "rniah-lengths", list->str, NULL);
  return TRUE;
}

static gboolean
apply_grid (RefractPlan *plan, const Setting *setting, GError **error)
{
  g_autoptr (GPtrArray) grid = refract_kv_config_grid (setting->value, error);

  if (grid == NULL)
    return FALSE;
  for (guint i = 0; i < grid->len; i++)
    take_strv (plan, refract_kv_config_get_text (g_ptr_array_index (grid, i)));
  return TRUE;
}

/* A setting whose option has the name of the plan's property. */
static gboolean
apply_property (RefractPlan *plan, const Setting *setting, GError **error)
{
  GParamSpec *pspec = g_object_class_find_property (G_OBJECT_GET_CLASS (plan), setting->name);

  g_assert (pspec != NULL);
  if (G_IS_PARAM_SPEC_BOOLEAN (pspec))
    g_object_set (plan, setting->name, TRUE, NULL);
  else if (G_IS_PARAM_SPEC_STRING (pspec))
    {
      if (*setting->value == '\0')
        return bad_value (setting, "a value", error);
      g_object_set (plan, setting->name, setting->value, NULL);
    }
  else
    {
      GParamSpecInt64 *bounds = G_PARAM_SPEC_INT64 (pspec);
      gint64 number;

      if (!g_ascii_string_to_signed (setting->value, 10, bounds->minimum, bounds->maximum, &number,
                                     NULL))
        {
          g_autofree char *wanted
              = g_strdup_printf ("a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                                 bounds->minimum, bounds->maximum);

          return bad_value (setting, wanted, error);
        }
      g_object_set (plan, setting->name, number, NULL);
    }
  return TRUE;
}

static gboolean
apply_setting (RefractPlan *plan, const Setting *setting, GError **error)
{
  if (g_str_equal (setting->name, "plan"))
    return TRUE;
  if (g_str_equal (setting->name, "candidate"))
    {
      take_strv (plan, setting->value);
      return TRUE;
    }
  if (g_str_equal (setting->name, "grid"))
    return apply_grid (plan, setting, error);
  if (g_str_equal (setting->name, "full"))
    {
      g_object_set (plan, "axes", "trajectory,kld,rniah,plad", "measure-floor", TRUE, NULL);
      return TRUE;
    }
  if (g_str_equal (setting->name, "rniah-up-to") || g_str_equal (setting->name, "rniah-ctx-max"))
    return apply_lengths (plan, setting, error);
  if (g_str_equal (setting->name, "kv-budget"))
    {
      gint64 bytes;

      if (!parse_size (setting->value, &bytes))
        return bad_value (setting, "a size such as 512M or 2G", error);
      g_object_set (plan, "kv-budget", bytes, NULL);
      return TRUE;
    }
  if (g_str_equal (setting->name, "strict-floor"))
    g_object_set (plan, "measure-floor", TRUE, NULL);

  return apply_property (plan, setting, error);
}

RefractPlan *
refract_plan_options_make_plan (GPtrArray *settings, GError **error)
{
  g_autoptr (RefractPlan) plan = NULL;

  for (guint i = 0; i < settings->len; i++)
    {
      const Setting *setting = g_ptr_array_index (settings, i);

      if (g_str_equal (setting->name, "plan"))
        {
          g_clear_object (&plan);
          plan = refract_plan_load (setting->value, error);
          if (plan == NULL)
            return NULL;
        }
    }
  if (plan == NULL)
    plan = refract_plan_new ();
  for (guint i = 0; i < settings->len; i++)
    if (!apply_setting (plan, g_ptr_array_index (settings, i), error))
      return NULL;

  refract_plan_use_fetched (plan);
  return refract_plan_validate (plan, error) ? g_steal_pointer (&plan) : NULL;
}

static void
add_group (GOptionContext *context,
           const char *name,
           const char *title,
           const GOptionEntry *entries,
           GPtrArray *settings)
{
  GOptionGroup *group = g_option_group_new (name, title, title, settings, NULL);

  g_option_group_set_translation_domain (group, GETTEXT_PACKAGE);
  g_option_group_add_entries (group, entries);
  g_option_context_add_group (context, group);
}

char *
refract_cli_describe_backends (void)
{
  g_autofree char *names = refract_backend_list_names (_ ("or"));

  return g_strdup_printf (_ ("auto (default: by the model), %s"), names);
}

GPtrArray *
refract_plan_options_add (GOptionContext *context)
{
  GPtrArray *settings = g_ptr_array_new_with_free_func ((GDestroyNotify) setting_free);

  add_group (context, "plan", _ ("What to measure:"), plan_entries, settings);
  add_group (context, "axes", _ ("How each axis measures:"), axis_entries, settings);
  g_free ((char *) engine_entries[0].description);
  engine_entries[0].description = refract_cli_describe_backends ();
  add_group (context, "engine", _ ("The engine:"), engine_entries, settings);
  return settings;
}
