/* refract-html-details.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "core/refract-json.h"
#include "export/refract-html-private.h"
#include "report/refract-report-text.h"

/* gzip and base64: a report is mostly numbers, and a page is to be sent around. */
static char *
pack (RefractReport *report)
{
  g_autofree char *text = refract_json_to_text (refract_report_get_root (report), FALSE);
  g_autoptr (GConverter) compressor
      = G_CONVERTER (g_zlib_compressor_new (G_ZLIB_COMPRESSOR_FORMAT_GZIP, 9));
  g_autoptr (GOutputStream) memory = g_memory_output_stream_new_resizable ();
  g_autoptr (GOutputStream) stream = g_converter_output_stream_new (memory, compressor);
  g_autoptr (GBytes) bytes = NULL;

  /* Into memory: nothing can go wrong. */
  g_output_stream_write_all (stream, text, strlen (text), NULL, NULL, NULL);
  g_output_stream_close (stream, NULL, NULL);
  bytes = g_memory_output_stream_steal_as_bytes (G_MEMORY_OUTPUT_STREAM (memory));
  return g_base64_encode (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

/* Lines are to break between its words, not behind a hyphen. */
static void
append_command (GString *string, const char *command)
{
  g_auto (GStrv) words = g_strsplit (command, " ", -1);

  for (guint i = 0; words[i] != NULL; i++)
    {
      g_string_append (string, i > 0 ? " <span>" : "<span>");
      refract_html_append (string, words[i]);
      g_string_append (string, "</span>");
    }
}

static void
add_file (RefractHtml *self, RefractReport *report)
{
  g_autofree char *packed = pack (report);
  g_autofree char *label = refract_report_dup_candidate_label (report);
  g_autofree char *model = refract_report_dup_model_name (report);
  g_autofree char *name = NULL;
  const char *command
      = refract_json_get_string (refract_report_get_root (report), "repro_command", NULL);

  g_string_append (self->body, "<div class=\"card\">\n");
  refract_html_add (self, "h3", NULL, label);
  if (command != NULL && *command != '\0')
    {
      g_string_append_printf (self->body, "<pre id=\"command%u\">", self->index);
      append_command (self->body, command);
      g_string_append_printf (
          self->body,
          "</pre>\n<p class=\"js\"><button data-copy=\"command%u\" "
          "data-done=\"Copied\" data-failed=\"Could not copy\">Copy</button></p>\n",
          self->index);
    }
  name = g_strdup_printf ("%s.%s.refract.json", model, label);
  g_strdelimit (name, "/\\ ", '-');
  g_string_append_printf (self->body,
                          "<p class=\"js\"><button data-json=\"json%u\" data-into=\"text%u\">Show "
                          "JSON</button> <button data-json=\"json%u\" data-name=\"",
                          self->index, self->index, self->index);
  refract_html_append (self->body, name);
  g_string_append_printf (self->body,
                          "\">Save JSON</button></p>\n<pre id=\"text%u\" class=\"raw\"></pre>\n"
                          "<script type=\"application/gzip\" id=\"json%u\">%s</script>\n</div>\n",
                          self->index, self->index, packed);
}

/* What was in use, and how fast it was: of each candidate. */
static void
add_configurations (RefractHtml *self, GPtrArray *reports)
{
  for (guint i = 0; i < reports->len; i++)
    {
      g_autofree char *label = refract_report_dup_candidate_label (reports->pdata[i]);
      g_autofree char *speed = g_strdup_printf ("%s: speed and memory", label);

      refract_html_add_facts (self, reports->pdata[i], REFRACT_FACTS_KV, label);
      refract_html_add_facts (self, reports->pdata[i], REFRACT_FACTS_SPEED, speed);
    }
}

static void
add_comparable (RefractHtml *self, RefractReport *report)
{
  JsonObject *comparable
      = refract_json_get_object (refract_report_get_extension (report), "comparable");
  JsonArray *why = refract_json_get_array (comparable, "why");
  guint n = refract_json_get_length (why);
  g_autofree char *text = refract_report_dup_comparable_text (report);
  g_autofree char *floor = refract_report_dup_floor_text (report);

  refract_html_add (self, "p", NULL, floor);
  refract_html_add (self, "p", NULL, text);
  if (n > 0)
    g_string_append (self->body, "<ul class=\"dim\">\n");
  for (guint i = 0; i < n; i++)
    refract_html_add (self, "li", NULL, refract_json_array_get_string (why, i));
  if (n > 0)
    g_string_append (self->body, "</ul>\n");
}

void
refract_html_add_details (RefractHtml *self, GPtrArray *reports)
{
  RefractReport *report = reports->pdata[0];

  refract_html_add_section (self, "Run details");
  add_comparable (self, report);
  g_string_append (self->body, "<div class=\"grid\">\n");
  add_configurations (self, reports);
  refract_html_add_facts (self, report, REFRACT_FACTS_MODEL, "Model");
  refract_html_add_facts (self, report, REFRACT_FACTS_HARDWARE, "Hardware");
  refract_html_add_facts (self, report, REFRACT_FACTS_ENGINE, "Engine");
  refract_html_add_facts (self, report, REFRACT_FACTS_INPUTS, "Inputs");
  refract_html_add_facts (self, report, REFRACT_FACTS_RUN, "Run");
  if (reports->len == 1)
    refract_html_add_chart (self, report, refract_chart_speed_new);
  g_string_append (self->body, "</div>\n");

  refract_html_add_section (self, "Repeat it, and the data");
  refract_html_add (self, "p", "dim",
                    "Every number of this page, and more, is in the report itself, which is in "
                    "this file. Reading it here needs JavaScript; nothing else does.");
  for (self->index = 0; self->index < reports->len; self->index++)
    add_file (self, reports->pdata[self->index]);
}
