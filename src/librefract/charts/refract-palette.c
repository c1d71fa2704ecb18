/* refract-palette.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "charts/refract-palette.h"

/* GNOME's colours, darkened or lightened until shapes keep 3:1 and text on EQUAL and HEAT 4.5:1
 * against what is behind them. Heat falls evenly in lightness. */
static const RefractPalette palettes[2][2] = {
  { { {
        [REFRACT_ROLE_BACKGROUND] = 0xffffffff,
        [REFRACT_ROLE_FOREGROUND] = 0x000006cc,
        [REFRACT_ROLE_DIM] = 0x00000699,
        [REFRACT_ROLE_GRID] = 0x00000624,
        [REFRACT_ROLE_TRACK] = 0x00000617,
        [REFRACT_ROLE_ACCENT] = 0x3584e4ff,
        [REFRACT_ROLE_ACCENT_SOFT] = 0x3584e440,
        [REFRACT_ROLE_EXCELLENT] = 0x26a269ff,
        [REFRACT_ROLE_PASS] = 0x2190a4ff,
        [REFRACT_ROLE_DEGRADED] = 0xc88800ff,
        [REFRACT_ROLE_FAIL] = 0xe01b24ff,
        [REFRACT_ROLE_EQUAL] = 0xb6e6caff,
        [REFRACT_ROLE_HEAT_1] = 0xfcdad6ff,
        [REFRACT_ROLE_HEAT_2] = 0xf8bfb9ff,
        [REFRACT_ROLE_HEAT_3] = 0xf4a49dff,
        [REFRACT_ROLE_HEAT_4] = 0xee8880ff,
        [REFRACT_ROLE_HEAT_5] = 0xe76c65ff,
        [REFRACT_ROLE_HATCH] = 0x00000633,
    } },
    { {
        [REFRACT_ROLE_BACKGROUND] = 0xffffffff,
        [REFRACT_ROLE_FOREGROUND] = 0x000000ff,
        [REFRACT_ROLE_DIM] = 0x000000d9,
        [REFRACT_ROLE_GRID] = 0x00000080,
        [REFRACT_ROLE_TRACK] = 0x00000033,
        [REFRACT_ROLE_ACCENT] = 0x1a5fb4ff,
        [REFRACT_ROLE_ACCENT_SOFT] = 0x1a5fb466,
        [REFRACT_ROLE_EXCELLENT] = 0x14683fff,
        [REFRACT_ROLE_PASS] = 0x0f5c6aff,
        [REFRACT_ROLE_DEGRADED] = 0x865e00ff,
        [REFRACT_ROLE_FAIL] = 0xa51d2dff,
        [REFRACT_ROLE_EQUAL] = 0xb6e6caff,
        [REFRACT_ROLE_HEAT_1] = 0xfcdad6ff,
        [REFRACT_ROLE_HEAT_2] = 0xf8bfb9ff,
        [REFRACT_ROLE_HEAT_3] = 0xf4a49dff,
        [REFRACT_ROLE_HEAT_4] = 0xee8880ff,
        [REFRACT_ROLE_HEAT_5] = 0xe76c65ff,
        [REFRACT_ROLE_HATCH] = 0x00000080,
    } } },
  { { {
        [REFRACT_ROLE_BACKGROUND] = 0x343437ff,
        [REFRACT_ROLE_FOREGROUND] = 0xfffffff2,
        [REFRACT_ROLE_DIM] = 0xffffffa6,
        [REFRACT_ROLE_GRID] = 0xffffff2b,
        [REFRACT_ROLE_TRACK] = 0xffffff1f,
        [REFRACT_ROLE_ACCENT] = 0x62a0eaff,
        [REFRACT_ROLE_ACCENT_SOFT] = 0x62a0ea4d,
        [REFRACT_ROLE_EXCELLENT] = 0x33d17aff,
        [REFRACT_ROLE_PASS] = 0x4fbfd1ff,
        [REFRACT_ROLE_DEGRADED] = 0xf5c211ff,
        [REFRACT_ROLE_FAIL] = 0xf66151ff,
        [REFRACT_ROLE_EQUAL] = 0x1f5f40ff,
        [REFRACT_ROLE_HEAT_1] = 0x4d2a2bff,
        [REFRACT_ROLE_HEAT_2] = 0x6c2d2fff,
        [REFRACT_ROLE_HEAT_3] = 0x8b3033ff,
        [REFRACT_ROLE_HEAT_4] = 0xaa3336ff,
        [REFRACT_ROLE_HEAT_5] = 0xc63a3aff,
        [REFRACT_ROLE_HATCH] = 0xffffff40,
    } },
    { {
        [REFRACT_ROLE_BACKGROUND] = 0x343437ff,
        [REFRACT_ROLE_FOREGROUND] = 0xffffffff,
        [REFRACT_ROLE_DIM] = 0xffffffe0,
        [REFRACT_ROLE_GRID] = 0xffffff80,
        [REFRACT_ROLE_TRACK] = 0xffffff40,
        [REFRACT_ROLE_ACCENT] = 0x99c1f1ff,
        [REFRACT_ROLE_ACCENT_SOFT] = 0x99c1f166,
        [REFRACT_ROLE_EXCELLENT] = 0x8ff0a4ff,
        [REFRACT_ROLE_PASS] = 0x8fe3f0ff,
        [REFRACT_ROLE_DEGRADED] = 0xf9f06bff,
        [REFRACT_ROLE_FAIL] = 0xff938cff,
        [REFRACT_ROLE_EQUAL] = 0x1f5f40ff,
        [REFRACT_ROLE_HEAT_1] = 0x4d2a2bff,
        [REFRACT_ROLE_HEAT_2] = 0x6c2d2fff,
        [REFRACT_ROLE_HEAT_3] = 0x8b3033ff,
        [REFRACT_ROLE_HEAT_4] = 0xaa3336ff,
        [REFRACT_ROLE_HEAT_5] = 0xc63a3aff,
        [REFRACT_ROLE_HATCH] = 0xffffff80,
    } } },
};

const RefractPalette *
refract_palette_get (gboolean dark, gboolean high_contrast)
{
  return &palettes[!!dark][!!high_contrast];
}

char *
refract_palette_to_css (const RefractPalette *palette, const char *selector)
{
  GString *css = g_string_new (NULL);

  for (guint i = 0; i < REFRACT_N_ROLES; i++)
    g_string_append_printf (css, "%s .rf-%s{color:#%08x}\n", selector, refract_role_get_name (i),
                            palette->colors[i]);
  return g_string_free (css, FALSE);
}
