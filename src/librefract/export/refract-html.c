/* refract-html.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "charts/refract-scene-svg.h"
#include "core/refract-json.h"
#include "export/refract-html-page.h"
#include "export/refract-html-private.h"
#include "export/refract-html.h"
#include "export/refract-table.h"

#define CHART_WIDTH 440 /* px; readable in one column of a phone, two of a desk */

void
refract_html_add (RefractHtml *self, const char *tag, const char *class_name, const char *text)
{
  if (text == NULL || *text == '\0')
    return;
  if (class_name != NULL)
    g_string_append_printf (self->body, "<%s class=\"%s\">", tag, class_name);
  else
    g_string_append_printf (self->body, "<%s>", tag);
  refract_html_append (self->body, text);
  g_string_append_printf (self->body, "</%s>\n", tag);
}

void
refract_html_add_printf (
    RefractHtml *self, const char *tag, const char *class_name, const char *format, ...)
{
  va_list arguments;
  g_autofree char *text = NULL;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  refract_html_add (self, tag, class_name, text);
}

void
refract_html_add_chart (RefractHtml *self, RefractReport *report, RefractChartFunc chart)
{
  g_autoptr (RefractScene) scene = chart (report, CHART_WIDTH, 1);
  g_autofree char *id = NULL;
  g_autofree char *svg = NULL;

  if (scene == NULL)
    return;
  id = g_strdup_printf ("c%u", self->n_charts++);
  svg = refract_scene_to_svg (scene, id);
  g_string_append_printf (self->body, "<figure class=\"card\">%s</figure>\n", svg);
}

void
refract_html_add_fact (RefractHtml *self, const char *name, const char *text)
{
  if (text == NULL || *text == '\0')
    return;
  refract_html_add (self, "dt", NULL, name);
  refract_html_add (self, "dd", NULL, text);
}

void
refract_html_add_fact_printf (RefractHtml *self, const char *name, const char *format, ...)
{
  va_list arguments;
  g_autofree char *text = NULL;

  va_start (arguments, format);
  text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  refract_html_add_fact (self, name, text);
}

/* "1121-1304-5f3a9c": when, and of which run */
static char *
make_id (RefractReport *report)
{
  const char *time = refract_json_get_string (refract_report_get_root (report), "timestamp", "");
  const char *run = refract_json_find_string (refract_report_get_root (report), "extension.run_id");
  GString *id = g_string_new (NULL);

  for (guint i = 5; i < 16 && i < strlen (time); i++)
    if (g_ascii_isdigit (time[i]))
      g_string_append_c (id, time[i]);
    else if (time[i] == 'T')
      g_string_append_c (id, '-');
  if (run != NULL)
    g_string_append_printf (id, "-%.6s", run);
  return g_string_free (id, FALSE);
}

static void
add_masthead (RefractHtml *self, RefractReport *report)
{
  JsonObject *root = refract_report_get_root (report);
  g_autofree char *id = make_id (report);

  g_string_append (self->body, "<header>\n<b>Refract</b>\n");
  refract_html_add_printf (self, "span", "dim", "Report %s", id);
  refract_html_add (self, "span", "dim", refract_json_get_string (root, "timestamp", NULL));
  refract_html_add (self, "span", "dim", "0–100, higher is better");
  g_string_append (self->body,
                   "<button id=\"theme\" class=\"js\" data-light=\"Light\" data-dark=\"Dark\">"
                   "Dark</button>\n</header>\n");
}

static void
add_verdict (RefractHtml *self, RefractReport *report)
{
  JsonObject *root = refract_report_get_root (report);
  JsonObject *extension = refract_report_get_extension (report);

  g_string_append (self->body, "<div class=\"card\">\n");
  refract_html_add (self, "p", "verdict", refract_json_get_string (root, "summary", NULL));
  refract_html_add (self, "p", NULL, refract_json_find_string (root, "extension.ship.sentence"));
  if (refract_json_get_boolean (extension, "not_proved", FALSE))
    refract_html_add (self, "p", "warning",
                      "Nothing proves that the setting was in use: there is no composite.");
  if (refract_json_get_boolean (extension, "within_noise", FALSE))
    refract_html_add (self, "p", NULL, "Within the noise of the reference.");
  if (refract_json_get_boolean (extension, "is_control", FALSE))
    refract_html_add (self, "p", NULL, "A negative control: bad on purpose.");
  g_string_append (self->body, "</div>\n");
}

static void
add_recommendation (RefractHtml *self, RefractReport *report)
{
  JsonObject *root = refract_report_get_root (report);

  g_string_append (self->body, "<div class=\"card\">\n");
  refract_html_add (self, "p", "verdict",
                    refract_json_find_string (root, "extension.recommendation.sentence"));
  refract_html_add (self, "p", "dim",
                    refract_json_find_string (root, "extension.recommendation.control_sentence"));
  g_string_append (self->body, "</div>\n");
}

static void
add_ranking_row (RefractTable *table, JsonObject *object, guint rank, gboolean is_control)
{
  RefractTableRow *row = refract_table_add_row (table);
  JsonObject *interval = refract_json_get_object (object, "interval");
  double saving = refract_json_get_double (object, "saving", NAN);
  const char *note = NULL;

  row->dim = is_control || refract_json_get_string (object, "dominated_by", NULL) != NULL;
  if (is_control)
    note = "negative control";
  else if (row->dim)
    note = "dominated";
  else if (refract_json_get_boolean (object, "within_noise", FALSE))
    note = "within the noise";

  refract_table_row_add_number (row, rank > 0 ? rank : NAN, 0);
  refract_table_row_add_text (row, refract_json_get_string (object, "label", "?"));
  refract_table_row_add_score (row, refract_json_get_double (object, "composite", NAN));
  if (interval != NULL)
    {
      g_autofree char *low = refract_format_score (refract_json_get_double (interval, "low", 0), 1);
      g_autofree char *high
          = refract_format_score (refract_json_get_double (interval, "high", 100), 1);
      g_autofree char *text = g_strdup_printf ("%s to %s", low, high);

      refract_table_row_add_text (row, text);
    }
  else
    refract_table_row_add_text (row, NULL);
  refract_table_row_add_text (row, refract_json_get_string (object, "band", NULL));
  refract_table_row_add_number (row, refract_json_get_double (object, "bytes_per_token", NAN), 0);
  refract_table_row_add_number (row, saving * 100, 0);
  refract_table_row_add_number (row, refract_json_get_double (object, "decode_tps", NAN), 0);
  refract_table_row_add_text (row, note != NULL ? note : "");
}

static void
add_ranking (RefractHtml *self, RefractReport *report)
{
  static const char *const columns[] = {
    "Rank",         "Candidate", "Composite", "95 % interval", "Band", "Bytes per token", "Saved %",
    "Decode tok/s", "Note",      NULL
  };
  JsonObject *extension = refract_report_get_extension (report);
  JsonArray *ranking = refract_json_get_array (extension, "ranking");
  JsonObject *control = refract_json_get_object (extension, "control");
  JsonArray *failed = refract_json_get_array (extension, "failed");
  guint n = ranking != NULL ? json_array_get_length (ranking) : 0;
  g_autoptr (RefractTable) table = NULL;
  g_autofree char *html = NULL;

  if (n + (control != NULL) < 2)
    return;
  table = refract_table_new (NULL, columns);
  for (guint i = 0; i < n; i++)
    add_ranking_row (table, json_array_get_object_element (ranking, i), i + 1, FALSE);
  if (control != NULL)
    add_ranking_row (table, control, 0, TRUE);
  html = refract_table_to_html (table);
  g_string_append_printf (self->body,
                          "<h2>All candidates of the run</h2>\n<div class=\"scroll\" "
                          "tabindex=\"0\" role=\"region\" aria-label=\"Ranking\">%s</div>\n",
                          html);
  for (guint i = 0; failed != NULL && i < json_array_get_length (failed); i++)
    {
      JsonObject *object = json_array_get_object_element (failed, i);

      refract_html_add_printf (self, "p", "warning", "%s could not be measured: %s",
                               refract_json_get_string (object, "label", "?"),
                               refract_json_get_string (object, "message", ""));
    }
  g_string_append (self->body, "<div class=\"grid\">\n");
  refract_html_add_chart (self, report, refract_chart_scatter_new);
  refract_html_add_chart (self, report, refract_chart_speed_new);
  g_string_append (self->body, "</div>\n");
}

static void
add_findings (RefractHtml *self, RefractReport *report)
{
  JsonArray *findings = refract_json_get_array (refract_report_get_extension (report), "findings");
  JsonArray *diagnosis = refract_json_get_array (refract_report_get_root (report), "diagnosis");
  gboolean has_remedies = findings != NULL;
  guint n;

  if (findings == NULL)
    findings = diagnosis;
  n = findings != NULL ? json_array_get_length (findings) : 0;
  if (n == 0)
    return;
  refract_html_add (self, "h3", NULL, "What was found, and what to do");
  g_string_append (self->body, "<ul>\n");
  for (guint i = 0; i < n; i++)
    {
      g_string_append (self->body, "<li>");
      if (has_remedies)
        {
          JsonObject *finding = json_array_get_object_element (findings, i);

          refract_html_add (self, "span", NULL, refract_json_get_string (finding, "text", NULL));
          refract_html_add (self, "p", "dim", refract_json_get_string (finding, "remedy", NULL));
        }
      else
        refract_html_add (self, "span", NULL, json_array_get_string_element (findings, i));
      g_string_append (self->body, "</li>\n");
    }
  g_string_append (self->body, "</ul>\n");
}

/* One candidate: the scores, what they mean, and each axis. */
static void
add_candidate (RefractHtml *self, RefractReport *report, gboolean alone)
{
  g_autofree char *label = refract_report_dup_candidate_label (report);

  if (!alone)
    {
      g_string_append_printf (self->body, "<details class=\"candidate\"%s>\n",
                              self->index == 0 ? " open" : "");
      refract_html_add (self, "summary", NULL, label);
      g_string_append (self->body, "<div class=\"grid\">\n");
      refract_html_add_chart (self, report, refract_chart_gauge_new);
      refract_html_add_chart (self, report, refract_chart_axes_new);
      g_string_append (self->body, "</div>\n");
      add_verdict (self, report);
    }
  add_findings (self, report);
  refract_html_add_axes (self, report);
  if (!alone)
    g_string_append (self->body, "</details>\n");
}

/* The report of the recommended candidate, else the first. */
static RefractReport *
find_headline (GPtrArray *reports)
{
  const char *pick = refract_json_find_string (refract_report_get_root (reports->pdata[0]),
                                               "extension.recommendation.candidate");

  for (guint i = 0; pick != NULL && i < reports->len; i++)
    if (g_str_equal (
            refract_json_get_string (refract_report_get_root (reports->pdata[i]), "candidate", ""),
            pick))
      return reports->pdata[i];
  return reports->pdata[0];
}

static void
add_headline (RefractHtml *self, GPtrArray *reports)
{
  RefractReport *report = find_headline (reports);
  g_autofree char *model = refract_report_dup_model_name (report);
  g_autofree char *label = refract_report_dup_candidate_label (report);
  g_autofree char *reference = refract_report_dup_reference_label (report);

  refract_html_add (self, "h1", NULL, model);
  refract_html_add_printf (self, "p", NULL, "%s against its own %s", label, reference);
  g_string_append (self->body, "<div class=\"grid\">\n");
  refract_html_add_chart (self, report, refract_chart_gauge_new);
  refract_html_add_chart (self, report, refract_chart_axes_new);
  g_string_append (self->body, "</div>\n");
  if (reports->len > 1)
    add_recommendation (self, report);
  add_verdict (self, report);
  if (reports->len == 1)
    add_recommendation (self, report);
}

char *
refract_html_from_reports (GPtrArray *reports)
{
  g_autoptr (GString) body = g_string_new (NULL);
  RefractHtml self = { body };
  g_autofree char *title = NULL;
  g_autofree char *model = NULL;

  g_return_val_if_fail (reports->len > 0, NULL);

  model = refract_report_dup_model_name (reports->pdata[0]);
  title = g_strdup_printf ("KV cache fidelity: %s", model);
  add_masthead (&self, reports->pdata[0]);
  g_string_append (body, "<main>\n");
  add_headline (&self, reports);
  add_ranking (&self, reports->pdata[0]);
  if (reports->len > 1)
    refract_html_add (&self, "h2", NULL, "Each candidate");
  for (self.index = 0; self.index < reports->len; self.index++)
    add_candidate (&self, reports->pdata[self.index], reports->len == 1);
  refract_html_add_details (&self, reports);
  g_string_append (body, "</main>\n");
  return refract_html_page_new (title, body->str);
}
