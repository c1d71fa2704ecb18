/* refract-comparison-warnings.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "core/refract-json.h"
#include "core/refract-kv-config.h"
#include "report/refract-comparison.h"
#include "report/refract-report-private.h"
#include "report/refract-report-text.h"

#define ALL 0u
#define TRAJECTORY (1u << REFRACT_AXIS_TRAJECTORY)
#define KLD (1u << REFRACT_AXIS_KLD)
#define RNIAH (1u << REFRACT_AXIS_RNIAH)
#define PLAD (1u << REFRACT_AXIS_PLAD)

/* What moves scores, where reports say it (old layouts elsewhere: like is compared with like), what
 * follows when it differs, and which axes it moves. What says something within one engine only is
 * not compared between two. */
static const struct
{
  const char *path;
  const char *other_path;
  const char *name;
  const char *consequence;
  guint axes;
  gboolean within_engine;
} facts[] = {
  { "extension.inputs.prompts.sha256", NULL, N_ ("set of prompts"),
    N_ ("Trajectory and PLAD rest on other prompts"), TRAJECTORY | PLAD },
  { "extension.inputs.corpus.sha256", "axes.kld.corpus.sha256_head", N_ ("corpus"),
    N_ ("KLD depends on the text"), KLD },
  { "extension.inputs.haystack.sha256", NULL, N_ ("haystack"), N_ ("retrieval depends on the text"),
    RNIAH },
  { "extension.plan.n_predict", "axes.gtm.n_tokens_each", N_ ("number of decoded tokens"),
    N_ ("a longer answer has more chances to diverge"), TRAJECTORY | PLAD },
  { "extension.plan.prompt_mode", NULL, N_ ("prompt mode"),
    N_ ("raw and chat prompts give other trajectories"), TRAJECTORY | PLAD },
  { "extension.plan.chunks", "axes.kld.chunks", N_ ("number of chunks"),
    N_ ("KLD rests on other text"), KLD },
  { "axes.kld.ctx", NULL, N_ ("context length of KLD"), N_ ("KLD grows with the context"), KLD },
  { "extension.plan.rniah_lengths", NULL, N_ ("set of R-NIAH's lengths"),
    N_ ("the cells are others"), RNIAH },
  { "extension.plan.rniah_positions", NULL, N_ ("set of R-NIAH's positions"),
    N_ ("the cells are others"), RNIAH },
  { "extension.plan.rniah_trials", NULL, N_ ("number of R-NIAH's trials"),
    N_ ("the steps of its score are others"), RNIAH },
  { "extension.plan.rniah_n_predict", NULL, N_ ("length of R-NIAH's answers"),
    N_ ("a longer answer has more chances to name what was hidden"), RNIAH },
  { "extension.inputs.needle.sha256", "axes.rniah.needle", N_ ("needle"),
    N_ ("some needles make models refuse"), RNIAH },
  { "extension.inputs.question.sha256", "extension.plan.rniah_question", N_ ("question of R-NIAH"),
    N_ ("the task is another"), RNIAH },
  { "extension.plan.seed", NULL, N_ ("seed"), N_ ("PLAD's perturbations are others"), PLAD },
  { "extension.slots.n", NULL, N_ ("number of slots"),
    N_ ("on a GPU the shape of a batch can change tokens"), ALL, TRUE },
  { "extension.axes.kld.precision", NULL, N_ ("precision of KLD"),
    N_ ("16 bits cannot tell what is below 1e-5 nats and hide what is above 3"), KLD },
  { "extension.axes.kld.phase", NULL, N_ ("phase that KLD probed"),
    N_ ("an engine's prefill and decode may disagree by themselves"), KLD },
  { "extension.engine.name", "environment.backend", N_ ("engine"),
    N_ ("engines quantize and measure in their own ways"), ALL },
  { "extension.engine.version", "environment.llama_cpp_version", N_ ("version of the engine"),
    N_ ("its kernels may have changed"), ALL, TRUE },
  { "extension.engine.build", "environment.llama_cpp_commit", N_ ("build of the engine"),
    N_ ("its kernels may have changed"), ALL, TRUE },
  { "extension.plan.engine_flags", NULL, N_ ("set of further engine flags"),
    N_ ("they can choose other kernels"), ALL, TRUE },
};

/* What each version of the methodology changed, newest first. */
static const struct
{
  const char *version;
  const char *change;
} versions[] = {
  { "0.3.0", N_ ("0.3.0 changed how chat templates are applied") },
  { "0.2.1", N_ ("0.2.1 brought the neutral needle and longer answers in R-NIAH") },
  { "0.2.0", N_ ("0.2.0 added R-NIAH and PLAD to the composite") },
  { "0.1.4", N_ ("0.1.4 replaced re-tokenised text by decoded ids: 5 to 15 points") },
};

/* As text, so that numbers, texts and lists compare alike; (nullable): where nothing is said */
static char *
dup_value (RefractReport *report, const char *path)
{
  JsonNode *node = refract_json_find (refract_report_get_root (report), path);
  char *text;

  if (node == NULL || JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  if (JSON_NODE_HOLDS_NULL (node))
    /* What a plan leaves out is said, too. */
    return g_str_has_prefix (path, "extension.plan.") ? g_strdup (N_ ("none")) : NULL;
  if (JSON_NODE_HOLDS_ARRAY (node))
    {
      g_autofree char *list = json_to_string (node, FALSE);

      return g_strndup (list + 1, strlen (list) - 2);
    }
  if (json_node_get_value_type (node) != G_TYPE_STRING)
    return g_strdup_printf ("%g", json_node_get_double (node));
  text = json_node_dup_string (node);
  if (g_str_equal (text, REFRACT_REDACTED))
    g_clear_pointer (&text, g_free);
  return text;
}

/* Hashes are not for reading. */
static gboolean
is_readable (const char *value)
{
  return strlen (value) <= 40 && strspn (value, "0123456789abcdef") < 20;
}

/* Whether one of @axes was scored: what the others rest on moves nothing. */
static gboolean
concerns (RefractReport *report, guint axes)
{
  for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
    if ((axes & 1u << axis) != 0 && !isnan (refract_report_get_axis_score (report, axis)))
      return TRUE;
  return axes == ALL;
}

/* What two reports say that differ in it */
typedef struct
{
  RefractReport *owners[2];
  char *values[2];
} Difference;

static void
difference_clear (Difference *self)
{
  g_clear_pointer (&self->values[0], g_free);
  g_clear_pointer (&self->values[1], g_free);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Difference, difference_clear)

/* The first two reports that @axes concern and that say different things at @path. */
static gboolean
find_difference (GPtrArray *reports, const char *path, guint axes, Difference *difference)
{
  for (guint i = 0; i < reports->len; i++)
    {
      g_autofree char *value
          = concerns (reports->pdata[i], axes) ? dup_value (reports->pdata[i], path) : NULL;
      guint n = difference->values[0] != NULL ? 1 : 0;

      if (value == NULL || g_strcmp0 (value, difference->values[0]) == 0)
        continue;
      difference->owners[n] = reports->pdata[i];
      difference->values[n] = g_steal_pointer (&value);
      if (n == 1)
        return TRUE;
    }
  difference_clear (difference);
  return FALSE;
}

static void
add_difference (GPtrArray *warnings,
                const char *name,
                const char *consequence,
                const Difference *difference)
{
  const char *first = difference->values[0], *other = difference->values[1];

  if (is_readable (first) && is_readable (other))
    g_ptr_array_add (warnings, g_strdup_printf (N_ ("The %s differs (%s, %s): %s."), name, first,
                                                other, consequence));
  else
    g_ptr_array_add (warnings, g_strdup_printf (N_ ("The %s differs: %s."), name, consequence));
}

static gboolean
has_engines (GPtrArray *reports)
{
  g_auto (Difference) difference = { 0 };

  return find_difference (reports, "extension.engine.name", ALL, &difference)
         || find_difference (reports, "environment.backend", ALL, &difference);
}

static void
add_fact (GPtrArray *warnings, GPtrArray *reports, guint fact, gboolean engines)
{
  g_auto (Difference) difference = { 0 };

  if (engines && facts[fact].within_engine)
    return;
  if (find_difference (reports, facts[fact].path, facts[fact].axes, &difference)
      || (facts[fact].other_path != NULL
          && find_difference (reports, facts[fact].other_path, facts[fact].axes, &difference)))
    add_difference (warnings, facts[fact].name, facts[fact].consequence, &difference);
}

/* What an engine stores unless it is told otherwise. */
static gboolean
is_usual_reference (const char *text, RefractKvDialect *dialect)
{
  g_autoptr (RefractKvConfig) kv = refract_kv_config_parse (text, NULL);
  g_autoptr (RefractKvConfig) usual = NULL;

  if (kv == NULL)
    return FALSE;
  *dialect = refract_kv_config_get_dialect (kv);
  usual = refract_kv_config_parse (refract_kv_dialect_get_reference (*dialect), NULL);
  return refract_kv_config_equal (kv, usual);
}

/* The same in two engines' words is no difference, as long as it takes the same room. */
static void
add_reference (GPtrArray *warnings, GPtrArray *reports)
{
  static const char bytes[] = "extension.reference_kv.bytes_per_token";
  g_auto (Difference) difference = { 0 };
  RefractKvDialect dialects[2];

  if (!find_difference (reports, "reference", ALL, &difference))
    return;
  if (is_usual_reference (difference.values[0], &dialects[0])
      && is_usual_reference (difference.values[1], &dialects[1]) && dialects[0] != dialects[1])
    {
      double a = refract_json_find_double (refract_report_get_root (difference.owners[0]), bytes);
      double b = refract_json_find_double (refract_report_get_root (difference.owners[1]), bytes);

      if (isnan (a) || isnan (b) || a == b)
        return;
    }
  add_difference (warnings, N_ ("reference configuration"),
                  N_ ("each is measured against another baseline"), &difference);
}

static gboolean
is_file (RefractReport *report)
{
  return g_strcmp0 (refract_report_get_engine_name (report), "llama.cpp") == 0;
}

static gboolean
has_same_shape (RefractReport *a, RefractReport *b)
{
  static const char *const paths[] = {
    "extension.model.n_layers",   "extension.model.n_kv_layers", "extension.model.n_kv_heads",
    "extension.model.head_dim_k", "extension.model.head_dim_v",  "extension.model.n_vocab",
  };

  for (guint i = 0; i < G_N_ELEMENTS (paths); i++)
    if (refract_json_find_double (refract_report_get_root (a), paths[i])
        != refract_json_find_double (refract_report_get_root (b), paths[i]))
      return FALSE;
  return TRUE;
}

/* A GGUF file and a folder are never the same file, though they may well be the same model. */
static void
add_model (GPtrArray *warnings, GPtrArray *reports)
{
  g_auto (Difference) difference = { 0 };
  RefractReport *a, *b;

  if (!find_difference (reports, "extension.model.fingerprint", ALL, &difference))
    return;
  a = difference.owners[0];
  b = difference.owners[1];
  if (is_file (a) != is_file (b) && has_same_shape (a, b))
    {
      RefractReport *file = is_file (a) ? a : b;
      RefractReport *folder = is_file (a) ? b : a;
      g_autofree char *of_file = dup_value (file, "extension.model.quantization");
      g_autofree char *of_folder = dup_value (folder, "extension.model.quantization");

      g_ptr_array_add (warnings,
                       g_strdup_printf (N_ ("The model is a GGUF file here (weights %s) and a "
                                            "folder there (%s): they have one shape, but nothing "
                                            "shows that they are the same."),
                                        of_file != NULL ? of_file : "?",
                                        of_folder != NULL ? of_folder : "?"));
      return;
    }
  add_difference (warnings, N_ ("model file"),
                  N_ ("this ranks how models bear quantization, not the models"), &difference);
}

/* Old layouts do not say what they were measured with. */
static void
add_unsaid (GPtrArray *warnings, GPtrArray *reports)
{
  for (guint i = 0; i < reports->len; i++)
    if (refract_report_get_extension (reports->pdata[i]) == NULL)
      {
        g_ptr_array_add (warnings,
                         g_strdup (N_ ("Not every report says its prompts, seed, haystack and "
                                       "slots: whether these are the same is not known.")));
        return;
      }
}

/* "0.3.2" → 302; what has no version is before 0.3.1. */
static guint
get_version (const char *text)
{
  guint number = 0;
  g_auto (GStrv) parts = g_strsplit (text, ".", 4);

  for (guint i = 0; i < 3; i++)
    number = number * 100
             + (i < g_strv_length (parts) ? MIN (g_ascii_strtoull (parts[i], NULL, 10), 99) : 0);
  return number;
}

static void
add_version (GPtrArray *warnings, GPtrArray *reports)
{
  guint oldest = G_MAXUINT, newest = 0;
  const char *oldest_text = NULL;
  const char *newest_text = NULL;
  g_autoptr (GString) changes = g_string_new (NULL);

  for (guint i = 0; i < reports->len; i++)
    {
      JsonObject *root = refract_report_get_root (reports->pdata[i]);
      const char *text = refract_json_get_string (root, "framework_version", NULL);
      const char *schema = refract_json_get_string (root, "schema", "");
      guint version;

      if (text == NULL && g_str_has_prefix (schema, "refract.report.v"))
        text = schema + strlen ("refract.report.v");
      if (text == NULL)
        continue;
      version = get_version (text);
      if (version < oldest)
        {
          oldest = version;
          oldest_text = text;
        }
      if (version >= newest)
        {
          newest = version;
          newest_text = text;
        }
    }
  if (oldest_text == NULL || oldest == newest)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (versions); i++)
    {
      guint version = get_version (versions[i].version);

      if (version > oldest && version <= newest)
        g_string_append_printf (changes, "%s%s", changes->len > 0 ? "; " : "", versions[i].change);
    }
  g_ptr_array_add (warnings,
                   g_strdup_printf (N_ ("The version of the methodology differs (%s, %s): %s."),
                                    oldest_text, newest_text,
                                    changes->len > 0 ? changes->str
                                                     : "what changed between them moves no score"));
}

/* The composite is a mean over the axes that ran: another set is another number. */
static void
add_axes (GPtrArray *warnings, GPtrArray *reports)
{
  guint first = 0;

  for (guint i = 0; i < reports->len; i++)
    {
      guint axes = 0;

      for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
        axes |= !isnan (refract_report_get_axis_score (reports->pdata[i], axis)) << axis;
      if (i == 0)
        first = axes;
      else if (axes != first)
        {
          g_ptr_array_add (warnings,
                           g_strdup (N_ ("Not all were scored on the same axes: compare the "
                                         "axes, not the composites.")));
          return;
        }
    }
}

/* A floor below 99.5 is noise that scores cannot be told from. */
static void
add_floors (GPtrArray *warnings, GPtrArray *reports, char **names)
{
  for (guint i = 0; i < reports->len; i++)
    {
      JsonObject *root = refract_report_get_root (reports->pdata[i]);
      double floor = refract_json_find_double (root, "extension.floor.composite");

      if (isnan (floor))
        floor = refract_json_find_double (root, "composite_detail.floor_score");
      if (floor < 99.5)
        g_ptr_array_add (
            warnings,
            g_strdup_printf (
                N_ ("%s has a noise floor of %.2f: its reference does not repeat itself."),
                names[i], floor));
    }
}

static void
add_limits (GPtrArray *warnings, GPtrArray *reports, char **names)
{
  for (guint i = 0; i < reports->len; i++)
    {
      RefractReport *report = reports->pdata[i];
      JsonObject *extension = refract_report_get_extension (report);

      if (refract_json_get_boolean (extension, "not_proved", FALSE))
        g_ptr_array_add (warnings,
                         g_strdup_printf (N_ ("%s: nothing proves that the setting was in "
                                              "use."),
                                          names[i]));
      if (g_str_equal (refract_json_get_string (
                           refract_report_get_axis (report, REFRACT_AXIS_RNIAH), "confidence", ""),
                       "low"))
        g_ptr_array_add (warnings,
                         g_strdup_printf (N_ ("%s: the reference itself hardly retrieves, so "
                                              "that R-NIAH says little."),
                                          names[i]));
    }
}

/* What KLD saw: 0 the whole vocabulary, −1 nothing */
static double
get_top_k (RefractReport *report)
{
  g_autofree char *bound = refract_report_dup_bound_text (report);

  if (isnan (refract_report_get_axis_score (report, REFRACT_AXIS_KLD)))
    return -1;
  return bound == NULL
             ? 0
             : refract_json_get_double (
                   refract_report_get_axis_extension (report, REFRACT_AXIS_KLD), "top_k", 1);
}

/* A bound from few tokens is smaller than one from many, and than the divergence itself. */
static void
add_bounds (GPtrArray *warnings, GPtrArray *reports, char **names)
{
  int first = -1;

  for (guint i = 0; i < reports->len; i++)
    {
      double top_k = get_top_k (reports->pdata[i]);
      g_autofree char *bound = NULL;
      guint bounded, other;

      if (top_k < 0)
        continue;
      if (first < 0)
        first = i;
      if (top_k == get_top_k (reports->pdata[first]))
        continue;
      bounded = top_k > 0 ? i : (guint) first;
      other = top_k > 0 ? (guint) first : i;
      bound = refract_report_dup_bound_text (reports->pdata[bounded]);
      g_ptr_array_add (warnings,
                       g_strdup_printf ("KLD of %s is %s, that of %s is %s: neither these scores "
                                        "nor the composites can be compared.",
                                        names[bounded], bound, names[other],
                                        get_top_k (reports->pdata[other]) > 0
                                            ? "one from another number of tokens"
                                            : "over the whole vocabulary"));
      return;
    }
}

GPtrArray *
refract_comparison_list_warnings (GPtrArray *reports, char **names)
{
  GPtrArray *warnings = g_ptr_array_new_with_free_func (g_free);
  gboolean engines = has_engines (reports);

  add_version (warnings, reports);
  add_reference (warnings, reports);
  add_model (warnings, reports);
  for (guint fact = 0; fact < G_N_ELEMENTS (facts); fact++)
    add_fact (warnings, reports, fact, engines);
  add_unsaid (warnings, reports);
  add_axes (warnings, reports);
  add_bounds (warnings, reports, names);
  add_floors (warnings, reports, names);
  add_limits (warnings, reports, names);
  return warnings;
}
