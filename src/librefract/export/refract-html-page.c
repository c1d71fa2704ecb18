/* refract-html-page.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include "export/refract-html-page.h"
#include "export/refract-table.h"

static const char style[]
    = ":root{color-scheme:light dark;--bg:#fafafa;--fg:#242424;--dim:#5e5c64;--card:#fff;"
      "--line:#deddda;--accent:#1c5cb8;--good:#1a6e3c}\n"
      "@media(prefers-color-scheme:dark){:root{--bg:#1e1e1e;--fg:#f0f0f0;--dim:#b8b6bd;"
      "--card:#2a2a2a;--line:#454545;--accent:#81b4f5;--good:#8ff0a4}}\n"
      "body{margin:0;background:var(--bg);color:var(--fg);font:16px/1.5 system-ui,sans-serif}\n"
      "main{max-width:70rem;margin:0 auto;padding:1.5rem 1rem}\n"
      "h1{font-size:1.6rem;margin:0 0 .5rem}\n"
      ".warning{border-inline-start:4px solid #c88800;padding:.25rem .75rem;margin:.5rem 0;"
      "background:var(--card)}\n"
      ".note{color:var(--dim)}\n"
      ".scroll{overflow-x:auto;margin:1.5rem 0}\n"
      "table{border-collapse:collapse;width:100%;background:var(--card)}\n"
      "caption{text-align:start;font-weight:600;padding:.5rem 0}\n"
      "th,td{padding:.35rem .6rem;border-bottom:1px solid var(--line);text-align:start}\n"
      ".num{text-align:end;font-variant-numeric:tabular-nums;white-space:nowrap}\n"
      ".best{font-weight:700;color:var(--good)}\n"
      ".dim{color:var(--dim)}\n"
      "@media print{@page{size:A4;margin:15mm}body{font-size:10pt;background:none}"
      ".scroll{overflow:visible}tr{break-inside:avoid}}\n";

/* "'sha256-…'": what the policy calls an inline text by */
static char *
make_source (const char *text)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize length = sizeof digest;
  g_autofree char *base64 = NULL;

  g_checksum_update (checksum, (const guchar *) text, strlen (text));
  g_checksum_get_digest (checksum, digest, &length);
  base64 = g_base64_encode (digest, length);
  return g_strdup_printf ("'sha256-%s'", base64);
}

char *
refract_html_page_new (const char *title, const char *body, const char *script)
{
  g_autofree char *style_source = make_source (style);
  g_autofree char *script_source = make_source (script != NULL ? script : "");
  GString *page = g_string_new ("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
                                "<meta charset=\"utf-8\">\n");

  g_string_append_printf (page,
                          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
                          "'none'; style-src %s; script-src %s; img-src data:; base-uri 'none'; "
                          "form-action 'none'\">\n",
                          style_source, script != NULL ? script_source : "'none'");
  g_string_append (page, "<meta name=\"viewport\" content=\"width=device-width, "
                         "initial-scale=1\">\n<title>");
  refract_html_append (page, title);
  g_string_append_printf (page, "</title>\n<style>%s</style>\n</head>\n<body>\n%s", style, body);
  if (script != NULL)
    g_string_append_printf (page, "<script>%s</script>\n", script);
  g_string_append (page, "</body>\n</html>\n");
  return g_string_free (page, FALSE);
}
