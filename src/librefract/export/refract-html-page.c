/* refract-html-page.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <string.h>

#include <gio/gio.h>

#include "charts/refract-palette.h"
#include "export/refract-html-page.h"
#include "export/refract-table.h"
#include "refract-html-resources.h"

#define DARK ":root[data-theme=dark]"
#define SYSTEM_DARK ":root:not([data-theme=light])"

/* (transfer full) */
static GBytes *
lookup (const char *name)
{
  g_autofree char *path = g_strconcat ("/io/github/refract_desktop/Refract/html/", name, NULL);
  GBytes *bytes = g_resource_lookup_data (refract_html_get_resource (), path,
                                          G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);

  g_assert (bytes != NULL);
  return bytes;
}

static void
append_bytes (GString *string, GBytes *bytes)
{
  gsize length;
  const char *text = g_bytes_get_data (bytes, &length);

  g_string_append_len (string, text, (gssize) length);
}

static char *
make_style (void)
{
  g_autoptr (GBytes) css = lookup ("page.css");
  g_autofree char *light = refract_palette_to_css (refract_palette_get (FALSE, FALSE), ":root");
  g_autofree char *dark = refract_palette_to_css (refract_palette_get (TRUE, FALSE), DARK);
  g_autofree char *system = refract_palette_to_css (refract_palette_get (TRUE, FALSE), SYSTEM_DARK);
  GString *style = g_string_new (light);

  g_string_append_printf (style,
                          "@media screen{%s}\n@media screen and (prefers-color-scheme:dark){%s}\n",
                          dark, system);
  append_bytes (style, css);
  return g_string_free (style, FALSE);
}

/* "'sha256-…'": what the policy calls an inline text by */
static char *
make_source (const char *text)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 digest[32];
  gsize length = sizeof digest;
  g_autofree char *base64 = NULL;

  g_checksum_update (checksum, (const guchar *) text, (gssize) strlen (text));
  g_checksum_get_digest (checksum, digest, &length);
  base64 = g_base64_encode (digest, length);
  return g_strdup_printf ("'sha256-%s'", base64);
}

char *
refract_html_page_new (const char *title, const char *body)
{
  g_autofree char *style = make_style ();
  g_autofree char *style_source = make_source (style);
  g_autoptr (GBytes) js = lookup ("page.js");
  g_autoptr (GString) script = g_string_new (NULL);
  g_autofree char *script_source = NULL;
  GString *page = g_string_new ("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
                                "<meta charset=\"utf-8\">\n");

  append_bytes (script, js);
  script_source = make_source (script->str);
  g_string_append_printf (page,
                          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src "
                          "'none'; style-src %s; script-src %s; base-uri 'none'; form-action "
                          "'none'\">\n",
                          style_source, script_source);
  g_string_append (page, "<meta name=\"viewport\" content=\"width=device-width, "
                         "initial-scale=1\">\n<title>");
  refract_html_append (page, title);
  g_string_append_printf (page, "</title>\n<style>%s</style>\n</head>\n<body>\n", style);
  g_string_append (page, body);
  g_string_append_printf (page, "<script>%s</script>\n</body>\n</html>\n", script->str);
  return g_string_free (page, FALSE);
}
