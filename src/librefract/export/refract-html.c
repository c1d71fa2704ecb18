/* refract-html.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "charts/refract-scene-svg.h"
#include "core/refract-json.h"
#include "core/refract-translate.h"
#include "export/refract-html-page.h"
#include "export/refract-html-private.h"
#include "export/refract-html.h"
#include "export/refract-table.h"
#include "report/refract-report-text.h"

#define MAX_NAV 60   /* characters of a link */
#define MAX_LINKS 30 /* a longer navigation leads nowhere */

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
refract_html_take_scene (RefractHtml *self, RefractScene *scene)
{
  g_autoptr (RefractScene) own = scene;
  g_autofree char *id = NULL;
  g_autofree char *svg = NULL;

  if (scene == NULL)
    return;
  id = g_strdup_printf ("c%u", self->n_charts++);
  svg = refract_scene_to_svg (scene, id);
  g_string_append (self->body, "<figure class=\"card\">\n");
  refract_html_add (self, "figcaption", NULL, refract_scene_get_title (scene));
  g_string_append_printf (self->body, "%s</figure>\n", svg);
}

void
refract_html_add_chart (RefractHtml *self, RefractReport *report, RefractChartFunc chart)
{
  refract_html_take_scene (self, chart (report, REFRACT_HTML_CHART_WIDTH, 1));
}

void
refract_html_add_texts (RefractHtml *self, const char *class_name, GPtrArray *texts)
{
  for (guint i = 0; i < texts->len; i++)
    refract_html_add (self, "p", class_name, texts->pdata[i]);
}

void
refract_html_add_heading (RefractHtml *self, const char *title)
{
  g_autofree char *tag = NULL;

  if (self->level == 2)
    {
      refract_html_add_section (self, title);
      return;
    }
  tag = g_strdup_printf ("h%u", self->level);
  refract_html_add (self, tag, NULL, title);
}

void
refract_html_add_section (RefractHtml *self, const char *title)
{
  g_autofree char *link = refract_clip_text (title, MAX_NAV);
  guint id = self->n_sections++;

  if (id < MAX_LINKS)
    {
      g_string_append_printf (self->nav, "<a href=\"#s%u\">", id);
      refract_html_append (self->nav, link);
      g_string_append (self->nav, "</a>\n");
    }
  g_string_append_printf (self->body, "<h2 id=\"s%u\">", id);
  refract_html_append (self->body, title);
  g_string_append (self->body, "</h2>\n");
}

void
refract_html_add_table (RefractHtml *self, const RefractTable *table, const char *name)
{
  g_autofree char *html = NULL;

  if (table->rows->len == 0)
    return;
  html = refract_table_to_html (table, !self->wide);
  g_string_append (self->body, "<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"");
  refract_html_append (self->body, name);
  g_string_append_printf (self->body, "\">%s</div>\n", html);
}

static void
add_fact (RefractHtml *self, const RefractFact *fact, gboolean continues)
{
  if (!continues)
    refract_html_add (self, "dt", NULL, fact->title);
  g_string_append (self->body, "<dd>");
  refract_html_add (self, "span", NULL, fact->value);
  if (fact->reference != NULL)
    refract_html_add_printf (self, "span", "dim", "(reference: %s)", fact->reference);
  refract_html_add (self, "small", NULL, fact->note);
  g_string_append (self->body, "</dd>\n");
}

void
refract_html_add_facts (RefractHtml *self,
                        RefractReport *report,
                        RefractFactGroup group,
                        const char *title)
{
  g_autoptr (GPtrArray) facts = refract_report_list_facts (report, group);

  if (facts->len == 0)
    return;
  g_string_append (self->body, "<div class=\"card\">\n");
  refract_html_add (self, "h3", NULL, title);
  g_string_append (self->body, "<dl>\n");
  for (guint i = 0; i < facts->len; i++)
    {
      const RefractFact *fact = facts->pdata[i];
      const RefractFact *previous = i > 0 ? facts->pdata[i - 1] : NULL;

      add_fact (self, fact, previous != NULL && g_str_equal (previous->title, fact->title));
    }
  g_string_append (self->body, "</dl>\n</div>\n");
}

/* "Report 1121-1304-5f3a9c": when, and of which run; (transfer full) (nullable) */
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
  /* A run's id is a time and what tells it from others of the same second. */
  if (run != NULL)
    {
      const char *dash = strrchr (run, '-');
      g_autofree char *end = refract_clip_text (dash != NULL ? dash + 1 : run, 8);

      g_string_append_printf (id, "-%s", end);
    }
  if (id->len > 0)
    g_string_prepend (id, "Report ");
  return g_string_free (id, FALSE);
}

/* (transfer full) */
static char *
make_time (RefractReport *report)
{
  const char *time = refract_json_get_string (refract_report_get_root (report), "timestamp", "");
  g_auto (GStrv) parts = g_strsplit (time, "T", 2);

  return g_strjoinv (" ", parts);
}

char *
refract_html_finish (RefractHtml *self, const char *title, const char *id, const char *time)
{
  g_autoptr (GString) page
      = g_string_new ("<a class=\"skip\" href=\"#main\">Skip to the report</a>\n"
                      "<header>\n<div class=\"masthead\">\n<b>Refract</b>\n");
  RefractHtml masthead = { .body = page };

  refract_html_add (&masthead, "span", "dim", id);
  refract_html_add (&masthead, "span", "dim", time);
  g_string_append (page, "<button type=\"button\" id=\"theme\" class=\"js\" data-light=\"Light\" "
                         "data-dark=\"Dark\">Dark</button>\n</div>\n");
  g_string_append_printf (page,
                          "<nav aria-label=\"Sections\">\n%s</nav>\n</header>\n"
                          "<main id=\"main\">\n%s</main>\n",
                          self->nav->str, self->body->str);
  return refract_html_page_new (title, page->str);
}

/* The answer: what to ship, what that means, and what a reader must know beside it. */
static void
add_verdict (RefractHtml *self, RefractReport *report, gboolean of_run)
{
  JsonObject *root = refract_report_get_root (report);
  double composite = refract_report_get_composite (report);
  const char *recommendation = refract_json_find_string (root, "extension.recommendation.sentence");
  const char *control
      = refract_json_find_string (root, "extension.recommendation.control_sentence");
  const char *summary = refract_json_get_string (root, "summary", NULL);
  const char *pick = refract_json_find_string (root, "extension.recommendation.candidate");
  gboolean is_pick = g_strcmp0 (pick, refract_json_get_string (root, "candidate", "")) == 0;
  gboolean leads = of_run && recommendation != NULL && (self->several || is_pick);
  g_autoptr (GPtrArray) caveats = refract_report_list_caveats (report);

  g_string_append_printf (
      self->body, "<div class=\"card verdict %s\">\n",
      isnan (composite) ? "none" : refract_band_get_name (refract_band_for_score (composite)));
  if (leads)
    refract_html_add (self, "p", "lead", recommendation);
  refract_html_add (self, "p", leads ? NULL : "lead", summary);
  refract_html_add (self, "p", NULL, refract_json_find_string (root, "extension.ship.sentence"));
  if (of_run && !leads && recommendation != NULL)
    refract_html_add_printf (self, "p", NULL, "Of the whole run: %s", recommendation);
  if (of_run)
    refract_html_add (self, "p", "dim", control);
  refract_html_add_texts (self, "dim", caveats);
  g_string_append (self->body, "</div>\n");
}

static void
add_overview (RefractHtml *self, RefractReport *report, gboolean of_run)
{
  g_string_append (self->body, "<div class=\"grid hero\">\n");
  add_verdict (self, report, of_run);
  refract_html_add_chart (self, report, refract_chart_gauge_new);
  refract_html_add_chart (self, report, refract_chart_axes_new);
  g_string_append (self->body, "</div>\n");
}

/* (transfer full) (nullable) */
static char *
format_interval (JsonObject *interval)
{
  g_autofree char *low = NULL;
  g_autofree char *high = NULL;

  if (interval == NULL)
    return NULL;
  low = refract_format_score (refract_json_get_double (interval, "low", 0), 2);
  high = refract_format_score (refract_json_get_double (interval, "high", 100), 2);
  return g_strdup_printf ("%s\u00a0to\u00a0%s", low, high);
}

static void
add_ranking_row (RefractTable *table, JsonObject *object, guint rank, gboolean is_control)
{
  RefractTableRow *row = refract_table_add_row (table);
  g_autofree char *interval = format_interval (refract_json_get_object (object, "interval"));
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
  refract_table_row_add_text (row, interval);
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
  guint n = refract_json_get_length (ranking);
  g_autoptr (RefractTable) table = NULL;

  if (n + (control != NULL) < 2)
    return;
  table = refract_table_new (NULL, columns);
  for (guint i = 0; i < n; i++)
    add_ranking_row (table, json_array_get_object_element (ranking, i), i + 1, FALSE);
  if (control != NULL)
    add_ranking_row (table, control, 0, TRUE);
  refract_html_add_section (self, "All candidates of the run");
  refract_html_add_table (self, table, "Ranking");
  for (guint i = 0; i < refract_json_get_length (failed); i++)
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

/* Where the page tells what was found, and what to do. */
static void
add_findings (RefractHtml *self, RefractReport *report)
{
  JsonArray *findings = refract_json_get_array (refract_report_get_extension (report), "findings");
  JsonArray *diagnosis = refract_json_get_array (refract_report_get_root (report), "diagnosis");
  gboolean has_remedies = findings != NULL;
  guint n;

  if (findings == NULL)
    findings = diagnosis;
  n = refract_json_get_length (findings);
  if (n == 0)
    return;
  refract_html_add_heading (self, "What was found, and what to do");
  g_string_append (self->body, "<ol class=\"findings\">\n");
  for (guint i = 0; i < n; i++)
    {
      JsonObject *finding = has_remedies ? refract_json_array_get_object (findings, i) : NULL;

      g_string_append (self->body, "<li>");
      refract_html_add (self, "span", NULL,
                        has_remedies ? refract_json_get_string (finding, "text", NULL)
                                     : refract_json_array_get_string (findings, i));
      refract_html_add (self, "p", "remedy", refract_json_get_string (finding, "remedy", NULL));
      g_string_append (self->body, "</li>\n");
    }
  g_string_append (self->body, "</ol>\n");
}

static void
add_breakdown (RefractHtml *self, RefractReport *report)
{
  static const char *const columns[]
      = { "Axis", "Score", "95 % interval", "Band", "Behind it", NULL };
  g_autoptr (RefractTable) table = refract_table_new (NULL, columns);

  for (guint i = 0; i < REFRACT_N_AXES; i++)
    {
      RefractTableRow *row = refract_table_add_row (table);
      double score = refract_report_get_axis_score (report, i);
      JsonObject *interval
          = refract_json_get_object (refract_report_get_axis_extension (report, i), "interval");
      g_autofree char *range = format_interval (interval);
      g_autofree char *detail = refract_report_dup_axis_detail (report, i);

      refract_table_row_add_text (row, refract_axis_id_get_title (i));
      refract_table_row_add_score (row, score);
      refract_table_row_add_text (row, range);
      refract_table_row_add_text (
          row, isnan (score) ? NULL : refract_band_get_name (refract_band_for_score (score)));
      refract_table_row_add_text (row, detail);
    }
  refract_html_add_heading (self, "Axis by axis");
  refract_html_add_table (self, table, "Scores by axis");
}

/* One candidate: the scores, what they mean, and each axis. @headline: shown on top of the page */
static void
add_candidate (RefractHtml *self, RefractReport *report, RefractReport *headline)
{
  gboolean alone = !self->several;
  g_autofree char *label = refract_report_dup_candidate_label (report);

  self->level = alone ? 2 : 4;
  if (!alone)
    {
      g_string_append_printf (self->body, "<details class=\"candidate\"%s>\n<summary>\n",
                              report == headline ? " open" : "");
      refract_html_add (self, "h3", NULL, label);
      g_string_append (self->body, "</summary>\n");
      if (report != headline)
        add_overview (self, report, FALSE);
    }
  add_findings (self, report);
  add_breakdown (self, report);
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
add_headline (RefractHtml *self, RefractReport *report)
{
  g_autofree char *model = refract_report_dup_model_name (report);
  g_autofree char *label = refract_report_dup_candidate_label (report);
  g_autofree char *reference = refract_report_dup_reference_label (report);

  refract_html_add (self, "h1", NULL, model);
  refract_html_add_printf (self, "p", "dim",
                           "%s against its own %s. Scores go from 0 to 100, "
                           "higher is better.",
                           label, reference);
  add_overview (self, report, TRUE);
}

char *
refract_html_from_reports (GPtrArray *reports)
{
  g_auto (RefractEnglish) english = refract_english_begin ();
  g_autoptr (GString) content = g_string_new (NULL);
  g_autoptr (GString) nav = g_string_new (NULL);
  RefractHtml self = { .body = content, .nav = nav, .level = 2 };
  RefractReport *headline;
  g_autofree char *title = NULL;
  g_autofree char *model = NULL;
  g_autofree char *id = NULL;
  g_autofree char *time = NULL;

  g_return_val_if_fail (reports->len > 0, NULL);

  self.several = reports->len > 1;
  headline = find_headline (reports);
  model = refract_report_dup_model_name (reports->pdata[0]);
  title = g_strdup_printf ("KV cache fidelity: %s", model);
  add_headline (&self, headline);
  add_ranking (&self, headline);
  if (reports->len > 1)
    refract_html_add_section (&self, "Each candidate");
  for (self.index = 0; self.index < reports->len; self.index++)
    add_candidate (&self, reports->pdata[self.index], headline);
  self.level = 2;
  refract_html_add_details (&self, reports);

  id = make_id (reports->pdata[0]);
  time = make_time (reports->pdata[0]);
  return refract_html_finish (&self, title, id, time);
}
