/* refract-diagnosis.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "report/refract-diagnosis-private.h"

#define TRAJECTORY REFRACT_AXIS_BIT (REFRACT_AXIS_TRAJECTORY)
#define KLD REFRACT_AXIS_BIT (REFRACT_AXIS_KLD)
#define RNIAH REFRACT_AXIS_BIT (REFRACT_AXIS_RNIAH)
#define PLAD REFRACT_AXIS_BIT (REFRACT_AXIS_PLAD)

static const char *const surface_names[REFRACT_N_AXES] = {
  [REFRACT_AXIS_TRAJECTORY] = N_ ("the decoded text (Trajectory)"),
  [REFRACT_AXIS_KLD] = N_ ("the token distribution (KLD@D)"),
  [REFRACT_AXIS_RNIAH] = N_ ("retrieval from long contexts (R-NIAH)"),
  [REFRACT_AXIS_PLAD] = N_ ("robustness to small input changes (PLAD)"),
};

void
refract_finding_free (RefractFinding *self)
{
  g_free (self->text);
  g_free (self->remedy);
  g_free (self);
}

void
refract_findings_add (GPtrArray *findings, const char *remedy, const char *format, ...)
{
  RefractFinding *finding = g_new0 (RefractFinding, 1);
  va_list args;

  va_start (args, format);
  finding->text = g_strdup_vprintf (format, args);
  va_end (args);
  finding->remedy = g_strdup (remedy);
  g_ptr_array_add (findings, finding);
}

void
refract_surfaces_init (RefractSurfaces *self, const RefractConfigResult *result)
{
  *self = (RefractSurfaces) { 0 };
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      RefractAxes bit = REFRACT_AXIS_BIT (i);

      if (!refract_config_result_is_scored (result, i))
        {
          self->missing |= bit;
          continue;
        }
      self->scored |= bit;
      if (result->axes[i]->score < REFRACT_FAIL_SCORE)
        self->fail |= bit;
      if (result->axes[i]->score < REFRACT_LOW_SCORE)
        self->low |= bit;
      else if (result->axes[i]->confidence == REFRACT_CONFIDENCE_LOW)
        self->uncertain |= bit;
      else
        self->intact |= bit;
    }
}

guint
refract_axes_count (RefractAxes axes)
{
  guint n = 0;

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    n += (axes & REFRACT_AXIS_BIT (i)) != 0;
  return n;
}

/* "a", "a and b", "a, b and c" */
static char *
join_words (GPtrArray *words)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < words->len; i++)
    {
      if (i > 0)
        g_string_append (text, i + 1 == words->len ? " and " : ", ");
      g_string_append (text, g_ptr_array_index (words, i));
    }
  return g_string_free (text, FALSE);
}

char *
refract_axes_describe_scores (RefractAxes axes, const RefractConfigResult *result)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    if (axes & REFRACT_AXIS_BIT (i))
      {
        g_autofree char *score = refract_format_score (result->axes[i]->score, 1);

        if (i == REFRACT_AXIS_TRAJECTORY)
          g_ptr_array_add (words, g_strdup_printf (N_ ("Trajectory %s"), score));
        else
          g_ptr_array_add (words, g_strdup_printf ("%s %s", refract_axis_id_get_title (i), score));
      }
  return join_words (words);
}

char *
refract_axes_describe_surfaces (RefractAxes axes)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new ();

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    if (axes & REFRACT_AXIS_BIT (i))
      g_ptr_array_add (words, (char *) surface_names[i]);
  return join_words (words);
}

char *
refract_run_dup_reference_name (const RefractRun *run)
{
  RefractKvConfig *kv = run->reference->kv;
  const char *type_k = refract_kv_config_get_type_k (kv);
  gboolean plain = g_str_equal (type_k, refract_kv_config_get_type_v (kv))
                   && refract_kv_config_get_flags (kv)[0] == NULL
                   && refract_kv_config_get_environment (kv)[0] == NULL;

  return g_strdup (plain ? type_k : refract_kv_config_get_label (kv));
}

static void
add_intact (GPtrArray *findings, const RefractRun *run, const RefractSurfaces *surfaces)
{
  g_autofree char *reference = refract_run_dup_reference_name (run);
  g_autofree char *intact = refract_axes_describe_surfaces (surfaces->intact);
  g_autofree char *missing = refract_axes_describe_surfaces (surfaces->missing);
  g_autofree char *remedy
      = surfaces->missing != 0
            ? g_strdup_printf (
                  N_ ("Nothing has to be done for what was measured. Not measured: %s."), missing)
            : g_strdup (N_ ("Nothing has to be done."));

  if (surfaces->intact == 0)
    refract_findings_add (findings,
                          N_ ("Measure with a stronger model, or with inputs that it handles."),
                          "Nothing can be called intact: what was scored is of low confidence.");
  else
    refract_findings_add (findings, remedy,
                          ngettext ("No loss shows: %s is intact, close to %s.",
                                    "No loss shows: %s are intact, close to %s.",
                                    refract_axes_count (surfaces->intact)),
                          intact, reference);
}

static char *
dup_kld_remedy (const RefractRun *run)
{
  g_autofree char *floor = NULL;

  if (run->floor == NULL || !run->floor->has_composite)
    return g_strdup (
        N_ ("Measure the noise floor first (--measure-floor); where it is clean, the loss "
            "is real, and more bits are the remedy."));
  floor = refract_format_score (run->floor->composite, 1);
  return g_strdup_printf (
      N_ ("The noise floor is %s: beyond it the loss is real, and more bits are the "
          "remedy."),
      floor);
}

/* Short contexts alone: the other surfaces hold, or were not measured. */
static void
add_short_only (GPtrArray *findings,
                const RefractRun *run,
                const RefractConfigResult *result,
                const RefractSurfaces *surfaces,
                const RefractDamage *damage)
{
  RefractAxes low = surfaces->low & (TRAJECTORY | KLD);
  RefractAxes others = surfaces->intact & (RNIAH | PLAD);
  g_autofree char *scores = refract_axes_describe_scores (low, result);
  g_autofree char *kept = refract_axes_describe_surfaces (others);
  g_autofree char *kld_remedy = dup_kld_remedy (run);

  if ((surfaces->fail & (TRAJECTORY | KLD)) == (TRAJECTORY | KLD))
    {
      const char *remedy = refract_damage_get_remedy (damage);

      if (others != 0)
        refract_findings_add (findings, remedy,
                              ngettext ("The token distribution is broken (%s), but %s is intact.",
                                        "The token distribution is broken (%s), but %s are intact.",
                                        refract_axes_count (others)),
                              scores, kept);
      else
        refract_findings_add (findings, remedy,
                              "The token distribution is broken (%s); no other surface was shown "
                              "to be intact.",
                              scores);
      return;
    }

  if (low & TRAJECTORY)
    {
      g_autofree char *remedy = g_strconcat (N_ ("Audit the decoding workload."), " ",
                                             refract_damage_get_remedy (damage), NULL);

      refract_findings_add (findings, remedy,
                            surfaces->fail & low ? N_ ("Drift in short contexts: %s.")
                                                 : N_ ("Mild drift in short contexts: %s."),
                            scores);
    }
  else
    refract_findings_add (
        findings, kld_remedy,
        surfaces->fail & low
            ? N_ ("Drift in short contexts: %s. Audit the decoding workload.")
            : N_ ("Mild drift in short contexts: %s. Audit the decoding workload."),
        scores);
}

static void
add_each (GPtrArray *findings,
          const RefractRun *run,
          const RefractConfigResult *result,
          const RefractSurfaces *surfaces,
          const RefractDamage *damage)
{
  if (surfaces->low & (TRAJECTORY | KLD))
    {
      g_autofree char *scores
          = refract_axes_describe_scores (surfaces->low & (TRAJECTORY | KLD), result);
      g_autofree char *kld_remedy = dup_kld_remedy (run);

      refract_findings_add (
          findings, surfaces->low & TRAJECTORY ? refract_damage_get_remedy (damage) : kld_remedy,
          "Decoding drifts already in short contexts: %s.", scores);
    }
  if (surfaces->low & RNIAH)
    {
      g_autofree char *scores = refract_axes_describe_scores (RNIAH, result);

      refract_findings_add (
          findings,
          N_ ("Look at the cells where the needle was lost. Use more bits for long "
              "contexts, or switch the cache type by length."),
          "Retrieval from long contexts is lost: %s.", scores);
    }
  if (surfaces->low & PLAD)
    {
      g_autofree char *scores = refract_axes_describe_scores (PLAD, result);

      refract_findings_add (
          findings,
          N_ ("See which perturbation does it, clean up the input before it reaches "
              "the model, or use more bits."),
          "Small changes of the input upset the answers: %s.", scores);
    }
}

/**
 * refract_diagnose:
 * @run: for the floor, the reference and what else was measured in the same sweep
 * @result: one of the run's results, without an error
 *
 * SCORING, "Diagnosis". A catastrophic result gets that line alone.
 *
 * Returns: (transfer full) (element-type RefractFinding): the pattern first, then the details
 */
GPtrArray *
refract_diagnose (const RefractRun *run, const RefractConfigResult *result)
{
  GPtrArray *findings = g_ptr_array_new_with_free_func ((GDestroyNotify) refract_finding_free);
  RefractSurfaces surfaces;
  RefractDamage damage;

  refract_surfaces_init (&surfaces, result);
  if (surfaces.scored == 0)
    {
      refract_findings_add (
          findings, N_ ("See why each axis was left out, and give it inputs that fit the model."),
          "Nothing was measured, so that nothing can be said.");
      return findings;
    }
  if (surfaces.fail == surfaces.scored)
    {
      g_autofree char *scores = refract_axes_describe_scores (surfaces.scored, result);

      refract_findings_add (
          findings, N_ ("Treat this configuration as non-functional and go back to more bits."),
          "Catastrophic: every axis that was scored fails (%s).", scores);
      return findings;
    }

  refract_damage_init (&damage, run, result);
  if (surfaces.low == 0)
    add_intact (findings, run, &surfaces);
  else if ((surfaces.low & (RNIAH | PLAD)) == 0)
    add_short_only (findings, run, result, &surfaces, &damage);
  else
    add_each (findings, run, result, &surfaces, &damage);
  refract_findings_add_details (findings, result, &surfaces, &damage);
  return findings;
}

/**
 * refract_ship_rule:
 *
 * SCORING, "Diagnosis". Several axes from 60 to 80, which the rule leaves open, are audited like
 * one; one axis below 60 beside others from 60 to 80 is a case for mitigations. Where every score
 * is of low confidence or the setting was not shown to be in use, there is nothing to call safe:
 * audit.
 */
RefractShip
refract_ship_rule (const RefractConfigResult *result)
{
  RefractSurfaces surfaces;
  guint n_fail;

  refract_surfaces_init (&surfaces, result);
  n_fail = refract_axes_count (surfaces.fail);
  if (n_fail > 1)
    return REFRACT_SHIP_NO;
  if (n_fail == 1)
    return REFRACT_SHIP_MITIGATE;
  if (surfaces.low != 0 || surfaces.intact == 0 || result->not_proved)
    return REFRACT_SHIP_AUDIT;
  return REFRACT_SHIP_SAFE;
}

const char *
refract_ship_get_name (RefractShip ship)
{
  static const char *const names[] = {
    [REFRACT_SHIP_SAFE] = "safe",
    [REFRACT_SHIP_AUDIT] = "audit",
    [REFRACT_SHIP_MITIGATE] = "mitigate",
    [REFRACT_SHIP_NO] = "no",
  };

  g_return_val_if_fail (ship < G_N_ELEMENTS (names), NULL);

  return names[ship];
}

static char *
describe_safe (const RefractSurfaces *surfaces)
{
  g_autofree char *uncertain = refract_axes_describe_surfaces (surfaces->uncertain);
  g_autofree char *missing = refract_axes_describe_surfaces (surfaces->missing);
  GString *text = g_string_new (NULL);

  g_string_append (text, surfaces->missing != 0
                             ? N_ ("Safe to ship, as far as measured: every axis that was scored "
                                   "reaches 80.")
                             : N_ ("Safe to ship: every axis that was scored reaches 80."));
  if (surfaces->uncertain != 0)
    g_string_append_printf (g_string_append_c (text, ' '), N_ ("Low confidence: %s."), uncertain);
  if (surfaces->missing != 0)
    g_string_append_printf (g_string_append_c (text, ' '), N_ ("Not measured: %s."), missing);
  return g_string_free (text, FALSE);
}

char *
refract_ship_describe (const RefractConfigResult *result)
{
  RefractShip ship = refract_ship_rule (result);
  RefractSurfaces surfaces;
  g_autofree char *failed = NULL;
  g_autofree char *weak = NULL;

  refract_surfaces_init (&surfaces, result);
  if (ship == REFRACT_SHIP_SAFE)
    return describe_safe (&surfaces);

  failed = refract_axes_describe_scores (surfaces.fail, result);
  weak = refract_axes_describe_scores (surfaces.low & ~surfaces.fail, result);
  if (ship == REFRACT_SHIP_NO)
    return g_strdup_printf (N_ ("Do not ship: several axes fail (%s)."), failed);
  if (ship == REFRACT_SHIP_MITIGATE)
    {
      g_autofree char *surface = refract_axes_describe_surfaces (surfaces.fail);
      g_autoptr (GString) text = g_string_new (NULL);

      g_string_printf (text, N_ ("Ship only with mitigations for %s: %s."), surface, failed);
      if (*weak != '\0')
        g_string_append_printf (g_string_append_c (text, ' '), N_ ("Audit beside it: %s."), weak);
      return g_string_free (g_steal_pointer (&text), FALSE);
    }
  if (surfaces.scored == 0)
    return g_strdup (N_ ("Nothing was measured, so that nothing can be called safe."));
  if (surfaces.low != 0)
    return g_strdup_printf (ngettext ("Audit this surface before you ship: %s.",
                                      "Audit these surfaces before you ship: %s.",
                                      refract_axes_count (surfaces.low)),
                            weak);
  return g_strdup (result->not_proved
                       ? N_ ("Audit first: nothing shows that this setting was in use at all.")
                       : N_ ("Audit first: every score here is of low confidence."));
}

const char *
refract_band_get_summary (RefractBand band)
{
  static const char *const summaries[] = {
    [REFRACT_BAND_FAIL] = N_ ("Material quality loss. Treat as broken."),
    [REFRACT_BAND_DEGRADED] = N_ ("Visible drift. Try it on your own work before you rely on it."),
    [REFRACT_BAND_PASS] = N_ ("Small drift. Good enough for most uses."),
    [REFRACT_BAND_EXCELLENT] = N_ ("Hardly any difference from the reference."),
  };

  g_return_val_if_fail (band < G_N_ELEMENTS (summaries), NULL);

  return summaries[band];
}
