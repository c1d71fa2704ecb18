/* refract-comparison-warnings.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "core/refract-json.h"
#include "report/refract-comparison.h"
#include "report/refract-report-text.h"

/* What moves scores, where reports say it, and what follows when it differs. */
static const struct
{
  const char *path;
  const char *other_path;
  const char *name;
  const char *consequence;
} facts[] = {
  { "reference", NULL, N_ ("reference configuration"),
    N_ ("each is measured against another baseline") },
  { "extension.model.fingerprint", NULL, N_ ("model file"),
    N_ ("this ranks how models bear quantization, not the models") },
  { "extension.inputs.prompts.sha256", NULL, N_ ("prompts"),
    N_ ("Trajectory and PLAD rest on other prompts") },
  { "extension.inputs.corpus.sha256", "axes.kld.corpus.sha256_head", N_ ("corpus"),
    N_ ("KLD depends on the text") },
  { "extension.inputs.haystack.sha256", NULL, N_ ("haystack"),
    N_ ("retrieval depends on the text") },
  { "extension.plan.n_predict", "axes.gtm.n_tokens_each", N_ ("number of decoded tokens"),
    N_ ("a longer answer has more chances to diverge") },
  { "extension.plan.prompt_mode", NULL, N_ ("prompt mode"),
    N_ ("raw and chat prompts give other trajectories") },
  { "extension.plan.chunks", "axes.kld.chunks", N_ ("number of chunks"),
    N_ ("KLD rests on other text") },
  { "extension.plan.ctx", "axes.kld.ctx", N_ ("context length of KLD"),
    N_ ("KLD grows with the context") },
  { "extension.plan.rniah_lengths", NULL, N_ ("lengths of R-NIAH"), N_ ("the cells are others") },
  { "extension.plan.rniah_positions", NULL, N_ ("positions of R-NIAH"),
    N_ ("the cells are others") },
  { "extension.plan.rniah_trials", NULL, N_ ("trials of R-NIAH"),
    N_ ("the steps of its score are others") },
  { "axes.rniah.needle", NULL, N_ ("needle"), N_ ("some needles make models refuse") },
  { "extension.plan.rniah_question", NULL, N_ ("question of R-NIAH"), N_ ("the task is another") },
  { "extension.plan.seed", NULL, N_ ("seed"), N_ ("PLAD's perturbations are others") },
  { "extension.slots.n", NULL, N_ ("number of slots"),
    N_ ("on a GPU the shape of a batch can change tokens") },
  { "extension.axes.kld.precision", NULL, N_ ("precision of KLD"),
    N_ ("16 bits cannot tell what is below 1e-5 nats and hide what is above 3") },
  { "extension.axes.kld.phase", NULL, N_ ("phase that KLD probed"),
    N_ ("an engine's prefill and decode may disagree by themselves") },
  { "extension.engine.name", "environment.backend", N_ ("engine"),
    N_ ("engines quantize and measure in their own ways") },
  { "extension.engine.version", "environment.llama_cpp_version", N_ ("version of the engine"),
    N_ ("its kernels may have changed") },
  { "extension.engine.build", "environment.llama_cpp_commit", N_ ("build of the engine"),
    N_ ("its kernels may have changed") },
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

/* As text, so that numbers, texts and lists compare alike; (nullable) */
static char *
dup_value (RefractReport *report, const char *path, const char *other_path)
{
  JsonNode *node = refract_json_find (refract_report_get_root (report), path);

  if ((node == NULL || JSON_NODE_HOLDS_NULL (node)) && other_path != NULL)
    node = refract_json_find (refract_report_get_root (report), other_path);
  if (node == NULL || !JSON_NODE_HOLDS_VALUE (node))
    return NULL;
  if (json_node_get_value_type (node) == G_TYPE_STRING)
    return json_node_dup_string (node);
  return g_strdup_printf ("%g", json_node_get_double (node));
}

/* Hashes are not for reading. */
static gboolean
is_readable (const char *value)
{
  return strlen (value) <= 40 && strspn (value, "0123456789abcdef") < 20;
}

static void
add_fact (GPtrArray *warnings, GPtrArray *reports, guint fact)
{
  g_autofree char *first = NULL;
  g_autofree char *other = NULL;

  for (guint i = 0; i < reports->len && other == NULL; i++)
    {
      g_autofree char *value
          = dup_value (reports->pdata[i], facts[fact].path, facts[fact].other_path);

      if (value == NULL)
        continue;
      if (first == NULL)
        first = g_steal_pointer (&value);
      else if (!g_str_equal (value, first))
        other = g_steal_pointer (&value);
    }
  if (other == NULL)
    return;
  if (is_readable (first) && is_readable (other))
    g_ptr_array_add (warnings,
                     g_strdup_printf (N_ ("The %s differs (%s, %s): %s."), facts[fact].name, first,
                                      other, facts[fact].consequence));
  else
    g_ptr_array_add (warnings, g_strdup_printf (N_ ("The %s differs: %s."), facts[fact].name,
                                                facts[fact].consequence));
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

  add_version (warnings, reports);
  for (guint fact = 0; fact < G_N_ELEMENTS (facts); fact++)
    add_fact (warnings, reports, fact);
  add_axes (warnings, reports);
  add_bounds (warnings, reports, names);
  add_floors (warnings, reports, names);
  add_limits (warnings, reports, names);
  return warnings;
}
