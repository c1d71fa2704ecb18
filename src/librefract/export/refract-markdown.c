/* refract-markdown.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "core/refract-json.h"
#include "core/refract-translate.h"
#include "export/refract-badge.h"
#include "export/refract-markdown.h"
#include "export/refract-table.h"
#include "report/refract-report-text.h"

char *
refract_markdown_dup_citation (RefractReport *report)
{
  g_auto (RefractEnglish) english = refract_english_begin ();
  JsonObject *root = refract_report_get_root (report);
  double score = refract_report_get_composite (report);
  const char *version = refract_json_get_string (root, "framework_version", NULL);
  const char *engine = refract_report_get_engine_name (report);
  const char *build = refract_json_find_string (root, "extension.engine.build");
  const char *hardware = refract_json_find_string (root, "extension.hardware.processor");
  g_autofree char *model = refract_report_dup_model_name (report);
  g_autofree char *candidate = refract_report_dup_candidate_label (report);
  g_autofree char *number = isnan (score) ? g_strdup ("none") : refract_format_score (score, 2);
  g_autofree char *bound = refract_report_dup_bound_text (report);
  GString *text = g_string_new (NULL);

  if (build == NULL)
    build = refract_json_find_string (root, "environment.llama_cpp_commit");
  if (hardware == NULL)
    hardware = refract_json_find_string (root, "environment.chip");

  g_string_append_printf (text, "%s: %s", model, number);
  if (!isnan (score))
    g_string_append_printf (text, " %s", refract_band_get_name (refract_band_for_score (score)));
  if (!isnan (score) && bound != NULL)
    g_string_append_printf (text, " at best (KLD is %s)", bound);
  g_string_append_printf (text, ", candidate %s", candidate);
  if (version != NULL)
    g_string_append_printf (text, ", REFRACT %s", version);
  if (engine != NULL)
    g_string_append_printf (text, ", %s%s%s", engine, build != NULL ? " " : "",
                            build != NULL ? build : "");
  if (hardware != NULL)
    g_string_append_printf (text, ", %s", hardware);
  return g_string_free (text, FALSE);
}

static void
add_scores (GString *text, RefractReport *report)
{
  static const char *const columns[] = { "", "Score", "95 % interval", "Band", NULL };
  g_autoptr (RefractTable) table = refract_table_new (NULL, columns);
  g_autofree char *bound = refract_report_dup_bound_text (report);
  g_autofree char *markdown = NULL;

  for (int i = -1; i < REFRACT_N_AXES; i++)
    {
      double score = i < 0 ? refract_report_get_composite (report)
                           : refract_report_get_axis_score (report, i);
      JsonObject *object = i < 0 ? refract_report_get_extension (report)
                                 : refract_report_get_axis_extension (report, i);
      JsonObject *interval = refract_json_get_object (object, "interval");
      const char *confidence = refract_json_get_string (
          i < 0 ? NULL : refract_report_get_axis (report, i), "confidence", "");
      RefractTableRow *row = refract_table_add_row (table);
      g_autofree char *low = NULL;
      g_autofree char *high = NULL;
      g_autofree char *range = NULL;

      refract_table_row_add_text (row, i < 0 ? "Composite" : refract_axis_id_get_title (i));
      refract_table_row_add_score (row, score);
      if (interval != NULL)
        {
          low = refract_format_score (refract_json_get_double (interval, "low", 0), 2);
          high = refract_format_score (refract_json_get_double (interval, "high", 100), 2);
          range = g_strdup_printf (
              "%s to %s%s", low, high,
              refract_json_get_boolean (interval, "few_samples", FALSE) ? ", few samples" : "");
        }
      refract_table_row_add_text (row, range);
      if (isnan (score))
        refract_table_row_add_text (row, i < 0 ? "none" : "not measured");
      else if (g_str_equal (confidence, "low"))
        refract_table_row_add_text (row, "low confidence");
      else
        {
          const char *band = refract_band_get_name (refract_band_for_score (score));
          g_autofree char *at_best = i < 0 ? g_strdup_printf ("%s at best", band)
                                           : g_strdup_printf ("%s at best: %s", band, bound);

          refract_table_row_add_text (
              row, bound != NULL && (i < 0 || i == REFRACT_AXIS_KLD) ? at_best : band);
        }
    }
  markdown = refract_table_to_markdown (table);
  g_string_append (text, markdown);
}

static void
add_line (GString *text, const char *prefix, const char *line)
{
  if (line == NULL || *line == '\0')
    return;
  g_string_append (text, prefix);
  refract_markdown_append (text, line);
  g_string_append (text, "\n");
}

static void
add_findings (GString *text, RefractReport *report)
{
  JsonArray *findings = refract_json_get_array (refract_report_get_extension (report), "findings");
  JsonArray *diagnosis = refract_json_get_array (refract_report_get_root (report), "diagnosis");

  for (guint i = 0; i < refract_json_get_length (findings); i++)
    {
      JsonObject *finding = json_array_get_object_element (findings, i);

      add_line (text, "- ", refract_json_get_string (finding, "text", NULL));
      add_line (text, "  - ", refract_json_get_string (finding, "remedy", NULL));
    }
  for (guint i = 0; findings == NULL && i < refract_json_get_length (diagnosis); i++)
    add_line (text, "- ", json_array_get_string_element (diagnosis, i));
}

/* Indented, it is code whatever it holds. */
static void
add_command (GString *text, const char *command)
{
  g_auto (GStrv) lines = g_strsplit (command != NULL ? command : "", "\n", -1);

  if (lines[0] != NULL)
    g_string_append_c (text, '\n');
  for (guint i = 0; lines[i] != NULL; i++)
    g_string_append_printf (text, "    %s\n", lines[i]);
}

char *
refract_markdown_from_report (RefractReport *report)
{
  g_auto (RefractEnglish) english = refract_english_begin ();
  JsonObject *root = refract_report_get_root (report);
  JsonObject *comparable
      = refract_json_get_object (refract_report_get_extension (report), "comparable");
  g_autofree char *model = refract_report_dup_model_name (report);
  g_autofree char *candidate = refract_report_dup_candidate_label (report);
  g_autofree char *citation = refract_markdown_dup_citation (report);
  GString *text = g_string_new ("## KV cache fidelity: ");

  refract_markdown_append (text, model);
  g_string_append (text, ", ");
  refract_markdown_append (text, candidate);
  g_string_append (text, "\n\nHow close the model stays to itself with its f16 KV cache: 0 to 100, "
                         "higher is better.\n\n");
  add_scores (text, report);
  g_string_append_c (text, '\n');
  add_line (text, "**Verdict:** ", refract_json_get_string (root, "summary", NULL));
  add_line (text, "\n**Ship:** ", refract_json_find_string (root, "extension.ship.sentence"));
  add_line (text, "\n**Recommendation:** ",
            refract_json_find_string (root, "extension.recommendation.sentence"));
  g_string_append_c (text, '\n');
  add_findings (text, report);
  add_command (text, refract_json_get_string (root, "repro_command", NULL));
  g_string_append_c (text, '\n');
  add_line (text, "Cite as: ", citation);
  if (comparable != NULL && !refract_json_get_boolean (comparable, "refract_0_3", FALSE))
    g_string_append (text, "\nNot comparable with published REFRACT 0.3 results (other inputs).\n");
  return g_string_free (text, FALSE);
}

/* A YAML string in double quotes, which JSON's are. */
static void
append_yaml (GString *text, const char *value)
{
  g_autoptr (JsonNode) node = json_node_init_string (json_node_alloc (), value);
  g_autofree char *quoted = json_to_string (node, FALSE);

  g_string_append (text, quoted);
}

static void
add_metric (GString *text, const char *name, const char *type, double value)
{
  if (isnan (value))
    return;
  g_string_append (text, "          - type: ");
  append_yaml (text, type);
  g_string_append (text, "\n            name: ");
  append_yaml (text, name);
  g_string_append_printf (text, "\n            value: %.2f\n", value);
}

char *
refract_markdown_model_index (RefractReport *report)
{
  g_auto (RefractEnglish) english = refract_english_begin ();
  JsonObject *root = refract_report_get_root (report);
  const char *corpus = refract_json_find_string (root, "axes.kld.corpus.path");
  g_autofree char *corpus_name = g_path_get_basename (corpus != NULL ? corpus : "prompts");
  g_autofree char *model = refract_report_dup_model_name (report);
  g_autofree char *candidate = refract_report_dup_candidate_label (report);
  g_autofree char *bound = refract_report_dup_bound_text (report);
  g_autofree char *at_best
      = bound != NULL ? g_strdup_printf ("%s, at best: %s",
                                         refract_axis_id_get_title (REFRACT_AXIS_KLD), bound)
                      : NULL;
  g_autofree char *task = g_strdup_printf ("KV cache fidelity, %s against f16", candidate);
  GString *text = g_string_new ("model-index:\n  - name: ");

  append_yaml (text, model);
  g_string_append (text, "\n    results:\n      - task:\n          type: text-generation\n"
                         "          name: ");
  append_yaml (text, task);
  g_string_append (text, "\n        dataset:\n          type: ");
  append_yaml (text, corpus_name);
  g_string_append (text, "\n          name: ");
  append_yaml (text, corpus_name);
  g_string_append (text, "\n        metrics:\n");
  add_metric (text, bound != NULL ? "REFRACT composite, at best" : "REFRACT composite",
              "refract_composite", refract_report_get_composite (report));
  for (RefractAxisId axis = 0; axis < REFRACT_N_AXES; axis++)
    {
      g_autofree char *type = g_strdup_printf ("refract_%s", refract_axis_id_get_name (axis));

      add_metric (text,
                  axis == REFRACT_AXIS_KLD && at_best != NULL ? at_best
                                                              : refract_axis_id_get_title (axis),
                  type, refract_report_get_axis_score (report, axis));
    }
  return g_string_free (text, FALSE);
}
