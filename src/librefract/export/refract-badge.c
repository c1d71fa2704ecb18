/* refract-badge.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <math.h>
#include <string.h>

#include "core/refract-json.h"
#include "core/refract-translate.h"
#include "export/refract-badge.h"
#include "export/refract-table.h"
#include "report/refract-report-text.h"

#define LABEL "KV cache fidelity"

static const char *
get_colour (RefractReport *report)
{
  double score = refract_report_get_composite (report);

  if (isnan (score))
    return "5e5c64";
  switch (refract_band_for_score (score))
    {
    case REFRACT_BAND_EXCELLENT:
      return "1a7f37";
    case REFRACT_BAND_PASS:
      return "3d7a14";
    case REFRACT_BAND_DEGRADED:
      return "9a6700";
    case REFRACT_BAND_FAIL:
    default:
      return "b3261e";
    }
}

char *
refract_badge_dup_text (RefractReport *report)
{
  g_auto (RefractEnglish) english = refract_english_begin ();
  JsonObject *root = refract_report_get_root (report);
  double score = refract_report_get_composite (report);
  double ctx = refract_json_find_double (root, "axes.kld.ctx");
  const char *corpus = refract_json_find_string (root, "axes.kld.corpus.path");
  const char *mode = refract_json_find_string (root, "extension.axes.trajectory.prompt_mode");
  g_autofree char *candidate = refract_report_dup_candidate_label (report);
  g_autofree char *bound = refract_report_dup_bound_text (report);
  GString *text = g_string_new (NULL);

  if (isnan (score))
    g_string_append (text, "not proved");
  else
    {
      g_autofree char *number = refract_format_score (score, 1);

      g_string_append_printf (text, "%s %s%s",
                              refract_band_get_name (refract_band_for_score (score)), number,
                              bound != NULL ? " at best" : "");
    }
  g_string_append_printf (text, " · %s", candidate);
  if (corpus != NULL && *corpus != '\0')
    {
      g_autofree char *name = g_path_get_basename (corpus);

      g_string_append_printf (text, " · %s", name);
    }
  if (!isnan (ctx))
    g_string_append_printf (text, " · %.0f tokens", ctx);
  if (mode != NULL)
    g_string_append_printf (text, " · %s prompts", mode);
  return g_string_free (text, FALSE);
}

/* Pixels of 11 px Verdana or what stands in for it: a little more than the widest of them. */
static guint
get_width (const char *text)
{
  return (guint) (g_utf8_strlen (text, -1) * 7) + 12;
}

char *
refract_badge_to_svg (RefractReport *report)
{
  g_auto (RefractEnglish) english = refract_english_begin ();
  g_autofree char *text = refract_badge_dup_text (report);
  guint left = get_width (LABEL), right = get_width (text);
  GString *svg = g_string_new (NULL);

  g_string_append_printf (svg,
                          "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%u\" height=\"20\" "
                          "role=\"img\" aria-label=\"" LABEL ": ",
                          left + right);
  refract_html_append (svg, text);
  g_string_append (svg, "\"><title>" LABEL ": ");
  refract_html_append (svg, text);
  g_string_append_printf (svg,
                          "</title><rect width=\"%u\" height=\"20\" rx=\"3\" fill=\"#3d3846\"/>"
                          "<path d=\"M%u 0h%ua3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H%uz\" fill=\"#%s\"/>"
                          "<g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,sans-serif\" "
                          "font-size=\"11\" text-anchor=\"middle\">"
                          "<text x=\"%.1f\" y=\"14\">" LABEL "</text><text x=\"%.1f\" y=\"14\">",
                          left + right, left, right - 3, left, get_colour (report), left / 2.0,
                          left + right / 2.0);
  refract_html_append (svg, text);
  g_string_append (svg, "</text></g></svg>\n");
  return g_string_free (svg, FALSE);
}

/* shields.io reads "-" as the end of a part and "_" as a space unless they are doubled. */
static char *
escape_part (const char *text)
{
  g_autoptr (GString) doubled = g_string_new (text);

  g_string_replace (doubled, "-", "--", 0);
  g_string_replace (doubled, "_", "__", 0);
  return g_uri_escape_string (doubled->str, NULL, FALSE);
}

char *
refract_badge_to_markdown (RefractReport *report)
{
  g_auto (RefractEnglish) english = refract_english_begin ();
  g_autofree char *text = refract_badge_dup_text (report);
  g_autofree char *part = escape_part (text);
  g_autofree char *label = escape_part (LABEL);
  GString *line = g_string_new ("![" LABEL ": ");

  refract_markdown_append (line, text);
  g_string_append_printf (line, "](https://img.shields.io/badge/%s-%s-%s)\n", label, part,
                          get_colour (report));
  return g_string_free (line, FALSE);
}
