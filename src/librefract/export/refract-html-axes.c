/* refract-html-axes.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "core/refract-json.h"
#include "export/refract-html-private.h"
#include "export/refract-table.h"
#include "report/refract-report-text.h"

#define MAX_WORST 12    /* positions shown; all are in the JSON */
#define MAX_CONTEXT 120 /* characters of the text before a position */

static guint
get_length (JsonArray *array)
{
  return array != NULL ? json_array_get_length (array) : 0;
}

static void
add_table (RefractHtml *self, const RefractTable *table, const char *name)
{
  g_autofree char *html = refract_table_to_html (table);

  g_string_append_printf (self->body,
                          "<div class=\"scroll\" tabindex=\"0\" role=\"region\" "
                          "aria-label=\"%s\">%s</div>\n",
                          name, html);
}

/* The heading with the score; %FALSE when there is nothing more to say. */
static gboolean
begin_axis (RefractHtml *self, RefractReport *report, RefractAxisId axis)
{
  JsonObject *object = refract_report_get_axis (report, axis);
  JsonObject *extension = refract_report_get_axis_extension (report, axis);
  JsonArray *notes = refract_json_get_array (object, "notes");
  double score = refract_report_get_axis_score (report, axis);
  const char *confidence = refract_json_get_string (object, "confidence", "ok");
  g_autofree char *number = NULL;

  if (object == NULL)
    return FALSE;
  if (isnan (score))
    {
      refract_html_add (self, "h3", NULL, refract_axis_id_get_title (axis));
      refract_html_add_printf (self, "p", "dim", "Not measured. %s",
                               refract_json_get_string (extension, "skip_reason", ""));
      return FALSE;
    }
  number = refract_format_score (score, 1);
  refract_html_add_printf (self, "h3", NULL, "%s: %s, %s", refract_axis_id_get_title (axis), number,
                           refract_band_get_name (refract_band_for_score (score)));
  refract_html_add (self, "p", "dim", refract_json_get_string (object, "description", NULL));
  if (g_str_equal (confidence, "low"))
    refract_html_add (
        self, "p", "warning",
        "Low confidence: the reference itself does not manage this, so that the score "
        "says little. The composite includes it, as the published formula does.");
  for (guint i = 0; i < get_length (notes); i++)
    refract_html_add (self, "p", "dim", json_array_get_string_element (notes, i));
  return TRUE;
}

static void
add_answer (RefractHtml *self, const char *name, const char *text, gsize shared)
{
  g_autofree char *common = g_strndup (text, shared);

  refract_html_add (self, "span", "dim", name);
  g_string_append (self->body, "<div class=\"answer\"><span class=\"shared\">");
  refract_html_append (self->body, common);
  g_string_append (self->body, "</span><mark>");
  refract_html_append (self->body, text[shared] != '\0' ? text + shared : "(ends here)");
  g_string_append (self->body, "</mark></div>\n");
}

static void
add_prompt (RefractHtml *self, JsonObject *prompt, JsonObject *texts)
{
  double divergence = refract_json_get_double (prompt, "first_divergence", NAN);
  const char *reference = refract_json_get_string (texts, "ref_text", NULL);
  const char *candidate = refract_json_get_string (texts, "cand_text", NULL);
  g_autofree char *place = isnan (divergence) ? g_strdup ("identical")
                                              : g_strdup_printf ("part at token %.0f", divergence);

  g_string_append (self->body, "<details>\n");
  refract_html_add_printf (self, "summary", NULL, "%s: %s (%.0f and %.0f tokens)",
                           refract_json_get_string (prompt, "id", "?"), place,
                           refract_json_get_double (prompt, "ref_length", 0),
                           refract_json_get_double (prompt, "cand_length", 0));
  refract_html_add (self, "div", "answer", refract_json_get_string (prompt, "prompt", NULL));
  if (reference == NULL || candidate == NULL)
    refract_html_add (self, "p", "dim", "This report carries no answers.");
  else if (g_str_equal (reference, candidate))
    {
      refract_html_add (self, "span", "dim", "Both");
      refract_html_add (self, "div", "answer", *reference != '\0' ? reference : "(empty)");
    }
  else
    {
      gsize shared = refract_text_common_prefix (reference, candidate);

      add_answer (self, "Reference", reference, shared);
      add_answer (self, "Candidate", candidate, shared);
    }
  g_string_append (self->body, "</details>\n");
}

/* (nullable): the element at @index of a list of equally ordered things */
static JsonObject *
get_element (JsonArray *array, guint index)
{
  return index < get_length (array) ? json_array_get_object_element (array, index) : NULL;
}

static void
add_trajectory (RefractHtml *self, RefractReport *report)
{
  JsonObject *axis = refract_report_get_axis (report, REFRACT_AXIS_TRAJECTORY);
  JsonObject *extension = refract_report_get_axis_extension (report, REFRACT_AXIS_TRAJECTORY);
  JsonArray *prompts = refract_json_get_array (axis, "per_prompt");
  JsonArray *texts = refract_json_get_array (extension, "per_prompt");
  double first = refract_json_get_double (axis, "median_first_divergence", NAN);
  double strict = refract_json_get_double (extension, "score_strict", NAN);

  if (!begin_axis (self, report, REFRACT_AXIS_TRAJECTORY))
    return;
  g_string_append (self->body, "<dl>\n");
  refract_html_add_fact_printf (self, "Identical answers", "%.0f %% of %.0f",
                                100 * refract_json_get_double (axis, "full_match_rate", 0),
                                refract_json_get_double (axis, "n_prompts", 0));
  if (!isnan (first))
    refract_html_add_fact_printf (self, "First divergence", "token %g in the median", first);
  if (!isnan (strict))
    refract_html_add_fact_printf (self, "When missing tokens count", "%.1f", strict);
  refract_html_add_fact (self, "Prompts", refract_json_get_string (extension, "prompt_mode", NULL));
  g_string_append (self->body, "</dl>\n<div class=\"grid\">\n");
  refract_html_add_chart (self, report, refract_chart_divergence_new);
  g_string_append (self->body, "</div>\n");
  if (get_length (prompts) == 0)
    return;
  g_string_append (self->body, "<details>\n");
  refract_html_add_printf (self, "summary", NULL, "The %u answers, and where they part",
                           get_length (prompts));
  for (guint i = 0; i < get_length (prompts); i++)
    add_prompt (self, json_array_get_object_element (prompts, i), get_element (texts, i));
  g_string_append (self->body, "</details>\n");
}

static void
add_number (
    RefractHtml *self, JsonObject *object, const char *key, const char *name, const char *unit)
{
  double value = refract_json_get_double (object, key, NAN);

  if (!isnan (value))
    refract_html_add_fact_printf (self, name, "%.4g%s", value, unit);
}

/* What stood before a position, the last of it. */
static char *
dup_end (const char *text)
{
  glong length = g_utf8_strlen (text, -1);
  g_autofree char *end = NULL;

  if (length <= MAX_CONTEXT)
    return g_strdup (text);
  end = g_strdup (g_utf8_offset_to_pointer (text, length - MAX_CONTEXT));
  return g_strconcat ("…", end, NULL);
}

static void
add_worst (RefractHtml *self, JsonArray *worst)
{
  static const char *const columns[]
      = { "Text before it", "Next token", "KLD (nats)", "p reference", "p candidate", NULL };
  g_autoptr (RefractTable) table = refract_table_new (NULL, columns);
  guint n = MIN (get_length (worst), MAX_WORST);

  for (guint i = 0; i < n; i++)
    {
      JsonObject *position = json_array_get_object_element (worst, i);
      const char *before = refract_json_get_string (position, "context_text", NULL);
      const char *token = refract_json_get_string (position, "token_text", NULL);
      RefractTableRow *row = refract_table_add_row (table);
      g_autofree char *end = before != NULL ? dup_end (before) : NULL;
      g_autofree char *place = g_strdup_printf ("chunk %.0f, position %.0f",
                                                refract_json_get_double (position, "chunk", 0),
                                                refract_json_get_double (position, "position", 0));

      refract_table_row_add_text (row, end != NULL ? end : place);
      refract_table_row_add_text (row, token);
      refract_table_row_add_number (row, refract_json_get_double (position, "kld", NAN), 3);
      refract_table_row_add_number (row, exp (refract_json_get_double (position, "log_p_ref", NAN)),
                                    4);
      refract_table_row_add_number (row,
                                    exp (refract_json_get_double (position, "log_p_cand", NAN)), 4);
    }
  if (n == 0)
    return;
  g_string_append (self->body, "<details>\n");
  refract_html_add_printf (self, "summary", NULL, "The %u positions that differ most", n);
  add_table (self, table, "Worst positions");
  g_string_append (self->body, "</details>\n");
}

static void
add_kld (RefractHtml *self, RefractReport *report)
{
  JsonObject *axis = refract_report_get_axis (report, REFRACT_AXIS_KLD);
  JsonObject *extension = refract_report_get_axis_extension (report, REFRACT_AXIS_KLD);

  if (!begin_axis (self, report, REFRACT_AXIS_KLD))
    return;
  g_string_append (self->body, "<dl>\n");
  add_number (self, axis, "mean_kld", "Mean", " nats");
  add_number (self, extension, "median_kld", "Median", " nats");
  add_number (self, extension, "p90_kld", "90 %", " nats");
  add_number (self, extension, "p99_kld", "99 %", " nats");
  add_number (self, extension, "p999_kld", "99.9 %", " nats");
  add_number (self, extension, "max_kld", "Largest", " nats");
  add_number (self, axis, "same_topp_pct", "Same most likely token", " %");
  add_number (self, axis, "rms_dp_pct", "Change of the true token's probability, RMS", " %");
  add_number (self, axis, "ppl", "Perplexity", "");
  add_number (self, extension, "ppl_reference", "Perplexity of the reference", "");
  add_number (self, extension, "n_positions", "Positions scored", "");
  refract_html_add_fact (self, "By another tool's thresholds",
                         refract_json_get_string (extension, "verdict", NULL));
  g_string_append (self->body, "</dl>\n<div class=\"grid\">\n");
  refract_html_add_chart (self, report, refract_chart_kld_histogram_new);
  refract_html_add_chart (self, report, refract_chart_kld_depth_new);
  refract_html_add_chart (self, report, refract_chart_kld_contexts_new);
  g_string_append (self->body, "</div>\n");
  add_worst (self, refract_json_get_array (extension, "worst"));
}

static void
add_trials (RefractHtml *self, JsonObject *cell)
{
  JsonArray *trials = refract_json_get_array (cell, "trials");

  for (guint i = 0; i < get_length (trials); i++)
    {
      JsonNode *node = json_array_get_element (trials, i);
      JsonObject *trial = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;
      gboolean base = refract_json_get_boolean (trial, "base_hit", FALSE);
      gboolean found = refract_json_get_boolean (trial, "cand_hit", FALSE);

      if (trial == NULL || base == found)
        continue;
      g_string_append (self->body, "<details>\n");
      refract_html_add_printf (self, "summary", NULL, "%.0f tokens, position %g, trial %u: %s",
                               refract_json_get_double (cell, "length", 0),
                               refract_json_get_double (cell, "position", 0), i + 1,
                               base ? "the candidate lost it" : "only the candidate found it");
      refract_html_add (self, "span", "dim", "Reference");
      refract_html_add (self, "div", "answer",
                        refract_json_get_string (trial, "base_answer", NULL));
      refract_html_add (self, "span", "dim", "Candidate");
      refract_html_add (self, "div", "answer",
                        refract_json_get_string (trial, "cand_answer", NULL));
      g_string_append (self->body, "</details>\n");
    }
}

static void
add_rniah (RefractHtml *self, RefractReport *report)
{
  JsonObject *axis = refract_report_get_axis (report, REFRACT_AXIS_RNIAH);
  JsonObject *extension = refract_report_get_axis_extension (report, REFRACT_AXIS_RNIAH);
  JsonArray *cells = refract_json_get_array (extension, "cells");
  JsonArray *skipped = refract_json_get_array (extension, "skipped_cells");

  if (!begin_axis (self, report, REFRACT_AXIS_RNIAH))
    return;
  g_string_append (self->body, "<div class=\"grid\">\n");
  refract_html_add_chart (self, report, refract_chart_rniah_new);
  g_string_append (self->body, "</div>\n");
  refract_html_add_printf (self, "p", "dim", "Needle: %s",
                           refract_json_get_string (axis, "needle", "(not in this report)"));
  for (guint i = 0; i < get_length (cells); i++)
    add_trials (self, json_array_get_object_element (cells, i));
  for (guint i = 0; i < get_length (skipped); i++)
    {
      JsonNode *node = json_array_get_element (skipped, i);
      JsonObject *cell = JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node) : NULL;

      if (cell != NULL)
        refract_html_add_printf (self, "p", "dim", "Left out: %.0f tokens, position %g. %s",
                                 refract_json_get_double (cell, "length", 0),
                                 refract_json_get_double (cell, "position", 0),
                                 refract_json_get_string (cell, "reason", ""));
    }
}

static void
add_plad (RefractHtml *self, RefractReport *report)
{
  static const char *const columns[]
      = { "Prompt", "Perturbation", "Drift of the reference", "of the candidate", "Excess", "Score",
          NULL };
  JsonArray *pairs
      = refract_json_get_array (refract_report_get_axis (report, REFRACT_AXIS_PLAD), "per_prompt");
  g_autoptr (RefractTable) table = refract_table_new (NULL, columns);

  if (!begin_axis (self, report, REFRACT_AXIS_PLAD))
    return;
  g_string_append (self->body, "<div class=\"grid\">\n");
  refract_html_add_chart (self, report, refract_chart_plad_new);
  g_string_append (self->body, "</div>\n");
  if (get_length (pairs) == 0)
    return;
  for (guint i = 0; i < get_length (pairs); i++)
    {
      JsonObject *pair = json_array_get_object_element (pairs, i);
      RefractTableRow *row = refract_table_add_row (table);

      refract_table_row_add_text (row, refract_json_get_string (pair, "prompt_id", "?"));
      refract_table_row_add_text (row, refract_json_get_string (pair, "perturbation", "?"));
      refract_table_row_add_number (row, refract_json_get_double (pair, "ref_drift", NAN), 2);
      refract_table_row_add_number (row, refract_json_get_double (pair, "cand_drift", NAN), 2);
      refract_table_row_add_number (row, refract_json_get_double (pair, "excess_drift", NAN), 2);
      refract_table_row_add_score (row, refract_json_get_double (pair, "plad_pp", NAN));
    }
  g_string_append (self->body, "<details>\n");
  refract_html_add_printf (self, "summary", NULL, "The %u pairs", get_length (pairs));
  add_table (self, table, "Pairs of PLAD");
  g_string_append (self->body, "</details>\n");
}

void
refract_html_add_axes (RefractHtml *self, RefractReport *report)
{
  add_trajectory (self, report);
  add_kld (self, report);
  add_rniah (self, report);
  add_plad (self, report);
}
