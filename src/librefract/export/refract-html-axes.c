/* refract-html-axes.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "core/refract-json.h"
#include "export/refract-html-private.h"
#include "report/refract-report-text.h"

#define MAX_WORST 12    /* positions shown; all are in the JSON */
#define MAX_PAIRS 25    /* the same of pairs */
#define MAX_CONTEXT 120 /* characters of the text before a position */

static guint
get_length (JsonArray *array)
{
  return refract_json_get_length (array);
}

/* The heading, the score and what must be known beside it; %FALSE when there is nothing more. */
static gboolean
begin_axis (RefractHtml *self, RefractReport *report, RefractAxisId axis)
{
  JsonObject *object = refract_report_get_axis (report, axis);
  double score = refract_report_get_axis_score (report, axis);
  gboolean low = g_str_equal (refract_report_get_axis_confidence (report, axis), "low");
  g_autoptr (GPtrArray) caveats = refract_report_list_axis_caveats (report, axis);
  g_autofree char *text = refract_report_dup_axis_score_text (report, axis);
  g_autofree char *detail = refract_report_dup_axis_detail (report, axis);

  if (object == NULL)
    return FALSE;
  refract_html_add_heading (self, refract_axis_id_get_title (axis));
  if (isnan (score))
    {
      refract_html_add_printf (self, "p", "dim", "%s. %s", text, detail);
      return FALSE;
    }
  g_string_append_printf (self->body, "<p class=\"score %s\">\n",
                          refract_band_get_name (refract_band_for_score (score)));
  refract_html_add (self, "b", NULL, text);
  refract_html_add (self, "span", NULL, refract_json_get_string (object, "description", NULL));
  g_string_append (self->body, "</p>\n");
  refract_html_add_texts (self, low ? "warning" : "dim", caveats);
  return TRUE;
}

static void
add_answer (RefractHtml *self, const char *name, const char *text)
{
  g_string_append (self->body, "<div>\n");
  refract_html_add (self, "b", NULL, name);
  refract_html_add (self, "mark", "answer", *text != '\0' ? text : "(ends here)");
  g_string_append (self->body, "</div>\n");
}

/* What both say, and then how each goes on. */
static void
add_answers (RefractHtml *self, const char *reference, const char *candidate)
{
  gsize shared = refract_text_common_prefix (reference, candidate);
  g_autofree char *common = g_strndup (reference, shared);

  if (g_str_equal (reference, candidate))
    {
      refract_html_add (self, "b", NULL, "Both");
      refract_html_add (self, "div", "answer", *reference != '\0' ? reference : "(empty)");
      return;
    }
  if (common[strspn (common, " \t\n")] == '\0')
    shared = 0;
  else
    {
      refract_html_add (self, "b", NULL, "Both");
      refract_html_add (self, "div", "answer", common);
    }
  g_string_append (self->body, "<div class=\"grid\">\n");
  add_answer (self, "Reference", reference + shared);
  add_answer (self, "Candidate", candidate + shared);
  g_string_append (self->body, "</div>\n");
}

static gboolean
parts (JsonObject *prompt)
{
  return !isnan (refract_json_get_double (prompt, "first_divergence", NAN));
}

static void
add_prompt (RefractHtml *self, JsonObject *prompt, JsonObject *texts)
{
  const char *reference = refract_json_get_string (texts, "ref_text", NULL);
  const char *candidate = refract_json_get_string (texts, "cand_text", NULL);
  g_autofree char *place = refract_prompt_dup_divergence (prompt);

  g_string_append (self->body, "<details>\n");
  refract_html_add_printf (self, "summary", NULL, "%s: %s",
                           refract_json_get_string (prompt, "id", "?"), place);
  if (refract_json_get_string (prompt, "prompt", NULL) != NULL)
    refract_html_add (self, "b", NULL, "Prompt");
  refract_html_add (self, "div", "answer", refract_json_get_string (prompt, "prompt", NULL));
  if (reference == NULL || candidate == NULL)
    refract_html_add (self, "p", "dim", "This report carries no answers.");
  else
    add_answers (self, reference, candidate);
  g_string_append (self->body, "</details>\n");
}

/* Of several candidates only the answers that part: a page is to be sent around, and the equal ones
 * would stand there once for each. */
static void
add_prompts (RefractHtml *self, JsonArray *prompts, JsonArray *texts)
{
  guint n = get_length (prompts), n_shown = 0;

  for (guint i = 0; i < n; i++)
    n_shown += !self->several || parts (refract_json_array_get_object (prompts, i));
  if (n_shown == 0)
    return;
  g_string_append (self->body, "<details>\n");
  if (n_shown == n)
    refract_html_add_printf (self, "summary", NULL, "All %u answers, and where they part", n);
  else
    refract_html_add_printf (self, "summary", NULL, "Answers that part: %u of %u", n_shown, n);
  for (guint i = 0; i < n; i++)
    {
      JsonObject *prompt = refract_json_array_get_object (prompts, i);

      if (!self->several || parts (prompt))
        add_prompt (self, prompt, refract_json_array_get_object (texts, i));
    }
  g_string_append (self->body, "</details>\n");
}

static void
add_trajectory (RefractHtml *self, RefractReport *report)
{
  JsonObject *axis = refract_report_get_axis (report, REFRACT_AXIS_TRAJECTORY);
  JsonObject *extension = refract_report_get_axis_extension (report, REFRACT_AXIS_TRAJECTORY);
  JsonArray *prompts = refract_json_get_array (axis, "per_prompt");
  JsonArray *texts = refract_json_get_array (extension, "per_prompt");

  if (!begin_axis (self, report, REFRACT_AXIS_TRAJECTORY))
    return;
  g_string_append (self->body, "<div class=\"grid\">\n");
  refract_html_add_chart (self, report, refract_chart_divergence_new);
  refract_html_add_facts (self, report, REFRACT_FACTS_TRAJECTORY, NULL);
  g_string_append (self->body, "</div>\n");
  /* Nobody reads the answers of a control beside those of candidates. */
  if (!self->several
      || !refract_json_get_boolean (refract_report_get_extension (report), "is_control", FALSE))
    add_prompts (self, prompts, texts);
}

/* What stood before a position, the last of it. */
static char *
dup_end (const char *text)
{
  glong length = g_utf8_strlen (text, -1);

  if (length <= MAX_CONTEXT)
    return g_strdup (text);
  return g_strconcat ("…", g_utf8_offset_to_pointer (text, length - MAX_CONTEXT), NULL);
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
      JsonObject *position = refract_json_array_get_object (worst, i);
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
  refract_html_add_table (self, table, "Worst positions");
  g_string_append (self->body, "</details>\n");
}

static void
add_kld (RefractHtml *self, RefractReport *report)
{
  JsonObject *extension = refract_report_get_axis_extension (report, REFRACT_AXIS_KLD);

  if (!begin_axis (self, report, REFRACT_AXIS_KLD))
    return;
  g_string_append (self->body, "<div class=\"grid\">\n");
  refract_html_add_chart (self, report, refract_chart_kld_histogram_new);
  refract_html_add_chart (self, report, refract_chart_kld_depth_new);
  refract_html_add_chart (self, report, refract_chart_kld_contexts_new);
  refract_html_add_facts (self, report, REFRACT_FACTS_KLD, NULL);
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

/* The heat map's twin. */
static void
add_cells (RefractHtml *self, JsonArray *cells)
{
  static const char *const columns[] = { "Cell", "Outcome", NULL };
  g_autoptr (RefractTable) table = refract_table_new (NULL, columns);

  for (guint i = 0; i < get_length (cells); i++)
    {
      JsonObject *cell = refract_json_array_get_object (cells, i);
      RefractTableRow *row = refract_table_add_row (table);
      g_autofree char *place = refract_cell_dup_place (cell);
      g_autofree char *outcome = refract_cell_dup_outcome (cell);

      refract_table_row_add_text (row, place);
      refract_table_row_add_text (row, outcome);
    }
  if (table->rows->len == 0)
    return;
  g_string_append (self->body, "<details>\n");
  refract_html_add_printf (self, "summary", NULL, "The %u cells as a table", table->rows->len);
  refract_html_add_table (self, table, "Cells of R-NIAH");
  g_string_append (self->body, "</details>\n");
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
  refract_html_add_facts (self, report, REFRACT_FACTS_RNIAH, NULL);
  g_string_append (self->body, "</div>\n");
  refract_html_add_printf (self, "p", "dim", "Needle: %s",
                           refract_json_get_string (axis, "needle", "(not in this report)"));
  add_cells (self, refract_json_get_array (axis, "cells"));
  for (guint i = 0; i < get_length (cells); i++)
    add_trials (self, refract_json_array_get_object (cells, i));
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
add_perturbations (RefractHtml *self, RefractReport *report)
{
  const char *columns[] = { "Perturbation", "Score", "Band", "Pairs", NULL };
  JsonObject *scores = refract_json_get_object (refract_report_get_axis (report, REFRACT_AXIS_PLAD),
                                                "per_perturbation_score");
  JsonObject *pairs = refract_json_get_object (
      refract_report_get_axis_extension (report, REFRACT_AXIS_PLAD), "pairs_per_perturbation");
  g_autoptr (RefractTable) table = NULL;
  g_autoptr (GList) names = scores != NULL ? json_object_get_members (scores) : NULL;

  if (pairs == NULL)
    columns[3] = NULL;
  table = refract_table_new (NULL, columns);
  for (GList *l = names; l != NULL; l = l->next)
    {
      RefractTableRow *row = refract_table_add_row (table);
      double score = refract_json_get_double (scores, l->data, NAN);

      refract_table_row_add_text (row, refract_perturbation_get_title (l->data));
      refract_table_row_add_score (row, score);
      refract_table_row_add_text (
          row, isnan (score) ? "does not apply"
                             : refract_band_get_name (refract_band_for_score (score)));
      if (pairs != NULL)
        refract_table_row_add_number (row, refract_json_get_double (pairs, l->data, NAN), 0);
    }
  refract_html_add_table (self, table, "PLAD by perturbation");
}

/* Points; NAN where the candidate drifts no further than the reference. */
static double
get_loss (JsonObject *pair)
{
  return refract_json_get_double (pair, "excess_drift", NAN) > 0
             ? 100 - refract_json_get_double (pair, "plad_pp", NAN)
             : NAN;
}

static int
compare_loss (gconstpointer a, gconstpointer b)
{
  double x = get_loss (*(JsonObject *const *) a), y = get_loss (*(JsonObject *const *) b);

  return (x < y) - (x > y);
}

/* The pairs that lost most. */
static void
add_pairs (RefractHtml *self, JsonArray *pairs)
{
  static const char *const columns[]
      = { "Prompt", "Perturbation", "Drift of the reference", "Drift of the candidate", "Score",
          NULL };
  g_autoptr (RefractTable) table = refract_table_new (NULL, columns);
  g_autoptr (GPtrArray) worse = g_ptr_array_new ();

  for (guint i = 0; i < get_length (pairs); i++)
    if (get_loss (refract_json_array_get_object (pairs, i)) > 0)
      g_ptr_array_add (worse, refract_json_array_get_object (pairs, i));
  g_ptr_array_sort (worse, compare_loss);
  for (guint i = 0; i < MIN (worse->len, MAX_PAIRS); i++)
    {
      JsonObject *pair = worse->pdata[i];
      RefractTableRow *row = refract_table_add_row (table);

      refract_table_row_add_text (row, refract_json_get_string (pair, "prompt_id", "?"));
      refract_table_row_add_text (row, refract_perturbation_get_title (
                                           refract_json_get_string (pair, "perturbation", "?")));
      refract_table_row_add_number (row, refract_json_get_double (pair, "ref_drift", NAN), 2);
      refract_table_row_add_number (row, refract_json_get_double (pair, "cand_drift", NAN), 2);
      refract_table_row_add_score (row, refract_json_get_double (pair, "plad_pp", NAN));
    }
  if (table->rows->len == 0)
    return;
  g_string_append (self->body, "<details>\n");
  refract_html_add_printf (self, "summary", NULL,
                           "In %u of %u pairs the candidate drifts further; the %u that lost most",
                           worse->len, get_length (pairs), table->rows->len);
  refract_html_add_table (self, table, "Pairs of PLAD");
  g_string_append (self->body, "</details>\n");
}

static void
add_plad (RefractHtml *self, RefractReport *report)
{
  JsonObject *axis = refract_report_get_axis (report, REFRACT_AXIS_PLAD);

  if (!begin_axis (self, report, REFRACT_AXIS_PLAD))
    return;
  g_string_append (self->body, "<div class=\"grid\">\n");
  refract_html_add_chart (self, report, refract_chart_plad_new);
  refract_html_add_facts (self, report, REFRACT_FACTS_PLAD, NULL);
  add_perturbations (self, report);
  g_string_append (self->body, "</div>\n");
  add_pairs (self, refract_json_get_array (axis, "per_prompt"));
}

void
refract_html_add_axes (RefractHtml *self, RefractReport *report)
{
  static void (*const adders[]) (RefractHtml *, RefractReport *)
      = { add_trajectory, add_kld, add_rniah, add_plad };

  for (guint i = 0; i < G_N_ELEMENTS (adders); i++)
    {
      gsize before = self->body->len, begun;

      g_string_append (self->body, "<section>\n");
      begun = self->body->len;
      adders[i](self, report);
      if (self->body->len > begun)
        g_string_append (self->body, "</section>\n");
      else
        g_string_truncate (self->body, before);
    }
}
