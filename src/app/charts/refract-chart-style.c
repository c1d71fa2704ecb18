/* refract-chart-style.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include <adwaita.h>

#include "charts/refract-chart-style.h"

/* px of Adwaita's 11 pt at 96 dpi */
#define USUAL_SIZE (11.0 * 96 / 72)

static RefractColor
to_color (const GdkRGBA *rgba, double alpha)
{
  const double parts[] = { rgba->red, rgba->green, rgba->blue, alpha };
  RefractColor color = 0;

  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    color = color << 8 | (guint32) (CLAMP (parts[i], 0, 1) * 255 + 0.5);
  return color;
}

void
refract_chart_style_get_palette (RefractPalette *palette)
{
  AdwStyleManager *manager = adw_style_manager_get_default ();
  AdwAccentColor accent = adw_style_manager_get_accent_color (manager);
  gboolean dark = adw_style_manager_get_dark (manager);
  GdkRGBA rgba;

  *palette = *refract_palette_get (dark, adw_style_manager_get_high_contrast (manager));
  if (accent == ADW_ACCENT_COLOR_BLUE)
    return;
  adw_accent_color_to_standalone_rgba (accent, dark, &rgba);
  palette->colors[REFRACT_ROLE_ACCENT] = to_color (&rgba, 1);
  palette->colors[REFRACT_ROLE_ACCENT_SOFT]
      = to_color (&rgba, (palette->colors[REFRACT_ROLE_ACCENT_SOFT] & 0xff) / 255.0);
}

double
refract_chart_style_get_text_scale (GtkWidget *widget)
{
  PangoContext *context = gtk_widget_get_pango_context (widget);
  const PangoFontDescription *font = pango_context_get_font_description (context);
  double size = (double) pango_font_description_get_size (font) / PANGO_SCALE;
  double resolution = pango_cairo_context_get_resolution (context);

  if (!pango_font_description_get_size_is_absolute (font))
    size *= (resolution > 0 ? resolution : 96) / 72;
  return CLAMP (size / USUAL_SIZE, 1, 3);
}

const char *
refract_chart_style_get_font (GtkWidget *widget)
{
  return pango_font_description_get_family (
      pango_context_get_font_description (gtk_widget_get_pango_context (widget)));
}
