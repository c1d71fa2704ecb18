/* refract-report-rows.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>

#include <glib/gi18n-lib.h>

#include "core/refract-json.h"
#include "report/refract-report-text.h"

/* (transfer full): "—" where there is no number */
static char *
format_number (double value, guint decimals)
{
  return isnan (value) ? g_strdup ("—") : g_strdup_printf ("%.*f", (int) decimals, value);
}

/* (transfer full): three digits that count */
static char *
format_rounded (double value)
{
  return isnan (value) ? g_strdup ("—") : g_strdup_printf ("%.3g", value);
}

/* Appends " · " between parts. */
static void
separate (GString *text)
{
  if (text->len > 0)
    g_string_append (text, " · ");
}

char *
refract_ranking_row_dup_detail (JsonObject *row)
{
  double bytes = refract_json_get_double (row, "bytes_per_token", NAN);
  double saving = refract_json_get_double (row, "saving", NAN);
  double prefill = refract_json_get_double (row, "prefill_tps", NAN);
  double decode = refract_json_get_double (row, "decode_tps", NAN);
  GString *text = g_string_new (NULL);

  if (isnan (bytes))
    g_string_append (text, _ ("bytes per token unknown"));
  else
    g_string_append_printf (text, _ ("%.0f bytes per token"), bytes);
  if (!isnan (saving) && saving > 0)
    g_string_append_printf (text, _ (", %.0f %% less"), saving * 100);
  else if (!isnan (saving) && saving < 0)
    g_string_append_printf (text, _ (", %.0f %% more"), -saving * 100);
  if (!isnan (prefill))
    {
      separate (text);
      g_string_append_printf (text, _ ("prefill %.0f tok/s"), prefill);
    }
  if (!isnan (decode))
    {
      separate (text);
      g_string_append_printf (text, _ ("decode %.0f tok/s"), decode);
    }
  return g_string_free (text, FALSE);
}

char *
refract_prompt_dup_divergence (JsonObject *prompt)
{
  double first = refract_json_get_double (prompt, "first_divergence", NAN);
  double reference = refract_json_get_double (prompt, "ref_length", NAN);
  double candidate = refract_json_get_double (prompt, "cand_length", NAN);

  if (refract_json_get_boolean (prompt, "matched", FALSE))
    return isnan (reference) ? g_strdup (_ ("Identical"))
                             : g_strdup_printf (_ ("Identical, %.0f tokens"), reference);
  if (isnan (first))
    return g_strdup (_ ("Not in this report"));
  if (isnan (reference) || isnan (candidate))
    return g_strdup_printf (_ ("Parts at token %.0f"), first);
  return g_strdup_printf (_ ("Parts at token %.0f (reference %.0f tokens, candidate %.0f)"), first,
                          reference, candidate);
}

char *
refract_cell_dup_place (JsonObject *cell)
{
  return g_strdup_printf (_ ("%.0f tokens, needle at %.0f %%"),
                          refract_json_get_double (cell, "length", 0),
                          refract_json_get_double (cell, "position", 0) * 100);
}

char *
refract_cell_dup_outcome (JsonObject *cell)
{
  double trials = refract_json_get_double (cell, "n_trials", NAN);
  double base = refract_json_get_double (cell, "base_hits", NAN);
  double candidate = refract_json_get_double (cell, "cand_hits", NAN);
  double base_acc = refract_json_get_double (cell, "base_acc", NAN);
  const char *word;

  if (base_acc == 0)
    word = _ ("n/a, the reference fails too");
  else if (refract_json_get_double (cell, "degradation", 0) > 0)
    word = _ ("worse");
  else
    word = _ ("no loss");
  if (isnan (trials) || isnan (base) || isnan (candidate))
    return g_strdup (word);
  return g_strdup_printf (_ ("Found %.0f of %.0f times, by the reference %.0f: %s"), candidate,
                          trials, base, word);
}

char *
refract_worst_dup_place (JsonObject *worst)
{
  g_autofree char *kld = format_rounded (refract_json_get_double (worst, "kld", NAN));

  return g_strdup_printf (_ ("%s nats at token %.0f of chunk %.0f"), kld,
                          refract_json_get_double (worst, "position", 0),
                          refract_json_get_double (worst, "chunk", 0));
}

char *
refract_worst_dup_detail (JsonObject *worst)
{
  double reference = refract_json_get_double (worst, "log_p_ref", NAN);
  double candidate = refract_json_get_double (worst, "log_p_cand", NAN);
  const char *top = refract_json_get_boolean (worst, "same_top", FALSE)
                        ? _ ("both would choose the same token")
                        : _ ("they would choose different tokens");

  if (isnan (reference) || isnan (candidate))
    return g_strdup (top);
  return g_strdup_printf (_ ("The text's token had %.3g %% by the reference, %.3g %% by the "
                             "candidate; %s."),
                          exp (reference) * 100, exp (candidate) * 100, top);
}

char *
refract_pair_dup_detail (JsonObject *pair)
{
  g_autofree char *candidate = format_number (refract_json_get_double (pair, "cand_drift", NAN), 2);
  g_autofree char *reference = format_number (refract_json_get_double (pair, "ref_drift", NAN), 2);
  g_autofree char *excess = format_number (refract_json_get_double (pair, "excess_drift", NAN), 2);

  return g_strdup_printf (_ ("Drift %s, by the reference %s; excess %s"), candidate, reference,
                          excess);
}

void
refract_ladder_dup_texts (JsonObject *rung, char **title, char **text)
{
  double score = refract_json_get_double (rung, "score", NAN);
  g_autofree char *points = score >= 0 && score <= 100 ? refract_format_score (score, 1) : NULL;
  g_autofree char *mean = format_rounded (refract_json_get_double (rung, "mean_kld", NAN));
  g_autofree char *p99 = format_rounded (refract_json_get_double (rung, "p99_kld", NAN));
  g_autofree char *flips
      = format_number (refract_json_get_double (rung, "flip_rate", NAN) * 100, 2);

  *title = g_strdup_printf (_ ("%.0f tokens of context"), refract_json_get_double (rung, "ctx", 0));
  *text = g_strdup_printf (_ ("Mean %s nats, p99 %s, flips %s %%; score %s"), mean, p99, flips,
                           points != NULL ? points : "—");
}

const char *
refract_stop_get_text (const char *stop)
{
  if (g_strcmp0 (stop, "eos") == 0)
    return _ ("Ended by the model");
  if (g_strcmp0 (stop, "limit") == 0)
    return _ ("Ended at the limit");
  return NULL;
}

const char *
refract_perturbation_get_title (const char *name)
{
  static const char *const titles[][2] = {
    { "typo", N_ ("Typing errors") },
    { "case", N_ ("Upper and lower case") },
    { "punct", N_ ("Last punctuation mark") },
    { "paraphrase", N_ ("Another word for the same") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (titles); i++)
    if (g_strcmp0 (name, titles[i][0]) == 0)
      return _ (titles[i][1]);
  return name;
}
