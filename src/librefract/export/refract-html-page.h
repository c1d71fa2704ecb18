/* refract-html-page.h
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * refract_html_page_new:
 * @title: plain text
 * @body: HTML, everything in it escaped already
 * @script: (nullable): the page's one script
 *
 * A self-contained page: the house's style, light and dark, for the screen and for A4; a policy
 * that lets it load nothing and run nothing but @script.
 *
 * Returns: (transfer full)
 */
char *refract_html_page_new (const char *title, const char *body, const char *script);

G_END_DECLS
