/* fuzz-kv-config.c
 *
 * SPDX-License-Identifier: GPL-3.0-or-later
 */

#include "config.h"

#include "core/refract-error.h"
#include "core/refract-kv-config.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

static void
check_error (GError *error)
{
  g_assert_error (error, REFRACT_ERROR, REFRACT_ERROR_KV_CONFIG);
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

static void
check_config (RefractKvConfig *config)
{
  static const char *const types[] = { "f16", "q8_0", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (RefractKvConfig) again
      = refract_kv_config_parse (refract_kv_config_get_text (config), &error);
  g_autoptr (GError) refusal = NULL;
  g_autofree char *reason = NULL;

  g_assert_no_error (error);
  g_assert_true (refract_kv_config_equal (config, again));
  g_assert_cmpstr (refract_kv_config_get_label (config), ==, refract_kv_config_get_label (again));
  if (!refract_kv_config_validate (config, NULL, types, TRUE, &refusal))
    check_error (refusal);
  g_assert_true (refract_kv_config_is_safe (config, &reason) == (reason == NULL));
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (GError) grid_error = NULL;
  g_autoptr (RefractKvConfig) config = refract_kv_config_parse (text, &error);
  g_autoptr (GPtrArray) grid = refract_kv_config_grid (text, &grid_error);

  if (config != NULL)
    check_config (config);
  else
    check_error (error);
  if (grid == NULL)
    check_error (grid_error);
  return 0;
}
