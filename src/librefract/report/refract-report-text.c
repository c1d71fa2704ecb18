/* refract-report-text.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include <glib/gi18n-lib.h>

#include "core/refract-json.h"
#include "core/refract-translate.h"
#include "report/refract-report-text.h"

/* Longer names are cut: a report may say anything. */
#define MAX_NAME 200

char *
refract_clip_text (const char *text, glong max_chars)
{
  const char *end = text;

  /* A report's text may be of any length: what is not shown is not looked at. */
  for (glong n = 0; *end != '\0' && n < max_chars; n++)
    end = g_utf8_next_char (end);
  return *end == '\0' ? g_strdup (text) : g_strdup_printf ("%.*s…", (int) (end - text), text);
}

gsize
refract_text_common_prefix (const char *a, const char *b)
{
  gsize n = 0;

  while (a[n] != '\0' && a[n] == b[n])
    n++;
  /* Not into the middle of a character that goes on differently. */
  while (n > 0 && ((a[n] & 0xC0) == 0x80 || (b[n] & 0xC0) == 0x80))
    n--;
  return n;
}

char *
refract_format_score_interval (double score, JsonObject *interval, guint decimals)
{
  if (interval == NULL && !isnan (score))
    return refract_format_score (score, decimals);
  return refract_format_score_range (score, refract_json_get_double (interval, "low", 0),
                                     refract_json_get_double (interval, "high", 100), decimals);
}

static gboolean
has_few_samples (JsonObject *interval)
{
  return refract_json_get_boolean (interval, "few_samples", FALSE);
}

char *
refract_report_dup_subject (RefractReport *self)
{
  g_autofree char *model = refract_report_dup_model_name (self);
  g_autofree char *candidate = refract_report_dup_candidate_label (self);
  g_autofree char *reference = refract_report_dup_reference_label (self);

  return g_strdup_printf (_ ("%s: %s against %s"), model, candidate, reference);
}

char *
refract_report_dup_bound_text (RefractReport *self)
{
  JsonObject *kld = refract_report_get_axis_extension (self, REFRACT_AXIS_KLD);
  double top_k = refract_json_get_double (kld, "top_k", NAN);
  double tail = refract_json_get_double (kld, "mean_tail", NAN);
  g_autofree char *unseen = NULL;

  if (isnan (refract_report_get_axis_score (self, REFRACT_AXIS_KLD))
      || !refract_json_get_boolean (kld, "lower_bound", FALSE))
    return NULL;
  if (!(top_k >= 1 && top_k <= G_MAXINT32) || !(tail >= 0 && tail <= 1))
    return g_strdup (_ ("a lower bound"));
  unseen = g_strdup_printf (tail < 0.1 ? "%.2g" : "%.0f", 100 * tail);
  return g_strdup_printf (
      _ ("a lower bound from the top %.0f tokens, %s %% of the probability unseen"), top_k, unseen);
}

/* "97.4 [92.2, 99.0] EXCELLENT", "at best" with a bound in it */
static char *
make_score_text (double score, JsonObject *interval, gboolean is_bound)
{
  g_autofree char *text = refract_format_score_interval (score, interval, 1);
  const char *band = _ (refract_band_get_name (refract_band_for_score (score)));

  return is_bound ? g_strdup_printf (_ ("%s %s at best"), text, band)
                  : g_strdup_printf ("%s %s", text, band);
}

char *
refract_report_dup_composite_text (RefractReport *self)
{
  JsonObject *extension = refract_report_get_extension (self);
  double composite = refract_report_get_composite (self);
  g_autofree char *bound = refract_report_dup_bound_text (self);

  if (isnan (composite))
    return g_strdup (refract_json_get_boolean (extension, "not_proved", FALSE)
                         ? _ ("No composite: could not prove that the setting was in use")
                         : _ ("No composite in this report"));
  return make_score_text (composite, refract_json_get_object (extension, "interval"),
                          bound != NULL);
}

char *
refract_report_dup_weakest_text (RefractReport *self)
{
  JsonObject *weakest
      = refract_json_get_object (refract_report_get_extension (self), "weakest_axis");
  double lowest = refract_json_get_double (weakest, "score", NAN);
  const char *title = refract_json_get_string (weakest, "title", NULL);
  g_autofree char *name = NULL;
  g_autofree char *score = NULL;

  /* REFRACT's own reports do not name it. */
  for (guint i = 0; title == NULL && i < REFRACT_N_AXES; i++)
    {
      double axis_score = refract_report_get_axis_score (self, i);

      if (!isnan (axis_score) && (name == NULL || axis_score < lowest))
        {
          lowest = axis_score;
          g_free (name);
          name = g_strdup (_ (refract_axis_id_get_title (i)));
        }
    }
  if (title != NULL)
    {
      g_autofree char *clipped = refract_clip_text (title, MAX_NAME);

      name = refract_translate (clipped);
    }
  if (name == NULL || isnan (lowest) || lowest < 0 || lowest > 100)
    return NULL;
  score = refract_format_score (lowest, 1);
  return g_strdup_printf (_ ("Weakest axis: %s %s"), name, score);
}

const char *
refract_report_get_axis_confidence (RefractReport *self, RefractAxisId axis)
{
  return refract_json_get_string (
      refract_report_get_axis (self, axis), "confidence",
      refract_json_get_string (refract_report_get_axis_extension (self, axis), "confidence", "ok"));
}

static void
add_strings (GPtrArray *list, JsonArray *strings)
{
  for (guint i = 0; i < refract_json_get_length (strings); i++)
    {
      const char *text = refract_json_array_get_string (strings, i);

      if (text != NULL)
        g_ptr_array_add (list, refract_translate (text));
    }
}

static void
add_low_axes (GPtrArray *list, RefractReport *self)
{
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    if (!isnan (refract_report_get_axis_score (self, i))
        && g_str_equal (refract_report_get_axis_confidence (self, i), "low"))
      g_ptr_array_add (list, g_strdup_printf (_ ("%s is of low confidence, and the composite "
                                                 "includes it."),
                                              _ (refract_axis_id_get_title (i))));
}

GPtrArray *
refract_report_list_caveats (RefractReport *self)
{
  JsonObject *extension = refract_report_get_extension (self);
  GPtrArray *list = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *bound = refract_report_dup_bound_text (self);

  if (extension == NULL)
    g_ptr_array_add (list, g_strdup (_ ("This report is of another program: it has no intervals, "
                                        "no recommendation and no texts.")));
  if (refract_json_get_boolean (extension, "is_control", FALSE))
    g_ptr_array_add (list, g_strdup (_ ("This is the negative control: a configuration chosen to "
                                        "be bad, to see that this setup notices.")));
  if (refract_json_get_boolean (extension, "not_proved", FALSE))
    g_ptr_array_add (list, g_strdup (_ ("Nothing shows that the setting was in use, so there is no "
                                        "composite.")));
  if (refract_json_get_boolean (extension, "same_as_reference", FALSE))
    g_ptr_array_add (list, g_strdup (_ ("Same as the reference, to the last bit: the type stores "
                                        "what the reference's does.")));
  if (refract_json_get_boolean (extension, "within_noise", FALSE))
    g_ptr_array_add (list, g_strdup (_ ("The difference is within the noise of the reference.")));
  if (has_few_samples (refract_json_get_object (extension, "interval")))
    g_ptr_array_add (list,
                     g_strdup (_ ("Few samples: the interval rests on fewer than 10 units.")));
  add_low_axes (list, self);
  if (bound != NULL)
    g_ptr_array_add (list, g_strdup_printf (_ ("KLD is %s: its score and the composite are the "
                                               "best that they can be."),
                                            bound));
  if (refract_json_get_boolean (extension, "redacted", FALSE))
    g_ptr_array_add (list, g_strdup (_ ("Prompts and answers were left out of this report.")));
  add_strings (list, refract_json_get_array (extension, "notes"));
  return list;
}

char *
refract_report_dup_floor_text (RefractReport *self)
{
  JsonObject *floor = refract_json_get_object (refract_report_get_extension (self), "floor");
  double score = refract_json_get_double (
      floor, "composite",
      refract_json_get_double (
          refract_json_get_object (refract_report_get_root (self), "composite_detail"),
          "floor_score", NAN));
  double divergent = refract_json_get_double (floor, "divergent_prompts", NAN);
  g_autofree char *text = NULL;

  if (isnan (score) || score < 0 || score > 100)
    return NULL;
  text = refract_format_score_interval (score, refract_json_get_object (floor, "interval"), 1);
  if (isnan (divergent))
    return g_strdup_printf (_ ("The reference measured twice scores %s."), text);
  return g_strdup_printf (_ ("The reference measured twice scores %s; different answers: %.0f."),
                          text, divergent);
}

char *
refract_report_dup_comparable_text (RefractReport *self)
{
  JsonObject *comparable
      = refract_json_get_object (refract_report_get_extension (self), "comparable");

  if (comparable == NULL)
    return NULL;
  return g_strdup (refract_json_get_boolean (comparable, "refract_0_3", FALSE)
                       ? _ ("Comparable with published REFRACT 0.3 scores.")
                       : _ ("Not comparable with published REFRACT 0.3 scores."));
}

char *
refract_report_dup_axis_score_parts (RefractReport *self, RefractAxisId axis, char **band)
{
  double score = refract_report_get_axis_score (self, axis);
  g_autofree char *bound = axis == REFRACT_AXIS_KLD ? refract_report_dup_bound_text (self) : NULL;
  const char *name;

  *band = NULL;
  if (isnan (score))
    return g_strdup (_ ("Not measured"));
  name = _ (refract_band_get_name (refract_band_for_score (score)));
  *band = bound != NULL ? g_strdup_printf (_ ("%s at best"), name) : g_strdup (name);
  return refract_format_score_interval (
      score, refract_json_get_object (refract_report_get_axis_extension (self, axis), "interval"),
      1);
}

char *
refract_report_dup_axis_score_text (RefractReport *self, RefractAxisId axis)
{
  double score = refract_report_get_axis_score (self, axis);
  g_autofree char *bound = axis == REFRACT_AXIS_KLD ? refract_report_dup_bound_text (self) : NULL;

  if (isnan (score))
    return g_strdup (_ ("Not measured"));
  return make_score_text (
      score, refract_json_get_object (refract_report_get_axis_extension (self, axis), "interval"),
      bound != NULL);
}

static void
describe_trajectory (GString *line, JsonObject *object)
{
  double n = refract_json_get_double (object, "n_prompts", NAN);
  double rate = refract_json_get_double (object, "full_match_rate", NAN);
  double first = refract_json_get_double (object, "median_first_divergence", NAN);

  if (!isnan (n) && !isnan (rate))
    g_string_append_printf (line, _ ("%.0f of %.0f answers identical"), rate * n, n);
  if (!isnan (first))
    g_string_append_printf (line, _ ("; the others part at token %.0f (median)"), first);
}

static void
describe_kld (GString *line, RefractReport *self, JsonObject *object, JsonObject *extension)
{
  g_autofree char *bound = refract_report_dup_bound_text (self);
  double mean = refract_json_get_double (object, "mean_kld", NAN);
  double p99 = refract_json_get_double (extension, "p99_kld", NAN);
  double max = refract_json_get_double (extension, "max_kld", NAN);
  double flips = refract_json_get_double (extension, "flip_rate", NAN);
  double positions = refract_json_get_double (extension, "n_positions", NAN);

  if (bound != NULL)
    g_string_append_printf (line, "%s; ", bound);
  if (isnan (mean))
    g_string_append (line, _ ("no mean"));
  else if (bound != NULL)
    g_string_append_printf (line, _ ("mean at least %.3g nats"), mean);
  else
    g_string_append_printf (line, _ ("mean %.3g nats"), mean);
  if (!isnan (p99))
    g_string_append_printf (line, _ (", p99 %.3g"), p99);
  if (!isnan (max))
    g_string_append_printf (line, _ (", max %.3g"), max);
  if (!isnan (flips))
    g_string_append_printf (line, _ (", flips %.2f %%"), flips * 100);
  if (!isnan (positions))
    g_string_append_printf (line, _ (", %.0f positions"), positions);
}

static void
describe_rniah (GString *line, JsonObject *object)
{
  JsonArray *cells = refract_json_get_array (object, "cells");
  guint n = refract_json_get_length (cells), worse = 0, blind = 0;

  for (guint i = 0; i < n; i++)
    {
      JsonObject *cell = refract_json_array_get_object (cells, i);

      worse += refract_json_get_double (cell, "degradation", 0) > 0;
      blind += refract_json_get_double (cell, "base_acc", 1) == 0;
    }
  g_string_append_printf (line, _ ("worse than the reference in %u of %u cells"), worse, n);
  if (blind > 0)
    g_string_append_printf (line, _ ("; n/a in %u, where the reference fails too"), blind);
}

static void
describe_plad (GString *line, JsonObject *object)
{
  JsonObject *scores = refract_json_get_object (object, "per_perturbation_score");
  g_autoptr (GList) names = scores != NULL ? json_object_get_members (scores) : NULL;

  for (GList *l = names; l != NULL; l = l->next)
    {
      double score = refract_json_get_double (scores, l->data, NAN);
      g_autofree char *name = refract_clip_text (l->data, MAX_NAME);
      g_autofree char *text
          = isnan (score) ? g_strdup ("—") : refract_format_score (CLAMP (score, 0, 100), 1);

      g_string_append_printf (line, "%s%s %s", l == names ? "" : " · ", name, text);
    }
}

char *
refract_report_dup_axis_detail (RefractReport *self, RefractAxisId axis)
{
  JsonObject *object = refract_report_get_axis (self, axis);
  JsonObject *extension = refract_report_get_axis_extension (self, axis);
  GString *line;

  if (isnan (refract_report_get_axis_score (self, axis)))
    {
      g_autofree char *reason = refract_translate (
          refract_json_get_string (extension, "skip_reason", _ ("Not in this report.")));

      return refract_clip_text (reason, 1000);
    }
  line = g_string_new (NULL);
  switch (axis)
    {
    case REFRACT_AXIS_TRAJECTORY:
      describe_trajectory (line, object);
      break;
    case REFRACT_AXIS_KLD:
      describe_kld (line, self, object, extension);
      break;
    case REFRACT_AXIS_RNIAH:
      describe_rniah (line, object);
      break;
    case REFRACT_AXIS_PLAD:
      describe_plad (line, object);
      break;
    default:
      g_assert_not_reached ();
    }
  return g_string_free (line, FALSE);
}

/* Why the confidence is what it is. */
static const char *
confidence_sentence (RefractAxisId axis, const char *confidence)
{
  if (g_str_equal (confidence, "partial"))
    return _ ("Partial: a perturbation applies to no prompt, so it is not in the score.");
  if (!g_str_equal (confidence, "low"))
    return NULL;
  switch (axis)
    {
    case REFRACT_AXIS_RNIAH:
      return _ ("Low confidence: the reference does not find the needle either, so that a high "
                "score says nothing.");
    case REFRACT_AXIS_PLAD:
      return _ ("Low confidence: the reference itself drifts so far that little is left to "
                "measure.");
    case REFRACT_AXIS_TRAJECTORY:
    case REFRACT_AXIS_KLD:
      return _ ("Low confidence.");
    default:
      g_return_val_if_reached (NULL);
    }
}

GPtrArray *
refract_report_list_axis_caveats (RefractReport *self, RefractAxisId axis)
{
  JsonObject *object = refract_report_get_axis (self, axis);
  JsonObject *extension = refract_report_get_axis_extension (self, axis);
  GPtrArray *list = g_ptr_array_new_with_free_func (g_free);
  const char *sentence;

  if (isnan (refract_report_get_axis_score (self, axis)))
    return list;
  sentence = confidence_sentence (axis, refract_report_get_axis_confidence (self, axis));
  if (sentence != NULL)
    g_ptr_array_add (list, g_strdup (sentence));
  if (has_few_samples (refract_json_get_object (extension, "interval")))
    g_ptr_array_add (list,
                     g_strdup (_ ("Few samples: the interval rests on fewer than 10 units.")));
  if (refract_json_get_boolean (extension, "clipped", FALSE))
    g_ptr_array_add (list, g_strdup (_ ("The mean is an underestimate: the engine's file cuts "
                                        "log-probabilities off.")));
  if (refract_json_get_boolean (object, "is_self_reference", FALSE))
    g_ptr_array_add (list, g_strdup (_ ("The candidate is the reference's own configuration.")));
  add_strings (list, refract_json_get_array (object, "notes"));
  return list;
}

static void
append_line (GString *text, const char *line)
{
  g_autofree char *translated = refract_translate (line);

  if (line != NULL && *line != '\0')
    g_string_append_printf (text, "%s\n", translated);
}

char *
refract_report_dup_summary_text (RefractReport *self)
{
  JsonObject *root = refract_report_get_root (self);
  JsonObject *extension = refract_report_get_extension (self);
  g_autoptr (GPtrArray) caveats = refract_report_list_caveats (self);
  g_autofree char *subject = refract_report_dup_subject (self);
  g_autofree char *composite = refract_report_dup_composite_text (self);
  g_autofree char *weakest = refract_report_dup_weakest_text (self);
  g_autofree char *floor = refract_report_dup_floor_text (self);
  g_autofree char *comparable = refract_report_dup_comparable_text (self);
  GString *text = g_string_new (NULL);

  append_line (text, subject);
  g_string_append_printf (text, _ ("Composite: %s (0–100, higher is better)\n"), composite);
  append_line (text, weakest);
  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      g_autofree char *score = refract_report_dup_axis_score_text (self, i);
      g_autofree char *detail = refract_report_dup_axis_detail (self, i);

      g_string_append_printf (text, "%s: %s · %s\n", _ (refract_axis_id_get_title (i)), score,
                              detail);
    }
  append_line (text, refract_json_get_string (root, "summary", NULL));
  append_line (text, refract_json_get_string (refract_json_get_object (extension, "ship"),
                                              "sentence", NULL));
  for (guint i = 0; i < caveats->len; i++)
    append_line (text, g_ptr_array_index (caveats, i));
  append_line (text, floor);
  append_line (text, comparable);
  return g_string_free (text, FALSE);
}
