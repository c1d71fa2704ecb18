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
 *
 * A self-contained page: the house's style (page.css), light and dark, for the screen and for A4,
 * the colours of charts, the house's script (page.js), and a policy that lets it load nothing and
 * run nothing else.
 *
 * Returns: (transfer full)
 */
char *refract_html_page_new (const char *title, const char *body);

G_END_DECLS
