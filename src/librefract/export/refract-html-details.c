/* refract-html-details.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "core/refract-json.h"
#include "export/refract-html-private.h"
#include "export/refract-table.h"

static void
begin_card (RefractHtml *self, const char *title)
{
  g_string_append (self->body, "<div class=\"card\">\n");
  refract_html_add (self, "h3", NULL, title);
  g_string_append (self->body, "<dl>\n");
}

static void
end_card (RefractHtml *self)
{
  g_string_append (self->body, "</dl>\n</div>\n");
}

static void
add_string (RefractHtml *self, JsonObject *root, const char *path, const char *name)
{
  refract_html_add_fact (self, name, refract_json_find_string (root, path));
}

static void
add_number (RefractHtml *self,
            JsonObject *root,
            const char *path,
            double unit,
            const char *format_unit,
            const char *name)
{
  double value = refract_json_find_double (root, path);

  if (!isnan (value))
    refract_html_add_fact_printf (self, name, "%.6g%s", value / unit, format_unit);
}

static void
add_model (RefractHtml *self, JsonObject *root)
{
  begin_card (self, "Model");
  add_string (self, root, "model", "File");
  add_string (self, root, "extension.model.name", "Name");
  add_string (self, root, "extension.model.architecture", "Architecture");
  add_string (self, root, "extension.model.quantization", "Weights");
  add_number (self, root, "extension.model.size_bytes", 1048576, " MiB", "Size");
  add_number (self, root, "extension.model.n_layers", 1, "", "Layers");
  add_number (self, root, "extension.model.n_kv_layers", 1, "", "Layers with a KV cache");
  add_number (self, root, "extension.model.n_kv_heads", 1, "", "KV heads");
  add_number (self, root, "extension.model.head_dim_k", 1, "", "Head size");
  add_number (self, root, "extension.model.context_length", 1, " tokens", "Context");
  add_string (self, root, "extension.model.fingerprint", "Fingerprint");
  end_card (self);
}

static void
add_hardware (RefractHtml *self, JsonObject *root)
{
  begin_card (self, "Hardware and engine");
  add_string (self, root, "extension.hardware.processor", "Processor");
  if (refract_json_find_string (root, "extension.hardware.processor") == NULL)
    add_string (self, root, "environment.chip", "Processor");
  add_number (self, root, "extension.hardware.memory_bytes", 1073741824, " GiB", "Memory");
  add_string (self, root, "extension.hardware.platform", "System");
  add_string (self, root, "extension.engine.name", "Engine");
  if (refract_json_find_string (root, "extension.engine.name") == NULL)
    add_string (self, root, "environment.backend", "Engine");
  add_string (self, root, "extension.engine.version", "Version");
  add_string (self, root, "extension.engine.build", "Build");
  add_number (self, root, "extension.slots.n", 1, "", "Prompts side by side");
  add_string (self, root, "extension.slots.evidence", "Why that many");
  end_card (self);
}

static void
add_method (RefractHtml *self, JsonObject *root)
{
  JsonNode *comparable = refract_json_find (root, "extension.comparable.refract_0_3");

  begin_card (self, "Method");
  add_string (self, root, "framework_version", "REFRACT methodology");
  if (comparable != NULL && JSON_NODE_HOLDS_VALUE (comparable))
    refract_html_add_fact (self, "Comparable with published 0.3 results",
                           json_node_get_boolean (comparable) ? "yes" : "no: other inputs");
  add_number (self, root, "extension.floor.composite", 1, "", "Noise floor");
  add_string (self, root, "extension.inputs.prompts.name", "Prompts");
  add_string (self, root, "extension.inputs.prompts.sha256", "SHA-256");
  add_string (self, root, "axes.kld.corpus.path", "Corpus");
  add_string (self, root, "extension.inputs.corpus.sha256", "SHA-256");
  add_string (self, root, "extension.inputs.haystack.name", "Haystack");
  add_number (self, root, "extension.plan.n_predict", 1, "", "Tokens decoded per prompt");
  add_number (self, root, "axes.kld.chunks", 1, "", "Chunks");
  add_number (self, root, "axes.kld.ctx", 1, " tokens", "Context of a chunk");
  add_number (self, root, "extension.plan.seed", 1, "", "Seed");
  end_card (self);
}

static const char *
get_evidence (JsonObject *root)
{
  const char *evidence = refract_json_find_string (root, "extension.kv.evidence");

  if (g_strcmp0 (evidence, "proved") == 0)
    return "proved: the engine's own allocation was read";
  if (g_strcmp0 (evidence, "echoed") == 0)
    return "the engine repeats our flag";
  return evidence != NULL ? "none" : NULL;
}

static void
add_configuration (RefractHtml *self, RefractReport *report)
{
  JsonObject *root = refract_report_get_root (report);
  g_autofree char *label = refract_report_dup_candidate_label (report);

  begin_card (self, label);
  add_string (self, root, "candidate", "Requested");
  add_string (self, root, "extension.kv.in_use.type_k", "K in use");
  add_string (self, root, "extension.kv.in_use.type_v", "V in use");
  refract_html_add_fact (self, "Proof", get_evidence (root));
  add_number (self, root, "extension.kv.bytes_per_token", 1, " bytes", "KV cache per token");
  add_number (self, root, "extension.performance.prefill_tps", 1, " tokens/s", "Prefill");
  add_number (self, root, "extension.performance.decode_tps", 1, " tokens/s", "Decode");
  add_number (self, root, "extension.performance.load_seconds", 1, " s", "Loading");
  add_number (self, root, "extension.performance.peak_rss_bytes", 1048576, " MiB", "Peak memory");
  add_number (self, root, "extension.performance.kv_buffer_mib", 1, " MiB", "KV buffer");
  end_card (self);
}

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

static void
add_file (RefractHtml *self, RefractReport *report)
{
  g_autofree char *packed = pack (report);
  g_autofree char *label = refract_report_dup_candidate_label (report);
  g_autofree char *model = refract_report_dup_model_name (report);
  g_autofree char *name = NULL;
  const char *command
      = refract_json_get_string (refract_report_get_root (report), "repro_command", NULL);

  refract_html_add (self, "h3", NULL, label);
  if (command != NULL && *command != '\0')
    {
      g_string_append_printf (self->body, "<pre id=\"command%u\">", self->index);
      refract_html_append (self->body, command);
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
                          "<script type=\"application/gzip\" id=\"json%u\">%s</script>\n",
                          self->index, self->index, packed);
}

void
refract_html_add_details (RefractHtml *self, GPtrArray *reports)
{
  JsonObject *root = refract_report_get_root (reports->pdata[0]);
  JsonArray *why;
  JsonArray *notes = refract_json_get_array (refract_json_get_object (root, "extension"), "notes");

  refract_html_add (self, "h2", NULL, "Run details");
  g_string_append (self->body, "<div class=\"grid\">\n");
  for (self->index = 0; self->index < reports->len; self->index++)
    add_configuration (self, reports->pdata[self->index]);
  add_model (self, root);
  add_hardware (self, root);
  add_method (self, root);
  g_string_append (self->body, "</div>\n");
  if (reports->len == 1)
    {
      g_string_append (self->body, "<div class=\"grid\">\n");
      refract_html_add_chart (self, reports->pdata[0], refract_chart_speed_new);
      g_string_append (self->body, "</div>\n");
    }

  why = refract_json_get_array (
      refract_json_get_object (refract_json_get_object (root, "extension"), "comparable"), "why");
  for (guint i = 0; why != NULL && i < json_array_get_length (why); i++)
    refract_html_add (self, "p", "dim", json_array_get_string_element (why, i));
  for (guint i = 0; notes != NULL && i < json_array_get_length (notes); i++)
    refract_html_add (self, "p", "dim", json_array_get_string_element (notes, i));

  refract_html_add (self, "h2", NULL, "Repeat it, and the data");
  for (self->index = 0; self->index < reports->len; self->index++)
    add_file (self, reports->pdata[self->index]);
}
